/* C1 to C3: what overlapping filters give. */
#include "kernel/overlap.h"
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"

struct correlation {
	const struct units *set;
	struct extent size;
	const double *profile; /* (n, h, w), unit norm */
	double *c;
};

/* all sources and taps of target i */
static int correlate(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct correlation *job = argument;
	const struct units *set = job->set;
	ptrdiff_t h = (ptrdiff_t)job->size.h, w = (ptrdiff_t)job->size.w;
	ptrdiff_t half = (ptrdiff_t)(set->k / 2);
	size_t pixels = extent_pixels(job->size);
	const double *a = job->profile + i * pixels;
	for (size_t j = 0; j < set->n; j++) {
		const double *b = job->profile + j * pixels;
		double *c = job->c + units_index(set, i, j) * set->taps;
		for (size_t t = 0; t < set->taps; t++) {
			/* psi_j(x - d): column less dx, row plus dy as rows run down */
			ptrdiff_t dc = (ptrdiff_t)(t % set->k) - half;
			ptrdiff_t dr = (ptrdiff_t)(t / set->k) - half;
			ptrdiff_t r0 = dr > 0 ? dr : 0, r1 = dr > 0 ? h : h + dr;
			ptrdiff_t c0 = dc > 0 ? dc : 0, c1 = dc > 0 ? w : w + dc;
			double sum = 0;
			for (ptrdiff_t r = r0; r < r1; r++)
				for (ptrdiff_t x = c0; x < c1; x++)
					sum += a[r * w + x] * b[(r - dr) * w + x - dc];
			c[t] = sum;
		}
	}
	return 0;
}

int overlap_correlation(const struct units *set, const struct bank *bank, size_t threads, double *c)
{
	if (bank->filters != set->channels)
		return err_set("filters: %zu of them, but the kernel has %zu channels",
		    bank->filters, set->channels);
	size_t pixels = extent_pixels(bank->size);
	double *profile = mem_alloc(set->n * pixels, sizeof(*profile));
	if (!profile)
		return -1;
	for (size_t i = 0; i < set->n; i++) {
		const double *x = bank_filter(bank, set->unit[i].channel);
		double norm = 0;
		for (size_t p = 0; p < pixels; p++)
			norm += x[p] * x[p];
		norm = sqrt(norm);
		for (size_t p = 0; p < pixels; p++)
			profile[i * pixels + p] = norm > 0 ? x[p] / norm : 0;
	}
	struct correlation job = {set, bank->size, profile, c};
	int status = par_for(set->n, threads, correlate, &job);
	free(profile);
	return status;
}

static double *kernel_of(const struct units *set)
{
	return mem_alloc(set->n * set->n * set->taps, sizeof(double));
}

static int read_overlaps(
    const struct units_files *files, const struct units *set, size_t threads, double *c[3])
{
	struct bank bank, lgn;
	int status = bank_load(files->filters, &bank);
	if (status < 0)
		return -1;
	c[0] = kernel_of(set);
	status = c[0] ? overlap_correlation(set, &bank, threads, c[0]) : -1;
	if (status == 0 && files->lgn) {
		c[1] = kernel_of(set);
		status = c[1] ? bank_load_single(files->lgn, &lgn) : -1;
		if (status == 0) {
			status = bank_compose(&bank, lgn.x, lgn.size);
			if (status == 0)
				status = overlap_correlation(set, &bank, threads, c[1]);
			bank_free(&lgn);
		}
	}
	bank_free(&bank);
	return status;
}

int overlap_read(
    const struct units_files *files, const struct units *set, size_t threads, double *c[3])
{
	struct npys_array covariance;
	int status = files->filters ? read_overlaps(files, set, threads, c) : 0;
	if (status == 0 && files->c3) {
		c[2] = kernel_of(set);
		status = c[2] ? npys_load(files->c3, &covariance, UNITS_KERNEL_MAX) : -1;
		if (status == 0) {
			status = units_select(set, &covariance, UNITS_COVARIANCE, c[2]);
			if (status)
				status = err_set("%s: %s", files->c3, err_reason());
			npys_array_free(&covariance);
		}
	}
	return status;
}
