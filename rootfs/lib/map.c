// SPDX-License-Identifier: GPL-2.0
/* Memory to test with: filled by the kernel, since a user page fault is dear on UML. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

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
