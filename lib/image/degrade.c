/* Contrast, blur, occlusion, noise and rotation of images: see degrade.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "image/degrade.h"

#define TURN 6.283185307179586477

static bool changes_contrast(const struct degrade *d)
{
	return d->contrast[1] > 0 && (d->contrast[0] != 1 || d->contrast[1] != 1);
}

bool degrade_any(const struct degrade *d)
{
	return changes_contrast(d) || d->blur > 0 || d->occlude > 0 || d->noise > 0;
}

static double between(struct rng *rng, double low, double high)
{
	return low + (high - low) * rng_uniform(rng);
}

/* --- contrast and noise --- */

static void change_contrast(const struct degrade *d, struct rng *rng, size_t pixels, float *x)
{
	double c = between(rng, d->contrast[0], d->contrast[1]);
	for (size_t p = 0; p < pixels; p++)
		x[p] = (float)(d->mean + c * (x[p] - d->mean));
}

/* Both numbers of Box and Muller (1958) are used. */
static void add_noise(double sd, struct rng *rng, size_t pixels, float *x)
{
	for (size_t p = 0; p < pixels; p += 2) {
		double radius = sd * sqrt(-2 * log(rng_uniform(rng))),
		       angle = TURN * rng_uniform(rng);
		x[p] = (float)(x[p] + radius * cos(angle));
		if (p + 1 < pixels)
			x[p + 1] = (float)(x[p + 1] + radius * sin(angle));
	}
}

/* --- occlusion --- */

/* A disc, or a bar that crosses the whole image; sizes in units of the shorter side. */
struct occluder {
	bool bar;
	double x, y, cosine, sine;
	double half; /* radius, or half the bar's width; px */
};

static struct occluder draw_occluder(struct rng *rng, size_t h, size_t w)
{
	double side = (double)(h < w ? h : w), angle = TURN * rng_uniform(rng);
	struct occluder o = {.bar = rng_bits(rng) & 1, .cosine = cos(angle), .sine = sin(angle)};
	o.x = between(rng, 0, (double)w);
	o.y = between(rng, 0, (double)h);
	o.half = side * (o.bar ? between(rng, .02, .06) : between(rng, .05, .15));
	return o;
}

static bool covers(const struct occluder *o, double x, double y)
{
	x -= o->x;
	y -= o->y;
	return o->bar ? fabs(y * o->cosine - x * o->sine) <= o->half
		      : x * x + y * y <= o->half * o->half;
}

static int occlude(const struct degrade *d, struct rng *rng, size_t h, size_t w, float *x)
{
	double wanted = d->occlude * (double)(h * w);
	bool *covered = mem_alloc(h * w, sizeof *covered);
	if (!covered)
		return -1;
	for (size_t count = 0; (double)count < wanted;) {
		struct occluder o = draw_occluder(rng, h, w);
		for (size_t p = 0; p < h * w; p++) {
			bool hidden = covers(&o, (double)(p % w) + .5, (double)(p / w) + .5);
			count += hidden && !covered[p];
			covered[p] = covered[p] || hidden;
		}
	}
	for (size_t p = 0; p < h * w; p++)
		x[p] = covered[p] ? (float)d->mean : x[p];
	free(covered);
	return 0;
}

/* --- blur --- */

/* The place in an image of n pixels that mirrors a place beyond its ends: ... 1 0 | 0 1 ... n-1 |
 * n-1 n-2 ... */
static size_t mirrored(long long at, size_t n)
{
	long long period = 2 * (long long)n, place = (at % period + period) % period;
	return (size_t)(place < (long long)n ? place : period - 1 - place);
}

/* n numbers, `step` apart, convolved with weights (-reach ... reach); line: room for n. */
static void blur_line(
    const double *weight, long long reach, size_t n, size_t step, float *x, double *line)
{
	for (size_t i = 0; i < n; i++) {
		line[i] = 0;
		for (long long t = -reach; t <= reach; t++)
			line[i] += weight[t + reach] * x[mirrored((long long)i + t, n) * step];
	}
	for (size_t i = 0; i < n; i++)
		x[i * step] = (float)line[i];
}

static int blur(double sigma, size_t h, size_t w, float *x)
{
	long long reach = (long long)ceil(5 * sigma);
	double *weight = mem_alloc(2 * (size_t)reach + 1, sizeof *weight);
	double *line = mem_alloc(h > w ? h : w, sizeof *line), sum = 0;
	if (weight && line) {
		for (long long t = -reach; t <= reach; t++)
			sum += weight[t + reach] = exp(-(double)(t * t) / (2 * sigma * sigma));
		for (long long t = 0; t <= 2 * reach; t++)
			weight[t] /= sum;
		for (size_t r = 0; r < h; r++)
			blur_line(weight, reach, w, 1, x + r * w, line);
		for (size_t c = 0; c < w; c++)
			blur_line(weight, reach, h, w, x + c, line);
	}
	int status = weight && line ? 0 : -1;
	free(weight);
	free(line);
	return status;
}

int degrade_image(const struct degrade *d, struct rng *rng, size_t h, size_t w, float *x)
{
	if (changes_contrast(d))
		change_contrast(d, rng, h * w, x);
	if (d->blur > 0 && blur(d->blur, h, w, x) < 0)
		return -1;
	if (d->occlude > 0 && occlude(d, rng, h, w, x) < 0)
		return -1;
	if (d->noise > 0)
		add_noise(d->noise * d->sd, rng, h * w, x);
	return 0;
}

/* --- rotation --- */

bool degrade_turns(size_t side, size_t h, size_t w)
{
	return (double)(side - 1) * sqrt(2) <= (double)((h < w ? h : w) - 1);
}

/* The image at (x, y), pixels' centres at whole numbers. */
static double interpolate(const float *image, size_t h, size_t w, double x, double y)
{
	x = fmin(fmax(x, 0), (double)(w - 1)); /* rounding alone leads beyond the border */
	y = fmin(fmax(y, 0), (double)(h - 1));
	size_t c = (size_t)x, r = (size_t)y, right = c + 1 < w, down = r + 1 < h ? w : 0;
	const float *p = image + r * w + c;
	double u = x - (double)c, v = y - (double)r;
	return (1 - v) * ((1 - u) * p[0] + u * p[right]) +
	       v * ((1 - u) * p[down] + u * p[down + right]);
}

void degrade_turned_crop(
    struct rng *rng, const float *image, size_t h, size_t w, size_t side, float *out)
{
	double angle = TURN * rng_uniform(rng), cosine = cos(angle), sine = sin(angle);
	double half = (double)(side - 1) / 2, extent = half * (fabs(cosine) + fabs(sine));
	double x0 = between(rng, extent, (double)(w - 1) - extent),
	       y0 = between(rng, extent, (double)(h - 1) - extent);
	for (size_t r = 0; r < side; r++)
		for (size_t c = 0; c < side; c++) {
			double u = (double)c - half, v = (double)r - half;
			out[r * side + c] = (float)interpolate(
			    image, h, w, x0 + u * cosine - v * sine, y0 + u * sine + v * cosine);
		}
}
