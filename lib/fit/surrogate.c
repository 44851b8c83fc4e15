/* Surrogates: see surrogate.h. */
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "fit/surrogate.h"

struct surrogate_plan {
	struct extent size;
	double *memory;
	double *cos_x, *sin_x; /* (w, w): of 2 pi j c / w */
	double *cos_y, *sin_y; /* (h, h): of 2 pi i r / h */
};

static void turns(size_t k, double *cosine, double *sine)
{
	for (size_t i = 0; i < k * k; i++) {
		double angle = 2 * M_PI * (double)(i / k * (i % k) % k) / (double)k;
		cosine[i] = cos(angle);
		sine[i] = sin(angle);
	}
}

struct surrogate_plan *surrogate_plan_create(struct extent size)
{
	struct surrogate_plan *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	size_t along_x = size.w * size.w, along_y = size.h * size.h;
	plan->size = size;
	plan->memory = mem_alloc(2 * (along_x + along_y), sizeof *plan->memory);
	if (!plan->memory) {
		free(plan);
		return NULL;
	}
	plan->cos_x = plan->memory;
	plan->sin_x = plan->cos_x + along_x;
	plan->cos_y = plan->sin_x + along_x;
	plan->sin_y = plan->cos_y + along_y;
	turns(size.w, plan->cos_x, plan->sin_x);
	turns(size.h, plan->cos_y, plan->sin_y);
	return plan;
}

void surrogate_plan_free(struct surrogate_plan *plan)
{
	if (plan)
		free(plan->memory);
	free(plan);
}

/* out = in transformed along its last axis and transposed: out[j][r] = sum over c of in[r][c] exp(-2 pi i j c / w) */
static void transform(const struct surrogate_plan *plan, const double *re, const double *im,
    double *out_re, double *out_im)
{
	size_t h = plan->size.h, w = plan->size.w;
	for (size_t j = 0; j < w; j++) {
		const double *tc = plan->cos_x + j * w, *ts = plan->sin_x + j * w;
		for (size_t r = 0; r < h; r++) {
			double a = 0, b = 0;
			for (size_t c = 0; c < w; c++) {
				a += re[r * w + c] * tc[c] + (im ? im[r * w + c] * ts[c] : 0);
				b += (im ? im[r * w + c] * tc[c] : 0) - re[r * w + c] * ts[c];
			}
			out_re[j * h + r] = a;
			out_im[j * h + r] = b;
		}
	}
}

void surrogate_moduli(
    const struct surrogate_plan *plan, const double *y, double *moduli, double *work)
{
	size_t h = plan->size.h, w = plan->size.w;
	double *half_re = work, *half_im = work + h * w;
	transform(plan, y, NULL, half_re, half_im);
	for (size_t i = 0; i < h; i++) {
		const double *tc = plan->cos_y + i * h, *ts = plan->sin_y + i * h;
		for (size_t j = 0; j < w; j++) {
			double a = 0, b = 0;
			for (size_t r = 0; r < h; r++) {
				a += half_re[j * h + r] * tc[r] + half_im[j * h + r] * ts[r];
				b += half_im[j * h + r] * tc[r] - half_re[j * h + r] * ts[r];
			}
			moduli[i * w + j] = hypot(a, b);
		}
	}
}

void surrogate_draw(const struct surrogate_plan *plan, const double *moduli, struct rng *rng,
    double *x, double *work)
{
	size_t h = plan->size.h, w = plan->size.w, n = h * w;
	double *re = work, *im = re + n, *half_re = im + n, *half_im = half_re + n;
	for (size_t i = 0; i < n; i++) {
		size_t mirror = (h - i / w) % h * w + (w - i % w) % w;
		if (mirror < i)
			continue;
		double phase = 2 * M_PI * rng_uniform(rng);
		if (i == 0) { /* the mean stays */
			re[i] = moduli[i];
			im[i] = 0;
		} else if (mirror == i) { /* real: a sign */
			re[i] = phase < M_PI ? moduli[i] : -moduli[i];
			im[i] = 0;
		} else {
			re[i] = re[mirror] = moduli[i] * cos(phase);
			im[i] = moduli[i] * sin(phase);
			im[mirror] = -im[i];
		}
	}
	/* forward instead of backward: the profile of the negated phases, equally likely */
	transform(plan, re, im, half_re, half_im);
	for (size_t r = 0; r < h; r++) {
		const double *tc = plan->cos_y + r * h, *ts = plan->sin_y + r * h;
		for (size_t c = 0; c < w; c++) {
			double sum = 0;
			for (size_t j = 0; j < h; j++)
				sum += half_re[c * h + j] * tc[j] + half_im[c * h + j] * ts[j];
			x[r * w + c] = sum / (double)n;
		}
	}
}

void surrogate_white(struct extent size, struct rng *rng, double *x)
{
	for (size_t i = 0; i < extent_pixels(size); i++)
		x[i] = rng_normal(rng);
}
