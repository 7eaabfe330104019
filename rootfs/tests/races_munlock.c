// SPDX-License-Identifier: GPL-2.0
/*
 * Races of who unlocks (B) with others that lock, unlock, unmap, truncate or reclaim the page, each stopped in the middle. What
 * comes of it is the state behind each table, for all policies alike unless it says so, and the audit has nothing to say. See
 * docs/races.md.
 */
#include "race.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

UMLOCK(.claims = "U56 U57 U72 U77 U79 U84 R11 R12 R16 R18 R21", .timeout = 60, .swap = "64M");
NEEDS("sync");

RACES();

/* R11: two who have it locked unlock it at once. */
TEST_F(race, two_munlocks)
{
	static const struct row both_walk[] = {
		{ .B = DO(maps_and_locks_file), .C = DO(maps_and_locks_file) },
		{ .C = UPTO(unlocks, "rmap.collected") },
		{ .B = UPTO(unlocks, "rmap.cleared") },
		{ .C = GO_AND_WAIT },
		{ .B = GO },
		{ .C = ENDS },
	};
	static const struct row both_queue[] = {
		{ .B = DO(maps_and_locks_file), .C = DO(maps_and_locks_file) },
		{ .A = DO(reclaims) },
		{ .C = UPTO(unmaps, "munmap.detached") },
		{ .B = UPTO(unlocks, "unpark.queued") },
		{ .C = GO_UPTO("zap.range_done") },
		{ .B = GO },
		{ .C = GO },
	};

	if (!policy_walks() && !policy_events(BY_MUNLOCK, "munlocked", 1))
		SKIP(return, "munlock queues nothing under this policy");
	ASSERT_TRUE(policy_walks() ? race(both_walk) : race(both_queue));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
}

/* R12: one locks it while another unlocks it. */
TEST_F(race, munlock_and_mlock)
{
	static const struct row walk[] = {
		{ .B = DO(maps_and_locks_file), .C = DO(maps_file) },
		{ .B = UPTO(unlocks, "rmap.cleared") },
		{ .C = DO(locks) },
		{ .B = GO },
	};
	static const struct row queue[] = {
		{ .B = DO(maps_and_locks_file), .C = DO(maps_file) },
		{ .B = UPTO(unlocks, "munlock.flags_cleared") },
		{ .C = DO(locks) },
		{ .B = GO },
	};

	ASSERT_TRUE(policy_walks() ? race(walk) : race(queue));
	WITNESS_OF(&self->w, race_pid(ACTOR_C), AT, 1, LOCKED, 1);
}

/* R16: the file loses the page between munlock of its mapping and munlock of the page. */
TEST_F(race, munlock_and_truncate)
{
	static const struct row rows[] = {
		{ .B = DO(maps_and_locks_file) },
		{ .A = DO(reclaims) },
		{ .B = UPTO(unlocks, "munlock.flags_cleared") },
		{ .A = DO(truncates) },
		{ .B = GO },
	};
	struct counters vm;

	counters_take(&vm, "/proc/vmstat");
	ASSERT_TRUE(race(rows));
	drain();
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
	EXPECT_EQ(self->w.nr_unevictable, vmstat("nr_unevictable"));
	EXPECT_EQ(0, audit());
	/* Freed with its mark, where that is counted by mapping: the flag that munlock has cleared was the last to tell. */
	EXPECT_EQ(policy_is_default(), counters_delta(&vm, "unevictable_pgs_cleared"));
}

#define MANY 64L	/* more than are unlocked at a time */

/* Pages of a file that KSM has made one of with others of the same process. Those of the file are locked. */
static int merged_file;

static int maps_merged_and_locks(void)
{
	char *others = AT + MANY * PAGE;

	if (mmap(AT, MANY * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, merged_file, 0) != AT ||
	    mmap(others, MANY * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != others)
		return -errno;
	mark(AT, MANY);
	mark(others, MANY);
	return ksm_merge(AT, others, MANY) == MANY ? mlock2(AT, MANY * PAGE, MLOCK_ONFAULT) ? -errno : 0 : -EBUSY;
}

static int unlocks_merged(void) { return munlock(AT, MANY * PAGE) ? -errno : 0; }
static int unmaps_merged(void) { return munmap(AT, MANY * PAGE) ? -errno : 0; }
static int truncates_merged(void) { return ftruncate(merged_file, 0) ? -errno : 0; }

/* The file loses them before munlock, or munmap, has come to them; each is mapped somewhere else still. */
TEST_F(race, munlock_and_truncate_merged)
{
	static const struct row at_munlock[] = {
		{ .B = DO(maps_merged_and_locks) },
		{ .B = UPTO(unlocks_merged, "munlock.flags_cleared") },
		{ .A = DO(truncates_merged) },
		{ .B = GO },
	};
	static const struct row at_munmap[] = {
		{ .B = DO(maps_merged_and_locks) },
		{ .B = UPTO(unmaps_merged, "rmap.collected") },
		{ .A = DO(truncates_merged) },
		{ .B = GO },
	};
	int i;

	for (i = 0; i <= policy_walks(); i++) {
		merged_file = file_make(MANY);
		ASSERT_TRUE(i ? race(at_munmap) : race(at_munlock));
		drain();
		EXPECT_EQ(MANY, census_of(race_pid(ACTOR_B), AT + MANY * PAGE, MANY, 0).present);
		/* Where a mark goes by mapping nobody takes it from those that are left: see docs/races.md, "what the unpatched kernel does". */
		EXPECT_EQ(policy_is_default() ? MANY : 0, vmstat("nr_mlock") - self->w.nr_mlock);
		/* And the audit names them: marked, on the unevictable list and counted, with nobody who locks them. */
		EXPECT_EQ(policy_is_default() ? 3 * MANY : 0, audit());
		EXPECT_EQ(policy_is_default() ? MANY : 0, instrument_value("class stale"));
		EXPECT_EQ(policy_is_default() ? MANY : 0, instrument_value("class stranded"));
		EXPECT_EQ(policy_is_default() ? MANY : 0, instrument_value("class overcount"));
		race_over();
		ksm_unmerge();
		close(merged_file);
	}
}

static int exits(void)
{
	_exit(0);
}

/* R18: who has it locked is on the way out, and reclaim meets it. */
TEST_F(race, exit_and_reclaim)
{
	static const struct row rows[] = {
		{ .B = DO(maps_and_locks_file), .C = DO(maps_file) },
		{ .B = UPTO(exits, "exit.before_unmap") },
		{ .A = DO(reclaims_from_C) },
		{ .B = GO_AND_LEAVE },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_C), AT, 1, PLAIN, 0);
}

static int maps_locked(char *at, long n)
{
	return mmap(at, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1, 0) == at ? 0 : -errno;
}

static int locks_many_and_forks(void)
{
	cgroup_enter(&race_group);
	return maps_locked(AT, MANY) ?: forks();
}

/* More than the group may have, so that it is killed. */
static int locks_too_much(void) { return maps_locked(AT + MANY * PAGE, 64 * MANY); }

/* The OOM reaper gives exit two seconds. The child alone has the page then, and not locked. */
static bool it_is_reaped(void)
{
	struct census seen = { 0 };
	int i;

	for (i = 0; i < 100 && seen.pss != PAGE; i++) {
		usleep(100000);
		seen = census_of(race_child(), AT + (MANY - 1) * PAGE, 1, ON_A_LIST);
	}
	return pages_are(race_child(), AT + (MANY - 1) * PAGE, 1, ON_A_LIST);
}

/* The OOM reaper takes mappings that exit has unlocked, and whose pages it has not come to: nobody asks for them any more. */
TEST_F(race, exit_and_the_reaper)
{
	static const struct row rows[] = {
		{ .B = DO(locks_many_and_forks) },
		{ .B = UPTO(locks_too_much, "rmap.collected"), .then = THAT(it_is_reaped) },
		{ .B = GO_AND_LEAVE },
	};

	if (!policy_walks())
		SKIP(return, "exit does not ask the reverse map under this policy");
	ASSERT_EQ(0, write_text(cgroup_file(&race_group, "memory.max"), "%ld", 16 * MANY * PAGE));
	ASSERT_TRUE(race(rows));
	drain();
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
	EXPECT_EQ(self->w.nr_unevictable, vmstat("nr_unevictable"));
	EXPECT_EQ(0, audit());
}

/* Another mapping of the process, for its mmap lock; of no page but that of zeros. */
static int locks_another(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED || mlock(p, PAGE) ? -errno : 0;
}

static uint64_t pfn;	/* to look at it while nobody gets the mmap lock of B */
static long busy;	/* how often reclaim could not get an mmap lock */

static bool it_is_there(void)
{
	busy = pages_with("discover.busy");
	return pfns_of(race_pid(ACTOR_B), AT, 1, &pfn) == 1;
}

/* Where reclaim has no mmap lock to mark it with, it stays; else it is where all go that reclaim has met. */
static bool it_is_tried_again(void)
{
	drain();
	return (pfn_flags(pfn) & PF_LOOK) == (policy_trylocks() ? ON_A_LIST : policy_look(LOCKED_MET)) &&
		(pages_with("discover.busy") > busy) == policy_trylocks();
}

/* R21: the mmap lock is in use while reclaim finds out that it is locked. */
TEST_F(race, mmap_lock_and_reclaim)
{
	static const struct row rows[] = {
		{ .B = DO(locks_what_is_in_swap), .then = THAT(it_is_there) },
		{ .B = UPTO(locks_another, "mlock.flags_set") },
		{ .A = DO(reclaims_the_group), .then = THAT(it_is_tried_again) },
		{ .B = GO },
		{ .A = DO(reclaims_the_group) },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, LOCKED_MET, 1);
}

/* Locked twice, and unlocked once: who unlocks has the mmap lock, so that nobody can mark for the lock that is left. */
static int locks_twice_and_unlocks_once(void)
{
	char *again = AT + MANY * PAGE;

	if (mmap(again, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, race_file, 0) != again || mlock(again, PAGE))
		return -errno;
	return maps_and_locks_file() ?: munlock(again, PAGE) ? -errno : 0;
}

/* As it was, neither moved to the active list nor counted as in use. */
static bool it_is_kept(void)
{
	return !instrument_read("reclaim") && instrument_value("kept") == 1 && instrument_value("activated") == 0;
}

/* The same of a page that another has mapped as well, by whom reclaim comes to it. */
TEST_F(race, mmap_lock_and_the_look_of_another)
{
	static const struct row rows[] = {
		{ .B = DO(locks_twice_and_unlocks_once), .C = DO(maps_file) },
		{ .B = UPTO(locks_another, "mlock.flags_set") },
		{ .A = DO(reclaims_from_C), .then = THAT(it_is_kept) },
		{ .B = GO },
		{ .A = DO(reclaims_from_C) },
	};

	if (!policy_trylocks())
		SKIP(return, "reclaim can always tell under this policy");
	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, LOCKED_MET, 1);
}

static int locks_and_reads_at_random(void)
{
	return locks_what_is_in_swap() ?: madvise(AT, PAGE, MADV_RANDOM) ? -errno : 0;
}

static bool it_has_no_place_in_swap(void)
{
	return !(pfn_flags(pfn) & PF_SWAPCACHE) && pages_with("discover.busy") == busy && pages_with("discover.swap") == 0;
}

/* The same, before it would get a place in swap: who cannot tell whether it is locked gives it none. */
TEST_F(race, mmap_lock_and_a_place_in_swap)
{
	static const struct row rows[] = {
		{ .B = DO(locks_and_reads_at_random), .then = THAT(it_is_there) },
		{ .B = UPTO(locks_another, "mlock.flags_set") },
		{ .A = DO(reclaims_the_group), .then = THAT(it_has_no_place_in_swap) },
		{ .B = GO },
		{ .A = DO(reclaims_the_group) },
	};

	if (!policy_trylocks())
		SKIP(return, "reclaim can always tell under this policy");
	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, LOCKED_MET, 1);
}

TEST_HARNESS_MAIN
