/* The table that compares the models of models.h with a kernel. */
#ifndef MODELS_COMPARE_H
#define MODELS_COMPARE_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/units.h"
#include "models/crossval.h"
#include "se2/stream.h"
#include "table/table.h"

struct compare_plan {
	const char *label;                      /* column kernel */
	const double *c[3];                     /* (n, n, taps) each: C1, C2, C3; NULL: not there */
	const struct orientation_kernel *edges; /* M4; NULL: not there */
	size_t splits;                          /* random halves, at least 2 */
	size_t plantings;                       /* for power; 0: none */
	uint64_t seed;
	size_t threads;
	struct table_out *fields;  /* the models' fields, FIELD_COLUMNS; NULL: not wanted */
	const struct bases *bases; /* that reach as far as the taps; NULL: made for this kernel */
};

#define COMPARE_COLUMNS "kernel part quantity value low high chance p n share verdict"

/*
 * Rows for positive, negative and signed weights, over all taps and over |Delta| >= DESIGN_NEAR ("[1.5,inf)" appended):
 *	r_M0 ... ceiling	mean over splits, 95 % interval; share: of the ceiling. verdict: "best" where every other model is
 *				worse, "indistinguishable" where the paired difference to the model of the best mean has 0 in
 *				its 95 % interval, else "worse"
 * of signed weights beside overlap (C):
 *	gain_X			r(C + X) - r(C)
 *	lead_G1 ...		r(C + G) - r(C + the best of M0-M2 and M4), which is best is chosen on the training half; p one-sided.
 *				verdict "credited" where the intervals of lead, gain and the next row are above 0 (over all
 *				taps too),
 *				"worse than G1" where they are, but that of a row G1_over_... too; else "not credited"
 *	over_coaxial_G1 ...	r(C + G) - r(C + M5)
 *	G1_over_G2 ...		r(C + G1) - r(C + G2); verdict the better one's name or "indistinguishable"
 *	power_G1 ...		the smallest effect that would have been credited (power.h); nan where the model is credited,
 *				and with the verdict "above 0.8" where that does not suffice
 * over all taps
 *	sigma_M0, kappa_M0, ...	parameters (parameters.h); verdict "at the edge" where one is at an end of its range
 * Weights that are all 0 have nan. plan->fields gets the pooled field of every model as fitted to all pairs, through K's own
 * estimator, the model's name as kernel. At least 8 usable units, else an error. Main thread (FFTW). 0 or -1.
 */
int compare_models(const struct units *set, const struct compare_plan *plan,
    struct table_out *table) __attribute__((warn_unused_result));

/* Whether a group model is credited. */
struct credit {
	struct split_mean gain, lead, over_coaxial;
	/* All three intervals are above 0; of the far taps alone also those of all taps: of a narrow isotropic kernel little is left
	 * far out, and a group model predicts that better than M0 does, whose two parameters are then fitted to noise. */
	bool credited;
	const char *
	    better; /* a group model whose lead over this one has an interval above 0; NULL: none */
};
struct credit compare_credit(const struct crossval *crossval, size_t model, size_t set);

/* The design of a set's weights: columns of overlap by plan->c, then the weights by sign. */
struct design compare_design(const struct units *set, const struct compare_plan *plan);

#endif
