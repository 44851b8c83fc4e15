/* Good transform sizes: see sizes.h. Measured with FFTW 3.3.10, FFTW_ESTIMATE, forward and back, single images
 * and 16 interleaved ones. */
#include <stdint.h>
#include "conv/sizes.h"

static const size_t table[] = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 16, 20, 25, 28, 32, 36, 40, 48,
    56, 64, 72, 80, 84, 88, 100, 108, 112, 120, 128, 144, 160, 168, 192, 200, 216, 240, 256};

#define TABLE_SIZES (sizeof table / sizeof table[0])
#define STEP 16

static size_t without_factor(size_t n, size_t factor)
{
	while (n % factor == 0)
		n /= factor;
	return n;
}

size_t conv_good_size(size_t n)
{
	for (size_t i = 0; i < TABLE_SIZES; i++) {
		if (table[i] >= n)
			return table[i];
	}
	if (n > SIZE_MAX / 4)
		return n;
	for (size_t size = (n + STEP - 1) / STEP * STEP;; size += STEP) {
		size_t rest = without_factor(without_factor(without_factor(size, 2), 3), 5);
		if (rest == 1 || rest == 7)
			return size;
	}
}
