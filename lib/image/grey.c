/* Luminance: see grey.h. The weights are thousandths, so bytes are weighted without any rounding. */
#include "image/grey.h"

#define RED 299u
#define GREEN 587u
#define BLUE 114u

void grey_planes(const float *rgb, float *grey, size_t n)
{
	const float *r = rgb, *g = rgb + n, *b = rgb + 2 * n;
	for (size_t i = 0; i < n; i++)
		grey[i] = (RED * r[i] + GREEN * g[i] + BLUE * b[i]) / 1000;
}
