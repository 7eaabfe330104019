// SPDX-License-Identifier: GPL-2.0
/*
 * What the lock is for: reclaim that empties a group leaves its locked pages,
 * while their unlocked neighbours go to swap and come back whole. Each case proves
 * that reclaim ran by the group's own pgscan, which /proc/vmstat does not show.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <sys/mman.h>

UMLOCK(.claims = "U4 U12 U13 U14 U22 U24 U25 U87", .timeout = 30, .swap = "64M");

#define N 1024L
#define FEW 256L

FIXTURE(reclaim) {
	struct witness w;
	struct counters vm, stat;
	struct cgroup cg;
};

FIXTURE_SETUP(reclaim)
{
	ASSERT_LT(4 * N, swap_on());
	self->cg = cgroup_make("reclaim");
	cgroup_enter(&self->cg);
	witness_start(&self->w);
	counters_take(&self->vm, "/proc/vmstat");
	counters_take(&self->stat, cgroup_file(&self->cg, "memory.stat"));
}

FIXTURE_TEARDOWN(reclaim)
{
	cgroup_enter(NULL);
}

TEST_F(reclaim, locked_stay_unlocked_go)
{
	char *plain = map_marked(N, 0), *locked = map_marked(N, MAP_LOCKED);
	uint64_t before[N], after[N];

	WITNESS(&self->w, plain, N, PLAIN, N);
	WITNESS(&self->w, locked, N, LOCKED, N);
	EXPECT_EQ(policy_flags(LOCKED, PF_UNEVICTABLE, N * PAGE),
		  counters_delta(&self->stat, "unevictable"));
	pfns_of(0, locked, N, before);

	/* More than there is: it ends when nothing is left to take. */
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 4 * N, 200));
	EXPECT_EQ(0, cgroup_evict(&self->cg, plain, N));
	EXPECT_EQ(N, pages_swapped(0, plain, N));
	EXPECT_LE(N, counters_delta(&self->stat, "pgscan"));
	EXPECT_LE(N, counters_delta(&self->stat, "pgsteal"));
	EXPECT_LE(N, counters_delta(&self->vm, "pswpout"));
	EXPECT_EQ(N * 4, mapping_of(0, plain, N).swap_kb);

	/* Not one locked page was moved, unmapped or given a place in swap. */
	WITNESS(&self->w, locked, N, LOCKED_MET, N);
	pfns_of(0, locked, N, after);
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	EXPECT_EQ(0, pages_swapped(0, locked, N));
	EXPECT_EQ(N, marked(locked, N));

	/* The neighbours come back, by populating: N user faults would take long. */
	EXPECT_EQ(0, madvise(plain, N * PAGE, MADV_POPULATE_READ));
	EXPECT_LE(N, counters_delta(&self->vm, "pswpin"));
	EXPECT_EQ(N, marked(plain, N));
	WITNESS(&self->w, plain, N, PLAIN_MET, N);
}

TEST_F(reclaim, locked_are_not_looked_at)
{
	char *p = map_marked(N, MAP_LOCKED);
	long locked, plain, culled;

	if (policy_scans(LOCKED_MET))
		SKIP(return, "under %s they are: tests/none.c says how often", policy_name());
	WITNESS(&self->w, p, N, LOCKED, N);
	culled = counters_delta(&self->vm, "unevictable_pgs_culled");
	EXPECT_EQ(policy_events(BY_FAULT, "culled", N), culled);
	/* What it has to find out first, it does now. */
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 4 * N, 200));
	locked = -counters_delta(&self->stat, "pgscan");
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 4 * N, 200));
	locked += counters_delta(&self->stat, "pgscan");
	/* It was never reclaim that put them aside. */
	EXPECT_EQ(culled, counters_delta(&self->vm, "unevictable_pgs_culled"));
	WITNESS(&self->w, p, N, LOCKED_MET, N);
	/* The same pages unlocked, in the same run, are what scanning looks like. */
	plain = -counters_delta(&self->stat, "pgscan");
	ASSERT_EQ(0, munlock(p, N * PAGE));
	EXPECT_EQ(0, cgroup_evict(&self->cg, p, N));
	plain += counters_delta(&self->stat, "pgscan");
	EXPECT_LE(N, plain);
	EXPECT_GT(N / 4, locked) {
		TH_LOG("pgscan for %ld pages: %ld locked, %ld unlocked", N, locked, plain);
	}
}

TEST_F(reclaim, locked_while_in_swap)
{
	char *p = map_marked(N, 0);
	struct counters swap;

	ASSERT_EQ(0, cgroup_evict(&self->cg, p, N));
	ASSERT_EQ(N, pages_swapped(0, p, N));
	/* mlock brings in what is in swap and frees its slots, but does not mark it: */
	ASSERT_EQ(0, mlock(p, N * PAGE));
	WITNESS(&self->w, p, N, LOCKED_SWAPIN, N);
	EXPECT_EQ(0, mapping_of(0, p, N).swap_kb);
	EXPECT_EQ(N, marked(p, N));
	/* reclaim does when it meets it, before it would give it a slot again. */
	counters_take(&swap, "/proc/meminfo");
	counters_take(&self->vm, "/proc/vmstat");
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 4 * N, 200));
	WITNESS(&self->w, p, N, LOCKED_MET, N);
	EXPECT_EQ(policy_events(BY_RECLAIM, "culled", N),
		  counters_delta(&self->vm, "unevictable_pgs_culled"));
	/* What is marked is not taken for a page in use. */
	if (policy_flags(LOCKED_MET, PF_MLOCKED, 1))
		EXPECT_GT(N / 4, counters_delta(&self->vm, "pgactivate"));
	/* Only a few pages of the test itself went out. */
	EXPECT_GT(N / 4, counters_delta(&self->vm, "pswpout"));
	EXPECT_LT(-N, counters_delta(&swap, "SwapFree"));
	EXPECT_EQ(0, pages_swapped(0, p, N));
	EXPECT_EQ(N, marked(p, N));
}

/*
 * Locked, and left out by folio_referenced(): found when it has a place in swap, which is given back, or before. What has no mark is
 * left with it.
 */
TEST_F(reclaim, no_place_in_swap_is_kept)
{
	char *p = map_marked(N, 0);
	struct counters mem;

	ASSERT_EQ(0, cgroup_evict(&self->cg, p, N));
	ASSERT_EQ(0, mlock(p, N * PAGE));
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_RANDOM));
	WITNESS(&self->w, p, N, LOCKED_SWAPIN, N);
	counters_take(&mem, "/proc/meminfo");
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 4 * N, 200));
	drain();
	EXPECT_EQ(N, census_of(0, p, N, 0).present);
	/* Of the test itself a few go. */
	EXPECT_EQ(!policy_flags(LOCKED_MET, PF_MLOCKED, 1), counters_delta(&mem, "SwapCached") > N * 4 / 2);
	EXPECT_EQ(!policy_flags(LOCKED_MET, PF_MLOCKED, 1), counters_delta(&mem, "SwapFree") < -N * 4 / 2);
	EXPECT_EQ(N, marked(p, N));
}

/* A process alone in a group of 2 * FEW pages wants 3 * FEW, locked or not. */
static int want_too_much(int flags, void *cg)
{
	cgroup_enter(cg);
	return marked(map_marked(3 * FEW, flags), 3 * FEW) == 3 * FEW ? 0 : EIO;
}

TEST_F(reclaim, too_much_locked)
{
	struct cgroup cg = cgroup_make("small");
	struct peer peer;

	ASSERT_EQ(0, write_text(cgroup_file(&cg, "memory.max"), "%ld", 2 * FEW * PAGE));
	/*
	 * Unlocked, a part goes to swap and all is well; above memory.high it waits for the disk. Without that, a disk that is slower
	 * than the 16 attempts of a charge has it killed.
	 */
	ASSERT_EQ(0, write_text(cgroup_file(&cg, "memory.high"), "%ld", FEW * PAGE));
	peer = peer_start(want_too_much, &cg);
	EXPECT_EQ(0, peer_step(&peer, 0));
	EXPECT_EQ(0, peer_end(&peer));
	EXPECT_EQ(0, counter(cgroup_file(&cg, "memory.events"), "oom_kill"));
	/* locked, no reclaim can help. */
	ASSERT_EQ(0, write_text(cgroup_file(&cg, "memory.high"), "max"));
	peer = peer_start(want_too_much, &cg);
	EXPECT_EQ(PEER_GONE, peer_step(&peer, MAP_LOCKED));
	EXPECT_EQ(-SIGKILL, peer_end(&peer));
	EXPECT_EQ(1, counter(cgroup_file(&cg, "memory.events"), "oom_kill"));
	drain();
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
	EXPECT_EQ(0, cgroup_remove(&cg));
}

TEST_HARNESS_MAIN
