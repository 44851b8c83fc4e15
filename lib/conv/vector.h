/*
 * Vectors of LANES real numbers, 64 bytes. Arrays of complex numbers are made of elements: LANES real parts, then LANES
 * imaginary parts, each lane a number of its own (of a channel, a column or a row).
 */
#ifndef CONV_VECTOR_H
#define CONV_VECTOR_H

#include <stddef.h>
#include "base/vector.h"
#include "conv/real.h"

#define LANES (64 / sizeof(real))
#define ELEMENT (2 * LANES) /* numbers of one element */

/* LANES numbers, aligned to 64 bytes */
typedef real vector __attribute__((vector_size(64)));

/* an element in registers */
struct complex_vector {
	vector re, im;
};

/* n rounded up to a multiple of `to`. */
static inline size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

#endif
