// SPDX-License-Identifier: GPL-2.0
/*
 * mlock_policy=rmap,trylock: who finds a locked mapping marks the page only if it gets that mapping's mmap lock, without waiting.
 * Otherwise the page stays where it is, and reclaim tries again.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <sys/mman.h>
#include <unistd.h>

UMLOCK(.claims = "U69 U72 U77 U84 U86 P21", .timeout = 60, .swap = "128M", .policies = "rmap,trylock");
NEEDS("audit");

#define N 64L
#define RW (PROT_READ | PROT_WRITE)
#define MARKED (PF_LRU | PF_UNEVICTABLE | PF_MLOCKED)

/* Locked twice by one process. Who has the mmap lock for munlock does not get it for the walk: rmap,trylock marks nothing then. */
TEST(locked_twice)
{
	int fd = file_make(N);
	uint64_t pfn[N];
	char *p, *q;

	p = map_file(fd, N);
	q = map_file(fd, N);
	mark(p, N);
	ASSERT_EQ(0, mlock(p, N * PAGE) | mlock(q, N * PAGE));
	ASSERT_EQ(N, pfns_of(0, p, N, pfn));
	trace_start("munlock_walk discover");
	ASSERT_EQ(0, munlock(p, N * PAGE));
	trace_stop();
	EXPECT_EQ(N, traced("munlock_walk", "trylock_failed=1", pfn, N));
	EXPECT_TRUE(pages_are(0, q, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	ASSERT_EQ(0, audit());
	EXPECT_EQ(N, instrument_value("class undiscovered"));
	/* Reclaim does not have that lock, and gets it: of a file's page when it is to be unmapped, if it was not asked before. MGLRU lets a page pass once whose neighbour was touched. */
	ASSERT_EQ(0, madvise(q, N * PAGE, MADV_RANDOM));
	trace_start("discover");
	ASSERT_EQ(0, reclaim_once(NULL, 0, q, N));
	ASSERT_EQ(0, reclaim_once(NULL, 0, q, N));
	trace_stop();
	EXPECT_EQ(N, traced("discover", "how=unmap", pfn, N));
	EXPECT_EQ(N, traced("discover", NULL, NULL, 0));
	EXPECT_TRUE(pages_are(0, q, N, MARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	munmap(p, N * PAGE);
	munmap(q, N * PAGE);
	drain();
	EXPECT_EQ(0, audit());
}

static int lock_step(int n, void *p) { return mlock(p, N * PAGE); }

/* Another process has it locked as well, and is not busy: the walk goes on until it comes to that. */
TEST(one_of_two_is_busy)
{
	int fd = file_make(N);
	uint64_t pfn[N];
	struct peer peer;
	char *p, *q;

	p = map_file(fd, N);
	q = map_file(fd, N);
	mark(p, N);
	peer = peer_start(lock_step, p);
	ASSERT_EQ(0, peer_step(&peer, 0));
	ASSERT_EQ(0, mlock(p, N * PAGE) | mlock(q, N * PAGE));
	ASSERT_EQ(N, pfns_of(0, p, N, pfn));
	trace_start("munlock_walk");
	ASSERT_EQ(0, munlock(q, N * PAGE));
	trace_stop();
	EXPECT_EQ(N, traced("munlock_walk", "hit=1", pfn, N));
	EXPECT_EQ(N, traced("munlock_walk", "trylock_failed=1", pfn, N));
	EXPECT_TRUE(pages_are(0, p, N, MARKED));
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, peer_end(&peer));
	munmap(p, N * PAGE);
	munmap(q, N * PAGE);
	drain();
	EXPECT_EQ(0, audit());
}

static char *again, *other;	/* two more mappings of the file that work has */

static void do_lock_twice(char *p, pid_t parent)
{
	int i;

	mlock(p, N * PAGE);
	mlock(again, N * PAGE);
	munlock(p, N * PAGE);
	for (i = 0; i < 20; i++)
		mprotect(other, PAGE, i % 2 ? RW : PROT_READ);
}

/* It may take what is not locked just then. */
static int look_reclaim(char *p) { return madvise(p, N * PAGE, MADV_POPULATE_READ) || reclaim_once(NULL, 0, p, N); }

/* And if it does not, the pages stay on their list, without a mark, for another time. */
TEST(mmap_lock_is_taken)
{
	int fd = file_make(N);
	char *p;

	swap_on();
	p = map_file(fd, N);
	again = map_file(fd, N);
	other = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mark(p, N);
	EXPECT_LT(0, meet(do_lock_twice, p, look_reclaim, "discover.busy"));
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_READ));
	EXPECT_EQ(0, audit_settle());
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_TRUE(pages_are(0, p, N, ON_A_LIST));
	EXPECT_EQ(N, marked(p, N));
}

TEST_HARNESS_MAIN
