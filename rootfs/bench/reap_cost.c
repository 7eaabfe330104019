// SPDX-License-Identifier: GPL-2.0
/*
 * reap_cost: how long the OOM reaper needs for a process that has locked nine tenths of what it has: process_mrelease(2), which is
 * its work. Prints "reap MILLISECONDS", the best of some rounds, for 64 MiB.
 */
#include "umlock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define N 16384L
#define ROUNDS 5

static int take_memory(int n, void *arg)
{
	map_marked(N / 10, 0);
	map_marked(N - N / 10, MAP_LOCKED);
	return 0;
}

int main(void)
{
	double least = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct peer peer = peer_start(take_memory, NULL);
		int fd = syscall(SYS_pidfd_open, peer.pid, 0);
		double start, ms;

		if (fd < 0 || peer_step(&peer, 0))
			die("pidfd_open", strerror(errno), "a newer kernel");
		/* Before it gets to end itself. */
		first_in_line();
		kill(peer.pid, SIGKILL);
		start = clock_ns();
		if (syscall(SYS_process_mrelease, fd, 0))
			die("process_mrelease", strerror(errno), "see the kernel log");
		ms = (clock_ns() - start) / 1e6;
		back_in_line();
		peer_end(&peer);
		close(fd);
		least = i && least < ms ? least : ms;
	}
	printf("reap %.2f\n", least);
	return 0;
}
