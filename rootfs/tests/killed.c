// SPDX-License-Identifier: GPL-2.0
/*
 * A process is killed where it stands, at each sync point in turn: nothing is stranded, nothing leaked, and of the page of whoever
 * else has it the audit has nothing to say. What brings a process to a point is a row here; which policies never come there as well.
 */
#include "race.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

UMLOCK(.claims = "D2 D3", .timeout = 60, .swap = "64M");
NEEDS("sync");

static int id;	/* of a segment of one page */

static int maps_cold(void) { return maps() ?: madvise(AT, PAGE, MADV_COLD) ? -errno : 0; }
static int maps_and_is_in_swap(void) { return maps() ?: cgroup_evict(&race_group, AT, 1) ? -EBUSY : 0; }
static int populates(void) { return madvise(AT, PAGE, MADV_POPULATE_WRITE) ? -errno : 0; }
static int attaches(void) { return shmat(id, AT, SHM_REMAP) != AT || shmctl(id, SHM_LOCK, NULL) ? -errno : populates(); }
static int shm_unlocks(void) { return shmctl(id, SHM_UNLOCK, NULL) ? -errno : 0; }

static int locks_and_forks(void) { return maps_and_locks() ?: forks(); }

#define ALL	""		/* policies */
#define WALK	"rmap*"
#define PARK	"lazy*"

static const struct kill {
	const char *point;
	int (*before)(void);	/* B does this, */
	int (*then)(void);	/* and then this, where it is killed; or A does, and is killed, if that is about the page of B */
	bool a;
	const char *policies;
} kills[] = {
	{ "mlock.flags_set", maps, locks, false, ALL },
	{ "mlock.walked", maps, locks, false, ALL },
	{ "mlock.before_populate", maps, locks, false, ALL },
	{ "populate.page", maps, populates, false, ALL },
	{ "munlock.flags_cleared", maps_and_locks, unlocks, false, ALL },
	{ "munmap.detached", maps_and_locks, unmaps, false, ALL },
	{ "zap.range_done", maps_and_locks, unmaps, false, ALL },
	{ "cow.copied", locks_and_forks, writes, false, ALL },
	{ "cow.switched", locks_and_forks, writes, false, ALL },
	{ "swapin.before_pte", maps_and_is_in_swap, locks, false, ALL },
	{ "unpark.queued", maps_and_locks, unlocks, false, "count lazy*" },
	{ "rmap.collected", maps_and_locks, unlocks, false, WALK },
	{ "rmap.cleared", maps_and_locks, unlocks, false, WALK },
	{ "rmap.walked", maps_and_locks, unlocks, false, WALK },
	{ "shm.unlocked", attaches, shm_unlocks, false, ALL },
	{ "trunc.unmapped", maps_and_locks_file, truncates, true, ALL },
	{ "shrink.isolated", maps, reclaims, true, ALL },
	{ "shrink.locked", maps, reclaims, true, ALL },
	{ "shrink.discovered", locks_what_is_in_swap, reclaims, true, ALL },
	{ "shrink.parked", locks_what_is_in_swap, reclaims, true, PARK },
	{ "shrink.parked_unlocked", locks_what_is_in_swap, reclaims, true, PARK },
	{ "shrink.before_swap", maps_cold, reclaims, true, ALL },
	{ "shrink.after_swap", maps_cold, reclaims, true, ALL },
	{ "shrink.before_putback", maps, reclaims, true, ALL },
	{ "putback.before_add", maps, reclaims, true, ALL },
	{ "migrate.drained", maps_and_locks, migrates, true, ALL },
	{ "migrate.isolated", maps_and_locks, migrates, true, ALL },
	{ "migrate.unmapped", maps_and_locks, migrates, true, ALL },
	{ "migrate.copied", maps_and_locks, migrates, true, ALL },
	{ "migrate.lru_added", maps_and_locks, migrates, true, ALL },
	{ "migrate.remapped", maps_and_locks, migrates, true, ALL },
};

/* Not ksm.replaced, where a kernel thread comes, and not those of exit, which a signal does not reach any more. */

static bool comes_there(const struct kill *kill)
{
	char policies[32], *word, *save;

	snprintf(policies, sizeof(policies), "%s", kill->policies);
	if (!*policies)
		return true;
	for (word = strtok_r(policies, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!fnmatch(word, policy_name(), 0))
			return true;
	return false;
}

static uint64_t pfn[2];	/* of the page, when B is ready, and when it has moved; 0 if it has none then */

static bool is_noted(void)
{
	pfns_of(race_pid(ACTOR_B), AT, 1, pfn);
	return true;
}

/* Has it more references than its mappings, and a file, or swap? */
static bool has_more(uint64_t pfn)
{
	bool more;

	if (!pfn || folio_look(pfn) || !strstr(instrument_word("flags"), "swapbacked"))
		return false;
	more = strstr(instrument_word("flags"), "swapcache") || !(pfn_flags(pfn) & PF_ANON);
	return instrument_value("refcount") > instrument_value("mapcount") + more;
}

/* Does somebody have a reference to it who is not there any more? Who dies with its parent takes a moment. */
static bool leaked(uint64_t pfn)
{
	int i;

	for (i = 0; i < 1000 && has_more(pfn); i++)
		usleep(1000);
	return i == 1000;
}

static bool killed_at(const struct kill *kill)
{
	const struct move stands = { STOPS, "goes", kill->then, kill->point, NULL, false }, dies = KILLED;
	const struct row rows[] = {
		{ .B = { DOES, "gets ready", kill->before, NULL, NULL, false }, .then = THAT(is_noted) },
		kill->a ? (struct row){ .A = stands } : (struct row){ .B = stands },
		kill->a ? (struct row){ .A = dies } : (struct row){ .B = dies },
	};
	bool good;

	id = shm_make(1);
	if (ftruncate(race_file, 0) || ftruncate(race_file, PAGE) || !race(rows))
		return false;
	drain();
	pfn[1] = 0;
	if (kill->a)
		pfns_of(race_pid(ACTOR_B), AT, 1, pfn + 1);
	good = !leaked(pfn[0]) && !leaked(pfn[1]) && !audit();
	race_over();
	drain();
	good = good && !leaked(pfn[0]) && !leaked(pfn[1]);
	shmctl(id, IPC_RMID, NULL);
	return good;
}

TEST(at_each_point)
{
	const struct kill *kill;
	struct witness w;

	race_ready();
	witness_start(&w);
	for (kill = kills; kill < kills + ARRAY_SIZE(kills); kill++) {
		if (!comes_there(kill))
			continue;
		EXPECT_TRUE(killed_at(kill))
			TH_LOG("killed at %s", kill->point);
		EXPECT_EQ(w.nr_mlock, vmstat("nr_mlock"))
			TH_LOG("killed at %s", kill->point);
		EXPECT_EQ(w.nr_unevictable, vmstat("nr_unevictable"))
			TH_LOG("killed at %s", kill->point);
		EXPECT_EQ(0, vmstat("nr_isolated_anon") + vmstat("nr_isolated_file"))
			TH_LOG("killed at %s", kill->point);
		EXPECT_EQ(0, audit())
			TH_LOG("killed at %s", kill->point);
	}
}

TEST_HARNESS_MAIN
