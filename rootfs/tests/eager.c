// SPDX-License-Identifier: GPL-2.0
/*
 * mlock_policy=lazy,eager: what is new in a VM_LOCKED mapping never enters a list, and what mlock(2) or a fault meets leaves
 * it, where that costs nothing. The rest is found by reclaim, as under lazy; how it comes back is in lazy.c.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

UMLOCK(.claims = "L15 P19", .timeout = 60, .swap = "128M", .policies = "lazy,eager");
NEEDS("reclaim");

#define N 64L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

FIXTURE(eager) {
	struct cgroup cg;
	struct counters vm;
};

FIXTURE_SETUP(eager)
{
	swap_on();
	self->cg = cgroup_make("eager");
	cgroup_enter(&self->cg);
	drain();
	ASSERT_EQ(0, vmstat("nr_mlock"));
	counters_take(&self->vm, "/proc/vmstat");
}

FIXTURE_TEARDOWN(eager)
{
	EXPECT_EQ(0, audit());
	munlockall();
	drain();
	EXPECT_EQ(0, vmstat("nr_mlock"));
	cgroup_enter(NULL);
}

TEST_F(eager, new_pages_never_enter_a_list)
{
	uint64_t pfn[N];
	char *p;

	trace_start("park cull mark");
	p = map_marked(N, MAP_LOCKED);
	EXPECT_EQ(N, vmstat("nr_mlock"));
	trace_stop();
	ASSERT_EQ(N, pfns_of(0, p, N, pfn));
	EXPECT_EQ(N, traced("park", "verify=new", pfn, N));
	EXPECT_EQ(0, traced("mark", NULL, NULL, 0));
	EXPECT_EQ(0, traced("cull", NULL, NULL, 0));
	EXPECT_TRUE(pages_are(0, p, N, PARKED));
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_unevictable"));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_mlocked"));
	ASSERT_EQ(0, folio_look(pfn[0]));
	EXPECT_EQ(1, instrument_value("refcount"));
	/* Reclaim has nothing to look at. */
	ASSERT_EQ(0, reclaim_once(NULL, 0, p, N));
	EXPECT_EQ(N, instrument_value("skipped"));
	ASSERT_EQ(0, munmap(p, N * PAGE));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_cleared"));
}

TEST_F(eager, a_copy_of_a_page_is_new)
{
	char *p = map_marked(N, MAP_LOCKED);
	struct peer child = peer_start(NULL, NULL);

	mark(p, N);
	/* The parent's own are parked, and those that it left to the child, which has locked none, are not. */
	EXPECT_TRUE(pages_are(0, p, N, PARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_TRUE(pages_are(child.pid, p, N, ON_A_LIST));
	EXPECT_EQ(0, peer_end(&child));
	munmap(p, N * PAGE);
}

TEST_F(eager, mlock_parks_what_it_meets)
{
	char *p = map_marked(N, 0);
	uint64_t pfn[N];
	long active;

	drain();
	ASSERT_EQ(N, pfns_of(0, p, N, pfn));
	active = vmstat("nr_active_anon") + vmstat("nr_inactive_anon");
	trace_start("park mark");
	ASSERT_EQ(0, mlock(p, N * PAGE));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	trace_stop();
	EXPECT_EQ(N, traced("park", "verify=met", pfn, N));
	EXPECT_EQ(0, traced("mark", NULL, NULL, 0));
	EXPECT_TRUE(pages_are(0, p, N, PARKED));
	EXPECT_EQ(0, census_of(0, p, N, 0).active);
	EXPECT_GT(active - N / 2, vmstat("nr_active_anon") + vmstat("nr_inactive_anon"));
	/* Once: a second lock finds nothing to do. */
	ASSERT_EQ(0, mlock(p, N * PAGE));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_mlocked"));
	ASSERT_EQ(0, munlock(p, N * PAGE));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_TRUE(pages_are(0, p, N, ON_A_LIST));
	munmap(p, N * PAGE);
}

/* A page that is on its way to a list is left, a fault on one that is on a list is not. */
TEST_F(eager, a_fault_parks_what_it_meets)
{
	char *q = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *p;

	ASSERT_EQ(0, madvise(q, N * PAGE, MADV_POPULATE_WRITE));
	drain();
	p = mremap(q, 0, N * PAGE, MREMAP_MAYMOVE);	/* the same pages again */
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mlock2(p, N * PAGE, MLOCK_ONFAULT));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_READ));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	EXPECT_TRUE(pages_are(0, p, N, PARKED));
	munmap(p, N * PAGE);
	EXPECT_TRUE(pages_are(0, q, N, ON_A_LIST));
	munmap(q, N * PAGE);
}

/* Its place in swap can be freed only by one with the folio lock: such a page is left to reclaim, which does. */
TEST_F(eager, what_is_in_the_swap_cache_waits)
{
	char *p = map_marked(N, 0);
	struct counters mem;
	uint64_t pfn[N];
	long i, cached = 0;

	counters_take(&mem, "/proc/meminfo");
	ASSERT_EQ(0, cgroup_evict(&self->cg, p, N));
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_READ));
	drain();
	ASSERT_EQ(N, pfns_of(0, p, N, pfn));
	for (i = 0; i < N; i++)
		cached += !!(pfn_flags(pfn[i]) & PF_SWAPCACHE);
	if (!cached && strstr(read_text("/proc/swaps"), "zram"))
		SKIP(return, "swap in zram is read past the swap cache: give the guest a ubd");
	ASSERT_LT(0, cached);
	ASSERT_EQ(0, mlock(p, N * PAGE));
	EXPECT_EQ(N - cached, census_of(0, p, N, 0).mlocked);
	ASSERT_EQ(0, audit_settle());
	EXPECT_TRUE(pages_are(0, p, N, PARKED));
	EXPECT_EQ(0, pages_swapped(0, p, N));
	for (i = 0; i < N; i++)
		EXPECT_EQ(0, (int)(pfn_flags(pfn[i]) & PF_SWAPCACHE));
	munmap(p, N * PAGE);
}

/* Pages that a file keeps from reclaim are on a list already, and stay there. */
TEST_F(eager, unevictable_files_stay_where_they_are)
{
	int id = shm_make(N);
	char *p = shmat(id, NULL, 0);

	ASSERT_EQ(0, shmctl(id, SHM_LOCK, NULL));
	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_WRITE));
	drain();
	ASSERT_EQ(0, mlock(p, N * PAGE));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(N, census_of(0, p, N, PF_LRU | PF_UNEVICTABLE).unevictable);
	ASSERT_EQ(0, shmdt(p));
}

/* How many blocks of memory are set aside for what cannot move. */
static long unmovable_blocks(void)
{
	static char text[8192];
	const char *at;
	long n = -1;
	int fd = open("/proc/pagetypeinfo", O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	text[len < 0 ? 0 : len] = 0;
	at = strstr(text, "Number of blocks type");
	/* The first column of the one zone. */
	if (!at || sscanf(strchr(at, '\n'), "\nNode 0, zone %*s %ld", &n) != 1)
		die("/proc/pagetypeinfo", "no number of blocks", "run as root");
	return n;
}

#define LEFT 3072L	/* pages that are not locked, which is some blocks */
#define EVERY 8L	/* of the locked pages one is given back */

/* What is parked can move: the page allocator does not take a block for unmovable because most of it is parked. */
TEST_F(eager, blocks_of_them_stay_movable)
{
	long n, i, filled = 0, before, wanted;
	static char some[1 << 16];
	int fds[24][2];
	char *p;

	make_free_pages_global();
	/* Now: each needs some pages in a row, which there will not be. */
	for (i = 0; i < (long)ARRAY_SIZE(fds); i++) {
		ASSERT_EQ(0, pipe2(fds[i], O_NONBLOCK));
		ASSERT_LT(0, fcntl(fds[i][1], F_SETPIPE_SZ, 1 << 20));
	}
	drain();
	n = vmstat("nr_free_pages") - LEFT;
	p = mmap(NULL, n * PAGE, RW, ANON | MAP_LOCKED, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	for (i = 0; i < n; i += EVERY)
		ASSERT_EQ(0, madvise(p + i * PAGE, PAGE, MADV_DONTNEED_LOCKED));
	drain();
	before = unmovable_blocks();
	/* More than the free blocks hold: the rest goes where there is room, beside the locked pages. */
	wanted = LEFT + n / EVERY / 3;
	for (i = 0; i < (long)ARRAY_SIZE(fds) && filled < wanted; i++)
		while (filled < wanted && write(fds[i][1], some, sizeof(some)) == sizeof(some))
			filled += sizeof(some) / PAGE;
	printf("# %ld pages locked, %ld filled, unmovable blocks %ld, then %ld\n", n, filled, before, unmovable_blocks());
	EXPECT_LE(wanted, filled);
	EXPECT_GE(LEFT / 1024 + 5, unmovable_blocks() - before);
	for (i = 0; i < (long)ARRAY_SIZE(fds); i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	munmap(p, n * PAGE);
}

TEST_F(eager, a_locked_majority_costs_nothing)
{
	EXPECT_GE(1.05 * scans_per_page("no_locks", 0, 1024), scans_per_page("locks", 9 * 1024, 1024));
}

TEST_HARNESS_MAIN
