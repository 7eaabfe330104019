// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that has to read as zero does, whoever had it before, and clearing is
 * skipped for pages that nobody had. The counters are those of
 * /sys/kernel/debug/um/zero_pages: `known`, pages that still read as zero for
 * certain, and `skipped`, clearings that were not made. Without the patch there
 * is no such file; with a bug in it, somebody's old bytes show up below.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

UMLOCK(.claims = "P6", .timeout = 60, .mem = "384M");

#define REGION (16UL << 20)
#define PAGES ((long)(REGION / PAGE))

#define zero_pages(key) counter("/sys/kernel/debug/um/zero_pages", key)
#define free_pages() (meminfo_kb("MemFree") / 4)

static char *fresh(size_t size, int flags)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* The offset of the first byte that is not zero, or -1. */
static long dirt(const void *at, size_t size)
{
	const uint64_t *w = at;

	for (size_t i = 0; i < size / sizeof(*w); i++)
		if (w[i])
			return i * sizeof(*w);
	return -1;
}

/*
 * Take all the memory but for 32 MiB, which must read as zero, write to it, and
 * give it back: afterwards nearly every free page is dirty.
 */
static void dirty_all(struct __test_metadata *_metadata)
{
	long size = (free_pages() - (32 << 8)) * PAGE;
	char *p;

	ASSERT_LT(16L << 20, size);
	p = fresh(size, MAP_POPULATE);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(-1, dirt(p, size));
	memset(p, 0xa5, size);
	ASSERT_EQ(0, munmap(p, size));
}

FIXTURE(zero_pages) {
	int unused;
};

FIXTURE_SETUP(zero_pages)
{
	make_free_pages_global();
	ASSERT_LE(0, zero_pages("known"));
}

FIXTURE_TEARDOWN(zero_pages) { }

/* First, while there is fresh memory: more than the free pages that somebody had, so that at least a region's worth is fresh. */
TEST_F(zero_pages, fresh_memory_is_skipped_once)
{
	long known = zero_pages("known"), skipped = zero_pages("skipped");
	long pages = free_pages() - known + 4 * PAGES;
	char *p;

	if (known < 6 * PAGES)
		SKIP(return, "only %ld pages known zero", known);
	p = fresh(pages * PAGE, MAP_LOCKED);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_LE(PAGES, zero_pages("skipped") - skipped);
	EXPECT_GE(known - (zero_pages("skipped") - skipped), zero_pages("known"));
	ASSERT_EQ(-1, dirt(p, pages * PAGE));
	memset(p, 0x5a, pages * PAGE);
	ASSERT_EQ(0, munmap(p, pages * PAGE));
}

/*
 * Memory that was handed out without being cleared counts as written: the pages of a file in memory, of a pipe, of copies on write.
 * Then all of it is asked for as zeroes.
 */
TEST_F(zero_pages, uncleared_allocations_count)
{
	long known = zero_pages("known"), pages = free_pages() - known + 2 * PAGES;
	static char a5[1 << 20];
	int fd, pipes[2], status;
	char *p;

	if (known < 6 * PAGES)
		SKIP(return, "only %ld pages known zero", known);
	memset(a5, 0xa5, sizeof(a5));
	fd = memfd_create("dirt", 0);
	ASSERT_LE(0, fd);
	for (long i = 0; i < pages; i += (long)(sizeof(a5) / PAGE))
		ASSERT_EQ((long)sizeof(a5), write(fd, a5, sizeof(a5)));
	EXPECT_GE(known - PAGES / 4, zero_pages("known"));
	ASSERT_EQ(0, pipe(pipes));
	fcntl(pipes[1], F_SETPIPE_SZ, sizeof(a5));
	ASSERT_LT(0, write(pipes[1], a5, 64 << 10));
	p = fresh(REGION / 2, MAP_POPULATE);
	ASSERT_NE(MAP_FAILED, p);
	if (!fork()) {
		memset(p, 0xa5, REGION / 2);
		_exit(0);
	}
	wait(&status);
	ASSERT_EQ(0, munmap(p, REGION / 2));
	close(fd);
	close(pipes[0]);
	close(pipes[1]);

	p = fresh((pages + PAGES) * PAGE, MAP_LOCKED);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-1, dirt(p, (pages + PAGES) * PAGE));
	ASSERT_EQ(0, munmap(p, (pages + PAGES) * PAGE));
}

/* Memory that went round is never skipped again. */
TEST_F(zero_pages, a_recycled_region_is_cleared)
{
	long skipped, known;
	char *p;

	for (int i = 0; i < 8 && zero_pages("known") > PAGES / 2; i++)
		dirty_all(_metadata);
	known = zero_pages("known");
	skipped = zero_pages("skipped");
	p = fresh(REGION, MAP_LOCKED);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(-1, dirt(p, REGION));
	/* no more than what was still fresh, each page once */
	EXPECT_EQ(known - zero_pages("known") >= zero_pages("skipped") - skipped, 1);
	EXPECT_GE(known, zero_pages("known"));
	EXPECT_GE(PAGES / 2, zero_pages("skipped") - skipped);
	ASSERT_EQ(0, munmap(p, REGION));
}

/* A page that is read only, allocated unzeroed, or given back unwritten: "known" never rises. */
TEST_F(zero_pages, known_only_falls)
{
	long known = zero_pages("known");

	for (int i = 0; i < 4; i++) {
		char *p = fresh(REGION, MAP_LOCKED);

		ASSERT_NE(MAP_FAILED, p);
		ASSERT_EQ(0, munmap(p, REGION));
		ASSERT_GE(known, zero_pages("known"));
		known = zero_pages("known");
	}
}

/* All the ways by which user space gets at pages that must be zero, after everything was dirtied. */
TEST_F_TIMEOUT(zero_pages, dirty_memory_comes_back_zero, 50)
{
	static char page[PAGE], zero[PAGE];
	int fd, id, pipes[2], status;
	char *p, *q;

	dirty_all(_metadata);

	p = fresh(REGION, MAP_LOCKED);				/* populated by the kernel */
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-1, dirt(p, REGION));

	q = fresh(REGION / 4, 0);				/* user faults: read first, then write */
	ASSERT_NE(MAP_FAILED, q);
	for (size_t i = 0; i < REGION / 4; i += PAGE) {
		ASSERT_EQ(0, q[i + 8]);
		q[i] = 1;
	}
	for (size_t i = 0; i < REGION / 4; i += PAGE)
		q[i] = 0;
	EXPECT_EQ(-1, dirt(q, REGION / 4));

	ASSERT_EQ(0, madvise(p, REGION, MADV_DONTNEED_LOCKED));	/* thrown away, faulted again */
	EXPECT_EQ(-1, dirt(p, REGION));
	ASSERT_EQ(0, munmap(p, REGION));

	fd = memfd_create("holes", 0);				/* a file in memory: holes, a short write, a mapping */
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, REGION));
	ASSERT_EQ(3, pwrite(fd, "abc", 3, 5 * PAGE));
	ASSERT_EQ((long)PAGE, pread(fd, page, PAGE, 5 * PAGE));
	EXPECT_EQ(0, memcmp(page, "abc", 3));
	EXPECT_EQ(0, memcmp(page + 3, zero, PAGE - 3));
	p = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-1, dirt(p, 5 * PAGE));
	EXPECT_EQ(-1, dirt(p + 6 * PAGE, REGION - 6 * PAGE));
	ASSERT_EQ(0, fallocate(fd, 0, 0, REGION));
	for (size_t i = 6 * PAGE; i < REGION; i += PAGE) {
		ASSERT_EQ((long)PAGE, pread(fd, page, PAGE, i));
		ASSERT_EQ(0, memcmp(page, zero, PAGE));
	}
	ASSERT_EQ(0, munmap(p, REGION));
	close(fd);

	id = shmget(IPC_PRIVATE, REGION / 4, IPC_CREAT | 0600);
	if (id >= 0) {
		p = shmat(id, NULL, 0);
		ASSERT_NE((void *)-1, p);
		EXPECT_EQ(-1, dirt(p, REGION / 4));
		shmdt(p);
		shmctl(id, IPC_RMID, NULL);
	}

	ASSERT_EQ(0, pipe(pipes));				/* a pipe's pages are not cleared, and must not leak */
	for (int i = 0; i < 64; i++) {
		ASSERT_EQ(100, write(pipes[1], zero, 100));
		memset(page, 0xff, PAGE);
		ASSERT_EQ(100, read(pipes[0], page, PAGE));
		ASSERT_EQ(0, memcmp(page, zero, 100));
	}

	if (!fork()) {						/* copy on write, and a stack and heap of one's own */
		char stack[64 * PAGE];

		memset(q, 1, REGION / 4);
		memset(stack, 1, sizeof(stack));
		p = calloc(1, 1 << 20);
		_exit(!p || dirt(p, 1 << 20) != -1);
	}
	wait(&status);
	EXPECT_EQ(0, status);
	EXPECT_EQ(-1, dirt(q, REGION / 4));
}

TEST_HARNESS_MAIN
