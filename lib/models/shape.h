/*
 * All shapes of a model. A shape is a kind and coordinates within the model's box, whatever the kernel. Over the box the
 * densities are spanned by a few functions, so that
 *
 *	M(shape; u, v, dtheta) = sum_k c_k(shape) phi_k(u, v, dtheta)   up to BASIS_TOLERANCE of the norm of M,
 *
 * and sums over taps are needed of phi_k and phi_k phi_l only (design.h). M has norm 1 over the taps' disc. The factor
 * exp(kappa (cos 2 dtheta - 1)) of tuned models is not in it; its coordinate is the last.
 */
#ifndef MODELS_SHAPE_H
#define MODELS_SHAPE_H

#include "models/models.h"

#define BASIS_TOLERANCE .005
#define BASIS_TERMS 96 /* functions at most */
#define BASIS_LANES 16 /* arrays of functions are padded to this */
#define BASIS_PRODUCTS (BASIS_TERMS * (BASIS_TERMS + 1) / 2 + BASIS_LANES)
#define BASIS_KAPPAS 20
#define SHAPE_SCAN 7 /* shapes an axis at which a search starts */

struct shape {
	size_t kind;
	double at[MODEL_COORDINATES]; /* the model's, then that of kappa */
};

struct basis_axis {
	double low, high; /* of the coordinate */
	size_t nodes;
};

struct basis {
	const struct model *model;
	double reach;
	struct basis_axis axis[MODEL_COORDINATES];
	size_t terms, padded; /* functions; rounded up to BASIS_LANES */
	size_t products;      /* k <= l, rounded up */
	size_t angles, size;  /* of the densities */
	float *spline;        /* (terms, angles, size, size): phi_k */
	float *node;          /* (kinds, nodes, nodes, padded): c_k */
	/* nodes of kappa, and of the sum of two kappas for products of two shapes; one, 0, of a model that is not tuned */
	struct basis_kappas {
		struct basis_axis axis;
		double at[BASIS_KAPPAS];
		size_t count;
	} kappa, sum;
	/* where searches start: all kinds, SHAPE_SCAN coordinates an axis */
	size_t scans;
	struct shape *scan;
	float *scan_terms; /* (scans, padded) */
};

/* For |Delta| <= reach. Main thread (FFTW). 0 or -1; free also after -1. */
int basis_create(struct basis *basis, const struct model *model, double reach, size_t threads)
    __attribute__((warn_unused_result));
void basis_free(struct basis *basis);

/* c_k of a shape: (padded) */
void basis_terms(const struct basis *basis, const struct shape *shape, float *c);
/* The products of two shapes' c_k and d_l, so that sum_kl c_k d_l S_kl is that of `products` with S_kl, l <= k: (products) */
void basis_products(const struct basis *basis, const float *c, const float *d, float *products);
/* Weights of an axis's nodes for the polynomial through them at x. */
void basis_weights(const struct basis_axis *axis, double x, double *w);

static inline size_t basis_coordinates(const struct basis *basis)
{
	return basis->model->axes + basis->model->tuned;
}

static inline double shape_kappa(const struct basis *basis, const struct shape *shape)
{
	return basis->model->tuned ? model_kappa(shape->at[basis->model->axes]) : 0;
}

#endif
