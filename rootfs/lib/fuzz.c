// SPDX-License-Identifier: GPL-2.0
/* The operations of the fuzzer, the processes that do them, and the model of what must come of it. */
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
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define ARRAY_SIZE(a)	((int)(sizeof(a) / sizeof((a)[0])))
#define SLOTS	6
#define PAGES	48		/* of a slot */
#define BASE	0x2000000000UL
#define RW	(PROT_READ | PROT_WRITE)

/* What each slot maps. */
enum kind { ANON, ANON_TOO, SHARED, COPY, SEGMENT, RAMFS };

/* What the model says of a page: not mapped, mapped, or mapped and locked. */
enum page { NOT_THERE, THERE, LOCKED_THERE };

static struct board {
	pid_t pid[FUZZ_WORKERS];
	uint8_t page[FUZZ_WORKERS][SLOTS][PAGES];
	bool future[FUZZ_WORKERS];	/* what it maps is locked */
	char armed[32];			/* a sync point that somebody may stand at, */
	volatile bool is_armed;		/* surely armed by now: who arms it may stand there itself */
} *board;

static int fds[SLOTS], segment, me;
static struct cgroup groups[2];

static char *address(const struct fuzz_op *op)
{
	return (char *)(BASE + (op->slot * 64UL + op->page) * PAGE);
}

static uint8_t *model(const struct fuzz_op *op)
{
	return &board->page[me][op->slot][op->page];
}

static void set(const struct fuzz_op *op, enum page page)
{
	memset(model(op), page, op->len);
}

/* mlock() and munlock() stop at the first page that is not mapped; what was before is done. */
static void set_up_to_a_hole(const struct fuzz_op *op, enum page page)
{
	int i;

	for (i = 0; i < op->len && model(op)[i] != NOT_THERE; i++)
		model(op)[i] = page;
}

static void set_all(enum page page)
{
	uint8_t *p = board->page[me][0];
	unsigned int i;

	for (i = 0; i < sizeof(board->page[me]); i++)
		p[i] = p[i] == NOT_THERE ? NOT_THERE : page;
}

static void map(const struct fuzz_op *op, int flags)
{
	int fd = fds[op->slot], shared = op->slot >= SHARED && op->slot != COPY ? MAP_SHARED : MAP_PRIVATE;
	void *p = mmap(address(op), op->len * PAGE, RW, MAP_FIXED | shared | (fd < 0 ? MAP_ANONYMOUS : 0) | flags, fd,
		       fd < 0 ? 0 : op->page * PAGE);

	if (p == MAP_FAILED)
		return;
	set(op, flags & MAP_LOCKED || board->future[me] ? LOCKED_THERE : THERE);
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
	board->future[me] = flag & MCL_FUTURE;
	if (flag & MCL_CURRENT)
		set_all(LOCKED_THERE);
}

static void do_munlockall(const struct fuzz_op *op)
{
	munlockall();
	board->future[me] = false;
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
static void do_compact(const struct fuzz_op *op) { compact(); }
static void do_drain(const struct fuzz_op *op) { write_text("/proc/sys/vm/drop_caches", "1"); }

static pid_t other(const struct fuzz_op *op) { return board->pid[op->arg % FUZZ_WORKERS]; }
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
	if (op->arg % 2)
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, op->page * PAGE, op->len * PAGE);
	else if (!ftruncate(fd, op->page * PAGE) && ftruncate(fd, PAGES * PAGE))
		die("ftruncate", strerror(errno), "more guest memory");
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

/* A child in a group that has too little for what it wants to lock. */
static void do_oom(const struct fuzz_op *op)
{
	struct cgroup small = cgroup_make("fuzz-small");
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

/* A sync point where the next to come stands for a moment. */
static void do_sync(const struct fuzz_op *op)
{
	static const char *const points[] = {
		"mlock.flags_set", "mlock.walked", "mlock.before_populate", "munlock.flags_cleared", "unpark.queued", "populate.page",
		"shrink.isolated", "shrink.locked", "shrink.discovered", "shrink.parked", "shrink.parked_unlocked", "shrink.before_swap",
		"shrink.after_swap", "shrink.before_putback", "putback.before_add", "migrate.isolated", "migrate.unmapped", "migrate.copied",
		"migrate.lru_added", "migrate.remapped", "zap.range_done", "munmap.detached", "exit.before_pass", "exit.before_unmap",
		"cow.copied", "cow.switched", "trunc.unmapped", "rmap.collected", "rmap.cleared", "rmap.walked", "ksm.replaced",
		"swapin.before_pte",
	};
	const char *point = points[op->arg % ARRAY_SIZE(points)];
	char file[64];

	if (board->armed[0])
		return;
	strcpy(board->armed, point);
	snprintf(file, sizeof(file), "sync/%s", point);
	instrument(file, "arm count=%d", op->len % 3 + 1);
	board->is_armed = true;
}

/* Whoever stands at a sync point goes on within a millisecond or two. A process of its own, which never returns. */
static void let_go(void)
{
	char file[64];
	bool last;

	/* Not to come to one itself. */
	mlockall(MCL_CURRENT | MCL_FUTURE);
	for (;;) {
		usleep(1000);
		if (!board->armed[0])
			continue;
		last = board->is_armed;
		snprintf(file, sizeof(file), "sync/%s", board->armed);
		instrument(file, "idle");
		if (last) {
			board->is_armed = false;
			board->armed[0] = 0;
		}
	}
}

static const struct {
	const char *name;
	int weight;
	void (*run)(const struct fuzz_op *op);
} kinds[] = {
	{ "map", 6, do_map }, { "map_populate", 6, do_map_populate }, { "map_locked", 6, do_map_locked }, { "munmap", 5, do_munmap },
	{ "mlock", 10, do_mlock }, { "mlock_onfault", 4, do_mlock_onfault }, { "munlock", 10, do_munlock }, { "mlockall", 1, do_mlockall },
	{ "munlockall", 1, do_munlockall }, { "mremap", 3, do_mremap }, { "mprotect", 3, do_mprotect }, { "madvise", 10, do_madvise },
	{ "populate", 6, do_populate }, { "compact", 1, do_compact }, { "drain", 1, do_drain }, { "migrate", 6, do_migrate },
	{ "reclaim", 8, do_reclaim }, { "reclaim_group", 3, do_reclaim_group }, { "move_group", 1, do_move_group }, { "lru", 1, do_lru },
	{ "ksm", 1, do_ksm }, { "truncate", 2, do_truncate }, { "shm_lock", 2, do_shm_lock }, { "shm_own", 2, do_shm_own },
	{ "fork", 2, do_fork }, { "brk", 1, do_brk }, { "stack", 1, do_stack }, { "pin", 2, do_pin }, { "uffd", 1, do_uffd },
	{ "oom", 1, do_oom }, { "sync", 6, do_sync },
};

/* splitmix64: small, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void fuzz_make(unsigned long seed, struct fuzz_op *ops, long n)
{
	uint64_t state = seed, r;
	int weights = 0, w, i;
	long k;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		weights += kinds[i].weight;
	for (k = 0; k < n; k++) {
		r = next_random(&state);
		w = r % weights;
		for (i = 0; w >= kinds[i].weight; i++)
			w -= kinds[i].weight;
		r = next_random(&state);
		ops[k].op = i;
		ops[k].worker = r % FUZZ_WORKERS;
		ops[k].slot = (r >> 8) % SLOTS;
		ops[k].page = (r >> 16) % PAGES;
		ops[k].len = 1 + (r >> 24) % (PAGES - ops[k].page);
		if ((r >> 40) % 2)
			ops[k].len = 1 + ops[k].len % 4;
		if (ops[k].page + ops[k].len > PAGES)
			ops[k].len = 1;
		ops[k].arg = r >> 32;
	}
}

const char *fuzz_text(const struct fuzz_op *op)
{
	static char line[96];

	snprintf(line, sizeof(line), "%d %s %d %d %d %d", op->worker, kinds[op->op].name, op->slot, op->page, op->len, op->arg);
	return line;
}

bool fuzz_parse(const char *line, struct fuzz_op *op)
{
	int worker, slot, page, len, arg, i;
	char name[24];

	if (sscanf(line, "%d %23s %d %d %d %d", &worker, name, &slot, &page, &len, &arg) != 6)
		return false;
	for (i = 0; i < ARRAY_SIZE(kinds) && strcmp(kinds[i].name, name); i++)
		;
	*op = (struct fuzz_op){ worker, i, slot, page, len, arg };
	return i < ARRAY_SIZE(kinds) && worker >= 0 && worker < FUZZ_WORKERS && slot >= 0 && slot < SLOTS && page >= 0 && len > 0 &&
		page + len <= PAGES && arg >= 0 && arg < 256;
}

static const struct fuzz_op *sequence;
static long length;

/* A step of a worker: its part of the round that begins there. */
static int part(int from, void *arg)
{
	long i, end = from + FUZZ_ROUND < length ? from + FUZZ_ROUND : length;

	for (i = from; i < end; i++)
		if (sequence[i].worker == me)
			kinds[sequence[i].op].run(sequence + i);
	return 0;
}

/* Are the mappings of a worker what the model says? */
static bool mappings_agree(int worker)
{
	static uint8_t seen[SLOTS][64];
	unsigned long start = 0, end = 0, page, last = BASE + SLOTS * 64 * PAGE;
	char path[32], *line, *save;
	int s, p;

	memset(seen, NOT_THERE, sizeof(seen));
	snprintf(path, sizeof(path), "/proc/%d/smaps", board->pid[worker]);
	for (line = strtok_r(read_text(path), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "VmFlags:", 8)) {
			if (strchr(line, '-') && sscanf(line, "%lx-%lx ", &start, &end) != 2)
				start = end = 0;
			continue;
		}
		for (page = start > BASE ? start : BASE; page < end && page < last; page += PAGE)
			seen[(page - BASE) / PAGE / 64][(page - BASE) / PAGE % 64] = strstr(line, " lo") ? LOCKED_THERE : THERE;
	}
	for (s = 0; s < SLOTS; s++)
		for (p = 0; p < PAGES; p++)
			if (seen[s][p] != board->page[worker][s][p]) {
				printf("# fuzz: worker %d, slot %d, page %d: the model says %d, its mapping %d\n", worker, s, p,
				       board->page[worker][s][p], seen[s][p]);
				return false;
			}
	return true;
}

static bool all_agrees(void)
{
	int w, tries;

	for (w = 0; w < FUZZ_WORKERS; w++)
		if (!mappings_agree(w))
			return false;
	for (tries = 0; tries < 20; tries++) {
		long n = audit();

		if (n != -EAGAIN) {
			if (n)
				printf("%s# fuzz: %ld violations\n", instrument_text(), n);
			return !n;
		}
		usleep(10000);
	}
	printf("# fuzz: the audit is never done\n");
	return false;
}

static void prepare(void)
{
	int i;

	swap_on();
	board = mmap(NULL, sizeof(*board), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		die("mmap", strerror(errno), "more guest memory");
	groups[0] = cgroup_make("fuzz-a");
	groups[1] = cgroup_make("fuzz-b");
	segment = shm_make(PAGES);
	for (i = 0; i < SLOTS; i++)
		fds[i] = -1;
	fds[SHARED] = file_make(PAGES);
	fds[COPY] = file_make(PAGES);
	fds[SEGMENT] = file_make(PAGES);
	fds[RAMFS] = open("/fuzz", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fds[RAMFS] < 0 || unlink("/fuzz") || ftruncate(fds[RAMFS], PAGES * PAGE))
		die("/fuzz", strerror(errno), "the root file system is to be written to");
}

long fuzz_run(const struct fuzz_op *ops, long n, int every)
{
	struct peer worker[FUZZ_WORKERS];
	long from, bad = -1;
	pid_t goer;
	int w, round = 0;

	prepare();
	sequence = ops;
	length = n;
	goer = fork();
	if (!goer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		first_in_line();
		let_go();
	}
	for (w = 0; w < FUZZ_WORKERS; w++) {
		me = w;
		worker[w] = peer_start(part, NULL);
		board->pid[w] = worker[w].pid;
	}
	for (from = 0; from < n && bad < 0; from += FUZZ_ROUND) {
		for (w = 0; w < FUZZ_WORKERS; w++)
			peer_begin(&worker[w], from);
		for (w = 0; w < FUZZ_WORKERS; w++)
			if (peer_result(&worker[w])) {
				printf("# fuzz: worker %d ends with %d\n", w, peer_end(&worker[w]));
				bad = from + FUZZ_ROUND;
			}
		if (bad < 0 && (++round % every == 0 || from + FUZZ_ROUND >= n) && !all_agrees())
			bad = from + FUZZ_ROUND < n ? from + FUZZ_ROUND : n;
	}
	for (w = 0; w < FUZZ_WORKERS; w++)
		peer_end(&worker[w]);
	kill(goer, SIGKILL);
	waitpid(goer, NULL, 0);
	shmctl(segment, IPC_RMID, NULL);
	return bad;
}
