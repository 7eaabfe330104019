// SPDX-License-Identifier: GPL-2.0
/* Fills its temporary folder, and passes: init needs none of that space. */
#include "bad.h"

UMLOCK(.timeout = 20, .mem = "224M");

int main(void)
{
	pour("full", 1L << 30);
	return 0;
}
