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

void grey_bytes(const uint8_t *rgb, uint8_t *grey, size_t n)
{
	const uint8_t *r = rgb, *g = rgb + n, *b = rgb + 2 * n;
	for (size_t i = 0; i < n; i++) {
		unsigned sum = RED * r[i] + GREEN * g[i] + BLUE * b[i];
		unsigned whole = sum / 1000, rest = sum % 1000;
		grey[i] = (uint8_t)(whole + (rest > 500 || (rest == 500 && whole % 2)));
	}
}
