// SPDX-License-Identifier: GPL-2.0
/* The third witness: /proc/vmstat, /proc/meminfo, memory.stat. */
#include <stdio.h>
#include <string.h>

#include "umlock.h"

/*
 * memory.stat lags behind by up to 64 updates a CPU. Whoever reads cpu.stat has
 * all that the group counts summed up, and so does not.
 */
static const char *fresh_text(const char *path)
{
	size_t len = strlen(path), dir = len > 11 ? len - 11 : 0;
	char sibling[128];

	if (!strcmp(path + dir, "memory.stat")) {
		snprintf(sibling, sizeof(sibling), "%.*scpu.stat", (int)dir, path);
		read_text(sibling);
	}
	return read_text(path);
}

void counters_take(struct counters *c, const char *path)
{
	const char *text = fresh_text(path);

	if (strlen(text) >= sizeof(c->text))
		die(path, "too long for struct counters", "make its text larger");
	snprintf(c->path, sizeof(c->path), "%s", path);
	strcpy(c->text, text);
}

long counters_delta(const struct counters *c, const char *key)
{
	return counter(c->path, key) - text_value(c->text, key, c->path);
}

long counter(const char *path, const char *key)
{
	return text_value(fresh_text(path), key, path);
}

/*
 * drop_caches calls lru_add_drain_all() and then frees page cache that is clean
 * and mapped by nobody: it leaves alone all that a test looks at (anonymous,
 * shm, ramfs, mapped files). compact_memory drains too, but moves pages.
 * The 4 tells the kernel not to log each write that follows.
 */
void drain(void)
{
	static bool quiet;

	if (!quiet)
		write_text("/proc/sys/vm/drop_caches", "4");
	quiet = true;
	write_text("/proc/sys/vm/drop_caches", "1");
}
