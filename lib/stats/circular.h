/* Circular statistics of orientations: everything by doubled angles. */
#ifndef STATS_CIRCULAR_H
#define STATS_CIRCULAR_H

#include <stddef.h>

/* Mean of n orientations (rad, period pi) with weights w (NULL: all 1). */
struct axial_mean {
	double angle;  /* rad in [0, pi); nan where the length is 0 */
	double length; /* |sum w e^{2i theta}| / sum w, 0 to 1 */
	double p;      /* Rayleigh test of uniformity (weights all 1): Zar 1999, eq. 27.4 */
};
struct axial_mean axial_mean(size_t n, const double *theta, const double *w);

/*
 * m(x) = b + a exp(kappa (cos 2x - 1)): the von Mises profile of tuning against orientation difference, by
 * least squares with weights; a and b are linear, kappa is searched on [0.01, 30] (30: half-width 6 deg).
 */
struct axial_tuning {
	double a, b, kappa;
	double half_width; /* rad at half (peak - trough); nan unless a > 0 and kappa >= 0.35 */
};

/* x (n): rad; y (n): means; w (n): weights, bins of weight 0 are left out. All nan where fewer than 3 bins are left or y
 * does not vary. */
struct axial_tuning axial_tuning(size_t n, const double *x, const double *y, const double *w);

#endif
