// SPDX-License-Identifier: GPL-2.0
/*
 * mlock(2) and its relatives on private anonymous memory: what they lock, what
 * they refuse, and that munlock, exec and exit give every page back. Each step
 * is judged by the three witnesses of lib/witness.c.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

UMLOCK(.claims = "U4 U5 U29 U33 U37 U38 U39 U43 U45 U46 U47 U48 U52 U53 U67", .timeout = 30);

#define N 64L
#define H (N / 2)

FIXTURE(mlock) {
	struct witness w;
	struct counters vm;
	char *p;	/* N pages, populated, between two pages of nothing */
};

FIXTURE_SETUP(mlock)
{
	char *hole = mmap(NULL, (N + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	self->p = mmap(hole + PAGE, N * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);
	ASSERT_EQ(hole + PAGE, self->p);
	witness_start(&self->w);
	counters_take(&self->vm, "/proc/vmstat");
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

FIXTURE_TEARDOWN(mlock)
{
}

TEST_F(mlock, lock_and_unlock)
{
	long mlocked = policy_events(BY_MLOCK, "mlocked", N);
	long munlocked = policy_events(BY_MUNLOCK, "munlocked", N);
	long rescued = policy_events(BY_MUNLOCK, "rescued", N);

	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, LOCKED, N);
	EXPECT_EQ(policy_flags(LOCKED, PF_UNEVICTABLE, N),
		  counters_delta(&self->vm, "nr_zone_unevictable"));
	EXPECT_EQ(N, locked_vm(0));
	EXPECT_EQ(mlocked, counters_delta(&self->vm, "unevictable_pgs_mlocked"));

	/* A second lock is no second count: one unlock undoes both. */
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	EXPECT_EQ(N, locked_vm(0));
	EXPECT_EQ(mlocked, counters_delta(&self->vm, "unevictable_pgs_mlocked"));

	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
	EXPECT_EQ(0, locked_vm(0));
	EXPECT_EQ(munlocked, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
	EXPECT_EQ(rescued, counters_delta(&self->vm, "unevictable_pgs_rescued"));

	/* Nor does unlocking what is not locked do anything. */
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	EXPECT_EQ(munlocked, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
}

/* madvise(2): nobody may ask reclaim for what is locked. Without swap the pages stay, but reclaim has had them. */
TEST_F(mlock, pageout_once_unlocked)
{
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	counters_take(&self->vm, "/proc/vmstat");
	EXPECT_EQ(-1, madvise(self->p, N * PAGE, MADV_PAGEOUT));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, counters_delta(&self->vm, "pgactivate"));
	WITNESS(&self->w, self->p, N, LOCKED, N);

	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	drain();
	counters_take(&self->vm, "/proc/vmstat");
	EXPECT_EQ(0, madvise(self->p, N * PAGE, MADV_PAGEOUT));
	EXPECT_EQ(N, counters_delta(&self->vm, "pgactivate"));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

TEST_F(mlock, makes_resident)
{
	ASSERT_EQ(0, madvise(self->p, N * PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, census_of(0, self->p, N, 0).present);
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, LOCKED, N);
}

TEST_F(mlock, onfault)
{
	ASSERT_EQ(0, madvise(self->p, H * PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, mlock2(self->p, N * PAGE, MLOCK_ONFAULT));
	EXPECT_EQ(1, mapping_of(0, self->p, N).lf);
	EXPECT_EQ(N, locked_vm(0));
	/* What was there is locked, what was not still is not there. */
	EXPECT_EQ(0, census_of(0, self->p, H, 0).present);
	WITNESS(&self->w, self->p + H * PAGE, H, LOCKED, H);
	ASSERT_EQ(0, madvise(self->p, H * PAGE, MADV_POPULATE_WRITE));
	WITNESS(&self->w, self->p, N, LOCKED, N);
	/* To lock them outright changes the flag, and counts and marks nothing twice. */
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	EXPECT_EQ(0, mapping_of(0, self->p, N).lf);
	EXPECT_EQ(N, locked_vm(0));
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

TEST_F(mlock, part_of_a_mapping)
{
	char *q = self->p + PAGE;
	struct mapping m;

	ASSERT_EQ(1, mapping_of(0, self->p, N).vmas);
	ASSERT_EQ(0, mlock(q, H * PAGE));
	m = mapping_of(0, self->p, N);
	EXPECT_EQ(3, m.vmas);
	EXPECT_EQ(1, m.lo);
	EXPECT_EQ(H * 4, m.locked_kb);
	m = mapping_of(0, q, H);
	EXPECT_EQ((unsigned long)q, m.start);
	EXPECT_EQ((unsigned long)q + H * PAGE, m.end);
	WITNESS(&self->w, q, H, LOCKED, H);
	WITNESS(&self->w, self->p, 1, PLAIN, H);
	WITNESS(&self->w, q + H * PAGE, N - H - 1, PLAIN, H);
	ASSERT_EQ(0, munlock(q, H * PAGE));
	EXPECT_EQ(1, mapping_of(0, self->p, N).vmas);
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

/* An address and a length that are no multiples of a page: each page that they touch is meant. */
TEST_F(mlock, not_aligned)
{
	char *q = self->p + PAGE - 1;

	ASSERT_EQ(0, mlock(q, 2));
	EXPECT_EQ(2, locked_vm(0));
	WITNESS(&self->w, self->p, 2, LOCKED, 2);
	ASSERT_EQ(0, munlock(q, 2));
	EXPECT_EQ(0, locked_vm(0));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

/* A range that goes on where nothing is mapped: what there is of it is done, and the rest is an error, of munlock as well. */
TEST_F(mlock, hole_at_the_end)
{
	ASSERT_EQ(0, munmap(self->p + H * PAGE, PAGE));
	EXPECT_EQ(-1, mlock(self->p, (H + 1) * PAGE));
	EXPECT_EQ(ENOMEM, errno);
	WITNESS(&self->w, self->p, H, LOCKED, H);
	EXPECT_EQ(-1, munlock(self->p, (H + 1) * PAGE));
	EXPECT_EQ(ENOMEM, errno);
	WITNESS(&self->w, self->p, H, PLAIN, 0);
}

TEST_F(mlock, hole_in_the_range)
{
	ASSERT_EQ(0, munmap(self->p + H * PAGE, PAGE));
	EXPECT_EQ(-1, mlock(self->p, N * PAGE));
	EXPECT_EQ(ENOMEM, errno);
	/* The part before the hole stays locked. */
	WITNESS(&self->w, self->p, H, LOCKED, H);
	EXPECT_EQ(-1, munlock(self->p, N * PAGE));
	EXPECT_EQ(ENOMEM, errno);
	WITNESS(&self->w, self->p, H, PLAIN, 0);
}

TEST_F(mlock, all_current)
{
	struct mapping m;

	ASSERT_EQ(0, mlockall(MCL_CURRENT));
	m = mapping_of(0, self->p, N);
	EXPECT_EQ(m.vmas, m.lo);
	/* The program itself is locked too: more than N, so no exact total here. */
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, N), census_of(0, self->p, N, 0).mlocked);
	EXPECT_LE(policy_flags(LOCKED, PF_MLOCKED, N + 1), vmstat("nr_mlock") - self->w.nr_mlock);
	EXPECT_LT(N, locked_vm(0));
	/* Not so what is mapped later. */
	EXPECT_EQ(0, mapping_of(0, map_marked(1, 0), 1).lo);
	ASSERT_EQ(0, munlockall());
	EXPECT_EQ(0, locked_vm(0));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

TEST_F(mlock, all_makes_resident)
{
	ASSERT_EQ(0, madvise(self->p, H * PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
	EXPECT_EQ(N, census_of(0, self->p, N, 0).present);
	ASSERT_EQ(0, munlockall());
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

TEST_F(mlock, all_onfault)
{
	ASSERT_EQ(0, madvise(self->p, H * PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_ONFAULT));
	EXPECT_EQ(1, mapping_of(0, self->p, N).lf);
	drain();
	EXPECT_EQ(0, census_of(0, self->p, H, 0).present);
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, H), census_of(0, self->p, N, 0).mlocked);
	ASSERT_EQ(0, munlockall());
	WITNESS(&self->w, self->p + H * PAGE, H, PLAIN, 0);
}

TEST_F(mlock, special_mappings)
{
	char *vdso = (char *)(getauxval(AT_SYSINFO_EHDR) & ~(PAGE - 1));
	aio_context_t ring = 0;

	if (syscall(SYS_io_setup, 1, &ring))
		SKIP(return, "no AIO ring to try: %s", strerror(errno));
	/* VM_DONTEXPAND: mlock says yes, but neither marks nor accounts it. */
	EXPECT_EQ(1, mapping_of(0, (void *)ring, 1).vmas);
	EXPECT_EQ(0, mlock((void *)ring, PAGE));
	EXPECT_EQ(0, mapping_of(0, (void *)ring, 1).lo);
	if (vdso) {
		EXPECT_EQ(0, mlock(vdso, PAGE));
		EXPECT_EQ(0, mapping_of(0, vdso, 1).lo);
	}
	EXPECT_EQ(0, locked_vm(0));
	EXPECT_EQ(0, munlock((void *)ring, PAGE));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_mlocked"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
}

/* VM_PFNMAP, memory without struct pages that are anybody's; and huge pages, which this kernel has not got. */
TEST_F(mlock, no_pages_of_ours)
{
	int fd = open("/dev/mem", O_RDONLY);
	char *mem;

	ASSERT_LE(0, fd);
	mem = mmap(NULL, N * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, mlock(mem, N * PAGE));
	EXPECT_EQ(0, mapping_of(0, mem, N).lo);
	EXPECT_EQ(0, locked_vm(0));
	EXPECT_EQ(0, munlock(mem, N * PAGE));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_mlocked"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_munlocked"));
	munmap(mem, N * PAGE);
	close(fd);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, N * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_LOCKED, -1, 0));
}

/* A peer with the same N pages: locking them breaks the COW, so they are its own. */
enum { LOCK, EXEC };
static int peer_step_fn(int n, void *p)
{
	if (n == LOCK)
		return mlock(p, N * PAGE) ? errno : 0;
	return peer_exec();
}

TEST_F(mlock, exit_releases)
{
	struct peer peer = peer_start(peer_step_fn, self->p);

	ASSERT_EQ(0, peer_step(&peer, LOCK));
	WITNESS_OF(&self->w, peer.pid, self->p, N, LOCKED, N);
	WITNESS(&self->w, self->p, N, PLAIN, N);
	ASSERT_EQ(0, peer_end(&peer));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

TEST_F(mlock, exec_releases)
{
	struct peer peer = peer_start(peer_step_fn, self->p);

	ASSERT_EQ(0, peer_step(&peer, LOCK));
	WITNESS_OF(&self->w, peer.pid, self->p, N, LOCKED, N);
	ASSERT_EQ(PEER_GONE, peer_step(&peer, EXEC));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
	EXPECT_EQ(0, locked_vm(peer.pid));
	EXPECT_EQ(0, kill(peer.pid, SIGKILL));
}

/* What a process without CAP_IPC_LOCK is told, by its RLIMIT_MEMLOCK. */
static int result(int ret) { return ret ? errno : 0; }
static int lock_n(void *p) { return result(mlock(p, N * PAGE)); }
static int lock_h(void *p) { return result(mlock(p, H * PAGE)); }
static int lock_other_h(void *p) { return result(mlock((char *)p + H * PAGE, H * PAGE)); }
static int unlock_n(void *p) { return result(munlock(p, N * PAGE)); }
static int lock_n_twice(void *p) { return lock_n(p) ?: lock_n(p); }
static int lock_h_then_n(void *p) { return lock_h(p) ?: lock_n(p); }
static int lock_both_h(void *p) { return lock_h(p) ?: lock_other_h(p); }
static int lock_n_then_h(void *p) { return lock_n(p) ?: lock_h(p); }
static int lock_a_page_on(void *p) { return lock_h(p) ?: result(mlock((char *)p + PAGE, H * PAGE)); }
static int unlock_between(void *p) { return lock_h(p) ?: unlock_n(p) ?: lock_other_h(p); }
static int lock2_bad(void *p) { return result(mlock2(p, PAGE, 2)); }
static int all_current(void *p) { (void)p; return result(mlockall(MCL_CURRENT)); }
static int all_exactly(void *p)
{
	static char statm[64];
	int fd = open("/proc/self/statm", O_RDONLY);
	struct rlimit rl;

	(void)p;
	if (fd < 0 || read(fd, statm, sizeof(statm) - 1) <= 0)
		return 254;
	close(fd);
	rl.rlim_cur = rl.rlim_max = atol(statm) * PAGE;
	return setrlimit(RLIMIT_MEMLOCK, &rl) ? 253 : result(mlockall(MCL_CURRENT));
}
static int all_future(void *p) { (void)p; return result(mlockall(MCL_FUTURE)); }
static int all_nothing(void *p) { (void)p; return result(mlockall(0)); }
static int all_only_onfault(void *p) { (void)p; return result(mlockall(MCL_ONFAULT)); }

static const struct limit limits[] = {
	{ "with a limit of 0 nothing may be locked", lock_h, 0, EPERM },
	{ "but unlocking is free", unlock_n, 0, 0 },
	{ "up to the limit is allowed", lock_n, N, 0 },
	{ "a page more is not", lock_n, N - 1, ENOMEM },
	{ "pages already locked are not counted again", lock_n_twice, N, 0 },
	{ "nor are those that a larger range contains", lock_h_then_n, N, 0 },
	{ "nor is a part of them", lock_n_then_h, N, 0 },
	{ "of a range that begins in them only the rest is counted", lock_a_page_on, H + 1, 0 },
	{ "but that is", lock_a_page_on, H, ENOMEM },
	{ "what is locked counts against the limit", lock_both_h, H, ENOMEM },
	{ "what is unlocked no longer does", unlock_between, H, 0 },
	{ "mlock2 knows one flag", lock2_bad, N, EINVAL },
	{ "mlockall wants the whole program under the limit", all_current, H, ENOMEM },
	{ "and not more than that", all_exactly, 1L << 20, 0 },
	{ "mlockall with a limit of 0 is not allowed", all_current, 0, EPERM },
	{ "MCL_FUTURE needs no room yet", all_future, H, 0 },
	{ "mlockall wants a flag", all_nothing, N, EINVAL },
	{ "MCL_ONFAULT alone is none", all_only_onfault, N, EINVAL },
};

TEST_F(mlock, limits)
{
	EXPECT_LIMITS(limits, self->p);
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

TEST_HARNESS_MAIN
