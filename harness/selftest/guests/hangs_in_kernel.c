// SPDX-License-Identifier: GPL-2.0
/*
 * Hangs in the kernel, where no signal ends it and init waits for ever: puts "jmp ." (EB FE) over getppid() in the running
 * kernel, which is a process of the host and so has a /proc/self/mem there, and has a child call it.
 */
#include "bad.h"

#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

UMLOCK(.timeout = 1);

int main(void)
{
	unsigned long address;
	char name[64];
	FILE *f = fopen("/proc/kallsyms", "r");
	int fd;

	while (fscanf(f, "%lx %*c %63s%*[^\n]", &address, name) == 2 && strcmp(name, "sys_getppid"))
		;
	if (mount("none", "/mnt", "hostfs", 0, "/proc"))
		die("hostfs", "cannot show /proc", "CONFIG_HOSTFS");
	fd = open("/mnt/self/mem", O_RDWR);
	if (pwrite(fd, "\xeb\xfe", 2, address) != 2)
		die("/proc/self/mem", "cannot be written", "a host that allows it");
	snprintf(name, sizeof(name), "/proc/%d/stat", getpid());
	if (fork())
		return wait(NULL);
	/* From then on nobody else runs, and the report says where the parent waits. */
	while (!strstr(read_text(name), ") S "))
		usleep(1000);
	return syscall(SYS_getppid);
}
