/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h - random sequences of what touches mlocked pages, from several processes, with a model of what must be locked beside.
 *
 * A sequence is a list of operations, of which some are a "meet". The same seed gives the same list; a list can be written as
 * text, a line each, and read again, so that one that fails can be made shorter and kept (see FUZZ_TEST). Up to each meet the
 * processes do their part at once; there, what is mapped, and locked, must be what the model says, and the audit must have
 * nothing to say.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "umlock.h"

#define FUZZ_WORKERS	3
#define FUZZ_ROUND	48	/* operations from one meet to the next, when they are made from a seed */

struct fuzz_op {
	uint8_t worker, op, slot, page, len, arg;
};

/* fuzz.c: sequences */

/* n operations of that seed. */
void fuzz_make(unsigned long seed, struct fuzz_op *ops, long n);
/* A line of text: "WORKER NAME SLOT PAGE LEN ARG" or "meet", in a static buffer; and back: false if it is none. */
const char *fuzz_text(const struct fuzz_op *op);
bool fuzz_parse(const char *line, struct fuzz_op *op);
/*
 * Run them, an audit at each of so many meetings and at the end. How many were run until something was wrong (which is printed),
 * or -1: all, and nothing was.
 */
long fuzz_run(const struct fuzz_op *ops, long n, int every);
/* The program of a sequence that was found and is kept: exit status 0, or 1 when something is wrong. */
#define FUZZ_TEST(...) \
	int main(void) \
	{ \
		static const char *const lines[] = { __VA_ARGS__ }; \
		return fuzz_main(lines, sizeof(lines) / sizeof(lines[0])); \
	}
int fuzz_main(const char *const *lines, long n);

/* fuzz_ops.c: the operations, each with what it does to the model */

#define SLOTS	6
#define PAGES	48	/* of a slot */

/* What the model says of a page: not mapped, mapped, or mapped and locked. */
enum fuzz_page { NOT_THERE, THERE, LOCKED_THERE };

struct fuzz_worker {
	pid_t pid;
	bool future;	/* what it maps is locked */
	uint8_t page[SLOTS][PAGES];
};

struct fuzz_kind {
	const char *name;
	int weight;	/* how often, among all */
	enum { NEVER, ALONE, MODEL } fails;	/* if "fail" is before it: not at all, without or with a change of what is mapped and locked */
	void (*run)(const struct fuzz_op *op);
};
extern const struct fuzz_kind fuzz_kinds[];
extern const int fuzz_n_kinds;
extern const int fuzz_meet;	/* the kind at which all meet: nobody runs it */

/* Set up swap, files, groups, and the memory that all share: before any worker is forked. And what is to be cleaned up. */
struct fuzz_worker *fuzz_prepare(void);
void fuzz_clean_up(void);
/* In a worker: one operation, as the worker that it says. */
void fuzz_do(const struct fuzz_op *op);
/* How many allocations were made to fail; -1 where the kernel is not built for that. */
long fuzz_failed(void);
/* What is mapped there, and locked, by the mappings of that process. */
void fuzz_mappings(pid_t pid, uint8_t page[SLOTS][PAGES]);

#endif
