// SPDX-License-Identifier: GPL-2.0
/* The programs of rootfs/tools for people at the guest's shell: what they print, what they return, what they leave switched on. */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

UMLOCK(.timeout = 30);
NEEDS("events");

/* Run by the shell: its status, or -signal; what it said, on both outputs, is in said[]. */
static char said[1 << 16];
static int run(const char *command)
{
	char line[512];
	size_t len = 0, n;
	FILE *out;
	int status;

	snprintf(line, sizeof(line), "{ %s; } 2>&1", command);
	out = popen(line, "r");
	if (!out)
		die("popen", strerror(errno), "more guest memory");
	while ((n = fread(said + len, 1, sizeof(said) - 1 - len, out)) > 0)
		len += n;
	said[len] = 0;
	status = pclose(out);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static long lines(const char *with)
{
	char *at = said;
	long n = 0;

	for (; (at = strstr(at, with)); at++)
		n++;
	return n;
}

static const struct row {
	const char *command;
	int status;
	const char *with;
	long lines;	/* with that; of an event, if the policy has it */
} rows[] = {
	{ "trace pages -l 4 true", 0, ": mark: ", 4 },
	{ "trace pages -l 4 true", 0, ": unmark: ", 4 },
	{ "trace -e mark pages -l 4 true", 0, ": mark: ", 4 },
	{ "trace -e mark pages -l 4 true", 0, ": unmark: ", 0 },
	{ "trace -e mark -e unmark pages -l 4 true", 0, ": mark: ", 4 },
	{ "trace -e mark -e unmark pages -l 4 true", 0, ": unmark: ", 4 },
	{ "trace pages 4 true", 0, "\n", 0 },
	{ "trace sh -c 'echo out; exit 3'", 3, "out\n", 1 },
	{ "trace nosuch", 127, "not found", 1 },
	{ "trace", 2, "\n", 1 },
	{ "trace -e", 2, "lacks its event", 1 },
	{ "trace -e nosuch true", 2, "no event 'nosuch': there is cull discover", 1 },
	{ "trace -x true", 2, "\n", 1 },
	{ "cat /sys/kernel/tracing/events/mlock/enable", 0, "0\n", 1 },
	{ "pages", 2, "\n", 1 },
	{ "pages 0 true", 2, "pages: how many", 1 },
	{ "pages 4x true", 2, "pages: how many", 1 },
	{ "pages 4", 2, "pages: how many", 1 },
	{ "pages 4 nosuch", 127, "pages: nosuch: No such file", 1 },
	{ "pages -l 4 sh -c 'kill $$'", 128 + SIGTERM, "\n", 0 },
	{ "pages -l 4 sh -c 'grep VmLck /proc/$PID/status'", 0, " 16 kB", 1 },
	{ "pages 4 sh -c 'grep VmLck /proc/$PID/status'", 0, " 0 kB", 1 },
	{ "pages -s -m 4 true", 2, "pages: how many", 1 },
	{ "pages -x 4 true", 2, "pages: how many", 1 },
	{ "pages -s 4 sh -c 'cat /proc/[0-9]*/maps | grep -c ^${START#0x}-.*4000.rw-s'", 0, "2\n", 1 },
	{ "pages -s -l 4 sh -c 'cat /proc/[0-9]*/status | grep -c VmLck:.*16'", 0, "2\n", 1 },
	{ "pages -m 4 sh -c 'grep VmLck /proc/$PID/status; cat /proc/sysvipc/shm'", 0, " 3600 ", 1 },	/* SHM_DEST, SHM_LOCKED, 0600 */
	{ "cat /proc/sysvipc/shm", 0, "\n", 1 },
	{ "pages -l 4 sh -c 'echo $(($LEN / 4096)) pages at ${START#0x}; grep -c ^${START#0x}- /proc/$PID/maps'", 0, "\n1\n", 1 },
};

/* Those that need the instruments */
static const struct row knob_rows[] = {
	{ "pages 4 knob migrate", 0, "moved 4\n", 1 },
	{ "pages 4 knob migrate migrate", 0, "moved 4\n", 2 },
	{ "pages 4 knob nosuch migrate", 1, "moved", 0 },
	{ "pages 4 knob", 2, "knob: which files", 1 },
	{ "knob migrate", 2, "knob: which files", 1 },
};

static void each(struct __test_metadata *_metadata, const struct row *row, const struct row *end)
{
	const long marks = policy_flags(LOCKED, PF_UNEVICTABLE, 1), unmarks = policy_events(BY_UNMAP, "munlocked", 1);

	for (; row < end; row++) {
		long has = strstr(row->with, ": mark: ") ? marks : strstr(row->with, ": unmark: ") ? unmarks : 1;

		EXPECT_EQ(row->status, run(row->command)) {
			TH_LOG("%s: %s", row->command, said);
		}
		EXPECT_EQ(row->lines * has, lines(row->with)) {
			TH_LOG("%s: lines with '%s' in: %s", row->command, row->with, said);
		}
	}
}

TEST(each_command)
{
	each(_metadata, rows, rows + ARRAY_SIZE(rows));
}

TEST(each_knob)
{
	if (access("/sys/kernel/debug/mlock/migrate", F_OK))
		SKIP(return, "this kernel has no mlock/migrate");
	each(_metadata, knob_rows, knob_rows + ARRAY_SIZE(knob_rows));
}

TEST_HARNESS_MAIN
