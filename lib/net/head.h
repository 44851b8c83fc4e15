/*
 * The classifier on top of the two layers: max-pool 4; conv 3x3 to 128, N, relu, max-pool 2; conv 3x3 to 128, N, relu,
 * average to 2x2; dropout; linear; softmax cross-entropy. Private to lib/net.
 *
 * Letters: n images of h x w, F filters with S = conv_stride(F) numbers a pixel, C classes. h4 = h/4, h8 = h/8, and
 * so for w, rounded down.
 */
#ifndef NET_HEAD_H
#define NET_HEAD_H

#include "conv/conv.h"
#include "net/norm.h"

#define HEAD_FEATURES (4 * NETWORK_HEAD) /* before the linear layer: 128 channels, 2 x 2 */

struct head {
	size_t s, classes, threads;
	struct network_tensor *tensor; /* the network's list */
	struct conv *conv_1, *conv_2;
	struct norm norm_1, norm_2;

	/* of a batch */
	size_t n, h, w;
	bool training;
	real *pool_1;                             /* (n, h4, w4, S) */
	real *convolved_1, *rectified_1;          /* (n, h4, w4, 128); the latter after N */
	real *pool_2, *convolved_2, *rectified_2; /* (n, h8, w8, 128) */
	uint8_t *place_1, *place_2;   /* as pool_1 and pool_2: the largest's place in its window */
	real *features, *dropout;     /* (n, 512), and dropout's factors of them */
	real *logits;                 /* (n, C) */
	real *dpool_1, *drectified_1; /* gradients, of the same shapes */
	real *dpool_2, *drectified_2;
	real *dfeatures, *dlogits;
};

/* tensor: all of the network. 0 or -1; head_free either way. */
int head_create(struct head *head, struct network_tensor *tensor, const struct network_options *o,
    size_t threads) __attribute__((warn_unused_result));
void head_free(struct head *head);

/* Choose the images' number and size, NETWORK_SIDE_MIN at least; cheap where nothing changed. 0 or -1. */
int head_resize(struct head *head, size_t n, size_t h, size_t w, bool training)
    __attribute__((warn_unused_result));

/* x (n, h, w, S) -> head->logits; training: NULL for evaluation. 0 or -1. */
int head_run(struct head *head, const struct norm_images *images,
    const struct network_training *training, const real *x) __attribute__((warn_unused_result));

/* Cross-entropy of image i, natural logarithm, and whether its largest logit (the first of equals) is the label's.
 * batch > 0: also row i of dlogits, the gradient of the mean over so many images. */
double head_loss(const struct head *head, size_t i, int32_t label, size_t batch, bool *correct);

/* head->dlogits -> dx (n, h, w, S) and the gradients of the head's tensors. 0 or -1. */
int head_adjoint(struct head *head, const struct norm_images *images, real *dx)
    __attribute__((warn_unused_result));

#endif
