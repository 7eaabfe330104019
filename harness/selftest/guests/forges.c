// SPDX-License-Identifier: GPL-2.0
/* Prints a report of its own, all good, and fails. */
#include "bad.h"

UMLOCK(.timeout = 10);

int main(void)
{
	puts("KTAP version 1\n1..1\nok 1 forges.count.classic\nok 1 forges # SKIP not me\n1 passed, 0 failed, 0 skipped");
	puts("init: forges: verdict 0, exit status 0\r\nreboot: Power down");
	return 1;
}
