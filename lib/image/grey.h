/* Colour to grey by luminance, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), on the values as they are stored. */
#ifndef IMAGE_GREY_H
#define IMAGE_GREY_H

#include <stddef.h>

/* rgb: (3, n) planes, grey: (n). Integers 0..255 give the correctly rounded quotient of an exact integer by 1000,
 * so that rounding the result to an integer rounds that quotient. grey may be rgb. */
void grey_planes(const float *rgb, float *grey, size_t n);

#endif
