/*
 * Degraded images, for training (train-v1) and for tests of what a network has learned (image-degrade). What is done, in this
 * order, to an image x of mean luminance m and standard deviation s, those of the whole set of images:
 *
 *	contrast	x becomes m + c (x - m), c uniform in an interval, one for each image
 *	blur		x is convolved with a Gaussian, the image mirrored at its border
 *	occlusion	discs and bars of luminance m cover at least a given share of the pixels
 *	noise		white Gaussian noise is added to each pixel; its sd is given in units of s
 *
 * All draws come from one stream of random numbers, so an image is a function of (degradation, stream).
 */
#ifndef IMAGE_DEGRADE_H
#define IMAGE_DEGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/random.h"

struct degrade {
	double contrast[2]; /* lowest and highest factor; 1, 1 or 0, 0: none */
	double blur;        /* sigma of the Gaussian, px; 0: none */
	double occlude;     /* share of pixels, 0 to DEGRADE_OCCLUDE_MAX */
	double noise;       /* sd in units of `sd` */
	double mean, sd;    /* of the images */
};
#define DEGRADE_OCCLUDE_MAX .95
#define DEGRADE_BLUR_MAX 100.

/* Whether anything is to be done. */
bool degrade_any(const struct degrade *degrade);

/* x (h, w) in place. 0, or -1 without memory. */
int degrade_image(const struct degrade *degrade, struct rng *rng, size_t h, size_t w, float *x)
    __attribute__((warn_unused_result));

/* Whether a square of `side` px fits into an image (h, w) at every angle. */
bool degrade_turns(size_t side, size_t h, size_t w);

/* A square (side, side) cut from image (h, w) at a random angle and place, bilinearly interpolated; degrade_turns. */
void degrade_turned_crop(
    struct rng *rng, const float *image, size_t h, size_t w, size_t side, float *out);

#endif
