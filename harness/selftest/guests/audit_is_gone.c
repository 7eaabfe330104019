// SPDX-License-Identifier: GPL-2.0
/* The kernel is built with the audit, and afterwards it is not there. */
#include "bad.h"

UMLOCK(.timeout = 10);

int main(void)
{
	forge_audit(NULL);
	return 0;
}
