// SPDX-License-Identifier: GPL-2.0
/* A memory cgroup (v2): the way to reclaim from some pages and not from others. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "umlock.h"

#define ROOT "/sys/fs/cgroup"

struct cgroup cgroup_make(const char *name)
{
	struct cgroup cg;

	snprintf(cg.path, sizeof(cg.path), ROOT "/%s", name);
	if (mkdir(cg.path, 0755) && errno != EEXIST)
		die(cg.path, strerror(errno), "mount cgroup2 on " ROOT);
	if (access(cgroup_file(&cg, "memory.reclaim"), F_OK))
		die(cg.path, "no memory controller",
		    "write +memory to " ROOT "/cgroup.subtree_control");
	return cg;
}

const char *cgroup_file(const struct cgroup *cg, const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", cg->path, file);
	return path;
}

void cgroup_enter(const struct cgroup *cg)
{
	const char *path = cg ? cgroup_file(cg, "cgroup.procs") : ROOT "/cgroup.procs";
	int err = write_text(path, "0");

	if (err)
		die(path, strerror(-err), "cannot move the test there");
}

int cgroup_remove(const struct cgroup *cg)
{
	return rmdir(cg->path) ? -errno : 0;
}

int cgroup_reclaim(const struct cgroup *cg, long n, int swappiness)
{
	return write_text(cgroup_file(cg, "memory.reclaim"), "%ld swappiness=%d",
			  n * (long)PAGE, swappiness);
}

long cgroup_evict(const struct cgroup *cg, const void *addr, long n)
{
	long left = n;
	int round;

	for (round = 0; left && round < 5; round++) {
		drain();
		/* This reads cpu.stat too: reclaim ages by sums that are two seconds old otherwise, and may leave active pages alone. */
		cgroup_stat(cg, "active_anon");
		cgroup_reclaim(cg, 4 * n, 200);
		left = census_of(0, addr, n, 0).present;
	}
	return left;
}

long cgroup_stat(const struct cgroup *cg, const char *key)
{
	return counter(cgroup_file(cg, "memory.stat"), key);
}

double scans_per_page(const char *name, long locked, long n)
{
	struct cgroup cg = cgroup_make(name);
	long scanned = 0, gone = 0;
	char *p = NULL, *q;
	int i;

	cgroup_enter(&cg);
	if (locked)
		p = map_marked(locked, MAP_LOCKED);
	q = map_marked(n, 0);
	for (i = 0; i < 4; i++) {
		/* Out and in again: clean, with a place in swap, or how many looks one takes would go by how fast the disk is. */
		cgroup_evict(&cg, q, n);
		if (madvise(q, n * PAGE, MADV_POPULATE_READ) || madvise(q, n * PAGE, MADV_COLD))
			die("madvise", strerror(errno), "more guest memory");
		drain();
		scanned -= cgroup_stat(&cg, "pgscan");
		gone -= cgroup_stat(&cg, "pgsteal");
		cgroup_reclaim(&cg, n, 200);
		scanned += cgroup_stat(&cg, "pgscan");
		gone += cgroup_stat(&cg, "pgsteal");
		/* By now each locked page has been met. */
		if (locked && census_of(0, p, locked, 0).mlocked != policy_flags(LOCKED_MET, PF_MLOCKED, locked))
			die(name, "locked pages have not been met", "more rounds of reclaim");
	}
	munmap(q, n * PAGE);
	if (p)
		munmap(p, locked * PAGE);
	cgroup_enter(NULL);
	printf("# %s: %ld locked pages: %ld scanned for %ld that went\n", name, locked, scanned, gone);
	if (gone < 3 * n)
		die(name, "too few pages went", "more swap");
	return (double)scanned / gone;
}
