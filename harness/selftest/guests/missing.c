// SPDX-License-Identifier: GPL-2.0
/* Never runs: the self-test leaves the program out of the root file system. */
#include "umlock.h"

UMLOCK(.timeout = 10);

int main(void)
{
	return 0;
}
