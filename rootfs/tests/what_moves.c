// SPDX-License-Identifier: GPL-2.0
/*
 * The table "What moves when" of the kernel's Documentation/mm/mlock_policy.rst, read and gone through line by line: each
 * step is made, under the policy of this boot, and /proc/vmstat must move by what its line says, and by nothing else.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

UMLOCK(.claims = "P17 U10 U29 U30 U37 U42", .timeout = 30, .swap = "64M");

#define TABLE "/etc/mlock_policy.rst"	/* where the root file system has it */
#define N 128L	/* many more than the test itself has in its group: reclaim looks at active pages while they are the most */

static const char *const columns[] = {
	"nr_mlock", "nr_unevictable", "unevictable_pgs_mlocked", "unevictable_pgs_culled", "unevictable_pgs_munlocked",
	"unevictable_pgs_rescued",
};

/* What the steps work on: pages that two processes share, and pages of one alone. */
static char *shared, *own;
static struct peer second;
static struct cgroup cg;

static int peer_step_fn(int n, void *arg)
{
	return n ? mlock(shared, N * PAGE) : munlock(shared, N * PAGE);
}

static int do_mlock(void) { return mlock(shared, N * PAGE); }
static int do_munlock(void) { return munlock(shared, N * PAGE); }
static int do_mlock_by_second(void) { return peer_step(&second, 1); }
static int do_munlock_by_second(void) { return peer_step(&second, 0); }
static int do_reclaim(void) { return cgroup_reclaim(&cg, 64 * N, 200) != -EAGAIN; }
static int do_map_locked(void) { own = map_marked(N, MAP_LOCKED); return 0; }
static int do_munmap(void) { return munmap(own, N * PAGE); }

static const struct row {
	const char *name;
	int (*make)(void);
} steps[] = {
	{ "mlock", do_mlock },
	{ "mlock-again", do_mlock },
	{ "mlock-by-second", do_mlock_by_second },
	{ "reclaim", do_reclaim },
	{ "munlock-by-second", do_munlock_by_second },
	{ "munlock", do_munlock },
	{ "map-locked", do_map_locked },
	{ "munmap", do_munmap },
};

TEST(what_moves)
{
	char step[32], policy[32], *line, *text;
	unsigned int done = 0, i;
	long n[ARRAY_SIZE(columns)];
	struct counters vm;

	if (access(TABLE, R_OK))
		SKIP(return, "the kernel's Documentation/mm/ has no mlock_policy.rst");
	swap_on();
	cg = cgroup_make("what_moves");
	cgroup_enter(&cg);
	shared = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	second = peer_start(peer_step_fn, NULL);
	text = strdup(read_text(TABLE));
	line = strstr(text, "\nstep ");
	ASSERT_NE(NULL, line);
	/* The order of the table is that of the steps. */
	for (line++; done < ARRAY_SIZE(steps) && (line = strchr(line, '\n')); ) {
		if (sscanf(++line, "%31s %31s %ld %ld %ld %ld %ld %ld", step, policy, n, n + 1, n + 2, n + 3, n + 4, n + 5) != 8 ||
		    strcmp(policy, policy_name()))
			continue;
		ASSERT_STREQ(steps[done].name, step);
		drain();
		counters_take(&vm, "/proc/vmstat");
		ASSERT_EQ(0, steps[done].make());
		drain();
		for (i = 0; i < ARRAY_SIZE(columns); i++) {
			EXPECT_EQ(n[i] * N, counters_delta(&vm, columns[i])) {
				TH_LOG("%s: %s", step, columns[i]);
			}
		}
		done++;
	}
	EXPECT_EQ(ARRAY_SIZE(steps), done);
	EXPECT_EQ(0, peer_end(&second));
}

TEST_HARNESS_MAIN
