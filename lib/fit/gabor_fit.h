/*
 * Gabor fits: A exp(...) cos(2 pi f u + phase) + c as in gabor.h, by separable least squares (cosine and sine
 * amplitude and offset are linear). Bounds: f from 1/(8k) to the band's edge, .5 cycles per px along the axes and
 * .65 on the diagonals (.5/(|cos|^8 + |sin|^8)^(1/8)); both widths from GABOR_SIGMA_MIN to k px, the longer side (a narrower envelope is a row of
 * single pixels); centre within half a side + 1 px of the array's. Carriers to start from are the GABOR_PEAKS largest peaks of the
 * profile's spectrum and a grid; centres those of its squared and of its smoothed energy; all of these, with several shapes
 * of the envelope, are scored by their exact linear fit. The best GABOR_STARTS that differ enter the trust region, and those
 * that do best there go on.
 */
#ifndef FIT_GABOR_FIT_H
#define FIT_GABOR_FIT_H

#include <stddef.h>
#include "fit/gabor.h"
#include "fit/reasons.h"
#include "fit/separable.h"

#define GABOR_PARAMETERS 9
#define GABOR_PEAKS 3
#define GABOR_STARTS 12
#define GABOR_SIGMA_MIN .5 /* px */

/* A fit ends when a step lowers the sum of squares by less than this share: of the fit that is
 * reported, and of a surrogate, of which only r is used. */
#define GABOR_TOLERANCE 1e-11
#define GABOR_TOLERANCE_R 1e-5

struct gabor_estimate {
	struct gabor gabor; /* canonical; NaN throughout for a constant profile */
	double sse, sst;    /* sums of squares: of the residual, of the profile about its mean */
	double mean;        /* of the profile */
	size_t starts;      /* that entered the trust region */
	size_t iterations;  /* of all of them */
};

/* Workspace for profiles of at least 4 x 4 px; one per thread. */
struct gabor_fitter;
struct gabor_fitter *gabor_fitter_create(struct extent size) __attribute__((warn_unused_result));
void gabor_fitter_free(struct gabor_fitter *fitter);

/* Fit y (h, w). 0 or -1. */
int gabor_fit(struct gabor_fitter *fitter, const double *y, double tolerance,
    struct gabor_estimate *estimate) __attribute__((warn_unused_result));

/* The separable model: shape x0, y0, theta, f as a part of the band, sigma_across, sigma_along; linear cosine and
 * sine amplitude, offset. */
const struct separable_model *gabor_model(void);

/* Pearson's r of profile and fit, 0 where nothing is explained, NaN for a constant profile. */
double gabor_estimate_r(const struct gabor_estimate *estimate);

/* Standard errors by the delta method: variance (of the noise in a pixel, independent between pixels) times the
 * inverse of the information matrix of all nine parameters; with the noise's true variance at the true parameters this
 * is the Cramer-Rao bound. NaN throughout where the matrix is singular. */
struct gabor_errors {
	struct gabor gabor;         /* of each parameter, in its unit */
	double nx, ny, aspect;      /* aspect: sigma_along / sigma_across */
	double octaves, half_width; /* octaves; rad */
};
struct gabor_errors gabor_errors(const struct gabor *gabor, struct extent size, double variance);

/* Why a fit is not accepted: a set of these, 0 for none. The array reaches half a pixel beyond the outer pixels'
 * centres; an envelope is outside where a point +-sigma_across or +-sigma_along from the centre is. */
enum gabor_reasons {
	GABOR_LOW_PASS = 1, /* nx <= GABOR_NX_MIN */
	GABOR_CENTRE_OUTSIDE = 2,
	GABOR_ENVELOPE_OUTSIDE = 4,
	/* the others are not set by gabor_degenerate */
	GABOR_ROUND =
	    8, /* a model without orientation is better, or theta's 95 % interval holds every orientation */
	GABOR_NOT_GABOR = 16,  /* another model with an orientation is better */
	GABOR_SURROGATES = 32, /* r does not exceed the surrogates' 95 % point */
	GABOR_CONSTANT = 64,   /* alone */
};
unsigned gabor_degenerate(const struct gabor *gabor, struct extent size);
/* Whether 1.96 standard errors of theta (rad) either way are a half turn or more, or the error has no value. */
bool gabor_undirected(double theta_error);
const char *gabor_reason(unsigned reasons, char text[static REASONS_SIZE]);

#endif
