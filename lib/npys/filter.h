/*
 * A filter of image streams: batches in, <f4 batches out, labels passed through. Memory is a chunk of images; each
 * output header goes out as soon as its input's is read, each chunk as soon as it is done.
 */
#ifndef NPYS_FILTER_H
#define NPYS_FILTER_H

#include <stdbool.h>
#include "base/progress.h"
#include "npys/batch.h"

struct batch_filter {
	/* Get ready for images of a batch, which is called for each one before its images; gives the channels of an
	 * output image in *channels, which holds batch->c. 0 or -1. */
	int (*start)(void *self, const struct batch *batch, size_t *channels);
	/* images of the batch: x (images, c, h, w) -> y (images, channels, h, w). 0 or -1. */
	int (*run)(void *self, const float *x, float *y, size_t images);
	void *self;
	/* Where no image's result depends on the others of its chunk: chunks small enough for the second-level cache,
	 * which is faster on one thread, and leaves too little to share among several. */
	bool small_chunks;
};

/* Run the whole stream. If the number of channels stays the same, the output has the shape of the
 * input; else it is (n, channels, h, w), with an image (h, w) as a batch of one. progress: NULL, or
 * counts images. 0 or -1. */
int batch_filter(struct npys_in *in, struct npys_out *out, const struct batch_filter *filter,
    struct progress *progress) __attribute__((warn_unused_result));

#endif
