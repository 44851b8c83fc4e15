/*
 * Stores that go to memory past the caches, for what is written now and read only after much else: lines are not fetched
 * from memory first, nor do they put out of the caches what is needed there.
 */
#ifndef CONV_STREAM_H
#define CONV_STREAM_H

#include <stddef.h>
#include "conv/real.h"

/* `count` pieces of 2 LANES numbers (vector_fft.h) from one array to another, so many numbers apart, all aligned to 64 bytes.
 * Other threads may read them after stream_end. */
void stream_out(real *to, size_t to_step, const real *from, size_t from_step, size_t count);
void stream_end(void);

#endif
