// SPDX-License-Identifier: GPL-2.0
/* Never runs: the self-test takes the exec bit away. */
#include "umlock.h"

UMLOCK(.timeout = 10);

int main(void)
{
	return 0;
}
