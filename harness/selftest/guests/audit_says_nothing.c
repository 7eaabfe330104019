// SPDX-License-Identifier: GPL-2.0
/* An audit that ends without its last line has found out nothing. */
#include "bad.h"

UMLOCK(.timeout = 10);

int main(void)
{
	forge_audit("class stale 0\n");
	return 0;
}
