// SPDX-License-Identifier: GPL-2.0
/*
 * SHM_LOCK makes the segment's file unevictable, not its pages: they move when
 * reclaim meets them, SHM_UNLOCK moves them back, and mlock is a second reason
 * to stay. Before this only the mode bit was tested (LTP's shmctl07).
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>

UMLOCK(.claims = "U3 U12 U15 U17 U18 U19 U20 U82", .timeout = 30, .swap = "64M");

#define N 64L

FIXTURE(shm_lock) {
	struct witness w;
	struct counters vm;
	struct cgroup cg;
	int id;
	char *p;	/* N pages, not yet touched */
};

FIXTURE_SETUP(shm_lock)
{
	swap_on();
	self->cg = cgroup_make("shm_lock");
	cgroup_enter(&self->cg);
	self->id = shm_make(N);
	self->p = shmat(self->id, NULL, 0);
	ASSERT_NE((char *)-1, self->p);
	witness_start(&self->w);
	counters_take(&self->vm, "/proc/vmstat");
}

FIXTURE_TEARDOWN(shm_lock)
{
	shmctl(self->id, IPC_RMID, NULL);
	cgroup_enter(NULL);
}

static int touch(char *p)
{
	int err = madvise(p, N * PAGE, MADV_POPULATE_WRITE);

	mark(p, N);
	return err;
}

/* All there is to find is the segment and the test's few own pages. */
static long reclaim(struct cgroup *cg)
{
	long before = cgroup_stat(cg, "pgscan");

	cgroup_reclaim(cg, 4 * N, 200);
	return cgroup_stat(cg, "pgscan") - before;
}

TEST_F(shm_lock, lock_then_touch)
{
	ASSERT_EQ(0, shmctl(self->id, SHM_LOCK, NULL));
	EXPECT_TRUE(shm_is_locked(self->id));
	EXPECT_EQ(0, census_of(0, self->p, N, 0).present);
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_shmem"));
	/* A page that is new to the LRU is put where it belongs at once. */
	ASSERT_EQ(0, touch(self->p));
	WITNESS(&self->w, self->p, N, UNEVICT, N);
	EXPECT_EQ(0, locked_vm(0));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_culled"));
}

TEST_F(shm_lock, touch_then_lock)
{
	ASSERT_EQ(0, touch(self->p));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
	ASSERT_EQ(0, shmctl(self->id, SHM_LOCK, NULL));
	/* Nothing moves but the bit, */
	WITNESS(&self->w, self->p, N, PLAIN, 0);
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_culled"));
	/* until reclaim comes by; */
	EXPECT_LE(N, reclaim(&self->cg));
	WITNESS(&self->w, self->p, N, UNEVICT, N);
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_culled"));
	EXPECT_EQ(N * (long)PAGE, cgroup_stat(&self->cg, "unevictable"));
	/* then they are out of its way: it finds less than before. */
	EXPECT_GT(N, reclaim(&self->cg));
	WITNESS(&self->w, self->p, N, UNEVICT, N);

	ASSERT_EQ(0, shmctl(self->id, SHM_UNLOCK, NULL));
	EXPECT_FALSE(shm_is_locked(self->id));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_scanned"));
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_rescued"));
	/* Unlocked means evictable: now they go, and come back whole. */
	EXPECT_EQ(0, cgroup_evict(&self->cg, self->p, N));
	EXPECT_EQ(N, marked(self->p, N));
}

TEST_F(shm_lock, also_mlocked)
{
	int round;

	ASSERT_EQ(0, shmctl(self->id, SHM_LOCK, NULL));
	ASSERT_EQ(0, touch(self->p));
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, LOCKED_UNEVICT, N);
	/* Scanned, and left where they are if the other reason has a mark: */
	ASSERT_EQ(0, shmctl(self->id, SHM_UNLOCK, NULL));
	EXPECT_EQ(policy_events(BY_SHM_UNLOCK, "scanned", N),
		  counters_delta(&self->vm, "unevictable_pgs_scanned"));
	EXPECT_EQ(policy_events(BY_SHM_UNLOCK, "rescued", N),
		  counters_delta(&self->vm, "unevictable_pgs_rescued"));
	WITNESS(&self->w, self->p, N, LOCKED, N);
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
	/* once, now or then. */
	EXPECT_EQ(N, counters_delta(&self->vm, "unevictable_pgs_rescued"));
	/* And the other way round: munlock does not undo SHM_LOCK. */
	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	ASSERT_EQ(0, shmctl(self->id, SHM_LOCK, NULL));
	ASSERT_EQ(0, munlock(self->p, N * PAGE));
	/* Pages that mlock has left with all the others wait for reclaim, active ones longer. */
	for (round = 0; policy_scans(LOCKED) && round < 5; round++)
		reclaim(&self->cg);
	WITNESS(&self->w, self->p, N, UNEVICT, N);
}

TEST_F(shm_lock, removed_while_locked)
{
	ASSERT_EQ(0, shmctl(self->id, SHM_LOCK, NULL));
	ASSERT_EQ(0, touch(self->p));
	ASSERT_EQ(0, shmctl(self->id, IPC_RMID, NULL));
	/* It lives until the last detach. */
	WITNESS(&self->w, self->p, N, UNEVICT, N);
	EXPECT_EQ(N, counters_delta(&self->vm, "nr_shmem"));
	ASSERT_EQ(0, shmdt(self->p));
	drain();
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_unevictable"));
	EXPECT_EQ(0, counters_delta(&self->vm, "nr_shmem"));
}

/* Locks twice what the limit allows at once: the first must be given back. */
static int lock_remove_lock(void *arg)
{
	int i, id;

	(void)arg;
	for (i = 0; i < 2; i++) {
		id = shm_make(N);
		if (shmctl(id, SHM_LOCK, NULL) || shmctl(id, IPC_RMID, NULL))
			return errno;
	}
	return 0;
}

/* The same, given back by SHM_UNLOCK. */
static int lock_unlock_lock(void *arg)
{
	int i, id, err = 0;

	(void)arg;
	for (i = 0; i < 2 && !err; i++) {
		id = shm_make(N);
		if (shmctl(id, SHM_LOCK, NULL) || shmctl(id, SHM_UNLOCK, NULL))
			err = errno;
		shmctl(id, IPC_RMID, NULL);
	}
	return err;
}

/* Locked twice, and given back once. */
static int lock_lock(void *arg)
{
	int id = shm_make(N), err = shmctl(id, SHM_LOCK, NULL) || shmctl(id, SHM_LOCK, NULL) ? errno : 0;

	(void)arg;
	shmctl(id, IPC_RMID, NULL);
	return err;
}

/* A page more than the limit: refused, and the mode says so. */
static int lock_more(void *arg)
{
	int id = shm_make(N + 1), err = shmctl(id, SHM_LOCK, NULL) ? errno : 0;

	(void)arg;
	if (err && shm_is_locked(id))
		err = EEXIST;
	shmctl(id, IPC_RMID, NULL);
	return err;
}

static const struct limit limits[] = {
	{ "removal gives the lock back", lock_remove_lock, N, 0 },
	{ "and so does SHM_UNLOCK", lock_unlock_lock, N, 0 },
	{ "a second lock is none", lock_lock, N, 0 },
	{ "over the limit", lock_more, N, ENOMEM },
	{ "up to the limit", lock_more, N + 1, 0 },
	{ "no right to lock at all", lock_more, 0, EPERM },
};

TEST_F(shm_lock, limits)
{
	EXPECT_LIMITS(limits, NULL);
}

TEST_HARNESS_MAIN
