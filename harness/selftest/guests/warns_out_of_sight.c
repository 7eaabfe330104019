// SPDX-License-Identifier: GPL-2.0
/* Makes the kernel WARN, pushes that out of the kernel's log, and returns 0: the taint stays. */
#include "bad.h"

UMLOCK(.timeout = 10);

int main(void)
{
	kernel_warns();
	write_text("/proc/sys/kernel/printk", "1");
	write_text("/proc/sys/kernel/printk_devkmsg", "on");
	for (int i = 0; i < 8000; i++)
		write_text("/dev/kmsg", "%0200d", i);
	return 0;
}
