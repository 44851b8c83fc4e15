/* Densities on a grid and their cubic splines. */
#include "models/density.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/vector.h"

#define STEP DENSITY_STEP

int density_create(struct density *density, size_t angles, double reach)
{
	*density = (struct density){angles, 2 * (size_t)ceil((reach + 2) / STEP) + 1, NULL};
	density->k = mem_alloc(angles * density->size * density->size, sizeof *density->k);
	return density->k ? 0 : -1;
}

void density_free(struct density *density)
{
	free(density->k);
	*density = (struct density){0};
}

/* ---- splines ---- */

#define POLE (sqrt(3) - 2)
#define ROUND ((size_t)16) /* POLE^16 < 1e-9 */

/* Spline coefficients of `count` lines, `step` apart, of `length` numbers `stride` apart; periodic, or mirrored at the ends. */
VECTOR_INLINE void spline_lines(
    float *x, size_t length, size_t stride, size_t count, size_t step, bool periodic)
{
	float z = (float)POLE, *last = x + (length - 1) * stride;
	if (length < 2)
		return;
#pragma omp simd
	for (size_t q = 0; q < count; q++) {
		float power = z, sum = x[q * step];
		for (size_t k = 1; k < ROUND && k < length; k++, power *= z)
			sum += power * x[(periodic ? length - k : k) * stride + q * step];
		x[q * step] = sum;
	}
	for (size_t k = 1; k < length; k++)
#pragma omp simd
		for (size_t q = 0; q < count; q++)
			x[k * stride + q * step] += z * x[(k - 1) * stride + q * step];
#pragma omp simd
	for (size_t q = 0; q < count; q++) {
		float *end = last + q * step, sum = z / (z * z - 1) * (*end + z * *(end - stride));
		if (periodic) {
			float power = z * z;
			sum = -z * *end;
			for (size_t k = 0; k < ROUND && k < length; k++, power *= z)
				sum -= power * x[k * stride + q * step];
		}
		*end = sum;
	}
	for (size_t k = length - 1; k-- > 0;)
#pragma omp simd
		for (size_t q = 0; q < count; q++)
			x[k * stride + q * step] =
			    z * (x[(k + 1) * stride + q * step] - x[k * stride + q * step]);
	for (size_t k = 0; k < length; k++)
#pragma omp simd
		for (size_t q = 0; q < count; q++)
			x[k * stride + q * step] *= 6;
}

/* Lines across `count` neighbouring numbers, and one after the other. */
FOR_CPUS static void spline_across(
    float *x, size_t length, size_t stride, size_t count, bool periodic)
{
	spline_lines(x, length, stride, count, 1, periodic);
}

FOR_CPUS static void spline_along(float *x, size_t length, size_t count)
{
	spline_lines(x, length, 1, count, length, false);
}

void density_spline(struct density *v)
{
	size_t plane = v->size * v->size;
	for (size_t t = 0; t < v->angles; t++) {
		spline_across(v->k + t * plane, v->size, v->size, v->size, false);
		spline_along(v->k + t * plane, v->size, v->size);
	}
	spline_across(v->k, v->angles, plane, plane, true);
}

/* weights of the coefficients at -1, 0, 1, 2 for 0 <= x < 1 */
VECTOR_INLINE void spline_weights(double x, double *w)
{
	double y = 1 - x;
	w[0] = y * y * y / 6;
	w[1] = (3 * x - 6) * x * x / 6 + 2. / 3;
	w[2] = (3 * y - 6) * y * y / 6 + 2. / 3;
	w[3] = x * x * x / 6;
}

/* ---- taps ---- */

int density_taps_create(struct density_taps *grid, size_t taps, size_t angles, size_t size)
{
	*grid = (struct density_taps){.taps = taps, .angles = angles, .size = size};
	grid->at = mem_alloc(taps, sizeof *grid->at);
	grid->slice = mem_alloc(size * size, sizeof *grid->slice);
	return grid->at && grid->slice ? 0 : -1;
}

void density_taps_free(struct density_taps *grid)
{
	free(grid->at);
	free(grid->slice);
}

static inline double within(double x, double last)
{
	return x < 1 ? 1 : x > last ? last : x;
}

FOR_CPUS void density_locate(
    struct density_taps *grid, const struct tap *tap, double dtheta, double turn)
{
	double at = dtheta * (double)grid->angles / M_PI + (double)grid->angles, below = floor(at),
	       middle = (double)(grid->size / 2), w[4], cosine = cos(turn), sine = sin(turn),
	       last = (double)grid->size - 2.000001;
	spline_weights(at - below, grid->by_angle);
	for (size_t k = 0; k < 4; k++)
		grid->angle[k] = ((size_t)below + grid->angles + k - 1) % grid->angles;
	for (size_t t = 0; t < grid->taps; t++) {
		double u = tap[t].along * cosine + tap[t].across * sine,
		       v = tap[t].across * cosine - tap[t].along * sine;
		double x = within(middle + u / STEP, last), y = within(middle - v / STEP, last);
		size_t c = (size_t)x, r = (size_t)y;
		struct density_at *to = &grid->at[t];
		to->corner = (r - 1) * grid->size + c - 1;
		spline_weights(x - (double)c, w);
		for (size_t k = 0; k < 4; k++)
			to->wx[k] = (float)w[k];
		spline_weights(y - (double)r, w);
		for (size_t k = 0; k < 4; k++)
			to->wy[k] = (float)w[k];
	}
}

/* neighbours in a row */
typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

FOR_CPUS static void blend(size_t n, const float *const k[4], const double *weight, float *out)
{
	float w[4];
	for (size_t a = 0; a < 4; a++)
		w[a] = (float)weight[a];
	const float *k0 = k[0], *k1 = k[1], *k2 = k[2], *k3 = k[3];
#pragma omp simd
	for (size_t q = 0; q < n; q++)
		out[q] = w[0] * k0[q] + w[1] * k1[q] + w[2] * k2[q] + w[3] * k3[q];
}

void density_values(struct density_taps *grid, const float *k, float *value, size_t stride)
{
	size_t size = grid->size, plane = size * size;
	const float *slice = k;
	if (grid->angles > 1) {
		const float *at[4];
		for (size_t a = 0; a < 4; a++)
			at[a] = k + grid->angle[a] * plane;
		blend(plane, at, grid->by_angle, grid->slice);
		slice = grid->slice;
	}
	for (size_t t = 0; t < grid->taps; t++) {
		const struct density_at *at = &grid->at[t];
		const float *s = slice + at->corner;
		four row = at->wy[0] * *(const four *)s;
		for (size_t r = 1; r < 4; r++)
			row += at->wy[r] * *(const four *)(s + r * size);
		row *= *(const four *)at->wx;
		value[t * stride] = (row[0] + row[1]) + (row[2] + row[3]);
	}
}
