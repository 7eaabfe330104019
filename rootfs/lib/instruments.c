// SPDX-License-Identifier: GPL-2.0
/* The files of /sys/kernel/debug/mlock: one write is one operation, and what it says is read from the same open file. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "umlock.h"

#define MLOCK "/sys/kernel/debug/mlock"
#define QUIET_TRIES 5	/* for an audit that finds the system busy */

static char said[1 << 17], from[64];

bool kernel_has(const char *symbol)
{
	static char asked[128];		/* the last question, as one is asked over and over */
	static bool found;
	char line[256], want[128];
	FILE *config;

	snprintf(want, sizeof(want), "%s=y\n", symbol);
	if (!strcmp(want, asked))
		return found;
	strcpy(asked, want);
	found = false;
	config = popen("zcat /proc/config.gz", "r");
	if (!config)
		die("zcat", strerror(errno), "the guest's BusyBox has it");
	while (fgets(line, sizeof(line), config))
		found = found || !strcmp(line, want);
	if (pclose(config))
		die("/proc/config.gz", "cannot be read", "build the kernel with CONFIG_IKCONFIG_PROC");
	return found;
}

const char *instrument_missing(const char *file)
{
	bool events = !strcmp(file, "events"), fails = !strcmp(file, "fail-nth");
	const char *symbol = events ? "CONFIG_MLOCK_POLICY" :
		fails ? "CONFIG_FAULT_INJECTION" :
		!strcmp(file, "audit") ? "CONFIG_MLOCK_AUDIT" :
		!strcmp(file, "fault") ? "CONFIG_MLOCK_AUDIT_FAULTS" :
		!strcmp(file, "sync") ? "CONFIG_MLOCK_SYNC" : "CONFIG_MLOCK_DEBUG";
	static char why[160];
	char path[64];

	if (events)
		snprintf(path, sizeof(path), "/sys/kernel/tracing/events/mlock");
	else if (fails)
		snprintf(path, sizeof(path), "/proc/thread-self/fail-nth");
	else
		snprintf(path, sizeof(path), MLOCK "/%s", file);
	if (!access(path, F_OK))
		return NULL;
	if (kernel_has(symbol))
		die(path, "not there", "although the kernel is built for it");
	snprintf(why, sizeof(why), "no %s: the kernel is built without %s", path, symbol);
	return why;
}

void need_instrument(const char *file)
{
	const char *why = instrument_missing(file);

	if (!why)
		return;
	printf("1..0 # SKIP %s\n", why);
	exit(4);
}

/* Open, write unless args is NULL, read: 0 or -errno. */
static int operate(const char *file, const char *args)
{
	size_t len = 0;
	ssize_t n = 0;
	int fd, err = 0;

	snprintf(from, sizeof(from), MLOCK "/%s", file);
	said[0] = 0;
	/* Some files are only to be read, and drain is only to be written. */
	fd = open(from, (args ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (args && write(fd, args, strlen(args)) < 0)
		err = -errno;
	while (!err && (n = read(fd, said + len, sizeof(said) - 1 - len)) > 0)
		len += n;
	if (!err && n < 0)
		err = -errno;
	said[len] = 0;
	close(fd);
	return err;
}

int instrument(const char *file, const char *fmt, ...)
{
	char args[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(args, sizeof(args), fmt, ap);
	va_end(ap);
	return operate(file, args);
}

int instrument_read(const char *file)
{
	return operate(file, NULL);
}

const char *instrument_text(void)
{
	return said;
}

const char *instrument_word(const char *key)
{
	static char word[1024];
	size_t len = strlen(key);
	const char *line = said;

	for (; *line; line += strcspn(line, "\n"), line += !!*line)
		if (!strncmp(line, key, len) && line[len] == ' ') {
			snprintf(word, sizeof(word), "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
			return word;
		}
	die(from, key, "no such line in what it says");
}

long instrument_value(const char *key)
{
	return strtol(instrument_word(key), NULL, 0);
}

int folio_look(uint64_t pfn)
{
	return instrument("folio", "%#lx", (long)pfn);
}

bool folio_is_young(uint64_t pfn)
{
	char *fresh = map_marked(1, 0), gen[32];
	uint64_t of_fresh;

	drain();
	pfns_of(0, fresh, 1, &of_fresh);
	if (folio_look(of_fresh))
		return false;
	snprintf(gen, sizeof(gen), "%s", instrument_word("list"));
	munmap(fresh, PAGE);
	if (folio_look(pfn))
		return false;
	if (strncmp(gen, "gen ", 4))
		return !strncmp(instrument_word("list"), "active", 6);
	return !strcmp(instrument_word("list"), gen);
}

int migrate_once(pid_t pid, const void *addr, long n)
{
	return instrument("migrate", "%d %#lx %#lx", pid ? pid : getpid(), (long)addr, n * (long)PAGE);
}

int reclaim_once(const struct cgroup *cg, pid_t pid, const void *addr, long n)
{
	return instrument("reclaim", "%s%s%s%d %#lx %#lx", cg ? "memcg " : "", cg ? cg->path + strlen("/sys/fs/cgroup") : "",
			  cg ? " " : "", pid ? pid : getpid(), (long)addr, n * (long)PAGE);
}

int audit_settle(void)
{
	return write_text(MLOCK "/audit", "settle");
}

bool settle_parks(pid_t pid, const void *addr, long n)
{
	return !audit_settle() && pages_are(pid, addr, n, PARKED);
}

long audit(void)
{
	struct timespec moment = { 0, 20000000 };
	int err, i;

	for (i = 0; (err = instrument_read("audit")) == -EAGAIN && i < QUIET_TRIES; i++)
		nanosleep(&moment, NULL);
	return err ? err : instrument_value("violations");
}
