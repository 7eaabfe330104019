// SPDX-License-Identifier: GPL-2.0
/*
 * move_cost locked|plain: how fast locked pages, or others, move, and how many do not.
 *
 * N pages, which reclaim has met if they are locked, are moved ROUNDS times by the migrate knob; then memory is compacted in which
 * they lie between free pages. Prints, for "migrate" and "compact": ns, of all; moved and failed, in pages, by the counters of the kernel,
 * per_second and failed_share; and elsewhere, how many of the N are not where they were, in all rounds. What compaction fails to move
 * without the N as well, the root file system, does not count. In a guest of 512 MiB.
 */
#include "umlock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define N 16384L
#define ROUNDS 5
#define CHUNK 16L	/* locked pages in a row */
#define HOLE 64L	/* free ones between two rows */

static char *map(long n)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap", strerror(errno), "more guest memory");
	return p;
}

static void settled(void)
{
	int err = audit_settle();

	if (err)
		die("settle", strerror(-err), "nobody else who moves pages");
}

/* How many of N pages are not where they were; and where they are now. */
static long elsewhere(char *p, uint64_t *was)
{
	static uint64_t is[N];
	long i, n = 0;

	pfns_of(0, p, N, is);
	for (i = 0; i < N; i++)
		n += is[i] != was[i];
	memcpy(was, is, sizeof(is));
	return n;
}

/* Of others, that many fail each time. */
static void move(const char *name, void (*how)(char *p), char *p, int rounds, long others)
{
	static uint64_t was[N];
	struct counters vm;
	long away = 0, moved, failed;
	double start, ns = 0;

	elsewhere(p, was);
	counters_take(&vm, "/proc/vmstat");
	for (int i = 0; i < rounds; i++) {
		settled();
		start = clock_ns();
		how(p);
		ns += clock_ns() - start;
		away += elsewhere(p, was);
	}
	moved = counters_delta(&vm, "pgmigrate_success");
	failed = counters_delta(&vm, "pgmigrate_fail") - rounds * others;
	if (!moved || failed < 0)
		die(name, "has moved nothing, or failed less than without the pages", "see dmesg");
	printf("%s ns %.0f\n%s moved %ld\n%s per_second %.0f\n%s failed %ld\n%s failed_share %.4f\n%s elsewhere %ld\n", name, ns,
	       name, moved, name, moved / ns * 1e9, name, failed, name, (double)failed / (moved + failed), name, away);
}

static void by_knob(char *p)
{
	int err = migrate_once(0, p, N);

	if (err)
		die("migrate", strerror(-err), "see docs/instruments.md");
}

static void by_compaction(char *p)
{
	compact();
}

int main(int argc, char **argv)
{
	bool lock = argc == 2 && !strcmp(argv[1], "locked");
	struct counters vm;
	char *p, *filler;
	long i, others;

	if (argc != 2 || (!lock && strcmp(argv[1], "plain"))) {
		fprintf(stderr, "move_cost locked|plain\n");
		return 2;
	}
	make_free_pages_global();
	p = map_marked(N, lock ? MAP_LOCKED : 0);
	by_knob(p);	/* the host brings memory for the place where they go */
	by_knob(p);
	move("migrate", by_knob, p, ROUNDS, 0);
	munmap(p, N * PAGE);
	counters_take(&vm, "/proc/vmstat");
	compact();
	others = counters_delta(&vm, "pgmigrate_fail");

	p = map(N);
	filler = map(N / CHUNK * HOLE);
	for (i = 0; i < N / CHUNK; i++)
		if ((lock && mlock(p + i * CHUNK * PAGE, CHUNK * PAGE)) ||
		    madvise(p + i * CHUNK * PAGE, CHUNK * PAGE, MADV_POPULATE_WRITE) ||
		    madvise(filler + i * HOLE * PAGE, HOLE * PAGE, MADV_POPULATE_WRITE))
			die("populate", strerror(errno), "M=512M");
	mark(p, N);
	mark(filler, N / CHUNK * HOLE);
	munmap(filler, N / CHUNK * HOLE * PAGE);
	move("compact", by_compaction, p, 1, others);
	if (marked(p, N) != N)
		die("compaction", "pages lost what was in them", "this is a bug");
	return 0;
}
