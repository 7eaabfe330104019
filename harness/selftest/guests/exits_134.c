// SPDX-License-Identifier: GPL-2.0
/* Returns what would look like a panic. */
#include "umlock.h"

UMLOCK(.timeout = 10);

int main(void)
{
	return 134;
}
