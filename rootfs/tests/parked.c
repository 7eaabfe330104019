// SPDX-License-Identifier: GPL-2.0
/*
 * What others do to pages that are parked (mlock_policy=lazy): KSM merges them, userfaultfd moves them, a driver pins them,
 * their group goes, the lists are changed, and all at once. How they are parked and come back is in lazy.c.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

UMLOCK(.claims = "L7 L14 L18 L19 D4 D5 D8 D10 D12 R23 R24", .timeout = 60, .swap = "128M", .policies = "lazy*");
NEEDS("audit");

#define N 64L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#ifndef UFFDIO_MOVE			/* 6.8; Debian 12 has the headers of 6.1 */
struct uffdio_move { __u64 dst, src, len, mode; __s64 move; };
#define UFFDIO_MOVE _IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif

FIXTURE(parked) {
	struct cgroup cg;
	struct counters vm;
	char *p;	/* N pages, locked and parked */
	uint64_t pfn[N];
};

FIXTURE_SETUP(parked)
{
	swap_on();
	self->cg = cgroup_make("parked");
	cgroup_enter(&self->cg);
	self->p = map_marked(N, MAP_LOCKED);
	ASSERT_TRUE(settle_parks(0, self->p, N));
	ASSERT_EQ(N, pfns_of(0, self->p, N, self->pfn));
	ASSERT_EQ(N, vmstat("nr_mlock"));
	counters_take(&self->vm, "/proc/vmstat");
}

FIXTURE_TEARDOWN(parked)
{
	cgroup_enter(NULL);
	EXPECT_EQ(0, audit());
	munlockall();
	munmap(self->p, N * PAGE);
	drain();
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_cleared"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_stranded"));
}

TEST_F(parked, merged_by_ksm)
{
	char *q = mmap(NULL, N * PAGE, RW, ANON | MAP_LOCKED, -1, 0);

	ASSERT_NE(MAP_FAILED, q);
	memset(self->p, 7, N * PAGE);
	memset(q, 7, N * PAGE);
	ASSERT_TRUE(settle_parks(0, q, N));
	EXPECT_EQ(2 * N, vmstat("nr_mlock"));
	EXPECT_EQ(N, ksm_merge(self->p, q, N));
	/* One of those that were parked is now in the place of all, and the others are freed. */
	EXPECT_EQ(1, vmstat("nr_mlock"));
	EXPECT_TRUE(pages_are(0, self->p, N, PARKED));
	EXPECT_TRUE(settle_parks(0, q, N));
	EXPECT_TRUE(settle_parks(0, self->p, N));
	EXPECT_EQ(1, vmstat("nr_mlock"));
	EXPECT_EQ(0, audit());
	/* One of its lockers unlocks, and goes; the other is found again each time. */
	ASSERT_EQ(0, munlock(q, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	EXPECT_TRUE(settle_parks(0, self->p, N));
	ASSERT_EQ(0, mlock(q, N * PAGE));
	/* And written to, each has its own again. */
	memset(q, 8, N * PAGE);
	EXPECT_TRUE(settle_parks(0, q, N));
	EXPECT_TRUE(settle_parks(0, self->p, N));
	ksm_unmerge();
	munmap(q, N * PAGE);
	EXPECT_TRUE(settle_parks(0, self->p, N));
}

TEST_F(parked, by_userfaultfd)
{
	struct uffdio_api api = { .api = UFFD_API };
	char *q = mmap(NULL, N * PAGE, RW, ANON, -1, 0), *from = map_marked(N, 0);
	struct uffdio_register reg = { .range = { (unsigned long)q, N * PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .dst = (unsigned long)q, .src = (unsigned long)from, .len = N / 2 * PAGE };
	struct uffdio_move move = { .dst = (unsigned long)q + N / 2 * PAGE, .src = (unsigned long)self->p, .len = N / 2 * PAGE };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	uint64_t now[N];

	if (fd < 0)
		SKIP(return, "no userfaultfd: %s", strerror(errno));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	ASSERT_EQ(0, mlock2(q, N * PAGE, MLOCK_ONFAULT));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_REGISTER, &reg));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_COPY, &copy));
	EXPECT_TRUE(settle_parks(0, q, N / 2));
	/* From one locked mapping to another, parked as they are; without MLOCK_ONFAULT on one side only, as the kernel wants them alike. */
	ASSERT_EQ(0, mlock2(self->p, N * PAGE, MLOCK_ONFAULT));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_MOVE, &move)) {
		TH_LOG("UFFDIO_MOVE: %s", strerror(errno));
	}
	EXPECT_TRUE(pages_are(0, q + N / 2 * PAGE, N / 2, PARKED));
	ASSERT_EQ(N / 2, pfns_of(0, q + N / 2 * PAGE, N / 2, now));
	EXPECT_EQ(0, memcmp(self->pfn, now, sizeof(now[0]) * N / 2));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
	EXPECT_TRUE(settle_parks(0, q, N));
	EXPECT_EQ(0, audit());
	ASSERT_EQ(0, munlock(q, N * PAGE));
	EXPECT_TRUE(pages_are(0, q, N, ON_A_LIST));
	EXPECT_EQ(N / 2, vmstat("nr_mlock"));
	close(fd);
	munmap(q, N * PAGE);
}

/* A page that a driver has pinned is parked, comes back, and is parked again, with the pin on it. */
TEST_F(parked, pinned)
{
	struct iovec all = { self->p, N * PAGE };
	struct io_uring_params params = { 0 };
	int ring = syscall(SYS_io_uring_setup, 1, &params);
	long pins;

	if (ring < 0)
		SKIP(return, "no io_uring: %s", strerror(errno));
	ASSERT_EQ(0, syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &all, 1));
	ASSERT_EQ(0, folio_look(self->pfn[0]));
	pins = instrument_value("refcount");
	EXPECT_LT(1, pins);
	EXPECT_TRUE(settle_parks(0, self->p, N));
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	EXPECT_TRUE(settle_parks(0, self->p, N));
	/* It does not move, and is on a list or parked: not lost between the two. */
	ASSERT_EQ(0, migrate_once(0, self->p, N));
	EXPECT_EQ(N, instrument_value("failed"));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	EXPECT_TRUE(settle_parks(0, self->p, N));
	EXPECT_EQ(0, audit());
	ASSERT_EQ(0, folio_look(self->pfn[0]));
	EXPECT_EQ(pins, instrument_value("refcount"));
	ASSERT_EQ(0, syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0));
	close(ring);
	EXPECT_TRUE(settle_parks(0, self->p, N));
}

/* Off all lists they outlive what the lists belong to. */
TEST_F(parked, their_group_goes)
{
	cgroup_enter(NULL);
	ASSERT_EQ(0, cgroup_remove(&self->cg));
	EXPECT_EQ(N, census_of(0, self->p, N, 0).mlocked);
	EXPECT_EQ(0, audit());
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
}

/* A mapping that is read at random tells reclaim that it is locked when the page is on its way to swap; or else when there is none. */
TEST_F(parked, without_swap)
{
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	ASSERT_EQ(0, madvise(self->p, N * PAGE, MADV_RANDOM));
	swap_off();
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	EXPECT_TRUE(settle_parks(0, self->p, N));
	EXPECT_EQ(0, audit_settle());
	EXPECT_EQ(0, audit());
	EXPECT_EQ(N, vmstat("nr_mlock"));
}

TEST_F(parked, the_lists_are_changed)
{
	static const char enabled[] = "/sys/kernel/mm/lru_gen/enabled";
	bool mglru = strcmp(getenv("UMLOCK_LRU"), "classic");
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, write_text(enabled, "%s", mglru ^ i ? "n" : "y"));
		EXPECT_EQ(N, census_of(0, self->p, N, 0).mlocked);
		EXPECT_EQ(0, audit());
		ASSERT_EQ(0, munlock(self->p, N * PAGE));
		EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
		EXPECT_EQ(0, audit());
		ASSERT_EQ(0, mlock(self->p, N * PAGE));
		EXPECT_TRUE(settle_parks(0, self->p, N));
	}
}

/*
 * A lock that goes between the look of reclaim and the mark would leave a page parked that nobody locks: planted here. The last
 * mapping to go brings it back, though it is not a locked one, and nothing is freed that is parked.
 */
static void leak(struct __test_metadata *_metadata, FIXTURE_DATA(parked) *self, char *q)
{
	uint64_t pfn;

	drain();
	ASSERT_EQ(1, pfns_of(0, q, 1, &pfn));
	ASSERT_EQ(0, instrument("fault", "plant leaked %#lx", (unsigned long)pfn));
	EXPECT_EQ(N + 1, vmstat("nr_mlock"));
	EXPECT_LT(0, audit());
	EXPECT_EQ(1, instrument_value("class leaked"));
	munmap(q, PAGE);
	drain();
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_EQ(0, instrument("fault", "undo"));
	drain();
	EXPECT_EQ(0, audit());
}

TEST_F(parked, by_nobody_any_more)
{
	if (instrument_missing("fault"))
		SKIP(return, "%s", instrument_missing("fault"));
	leak(_metadata, self, map_marked(1, 0));
}

/* Of a merged page truncation takes one mapping, and leaves those that other files and processes have. */
TEST_F(parked, by_nobody_any_more_and_merged)
{
	char *q = map_marked(1, 0), *r = map_marked(1, 0);

	if (instrument_missing("fault"))
		SKIP(return, "%s", instrument_missing("fault"));
	ASSERT_EQ(1, ksm_merge(q, r, 1));
	leak(_metadata, self, q);
	EXPECT_TRUE(pages_are(0, r, 1, ON_A_LIST));
	ksm_unmerge();
	munmap(r, PAGE);
}

static void do_lock(char *p, pid_t pid)
{
	mlock(p, N * PAGE);
	munlock(p, N * PAGE);
}

static void do_split(char *p, pid_t pid)
{
	mprotect(p, PAGE, PROT_READ);
	mprotect(p, PAGE, RW);
}

static int look_park(char *p) { return instrument("park", "%d %#lx %#lx", getpid(), (long)p, N * PAGE); }
static int look_reclaim(char *p) { return madvise(p, N * PAGE, MADV_POPULATE_READ) || reclaim_once(NULL, 0, p, N); }

/* Reclaim does not wait for the locks of the reverse map, which one who splits mappings has: it keeps what it cannot tell of. */
TEST_F(parked, their_reverse_map_is_in_use)
{
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	EXPECT_LT(0, meet(do_split, self->p, look_park, "park.contended"));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	EXPECT_TRUE(settle_parks(0, self->p, N));
}

/* A mapping that mlock(2) is at work on is locked at the first look and not at the second: reclaim puts the pages back. */
TEST_F(parked, their_lock_is_in_the_making)
{
	char *q = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ASSERT_NE(MAP_FAILED, q);
	EXPECT_LT(0, meet(do_lock, q, look_reclaim, "park.lost"));
	ASSERT_EQ(0, madvise(q, N * PAGE, MADV_POPULATE_WRITE));
	EXPECT_TRUE(pages_are(0, q, N, ON_A_LIST));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	munmap(q, N * PAGE);
}

/* Its file becomes unevictable while it is parked: it goes back to the list of such pages, and no count is made up for it. */
TEST_F(parked, of_a_file_that_becomes_unevictable)
{
	int id = shm_make(N);
	char *q = shmat(id, NULL, 0);
	uint64_t pfn[N];

	ASSERT_NE((char *)-1, q);
	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
	ASSERT_EQ(0, mlock(q, N * PAGE));
	ASSERT_TRUE(settle_parks(0, q, N));
	ASSERT_EQ(N, pfns_of(0, q, N, pfn));
	ASSERT_EQ(0, shmctl(id, SHM_LOCK, NULL));
	ASSERT_EQ(0, munlock(q, N * PAGE));
	EXPECT_EQ(N, census_of(0, q, N, PF_LRU | PF_UNEVICTABLE).unevictable);
	ASSERT_EQ(0, folio_look(pfn[0]));
	EXPECT_EQ(0, instrument_value("mlock_count"));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_culled"));
	ASSERT_EQ(0, shmctl(id, SHM_UNLOCK, NULL));
	EXPECT_TRUE(pages_are(0, q, N, ON_A_LIST));
	ASSERT_EQ(0, shmdt(q));
}

/* It was unevictable for a while, and nobody met it meanwhile: nothing has changed. */
TEST_F(parked, of_a_file_that_was_unevictable)
{
	int id = shm_make(N);
	char *q = shmat(id, NULL, 0);

	ASSERT_NE((char *)-1, q);
	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
	ASSERT_EQ(0, mlock(q, N * PAGE));
	ASSERT_TRUE(settle_parks(0, q, N));
	ASSERT_EQ(0, shmctl(id, SHM_LOCK, NULL));
	ASSERT_EQ(0, shmctl(id, SHM_UNLOCK, NULL));
	EXPECT_TRUE(pages_are(0, q, N, PARKED));
	EXPECT_EQ(2 * N, vmstat("nr_mlock"));
	ASSERT_EQ(0, munlock(q, N * PAGE));
	EXPECT_TRUE(pages_are(0, q, N, ON_A_LIST));
	ASSERT_EQ(0, shmdt(q));
}

TEST_HARNESS_MAIN
