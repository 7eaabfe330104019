// SPDX-License-Identifier: GPL-2.0
/*
 * lock_cost PROCESSES OTHERS: what locking, unlocking, mapping and unmapping cost, by how many have the same pages.
 *
 *	lock_cost 64 lock
 *
 * So many PROCESSES have N pages of one file mapped, one of them this one. The others lock them, or only map them (OTHERS is lock or
 * map). Prints "OPERATION ns VALUE", for one page, the median of ROUNDS, and "OPERATION visited VALUE": how many mappings its walks
 * of the reverse map have visited, for each page; 0 where the policy walks none. Operations: mlock and munlock of what is mapped;
 * fault, into a mapping that is locked, by the kernel and sixteen pages at a time; munmap, and exit, of who has locked.
 */
#include "umlock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N 1024L
#define ROUNDS 9
#define MOST 64
#define POOL (32 * N)	/* pages among which to look for N that lie well */
#define MANY 64	/* pages of a run, at least, on average */

static int fd;
static char *p;
static long offset;	/* of the N pages in the file, in bytes */

static void must(int err, const char *what)
{
	if (err)
		die(what, strerror(errno), "more guest memory");
}

/* The mapping as it is at first: nothing is there yet, or all is. */
static void map(int flags)
{
	p = mmap(p, N * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | flags, fd, offset);
	must(p == MAP_FAILED, "mmap");
}

/*
 * N pages of a file of which most lie one behind the other in memory. UML has the host map each run of them by itself, at 2 us: that
 * would be most of what a fault or an munmap costs, or nothing of it, by chance.
 */
static void find_pages(void)
{
	static uint64_t pfn[POOL];
	long i, runs = 0, least = N, best = 0;

	fd = file_make(POOL);
	p = map_file(fd, POOL);
	pfns_of(0, p, POOL, pfn);
	for (i = 1; i < POOL; i++) {
		runs += pfn[i] != pfn[i - 1] + 1;
		if (i >= N)
			runs -= pfn[i - N + 1] != pfn[i - N] + 1;
		if (i >= N - 1 && runs < least) {
			least = runs;
			best = i - N + 1;
		}
	}
	if (least > N / MANY)
		die("memory", "is too scattered", "a guest with more of it");
	offset = best * PAGE;
	must(munmap(p, POOL * PAGE), "munmap");
	map(MAP_POPULATE);
}

static int have(int n, void *locks)
{
	map(0);
	return *(bool *)locks ? mlock(p, N * PAGE) : madvise(p, N * PAGE, MADV_POPULATE_READ);
}

/* Around what is measured: its time, or, if that is asked for, its walks. */
static bool walks;
static double start;

static void begin(void)
{
	if (walks)
		trace_start("munlock_walk");
	start = clock_ns();
}

static double end(void)
{
	double ns = clock_ns() - start;

	if (walks)
		trace_stop();
	return ns;
}

/* Each leaves the pages mapped and not locked. */
static double by_mlock(void)
{
	double ns;

	begin();
	must(mlock(p, N * PAGE), "mlock");
	ns = end();
	must(munlock(p, N * PAGE), "munlock");
	return ns;
}

static double by_munlock(void)
{
	must(mlock(p, N * PAGE), "mlock");
	begin();
	must(munlock(p, N * PAGE), "munlock");
	return end();
}

static double by_fault(void)
{
	double ns;

	map(0);
	must(mlock2(p, N * PAGE, MLOCK_ONFAULT), "mlock2");
	begin();
	must(madvise(p, N * PAGE, MADV_POPULATE_READ), "madvise");
	ns = end();
	must(munlock(p, N * PAGE), "munlock");
	return ns;
}

static double by_munmap(void)
{
	double ns;

	must(mlock(p, N * PAGE), "mlock");
	begin();
	must(munmap(p, N * PAGE), "munmap");
	ns = end();
	map(MAP_POPULATE);
	return ns;
}

static double by_exit(void)
{
	static bool locks = true;
	struct peer peer;
	double ns;

	/* A child has the pages instead of this process, not beside it, which keeps the place free. */
	must(mmap(p, N * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED, "mmap");
	peer = peer_start(have, &locks);
	must(peer_step(&peer, 0), "mlock in a child");
	begin();
	peer_end(&peer);
	ns = end();
	map(MAP_POPULATE);
	return ns;
}

static int by_size(const void *a, const void *b)
{
	return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b);
}

/* How many mappings the walks of one operation have visited, for each page. */
static double visited(double (*op)(void))
{
	const char *at;
	long sum = 0;

	walks = true;
	op();
	walks = false;
	for (at = trace_text(); (at = strstr(at, "vmas_visited=")); )
		sum += strtol(at += strlen("vmas_visited="), NULL, 10);
	return (double)sum / N;
}

static void measure(const char *name, double (*op)(void))
{
	double ns[ROUNDS];

	op();
	for (int i = 0; i < ROUNDS; i++)
		ns[i] = op();
	qsort(ns, ROUNDS, sizeof(ns[0]), by_size);
	printf("%s ns %.1f\n%s visited %.2f\n", name, ns[ROUNDS / 2] / N, name, visited(op));
}

int main(int argc, char **argv)
{
	static struct peer others[MOST];
	int i, n = argc == 3 ? atoi(argv[1]) - 1 : -1;
	bool lock = argc == 3 && !strcmp(argv[2], "lock");

	if (n < 0 || n >= MOST || (!lock && strcmp(argv[2], "map"))) {
		fprintf(stderr, "lock_cost PROCESSES lock|map, with %d processes at most\n", MOST);
		return 2;
	}
	find_pages();
	for (i = 0; i < n; i++) {
		others[i] = peer_start(have, &lock);
		must(peer_step(&others[i], 0), "a child");
	}
	measure("mlock", by_mlock);
	measure("munlock", by_munlock);
	measure("fault", by_fault);
	measure("munmap", by_munmap);
	measure("exit", by_exit);
	while (n--)
		peer_end(&others[n]);
	return 0;
}
