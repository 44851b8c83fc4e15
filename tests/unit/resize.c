/* Grey, area averaging and centred crops: what has to be exact. Averages over any areas are stl10-read.bats'. */
#include <stdint.h>
#include <stdlib.h>
#include "check.h"
#include "image/grey.h"
#include "image/resize.h"

static float x[64 * 64], y[64 * 64];

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

	for (uint32_t i = 0, state = 7; i < 64 * 64; i++) {
		state = state * 1664525u + 1013904223u;
		x[i] = (float)(state >> 24); /* any irregular integers will do */
	}
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
