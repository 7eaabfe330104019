// SPDX-License-Identifier: GPL-2.0
/*
 * A fork that runs out of memory between two vmas returns ENOMEM, whichever vma
 * it stops at, and leaves parent and kernel as they were. Overcommit is strict,
 * with room for 0, 1, 2 ... of the process's writable mappings. Without the
 * patch the first failure after a copied vma panics the kernel.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

UMLOCK(.claims = "P4", .timeout = 30);

#define VMAS 12
#define SIZE (4UL << 20)

#define sysctl_vm(name, value) write_text("/proc/sys/vm/" name, "%ld", (long)(value))
#define committed_kb() meminfo_kb("Committed_AS")

FIXTURE(fork_fails) {
	char *vma[VMAS];
};

/* Every mapping is written to, so that fork has page tables to copy; what lies between them keeps them apart. */
FIXTURE_SETUP(fork_fails)
{
	char *all = mmap(NULL, VMAS * 2 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long before;

	ASSERT_NE(MAP_FAILED, all);
	/* init may still have its timer to fork: one of its forks that fails is the end of it. */
	do {
		before = committed_kb();
		usleep(100000);
	} while (committed_kb() != before);
	for (int i = 0; i < VMAS; i++) {
		self->vma[i] = all + 2 * i * SIZE;
		ASSERT_EQ(0, mprotect(self->vma[i], SIZE, PROT_READ | PROT_WRITE));
		memset(self->vma[i], i + 1, 3 * 4096);
	}
}

FIXTURE_TEARDOWN(fork_fails)
{
	sysctl_vm("overcommit_memory", 0);
}

/* One fork with room for `kb`: 0, or the errno. The child looks at every mapping before it exits. */
static int try_fork(FIXTURE_DATA(fork_fails) *self, long kb)
{
	int status = -1, err;
	pid_t pid;

	if (sysctl_vm("overcommit_kbytes", kb) || sysctl_vm("overcommit_memory", 2))
		return EPERM;
	pid = fork();
	err = errno;
	if (!pid) {
		for (int i = 0; i < VMAS; i++)
			if (self->vma[i][4096] != i + 1)
				_exit(1);
		_exit(0);
	}
	sysctl_vm("overcommit_memory", 0);
	if (pid < 0)
		return err;
	waitpid(pid, &status, 0);
	return status ? -1 : 0;
}

TEST_F_TIMEOUT(fork_fails, at_every_vma, 25)
{
	long base = committed_kb(), kb;
	int failed = 0, err = ENOMEM;

	ASSERT_LT(0, base);
	for (kb = 0; err && kb < 2 * (long)(VMAS * SIZE >> 10); kb += SIZE >> 10) {
		err = try_fork(self, base + kb);
		if (err) {
			ASSERT_EQ(ENOMEM, err);
			failed++;
		}
		for (int i = 0; i < VMAS; i++)
			ASSERT_EQ(i + 1, self->vma[i][2 * 4096]);
	}
	ASSERT_EQ(0, err);		/* with enough room it works */
	ASSERT_LE(VMAS, failed);	/* and before that it failed at each of them */
	/* Nothing stays charged: one mapping that did would show, init's own comings and goings do not. */
	ASSERT_LT(labs(committed_kb() - base), (long)(SIZE >> 10));
}

TEST_HARNESS_MAIN
