// SPDX-License-Identifier: GPL-2.0
/* Files of one line or of "key value" lines, and the one way to give up. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umlock.h"

void die(const char *what, const char *value, const char *cure)
{
	printf("# %s: %s: %s\n", what, value, cure);
	fflush(stdout);
	_exit(1);
}

char *read_text(const char *path)
{
	static char buf[1 << 17];
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path, strerror(errno), "mount it, or build the kernel with it");
	while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	close(fd);
	if (n < 0)
		die(path, strerror(errno), "cannot be read");
	if (len == sizeof(buf) - 1)
		die(path, "longer than 128 KiB", "use fewer mappings in the test");
	buf[len] = 0;
	return buf;
}

int write_text(const char *path, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int len, err = 0;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		die(path, strerror(errno), "mount it, or run as root");
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (write(fd, text, len) != len)
		err = -errno;
	close(fd);
	return err;
}

long text_value(const char *text, const char *key, const char *path)
{
	size_t len = strlen(key);
	const char *line;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len))
			continue;
		if (line[len] == ' ' || line[len] == ':' || line[len] == '\t')
			return strtol(line + len + strspn(line + len, ": \t"), NULL, 10);
	}
	die(path, key, "no such key: is the kernel's configuration complete?");
}
