// SPDX-License-Identifier: GPL-2.0
/*
 * mark_cost: what the mark of a locked page takes: memory that is gone once N resident pages are locked and reclaim has met them.
 * Prints "mark bytes VALUE", for one page, and "mark marked N", how many carry it. In a guest of 1500 MiB.
 */
#include "umlock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define N 262144L
#define STEPS 3		/* the first make what is made once */

/* To settle takes and gives back memory too: it is done before both looks. */
static long used(void)
{
	int err = audit_settle();

	if (err)
		die("settle", strerror(-err), "nobody else who moves pages");
	drain();
	return -vmstat("nr_free_pages") * (long)PAGE;
}

int main(void)
{
	char *p = map_marked(N, 0);
	long before = 0, after = 0, marked = 0;

	make_free_pages_global();
	swap_on();
	for (int i = 0; i < STEPS; i++) {
		before = used();
		if (mlock(p, N * PAGE))
			die("mlock", strerror(errno), "M=1500M");
		after = used();
		marked = vmstat("nr_mlock");
		if (munlock(p, N * PAGE))
			die("munlock", strerror(errno), "see dmesg");
	}
	if (marked != N && strcmp(policy_name(), "none"))
		die("mlock", "pages are not marked", "see /sys/kernel/debug/mlock/audit");
	printf("mark bytes %.3f\nmark marked %ld\n", (double)(after - before) / N, marked);
	return 0;
}
