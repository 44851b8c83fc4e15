/*
 * What a trained network answers to a stream of images and labels: responses of a layer, or one of two kernels over the
 * whole stream (covariance.h, jacobian.h); beside it tables of accuracy (score.h) and of tuning (tuning.h), which need
 * labels. Memory is a chunk of images, and of a batch whose labels are to come its logits and middle responses.
 *
 *	while (batch_next(in, &batch) > 0)
 *		batch.labels ? respond_labels(...) : respond_images(...);
 *	respond_end(...);
 */
#ifndef NET_RESPOND_H
#define NET_RESPOND_H

#include <stdbool.h>
#include <stddef.h>
#include "base/progress.h"
#include "net/network.h"
#include "npys/batch.h"

enum respond_output { RESPOND_LAYER, RESPOND_COVARIANCE, RESPOND_JACOBIAN, RESPOND_NOTHING };

struct respond_options {
	enum respond_output output;
	enum network_layer layer; /* NETWORK_A, NETWORK_HT or NETWORK_LOGITS */
	size_t radius;            /* px, of the kernels */
	size_t iterations;
	const char *accuracy, *confusion; /* files of tables; NULL: none */
	const char *middle;               /* file of the table of h_T in the middle; NULL: none */
	const char *stimuli,
	    *tuning; /* table whose rows are the labels, file of the table; or both NULL */
};

/* Replace the network's lateral kernel by the only record of an npys file, (F, F, kl, kl) as the model's. 0 or -1. */
int respond_read_lateral(struct network *net, const char *file) __attribute__((warn_unused_result));

struct respond;

/* net must live as long; its chunks go on `threads` threads. NULL with a reason. */
struct respond *respond_create(struct network *net, const struct respond_options *options,
    size_t threads) __attribute__((warn_unused_result));
void respond_free(struct respond *respond); /* NULL is allowed */

/* The images of a batch; their responses to out, which may be NULL where no layer is asked for. 0 or -1. */
int respond_images(struct respond *respond, struct npys_in *in, const struct batch *batch,
    struct npys_out *out, struct progress *progress) __attribute__((warn_unused_result));

/* The labels of the batch before: to the tables, and on with the responses. 0 or -1. */
int respond_labels(struct respond *respond, struct npys_in *in, const struct batch *batch,
    struct npys_out *out) __attribute__((warn_unused_result));

/* After the last batch: write the tables, and a kernel to out. 0 or -1. */
int respond_end(struct respond *respond, const struct npys_in *in, struct npys_out *out)
    __attribute__((warn_unused_result));

#endif
