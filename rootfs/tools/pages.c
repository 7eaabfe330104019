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
	int option, status, flags = 0;
	char **command, *end, *p;
	uint64_t pfn;
	pid_t pid;
	long n;

	/* A plus: what the command is given is its own. */
	while ((option = getopt(argc, argv, "+l")) == 'l')
		flags = MAP_LOCKED;
	n = option == -1 && optind + 1 < argc ? strtol(argv[optind], &end, 10) : 0;
	if (n <= 0 || *end) {
		fprintf(stderr, "pages: how many, and for whom? pages [-l] NUMBER COMMAND...\n");
		return 2;
	}
	command = argv + optind + 1;
	p = map_marked(n, flags);
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
		execvp(command[0], command);
		fprintf(stderr, "pages: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork", strerror(errno), "more guest memory");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
