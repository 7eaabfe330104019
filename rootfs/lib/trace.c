// SPDX-License-Identifier: GPL-2.0
/* The tracepoints of events/mlock, read back from the kernel's own buffer. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umlock.h"

#define TRACING "/sys/kernel/tracing/"

static char buffer[4 << 20];	/* 250 bytes a line */

static void enable(const char *event, int on)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), TRACING "events/mlock/%s%senable", event, *event ? "/" : "");
	err = write_text(path, "%d", on);
	if (err)
		die(path, strerror(-err), "cannot be switched");
}

void trace_start(const char *events)
{
	char names[128], *name, *save;
	int fd;

	if (access(TRACING "events/mlock", F_OK))
		die(TRACING "events/mlock", strerror(errno), "build the kernel with CONFIG_MLOCK_POLICY and CONFIG_FTRACE");
	enable("", 0);
	fd = open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC);	/* this empties it */
	if (fd < 0)
		die(TRACING "trace", strerror(errno), "mount tracefs");
	close(fd);
	buffer[0] = 0;
	if (!*events)
		enable("", 1);
	snprintf(names, sizeof(names), "%s", events);
	for (name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save))
		enable(name, 1);
}

void trace_stop(void)
{
	size_t len = 0;
	ssize_t n;
	int fd;

	enable("", 0);
	fd = open(TRACING "trace", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(TRACING "trace", strerror(errno), "mount tracefs");
	while ((n = read(fd, buffer + len, sizeof(buffer) - 1 - len)) > 0)
		len += n;
	close(fd);
	if (len == sizeof(buffer) - 1)
		die(TRACING "trace", "longer than 4 MiB", "trace fewer pages");
	buffer[len] = 0;
}

/* Is the word, "key=value", one of those on the line? */
static bool has_word(const char *line, const char *end, const char *word)
{
	size_t len = strlen(word);
	const char *at = line;

	while ((at = strstr(at, word)) && at < end) {
		if (at[-1] == ' ' && (at[len] == ' ' || at[len] == '\n'))
			return true;
		at += len;
	}
	return false;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

long traced(const char *event, const char *word, const uint64_t *pfn, long n)
{
	const char *line, *end, *at;
	uint64_t *sorted, key;
	char name[32];
	long count = 0;

	sorted = malloc(n * sizeof(*sorted) + 1);
	if (!sorted)
		die("malloc", strerror(errno), "more guest memory");
	if (pfn)
		memcpy(sorted, pfn, n * sizeof(*sorted));
	if (pfn)
		qsort(sorted, n, sizeof(*sorted), by_value);
	/* "  none-34   [000] .....  12.3: mark: pfn=0x1f3 how=new ..."; lines of text start with # */
	snprintf(name, sizeof(name), ": %s: ", event);
	for (line = buffer; *line; line = end + !!*end) {
		end = strchrnul(line, '\n');
		at = *line == '#' ? NULL : strstr(line, name);
		if (!at || at > end || (word && !has_word(at, end, word)))
			continue;
		at = strstr(at, "pfn=");
		key = at && at < end ? strtoull(at + 4, NULL, 0) : 0;
		count += !pfn || bsearch(&key, sorted, n, sizeof(key), by_value);
	}
	free(sorted);
	return count;
}

long traced_with(const char *event, const char *flag)
{
	const char *line, *end, *at;
	char name[32];
	long count = 0;

	snprintf(name, sizeof(name), ": %s: ", event);
	for (line = buffer; (line = strstr(line, name)); line = end) {
		end = strchrnul(line, '\n');
		/* flags=uptodate|lru|swapbacked mapcount=... */
		for (at = strstr(line, "flags="); at && at < end; at = strpbrk(at, "| \n")) {
			at += *at == 'f' ? strlen("flags=") : 1;
			if (strcspn(at, "| \n") == strlen(flag) && !strncmp(at, flag, strlen(flag))) {
				count++;
				break;
			}
			if (at[strcspn(at, "| \n")] != '|')
				break;
		}
	}
	return count;
}

const char *trace_text(void)
{
	return buffer;
}
