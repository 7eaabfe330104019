// SPDX-License-Identifier: GPL-2.0
/*
 * mlock_policy=none, what stood before 2007: mlock sets VM_LOCKED and nothing else. The pages stay on the lists of all
 * others and stay in memory, because reclaim meets each of them, again and again, and turns it round. The price of that is
 * what the other policies are for. Nothing here asks the table of lib/witness.c: under count, each case fails.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>

UMLOCK(.claims = "U1 U7 P12", .timeout = 60, .swap = "128M", .policies = "none");

#define N 1024L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static const char *const marks[] = {
	"nr_mlock", "unevictable_pgs_mlocked", "unevictable_pgs_munlocked", "unevictable_pgs_cleared",
	"unevictable_pgs_stranded",
};

/* Since boot, none of the kernel's counters of marks has moved; how many have. */
static long marks_made(void)
{
	unsigned int i;
	long bad = 0;

	drain();
	for (i = 0; i < ARRAY_SIZE(marks); i++)
		bad += vmstat(marks[i]) != 0;
	return bad;
}

/* All n pages are in memory, on a list that reclaim looks at, and not marked in any way. */
static bool unmarked(const void *p, long n)
{
	struct census c;

	drain();
	c = census_of(0, p, n, PF_LRU);
	if (c.present == n && !c.odd)
		return true;
	printf("# %ld of %ld pages present, %ld mlocked, %ld unevictable, %ld on the lists\n",
	       c.present, n, c.mlocked, c.unevictable, c.lru);
	return false;
}

FIXTURE(none) {
	struct cgroup cg;
	struct counters vm, stat;
};

FIXTURE_SETUP(none)
{
	ASSERT_LT(8 * N, swap_on());
	self->cg = cgroup_make("none");
	cgroup_enter(&self->cg);
	drain();
	counters_take(&self->vm, "/proc/vmstat");
	counters_take(&self->stat, cgroup_file(&self->cg, "memory.stat"));
}

FIXTURE_TEARDOWN(none)
{
	cgroup_enter(NULL);
}

/* Every way by which a page comes into a VM_LOCKED mapping: each returns N pages, or NULL. */
static char *by_mlock(void)
{
	char *p = map_marked(N, 0);

	return mlock(p, N * PAGE) ? NULL : p;
}

static char *by_map_locked(void)
{
	return map_marked(N, MAP_LOCKED);
}

static char *by_fault(void)
{
	char *p = mmap(NULL, N * PAGE, RW, ANON, -1, 0);

	return mlock2(p, N * PAGE, MLOCK_ONFAULT) || madvise(p, N * PAGE, MADV_POPULATE_WRITE) ? NULL : p;
}

static char *by_mlockall(void)
{
	return mlockall(MCL_CURRENT | MCL_FUTURE) ? NULL : map_marked(N, 0);
}

static char *by_file(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	if (fd < 0 || ftruncate(fd, N * PAGE))
		return NULL;
	p = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_LOCKED, fd, 0);
	return p == MAP_FAILED || close(fd) ? NULL : p;
}

static char *by_swapin(void)
{
	struct cgroup cg = cgroup_make("none");
	char *p = map_marked(N, 0);

	return cgroup_evict(&cg, p, N) || mlock(p, N * PAGE) ? NULL : p;
}

FIXTURE(way) {
};
FIXTURE_VARIANT(way) {
	char *(*lock)(void);
};
FIXTURE_VARIANT_ADD(way, mlock) { .lock = by_mlock };
FIXTURE_VARIANT_ADD(way, map_locked) { .lock = by_map_locked };
FIXTURE_VARIANT_ADD(way, fault) { .lock = by_fault };
FIXTURE_VARIANT_ADD(way, mlockall) { .lock = by_mlockall };
FIXTURE_VARIANT_ADD(way, file) { .lock = by_file };
FIXTURE_VARIANT_ADD(way, swapin) { .lock = by_swapin };
FIXTURE_SETUP(way)
{
	struct cgroup cg = cgroup_make("none");

	swap_on();
	cgroup_enter(&cg);
}
FIXTURE_TEARDOWN(way)
{
	cgroup_enter(NULL);
}

TEST_F(way, leaves_no_mark)
{
	struct cgroup cg = cgroup_make("none");
	char *p = variant->lock();

	ASSERT_NE(NULL, p);
	/* It is locked, for all that the mapping and the process say, */
	EXPECT_LE(1, mapping_of(0, p, N).lo);
	EXPECT_LE(N, locked_vm(0));
	EXPECT_LE(N * 4, mapping_of(0, p, N).locked_kb);
	/* and for all that the pages say it is not: now, after reclaim has met them, */
	EXPECT_TRUE(unmarked(p, N));
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&cg, 8 * N, 200));
	EXPECT_TRUE(unmarked(p, N));
	/* and after the lock is gone. */
	ASSERT_EQ(0, munlockall());
	EXPECT_TRUE(unmarked(p, N));
	EXPECT_EQ(0, mapping_of(0, p, N).lo);
	ASSERT_EQ(0, munmap(p, N * PAGE));
	EXPECT_EQ(0, marks_made());
}

TEST_F(none, reclaim_meets_and_leaves_them)
{
	char *p = map_marked(N, MAP_LOCKED);
	uint64_t before[N], after[N];
	long scanned, pass;

	ASSERT_EQ(N, pfns_of(0, p, N, before));
	for (pass = 0; pass < 3; pass++) {
		scanned = counters_delta(&self->stat, "pgscan");
		EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 4 * N, 200));
		/* Each time anew: there is nothing about a page that says it was met before. */
		EXPECT_LE(N, counters_delta(&self->stat, "pgscan") - scanned) {
			TH_LOG("pass %ld", pass);
		}
	}
	/* The test's own few pages went; of the locked none moved, or was given a place in swap. */
	EXPECT_GT(N / 4, counters_delta(&self->stat, "pgsteal"));
	ASSERT_EQ(N, pfns_of(0, p, N, after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	EXPECT_EQ(0, pages_swapped(0, p, N));
	EXPECT_EQ(N, marked(p, N));
	EXPECT_TRUE(unmarked(p, N));

	/* munlock has only the flag to take away, and they go at once, and come back whole. */
	ASSERT_EQ(0, munlock(p, N * PAGE));
	EXPECT_EQ(0, cgroup_evict(&self->cg, p, N));
	EXPECT_EQ(N, pages_swapped(0, p, N));
	EXPECT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_READ));
	EXPECT_EQ(N, marked(p, N));
}

/* folio_referenced() leaves out a MADV_RANDOM mapping: that it is locked shows when the page is to be unmapped, and no sooner. */
TEST_F(none, seen_only_when_unmapped)
{
	char *p = map_marked(N, MAP_LOCKED);
	struct counters mem;

	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_RANDOM));
	counters_take(&mem, "/proc/meminfo");
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 4 * N, 200));
	EXPECT_TRUE(unmarked(p, N));
	EXPECT_EQ(0, pages_swapped(0, p, N));
	EXPECT_EQ(N, marked(p, N));
	/* By then it has a place in swap, for nothing. */
	EXPECT_LE(N * 4, -counters_delta(&mem, "SwapFree"));
}

/* Two reasons to stay, side by side: the one is a mark on the file, and reclaim puts its pages aside; the other is none. */
TEST_F(none, unevictable_files_are_put_aside)
{
	char *locked = map_marked(N, MAP_LOCKED), *shm;
	int id = shm_make(N);

	shm = shmat(id, NULL, 0);
	ASSERT_NE((char *)-1, shm);
	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
	ASSERT_EQ(0, madvise(shm, N * PAGE, MADV_POPULATE_WRITE));
	ASSERT_EQ(0, shmctl(id, SHM_LOCK, NULL));
	EXPECT_EQ(-EAGAIN, cgroup_reclaim(&self->cg, 4 * N, 200));
	drain();
	EXPECT_EQ(N, census_of(0, shm, N, 0).unevictable);
	EXPECT_EQ(N, counters_delta(&self->vm, "nr_unevictable"));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_culled"));
	EXPECT_TRUE(unmarked(locked, N));
	ASSERT_EQ(0, shmctl(id, SHM_UNLOCK, NULL));
	EXPECT_TRUE(unmarked(shm, N));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_rescued"));
}

TEST_F(none, a_locked_majority_costs_scans)
{
	/* The same work with nine of ten pages locked: under count the two are alike. */
	EXPECT_LE(5 * scans_per_page("no_locks", 0, N), scans_per_page("locks", 9 * N, N));
}

TEST_HARNESS_MAIN
