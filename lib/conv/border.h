/* What an image is taken to be beyond its borders. */
#ifndef CONV_BORDER_H
#define CONV_BORDER_H

#include <stddef.h>

enum border {
	BORDER_ZERO, /* 0 everywhere outside: what the network's convolutions see */
	BORDER_MIRROR, /* reflected about the outer edge of the last pixel: c b a | a b c (half-sample symmetric,
	                  * NumPy's "symmetric", SciPy's "reflect"), again and again: period 2n */
	BORDER_PERIODIC, /* repeated: b c | a b c | a b (NumPy's "wrap") */
};
#define BORDER_WORDS "zero,mirror,periodic" /* in the enum's order, for option tables */

#define BORDER_OUTSIDE ((size_t)-1)

/* The pixel that stands at coordinate i of an axis of n pixels (n >= 1), any i; BORDER_OUTSIDE where it is 0. */
size_t border_pixel(enum border border, ptrdiff_t i, size_t n);

#endif
