/* What the inner loops of the fits need: one function compiled for several vector units, and an exponential that the
 * compiler can put into such a loop. */
#ifndef FIT_VECTOR_H
#define FIT_VECTOR_H

#include <stdint.h>
#include <string.h>

/* Sanitisers cannot instrument the choice between clones, which is made before they start. */
#if defined __x86_64__ && !defined __SANITIZE_ADDRESS__ && !defined __clang__
#define VECTOR_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define VECTOR_CLONES
#endif

/* What such a function calls in its loops must become part of it. */
#define VECTOR_INLINE static inline __attribute__((always_inline))

/* exp(x) for x <= 0 within 3 units of the last place; below -700 it gives exp(-700), 1e-304. Taylor's series on
 * |x| <= ln 2 / 2 to degree 13, times a power of 2. */
VECTOR_INLINE double vector_exp(double x)
{
	const double shift = 0x1.8p52; /* adding it leaves the nearest integer in the low bits */
	double t, n, r, p, scale;
	uint64_t bits;
	x = x < -700 ? -700 : x;
	t = x * 1.4426950408889634 + shift;
	n = t - shift;
	r = (x - n * 0x1.62e42fee00000p-1) - n * 0x1.a39ef35793c76p-33;
	p = 1. / 6227020800;
	p = p * r + 1. / 479001600;
	p = p * r + 1. / 39916800;
	p = p * r + 1. / 3628800;
	p = p * r + 1. / 362880;
	p = p * r + 1. / 40320;
	p = p * r + 1. / 5040;
	p = p * r + 1. / 720;
	p = p * r + 1. / 120;
	p = p * r + 1. / 24;
	p = p * r + 1. / 6;
	p = p * r + .5;
	p = p * r + 1;
	p = p * r + 1;
	memcpy(&bits, &t, sizeof bits);
	bits = (bits + 1023) << 52;
	memcpy(&scale, &bits, sizeof scale);
	return p * scale;
}

#endif
