// SPDX-License-Identifier: GPL-2.0
/* A warning that is known, and a taint that no warning leaves. */
#include "bad.h"

UMLOCK(.timeout = 10, .known = "__kvmalloc_node");

int main(void)
{
	kernel_warns();
	if (write_text("/proc/sys/kernel/tainted", "64"))
		die("tainted", "cannot be written", "run as root");
	return 0;
}
