/*
 * Batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167): y = gamma xhat + beta per channel,
 * xhat = (x - mean)/sqrt(variance + 1e-5), with the batch's mean and variance over images and pixels or with the
 * running ones. Private to lib/net.
 *
 * Letters: images are (n, pixels, S), S = conv_stride(channels). What is here are the numbers per channel; the caller
 * computes y with `scale` and `shift`, where it also rectifies.
 */
#ifndef NET_BATCHNORM_H
#define NET_BATCHNORM_H

#include <stdbool.h>
#include <stddef.h>
#include "net/comm.h"
#include "net/weights.h"

struct batchnorm {
	size_t channels, s, threads;
	struct network_tensor *weight, *bias, *mean,
	    *variance; /* gamma, beta, running statistics */
	bool batch;    /* the last statistics were the batch's, not the running ones */

	/* (S) each, in one block */
	real *memory;
	/* y = x scale + shift */
	real *scale, *shift;
	/* xhat = u hat_scale + hat_shift, u being x, or y after batchnorm_in_place */
	real *hat_scale, *hat_shift;
	/* 1/sqrt(variance + 1e-5) */
	real *inverse;
	/* adjoint: dx = dy dy_factor + u u_factor + constant */
	real *dy_factor, *u_factor, *constant;

	double *sums;       /* (2, S) over all images */
	double *image_sums; /* (room, 2, S) of each image */
	size_t room;
};

/* The images that statistics are of: n in this process, `batch` in all of them together. */
struct batchnorm_images {
	const struct comm *comm;
	size_t n, batch;
};

/* Add its four tensors, name.weight and so on; learns_scale: else gamma is 1. 0 or -1; batchnorm_free either way. */
int batchnorm_create(struct batchnorm *norm, struct weights *weights, const char *name,
    enum network_part part, size_t channels, bool learns_scale, size_t threads)
    __attribute__((warn_unused_result));
void batchnorm_free(struct batchnorm *norm);

/* Compute scale and shift for x (n, pixels, S): from the batch, which also goes into the running statistics, or from
 * these. 0 or -1. */
int batchnorm_prepare(struct batchnorm *norm, const struct batchnorm_images *images, const real *x,
    size_t pixels, bool batch) __attribute__((warn_unused_result));

/* Say that y has replaced x in memory: batchnorm_adjoint will be given y. */
void batchnorm_in_place(struct batchnorm *norm);

/* dy (n, pixels, S), set to 0 where y (NULL: nowhere) is not positive, becomes dx; u (n, pixels, S) is x, or y after
 * batchnorm_in_place. The gradients to gamma and beta are this process's part. 0 or -1. */
int batchnorm_adjoint(struct batchnorm *norm, const struct batchnorm_images *images, real *dy,
    const real *y, const real *u, size_t pixels) __attribute__((warn_unused_result));

#endif
