/*
 * The log-likelihood of weights y = b + a M + a' M cos dphase + s e, e normal, of which a part may show only what is above 0
 * (censored.h), and its derivatives by b, a, (a',) coordinates of M's shape and 1/s, as sums over the taps of each couple of
 * filters. b, a and a' are multiples of s: in these and 1/s the likelihood has one maximum (Olsen 1978).
 */
#ifndef LATERAL_LIKELIHOOD_H
#define LATERAL_LIKELIHOOD_H

#include "models/censored.h"
#include "models/ladder.h"

/* What the taps show. Rows: both pairs of a couple one after the other, padded to whole blocks. */
struct likelihood {
	const struct ladder *ladder;
	struct censored_law law;
	size_t row;
	float *cosine, *known; /* (couples, row): cos dphase; what is known of the weight */
	double *weight;        /* (couples, row): in units of `unit` */
	double unit, cut;      /* rms of the weights that are not cut off; how many are */
	double sum, squares;   /* of all weights */
	size_t scaled;         /* b, a (2) or b, a, a' (3) */
};

/* Main thread. 0 or -1; free also after -1. */
int likelihood_create(struct likelihood *likelihood, const struct ladder *ladder, int part)
    __attribute__((warn_unused_result));
void likelihood_free(struct likelihood *likelihood);

struct likelihood_place {
	double of[3], inverse; /* b/s, a/s, a'/s; 1/s */
	const float *m;        /* (couples, row) */
	size_t slopes;
	const float *slope
	    [SPAN_AXES]; /* (couples, row): of M by a coordinate; NULL: that of kappa, which is M times `bend` */
	double bend; /* over cos 2 dtheta - 1 */
};

/* What a couple adds to the log-likelihood, to minus its second derivatives (m.g) and to its first ones (m.b); to the noise's
 * moments and to their products with first derivatives of taps. */
struct likelihood_couple {
	struct regression m;
	double value, moment[CENSORED_MOMENTS], cross[CENSORED_MOMENTS][REGRESSION_TERMS];
};
/* couple: (couples); moments: whether those are wanted. */
int likelihood_sum(const struct likelihood *likelihood, const struct likelihood_place *place,
    bool moments, struct likelihood_couple *couple) __attribute__((warn_unused_result));

#endif
