// SPDX-License-Identifier: GPL-2.0
/*
 * mlock_policy=lazy: mlock(2) marks nothing; reclaim that meets a locked page parks it, off every list; whoever takes the lock
 * away, or moves the page, fetches it back. Nothing here asks the table of lib/witness.c: under count, each case fails.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

UMLOCK(.claims = "L1 L2 L3 L4 L5 L6 L8 L10 L11 L12 L13 L14 L16 L17 L19 D1 D2 D3 D7 D9 D13 D14 D16 P18", .timeout = 60, .swap = "128M", .policies = "lazy");
NEEDS("reclaim");

#define N 64L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

/* One look of reclaim at n locked pages: how many of them it parks. */
static long park_once(pid_t pid, const void *p, long n)
{
	int err = reclaim_once(NULL, pid, p, n);

	return err ? err : instrument_value("parked");
}

/* Up to three looks: one that a neighbour in a page table has just been touched with is kept a round, and so is a new one. */
static long park(pid_t pid, const void *p, long n)
{
	long parked = 0, now, i;

	for (i = 0; i < 3 && parked < n; i++) {
		now = park_once(pid, p, n);
		if (now < 0)
			return now;
		parked += now;
	}
	return parked;
}

/* The sum of the references to n pages, by the kernel's own count. */
static long references(const uint64_t *pfn, long n)
{
	long i, sum = 0;

	for (i = 0; i < n; i++) {
		if (folio_look(pfn[i]))
			return -1;
		sum += instrument_value("refcount");
	}
	return sum;
}

FIXTURE(lazy) {
	struct cgroup cg;
	struct counters vm;
	char *p;	/* N pages, locked */
	uint64_t pfn[N];
};

FIXTURE_SETUP(lazy)
{
	swap_on();
	self->cg = cgroup_make("lazy");
	cgroup_enter(&self->cg);
	self->p = map_marked(N, MAP_LOCKED);
	drain();
	ASSERT_EQ(N, pfns_of(0, self->p, N, self->pfn));
	counters_take(&self->vm, "/proc/vmstat");
}

FIXTURE_TEARDOWN(lazy)
{
	EXPECT_EQ(0, audit());
	munlockall();
	munmap(self->p, N * PAGE);
	drain();
	EXPECT_EQ(0, vmstat("nr_mlock"));
	cgroup_enter(NULL);
}

TEST_F(lazy, mlock_marks_nothing)
{
	char *q = map_marked(N, 0);

	ASSERT_EQ(0, mlock(q, N * PAGE));
	EXPECT_TRUE(pages_are(0, q, N, ON_A_LIST));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_mlocked"));
	EXPECT_EQ(2 * N, locked_vm(0));
	EXPECT_EQ(N * 4, mapping_of(0, q, N).locked_kb);
	/* The audit knows how many are locked, and how many of these nobody has met. */
	EXPECT_EQ(0, audit());
	EXPECT_EQ(2 * N, instrument_value("truth"));
	EXPECT_EQ(2 * N, instrument_value("class undiscovered"));
}

static long on_lists(const struct counters *vm)
{
	return counters_delta(vm, "nr_inactive_anon") + counters_delta(vm, "nr_active_anon");
}

TEST_F(lazy, reclaim_parks_what_it_meets)
{
	trace_start("discover park");
	ASSERT_EQ(N, park_once(0, self->p, N));
	trace_stop();
	EXPECT_EQ(N, traced("discover", "how=referenced", self->pfn, N));
	EXPECT_EQ(N, traced("park", "verify=ok", self->pfn, N));
	EXPECT_TRUE(pages_are(0, self->p, N, PARKED));
	EXPECT_EQ(0, census_of(0, self->p, N, 0).active);
	/* Looked at once, and not taken for pages that are in use. */
	EXPECT_EQ(0, counters_delta(&self->vm, "pgactivate"));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_mlocked"));
	/* Of the test itself a few come meanwhile. */
	EXPECT_GT(-N + N / 4, on_lists(&self->vm));
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_unevictable"));
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_isolated_anon"));
	/* No list, and no reference but that of the mapping. */
	ASSERT_EQ(0, folio_look(self->pfn[0]));
	EXPECT_STREQ("none", instrument_word("list"));
	EXPECT_EQ(1, instrument_value("refcount"));
	EXPECT_EQ(1, instrument_value("lockers"));
	ASSERT_EQ(0, audit());
	EXPECT_EQ(N, instrument_value("parked"));
	EXPECT_EQ(N, instrument_value("truth"));
	EXPECT_EQ(0, instrument_value("class undiscovered"));
}

/* A lock may go after reclaim saw it: the parker, which looks again, takes back what nobody locks. */
TEST_F(lazy, what_is_not_locked_any_more_stays)
{
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	trace_start("park unpark");
	ASSERT_EQ(0, instrument("park", "%d %#lx %#lx", getpid(), (long)self->p, N * PAGE));
	trace_stop();
	EXPECT_EQ(0, instrument_value("parked"));
	EXPECT_EQ(N, instrument_value("kept"));
	EXPECT_EQ(N, traced("park", "verify=lost", self->pfn, N));
	EXPECT_EQ(N, traced("unpark", "how=verify", self->pfn, N));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(N, references(self->pfn, N));
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_isolated_anon"));
	EXPECT_EQ(0, cgroup_evict(&self->cg, self->p, N));
}

/* And what it had before: a place in swap, and that on the list. */
TEST_F(lazy, what_stays_is_as_it_was)
{
	char *q = map_marked(N, 0);
	uint64_t pfn[N], flags[N];
	long i, cached = 0;

	ASSERT_EQ(0, cgroup_evict(&self->cg, q, N));
	ASSERT_EQ(0, madvise(q, N * PAGE, MADV_POPULATE_READ));
	drain();
	ASSERT_EQ(N, pfns_of(0, q, N, pfn));
	for (i = 0; i < N; i++) {
		flags[i] = pfn_flags(pfn[i]);
		cached += !!(flags[i] & PF_SWAPCACHE);
	}
	if (!cached && strstr(read_text("/proc/swaps"), "zram"))
		SKIP(return, "swap in zram is read past the swap cache: give the guest a ubd");
	ASSERT_LT(0, cached);
	ASSERT_EQ(0, instrument("park", "%d %#lx %#lx", getpid(), (long)q, N * PAGE));
	EXPECT_EQ(N, instrument_value("kept"));
	drain();
	for (i = 0; i < N; i++)
		EXPECT_EQ(flags[i] & (PF_SWAPCACHE | PF_ACTIVE | PF_LRU), pfn_flags(pfn[i]) & (PF_SWAPCACHE | PF_ACTIVE | PF_LRU));
	munmap(q, N * PAGE);
}

TEST_F(lazy, reclaim_of_a_group_parks_them)
{
	long scanned = cgroup_stat(&self->cg, "pgscan"), activated = cgroup_stat(&self->cg, "pgactivate");

	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 8 * N, 200));
	EXPECT_TRUE(pages_are(0, self->p, N, PARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_EQ(N, marked(self->p, N));
	/* Each was met once, and none taken for a page in use; beside them there are a few of the test's own. */
	scanned = cgroup_stat(&self->cg, "pgscan") - scanned;
	EXPECT_LE(N, scanned);
	EXPECT_GT(2 * N, scanned);
	EXPECT_GT(N / 4, cgroup_stat(&self->cg, "pgactivate") - activated);
}

TEST_F(lazy, parked_are_not_met_again)
{
	long scanned;

	ASSERT_EQ(N, park(0, self->p, N));
	ASSERT_EQ(0, reclaim_once(NULL, 0, self->p, N));
	EXPECT_EQ(0, instrument_value("scanned"));
	EXPECT_EQ(N, instrument_value("skipped"));
	cgroup_reclaim(&self->cg, 8 * N, 200);
	trace_start("discover");
	scanned = cgroup_stat(&self->cg, "pgscan");
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 8 * N, 200));
	trace_stop();
	EXPECT_EQ(0, traced("discover", NULL, NULL, 0));
	/* A few of the test's own. */
	EXPECT_GT(N, cgroup_stat(&self->cg, "pgscan") - scanned);
	EXPECT_TRUE(pages_are(0, self->p, N, PARKED));
}

TEST_F(lazy, munlock_brings_every_page_back)
{
	ASSERT_EQ(N, park(0, self->p, N));
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	/* By the time that the system call returns. */
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(N, census_of(0, self->p, N, 0).lru);
	EXPECT_EQ(0, locked_vm(0));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	EXPECT_TRUE(folio_is_young(self->pfn[0]));
	EXPECT_TRUE(folio_is_young(self->pfn[N - 1]));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
	EXPECT_EQ(N, references(self->pfn, N));
	EXPECT_LE(0, on_lists(&self->vm));
	/* And they go, as any others. */
	EXPECT_EQ(0, cgroup_evict(&self->cg, self->p, N));
}

TEST_F(lazy, a_part_of_it)
{
	ASSERT_EQ(N, park(0, self->p, N));
	ASSERT_EQ(0, munlock(self->p + N / 4 * PAGE, N / 2 * PAGE));
	EXPECT_TRUE(pages_are(0, self->p, N / 4, PARKED));
	EXPECT_TRUE(pages_are(0, self->p + N / 4 * PAGE, N / 2, ON_A_LIST));
	EXPECT_TRUE(pages_are(0, self->p + 3 * N / 4 * PAGE, N / 4, PARKED));
	EXPECT_EQ(N / 2, vmstat("nr_mlock"));
	EXPECT_EQ(N / 2, locked_vm(0));
}

/* What has been found so far: never more than is locked, and never less than before. */
TEST_F(lazy, found_a_part_at_a_time)
{
	long i;

	for (i = 1; i <= 4; i++) {
		ASSERT_EQ(N / 4, park(0, self->p + (i - 1) * N / 4 * PAGE, N / 4));
		ASSERT_EQ(0, audit());
		EXPECT_EQ(i * N / 4, instrument_value("nr_mlock"));
		EXPECT_EQ(N, instrument_value("truth"));
		EXPECT_EQ(N - i * N / 4, instrument_value("class undiscovered"));
	}
}

/* What is freed while it is parked and was active before: nothing is left of the mark, and nothing had to be cleaned up. */
TEST_F(lazy, parked_are_freed)
{
	struct peer child = peer_start(NULL, NULL);

	ASSERT_EQ(N, park(0, self->p, N));
	EXPECT_EQ(0, peer_end(&child));
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	drain();
	ASSERT_TRUE(folio_is_young(self->pfn[0]));
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	cgroup_reclaim(&self->cg, 8 * N, 200);
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 8 * N, 200));
	EXPECT_TRUE(pages_are(0, self->p, N, PARKED));
	ASSERT_EQ(0, munmap(self->p, N * PAGE));
	drain();
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_cleared"));
	EXPECT_EQ(2 * N, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
}

/* Pages that are there and were never met: munlock has nothing to do, and takes and leaves nothing. */
TEST_F(lazy, munlock_of_what_was_never_met)
{
	long unmarked;

	ASSERT_EQ(0, instrument_read("stats"));
	unmarked = instrument_value("unmark.munlock");
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	EXPECT_EQ(N, references(self->pfn, N));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
	/* Nor does it go round by a batch. */
	ASSERT_EQ(0, instrument_read("stats"));
	EXPECT_EQ(unmarked, instrument_value("unmark.munlock"));
}

/* How long it takes to unlock n pages, of which one is there, and parked: the shortest of three, in microseconds; -1: it failed. */
static double time_of_munlock(long n)
{
	char *p = mmap(NULL, n * PAGE, RW, ANON | MAP_NORESERVE, -1, 0);
	double best = 0;
	int i;

	if (p == MAP_FAILED || mlock2(p, n * PAGE, MLOCK_ONFAULT))
		return -1;
	mark(p + n / 2 * PAGE, 1);
	for (i = 0; i < 3; i++) {
		struct timespec from, to;
		double us;

		drain();
		if (park(0, p + n / 2 * PAGE, 1) != 1)
			return -1;
		clock_gettime(CLOCK_MONOTONIC, &from);
		munlock(p, n * PAGE);
		clock_gettime(CLOCK_MONOTONIC, &to);
		us = (to.tv_sec - from.tv_sec) * 1e6 + (to.tv_nsec - from.tv_nsec) / 1e3;
		best = i && best < us ? best : us;
		if (vmstat("nr_mlock") || mlock2(p, n * PAGE, MLOCK_ONFAULT))
			return -1;
	}
	munmap(p, n * PAGE);
	return best;
}

/* munlock looks at page tables, not at addresses: 262144 times as many of these are not a hundred times the work. */
TEST_F(lazy, munlock_passes_over_what_is_not_there)
{
	double few = time_of_munlock(N), many = time_of_munlock(N << 18);

	printf("# munlock of one page in %ld: %.0f us; in %ld: %.0f us\n", N, few, N << 18, many);
	ASSERT_LT(0, few);
	ASSERT_LT(0, many);
	EXPECT_GT(100 * few, many);
}

#define ROUNDS 1000

TEST_F(lazy, a_thousand_rounds_leave_nothing_behind)
{
	long free = 0, i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(N, park(0, self->p, N));
		ASSERT_EQ(0, munlock(self->p, N * PAGE));
		ASSERT_EQ(0, mlock(self->p, N * PAGE));
		if (i == 0)
			free = vmstat("nr_free_pages");
	}
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(N, references(self->pfn, N));
	EXPECT_EQ(ROUNDS * N, counters_delta(&self->vm, "unevictable_pgs_mlocked"));
	EXPECT_EQ(ROUNDS * N, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
	/* One leaked page a round would be 999. */
	EXPECT_GT(ROUNDS / 2, free - vmstat("nr_free_pages"));
}

TEST_F(lazy, migration_takes_them)
{
	uint64_t now[N];
	long i, moved = 0;

	ASSERT_EQ(N, park(0, self->p, N));
	trace_start("unpark");
	ASSERT_EQ(0, migrate_once(0, self->p, N));
	trace_stop();
	EXPECT_EQ(N, instrument_value("moved"));
	EXPECT_EQ(N, traced("unpark", "how=claim_isolate", self->pfn, N));
	ASSERT_EQ(N, pfns_of(0, self->p, N, now));
	for (i = 0; i < N; i++)
		moved += now[i] != self->pfn[i];
	EXPECT_EQ(N, moved);
	/* Regular pages again, until reclaim meets the new ones. */
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_isolated_anon"));
	EXPECT_EQ(N, marked(self->p, N));
	EXPECT_EQ(N, park(0, self->p, N));
	EXPECT_EQ(N, vmstat("nr_mlock"));
}

/* The parent's page is parked; it writes, gets a copy, and leaves the page to the child, who has not locked it. */
TEST_F(lazy, cow_leaves_it_to_the_child)
{
	struct peer child;
	uint64_t now[N];

	ASSERT_EQ(N, park(0, self->p, N));
	child = peer_start(NULL, NULL);
	EXPECT_TRUE(pages_are(child.pid, self->p, N, PARKED));
	mark(self->p, N);
	ASSERT_EQ(N, pfns_of(0, self->p, N, now));
	EXPECT_NE(self->pfn[0], now[0]);
	EXPECT_TRUE(pages_are(child.pid, self->p, N, ON_A_LIST));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, peer_end(&child));
}

/* folio_referenced() leaves out a MADV_RANDOM mapping: found when it is to be unmapped, with a place in swap by then. */
TEST_F(lazy, the_place_in_swap_is_given_back)
{
	struct counters mem;

	counters_take(&mem, "/proc/meminfo");
	ASSERT_EQ(0, madvise(self->p, N * PAGE, MADV_RANDOM));
	trace_start("discover park");
	ASSERT_EQ(N, park(0, self->p, N));
	trace_stop();
	EXPECT_EQ(N, traced("discover", "how=unmap", self->pfn, N));
	EXPECT_TRUE(pages_are(0, self->p, N, PARKED));
	EXPECT_EQ(0, pages_swapped(0, self->p, N));
	EXPECT_EQ(0, counters_delta(&mem, "SwapFree"));
	EXPECT_FALSE(!!(pfn_flags(self->pfn[0]) & PF_SWAPCACHE));
}

/*
 * An unlocked mapping of it may be gone by then, with a place in swap in its stead, which cannot be given back: who has that comes
 * back to the page that is parked, by a fault or by swapoff. Reclaim asks the older mapping first, so the younger one locks it.
 */
static int lock_unasked(int n, void *p)
{
	if (n == 0)
		return mlock2(p, N * PAGE, MLOCK_ONFAULT) ? errno : 0;
	return madvise(p, N * PAGE, MADV_RANDOM) ? errno : 0;
}

FIXTURE(in_part) {
	int unused;
};
FIXTURE_VARIANT(in_part) {
	bool off;
};
FIXTURE_VARIANT_ADD(in_part, fault) { .off = false };
FIXTURE_VARIANT_ADD(in_part, swapoff) { .off = true };
FIXTURE_SETUP(in_part)
{
	swap_on();
}
FIXTURE_TEARDOWN(in_part)
{
	swap_on();
	EXPECT_EQ(0, audit());
}

TEST_F(in_part, unmapped)
{
	char *p = map_marked(N, 0);
	struct peer child = peer_start(lock_unasked, p);
	uint64_t was[N], now[N];
	long i, cached = 0;

	ASSERT_EQ(0, peer_step(&child, 0));
	ASSERT_EQ(0, peer_step(&child, 1));
	drain();
	ASSERT_EQ(N, pfns_of(child.pid, p, N, was));
	ASSERT_EQ(N, park(child.pid, p, N));
	EXPECT_EQ(N, pages_swapped(0, p, N));
	for (i = 0; i < N; i++)
		cached += !!(pfn_flags(was[i]) & PF_SWAPCACHE);
	EXPECT_EQ(N, cached);
	EXPECT_TRUE(pages_are(child.pid, p, N, PARKED));
	EXPECT_EQ(0, audit());
	if (variant->off)
		swap_off();
	EXPECT_EQ(N, marked(p, N));
	ASSERT_EQ(N, pfns_of(0, p, N, now));
	EXPECT_EQ(0, memcmp(was, now, sizeof(was)));
	EXPECT_TRUE(pages_are(child.pid, p, N, PARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, peer_end(&child));
	EXPECT_TRUE(pages_are(0, p, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	munmap(p, N * PAGE);
}

TEST_F(lazy, a_locked_majority_costs_nothing_once_found)
{
	/* A page that goes is looked at once, with nine of ten locked as with none. */
	EXPECT_GE(1.05 * scans_per_page("no_locks", 0, 1024), scans_per_page("locks", 9 * 1024, 1024));
}

TEST_HARNESS_MAIN
