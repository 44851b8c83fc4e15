/*
 * A fuzz target is a program that defines LLVMFuzzerTestOneInput and includes this file. Built as a test it replays its
 * corpus, tests/fuzz/corpus/NAME (or the files it is given), and a fixed number of mutations of each; with -DLIBFUZZER
 * it is libFuzzer's (make fuzz).
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The path of a file that holds the input; the same one every time, removed at exit. */
static char fuzz_path[] = "/tmp/fuzz-XXXXXX";

static inline void fuzz_remove(void)
{
	unlink(fuzz_path);
}

static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
	static int descriptor = -1;
	if (descriptor < 0) {
		descriptor = mkstemp(fuzz_path);
		atexit(fuzz_remove);
	}
	if (descriptor < 0 || ftruncate(descriptor, 0) < 0 ||
	    pwrite(descriptor, data, size, 0) != (ssize_t)size)
		abort();
	return fuzz_path;
}

#ifndef LIBFUZZER
#include <glob.h>
#include "base/random.h"

#define FUZZ_SIZE_MAX 65536
#define FUZZ_MUTATIONS 60

/* A few bytes changed, cut out, doubled or cut off. */
static size_t fuzz_mutate(struct rng *rng, uint8_t *data, size_t size)
{
	static const char tokens[] = "0123456789-,()[]{}:'\"<>|fiuF \n";
	for (uint32_t i = 0, n = 1 + rng_below(rng, 4); i < n && size > 0; i++) {
		size_t at = rng_below(rng, (uint32_t)size);
		size_t length = rng_below(rng, 16) + 1;
		length = length < size - at ? length : size - at;
		switch (rng_below(rng, 5)) {
		case 0:
			data[at] ^= (uint8_t)(1u << rng_below(rng, 8));
			break;
		case 1:
			data[at] = (uint8_t)tokens[rng_below(rng, sizeof tokens - 1)];
			break;
		case 2:
			memmove(data + at, data + at + length, size - at - length);
			size -= length;
			break;
		case 3:
			if (size + length <= FUZZ_SIZE_MAX) {
				memmove(data + at + length, data + at, size - at);
				size += length;
			}
			break;
		default:
			size = rng_below(rng, 8) ? size : at;
		}
	}
	return size;
}

static int fuzz_replay(const char *path, uint64_t number)
{
	uint8_t seed[FUZZ_SIZE_MAX];
	static uint8_t data[FUZZ_SIZE_MAX];
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return -1;
	}
	size_t size = fread(seed, 1, sizeof seed, file);
	fclose(file);
	LLVMFuzzerTestOneInput(seed, size);
	for (uint32_t i = 0; i < FUZZ_MUTATIONS; i++) {
		struct rng rng = rng_start(1, RNG_TEST, i, number);
		memcpy(data, seed, size);
		LLVMFuzzerTestOneInput(data, fuzz_mutate(&rng, data, size));
	}
	return 0;
}

int main(int argc, char **argv)
{
	glob_t files = {0};
	int found = argc > 1 ? 0 : glob("tests/fuzz/corpus/" FUZZ_NAME "/*", 0, NULL, &files);
	char **paths = argc > 1 ? argv + 1 : files.gl_pathv;
	size_t count = argc > 1 ? (size_t)argc - 1 : files.gl_pathc, failed = found != 0;
	for (size_t i = 0; i < count && !failed; i++)
		failed = fuzz_replay(paths[i], i) < 0;
	printf("%s 1 - %zu inputs and %d mutations of each\n1..1\n",
	    failed || !count ? "not ok" : "ok", count, FUZZ_MUTATIONS);
	globfree(&files);
	return failed || !count;
}
#endif

/* A property that must hold for every input: stop where libFuzzer and the sanitizers stop. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
