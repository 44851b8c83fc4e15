/*
 * Image batches and their labels on an npys stream: (H, W), (N, H, W) or (N, C, H, W), each optionally
 * followed by integer labels (N,) that belong to it. A filter's loop:
 *
 *	while (tool_check(batch_next(in, &batch))) {
 *		if (batch.labels) { tool_check(batch_pass(in, &batch, out)); continue; }
 *		tool_check(npys_begin(out, batch_header_of(&batch, NPYS_F4)));
 *		for (size_t i = 0; i < batch.n; i++) { batch_read(...) ... }
 *	}
 */
#ifndef NPYS_BATCH_H
#define NPYS_BATCH_H

#include "npys/npys.h"

struct batch {
	struct npys_header header;
	bool labels; /* a record of labels for the batch before it; the rest is unset */
	size_t n, c, h,
	    w;         /* images, channels, height, width; (H, W) has n = 1; absent axes are 1 */
	size_t rank;   /* 2, 3 or 4 */
	size_t pixels; /* c * h * w */
};

/* The next record as a batch or as labels; start with a zeroed struct and keep it for the stream.
 * A record of labels must follow a batch of as many images; other shapes are errors. 1, 0 at the end,
 * -1. */
int batch_next(struct npys_in *in, struct batch *batch) __attribute__((warn_unused_result));

/* The next `count` images of the current batch: x (count, c, h, w). 0 or -1. */
int batch_read(struct npys_in *in, const struct batch *batch, float *x, size_t count)
    __attribute__((warn_unused_result));

/* Copy the current record of labels to out, unchanged. 0 or -1. */
int batch_pass(struct npys_in *in, const struct batch *batch, struct npys_out *out)
    __attribute__((warn_unused_result));

/* Read the current label record: integers >= 0 into y (batch->header.items). 0 or -1. */
int batch_read_labels(struct npys_in *in, const struct batch *batch, int64_t *y)
    __attribute__((warn_unused_result));

/* Images per chunk that keep a chunk near 4 MiB of floats, at least 1; a small one is near 1 MiB. */
size_t batch_chunk(const struct batch *batch);
size_t batch_small_chunk(const struct batch *batch);

#endif
