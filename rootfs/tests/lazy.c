// SPDX-License-Identifier: GPL-2.0
/*
 * mlock_policy=lazy: mlock(2) marks nothing; reclaim that meets a locked page parks it, off every list; whoever takes the lock
 * away, or moves the page, fetches it back. Nothing here asks the table of lib/witness.c: under count, each case fails.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

UMLOCK(.claims = "L1 L2 L3 L4 L5 L6 L7 L8 L9 L10 L11 L12 L13 L14 L16 L17 L19 D1 D2 D3 D6 D7 D9 D11 D13 D14 D15 D16 P15", .timeout = 60, .swap = "128M", .policies = "lazy");
NEEDS("reclaim");

#define N 64L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

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

/* Will the page be one of the last that reclaim looks at: on the active list, or in the generation of one just touched? */
static bool is_young(uint64_t pfn)
{
	char *fresh = map_marked(1, 0), gen[32];
	uint64_t of_fresh;

	drain();
	pfns_of(0, fresh, 1, &of_fresh);
	if (folio_look(of_fresh))
		return false;
	snprintf(gen, sizeof(gen), "%s", instrument_word("list"));
	munmap(fresh, PAGE);
	if (folio_look(pfn))
		return false;
	if (strncmp(gen, "gen ", 4))
		return !strncmp(instrument_word("list"), "active", 6);
	return !strcmp(instrument_word("list"), gen);
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

TEST_F(lazy, reclaim_of_a_group_parks_them)
{
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 8 * N, 200));
	EXPECT_TRUE(pages_are(0, self->p, N, PARKED));
	EXPECT_EQ(N, marked(self->p, N));
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
	EXPECT_TRUE(is_young(self->pfn[0]));
	EXPECT_TRUE(is_young(self->pfn[N - 1]));
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
}

/* Pages that are there and were never met: munlock has nothing to do, and takes and leaves nothing. */
TEST_F(lazy, munlock_of_what_was_never_met)
{
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	EXPECT_EQ(N, references(self->pfn, N));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
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

/*
 * Every way to take the last lock away from pages that live on in another mapping, which is not locked: shared memory, mapped
 * twice.
 */
static int peer_step_fn(int n, void *arg)
{
	char **both = arg;

	if (n == 0)
		return mlock(both[0], N * PAGE) ? -errno : 0;
	setenv("UMLOCK_PAUSE", "1", 1);
	execl("/proc/self/exe", "lazy", NULL);
	return -errno;
}

/* What peer_step_fn() execs: a process that has just been made new, and stays. */
static void __attribute__((constructor)) pause_if_asked(void)
{
	if (getenv("UMLOCK_PAUSE"))
		pause();
}

static int by_munlock(char *p) { return munlock(p, N * PAGE); }
static int by_munlockall(char *p) { return munlockall(); }
static int by_munmap(char *p) { return munmap(p, N * PAGE); }
static int by_map_fixed(char *p) { return mmap(p, N * PAGE, RW, ANON | MAP_FIXED, -1, 0) != p; }
static int by_dontneed_locked(char *p) { return madvise(p, N * PAGE, MADV_DONTNEED_LOCKED); }
static int by_mremap(char *p) { return mremap(p, N * PAGE, PAGE, 0) != p || munmap(p, PAGE); }

struct twice {
	char *locked, *other;	/* N pages of a file, mapped twice */
	int fd;
	uint64_t pfn[N];
};

static bool map_twice(struct twice *t)
{
	t->fd = memfd_create("twice", 0);
	if (ftruncate(t->fd, N * PAGE))
		return false;
	t->locked = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_LOCKED, t->fd, 0);
	t->other = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_POPULATE, t->fd, 0);
	if (t->locked == MAP_FAILED || t->other == MAP_FAILED)
		return false;
	mark(t->other, N);
	drain();
	return pfns_of(0, t->other, N, t->pfn) == N;
}

FIXTURE(way) {
	struct twice t;
};
FIXTURE_VARIANT(way) {
	int (*unlock)(char *p);
};
FIXTURE_VARIANT_ADD(way, munlock) { .unlock = by_munlock };
FIXTURE_VARIANT_ADD(way, munlockall) { .unlock = by_munlockall };
FIXTURE_VARIANT_ADD(way, munmap) { .unlock = by_munmap };
FIXTURE_VARIANT_ADD(way, map_fixed) { .unlock = by_map_fixed };
FIXTURE_VARIANT_ADD(way, dontneed_locked) { .unlock = by_dontneed_locked };
FIXTURE_VARIANT_ADD(way, mremap) { .unlock = by_mremap };

FIXTURE_SETUP(way)
{
	swap_on();
	ASSERT_TRUE(map_twice(&self->t));
}

FIXTURE_TEARDOWN(way)
{
	EXPECT_EQ(0, audit());
}

TEST_F(way, brings_them_back)
{
	ASSERT_EQ(N, park(0, self->t.locked, N));
	EXPECT_TRUE(pages_are(0, self->t.other, N, PARKED));
	ASSERT_EQ(0, variant->unlock(self->t.locked));
	EXPECT_TRUE(pages_are(0, self->t.other, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(N, marked(self->t.other, N));
	EXPECT_TRUE(is_young(self->t.pfn[0]));
}

TEST_F(lazy, exit_and_exec_bring_them_back)
{
	char *both[1] = { mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) };
	struct peer peer;
	int exec;

	ASSERT_NE(MAP_FAILED, both[0]);
	for (exec = 0; exec < 2; exec++) {
		peer = peer_start(peer_step_fn, both);
		ASSERT_EQ(0, peer_step(&peer, 0));
		ASSERT_EQ(N, park(peer.pid, both[0], N));
		EXPECT_TRUE(pages_are(0, both[0], N, PARKED));
		if (exec) {
			ASSERT_EQ(PEER_GONE, peer_step(&peer, 1));
			EXPECT_TRUE(pages_are(0, both[0], N, ON_A_LIST));
			kill(peer.pid, SIGKILL);
		}
		peer_end(&peer);
		EXPECT_TRUE(pages_are(0, both[0], N, ON_A_LIST));
		EXPECT_EQ(0, vmstat("nr_mlock"));
	}
}

FIXTURE(twice) {
	struct twice t;
};

FIXTURE_SETUP(twice)
{
	swap_on();
	ASSERT_TRUE(map_twice(&self->t));
}

FIXTURE_TEARDOWN(twice)
{
	EXPECT_EQ(0, audit());
}

/* A mapping without a lock that goes takes nothing with it. */
TEST_F(twice, other_mapping_goes)
{
	ASSERT_EQ(N, park(0, self->t.locked, N));
	ASSERT_EQ(0, munmap(self->t.other, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->t.locked, N, PARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
}

/* Nor does munlock of what is not locked. */
TEST_F(twice, munlock_of_the_other_mapping)
{
	ASSERT_EQ(N, park(0, self->t.locked, N));
	ASSERT_EQ(0, munlock(self->t.other, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->t.locked, N, PARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
}

/* When one of two lockers goes the page is back on a list, and reclaim finds the other one. */
TEST_F(way, other_locker_is_found_again)
{
	ASSERT_EQ(0, mlock(self->t.other, N * PAGE));
	ASSERT_EQ(N, park(0, self->t.locked, N));
	ASSERT_EQ(0, variant->unlock(self->t.locked));
	if (variant->unlock == by_munlockall)
		ASSERT_EQ(0, mlock(self->t.other, N * PAGE));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_TRUE(pages_are(0, self->t.other, N, ON_A_LIST));
	EXPECT_EQ(N, park(0, self->t.other, N));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_EQ(N, marked(self->t.other, N));
}

/* The file shrinks, or gets a hole: pages go while they are parked, and nothing is left to clean up after them. */
TEST_F(twice, truncated)
{
	struct counters vm;

	counters_take(&vm, "/proc/vmstat");
	ASSERT_EQ(N, park(0, self->t.locked, N));
	ASSERT_EQ(0, fallocate(self->t.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, N / 2 * PAGE));
	drain();
	EXPECT_EQ(N / 2, census_of(0, self->t.other, N, PARKED).mlocked);
	EXPECT_EQ(N / 2, vmstat("nr_mlock"));
	ASSERT_EQ(0, ftruncate(self->t.fd, 0));
	drain();
	EXPECT_EQ(0, census_of(0, self->t.other, N, 0).present);
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&vm, "unevictable_pgs_cleared"));
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

#define CHUNK 16L	/* of locked neighbours, eight times as much free memory beside each */
#define LOCKED_PAGES 512L

/* How many of the locked pages compaction moves. */
static long compacted(char *p)
{
	static uint64_t was[9 * LOCKED_PAGES], now[9 * LOCKED_PAGES];
	long i, moved = 0;

	pfns_of(0, p, 9 * LOCKED_PAGES, was);
	compact();
	pfns_of(0, p, 9 * LOCKED_PAGES, now);
	for (i = 0; i < 9 * LOCKED_PAGES; i++)
		moved += was[i] != now[i];
	return moved;
}

TEST_F(lazy, compaction_takes_them)
{
	int allowed = compact_unevictable(0);
	char *q = mmap(NULL, 9 * LOCKED_PAGES * PAGE, RW, ANON, -1, 0);
	long i, moved, claimed;

	make_free_pages_global();
	ASSERT_EQ(0, madvise(q, 9 * LOCKED_PAGES * PAGE, MADV_POPULATE_WRITE));
	for (i = 0; i < 9 * LOCKED_PAGES; i += 9 * CHUNK) {
		ASSERT_EQ(0, mlock(q + i * PAGE, CHUNK * PAGE));
		ASSERT_EQ(CHUNK, park(0, q + i * PAGE, CHUNK));
		ASSERT_EQ(0, madvise(q + (i + CHUNK) * PAGE, 8 * CHUNK * PAGE, MADV_DONTNEED));
	}
	ASSERT_EQ(LOCKED_PAGES, vmstat("nr_mlock"));
	EXPECT_EQ(0, compacted(q));
	EXPECT_EQ(LOCKED_PAGES, vmstat("nr_mlock"));
	compact_unevictable(1);
	trace_start("unpark");
	moved = compacted(q);
	trace_stop();
	compact_unevictable(allowed);
	claimed = traced("unpark", "how=claim_compact", NULL, 0);
	EXPECT_LT(0, moved);
	EXPECT_LE(moved, claimed);
	EXPECT_EQ(LOCKED_PAGES - claimed, vmstat("nr_mlock"));
	EXPECT_EQ(0, vmstat("nr_isolated_anon"));
	EXPECT_EQ(0, audit());
	munmap(q, 9 * LOCKED_PAGES * PAGE);
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

/* Unlocked mappings of it may be gone by then: who has them comes back to a page that is parked. */
TEST_F(lazy, unmapped_in_part)
{
	struct peer child;

	ASSERT_EQ(0, madvise(self->p, N * PAGE, MADV_RANDOM));
	child = peer_start(NULL, NULL);
	ASSERT_EQ(N, park(0, self->p, N));
	EXPECT_TRUE(pages_are(0, self->p, N, PARKED));
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, peer_end(&child));
	EXPECT_TRUE(pages_are(0, self->p, N, PARKED));
	EXPECT_EQ(N, marked(self->p, N));
}

TEST_F(lazy, a_locked_majority_costs_nothing_once_found)
{
	/* A page that goes is looked at once, with nine of ten locked as with none. */
	EXPECT_GE(1.05 * scans_per_page("no_locks", 0, 1024), scans_per_page("locks", 9 * 1024, 1024));
}

TEST_HARNESS_MAIN
