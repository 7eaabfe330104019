// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings that are born locked, by MAP_LOCKED or under mlockall(MCL_FUTURE), and
 * mappings that grow or change their protection while locked. The page is
 * locked as it is faulted in, with no help from reclaim, and munmap gives it back.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

UMLOCK(.claims = "U21 U30 U31 U40 U54 U62 U63 U64 U66 U67", .timeout = 30);

#define N 64L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

FIXTURE(map_locked) {
	struct witness w;
	struct counters vm;
};

FIXTURE_SETUP(map_locked)
{
	witness_start(&self->w);
	counters_take(&self->vm, "/proc/vmstat");
}

FIXTURE_TEARDOWN(map_locked)
{
}

TEST_F(map_locked, populates_and_locks)
{
	char *p = mmap(NULL, N * PAGE, RW, ANON | MAP_LOCKED, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	WITNESS(&self->w, p, N, LOCKED, N);
	EXPECT_EQ(N, locked_vm(0));
	/* By the fault itself: no reclaim has run, yet each page was put aside. */
	EXPECT_EQ(policy_events(BY_FAULT, "mlocked", N),
		  counters_delta(&self->vm, "unevictable_pgs_mlocked"));
	EXPECT_EQ(policy_events(BY_FAULT, "culled", N),
		  counters_delta(&self->vm, "unevictable_pgs_culled"));
	EXPECT_EQ(0, counters_delta(&self->vm, "pgscan_direct"));
	EXPECT_EQ(0, counters_delta(&self->vm, "pgscan_kswapd"));
	/* A part unmapped is a part released. */
	ASSERT_EQ(0, munmap(p, N / 2 * PAGE));
	WITNESS(&self->w, p + N / 2 * PAGE, N / 2, LOCKED, N / 2);
	EXPECT_EQ(N / 2, locked_vm(0));
	ASSERT_EQ(0, munmap(p, N * PAGE));
	EXPECT_EQ(0, locked_vm(0));
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_mlock"));
	/* By the unmapping, not by the page allocator's last resort. */
	EXPECT_EQ(policy_events(BY_UNMAP, "munlocked", N),
		  counters_delta(&self->vm, "unevictable_pgs_munlocked"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_cleared"));
}

TEST_F(map_locked, prot_none)
{
	/* Nothing can be populated, which mmap forgives; the range is accounted. */
	char *p = mmap(NULL, N * PAGE, PROT_NONE, ANON | MAP_LOCKED, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(1, mapping_of(0, p, N).lo);
	EXPECT_EQ(N, locked_vm(0));
	EXPECT_EQ(0, census_of(0, p, N, 0).present);
	ASSERT_EQ(0, munlock(p, N * PAGE));
	EXPECT_EQ(0, locked_vm(0));
	/* mlock does not forgive, but it leaves the range locked and accounted too. */
	EXPECT_EQ(-1, mlock(p, N * PAGE));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(1, mapping_of(0, p, N).lo);
	EXPECT_EQ(N, locked_vm(0));
	/* To become writable populates a locked private mapping: no touch needed. */
	ASSERT_EQ(0, mprotect(p, N * PAGE, RW));
	WITNESS(&self->w, p, N, LOCKED, N);
	/* munlock finds the pages although nobody could touch them. */
	ASSERT_EQ(0, mprotect(p, N * PAGE, PROT_NONE));
	WITNESS(&self->w, p, N, LOCKED, N);
	ASSERT_EQ(0, munlock(p, N * PAGE));
	WITNESS(&self->w, p, N, PLAIN, 0);
}

TEST_F(map_locked, onfault_touch)
{
	char *p = mmap(NULL, N * PAGE, RW, ANON, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mlock2(p, N * PAGE, MLOCK_ONFAULT));
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_mlock"));
	/* One real user fault, as cheap as it gets. */
	p[0] = 1;
	WITNESS(&self->w, p, 1, LOCKED, 1);
	EXPECT_EQ(0, census_of(0, p + PAGE, N - 1, 0).present);
	/* A read fault maps the zero page, and that is never mlocked. */
	EXPECT_EQ(0, *(volatile char *)(p + PAGE));
	drain();
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, 1), census_of(0, p, N, 0).mlocked);
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, 1), counters_delta(&self->vm, "nr_mlock"));
}

/* Under MCL_FUTURE from here on: the test's own pages count after this baseline. */
static void lock_future(struct witness *w)
{
	if (mlockall(MCL_FUTURE))
		die("mlockall", "MCL_FUTURE", "run as root");
	witness_start(w);
}

TEST_F(map_locked, future_mmap)
{
	char *p;

	lock_future(&self->w);
	p = mmap(NULL, N * PAGE, RW, ANON, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	WITNESS(&self->w, p, N, LOCKED, N);
	EXPECT_EQ(N, locked_vm(0));
	/* munlockall ends it: neither this mapping nor the next is locked. */
	ASSERT_EQ(0, munlockall());
	WITNESS(&self->w, p, N, PLAIN, 0);
	EXPECT_EQ(0, mapping_of(0, map_marked(1, 0), 1).lo);
}

TEST_F(map_locked, future_onfault)
{
	char *p;

	ASSERT_EQ(0, mlockall(MCL_FUTURE | MCL_ONFAULT));
	p = mmap(NULL, N * PAGE, RW, ANON, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(1, mapping_of(0, p, N).lf);
	EXPECT_EQ(0, census_of(0, p, N, 0).present);
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_WRITE));
	WITNESS(&self->w, p, N, LOCKED, N);
}

/* What mlockall says of the future holds until it is called again. */
TEST_F(map_locked, another_future)
{
	char *p;

	ASSERT_EQ(0, mlockall(MCL_FUTURE | MCL_ONFAULT));
	ASSERT_EQ(0, mlockall(MCL_FUTURE));
	p = mmap(NULL, N * PAGE, RW, ANON, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(1, mapping_of(0, p, N).lo);
	EXPECT_EQ(0, mapping_of(0, p, N).lf);
	EXPECT_EQ(N, census_of(0, p, N, 0).present);
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
	EXPECT_EQ(0, mapping_of(0, map_marked(1, 0), 1).lo);
	ASSERT_EQ(0, munlockall());
}

/* A lock that grows is one on the new pages, which are brought in. */
TEST_F(map_locked, mremap_grows)
{
	char *p = mmap(NULL, N * PAGE, RW, ANON | MAP_LOCKED, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	p = mremap(p, N * PAGE, 2 * N * PAGE, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, p);
	WITNESS(&self->w, p, 2 * N, LOCKED, 2 * N);
	EXPECT_EQ(2 * N, locked_vm(0));
	p = mremap(p, 2 * N * PAGE, N * PAGE, 0);
	WITNESS(&self->w, p, N, LOCKED, N);
	EXPECT_EQ(N, locked_vm(0));
	ASSERT_EQ(0, munmap(p, N * PAGE));
	EXPECT_EQ(0, locked_vm(0));
}

TEST_F(map_locked, future_brk)
{
	/* Raw system calls: malloc() in stdio would move the same break. */
	char *old = (char *)syscall(SYS_brk, 0);
	char *p = (char *)(((unsigned long)old + PAGE - 1) & ~(PAGE - 1));

	lock_future(&self->w);
	ASSERT_EQ((long)(p + N * PAGE), syscall(SYS_brk, p + N * PAGE));
	WITNESS(&self->w, p, N, LOCKED, N);
	EXPECT_EQ(N, locked_vm(0));
	ASSERT_EQ((long)p, syscall(SYS_brk, p));
	EXPECT_EQ(0, locked_vm(0));
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
}

TEST_F(map_locked, stack_growth)
{
	/* A mapping that grows down, instead of the program's own busy stack. */
	char *top, *hole = mmap(NULL, 512 * PAGE, PROT_NONE, ANON, -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, munmap(hole, 511 * PAGE));
	top = hole + 511 * PAGE - N * PAGE;
	ASSERT_EQ(top, mmap(top, N * PAGE, RW, ANON | MAP_GROWSDOWN | MAP_LOCKED | MAP_FIXED,
			    -1, 0));
	WITNESS(&self->w, top, N, LOCKED, N);
	/* The kernel expands below it, and locks the pages it makes. */
	top[-1] = 1;
	EXPECT_EQ((unsigned long)top - PAGE, mapping_of(0, top - PAGE, 1).start);
	EXPECT_EQ(N + 1, locked_vm(0));
	WITNESS(&self->w, top - PAGE, N + 1, LOCKED, N + 1);
	top[-4 * (long)PAGE] = 1;
	EXPECT_EQ(N + 4, locked_vm(0));
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, N + 2), counters_delta(&self->vm, "nr_mlock"));
}

TEST_F(map_locked, special_is_filtered)
{
	long file = vmstat("nr_file_pages");
	aio_context_t ring = 0;

	lock_future(&self->w);
	if (syscall(SYS_io_setup, 1, &ring))
		SKIP(return, "no AIO ring to try: %s", strerror(errno));
	EXPECT_EQ(1, mapping_of(0, (void *)ring, 1).vmas);
	EXPECT_EQ(0, mapping_of(0, (void *)ring, 1).lo);
	EXPECT_EQ(0, locked_vm(0));
	EXPECT_EQ(0, syscall(SYS_io_destroy, ring));
	/* A worker gives its pages back, an RCU grace period later: not to be met by whoever counts next. */
	for (int ms = 0; ms < 5000 && vmstat("nr_file_pages") > file; ms++)
		usleep(1000);
	EXPECT_EQ(file, vmstat("nr_file_pages"));
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
}

/* What a process without CAP_IPC_LOCK is told, by its RLIMIT_MEMLOCK. */
static int map_n(int flags)
{
	return mmap(NULL, N * PAGE, RW, ANON | flags, -1, 0) == MAP_FAILED ? errno : 0;
}
static int map_locked_n(void *arg) { (void)arg; return map_n(MAP_LOCKED); }
static int future_then_map(void *arg) { (void)arg; return mlockall(MCL_FUTURE) ? 254 : map_n(0); }
static int future_then_brk(void *arg)
{
	long old = syscall(SYS_brk, 0);

	(void)arg;
	/* brk(2) reports no error: it leaves the break where it was. */
	return mlockall(MCL_FUTURE) ? 254 : syscall(SYS_brk, old + N * PAGE) == old ? ENOMEM : 0;
}
static int grow_locked(void *arg)
{
	char *p = mmap(NULL, N / 2 * PAGE, RW, ANON | MAP_LOCKED, -1, 0);

	(void)arg;
	if (p == MAP_FAILED)
		return 254;
	return mremap(p, N / 2 * PAGE, N * PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0;
}

static void no_more_stack(int sig) { _exit(ENOMEM); }

/* A page below a mapping that grows down. */
static int grow_stack(void *arg)
{
	char *top, *hole = mmap(NULL, 512 * PAGE, PROT_NONE, ANON, -1, 0);

	(void)arg;
	signal(SIGSEGV, no_more_stack);
	if (hole == MAP_FAILED || munmap(hole, 511 * PAGE))
		return 254;
	top = hole + (511 - N) * PAGE;
	if (mmap(top, N * PAGE, RW, ANON | MAP_GROWSDOWN | MAP_LOCKED | MAP_FIXED, -1, 0) != top)
		return 254;
	top[-1] = 1;
	return 0;
}

static const struct limit limits[] = {
	{ "MAP_LOCKED without any right to lock", map_locked_n, 0, EPERM },
	{ "MAP_LOCKED over the limit", map_locked_n, N - 1, EAGAIN },
	{ "MAP_LOCKED up to the limit", map_locked_n, N, 0 },
	{ "mmap under MCL_FUTURE over the limit", future_then_map, N - 1, EAGAIN },
	{ "brk under MCL_FUTURE over the limit", future_then_brk, N - 1, ENOMEM },
	{ "brk under MCL_FUTURE up to the limit", future_then_brk, N, 0 },
	{ "mremap of a locked mapping over the limit", grow_locked, N - 1, EAGAIN },
	{ "mremap of a locked mapping up to the limit", grow_locked, N, 0 },
	{ "a locked stack that grows over the limit", grow_stack, N, ENOMEM },
	{ "a locked stack that grows up to the limit", grow_stack, N + 1, 0 },
};

TEST_F(map_locked, limits)
{
	EXPECT_LIMITS(limits, NULL);
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_mlock"));
}

TEST_HARNESS_MAIN
