// SPDX-License-Identifier: GPL-2.0
/*
 * The files of /sys/kernel/debug/mlock on pages in known states: what they say of a page, and what they do to it and to no
 * other. What they refuse is in instruments_refuse.c.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

UMLOCK(.claims = "U6 U8 U13 U24 P14", .timeout = 60, .swap = "128M");
NEEDS("policy");

#define N 64L
#define MLOCK "/sys/kernel/debug/mlock/"

FIXTURE(instruments) {
	struct witness w;
	struct cgroup cg;
	char *p;	/* N pages, populated and marked */
	uint64_t pfn[N];
};

FIXTURE_SETUP(instruments)
{
	swap_on();
	self->cg = cgroup_make("instruments");
	witness_start(&self->w);
	/* Outside of the group, whose pages are those that the cases work on. */
	self->p = map_marked(N, 0);
	cgroup_enter(&self->cg);
	drain();
	ASSERT_EQ(N, pfns_of(0, self->p, N, self->pfn));
}

FIXTURE_TEARDOWN(instruments)
{
	cgroup_enter(NULL);
}

TEST_F(instruments, policy)
{
	ASSERT_EQ(0, instrument_read("policy"));
	EXPECT_STREQ(policy_name(), instrument_word("policy"));
}

static const char *const stats[][2] = { { "mark.syscall" }, { "unmark.munlock" }, { "cull.mlock" }, { "rescue.munlock", "rescue.lru_add" } };

static long stat_sum(unsigned int i)
{
	return instrument_value(stats[i][0]) + (stats[i][1] ? instrument_value(stats[i][1]) : 0);
}

/* What mlock and munlock of N pages add to the lines of stats; 0 or -errno. */
static int lock_and_unlock(char *p, long moved[ARRAY_SIZE(stats)])
{
	unsigned int i;
	int err = instrument_read("stats");

	for (i = 0; !err && i < ARRAY_SIZE(stats); i++)
		moved[i] = -stat_sum(i);
	if (!err && mlock(p, N * PAGE))
		err = -errno;
	drain();
	if (!err && munlock(p, N * PAGE))
		err = -errno;
	drain();
	err = err ?: instrument_read("stats");
	for (i = 0; !err && i < ARRAY_SIZE(stats); i++)
		moved[i] += stat_sum(i);
	return err;
}

TEST_F(instruments, stats)
{
	const long seen[] = { policy_flags(LOCKED, PF_UNEVICTABLE, N), policy_events(BY_MUNLOCK, "munlocked", N), policy_events(BY_MLOCK, "culled", N), policy_events(BY_MUNLOCK, "rescued", N) };
	/* Nobody has asked; asked, and once more; no longer, however often it was: 6.12 by itself pays only while somebody looks. */
	static const struct { const char *writes; bool watched; } rows[] = { { "", false }, { "11", true }, { "00", false } };
	long moved[ARRAY_SIZE(stats)];
	unsigned int row, i;
	const char *c;

	for (row = 0; row < ARRAY_SIZE(rows); row++) {
		bool watching = rows[row].watched || !policy_is_default();

		for (c = rows[row].writes; *c; c++)
			ASSERT_EQ(0, instrument("stats", "%c", *c));
		ASSERT_EQ(0, lock_and_unlock(self->p, moved));
		EXPECT_EQ(watching, instrument_value("watching"));
		for (i = 0; i < ARRAY_SIZE(stats); i++) {
			EXPECT_EQ(watching ? seen[i] : 0, moved[i]) {
				TH_LOG("%s, in row %u", stats[i][0], row);
			}
		}
	}
}

/* All that it counts, by name and in order. */
TEST_F(instruments, stats_rows)
{
	static const char all[] =
		"mark.syscall mark.map mark.new mark.referenced mark.unmap mark.walk unmark.munlock unmark.zap unmark.free "
		"discover.referenced discover.unmap discover.swap discover.busy "
		"cull.active cull.inactive cull.folio_list cull.lru_add cull.mlock rescue.munlock rescue.lru_add rescue.scan "
		"isolate_fail.munlock isolate_fail.mlock park.new park.met park.ok park.lost park.contended "
		"unpark.munlock unpark.verify unpark.claim_isolate unpark.claim_compact unpark.claim_now ";
	char seen[2048] = "", *line, *save, text[4096];
	const char *not_whole = instrument_missing("sync");

	if (not_whole)
		SKIP(return, "not all of the series: %s", not_whole);
	ASSERT_EQ(0, instrument_read("stats"));
	snprintf(text, sizeof(text), "%s", instrument_text());
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "watching ", 9))
			snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.*s ", (int)strcspn(line, " "), line);
	EXPECT_STREQ(all, seen);
}

TEST_F(instruments, drain)
{
	char *q = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t pfn[2];

	/* By a user fault, as populating empties the batches. Twice: so does the test that copies what it has from its parent. */
	q[0] = 1;
	pfns_of(0, q, 2, pfn);
	ASSERT_EQ(0, folio_look(pfn[0]));
	q[PAGE] = 1;
	ASSERT_EQ(2, pfns_of(0, q, 2, pfn));
	ASSERT_EQ(0, folio_look(pfn[1]));
	EXPECT_STREQ("none", instrument_word("list"));
	ASSERT_EQ(0, write_text(MLOCK "drain", "1"));
	ASSERT_EQ(0, folio_look(pfn[1]));
	EXPECT_STRNE("none", instrument_word("list"));
}

/* Is this word one of the flags that folio named last? */
static bool has_flag(const char *flag)
{
	char names[256], *name, *save;

	snprintf(names, sizeof(names), "%s", instrument_word("flags"));
	for (name = strtok_r(names, "|", &save); name; name = strtok_r(NULL, "|", &save))
		if (!strcmp(name, flag))
			return true;
	return false;
}

TEST_F(instruments, folio)
{
	bool classic = !strcmp(getenv("UMLOCK_LRU"), "classic");
	const char *path = self->cg.path + strlen("/sys/fs/cgroup");
	long marked = policy_flags(LOCKED, PF_MLOCKED, 1), aside = policy_flags(LOCKED, PF_UNEVICTABLE, 1);
	int id;
	char *shm;

	ASSERT_EQ(0, folio_look(self->pfn[0]));
	EXPECT_EQ((long)self->pfn[0], instrument_value("pfn"));
	EXPECT_TRUE(has_flag("lru"));
	EXPECT_FALSE(has_flag("mlocked"));
	EXPECT_EQ(1, instrument_value("refcount"));
	EXPECT_EQ(1, instrument_value("mapcount"));
	EXPECT_STREQ("/", instrument_word("memcg"));
	EXPECT_EQ(0, instrument_value("mlock_count"));
	EXPECT_EQ(0, instrument_value("lockers"));
	EXPECT_TRUE(!strncmp(instrument_word("list"), classic ? "active_anon" : "gen ", classic ? 11 : 4) ||
		    (classic && !strcmp(instrument_word("list"), "inactive_anon"))) {
		TH_LOG("list %s", instrument_word("list"));
	}

	ASSERT_EQ(0, mlock(self->p, N * PAGE));
	drain();
	ASSERT_EQ(0, folio_look(self->pfn[0]));
	EXPECT_EQ(marked, has_flag("mlocked"));
	EXPECT_EQ(aside, has_flag("unevictable"));
	EXPECT_EQ(aside, !strcmp("unevictable", instrument_word("list")));
	EXPECT_EQ(policy_is_default(), instrument_value("mlock_count"));
	/* Whatever the policy has noted, the reverse map knows. */
	EXPECT_EQ(1, instrument_value("lockers"));

	/* A segment, attached twice, locked once, twice, and not at all. */
	id = shm_make(1);
	shm = shmat(id, NULL, 0);
	ASSERT_EQ(0, mlock(shm, PAGE));
	ASSERT_EQ(1, pfns_of(0, shm, 1, self->pfn));
	ASSERT_EQ(0, mlock(shmat(id, NULL, 0), PAGE));
	ASSERT_EQ(0, shmctl(id, IPC_RMID, NULL));
	drain();
	ASSERT_EQ(0, folio_look(self->pfn[0]));
	EXPECT_EQ(2, instrument_value("mapcount"));
	EXPECT_EQ(2, instrument_value("lockers"));
	EXPECT_STREQ(path, instrument_word("memcg"));
	ASSERT_EQ(0, shmctl(id, SHM_LOCK, NULL));
	ASSERT_EQ(0, munlockall());
	drain();
	ASSERT_EQ(0, reclaim_once(NULL, 0, shm, 1));
	drain();
	ASSERT_EQ(0, folio_look(self->pfn[0]));
	EXPECT_EQ(0, instrument_value("lockers"));
	EXPECT_STREQ("unevictable", instrument_word("list"));
	EXPECT_FALSE(has_flag("mlocked"));
}

/* A table of ranges: what migrate and reclaim make of pages in each state. */
static void none(char *p) { }
static void lock(char *p) { mlock(p, N * PAGE); }
static void prot_none(char *p) { lock(p); mprotect(p, N * PAGE, PROT_NONE); }
static void gone(char *p) { madvise(p, N * PAGE, MADV_DONTNEED); }
static void shm_locked(char *p)
{
	int id = shm_make(N);

	if (shmat(id, p, SHM_REMAP) != p || madvise(p, N * PAGE, MADV_POPULATE_WRITE) || shmctl(id, SHM_LOCK, NULL))
		die("shmat", strerror(errno), "CONFIG_SYSVIPC");
	shmctl(id, IPC_RMID, NULL);
}
static void swap(char *p)
{
	struct cgroup cg = cgroup_make("instruments");

	cgroup_evict(&cg, p, N);
}

static const struct row {
	const char *sentence;
	void (*make)(char *p);
	long moved, resident;	/* of N pages: migrate moves, reclaim leaves, after some looks */
	const char *end;	/* what each look makes of those that it leaves, if it looks */
	enum { EACH, FIRST, BY_POLICY } looks;
} rows[] = {
	{ "plain", none, N, 0, NULL, EACH },
	{ "locked", lock, N, N, "activated", BY_POLICY },
	{ "locked, PROT_NONE", prot_none, N, N, "activated", BY_POLICY },
	{ "SHM_LOCKed", shm_locked, N, N, "culled", FIRST },
	{ "in swap", swap, 0, 0, NULL, EACH },
	{ "never touched", gone, 0, 0, NULL, EACH },
};

TEST_F(instruments, migrate)
{
	uint64_t now[N], before[N];
	const struct row *row;
	long i, moved;
	char *p;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		TH_LOG("%s", row->sentence);
		p = map_marked(N, 0);
		row->make(p);
		pfns_of(0, p, N, before);
		ASSERT_EQ(0, migrate_once(0, p, N));
		EXPECT_EQ(row->moved, instrument_value("moved"));
		EXPECT_EQ(0, instrument_value("failed"));
		pfns_of(0, p, N, now);
		for (i = moved = 0; i < N; i++)
			moved += now[i] != before[i];
		EXPECT_EQ(row->moved, moved);
		if (row->make == lock)
			WITNESS(&self->w, p, N, LOCKED, N);
		if (row->make == none)
			EXPECT_EQ(N, marked(p, N));
		munmap(p, N * PAGE);
	}
	/* Nothing else has moved. */
	pfns_of(0, self->p, N, now);
	EXPECT_EQ(0, memcmp(now, self->pfn, sizeof(now)));
}

TEST_F(instruments, reclaim)
{
	uint64_t now[N];
	const struct row *row;
	long scanned, look;
	char *p;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		TH_LOG("%s", row->sentence);
		p = map_marked(N, 0);
		row->make(p);
		drain();
		for (look = 0; look < 5; look++) {
			bool looks = row->looks == EACH || (row->looks == FIRST ? !look : policy_scans(look ? LOCKED_MET : LOCKED));
			long present = pfns_of(0, p, N, now);

			ASSERT_EQ(0, reclaim_once(look & 1 ? &self->cg : NULL, 0, p, N));
			scanned = instrument_value("scanned");
			EXPECT_EQ(looks ? present : 0, scanned);
			if (row->end && (look || row->looks == FIRST))	/* new pages pass once */
				EXPECT_EQ(scanned, instrument_value(row->end));
			EXPECT_EQ(present, scanned + instrument_value("skipped"));
			EXPECT_EQ(scanned, instrument_value("reclaimed") + instrument_value("activated") +
				  instrument_value("culled") + instrument_value("parked") + instrument_value("kept"));
			/* Of those that are kept some are on their way to swap. */
			EXPECT_GE(present - instrument_value("reclaimed"), pfns_of(0, p, N, now));
			drain();
		}
		EXPECT_EQ(row->resident, pfns_of(0, p, N, now));
		munmap(p, N * PAGE);
	}
	/* Nothing else was looked at. */
	pfns_of(0, self->p, N, now);
	EXPECT_EQ(0, memcmp(now, self->pfn, sizeof(now)));
}

/* The group that the first event names. */
static long memcg_id_traced(void)
{
	const char *at = strstr(trace_text(), "memcg_id=");

	return at ? atol(at + strlen("memcg_id=")) : -1;
}

/* A process that locks pages of a group and is in another: reclaim of the group does not ask it, and is stopped later. */
TEST_F(instruments, reclaim_of_a_group)
{
	struct cgroup other = cgroup_make("other");
	const char *const words[] = { "how=referenced", policy_walks() ? "how=swap" : "how=unmap" };
	uint64_t pfn[N];
	char word[32];
	long id[2];
	int i, look;
	char *p;

	for (i = 0; i < 2; i++) {
		cgroup_enter(&self->cg);
		p = map_marked(N, 0);
		ASSERT_EQ(0, cgroup_evict(&self->cg, p, N));
		ASSERT_EQ(0, mlock(p, N * PAGE));
		cgroup_enter(&other);
		drain();
		ASSERT_EQ(N, pfns_of(0, p, N, pfn));
		trace_start("discover");
		/* MGLRU lets a page that was read from swap pass once. */
		for (look = 0; look < 2; look++)
			ASSERT_EQ(0, reclaim_once(i ? &self->cg : NULL, 0, p, N));
		trace_stop();
		EXPECT_LE(N, traced("discover", words[i], pfn, N));
		id[i] = memcg_id_traced();
		snprintf(word, sizeof(word), "memcg_id=%ld", id[i]);
		EXPECT_EQ(traced("discover", NULL, pfn, N), traced("discover", word, pfn, N));
		EXPECT_EQ(0, traced("discover", words[!i], NULL, 0));
		EXPECT_EQ(N, pfns_of(0, p, N, pfn));
		munmap(p, N * PAGE);
	}
	/* The group is that of the page, and not of who reclaims: it is the same, and another than that of pages of another. */
	EXPECT_LT(0, id[0]);
	EXPECT_EQ(id[0], id[1]);
	p = map_marked(N, 0);
	ASSERT_EQ(0, cgroup_evict(&other, p, N));
	ASSERT_EQ(0, mlock(p, N * PAGE));
	trace_start("discover");
	for (look = 0; look < 2; look++)
		ASSERT_EQ(0, reclaim_once(&other, 0, p, N));
	trace_stop();
	EXPECT_LT(0, memcg_id_traced());
	EXPECT_NE(id[0], memcg_id_traced());
	munmap(p, N * PAGE);
}

#define MANY (1024L + N)	/* more than are taken at a time, which is 512 */

/* All of a range, however long it is. */
TEST_F(instruments, long_range)
{
	char *p = map_marked(MANY, 0);

	ASSERT_EQ(0, migrate_once(0, p, MANY));
	EXPECT_EQ(MANY, instrument_value("moved"));
	EXPECT_EQ(0, instrument_value("failed"));
	ASSERT_EQ(0, reclaim_once(NULL, 0, p, MANY));
	EXPECT_EQ(MANY, instrument_value("scanned") + instrument_value("skipped"));
	EXPECT_EQ(MANY, marked(p, MANY));
	munmap(p, MANY * PAGE);
}

/* Of the page cache as well: it is isolated while it is looked at, and no longer. */
TEST_F(instruments, reclaim_of_a_file)
{
	char *p = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, disk_open(N), 0);
	int look;

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_POPULATE_READ));
	for (look = 0; look < 3; look++)
		ASSERT_EQ(0, reclaim_once(NULL, 0, p, N));
	EXPECT_EQ(0, vmstat("nr_isolated_file"));
	EXPECT_EQ(0, vmstat("nr_isolated_anon"));
	munmap(p, N * PAGE);
}

#define dying() counter("/sys/fs/cgroup/cgroup.stat", "nr_dying_descendants")

/* Nor does it keep the group that it was for. */
TEST_F(instruments, reclaim_lets_the_group_go)
{
	struct cgroup gone = cgroup_make("gone");
	long before = dying();
	int i;

	ASSERT_EQ(0, reclaim_once(&gone, 0, self->p, N));
	ASSERT_EQ(0, cgroup_remove(&gone));
	for (i = 0; i < 5000 && dying() > before; i++)
		usleep(1000);
	EXPECT_EQ(before, dying());
}

/* Whatever a page frame holds, the look at it is one: slab, page tables, free memory, the kernel itself. */
TEST(folio_of_every_page)
{
	long first = 0, last = 2 * sysconf(_SC_PHYS_PAGES), shown = 0, refused = 0;
	int err;

	for (uint64_t pfn = first; pfn < (uint64_t)last; pfn++) {
		err = folio_look(pfn);
		shown += !err;
		refused += err == -ENXIO;
	}
	EXPECT_EQ(last, shown + refused);
	EXPECT_LT(0, shown);
	EXPECT_LT(0, refused);
}

/* The second write on one open file is answered from its beginning. */
TEST(two_writes_one_file)
{
	char *p = map_marked(2, 0), text[4096], want[64];
	int fd = open("/sys/kernel/debug/mlock/folio", O_RDWR);
	uint64_t pfn[2];
	ssize_t got;

	ASSERT_EQ(2, pfns_of(0, p, 2, pfn));
	ASSERT_LE(0, fd);
	for (int i = 0; i < 2; i++) {
		ASSERT_LT(0, dprintf(fd, "%#lx", (unsigned long)pfn[i]));
		got = read(fd, text, sizeof(text) - 1);
		ASSERT_LT(0, got);
		text[got] = 0;
		snprintf(want, sizeof(want), "pfn %#lx\n", (unsigned long)pfn[i]);
		EXPECT_EQ(0, strncmp(want, text, strlen(want)));
		ASSERT_EQ(0, read(fd, text, sizeof(text)));
	}
	close(fd);
}

TEST_HARNESS_MAIN
