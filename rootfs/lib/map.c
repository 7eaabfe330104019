// SPDX-License-Identifier: GPL-2.0
/* Memory to test with: filled by the kernel, since a user page fault is dear on UML. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "umlock.h"

char *map_marked(long n, int flags)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | flags, -1, 0);

	if (p == MAP_FAILED)
		die("mmap", strerror(errno), "more guest memory, or fewer pages");
	mark(p, n);
	return p;
}

void mark(char *p, long n)
{
	long i;

	for (i = 0; i < n; i++)
		*(volatile long *)(p + i * PAGE) = i + 1;
}

long marked(const char *p, long n)
{
	long i, good = 0;

	for (i = 0; i < n; i++)
		good += *(volatile const long *)(p + i * PAGE) == i + 1;
	return good;
}

int file_make(long n)
{
	int fd = memfd_create("pages", 0);

	if (fd < 0 || ftruncate(fd, n * PAGE))
		die("memfd_create", strerror(errno), "more guest memory");
	return fd;
}

char *map_file(int fd, long n)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (p == MAP_FAILED)
		die("mmap", strerror(errno), "more guest memory");
	return p;
}
