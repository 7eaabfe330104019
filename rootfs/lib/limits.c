// SPDX-License-Identifier: GPL-2.0
/* What a process without CAP_IPC_LOCK may lock, as rows of a table. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "umlock.h"

#define NOBODY 65534

long limits_broken(const char *file, int line, const struct limit *rows, long n, void *arg)
{
	long i, broken = 0;
	int status;

	for (i = 0; i < n; i++) {
		struct rlimit rl = { rows[i].pages * PAGE, rows[i].pages * PAGE };
		pid_t pid = fork();

		if (!pid) {
			if (setrlimit(RLIMIT_MEMLOCK, &rl) || setuid(NOBODY))
				_exit(255);
			_exit(rows[i].op(arg));
		}
		if (waitpid(pid, &status, 0) != pid)
			die("fork", "no child to wait for", "more guest memory");
		status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		if (status == rows[i].error)
			continue;
		broken++;
		printf("# %s:%d: limit %ld pages: %s: expected %d (%s), seen %d (%s)\n",
		       file, line, rows[i].pages, rows[i].sentence, rows[i].error,
		       strerror(rows[i].error), status, strerror(status));
	}
	fflush(stdout);
	return broken;
}
