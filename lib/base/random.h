/*
 * Counter-based random numbers (Philox 4x32-10, Random123): a draw is a function of
 * (seed, purpose, epoch, index, position), never of what was drawn elsewhere, so results do not
 * depend on threads, order or interruption.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* One number per use, so that two uses of a seed are independent. Add at the end; never renumber. */
enum rng_purpose {
	RNG_LEAVES = 1,
	RNG_STIMULI,
	RNG_SPLIT,
	RNG_WEIGHTS,
	RNG_SHUFFLE,
	RNG_CROP,
	RNG_DROPOUT,
	RNG_SURROGATE,
	RNG_BOOTSTRAP,
	RNG_PERMUTATION,
	RNG_HALVES,
	RNG_NULL,
	RNG_TEST,
	RNG_SCRAMBLE,
	RNG_LABELS,
	RNG_DEGRADE,
	RNG_DEGRADE_WHOLE,
	RNG_LESION,
};

struct rng {
	uint32_t key[2], counter[4], block[4];
	unsigned used; /* of block */
};

/* The stream of (seed, purpose, epoch, index): 2^34 numbers; epoch < 2^24, purpose < 256. */
struct rng rng_start(uint64_t seed, enum rng_purpose purpose, uint32_t epoch, uint64_t index);

uint32_t rng_bits(struct rng *rng);              /* 32 uniform bits */
uint32_t rng_below(struct rng *rng, uint32_t n); /* uniform on 0..n-1, exact; n > 0 */
double rng_uniform(struct rng *rng);             /* on (0, 1), 53 bits, two draws */
double rng_normal(struct rng *rng); /* mean 0, variance 1 (Box-Muller, cosine branch) */

/* A uniform random permutation of 0..n-1 (Fisher-Yates); n < 2^32. */
void rng_permutation(struct rng *rng, size_t *order, size_t n);

/* A hash of (seed, purpose, index) for decisions that need one number. */
uint32_t rng_hash(uint64_t seed, enum rng_purpose purpose, uint64_t index);

#endif
