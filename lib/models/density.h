/*
 * A density of a source's position and orientation in the target's frame, (u, v, dtheta), sampled on a grid, and its
 * values at the taps of a pair of filters by cubic splines.
 */
#ifndef MODELS_DENSITY_H
#define MODELS_DENSITY_H

#include <stdbool.h>
#include <stddef.h>

#define DENSITY_STEP .5 /* px */

/* dtheta = k pi / angles, one angle where the density does not depend on it; (size, size) points about the origin,
 * DENSITY_STEP apart, v up. */
struct density {
	size_t angles, size;
	float *k; /* (angles, size, size) */
};

/* All 0, with as many points as |Delta| <= reach (px) needs. 0 or -1; free also after -1. */
int density_create(struct density *density, size_t angles, double reach)
    __attribute__((warn_unused_result));
void density_free(struct density *density);

/* Samples become the coefficients of the cubic spline through them, mirrored at the borders. */
void density_spline(struct density *density);

/* A tap of a pair: Delta along and across the target's stripes in px, and the cosine and sine of the source's phase relative to
 * the target's. */
struct tap {
	double along, across, cosine, sine;
};

/* Where the taps of a pair fall in densities of one grid. */
struct density_taps {
	size_t taps, size, angles;
	size_t angle[4];
	double by_angle[4];
	struct density_at {
		size_t corner;
		float wx[4], wy[4];
	} * at;       /* (taps) */
	float *slice; /* (size, size) */
};
int density_taps_create(struct density_taps *grid, size_t taps, size_t angles, size_t size)
    __attribute__((warn_unused_result));
void density_taps_free(struct density_taps *grid);
/* Places the taps of a pair, turned by -turn (rad) first. */
void density_locate(struct density_taps *grid, const struct tap *tap, double dtheta, double turn);
/* The spline k (angles, size, size) at the pair's taps: value[t * stride]. */
void density_values(struct density_taps *grid, const float *k, float *value, size_t stride);

#endif
