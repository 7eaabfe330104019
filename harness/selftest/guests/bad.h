/* SPDX-License-Identifier: GPL-2.0 */
/* What several bad guests do. */
#include "umlock.h"

#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../mm/gup_test.h"

/* A WARN of the kernel's own: mm/util.c warns of an allocation above 2 GiB, and gup_test's size comes from us. */
static inline void kernel_warns(void)
{
	struct gup_test gup = { .size = 1ULL << 40, .nr_pages_per_call = 1 };
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR);

	if (fd < 0)
		die("/sys/kernel/debug/gup_test", "cannot be opened", "CONFIG_GUP_TEST");
	ioctl(fd, GUP_FAST_BENCHMARK, &gup);
	close(fd);
}

/* From now on the audit says this; NULL: there is none. */
static inline void forge_audit(const char *says)
{
	FILE *file;

	if (mount("forged", "/sys/kernel/debug", "tmpfs", 0, NULL))
		die("mount", "tmpfs", "run as root");
	if (!says)
		return;
	mkdir("/sys/kernel/debug/mlock", 0700);
	file = fopen("/sys/kernel/debug/mlock/audit", "w");
	if (!file || fputs(says, file) < 0 || fclose(file))
		die("audit", "cannot be written", "is the tmpfs full?");
}

/* Write 64 KiB pieces until the file system is full, or limit bytes are there. */
static inline void pour(const char *path, long limit)
{
	static char line[65536];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	memset(line, 'x', sizeof(line));
	for (size_t i = 79; i < sizeof(line); i += 80)
		line[i] = '\n';
	while (limit > 0 && write(fd, line, sizeof(line)) > 0)
		limit -= sizeof(line);
	close(fd);
}
