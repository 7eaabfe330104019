// SPDX-License-Identifier: GPL-2.0
/*
 * Races of mlock and of SHM_UNLOCK with truncation, migration, KSM and a fault, each stopped in the middle. What comes of it is
 * the state behind each table, for all policies alike, and the audit has nothing to say. See docs/races.md.
 */
#include "race.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

UMLOCK(.claims = "R9 R13 R15 R19 R22", .timeout = 60, .swap = "64M");
NEEDS("sync");

RACES();

/* There is no page to bring in any more. */
static int locks_nothing(void)
{
	int err = locks();

	return err == -ENOMEM ? 0 : err ?: -EEXIST;
}

/* R9: locked while truncation has it unmapped, but not yet taken from the file. */
TEST_F(race, truncate_and_mlock)
{
	static const struct row rows[] = {
		{ .B = DO(maps_file) },
		{ .A = UPTO(truncates, "trunc.unmapped") },
		{ .B = DO(locks_nothing) },
		{ .A = GO },
	};
	uint64_t pfn;

	ASSERT_TRUE(race(rows));
	drain();
	EXPECT_EQ(1, locked_vm(race_pid(ACTOR_B)));
	EXPECT_EQ(0, pfns_of(race_pid(ACTOR_B), AT, 1, &pfn));
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
	EXPECT_EQ(0, audit());
}

static int id;	/* of a segment of one page */

static int attaches(void) { return shmat(id, AT, SHM_REMAP) == AT ? madvise(AT, PAGE, MADV_POPULATE_WRITE) : -errno; }
static int shm_locks(void) { return shmctl(id, SHM_LOCK, NULL) ? -errno : 0; }
static int shm_unlocks(void) { return shmctl(id, SHM_UNLOCK, NULL) ? -errno : 0; }

/* R13: reclaim puts it aside, and it is evictable by then. */
TEST_F(race, put_back_and_shm_unlocked)
{
	static const struct row rows[] = {
		{ .B = DO(attaches) },
		{ .B = DO(shm_locks) },
		{ .A = UPTO(reclaims, "shrink.before_putback") },
		{ .B = DO(shm_unlocks) },
		{ .A = GO },
	};

	id = shm_make(1);
	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
}

/* R15: SHM_UNLOCK does not find it, as migration has it off its list. */
TEST_F(race, isolated_and_shm_unlocked)
{
	static const struct row rows[] = {
		{ .B = DO(attaches) },
		{ .B = DO(shm_locks) },
		{ .A = DO(reclaims) },
		{ .A = UPTO(migrates, "migrate.isolated") },
		{ .B = DO(shm_unlocks) },
		{ .A = GO },
	};

	id = shm_make(1);
	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
}

/* Two pages alike, of which KSM makes one. */
static int maps_two_and_locks(void)
{
	if (mmap(AT, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != AT)
		return -errno;
	memset(AT, 'k', 2 * PAGE);
	return mlock(AT, PAGE) || madvise(AT, 2 * PAGE, MADV_MERGEABLE) ? -errno : 0;
}

static int runs_ksm(void)
{
	return write_text("/sys/kernel/mm/ksm/sleep_millisecs", "1") ?: write_text("/sys/kernel/mm/ksm/run", "1");
}

/* R19: KSM is at it, and munlock waits for the mmap lock. */
TEST_F(race, merge_and_munlock)
{
	static const struct row rows[] = {
		{ .B = DO(maps_two_and_locks) },
		{ .A = HAVE("ksmd", runs_ksm, "ksm.replaced") },
		{ .B = WAITS(unlocks) },
		{ .A = GO },
		{ .B = ENDS },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, PLAIN, 0);
	ksm_unmerge();
}

static int maps_and_is_in_swap(void) { return maps() ?: cgroup_evict(&race_group, AT, 1) ? -EBUSY : 0; }

/* Through /proc, so that the fault is A's, in B's memory. */
static int reads_memory_of_B(void)
{
	char path[32], byte;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/mem", race_pid(ACTOR_B));
	fd = open(path, O_RDONLY);
	err = fd < 0 || pread(fd, &byte, 1, (long)AT) != 1 ? -errno : 0;
	close(fd);
	return err;
}

/* R22: a fault brings it in from swap, and mlock waits for the mmap lock. */
TEST_F(race, swap_in_and_mlock)
{
	static const struct row rows[] = {
		{ .B = DO(maps_and_is_in_swap) },
		{ .A = UPTO(reads_memory_of_B, "swapin.before_pte") },
		{ .B = WAITS(locks) },
		{ .A = GO },
		{ .B = ENDS },
	};

	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, LOCKED, 1);
}

TEST_HARNESS_MAIN
