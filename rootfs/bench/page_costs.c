// SPDX-License-Identifier: GPL-2.0
/*
 * page_costs - what a page and a system call cost in this guest.
 *
 * Prints "NAME NANOSECONDS" lines, each the best of some rounds: a MAP_LOCKED
 * page of memory that nothing has used since boot (one round: there is only
 * one such time), a first touch from user code, mlock() and munlock() of a
 * page that is there, a getppid().
 */
#include "umlock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FRESH 16384	/* pages: 64 MiB, a quarter of the guest */
#define TOUCHED 1024
#define CALLS 10000
#define ROUNDS 5
#define CHEAP 25	/* rounds of what a tick would be much of */

static char *map(long pages, int flags)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED) {
		perror("page_costs: mmap");
		exit(1);
	}
	return p;
}

static double locked_fresh(void)
{
	double start = clock_ns();

	map(FRESH, MAP_LOCKED);
	return (clock_ns() - start) / FRESH;
}

static double touched(void)
{
	char *p = map(TOUCHED, 0);
	double start = clock_ns();

	for (long i = 0; i < TOUCHED; i++)
		p[i * PAGE] = 1;
	start = clock_ns() - start;
	munmap(p, TOUCHED * PAGE);
	return start / TOUCHED;
}

/* The time that a call takes for all pages, each of which is there, for one. */
static double timed(int (*call)(const void *, size_t), char *p)
{
	double start = clock_ns();

	if (call(p, FRESH * PAGE)) {
		perror("page_costs");
		exit(1);
	}
	return (clock_ns() - start) / FRESH;
}

static double locked(void)
{
	char *p = map(FRESH, MAP_POPULATE);
	double cost = timed(mlock, p);

	munmap(p, FRESH * PAGE);
	return cost;
}

static double unlocked(void)
{
	char *p = map(FRESH, MAP_POPULATE);
	double cost;

	timed(mlock, p);
	cost = timed(munlock, p);
	munmap(p, FRESH * PAGE);
	return cost;
}

static double called(void)
{
	double start = clock_ns();

	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	return (clock_ns() - start) / CALLS;
}

static void best(const char *name, double (*cost)(void), int rounds)
{
	double least = cost();

	while (--rounds > 0) {
		double next = cost();

		least = next < least ? next : least;
	}
	printf("%s %.1f\n", name, least);
}

int main(void)
{
	best("map_locked", locked_fresh, 1);
	best("fault", touched, ROUNDS);
	best("mlock", locked, CHEAP);
	best("munlock", unlocked, CHEAP);
	best("syscall", called, ROUNDS);
	return 0;
}
