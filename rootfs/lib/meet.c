// SPDX-License-Identifier: GPL-2.0
/* To interrupt another process in the middle of a system call: it takes no luck but patience. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "umlock.h"

pid_t child_of(void (*work)(char *p, pid_t parent), char *p)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	for (;;)
		work(p, parent);
}

void nap(void)
{
	static long naps;
	struct timespec moment = { 0, 100000 + naps++ % 100 * 1000 };

	first_in_line();
	nanosleep(&moment, NULL);
}

long pages_with(const char *outcome)
{
	return instrument_read("stats") ? -1 : instrument_value(outcome);
}

long meet(void (*work)(char *p, pid_t parent), char *p, int (*look)(char *p), const char *outcome)
{
	long before = pages_with(outcome), i, met = 0;
	pid_t pid = child_of(work, p);

	for (i = 1; i <= 20000 && !met; i++) {
		nap();
		if (look(p))
			break;
		met = pages_with(outcome) == before ? 0 : i;
	}
	back_in_line();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("# %s at look %ld\n", outcome, met);
	return met;
}
