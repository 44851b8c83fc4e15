/*
 * The families M0-M2, G1 and G2 with all their shapes. A shape is a place: a kind and coordinates within a box that is
 * the same for all models as far as their parameters can be compared; none of it knows a kernel. Over the box a family is
 * spanned by a few functions, so that
 *
 *	M(place; u, v, dtheta) = sum_k c_k(place) phi_k(u, v, dtheta)   up to SPAN_TOLERANCE of the norm of M,
 *
 * and sums over taps are needed of phi_k and phi_k phi_l only (ladder.h). M has norm 1 over the taps' disc. The factor
 * exp(kappa (cos 2 dtheta - 1)) of M0-M2 is not in it; its coordinate is the last.
 */
#ifndef LATERAL_SPAN_H
#define LATERAL_SPAN_H

#include <math.h>
#include "models/density.h"

#define SPAN_AXES 3
#define SPAN_TOLERANCE .005
#define SPAN_TERMS 96  /* functions at most */
#define SPAN_LANES 16  /* arrays of functions are padded to this */
#define SPAN_SCAN 7    /* places an axis at which a search starts */
#define SPAN_KAPPAS 12 /* nodes of kappa */
#define SPAN_LENGTH 16 /* px: sigma, 1/alpha, sqrt(D11) at most */

struct span_axis {
	double low, high; /* of the coordinate */
	size_t nodes;     /* Chebyshev's, ends included */
};

struct span_place {
	size_t kind;
	double at[SPAN_AXES]; /* volume.h's, then that of kappa */
};

struct span {
	enum ladder_model model;
	double reach;
	size_t kinds, axes; /* axes without kappa */
	bool tuned;         /* has kappa */
	struct span_axis axis[SPAN_AXES];
	size_t terms, padded; /* functions; rounded up to SPAN_LANES */
	size_t products;      /* k <= l, rounded up */
	size_t angles, size;  /* of volumes */
	float *basis;         /* (terms, angles, size, size): splines of phi_k */
	float *node;          /* (kinds, nodes, nodes, padded): c_k */
	/* where searches start: all kinds, SPAN_SCAN places an axis */
	size_t scans;
	struct span_place *scan;
	float *scan_terms, *scan_products; /* (scans, padded), (scans, products) */
	double kappa[SPAN_KAPPAS];         /* nodes; 0 without kappa, where there is one */
	size_t kappas;
};

/* M0-M2, G1, G2 for |Delta| <= reach. Main thread (FFTW). 0 or -1; free also after -1. */
int span_create(struct span *span, enum ladder_model model, double reach, size_t threads)
    __attribute__((warn_unused_result));
/* M4: two kinds, each a function of its own. 0 or -1. */
int span_create_kinds(struct span *span, enum ladder_model model, size_t kinds)
    __attribute__((warn_unused_result));
void span_free(struct span *span);

/* c_k at a place: (padded); their products, those of k < l twice: (products), row by row of k, l <= k */
void span_terms(const struct span *span, const struct span_place *place, float *c);
void span_products(const struct span *span, const float *c, float *products);
/* Weights of an axis's nodes for the polynomial through them at x. */
void span_weights(const struct span_axis *axis, double x, double *w);

/* The coordinate of kappa is log(kappa + SPAN_KAPPA0). */
#define SPAN_KAPPA0 .25
#define SPAN_KAPPA_MAX                                                                             \
	33 /* as narrow as the aperture of G1 and G2: 1/(2 sqrt(kappa)) = 5 degrees */
static inline double span_kappa(const struct span *span, const struct span_place *place)
{
	return span->tuned ? exp(place->at[span->axes]) - SPAN_KAPPA0 : 0;
}

/* ---- parameters by their names ---- */

/* A parameter's logarithm is a linear function of the coordinates, up to a monotone function of its own. */
struct span_parameter {
	const char *name; /* as in "sigma_along" */
	double weight[SPAN_AXES];
};
/* out: (SPAN_AXES); their number */
size_t span_parameters(const struct span *span, struct span_parameter *out);
/* The value where the linear function is x. */
double span_parameter_value(const struct span *span, size_t parameter, double x);

#endif
