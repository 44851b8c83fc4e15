/*
 * The radial power spectrum of images: the squared modulus of each image's Fourier transform, its mean removed and a
 * Hann window applied, over the window's energy (so white noise of variance s^2 gives s^2 everywhere), averaged over
 * rings of spatial frequency and over all images, of whatever sizes.
 */
#ifndef CONV_SPECTRUM_H
#define CONV_SPECTRUM_H

#include <stddef.h>
#include "conv/real.h"

/* Rings of equal width from 0 to 0.5 cycles per pixel. */
#define SPECTRUM_RINGS 32

struct spectrum;

/* NULL with a reason. */
struct spectrum *spectrum_start(void) __attribute__((warn_unused_result));

/* Add n images (n, h, w), at least 3 px a side (others have no spectrum to speak of and are left out). 0 or -1. */
int spectrum_add(struct spectrum *spectrum, const real *x, size_t n, size_t h, size_t w)
    __attribute__((warn_unused_result));

/* What ring i < SPECTRUM_RINGS holds: coefficients averaged (0: the rest is NaN), their mean frequency in cycles per
 * pixel and mean power. */
void spectrum_ring(
    const struct spectrum *spectrum, size_t i, double *count, double *frequency, double *power);

void spectrum_free(struct spectrum *spectrum);

#endif
