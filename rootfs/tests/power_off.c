// SPDX-License-Identifier: GPL-2.0
/*
 * Power-off ends the host's side of every process, and then none may run: one
 * that finds itself without panics, and 134 takes the place of the verdict that
 * was handed over. So this test hands over its own, 0, and switches off while
 * others are busy; only the exit status of the guest can tell.
 */
#include "umlock.h"

#include <sys/reboot.h>
#include <unistd.h>

UMLOCK(.claims = "P7", .timeout = 30);

#define BUSY 100	/* killing so many takes several ticks, and a tick may switch */

int main(void)
{
	int gate[2], i;
	char c;

	if (pipe(gate))
		die("pipe", "no descriptors", "look at ulimit -n");
	for (i = 0; i < BUSY; i++)
		if (!fork()) {
			close(gate[1]);
			read(gate[0], &c, 1);
			for (;;)
				getppid();
		}
	write_text("/proc/exitcode", "0");
	close(gate[1]);
	reboot(RB_POWER_OFF);
	return 1;
}
