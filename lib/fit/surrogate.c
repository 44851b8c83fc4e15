/* Surrogates: see surrogate.h. */
#include <math.h>
#include <stdlib.h>
#include <gsl/gsl_fft_complex.h>
#include "base/error.h"
#include "base/memory.h"
#include "fit/surrogate.h"

struct surrogate_plan {
	struct extent size;
	gsl_fft_complex_wavetable *row, *column;
};

struct surrogate_plan *surrogate_plan_create(struct extent size)
{
	struct surrogate_plan *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	plan->size = size;
	plan->row = gsl_fft_complex_wavetable_alloc(size.w);
	plan->column = gsl_fft_complex_wavetable_alloc(size.h);
	if (plan->row && plan->column)
		return plan;
	err_set("surrogates: no room for their transform");
	surrogate_plan_free(plan);
	return NULL;
}

void surrogate_plan_free(struct surrogate_plan *plan)
{
	if (!plan)
		return;
	gsl_fft_complex_wavetable_free(plan->row);
	gsl_fft_complex_wavetable_free(plan->column);
	free(plan);
}

/* Forward, in place: z (h, w), complex; scratch (2, h, w) */
static void transform(const struct surrogate_plan *plan, double *z, double *scratch)
{
	size_t h = plan->size.h, w = plan->size.w;
	gsl_fft_complex_workspace row = {w, scratch}, column = {h, scratch};
	for (size_t r = 0; r < h; r++)
		gsl_fft_complex_forward(z + 2 * r * w, 1, w, plan->row, &row);
	for (size_t c = 0; c < w; c++)
		gsl_fft_complex_forward(z + 2 * c, w, h, plan->column, &column);
}

void surrogate_moduli(
    const struct surrogate_plan *plan, const double *y, double *moduli, double *work)
{
	size_t n = extent_pixels(plan->size);
	for (size_t i = 0; i < n; i++) {
		work[2 * i] = y[i];
		work[2 * i + 1] = 0;
	}
	transform(plan, work, work + 2 * n);
	for (size_t i = 0; i < n; i++)
		moduli[i] = hypot(work[2 * i], work[2 * i + 1]);
}

void surrogate_draw(const struct surrogate_plan *plan, const double *moduli, struct rng *rng,
    double *x, double *work)
{
	size_t h = plan->size.h, w = plan->size.w, n = h * w;
	double *z = work;
	for (size_t i = 0; i < n; i++) {
		size_t mirror = (h - i / w) % h * w + (w - i % w) % w;
		if (mirror < i)
			continue;
		double phase = 2 * M_PI * rng_uniform(rng);
		if (i == 0) { /* the mean stays */
			z[2 * i] = moduli[i];
			z[2 * i + 1] = 0;
		} else if (mirror == i) { /* real: a sign */
			z[2 * i] = phase < M_PI ? moduli[i] : -moduli[i];
			z[2 * i + 1] = 0;
		} else {
			z[2 * i] = z[2 * mirror] = moduli[i] * cos(phase);
			z[2 * i + 1] = moduli[i] * sin(phase);
			z[2 * mirror + 1] = -z[2 * i + 1];
		}
	}
	/* forward instead of backward: the profile of the negated phases, equally likely */
	transform(plan, z, work + 2 * n);
	for (size_t i = 0; i < n; i++)
		x[i] = z[2 * i] / (double)n;
}

void surrogate_white(struct extent size, struct rng *rng, double *x)
{
	for (size_t i = 0; i < extent_pixels(size); i++)
		x[i] = rng_normal(rng);
}
