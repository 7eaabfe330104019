// SPDX-License-Identifier: GPL-2.0
/*
 * audit_cost [PAGES]: how long one audit takes with so many pages locked, half of memory unless told. Prints "audit NS", and what
 * the report says of its reach: "truth PAGES", "sampled N".
 */
#include "umlock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : sysconf(_SC_PHYS_PAGES) / 2;
	double start;
	long bad;

	/* From inside the kernel, and not one by one: at 128 GiB a fault each would take an hour. */
	if (mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED)
		die("mmap", "MAP_LOCKED", "more guest memory");
	start = clock_ns();
	bad = audit();
	start = clock_ns() - start;
	if (bad)
		die("audit", "finds something", "read /sys/kernel/debug/mlock/audit");
	printf("audit %.0f\ntruth %ld\nsampled %ld\n", start, instrument_value("truth"), instrument_value("sampled"));
	return 0;
}
