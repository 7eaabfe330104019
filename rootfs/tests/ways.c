// SPDX-License-Identifier: GPL-2.0
/*
 * The ways that parked pages lose a VM_LOCKED mapping (mlock_policy=lazy), each of which puts them back on a list, and the ways
 * that they do not. The pages are those of a file that is mapped twice, so that they live on. How they are parked is in lazy.c.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

UMLOCK(.claims = "L7 L8 L9 L11 L19 D6 D7 D9 D10 D15 D16 P18", .timeout = 60, .swap = "128M", .policies = "lazy*");
NEEDS("audit");

#define N 64L
#define RW (PROT_READ | PROT_WRITE)

struct twice {
	char *locked, *other;	/* N pages of a file, mapped twice */
	int fd;
	uint64_t pfn[N];
};

/* In memory, or of a disk, whose pages are on the lists of files: in both cases on a list now. */
static bool map_twice(struct twice *t, bool disk)
{
	t->fd = disk ? disk_open(N) : memfd_create("twice", 0);
	if (!disk && ftruncate(t->fd, N * PAGE))
		return false;
	t->locked = mmap(NULL, N * PAGE, RW, MAP_SHARED, t->fd, 0);
	t->other = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_POPULATE, t->fd, 0);
	if (t->locked == MAP_FAILED || t->other == MAP_FAILED)
		return false;
	mark(t->other, N);
	fsync(t->fd);
	drain();
	return !mlock(t->locked, N * PAGE) && pfns_of(0, t->other, N, t->pfn) == N;
}

static int by_munlock(char *p) { return munlock(p, N * PAGE); }
static int by_munlockall(char *p) { return munlockall(); }
static int by_munmap(char *p) { return munmap(p, N * PAGE); }
static int by_map_fixed(char *p) { return mmap(p, N * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != p; }
static int by_dontneed_locked(char *p) { return madvise(p, N * PAGE, MADV_DONTNEED_LOCKED); }
static int by_mremap(char *p) { return mremap(p, N * PAGE, PAGE, 0) != p || munmap(p, PAGE); }

FIXTURE(way) {
	struct twice t;
	struct counters vm;
};
FIXTURE_VARIANT(way) {
	int (*unlock)(char *p);
	bool at_once;	/* the counters are right when the system call returns */
	bool disk;
};
FIXTURE_VARIANT_ADD(way, munlock) { .unlock = by_munlock, .at_once = true };
FIXTURE_VARIANT_ADD(way, munlock_disk) { .unlock = by_munlock, .at_once = true, .disk = true };
FIXTURE_VARIANT_ADD(way, munlockall) { .unlock = by_munlockall, .at_once = true };
FIXTURE_VARIANT_ADD(way, munmap) { .unlock = by_munmap };
FIXTURE_VARIANT_ADD(way, munmap_disk) { .unlock = by_munmap, .disk = true };
FIXTURE_VARIANT_ADD(way, map_fixed) { .unlock = by_map_fixed };
FIXTURE_VARIANT_ADD(way, dontneed_locked) { .unlock = by_dontneed_locked };
FIXTURE_VARIANT_ADD(way, mremap) { .unlock = by_mremap };

FIXTURE_SETUP(way)
{
	swap_on();
	ASSERT_TRUE(map_twice(&self->t, variant->disk));
	counters_take(&self->vm, "/proc/vmstat");
}

FIXTURE_TEARDOWN(way)
{
	munlockall();
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, vmstat("nr_mlock"));
}

static long on_lists(const struct counters *vm, bool disk)
{
	return counters_delta(vm, disk ? "nr_inactive_file" : "nr_inactive_anon") +
	       counters_delta(vm, disk ? "nr_active_file" : "nr_active_anon");
}

TEST_F(way, brings_them_back)
{
	ASSERT_TRUE(settle_parks(0, self->t.locked, N));
	EXPECT_TRUE(pages_are(0, self->t.other, N, PARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	/* Under eager they were off the lists before. Of the test itself a few come meanwhile. */
	if (variant->disk && policy_scans(LOCKED))
		EXPECT_GT(-N + N / 4, on_lists(&self->vm, true));
	ASSERT_EQ(0, variant->unlock(self->t.locked));
	if (variant->at_once)
		EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_TRUE(pages_are(0, self->t.other, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
	EXPECT_EQ(N, marked(self->t.other, N));
	EXPECT_TRUE(folio_is_young(self->t.pfn[0]));
}

/* When one of two lockers goes the page is back on a list, and reclaim finds the other one. */
TEST_F(way, other_locker_is_found_again)
{
	ASSERT_EQ(0, mlock(self->t.other, N * PAGE));
	ASSERT_TRUE(settle_parks(0, self->t.locked, N));
	ASSERT_EQ(0, variant->unlock(self->t.locked));
	EXPECT_TRUE(pages_are(0, self->t.other, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	if (variant->unlock == by_munlockall)
		ASSERT_EQ(0, mlock(self->t.other, N * PAGE));
	EXPECT_TRUE(settle_parks(0, self->t.other, N));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_EQ(N, marked(self->t.other, N));
}

FIXTURE(twice) {
	struct twice t;
	struct counters vm;
};
FIXTURE_VARIANT(twice) {
	bool disk;
};
FIXTURE_VARIANT_ADD(twice, memory) { .disk = false };
FIXTURE_VARIANT_ADD(twice, disk) { .disk = true };

FIXTURE_SETUP(twice)
{
	swap_on();
	ASSERT_TRUE(map_twice(&self->t, variant->disk));
	ASSERT_TRUE(settle_parks(0, self->t.locked, N));
	counters_take(&self->vm, "/proc/vmstat");
}

FIXTURE_TEARDOWN(twice)
{
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_cleared"));
}

/* A mapping without a lock that goes takes nothing with it. */
TEST_F(twice, other_mapping_goes)
{
	ASSERT_EQ(0, munmap(self->t.other, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->t.locked, N, PARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
}

/* Nor does munlock of what is not locked. */
TEST_F(twice, other_mapping_is_unlocked)
{
	ASSERT_EQ(0, munlock(self->t.other, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->t.locked, N, PARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
}

/* A locked mapping that only moves is locked all the time; one that leaves its pages to another takes the lock with them. */
TEST_F(twice, locked_mapping_moves)
{
	char *to = mmap(NULL, N * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *grown;

	ASSERT_EQ(to, mremap(self->t.locked, N * PAGE, N * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_TRUE(pages_are(0, to, N, PARKED));
	grown = mremap(to, N * PAGE, N * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	ASSERT_NE(MAP_FAILED, grown);
	EXPECT_EQ(0, mapping_of(0, to, N).lo);
	EXPECT_EQ(1, mapping_of(0, grown, N).lo);
	EXPECT_TRUE(pages_are(0, grown, N, PARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
	ASSERT_EQ(0, munmap(grown, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->t.other, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
}

/* The file shrinks, or gets a hole: pages go while they are parked, and nothing is left to clean up after them. */
TEST_F(twice, truncated)
{
	ASSERT_EQ(0, fallocate(self->t.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, N / 2 * PAGE));
	drain();
	EXPECT_EQ(N / 2, census_of(0, self->t.other, N, PARKED).mlocked);
	EXPECT_EQ(N / 2, vmstat("nr_mlock"));
	if (variant->disk)
		return;		/* which cannot shrink */
	ASSERT_EQ(0, ftruncate(self->t.fd, 0));
	drain();
	EXPECT_EQ(0, census_of(0, self->t.other, N, 0).present);
	EXPECT_EQ(0, vmstat("nr_mlock"));
}

/* Migration claims them: the new pages are on a list, and isolated are they no more. */
TEST_F(twice, migrated)
{
	uint64_t now[N];
	long i, moved = 0;

	ASSERT_EQ(0, migrate_once(0, self->t.locked, N));
	EXPECT_EQ(N, instrument_value("moved"));
	ASSERT_EQ(N, pfns_of(0, self->t.other, N, now));
	for (i = 0; i < N; i++)
		moved += now[i] != self->t.pfn[i];
	EXPECT_EQ(N, moved);
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_isolated_file"));
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_isolated_anon"));
	EXPECT_EQ(N, marked(self->t.other, N));
	EXPECT_TRUE(settle_parks(0, self->t.locked, N));
	EXPECT_EQ(N, vmstat("nr_mlock"));
}

#define FEW 8L	/* twice as many fit in a batch */

/* A page may be in a batch twice, for two locks that went at once: it is put back once, and counted once. */
TEST_F(twice, both_locks_go_at_once)
{
	char *at = mmap(NULL, 2 * FEW * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct counters vm;
	int i;

	ASSERT_EQ(0, munmap(self->t.locked, N * PAGE));
	for (i = 0; i < 2; i++)
		ASSERT_NE(MAP_FAILED, mmap(at + i * FEW * PAGE, FEW * PAGE, RW, MAP_SHARED | MAP_FIXED | MAP_LOCKED, self->t.fd, 0));
	ASSERT_TRUE(settle_parks(0, at, 2 * FEW));
	EXPECT_EQ(FEW, vmstat("nr_mlock"));
	counters_take(&vm, "/proc/vmstat");
	ASSERT_EQ(0, munmap(at, 2 * FEW * PAGE));
	EXPECT_TRUE(pages_are(0, self->t.other, FEW, ON_A_LIST));
	EXPECT_EQ(FEW, counters_delta(&vm, "unevictable_pgs_munlocked"));
	EXPECT_EQ(0, vmstat("nr_mlock"));
}

/* --- with a process */

enum { LOCK, LOCK_PRIVATE, EXEC };

static int peer_step_fn(int n, void *arg)
{
	struct twice *t = arg;

	switch (n) {
	case LOCK:
		return mlock(t->other, N * PAGE) ? errno : 0;
	case LOCK_PRIVATE:
		return mmap(NULL, N * PAGE, PROT_READ, MAP_PRIVATE | MAP_LOCKED, t->fd, 0) == MAP_FAILED ? errno : 0;
	}
	return peer_exec();
}

FIXTURE(process) {
	struct twice t;
	struct peer peer;
};

FIXTURE_SETUP(process)
{
	ASSERT_TRUE(map_twice(&self->t, false));
	ASSERT_EQ(0, munmap(self->t.locked, N * PAGE));
	drain();
	ASSERT_EQ(0, vmstat("nr_mlock"));
	self->peer = peer_start(peer_step_fn, &self->t);
}

FIXTURE_TEARDOWN(process)
{
	peer_end(&self->peer);
	EXPECT_TRUE(pages_are(0, self->t.other, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, audit());
}

TEST_F(process, ends)
{
	ASSERT_EQ(0, peer_step(&self->peer, LOCK));
	ASSERT_TRUE(settle_parks(0, self->t.other, N));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_EQ(0, peer_end(&self->peer));
	EXPECT_TRUE(pages_are(0, self->t.other, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
}

TEST_F(process, execs)
{
	ASSERT_EQ(0, peer_step(&self->peer, LOCK));
	ASSERT_TRUE(settle_parks(0, self->t.other, N));
	ASSERT_EQ(PEER_GONE, peer_step(&self->peer, EXEC));
	EXPECT_TRUE(pages_are(0, self->t.other, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	kill(self->peer.pid, SIGKILL);
}

/* The OOM killer's reaper takes the pages of one that is killed before it gets to end itself, which this test does not let it. */
TEST_F(process, is_reaped)
{
	int fd = syscall(SYS_pidfd_open, self->peer.pid, 0), reaped;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, peer_step(&self->peer, LOCK_PRIVATE));
	ASSERT_TRUE(settle_parks(0, self->t.other, N));
	first_in_line();
	kill(self->peer.pid, SIGKILL);
	reaped = syscall(SYS_process_mrelease, fd, 0) ? errno : 0;
	EXPECT_TRUE(pages_are(0, self->t.other, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	back_in_line();
	EXPECT_EQ(0, reaped);
	close(fd);
}

/* --- the file alone keeps them */

/* No mapping is left, and the pages are still there: on a list, for the next who comes. */
TEST(a_segment_is_detached)
{
	int id = shm_make(N);
	char *p = shmat(id, NULL, 0);
	uint64_t was[N], now[N];

	ASSERT_NE((char *)-1, p);
	mark(p, N);	/* a clean page that nobody maps any more would be dropped */
	ASSERT_EQ(0, mlock(p, N * PAGE));
	ASSERT_TRUE(settle_parks(0, p, N));
	ASSERT_EQ(N, pfns_of(0, p, N, was));
	ASSERT_EQ(0, shmdt(p));
	drain();
	EXPECT_EQ(0, vmstat("nr_mlock"));
	p = shmat(id, NULL, 0);
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_READ));
	ASSERT_EQ(N, pfns_of(0, p, N, now));
	EXPECT_EQ(0, memcmp(was, now, sizeof(was)));
	EXPECT_TRUE(pages_are(0, p, N, ON_A_LIST));
	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
	ASSERT_EQ(0, shmdt(p));
	EXPECT_EQ(0, audit());
}

TEST_HARNESS_MAIN
