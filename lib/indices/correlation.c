/* Correlations of a kernel with its own reversal, and with what C predicts of it. */
#include "indices/correlation.h"
#include <stdlib.h>
#include "base/memory.h"
#include "kernel/products.h"
#include "stats/regression.h"

struct correlation {
	const struct subject *subject;
	size_t n, place;              /* units; of the quantity */
	const double *x, *y;          /* (n, n, taps): correlated, y maybe reversed */
	struct regression_sums *pair; /* (n, n): of a pair's taps, p of x and y of y */
};

static void tear_down(void *state)
{
	struct correlation *c = state;
	free(c->pair);
}

static int correlate(struct correlation *c, const struct subject *subject, size_t quantity,
    const double *x, const double *y, bool reversed)
{
	size_t n = subject->set->n, taps = subject->set->taps;
	*c = (struct correlation){
	    subject, n, PLACE(quantity, 0), x, y, mem_alloc(n * n, sizeof *c->pair)};
	if (!c->pair)
		return -1;
	for (size_t e = 0; e < n * n * taps; e++) {
		size_t p = e / taps, reverse = (p % n * n + p / n) * taps + taps - 1 - e % taps;
		double a = x[e], b = y[reversed ? reverse : e];
		struct regression_sums one = {1, a, a * a, a * b, b, b * b};
		if (p / n != p % n)
			regression_sums_add(&c->pair[p], &one);
	}
	return 0;
}

static struct regression_sums sum_pairs(const struct correlation *c, const double *factor)
{
	struct regression_sums all = {0};
	for (size_t p = 0; p < c->n * c->n; p++)
		regression_sums_scaled(&all, factor ? factor[p] : 1, &c->pair[p]);
	return all;
}

static int evaluate(void *state, const struct arrangement *at, double *out)
{
	const struct correlation *c = state;
	struct regression_sums all = sum_pairs(c, at->factor);
	out[c->place] = regression_r(&all);
	return 0;
}

static int reciprocity(void *state, const struct subject *subject)
{
	bool halves = subject->half[0] && subject->half[1];
	return correlate(state, subject, QUANTITY_RECIPROCITY,
	    halves ? subject->half[0] : subject->w, halves ? subject->half[1] : subject->w, true);
}

static int explained(void *state, const struct subject *subject)
{
	return correlate(
	    state, subject, QUANTITY_EXPLAINED_C, subject->predicted, subject->w, false);
}

/*
 * As with the kernel's own reversal each product stands twice. With permutations that exchange no couples it would not, and
 * chance would vary too little.
 */
static void exchange_couples(size_t n, const uint32_t *order, uint32_t *to)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint32_t)i;
	for (size_t i = 0; i + 1 < n; i += 2) {
		to[order[i]] = order[i + 1];
		to[order[i + 1]] = order[i];
	}
}

static int permute_reciprocity(
    void *state, const uint32_t *order, size_t count, size_t stride, double *out)
{
	const struct correlation *c = state;
	uint32_t *exchange = mem_alloc(count * c->n, sizeof *exchange);
	double *product = mem_alloc(count, sizeof *product);
	int status = exchange && product ? 0 : -1;
	for (size_t b = 0; b < count && !status; b++)
		exchange_couples(c->n, order + b * c->n, exchange + b * c->n);
	if (!status)
		status = products_reversed(c->subject->set, c->x, c->y, exchange, count,
		    c->subject->plan->threads, product);
	struct regression_sums all = sum_pairs(c, NULL);
	for (size_t b = 0; b < count && !status; b++) {
		all.py = product[b];
		out[b * stride + c->place] = regression_r(&all);
	}
	free(exchange);
	free(product);
	return status;
}

static int permute_explained(
    void *state, const uint32_t *order, size_t count, size_t stride, double *out)
{
	const struct correlation *c = state;
	double *r = mem_alloc(count, sizeof *r);
	int status = r ? residual_moved(c->subject->fit, c->y, order, count, r) : -1;
	for (size_t b = 0; b < count && !status; b++)
		out[b * stride + c->place] = r[b];
	free(r);
	return status;
}

const struct family reciprocity_family = {.stream = 3,
    .state = sizeof(struct correlation),
    .set_up = reciprocity,
    .tear_down = tear_down,
    .evaluate = evaluate,
    .permute = permute_reciprocity};
const struct family explained_family = {.stream = 4,
    .refits = true,
    .state = sizeof(struct correlation),
    .set_up = explained,
    .tear_down = tear_down,
    .evaluate = evaluate,
    .permute = permute_explained};
