/* Area averaging and the centred crop: see resize.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "image/resize.h"

/* Weights of one axis, n to m pixels: output i is the sum of weight[first[i]..] times input[first[i]..last[i]].
 * In units of 1/m input pixels, output i covers [i n, (i + 1) n) and input j covers [j m, (j + 1) m): integers,
 * so every share is exact. */
static double share(size_t i, size_t j, size_t n, size_t m)
{
	size_t from = i * n > j * m ? i * n : j * m;
	size_t to = (i + 1) * n < (j + 1) * m ? (i + 1) * n : (j + 1) * m;
	return (double)(to - from) / (double)n;
}

/* y[i] = mean of x over output pixel i, for `lines` lines at once: x (n, lines), y (m, lines) */
static void average(const double *x, size_t n, double *y, size_t m, size_t lines)
{
	for (size_t i = 0; i < m; i++) {
		size_t first = i * n / m, last = ((i + 1) * n - 1) / m;
		double *out = y + i * lines;
		memset(out, 0, lines * sizeof *out);
		for (size_t j = first; j <= last; j++) {
			const double *in = x + j * lines, weight = share(i, j, n, m);
			for (size_t k = 0; k < lines; k++)
				out[k] += weight * in[k];
		}
	}
}

int resize_area(const float *x, size_t c, size_t h, size_t w, float *y, size_t h2, size_t w2)
{
	size_t in, middle;
	if (mem_multiply(h, w, &in) < 0 || mem_multiply(h, w2, &middle) < 0 ||
	    mem_multiply(h, h2, &(size_t){0}) < 0 || mem_multiply(w, w2, &(size_t){0}) < 0)
		return -1;
	/* columns first, on the transposed image, then rows */
	double *a = mem_alloc(in, sizeof *a), *b = mem_alloc(middle, sizeof *b);
	double *t = mem_alloc(middle, sizeof *t), *out = mem_alloc(h2, w2 * sizeof *out);
	int status = a && b && t && out ? 0 : -1;
	for (size_t k = 0; k < c && status == 0; k++) {
		const float *plane = x + k * in;
		for (size_t i = 0; i < h; i++) {
			for (size_t j = 0; j < w; j++)
				a[j * h + i] = (double)plane[i * w + j];
		}
		average(a, w, b, w2, h);
		for (size_t i = 0; i < h; i++) {
			for (size_t j = 0; j < w2; j++)
				t[i * w2 + j] = b[j * h + i];
		}
		average(t, h, out, h2, w2);
		for (size_t i = 0; i < h2 * w2; i++)
			y[k * h2 * w2 + i] = (float)out[i];
	}
	free(a);
	free(b);
	free(t);
	free(out);
	return status;
}

static size_t scaled(size_t longer, size_t shorter, size_t side)
{
	double exact = (double)longer * (double)side / (double)shorter;
	return (size_t)floor(exact + 0.5);
}

void resize_shorter(size_t h, size_t w, size_t side, size_t *h2, size_t *w2)
{
	*h2 = h <= w ? side : scaled(h, w, side);
	*w2 = w <= h ? side : scaled(w, h, side);
}

void resize_crop(const float *x, size_t c, size_t h, size_t w, float *y, size_t h2, size_t w2)
{
	size_t top = (h - h2) / 2, left = (w - w2) / 2;
	for (size_t k = 0; k < c; k++) {
		for (size_t i = 0; i < h2; i++)
			memmove(y + (k * h2 + i) * w2, x + (k * h + top + i) * w + left,
			    w2 * sizeof *y);
	}
}
