// SPDX-License-Identifier: GPL-2.0
/* Each row happens as it says, and what comes of it is not what the test says: the table is in the report all the same. */
#include "race.h"
#include "kselftest_harness.h"

UMLOCK(.timeout = 10);

RACES();

TEST_F(race, unlocked_stays_locked)
{
	static const struct row rows[] = {
		{ .B = DO(maps_and_locks) },
		{ .A = DO(reclaims), .B = DO(unlocks) },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, LOCKED, 1);
}

TEST_HARNESS_MAIN
