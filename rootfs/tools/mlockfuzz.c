// SPDX-License-Identifier: GPL-2.0
/*
 * mlockfuzz - random operations on locked memory, from several processes, judged by the audit and a model. See lib/fuzz.h.
 *
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

static int usage(void)
{
	fprintf(stderr, "usage: mlockfuzz [-a ROUNDS] SEED OPS | -p SEED OPS | -r FILE\n");
	return 2;
}

static long number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 0);

	return *text && !*end && n > 0 ? n : -1;
}

static long read_ops(const char *path, struct fuzz_op **ops)
{
	FILE *f = fopen(path, "r");
	char line[96];
	long n = 0;

	if (!f)
		die(path, strerror(errno), "name a file of operations");
	while (fgets(line, sizeof(line), f)) {
		*ops = realloc(*ops, (n + 1) * sizeof(**ops));
		if (!*ops || !fuzz_parse(line, *ops + n++))
			die(path, line, "each line is WORKER NAME SLOT PAGE LEN ARG");
	}
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	struct fuzz_op *ops = NULL;
	const char *file = NULL;
	int option, every = 1;
	bool print = false;
	long i, n, bad;

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
	if (every < 1 || argc - optind != (file ? 0 : 2))
		return usage();
	if (file) {
		n = read_ops(file, &ops);
	} else {
		n = number(argv[optind + 1]);
		if (n < 0 || number(argv[optind]) < 0)
			return usage();
		ops = calloc(n, sizeof(*ops));
		if (!ops)
			die("memory", argv[optind + 1], "fewer operations, or more guest memory");
		fuzz_make(number(argv[optind]), ops, n);
	}
	for (i = 0; print && i < n; i++)
		puts(fuzz_text(ops + i));
	if (print)
		return 0;
	bad = fuzz_run(ops, n, every);
	if (bad < 0)
		printf("mlockfuzz: %ld operations, nothing wrong\n", n);
	else
		printf("mlockfuzz: wrong after operation %ld\n", bad);
	return bad >= 0;
}
