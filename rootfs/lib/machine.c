// SPDX-License-Identifier: GPL-2.0
/* What the machine lends to a test: swap, compaction, a disk, a clock, SysV shm segments. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <time.h>
#include <unistd.h>

#include "umlock.h"

/* What mkswap(8) writes: version 1, the last page, the magic at the end. */
static bool make_swap(const char *dev)
{
	static union {
		char page[PAGE];
		struct { char boot[1024]; uint32_t version, last; } head;
	} u;
	uint64_t bytes = 0;
	int fd = open(dev, O_RDWR | O_CLOEXEC);
	bool good = fd >= 0 && !ioctl(fd, BLKGETSIZE64, &bytes) && bytes >= 10 * PAGE;

	u.head.version = 1;
	u.head.last = bytes / PAGE - 1;
	memcpy(u.page + PAGE - 10, "SWAPSPACE2", 10);
	good = good && pwrite(fd, &u, PAGE, 0) == PAGE && !fsync(fd);
	if (fd >= 0)
		close(fd);
	return good;
}

long swap_on(void)
{
	long pages = meminfo_kb("SwapTotal") * 1024 / (long)PAGE;
	const char *dev = "/dev/ubda";
	int err;

	if (pages)
		return pages;
	if (!make_swap(dev)) {
		dev = "/dev/zram0";
		err = write_text("/sys/block/zram0/disksize", "64M");
		/* -EBUSY: it has a size since the last time. */
		if ((err && err != -EBUSY) || !make_swap(dev))
			die(dev, strerror(errno), "give the guest a ubd, or CONFIG_ZRAM");
	}
	if (swapon(dev, 0))
		die(dev, strerror(errno), "cannot swap there");
	return meminfo_kb("SwapTotal") * 1024 / (long)PAGE;
}

void swap_off(void)
{
	char *line = strchr(read_text("/proc/swaps"), '\n'), dev[64];

	/* swapoff(2) does not touch the buffer, so it is safe to read on in it. */
	for (; line && sscanf(line, "\n%63s", dev) == 1; line = strchr(line + 1, '\n'))
		if (swapoff(dev))
			die(dev, strerror(errno), "cannot swapoff");
}

void make_free_pages_global(void)
{
	write_text("/proc/sys/vm/percpu_pagelist_high_fraction", "10000");
}

void compact(void)
{
	write_text("/proc/sys/vm/compact_memory", "1");
}

int compact_unevictable(int allowed)
{
	const char *path = "/proc/sys/vm/compact_unevictable_allowed";
	int was = read_text(path)[0] - '0';

	write_text(path, "%d", allowed);
	return was;
}

#define LEAST 16384L	/* pages of a disk: the second who asks for it may want a little more than the first */

int disk_open(long n)
{
	static const char dev[] = "/dev/zram1";	/* the first one may be the swap */
	uint64_t bytes = 0;
	int err, fd = -1;

	/* Reading it adds a device, the next one; with -EBUSY it has a size since the last time. */
	if (access(dev, F_OK))
		read_text("/sys/class/zram-control/hot_add");
	err = write_text("/sys/block/zram1/disksize", "%ld", n > LEAST ? n * (long)PAGE : LEAST * (long)PAGE);
	if (!err || err == -EBUSY)
		fd = open(dev, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) || bytes < n * PAGE)
		die(dev, strerror(errno), "CONFIG_ZRAM; of two who ask for it, the first wants more");
	return fd;
}

double clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int shm_make(long n)
{
	int id = shmget(IPC_PRIVATE, n * PAGE, IPC_CREAT | 0600);

	if (id < 0)
		die("shmget", strerror(errno), "CONFIG_SYSVIPC, and kernel.shmmax");
	return id;
}

bool shm_is_locked(int id)
{
	struct shmid_ds ds;

	if (shmctl(id, IPC_STAT, &ds))
		die("shmctl IPC_STAT", strerror(errno), "was the segment removed?");
	return ds.shm_perm.mode & SHM_LOCKED;
}

#define KSM "/sys/kernel/mm/ksm/"

long ksm_merge(char *here, char *there, long n)
{
	uint64_t *of_here = calloc(2 * n, sizeof(*of_here)), *of_there = of_here + n;
	long scans, i, same = 0;

	if (!of_here || madvise(here, n * PAGE, MADV_MERGEABLE) || madvise(there, n * PAGE, MADV_MERGEABLE))
		return -errno;
	write_text(KSM "pages_to_scan", "10000");
	write_text(KSM "sleep_millisecs", "0");
	write_text(KSM "run", "1");
	scans = atol(read_text(KSM "full_scans"));
	for (i = 0; i < 2000 && atol(read_text(KSM "full_scans")) < scans + 4; i++)
		usleep(1000);
	write_text(KSM "run", "0");
	pfns_of(0, here, n, of_here);
	pfns_of(0, there, n, of_there);
	for (i = 0; i < n; i++)
		same += of_here[i] && of_here[i] == of_there[i];
	free(of_here);
	return same;
}

void ksm_unmerge(void)
{
	write_text(KSM "run", "2");
}

/* Whoever it is for and however it may wait, and without a word for each. */
static void allow_failures(void)
{
	static const char *const files[] = { "failslab/ignore-gfp-wait", "failslab/verbose", "fail_page_alloc/ignore-gfp-wait",
		"fail_page_alloc/ignore-gfp-highmem", "fail_page_alloc/min-order", "fail_page_alloc/verbose" };
	char path[64];
	unsigned int i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", files[i]);
		if (write_text(path, "0"))
			die(path, "cannot be written", "CONFIG_FAULT_INJECTION_DEBUG_FS");
	}
}

int fail_nth(int nth)
{
	static bool allowed;
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC), was = -1;
	char text[16] = "";

	if (fd < 0)
		return -1;
	if (nth && !allowed) {
		allow_failures();
		allowed = true;
	}
	if (pread(fd, text, sizeof(text) - 1, 0) > 0)
		was = atoi(text);
	snprintf(text, sizeof(text), "%d", nth);
	if (write(fd, text, strlen(text)) < 0)
		die("fail-nth", strerror(errno), "run as root");
	close(fd);
	return was;
}
