// SPDX-License-Identifier: GPL-2.0
/*
 * A ramfs file has nowhere to be written to, so its inode is unevictable from
 * creation to unlink: each page is, from the moment it is on the LRU, with no
 * mlock and no reclaim needed, and mlock can come and go without changing that.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

UMLOCK(.claims = "U2 U12 U15 U16 U81", .timeout = 30, .swap = "64M");

#define N 64L

FIXTURE(ramfs) {
	struct witness w;
	struct counters vm, mem;
	struct cgroup cg;
	int fd;
	char *p;	/* N pages of the file, mapped but not touched */
};

/* Every page of the file gets its number, by write(2). */
static bool fill(int fd)
{
	static char buf[N * PAGE];

	mark(buf, N);
	return pwrite(fd, buf, sizeof(buf), 0) == (ssize_t)sizeof(buf);
}

/* The mapping shows which pages the file has; reading populates no new ones. */
static void show(char *p, long n)
{
	if (madvise(p, n * PAGE, MADV_POPULATE_READ))
		die("MADV_POPULATE_READ", strerror(errno), "is the file that long?");
}

FIXTURE_SETUP(ramfs)
{
	swap_on();
	self->cg = cgroup_make("ramfs");
	cgroup_enter(&self->cg);
	ASSERT_TRUE(!mkdir("r", 0755) || errno == EEXIST);
	ASSERT_EQ(0, mount("ramfs", "r", "ramfs", 0, NULL));
	witness_start(&self->w);
	counters_take(&self->vm, "/proc/vmstat");
	counters_take(&self->mem, "/proc/meminfo");
	self->fd = open("r/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(fill(self->fd));
	self->p = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->p);
	show(self->p, N);
	WITNESS(&self->w, self->p, N, UNEVICT, N);
}

FIXTURE_TEARDOWN(ramfs)
{
	munmap(self->p, N * PAGE);
	close(self->fd);
	cgroup_enter(NULL);
	umount2("r", MNT_DETACH);
}

TEST_F(ramfs, survives_reclaim)
{
	long scanned = cgroup_stat(&self->cg, "pgscan");
	char *q = map_marked(N, 0);

	EXPECT_EQ(4 * N, counters_delta(&self->mem, "Unevictable"));
	EXPECT_EQ(0, counters_delta(&self->mem, "Mlocked"));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_culled"));
	EXPECT_EQ(N * (long)PAGE, cgroup_stat(&self->cg, "unevictable"));
	/* Neighbours that can go do: reclaim was there. */
	EXPECT_EQ(0, cgroup_evict(&self->cg, q, N));
	EXPECT_LE(N, cgroup_stat(&self->cg, "pgscan") - scanned);
	EXPECT_EQ(N, pages_swapped(0, q, N));
	WITNESS(&self->w, self->p, N, UNEVICT, N);
	EXPECT_EQ(N, marked(self->p, N));
}

TEST_F(ramfs, truncate_and_rewrite)
{
	/* Half the file gone is half the pages gone; the rest stays as it was. */
	ASSERT_EQ(0, ftruncate(self->fd, N / 2 * PAGE));
	WITNESS(&self->w, self->p, N / 2, UNEVICT, N / 2);
	ASSERT_EQ(0, ftruncate(self->fd, 0));
	drain();
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_unevictable"));
	/* The same inode makes new pages of the same kind. */
	ASSERT_TRUE(fill(self->fd));
	show(self->p, N);
	WITNESS(&self->w, self->p, N, UNEVICT, N);
	EXPECT_EQ(N, marked(self->p, N));
}

TEST_F(ramfs, mlock_comes_and_goes)
{
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, LOCKED_UNEVICT, N);
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, UNEVICT, N);
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_rescued"));
}

TEST_F(ramfs, unlink_releases)
{
	/* The name goes, the open file stays; only the last close ends it. */
	ASSERT_EQ(0, unlink("r/file"));
	WITNESS(&self->w, self->p, N, UNEVICT, N);
	ASSERT_EQ(0, munmap(self->p, N * PAGE));
	ASSERT_EQ(0, close(self->fd));
	drain();
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_unevictable"));
	EXPECT_EQ(0, counters_delta(&self->mem, "Unevictable"));
}

TEST_HARNESS_MAIN
