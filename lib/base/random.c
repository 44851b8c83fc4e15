/* Counter-based random numbers: see random.h. */
#include <math.h>
#include <Random123/philox.h>
#include "base/random.h"

#define BLOCK_WORDS 4

struct rng rng_start(uint64_t seed, enum rng_purpose purpose, uint32_t epoch, uint64_t index)
{
	struct rng rng = {
	    .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
	    .counter = {0, (uint32_t)purpose << 24 | (epoch & 0xffffff), (uint32_t)index,
		(uint32_t)(index >> 32)},
	    .used = BLOCK_WORDS,
	};
	return rng;
}

uint32_t rng_bits(struct rng *rng)
{
	if (rng->used == BLOCK_WORDS) {
		philox4x32_ctr_t counter;
		philox4x32_key_t key = {{rng->key[0], rng->key[1]}};
		for (int i = 0; i < BLOCK_WORDS; i++)
			counter.v[i] = rng->counter[i];
		counter = philox4x32(counter, key);
		for (int i = 0; i < BLOCK_WORDS; i++)
			rng->block[i] = counter.v[i];
		rng->counter[0]++;
		rng->used = 0;
	}
	return rng->block[rng->used++];
}

uint32_t rng_below(struct rng *rng, uint32_t n)
{
	/* Lemire's multiplication with rejection: exact, and integers only */
	uint64_t product = (uint64_t)rng_bits(rng) * n;
	if ((uint32_t)product < n) {
		uint32_t threshold = (uint32_t)-n % n;
		while ((uint32_t)product < threshold)
			product = (uint64_t)rng_bits(rng) * n;
	}
	return (uint32_t)(product >> 32);
}

double rng_uniform(struct rng *rng)
{
	uint64_t high = rng_bits(rng) >> 5, low = rng_bits(rng) >> 6; /* 27 and 26 bits */
	return ((double)(high << 26 | low) + 0.5) * 0x1p-53;
}

double rng_normal(struct rng *rng)
{
	double radius = sqrt(-2 * log(rng_uniform(rng)));
	return radius * cos(6.283185307179586477 * rng_uniform(rng));
}

void rng_permutation(struct rng *rng, size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t j = rng_below(rng, (uint32_t)(i + 1));
		order[i] = order[j];
		order[j] = i;
	}
}

uint32_t rng_hash(uint64_t seed, enum rng_purpose purpose, uint64_t index)
{
	struct rng rng = rng_start(seed, purpose, 0, index);
	return rng_bits(&rng);
}
