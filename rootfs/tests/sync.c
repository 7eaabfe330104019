// SPDX-License-Identifier: GPL-2.0
/*
 * The files of /sys/kernel/debug/mlock/sync: who is asked to stop at a point stops there, and nobody else; each state is told, and
 * can be waited for; what a file does not understand it refuses. Who cannot stop does not, and is counted.
 */
#include "race.h"
#include "kselftest_harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

UMLOCK(.claims = "P22", .timeout = 60);
NEEDS("sync");

#define POINT "munlock.flags_cleared"

/* Write to the file of the point, and see what it says then. */
#define TELL(...) instrument("sync/" POINT, __VA_ARGS__)
static const char *state(void)
{
	static char line[64];

	if (instrument_read("sync/" POINT))
		die("sync/" POINT, strerror(errno), "CONFIG_MLOCK_SYNC");
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(instrument_text(), "\n"), instrument_text());
	return line;
}

static bool comes_to_stand(int fd)
{
	struct pollfd at = { .fd = fd, .events = POLLIN };

	return poll(&at, 1, 10000) == 1;
}

/* A child, of that name, that locks a page, and unlocks it as often. */
static pid_t child(const char *comm, int times)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, comm);
	mmap(AT, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);
	raise(SIGSTOP);
	while (times--)
		if (mlock(AT, PAGE) || munlock(AT, PAGE))
			_exit(1);
	_exit(0);
}

static pid_t child_waits(const char *comm, int times)
{
	pid_t pid = child(comm, times);

	waitpid(pid, NULL, WUNTRACED);
	return pid;
}

static int end_of(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	return status;
}

FIXTURE(sync) {
	struct witness w;
	int fd;
};

FIXTURE_SETUP(sync)
{
	witness_start(&self->w);
	self->fd = open("/sys/kernel/debug/mlock/sync/" POINT, O_RDONLY);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(sync)
{
	TELL("idle");
	drain();
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
	EXPECT_EQ(0, audit());
}

TEST_F(sync, words)
{
	static const char *const bad[] = {
		"", "x", "armed", "arm x", "arm pid", "arm pid=", "arm pid=x", "arm pid=0", "arm pid=-1", "arm pid=1x", "arm comm=",
		"arm comm=a-name-of-20-letters", "arm pfn=x", "arm pfn=0", "arm count=0", "arm count=x", "arm timeout_ms=0", "arm timeout_ms=-1",
		"arm timeout_ms=99999999999", "arm delay_us=0", "arm delay_us=x", "arm delay_us=1000001", "arm delay_us=9 timeout_ms=9",
		"arm pid=1 more=2", "go 1", "idle 1",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, TELL("%s", bad[i]))
			TH_LOG("'%s' is taken", bad[i] ?: "");
	EXPECT_STREQ("idle", state());
	EXPECT_EQ(-ENOENT, TELL("go"));
	EXPECT_EQ(0, TELL("arm"));
	EXPECT_STREQ("armed", state());
	EXPECT_EQ(0, TELL("arm pid=0x1 comm=a pfn=0x1 count=2 timeout_ms=1000"));
	EXPECT_STREQ("armed", state());
	EXPECT_EQ(0, TELL("idle"));
	EXPECT_STREQ("idle", state());
	EXPECT_EQ(-ENOENT, instrument_read("sync/no.such.point"));
}

/* Armed with a delay it lets whoever comes go on after that, and has no word for it. */
TEST_F(sync, delays)
{
	struct timespec from, to;
	char *p = map_marked(1, MAP_LOCKED);

	ASSERT_EQ(0, TELL("arm pid=%d delay_us=50000", getpid()));
	clock_gettime(CLOCK_MONOTONIC, &from);
	ASSERT_EQ(0, munlock(p, PAGE));
	clock_gettime(CLOCK_MONOTONIC, &to);
	EXPECT_LE(50000, (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
	EXPECT_STREQ("idle", state());
	EXPECT_EQ(1, instrument_value("hits"));
	EXPECT_EQ(-ENOENT, TELL("go"));
	munmap(p, PAGE);
}

TEST_F(sync, stops_and_goes)
{
	pid_t pid = child_waits("one", 2);
	char hit[64];

	ASSERT_EQ(0, TELL("arm pid=%d", pid));
	trace_start("sync");
	kill(pid, SIGCONT);
	ASSERT_TRUE(comes_to_stand(self->fd));
	snprintf(hit, sizeof(hit), "hit 1 pid %d", pid);
	EXPECT_STREQ(hit, state());
	EXPECT_EQ(-EBUSY, TELL("arm"));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, TELL("go"));
	/* Once, as nothing else was asked for: the second time it goes through. */
	EXPECT_EQ(0, end_of(pid));
	trace_stop();
	EXPECT_STREQ("idle", state());
	EXPECT_EQ(1, traced("sync", "action=stop", NULL, 0));
	EXPECT_EQ(1, traced("sync", "action=go", NULL, 0));
	EXPECT_EQ(2, traced("sync", NULL, NULL, 0));
}

static pid_t tid;

static void *unlocks_a_page(void *p)
{
	tid = syscall(SYS_gettid);
	if (TELL("arm pid=%d delay_us=1000", tid))
		return NULL;	/* the caller misses a hit */
	munlock(p, PAGE);
	return NULL;
}

/* A pid is that of a process, or of a thread. */
TEST_F(sync, by_thread)
{
	char *p = map_marked(1, MAP_LOCKED);
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, unlocks_a_page, p));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_NE(getpid(), tid);
	EXPECT_STREQ("idle", state());
	EXPECT_EQ(1, instrument_value("hits"));
	munmap(p, PAGE);
}

/* Two of three, and neither who has another name. */
TEST_F(sync, by_name_and_count)
{
	pid_t one = child_waits("one", 1), two = child_waits("one", 2), other = child_waits("other", 1);
	int i;

	ASSERT_EQ(0, TELL("arm comm=one count=2"));
	kill(other, SIGCONT);
	EXPECT_EQ(0, end_of(other));
	EXPECT_STREQ("armed", state());
	kill(one, SIGCONT);
	kill(two, SIGCONT);
	for (i = 0; i < 1000 && strncmp(state(), "hit 2 ", 6); i++)
		usleep(1000);
	EXPECT_EQ(0, strncmp(state(), "hit 2 ", 6));
	/* One word for both. */
	ASSERT_EQ(0, TELL("go"));
	EXPECT_EQ(0, end_of(one));
	EXPECT_EQ(0, end_of(two));
	EXPECT_STREQ("idle", state());
	EXPECT_EQ(2, instrument_value("hits"));
}

/* Not for want of a page; and not another page. */
TEST_F(sync, by_page)
{
	char *p = map_marked(2, 0);
	uint64_t pfn[2];

	drain();
	ASSERT_EQ(2, pfns_of(0, p, 2, pfn));
	ASSERT_EQ(0, instrument("sync/shrink.locked", "arm pfn=%#lx timeout_ms=60000", (long)pfn[1]));
	ASSERT_EQ(0, reclaim_once(NULL, 0, p, 1));
	ASSERT_EQ(0, instrument_read("sync/shrink.locked"));
	EXPECT_EQ(0, strncmp(instrument_text(), "armed", 5));
	ASSERT_EQ(0, instrument("sync/shrink.locked", "idle"));
	/* And one that is about no page. */
	ASSERT_EQ(0, TELL("arm pfn=%#lx", (long)pfn[1]));
	ASSERT_EQ(0, mlock(p, PAGE) | munlock(p, PAGE));
	EXPECT_STREQ("armed", state());
}

TEST_F(sync, killed_there)
{
	pid_t pid = child_waits("one", 1);

	ASSERT_EQ(0, TELL("arm pid=%d count=2", pid));
	trace_start("sync");
	kill(pid, SIGCONT);
	ASSERT_TRUE(comes_to_stand(self->fd));
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end_of(pid));
	trace_stop();
	EXPECT_EQ(1, traced("sync", "action=killed", NULL, 0));
	EXPECT_EQ(2, traced("sync", NULL, NULL, 0));
	EXPECT_STREQ("armed", state());
	EXPECT_EQ(-ENOENT, TELL("go"));
}

/* With the page table lock of madvise() nobody can sleep. */
TEST_F(sync, not_in_atomic_context)
{
	int id = shm_make(1);
	char *p = shmat(id, NULL, 0);

	ASSERT_EQ(0, shmctl(id, SHM_LOCK, NULL));
	ASSERT_EQ(0, madvise(p, PAGE, MADV_POPULATE_WRITE));
	drain();
	ASSERT_EQ(0, instrument("sync/putback.before_add", "arm pid=%d", getpid()));
	ASSERT_EQ(0, madvise(p, PAGE, MADV_PAGEOUT));
	ASSERT_EQ(0, instrument_read("sync/putback.before_add"));
	EXPECT_EQ(0, strncmp(instrument_text(), "armed", 5));
	EXPECT_EQ(0, instrument_value("hits"));
	EXPECT_EQ(1, instrument_value("atomic"));
	/* Counted since it was armed. */
	ASSERT_EQ(0, instrument("sync/putback.before_add", "arm pid=%d", getpid()));
	EXPECT_EQ(0, instrument_value("atomic"));
	ASSERT_EQ(0, instrument("sync/putback.before_add", "idle"));
	ASSERT_EQ(0, shmdt(p) | shmctl(id, IPC_RMID, NULL));
}

/* The list says of each file where it is, and which locks are held there, and knows no other. */
TEST_F(sync, list)
{
	DIR *dir = opendir("/sys/kernel/debug/mlock/sync");
	struct dirent *entry;
	int files = 0, lines = 0;
	const char *text, *at;
	char line[300];

	ASSERT_NE(NULL, dir);
	ASSERT_EQ(0, instrument_read("sync/list"));
	text = instrument_text();
	for (at = text; *at; at++)
		lines += *at == '\n';
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.' || !strcmp(entry->d_name, "list"))
			continue;
		files++;
		snprintf(line, sizeof(line), "%s\t", entry->d_name);
		EXPECT_NE(NULL, strstr(text, line))
			TH_LOG("%s is not in the list", entry->d_name);
	}
	closedir(dir);
	EXPECT_EQ(files, lines);
	EXPECT_LE(30, files);
	EXPECT_NE(NULL, strstr(text, "shrink.locked\tshrink_folio_list\tfolio\n"));
	EXPECT_NE(NULL, strstr(text, "munlock.flags_cleared\tmlock_vma_pages_range\tmmap_write,vma_write\n"));
}

TEST_HARNESS_MAIN
