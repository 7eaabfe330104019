// SPDX-License-Identifier: GPL-2.0
/* The first witness: /proc/PID/smaps and VmLck. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umlock.h"

static const char *proc_file(pid_t pid, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid ? pid : getpid(), name);
	return path;
}

struct mapping mapping_of(pid_t pid, const void *addr, long n)
{
	unsigned long from = (unsigned long)addr, to = from + n * PAGE;
	struct mapping m = { 0 };
	unsigned long start, end;
	bool in = false;
	char *line, *save;

	for (line = strtok_r(read_text(proc_file(pid, "smaps")), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		/* A header is the only line that starts with a hexadecimal range. */
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			in = start < to && end > from;
			if (!in)
				continue;
			if (!m.vmas++)
				m.start = start;
			m.end = end;
		} else if (!in) {
			continue;
		} else if (!strncmp(line, "Rss:", 4)) {
			m.rss_kb += atol(line + 4);
		} else if (!strncmp(line, "Swap:", 5)) {
			m.swap_kb += atol(line + 5);
		} else if (!strncmp(line, "Locked:", 7)) {
			m.locked_kb += atol(line + 7);
		} else if (!strncmp(line, "VmFlags:", 8)) {
			m.lo += !!strstr(line, " lo");
			m.lf += !!strstr(line, " lf");
		}
	}
	return m;
}

long locked_vm(pid_t pid)
{
	const char *path = proc_file(pid, "status");

	return text_value(read_text(path), "VmLck", path) * 1024 / (long)PAGE;
}
