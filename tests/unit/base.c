/* Options, memory, threads and random numbers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "check.h"

static int square(size_t i, size_t worker, void *argument)
{
	(void)worker;
	((double *)argument)[i] = (double)(i * i);
	return 0;
}

static int fail_from_7(size_t i, size_t worker, void *argument)
{
	(void)worker;
	(void)argument;
	return i >= 7 ? err_set("item %zu", i) : 0;
}

/* worker indexes scratch, which no two items may have at once; a loop within */
static int with_scratch(size_t i, size_t worker, void *argument)
{
	size_t *scratch = argument, before = scratch[worker]++;
	double inner[16];
	int status = par_for(16, 4, square, inner);
	if (scratch[worker] != before + 1 || inner[15] != 225)
		return err_set("item %zu: scratch of worker %zu was another's too", i, worker);
	return status;
}

/* Many loops of all sizes on changing numbers of threads, more than there are CPUs: each item once. */
static void threads(void)
{
	size_t wrong = 0;
	for (size_t i = 0; i < 2000; i++) {
		size_t scratch[8] = {0}, done = 0, n = i % 37, t = 1 + i % 8;
		wrong += par_for(n, t, with_scratch, scratch) < 0;
		for (size_t k = 0; k < 8; k++) {
			done += scratch[k];
			wrong += k >= t && scratch[k] > 0;
		}
		wrong += done != n;
	}
	CHECK(wrong == 0);
	/* a child has none of the workers, and its loops end all the same */
	fflush(stdout);
	for (size_t i = 0; i < 20; i++) {
		double x[1000];
		CHECK(par_for(1000, 1 + i % 4, square, x) == 0); /* workers wake, work or sleep */
		pid_t child = fork();
		if (child == 0) {
			alarm(20);
			int failed = 0;
			for (size_t j = 2; j < 7; j++)
				failed |= par_for(1000, j, square, x) < 0 || x[999] != 998001;
			_exit(failed);
		}
		int status = -1;
		CHECK(waitpid(child, &status, 0) == child && status == 0);
	}
}

/* Published test vectors of Philox 4x32-10: counter and key all zero, and the digits of pi. */
static void known_answers(void)
{
	struct rng zero = {.used = 4};
	CHECK(rng_bits(&zero) == 0x6627e8d5 && rng_bits(&zero) == 0xe169c58d &&
	      rng_bits(&zero) == 0xbc57ac4c && rng_bits(&zero) == 0x9b00dbd8);
	struct rng pi = {.key = {0xa4093822, 0x299f31d0},
	    .counter = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
	    .used = 4};
	CHECK(rng_bits(&pi) == 0xd16cfe09 && rng_bits(&pi) == 0x94fdcceb &&
	      rng_bits(&pi) == 0x5001e420 && rng_bits(&pi) == 0x24126ea1);
}

static void moments(void)
{
	enum { N = 200000 };
	struct rng rng = rng_start(7, RNG_TEST, 3, 5);
	double mean = 0, square_mean = 0, fourth = 0;
	size_t counts[6] = {0};
	for (size_t i = 0; i < N; i++) {
		double x = rng_normal(&rng);
		mean += x / N;
		square_mean += x * x / N;
		fourth += x * x * x * x / N;
		counts[rng_below(&rng, 6)]++;
	}
	/* five standard errors of each */
	CHECK_CLOSE(mean, 0, 5 / sqrt(N));
	CHECK_CLOSE(square_mean, 1, 5 * sqrt(2. / N));
	CHECK_CLOSE(fourth, 3, 5 * sqrt(96. / N));
	double chi2 = 0;
	for (size_t k = 0; k < 6; k++)
		chi2 += ((double)counts[k] - N / 6.) * ((double)counts[k] - N / 6.) / (N / 6.);
	CHECK(chi2 < 25.7); /* 5 degrees of freedom, p = 1e-4 */
}

static void streams_differ(void)
{
	struct rng a = rng_start(1, RNG_TEST, 0, 0), b = rng_start(1, RNG_TEST, 0, 1);
	struct rng c = rng_start(1, RNG_TEST, 1, 0), d = rng_start(1, RNG_NULL, 0, 0);
	struct rng e = rng_start((uint64_t)1 << 32 | 1, RNG_TEST, 0, 0), again = a;
	uint32_t x = rng_bits(&a);
	CHECK(x != rng_bits(&b) && x != rng_bits(&c) && x != rng_bits(&d) && x != rng_bits(&e));
	CHECK(x == rng_bits(&again));
}

int main(void)
{
	size_t product;
	CHECK(mem_multiply(SIZE_MAX / 4, 3, &product) < 0);
	CHECK(mem_multiply(6, 7, &product) == 0 && product == 42);
	CHECK(!mem_alloc(SIZE_MAX / 2, 16));
	void *memory = mem_alloc(3, 5);
	CHECK(memory && (uintptr_t)memory % 64 == 0);
	free(memory);

	double x[1000], y[1000];
	CHECK(par_for(1000, 2, square, x) == 0 && par_for(1000, 1, square, y) == 0);
	CHECK(memcmp(x, y, sizeof x) == 0 && x[31] == 961);
	size_t carried = 0;
	for (int i = 0; i < 20; i++)
		carried +=
		    par_for(100, 4, fail_from_7, NULL) < 0 && strcmp(err_reason(), "item 7") == 0;
	CHECK(carried == 20);
	CHECK(par_for(100, 1, fail_from_7, NULL) < 0 && strcmp(err_reason(), "item 7") == 0);

	threads();
	size_t order[50], seen[50] = {0}, ok = 0;
	struct rng rng = rng_start(1, RNG_TEST, 0, 0);
	rng_permutation(&rng, order, 50);
	for (size_t i = 0; i < 50; i++)
		seen[order[i]]++;
	for (size_t i = 0; i < 50; i++)
		ok += seen[i] == 1;
	CHECK(ok == 50);
	known_answers();
	moments();
	streams_differ();
	return check_end();
}
