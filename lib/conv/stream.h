/*
 * Stores that go to memory past the caches, for what is written now and read only after much else: lines are not fetched
 * from memory first, nor do they put out of the caches what is needed there.
 */
#ifndef CONV_STREAM_H
#define CONV_STREAM_H

#include <stddef.h>
#include "conv/vector.h"

/* `count` pieces of 2 LANES numbers (vector.h) from one array to another, so many numbers apart, all aligned to 64 bytes.
 * Other threads may read them after stream_end. */
void stream_out(real *to, size_t to_step, const real *from, size_t from_step, size_t count);
void stream_end(void);

/* Ask for `count` cache lines, `step` numbers apart, ahead of their use: what is read next in an order, or in places, that
 * the processor does not foresee. */
VECTOR_INLINE void stream_ask(const real *from, size_t step, size_t count)
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(from + i * step, 0, 2);
}

#endif
