// SPDX-License-Identifier: GPL-2.0
/* Makes the kernel WARN, as it declares. */
#include "bad.h"

UMLOCK(.timeout = 10, .warn = "__kvmalloc_node");

int main(void)
{
	kernel_warns();
	return 0;
}
