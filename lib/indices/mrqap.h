/*
 * Is it orientation, or is it frequency or phase that goes along with it? Multiple regression of pairs of filters (MRQAP),
 * chance by double semi-partialling (Dekker, Krackhardt and Snijders, Psychometrika 72 (2007) 563).
 */
#ifndef LATERAL_COVARIATES_H
#define LATERAL_COVARIATES_H

#include "indices/indices.h"

struct covariates;

/* What is the same for all kernels of a set: regressors, permutations of what each has beyond the others. NULL without
 * memory. */
struct covariates *covariates_create(const struct units *set, const struct lateral_plan *plan)
    __attribute__((warn_unused_result));
void covariates_free(struct covariates *covariates);

/*
 * With W = sum w, A = sum w e^{2i alpha}, B = sum w e^{4i alpha} over the taps of a pair, alpha the direction of Delta in image
 * axes and z = e^{2i theta}, F = -|log2 f_j / f_i|, P = cos of the relative phase at Delta = 0, the partial correlations
 *	mrqap_orientation	of W and cos 2 dtheta		given 1, F, P
 *	mrqap_frequency		of W and F			given 1, cos 2 dtheta, P
 *	mrqap_phase		of W and P			given 1, cos 2 dtheta, F
 *	mrqap_R_1		Re of A and z_j			given complex multiples of 1, F, P
 *	mrqap_R_2		Re of B and z_i z_j		"
 *	mrqap_coaxiality	Re of A and z_i			"
 *	mrqap_concentration	Re of A and e^{i(2 theta_i + dtheta)}	"
 * as rows of the part. 0 or -1.
 */
int covariates_rows(const struct covariates *covariates, const char *kernel, const double *w,
    enum sign part, struct report *report) __attribute__((warn_unused_result));

#endif
