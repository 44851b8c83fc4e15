/*
 * The model ladder against the group models, held out. Every model predicts the weight of a tap from where the source
 * is seen in the target's frame, (u, v) = R_{-theta_i} Delta along and across the target's stripes, and dtheta:
 *
 *	M0	isotropic (Gaussian or exponential in |Delta|) times exp(kappa (cos 2 dtheta - 1))
 *	M1	Gaussian elongated in the target's frame times the same
 *	M2	Gaussian elongated in the bisecting frame (turned by dtheta/2) times the same
 *	M3	linear in C1, C2, C3, their positive parts and squares: what overlapping filters give
 *	M4	edge co-occurrence of images, log P/(P P) or its positive part
 *	G1	direction process, S of se2-kernel by (alpha, D)
 *	G2	sub-Riemannian diffusion, S by (D11, D22) at alpha = 1
 *
 * M0-M2, G1, G2 are densities under the aperture (0.7 px and, the pixel's cell, 1/sqrt(12) px; 5 degrees for the G),
 * evaluated at the fitted orientations. Each has a baseline and a scale: b + a M for the parts, b + a M + a' M cos dphase
 * for signed weights. Fitted by least squares on the pairs A x A and scored on B x B for random halves A, B of
 * the filters, and the other way round (halves.h): by r and cosine, and for the parts by the Kullback-Leibler divergence
 * and by the canonical field that the prediction gives through K's own estimator.
 *
 * The ceiling is what left-invariant models are bound by: the same halves, predicted from A x A without a model (predictor.h),
 * without that prediction's noise (ceiling.c); for fields, the field of A x A itself.
 */
#ifndef LATERAL_MODELS_H
#define LATERAL_MODELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/units.h"
#include "se2/stream.h"
#include "table/table.h"

#define MODELS_NEAR 1.5 /* px: "without Delta = 0" leaves out what is nearer */

struct models_plan {
	const char *label;                      /* column kernel */
	const double *c[3];                     /* (n, n, taps) each: C1, C2, C3; NULL: not there */
	const struct orientation_kernel *edges; /* M4; NULL: not there */
	size_t splits;                          /* random halves, at least 2 */
	size_t bootstrap;                       /* samples for intervals over filters */
	uint64_t seed;
	size_t threads;
	bool leads;               /* rows r, cosine and lead alone, without the ceiling */
	struct table_out *fields; /* the models' fields, FIELD_COLUMNS; NULL: not wanted */
	const struct ladder_spans
	    *spans; /* models_spans that reach as far as the taps; NULL: made for this kernel */
};

/* Every model with all its shapes (span.h): depends on nothing of a kernel but how far its taps reach, px. Main thread
 * (FFTW). NULL with a reason. */
struct ladder_spans *models_spans(double reach, size_t threads) __attribute__((warn_unused_result));
void models_spans_free(struct ladder_spans *spans);

/* The largest |Delta| of the taps of pairs i != j, px: how far M4 has to be known. */
double models_reach(const struct units *set);

#define MODELS_COLUMNS "kernel part quantity value low high chance p n share verdict"

/*
 * Rows for parts positive, negative and signed, over all taps and over |Delta| >= MODELS_NEAR ("[1.5,inf)" appended):
 *	r_M0 ... r_G2, ceiling	mean over splits, 95 % interval (halves.h); share: of the ceiling. verdict: "best" where every
 *				other model is worse, "indistinguishable" where the paired difference to the
 *				model of the best mean has 0 in its 95 % interval, else "worse"
 *	lead_G1, lead_G2	r less that of the best of M0-M4; p one-sided; verdict "ahead", "behind" or
 *				"indistinguishable"; "inverted" where it is ahead with a negative scale in a part: weights are
 *				missing there, which is no credit
 *	cosine_M0 ...		cosine instead of r
 * over all taps, parts positive and negative:
 *	KL_M0 ... , KL_ceiling	divergence in nats, verdicts likewise (smaller is better); chance: of the uniform density
 *	field_M0 ... , field_ceiling	likeness of the canonical fields, -1 to 1, verdicts likewise
 *	lead_field_G1, lead_field_G2	likewise
 *	arc, line, arc_lead	rms distance of the field's streamlines from arcs and lines (descriptions.h), and line - arc with
 *				verdict "arc", "line" or "indistinguishable"
 * and for every part
 *	ring_J0, ring_J2, ring_Jphase	short-range connectivity (descriptions.h)
 *	sigma_M0, kappa_M0, sigma_along_M1, ... , alpha_G1, D_G1, D11_G2, D22_G2
 *				fitted to all pairs (all taps), interval for other filters (optimum.h); verdict "at the edge" where
 *				it is at an end of the family and "rectified" where weights are cut off and the noise behind is
 *				not normal, both without an interval; "inverted" as above
 * A part without weights has nan, as have parameters where no maximum of the likelihood is found. plan->fields gets the pooled field
 * of every model as fitted to all pairs, through the same estimator, the model's name as kernel. At least 8 usable units, else an error. Main thread (FFTW). 0 or -1.
 */
int models_compare(const struct units *set, const struct models_plan *plan,
    struct table_out *table) __attribute__((warn_unused_result));

#endif
