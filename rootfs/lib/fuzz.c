// SPDX-License-Identifier: GPL-2.0
/* Sequences of the fuzzer: made from a seed, as text, and run, with a judgement at each meeting. What is run is in fuzz_ops.c. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

/* splitmix64: small, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void fuzz_make(unsigned long seed, struct fuzz_op *ops, long n)
{
	uint64_t state = seed, r;
	int weights = 0, w, i;
	long k;

	for (i = 0; i < fuzz_n_kinds; i++)
		weights += fuzz_kinds[i].weight;
	for (k = 0; k < n; k++) {
		ops[k] = (struct fuzz_op){ .op = fuzz_meet };
		if (k % (FUZZ_ROUND + 1) == FUZZ_ROUND)
			continue;
		r = next_random(&state);
		w = r % weights;
		for (i = 0; w >= fuzz_kinds[i].weight; i++)
			w -= fuzz_kinds[i].weight;
		r = next_random(&state);
		ops[k].op = i;
		ops[k].worker = r % FUZZ_WORKERS;
		ops[k].slot = (r >> 8) % SLOTS;
		ops[k].page = (r >> 16) % PAGES;
		ops[k].len = 1 + (r >> 24) % (PAGES - ops[k].page);
		if ((r >> 40) % 2)
			ops[k].len = 1 + ops[k].len % 4;
		if (ops[k].page + ops[k].len > PAGES)
			ops[k].len = 1;
		ops[k].arg = r >> 32;
	}
}

const char *fuzz_text(const struct fuzz_op *op)
{
	static char line[96];

	if (op->op == fuzz_meet)
		return fuzz_kinds[fuzz_meet].name;
	snprintf(line, sizeof(line), "%d %s %d %d %d %d", op->worker, fuzz_kinds[op->op].name, op->slot, op->page, op->len, op->arg);
	return line;
}

bool fuzz_parse(const char *line, struct fuzz_op *op)
{
	int worker, slot, page, len, arg, i;
	char name[24];

	*op = (struct fuzz_op){ .op = fuzz_meet };
	if (sscanf(line, "%23s", name) == 1 && !strcmp(name, fuzz_kinds[fuzz_meet].name))
		return true;
	if (sscanf(line, "%d %23s %d %d %d %d", &worker, name, &slot, &page, &len, &arg) != 6)
		return false;
	for (i = 0; i < fuzz_n_kinds && strcmp(fuzz_kinds[i].name, name); i++)
		;
	*op = (struct fuzz_op){ worker, i, slot, page, len, arg };
	return i < fuzz_n_kinds && worker >= 0 && worker < FUZZ_WORKERS && slot >= 0 && slot < SLOTS && page >= 0 && len > 0 &&
		page + len <= PAGES && arg >= 0 && arg < 256;
}

static const struct fuzz_op *sequence;
static long length;
static int me;

/* The meeting that ends the round which begins there, or the end. */
static long meeting(long from)
{
	while (from < length && sequence[from].op != fuzz_meet)
		from++;
	return from;
}

/* A step of a worker: its part of the round that begins there. */
static int part(int from, void *arg)
{
	long i, end = meeting(from);

	for (i = from; i < end; i++)
		if (sequence[i].worker == me)
			fuzz_do(sequence + i);
	return 0;
}

/* Are the mappings of a worker what the model says? */
static bool mappings_agree(const struct fuzz_worker *worker, int w)
{
	static uint8_t seen[SLOTS][PAGES];
	int s, p;

	fuzz_mappings(worker->pid, seen);
	for (s = 0; s < SLOTS; s++)
		for (p = 0; p < PAGES; p++)
			if (seen[s][p] != worker->page[s][p]) {
				printf("# fuzz: worker %d, slot %d, page %d: the model says %d, its mapping %d\n", w, s, p,
				       worker->page[s][p], seen[s][p]);
				return false;
			}
	return true;
}

static bool all_agrees(const struct fuzz_worker *workers, bool audited, bool settled)
{
	int w, tries, bad = 0;
	long n;

	for (w = 0; w < FUZZ_WORKERS; w++)
		if (!mappings_agree(&workers[w], w))
			return false;
	if (!audited)
		return true;
	/* What a kernel thread is in the middle of, ksmd above all, is over by the next look: it is wrong if it stays wrong. */
	for (tries = 0; tries < 20; tries++) {
		/* What is locked must be discovered when somebody looks. Each time: only the next audit asks for that. */
		if (settled)
			audit_settle();
		n = audit();
		if (!n)
			return true;
		if (n > 0 && ++bad == 3) {
			printf("%s# fuzz: %ld violations\n", instrument_text(), n);
			return false;
		}
		usleep(10000);
	}
	printf("# fuzz: the audit is never done\n");
	return false;
}

/* Pages that nobody has, when nothing is cached that need not be, with those of slabs, which KASAN's quarantine keeps, and of zram. */
static long free_pages(void)
{
	write_text("/proc/sys/vm/drop_caches", "3");
	compact();
	return vmstat("nr_free_pages") + vmstat("nr_slab_reclaimable") + vmstat("nr_slab_unreclaimable") + vmstat("nr_zspages");
}

long fuzz_run(const struct fuzz_op *ops, long n, int every)
{
	struct fuzz_worker *workers;
	struct peer peer[FUZZ_WORKERS];
	long from, to, free, bad = -1;
	int w, status, round = 0;

	make_free_pages_global();
	free = free_pages();
	workers = fuzz_prepare();
	sequence = ops;
	length = n;
	for (w = 0; w < FUZZ_WORKERS; w++) {
		me = w;
		peer[w] = peer_start(part, NULL);
		workers[w].pid = peer[w].pid;
	}
	for (from = 0; from < n && bad < 0; from = to + 1) {
		to = meeting(from);
		for (w = 0; w < FUZZ_WORKERS; w++)
			peer_begin(&peer[w], from);
		for (w = 0; w < FUZZ_WORKERS; w++)
			if (peer_result(&peer[w])) {
				status = peer_end(&peer[w]);
				printf("# fuzz: worker %d ends with %d\n", w, status);
				bad = to;
			}
		round++;
		if (bad < 0 && !all_agrees(workers, round % every == 0 || to >= n - 1, to >= n - 1))
			bad = to;
	}
	for (w = 0; w < FUZZ_WORKERS; w++)
		peer_end(&peer[w]);
	if (fuzz_failed() >= 0)
		printf("# fuzz: %ld allocations were made to fail\n", fuzz_failed());
	fuzz_clean_up();
	free -= free_pages();
	/* 110 to 300 were seen to stay away, after 4000 operations as after 20000, on V=kasan as well; of a leak it is thousands. */
	if (bad < 0 && free > 600) {
		printf("# fuzz: %ld pages are lost\n", free);
		bad = n;
	}
	return bad;
}

int fuzz_main(const char *const *lines, long n)
{
	struct fuzz_op *ops = calloc(n, sizeof(*ops));
	long i, bad;

	need_instrument("audit");
	need_instrument("sync");
	for (i = 0; i < n; i++)
		if (!ops || !fuzz_parse(lines[i], ops + i))
			die("operation", lines[i], "WORKER NAME SLOT PAGE LEN ARG, or meet: see lib/fuzz.h");
	bad = fuzz_run(ops, n, 1);
	printf("TAP version 13\n1..1\n%s 1 %ld operations, and nothing wrong\n", bad < 0 ? "ok" : "not ok", n);
	return bad >= 0;
}
