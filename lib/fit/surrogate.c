/* Surrogates: see surrogate.h. */
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "fit/surrogate.h"

struct surrogate_plan {
	size_t k;
	double *memory, *turn_cos, *turn_sin; /* (k, k): of 2 pi j c / k */
};

struct surrogate_plan *surrogate_plan_create(size_t k)
{
	struct surrogate_plan *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	plan->k = k;
	plan->memory = mem_alloc(2 * k * k, sizeof *plan->memory);
	if (!plan->memory) {
		free(plan);
		return NULL;
	}
	plan->turn_cos = plan->memory;
	plan->turn_sin = plan->memory + k * k;
	for (size_t i = 0; i < k * k; i++) {
		double angle = 2 * M_PI * (double)(i / k * (i % k) % k) / (double)k;
		plan->turn_cos[i] = cos(angle);
		plan->turn_sin[i] = sin(angle);
	}
	return plan;
}

void surrogate_plan_free(struct surrogate_plan *plan)
{
	if (plan)
		free(plan->memory);
	free(plan);
}

/* out = in transformed along its last axis and transposed: out[j][r] = sum over c of in[r][c] exp(-2 pi i j c / k) */
static void transform(const struct surrogate_plan *plan, const double *re, const double *im,
    double *out_re, double *out_im)
{
	size_t k = plan->k;
	for (size_t j = 0; j < k; j++) {
		const double *tc = plan->turn_cos + j * k, *ts = plan->turn_sin + j * k;
		for (size_t r = 0; r < k; r++) {
			double a = 0, b = 0;
			for (size_t c = 0; c < k; c++) {
				a += re[r * k + c] * tc[c] + (im ? im[r * k + c] * ts[c] : 0);
				b += (im ? im[r * k + c] * tc[c] : 0) - re[r * k + c] * ts[c];
			}
			out_re[j * k + r] = a;
			out_im[j * k + r] = b;
		}
	}
}

void surrogate_moduli(
    const struct surrogate_plan *plan, const double *y, double *moduli, double *work)
{
	size_t n = plan->k * plan->k;
	double *half_re = work, *half_im = work + n;
	transform(plan, y, NULL, half_re, half_im);
	size_t k = plan->k;
	for (size_t i = 0; i < k; i++) {
		const double *tc = plan->turn_cos + i * k, *ts = plan->turn_sin + i * k;
		for (size_t j = 0; j < k; j++) {
			double a = 0, b = 0;
			for (size_t r = 0; r < k; r++) {
				a += half_re[j * k + r] * tc[r] + half_im[j * k + r] * ts[r];
				b += half_im[j * k + r] * tc[r] - half_re[j * k + r] * ts[r];
			}
			moduli[i * k + j] = hypot(a, b);
		}
	}
}

void surrogate_draw(const struct surrogate_plan *plan, const double *moduli, struct rng *rng,
    double *x, double *work)
{
	size_t k = plan->k, n = k * k;
	double *re = work, *im = re + n, *half_re = im + n, *half_im = half_re + n;
	for (size_t i = 0; i < n; i++) {
		size_t mirror = (k - i / k) % k * k + (k - i % k) % k;
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
	for (size_t r = 0; r < k; r++) {
		const double *tc = plan->turn_cos + r * k, *ts = plan->turn_sin + r * k;
		for (size_t c = 0; c < k; c++) {
			double sum = 0;
			for (size_t j = 0; j < k; j++)
				sum += half_re[c * k + j] * tc[j] + half_im[c * k + j] * ts[j];
			x[r * k + c] = sum / (double)n;
		}
	}
}

void surrogate_white(size_t k, struct rng *rng, double *x)
{
	for (size_t i = 0; i < k * k; i++)
		x[i] = rng_normal(rng);
}
