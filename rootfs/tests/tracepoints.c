// SPDX-License-Identifier: GPL-2.0
/*
 * Each event of events/mlock comes when what it tells of happens, once for each page, with that page's number and the
 * word for how it came about, and for nothing else. What a policy does not do it does not tell either: which events each
 * step gives is a row here, and a column for each policy. Switched off, there is nothing.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

UMLOCK(.claims = "U5 U13 U19 U21 U22 U23 U24 U26 U32 U44 U70 U80 U83 U85 P13", .timeout = 30, .swap = "64M");
NEEDS("events");

#define N 16L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

/* What the step works on; the pages that it is about are those of p, before it or after it. */
static struct cgroup cg;
static char *p;
static int id;
static uint64_t pfn[2 * N];

static void map(int flags) { p = map_marked(N, flags); }
static void plain(void) { map(0); }
static void locked(void) { map(MAP_LOCKED); }
static void nothing(void) { p = mmap(NULL, N * PAGE, RW, ANON, -1, 0); }

static void swapped(void)
{
	plain();
	if (cgroup_evict(&cg, p, N))
		die("reclaim", "did not take all", "is there swap?");
}

/* Locked, but brought in from swap, which marks no page. */
static void unmarked(void)
{
	swapped();
	if (mlock(p, N * PAGE))
		die("mlock", strerror(errno), "more guest memory");
}

static void unmarked_random(void)
{
	unmarked();
	madvise(p, N * PAGE, MADV_RANDOM);
}

static void segment(void)
{
	id = shm_make(N);
	p = shmat(id, NULL, 0);
	if (p == (void *)-1 || shmctl(id, IPC_RMID, NULL))
		die("shmat", strerror(errno), "CONFIG_SYSVIPC");
}

static void do_shm_lock(void) { shmctl(id, SHM_LOCK, NULL); }
static void do_shm_unlock(void) { shmctl(id, SHM_UNLOCK, NULL); }
static void do_populate(void) { madvise(p, N * PAGE, MADV_POPULATE_WRITE); }
static void shm(void) { segment(); do_shm_lock(); }
static void shm_plain(void) { segment(); do_populate(); }
static void shm_met(void) { shm_plain(); do_shm_lock(); }
static void shm_full(void) { shm(); do_populate(); }

static void shared(void) { p = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }

static void do_nothing(void) { }
static void do_mlock(void) { mlock(p, N * PAGE); }
static void do_munlock(void) { munlock(p, N * PAGE); }
static void do_munmap(void) { munmap(p, N * PAGE); }
static void do_reclaim(void) { cgroup_reclaim(&cg, 64 * N, 200); }

static void do_fault_locked(void)
{
	mlock2(p, N * PAGE, MLOCK_ONFAULT);
	do_populate();
}

static void do_fork_and_exit(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

/* A column of the table for each policy. */
static const char *const columns[] = { "count", "none", "lazy", "lazy,eager", "rmap" };

static unsigned int column(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(columns); i++)
		if (!strcmp(columns[i], policy_walks() ? "rmap" : policy_name()))
			return i;
	die(__FILE__, policy_name(), "add a column for it to rows[]");
}

/* The events of a step, as event.word: one for each page, or with a star (reclaim went round more than once), one or more. */
static const struct row {
	const char *sentence;
	void (*before)(void), (*step)(void);
	const char *events[ARRAY_SIZE(columns)];	/* these, and no other */
} rows[] = {
	{ "nothing is locked", plain, do_nothing, { "", "", "", "", "" } },
	{ "pages without a lock come and go", plain, do_munmap, { "", "", "", "", "" } },
	{ "mlock of pages that are there", plain, do_mlock, { "mark.syscall cull.mlock", "", "", "park.met", "mark.syscall cull.mlock" } },
	{ "mlock again", locked, do_mlock, { "", "", "", "", "" } },
	{ "a fault on a new page", nothing, do_fault_locked, { "mark.new cull.mlock", "", "", "park.new", "mark.new cull.mlock" } },
	{ "a fault on a page of a file", shared, do_fault_locked, { "mark.map cull.lru_add", "", "", "", "mark.map cull.lru_add" } },
	{ "munlock", locked, do_munlock, { "unmark.munlock rescue.munlock", "", "", "unmark.munlock unpark.munlock", "unmark.munlock munlock_walk.0 rescue.lru_add" } },
	{ "munlock again", plain, do_munlock, { "", "", "", "", "" } },
	{ "munmap of what is locked", locked, do_munmap, { "unmark.zap rescue.munlock", "", "", "unmark.zap unpark.munlock", "unmark.munlock munlock_walk.0 rescue.lru_add" } },
	{ "a child has the pages, not the lock", locked, do_fork_and_exit, { "", "", "", "", "" } },
	{ "mlock of what is in swap", swapped, do_mlock, { "", "", "", "", "" } },
	{ "reclaim meets a locked page", locked, do_reclaim, { "", "discover.referenced*", "discover.referenced park.ok", "", "" } },
	{ "reclaim meets one without a mark", unmarked, do_reclaim, { "discover.referenced mark.referenced cull.inactive cull.lru_add", "discover.referenced*", "discover.referenced park.ok", "discover.referenced park.ok", "discover.referenced mark.referenced cull.inactive cull.lru_add" } },
	{ "and one that it has to unmap", unmarked_random, do_reclaim, { "discover.unmap mark.unmap cull.inactive cull.lru_add", "discover.unmap*", "discover.unmap park.ok", "discover.unmap park.ok", "discover.swap mark.walk cull.inactive cull.lru_add" } },
	{ "new pages of a segment that is SHM_LOCKed", shm, do_populate, { "cull.lru_add", "cull.lru_add", "cull.lru_add", "cull.lru_add", "cull.lru_add" } },
	{ "SHM_LOCK of pages that are there", shm_plain, do_shm_lock, { "", "", "", "", "" } },
	{ "and reclaim that meets them", shm_met, do_reclaim, { "cull.folio_list cull.inactive cull.lru_add", "cull.folio_list cull.inactive cull.lru_add", "cull.folio_list cull.inactive cull.lru_add", "cull.folio_list cull.inactive cull.lru_add", "cull.folio_list cull.inactive cull.lru_add" } },
	{ "SHM_UNLOCK", shm_full, do_shm_unlock, { "rescue.scan", "rescue.scan", "rescue.scan", "rescue.scan", "rescue.scan" } },
};

/* All that the kernel has a name for: an event, and the words that may stand behind its key. */
static const struct event {
	const char *name, *key, *words;
} events[] = {
	{ "mark", "how", "syscall map new referenced unmap walk" },
	{ "unmark", "how", "munlock zap free" },
	{ "discover", "how", "referenced unmap swap busy" },
	{ "cull", "where", "active inactive folio_list lru_add mlock new" },
	{ "rescue", "where", "lru_add mlock munlock scan" },
	{ "isolate_fail", "op", "mlock munlock" },
	{ "park", "verify", "new met ok lost contended" },
	{ "unpark", "how", "munlock verify claim_isolate claim_compact claim_now" },
	{ "munlock_walk", "hit", "0 1" },	/* exit_pass names no page: see rmap.c */
};

/* What the list says of event.word: 0 not there, 1 there, 2 there with a star. */
static int listed(const char *list, const char *event, const char *word)
{
	char name[64];
	const char *at;

	snprintf(name, sizeof(name), "%s.%s", event, word);
	for (at = list; (at = strstr(at, name)); at++)
		if ((at == list || at[-1] == ' ') && strchr(" *", at[strlen(name)]))
			return at[strlen(name)] == '*' ? 2 : 1;
	return 0;
}

/* Were the events of the list traced, for each page of pfn[], and nothing else? What differs is printed. */
static bool traced_as(const char *sentence, const char *list)
{
	char words[64], word[64], *at, *save;
	const struct event *e;
	bool good = true;

	for (e = events; e < events + ARRAY_SIZE(events); e++) {
		long all = traced(e->name, NULL, NULL, 0), ours = 0;

		snprintf(words, sizeof(words), "%s", e->words);
		for (at = strtok_r(words, " ", &save); at; at = strtok_r(NULL, " ", &save)) {
			int want = listed(list, e->name, at);
			long n;

			snprintf(word, sizeof(word), "%s=%s", e->key, at);
			n = traced(e->name, word, pfn, N);
			ours += n;
			if (want == 2 ? n >= N : n == want * N)
				continue;
			printf("# %s: %s %s for %ld of %ld pages\n", sentence, e->name, word, n, want * N);
			good = false;
		}
		if (all == ours)
			continue;
		printf("# %s: %s %ld times for other pages, or with other words\n", sentence, e->name, all - ours);
		good = false;
	}
	if (!good)
		printf("%s", trace_text());
	return good;
}

FIXTURE(tracepoints) {
};

FIXTURE_SETUP(tracepoints)
{
	swap_on();
	cg = cgroup_make("tracepoints");
	cgroup_enter(&cg);
}

FIXTURE_TEARDOWN(tracepoints)
{
	cgroup_enter(NULL);
}

TEST_F(tracepoints, each_step)
{
	const struct row *row;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		row->before();
		drain();
		pfns_of(0, p, N, pfn);
		trace_start("");
		row->step();
		drain();
		trace_stop();
		/* A step that makes the pages, or one that takes them away. */
		if (pfns_of(0, p, N, pfn + N))
			memcpy(pfn, pfn + N, N * sizeof(*pfn));
		EXPECT_TRUE(traced_as(row->sentence, row->events[column()]));
		munmap(p, N * PAGE);
	}
}

/* Marked while they are on the way to a list: 31 go there at once, and the marks of 31 come when at least 5 of them still wait. */
TEST_F(tracepoints, isolate_fail)
{
	char *first = mmap(NULL, 36 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *q = first + 5 * PAGE;
	uint64_t of_q[31];

	ASSERT_EQ(0, mlock2(q, 31 * PAGE, MLOCK_ONFAULT));
	drain();
	trace_start("mark isolate_fail");
	ASSERT_EQ(0, madvise(first, 36 * PAGE, MADV_POPULATE_WRITE));
	trace_stop();
	ASSERT_EQ(31, pfns_of(0, q, 31, of_q));
	if (!policy_flags(LOCKED, PF_UNEVICTABLE, 1)) {
		EXPECT_EQ(0, traced("mark", NULL, NULL, 0));
		EXPECT_EQ(0, traced("isolate_fail", NULL, NULL, 0));
		return;
	}
	EXPECT_EQ(31, traced("mark", "how=map", of_q, 31));
	EXPECT_EQ(5, traced("isolate_fail", "op=mlock", of_q + 26, 5));
	EXPECT_EQ(traced("isolate_fail", NULL, NULL, 0), traced("isolate_fail", "op=mlock", of_q, 31));
	/* Nothing is lost by it. */
	drain();
	EXPECT_EQ(31, census_of(0, q, 31, 0).unevictable);
}

/* One segment, attached and locked twice: what an event says of its page. */
TEST_F(tracepoints, fields)
{
	long n = policy_flags(LOCKED, PF_UNEVICTABLE, N), again = policy_walks() && !policy_trylocks() ? N : 0;
	char word[64], *q;

	segment();
	q = shmat(id, NULL, 0);
	ASSERT_NE((char *)-1, q);
	do_populate();
	ASSERT_EQ(0, madvise(q, N * PAGE, MADV_POPULATE_READ));
	ASSERT_EQ(N, pfns_of(0, q, N, pfn));
	do_mlock();
	drain();
	trace_start("");
	ASSERT_EQ(0, mlock(q, N * PAGE));
	drain();
	ASSERT_EQ(0, munlock(q, N * PAGE));
	drain();
	do_munlock();
	trace_stop();
	/* The walk of the first munlock finds the lock that is left, and marks for it, unless that takes a lock that it has itself. */
	EXPECT_EQ(n + again, traced("mark", NULL, NULL, 0));
	EXPECT_EQ(again, traced("mark", "how=walk", pfn, N));
	EXPECT_EQ(n, traced("mark", "was=1", pfn, N));
	EXPECT_EQ(n + again, traced("mark", "mapcount=2", pfn, N));
	EXPECT_EQ(n + again, traced("mark", "nr_pages=1", pfn, N));
	snprintf(word, sizeof(word), "vma_start=0x%lx", (long)q);
	EXPECT_EQ(n, traced("mark", word, pfn, N));
	snprintf(word, sizeof(word), "policy=%s", policy_name());
	EXPECT_EQ(n + again, traced("mark", word, pfn, N));
	/* Two where each mapping is counted, one where what the first finds parked is parked no more. */
	EXPECT_EQ(n && !policy_trylocks() ? 2 * N : policy_events(BY_MUNLOCK, "munlocked", N), traced("unmark", NULL, NULL, 0));
	n = policy_is_default() ? N : 0;	/* others do not know */
	EXPECT_EQ(n, traced("unmark", "remaining=1", pfn, N));
	EXPECT_EQ(n, traced("unmark", "remaining=0", pfn, N));
}

/* Who tries to unmap a page has it locked and off its list; and puts it on another when that is over. */
TEST_F(tracepoints, reclaim_holds_it)
{
	const char *how = policy_walks() ? "how=swap" : "how=unmap";

	unmarked_random();
	drain();
	ASSERT_EQ(N, pfns_of(0, p, N, pfn));
	trace_start("discover cull");
	do_reclaim();
	drain();
	trace_stop();
	EXPECT_LE(N, traced("discover", how, pfn, N));
	EXPECT_EQ(traced("discover", NULL, NULL, 0), traced_with("discover", "locked"));
	EXPECT_EQ(0, traced_with("discover", "lru"));
	EXPECT_EQ(2 * policy_events(BY_RECLAIM, "culled", N), traced("cull", NULL, pfn, N));
	EXPECT_EQ(0, traced_with("cull", "locked"));
}

#define MANY 256L	/* more than the test itself has in its group, or reclaim does not look at active pages */

/* What has become unevictable while it was active is put aside by who looks at active pages. MGLRU has no such list. */
TEST_F(tracepoints, active_pages)
{
	static uint64_t of_q[MANY];
	int i, many = shm_make(MANY);
	char *q = shmat(many, NULL, 0);

	if (strcmp(getenv("UMLOCK_LRU"), "classic"))
		SKIP(return, "the lists of active pages are the classic LRU's");
	ASSERT_EQ(0, shmctl(many, IPC_RMID, NULL));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, madvise(q, MANY * PAGE, MADV_POPULATE_WRITE));
		drain();
	}
	EXPECT_EQ(MANY, census_of(0, q, MANY, 0).active);
	EXPECT_EQ(0, census_of(0, q, MANY, 0).unevictable);
	ASSERT_EQ(MANY, pfns_of(0, q, MANY, of_q));
	ASSERT_EQ(0, shmctl(many, SHM_LOCK, NULL));
	/* For sums of now: by those of two seconds ago reclaim may leave active pages alone. */
	cgroup_stat(&cg, "active_anon");
	trace_start("cull");
	cgroup_reclaim(&cg, 4 * MANY, 200);
	drain();
	trace_stop();
	/* Most of them; who is deactivated first is met on the other list. */
	EXPECT_LT(MANY / 2, traced("cull", "where=active", of_q, MANY));
	EXPECT_EQ(MANY, census_of(0, q, MANY, 0).unevictable);
	ASSERT_EQ(0, shmdt(q));
}

TEST_F(tracepoints, off_is_off)
{
	trace_start("rescue");
	locked();
	munlock(p, N * PAGE);
	drain();
	trace_stop();
	pfns_of(0, p, N, pfn);
	EXPECT_EQ(policy_events(BY_MUNLOCK, "rescued", N), traced("rescue", NULL, pfn, N));
	EXPECT_EQ(0, traced("mark", NULL, NULL, 0));
	EXPECT_EQ(0, traced("cull", NULL, NULL, 0));
	mlock(p, N * PAGE);
	munlock(p, N * PAGE);
	drain();
	trace_stop();
	/* What was there before is there still, and nothing has come to it. */
	EXPECT_EQ(policy_events(BY_MUNLOCK, "rescued", N), traced("rescue", NULL, NULL, 0));
	EXPECT_EQ(0, traced("mark", NULL, NULL, 0));
}

TEST_HARNESS_MAIN
