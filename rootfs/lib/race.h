/* SPDX-License-Identifier: GPL-2.0 */
/*
 * race.h - a race as the table that a commit message has: two or three processes are columns, their steps are rows.
 *
 *	static const struct row rows[] = {
 *		{ .B = DO(maps_and_locks) },
 *		{ .A = UPTO(reclaims, "shrink.discovered") },
 *		{ .B = DO(unlocks) },
 *		{ .A = GO },
 *	};
 *	ASSERT_TRUE(race(rows));
 *
 * A step is a function that returns 0, or -errno. It runs in the process of its column, which was forked from the caller when
 * the race began and lives until race_over(). The test says NEEDS("sync").
 */
#ifndef RACE_H
#define RACE_H

#include "umlock.h"

enum actor { ACTOR_A, ACTOR_B, ACTOR_C, ACTORS };

struct move {
	enum verb { NOTHING, DOES, STOPS, GOES, WAITS_FOR, FINISHES, LEAVES, DIES } verb;
	const char *name;	/* of the step */
	int (*step)(void);
	const char *point;	/* where it is to stand then */
	const char *who;	/* a kernel thread that is to stand there instead, by its name */
	bool walks;		/* to wait, if munlock walks the reverse map under this policy; else not */
};
struct row {
	struct move A, B, C;
	struct {
		const char *name;
		bool (*holds)(void);
	} then;			/* asked by the test itself, when the three have moved */
};
#define THAT(question)		{ #question, question }

/* Do it, to the end; or until it, or a thread that works for it, stands at a sync point. */
#define DO(step)		{ DOES, #step, step, NULL, NULL, false }
#define UPTO(step, point)	{ STOPS, #step, step, point, NULL, false }
#define HAVE(who, step, point)	{ STOPS, #step, step, point, who, false }
/* Go on from there, to the end of the step; or up to another point. */
#define GO			{ GOES, "goes on", NULL, NULL, NULL, false }
#define GO_UPTO(point)		{ GOES, "goes on", NULL, point, NULL, false }
/* Begin it, or go on, and have to wait for a lock that another has; later, get to the end. */
#define WAITS(step)		{ WAITS_FOR, #step, step, NULL, NULL, false }
#define GO_AND_WAIT		{ WAITS_FOR, "goes on", NULL, NULL, NULL, false }
#define ENDS			{ FINISHES, "gets to the end", NULL, NULL, NULL, false }
/* Munlock: the folio lock, which another has, is in the way of one who walks the reverse map. All others do it at once. */
#define WAITS_TO_WALK(step)	{ WAITS_FOR, #step, step, NULL, NULL, true }
#define ENDS_THE_WALK		{ FINISHES, "gets to the end", NULL, NULL, NULL, true }
/* Go on, on the way out, or be killed wherever it stands: it is gone when the next row begins. */
#define GO_AND_LEAVE		{ LEAVES, "goes on, and is gone", NULL, NULL, NULL, false }
#define KILLED			{ DIES, "is killed", NULL, NULL, NULL, false }

/* Start the processes, and let each row happen. If one does not happen as it says, the table is printed, and it is false. */
#define race(rows) race_run(__FILE__, __LINE__, rows, ARRAY_SIZE(rows))
bool race_run(const char *file, int line, const struct row *rows, int n);
/* Of the process in that column, for steps as well. */
pid_t race_pid(enum actor actor);
/* Of the last child that one of them has forked. */
pid_t race_child(void);
/* The test has failed: prints the table of the race that came last, unless that was printed. */
void race_failed(void);
/* Nobody stands anywhere any more, and the processes end. */
void race_over(void);

/* At the top of a file of races: TEST_F(race, ...), with the counters before it in self->w. */
#define RACES() \
	FIXTURE(race) { struct witness w; }; \
	FIXTURE_SETUP(race) { race_ready(); witness_start(&self->w); } \
	FIXTURE_TEARDOWN(race) \
	{ \
		if (!__test_passed(_metadata)) \
			race_failed(); \
		race_over(); \
	} \
	struct race_needs

/* Steps that many races have. They are about one page, at AT, which is B's unless it says otherwise. */
#define AT ((char *)0x2000000000)
extern struct cgroup race_group;	/* B is in it when it maps; see race_ready() */
extern int race_file;			/* a file of one page, in memory */

/* Swap, the group, the file: at the beginning of a test. */
void race_ready(void);

int maps(void);			/* a page of its own, which is there then */
int maps_file(void);		/* that of the file, shared */
int locks(void);
int maps_and_locks(void);
int maps_and_locks_file(void);	/* which C may have as well, to reach it while B's mappings are in use */
int unlocks(void);
int unmaps(void);
int truncates(void);		/* the file, to nothing */
int writes(void);
int forks(void);		/* a child, that has what it has, does nothing, and dies with it */
/* What is in swap when it is locked has no mark when it comes back, under any policy: reclaim has to discover it. */
int locks_what_is_in_swap(void);
/* One look of reclaim at the page of B, or of C; one migration. */
int reclaims(void);
int reclaims_from_C(void);
int reclaims_the_group(void);	/* as often as it takes, and without a hold on the memory of B */
int migrates(void);
int migrates_from_C(void);
int empties_batches(void);

#endif
