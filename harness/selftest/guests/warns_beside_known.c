// SPDX-License-Identifier: GPL-2.0
/* Makes the kernel WARN of something else than what it says is known. */
#include "bad.h"

UMLOCK(.timeout = 10, .known = "shmem_writepage");

int main(void)
{
	kernel_warns();
	return 0;
}
