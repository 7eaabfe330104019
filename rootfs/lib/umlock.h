/* SPDX-License-Identifier: GPL-2.0 */
/*
 * umlock.h - observe and drive the memory management from C.
 *
 * Every test includes this file, then kselftest_harness.h, then what else it
 * needs (this order: _GNU_SOURCE and two warnings are settled here). Sizes are
 * in pages of 4 KiB unless a name says kb; addresses are page aligned; pid 0 is
 * the caller. What the kernel refuses to a test is returned; what the machine
 * lacks (a file in /proc, swap, a cgroup) ends the test through die().
 */
#ifndef UMLOCK_H
#define UMLOCK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Of -Wextra: parameters that not every test uses, and the harness's setjmp(). */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wclobbered"

#define PAGE 4096UL

/*
 * What a test needs and proves: one line of literals, at column 0, read from
 * the source by the harness. All fields may be left out; the harness's defaults
 * are no claims, 30 s, "256M", no swap, all policies, no warning expected. A
 * wrong field or a second line does not compile.
 */
struct umlock_needs {
	const char *claims;	/* ids of rows of docs/claims.tsv, separated by spaces */
	int timeout;		/* seconds, for the whole program */
	const char *mem;	/* of the guest, in MiB: "320M" */
	const char *swap;	/* size of the swap that is on at start, "" none */
	const char *policies;	/* glob of mlock_policy= values, "" all */
	const char *warn;	/* text of the one splat that must come */
	const char *known;	/* text of a warning that may come: the unpatched kernel makes it too, see docs/races.md */
};
#define UMLOCK(...) \
	static const struct umlock_needs umlock_needs \
	__attribute__((unused)) = { __VA_ARGS__ }

/* text.c: files of one line or of "key value" lines */

/* Print "# what: value: cure" and end the process with status 1 (fail). */
void die(const char *what, const char *value, const char *cure)
	__attribute__((noreturn));
/* The whole of a file in a static buffer, overwritten by the next call. */
char *read_text(const char *path);
/* Write fmt in one write(2): 0, or -errno of the write. Dies if it cannot open. */
int write_text(const char *path, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The number behind the line that starts with key or "key:"; dies without one. */
long text_value(const char *text, const char *key, const char *path);

/* mapping.c: the first witness, what the mappings say */

struct mapping {
	unsigned long start, end;	/* of the mappings met, both together */
	int vmas;			/* how many */
	int lo, lf;			/* how many are VM_LOCKED, VM_LOCKONFAULT */
	long rss_kb, locked_kb, swap_kb;	/* sums; Locked: is a PSS */
};
/* All mappings of pid that overlap n pages at addr; all zero when there is none. */
struct mapping mapping_of(pid_t pid, const void *addr, long n);
/* VmLck of pid, in pages: the length of its VM_LOCKED mappings. */
long locked_vm(pid_t pid);

/* folio.c: the second witness, what the pages say */

#define PF(bit)		(1ULL << (bit))
#define PF_LRU		PF(5)
#define PF_ACTIVE	PF(6)
#define PF_ANON		PF(12)
#define PF_SWAPCACHE	PF(13)
#define PF_UNEVICTABLE	PF(18)
#define PF_KSM		PF(21)	/* 6.12 sets it for every anonymous page: it tests one bit of two */
#define PF_MLOCKED	PF(33)	/* KPF_MLOCKED of include/linux/kernel-page-flags.h */
#define PF_LOOK		(PF_LRU | PF_UNEVICTABLE | PF_MLOCKED)

/* pfn of each of n pages, 0 where none is present; returns how many are. */
long pfns_of(pid_t pid, const void *addr, long n, uint64_t *pfn);
/* How many of n pages are in swap. */
long pages_swapped(pid_t pid, const void *addr, long n);
struct census {
	long present, lru, active, unevictable, mlocked;	/* pages with that flag */
	long odd;	/* present, but not in the look asked for */
	uint64_t odd_pfn, odd_flags;	/* of the first of these */
	long pss;	/* bytes: a page counts for its share among its mappers */
};
/* Count the flags of n pages. look: which of LRU, UNEVICTABLE, MLOCKED each should have. */
struct census census_of(pid_t pid, const void *addr, long n, uint64_t look);
/* Empty the batches, then: are n pages all present, and each in that look? If not, it prints what they are. */
bool pages_are(pid_t pid, const void *addr, long n, uint64_t look);
/* Looks: on a list of reclaim; or under the lazy policies on none, waiting for the lock to go. */
#define ON_A_LIST	PF_LRU
#define PARKED		PF_MLOCKED
uint64_t pfn_flags(uint64_t pfn);
/* Names of the flags above, "LRU|MLOCKED", in a static buffer. */
const char *flag_names(uint64_t flags);

/* counters.c: the third witness, what the sums say */

struct counters {
	char path[96];
	char text[12288];
};
/* Take a snapshot of /proc/vmstat, /proc/meminfo, memory.stat or the like. */
void counters_take(struct counters *c, const char *path);
/* Now less then, in the file's own unit. */
long counters_delta(const struct counters *c, const char *key);
/* The value now. */
long counter(const char *path, const char *key);
#define vmstat(key)	counter("/proc/vmstat", key)
#define meminfo_kb(key)	counter("/proc/meminfo", key)
/* Empty every CPU's batches, so that each page is on the list it is meant for. */
void drain(void);

/* witness.c: all three at once */

enum state {
	PLAIN,		/* resident, evictable */
	PLAIN_MET,	/* the same, while others are LOCKED_MET */
	LOCKED,		/* resident in a VM_LOCKED mapping */
	LOCKED_MET,	/* the same, after reclaim has met it */
	LOCKED_SWAPIN,	/* the same, but faulted in from swap and not met since */
	UNEVICT,	/* in an AS_UNEVICTABLE file, culled, not mlocked */
	LOCKED_UNEVICT,	/* in such a file, and in a VM_LOCKED mapping */
	STATES
};
struct witness {
	long nr_mlock, nr_unevictable;
};
/* Settle, and take the two counters as the baseline. */
void witness_start(struct witness *w);
/* Drain, and under a policy by which LOCKED pages may have any history, let reclaim look at each of them. */
void settle(void);
/*
 * Are n pages at addr, of pid, in this state, and have the counters moved by
 * total pages in it since the baseline? (PLAIN: total pages LOCKED elsewhere,
 * PLAIN_MET: LOCKED_MET.)
 * The three must agree: the mappings (`lo` in all or none, Locked: equal to
 * the PSS of what is resident), the pages (all present; LRU, UNEVICTABLE and
 * MLOCKED as the policy says; never both ACTIVE and UNEVICTABLE), and nr_mlock
 * with nr_unevictable. And the audit, where there is one, must have nothing to
 * say of any page. False prints them all, expected beside seen.
 */
bool witness_check(const char *file, int line, const struct witness *w, pid_t pid,
		   const void *addr, long n, enum state state, long total);
#define WITNESS_OF(w, pid, addr, n, state, total) \
	ASSERT_TRUE(witness_check(__FILE__, __LINE__, w, pid, addr, n, state, total))
#define WITNESS(w, addr, n, state, total) WITNESS_OF(w, 0, addr, n, state, total)

/*
 * What depends on the policy is a table in witness.c; these read it for n pages.
 */
enum step {
	BY_MLOCK,	/* mlock(2) of resident pages */
	BY_FAULT,	/* a new page in a VM_LOCKED mapping */
	BY_RECLAIM,	/* reclaim meets a page in state LOCKED_SWAPIN */
	BY_MUNLOCK,	/* munlock(2) of resident pages */
	BY_UNMAP,	/* munmap(2) or exit of the last that had them */
	BY_SHM_UNLOCK,	/* SHM_UNLOCK of pages in state LOCKED_UNEVICT */
	STEPS
};
const char *policy_name(void);
/* How many of n pages in that state carry the flag: n or 0. */
long policy_flags(enum state state, uint64_t flag, long n);
/* Which of LRU, UNEVICTABLE, MLOCKED pages in that state carry. */
uint64_t policy_look(enum state state);
/* By how much the step moves unevictable_pgs_EVENT of /proc/vmstat: n or 0. */
long policy_events(enum step step, const char *event, long n);
/* Does reclaim look at pages in that state whenever it runs? */
bool policy_scans(enum state state);

/* Is it what 6.12 does by itself, which counts and traces only while somebody looks? */
bool policy_is_default(void);
/* Does munlock ask the reverse map who else locks a page? */
bool policy_walks(void);
/* And only if it gets the mmap lock of each that it finds? */
bool policy_trylocks(void);

/* cgroup.c: a memory cgroup (v2) under the root */

struct cgroup {
	char path[64];
};
struct cgroup cgroup_make(const char *name);
/* The path of one of its files, in a static buffer. */
const char *cgroup_file(const struct cgroup *cg, const char *file);
/* Move the caller in; NULL moves it to the root. Pages already there stay charged. */
void cgroup_enter(const struct cgroup *cg);
/* rmdir: 0 or -errno (-EBUSY while a process is inside). */
int cgroup_remove(const struct cgroup *cg);
/* memory.reclaim of n pages: 0, or -EAGAIN when fewer were found. */
int cgroup_reclaim(const struct cgroup *cg, long n, int swappiness);
/*
 * Reclaim all that can go until none of n pages at addr is resident, five times
 * at most (a page may be in a batch, or just referenced). How many still are.
 */
long cgroup_evict(const struct cgroup *cg, const void *addr, long n);
/*
 * In a new group with so many locked pages, which reclaim has met before, and n others, clean and cold, all of which it is to
 * take, four times: how many pages it looks at for each that goes. Needs swap for n pages.
 */
double scans_per_page(const char *name, long locked, long n);
/* A value of memory.stat, in its own unit (bytes, or events). */
long cgroup_stat(const struct cgroup *cg, const char *key);

/* machine.c: swap, compaction, a disk, a clock, SysV shm */

/* Swap on the first ubd, else zram, unless some is on; returns pages of swap. */
long swap_on(void);
/* Swapoff of all. */
void swap_off(void);
/*
 * From now on pages freed are free to all: by default a CPU keeps up to an
 * eighth of memory on lists of its own, where compaction finds no holes.
 */
void make_free_pages_global(void);
/* Compact all memory. */
void compact(void);
/* Set compact_unevictable_allowed, return what it was. */
int compact_unevictable(int allowed);
/* Of n pages here and n pages there, with the same in them, how many KSM makes one of, or -errno; and have it take all apart again. */
long ksm_merge(char *here, char *there, long n);
void ksm_unmerge(void);
/* A disk of at least n pages, in zram; its page cache is on the lists of files. Dies if it cannot be had. */
int disk_open(long n);
#ifndef MADV_DONTNEED_LOCKED		/* 5.18; Debian 12's libc does not know it */
#define MADV_DONTNEED_LOCKED 24
#endif
/*
 * Have the nth allocation that this thread asks for from now on fail, or none (0); by failslab or fail_page_alloc. Returns which
 * was to fail still, 0 if it did; -1 where the kernel is not built for that. To ask takes allocations itself.
 */
int fail_nth(int nth);
/* The time since some moment, in ns. */
double clock_ns(void);
/* A new private SysV segment of n pages; dies if it cannot be made. */
int shm_make(long n);
/* Is SHM_LOCKED set in its mode? */
bool shm_is_locked(int id);

/* instruments.c: the files of /sys/kernel/debug/mlock */

/* Is that CONFIG_ symbol y in /proc/config.gz? */
bool kernel_has(const char *symbol);
/*
 * NULL when there is such a file ("events": the tracepoints; "fail-nth": see fail_nth()); why not, when the kernel is not built for
 * it. Otherwise it dies.
 */
const char *instrument_missing(const char *file);
/* Ends the program as skipped, with that reason. A test that is all about a file says NEEDS("file") below its UMLOCK(). */
void need_instrument(const char *file);
#define NEEDS(file) \
	static void __attribute__((constructor)) needs_instrument(void) { need_instrument(file); } \
	struct umlock_needs
/*
 * Write to a file, in one write(2), and read what the same open file says then: 0 or
 * -errno. Or only read. The functions below are about the last of these.
 */
int instrument(const char *file, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int instrument_read(const char *file);
/* All of it, the rest of the line that starts with key, and that as a number (0x.. is hexadecimal); in static buffers. */
const char *instrument_text(void);
const char *instrument_word(const char *key);
long instrument_value(const char *key);
/* What is that page? Lines pfn, flags, list, refcount, mapcount, memcg, mlock_count, lockers. */
int folio_look(uint64_t pfn);
/* Will the page be one of the last that reclaim looks at: on the active list, or in the generation of one just touched? */
bool folio_is_young(uint64_t pfn);
/* Move n pages of pid. Lines moved, failed. */
int migrate_once(pid_t pid, const void *addr, long n);
/*
 * One look of reclaim at n pages of pid, as that of the group (NULL: of all). Lines
 * scanned, reclaimed, activated, culled, parked, kept, skipped.
 */
int reclaim_once(const struct cgroup *cg, pid_t pid, const void *addr, long n);
/* How many violations there are, or -errno: -EAGAIN when the system is never quiet. */
long audit(void);
/* One look of reclaim at each locked page without a mark: one that the next audit finds still without is a violation. */
int audit_settle(void);
/* The same for a policy that parks: are n locked pages of pid parked then? */
bool settle_parks(pid_t pid, const void *addr, long n);

/* trace.c: the tracepoints of /sys/kernel/tracing/events/mlock */

/* Forget what was traced, and switch these events on: names with blanks between, "" for all. Dies where there are none. */
void trace_start(const char *events);
/* Switch all of them off, and read what they left; what is asked below is about that. */
void trace_stop(void);
/*
 * How often the event came for one of n pages (NULL: for any page, or none), with this
 * word on its line ("how=new"; NULL: with any).
 */
long traced(const char *event, const char *word, const uint64_t *pfn, long n);
/* How many of an event have this one, "locked" say, among the page's flags. */
long traced_with(const char *event, const char *flag);
/* The lines themselves, in a static buffer. */
const char *trace_text(void);

/* map.c: memory to test with */

/* n pages of private anonymous memory, populated by the kernel, each marked. */
char *map_marked(long n, int flags);
/* A file of n pages in memory; dies if it cannot be had. And n pages from its start, shared and populated. */
int file_make(long n);
char *map_file(int fd, long n);
/* Write page i's own number into n pages; how many of n still hold it. */
void mark(char *p, long n);
long marked(const char *p, long n);

/* peer.c: a second process, one step at a time */

#define PEER_GONE (-1000)	/* it exec'd, or died: no answer to come */

struct peer {
	pid_t pid;
	int to, from;
};
/*
 * Fork a child that waits for steps. It dies with the caller. Its steps must
 * not ASSERT: they return a number, and the caller judges it.
 */
struct peer peer_start(int (*step)(int n, void *arg), void *arg);
/* Let it run step(n, arg), n not negative: the result, or PEER_GONE. Or only begin it, and ask for the result later. */
int peer_step(struct peer *p, int n);
void peer_begin(struct peer *p, int n);
int peer_result(struct peer *p);
/* Let it exit, wait for it: exit status, or -signal. 0 if that was done before. */
int peer_end(struct peer *p);
/* In a step: become a program that is new and does nothing until it is killed. Returns errno if that fails. */
int peer_exec(void);
/* Before all who are not: nobody else runs until this process sleeps, or asks to be back_in_line(). Dies if that is refused. */
void first_in_line(void);
void back_in_line(void);

/* meet.c: to interrupt another process in the middle of a system call */

/* A child that does that work, of which parent is the caller, over and over, until it is killed. */
pid_t child_of(void (*work)(char *p, pid_t parent), char *p);
/* Sleep for an odd moment, another one each time, and be first_in_line() for the CPU when it has passed. */
void nap(void);
/* How many pages had that outcome so far: a line of the file stats. */
long pages_with(const char *outcome);
/* A child works, and after each nap look() has a look, until pages had that outcome: at which look, or 0: not in 20000. */
long meet(void (*work)(char *p, pid_t parent), char *p, int (*look)(char *p), const char *outcome);

/* limits.c: a table of what RLIMIT_MEMLOCK allows */

struct limit {
	const char *sentence;
	int (*op)(void *arg);	/* returns 0 or errno */
	long pages;		/* RLIMIT_MEMLOCK */
	int error;		/* what op should return */
};
/*
 * Run each row in a child of its own that is nobody, without capabilities. How
 * many rows did not give their error; each of these is printed.
 */
long limits_broken(const char *file, int line, const struct limit *rows, long n, void *arg);
#define EXPECT_LIMITS(rows, arg) \
	EXPECT_EQ(0, limits_broken(__FILE__, __LINE__, rows, ARRAY_SIZE(rows), arg))

#endif
