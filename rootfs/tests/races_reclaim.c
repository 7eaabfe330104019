// SPDX-License-Identifier: GPL-2.0
/*
 * Races of reclaim (A) with who has the page mapped (B, and C), each stopped in the middle. What comes of it is the state behind
 * each table, for all policies alike unless it says so, and the audit has nothing to say. See docs/races.md.
 */
#include "race.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

UMLOCK(.claims = "U27 U44 U58 U69 R1 R2 R3 R5 R10 R13 R17", .timeout = 60, .swap = "64M");
NEEDS("sync");

RACES();

static bool parks(void) { return policy_flags(LOCKED_MET, PARKED, 1) && !policy_flags(LOCKED_MET, PF_LRU, 1); }

/* R1: what reclaim has found out is so no longer when it acts on it. */
TEST_F(race, discovered_and_munlocked)
{
	static const struct row rows[] = {
		{ .B = DO(locks_what_is_in_swap) },
		{ .A = UPTO(reclaims, "shrink.discovered") },
		{ .B = WAITS_TO_WALK(unlocks) },
		{ .A = GO },
		{ .B = ENDS_THE_WALK },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
}

/* R2: it is parked, and fetched back before the parker looks again. */
TEST_F(race, parked_and_munlocked)
{
	static const struct row rows[] = {
		{ .B = DO(locks_what_is_in_swap) },
		{ .A = UPTO(reclaims, "shrink.parked") },
		{ .B = DO(unlocks) },
		{ .B = DO(empties_batches) },
		{ .A = GO },
	};

	if (!parks())
		SKIP(return, "nothing is parked under this policy");
	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
}

/* R3: the same, and who has locked it is gone. */
TEST_F(race, parked_and_exited)
{
	static const struct row rows[] = {
		{ .B = DO(locks_what_is_in_swap) },
		{ .A = UPTO(reclaims_the_group, "shrink.parked") },
		{ .B = KILLED },
		{ .A = GO },
	};
	struct counters vm;

	if (!parks())
		SKIP(return, "nothing is parked under this policy");
	counters_take(&vm, "/proc/vmstat");
	ASSERT_TRUE(race(rows));
	drain();
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&vm, "unevictable_pgs_cleared"));
	EXPECT_EQ(0, audit());
}

/* R5: locked while reclaim has it off its list. */
TEST_F(race, isolated_and_mlocked)
{
	static const struct row rows[] = {
		{ .B = DO(maps) },
		{ .A = UPTO(reclaims, "shrink.isolated") },
		{ .B = DO(locks) },
		{ .A = GO },
	};
	uint64_t pfn;

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, LOCKED_MET, 1);
	ASSERT_EQ(1, pfns_of(race_pid(ACTOR_B), AT, 1, &pfn));
	ASSERT_EQ(0, folio_look(pfn));
	/* The mark is counted when it is put on the list; who came before that is not. */
	EXPECT_EQ(0, instrument_value("mlock_count"));
}

/* It is met while mlock has set the flag and not come to the page yet: it is counted once. */
TEST_F(race, half_mlocked_and_met)
{
	static const struct row rows[] = {
		{ .B = DO(maps) },
		{ .B = UPTO(locks, "mlock.flags_set") },
		{ .A = DO(reclaims_the_group) },
		{ .B = GO },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, LOCKED, 1);
}

/* R10: one of two locks goes while it is off its list, and nobody can tell that there is another. */
TEST_F(race, isolated_and_one_of_two_munlocks)
{
	static const struct row rows[] = {
		{ .B = DO(maps_file), .C = DO(maps_file) },
		{ .A = UPTO(reclaims, "shrink.before_putback") },
		{ .B = DO(locks), .C = DO(locks) },
		{ .B = DO(unlocks) },
		{ .A = GO },
	};
	pid_t c;

	ASSERT_EQ(0, audit());	/* it asks after what was settled before, once */
	ASSERT_TRUE(race(rows));
	c = race_pid(ACTOR_C);
	drain();
	ASSERT_EQ(0, audit());
	EXPECT_TRUE(pages_are(c, AT, 1, ON_A_LIST));
	EXPECT_EQ(1, instrument_value("class undiscovered"));
	/* Reclaim finds it. */
	ASSERT_EQ(0, audit_settle());
	WITNESS_OF(&self->w, c, AT, 1, LOCKED_MET, 1);
}

/* R13: it goes back to where it does not belong any more. */
TEST_F(race, put_back_and_munlocked)
{
	static const struct row rows[] = {
		{ .B = DO(locks_what_is_in_swap) },
		{ .A = UPTO(reclaims, "shrink.before_putback") },
		{ .B = DO(unlocks) },
		{ .A = GO },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
}

/* R17: who has locked it gets a copy; the child has the page that reclaim has found locked, and no lock. */
TEST_F(race, discovered_and_copied)
{
	static const struct row rows[] = {
		{ .B = DO(locks_what_is_in_swap) },
		{ .B = DO(forks) },
		{ .A = UPTO(reclaims, "shrink.discovered") },
		{ .B = WAITS_TO_WALK(writes) },
		{ .A = GO },
		{ .B = ENDS_THE_WALK },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, LOCKED, 1);
}

static int locks_and_reads_at_random(void)
{
	return locks_what_is_in_swap() ?: madvise(AT, PAGE, MADV_RANDOM) ? -errno : 0;
}

static bool has_a_place_in_swap(void)
{
	uint64_t pfn;

	return pfns_of(race_pid(ACTOR_B), AT, 1, &pfn) == 1 && pfn_flags(pfn) & PF_SWAPCACHE;
}

/*
 * Not a race, but seen in the middle only: reclaim does not ask a mapping that is read at random whether it is locked, and gives
 * the page a place in swap for nothing. A finding of count; only who walks the reverse map before that does not.
 */
TEST_F(race, locked_and_a_place_in_swap)
{
	static const struct row rows[] = {
		{ .B = DO(locks_and_reads_at_random) },
		{ .A = UPTO(reclaims, "shrink.after_swap"), .then = THAT(has_a_place_in_swap) },
		{ .A = GO },
	};
	static const struct row asked[] = {
		{ .B = DO(locks_and_reads_at_random) },
		{ .A = DO(reclaims) },
	};

	ASSERT_TRUE(policy_walks() ? race(asked) : race(rows));
	EXPECT_EQ(!policy_flags(LOCKED_MET, PF_MLOCKED, 1), has_a_place_in_swap());
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, LOCKED_MET, 1);
}

TEST_HARNESS_MAIN
