// SPDX-License-Identifier: GPL-2.0
/*
 * Races of migration (A) with who locks, unlocks or unmaps the page (B, and C), each stopped in the middle. What comes of it is
 * the state behind each table, for all policies alike unless it says so, and the audit has nothing to say. See docs/races.md.
 */
#include "race.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

UMLOCK(.claims = "U41 U60 R4 R6 R7 R8 R20", .timeout = 60, .swap = "64M");
NEEDS("sync");

RACES();

/* It moved, and did not stay where it was for want of luck. */
static int moves(void) { return migrates() ?: instrument_value("moved") == 1 ? 0 : -EBUSY; }
static int moves_from_C(void) { return migrates_from_C() ?: instrument_value("moved") == 1 ? 0 : -EBUSY; }
static int cannot_move(void) { return migrates() ?: instrument_value("failed") == 1 ? 0 : -EBUSY; }

/* R4: munlock has queued it for the way back, and migration takes it before that. The queue finds that it has come too late. */
TEST_F(race, queued_and_claimed)
{
	static const struct row rows[] = {
		{ .B = DO(maps_and_locks_file), .C = DO(maps_file) },
		{ .A = DO(reclaims) },
		{ .A = UPTO(moves_from_C, "migrate.drained") },
		{ .B = UPTO(unlocks, "unpark.queued") },
		{ .A = GO_UPTO("migrate.isolated") },
		{ .B = GO },
		{ .A = GO },
	};

	if (policy_walks() || !policy_events(BY_MUNLOCK, "munlocked", 1))
		SKIP(return, "munlock queues nothing under this policy");
	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
}

/* R6: locked while it is on the move: mlock finds no page, and migration a mapping that is locked, or about to be. */
TEST_F(race, unmapped_and_mlocked)
{
	static const struct row rows[] = {
		{ .B = DO(maps) },
		{ .A = UPTO(moves, "migrate.unmapped") },
		{ .B = UPTO(locks, "mlock.walked") },
		{ .A = GO },
		{ .B = GO },
	};
	pid_t b;

	ASSERT_EQ(0, audit());	/* it asks after what was settled before, once */
	ASSERT_TRUE(race(rows));
	b = race_pid(ACTOR_B);
	drain();
	ASSERT_EQ(0, audit());
	/* Of count that is a finding: mlock has returned, and the page is as evictable as any until reclaim meets it. */
	EXPECT_EQ(!policy_walks(), instrument_value("class undiscovered"));
	EXPECT_TRUE(pages_are(b, AT, 1, policy_walks() ? PF_LRU | PF_UNEVICTABLE | PF_MLOCKED : ON_A_LIST));
	ASSERT_EQ(0, audit_settle());
	WITNESS_OF(&self->w, b, AT, 1, LOCKED_MET, 1);
}

/* R7: unlocked while it is on the move. */
TEST_F(race, unmapped_and_munlocked)
{
	static const struct row rows[] = {
		{ .B = DO(maps_and_locks) },
		{ .A = DO(reclaims) },
		{ .A = UPTO(moves, "migrate.unmapped") },
		{ .B = DO(unlocks) },
		{ .A = GO },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
}

/* R7, the other way round: munlock has begun, and has to wait for the page; what is still marked moves all the same. */
TEST_F(race, munlocked_and_unmapped)
{
	static const struct row rows[] = {
		{ .B = DO(maps_and_locks_file), .C = DO(maps_file) },
		{ .B = UPTO(unlocks, "munlock.flags_cleared") },
		{ .A = DO(moves_from_C) },
		{ .B = GO },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_C), AT, 1, PLAIN, 0);
}

/* What a pipe has cannot move. */
static int is_pinned(void)
{
	struct iovec page = { AT, PAGE };
	int fd[2];

	return pipe(fd) || vmsplice(fd[1], &page, 1, 0) != PAGE ? -errno : 0;
}

/* R8: unlocked while migration has it off its list, and has to put it back. */
TEST_F(race, isolated_and_munlocked)
{
	static const struct row rows[] = {
		{ .B = DO(maps_and_locks) },
		{ .B = DO(is_pinned) },
		{ .A = DO(reclaims) },
		{ .A = UPTO(cannot_move, "migrate.isolated") },
		{ .B = DO(unlocks) },
		{ .A = GO },
	};
	struct counters vm;

	counters_take(&vm, "/proc/vmstat");
	trace_start("isolate_fail");
	ASSERT_TRUE(race(rows));
	trace_stop();
	EXPECT_EQ(policy_flags(LOCKED_MET, PF_UNEVICTABLE, 1), traced("isolate_fail", "op=munlock", NULL, 0));
	EXPECT_EQ(0, traced("isolate_fail", "op=mlock", NULL, 0));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
	/* Unlocked where munlock cannot put it on another list: that is a count of its own. */
	EXPECT_EQ(policy_flags(LOCKED_MET, PF_UNEVICTABLE, 1), counters_delta(&vm, "unevictable_pgs_stranded"));
	EXPECT_EQ(policy_flags(LOCKED_MET, PF_MLOCKED, 1) - policy_flags(LOCKED_MET, PF_UNEVICTABLE, 1), counters_delta(&vm, "unevictable_pgs_munlocked"));
}

/* R20: the last mapping goes while migration has it off its list. */
TEST_F(race, isolated_and_unmapped)
{
	static const struct row rows[] = {
		{ .B = DO(maps_and_locks) },
		{ .A = DO(reclaims) },
		{ .A = UPTO(migrates, "migrate.isolated") },
		{ .B = DO(unmaps) },
		{ .A = GO },
	};
	struct counters vm;

	counters_take(&vm, "/proc/vmstat");
	ASSERT_TRUE(race(rows));
	drain();
	EXPECT_EQ(0, counters_delta(&vm, "unevictable_pgs_cleared"));
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
	EXPECT_EQ(self->w.nr_unevictable, vmstat("nr_unevictable"));
	EXPECT_EQ(0, audit());
}

TEST_HARNESS_MAIN
