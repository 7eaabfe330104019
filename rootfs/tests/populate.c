// SPDX-License-Identifier: GPL-2.0
/*
 * mlock(2) while it brings pages in: the flag comes first, and others may look, map and unmap meanwhile. What took the place of the
 * mmap lock that 2.6.28 downgraded for this, and of mappings that are not linear.
 */
#include "umlock.h"
#include "kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

UMLOCK(.claims = "U49 U50 U51 U65 U74 U78", .timeout = 30, .swap = "64M");

#define N 64L
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* --- mlock waits in the middle, for pages that are filled by hand */

FIXTURE(waits) {
	int fd;
	char *p, *full;	/* N pages that are missing, and what is to be in them */
	pthread_t thread;
};

static void *lock_all(void *p)
{
	return (void *)(long)(mlock(p, N * PAGE) ? errno : 0);
}

FIXTURE_SETUP(waits)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffd_msg msg;

	self->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (self->fd < 0)
		SKIP(return, "no userfaultfd: %s", strerror(errno));
	ASSERT_EQ(0, ioctl(self->fd, UFFDIO_API, &api));
	self->full = map_marked(N, 0);
	self->p = mmap(NULL, N * PAGE, RW, ANON, -1, 0);
	ASSERT_NE(MAP_FAILED, self->p);
	reg.range = (struct uffdio_range){ (unsigned long)self->p, N * PAGE };
	ASSERT_EQ(0, ioctl(self->fd, UFFDIO_REGISTER, &reg));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, lock_all, self->p));
	/* It has come to the first page when it says so. */
	ASSERT_EQ((ssize_t)sizeof(msg), read(self->fd, &msg, sizeof(msg)));
	ASSERT_EQ(UFFD_EVENT_PAGEFAULT, msg.event);
	ASSERT_EQ((unsigned long)self->p, msg.arg.pagefault.address & ~(PAGE - 1));
}

FIXTURE_TEARDOWN(waits)
{
	munlockall();
	close(self->fd);
}

static int fill(int fd, char *to, char *from, long n)
{
	struct uffdio_copy copy = { .dst = (unsigned long)to, .src = (unsigned long)from, .len = n * PAGE };

	return ioctl(fd, UFFDIO_COPY, &copy) ? errno : 0;
}

/* smaps needs the mmap lock for reading, mmap for writing: neither has to wait. */
TEST_F(waits, others_do_not)
{
	void *other, *result;

	EXPECT_EQ(1, mapping_of(0, self->p, N).lo);
	EXPECT_EQ(0, mapping_of(0, self->p, N).rss_kb);
	EXPECT_EQ(N, locked_vm(0));
	other = mmap(NULL, PAGE, RW, ANON, -1, 0);
	EXPECT_NE(MAP_FAILED, other);
	EXPECT_EQ(0, munmap(other, PAGE));
	ASSERT_EQ(0, fill(self->fd, self->p, self->full, N));
	ASSERT_EQ(0, pthread_join(self->thread, &result));
	EXPECT_EQ(NULL, result);
	EXPECT_EQ(N * 4, mapping_of(0, self->p, N).rss_kb);
	settle();
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, N), census_of(0, self->p, N, 0).mlocked);
	EXPECT_EQ(N, marked(self->p, N));
}

/* Unmapped meanwhile: mlock does without the rest, and has no other error for it than that it is not there. */
TEST_F(waits, and_half_of_it_goes)
{
	void *result;

	ASSERT_EQ(0, munmap(self->p + N / 2 * PAGE, N / 2 * PAGE));
	EXPECT_EQ(N / 2, locked_vm(0));
	ASSERT_EQ(0, fill(self->fd, self->p, self->full, N / 2));
	ASSERT_EQ(0, pthread_join(self->thread, &result));
	EXPECT_TRUE(!result || result == (void *)ENOMEM) {
		TH_LOG("mlock: %s", strerror((long)result));
	}
	EXPECT_EQ(1, mapping_of(0, self->p, N / 2).lo);
	EXPECT_EQ(N / 2 * 4, mapping_of(0, self->p, N / 2).rss_kb);
	settle();
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, N / 2), census_of(0, self->p, N / 2, 0).mlocked);
}

/* --- munlock brings nothing in, and loses nothing */

TEST(munlock_takes_what_is_there)
{
	char *p = map_marked(N, MAP_LOCKED);
	struct rusage was, is;

	getrusage(RUSAGE_SELF, &was);
	ASSERT_EQ(0, munlock(p, N * PAGE));
	getrusage(RUSAGE_SELF, &is);
	EXPECT_EQ(was.ru_minflt + was.ru_majflt, is.ru_minflt + is.ru_majflt);
	EXPECT_EQ(N * 4, mapping_of(0, p, N).rss_kb);
	EXPECT_EQ(N, marked(p, N));
}

/* --- what cannot be brought in counts as locked all the same */

TEST(half_a_file)
{
	int fd = file_make(N / 2);
	char *p;

	p = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_LOCKED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(N, locked_vm(0));
	EXPECT_EQ(N / 2, census_of(0, p, N, 0).present);
	ASSERT_EQ(0, munmap(p, N * PAGE));
	EXPECT_EQ(0, locked_vm(0));
	close(fd);
}

/* --- remap_file_pages(2), which makes more mappings today and no non-linear one */

TEST(another_order)
{
	int fd = file_make(N);
	uint64_t first, last;
	char *p;

	p = mmap(NULL, N * PAGE, RW, MAP_SHARED | MAP_LOCKED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	mark(p, N);
	ASSERT_EQ(1, pfns_of(0, p + (N - 1) * PAGE, 1, &last));
	ASSERT_EQ(0, syscall(SYS_remap_file_pages, p, PAGE, 0, N - 1, 0));
	ASSERT_EQ(1, pfns_of(0, p, 1, &first));
	EXPECT_EQ(last, first);
	EXPECT_EQ(2, mapping_of(0, p, N).vmas);
	EXPECT_EQ(2, mapping_of(0, p, N).lo);
	EXPECT_EQ(N, locked_vm(0));
	settle();
	/* The page that is mapped twice has two locks. */
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, N), census_of(0, p, N, 0).mlocked);
	ASSERT_EQ(0, munlock(p, PAGE));
	settle();
	/* Under rmap,trylock the process is in its own way, and reclaim is left to find the second one. */
	EXPECT_EQ(policy_flags(LOCKED, PF_MLOCKED, N - 1 - policy_trylocks()), census_of(0, p + PAGE, N - 1, 0).mlocked);
	ASSERT_EQ(0, munmap(p, N * PAGE));
	close(fd);
}

TEST_HARNESS_MAIN
