// SPDX-License-Identifier: GPL-2.0
/*
 * reclaim_cost KIND PAGES LOCKED CHUNKS TAKE PASSES LIMIT: what locked pages cost reclaim.
 *
 *	reclaim_cost anon 40960 36864 64 2048 8 60
 *
 * A group has so many PAGES of anonymous memory or of a file (KIND is anon or file), LOCKED of them locked, in CHUNKS of locked ones
 * and others in turns. None was touched lately. One page is asked for, then TAKE, unless those went with the first; new ones come for
 * what can go, and that again: in the first pass reclaim meets each page for the first time; then WARM times all that can go is asked
 * for, so that all that is locked is met, and the PASSES after that are the steady state. From the second pass on, those that can go are
 * younger than those that are locked.
 *
 * Prints lines "first METRIC VALUE" and "steady METRIC VALUE", for one pass: scanned and reclaimed (pages), looked_at (pages: scanned, and
 * those of the active list or a younger generation), ns (of the whole), wait_ns and wait_reclaimed (until the request for one page was
 * done, and how many went with it), refused (requests that the kernel gave up), and of what was reclaimed scanned_per_page,
 * looked_at_per_page and ns_per_page. For all pages at the beginning: "lock ns VALUE", the time in mlock(2), and "fill ns VALUE", that
 * and the time to populate the others. When a request takes more than LIMIT seconds, that is the end: "all stopped 1", and the pass is what
 * it came to by then; "all limit LIMIT".
 */
#include "umlock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WARM 2
#define FIRST_PAGES 1	/* asked for first; the kernel takes a batch, 32 */

struct cost {
	double scanned, reclaimed, looked_at, ns, wait_ns, wait_reclaimed, refused;
};

static struct cgroup group;
static struct peer reclaimer;
static bool is_file;
static int fd = -1;
static long limit;
static char *at;	/* those that can go first, then the locked ones */
static long n_free, n_locked;

/* By a process that has none of the pages. */
static int reclaim(int n, void *arg) { return cgroup_reclaim(&group, n, is_file ? 0 : 200); }

static void populate(char *p, long n)
{
	if (madvise(p, n * PAGE, is_file ? MADV_POPULATE_READ : MADV_POPULATE_WRITE))
		die("madvise", strerror(errno), "more guest memory");
}

/*
 * Read n pages that were just populated. Where nobody has ever looked, the host must bring memory first, which takes ten times
 * what reclaim does with a page; and the kernel must not see it, as it would by a fault or in its own copying: they stay in order.
 */
static void touch(const volatile char *p, long n)
{
	while (n--)
		(void)p[n * PAGE];
}

static void fill(long chunks, long going)
{
	long i, f = n_free / chunks, l = n_locked / chunks;
	double lock_ns = 0, ns = 0, start;
	char *locked;

	if (is_file) {
		fd = disk_open(n_free + n_locked);
		at = mmap(NULL, (n_free + n_locked) * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	} else {
		at = mmap(NULL, (n_free + n_locked) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	if (at == MAP_FAILED)
		die("mmap", strerror(errno), "more guest memory");
	locked = at + n_free * PAGE;
	for (i = 0; i < chunks; i++) {
		start = clock_ns();
		if (l && mlock(locked + i * l * PAGE, l * PAGE))
			die("mlock", strerror(errno), "more guest memory");
		lock_ns += clock_ns() - start;
		populate(at + i * f * PAGE, f);
		ns += clock_ns() - start;
	}
	printf("lock ns %.0f\nfill ns %.0f\n", lock_ns, ns);
	touch(at, n_free < going ? n_free : going);
}

/* New ones for those that went, and for others, as what is freed in one piece is there in one piece: see main(). */
static void renew(long take)
{
	/* With nothing locked there may be a hundred times what will ever go. */
	long n = n_locked || n_free < 4 * take ? n_free : 4 * take;
	char *p = at + (n_free - n) * PAGE;

	if (madvise(p, n * PAGE, MADV_DONTNEED) || (is_file && posix_fadvise(fd, p - at, n * PAGE, POSIX_FADV_DONTNEED)))
		die("MADV_DONTNEED", strerror(errno), "see dmesg");
	populate(p, n);
}

/* Nobody has touched any page. */
static void age(void)
{
	drain();
	if (write_text("/proc/self/clear_refs", "1"))
		die("clear_refs", "cannot be written", "CONFIG_PROC_PAGE_MONITOR");
}

/* Ask for n pages; false when the limit is there first. */
static bool ask(long n, struct cost *c)
{
	struct pollfd answer = { .fd = reclaimer.from, .events = POLLIN };
	double start = clock_ns();
	int err;

	peer_begin(&reclaimer, n);
	if (!poll(&answer, 1, limit * 1000)) {
		c->ns += clock_ns() - start;
		return false;
	}
	err = peer_result(&reclaimer);
	c->ns += clock_ns() - start;
	if (err && err != -EAGAIN)
		die("memory.reclaim", strerror(-err), "see dmesg");
	c->refused += err != 0;
	return true;
}

static bool pass(long take, struct cost *c)
{
	long scanned, reclaimed, refilled, went;
	double before = c->ns;
	bool done;

	age();
	scanned = cgroup_stat(&group, "pgscan");
	refilled = cgroup_stat(&group, "pgrefill");
	reclaimed = cgroup_stat(&group, "pgsteal");
	done = ask(FIRST_PAGES, c);
	c->wait_ns += c->ns - before;
	went = cgroup_stat(&group, "pgsteal") - reclaimed;
	c->wait_reclaimed += went;
	/* MGLRU may have taken all that can go for the first page: there is nothing left to ask for. */
	if (done && went < take)
		done = ask(take, c);
	scanned = cgroup_stat(&group, "pgscan") - scanned;
	c->scanned += scanned;
	c->looked_at += scanned + cgroup_stat(&group, "pgrefill") - refilled;
	c->reclaimed += cgroup_stat(&group, "pgsteal") - reclaimed;
	return done;
}

static void print(const char *name, const struct cost *c, int passes)
{
	const struct { const char *metric; double sum; } rows[] = {
		{ "scanned", c->scanned }, { "looked_at", c->looked_at }, { "reclaimed", c->reclaimed },
		{ "ns", c->ns }, { "wait_ns", c->wait_ns }, { "wait_reclaimed", c->wait_reclaimed }, { "refused", c->refused },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%s %s %.2f\n", name, rows[i].metric, rows[i].sum / passes);
	if (c->reclaimed)
		printf("%s scanned_per_page %.3f\n%s looked_at_per_page %.3f\n%s ns_per_page %.1f\n", name, c->scanned / c->reclaimed,
		       name, c->looked_at / c->reclaimed, name, c->ns / c->reclaimed);
}

int main(int argc, char **argv)
{
	struct cost first = { 0 }, warm = { 0 }, steady = { 0 };
	long take, passes, done = 0;
	bool stopped;

	if (argc != 8 || (strcmp(argv[1], "anon") && strcmp(argv[1], "file"))) {
		fprintf(stderr, "reclaim_cost anon|file PAGES LOCKED CHUNKS TAKE PASSES LIMIT\n");
		return 2;
	}
	is_file = !strcmp(argv[1], "file");
	n_locked = atol(argv[3]);
	n_free = atol(argv[2]) - n_locked;
	take = atol(argv[5]);
	passes = atol(argv[6]);
	limit = atol(argv[7]);
	if (!is_file && swap_on() < 2 * take + (n_locked ? n_free : (1 + WARM + passes) * take))
		die("swap", "is too small for what is to go", "umlock.swap=4G");
	/* UML maps each run of pages by itself, and the host allows 65530: they must not come back in the order in which they went. */
	make_free_pages_global();
	group = cgroup_make("bench");
	reclaimer = peer_start(reclaim, NULL);
	cgroup_enter(&group);
	fill(atol(argv[4]), 2 * (1 + WARM + passes) * take);

	stopped = !pass(take, &first);
	print("first", &first, 1);
	while (!stopped && done < WARM + passes) {
		renew(take);
		stopped = !(done < WARM ? pass(n_locked ? n_free : take, &warm) : pass(take, &steady));
		done++;
	}
	if (done > WARM)
		print("steady", &steady, done - WARM);
	printf("all stopped %d\nall limit %ld\n", stopped, limit);
	return 0;
}
