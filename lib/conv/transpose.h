/*
 * Squares of LANES x LANES numbers transposed in registers, from rows in memory to the layout of
 * vector_fft.h, where lane i of element j belongs to line i.
 */
#ifndef CONV_TRANSPOSE_H
#define CONV_TRANSPOSE_H

#include "conv/vector.h"

/* The first, the second halves of a and b, element by element in turn. */
#ifdef REAL_DOUBLE
#define INTERLEAVE_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define INTERLEAVE_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define INTERLEAVE_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define INTERLEAVE_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#endif

/* Each round turns the digits of an element's binary address (row, column) by one place, as a perfect shuffle does with cards;
 * after as many rounds as a column has digits, row and column have changed places. */
VECTOR_INLINE void transpose(vector *r)
{
#pragma GCC unroll 4
	for (size_t round = 1; round < LANES; round *= 2) {
		vector turned[LANES];
#pragma GCC unroll 8
		for (size_t i = 0; i < LANES / 2; i++) {
			const vector a = r[i], b = r[i + LANES / 2];
			turned[2 * i] = __builtin_shufflevector(a, b, INTERLEAVE_LOW);
			turned[2 * i + 1] = __builtin_shufflevector(a, b, INTERLEAVE_HIGH);
		}
#pragma GCC unroll 16
		for (size_t i = 0; i < LANES; i++)
			r[i] = turned[i];
	}
}

/* Numbers at .. at + LANES of each row become the lanes of LANES elements `step` numbers apart. All aligned. */
VECTOR_INLINE void transpose_in(real *const *rows, size_t at, real *elements, size_t step)
{
	vector r[LANES];
	for (size_t i = 0; i < LANES; i++)
		r[i] = *(const vector *)(rows[i] + at);
	transpose(r);
	for (size_t i = 0; i < LANES; i++)
		*(vector *)(elements + i * step) = r[i];
}

#endif
