// SPDX-License-Identifier: GPL-2.0
/*
 * walk_cost: what it costs to unlock pages that K processes have mapped and one has locked: munlock, and the exit of who locks.
 *
 * Prints "K munlock NANOSECONDS exit NANOSECONDS visited MAPPINGS" lines, each for one page; visited by the walk of munlock, where
 * the policy walks.
 */
#include "umlock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N 1024L
#define ROUNDS 5

static char *p;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int map_all(int n, void *arg) { return madvise(p, N * PAGE, MADV_POPULATE_READ); }

/* One that locks all, and goes when it is told. */
static int lock_all(int n, void *arg) { return mlock(p, N * PAGE); }

static double by_munlock(void)
{
	double start;

	if (mlock(p, N * PAGE))
		die("mlock", strerror(errno), "more guest memory");
	start = now();
	munlock(p, N * PAGE);
	return now() - start;
}

static double by_exit(void)
{
	struct peer peer = peer_start(lock_all, NULL);
	double start;

	peer_step(&peer, 0);
	start = now();
	peer_end(&peer);
	return now() - start;
}

static double best(double (*cost)(void))
{
	double least = cost();

	for (int i = 1; i < ROUNDS; i++) {
		double next = cost();

		least = next < least ? next : least;
	}
	return least / N;
}

/* How many mappings the walks of a munlock have visited, for each page. */
static double visited(void)
{
	const char *at;
	long sum = 0;

	trace_start("munlock_walk");
	by_munlock();
	trace_stop();
	for (at = trace_text(); (at = strstr(at, "vmas_visited=")); )
		sum += strtol(at += strlen("vmas_visited="), NULL, 10);
	return (double)sum / N;
}

int main(void)
{
	static struct peer others[32];
	int k, have = 1;

	p = map_file(file_make(N), N);
	for (k = 1; k <= 32; k *= 2) {
		for (; have < k; have++) {
			others[have] = peer_start(map_all, NULL);
			if (peer_step(&others[have], 0))
				die("madvise", "failed in a child", "more guest memory");
		}
		printf("%d munlock %.0f exit %.0f visited %.1f\n", k, best(by_munlock), best(by_exit), visited());
	}
	while (--have > 0)
		peer_end(&others[have]);
	return 0;
}
