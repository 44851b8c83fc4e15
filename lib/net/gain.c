/*
 * The gain of a kernel: see gain.h. First a few power iterations at each point of a grid of frequencies, which tell
 * where to look; then, from the best of them, an ascent over all frequencies by turns:
 *
 *	u, v   the singular vectors of M(w), by power iterations
 *	w      the largest |p|, p(w) = u* M(w) v = sum over d of (u* K[d] v) exp(i w.d), a polynomial of k x k terms
 *
 * Neither turn lowers |u* M(w) v|, which ends as a singular value.
 */
#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/threads.h"
#include "net/gain.h"

/* glibc has it for gcc alone */
#ifndef CMPLX
#define CMPLX(re, im) __builtin_complex((double)(re), (double)(im))
#endif
#define GRID_MIN 16
#define GLANCES 8   /* power iterations at a point of the grid */
#define STARTS 6    /* points that the ascent starts from */
#define ROUNDS 60   /* of an ascent, at most */
#define STEPS 30    /* power iterations in a round */
#define EXACT 1e-10 /* relative gain in a round that ends an ascent */

struct search {
	const real *kernel; /* (f, f, k, k) */
	size_t f, k, n;     /* n: grid points an axis */
	double *seen; /* (n/2 + 1, n): gain at the frequencies 2 pi (column, row) / n, about */
	double start[STARTS][2], found[STARTS];
	size_t starts;
};

/* exp(i w d) for d = -(k-1)/2 .. (k-1)/2 */
static void phases(double w, size_t k, double complex *out)
{
	double half = ((double)k - 1) / 2;
	for (size_t d = 0; d < k; d++)
		out[d] = CMPLX(cos(w * ((double)d - half)), sin(w * ((double)d - half)));
}

/* y = m x, or its adjoint: m (f, f), x and y (f) */
static void multiply(size_t f, const double complex *m, const double complex *x, double complex *y)
{
	for (size_t i = 0; i < f; i++) {
		double re = 0, im = 0;
#pragma omp simd reduction(+ : re, im)
		for (size_t j = 0; j < f; j++) {
			double a = creal(m[i * f + j]), b = cimag(m[i * f + j]), c = creal(x[j]),
			       d = cimag(x[j]);
			re += a * c - b * d;
			im += a * d + b * c;
		}
		y[i] = CMPLX(re, im);
	}
}

static void multiply_adjoint(
    size_t f, const double complex *m, const double complex *x, double complex *y)
{
	for (size_t j = 0; j < f; j++)
		y[j] = 0;
	for (size_t i = 0; i < f; i++) {
		double c = creal(x[i]), d = cimag(x[i]);
#pragma omp simd
		for (size_t j = 0; j < f; j++) {
			double a = creal(m[i * f + j]), b = cimag(m[i * f + j]);
			y[j] += CMPLX(a * c + b * d, a * d - b * c);
		}
	}
}

/* Scale to length 1; gives the length there was. */
static double unit(size_t f, double complex *x)
{
	double square = 0;
	for (size_t i = 0; i < f; i++)
		square += creal(x[i]) * creal(x[i]) + cimag(x[i]) * cimag(x[i]);
	double length = sqrt(square);
	for (size_t i = 0; i < f && length > 0; i++)
		x[i] /= length;
	return length;
}

/* Power iterations from v (f), length 1: v and u (f) become the first singular vectors of m, about; gives |m v|. */
static double iterate(
    size_t f, const double complex *m, size_t times, double complex *v, double complex *u)
{
	double gain = 0, before;
	for (size_t i = 0; i < times; i++) {
		before = gain;
		multiply(f, m, v, u);
		gain = unit(f, u);
		if (gain == 0 || (i > 1 && gain - before <= EXACT * gain))
			break;
		multiply_adjoint(f, m, u, v);
		unit(f, v);
	}
	return gain;
}

/* Any vector that no structure of the kernel is likely to be orthogonal to. */
static void begin(size_t f, double complex *v)
{
	for (size_t j = 0; j < f; j++)
		v[j] = CMPLX(cos(1.7 * (double)j) + 0.5, sin(2.9 * (double)j));
	unit(f, v);
}

/* One column of the grid of frequencies. */
static int glance(size_t column, size_t worker, void *argument)
{
	(void)worker;
	struct search *s = argument;
	size_t f = s->f, k = s->k, pairs = f * f;
	/* along rows: the kernel's columns are summed up once, m for each row of the grid */
	double complex *rows = mem_alloc(k * pairs, sizeof *rows), *m = mem_alloc(pairs, sizeof *m),
		       *v = mem_alloc(2 * f + k, sizeof *v);
	int status = rows && m && v ? 0 : -1;
	if (status == 0) {
		double complex *u = v + f, *phase = u + f;
		phases(2 * M_PI * (double)column / (double)s->n, k, phase);
		for (size_t p = 0; p < pairs; p++) {
			for (size_t r = 0; r < k; r++) {
				double re = 0, im = 0;
				for (size_t c = 0; c < k; c++) {
					double tap = (double)s->kernel[(p * k + r) * k + c];
					re += tap * creal(phase[c]);
					im += tap * cimag(phase[c]);
				}
				rows[r * pairs + p] = CMPLX(re, im);
			}
		}
		begin(f, v);
		for (size_t row = 0; row < s->n; row++) {
			phases(2 * M_PI * (double)row / (double)s->n, k, phase);
			for (size_t p = 0; p < pairs; p++)
				m[p] = 0;
			for (size_t r = 0; r < k; r++) {
				double a = creal(phase[r]), b = cimag(phase[r]);
#pragma omp simd
				for (size_t p = 0; p < pairs; p++) {
					double c = creal(rows[r * pairs + p]),
					       d = cimag(rows[r * pairs + p]);
					m[p] += CMPLX(a * c - b * d, a * d + b * c);
				}
			}
			/* from the neighbour's vector */
			s->seen[column * s->n + row] = iterate(f, m, GLANCES, v, u);
			if (s->seen[column * s->n + row] == 0)
				begin(f, v);
		}
	}
	free(rows);
	free(m);
	free(v);
	return status;
}

/* The transfer matrix at a frequency (x, y), m (f, f). */
static void transfer(
    const struct search *s, const double w[2], double complex *phase, double complex *m)
{
	size_t k = s->k;
	phases(w[0], k, phase);
	phases(w[1], k, phase + k);
	for (size_t p = 0; p < s->f * s->f; p++) {
		double complex sum = 0;
		for (size_t r = 0; r < k; r++) {
			double re = 0, im = 0;
			for (size_t c = 0; c < k; c++) {
				double tap = (double)s->kernel[(p * k + r) * k + c];
				re += tap * creal(phase[c]);
				im += tap * cimag(phase[c]);
			}
			sum += CMPLX(re, im) * phase[k + r];
		}
		m[p] = sum;
	}
}

/* The polynomial's terms (k, k): u* K[d] v. */
static void terms(
    const struct search *s, const double complex *u, const double complex *v, double complex *term)
{
	size_t taps = s->k * s->k;
	for (size_t d = 0; d < taps; d++)
		term[d] = 0;
	for (size_t i = 0; i < s->f; i++) {
		for (size_t j = 0; j < s->f; j++) {
			double complex weight = conj(u[i]) * v[j];
			double a = creal(weight), b = cimag(weight);
			const real *tap = s->kernel + (i * s->f + j) * taps;
			for (size_t d = 0; d < taps; d++)
				term[d] += CMPLX(a * (double)tap[d], b * (double)tap[d]);
		}
	}
}

/* |p| at a frequency */
static double polynomial(
    size_t k, const double complex *term, const double w[2], double complex *phase)
{
	double complex sum = 0;
	phases(w[0], k, phase);
	phases(w[1], k, phase + k);
	for (size_t r = 0; r < k; r++) {
		double complex row = 0;
		for (size_t c = 0; c < k; c++)
			row += term[r * k + c] * phase[c];
		sum += row * phase[k + r];
	}
	return cabs(sum);
}

/* Move w to a local maximum of |p|: the best of eight neighbours, nearer ones where none is better. */
static void climb(
    size_t k, const double complex *term, double step, double w[2], double complex *phase)
{
	double here = polynomial(k, term, w, phase);
	while (step > 1e-7) {
		double best = here, to[2] = {w[0], w[1]};
		for (int dy = -1; dy <= 1; dy++) {
			for (int dx = -1; dx <= 1; dx++) {
				const double there[2] = {w[0] + dx * step, w[1] + dy * step};
				double value = polynomial(k, term, there, phase);
				if (value > best)
					best = value, to[0] = there[0], to[1] = there[1];
			}
		}
		if (best > here)
			here = best, w[0] = to[0], w[1] = to[1];
		else
			step /= 2;
	}
}

static int ascend(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct search *s = argument;
	size_t f = s->f, k = s->k;
	double complex *m = mem_alloc(f * f, sizeof *m),
		       *v = mem_alloc(2 * f + k * k + 2 * k, sizeof *v);
	int status = m && v ? 0 : -1;
	if (status == 0) {
		double complex *u = v + f, *term = u + f, *phase = term + k * k;
		double w[2] = {s->start[i][0], s->start[i][1]}, gain = 0, before = -1;
		begin(f, v);
		for (size_t round = 0; round < ROUNDS && gain - before > EXACT * gain; round++) {
			before = gain;
			transfer(s, w, phase, m);
			gain = iterate(f, m, STEPS, v, u);
			terms(s, u, v, term);
			climb(k, term, M_PI / (double)s->n, w, phase);
		}
		s->found[i] = gain;
	}
	free(m);
	free(v);
	return status;
}

/* Distance of two grid points along an axis of n that is closed to a ring. */
static size_t apart(size_t a, size_t b, size_t n)
{
	size_t d = a > b ? a - b : b - a;
	return d < n - d ? d : n - d;
}

/* The best points of the grid that are not next to a better one. */
static void choose(struct search *s)
{
	size_t n = s->n, columns = n / 2 + 1, taken[STARTS][2];
	for (s->starts = 0; s->starts < STARTS; s->starts++) {
		size_t best = SIZE_MAX;
		for (size_t p = 0; p < columns * n; p++) {
			bool free_of_others = true;
			for (size_t i = 0; i < s->starts; i++)
				free_of_others =
				    free_of_others && (apart(p / n, taken[i][0], n) > 1 ||
							  apart(p % n, taken[i][1], n) > 1);
			if (free_of_others && (best == SIZE_MAX || s->seen[p] > s->seen[best]))
				best = p;
		}
		if (best == SIZE_MAX)
			return;
		taken[s->starts][0] = best / n;
		taken[s->starts][1] = best % n;
		for (size_t d = 0; d < 2; d++)
			s->start[s->starts][d] = 2 * M_PI * (double)taken[s->starts][d] / (double)n;
	}
}

int gain_largest(const real *kernel, size_t f, size_t k, size_t threads, double *gain)
{
	size_t count = f * f * k * k, zeros = 0;
	*gain = 0;
	for (size_t i = 0; i < count; i++)
		zeros += kernel[i] == 0;
	if (zeros == count)
		return 0;
	struct search s = {
	    .kernel = kernel, .f = f, .k = k, .n = 2 * k > GRID_MIN ? 2 * k : GRID_MIN};
	s.seen = mem_alloc((s.n / 2 + 1) * s.n, sizeof *s.seen);
	int status = s.seen ? par_for(s.n / 2 + 1, threads, glance, &s) : -1;
	if (status == 0) {
		choose(&s);
		status = par_for(s.starts, threads, ascend, &s);
	}
	for (size_t i = 0; status == 0 && i < s.starts; i++)
		*gain = fmax(*gain, s.found[i]);
	free(s.seen);
	return status;
}
