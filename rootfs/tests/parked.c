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
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

UMLOCK(.claims = "L7 L14 L18 L19 D4 D5 D8 D10 D12", .timeout = 60, .swap = "128M", .policies = "lazy*");
NEEDS("audit");

#define N 64L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#ifndef UFFDIO_MOVE			/* 6.8; Debian 12 has the headers of 6.1 */
struct uffdio_move { __u64 dst, src, len, mode; __s64 move; };
#define UFFDIO_MOVE _IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif

/* Are n locked pages at p parked, once reclaim had its look? The next audit counts what it has not found as a violation. */
static bool parked(const void *p, long n)
{
	return !audit_settle() && pages_are(0, p, n, PARKED);
}

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
	ASSERT_TRUE(parked(self->p, N));
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

#define KSM "/sys/kernel/mm/ksm/"

TEST_F(parked, merged_by_ksm)
{
	char *q = mmap(NULL, N * PAGE, RW, ANON | MAP_LOCKED, -1, 0);
	uint64_t of_p[N], of_q[N];
	long scans, i, same = 0;

	ASSERT_NE(MAP_FAILED, q);
	memset(self->p, 7, N * PAGE);
	memset(q, 7, N * PAGE);
	ASSERT_TRUE(parked(q, N));
	EXPECT_EQ(2 * N, vmstat("nr_mlock"));
	ASSERT_EQ(0, madvise(self->p, N * PAGE, MADV_MERGEABLE));
	ASSERT_EQ(0, madvise(q, N * PAGE, MADV_MERGEABLE));
	write_text(KSM "pages_to_scan", "10000");
	write_text(KSM "sleep_millisecs", "0");
	write_text(KSM "run", "1");
	scans = atol(read_text(KSM "full_scans"));
	for (i = 0; i < 2000 && atol(read_text(KSM "full_scans")) < scans + 4; i++)
		usleep(1000);
	write_text(KSM "run", "0");
	pfns_of(0, self->p, N, of_p);
	pfns_of(0, q, N, of_q);
	for (i = 0; i < N; i++)
		same += of_p[i] == of_q[i];
	EXPECT_EQ(N, same);
	/* What was parked has been freed; the one that took its place is found like any other. */
	EXPECT_TRUE(parked(q, N));
	EXPECT_TRUE(parked(self->p, N));
	EXPECT_GE(N, vmstat("nr_mlock"));
	EXPECT_EQ(0, audit());
	/* And written to, each has its own again. */
	memset(q, 8, N * PAGE);
	EXPECT_TRUE(parked(q, N));
	EXPECT_TRUE(parked(self->p, N));
	write_text(KSM "run", "2");
	munmap(q, N * PAGE);
	EXPECT_TRUE(parked(self->p, N));
}

TEST_F(parked, by_userfaultfd)
{
	struct uffdio_api api = { .api = UFFD_API };
	char *q = mmap(NULL, N * PAGE, RW, ANON, -1, 0), *from = map_marked(N, 0);
	struct uffdio_register reg = { .range = { (unsigned long)q, N * PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .dst = (unsigned long)q, .src = (unsigned long)from, .len = N / 2 * PAGE };
	struct uffdio_move move = { .dst = (unsigned long)q + N / 2 * PAGE, .src = (unsigned long)self->p, .len = N / 2 * PAGE };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		SKIP(return, "no userfaultfd: %s", strerror(errno));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	ASSERT_EQ(0, mlock2(q, N * PAGE, MLOCK_ONFAULT));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_REGISTER, &reg));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_COPY, &copy));
	EXPECT_TRUE(parked(q, N / 2));
	/* From one locked mapping to another, parked as they are; without MLOCK_ONFAULT on one side only, as the kernel wants them alike. */
	ASSERT_EQ(0, mlock2(self->p, N * PAGE, MLOCK_ONFAULT));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_MOVE, &move)) {
		TH_LOG("UFFDIO_MOVE: %s", strerror(errno));
	}
	EXPECT_TRUE(parked(q, N));
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
	EXPECT_TRUE(parked(self->p, N));
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	EXPECT_TRUE(parked(self->p, N));
	/* It does not move, and is on a list or parked: not lost between the two. */
	ASSERT_EQ(0, migrate_once(0, self->p, N));
	EXPECT_EQ(N, instrument_value("failed"));
	EXPECT_TRUE(parked(self->p, N));
	EXPECT_EQ(0, audit());
	ASSERT_EQ(0, folio_look(self->pfn[0]));
	EXPECT_EQ(pins, instrument_value("refcount"));
	ASSERT_EQ(0, syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0));
	close(ring);
	EXPECT_TRUE(parked(self->p, N));
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
		EXPECT_TRUE(parked(self->p, N));
	}
}

/*
 * A lock that goes between the look of reclaim and the mark would leave a page parked that nobody locks: planted here. The last
 * mapping to go brings it back, though it is not a locked one, and nothing is freed that is parked.
 */
TEST_F(parked, by_nobody_any_more)
{
	char *q = map_marked(1, 0);
	uint64_t pfn;

	if (instrument_missing("fault"))
		SKIP(return, "%s", instrument_missing("fault"));
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

/* A child that does that over and over, until it is killed. */
static int child_of(void (*work)(char *p, pid_t pid), char *p)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	for (;;)
		work(p, parent);
}

static void do_split(char *p, pid_t pid)
{
	mprotect(p, PAGE, PROT_READ);
	mprotect(p, PAGE, RW);
}

/*
 * Reclaim does not wait for the locks of the reverse map: it keeps what it cannot tell of. One who splits and merges mappings
 * has them for a moment each time; who is first in line for the CPU finds them taken after some tries.
 */
TEST_F(parked, their_reverse_map_is_in_use)
{
	struct sched_param first = { .sched_priority = 1 }, last = { 0 };
	long i, contended = 0;
	pid_t pid;

	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	pid = child_of(do_split, self->p);
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &first));
	for (i = 0; i < 20000 && !contended; i++) {
		struct timespec moment = { 0, 100000 + i % 100 * 1000 };

		nanosleep(&moment, NULL);
		ASSERT_EQ(0, instrument("park", "%d %#lx %#lx", getpid(), (long)self->p, N * PAGE));
		ASSERT_EQ(N, instrument_value("kept"));
		ASSERT_EQ(0, instrument_read("stats"));
		contended = instrument_value("park.contended");
	}
	sched_setscheduler(0, SCHED_OTHER, &last);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("# %ld pages kept so at look %ld\n", contended, i);
	EXPECT_LT(0, contended);
	EXPECT_TRUE(pages_are(0, self->p, N, ON_A_LIST));
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	EXPECT_TRUE(parked(self->p, N));
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
	ASSERT_TRUE(parked(q, N));
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

/*
 * Two processes for some time: one locks, unlocks and takes away, the other has reclaim look, and moves. Where one comes
 * between the two steps of the other is left to the clock; nothing may be left behind.
 */
static int file;
static void do_reclaim(char *p, pid_t pid) { reclaim_once(NULL, pid, p, N); }
static void do_migrate(char *p, pid_t pid) { migrate_once(pid, p, N); }
static void do_punch(char *p, pid_t pid) { fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, N * PAGE); }

FIXTURE(work) {
	struct counters vm;
};
FIXTURE_VARIANT(work) {
	void (*others[2])(char *p, pid_t pid);
};
FIXTURE_VARIANT_ADD(work, reclaim_and_migrate) { .others = { do_reclaim, do_migrate } };
FIXTURE_VARIANT_ADD(work, reclaim_and_truncate) { .others = { do_reclaim, do_punch } };
FIXTURE_SETUP(work)
{
	swap_on();
	drain();
	counters_take(&self->vm, "/proc/vmstat");
}
FIXTURE_TEARDOWN(work)
{
}

TEST_F(work, all_at_once)
{
	char *other, *p;
	pid_t pid[ARRAY_SIZE(variant->others)];
	unsigned int i;
	long rounds = 0;
	time_t end;

	file = memfd_create("parked", 0);
	ASSERT_EQ(0, ftruncate(file, N * PAGE));
	p = mmap(NULL, N * PAGE, RW, MAP_SHARED, file, 0);
	other = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_POPULATE, file, 0);
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = child_of(variant->others[i], p);
	for (end = time(NULL) + 3; time(NULL) < end; rounds++) {
		ASSERT_EQ(0, mlock(p, N * PAGE));
		if (rounds % 3) {
			ASSERT_EQ(0, munlock(p, N * PAGE));
			continue;
		}
		ASSERT_EQ(p, mmap(p, N * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0));
	}
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	printf("# %ld rounds\n", rounds);
	ASSERT_EQ(0, munlock(p, N * PAGE));
	ASSERT_EQ(0, madvise(other, N * PAGE, MADV_POPULATE_WRITE));
	EXPECT_TRUE(pages_are(0, other, N, ON_A_LIST));
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_cleared"));
	munmap(p, N * PAGE);
	munmap(other, N * PAGE);
}

TEST_HARNESS_MAIN
