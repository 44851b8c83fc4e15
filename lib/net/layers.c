/* Normalisation, rectification, pools: see layers.h. */
#include <math.h>
#include <string.h>
#include "conv/vector.h"
#include "net/layers.h"

/* Numbers are added in runs of so many pixels in their own precision, runs in double. */
#define RUN 64

/* The static functions have the arguments of those in layers.h: _plane for one number a pixel (S = 1), x (pixels);
 * _lanes for S a multiple of LANES, x (pixels, S), per-channel arrays (S). */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

FOR_AVX512
static void moments_plane(size_t pixels, const real *x, double *sum, double *square)
{
	for (size_t p = 0; p < pixels; p += RUN) {
		size_t end = smaller(p + RUN, pixels);
		real run_sum = 0, run_square = 0;
#pragma omp simd reduction(+ : run_sum, run_square)
		for (size_t i = p; i < end; i++) {
			run_sum += x[i];
			run_square += x[i] * x[i];
		}
		*sum += (double)run_sum;
		*square += (double)run_square;
	}
}

FOR_AVX512
static void moments_lanes(size_t pixels, size_t s, const real *x, double *sum, double *square)
{
	for (size_t p = 0; p < pixels; p += RUN) {
		size_t end = smaller(p + RUN, pixels);
		for (size_t c = 0; c < s; c += LANES) {
			vector run_sum = {0}, run_square = {0};
			for (size_t i = p; i < end; i++) {
				vector value = *(const vector *)(x + i * s + c);
				run_sum += value;
				run_square += value * value;
			}
			for (size_t l = 0; l < LANES; l++) {
				sum[c + l] += (double)run_sum[l];
				square[c + l] += (double)run_square[l];
			}
		}
	}
}

void layer_moments(size_t pixels, size_t s, const real *x, double *sum, double *square)
{
	if (s == 1)
		moments_plane(pixels, x, sum, square);
	else
		moments_lanes(pixels, s, x, sum, square);
}

FOR_AVX512
static void affine(
    size_t pixels, size_t s, const real *x, const real *scale, const real *shift, real *y)
{
	for (size_t p = 0; p < pixels; p++) {
		for (size_t c = 0; c < s; c++)
			y[p * s + c] = x[p * s + c] * scale[c] + shift[c];
	}
}

FOR_AVX512
static void affine_relu(
    size_t pixels, size_t s, const real *x, const real *scale, const real *shift, real *y)
{
	for (size_t p = 0; p < pixels; p++) {
		for (size_t c = 0; c < s; c++) {
			real value = x[p * s + c] * scale[c] + shift[c];
			y[p * s + c] = value < 0 ? 0 : value;
		}
	}
}

FOR_AVX512
static void affine_plane(size_t pixels, const real *x, real scale, real shift, real *y)
{
	for (size_t p = 0; p < pixels; p++)
		y[p] = x[p] * scale + shift;
}

FOR_AVX512
static void affine_relu_plane(size_t pixels, const real *x, real scale, real shift, real *y)
{
	for (size_t p = 0; p < pixels; p++) {
		real value = x[p] * scale + shift;
		y[p] = value < 0 ? 0 : value;
	}
}

void layer_affine(
    size_t pixels, size_t s, const real *x, const real *scale, const real *shift, real *y)
{
	if (s == 1)
		affine_plane(pixels, x, *scale, *shift, y);
	else
		affine(pixels, s, x, scale, shift, y);
}

void layer_affine_relu(
    size_t pixels, size_t s, const real *x, const real *scale, const real *shift, real *y)
{
	if (s == 1)
		affine_relu_plane(pixels, x, *scale, *shift, y);
	else
		affine_relu(pixels, s, x, scale, shift, y);
}

FOR_AVX512
static void gate_in_place(size_t count, const real *y, real *dy)
{
	for (size_t i = 0; i < count; i++)
		dy[i] = y[i] > 0 ? dy[i] : 0;
}

FOR_AVX512
static void sums_plane(size_t pixels, const real *dy, const real *x, real scale, real shift,
    double *sum, double *product)
{
	for (size_t p = 0; p < pixels; p += RUN) {
		size_t end = smaller(p + RUN, pixels);
		real run_sum = 0, run_product = 0;
#pragma omp simd reduction(+ : run_sum, run_product)
		for (size_t i = p; i < end; i++) {
			run_sum += dy[i];
			run_product += dy[i] * (x[i] * scale + shift);
		}
		*sum += (double)run_sum;
		*product += (double)run_product;
	}
}

FOR_AVX512
static void sums_lanes(size_t pixels, size_t s, const real *dy, const real *x, const real *scale,
    const real *shift, double *sum, double *product)
{
	for (size_t p = 0; p < pixels; p += RUN) {
		size_t end = smaller(p + RUN, pixels);
		for (size_t c = 0; c < s; c += LANES) {
			vector run_sum = {0}, run_product = {0};
			const vector a = *(const vector *)(scale + c),
				     b = *(const vector *)(shift + c);
			for (size_t i = p; i < end; i++) {
				vector g = *(const vector *)(dy + i * s + c);
				run_sum += g;
				run_product += g * (*(const vector *)(x + i * s + c) * a + b);
			}
			for (size_t l = 0; l < LANES; l++) {
				sum[c + l] += (double)run_sum[l];
				product[c + l] += (double)run_product[l];
			}
		}
	}
}

void layer_affine_sums(size_t pixels, size_t s, real *dy, const real *y, const real *x,
    const real *scale, const real *shift, double *sum, double *product)
{
	if (y)
		gate_in_place(pixels * s, y, dy);
	if (s == 1)
		sums_plane(pixels, dy, x, *scale, *shift, sum, product);
	else
		sums_lanes(pixels, s, dy, x, scale, shift, sum, product);
}

FOR_AVX512
static void affine_adjoint(size_t pixels, size_t s, const real *dy, const real *x, const real *a,
    const real *b, const real *c, real *dx)
{
	for (size_t p = 0; p < pixels; p++) {
		for (size_t i = 0; i < s; i++)
			dx[p * s + i] = a[i] * dy[p * s + i] + b[i] * x[p * s + i] + c[i];
	}
}

void layer_affine_adjoint(size_t pixels, size_t s, const real *dy, const real *x, const real *a,
    const real *b, const real *c, real *dx)
{
	affine_adjoint(pixels, s, dy, x, a, b, c, dx);
}

FOR_AVX512
static void relu(size_t count, const real *x, real *y)
{
	for (size_t i = 0; i < count; i++)
		y[i] = x[i] < 0 ? 0 : x[i];
}

FOR_AVX512
static void add_relu(size_t count, const real *z, real *h)
{
	for (size_t i = 0; i < count; i++) {
		real value = z[i] + h[i];
		h[i] = value < 0 ? 0 : value;
	}
}

FOR_AVX512
static void average(size_t count, const real *before, real *h, uint8_t *positive)
{
	for (size_t i = 0; i < count; i++) {
		positive[i] = h[i] > 0;
		real value = h[i] < 0 ? 0 : h[i];
		h[i] = (before[i] + value) * (real)0.5;
	}
}

FOR_AVX512
static void relu_adjoint_add(size_t count, const real *g, const real *y, real *u, real *dz)
{
	for (size_t i = 0; i < count; i++) {
		u[i] = y[i] > 0 ? g[i] : 0;
		dz[i] += u[i];
	}
}

FOR_AVX512
static void relu_adjoint_set(size_t count, const real *g, const real *y, real *u, real *dz)
{
	for (size_t i = 0; i < count; i++)
		dz[i] = u[i] = y[i] > 0 ? g[i] : 0;
}

FOR_AVX512
static void average_adjoint(size_t count, const real *g, const uint8_t *positive, real *u)
{
	for (size_t i = 0; i < count; i++)
		u[i] = positive[i] ? (real)0.5 * g[i] : 0;
}

FOR_AVX512
static void half_add(size_t count, const real *y, real *g)
{
	for (size_t i = 0; i < count; i++)
		g[i] = g[i] * (real)0.5 + y[i];
}

void layer_relu(size_t count, const real *x, real *y)
{
	relu(count, x, y);
}

void layer_add_relu(size_t count, const real *z, real *h)
{
	add_relu(count, z, h);
}

void layer_relu_adjoint(size_t count, const real *g, const real *y, real *u, real *dz, bool set)
{
	if (set)
		relu_adjoint_set(count, g, y, u, dz);
	else
		relu_adjoint_add(count, g, y, u, dz);
}

void layer_average(size_t count, const real *before, real *h, uint8_t *positive)
{
	average(count, before, h, positive);
}

void layer_average_adjoint(size_t count, const real *g, const uint8_t *positive, real *u)
{
	average_adjoint(count, g, positive, u);
}

void layer_half_add(size_t count, const real *y, real *g)
{
	half_add(count, y, g);
}

FOR_AVX512
static void max_pool(
    size_t h, size_t w, size_t s, size_t side, const real *x, real *y, uint8_t *place)
{
	size_t rows = h / side, columns = w / side;
	for (size_t i = 0; i < rows * columns; i++) {
		const real *corner = x + (i / columns * side * w + i % columns * side) * s;
		real *to = y + i * s;
		uint8_t *window = place + i * s;
		memcpy(to, corner, s * sizeof(real));
		memset(window, 0, s);
		for (size_t a = 1; a < side * side; a++) {
			const real *from = corner + (a / side * w + a % side) * s;
			for (size_t c = 0; c < s; c++) {
				window[c] = from[c] > to[c] ? (uint8_t)a : window[c];
				to[c] = from[c] > to[c] ? from[c] : to[c];
			}
		}
	}
}

void layer_max_pool(
    size_t h, size_t w, size_t s, size_t side, const real *x, real *y, uint8_t *place)
{
	max_pool(h, w, s, side, x, y, place);
}

FOR_AVX512
static void max_pool_adjoint(
    size_t h, size_t w, size_t s, size_t side, const real *dy, const uint8_t *place, real *dx)
{
	size_t rows = h / side, columns = w / side;
	memset(dx, 0, h * w * s * sizeof(real));
	for (size_t i = 0; i < rows * columns; i++) {
		real *corner = dx + (i / columns * side * w + i % columns * side) * s;
		for (size_t a = 0; a < side * side; a++) {
			real *to = corner + (a / side * w + a % side) * s;
			for (size_t c = 0; c < s; c++)
				to[c] = place[i * s + c] == a ? dy[i * s + c] : 0;
		}
	}
}

void layer_max_pool_adjoint(
    size_t h, size_t w, size_t s, size_t side, const real *dy, const uint8_t *place, real *dx)
{
	max_pool_adjoint(h, w, s, side, dy, place, dx);
}

/* bin b of 2 over n: rows floor(b n / 2) .. ceil((b + 1) n / 2) - 1 */
static void bin(size_t n, size_t b, size_t *begin, size_t *end)
{
	*begin = b * n / 2;
	*end = ((b + 1) * n + 1) / 2;
}

void layer_average_pool(size_t h, size_t w, size_t s, size_t channels, const real *x, real *y)
{
	for (size_t b = 0; b < 4; b++) {
		size_t top, bottom, left, right;
		bin(h, b / 2, &top, &bottom);
		bin(w, b % 2, &left, &right);
		real share = (real)1 / (real)((bottom - top) * (right - left));
		for (size_t c = 0; c < channels; c++)
			y[4 * c + b] = 0;
		for (size_t row = top; row < bottom; row++) {
			for (size_t column = left; column < right; column++) {
				const real *pixel = x + (row * w + column) * s;
				for (size_t c = 0; c < channels; c++)
					y[4 * c + b] += pixel[c];
			}
		}
		for (size_t c = 0; c < channels; c++)
			y[4 * c + b] *= share;
	}
}

void layer_average_pool_adjoint(
    size_t h, size_t w, size_t s, size_t channels, const real *dy, real *dx)
{
	memset(dx, 0, h * w * s * sizeof(real));
	for (size_t b = 0; b < 4; b++) {
		size_t top, bottom, left, right;
		bin(h, b / 2, &top, &bottom);
		bin(w, b % 2, &left, &right);
		real share = (real)1 / (real)((bottom - top) * (right - left));
		for (size_t row = top; row < bottom; row++) {
			for (size_t column = left; column < right; column++) {
				real *pixel = dx + (row * w + column) * s;
				for (size_t c = 0; c < channels; c++)
					pixel[c] += share * dy[4 * c + b];
			}
		}
	}
}

double layer_log_sum_exp(size_t n, const real *x, size_t *largest)
{
	double sum = 0;
	*largest = 0;
	for (size_t i = 1; i < n; i++) {
		if (x[i] > x[*largest])
			*largest = i;
	}
	for (size_t i = 0; i < n; i++)
		sum += exp((double)x[i] - (double)x[*largest]);
	return log(sum) + (double)x[*largest];
}
