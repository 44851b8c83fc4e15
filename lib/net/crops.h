/*
 * Batches for training: in each epoch the images of a part in a new random order, of each a random square, mirrored or
 * not, and degraded anew. Draws depend on the seed, the epoch and the image's number only.
 *
 * With several processes each trains on its own images of a batch; the process that holds an image's pixels cuts its
 * crop and hands it over.
 */
#ifndef NET_CROPS_H
#define NET_CROPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/degrade.h"
#include "net/data.h"

struct crops_options {
	uint64_t seed;
	size_t side;  /* px; not above the images' sides */
	size_t batch; /* images in a step, in all processes */
	bool flip;    /* mirror half of the crops left to right */
	bool rotate;  /* cut at a random angle; degrade_turns(side, image) */
	struct degrade degrade;
	size_t threads;
};

struct crops {
	struct crops_options options;
	const struct data_part *part;
	size_t *order; /* (part's images) of the epoch: positions in the part */
	size_t epoch;  /* of the order; SIZE_MAX: none yet */

	/* this process's images of the last batch: */
	size_t first, own; /* of the batch's images those from `first` on, `own` of them */
	real *x;           /* (own, side, side) */
	int32_t *labels;   /* (own) */
	uint64_t *image;   /* (own) numbers in the data */

	size_t *cuts; /* (batch) images whose crops this process cuts */
	float *room;  /* crops_room of each thread */
	real *cut,
	    *got; /* (batch, side, side) cut for all; (own, side, side) from others, by process */
	size_t *given, *taken; /* (ranks) bytes of them */
};

/* NULL with a reason. */
struct crops *crops_create(const struct data_part *part, const struct crops_options *options)
    __attribute__((warn_unused_result));
void crops_free(struct crops *crops); /* NULL is allowed */

/* The batch that starts at position `first` of the epoch's order. 0 or -1. */
int crops_take(struct crops *crops, size_t epoch, size_t first) __attribute__((warn_unused_result));

/* One image's crop of an epoch: out (side, side). This process holds the image. room: crops_room numbers. 0 or -1. */
int crops_cut(const struct data *data, const struct crops_options *options, size_t epoch,
    size_t image, float *room, real *out) __attribute__((warn_unused_result));
size_t crops_room(const struct data *data, const struct crops_options *options);

#endif
