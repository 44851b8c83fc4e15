/*
 * Transforms of any length: see any_length_fft.h. With b(n) = exp(i pi n^2/N),
 *	X(k) = conj b(k) sum over n of x(n) conj b(n) b(k - n),
 * a convolution that a cyclic one of at least 2N - 1 points holds.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "conv/vector_fft.h"
#include "conv/any_length_fft.h"

struct any_length_fft {
	size_t n, m; /* m: points of the convolution, 0 where n is transformed as it is */
	struct vector_fft *fft;
	real *chirp;    /* (n, 2): conj b */
	real *spectrum; /* (m, 2): of b, over m */
};

size_t any_length_fft_batch(size_t lines, size_t numbers)
{
	const size_t most = 500000; /* bytes; their spectra take as many again */
	size_t best = 1;
	double least = INFINITY;
	for (size_t n = 1;
	     n <= ANY_LENGTH_FFT_BATCH_MAX && (n == 1 || n * numbers * sizeof(real) <= most); n++) {
		double groups = (double)((n * lines + LANES - 1) / LANES) / (double)n;
		if (groups < 0.99 * least) {
			least = groups;
			best = n;
		}
	}
	return best;
}

static int plan_chirp(struct any_length_fft *plan)
{
	size_t n = plan->n, m = plan->m;
	plan->chirp = mem_alloc(2 * n, sizeof *plan->chirp);
	plan->spectrum = mem_alloc(2 * m, sizeof *plan->spectrum);
	real *x = mem_alloc(2 * m * ELEMENT, sizeof *x), *y = NULL;
	real *scratch = mem_alloc(vector_fft_scratch(plan->fft), sizeof *scratch);
	int status = plan->chirp && plan->spectrum && x && scratch ? 0 : -1;
	y = status == 0 ? x + m * ELEMENT : NULL;
	for (size_t i = 0; status == 0 && i < n; i++) {
		/* the phase repeats after 2n, and i^2 mod 2n is exact */
		double angle = M_PI * (double)(i * i % (2 * n)) / (double)n;
		plan->chirp[2 * i] = (real)cos(angle);
		plan->chirp[2 * i + 1] = (real)-sin(angle);
		size_t mirrored = i ? m - i : 0;
		x[i * ELEMENT] = x[mirrored * ELEMENT] = (real)(cos(angle) / (double)m);
		x[i * ELEMENT + LANES] = x[mirrored * ELEMENT + LANES] =
		    (real)(sin(angle) / (double)m);
	}
	if (status == 0) {
		vector_fft_exec(plan->fft, &(struct vector_fft_in){x, x + LANES, ELEMENT, 0, m},
		    &(struct vector_fft_out){y, y + LANES, ELEMENT, 0, m}, scratch);
		for (size_t i = 0; i < m; i++) {
			plan->spectrum[2 * i] = y[i * ELEMENT];
			plan->spectrum[2 * i + 1] = y[i * ELEMENT + LANES];
		}
	}
	free(x);
	free(scratch);
	return status;
}

struct any_length_fft *any_length_fft_plan(size_t n)
{
	const size_t longest = (size_t)1 << 30; /* whose square fits */
	struct any_length_fft *plan = calloc(1, sizeof *plan);
	if (!plan || !n || n > longest) {
		err_set(plan ? "transform: a line of %zu" : "transform: no room for its plan", n);
		free(plan);
		return NULL;
	}
	plan->n = n;
	plan->m = vector_fft_fits(n) ? 0 : vector_fft_good_size(2 * n - 1);
	plan->fft = vector_fft_plan(plan->m ? plan->m : n);
	if (!plan->fft || (plan->m && plan_chirp(plan) < 0)) {
		any_length_fft_free(plan);
		return NULL;
	}
	return plan;
}

void any_length_fft_free(struct any_length_fft *plan)
{
	if (!plan)
		return;
	vector_fft_free(plan->fft);
	free(plan->chirp);
	free(plan->spectrum);
	free(plan);
}

size_t any_length_fft_scratch(const struct any_length_fft *plan)
{
	return (plan->n + plan->m) * ELEMENT + vector_fft_scratch(plan->fft);
}

/* out(i) = in(i) times a number for each i */
FOR_AVX512 static void times(const real *factor, size_t n, const real *in_re, const real *in_im,
    size_t in_stride, real *out_re, real *out_im, size_t out_stride)
{
	for (size_t i = 0; i < n; i++) {
		vector re = *(const vector *)(in_re + i * in_stride);
		vector im = *(const vector *)(in_im + i * in_stride);
		real c = factor[2 * i], s = factor[2 * i + 1];
		*(vector *)(out_re + i * out_stride) = c * re - s * im;
		*(vector *)(out_im + i * out_stride) = c * im + s * re;
	}
}

void any_length_fft_exec(const struct any_length_fft *plan, const real *in_re, const real *in_im,
    size_t in_stride, real *out_re, real *out_im, size_t out_stride, real *scratch)
{
	size_t n = plan->n, m = plan->m;
	if (!m) {
		vector_fft_exec(plan->fft, &(struct vector_fft_in){in_re, in_im, in_stride, 0, n},
		    &(struct vector_fft_out){out_re, out_im, out_stride, 0, n}, scratch);
		return;
	}
	real *x = scratch, *z = x + n * ELEMENT, *rest = z + m * ELEMENT;
	times(plan->chirp, n, in_re, in_im, in_stride, x, x + LANES, ELEMENT);
	vector_fft_exec(plan->fft, &(struct vector_fft_in){x, x + LANES, ELEMENT, 0, n},
	    &(struct vector_fft_out){z, z + LANES, ELEMENT, 0, m}, rest);
	times(plan->spectrum, m, z, z + LANES, ELEMENT, z, z + LANES, ELEMENT);
	vector_fft_exec(plan->fft, &(struct vector_fft_in){z + LANES, z, ELEMENT, 0, m},
	    &(struct vector_fft_out){x + LANES, x, ELEMENT, 0, n}, rest);
	times(plan->chirp, n, x, x + LANES, ELEMENT, out_re, out_im, out_stride);
}
