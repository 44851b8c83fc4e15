/*
 * Phase scrambling of images (Theiler et al. 1992; of several channels, Prichard & Theiler 1994): the amplitudes of an
 * image's discrete Fourier transform, with phases that are uniform and independent but for the symmetry of a real
 * image. Spectrum, mean and variance stay; contours, which live in the relations of phases, go.
 *
 * One random angle per frequency is added to the phases of all channels, so that their cross-spectra stay too.
 * Frequency 0 is left as it is; where a frequency is its own mirror image (0 or n/2 along both axes) its real
 * coefficient gets a random sign. The transform takes the image for periodic: what a jump from one border to the other
 * adds to its spectrum stays there.
 */
#ifndef CONV_SCRAMBLE_H
#define CONV_SCRAMBLE_H

#include <stddef.h>
#include <stdint.h>
#include "conv/real.h"

struct scramble;

/* Images (c, h, w). Main thread only. NULL with a reason. */
struct scramble *scramble_plan(size_t c, size_t h, size_t w, size_t threads)
    __attribute__((warn_unused_result));

/* n images: x (n, c, h, w) -> y (n, c, h, w). The angles of image i are a function of (seed, first + i). 0 or -1. */
int scramble_exec(struct scramble *scramble, const real *x, real *y, size_t n, uint64_t seed,
    uint64_t first) __attribute__((warn_unused_result));

void scramble_free(struct scramble *scramble);

#endif
