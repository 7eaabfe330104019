// SPDX-License-Identifier: GPL-2.0
/* Makes the kernel WARN, and returns 0. */
#include "bad.h"

UMLOCK(.timeout = 10);

int main(void)
{
	kernel_warns();
	return 0;
}
