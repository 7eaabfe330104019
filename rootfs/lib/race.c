// SPDX-License-Identifier: GPL-2.0
/* A race as a table: processes that stop where the kernel has a sync point, and go on when a row says so. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "race.h"

#define PATIENCE 20000	/* ms: nothing here takes long; a kernel with KASAN takes seconds */

static struct {
	const struct row *rows;
	int n;
	bool told;			/* the table has been printed */
	struct peer peer[ACTORS];
	const char *stands[ACTORS];	/* the point where it is, or NULL */
	pid_t *pids;			/* all see them */
} now;

static const struct move *move_of(const struct row *row, int actor)
{
	return actor == ACTOR_A ? &row->A : actor == ACTOR_B ? &row->B : &row->C;
}

pid_t race_child(void)
{
	return now.pids[ACTORS];
}

pid_t race_pid(enum actor actor)
{
	return now.pids[actor];
}

static int act(int n, void *arg)
{
	return move_of(now.rows + n / ACTORS, n % ACTORS)->step();
}

static const char *words(const struct move *move)
{
	bool skipped = move->walks && !policy_walks();
	static char text[128];

	if (move->verb == NOTHING || (skipped && move->verb == FINISHES))
		return "";
	snprintf(text, sizeof(text), "%s%s%s%s%s%s", move->name, move->verb == WAITS_FOR && !skipped ? ", has to wait" : "",
		 move->who ? ", up to which " : "", move->who ?: "", move->point ? (move->who ? " comes: " : " up to ") : "", move->point ?: "");
	return text;
}

/* The table, with a > at one row. */
static void tell_all(int row)
{
	int i, a, columns = 2;

	for (i = 0; i < now.n; i++)
		columns = now.rows[i].C.verb ? 3 : columns;
	printf("#   |  ");
	for (a = 0; a < columns; a++)
		printf(" %-47c", 'A' + a);
	for (i = 0; i < now.n; i++) {
		printf("\n#   | %c", i == row ? '>' : ' ');
		for (a = 0; a < columns; a++)
			printf(" %-47s", words(move_of(now.rows + i, a)));
		if (now.rows[i].then.name)
			printf(" then: %s", now.rows[i].then.name);
	}
	printf("\n");
	now.told = true;
}

/* It did not happen as the row says. */
static bool failed(const char *file, int line, int row, int actor, const char *why, const char *what)
{
	printf("# %s:%d: race: %.*s%s%s%s in the row with the >\n", file, line, 2 * (actor < ACTORS), "A B C " + 2 * actor, why, *what ? " " : "", what);
	tell_all(row);
	race_over();
	return false;
}

/* Write a word to the file of a point: 0 or -errno. */
static int tell(const char *point, const char *word)
{
	char file[64];

	snprintf(file, sizeof(file), "sync/%s", point);
	return instrument(file, "%s", word);
}

static int arm(const struct move *move, struct peer *peer)
{
	char word[64];

	if (move->who)
		snprintf(word, sizeof(word), "arm comm=%s", move->who);
	else
		snprintf(word, sizeof(word), "arm pid=%d", peer->pid);
	return tell(move->point, word);
}

/* Does somebody come to the point; if it is the process itself, before it gets to the end of its step? */
static bool comes_to(const struct move *move, struct peer *peer)
{
	char path[96], text[64] = "";
	struct pollfd at[2];
	bool hit;

	snprintf(path, sizeof(path), "/sys/kernel/debug/mlock/sync/%s", move->point);
	at[0].fd = open(path, O_RDONLY);
	at[1].fd = move->who ? -1 : peer->from;
	at[0].events = at[1].events = POLLIN;
	if (at[0].fd < 0)
		die(path, strerror(errno), "CONFIG_MLOCK_SYNC");
	hit = poll(at, 2, PATIENCE) > 0 && at[0].revents & POLLIN && read(at[0].fd, text, sizeof(text) - 1) > 0 && !strncmp(text, "hit", 3);
	close(at[0].fd);
	return hit;
}

/* What its step returned, or -ETIME: it does not end. */
static int result_of(struct peer *peer)
{
	struct pollfd at = { .fd = peer->from, .events = POLLIN };

	return poll(&at, 1, PATIENCE) > 0 ? peer_result(peer) : -ETIME;
}

/* Does it come to sleep, and not to an end? */
static bool has_to_wait(struct peer *peer)
{
	struct pollfd at = { .fd = peer->from, .events = POLLIN };
	char path[32], *state;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", peer->pid);
	for (i = 0; i < PATIENCE && !poll(&at, 1, 1); i++) {
		state = strrchr(read_text(path), ')');
		if (state && state[2] == 'D')
			return true;
	}
	return false;
}

static bool make(const char *file, int line, int row, int actor)
{
	const struct move *move = move_of(now.rows + row, actor);
	enum verb verb = move->verb;
	struct peer *peer = now.peer + actor;
	const char *stood = now.stands[actor];
	int result, err;

	if (move->walks && !policy_walks())
		verb = verb == WAITS_FOR ? DOES : NOTHING;
	if (verb == NOTHING)
		return true;
	now.stands[actor] = NULL;
	if (move->point) {
		now.stands[actor] = move->point;
		err = arm(move, peer);
		if (err)
			return failed(file, line, row, actor, "cannot be stopped:", strerror(-err));
	}
	if (verb == DIES)
		kill(peer->pid, SIGKILL);
	if (verb == LEAVES && (!stood || tell(stood, "go")))
		return failed(file, line, row, actor, "does not stand at", stood ?: "any point");
	if (verb == DIES || verb == LEAVES) {
		peer_end(peer);
		return true;
	}
	if (move->step)
		peer_begin(peer, row * ACTORS + actor);
	else if (verb != FINISHES && (!stood || tell(stood, "go")))
		return failed(file, line, row, actor, "does not stand at", stood ?: "any point");
	if (verb == WAITS_FOR)
		return has_to_wait(peer) || failed(file, line, row, actor, "does not have to wait", "");
	if (move->point)
		return comes_to(move, peer) || failed(file, line, row, actor, "does not come to", move->point);
	result = result_of(peer);
	return !result || failed(file, line, row, actor, "gets", result == PEER_GONE ? "lost" : strerror(-result));
}

bool race_run(const char *file, int line, const struct row *rows, int n)
{
	int i, a;

	now.rows = rows;
	now.n = n;
	now.told = false;
	memset(now.stands, 0, sizeof(now.stands));
	if (!now.pids)
		now.pids = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (now.pids == MAP_FAILED)
		die("mmap", strerror(errno), "more guest memory");
	for (a = 0; a < ACTORS; a++) {
		for (i = 0; i < n && !move_of(rows + i, a)->verb; i++)
			;
		if (i < n)
			now.peer[a] = peer_start(act, NULL);
		now.pids[a] = now.peer[a].pid;
	}
	for (i = 0; i < n; i++) {
		for (a = 0; a < ACTORS; a++)
			if (!make(file, line, i, a))
				return false;
		if (rows[i].then.holds && !rows[i].then.holds())
			return failed(file, line, i, ACTORS, "it is not so", "");
	}
	return true;
}

void race_over(void)
{
	int a;

	for (a = 0; a < ACTORS; a++) {
		if (now.stands[a])
			tell(now.stands[a], "idle");
		now.stands[a] = NULL;
	}
	for (a = 0; a < ACTORS; a++)
		peer_end(now.peer + a);
}

void race_failed(void)
{
	if (now.n && !now.told)
		tell_all(-1);
	fflush(stdout);
}

/* An ASSERT that fails: compiled with -O1 or more, kselftest_harness.h of 6.12 forgets over its longjmp() to tear down, and aborts. */
static void aborted(int signal __attribute__((unused)))
{
	race_failed();
	race_over();
}

struct cgroup race_group;
int race_file;

void race_ready(void)
{
	signal(SIGABRT, aborted);
	swap_on();
	race_group = cgroup_make("race");
	race_file = file_make(1);
}

static int map(int flags, int fd)
{
	return mmap(AT, PAGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED | MAP_POPULATE, fd, 0) == AT ? 0 : -errno;
}

int maps(void)
{
	cgroup_enter(&race_group);
	return map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

int maps_file(void) { return map(MAP_SHARED, race_file); }
int locks(void) { return mlock(AT, PAGE) ? -errno : 0; }
int maps_and_locks(void) { return maps() ?: locks(); }
int maps_and_locks_file(void) { return maps_file() ?: locks(); }
int unlocks(void) { return munlock(AT, PAGE) ? -errno : 0; }
int truncates(void) { return ftruncate(race_file, 0) ? -errno : 0; }
int unmaps(void) { return munmap(AT, PAGE) ? -errno : 0; }

int writes(void)
{
	*(volatile char *)AT = 1;
	return 0;
}

/* Stopped, the child wants no memory: in a group that has none it would be killed for it. */
int forks(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		raise(SIGSTOP);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, WUNTRACED) != pid)
		return -errno;
	now.pids[ACTORS] = pid;
	return 0;
}

int locks_what_is_in_swap(void)
{
	int err = maps();

	if (err)
		return err;
	return cgroup_evict(&race_group, AT, 1) ? -EBUSY : locks();
}

int reclaims(void) { return reclaim_once(NULL, race_pid(ACTOR_B), AT, 1); }
int reclaims_from_C(void) { return reclaim_once(NULL, race_pid(ACTOR_C), AT, 1); }

int reclaims_the_group(void)
{
	cgroup_reclaim(&race_group, 64, 200);
	return 0;
}

int migrates(void) { return migrate_once(race_pid(ACTOR_B), AT, 1); }
int migrates_from_C(void) { return migrate_once(race_pid(ACTOR_C), AT, 1); }

int empties_batches(void)
{
	drain();
	return 0;
}
