// SPDX-License-Identifier: GPL-2.0
/*
 * SHM_LOCK of a page that reclaim is about to write to swap: shmem refuses to write it, with a warning, which the kernel without
 * our patches has as well. It stays in memory, and the next look puts it aside. See docs/races.md.
 */
#include "race.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>

UMLOCK(.claims = "R14", .timeout = 60, .swap = "64M", .warn = "shmem_writepage");
NEEDS("sync");

RACES();

static int id;	/* of a segment of one page */

/* A page that reclaim does not keep for having been used. */
static int attaches(void)
{
	return shmat(id, AT, SHM_REMAP) != AT || madvise(AT, PAGE, MADV_POPULATE_WRITE) || madvise(AT, PAGE, MADV_COLD) ? -errno : 0;
}

static int shm_locks(void) { return shmctl(id, SHM_LOCK, NULL) ? -errno : 0; }
static int takes_it_back(void) { return madvise(AT, PAGE, MADV_POPULATE_READ) ? -errno : 0; }

static bool it_is_not_written(void)
{
	return !instrument_read("reclaim") && !instrument_value("reclaimed") && !pages_swapped(race_pid(ACTOR_B), AT, 1);
}

/* R14 */
TEST_F(race, shm_lock_of_what_is_written_out)
{
	static const struct row rows[] = {
		{ .B = DO(attaches) },
		{ .A = UPTO(reclaims, "shrink.before_swap") },
		{ .B = DO(shm_locks) },
		{ .A = GO },
		{ .B = DO(takes_it_back), .then = THAT(it_is_not_written) },
		{ .A = DO(reclaims) },
	};

	id = shm_make(1);
	ASSERT_TRUE(race(rows));
	WITNESS_OF(&self->w, race_pid(ACTOR_B), AT, 1, UNEVICT, 1);
	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
}

TEST_HARNESS_MAIN
