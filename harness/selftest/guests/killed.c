// SPDX-License-Identifier: GPL-2.0
/* Is killed by a signal. */
#include "bad.h"

UMLOCK(.timeout = 10);

int main(void)
{
	abort();
}
