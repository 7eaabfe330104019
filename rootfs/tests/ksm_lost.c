// SPDX-License-Identifier: GPL-2.0
/*
 * A page that KSM has made of two, and of which one mapping is in swap and in the swap cache still. KSM forgets that mapping when it
 * moves meanwhile, or at the next scan, which meets no page there; swap-in maps the same page again, and tells KSM nothing of it. From
 * there on the reverse map does not lead to that mapping, so nobody finds its lock. The kernel without our patches does the same: this
 * is what it does, not what it should. See docs/races.md.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

UMLOCK(.timeout = 30, .swap = "64M");
NEEDS("audit");

FIXTURE(lost) {
	char *here, *there;	/* a page that KSM has made of two; there it is in swap */
	int pipes[2];		/* who holds it keeps it in the swap cache */
};

FIXTURE_SETUP(lost)
{
	int i;

	swap_on();
	self->here = map_marked(1, 0);
	self->there = map_marked(1, 0);
	ASSERT_EQ(1, ksm_merge(self->here, self->there, 1));
	ASSERT_EQ(0, pipe(self->pipes));
	ASSERT_EQ((ssize_t)PAGE, vmsplice(self->pipes[1], &(struct iovec){ self->here, PAGE }, 1, 0));
	for (i = 0; i < 3 && !pages_swapped(0, self->there, 1); i++)
		ASSERT_EQ(0, reclaim_once(NULL, 0, self->there, 1));
	ASSERT_EQ(1, pages_swapped(0, self->there, 1));
}

FIXTURE_TEARDOWN(lost)
{
	ksm_unmerge();
	munmap(self->here, PAGE);
	close(self->pipes[0]);
	close(self->pipes[1]);
	EXPECT_EQ(0, audit());
}

/* It comes back there, and is locked: how many of its mappings the reverse map knows to be. What it does not know is named. */
static long lockers_found(char *there)
{
	uint64_t pfn;

	/* For a read: a write would make a copy of it. */
	if (marked(there, 1) != 1 || mlock2(there, PAGE, MLOCK_ONFAULT) || pfns_of(0, there, 1, &pfn) != 1 || folio_look(pfn))
		return -1;
	return instrument_value("lockers");
}

TEST_F(lost, by_a_move)
{
	char *to = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, to);
	ASSERT_EQ(to, mremap(self->there, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(0, lockers_found(to));
	EXPECT_EQ(0, audit());
	EXPECT_EQ(1, instrument_value("class forgotten"));
	/* Nothing else is wrong with it, and that goes with the mapping. */
	ASSERT_EQ(0, munmap(to, PAGE));
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, instrument_value("class forgotten"));
}

TEST_F(lost, by_a_scan)
{
	uint64_t pfn;

	/* There is nothing to merge: KSM looks, and meets no page there. */
	ksm_merge(self->here, self->there, 1);
	EXPECT_EQ(0, lockers_found(self->there));
	/* Nor does reclaim find what the reverse map does not. */
	EXPECT_EQ(0, audit_settle());
	EXPECT_EQ(0, audit());
	EXPECT_EQ(1, instrument_value("class forgotten"));
	/* The next scan finds it again, beside the other, which reclaim has taken from here. */
	ASSERT_EQ(1, marked(self->here, 1));
	ASSERT_EQ(1, ksm_merge(self->here, self->there, 1));
	ASSERT_EQ(1, pfns_of(0, self->there, 1, &pfn));
	ASSERT_EQ(0, folio_look(pfn));
	EXPECT_EQ(1, instrument_value("lockers"));
	EXPECT_EQ(0, audit_settle());
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, instrument_value("class forgotten"));
	ASSERT_EQ(0, munmap(self->there, PAGE));
}

TEST_HARNESS_MAIN
