/* ON and OFF: see rectify.h. */
#include <string.h>
#include "image/rectify.h"

size_t rectify_channels(enum rectify rectify)
{
	return rectify == RECTIFY_BOTH ? 2 : 1;
}

static void half(const float *x, float *y, size_t pixels, float sign)
{
	for (size_t i = 0; i < pixels; i++)
		y[i] = sign * x[i] > 0 ? sign * x[i] : 0;
}

void rectify(enum rectify how, const float *x, float *y, size_t channels, size_t pixels)
{
	for (size_t c = 0; c < channels; c++, x += pixels) {
		if (how == RECTIFY_NONE)
			memcpy(y, x, pixels * sizeof *y);
		else
			half(x, y, pixels, how == RECTIFY_OFF ? -1 : 1);
		if (how == RECTIFY_BOTH)
			half(x, y + pixels, pixels, -1);
		y += rectify_channels(how) * pixels;
	}
}
