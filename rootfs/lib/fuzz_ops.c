// SPDX-License-Identifier: GPL-2.0
/* What the fuzzer's processes do: each operation, and what it does to the model of what is mapped and locked. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define ARRAY_SIZE(a)	((int)(sizeof(a) / sizeof((a)[0])))
#define BASE	0x2000000000UL
#define RW	(PROT_READ | PROT_WRITE)

/* What each slot maps. */
enum kind { ANON, ANON_TOO, SHARED, COPY, SEGMENT, RAMFS };

static struct board {
	struct fuzz_worker worker[FUZZ_WORKERS];
	long failed;	/* allocations that were made to fail */
} *board;

static struct fuzz_worker *me;
static int fds[SLOTS], content, disk, segment;
static struct cgroup groups[2];
static char swap[64];
static int to_fail;	/* of the allocations of the next operation */

static char *address(const struct fuzz_op *op)
{
	return (char *)(BASE + (op->slot * 64UL + op->page) * PAGE);
}

static uint8_t *model(const struct fuzz_op *op)
{
	return &me->page[op->slot][op->page];
}

static void set(const struct fuzz_op *op, enum fuzz_page page)
{
	memset(model(op), page, op->len);
}

/* mlock() and munlock() stop at the first page that is not mapped; what was before is done. */
static void set_up_to_a_hole(const struct fuzz_op *op, enum fuzz_page page)
{
	int i;

	for (i = 0; i < op->len && model(op)[i] != NOT_THERE; i++)
		model(op)[i] = page;
}

static void set_all(enum fuzz_page page)
{
	uint8_t *p = me->page[0];
	unsigned int i;

	for (i = 0; i < sizeof(me->page); i++)
		p[i] = p[i] == NOT_THERE ? NOT_THERE : page;
}

static void map(const struct fuzz_op *op, int flags)
{
	int fd = fds[op->slot], shared = op->slot >= SHARED && op->slot != COPY ? MAP_SHARED : MAP_PRIVATE;
	void *p = mmap(address(op), op->len * PAGE, RW, MAP_FIXED | shared | (fd < 0 ? MAP_ANONYMOUS : 0) | flags, fd,
		       fd < 0 ? 0 : op->page * PAGE);

	if (p == MAP_FAILED)
		return;
	set(op, flags & MAP_LOCKED || me->future ? LOCKED_THERE : THERE);
}

static void do_map(const struct fuzz_op *op) { map(op, 0); }
static void do_map_populate(const struct fuzz_op *op) { map(op, MAP_POPULATE); }
static void do_map_locked(const struct fuzz_op *op) { map(op, MAP_LOCKED); }

static void do_munmap(const struct fuzz_op *op)
{
	if (!munmap(address(op), op->len * PAGE))
		set(op, NOT_THERE);
}

static void do_mlock(const struct fuzz_op *op)
{
	mlock(address(op), op->len * PAGE);
	set_up_to_a_hole(op, LOCKED_THERE);
}

static void do_mlock_onfault(const struct fuzz_op *op)
{
	mlock2(address(op), op->len * PAGE, MLOCK_ONFAULT);
	set_up_to_a_hole(op, LOCKED_THERE);
}

static void do_munlock(const struct fuzz_op *op)
{
	munlock(address(op), op->len * PAGE);
	set_up_to_a_hole(op, THERE);
}

static void do_mlockall(const struct fuzz_op *op)
{
	int flags[] = { MCL_CURRENT, MCL_FUTURE, MCL_CURRENT | MCL_FUTURE, MCL_CURRENT | MCL_ONFAULT };
	int flag = flags[op->arg % 4];

	mlockall(flag);
	/* Which replaces what a call before it has said of the future. */
	me->future = flag & MCL_FUTURE;
	if (flag & MCL_CURRENT)
		set_all(LOCKED_THERE);
}

static void do_munlockall(const struct fuzz_op *op)
{
	munlockall();
	me->future = false;
	set_all(THERE);
}

/* To the other half of the slot; the kernel refuses what is not one mapping. */
static void do_mremap(const struct fuzz_op *op)
{
	struct fuzz_op to = *op;
	uint8_t was[PAGES];

	to.page = (op->page + PAGES / 2) % PAGES;
	if (op->len > PAGES / 2 || to.page + op->len > PAGES)
		return;
	memcpy(was, model(op), op->len);
	if (mremap(address(op), op->len * PAGE, op->len * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, address(&to)) == MAP_FAILED) {
		/* What was in the way is gone all the same, unless the kernel has looked first. */
		unsigned char vec[PAGES];
		int i;

		for (i = 0; i < to.len; i++)
			if (mincore(address(&to) + i * PAGE, PAGE, vec) && errno == ENOMEM)
				model(&to)[i] = NOT_THERE;
		return;
	}
	set(op, NOT_THERE);
	memcpy(model(&to), was, op->len);
}

static void do_mprotect(const struct fuzz_op *op)
{
	int prots[] = { PROT_NONE, PROT_READ, RW, RW };

	mprotect(address(op), op->len * PAGE, prots[op->arg % 4]);
}

static void do_madvise(const struct fuzz_op *op)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_PAGEOUT, MADV_COLD, MADV_FREE, MADV_MERGEABLE, MADV_UNMERGEABLE,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_POPULATE_WRITE, MADV_POPULATE_WRITE, MADV_RANDOM, MADV_NORMAL,
	};

	madvise(address(op), op->len * PAGE, advices[op->arg % ARRAY_SIZE(advices)]);
}

static void do_populate(const struct fuzz_op *op) { madvise(address(op), op->len * PAGE, MADV_POPULATE_WRITE); }

/* With what is not all zeros, which swap would not keep a place for; from the kernel, as a fault of the user's is dear. */
static void do_fill(const struct fuzz_op *op)
{
	(void)!pread(content, address(op), op->len * PAGE, op->arg % PAGES * PAGE);
}

/* Each page begins with zero, or with the word of some page that it was filled with. */
static void do_look(const struct fuzz_op *op)
{
	struct iovec here[PAGES], there[PAGES];
	uint64_t word[PAGES] = { 0 };
	int i;

	for (i = 0; i < op->len; i++) {
		here[i] = (struct iovec){ &word[i], sizeof(word[i]) };
		there[i] = (struct iovec){ address(op) + i * PAGE, sizeof(word[i]) };
	}
	process_vm_readv(getpid(), here, op->len, there, op->len, 0);
	for (i = 0; i < op->len; i++)
		if (word[i] && (word[i] >> 32 ^ (uint32_t)word[i]) != UINT32_MAX) {
			printf("# fuzz: worker %d, slot %d, page %d: it begins with %#lx\n", op->worker, op->slot, op->page + i, word[i]);
			fflush(NULL);
			_exit(1);
		}
}

static void do_compact(const struct fuzz_op *op) { compact(); }
static void do_drain(const struct fuzz_op *op) { write_text("/proc/sys/vm/drop_caches", "1"); }

static pid_t other(const struct fuzz_op *op) { return board->worker[op->arg % FUZZ_WORKERS].pid; }
static void do_migrate(const struct fuzz_op *op) { migrate_once(other(op), address(op), op->len); }
static void do_reclaim(const struct fuzz_op *op) { reclaim_once(NULL, other(op), address(op), op->len); }
static void do_reclaim_group(const struct fuzz_op *op) { cgroup_reclaim(&groups[op->arg % 2], op->len * 4, op->arg % 201); }
static void do_move_group(const struct fuzz_op *op) { cgroup_enter(op->arg % 3 ? &groups[op->arg % 2] : NULL); }

static void do_lru(const struct fuzz_op *op) { write_text("/sys/kernel/mm/lru_gen/enabled", op->arg % 2 ? "y" : "n"); }
static void do_ksm(const struct fuzz_op *op) { write_text("/sys/kernel/mm/ksm/run", "%d", op->arg % 3); }

static void do_truncate(const struct fuzz_op *op)
{
	int fd = fds[op->slot];

	if (fd < 0)
		return;
	/* A mark that is left behind then, with KSM and a munlock at once, is what the unpatched kernel does: docs/races.md. */
	if (op->slot == COPY && policy_is_default())
		return;
	if (op->arg % 2)
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, op->page * PAGE, op->len * PAGE);
	else if (op->slot != SEGMENT && !ftruncate(fd, op->page * PAGE))	/* what SHM_LOCK accounts is not to change: nor can it, otherwise */
		while (ftruncate(fd, PAGES * PAGE))
			;
}

static void do_shm_lock(const struct fuzz_op *op) { shmctl(segment, op->arg % 2 ? SHM_LOCK : SHM_UNLOCK, NULL); }

/* A segment of one's own, filled, locked or not, and gone again, perhaps while it is locked. */
static void do_shm_own(const struct fuzz_op *op)
{
	int id = shmget(IPC_PRIVATE, op->len * PAGE, IPC_CREAT | 0600);
	char *p = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (op->arg & 1)
		shmctl(id, SHM_LOCK, NULL);
	if (p != (void *)-1)
		madvise(p, op->len * PAGE, MADV_POPULATE_WRITE);
	if (op->arg & 2)
		mlock(p, op->len * PAGE);
	if (op->arg & 4)
		shmctl(id, SHM_UNLOCK, NULL);
	shmctl(id, IPC_RMID, NULL);
	if (p != (void *)-1)
		shmdt(p);
}

/* A child that has all of it, and ends in some way or other. */
static void do_fork(const struct fuzz_op *op)
{
	pid_t pid = fork();

	if (pid) {
		if (pid > 0)
			waitpid(pid, NULL, 0);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (op->arg & 1)
		mlockall(op->arg & 2 ? MCL_CURRENT : MCL_CURRENT | MCL_FUTURE);
	if (op->arg & 4)
		madvise(address(op), op->len * PAGE, MADV_POPULATE_WRITE);
	if (op->arg & 8)
		munmap(address(op), op->len * PAGE);
	if (op->arg & 16)
		execl("/bin/true", "true", NULL);
	if (op->arg & 32)
		raise(SIGKILL);
	_exit(0);
}

static void do_brk(const struct fuzz_op *op)
{
	if (sbrk(op->len * PAGE) != (void *)-1)
		sbrk(-(long)(op->len * PAGE));
}

static void do_stack(const struct fuzz_op *op)
{
	char deep[op->len * PAGE];

	*(volatile char *)deep = 1;
}

/* Pages that a pipe has do not move, until the next time. */
static void do_pin(const struct fuzz_op *op)
{
	static int fd[2] = { -1, -1 };
	struct iovec range = { address(op), (op->len % 8 + 1) * PAGE };

	if (fd[0] >= 0) {
		close(fd[0]);
		close(fd[1]);
	}
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		fd[0] = fd[1] = -1;
	else
		(void)!vmsplice(fd[1], &range, 1, SPLICE_F_NONBLOCK);
}

static void do_uffd(const struct fuzz_op *op)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { { (long)address(op), op->len * PAGE }, UFFDIO_REGISTER_MODE_MISSING, 0 };
	struct uffdio_zeropage zero = { { (long)address(op), op->len * PAGE }, 0, 0 };

	if (fd < 0)
		return;
	if (!ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &reg))
		ioctl(fd, UFFDIO_ZEROPAGE, &zero);
	close(fd);
}

/* One of a worker. */
static struct cgroup group(const char *what, int worker)
{
	char name[24];

	snprintf(name, sizeof(name), "fuzz-%s-%d", what, worker);
	return cgroup_make(name);
}

/*
 * A child in a group that has too little for what it wants to lock. A group of its own: who is short of memory tries again and again
 * while another of the group is dying, and under time-travel that one would never get the CPU.
 */
static void do_oom(const struct fuzz_op *op)
{
	struct cgroup small = group("small", op->worker);
	pid_t pid;

	write_text(cgroup_file(&small, "memory.max"), "%d", 1 << 20);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		cgroup_enter(&small);
		mmap(NULL, 2 << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS | (op->arg % 2 ? MAP_LOCKED : MAP_POPULATE), -1, 0);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static const char *const points[] = {
	"mlock.flags_set", "mlock.walked", "mlock.before_populate", "munlock.flags_cleared", "unpark.queued", "populate.page", "shm.unlocked",
	"shrink.isolated", "shrink.locked", "shrink.discovered", "shrink.parked", "shrink.parked_unlocked", "shrink.before_swap",
	"shrink.after_swap", "shrink.before_putback", "putback.before_add", "migrate.drained", "migrate.isolated", "migrate.unmapped",
	"migrate.copied", "migrate.lru_added", "migrate.remapped", "zap.range_done", "munmap.detached", "exit.before_pass", "exit.before_unmap",
	"cow.copied", "cow.switched", "trunc.unmapped", "rmap.collected", "rmap.cleared", "rmap.walked", "ksm.replaced",
	"swapin.before_pte",
};

/* At that point the next who come stand for a millisecond or two, and others get further meanwhile. */
static void do_sync(const struct fuzz_op *op)
{
	char file[64];

	snprintf(file, sizeof(file), "sync/%s", points[op->arg % ARRAY_SIZE(points)]);
	if (instrument(file, "arm count=%d delay_us=%d", op->len % 3 + 1, 500 * (op->page % 4 + 1)) == -ENOENT)
		die(file, "not there", "the points here are those of sync/list");
}

/* All of swap goes, and comes again. */
static void do_swap(const struct fuzz_op *op)
{
	swapoff(swap);
	swapon(swap, 0);
}

/* A group that is removed while pages are charged to it. */
static void do_group_gone(const struct fuzz_op *op)
{
	struct cgroup gone = group("gone", op->worker);

	cgroup_enter(&gone);
	madvise(address(op), op->len * PAGE, MADV_POPULATE_WRITE);
	cgroup_enter(NULL);
	cgroup_remove(&gone);
}

/* A disk writes into the pages, which nobody may move meanwhile. */
static void do_direct(const struct fuzz_op *op)
{
	(void)!pread(disk, address(op), op->len * PAGE, 0);
}

/* A page goes, and the model hears nothing of it. */
static void do_unsaid(const struct fuzz_op *op) { munmap(address(op), PAGE); }

/* The nth allocation of the operation after this one fails, where the kernel is built for it. */
static void do_fail(const struct fuzz_op *op)
{
	to_fail = op->arg % (op->len % 2 ? 4 : 24) + 1;
}

const struct fuzz_kind fuzz_kinds[] = {
	/* name, how often, what "fail" before it does, the function */
	{ "meet", 0, NEVER, NULL },
	{ "map", 12, MODEL, do_map },
	{ "map_populate", 12, MODEL, do_map_populate },
	{ "map_locked", 12, MODEL, do_map_locked },
	{ "munmap", 10, MODEL, do_munmap },
	{ "mlock", 20, MODEL, do_mlock },
	{ "mlock_onfault", 8, MODEL, do_mlock_onfault },
	{ "munlock", 20, MODEL, do_munlock },
	{ "mlockall", 2, MODEL, do_mlockall },
	{ "munlockall", 2, MODEL, do_munlockall },
	{ "mremap", 6, MODEL, do_mremap },
	{ "mprotect", 6, MODEL, do_mprotect },
	{ "madvise", 20, ALONE, do_madvise },
	{ "populate", 10, ALONE, do_populate },
	{ "fill", 14, ALONE, do_fill },
	{ "look", 6, ALONE, do_look },
	{ "compact", 2, NEVER, do_compact },
	{ "drain", 2, NEVER, do_drain },
	{ "migrate", 12, NEVER, do_migrate },
	{ "reclaim", 16, NEVER, do_reclaim },
	{ "reclaim_group", 6, NEVER, do_reclaim_group },
	{ "move_group", 1, NEVER, do_move_group },
	{ "group_gone", 1, NEVER, do_group_gone },
	{ "lru", 2, NEVER, do_lru },
	{ "ksm", 2, NEVER, do_ksm },
	{ "swap", 1, NEVER, do_swap },
	{ "truncate", 4, ALONE, do_truncate },
	{ "shm_lock", 4, ALONE, do_shm_lock },
	{ "shm_own", 4, ALONE, do_shm_own },
	{ "fork", 2, ALONE, do_fork },
	{ "brk", 2, ALONE, do_brk },
	{ "stack", 2, NEVER, do_stack },
	{ "pin", 4, ALONE, do_pin },
	{ "direct", 2, ALONE, do_direct },
	{ "uffd", 2, ALONE, do_uffd },
	{ "oom", 1, NEVER, do_oom },
	{ "sync", 12, NEVER, do_sync },
	{ "fail", 8, NEVER, do_fail },
	/* Not from a seed, as the model is not told: what the harness tests itself with. */
	{ "unsaid", 0, NEVER, do_unsaid },
};
const int fuzz_n_kinds = ARRAY_SIZE(fuzz_kinds);
const int fuzz_meet;

void fuzz_do(const struct fuzz_op *op)
{
	const struct fuzz_kind *kind = &fuzz_kinds[op->op];
	bool failing;

	me = &board->worker[op->worker];
	failing = to_fail && kind->fails != NEVER && fail_nth(to_fail) >= 0;
	kind->run(op);
	if (kind->run != do_fail)
		to_fail = 0;
	if (!failing || fail_nth(0))
		return;
	__atomic_add_fetch(&board->failed, 1, __ATOMIC_RELAXED);
	/* How far it came is the kernel's business: the model takes what there is. */
	if (kind->fails == MODEL)
		fuzz_mappings(0, me->page);
}

void fuzz_mappings(pid_t pid, uint8_t page[SLOTS][PAGES])
{
	unsigned long start = 0, end = 0, p, last = BASE + SLOTS * 64 * PAGE;
	char path[32], *line, *save;

	memset(page, NOT_THERE, SLOTS * PAGES);
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid ? pid : getpid());
	for (line = strtok_r(read_text(path), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "VmFlags:", 8)) {
			if (strchr(line, '-') && sscanf(line, "%lx-%lx ", &start, &end) != 2)
				start = end = 0;
			continue;
		}
		for (p = start > BASE ? start : BASE; p < end && p < last; p += PAGE)
			if ((p - BASE) / PAGE % 64 < PAGES)
				page[(p - BASE) / PAGE / 64][(p - BASE) / PAGE % 64] = strstr(line, " lo") ? LOCKED_THERE : THERE;
	}
}

/* A SysV segment as a file, so that parts of it can be mapped as those of a file are. */
static int segment_file(void)
{
	char path[64], *p;
	int fd;

	segment = shm_make(PAGES);
	p = shmat(segment, NULL, 0);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (long)p, (long)(p + PAGES * PAGE));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(path, strerror(errno), "run as root");
	shmdt(p);
	return fd;
}

struct fuzz_worker *fuzz_prepare(void)
{
	uint64_t word;
	int i, fd;

	swap_on();
	if (sscanf(strchr(read_text("/proc/swaps"), '\n'), "\n%63s", swap) != 1)
		die("/proc/swaps", "no swap in it", "give the guest swap");
	board = mmap(NULL, sizeof(*board), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		die("mmap", strerror(errno), "more guest memory");
	groups[0] = cgroup_make("fuzz-a");
	groups[1] = cgroup_make("fuzz-b");
	for (i = 0; i < SLOTS; i++)
		fds[i] = -1;
	fds[SHARED] = file_make(PAGES);
	fds[COPY] = file_make(PAGES);
	fds[SEGMENT] = segment_file();
	content = file_make(PAGES);
	fds[RAMFS] = open("/fuzz", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fds[RAMFS] < 0 || unlink("/fuzz") || ftruncate(fds[RAMFS], PAGES * PAGE))
		die("/fuzz", strerror(errno), "the root file system is to be written to");
	fd = disk_open(PAGES);
	for (i = 0; i < PAGES; i++) {
		word = (i + 1) | (uint64_t)~(i + 1) << 32;
		if (pwrite(content, &word, sizeof(word), i * PAGE) != sizeof(word) || pwrite(fd, &word, sizeof(word), i * PAGE) != sizeof(word))
			die("pwrite", strerror(errno), "more guest memory");
	}
	fsync(fd);
	close(fd);
	disk = open("/dev/zram1", O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (disk < 0)
		die("/dev/zram1", strerror(errno), "a disk that takes O_DIRECT");
	return board->worker;
}

long fuzz_failed(void)
{
	return access("/proc/thread-self/fail-nth", F_OK) ? -1 : board->failed;
}

void fuzz_clean_up(void)
{
	struct cgroup small;
	int i;

	shmctl(segment, IPC_RMID, NULL);
	for (i = 0; i < SLOTS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	close(content);
	close(disk);
	ksm_unmerge();
	write_text("/sys/kernel/mm/ksm/run", "0");
	cgroup_remove(&groups[0]);
	cgroup_remove(&groups[1]);
	for (i = 0; i < FUZZ_WORKERS; i++) {
		small = group("small", i);
		cgroup_remove(&small);
	}
}
