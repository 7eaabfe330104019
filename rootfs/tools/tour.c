// SPDX-License-Identifier: GPL-2.0
/*
 * tour - what mlock does to 64 MiB, seen by three witnesses.
 *
 * Locks, reclaims, unlocks and reclaims again in a cgroup of its own, and
 * prints after each step what the mapping, the pages and the counters say.
 * Exit status 1 when reclaim took a locked page, or left an unlocked one alone.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "umlock.h"

#define N (64L << 20 >> 12)	/* pages */

static struct cgroup cg;
static char *p;

static void look(const char *step)
{
	struct mapping m;
	struct census c;

	drain();
	m = mapping_of(0, p, N);
	c = census_of(0, p, N, 0);
	printf("%-30s %7ld %7ld | %7ld %7ld %7ld | %8ld %8ld %8ld\n", step,
	       m.locked_kb, m.swap_kb, c.present, c.mlocked, c.unevictable,
	       vmstat("nr_mlock"), vmstat("nr_unevictable"),
	       cgroup_stat(&cg, "pgscan"));
}

int main(void)
{
	long kept, left;

	cg = cgroup_make("tour");
	cgroup_enter(&cg);
	p = map_marked(N, 0);

	printf("What mlock does to 64 MiB, %ld pages, seen by three witnesses:\n\n", N);
	printf("%-30s %15s | %23s | %26s\n", "", "mapping (kB)", "pages", "counters");
	printf("%-30s %7s %7s | %7s %7s %7s | %8s %8s %8s\n", "step", "Locked:",
	       "Swap:", "in RAM", "mlocked", "unevict", "nr_mlock", "nr_unevi", "pgscan");

	look("filled");
	if (mlock(p, N * PAGE))
		die("mlock", "64 MiB", "give the guest more memory: M=256M");
	look("mlock");
	cgroup_reclaim(&cg, N / 2, 200);
	look("reclaim of 32 MiB while locked");
	kept = census_of(0, p, N, 0).present;
	munlock(p, N * PAGE);
	look("munlock");
	cgroup_reclaim(&cg, N / 2, 200);
	look("reclaim of 32 MiB");
	left = census_of(0, p, N, 0).present;

	printf("\nLocked, %ld of %ld pages stayed; unlocked, %ld went to swap, and %ld still hold what was written.\n",
	       kept, N, N - left, marked(p, N));
	printf("Next: make check, make list, make shell.\n");
	return kept == N && left < N ? 0 : 1;
}
