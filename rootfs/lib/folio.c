// SPDX-License-Identifier: GPL-2.0
/* The second witness: /proc/PID/pagemap, then /proc/kpageflags and kpagecount by pfn. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "umlock.h"

#define PM_PRESENT	(1ULL << 63)
#define PM_SWAP		(1ULL << 62)
#define PM_PFN		((1ULL << 55) - 1)
#define CHUNK		256L	/* entries at a time: 2 KiB of stack */
#define CURE		"run as root, with CONFIG_PROC_PAGE_MONITOR"

static long min_of(long a, long b)
{
	return a < b ? a : b;
}

static void read_pagemap(pid_t pid, const void *addr, uint64_t *out, long count)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid ? pid : getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path, strerror(errno), CURE);
	if (pread(fd, out, count * 8, (uint64_t)addr / PAGE * 8) != count * 8)
		die(path, "short read", "is the address inside user memory?");
	close(fd);
}

/*
 * The entry of each pfn that is not 0. Pages taken together mostly lie close
 * together: one read of 4 KiB serves many, and a system call is dear on UML.
 */
static void read_by_pfn(const char *path, const uint64_t *pfn, uint64_t *out, long n)
{
	static uint64_t window[512];
	uint64_t base = 0;
	long i, have = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path, strerror(errno), CURE);
	for (i = 0; i < n; i++) {
		if (!pfn[i])
			continue;
		if (pfn[i] < base || pfn[i] >= base + have) {
			base = pfn[i] & ~511ULL;
			have = pread(fd, window, sizeof(window), base * 8) / 8;
			if (pfn[i] >= base + have)
				die(path, "short read", "a pfn beyond the end of memory");
		}
		out[i] = window[pfn[i] - base];
	}
	close(fd);
}

long pfns_of(pid_t pid, const void *addr, long n, uint64_t *pfn)
{
	long i, present = 0;

	read_pagemap(pid, addr, pfn, n);
	for (i = 0; i < n; i++) {
		pfn[i] = pfn[i] & PM_PRESENT ? pfn[i] & PM_PFN : 0;
		present += !!pfn[i];
	}
	return present;
}

long pages_swapped(pid_t pid, const void *addr, long n)
{
	uint64_t e[CHUNK];
	long i, j, count = 0;

	for (i = 0; i < n; i += CHUNK) {
		read_pagemap(pid, (const char *)addr + i * PAGE, e, min_of(n - i, CHUNK));
		for (j = 0; j < min_of(n - i, CHUNK); j++)
			count += (e[j] & PM_SWAP) && !(e[j] & PM_PRESENT);
	}
	return count;
}

struct census census_of(pid_t pid, const void *addr, long n, uint64_t look)
{
	struct census c = { 0 };
	uint64_t pfn[CHUNK], e[CHUNK];
	long i, j;

	for (i = 0; i < n; i += CHUNK) {
		long len = min_of(n - i, CHUNK);

		c.present += pfns_of(pid, (const char *)addr + i * PAGE, len, pfn);
		read_by_pfn("/proc/kpageflags", pfn, e, len);
		for (j = 0; j < len; j++) {
			uint64_t flags = pfn[j] ? e[j] : 0;

			c.lru += !!(flags & PF_LRU);
			c.active += !!(flags & PF_ACTIVE);
			c.unevictable += !!(flags & PF_UNEVICTABLE);
			c.mlocked += !!(flags & PF_MLOCKED);
			if (pfn[j] && (flags & PF_LOOK) != look && !c.odd++) {
				c.odd_pfn = pfn[j];
				c.odd_flags = flags;
			}
		}
		read_by_pfn("/proc/kpagecount", pfn, e, len);
		for (j = 0; j < len; j++)
			c.pss += pfn[j] && e[j] ? PAGE / e[j] : 0;
	}
	return c;
}

bool pages_are(pid_t pid, const void *addr, long n, uint64_t look)
{
	struct census c;

	drain();
	c = census_of(pid, addr, n, look);
	if (c.present == n && !c.odd)
		return true;
	printf("# %ld of %ld pages present, %ld mlocked, %ld unevictable, %ld on the lists; not as asked: %ld, the first %s\n",
	       c.present, n, c.mlocked, c.unevictable, c.lru, c.odd, c.odd ? flag_names(c.odd_flags) : "none");
	return false;
}

uint64_t pfn_flags(uint64_t pfn)
{
	uint64_t flags;

	read_by_pfn("/proc/kpageflags", &pfn, &flags, 1);
	return flags;
}

const char *flag_names(uint64_t flags)
{
	static const struct { uint64_t bit; const char *name; } names[] = {
		{ PF_LRU, "LRU" }, { PF_ACTIVE, "ACTIVE" }, { PF_ANON, "ANON" },
		{ PF_SWAPCACHE, "SWAPCACHE" }, { PF_UNEVICTABLE, "UNEVICTABLE" },
		{ PF_MLOCKED, "MLOCKED" },
	};
	static char text[80];
	unsigned int i;

	text[0] = 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].bit) {
			if (text[0])
				strcat(text, "|");
			strcat(text, names[i].name);
		}
	return text;
}
