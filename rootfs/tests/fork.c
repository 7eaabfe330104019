// SPDX-License-Identifier: GPL-2.0
/*
 * mlock across fork(2): the lock belongs to a mapping and not to the page, so a
 * child shares the parent's locked pages without locking them, and copy on
 * write has to leave the lock with the right copy. A page that both lock counts
 * once, and stays locked until the last of the two lets go.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

UMLOCK(.claims = "L8 U34 U36 U42", .timeout = 30);

#define N 64L

/* What the child does when told to: 0 or errno, or a number of pages. */
enum { MAP, LOOK, LOCK, UNLOCK, UNMAP, WRITE };
static int child_step(int n, void *p)
{
	switch (n) {
	case MAP:
		return madvise(p, N * PAGE, MADV_POPULATE_READ) ? errno : 0;
	case LOOK:
		return marked(p, N);
	case LOCK:
		return mlock(p, N * PAGE) ? errno : 0;
	case UNLOCK:
		return munlock(p, N * PAGE) ? errno : 0;
	case UNMAP:
		return munmap(p, N * PAGE) ? errno : 0;
	case WRITE:
		return madvise(p, N * PAGE, MADV_POPULATE_WRITE) ? errno : 0;
	}
	return ENOSYS;
}

/* How many of n pages in two processes are one and the same. */
static long same_pages(pid_t a, pid_t b, const void *p, long n)
{
	uint64_t of_a[N], of_b[N];
	long i, same = 0;

	pfns_of(a, p, n, of_a);
	pfns_of(b, p, n, of_b);
	for (i = 0; i < n; i++)
		same += of_a[i] && of_a[i] == of_b[i];
	return same;
}

/* Is a new mapping locked? */
static int maps_another(int n, void *arg)
{
	return mapping_of(0, map_marked(N, 0), N).lo;
}

FIXTURE(fork) {
	struct witness w;
	struct peer child;
	char *p;	/* N anonymous or shared pages, locked by the parent */
};
FIXTURE_VARIANT(fork) {
	int flags;
};
FIXTURE_VARIANT_ADD(fork, private) { .flags = MAP_PRIVATE | MAP_ANONYMOUS };
FIXTURE_VARIANT_ADD(fork, shared) { .flags = MAP_SHARED | MAP_ANONYMOUS };

FIXTURE_SETUP(fork)
{
	witness_start(&self->w);
	self->p = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, variant->flags, -1, 0);
	ASSERT_NE(MAP_FAILED, self->p);
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	mark(self->p, N);
	self->child = peer_start(child_step, self->p);
	/* fork() copies no page tables of a shared mapping: that is left to faults. */
	ASSERT_EQ(0, peer_step(&self->child, MAP));
	/* Not inherited, but shared, which does not touch the parent's lock. */
	ASSERT_EQ(N, same_pages(0, self->child.pid, self->p, N));
	EXPECT_EQ(0, mapping_of(self->child.pid, self->p, N).lo);
	EXPECT_EQ(0, locked_vm(self->child.pid));
	WITNESS(&self->w, self->p, N, LOCKED, N);
}

FIXTURE_TEARDOWN(fork)
{
	peer_end(&self->child);
}

TEST_F(fork, child_leaves)
{
	ASSERT_EQ(0, peer_step(&self->child, UNMAP));
	WITNESS(&self->w, self->p, N, LOCKED, N);
	ASSERT_EQ(0, peer_end(&self->child));
	WITNESS(&self->w, self->p, N, LOCKED, N);
}

TEST_F(fork, parent_unlocks)
{
	/* The child's mapping is none that keeps a page locked. */
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
	WITNESS_OF(&self->w, self->child.pid, self->p, N, PLAIN, 0);
	ASSERT_EQ(0, peer_end(&self->child));
}

TEST_F(fork, both_lock)
{
	bool shared = variant->flags & MAP_SHARED;

	/* Private pages: the child's mlock populates for writing, and so copies. */
	ASSERT_EQ(0, peer_step(&self->child, LOCK));
	ASSERT_EQ(shared ? N : 0, same_pages(0, self->child.pid, self->p, N));
	WITNESS(&self->w, self->p, N, LOCKED, shared ? N : 2 * N);
	WITNESS_OF(&self->w, self->child.pid, self->p, N, LOCKED, shared ? N : 2 * N);
	ASSERT_EQ(N, peer_step(&self->child, LOOK));

	/* One of two lets go: by munlock, or by unmapping. */
	ASSERT_EQ(0, peer_step(&self->child, UNLOCK));
	WITNESS(&self->w, self->p, N, LOCKED, N);
	ASSERT_EQ(0, peer_step(&self->child, LOCK));
	ASSERT_EQ(0, munmap(self->p, N * PAGE));
	WITNESS_OF(&self->w, self->child.pid, self->p, N, LOCKED, N);
	ASSERT_EQ(0, peer_end(&self->child));
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
}

TEST_F(fork, both_lock_both_exit)
{
	ASSERT_EQ(0, peer_step(&self->child, LOCK));
	ASSERT_EQ(0, peer_end(&self->child));
	WITNESS(&self->w, self->p, N, LOCKED, N);
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

TEST_F(fork, parent_writes)
{
	uint64_t before[N], after[N];
	bool shared = variant->flags & MAP_SHARED;

	pfns_of(0, self->p, N, before);
	ASSERT_EQ(0, madvise(self->p, N * PAGE, MADV_POPULATE_WRITE));
	pfns_of(0, self->p, N, after);
	/* A private page is copied; the copy is locked, the child's original no more. */
	EXPECT_EQ(shared, before[0] == after[0]);
	ASSERT_EQ(shared ? N : 0, same_pages(0, self->child.pid, self->p, N));
	WITNESS(&self->w, self->p, N, LOCKED, N);
	if (!shared)
		WITNESS_OF(&self->w, self->child.pid, self->p, N, PLAIN, N);
	ASSERT_EQ(N, marked(self->p, N));
	ASSERT_EQ(N, peer_step(&self->child, LOOK));
	ASSERT_EQ(0, peer_end(&self->child));
}

TEST_F(fork, child_writes)
{
	uint64_t before[N], after[N];

	pfns_of(0, self->p, N, before);
	ASSERT_EQ(0, peer_step(&self->child, WRITE));
	pfns_of(0, self->p, N, after);
	/* The copy is the child's and not locked; the parent keeps page and lock. */
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	WITNESS(&self->w, self->p, N, LOCKED, N);
	if (variant->flags & MAP_PRIVATE)
		WITNESS_OF(&self->w, self->child.pid, self->p, N, PLAIN, N);
	ASSERT_EQ(N, peer_step(&self->child, LOOK));
	ASSERT_EQ(0, peer_end(&self->child));
}

/* What is locked on fault, or in future, is so of one process: neither is inherited. */
TEST(flags_are_not_inherited)
{
	char *p = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct peer child;

	ASSERT_EQ(0, mlock2(p, N * PAGE, MLOCK_ONFAULT));
	ASSERT_EQ(0, mlockall(MCL_FUTURE));
	child = peer_start(maps_another, NULL);
	EXPECT_EQ(0, mapping_of(child.pid, p, N).lo);
	EXPECT_EQ(0, mapping_of(child.pid, p, N).lf);
	EXPECT_EQ(0, peer_step(&child, 0));
	EXPECT_EQ(0, locked_vm(child.pid));
	EXPECT_EQ(0, peer_end(&child));
	ASSERT_EQ(0, munlockall());
}

/* Copy on write without a fork: a locked private page of a file is written to. */
TEST(private_file)
{
	static char buf[N * PAGE];
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct witness w;
	char *p, *q;

	ASSERT_LE(0, fd);
	mark(buf, N);
	ASSERT_EQ((ssize_t)sizeof(buf), write(fd, buf, sizeof(buf)));
	witness_start(&w);
	p = mmap(NULL, N * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	q = mmap(NULL, N * PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_NE(MAP_FAILED, q);
	ASSERT_EQ(0, mlock(p, N * PAGE));
	/* The file's own pages are locked, though only one of two mappings says so. */
	WITNESS(&w, p, N, LOCKED, N);
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, N), census_of(0, q, N, 0).mlocked);
	/* mprotect of a locked private mapping copies at once. */
	ASSERT_EQ(0, mprotect(p, N * PAGE, PROT_READ | PROT_WRITE));
	WITNESS(&w, p, N, LOCKED, N);
	WITNESS(&w, q, N, PLAIN, N);
	ASSERT_EQ(N, marked(p, N));
	ASSERT_EQ(N, marked(q, N));
}

TEST_HARNESS_MAIN
