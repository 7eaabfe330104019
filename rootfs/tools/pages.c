// SPDX-License-Identifier: GPL-2.0
/*
 * pages - run a command while so many pages are there to look at.
 *
 *   pages 4 sh -c 'echo $PID $START $LEN >/sys/kernel/debug/mlock/migrate'
 *   pages -l 4 sh -c 'echo $PFN >/sys/kernel/debug/mlock/folio'
 *
 * They are populated and, with -l, locked; the command is told whose they are
 * (PID), where (START and LEN, in bytes) and what page the first one is in (PFN).
 * The status is that of the command, 2 on a usage error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "umlock.h"

static void set(const char *name, const char *format, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), format, value);
	setenv(name, text, 1);
}

int main(int argc, char **argv)
{
	bool lock = argc > 1 && !strcmp(argv[1], "-l");
	char **args = argv + 1 + lock, *end, *p;
	long n = argc > 2 + lock ? strtol(args[0], &end, 10) : 0;
	uint64_t pfn;
	int status;
	pid_t pid;

	if (n <= 0 || *end) {
		fprintf(stderr, "pages: how many, and for whom? pages [-l] NUMBER COMMAND...\n");
		return 2;
	}
	p = map_marked(n, lock ? MAP_LOCKED : 0);
	/* Or the command would have them too, until it is on its way. */
	if (madvise(p, n * PAGE, MADV_DONTFORK))
		die("MADV_DONTFORK", strerror(errno), "it is in every kernel since 2.6.16");
	drain();
	pfns_of(0, p, 1, &pfn);
	set("PID", "%lu", getpid());
	set("START", "%#lx", (unsigned long)p);
	set("LEN", "%#lx", n * PAGE);
	set("PFN", "%#lx", pfn);
	pid = fork();
	if (!pid) {
		execvp(args[1], args + 1);
		fprintf(stderr, "pages: %s: %s\n", args[1], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork", strerror(errno), "more guest memory");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
