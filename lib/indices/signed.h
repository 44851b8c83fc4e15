/*
 * Signed weights: what short range (ring.c), phase (phase.c) and signed.c, which makes rows of it all, share.
 */
#ifndef LATERAL_SIGNED_H
#define LATERAL_SIGNED_H

#include "base/vector.h"
#include "indices/labels.h"

/* sums over a pair's taps for K = b + a M + a' M cos(dphase), dphase = p + g, g = gx Delta_x + gy Delta_y */
struct phase_sums {
	double n[LATERAL_RANGES], m[LATERAL_RANGES], mm[LATERAL_RANGES], k[LATERAL_RANGES],
	    km[LATERAL_RANGES], kk[LATERAL_RANGES];
	double mx[LATERAL_RANGES], my[LATERAL_RANGES];   /* M e^{ig} */
	double mmx[LATERAL_RANGES], mmy[LATERAL_RANGES]; /* M^2 e^{ig} */
	double m2x[LATERAL_RANGES], m2y[LATERAL_RANGES]; /* M^2 e^{2ig} */
	double kmx[LATERAL_RANGES], kmy[LATERAL_RANGES]; /* K M e^{ig} */
};

enum {
	SIGNED_RECIPROCITY,
	SIGNED_SHORT,                          /* positive, negative, signed */
	SIGNED_SHORT_PHASE = SIGNED_SHORT + 3, /* partial r with cos dphase */
	SIGNED_RING_MEAN,
	SIGNED_RING_ORIENTATION,
	SIGNED_RING_PHASE,
	SIGNED_BLIND,
	SIGNED_PHASE,
	SIGNED_COUNT = SIGNED_PHASE + LATERAL_RANGES
};

struct signed_job {
	const struct units *set;
	const struct lateral_plan *plan;
	const struct labels *labels;
	const struct phase_sums *phase;
	/* (n, n): weight of the tap nearest Delta = 0, nan where that is not near; cosine and sine of dphase there without
	 * the units' phases */
	const double *near, *near_x, *near_y, *near_d; /* near_d: cos dphase */
	const double *sign; /* (n, n): 1, or -1 where the source is taken from its other end */
	const double *cosine, *sine; /* (n) of the phases */
	/* (n, n): of a pair's taps, in one and the other of the arrays whose reciprocity it is; products of the first's with the
	 * second's of the reversed pair */
	const double *sum[2], *square[2], *product;
	double *sample; /* (count, SIGNED_COUNT) */
	size_t count;
};

/* e^{i phase} that the units a and b at a pair's places i and j give it: source less target */
VECTOR_INLINE void signed_phases(
    const struct signed_job *job, size_t pair, size_t a, size_t b, double *x, double *y)
{
	double sj = job->sign[pair] * job->sine[b];
	*x = job->cosine[b] * job->cosine[a] + sj * job->sine[a];
	*y = sj * job->cosine[a] - job->cosine[b] * job->sine[a];
}

/* of pairs with a tap near Delta = 0: weight k (positive part, negative part, signed), c = cos 2 dtheta, d = cos dphase */
struct ring_sums {
	double m, k[3], kk[3];
	double c, cc, kc[3];
	double d, dd, kd;
	double cd;
};

/* what phase_parts needs of the phases' surroundings, by range: sums over pairs that no permutation of phases changes */
struct phase_still {
	double c[LATERAL_RANGES], m[LATERAL_RANGES], mm[LATERAL_RANGES], k[LATERAL_RANGES],
	    km[LATERAL_RANGES], kk[LATERAL_RANGES];
};

/* ring.c: the sums of the pairs, pair p factor[p] times (NULL: once) */
void ring_sum(const struct signed_job *job, const double *factor, struct ring_sums *s);

/* the same with orientations, and with phases, moved: what that changes of the sums */
void ring_move(const struct signed_job *job, const size_t *orientations, const size_t *phases,
    struct ring_sums *turned, struct ring_sums *phased);

/* r of each part with cos 2 dtheta, and the ring model k = mean + orientation cos 2 dtheta + phase cos dphase: from
 * SIGNED_SHORT on */
void ring(const struct ring_sums *s, double *out);

/* phase.c: sums over the taps w (taps) of pair p, and its weight nearest Delta = 0, nan where that is not near */
void phase_pair(const struct units *set, const struct lateral_plan *plan, size_t p,
    const double *w, struct phase_sums *sum, double *near, double *near_x, double *near_y);

void phase_sum(const struct signed_job *job, const double *factor, struct phase_still *still);

/* Partial r of K~ and M cos(dphase) given 1 and M, by range, from SIGNED_PHASE on, and that of K~ and M given 1 and
 * M cos(dphase), SIGNED_BLIND; order moves phases among filters. */
void phase_parts(const struct signed_job *job, const struct phase_still *still, const size_t *order,
    const double *factor, double *out);

/* Chance of SIGNED_BLIND into the job's samples. 0, or -1 without memory. */
int phase_blind_sample(const struct signed_job *job, const double *w)
    __attribute__((warn_unused_result));

#endif
