// SPDX-License-Identifier: GPL-2.0
/*
 * pages - run a command while so many pages are there to look at.
 *
 *   pages 4 sh -c 'echo $PID $START $LEN >/sys/kernel/debug/mlock/migrate'
 *   pages -l 4 sh -c 'echo $PFN >/sys/kernel/debug/mlock/folio'
 *   pages -s -l 1 true		a second process maps and locks them too, until after munlock
 *   pages -m 1 knob reclaim	a SysV segment, which SHM_LOCK locks, and SHM_UNLOCK unlocks after the command
 *
 * They are populated and, with -l, locked; the command is told whose they are
 * (PID), where (START and LEN, in bytes) and what page the first one is in (PFN).
 * The status is that of the command, 2 on a usage error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "umlock.h"

static int must(int result, const char *what)
{
	if (result < 0)
		die(what, strerror(errno), "more guest memory");
	return result;
}

static void set(const char *name, const char *format, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), format, value);
	setenv(name, text, 1);
}

/* The command's status, or 128 and its signal */
static int run(char **command)
{
	int status;
	pid_t pid = must(fork(), "fork");

	if (!pid) {
		execvp(command[0], command);
		fprintf(stderr, "pages: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	must(waitpid(pid, &status, 0), "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Another process that has them as we do, until the other end of the pipe is closed. */
static pid_t sharer(void *p, long n, bool locked, int *end)
{
	int both[2], ready[2];
	char c;
	pid_t pid;

	must(pipe2(both, O_CLOEXEC), "pipe");
	must(pipe2(ready, O_CLOEXEC), "pipe");
	pid = must(fork(), "fork");
	if (!pid) {
		close(both[1]);
		close(ready[0]);
		/* A lock is not inherited, nor a page table of shared memory. */
		must(locked ? mlock(p, n * PAGE) : madvise(p, n * PAGE, MADV_POPULATE_WRITE), "mlock");
		_exit(write(ready[1], "", 1) != 1 || read(both[0], &c, 1));
	}
	close(both[0]);
	close(ready[1]);
	must(read(ready[0], &c, 1) == 1 ? 0 : -1, "the second process");
	close(ready[0]);
	*end = both[1];
	return pid;
}

static void usage(void)
{
	fprintf(stderr, "pages: how many, and for whom? pages [-l] [-s | -m] NUMBER COMMAND...\n");
	exit(2);
}

int main(int argc, char **argv)
{
	bool locked = false, shared = false, segment = false;
	int option, status, id = -1, end = -1;
	pid_t other = 0;
	char *rest, *p;
	uint64_t pfn;
	long n;

	opterr = 0;
	/* A plus: what the command is given is its own. */
	while ((option = getopt(argc, argv, "+lsm")) != -1) {
		locked |= option == 'l';
		shared |= option == 's';
		segment |= option == 'm';
		if (option == '?')
			usage();
	}
	n = optind + 1 < argc ? strtol(argv[optind], &rest, 10) : 0;
	if (n <= 0 || *rest || (shared && segment))
		usage();
	if (segment) {
		id = must(shmget(IPC_PRIVATE, n * PAGE, 0600), "shmget");
		p = shmat(id, NULL, 0);
		must(p == (void *)-1 ? -1 : 0, "shmat");
		must(shmctl(id, IPC_RMID, NULL), "IPC_RMID");	/* with its last user, however that ends */
		mark(p, n);
		drain();	/* on a list before it is locked: it is reclaim that culls it */
		must(locked ? mlock(p, n * PAGE) : 0, "mlock");
		must(shmctl(id, SHM_LOCK, NULL), "SHM_LOCK");
	} else if (shared) {
		p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE | (locked ? MAP_LOCKED : 0), -1, 0);
		must(p == MAP_FAILED ? -1 : 0, "mmap");
		mark(p, n);
		other = sharer(p, n, locked, &end);
	} else {
		p = map_marked(n, locked ? MAP_LOCKED : 0);
	}
	/* Or the command would have them too, until it is on its way. */
	must(madvise(p, n * PAGE, MADV_DONTFORK), "MADV_DONTFORK");
	drain();
	pfns_of(0, p, 1, &pfn);
	set("PID", "%lu", getpid());
	set("START", "%#lx", (unsigned long)p);
	set("LEN", "%#lx", n * PAGE);
	set("PFN", "%#lx", pfn);
	status = run(argv + optind + 1);
	if (segment)
		must(shmctl(id, SHM_UNLOCK, NULL), "SHM_UNLOCK");
	if (shared) {
		must(munlock(p, n * PAGE), "munlock");
		close(end);
		must(waitpid(other, NULL, 0), "waitpid");
	}
	return status;
}
