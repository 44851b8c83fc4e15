/*
 * The permutation test behind Q_inv, Q_unrotated and Q_lead: whole Gabors (orientation, frequency, phase) move among filters,
 * centres and kernels stay.
 *
 * What is permuted is a statistic of its own, of one fixed width, so that data and permutations are treated alike and ten
 * thousand of them take less than a minute: how much weights have in common with those of other filters at the same place,
 *
 *	T = sum of w w' W(place, place') (1 + 2 cos(dphase - dphase')) / N(place)
 *
 * over taps of pairs of filters in folds that are not shared, w less its mean. Places are cells of 1 px and 15 degrees in
 * (q, dtheta), q = R_{-theta_i} Delta, or Delta itself; W is Gaussian with .7 px in q and 1, 1/4 for neighbours in dtheta, and
 * each tap stands in both frames of its target. N is the smoothed number of taps of a cell, its mean over random orders of the
 * Gabors: no matter of which one is true. T over sum w^2 is the share of the weights' variance that places explain.
 * Of kernels with more taps than EXCHANGE_TAPS, about as many, of pairs at random, stand for all.
 */
#ifndef LATERAL_EXCHANGE_H
#define LATERAL_EXCHANGE_H

#include <stdint.h>
#include "lateral/pairs.h"

#define EXCHANGE_KERNELS 2
#define EXCHANGE_TAPS 600000
#define EXCHANGE_ROWS 2 /* target's frame, image axes */

/* out (permutations + 1, EXCHANGE_KERNELS, EXCHANGE_ROWS): T over sum w^2, of the data first; 0 where there is no such kernel or it does
 * not vary. kernels: 1 to EXCHANGE_KERNELS, each (n, n, taps). Taps with |Delta| above k/2 are left out. At least 4 units. 0 or -1. */
int exchange_run(const struct lateral *set, size_t kernels, const double *const *w, uint64_t seed,
    size_t permutations, size_t threads, double *out) __attribute__((warn_unused_result));

#endif
