/*
 * Round and elliptical blobs by separable least squares: what a centre-surround profile is compared with, and what a
 * Gabor function has to beat. rho: distance from the centre (x0, y0); c: an offset, 0 unless asked for.
 *
 *	LoG       A (1 - rho^2/2 sigma^2) exp(-rho^2/2 sigma^2) + c
 *	DoG       A exp(-rho^2/2 sigma^2) - B exp(-rho^2/2 (q sigma)^2) + c, 1.05 <= q <= 8
 *	Gaussian  A exp(-rho^2/2 sigma^2) + c
 *	elongated Gaussian, with axes sigma and q sigma, 1 <= q <= 8, the longer one at theta
 *	delta     A at one pixel, 0 elsewhere (+ c)
 *
 * Widths from .3 px to half the longer side (q sigma may be larger), centres within the array.
 */
#ifndef FIT_BLOB_H
#define FIT_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include "fit/separable.h"

enum blob_kind { BLOB_LOG, BLOB_DOG, BLOB_GAUSSIAN, BLOB_ELONGATED, BLOB_DELTA, BLOB_KINDS };

struct blob {
	double x0, y0, sigma;               /* px; a delta's sigma is 0 */
	double ratio, theta;                /* q; rad in [0, pi); NaN where the model has none */
	double amplitude, surround, offset; /* A, B (NaN without), c */
	double sse;                         /* sum of squared residuals */
	size_t parameters;                  /* fitted: with the offset where it is free */
};

/* The separable model of a kind (not of a delta, which needs none): shape x0, y0, sigma, q, theta. */
const struct separable_model *blob_model(enum blob_kind kind, bool offset);

/* Workspace for one kind on arrays of a size; one per thread. A delta needs one pixel, the others 3 x 3. */
struct blob_fitter;
struct blob_fitter *blob_fitter_create(enum blob_kind kind, bool offset, struct extent size)
    __attribute__((warn_unused_result));
void blob_fitter_free(struct blob_fitter *fitter);

/* Fit y (h, w): candidates on a grid of centres and widths are scored by their linear fit, the best BLOB_STARTS enter
 * the trust region, until a step gains less than `tolerance` of the sum of squares. All NaN (sse: 0) for a profile that is 0
 * (with a free offset: constant) throughout. 0 or -1.
 *
 * Noise has many minima, so how well it is fitted says how it was searched. r of the LoG and white noise of 7 x 7 px, median
 * (95 %): .43 (.53) here; .46 (.55) over all centres and widths by 1/8 px; SciPy from the array's centre .35 (.52) with one
 * width and .38 (.52) with four, from the largest pixel too .44 (.54). Symmetry about the fitted centre: .26 (.45) here, .21
 * (.42), .22 (.44), .24 (.45), .26 (.44). Bounds of sigma and centre matter less: sigma >= .5 px takes off .01, >= .7 px .02.
 * A profile and its noise are searched alike, so their comparison holds. */
#define BLOB_STARTS 3
#define BLOB_TOLERANCE 1e-13
int blob_fit(struct blob_fitter *fitter, const double *y, double tolerance, struct blob *blob)
    __attribute__((warn_unused_result));

/* The fitted function on the array's pixels into x (h, w). */
void blob_sample(enum blob_kind kind, const struct blob *blob, struct extent size, double *x);

#endif
