// SPDX-License-Identifier: GPL-2.0
/* Leaves the kernel tainted without a word in its log, and returns 0. */
#include "umlock.h"

UMLOCK(.timeout = 10);

int main(void)
{
	return write_text("/proc/sys/kernel/tainted", "%d", 1 << 9) ? 1 : 0;
}
