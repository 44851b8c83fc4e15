#include "models/density.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/vector.h"
#include "models/ladder.h"
#include "se2/kernel.h"

#define PI UNITS_PI
#define STEP VOLUME_STEP
#define A VOLUME_APERTURE2

/* ---- densities ---- */

size_t volume_size(double reach)
{
	return 2 * (size_t)ceil((reach + 2) / STEP) + 1;
}

/*
 * exp(-r/s) is a mixture of Gaussians, integral over t > 0 of sqrt(2/pi) exp(-t^2/2) exp(-r^2 / 2 s^2 t^2), each of which the
 * aperture widens. Here by the rule of rectangles in log t, which is exact to rounding.
 */
static double exponential(double r2, double s2)
{
	double sum = 0, step = .15;
	for (int k = -40; k <= 14; k++) {
		double t = exp(k * step), v = s2 * t * t;
		sum += t * exp(-.5 * t * t - .5 * r2 / (v + A)) * v / (v + A);
	}
	return sum * step * sqrt(2 / PI);
}

/* One quadrant, and the others as its mirror images. */
static void fill_plane(struct volume *v, enum ladder_model model, size_t kind, const double *at)
{
	size_t middle = v->size / 2;
	double one = exp(-2 * at[0]), two = model == M0 ? one : exp(-2 * at[1]);
	double s2 = fmax(exp(2 * at[0]) - A, 1e-6);
	for (size_t r = 0; r <= middle; r++)
		for (size_t c = 0; c <= middle; c++) {
			double x = (double)c * STEP, y = (double)r * STEP;
			double value = kind ? exponential(x * x + y * y, s2)
					    : exp(-.5 * (x * x * one + y * y * two));
			for (size_t m = 0; m < 4; m++)
				v->k[(m & 1 ? middle - r : middle + r) * v->size +
				     (m & 2 ? middle - c : middle + c)] = (float)value;
		}
}

static int fill_process(
    struct volume *v, enum ladder_model group, const double *at, double reach, size_t threads)
{
	double theta[VOLUME_ANGLES], length = exp(at[0]);
	se2_uniform(VOLUME_ANGLES, PI, theta);
	struct se2_aperture aperture = {sqrt(A), VOLUME_ANGLE, false};
	struct se2_model model = {.travel = SE2_GAMMA, .order = 1, .harmonics = VOLUME_HARMONICS};
	model.process = group == G1 ? SE2_DIRECTION : SE2_DIFFUSION;
	model.alpha = group == G1 ? 1 / length : 1;
	model.d11 = group == G1 ? 0 : length * length;
	model.d = exp(at[1]) * model.alpha;
	struct se2_grid grid = {.height = v->size,
	    .width = v->size,
	    .step = STEP,
	    .angles = VOLUME_ANGLES,
	    .theta = theta,
	    .undirected = true,
	    /* e^-5 of what leaves the taps' disc comes round the periodic grid */
	    .reach = reach + 5 * length};
	return se2_kernel(&model, &grid, &aperture, threads, v->k);
}

int volume_create(struct volume *v, enum ladder_model model, size_t kind, const double *at,
    double reach, size_t threads)
{
	*v = (struct volume){model >= G1 ? VOLUME_ANGLES : 1, volume_size(reach), NULL};
	v->k = mem_alloc(v->angles * v->size * v->size, sizeof *v->k);
	if (!v->k)
		return -1;
	if (model >= G1)
		return fill_process(v, model, at, reach, threads);
	fill_plane(v, model, kind, at);
	return 0;
}

void volume_free(struct volume *v)
{
	free(v->k);
	*v = (struct volume){0};
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

void volume_spline(struct volume *v)
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

int volume_place_create(struct volume_place *place, size_t taps, size_t angles, size_t size)
{
	*place = (struct volume_place){.taps = taps, .angles = angles, .size = size};
	place->at = mem_alloc(taps, sizeof *place->at);
	place->slice = mem_alloc(size * size, sizeof *place->slice);
	return place->at && place->slice ? 0 : -1;
}

void volume_place_free(struct volume_place *place)
{
	free(place->at);
	free(place->slice);
}

static inline double within(double x, double last)
{
	return x < 1 ? 1 : x > last ? last : x;
}

FOR_CPUS void volume_place_pair(
    struct volume_place *place, const struct ladder_tap *tap, double dtheta, bool bisect)
{
	double at = dtheta * (double)place->angles / PI + (double)place->angles, below = floor(at),
	       middle = (double)(place->size / 2), w[4], turn = bisect ? dtheta / 2 : 0,
	       cosine = cos(turn), sine = sin(turn), last = (double)place->size - 2.000001;
	spline_weights(at - below, place->wt);
	for (size_t k = 0; k < 4; k++)
		place->angle[k] = ((size_t)below + place->angles + k - 1) % place->angles;
	for (size_t t = 0; t < place->taps; t++) {
		double u = tap[t].along * cosine + tap[t].across * sine,
		       v = tap[t].across * cosine - tap[t].along * sine;
		double x = within(middle + u / STEP, last), y = within(middle - v / STEP, last);
		size_t c = (size_t)x, r = (size_t)y;
		struct volume_at *to = &place->at[t];
		to->corner = (r - 1) * place->size + c - 1;
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

void volume_values(struct volume_place *place, const float *k, float *value, size_t stride)
{
	size_t size = place->size, plane = size * size;
	const float *slice = k;
	if (place->angles > 1) {
		const float *at[4];
		for (size_t a = 0; a < 4; a++)
			at[a] = k + place->angle[a] * plane;
		blend(plane, at, place->wt, place->slice);
		slice = place->slice;
	}
	for (size_t t = 0; t < place->taps; t++) {
		const struct volume_at *at = &place->at[t];
		const float *s = slice + at->corner;
		four row = at->wy[0] * *(const four *)s;
		for (size_t r = 1; r < 4; r++)
			row += at->wy[r] * *(const four *)(s + r * size);
		row *= *(const four *)at->wx;
		value[t * stride] = (row[0] + row[1]) + (row[2] + row[3]);
	}
}
