// SPDX-License-Identifier: GPL-2.0
/* Hangs in user space: init's own timer has to end it. */
#include "umlock.h"

UMLOCK(.timeout = 1);

int main(void)
{
	for (;;)
		;
}
