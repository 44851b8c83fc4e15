/*
 * Two-dimensional Gabor functions (Daugman 1985; Jones and Palmer 1987):
 *
 *	A exp(-u^2/2 sigma_across^2 - v^2/2 sigma_along^2) cos(2 pi f u + phase) + offset
 *
 * from the centre (x0, y0), x right and y up, in px. theta is the orientation of the stripes, counter-clockwise
 * from +x; v runs along the stripes (theta), u along the carrier (theta + pi/2):
 *
 *	u = -(x - x0) sin theta + (y - y0) cos theta,   v = (x - x0) cos theta + (y - y0) sin theta.
 */
#ifndef FIT_GABOR_H
#define FIT_GABOR_H

#include <stdbool.h>
#include <stddef.h>
#include "fit/extent.h"

struct gabor {
	double amplitude; /* A > 0 */
	double theta;     /* rad, in [0, pi) */
	double phase;     /* rad, in (-pi, pi]; 0: even, bright centre; +-pi/2: odd */
	double frequency; /* f > 0, cycles per px */
	double sigma_across, sigma_along; /* px */
	double x0, y0;                    /* px */
	double offset;
};

/* Half width at half amplitude of a Gaussian's transform, times sigma: sqrt(2 ln 2)/(2 pi). Below it a Gabor is
 * low-pass: it has no lower half-amplitude frequency. */
#define GABOR_NX_MIN 0.18739062512927758

double gabor_value(const struct gabor *gabor, double x, double y);

/* The function on an array's pixels. */
void gabor_sample(const struct gabor *gabor, struct extent size, double *x);

/* The same function with A > 0, f > 0, theta in [0, pi), phase in (-pi, pi]. */
struct gabor gabor_canonical(struct gabor gabor);

/* Envelope's width in cycles of the carrier, across and along the stripes (Ringach 2002). */
static inline double gabor_nx(const struct gabor *gabor)
{
	return gabor->sigma_across * gabor->frequency;
}
static inline double gabor_ny(const struct gabor *gabor)
{
	return gabor->sigma_along * gabor->frequency;
}

/* Full bandwidth at half amplitude in octaves, log2((nx + c)/(nx - c)) with c = GABOR_NX_MIN; infinite for nx <= c. */
double gabor_octaves(double nx);

/* Half-width at half amplitude of the orientation tuning at the carrier's frequency, in rad: the smallest t > 0
 * with nx^2 (1 - cos t)^2 + ny^2 sin^2 t = c^2; NaN where there is none (not orientation selective). */
double gabor_half_width(double nx, double ny);

/* A row of fit-gabor's table. */
struct gabor_row {
	size_t record, filter; /* from 0 */
	bool accepted;
	double r, r2;
	struct gabor gabor; /* rad and px; NaN throughout for a constant profile */
	enum gabor_profile {
		GABOR_UNKNOWN,
		GABOR_FILTER,
		GABOR_EFFECTIVE
	} profile; /* what was fitted */
};

/* Read fit-gabor's table: *rows (free with free()) and their *count. An empty table is an error. 0 or -1. */
int gabor_table_read(const char *file, struct gabor_row **rows, size_t *count)
    __attribute__((warn_unused_result));

#endif
