// SPDX-License-Identifier: GPL-2.0
/* Three witnesses that must agree, and what each policy makes of each state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "umlock.h"

/* All that depends on the policy: which flags a page in each state carries. */
static const struct policy {
	const char *name;
	uint64_t look[STATES];
} policies[] = {
	{ "count", {
		[PLAIN]		= PF_LRU,
		[LOCKED]	= PF_LRU | PF_UNEVICTABLE | PF_MLOCKED,
		[LOCKED_MET]	= PF_LRU | PF_UNEVICTABLE | PF_MLOCKED,
		/*
		 * Since 6.11 do_swap_page() maps what it read from swap with
		 * folio_add_new_anon_rmap(), which does not mark: left to reclaim.
		 */
		[LOCKED_SWAPIN]	= PF_LRU,
		[UNEVICT]	= PF_LRU | PF_UNEVICTABLE,
	} },
};
static const char *const state_name[STATES] = {
	"PLAIN", "LOCKED", "LOCKED_MET", "LOCKED_SWAPIN", "UNEVICT"
};

static uint64_t look_of(enum state state)
{
	const char *name = getenv("UMLOCK_POLICY");
	unsigned int i;

	for (i = 0; name && i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(name, policies[i].name))
			return policies[i].look[state];
	die("UMLOCK_POLICY", name ? name : "not set", "add its row to lib/witness.c");
}

/* What Locked: has to say: the share of each page in the whole of the mappings met. */
static long mapped_pss_kb(pid_t pid, const struct mapping *m)
{
	return census_of(pid, (void *)m->start, (m->end - m->start) / PAGE, 0).pss / 1024;
}

void witness_start(struct witness *w)
{
	drain();
	w->nr_mlock = vmstat("nr_mlock");
	w->nr_unevictable = vmstat("nr_unevictable");
}

bool witness_check(const char *file, int line, const struct witness *w, pid_t pid,
		   const void *addr, long n, enum state state, long total)
{
	uint64_t look = look_of(state), sum = look_of(state == PLAIN ? LOCKED : state);
	bool locked = state != PLAIN && state != UNEVICT, good = true;
	struct mapping m;
	struct census c;
	unsigned int i;

	drain();
	m = mapping_of(pid, addr, n);
	c = census_of(pid, addr, n, look);
	struct { const char *what; long expected, seen; } row[] = {
		{ "mappings with lo", locked ? m.vmas : 0, m.vmas ? m.lo : -1 },
		{ "Locked: kB", locked ? mapped_pss_kb(pid, &m) : 0, m.locked_kb },
		{ "pages present", n, c.present },
		{ "pages LRU", look & PF_LRU ? n : 0, c.lru },
		{ "pages UNEVICTABLE", look & PF_UNEVICTABLE ? n : 0, c.unevictable },
		{ "pages MLOCKED", look & PF_MLOCKED ? n : 0, c.mlocked },
		/* PG_active says which evictable list: it has no business on the other. */
		{ "pages ACTIVE", look & PF_UNEVICTABLE ? 0 : c.active, c.active },
		{ "pages odd", 0, c.odd },
		{ "nr_mlock since start", sum & PF_MLOCKED ? total : 0,
		  vmstat("nr_mlock") - w->nr_mlock },
		{ "nr_unevictable since start", sum & PF_UNEVICTABLE ? total : 0,
		  vmstat("nr_unevictable") - w->nr_unevictable },
	};

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		good = good && row[i].expected == row[i].seen;
	if (good)
		return true;
	printf("# %s:%d: %ld pages at %p should be %s: %10s %10s\n", file, line, n, addr,
	       state_name[state], "expected", "seen");
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		printf("# %s:%d:   %-40s %10ld %10ld%s\n", file, line, row[i].what,
		       row[i].expected, row[i].seen,
		       row[i].expected == row[i].seen ? "" : "   <--");
	if (c.odd)
		printf("# %s:%d:   the first odd page is pfn %#lx, %s\n", file, line,
		       (unsigned long)c.odd_pfn, flag_names(c.odd_flags));
	fflush(stdout);
	return false;
}
