// SPDX-License-Identifier: GPL-2.0
/*
 * Each thing that locks, unlocks or moves pages, with its first allocation failing, its second, and so on until none fails any more.
 * It may do what was asked or not; but what is locked is marked, what is not is not, and when the mapping goes nothing is left.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

UMLOCK(.timeout = 60, .swap = "64M");
NEEDS("fail-nth");

#define N 16L
#define RW (PROT_READ | PROT_WRITE)
#define MOST 400	/* allocations of one of these: some ask a hundred times for a page that they can do without */

static char *p;		/* N pages, there; half of them locked */
static int knob;	/* the file of debugfs that is written to */

static void lock(void) { mlock(p, N * PAGE); }
static void lock_a_part(void) { mlock(p + PAGE, PAGE); }
static void lock_on_fault(void) { mlock2(p, N * PAGE, MLOCK_ONFAULT); }
static void unlock(void) { munlock(p, N * PAGE); }
static void unlock_a_part(void) { munlock(p + (N - 2) * PAGE, PAGE); }
static void lock_all(void) { mlockall(MCL_CURRENT); }
static void unlock_all(void) { munlockall(); }
static void map_over(void) { mmap(p + PAGE, (N - 2) * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1, 0); }
static void unmap_a_part(void) { munmap(p + (N - 2) * PAGE, PAGE); }
static void move(void) { mremap(p + N / 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p); }
static void protect_a_part(void) { mprotect(p + (N - 2) * PAGE, PAGE, PROT_READ); }
static void drop_locked(void) { madvise(p, N * PAGE, MADV_DONTNEED_LOCKED); }
static void page_out(void) { madvise(p, N * PAGE, MADV_PAGEOUT); }

/* The lock and the pages of who has it; the child writes to some. */
static void fork_and_write(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		madvise(p, N * PAGE, MADV_POPULATE_WRITE);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	else
		madvise(p, N * PAGE, MADV_POPULATE_WRITE);
}

static void segment(void)
{
	int id = shmget(IPC_PRIVATE, N * PAGE, IPC_CREAT | 0600);
	char *q = shmat(id, NULL, 0);

	shmctl(id, SHM_LOCK, NULL);
	if (q != (void *)-1)
		mlock(q, N * PAGE);
	shmctl(id, SHM_UNLOCK, NULL);
	shmctl(id, IPC_RMID, NULL);
	if (q != (void *)-1)
		shmdt(q);
}

/* The knobs: what they are told fits one write, and the file is open before anything fails. */
static void told(void)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d %#lx %#lx", getpid(), (long)p, N * PAGE);

	(void)!write(knob, text, n);
}

static const struct {
	const char *name, *knob;
	void (*run)(void);
} things[] = {
	{ "mlock", NULL, lock }, { "mlock of a page", NULL, lock_a_part }, { "mlock2", NULL, lock_on_fault }, { "munlock", NULL, unlock },
	{ "munlock of a page", NULL, unlock_a_part }, { "mlockall", NULL, lock_all }, { "munlockall", NULL, unlock_all },
	{ "MAP_LOCKED", NULL, map_over }, { "munmap of a page", NULL, unmap_a_part }, { "mremap", NULL, move },
	{ "mprotect", NULL, protect_a_part }, { "DONTNEED_LOCKED", NULL, drop_locked }, { "PAGEOUT", NULL, page_out },
	{ "fork", NULL, fork_and_write }, { "a segment", NULL, segment }, { "the knob migrate", "migrate", told },
	{ "the knob reclaim", "reclaim", told }, { "the knob audit", "audit", told },
};

TEST(each_allocation_of_each_thing)
{
	long locked = vmstat("nr_mlock"), failed = 0, free = 0;
	unsigned int i;
	int n, left;

	swap_on();
	for (i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		for (n = 1, left = 0; n < MOST && !left; n++) {
			char path[64];

			p = map_marked(N, 0);
			ASSERT_EQ(0, mlock(p + N / 2 * PAGE, N / 2 * PAGE));
			snprintf(path, sizeof(path), "/sys/kernel/debug/mlock/%s", things[i].knob ?: "policy");
			knob = open(path, O_RDWR | O_CLOEXEC);
			ASSERT_LE(0, fail_nth(n));
			things[i].run();
			left = fail_nth(0);
			close(knob);
			/* -1: to look was what failed, and that is the end of it as well. */
			failed += !left;
			munlockall();
			ASSERT_EQ(0, audit())
				printf("# %s, allocation %d: %s", things[i].name, n, instrument_text());
			ASSERT_EQ(0, munmap(p, N * PAGE));
			drain();
			ASSERT_EQ(locked, vmstat("nr_mlock"))
				printf("# %s, allocation %d\n", things[i].name, n);
			ASSERT_EQ(0, vmstat("nr_isolated_anon"))
				printf("# %s, allocation %d: what was isolated is not put back\n", things[i].name, n);
			if (!free)
				free = vmstat("nr_free_pages");
		}
		EXPECT_LT(n, MOST)
			printf("# %s: no end of it\n", things[i].name);
	}
	printf("# %ld allocations failed\n", failed);
	/* What slabs keep, not the N pages of each time. */
	EXPECT_LT(free - vmstat("nr_free_pages"), failed * N / 4);
	EXPECT_LT((long)i, failed);
}

TEST_HARNESS_MAIN
