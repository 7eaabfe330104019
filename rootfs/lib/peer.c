// SPDX-License-Identifier: GPL-2.0
/* A second process, one step at a time, over two pipes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "umlock.h"

struct peer peer_start(int (*step)(int n, void *arg), void *arg)
{
	int to[2], from[2], n;
	struct peer p;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		die("pipe", strerror(errno), "too many files open");
	p.pid = fork();
	if (p.pid < 0)
		die("fork", strerror(errno), "more guest memory");
	if (!p.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(to[1]);
		close(from[0]);
		while (read(to[0], &n, sizeof(n)) == sizeof(n) && n >= 0) {
			n = step(n, arg);
			if (write(from[1], &n, sizeof(n)) != sizeof(n))
				break;
		}
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	p.to = to[1];
	p.from = from[0];
	return p;
}

void peer_begin(struct peer *p, int n)
{
	if (write(p->to, &n, sizeof(n)) != sizeof(n))
		die("peer", "gone before its step", "see the kernel log");
}

int peer_result(struct peer *p)
{
	int n;

	return read(p->from, &n, sizeof(n)) == sizeof(n) ? n : PEER_GONE;
}

int peer_step(struct peer *p, int n)
{
	peer_begin(p, n);
	return peer_result(p);
}

int peer_end(struct peer *p)
{
	int status, stop = -1;

	if (!p->pid)
		return 0;
	/* Not by EOF: a later peer holds a copy of this pipe. If it is gone, it is gone. */
	signal(SIGPIPE, SIG_IGN);
	if (write(p->to, &stop, sizeof(stop)) < 0 && errno != EPIPE)
		die("peer", strerror(errno), "was it ever started?");
	close(p->to);
	close(p->from);
	if (waitpid(p->pid, &status, 0) != p->pid)
		die("waitpid", strerror(errno), "did somebody else wait for the peer?");
	p->pid = 0;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int peer_exec(void)
{
	setenv("UMLOCK_PAUSE", "1", 1);
	execl("/proc/self/exe", "peer", NULL);
	return errno;
}

static void __attribute__((constructor)) pause_if_asked(void)
{
	if (getenv("UMLOCK_PAUSE"))
		pause();
}

static void in_line(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, policy, &param))
		die("sched_setscheduler", strerror(errno), "run as root");
}

void first_in_line(void)
{
	in_line(SCHED_FIFO, 1);
}

void back_in_line(void)
{
	in_line(SCHED_OTHER, 0);
}
