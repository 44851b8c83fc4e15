/* Change of image size: area averaging and the centred crop. Images are planes, x: (c, h, w). */
#ifndef IMAGE_RESIZE_H
#define IMAGE_RESIZE_H

#include <stddef.h>

/* Area averaging: stretch both images over the same square; each pixel of y (c, h2, w2) is the
 * mean of x over the rectangle that it covers, and pixels cut by its edge count by their share.
 * Constants stay constant and the mean is kept exactly. All sides > 0; enlarging is allowed (pixels
 * are repeated and shared at the seams). Sums are in double. 0, or -1 with a reason (memory). */
int resize_area(const float *x, size_t c, size_t h, size_t w, float *y, size_t h2, size_t w2)
    __attribute__((warn_unused_result));

/* The size at which the shorter side is `side` and the ratio of the sides is kept: the longer one is rounded to the
 * nearest pixel. */
void resize_shorter(size_t h, size_t w, size_t side, size_t *h2, size_t *w2);

/* The centred part y (c, h2, w2) of x; where the difference is odd, the spare row or column stays at the bottom or
 * right. h2 <= h, w2 <= w; y may be x. */
void resize_crop(const float *x, size_t c, size_t h, size_t w, float *y, size_t h2, size_t w2);

#endif
