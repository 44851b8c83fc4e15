/*
 * Inner loops: one function compiled for several kinds of CPU, elementary functions that the compiler can put into such
 * a loop, and sums of products of many rows.
 */
#ifndef BASE_VECTOR_H
#define BASE_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A function compiled for several kinds of CPU, of which the loader chooses one. FOR_CPUS: without fused multiply-adds
 * all of them give the same bits. FOR_FMA, FOR_AVX512: in files that are compiled with fused multiply-adds; as in any
 * BLAS the bits depend on the kind of CPU. Sanitisers start after the choice and cannot instrument it; clang 14 does not
 * link such a function from another file.
 */
#if defined __x86_64__ && !defined __SANITIZE_ADDRESS__ && !defined __clang__
#define FOR_CPUS __attribute__((target_clones("default", "avx2")))
#define FOR_FMA __attribute__((target_clones("default", "fma")))
#define FOR_AVX512 __attribute__((target_clones("default", "fma", "avx512f")))
#else
#define FOR_CPUS
#define FOR_FMA
#define FOR_AVX512
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
	x = x > -700 ? x : -700;
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

/* Sine and cosine within 2 units of the last place of 1, |x| < 1e6: Taylor's series to degrees 15 and 16 on
 * |x| <= pi/4, after taking off the nearest multiple of pi/2, of which the first two parts have 33 bits. */
VECTOR_INLINE void vector_turn(double x, double *sine, double *cosine)
{
	const double shift = 0x1.8p52;
	double t, n, r, z, s, c;
	uint64_t quadrant, bits, first, second;
	t = x * .63661977236758134 + shift;
	n = t - shift;
	r = x - n * 0x1.921fb544p+0;
	r = r - n * 0x1.0b4611a6p-34;
	r = r - n * 0x1.3198a2e037073p-69;
	z = r * r;
	s = -1. / 1307674368000;
	s = s * z + 1. / 6227020800;
	s = s * z - 1. / 39916800;
	s = s * z + 1. / 362880;
	s = s * z - 1. / 5040;
	s = s * z + 1. / 120;
	s = s * z - 1. / 6;
	s = s * z * r + r;
	c = 1. / 20922789888000;
	c = c * z - 1. / 87178291200;
	c = c * z + 1. / 479001600;
	c = c * z - 1. / 3628800;
	c = c * z + 1. / 40320;
	c = c * z - 1. / 720;
	c = c * z + 1. / 24;
	c = c * z - .5;
	c = c * z + 1;
	/* odd quadrants exchange the two; sin changes sign in quadrants 2 and 3, cos in 1 and 2 */
	memcpy(&quadrant, &t, sizeof t);
	first = (quadrant & 2) << 62;
	second = ((quadrant + 1) & 2) << 62;
	*sine = quadrant & 1 ? c : s;
	*cosine = quadrant & 1 ? s : c;
	memcpy(&bits, sine, sizeof bits);
	bits ^= first;
	memcpy(sine, &bits, sizeof bits);
	memcpy(&bits, cosine, sizeof bits);
	bits ^= second;
	memcpy(cosine, &bits, sizeof bits);
}

/* Rows are aligned to 64 bytes and hold a multiple of VECTOR_LENGTH numbers. */
#define VECTOR_LENGTH 8
typedef double vector_lanes __attribute__((vector_size(64), may_alias));
typedef double vector_half __attribute__((vector_size(32)));

VECTOR_INLINE double vector_sum(const vector_lanes *lanes)
{
	vector_half h = __builtin_shufflevector(*lanes, *lanes, 0, 1, 2, 3) +
			__builtin_shufflevector(*lanes, *lanes, 4, 5, 6, 7);
	return (h[0] + h[2]) + (h[1] + h[3]);
}

/* Products of a (2 rows) with b (4 rows), each (n) after the other. */
VECTOR_INLINE void vector_products(
    const double *a, const double *b, size_t n, double (*restrict product)[4])
{
	vector_lanes sum[2][4] = {{{0}}};
	for (size_t i = 0; i < n; i += VECTOR_LENGTH) {
		const vector_lanes p = *(const vector_lanes *)(a + i),
				   q = *(const vector_lanes *)(a + n + i);
#pragma GCC unroll 4
		for (size_t j = 0; j < 4; j++) {
			const vector_lanes r = *(const vector_lanes *)(b + j * n + i);
			sum[0][j] += p * r;
			sum[1][j] += q * r;
		}
	}
#pragma GCC unroll 4
	for (size_t j = 0; j < 4; j++) {
		product[0][j] = vector_sum(&sum[0][j]);
		product[1][j] = vector_sum(&sum[1][j]);
	}
}

#endif
