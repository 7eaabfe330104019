// SPDX-License-Identifier: GPL-2.0
/*
 * A page that KSM has made of two, that is in swap and in the swap cache still, and of which one mapping moves meanwhile: swap-in maps
 * it at the new place, which KSM does not know. From there on the reverse map does not lead to that mapping, so nobody finds its lock.
 * The kernel without our patches does the same: this is what it does, not what it should. See docs/races.md.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

UMLOCK(.timeout = 30, .swap = "64M");
NEEDS("audit");

TEST(a_move_in_swap_is_lost_to_the_reverse_map)
{
	char *here = map_marked(1, 0), *there = map_marked(1, 0), *to = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t pfn;
	int i, pipes[2];

	swap_on();
	ASSERT_NE(MAP_FAILED, to);
	ASSERT_EQ(1, ksm_merge(here, there, 1));
	/* Who holds it keeps it in the swap cache. */
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ((ssize_t)PAGE, vmsplice(pipes[1], &(struct iovec){ here, PAGE }, 1, 0));
	for (i = 0; i < 3 && !pages_swapped(0, there, 1); i++)
		ASSERT_EQ(0, reclaim_once(NULL, 0, there, 1));
	ASSERT_EQ(1, pages_swapped(0, there, 1));
	ASSERT_EQ(to, mremap(there, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	/* For a read: a write would make a copy of it. */
	ASSERT_EQ(1, marked(to, 1));
	ASSERT_EQ(0, mlock2(to, PAGE, MLOCK_ONFAULT));
	ASSERT_EQ(1, pfns_of(0, to, 1, &pfn));
	ASSERT_EQ(0, folio_look(pfn));
	EXPECT_EQ(1, instrument_value("mapcount"));
	EXPECT_EQ(0, instrument_value("lockers"));
	EXPECT_EQ(1, audit());
	EXPECT_EQ(1, instrument_value("class rmap"));

	/* Nothing else is wrong with it, and that goes with the mapping. */
	ASSERT_EQ(0, munmap(to, PAGE));
	close(pipes[0]);
	close(pipes[1]);
	EXPECT_EQ(0, audit());
}

TEST_HARNESS_MAIN
