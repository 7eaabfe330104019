// SPDX-License-Identifier: GPL-2.0
/*
 * Compaction takes parked pages (mlock_policy=lazy) as it takes those on a list, unless it is to leave unevictable ones alone, or
 * they are pinned. In a program of its own: what it finds to move depends on where earlier tests have left what.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

UMLOCK(.claims = "L12 D11 P18", .timeout = 30, .policies = "lazy");
NEEDS("audit");

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define CHUNK 16L	/* of locked neighbours, eight times as much free memory beside each */
#define LOCKED_PAGES 512L

/* How many of the locked pages compaction moves. */
static long compacted(char *p)
{
	static uint64_t was[9 * LOCKED_PAGES], now[9 * LOCKED_PAGES];
	long i, moved = 0;

	pfns_of(0, p, 9 * LOCKED_PAGES, was);
	compact();
	pfns_of(0, p, 9 * LOCKED_PAGES, now);
	for (i = 0; i < 9 * LOCKED_PAGES; i++)
		moved += was[i] != now[i];
	return moved;
}

/* Anonymous memory, or the page cache of a disk, whose pages are on the lists of files. */
FIXTURE(compaction) {
	int fd, allowed;
	char *p;	/* 9 * LOCKED_PAGES, one chunk of nine locked and parked, the others not there */
	char *above;	/* locked and parked too, with room between them */
	long nr_above, parked;
};
FIXTURE_VARIANT(compaction) {
	bool disk;
};
FIXTURE_VARIANT_ADD(compaction, anon) { .disk = false };
FIXTURE_VARIANT_ADD(compaction, disk) { .disk = true };

FIXTURE_SETUP(compaction)
{
	bool disk = variant->disk;
	long i;

	make_free_pages_global();
	drain();
	/*
	 * Compaction moves pages up, to blocks that are in part free: take all but 64 MiB, for which those above are mostly taken,
	 * and give most of it back once the pages are in what is left. What stays is parked, or the first run would gather it.
	 */
	self->nr_above = vmstat("nr_free_pages") - 16384;
	self->above = mmap(NULL, self->nr_above * PAGE, RW, ANON | MAP_LOCKED, -1, 0);
	ASSERT_NE(MAP_FAILED, self->above);
	self->allowed = compact_unevictable(0);
	self->fd = disk ? disk_open(9 * LOCKED_PAGES) : -1;
	self->p = mmap(NULL, 9 * LOCKED_PAGES * PAGE, RW, disk ? MAP_SHARED : ANON, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->p);
	ASSERT_EQ(0, madvise(self->p, 9 * LOCKED_PAGES * PAGE, MADV_POPULATE_WRITE));
	for (i = 0; i < 9 * LOCKED_PAGES; i += 9 * CHUNK)
		mark(self->p + i * PAGE, CHUNK);
	if (disk)
		fsync(self->fd);
	for (i = 0; i < 9 * LOCKED_PAGES; i += 9 * CHUNK) {
		ASSERT_EQ(0, mlock(self->p + i * PAGE, CHUNK * PAGE));
		ASSERT_EQ(0, disk ? fallocate(self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (i + CHUNK) * PAGE, 8 * CHUNK * PAGE) :
			     madvise(self->p + (i + CHUNK) * PAGE, 8 * CHUNK * PAGE, MADV_DONTNEED));
	}
	for (i = 0; i < self->nr_above - 64; i += 64)
		ASSERT_EQ(0, madvise(self->above + (i + 1) * PAGE, 63 * PAGE, MADV_DONTNEED_LOCKED));
	drain();
	ASSERT_EQ(0, audit_settle());
	ASSERT_EQ(0, audit());
	self->parked = vmstat("nr_mlock");
	ASSERT_LT(LOCKED_PAGES, self->parked);
}

FIXTURE_TEARDOWN(compaction)
{
	compact_unevictable(self->allowed);
	EXPECT_EQ(0, audit());
	munmap(self->above, self->nr_above * PAGE);
	munmap(self->p, 9 * LOCKED_PAGES * PAGE);
	if (self->fd >= 0)
		close(self->fd);
	drain();
	EXPECT_EQ(0, vmstat("nr_mlock"));
}

TEST_F(compaction, takes_them)
{
	struct iovec pinned = { self->p, CHUNK * PAGE };
	struct io_uring_params params = { 0 };
	uint64_t pfn[CHUNK], now[CHUNK];
	long moved, claimed, i;
	int ring = -1;

	EXPECT_EQ(0, compacted(self->p));
	EXPECT_EQ(self->parked, vmstat("nr_mlock"));
	compact_unevictable(1);
	/* What a driver has pinned stays where it is, and parked; of a file only the pages that are not are asked for. */
	if (!variant->disk) {
		ring = syscall(SYS_io_uring_setup, 1, &params);
		ASSERT_LE(0, ring);
		ASSERT_EQ(0, syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &pinned, 1));
	}
	ASSERT_EQ(CHUNK, pfns_of(0, self->p, CHUNK, pfn));
	trace_start("unpark");
	moved = compacted(self->p);
	trace_stop();
	claimed = traced("unpark", "how=claim_compact", NULL, 0);
	printf("# %ld parked pages, %ld claimed; of %ld, %ld moved\n", self->parked, claimed, LOCKED_PAGES, moved);
	EXPECT_LT(0, moved);
	EXPECT_LE(moved, claimed);
	EXPECT_EQ(self->parked - claimed, vmstat("nr_mlock"));
	EXPECT_EQ(0, vmstat("nr_isolated_anon"));
	EXPECT_EQ(0, vmstat("nr_isolated_file"));
	if (!variant->disk) {
		EXPECT_EQ(0, traced("unpark", NULL, pfn, CHUNK));
		ASSERT_EQ(CHUNK, pfns_of(0, self->p, CHUNK, now));
		EXPECT_EQ(0, memcmp(pfn, now, sizeof(pfn)));
		EXPECT_TRUE(pages_are(0, self->p, CHUNK, PARKED));
		close(ring);
	}
	for (i = 0; i < 9 * LOCKED_PAGES; i += 9 * CHUNK)
		EXPECT_EQ(CHUNK, marked(self->p + i * PAGE, CHUNK));
}

TEST_HARNESS_MAIN
