// SPDX-License-Identifier: GPL-2.0
/*
 * All for some time: one locks, unlocks and takes away, the others interrupt it, to have reclaim look, and to move or truncate.
 * Nothing may be left behind: no mark, no page off its list or on the wrong one, and no count.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

UMLOCK(.claims = "L14 D4 D5 D8 U11 U27 U41 U60 U61", .timeout = 60, .swap = "128M", .policies = "lazy* rmap*");
NEEDS("audit");

#define N 64L
#define RW (PROT_READ | PROT_WRITE)

static int file;
static void do_reclaim(char *p, pid_t pid) { nap(); reclaim_once(NULL, pid, p, N); }
static void do_migrate(char *p, pid_t pid) { nap(); migrate_once(pid, p, N); }
static void do_punch(char *p, pid_t pid) { nap(); fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, N * PAGE); }

FIXTURE(work) {
	struct counters vm;
};
FIXTURE_VARIANT(work) {
	void (*others[2])(char *p, pid_t pid);
	const char *outcome[2];	/* of pages, that shows that they do something: under a policy that parks, under rmap */
};
FIXTURE_VARIANT_ADD(work, reclaim_and_migrate) { .others = { do_reclaim, do_migrate }, .outcome = { "unpark.claim_isolate", "mark.map" } };
FIXTURE_VARIANT_ADD(work, reclaim_and_truncate) { .others = { do_reclaim, do_punch }, .outcome = { "unmark.zap", "unmark.zap" } };
FIXTURE_SETUP(work)
{
	swap_on();
	drain();
	counters_take(&self->vm, "/proc/vmstat");
}
FIXTURE_TEARDOWN(work)
{
}

TEST_F(work, all_at_once)
{
	char *other, *p;
	pid_t pid[ARRAY_SIZE(variant->others)];
	unsigned int i;
	const char *name = variant->outcome[policy_walks()];
	long rounds = 0, outcome = pages_with(name);
	time_t end;

	file = file_make(N);
	p = mmap(NULL, N * PAGE, RW, MAP_SHARED, file, 0);
	other = map_file(file, N);
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = child_of(variant->others[i], p);
	for (end = time(NULL) + 3; time(NULL) < end; rounds++) {
		ASSERT_EQ(0, mlock(p, N * PAGE));
		if (rounds % 3) {
			ASSERT_EQ(0, munlock(p, N * PAGE));
			continue;
		}
		ASSERT_EQ(p, mmap(p, N * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0));
	}
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	printf("# %ld rounds\n", rounds);
	ASSERT_EQ(0, munlock(p, N * PAGE));
	ASSERT_EQ(0, madvise(other, N * PAGE, MADV_POPULATE_WRITE));
	EXPECT_TRUE(pages_are(0, other, N, ON_A_LIST));
	EXPECT_EQ(0, audit());
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_cleared"));
	/* There was something to leave behind. */
	EXPECT_LT(0, counters_delta(&self->vm, "unevictable_pgs_mlocked"));
	EXPECT_EQ(counters_delta(&self->vm, "unevictable_pgs_mlocked"),
		  counters_delta(&self->vm, "unevictable_pgs_munlocked") + counters_delta(&self->vm, "unevictable_pgs_stranded"));
	EXPECT_LT(0, pages_with(name) - outcome);
	printf("# %ld %s\n", pages_with(name) - outcome, name);
	munmap(p, N * PAGE);
	munmap(other, N * PAGE);
}

TEST_HARNESS_MAIN
