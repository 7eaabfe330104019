// SPDX-License-Identifier: GPL-2.0
/*
 * The file park of /sys/kernel/debug/mlock: under a policy that parks it takes the words that reclaim and migrate take, under all
 * others none. What it does to pages is in lazy.c and parked.c.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

UMLOCK(.claims = "P18", .timeout = 30);
NEEDS("park");

#define N 16L

FIXTURE(park) {
	struct witness w;
	char *p;
};

FIXTURE_SETUP(park)
{
	witness_start(&self->w);
	self->p = map_marked(N, 0);
}

FIXTURE_TEARDOWN(park)
{
}

TEST_F(park, words)
{
	long p = (long)self->p, len = N * PAGE;
	int pid = getpid();

	EXPECT_EQ(-EINVAL, instrument("park", " "));
	EXPECT_EQ(-EINVAL, instrument("park", "%d %#lx", pid, p));
	EXPECT_EQ(-EINVAL, instrument("park", "%d %#lx %#lx more", pid, p, len));
	EXPECT_EQ(-EINVAL, instrument("park", "%d %#lx 1", pid, p));
	EXPECT_EQ(-EINVAL, instrument("park", "%d %#lx %#lx", pid, p + 1, len));
	EXPECT_EQ(-EINVAL, instrument("park", "memcg / %d %#lx %#lx", pid, p, len));
	EXPECT_EQ(-ESRCH, instrument("park", "4194303 %#lx %#lx", p, len));
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

TEST_F(park, policy)
{
	bool parks = policy_flags(LOCKED_MET, PF_MLOCKED, 1) && !policy_flags(LOCKED_MET, PF_LRU, 1);

	EXPECT_EQ(parks ? 0 : -EOPNOTSUPP, instrument("park", "%d %#lx %#lx", getpid(), (long)self->p, N * PAGE));
	/* And then it finds that they are not locked. */
	WITNESS(&self->w, self->p, N, PLAIN, 0);
}

TEST_F(park, not_root)
{
	ASSERT_EQ(0, setegid(65534));
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-1, open("/sys/kernel/debug/mlock/park", O_RDWR));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, seteuid(0));
}

TEST_HARNESS_MAIN
