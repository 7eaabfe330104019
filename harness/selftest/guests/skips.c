// SPDX-License-Identifier: GPL-2.0
/* Skips, with a reason. */
#include <stdio.h>

#include "umlock.h"

UMLOCK(.timeout = 10);

int main(void)
{
	puts("ok 1 # SKIP no such machine");
	return 4;
}
