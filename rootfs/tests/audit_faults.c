// SPDX-License-Identifier: GPL-2.0
/*
 * The audit sees what is wrong: each fault that the file `fault` can plant on a live page shows up in its class, with that
 * page's number, and is gone when the fault is. Without this, an audit that says nothing would prove nothing.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

UMLOCK(.claims = "P16", .timeout = 60);
NEEDS("fault");

#define N 16L

/* On what a fault can be planted, and when the audit takes offence at it. */
enum { PLAIN_PAGE, LOCKED_PAGE };
enum { AT_ONCE, SETTLED, HEALED, NEVER };	/* SETTLED: when a settle has not helped; HEALED: as it does */

static const struct row {
	const char *fault, *class;
	int page, offence;
	bool marked;	/* it needs the mark that a policy may not make */
	bool named;	/* the audit knows which page it is */
	enum { ANY, COUNTED, LISTED } where;	/* under a policy that counts, or by which what is locked is on a real list */
} rows[] = {
	{ "undiscovered", "undiscovered", LOCKED_PAGE, SETTLED, true, true, ANY },
	{ "forgotten", "undiscovered", LOCKED_PAGE, HEALED, true, true, ANY },
	{ "stranded", "stranded", PLAIN_PAGE, AT_ONCE, false, true, ANY },
	{ "stale", "stale", PLAIN_PAGE, AT_ONCE, false, true, ANY },
	{ "leaked", "leaked", PLAIN_PAGE, AT_ONCE, false, true, ANY },
	{ "lost", "lost", PLAIN_PAGE, AT_ONCE, false, true, ANY },
	{ "badlist", "badlist", PLAIN_PAGE, AT_ONCE, false, true, ANY },
	{ "unlisted", "badlist", PLAIN_PAGE, AT_ONCE, false, true, ANY },
	{ "active", "badlist", LOCKED_PAGE, AT_ONCE, true, true, ANY },
	/* lru_add() starts the count anew: count lives with too few */
	{ "undercount", "undercount", LOCKED_PAGE, NEVER, true, true, COUNTED },
	{ "overcount", "overcount", LOCKED_PAGE, AT_ONCE, true, true, COUNTED },
	{ "rmap", "rmap", LOCKED_PAGE, AT_ONCE, false, true, ANY },
	{ "sum", "sum", PLAIN_PAGE, AT_ONCE, false, false, ANY },
	{ "memcg", "sum", PLAIN_PAGE, AT_ONCE, false, false, ANY },
	{ "badlist", "badlist", LOCKED_PAGE, AT_ONCE, true, true, LISTED },
	{ "unlisted", "badlist", LOCKED_PAGE, AT_ONCE, true, true, LISTED },
};

FIXTURE(audit_faults) {
	char *p[2];	/* by kind of page */
	uint64_t pfn[2];	/* of a page in the middle of each */
};

FIXTURE_SETUP(audit_faults)
{
	int i;

	for (i = 0; i < 2; i++) {
		self->p[i] = map_marked(N, i == LOCKED_PAGE ? MAP_LOCKED : 0);
		ASSERT_EQ(1, pfns_of(0, self->p[i] + N / 2 * PAGE, 1, &self->pfn[i]));
	}
	ASSERT_EQ(0, audit());
}

FIXTURE_TEARDOWN(audit_faults)
{
}

/* How many classes other than this one, and than the sums that follow from it, have something in them. */
static long others(const char *class)
{
	char name[64];
	const char *line = instrument_text();
	long n, bad = 0;

	for (; *line; line += strcspn(line, "\n"), line += !!*line)
		if (sscanf(line, "class %63s %ld", name, &n) == 2 && n && strcmp(name, class) && strcmp(name, "sum"))
			bad++;
	return bad;
}

TEST_F(audit_faults, each)
{
	bool marks = policy_flags(LOCKED, PF_UNEVICTABLE, 1);
	const struct row *row;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		char class[32], named[64];
		long before, found;

		if (row->where == LISTED && !policy_walks())
			continue;
		snprintf(class, sizeof(class), "class %s", row->class);
		snprintf(named, sizeof(named), "pfn %s %#lx ", row->class, (long)self->pfn[row->page]);
		ASSERT_EQ(0, audit());
		before = instrument_value(class);	/* under none, what is locked is undiscovered, for one */
		if ((row->marked && !marks) || (row->where == COUNTED && !policy_is_default())) {
			EXPECT_EQ(-EINVAL, instrument("fault", "plant %s %#lx", row->fault, (long)self->pfn[row->page]));
			continue;
		}
		ASSERT_EQ(0, instrument("fault", "plant %s %#lx", row->fault, (long)self->pfn[row->page])) {
			TH_LOG("%s", row->fault);
		}
		found = audit();
		EXPECT_EQ(row->offence == AT_ONCE, found > 0);
		/* One page, but of a sum that is wrong there may be several. */
		EXPECT_LT(before, instrument_value(class));
		EXPECT_TRUE(!row->named || instrument_value(class) == before + 1);
		EXPECT_EQ(row->named, !!strstr(instrument_text(), named));
		if (marks)
			EXPECT_EQ(0, others(row->class));
		/* Under a policy that parks, what is marked has no business on a list. */
		if (!strcmp(row->fault, "stale"))
			EXPECT_EQ(!policy_flags(LOCKED_MET, PF_LRU, 1) && policy_flags(LOCKED_MET, PF_MLOCKED, 1), instrument_value("class badlist"));
		TH_LOG("%s: %ld violations; %s", row->fault, found, instrument_word(class));
		if (row->offence == SETTLED || row->offence == HEALED) {
			ASSERT_EQ(0, audit_settle());
			EXPECT_EQ(row->offence == SETTLED, audit());
			EXPECT_EQ(before + (row->offence == SETTLED), instrument_value(class));
		}
		ASSERT_EQ(0, instrument("fault", "undo"));
		EXPECT_EQ(0, audit()) {
			TH_LOG("after undo of %s:\n%s", row->fault, instrument_text());
		}
		EXPECT_EQ(before, instrument_value(class));
	}
	/* The pages are none the worse for it. */
	EXPECT_EQ(N, marked(self->p[0], N));
	EXPECT_EQ(N, marked(self->p[1], N));
}

/* Each class that the audit has, and each fault that the kernel has, has a row here. */
TEST_F(audit_faults, complete)
{
	const struct row *row;
	char name[64];
	const char *line;
	long n, classes = 0, faults = 0;

	ASSERT_EQ(0, audit());
	for (line = instrument_text(); *line; line += strcspn(line, "\n"), line += !!*line) {
		if (sscanf(line, "class %63s %ld", name, &n) != 2)
			continue;
		classes++;
		/* That one is the unpatched kernel's: tests/ksm_lost.c */
		if (!strcmp(name, "forgotten"))
			continue;
		for (row = rows; row < rows + ARRAY_SIZE(rows) && strcmp(row->class, name); row++)
			;
		EXPECT_LT(row, rows + ARRAY_SIZE(rows)) {
			TH_LOG("no fault is of class %s", name);
		}
	}
	EXPECT_LT(5, classes);
	ASSERT_EQ(0, instrument_read("fault"));
	for (line = instrument_text(); *line; line += strcspn(line, "\n"), line += !!*line) {
		if (sscanf(line, "fault %63s", name) != 1)
			continue;
		n = faults;
		for (row = rows; row < rows + ARRAY_SIZE(rows); row++)
			faults += !strcmp(row->fault, name);
		EXPECT_LT(n, faults) {
			TH_LOG("fault %s is not tested", name);
		}
	}
	EXPECT_EQ((long)ARRAY_SIZE(rows), faults);
}

TEST_F(audit_faults, words)
{
	long plain = self->pfn[PLAIN_PAGE], locked = self->pfn[LOCKED_PAGE];

	EXPECT_EQ(-EINVAL, instrument("fault", "plant"));
	EXPECT_EQ(-EINVAL, instrument("fault", "plant stale"));
	EXPECT_EQ(-EINVAL, instrument("fault", "plant nosuch %#lx", plain));
	EXPECT_EQ(-EINVAL, instrument("fault", "plant stale 0xfffffffff"));
	EXPECT_EQ(-EINVAL, instrument("fault", "stale %#lx", plain));
	/* A fault that the page could not have. */
	EXPECT_EQ(-EINVAL, instrument("fault", "plant overcount %#lx", plain));
	if (policy_flags(LOCKED, PF_UNEVICTABLE, 1))
		EXPECT_EQ(-EINVAL, instrument("fault", "plant stranded %#lx", locked));
	EXPECT_EQ(-ENOENT, instrument("fault", "undo"));
	/* One at a time. */
	ASSERT_EQ(0, instrument("fault", "plant stale %#lx", plain));
	EXPECT_EQ(-EBUSY, instrument("fault", "plant stranded %#lx", plain));
	EXPECT_EQ(0, instrument("fault", "undo"));
	EXPECT_EQ(-ENOENT, instrument("fault", "undo"));
	EXPECT_EQ(0, audit());
}

TEST_HARNESS_MAIN
