// SPDX-License-Identifier: GPL-2.0
/*
 * What is peculiar to mlock_policy=rmap: whoever unlocks takes the mark off and asks the reverse map who else locks the page, before
 * the page is unmapped, or after another has taken its place. What it does as count does, the tests of every policy see.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

UMLOCK(.claims = "U9 U25 U32 U34 U35 U36 U41 U55 U56 U57 U60 U67 U68 U69 U71 U73 U75 U76 U79 U86 P20", .timeout = 60, .swap = "128M", .policies = "rmap*");
NEEDS("audit");

#define N 64L
#define RW (PROT_READ | PROT_WRITE)
#define MARKED (PF_LRU | PF_UNEVICTABLE | PF_MLOCKED)

/* --- a file that two processes have mapped */

enum { LOCK, UNLOCK, UNMAP, REPLACE, DONTNEED, EXEC, LOCK_PRIVATE };

struct both {
	char *p;	/* N pages of the file, at the same place in both processes */
	int fd;
};

static int second(int n, void *arg)
{
	struct both *b = arg;

	switch (n) {
	case LOCK:
		return mlock(b->p, N * PAGE) ? errno : 0;
	case UNLOCK:
		return munlock(b->p, N * PAGE) ? errno : 0;
	case UNMAP:
		return munmap(b->p, N * PAGE) ? errno : 0;
	case REPLACE:
		return mmap(b->p, N * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != b->p;
	case DONTNEED:
		return madvise(b->p, N * PAGE, MADV_DONTNEED_LOCKED) ? errno : 0;
	case LOCK_PRIVATE:
		return mmap(NULL, N * PAGE, PROT_READ, MAP_PRIVATE | MAP_LOCKED, b->fd, 0) == MAP_FAILED ? errno : 0;
	}
	return peer_exec();
}

FIXTURE(rmap) {
	struct both b;
	struct peer peer;
	struct counters vm;
	uint64_t pfn[N];
	long nr_mlock;
};

FIXTURE_SETUP(rmap)
{
	swap_on();
	self->b.fd = file_make(N);
	self->b.p = map_file(self->b.fd, N);
	mark(self->b.p, N);
	drain();
	ASSERT_EQ(N, pfns_of(0, self->b.p, N, self->pfn));
	self->nr_mlock = vmstat("nr_mlock");
	self->peer = peer_start(second, &self->b);
	ASSERT_EQ(0, peer_step(&self->peer, LOCK));
	EXPECT_TRUE(pages_are(0, self->b.p, N, MARKED));
	counters_take(&self->vm, "/proc/vmstat");
}

FIXTURE_TEARDOWN(rmap)
{
	peer_end(&self->peer);
	munmap(self->b.p, N * PAGE);
	drain();
	EXPECT_EQ(self->nr_mlock, vmstat("nr_mlock"));
	EXPECT_EQ(0, counters_delta(&self->vm, "unevictable_pgs_cleared"));
	EXPECT_EQ(0, audit());
}

/* Where in the trace an event of that page comes first. */
static long place(const char *event, uint64_t pfn)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), " %s: pfn=%#lx ", event, (long)pfn);
	at = strstr(trace_text(), key);
	return at ? at - trace_text() : -1;
}

/* The mark goes first, with the page off its list, and the walk sets it again for the lock that is left: nothing is unmapped. */
TEST_F(rmap, munlock_asks_who_is_left)
{
	struct counters vm;

	ASSERT_EQ(0, mlock(self->b.p, N * PAGE));
	drain();
	counters_take(&vm, "/proc/vmstat");
	trace_start("");
	ASSERT_EQ(0, munlock(self->b.p, N * PAGE));
	drain();
	trace_stop();
	EXPECT_EQ(N, traced("unmark", "how=munlock", self->pfn, N));
	EXPECT_EQ(0, traced_with("unmark", "mlocked"));
	EXPECT_EQ(0, traced_with("unmark", "lru"));
	EXPECT_EQ(N, traced_with("unmark", "locked"));
	EXPECT_EQ(N, traced("munlock_walk", "hit=1", self->pfn, N));
	EXPECT_EQ(N, traced("mark", "how=walk", self->pfn, N));
	EXPECT_LE(0, place("unmark", self->pfn[0]));
	EXPECT_LT(place("unmark", self->pfn[0]), place("mark", self->pfn[0]));
	EXPECT_EQ(0, traced("rescue", NULL, NULL, 0));
	EXPECT_EQ(0, traced("exit_pass", NULL, NULL, 0));
	EXPECT_TRUE(pages_are(0, self->b.p, N, MARKED));
	EXPECT_EQ(0, counters_delta(&vm, "nr_mlock"));
	EXPECT_EQ(N, counters_delta(&vm, "unevictable_pgs_mlocked"));
	EXPECT_EQ(0, counters_delta(&vm, "unevictable_pgs_munlocked"));
	EXPECT_EQ(N * 4, mapping_of(0, self->b.p, N).rss_kb);
	EXPECT_EQ(N * 4, mapping_of(self->peer.pid, self->b.p, N).rss_kb);

	trace_start("");
	ASSERT_EQ(0, peer_step(&self->peer, UNLOCK));
	drain();
	trace_stop();
	EXPECT_EQ(N, traced("munlock_walk", "hit=0", self->pfn, N));
	EXPECT_EQ(N, traced("munlock_walk", "vmas_visited=2", self->pfn, N));
	EXPECT_EQ(0, traced("mark", NULL, NULL, 0));
	EXPECT_EQ(N, traced("rescue", "where=lru_add", self->pfn, N));
	EXPECT_TRUE(pages_are(0, self->b.p, N, ON_A_LIST));
	EXPECT_EQ(-N, counters_delta(&vm, "nr_mlock"));
	EXPECT_EQ(N, counters_delta(&vm, "unevictable_pgs_munlocked"));
	EXPECT_EQ(N * 4, mapping_of(self->peer.pid, self->b.p, N).rss_kb);
}

/* --- the ways to lose a lock without munlock */

FIXTURE(way) {
	struct both b;
	struct peer peer;
	uint64_t pfn[N];
};
FIXTURE_VARIANT(way) {
	int step;
	bool pass;	/* asked before it is unmapped, and by exit_pass */
};
FIXTURE_VARIANT_ADD(way, munmap) { .step = UNMAP, .pass = true };
FIXTURE_VARIANT_ADD(way, map_fixed) { .step = REPLACE, .pass = true };
FIXTURE_VARIANT_ADD(way, exec) { .step = EXEC, .pass = true };
FIXTURE_VARIANT_ADD(way, exit) { .step = -1, .pass = true };
FIXTURE_VARIANT_ADD(way, dontneed) { .step = DONTNEED };

FIXTURE_SETUP(way)
{
	self->b.fd = file_make(N);
	self->b.p = map_file(self->b.fd, N);
	mark(self->b.p, N);
	ASSERT_EQ(N, pfns_of(0, self->b.p, N, self->pfn));
	self->peer = peer_start(second, &self->b);
	ASSERT_EQ(0, peer_step(&self->peer, LOCK));
	drain();
}

FIXTURE_TEARDOWN(way)
{
	if (variant->step == EXEC)
		kill(self->peer.pid, SIGKILL);
	peer_end(&self->peer);
	EXPECT_EQ(0, audit());
}

static void go(struct __test_metadata *_metadata, struct peer *peer, int step)
{
	trace_start("unmark munlock_walk exit_pass");
	EXPECT_EQ(step == EXEC ? PEER_GONE : 0, step < 0 ? peer_end(peer) : peer_step(peer, step));
	drain();
	trace_stop();
}

TEST_F(way, of_the_last_lock)
{
	EXPECT_TRUE(pages_are(0, self->b.p, N, MARKED));
	go(_metadata, &self->peer, variant->step);
	EXPECT_EQ(N, traced("unmark", variant->pass ? "how=munlock" : "how=zap", self->pfn, N));
	EXPECT_EQ(N, traced("munlock_walk", "hit=0", self->pfn, N));
	EXPECT_EQ(N, traced("munlock_walk", variant->pass ? "mapcount=2" : "mapcount=1", self->pfn, N));
	EXPECT_EQ(variant->pass, traced("exit_pass", NULL, NULL, 0));
	EXPECT_TRUE(pages_are(0, self->b.p, N, ON_A_LIST));
	EXPECT_EQ(N, marked(self->b.p, N));
	EXPECT_EQ(0, vmstat("nr_mlock"));
}

TEST_F(way, of_one_of_two)
{
	ASSERT_EQ(0, mlock(self->b.p, N * PAGE));
	go(_metadata, &self->peer, variant->step);
	EXPECT_EQ(N, traced("munlock_walk", "hit=1", self->pfn, N));
	EXPECT_TRUE(pages_are(0, self->b.p, N, MARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	ASSERT_EQ(0, munlock(self->b.p, N * PAGE));
	EXPECT_TRUE(pages_are(0, self->b.p, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
}

/* Truncation asks nobody, and takes all mappings: the mark goes with the last. */
TEST_F(rmap, truncation)
{
	ASSERT_EQ(0, mlock(self->b.p, N * PAGE));
	trace_start("");
	ASSERT_EQ(0, fallocate(self->b.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, N / 2 * PAGE));
	drain();
	EXPECT_EQ(N / 2, vmstat("nr_mlock"));
	ASSERT_EQ(0, ftruncate(self->b.fd, 0));
	drain();
	trace_stop();
	EXPECT_EQ(N, traced("unmark", "how=zap", self->pfn, N));
	EXPECT_EQ(0, traced("munlock_walk", NULL, NULL, 0));
	EXPECT_EQ(0, vmstat("nr_mlock"));
}

/* A copy on write leaves the file's page to those who have it still: with the lock of another, and without. */
TEST_F(rmap, copied)
{
	char *q = mmap(NULL, N * PAGE, RW, MAP_PRIVATE, self->b.fd, 0);
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, i ? peer_step(&self->peer, UNLOCK) : 0);
		ASSERT_EQ(0, mlock2(q, N * PAGE, MLOCK_ONFAULT));
		ASSERT_EQ(0, madvise(q, N * PAGE, MADV_POPULATE_READ));
		EXPECT_TRUE(pages_are(0, self->b.p, N, MARKED));
		ASSERT_EQ(0, madvise(q, N * PAGE, MADV_POPULATE_WRITE));
		EXPECT_TRUE(pages_are(0, q, N, MARKED));
		EXPECT_TRUE(pages_are(0, self->b.p, N, i ? ON_A_LIST : MARKED));
		EXPECT_EQ(0, audit());
		ASSERT_EQ(0, munlock(q, N * PAGE));
		ASSERT_EQ(0, madvise(q, N * PAGE, MADV_DONTNEED));
	}
	munmap(q, N * PAGE);
}

/* Two pages of a file that are in a batch still, on no list: who takes a mapping has the batch emptied, and can ask. */
TEST(in_a_batch)
{
	char *p, *q;
	int fd = file_make(2);

	ASSERT_EQ(0, mlockall(MCL_FUTURE | MCL_ONFAULT));
	q = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, q);
	ASSERT_NE(MAP_FAILED, p);
	/* By faults alone: a system call would empty it. */
	((volatile char *)q)[0];
	((volatile char *)p)[0];
	p[0] = 1;
	EXPECT_TRUE(pages_are(0, q, 1, MARKED));
	EXPECT_TRUE(pages_are(0, p, 1, MARKED));
	ASSERT_EQ(0, munlockall());
	EXPECT_TRUE(pages_are(0, q, 1, ON_A_LIST));
	munmap(p, 2 * PAGE);
	munmap(q, 2 * PAGE);
	EXPECT_EQ(0, audit());
}

/* Two pages in turn, many times in a mapping, and locked in another: each time they are put back by way of a batch, and asked about again. */
TEST(many_times_the_same)
{
	char *p = map_marked(N, 0), *q = map_marked(2, 0);
	uint64_t pfn[N], two[2];
	long i, same = 0;

	for (i = 0; i < N; i++)
		memset(p + i * PAGE, 1 + i % 2, PAGE);
	memset(q, 1, PAGE);
	memset(q + PAGE, 2, PAGE);
	ASSERT_EQ(2, ksm_merge(q, p, 2));
	ksm_merge(p, p, N);
	ASSERT_EQ(2, pfns_of(0, q, 2, two));
	ASSERT_EQ(N, pfns_of(0, p, N, pfn));
	for (i = 0; i < N; i++)
		same += pfn[i] == two[i % 2];
	ASSERT_EQ(N, same);
	ASSERT_EQ(0, mlock2(q, 2 * PAGE, MLOCK_ONFAULT) | mlock2(p, N * PAGE, MLOCK_ONFAULT));
	EXPECT_TRUE(pages_are(0, q, 2, MARKED));
	trace_start("isolate_fail munlock_walk");
	ASSERT_EQ(0, munlock(p, N * PAGE));
	trace_stop();
	EXPECT_EQ(0, traced("isolate_fail", NULL, NULL, 0));
	/* In the same process, whose mmap lock munlock has: rmap,trylock cannot mark for it, and has nothing to ask from then on. */
	EXPECT_EQ(policy_trylocks() ? 2 : N, traced("munlock_walk", NULL, pfn, 2));
	EXPECT_TRUE(pages_are(0, q, 2, policy_trylocks() ? ON_A_LIST : MARKED));
	EXPECT_EQ(0, audit());
	munmap(p, N * PAGE);
	munmap(q, 2 * PAGE);
	ksm_unmerge();
}

/* KSM takes pages out of a locked mapping that a child has still, half of them locked. */
static int lock_half(int n, void *p) { return mlock2(p, N / 2 * PAGE, MLOCK_ONFAULT) ? errno : 0; }

TEST_F(rmap, merged)
{
	char *p = map_marked(N, MAP_LOCKED), *q = map_marked(N, MAP_LOCKED);
	struct peer child;
	long i;

	/* No page like its neighbour: of many KSM makes one, and loses sight of a child of whom it has taken the others. */
	for (i = 0; i < 2 * N; i++)
		memset((i < N ? p : q) + i % N * PAGE, 1 + i % N, PAGE);
	child = peer_start(lock_half, p);
	ASSERT_EQ(0, peer_step(&child, 0));
	EXPECT_EQ(N, ksm_merge(p, q, N));
	drain();
	EXPECT_TRUE(pages_are(child.pid, p, N / 2, MARKED));
	EXPECT_TRUE(pages_are(child.pid, p + N / 2 * PAGE, N / 2, ON_A_LIST));
	EXPECT_EQ(0, audit());
	EXPECT_EQ(N, census_of(0, p, N, 0).mlocked);
	EXPECT_EQ(N, census_of(0, q, N, 0).mlocked);
	ksm_unmerge();
	EXPECT_EQ(0, peer_end(&child));
	munmap(p, N * PAGE);
	munmap(q, N * PAGE);
}

/* The OOM reaper takes what it can before exit has asked: it leaves no mark behind. */
TEST_F(rmap, reaped)
{
	int fd = syscall(SYS_pidfd_open, self->peer.pid, 0), reaped;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, peer_step(&self->peer, UNLOCK));
	ASSERT_EQ(0, peer_step(&self->peer, LOCK_PRIVATE));
	EXPECT_TRUE(pages_are(0, self->b.p, N, MARKED));
	first_in_line();
	kill(self->peer.pid, SIGKILL);
	reaped = syscall(SYS_process_mrelease, fd, 0) ? errno : 0;
	EXPECT_TRUE(pages_are(0, self->b.p, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	back_in_line();
	EXPECT_EQ(0, reaped);
	close(fd);
}

/* But it takes no mark that is not of the process: what that has mapped and not locked stays as it is. */
TEST_F(rmap, reaped_without_a_lock)
{
	int fd = syscall(SYS_pidfd_open, self->peer.pid, 0), reaped;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mlock(self->b.p, N * PAGE));
	ASSERT_EQ(0, peer_step(&self->peer, UNLOCK));
	first_in_line();
	kill(self->peer.pid, SIGKILL);
	reaped = syscall(SYS_process_mrelease, fd, 0) ? errno : 0;
	back_in_line();
	EXPECT_EQ(0, reaped);
	peer_end(&self->peer);
	EXPECT_TRUE(pages_are(0, self->b.p, N, MARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	close(fd);
}

/* What a file keeps on the unevictable list stays there, though the reaper takes the mapping that had it locked. */
TEST(reaped_of_ramfs)
{
	static char buf[N * PAGE];
	struct both b;
	struct peer peer;
	int fd;

	ASSERT_TRUE(!mkdir("r", 0755) || errno == EEXIST);
	ASSERT_EQ(0, mount("ramfs", "r", "ramfs", 0, NULL));
	b.fd = open("r/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ASSERT_EQ((ssize_t)sizeof(buf), write(b.fd, buf, sizeof(buf)));
	b.p = map_file(b.fd, N);
	peer = peer_start(second, &b);
	ASSERT_EQ(0, peer_step(&peer, LOCK_PRIVATE));
	EXPECT_TRUE(pages_are(0, b.p, N, MARKED));
	fd = syscall(SYS_pidfd_open, peer.pid, 0);
	ASSERT_LE(0, fd);
	first_in_line();
	kill(peer.pid, SIGKILL);
	EXPECT_EQ(0, syscall(SYS_process_mrelease, fd, 0));
	EXPECT_TRUE(pages_are(0, b.p, N, PF_LRU | PF_UNEVICTABLE));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	back_in_line();
	peer_end(&peer);
	munmap(b.p, N * PAGE);
	close(b.fd);
	close(fd);
	umount2("r", MNT_DETACH);
	EXPECT_EQ(0, audit());
}

/* One pass for all that goes at once, which counts mappings that were locked, and their pages. */
TEST(one_pass)
{
	char *p = map_marked(4 * N, 0);

	ASSERT_EQ(0, mlock(p, N * PAGE) | mlock(p + 2 * N * PAGE, N * PAGE));
	trace_start("exit_pass");
	ASSERT_EQ(0, munmap(p, 4 * N * PAGE));
	trace_stop();
	EXPECT_EQ(1, traced("exit_pass", NULL, NULL, 0));
	EXPECT_EQ(1, traced("exit_pass", "vmas=2", NULL, 0));
	EXPECT_EQ(1, traced("exit_pass", "pages=128", NULL, 0));	/* 2 * N */
}

/* --- the price, and the end of a walk */

#define K 6

/* All mappings are visited to tell that none is locked; the first locked one ends it. */
TEST(visits)
{
	int fd = file_make(N), i;
	struct both b[K];
	struct peer peer[K];
	uint64_t pfn[N];
	char word[32];

	for (i = 0; i < K; i++)
		b[i] = (struct both){ map_file(fd, N), fd };
	ASSERT_EQ(N, pfns_of(0, b[0].p, N, pfn));
	ASSERT_EQ(0, mlock(b[0].p, N * PAGE));
	trace_start("munlock_walk");
	ASSERT_EQ(0, munlock(b[0].p, N * PAGE));
	trace_stop();
	snprintf(word, sizeof(word), "vmas_visited=%d", K);
	EXPECT_EQ(N, traced("munlock_walk", word, pfn, N));
	EXPECT_EQ(N, traced("munlock_walk", "hit=0", pfn, N));
	for (i = 1; i < K; i++)
		ASSERT_EQ(0, munmap(b[i].p, N * PAGE));
	for (i = 0; i < K; i++) {
		peer[i] = peer_start(second, &b[0]);
		ASSERT_EQ(0, peer_step(&peer[i], LOCK));
	}
	trace_start("munlock_walk");
	ASSERT_EQ(0, mlock(b[0].p, N * PAGE));
	ASSERT_EQ(0, munlock(b[0].p, N * PAGE));
	trace_stop();
	EXPECT_EQ(N, traced("munlock_walk", "hit=1", pfn, N));
	/* At most its own mapping came first. */
	EXPECT_EQ(N, traced("munlock_walk", "vmas_visited=1", pfn, N) + traced("munlock_walk", "vmas_visited=2", pfn, N));
	for (i = 0; i < K; i++)
		peer_end(&peer[i]);
	munmap(b[0].p, N * PAGE);
	drain();
	EXPECT_EQ(0, audit());
}

/* --- what reclaim has to find */

/* Locked, not marked, and left out by folio_referenced(): asked before there is a place in swap, which none gets. */
TEST(swap_is_not_spent)
{
	struct cgroup cg = cgroup_make("swap");
	struct counters mem, vm;
	uint64_t pfn[N];
	char *p;

	swap_on();
	cgroup_enter(&cg);
	p = map_marked(N, 0);
	ASSERT_EQ(0, cgroup_evict(&cg, p, N));
	ASSERT_EQ(0, mlock(p, N * PAGE));
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_RANDOM));
	EXPECT_TRUE(pages_are(0, p, N, ON_A_LIST));
	ASSERT_EQ(N, pfns_of(0, p, N, pfn));
	counters_take(&mem, "/proc/meminfo");
	counters_take(&vm, "/proc/vmstat");
	trace_start("discover mark");
	ASSERT_EQ(0, reclaim_once(NULL, 0, p, N));
	/* MGLRU lets a page that was read from swap pass once. */
	ASSERT_EQ(0, reclaim_once(NULL, 0, p, N));
	trace_stop();
	EXPECT_EQ(N, traced("discover", "how=swap", pfn, N));
	EXPECT_EQ(N, traced("mark", "how=walk", pfn, N));
	EXPECT_TRUE(pages_are(0, p, N, MARKED));
	EXPECT_EQ(0, counters_delta(&mem, "SwapFree"));
	EXPECT_EQ(0, counters_delta(&mem, "SwapCached"));
	EXPECT_EQ(0, counters_delta(&vm, "pswpout"));
	EXPECT_EQ(N, marked(p, N));
	cgroup_enter(NULL);
	munmap(p, N * PAGE);
	drain();
	EXPECT_EQ(0, audit());
}

/* --- pages in other hands */

static int look_unlock(char *p)
{
	return munlock(p, N * PAGE) || mlock(p, N * PAGE);
}

static void do_migrate(char *p, pid_t parent) { migrate_once(parent, p, N); }

/* munlock meets pages that migration has taken off their lists: it does not ask, and nobody is forgotten. */
TEST(isolated)
{
	int fd = file_make(N);
	char *p, *q;

	p = map_file(fd, N);
	q = map_file(fd, N);
	mark(p, N);
	ASSERT_EQ(0, mlock(p, N * PAGE) | mlock(q, N * PAGE));
	EXPECT_LT(0, meet(do_migrate, p, look_unlock, "isolate_fail.munlock"));
	EXPECT_EQ(0, audit_settle());
	EXPECT_EQ(0, audit());
	EXPECT_TRUE(pages_are(0, q, N, MARKED));
	EXPECT_EQ(N, vmstat("nr_mlock"));
	ASSERT_EQ(0, munlock(p, N * PAGE) | munlock(q, N * PAGE));
	EXPECT_EQ(0, audit_settle());
	EXPECT_EQ(0, audit());
	EXPECT_TRUE(pages_are(0, q, N, ON_A_LIST));
	EXPECT_EQ(0, vmstat("nr_mlock"));
	EXPECT_EQ(N, marked(p, N));
}

static long listed(const struct counters *vm, const char *kind)
{
	char inactive[32], active[32];

	snprintf(inactive, sizeof(inactive), "nr_inactive_%s", kind);
	snprintf(active, sizeof(active), "nr_active_%s", kind);
	return (counters_delta(vm, inactive) + counters_delta(vm, active)) / (N / 2);	/* of the test itself a few come meanwhile */
}

/* Back to where it came from: an anonymous page, and one of a disk. */
TEST(back_on_the_right_list)
{
	char *p = map_marked(N, MAP_LOCKED), *q = mmap(NULL, N * PAGE, RW, MAP_SHARED, disk_open(N), 0);
	struct counters vm;

	ASSERT_NE(MAP_FAILED, q);
	ASSERT_EQ(0, mlock(q, N * PAGE));
	drain();
	counters_take(&vm, "/proc/vmstat");
	ASSERT_EQ(0, munlock(p, N * PAGE));
	drain();
	EXPECT_EQ(2, listed(&vm, "anon"));
	EXPECT_EQ(0, listed(&vm, "file"));
	ASSERT_EQ(0, munlock(q, N * PAGE));
	drain();
	EXPECT_EQ(2, listed(&vm, "anon"));
	EXPECT_EQ(2, listed(&vm, "file"));
	EXPECT_EQ(-2 * N, counters_delta(&vm, "nr_unevictable"));
}

TEST_HARNESS_MAIN
