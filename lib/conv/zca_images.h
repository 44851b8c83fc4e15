/*
 * Whitening by components for images larger than the vectors it was learned from: learned from all their patches,
 * applied with the profile of the patch's central pixel, the row of W that belongs to it, as a filter.
 */
#ifndef CONV_ZCA_IMAGES_H
#define CONV_ZCA_IMAGES_H

#include "npys/batch.h"
#include "conv/zca.h"

/* Add all patches (c, ph, pw) of n images x (n, c, h, w) to the sums. 0 or -1. */
int zca_add_patches(struct zca_sums *sums, const float *x, size_t n, size_t c, size_t h, size_t w,
    size_t ph, size_t pw, size_t threads) __attribute__((warn_unused_result));

/* Read an image stream to its end and learn from it: from whole images, which all have one size, or where patch > 0
 * from all their patches of that side. keep: NULL, or receives a copy of the stream, images as <f4. 0 or -1. */
int zca_learn_stream(struct npys_in *in, struct npys_out *keep, size_t patch, double shrinkage,
    size_t threads, struct zca *zca) __attribute__((warn_unused_result));

struct zca_filter;

/* The central profile ((ph - 1)/2, (pw - 1)/2), integer division, of each channel over all channels, for images
 * (c, h, w) continued by reflection; the mean is each channel's over the patch. zca must stay. Main thread only.
 * NULL with a reason. */
struct zca_filter *zca_filter_plan(const struct zca *zca, size_t h, size_t w, size_t threads)
    __attribute__((warn_unused_result));

/* n images x (n, c, h, w) -> y (n, c, h, w), which must not overlap. 0 or -1. */
int zca_filter_exec(struct zca_filter *filter, const float *x, float *y, size_t n)
    __attribute__((warn_unused_result));

void zca_filter_free(struct zca_filter *filter);

#endif
