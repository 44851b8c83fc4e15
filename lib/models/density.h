/*
 * The densities of M0-M2, G1 and G2 (models.h) under the aperture, as functions of (u, v, dtheta) on a fine grid, and their
 * values between its points by cubic splines. M0-M2 have no angles: what dtheta does to them is a factor of the pair. M2's
 * (u, v) are those of the bisecting frame.
 */
#ifndef LATERAL_VOLUME_H
#define LATERAL_VOLUME_H

#include <stdbool.h>
#include <stddef.h>

enum ladder_model { M0, M1, M2, M3, M4, G1, G2, MODELS };

#define VOLUME_APERTURE2 (.49 + 1. / 12) /* px^2: 0.7 px and the pixel's cell */
#define VOLUME_ANGLE                                                                               \
	(5 * 3.14159265358979323846 / 180) /* rad: the aperture of G1 and G2 over angles */
#define VOLUME_STEP .5                     /* px */
#define VOLUME_ANGLES 36
#define VOLUME_HARMONICS 40

struct volume {
	size_t angles,
	    size; /* dtheta = k pi / angles; (size, size) points about the origin, v up */
	float *k; /* (angles, size, size) */
};

/* How many points a side are needed for |Delta| <= reach. */
size_t volume_size(double reach);

/*
 * at: logarithms of lengths in px and, of G1 and G2, of a variance in rad^2:
 *	M0	(s) of exp(-r^2/2 sigma^2), kind 0, or exp(-r/sigma), kind 1
 *	M1, M2	(s_along, s_across) of exp(-u^2/2 sigma_along^2 - v^2/2 sigma_across^2)
 *		where s^2 = sigma^2 + VOLUME_APERTURE2
 *	G1	(1/alpha, D/alpha)
 *	G2	(sqrt(D11), D22) at alpha = 1
 * M0-M2 are averaged over the aperture exactly, and not normalised. Main thread (FFTW). 0 or -1; free also after -1.
 */
int volume_create(struct volume *v, enum ladder_model model, size_t kind, const double *at,
    double reach, size_t threads) __attribute__((warn_unused_result));
void volume_free(struct volume *v);

/* Samples become the coefficients of the cubic spline through them, mirrored at the borders. */
void volume_spline(struct volume *v);

/* Where the taps of a pair fall in volumes of one shape. */
struct volume_place {
	size_t taps, size, angles;
	size_t angle[4];
	double wt[4];
	struct volume_at {
		size_t corner;
		float wx[4], wy[4];
	} * at;       /* (taps) */
	float *slice; /* (size, size) */
};
int volume_place_create(struct volume_place *place, size_t taps, size_t angles, size_t size)
    __attribute__((warn_unused_result));
void volume_place_free(struct volume_place *place);
struct ladder_tap;
/* bisect: (u, v) are turned by dtheta / 2 first */
void volume_place_pair(
    struct volume_place *place, const struct ladder_tap *tap, double dtheta, bool bisect);
/* The spline k (angles, size, size) at the pair's taps: value[t * stride]. */
void volume_values(struct volume_place *place, const float *k, float *value, size_t stride);

#endif
