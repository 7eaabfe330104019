// SPDX-License-Identifier: GPL-2.0
/* Switches the machine off before it has a verdict. */
#include "umlock.h"

#include <sys/reboot.h>
#include <unistd.h>

UMLOCK(.timeout = 10);

int main(void)
{
	return reboot(RB_POWER_OFF);
}
