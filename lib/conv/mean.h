/* The mean of an image, summed in double precision in a fixed order that suits vectors. */
#ifndef CONV_MEAN_H
#define CONV_MEAN_H

#include <stddef.h>
#include "conv/real.h"

/* n >= 1 */
real mean_of(const real *x, size_t n);

#endif
