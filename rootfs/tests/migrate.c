// SPDX-License-Identifier: GPL-2.0
/*
 * Compaction moves locked pages: some pfn really changes, and lock, list and
 * content go with the page. With compact_unevictable_allowed=0 it leaves all
 * that is on the unevictable list where it is, while neighbours do move.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>

UMLOCK(.claims = "U8 U28 U59 U61 U71", .timeout = 60);

#define N 512L		/* pages of a kind */
#define HOLES 8L	/* of free memory beside each chunk, in chunks */
#define CHUNK 16L	/* neighbours of a kind */
#define ROUNDS 4	/* of making holes; the first is normally enough */

enum kind { LOCKED_KIND, PLAIN_KIND, SHM_KIND, FILLER, KINDS };

FIXTURE(migrate) {
	struct witness w;
	struct counters vm;
	char *at[KINDS];
	uint64_t was[KINDS][N];	/* pfns */
	int id, allowed;
};
FIXTURE_VARIANT(migrate) {
	int allowed;	/* compact_unevictable_allowed */
};
FIXTURE_VARIANT_ADD(migrate, allowed) { .allowed = 1 };
FIXTURE_VARIANT_ADD(migrate, forbidden) { .allowed = 0 };

/*
 * Populate the kinds in turn, a chunk each, so that they lie interleaved in
 * physical memory; then free the filler. That leaves holes beside every chunk.
 */
static void interleave(char *at[KINDS])
{
	long i, len = CHUNK * PAGE;

	for (i = 0; i < N * (long)PAGE; i += len) {
		if (mlock(at[LOCKED_KIND] + i, len) ||
		    madvise(at[PLAIN_KIND] + i, len, MADV_POPULATE_WRITE) ||
		    madvise(at[SHM_KIND] + i, len, MADV_POPULATE_WRITE) ||
		    madvise(at[FILLER] + HOLES * i, HOLES * len, MADV_POPULATE_WRITE))
			die("populate", strerror(errno), "more guest memory");
	}
	if (madvise(at[FILLER], HOLES * N * PAGE, MADV_DONTNEED))
		die("MADV_DONTNEED", strerror(errno), "is the filler locked?");
}

/* How many of n pages are no longer where they were. */
static long moved(const char *p, const uint64_t *was)
{
	uint64_t is[N];
	long i, count = 0;

	pfns_of(0, p, N, is);
	for (i = 0; i < N; i++)
		count += is[i] != was[i];
	return count;
}

FIXTURE_SETUP(migrate)
{
	int i;

	make_free_pages_global();
	self->allowed = compact_unevictable(variant->allowed);
	witness_start(&self->w);
	self->id = shm_make(N);
	ASSERT_EQ(0, shmctl(self->id, SHM_LOCK, NULL));
	for (i = 0; i < KINDS; i++) {
		self->at[i] = i == SHM_KIND ? shmat(self->id, NULL, 0) :
			mmap(NULL, (i == FILLER ? HOLES : 1) * N * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, (void *)self->at[i]);
	}
}

FIXTURE_TEARDOWN(migrate)
{
	shmctl(self->id, IPC_RMID, NULL);
	compact_unevictable(self->allowed);
}

TEST_F_TIMEOUT(migrate, compaction, 60)
{
	/* What reclaim would look at, as no policy has put it aside, the sysctl does not protect. */
	bool shm = variant->allowed, locked = shm || policy_scans(LOCKED);
	long n[KINDS] = { 0 };
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < FILLER; i++) {
			ASSERT_EQ(0, munlock(self->at[i], N * PAGE));
			/* Of shm it takes away the pages, not the mapping of them alone. */
			ASSERT_EQ(0, madvise(self->at[i], N * PAGE,
					     i == SHM_KIND ? MADV_REMOVE : MADV_DONTNEED));
		}
		interleave(self->at);
		for (i = 0; i < FILLER; i++) {
			mark(self->at[i], N);
			ASSERT_EQ(N, pfns_of(0, self->at[i], N, self->was[i]));
		}
		counters_take(&self->vm, "/proc/vmstat");
		compact();
		for (i = 0; i < FILLER; i++)
			n[i] = moved(self->at[i], self->was[i]);
		if (n[PLAIN_KIND] && (!locked || n[LOCKED_KIND]) && (!shm || n[SHM_KIND]))
			break;
		TH_LOG("round %d moved too little of %ld each: %ld locked, %ld plain, %ld shm",
		       round, N, n[LOCKED_KIND], n[PLAIN_KIND], n[SHM_KIND]);
	}
	/* Compaction had work and did it. */
	EXPECT_LT(0, n[PLAIN_KIND]);
	EXPECT_LE(n[PLAIN_KIND], counters_delta(&self->vm, "pgmigrate_success"));
	EXPECT_EQ(locked, n[LOCKED_KIND] > 0);
	EXPECT_EQ(shm, n[SHM_KIND] > 0);
	/* Moved or not, each page is what it was: shm adds N that are not mlocked. */
	self->w.nr_unevictable += N;
	WITNESS(&self->w, self->at[LOCKED_KIND], N, LOCKED, N);
	WITNESS(&self->w, self->at[PLAIN_KIND], N, PLAIN, N);
	for (i = 0; i < FILLER; i++)
		EXPECT_EQ(N, marked(self->at[i], N));
	ASSERT_EQ(0, munlock(self->at[LOCKED_KIND], N * PAGE));
	WITNESS(&self->w, self->at[LOCKED_KIND], N, PLAIN, 0);
	self->w.nr_unevictable -= N;
	WITNESS(&self->w, self->at[SHM_KIND], N, UNEVICT, N);
}

TEST_HARNESS_MAIN
