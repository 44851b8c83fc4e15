/*
 * The classifier on top of the two layers, a table of layers in head.c: max-pool 4; conv 3x3 to 128, N, relu, max-pool 2;
 * conv 3x3 to 128, N, relu, average to 2x2; dropout; linear; softmax cross-entropy. Private to lib/net.
 *
 * Letters: n images of h x w, F filters with S = conv_stride(F) numbers a pixel, C classes.
 */
#ifndef NET_HEAD_H
#define NET_HEAD_H

#include "model/model.h"
#include "net/batchnorm.h"
#include "net/weights.h"

/* What is drawn at random in training, and from what. */
struct head_training {
	double
	    dropout;   /* probability with which a feature before the linear layer is set to zero */
	uint64_t seed; /* dropout's draws depend on (seed, epoch, image[i]) */
	uint32_t epoch;
	const uint64_t *image; /* (n) of each image, its number in the data; NULL: 0..n-1 */
};

struct head_layer;
struct head {
	struct head_layer *layers; /* of the table, behind one that stands for the input */
	size_t threads;
	/* of a batch */
	size_t n, h, w;
	bool training;
	const real *logits; /* (n, C) */
};

/* Add the head's tensors and plan its layers. 0 or -1; head_free either way. */
int head_create(struct head *head, struct weights *weights, size_t filters, size_t classes,
    size_t threads) __attribute__((warn_unused_result));
void head_free(struct head *head);

/* C of a model file. 0 or -1. */
int head_classes(struct model *model, size_t *classes) __attribute__((warn_unused_result));

/* The least side of images, in px: at the end 2 x 2 are left. */
size_t head_side_min(void);

/* Choose the images' number and size, head_side_min at least; cheap where nothing changed. 0 or -1. */
int head_resize(struct head *head, size_t n, size_t h, size_t w, bool training)
    __attribute__((warn_unused_result));

/* x (n, h, w, S) -> head->logits; training: NULL for evaluation. 0 or -1. */
int head_run(struct head *head, const struct batchnorm_images *images,
    const struct head_training *training, const real *x) __attribute__((warn_unused_result));

/* Cross-entropy of image i, natural logarithm, and whether its largest logit (the first of equals) is the label's.
 * batch > 0: also the gradient to its logits of the mean over so many images. */
double head_loss(const struct head *head, size_t i, int32_t label, size_t batch, bool *correct);

/* After head_loss of every image: dx (n, h, w, S) and the gradients of the head's tensors. 0 or -1. */
int head_adjoint(struct head *head, const struct batchnorm_images *images, real *dx)
    __attribute__((warn_unused_result));

#endif
