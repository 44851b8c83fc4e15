/*
 * Squares of LANES x LANES numbers turned over their diagonal in registers, between rows in memory and the layout of
 * vector_fft.h, where lane i of element j belongs to line i.
 */
#ifndef CONV_TRANSPOSE_H
#define CONV_TRANSPOSE_H

#include "conv/vector.h"

/* One stage exchanges the off-diagonal blocks of side d of rows i and i + d; all stages turn the square. */
#ifdef REAL_DOUBLE
#define TURN_LOW(j, d) ((j) & (d) ? 8 + (j) - (d) : (j))
#define TURN_HIGH(j, d) ((j) & (d) ? 8 + (j) : (j) + (d))
#define TURN_PICK(a, b, at, d)                                                                     \
	__builtin_shufflevector(                                                                   \
	    a, b, at(0, d), at(1, d), at(2, d), at(3, d), at(4, d), at(5, d), at(6, d), at(7, d))
#define TURN_SQUARE(r)                                                                             \
	do {                                                                                       \
		TURN_FOUR(r, 4, 0, 1, 2, 3);                                                       \
		TURN_FOUR(r, 2, 0, 1, 4, 5);                                                       \
		TURN_FOUR(r, 1, 0, 2, 4, 6);                                                       \
	} while (0)
#else
#define TURN_LOW(j, d) ((j) & (d) ? 16 + (j) - (d) : (j))
#define TURN_HIGH(j, d) ((j) & (d) ? 16 + (j) : (j) + (d))
#define TURN_PICK(a, b, at, d)                                                                     \
	__builtin_shufflevector(a, b, at(0, d), at(1, d), at(2, d), at(3, d), at(4, d), at(5, d),  \
	    at(6, d), at(7, d), at(8, d), at(9, d), at(10, d), at(11, d), at(12, d), at(13, d),    \
	    at(14, d), at(15, d))
#define TURN_SQUARE(r)                                                                             \
	do {                                                                                       \
		TURN_FOUR(r, 8, 0, 1, 2, 3);                                                       \
		TURN_FOUR(r, 8, 4, 5, 6, 7);                                                       \
		TURN_FOUR(r, 4, 0, 1, 2, 3);                                                       \
		TURN_FOUR(r, 4, 8, 9, 10, 11);                                                     \
		TURN_FOUR(r, 2, 0, 1, 4, 5);                                                       \
		TURN_FOUR(r, 2, 8, 9, 12, 13);                                                     \
		TURN_FOUR(r, 1, 0, 2, 4, 6);                                                       \
		TURN_FOUR(r, 1, 8, 10, 12, 14);                                                    \
	} while (0)
#endif
#define TURN_PAIR(r, i, d)                                                                         \
	do {                                                                                       \
		vector low = TURN_PICK(r[i], r[(i) + (d)], TURN_LOW, d);                            \
		r[(i) + (d)] = TURN_PICK(r[i], r[(i) + (d)], TURN_HIGH, d);                        \
		r[i] = low;                                                                        \
	} while (0)
#define TURN_FOUR(r, d, a, b, c, e)                                                                \
	do {                                                                                       \
		TURN_PAIR(r, a, d);                                                                \
		TURN_PAIR(r, b, d);                                                                \
		TURN_PAIR(r, c, d);                                                                \
		TURN_PAIR(r, e, d);                                                                \
	} while (0)

/* Numbers at .. at + LANES of each row become the lanes of LANES elements `step` numbers apart. All aligned. */
VECTOR_INLINE void transpose_in(real *const *rows, size_t at, real *elements, size_t step)
{
	vector r[LANES];
	for (size_t i = 0; i < LANES; i++)
		r[i] = *(const vector *)(rows[i] + at);
	TURN_SQUARE(r);
	for (size_t i = 0; i < LANES; i++)
		*(vector *)(elements + i * step) = r[i];
}

/* And back. */
VECTOR_INLINE void transpose_out(const real *elements, size_t step, real *const *rows, size_t at)
{
	vector r[LANES];
	for (size_t i = 0; i < LANES; i++)
		r[i] = *(const vector *)(elements + i * step);
	TURN_SQUARE(r);
	for (size_t i = 0; i < LANES; i++)
		*(vector *)(rows[i] + at) = r[i];
}

#endif
