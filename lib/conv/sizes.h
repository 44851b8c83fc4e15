/* Sizes that FFTW transforms fast. */
#ifndef CONV_SIZES_H
#define CONV_SIZES_H

#include <stddef.h>

/* The smallest good size >= n (n = 0 gives 1). Up to 256 a table of measured two-dimensional real transforms: a
 * size is in it where no larger one is faster by more than its greater area costs elsewhere. Above, multiples of
 * 16 without a prime factor beyond 7, and 7 at most once. Never smaller than n; n above SIZE_MAX / 4 is given back. */
size_t conv_good_size(size_t n);

#endif
