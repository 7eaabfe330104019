// SPDX-License-Identifier: GPL-2.0
/* Floods the console with 24 MiB, and passes. */
#include "bad.h"

UMLOCK(.timeout = 20);

int main(void)
{
	pour("/dev/console", 24L << 20);
	return 0;
}
