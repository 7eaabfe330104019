// SPDX-License-Identifier: GPL-2.0
/*
 * lazy_rounds [PAGES [ROUNDS]]: lock so many pages (1 GiB unless told), have reclaim find all of them, unlock them, over and over
 * (100 times). Prints what was there before and after, and last how many pages are lost; status 1 if anything is left behind, 2
 * if it is called in another way.
 */
#include "umlock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct sums {
	long free, mlocked, references, violations;
};

static struct sums look(const uint64_t *pfn, long n)
{
	struct sums s = { .violations = audit() };
	long i;

	for (i = 0; i < n; i++)
		s.references += folio_look(pfn[i]) ? -1000 : instrument_value("refcount");
	drain();
	s.free = vmstat("nr_free_pages");
	s.mlocked = vmstat("nr_mlock");
	printf("# free %ld, nr_mlock %ld, references %ld, violations %ld\n",
	       s.free, s.mlocked, s.references, s.violations);
	return s;
}

/* What is written there, or -1. */
static long number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *end || end == text ? -1 : n;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? number(argv[1]) : 262144, rounds = argc > 2 ? number(argv[2]) : 100, i, looks;
	struct sums before = { 0 }, after;
	uint64_t *pfn;
	char *p;

	if (argc > 3 || n <= 0 || rounds <= 0 || strncmp(policy_name(), "lazy", 4)) {
		printf("# lazy_rounds [PAGES [ROUNDS]], under mlock_policy=lazy or lazy,eager\n");
		return 2;
	}
	p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	pfn = malloc(n * sizeof(*pfn));
	if (p == MAP_FAILED || !pfn || pfns_of(0, p, n, pfn) != n)
		die("mmap", "too little memory", "M=1500M");
	swap_on();
	/* The first round makes what is made once, and does not count. */
	for (i = 0; i <= rounds; i++) {
		if (i == 1)
			before = look(pfn, n);
		if (mlock(p, n * PAGE))
			die("mlock", strerror(errno), "see dmesg");
		/* One that is new, or was just touched, is kept for a look. */
		for (looks = 0; looks < 3 && vmstat("nr_mlock") < n; looks++)
			reclaim_once(NULL, 0, p, n);
		if (vmstat("nr_mlock") != n)
			die("reclaim", "has not found all locked pages", "mlock_policy=lazy, and no other locks");
		if (munlock(p, n * PAGE) || vmstat("nr_mlock"))
			die("munlock", "pages are left parked", "read /sys/kernel/debug/mlock/audit");
	}
	after = look(pfn, n);
	printf("free_lost %ld\n", before.free - after.free);
	return after.mlocked || after.violations || after.references != before.references || before.free - after.free > rounds / 2;
}
