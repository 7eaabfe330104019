// SPDX-License-Identifier: GPL-2.0
/* Passes, by its own words, and leaves a page that is marked and that nobody locks: here, by a report to that effect. */
#include "bad.h"

UMLOCK(.timeout = 10);

int main(void)
{
	forge_audit("class stale 1\npfn stale 0x1234 lockers=0\nviolations 1\n");
	return 0;
}
