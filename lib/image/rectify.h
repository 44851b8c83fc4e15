/* ON and OFF cells: the two rectified halves of a signed response. */
#ifndef IMAGE_RECTIFY_H
#define IMAGE_RECTIFY_H

#include <stddef.h>

enum rectify {
	RECTIFY_NONE,
	RECTIFY_ON,   /* max(x, 0) */
	RECTIFY_OFF,  /* max(-x, 0) */
	RECTIFY_BOTH, /* each channel becomes two: ON, then OFF */
};
#define RECTIFY_WORDS "none,on,off,both"

/* Output channels of an input channel. */
size_t rectify_channels(enum rectify rectify);

/* x (channels, pixels) -> y (channels, rectify_channels, pixels), which must not overlap. */
void rectify(enum rectify rectify, const float *x, float *y, size_t channels, size_t pixels);

#endif
