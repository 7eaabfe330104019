// SPDX-License-Identifier: GPL-2.0
/* Makes the kernel panic. */
#include "umlock.h"

UMLOCK(.timeout = 10);

int main(void)
{
	return write_text("/proc/sysrq-trigger", "c");
}
