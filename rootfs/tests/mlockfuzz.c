// SPDX-License-Identifier: GPL-2.0
/*
 * mlockfuzz - random operations on locked memory, from several processes, judged by the audit and a model. See lib/fuzz.h.
 *
 *   mlockfuzz                          what `make check` runs: OPS operations of SEED
 *   mlockfuzz [-a ROUNDS] SEED OPS     run that many of that seed, an audit after so many rounds (1)
 *   mlockfuzz -p SEED OPS              print them
 *   mlockfuzz -r FILE                  run those of a file
 *
 * Status 0: nothing wrong; 1: something was, and what is printed; 2: usage.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

UMLOCK(.timeout = 60, .swap = "64M", .known = "shmem_writepage");

#define SEED	1
#define OPS	4000

static int usage(void)
{
	fprintf(stderr, "usage: mlockfuzz [-a ROUNDS] [SEED OPS] | -p SEED OPS | -r FILE\n");
	return 2;
}

/* A whole number above 0, or -1. */
static long number(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	return *text && !*end && !errno && n > 0 ? n : -1;
}

static long read_ops(const char *path, struct fuzz_op **ops)
{
	FILE *f = fopen(path, "r");
	char line[96];
	long n = 0;

	if (!f)
		die(path, strerror(errno), "name a file of operations");
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		*ops = realloc(*ops, (n + 1) * sizeof(**ops));
		if (!*ops || !fuzz_parse(line, *ops + n++))
			die(path, line, "each line is WORKER NAME SLOT PAGE LEN ARG, or meet");
	}
	if (ferror(f) || !n)
		die(path, n ? strerror(errno) : "no operations", "name a file of operations");
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	long i, seed = SEED, n = OPS, bad, every = 1;
	struct fuzz_op *ops = NULL;
	const char *file = NULL;
	bool print = false;
	int option;

	while ((option = getopt(argc, argv, "a:pr:")) != -1) {
		if (option == 'a')
			every = number(optarg);
		else if (option == 'p')
			print = true;
		else if (option == 'r')
			file = optarg;
		else
			return usage();
	}
	argc -= optind;
	argv += optind;
	if (argc == 2 && !file) {
		seed = number(argv[0]);
		n = number(argv[1]);
	} else if (argc || (print && !file)) {
		return usage();
	}
	if (every < 1 || seed < 0 || n < 0)
		return usage();
	if (file) {
		n = read_ops(file, &ops);
	} else {
		ops = calloc(n, sizeof(*ops));
		if (!ops)
			die("memory", argv[1], "fewer operations, or more guest memory");
		fuzz_make(seed, ops, n);
	}
	for (i = 0; print && i < n; i++)
		puts(fuzz_text(ops + i));
	if (print)
		return 0;
	need_instrument("audit");
	need_instrument("sync");
	bad = fuzz_run(ops, n, every);
	if (bad < 0)
		printf("mlockfuzz: %ld operations, nothing wrong\n", n);
	else
		printf("mlockfuzz: wrong at operation %ld of %ld\n", bad, n);
	return bad >= 0;
}
