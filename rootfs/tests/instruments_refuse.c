// SPDX-License-Identifier: GPL-2.0
/*
 * What the files of /sys/kernel/debug/mlock do not understand they refuse: with the errno of this table, with nothing done,
 * and, when it is the words that are wrong, with one line in the kernel log that says what was expected. And a process that
 * ends while they work on it is no reason to fail, nor to keep its pages.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/wait.h>

UMLOCK(.claims = "P14", .timeout = 60, .swap = "128M");
NEEDS("policy");

#define N 64L
#define BIG 4096L
#define MLOCK "/sys/kernel/debug/mlock/"
#define NOBODY 65534

static const char *const files[] = { "policy", "stats", "drain", "folio", "migrate", "reclaim" };

/* In the words below, P is the test's own process, S the start of its N pages, L their length. */
static const struct row {
	const char *file, *words;
	int error;
} rows[] = {
	{ "policy", "none", EINVAL },
	{ "stats", "", EINVAL },
	{ "stats", "2", EINVAL },
	{ "stats", "x", EINVAL },
	{ "folio", "", EINVAL },
	{ "folio", "x", EINVAL },
	{ "folio", "-1", EINVAL },
	{ "folio", "0x", EINVAL },
	{ "folio", "1 2", EINVAL },
	{ "folio", "99999999999999999999", EINVAL },
	{ "folio", "0xfffffffff", ENXIO },
	{ "migrate", "", EINVAL },
	{ "migrate", "P", EINVAL },
	{ "migrate", "P S", EINVAL },
	{ "migrate", "P S L more", EINVAL },
	{ "migrate", "P S L L", EINVAL },
	{ "migrate", "x S L", EINVAL },
	{ "migrate", "P x L", EINVAL },
	{ "migrate", "P S x", EINVAL },
	{ "migrate", "P S 0", EINVAL },
	{ "migrate", "P S 4095", EINVAL },
	{ "migrate", "P 1 L", EINVAL },
	{ "migrate", "P S -4096", EINVAL },
	{ "migrate", "P 0xfffffffffffff000 0x2000", EINVAL },
	{ "migrate", "0 S L", EINVAL },
	{ "migrate", "-1 S L", EINVAL },
	{ "migrate", "memcg /refuse P S L", EINVAL },
	{ "migrate", "4194303 S L", ESRCH },
	{ "migrate", "2 S L", ESRCH },		/* kthreadd: it has no memory of its own */
	{ "reclaim", "", EINVAL },
	{ "reclaim", "P S", EINVAL },
	{ "reclaim", "P S L more", EINVAL },
	{ "reclaim", "P S 1", EINVAL },
	{ "reclaim", "memcg", EINVAL },
	{ "reclaim", "memcg /refuse", EINVAL },
	{ "reclaim", "memcg P S L", EINVAL },
	{ "reclaim", "group /refuse P S L", EINVAL },
	{ "reclaim", "memcg /nosuch P S L", ENOENT },
	{ "reclaim", "4194303 S L", ESRCH },
	{ "reclaim", "memcg /refuse 4194303 S L", ESRCH },
};

FIXTURE(refuse) {
	struct witness w;
	struct cgroup cg;
	char *p;
	uint64_t pfn[N];
};

FIXTURE_SETUP(refuse)
{
	swap_on();
	self->cg = cgroup_make("refuse");
	cgroup_enter(&self->cg);
	witness_start(&self->w);
	self->p = map_marked(N, 0);
	drain();
	ASSERT_EQ(N, pfns_of(0, self->p, N, self->pfn));
}

FIXTURE_TEARDOWN(refuse)
{
	cgroup_enter(NULL);
}

/* How often the kernel log says of a file what it expects. */
static long complaints(const char *file)
{
	static char log[1 << 20];
	int len = klogctl(3, log, sizeof(log) - 1);	/* all of it, and leave it there */
	char line[64], *at;
	long n = 0;

	if (len < 0)
		die("klogctl", strerror(errno), "run as root");
	log[len] = 0;
	snprintf(line, sizeof(line), "mlock: %s: expected ", file);
	for (at = log; (at = strstr(at, line)); at++)
		n++;
	return n;
}

/* The words of a row with the letters replaced, in a static buffer. */
static const char *spell(const char *words, const char *p)
{
	static char text[256];
	size_t len = 0;

	for (; *words && len < sizeof(text) - 32; words++) {
		bool alone = (words[1] == ' ' || !words[1]);

		if (*words == 'P' && alone)
			len += sprintf(text + len, "%d", getpid());
		else if (*words == 'S' && alone)
			len += sprintf(text + len, "%#lx", (long)p);
		else if (*words == 'L' && alone)
			len += sprintf(text + len, "%#lx", N * PAGE);
		else
			text[len++] = *words;
	}
	text[len] = 0;
	return text;
}

TEST_F(refuse, words)
{
	const struct row *row;
	uint64_t now[N];

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		const char *words = spell(row->words, self->p);
		long before = complaints(row->file);

		EXPECT_EQ(-row->error, instrument(row->file, "%s", words)) {
			TH_LOG("%s: '%s'", row->file, words);
		}
		EXPECT_EQ(before + (row->error == EINVAL), complaints(row->file)) {
			TH_LOG("the kernel log after %s: '%s'", row->file, words);
		}
	}
	/* All of that has moved nothing, taken nothing, and switched nothing on. */
	EXPECT_EQ(N, pfns_of(0, self->p, N, now));
	EXPECT_EQ(0, memcmp(now, self->pfn, sizeof(now)));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
	ASSERT_EQ(0, instrument_read("stats"));
	EXPECT_EQ(!policy_is_default(), instrument_value("watching"));
}

TEST_F(refuse, too_long)
{
	static char words[1 << 20];
	unsigned int i;

	memset(words, '1', sizeof(words));
	ASSERT_EQ(0, munmap(self->p, N * PAGE));
	for (i = 1; i < ARRAY_SIZE(files); i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), MLOCK "%s", files[i]);
		fd = open(path, O_WRONLY);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-1, write(fd, words, sizeof(words)));
		EXPECT_EQ(EINVAL, errno);
		/* Nor does it read words that are not there. */
		EXPECT_EQ(-1, write(fd, self->p, 8));
		EXPECT_EQ(EFAULT, errno);
		close(fd);
	}
}

/* A range without pages, or without even a mapping, is none of these: there is nothing to do, and that is done. */
TEST_F(refuse, nothing_there)
{
	ASSERT_EQ(0, munmap(self->p, N * PAGE));
	ASSERT_EQ(0, migrate_once(0, self->p, N));
	EXPECT_EQ(0, instrument_value("moved") + instrument_value("failed"));
	ASSERT_EQ(0, reclaim_once(NULL, 0, self->p, N));
	EXPECT_EQ(0, instrument_value("scanned") + instrument_value("skipped"));
	ASSERT_EQ(0, migrate_once(0, (void *)0x7ffffffff000, N));
	EXPECT_EQ(0, instrument_value("moved") + instrument_value("failed"));
}

TEST_F(refuse, not_root)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		unsigned int i, wrong = 0;
		char path[64];

		if (setuid(NOBODY))
			_exit(255);
		for (i = 0; i < ARRAY_SIZE(files); i++) {
			snprintf(path, sizeof(path), MLOCK "%s", files[i]);
			wrong += open(path, O_RDONLY) >= 0 || errno != EACCES;
			wrong += open(path, O_WRONLY) >= 0 || errno != EACCES;
		}
		_exit(wrong);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* A fresh open reads what the last write said; an open file, what its own did. */
TEST_F(refuse, results_are_of_the_file)
{
	int fd = open(MLOCK "folio", O_RDWR);
	char text[1024] = "", want[32];

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, folio_look(self->pfn[1]));
	ASSERT_LT(0, dprintf(fd, "%#lx", (long)self->pfn[0]));
	ASSERT_EQ(0, folio_look(self->pfn[1]));
	snprintf(want, sizeof(want), "pfn %#lx\n", (long)self->pfn[0]);
	ASSERT_LT(0, pread(fd, text, sizeof(text) - 1, 0));
	EXPECT_EQ(0, strncmp(want, text, strlen(want)));
	/* A refusal leaves both as they are. */
	EXPECT_EQ(-1, dprintf(fd, "x"));
	ASSERT_EQ(0, instrument_read("folio"));
	EXPECT_EQ((long)self->pfn[1], instrument_value("pfn"));
	close(fd);
}

static int locked(int n, void *arg)
{
	return map_marked(BIG, MAP_LOCKED) == *(char **)arg ? 0 : EFAULT;
}

/* Somebody moves, or reclaims from, a process over and over while that is killed. */
TEST_F(refuse, exits_meanwhile)
{
	static const char *const both[] = { "migrate", "reclaim" };
	unsigned int i, round;
	int status;

	ASSERT_EQ(0, munmap(self->p, N * PAGE));
	drain();
	for (i = 0; i < ARRAY_SIZE(both); i++)
		for (round = 0; round < 3; round++) {
			char *at = mmap(NULL, BIG * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			struct peer peer = peer_start(locked, &at);
			pid_t pid;

			munmap(at, BIG * PAGE);
			peer_end(&peer);
			peer = peer_start(locked, &at);
			ASSERT_EQ(0, peer_step(&peer, 0));
			pid = fork();
			if (!pid) {
				int err = 0;

				while (!err)
					err = instrument(both[i], "%d %#lx %#lx", peer.pid, (long)at, BIG * PAGE);
				_exit(err == -ESRCH ? 0 : 1);
			}
			usleep(50000 * (round + 1));
			kill(peer.pid, SIGKILL);
			ASSERT_EQ(pid, waitpid(pid, &status, 0));
			EXPECT_EQ(0, status);
			EXPECT_EQ(-SIGKILL, peer_end(&peer));
		}
	drain();
	EXPECT_EQ(self->w.nr_mlock, vmstat("nr_mlock"));
	EXPECT_EQ(self->w.nr_unevictable, vmstat("nr_unevictable"));
}

TEST_HARNESS_MAIN
