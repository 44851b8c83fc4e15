/* Images collected into batches on an npys stream: a record's header tells how many images follow, so a batch is
 * held in memory until it is full. */
#ifndef IMAGE_BATCHER_H
#define IMAGE_BATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include "npys/npys.h"

#define BATCHER_IMAGES 500                /* in a batch, at most */
#define BATCHER_NUMBERS ((size_t)1 << 23) /* in a batch of more than one image, at most: 32 MiB */

struct batcher;

/* Write batches to out: (N, H, W), or (N, C, H, W) if planes. With labelled each batch is followed
 * by its labels, |u1 for up to 256 classes and <i4 for more. NULL with a reason. */
struct batcher *batcher_start(struct npys_out *out, bool planes, bool labelled, size_t classes)
    __attribute__((warn_unused_result));

/* Add an image x (c, h, w) of this type: NPYS_U1 rounds to nearest (ties to even), NPYS_F4 keeps
 * the values. A batch is written when it is full and before an image of another size or type. 0 or
 * -1. */
int batcher_add(struct batcher *batcher, const float *x, size_t c, size_t h, size_t w,
    enum npys_type type, size_t label) __attribute__((warn_unused_result));

/* Write what is left and free. 0 or -1. */
int batcher_finish(struct batcher *batcher) __attribute__((warn_unused_result));

#endif
