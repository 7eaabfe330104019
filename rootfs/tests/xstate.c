// SPDX-License-Identifier: GPL-2.0
/*
 * The vector registers of a process are its own: they survive context switches, page faults, fork, and signals whose
 * handlers clobber them. The kernel sized their area from the host at boot and says so; the size must be what the
 * processor reports (CPUID leaf 0xd, which UML does not intercept).
 * Without "um/x86: hosts with a large XSTATE" the size is not printed, a signal frame holds only the first 832 bytes, so that a
 * handler changes the upper halves of zmm registers behind the program's back, the size of an alternate stack that libc recommends
 * is a guess, and a host with a larger state than 2696 bytes cannot boot the kernel at all.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

UMLOCK(.claims = "P5", .timeout = 30);

typedef struct { uint64_t w[8]; } vec;

/* The registers that this processor has, as one set: 16 of ymm or 32 of zmm. */
static int zmm, regs;
static size_t width;

static void detect(void)
{
	unsigned int a, b, c, d;

	__cpuid(1, a, b, c, d);
	if (!(c & bit_OSXSAVE) || !(c & bit_AVX))
		return;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	zmm = (a & 0xe6) == 0xe6;
	regs = zmm ? 32 : (a & 6) == 6 ? 16 : 0;
	width = zmm ? 64 : 32;
}

#define LOAD(n) "vmovdqu64 " #n "*64(%0), %%zmm" #n "\n"
#define STORE(n) "vmovdqu64 %%zmm" #n ", " #n "*64(%0)\n"
#define YLOAD(n) "vmovdqu " #n "*64(%0), %%ymm" #n "\n"
#define YSTORE(n) "vmovdqu %%ymm" #n ", " #n "*64(%0)\n"
#define LOW(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define HIGH(f) f(16) f(17) f(18) f(19) f(20) f(21) f(22) f(23) f(24) f(25) f(26) f(27) f(28) f(29) f(30) f(31)

#define XMM(n) "xmm" #n
#define CLOBBERS XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7), \
	XMM(8), XMM(9), XMM(10), XMM(11), XMM(12), XMM(13), XMM(14), XMM(15)	/* of the others the compiler has no use */

static inline __attribute__((always_inline)) void load(const vec *v)
{
	if (zmm)
		__asm__ volatile(LOW(LOAD) HIGH(LOAD) : : "r"(v) : "memory", CLOBBERS);
	else
		__asm__ volatile(LOW(YLOAD) : : "r"(v) : "memory", CLOBBERS);
}

static inline __attribute__((always_inline)) void store(vec *v)
{
	if (zmm)
		__asm__ volatile(LOW(STORE) HIGH(STORE) : : "r"(v) : "memory");
	else
		__asm__ volatile(LOW(YSTORE) : : "r"(v) : "memory");
}

/* System calls by hand: what libc does around them may use vector registers. */
static inline __attribute__((always_inline)) long call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}

static void pattern(vec *v, uint64_t seed)
{
	for (int i = 0; i < 32; i++)
		for (int j = 0; j < 8; j++)
			v[i].w[j] = seed * 0x0101010101010101ULL + i * 8 + j;
}

/* The number of the first register that is not as it should be, or -1. */
static int differs(const vec *a, const vec *b)
{
	for (int i = 0; i < regs; i++)
		if (memcmp(&a[i], &b[i], width))
			return i;
	return -1;
}

static vec want[32], got[32], clobber[32];
static volatile int handled;

static void handler(int sig, siginfo_t *info, void *uc)
{
	(void)sig; (void)info; (void)uc;
	load(clobber);
	__sync_fetch_and_add(&handled, 1);
}

static void spoil(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig; (void)info;
	memset((char *)uc->uc_mcontext.fpregs + 512, 0xff, 64);	/* the XSAVE header: features that nobody has */
}

static void overrun(int sig, siginfo_t *info, void *uc)
{
	(void)sig; (void)info; (void)uc;
	_exit(0);
}

FIXTURE(xstate) {
	struct sigaction sa;
};

FIXTURE_SETUP(xstate)
{
	detect();
	if (!regs)
		SKIP(return, "no AVX");
	pattern(want, 0x11);
	pattern(clobber, 0xee);
	memset(got, 0, sizeof(got));
	self->sa.sa_sigaction = handler;
	self->sa.sa_flags = SA_SIGINFO;
	sigaction(SIGUSR1, &self->sa, NULL);
}

FIXTURE_TEARDOWN(xstate) { }

TEST_F(xstate, the_size_is_the_processors)
{
	unsigned int max, size, b, c, d;
	static char log[1 << 18];
	const char *line;
	int len = klogctl(3, log, sizeof(log) - 1);

	ASSERT_LT(0, len);
	line = strstr(log, "FP state: ");
	ASSERT_NE(NULL, line);
	__cpuid_count(0xd, 0, max, size, c, d);
	TH_LOG("kernel: %d, CPUID: %u enabled, %u at most", atoi(line + 10), size, c);
	EXPECT_EQ(size, (unsigned int)atoi(line + 10));
	(void)max; (void)b; (void)d;
}

TEST_F(xstate, a_handler_may_clobber_them)
{
	pid_t pid = getpid();

	load(want);
	call(62 /* kill */, pid, SIGUSR1, 0);
	store(got);
	EXPECT_EQ(1, handled);
	EXPECT_EQ(-1, differs(want, got));
}

/* Handlers within handlers, each with its own values. */
static void nested(int sig, siginfo_t *info, void *uc)
{
	vec mine[32], after[32];
	int level = ++handled;

	(void)info; (void)uc;
	pattern(mine, 0x20 + level);
	load(mine);
	if (level < 4)
		call(62, getpid(), sig, 0);
	load(mine);
	if (level < 4)
		call(62, call(39, 0, 0, 0), SIGUSR2, 0);
	store(after);
	if (differs(mine, after) >= 0)
		handled = 1000;
}

TEST_F(xstate, nested_handlers)
{
	pid_t pid = getpid();
	struct sigaction other = self->sa;

	sigaction(SIGUSR2, &other, NULL);
	self->sa.sa_sigaction = nested;
	self->sa.sa_flags |= SA_NODEFER;
	sigaction(SIGUSR1, &self->sa, NULL);
	load(want);
	call(62, pid, SIGUSR1, 0);
	store(got);
	EXPECT_GT(1000, handled);
	EXPECT_LE(4, handled);
	EXPECT_EQ(-1, differs(want, got));
}

/* A fault inside: the stub's own handler runs in the process before the kernel sees the address. */
TEST_F(xstate, page_faults)
{
	char *p = mmap(NULL, 64 << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	load(want);
	for (int i = 0; i < 64; i++)
		((volatile char *)p)[i << 12] = 1;
	store(got);
	EXPECT_EQ(-1, differs(want, got));
}

/* The note of that type in a core file, of at least size bytes; or NULL. */
static const void *note(const char *core, unsigned int type, size_t size)
{
	const Elf64_Ehdr *head = (const void *)core;
	const Elf64_Phdr *part = (const void *)(core + head->e_phoff);
	const char *at = core + part->p_offset, *end = at + part->p_filesz;

	if (memcmp(head->e_ident, ELFMAG, SELFMAG) || part->p_type != PT_NOTE)
		return NULL;
	while (at < end) {
		const Elf64_Nhdr *n = (const void *)at;
		const char *desc = at + sizeof(*n) + (n->n_namesz + 3) / 4 * 4;

		if (n->n_type == type)
			return n->n_descsz >= size ? desc : NULL;
		at = desc + (n->n_descsz + 3) / 4 * 4;
	}
	return NULL;
}

/* A program that dies by a fault: its core file has what it had, not what the stub left behind. */
TEST_F(xstate, a_core_file_has_them)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	const struct user_fpregs_struct *fp;
	struct stat st;
	char *core;
	int status, fd;

	ASSERT_EQ(0, write_text("/proc/sys/kernel/core_pattern", "core"));	/* in the folder that a test has */
	if (!fork()) {
		setrlimit(RLIMIT_CORE, &all);
		load(want);
		__asm__ volatile("movl $1, 8" : : : "memory");	/* nothing is there */
		_exit(0);
	}
	wait(&status);
	ASSERT_TRUE(WIFSIGNALED(status) && WCOREDUMP(status));
	fd = open("core", O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	core = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, core);
	fp = note(core, NT_PRFPREG, sizeof(*fp));
	ASSERT_NE(NULL, fp);
	for (int i = 0; i < 16; i++)
		EXPECT_EQ(0, memcmp(fp->xmm_space + 4 * i, &want[i], 16));
	unlink("core");
}

TEST_F(xstate, fork_copies_and_switches_keep_them)
{
	int status, failed = 0;

	load(want);
	long pid = call(57 /* fork */, 0, 0, 0);
	store(got);
	if (!pid) {		/* the child's are the parent's; then four of its own kind run against each other */
		if (differs(want, got) >= 0)
			_exit(1);
		_exit(0);
	}
	ASSERT_LT(0, pid);
	EXPECT_EQ(-1, differs(want, got));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);

	for (int i = 0; i < 4; i++)
		if (!fork()) {
			long rounds = 0;

			pattern(want, 0x30 + i);
			while (rounds < 300) {
				load(want);
				call(24 /* sched_yield */, 0, 0, 0);
				for (volatile int spin = 0; rounds % 64 == 0 && spin < 3000000; spin++)
					;	/* long enough for the tick to switch */
				store(got);
				if (differs(want, got) >= 0)
					_exit(1);
				rounds++;
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		failed += status != 0;
	EXPECT_EQ(0, failed);
}

/* A frame that no processor would restore ends in SIGSEGV for the process, and for nobody else. */
TEST_F(xstate, sigreturn_refuses_nonsense)
{
	int status;

	self->sa.sa_sigaction = spoil;
	sigaction(SIGUSR1, &self->sa, NULL);
	if (!fork()) {
		raise(SIGUSR1);
		_exit(0);
	}
	wait(&status);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
	load(want);
	call(24, 0, 0, 0);
	store(got);
	EXPECT_EQ(-1, differs(want, got));
}

#define AREA (64 << 10)

/* In a child: raise() on an alternate stack of SIZE bytes at AREA + START. Gives the wait status: 0 if the handler ran. */
static int on_alternate_stack(char *area, size_t start, size_t size)
{
	struct sigaction sa = { .sa_sigaction = overrun, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t ss = { .ss_sp = area + start, .ss_size = size };
	int status = -1;

	if (!fork()) {
		if (sigaltstack(&ss, NULL) || sigaction(SIGUSR1, &sa, NULL))
			_exit(2);
		raise(SIGUSR1);
		_exit(1);
	}
	wait(&status);
	return status;
}

/* An alternate stack that cannot hold the frame: SIGSEGV, and nothing below it is written. */
TEST_F(xstate, small_alternate_stack)
{
	char *area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int size, a, c, d;

	__cpuid_count(0xd, 0, a, size, c, d);
	if (size < 2048)
		SKIP(return, "the state is only %u bytes", size);
	ASSERT_NE(MAP_FAILED, area);
	EXPECT_EQ(SIGSEGV, on_alternate_stack(area, AREA / 2, 2048));
	for (int i = 0; i < AREA / 2; i++)
		ASSERT_EQ(0, area[i]);
	(void)a; (void)c; (void)d;
}

/* One of the size that the kernel names is enough wherever it is, and so are the classic 8 KiB. */
TEST_F(xstate, alternate_stack_of_the_least_size)
{
	char *area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t least = getauxval(51 /* AT_MINSIGSTKSZ */);

	ASSERT_NE(MAP_FAILED, area);
	TH_LOG("AT_MINSIGSTKSZ %zu, sysconf %ld", least, sysconf(_SC_MINSIGSTKSZ));
	ASSERT_LT(0UL, least);
	EXPECT_EQ((long)least, sysconf(_SC_MINSIGSTKSZ));
	for (int at = 0; at < 64; at += 3)
		EXPECT_EQ(0, on_alternate_stack(area, AREA / 2 + at, least));
	EXPECT_EQ(0, on_alternate_stack(area, AREA / 2, 8192));
}

/* No stack at all: the handler cannot run, and that is a SIGSEGV. */
TEST_F(xstate, no_stack)
{
	int status;

	if (!fork()) {
		long pid = getpid(), nr = 62 /* kill */;

		__asm__ volatile("mov %%rsp, %%rbx; mov %3, %%rsp; syscall; mov %%rbx, %%rsp"
				 : "+a"(nr) : "D"(pid), "S"((long)SIGUSR1), "r"(0x8000000000001000) : "rbx", "rcx", "r11", "memory");
		_exit(1);
	}
	wait(&status);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
}

/* Threads share the host's process, and so its registers: each has its own, also while handlers of all clobber them. */
static volatile int bad, done;

static int thread(void *arg)
{
	vec mine[32], after[32];
	long tid = call(186 /* gettid */, 0, 0, 0);

	pattern(mine, 0x50 + (long)arg);
	for (int i = 0; i < 200; i++) {
		load(mine);
		call(200 /* tkill */, tid, SIGUSR1, 0);
		call(24 /* sched_yield */, 0, 0, 0);
		store(after);
		bad += differs(mine, after) >= 0;
	}
	__sync_fetch_and_add(&done, 1);
	return 0;
}

TEST_F(xstate, threads)
{
	static char stacks[4][AREA] __attribute__((aligned(64)));

	for (long i = 0; i < 4; i++)
		ASSERT_LT(0, clone(thread, stacks[i] + AREA, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, (void *)i));
	while (done < 4)
		sched_yield();
	EXPECT_EQ(0, bad);
	EXPECT_EQ(800, handled);
}

TEST_HARNESS_MAIN
