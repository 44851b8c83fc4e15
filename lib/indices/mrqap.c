/* Orientation given frequency and phase. */
#include "indices/mrqap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/vector.h"
#include "stats/regression.h"

enum { ONE, FREQUENCY, PHASE, ORIENTATION, WEIGHT, TERMS, GIVEN = ORIENTATION };

typedef double gram[REGRESSION_TERMS][REGRESSION_TERMS];

struct mrqap {
	size_t n;
	double *x[TERMS]; /* (n, n) each; ORIENTATION: less what those before it explain */
	gram own;         /* sums of products over pairs i != j, lower triangle */
};

/* g = sums of products of two terms, `from` to `to` - 1 against all before, pair p factor[p] times (NULL: once) */
FOR_AVX512 static void sum_products(const struct mrqap *m, const double *factor, size_t from,
    size_t to, double g[REGRESSION_TERMS][REGRESSION_TERMS])
{
	for (size_t a = from; a < to; a++)
		for (size_t b = 0; b <= a; b++) {
			const double *x = m->x[a], *y = m->x[b];
			double sum = 0;
#pragma omp simd reduction(+ : sum)
			for (size_t p = 0; p < m->n * m->n; p++)
				sum += (factor ? factor[p] : 1) * x[p] * y[p];
			g[a][b] = sum;
		}
}

/* the products of ORIENTATION as it is moved among units */
FOR_AVX512 static void sum_moved(
    const struct mrqap *m, const size_t *order, double g[REGRESSION_TERMS][REGRESSION_TERMS])
{
	size_t n = m->n;
	double one = 0, f = 0, p = 0, x = 0, w = 0;
	for (size_t i = 0; i < n; i++) {
		const double *from = m->x[ORIENTATION] + order[i] * n;
		const double *frequency = m->x[FREQUENCY] + i * n, *phase = m->x[PHASE] + i * n,
			     *weight = m->x[WEIGHT] + i * n;
#pragma omp simd reduction(+ : one, f, p, x, w)
		for (size_t j = 0; j < n; j++) {
			double moved = from[order[j]];
			one += moved;
			f += moved * frequency[j];
			p += moved * phase[j];
			x += moved * moved;
			w += moved * weight[j];
		}
	}
	g[ORIENTATION][ONE] = one, g[ORIENTATION][FREQUENCY] = f, g[ORIENTATION][PHASE] = p;
	g[ORIENTATION][ORIENTATION] = x, g[WEIGHT][ORIENTATION] = w;
}

static void tear_down(void *state)
{
	struct mrqap *m = state;
	free(m->x[0]);
}

static void describe(struct mrqap *m, const struct subject *subject)
{
	const struct units *set = subject->set;
	for (size_t p = 0; p < set->n * set->n; p++) {
		double fi = set->unit[p / set->n].gabor.frequency,
		       fj = set->unit[p % set->n].gabor.frequency;
		if (p / set->n == p % set->n) /* stays 0 */
			continue;
		m->x[ONE][p] = 1;
		m->x[FREQUENCY][p] = -fabs(log2(fj / fi));
		m->x[PHASE][p] = cos(set->pair[p].phase);
		m->x[ORIENTATION][p] = cos(2 * set->pair[p].dtheta);
		for (size_t t = 0; t < set->taps; t++)
			m->x[WEIGHT][p] +=
			    resampling_part(subject->sign, subject->w[p * set->taps + t]);
	}
}

static int set_up(void *state, const struct subject *subject)
{
	struct mrqap *m = state;
	size_t pairs = subject->set->n * subject->set->n;
	struct regression fit = {.terms = GIVEN};
	double x[REGRESSION_TERMS];
	m->n = subject->set->n;
	if (!(m->x[0] = mem_alloc(TERMS * pairs, sizeof(double))))
		return -1;
	for (size_t k = 1; k < TERMS; k++)
		m->x[k] = m->x[0] + k * pairs;
	describe(m, subject);
	sum_products(m, NULL, 0, ORIENTATION + 1, m->own);
	for (size_t a = 0; a < GIVEN; a++) {
		fit.b[a] = m->own[ORIENTATION][a];
		for (size_t b = 0; b <= a; b++)
			fit.g[a][b] = fit.g[b][a] = m->own[a][b];
	}
	regression_solve(&fit, x);
	for (size_t p = 0; p < pairs; p++)
		for (size_t k = 0; k < GIVEN; k++)
			m->x[ORIENTATION][p] -= x[k] * m->x[k][p];
	sum_products(m, NULL, ORIENTATION, TERMS, m->own);
	return 0;
}

static int evaluate(void *state, const struct arrangement *at, double *out)
{
	const struct mrqap *m = state;
	gram g;
	memcpy(g, m->own, sizeof g);
	if (at->factor)
		sum_products(m, at->factor, 0, TERMS, g);
	if (at->order)
		sum_moved(m, at->order, g);
	out[PLACE(QUANTITY_MRQAP_ORIENTATION, 0)] = regression_partial(TERMS, g);
	return 0;
}

const struct family mrqap_family = {.stream = 5,
    .state = sizeof(struct mrqap),
    .set_up = set_up,
    .tear_down = tear_down,
    .evaluate = evaluate};
