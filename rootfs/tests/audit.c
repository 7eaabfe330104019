// SPDX-License-Identifier: GPL-2.0
/*
 * The audit agrees with the kernel in every state that the kernel is in by right, and counts what is there: how many pages
 * are locked by the page tables (truth), how many bear the mark, how many are locked and not discovered. That it finds what
 * is wrong is shown in audit_faults.c.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

UMLOCK(.claims = "U5 U6 U42 P15", .timeout = 60, .swap = "128M", .mem = "320M");
NEEDS("audit");

#define N 64L
#define RW (PROT_READ | PROT_WRITE)

FIXTURE(audit) {
	struct cgroup cg;
	struct peer peer;
};

FIXTURE_SETUP(audit)
{
	swap_on();
	self->cg = cgroup_make("audit");
	cgroup_enter(&self->cg);
}

FIXTURE_TEARDOWN(audit)
{
	peer_end(&self->peer);
	cgroup_enter(NULL);
}

/* Is all well, with so many pages locked and, of them, so many to be discovered and so many marked? What was expected is printed if not. */
static bool sound(const char *sentence, long truth, long undiscovered, long marked)
{
	long bad;
	bool good;

	settle();
	bad = audit();
	if (bad < 0) {
		printf("# %s: audit: %s\n", sentence, strerror(-bad));
		return false;
	}
	good = !bad && instrument_value("truth") == truth && instrument_value("class undiscovered") == undiscovered &&
		instrument_value("mlocked") == instrument_value("nr_mlock") &&
		instrument_value("unevictable") == instrument_value("nr_unevictable") &&
		instrument_value("mlocked") == marked;
	if (!good)
		printf("# %s: %ld pages locked, %ld undiscovered, %ld marked expected, and no violation:\n%s", sentence, truth,
		       undiscovered, marked, instrument_text());
	return good;
}

/* Pages of that state which are undiscovered: not marked, and not on the unevictable list for the sake of their file either. */
#define UNMARKED(state, n) (policy_flags(state, PF_UNEVICTABLE, n) ? 0 : (n) - policy_flags(state, PF_MLOCKED, n))
#define SOUND(sentence, n, state) EXPECT_TRUE(sound(sentence, n, UNMARKED(state, n), policy_flags(state, PF_MLOCKED, n)))

TEST_F(audit, anonymous)
{
	char *p;

	SOUND("nothing", 0, LOCKED);
	p = map_marked(N, 0);
	SOUND("plain pages", 0, LOCKED);
	ASSERT_EQ(0, mlock(p, N * PAGE));
	SOUND("mlock", N, LOCKED);
	ASSERT_EQ(0, munlock(p, N / 2 * PAGE));
	SOUND("munlock of a half", N / 2, LOCKED);
	ASSERT_EQ(0, munmap(p + N / 2 * PAGE, N / 2 * PAGE));
	SOUND("munmap of the other", 0, LOCKED);
	ASSERT_EQ(0, mlockall(MCL_FUTURE));
	p = map_marked(N, 0);
	ASSERT_EQ(0, munlockall());
	SOUND("munlockall", 0, LOCKED);
	ASSERT_EQ(0, mlock2(p, N * PAGE, MLOCK_ONFAULT));
	ASSERT_EQ(0, mprotect(p, N * PAGE, PROT_NONE));
	SOUND("PROT_NONE", N, LOCKED);
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_DONTNEED_LOCKED));
	SOUND("MADV_DONTNEED_LOCKED", 0, LOCKED);
}

TEST_F(audit, swap)
{
	char *p = map_marked(N, 0);
	long found;

	ASSERT_EQ(0, cgroup_evict(&self->cg, p, N));
	SOUND("in swap", 0, LOCKED);
	ASSERT_EQ(0, mlock2(p, N * PAGE, MLOCK_ONFAULT));
	SOUND("locked there", 0, LOCKED);
	EXPECT_EQ(N, instrument_value("nonresident"));
	ASSERT_EQ(0, mlock(p, N * PAGE));
	SOUND("locked, and back", N, LOCKED_SWAPIN);
	EXPECT_EQ(0, instrument_value("nonresident"));
	/* What is undiscovered is so until somebody looks: with that done, it has to be discovered. */
	ASSERT_EQ(0, audit_settle());
	found = N - UNMARKED(LOCKED_MET, N);
	EXPECT_TRUE(sound("settled", N, N - found, found));
	EXPECT_EQ(1, instrument_value("settled"));
	ASSERT_EQ(0, cgroup_reclaim(&self->cg, 4 * N, 200) == -EAGAIN ? 0 : 1);
	SOUND("after reclaim", N, LOCKED_MET);
}

/* A second process with the same pages: what it does when told to. */
enum { LOCK, UNLOCK, WRITE };
static int step(int n, void *p)
{
	switch (n) {
	case LOCK:
		return mlock(p, N * PAGE) ? errno : 0;
	case UNLOCK:
		return munlock(p, N * PAGE) ? errno : 0;
	}
	return madvise(p, N * PAGE, MADV_POPULATE_WRITE) ? errno : 0;
}

TEST_F(audit, shared)
{
	char *p = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	self->peer = peer_start(step, p);
	ASSERT_EQ(0, peer_step(&self->peer, LOCK));
	SOUND("one of two locks", N, LOCKED);
	ASSERT_EQ(0, mlock(p, N * PAGE));
	SOUND("both lock", N, LOCKED);
	ASSERT_EQ(0, migrate_once(0, p, N));
	SOUND("moved while both lock", N, LOCKED);
	ASSERT_EQ(0, peer_step(&self->peer, UNLOCK));
	SOUND("one is left", N, LOCKED);
	ASSERT_EQ(0, peer_end(&self->peer));
	SOUND("alone", N, LOCKED);
}

TEST_F(audit, copy_on_write)
{
	char *p = map_marked(N, MAP_LOCKED);

	self->peer = peer_start(step, p);
	SOUND("a child has the pages", N, LOCKED);
	ASSERT_EQ(0, peer_step(&self->peer, WRITE));
	SOUND("its own", N, LOCKED);
	ASSERT_EQ(0, peer_step(&self->peer, LOCK));
	SOUND("locked, too", 2 * N, LOCKED);
	kill(self->peer.pid, SIGKILL);
	ASSERT_EQ(-SIGKILL, peer_end(&self->peer));
	SOUND("it is killed", N, LOCKED);
}

TEST_F(audit, unevictable_files)
{
	static char buf[N * PAGE];
	int id = shm_make(N), fd, pipes[2];
	char *p = shmat(id, NULL, 0);

	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_WRITE));
	ASSERT_EQ(0, shmctl(id, SHM_LOCK, NULL));
	SOUND("SHM_LOCK", 0, LOCKED);
	cgroup_reclaim(&self->cg, 4 * N, 200);
	SOUND("met by reclaim", 0, LOCKED);
	ASSERT_EQ(0, mlock(p, N * PAGE));
	SOUND("and mlocked", N, LOCKED_UNEVICT);
	ASSERT_EQ(0, shmctl(id, SHM_UNLOCK, NULL));
	SOUND("SHM_UNLOCK", N, LOCKED);
	ASSERT_EQ(0, shmdt(p));
	SOUND("the segment is gone", 0, LOCKED);

	ASSERT_EQ(0, mkdir("r", 0755));
	ASSERT_EQ(0, mount("ramfs", "r", "ramfs", 0, NULL));
	fd = open("r/file", O_RDWR | O_CREAT, 0600);
	ASSERT_EQ((ssize_t)sizeof(buf), write(fd, buf, sizeof(buf)));
	SOUND("ramfs", 0, LOCKED);
	p = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_LOCKED, fd, 0);
	SOUND("and mlocked", N, LOCKED_UNEVICT);
	ASSERT_EQ(0, ftruncate(fd, 0));
	SOUND("truncated under the lock", 0, LOCKED);
	/* Of a page that a pipe holds still, truncation leaves no trace but its flags: it is nobody's, and nothing to complain about. */
	ASSERT_EQ(0, ftruncate(fd, sizeof(buf)));
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_WRITE));
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ((ssize_t)PAGE, vmsplice(pipes[1], &(struct iovec){ p, PAGE }, 1, 0));
	ASSERT_EQ(0, ftruncate(fd, 0));
	SOUND("truncated while a pipe holds it", 0, LOCKED);
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
	munmap(p, N * PAGE);
	umount2("r", MNT_DETACH);
}

/* A group that is removed leaves its pages behind, charged to what is no longer there to see. */
TEST_F(audit, removed_group)
{
	struct cgroup cg = cgroup_make("removed");
	char *p;

	cgroup_enter(&cg);
	p = map_marked(N, MAP_LOCKED);
	cgroup_enter(&self->cg);
	SOUND("locked in another group", N, LOCKED);
	ASSERT_EQ(0, cgroup_remove(&cg));
	SOUND("the group is removed", N, LOCKED);
	ASSERT_EQ(0, munlock(p, N * PAGE));
	SOUND("and then munlock", 0, LOCKED);
}

static int lock_and_unlock(int n, void *p)
{
	while (!mlock(p, N * PAGE) && !munlock(p, N * PAGE) && !madvise(p, N * PAGE, MADV_DONTNEED))
		;
	return errno;
}

/* It would rather say nothing than something that was true at no moment. */
TEST_F(audit, while_others_work)
{
	char *p = map_marked(N, 0);
	long n, busy = 0, bad;
	int i, go = 0;

	self->peer = peer_start(lock_and_unlock, p);
	ASSERT_EQ((ssize_t)sizeof(go), write(self->peer.to, &go, sizeof(go)));
	for (i = 0; i < 20; i++) {
		bad = instrument_read("audit");
		n = bad ? 0 : instrument_value("violations");
		EXPECT_TRUE(!bad || bad == -EAGAIN);
		EXPECT_EQ(0, n) {
			TH_LOG("%s", instrument_text());
		}
		busy += !!bad;
	}
	TH_LOG("%ld of 20 audits gave up", busy);
	kill(self->peer.pid, SIGKILL);
	ASSERT_EQ(-SIGKILL, peer_end(&self->peer));
	SOUND("afterwards", 0, LOCKED);
}

TEST_F(audit, words)
{
	EXPECT_EQ(-EINVAL, instrument("audit", "x"));
	EXPECT_EQ(-EINVAL, instrument("audit", "settle more"));
	ASSERT_EQ(0, instrument("audit", "settle"));
	ASSERT_EQ(0, instrument_read("audit"));
	/* Its last line is the verdict. */
	EXPECT_STREQ("violations 0\n", strrchr(instrument_text(), 'v'));
}

/* How long it takes, for the record: no figure is right on every machine. */
TEST_F(audit, time)
{
	struct timespec from, to;
	long big = 128L << 8;
	char *p = map_marked(big, MAP_LOCKED);

	clock_gettime(CLOCK_MONOTONIC, &from);
	SOUND("128 MiB", big, LOCKED);
	clock_gettime(CLOCK_MONOTONIC, &to);
	TH_LOG("one audit, 128 MiB locked: %ld ms", (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000);
	ASSERT_EQ(0, munmap(p, big * PAGE));
}

TEST_HARNESS_MAIN
