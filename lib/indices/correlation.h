/*
 * Correlations of a kernel, tap by tap, with another array.
 *
 * reciprocity: K~_ij(d) with K~_ji(-d), of K_beyond_C what two fits leave. For chance a pair (i, j) meets the reversal of
 * (o(j), o(i)), o an exchange of random couples of units.
 *
 * explained_C: K~ with what C1 to C3 predict of it, cross-fitted (residual.h). For chance whole units of the kernel are moved
 * while C stays, and the prediction is fitted anew. Bootstrap samples keep the predictions as they are.
 */
#ifndef INDICES_CORRELATION_H
#define INDICES_CORRELATION_H

#include "indices/resampling.h"

extern const struct family reciprocity_family, explained_family;

#endif
