// SPDX-License-Identifier: GPL-2.0
/*
 * scan_cost: what a locked majority costs reclaim. Prints "scan_ratio X": how many pages it looks at for each that goes, with nine
 * of ten locked, over the same with none locked.
 */
#include "umlock.h"

#include <stdio.h>

#define N 1024L

int main(void)
{
	double none;

	swap_on();
	none = scans_per_page("no_locks", 0, N);
	printf("scan_ratio %.2f\n", scans_per_page("locks", 9 * N, N) / none);
	return 0;
}
