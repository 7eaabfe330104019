// SPDX-License-Identifier: GPL-2.0
/* A task that nobody lets go from a sync point goes on when its time is up, and the kernel complains: such a test fails. */
#include "race.h"
#include "kselftest_harness.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

UMLOCK(.claims = "P22", .timeout = 30, .warn = "__mlock_sync");
NEEDS("sync");

TEST(goes_on_by_itself)
{
	char *p = map_marked(1, MAP_LOCKED);

	ASSERT_EQ(0, instrument("sync/munlock.flags_cleared", "arm pid=%d timeout_ms=100", getpid()));
	trace_start("sync");
	ASSERT_EQ(0, munlock(p, PAGE));
	trace_stop();
	EXPECT_EQ(1, traced("sync", "action=timeout", NULL, 0));
	ASSERT_EQ(0, instrument_read("sync/munlock.flags_cleared"));
	EXPECT_EQ(0, strncmp(instrument_text(), "timeout\n", 8));
}

TEST_HARNESS_MAIN
