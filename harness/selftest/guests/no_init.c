// SPDX-License-Identifier: GPL-2.0
/* Never runs: the self-test boots it with an init that ends at once. */
#include "umlock.h"

UMLOCK(.timeout = 10);

int main(void)
{
	return 0;
}
