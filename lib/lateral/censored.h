/*
 * Weights whose latent value has a mean and normal noise and of which only what is above 0 is seen (Tobin 1958). In units of the
 * noise's sd s: mean is that of the latent value, seen the weight.
 */
#ifndef LATERAL_CENSORED_H
#define LATERAL_CENSORED_H

#include <stdbool.h>

#define CENSORED_MOMENTS 2

/* log-likelihood (without -log s and constants of what is seen), its first derivative by the mean and minus its second, and
 * the expected third and fourth Hermite polynomials of noise / s, given what is seen: 0 on average if noise is normal. */
struct censored {
	double value, score, weight, moment[CENSORED_MOMENTS];
};
struct censored censored(double mean, double seen, bool cut);

#endif
