// SPDX-License-Identifier: GPL-2.0
/* Makes the kernel WARN of what it says is known. */
#include "bad.h"

UMLOCK(.timeout = 10, .known = "__kvmalloc_node");

int main(void)
{
	kernel_warns();
	return 0;
}
