// SPDX-License-Identifier: GPL-2.0
/* Takes memory until the kernel kills it. */
#include "bad.h"

#include <sys/mman.h>

UMLOCK(.timeout = 20, .mem = "192M");

int main(void)
{
	for (;;)
		mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}
