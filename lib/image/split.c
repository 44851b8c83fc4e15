/* Held-out images: see split.h. The seed is part of the rule and never changes. */
#include "base/random.h"
#include "image/split.h"

#define SPLIT_SEED 2104

bool split_is_validation(uint64_t class, uint64_t index, uint64_t one_in)
{
	struct rng rng = rng_start(SPLIT_SEED, RNG_SPLIT, (uint32_t) class, index / one_in);
	return index % one_in == rng_bits(&rng) % one_in;
}
