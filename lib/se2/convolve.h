/* Convolution over the group, and Exp/Log's companions on grids. */
#ifndef SE2_CONVOLVE_H
#define SE2_CONVOLVE_H

#include <stddef.h>

/*
 * (f * g)(h) = integral f(h') g(h'^-1 h) dh', dh = dx dy dtheta, sampled on [0, 2 pi) in `angles` equal steps and a
 * (size, size) grid of that step with size odd: f, g, out: (angles, size, size), out must not overlap them. g's slices
 * are turned by cubic convolution (Keys 1981), so both should be smooth at the grid's scale (aperture of 1 px and
 * more); they are taken as 0 outside the grid. out is f * g cropped to the grid. Main thread (FFTW's planner). 0 or -1.
 */
int se2_convolve(size_t angles, size_t size, double step, const float *f, const float *g,
    size_t threads, float *out) __attribute__((warn_unused_result));

#endif
