/* Grey, area averaging and centred crops: known answers, exact means, exact identity. */
#include <stdint.h>
#include <stdlib.h>
#include "check.h"
#include "image/grey.h"
#include "image/resize.h"

static float x[3 * 97 * 64], y[3 * 130 * 130];

static void fill(size_t n)
{
	uint32_t state = 7; /* any irregular integers will do */
	for (size_t i = 0; i < n; i++) {
		state = state * 1664525u + 1013904223u;
		x[i] = (float)(state >> 24);
	}
}

static double mean(const float *a, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)a[i];
	return sum / (double)n;
}

/* the definition, slowly: the mean over the rectangle, by summing shares of every pixel */
static double slow(size_t h, size_t w, size_t h2, size_t w2, size_t r, size_t c)
{
	double top = (double)r * (double)h / (double)h2, bottom = top + (double)h / (double)h2;
	double left = (double)c * (double)w / (double)w2, right = left + (double)w / (double)w2;
	double sum = 0;
	for (size_t i = 0; i < h; i++) {
		for (size_t j = 0; j < w; j++) {
			double dy = fmin(bottom, (double)i + 1) - fmax(top, (double)i);
			double dx = fmin(right, (double)j + 1) - fmax(left, (double)j);
			sum += (double)x[i * w + j] * fmax(dy, 0) * fmax(dx, 0);
		}
	}
	return sum / ((bottom - top) * (right - left));
}

static void sizes(size_t h, size_t w, size_t h2, size_t w2)
{
	double worst = 0;
	CHECK(resize_area(x, 1, h, w, y, h2, w2) == 0);
	for (size_t r = 0; r < h2; r += 3) {
		for (size_t c = 0; c < w2; c += 5)
			worst = fmax(worst, fabs((double)y[r * w2 + c] - slow(h, w, h2, w2, r, c)));
	}
	CHECK(worst < 1e-4);
	CHECK_CLOSE(mean(y, h2 * w2), mean(x, h * w), 1e-4);
}

int main(void)
{
	/* bytes and floats round alike, ties included */
	unsigned ties = 0, wrong = 0;
	for (unsigned r = 0; r < 256; r += 3) {
		for (unsigned g = 0; g < 256; g += 2) {
			for (unsigned b = 0; b < 256; b++) {
				uint8_t rgb[3] = {(uint8_t)r, (uint8_t)g, (uint8_t)b}, byte;
				float planes[3] = {(float)r, (float)g, (float)b}, grey;
				grey_bytes(rgb, &byte, 1);
				grey_planes(planes, &grey, 1);
				ties += (299 * r + 587 * g + 114 * b) % 1000 == 500;
				wrong += (double)byte != rint((double)grey);
			}
		}
	}
	CHECK(ties > 0);
	CHECK(wrong == 0);
	const uint8_t pixel[3] = {10, 20, 30};
	uint8_t grey;
	grey_bytes(pixel, &grey, 1);
	CHECK(grey == 18); /* 18.15 */

	fill(97 * 64);
	sizes(97, 64, 97, 64);
	sizes(97, 64, 32, 32);
	sizes(97, 64, 1, 1);
	sizes(64, 97, 13, 96);
	sizes(64, 97, 130, 130);
	sizes(1, 1, 5, 7);

	/* identity, and two by two blocks, to the bit */
	CHECK(resize_area(x, 1, 64, 64, y, 64, 64) == 0);
	unsigned differ = 0;
	for (size_t i = 0; i < 64 * 64; i++)
		differ += x[i] < y[i] || x[i] > y[i];
	CHECK(differ == 0);
	CHECK(resize_area(x, 1, 64, 64, y, 32, 32) == 0);
	for (size_t r = 0; r < 32; r++) {
		for (size_t c = 0; c < 32; c++) {
			const float *p = x + 2 * r * 64 + 2 * c;
			differ += fabsf(y[r * 32 + c] - (p[0] + p[1] + p[64] + p[65]) / 4) > 0;
		}
	}
	CHECK(differ == 0);

	/* planes do not mix */
	const float planes[3 * 4] = {1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};
	CHECK(resize_area(planes, 3, 2, 2, y, 1, 1) == 0);
	CHECK_CLOSE(y[0], 1, 0);
	CHECK_CLOSE(y[1], 2, 0);
	CHECK_CLOSE(y[2], 3, 0);

	/* crops: the spare row and column are lost at the bottom and right */
	for (size_t i = 0; i < 2 * 5 * 4; i++)
		x[i] = (float)i;
	resize_crop(x, 2, 5, 4, y, 2, 3);
	CHECK_CLOSE(y[0], 4, 0);  /* row 1, column 0 */
	CHECK_CLOSE(y[5], 10, 0); /* row 2, column 2 */
	CHECK_CLOSE(y[6], 24, 0); /* the second plane */
	resize_crop(x, 2, 5, 4, x, 1, 1);
	CHECK_CLOSE(x[0], 9, 0);
	CHECK_CLOSE(x[1], 29, 0);

	size_t h, w;
	resize_shorter(321, 481, 64, &h, &w);
	CHECK(h == 64 && w == 96); /* 95.9 */
	resize_shorter(481, 321, 64, &h, &w);
	CHECK(h == 96 && w == 64);
	resize_shorter(10, 10, 3, &h, &w);
	CHECK(h == 3 && w == 3);
	return check_end();
}
