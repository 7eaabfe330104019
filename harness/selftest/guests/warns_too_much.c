// SPDX-License-Identifier: GPL-2.0
/* What it declares does come, and then the kernel WARNs of something else. */
#include "bad.h"

UMLOCK(.timeout = 10, .warn = "sysrq: Show Memory");

int main(void)
{
	write_text("/proc/sysrq-trigger", "m");
	kernel_warns();
	return 0;
}
