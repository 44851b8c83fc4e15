/*
 * Weights whose latent value has a mean and normal noise and of which only what is above 0 is seen (Tobin 1958). In units of the
 * noise's sd s: mean is that of the latent value, seen the weight. Taps are taken in blocks, as the compiler can do several
 * at a time.
 */
#ifndef LATERAL_CENSORED_H
#define LATERAL_CENSORED_H

#include <stdbool.h>
#include <stddef.h>

#define CENSORED_BLOCK 32 /* taps */
#define CENSORED_MOMENTS 2
#define CENSORED_TERMS 20

/* The upper tail of the normal law over its density, R(z), z >= 0 (Mills): (1 + z) R(z) by Chebyshev's polynomials of
 * (z - 5)/(z + 5), within 3e-14 of its value everywhere. */
struct censored_law {
	double term[CENSORED_TERMS];
};
struct censored_law censored_law(void);

/* What is known of a tap's weight. */
#define CENSORED_SEEN 1.F
#define CENSORED_CUT -1.F /* that the latent one is below 0 */
#define CENSORED_NONE 0.F /* nothing: the block's end */

/* A block. */
struct censored_block {
	_Alignas(64) double mean[CENSORED_BLOCK];
	double seen[CENSORED_BLOCK], known[CENSORED_BLOCK]; /* known: one of the three */
	/* first derivative of the log-likelihood by the mean, minus its second one; the expected third and fourth Hermite
	 * polynomials of noise / s, given what is seen: 0 on average if noise is normal */
	double score[CENSORED_BLOCK], weight[CENSORED_BLOCK],
	    moment[CENSORED_MOMENTS][CENSORED_BLOCK];
};

/* From mean, seen and known. cut: whether any is cut off. The block's log-likelihood (without -log s and constants of what is
 * seen). */
double censored(const struct censored_law *law, bool cut, struct censored_block *block);

#endif
