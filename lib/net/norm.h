/*
 * Batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167): y = gamma xhat + beta per channel,
 * xhat = (x - mean)/sqrt(variance + 1e-5), with the batch's mean and variance over images and pixels or with the
 * running ones. Private to lib/net.
 *
 * Letters: images are (n, pixels, S), S = conv_stride(channels). What is here are the numbers per channel; the caller
 * computes y with `scale` and `shift`, where it also rectifies.
 */
#ifndef NET_NORM_H
#define NET_NORM_H

#include <stdbool.h>
#include <stddef.h>
#include "net/comm.h"
#include "net/tensors.h"

struct norm {
	size_t channels, s, threads;
	struct network_tensor *tensor; /* its NORM_TENSORS */
	bool batch; /* the last statistics were the batch's, not the running ones */

	/* (S) each, in one block */
	real *memory;
	/* y = x scale + shift */
	real *scale, *shift;
	/* xhat = u hat_scale + hat_shift, u being x, or y after norm_in_place */
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
struct norm_images {
	const struct comm *comm;
	size_t n, batch;
};

/* tensor: its four. 0 or -1; norm_free either way. */
int norm_create(struct norm *norm, struct network_tensor *tensor, size_t threads)
    __attribute__((warn_unused_result));
void norm_free(struct norm *norm);

/* Compute scale and shift for x (n, pixels, S): from the batch, which also goes into the running statistics, or from
 * these. 0 or -1. */
int norm_prepare(struct norm *norm, const struct norm_images *images, const real *x, size_t pixels,
    bool batch) __attribute__((warn_unused_result));

/* Say that y has replaced x in memory: norm_adjoint will be given y. */
void norm_in_place(struct norm *norm);

/* dy (n, pixels, S), set to 0 where y (NULL: nowhere) is not positive, becomes dx; u (n, pixels, S) is x, or y after
 * norm_in_place. The gradients to gamma and beta are this process's part. 0 or -1. */
int norm_adjoint(struct norm *norm, const struct norm_images *images, real *dy, const real *y,
    const real *u, size_t pixels) __attribute__((warn_unused_result));

#endif
