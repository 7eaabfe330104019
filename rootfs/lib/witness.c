// SPDX-License-Identifier: GPL-2.0
/* Three witnesses that must agree, and what each policy makes of each state. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "umlock.h"

/*
 * All that depends on the policy: which flags a page in each state carries, and
 * which of the events unevictable_pgs_* of /proc/vmstat each step adds for it.
 */
static const struct policy {	/* the first one is the default */
	const char *name;	/* a glob */
	bool settle;	/* a page that is LOCKED may have any history: let reclaim look at it first */
	uint64_t look[STATES];
	const char *events[STEPS];
} policies[] = {
	{ "count", false, {
		[PLAIN]		= PF_LRU,
		[PLAIN_MET]	= PF_LRU,
		[LOCKED]	= PF_LRU | PF_UNEVICTABLE | PF_MLOCKED,
		[LOCKED_MET]	= PF_LRU | PF_UNEVICTABLE | PF_MLOCKED,
		/*
		 * Since 6.11 do_swap_page() maps what it read from swap with
		 * folio_add_new_anon_rmap(), which does not mark: left to reclaim.
		 */
		[LOCKED_SWAPIN]	= PF_LRU,
		[UNEVICT]	= PF_LRU | PF_UNEVICTABLE,
		[LOCKED_UNEVICT] = PF_LRU | PF_UNEVICTABLE | PF_MLOCKED,
	}, {
		[BY_MLOCK]	= "mlocked culled",
		[BY_FAULT]	= "mlocked culled",
		[BY_RECLAIM]	= "mlocked culled",
		[BY_MUNLOCK]	= "munlocked rescued",
		[BY_UNMAP]	= "munlocked rescued",
		[BY_SHM_UNLOCK]	= "scanned",
	} },
	{ "none", false, {
		[PLAIN]		= PF_LRU,
		[PLAIN_MET]	= PF_LRU,
		[LOCKED]	= PF_LRU,
		[LOCKED_MET]	= PF_LRU,
		[LOCKED_SWAPIN]	= PF_LRU,
		/* The flag of the file, which reclaim obeys under every policy. */
		[UNEVICT]	= PF_LRU | PF_UNEVICTABLE,
		[LOCKED_UNEVICT] = PF_LRU | PF_UNEVICTABLE,
	}, {
		[BY_MLOCK]	= "",
		[BY_FAULT]	= "",
		[BY_RECLAIM]	= "",
		[BY_MUNLOCK]	= "",
		[BY_UNMAP]	= "",
		/* Nothing else keeps them away from reclaim. */
		[BY_SHM_UNLOCK]	= "scanned rescued",
	} },
	{ "lazy", false, {
		[PLAIN]		= PF_LRU,
		[PLAIN_MET]	= PF_LRU,
		[LOCKED]	= PF_LRU,
		/* Parked: on no list at all. */
		[LOCKED_MET]	= PF_MLOCKED,
		[LOCKED_SWAPIN]	= PF_LRU,
		[UNEVICT]	= PF_LRU | PF_UNEVICTABLE,
		[LOCKED_UNEVICT] = PF_LRU | PF_UNEVICTABLE,
	}, {
		[BY_MLOCK]	= "",
		[BY_FAULT]	= "",
		[BY_RECLAIM]	= "mlocked",
		[BY_MUNLOCK]	= "",
		[BY_UNMAP]	= "",
		[BY_SHM_UNLOCK]	= "scanned rescued",
	} },
	{ "lazy,eager", true, {
		[PLAIN]		= PF_LRU,
		[PLAIN_MET]	= PF_LRU,
		[LOCKED]	= PF_MLOCKED,
		/* Parked: on no list at all. */
		[LOCKED_MET]	= PF_MLOCKED,
		[LOCKED_SWAPIN]	= PF_MLOCKED,
		[UNEVICT]	= PF_LRU | PF_UNEVICTABLE,
		[LOCKED_UNEVICT] = PF_LRU | PF_UNEVICTABLE,
	}, {
		[BY_MLOCK]	= "mlocked",
		[BY_FAULT]	= "mlocked",
		[BY_RECLAIM]	= "mlocked",
		[BY_MUNLOCK]	= "munlocked",
		[BY_UNMAP]	= "munlocked",
		[BY_SHM_UNLOCK]	= "scanned rescued",
	} },
	{ "rmap*", false, {
		[PLAIN]		= PF_LRU,
		[PLAIN_MET]	= PF_LRU,
		[LOCKED]	= PF_LRU | PF_UNEVICTABLE | PF_MLOCKED,
		[LOCKED_MET]	= PF_LRU | PF_UNEVICTABLE | PF_MLOCKED,
		[LOCKED_SWAPIN]	= PF_LRU,	/* as under count */
		[UNEVICT]	= PF_LRU | PF_UNEVICTABLE,
		[LOCKED_UNEVICT] = PF_LRU | PF_UNEVICTABLE | PF_MLOCKED,
	}, {
		[BY_MLOCK]	= "mlocked culled",
		[BY_FAULT]	= "mlocked culled",
		[BY_RECLAIM]	= "mlocked culled",
		[BY_MUNLOCK]	= "munlocked rescued",
		[BY_UNMAP]	= "munlocked rescued",
		[BY_SHM_UNLOCK]	= "scanned",
	} },
};
static const char *const state_name[STATES] = {
	"PLAIN", "PLAIN_MET", "LOCKED", "LOCKED_MET", "LOCKED_SWAPIN", "UNEVICT", "LOCKED_UNEVICT"
};

static const struct policy *policy(void)
{
	const char *name = getenv("UMLOCK_POLICY");
	unsigned int i;

	for (i = 0; name && i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!fnmatch(policies[i].name, name, 0))
			return &policies[i];
	die("UMLOCK_POLICY", name ? name : "not set", "add its row to lib/witness.c");
}

const char *policy_name(void)
{
	policy();	/* or there is none */
	return getenv("UMLOCK_POLICY");
}

long policy_flags(enum state state, uint64_t flag, long n)
{
	return policy()->look[state] & flag ? n : 0;
}

uint64_t policy_look(enum state state)
{
	return policy()->look[state];
}

static bool evictable(uint64_t look)
{
	return (look & (PF_LRU | PF_UNEVICTABLE)) == PF_LRU;
}

bool policy_scans(enum state state)
{
	return evictable(policy()->look[state]);
}

bool policy_is_default(void)
{
	return policy() == policies;
}

bool policy_walks(void)
{
	return !strncmp(policy_name(), "rmap", 4);
}

bool policy_trylocks(void)
{
	return !strcmp(policy_name(), "rmap,trylock");
}

long policy_events(enum step step, const char *event, long n)
{
	const char *word = policy()->events[step];
	size_t len = strlen(event);

	for (; *word; word += strcspn(word, " "), word += strspn(word, " "))
		if (strcspn(word, " ") == len && !strncmp(word, event, len))
			return n;
	return 0;
}

/* What Locked: has to say: the share of each page in the whole of the mappings met. */
static long mapped_pss_kb(pid_t pid, const struct mapping *m)
{
	return census_of(pid, (void *)m->start, (m->end - m->start) / PAGE, 0).pss / 1024;
}

void settle(void)
{
	drain();
	if (policy()->settle && audit_settle())
		die("audit", "no settle", "CONFIG_MLOCK_AUDIT");
}

void witness_start(struct witness *w)
{
	settle();
	w->nr_mlock = vmstat("nr_mlock");
	w->nr_unevictable = vmstat("nr_unevictable");
}

bool witness_check(const char *file, int line, const struct witness *w, pid_t pid,
		   const void *addr, long n, enum state state, long total)
{
	const uint64_t *looks = policy()->look;
	uint64_t look = looks[state];
	uint64_t sum = looks[state == PLAIN ? LOCKED : state == PLAIN_MET ? LOCKED_MET : state];
	bool locked = state != PLAIN && state != PLAIN_MET && state != UNEVICT, good = true;
	struct mapping m;
	struct census c;
	unsigned int i;

	settle();
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
		{ "pages ACTIVE", evictable(look) ? c.active : 0, c.active },
		{ "pages odd", 0, c.odd },
		{ "nr_mlock since start", sum & PF_MLOCKED ? total : 0,
		  vmstat("nr_mlock") - w->nr_mlock },
		{ "nr_unevictable since start", sum & PF_UNEVICTABLE ? total : 0,
		  vmstat("nr_unevictable") - w->nr_unevictable },
		/* And the kernel looks at all its pages, not only at these. */
		{ "violations by the audit", 0, instrument_missing("audit") ? 0 : audit() },
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
	if (row[i - 1].seen)
		printf("%s", instrument_text());
	if (c.odd)
		printf("# %s:%d:   the first odd page is pfn %#lx, %s\n", file, line,
		       (unsigned long)c.odd_pfn, flag_names(c.odd_flags));
	fflush(stdout);
	return false;
}
