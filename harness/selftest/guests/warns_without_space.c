// SPDX-License-Identifier: GPL-2.0
/* Fills the folders where init could keep notes, then makes the kernel WARN, as it declares: init must see that still. */
#include "bad.h"

UMLOCK(.timeout = 10, .mem = "224M", .warn = "__kvmalloc_node");

int main(void)
{
	pour("/run/full", 1L << 30);
	kernel_warns();
	return 0;
}
