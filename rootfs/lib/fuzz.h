/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h - random sequences of what touches mlocked pages, from several processes, with a model of what must be locked beside.
 *
 * A sequence is a list of operations. The same seed gives the same list; a list can be written as text, a line each, and read
 * again, so that one that fails can be made shorter and kept. Each round the processes run their part of FUZZ_ROUND operations at
 * once and then meet: what is mapped, and locked, must be what the model says, and the audit must have nothing to say.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "umlock.h"

#define FUZZ_WORKERS	3
#define FUZZ_ROUND	48	/* operations between two meetings */

struct fuzz_op {
	uint8_t worker, op, slot, page, len, arg;
};

/* n operations of that seed. */
void fuzz_make(unsigned long seed, struct fuzz_op *ops, long n);
/* A line of text: "WORKER NAME SLOT PAGE LEN ARG"; and back: false if it is none. */
const char *fuzz_text(const struct fuzz_op *op);
bool fuzz_parse(const char *line, struct fuzz_op *op);
/*
 * Run them, an audit after each `every` rounds and at the end. How many were run until something was wrong (which is printed),
 * or -1: all, and nothing was.
 */
long fuzz_run(const struct fuzz_op *ops, long n, int every);

#endif
