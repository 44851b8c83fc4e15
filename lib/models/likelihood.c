#include "models/likelihood.h"
#include <stdlib.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"

#define BLOCK CENSORED_BLOCK
#define TERMS REGRESSION_TERMS
#define LANES (BLOCK / VECTOR_LENGTH)

int likelihood_create(struct likelihood *l, const struct ladder *c, int part)
{
	size_t taps = c->set->taps, row = (2 * taps + BLOCK - 1) / BLOCK * BLOCK;
	*l = (struct likelihood){.ladder = c, .law = censored_law(), .row = row};
	l->cosine = mem_alloc(c->couples * row, sizeof *l->cosine);
	l->known = mem_alloc(c->couples * row, sizeof *l->known);
	l->weight = mem_alloc(c->couples * row, sizeof *l->weight);
	if (!l->cosine || !l->known || !l->weight)
		return -1;
	for (size_t p = 0; p < c->pairs; p++) {
		size_t at = p / 2 * row + p % 2 * taps;
		const double *w = ladder_weights(c, p);
		for (size_t t = 0; t < taps; t++, at++) {
			double y[LADDER_PARTS];
			ladder_parts(w[t], y);
			bool cut = part != SIGN_BOTH && !(y[part] > 0);
			l->cosine[at] = (float)c->tap[p * taps + t].cosine;
			l->known[at] = cut ? CENSORED_CUT : CENSORED_SEEN;
			l->weight[at] = y[part];
			l->cut += cut;
			l->sum += y[part];
			l->squares += y[part] * y[part];
		}
	}
	l->unit = sqrt(l->squares / ((double)(c->pairs * taps) - l->cut));
	for (size_t k = 0; k < c->couples * row; k++)
		l->weight[k] /= l->unit;
	/* the latent weights are signed ones */
	l->scaled = part == SIGN_BOTH || l->cut > 0 ? 3 : 2;
	return 0;
}

void likelihood_free(struct likelihood *l)
{
	free(l->cosine);
	free(l->known);
	free(l->weight);
}

struct job {
	const struct likelihood *likelihood;
	const struct likelihood_place *place;
	bool moments;
	struct likelihood_couple *couple;
};

/* Of a block: derivatives of the mean by the unknowns (of what is seen, of its noise by 1/s) and of the log-likelihood. */
struct rows {
	_Alignas(64) double x[TERMS][BLOCK];
	double slope[TERMS][BLOCK];
};

/* Lanes of sums. */
struct sums {
	vector_lanes g[TERMS][TERMS], b[TERMS], moment[CENSORED_MOMENTS],
	    cross[CENSORED_MOMENTS][TERMS];
};

/* The mean and its derivatives; what is seen. */
VECTOR_CLONES static void block_rows(const struct likelihood *l, const struct likelihood_place *p,
    size_t at, double bend, struct censored_block *block, struct rows *r)
{
	size_t last = l->scaled + p->slopes;
	const float *m = p->m + at, *cosine = l->cosine + at, *known = l->known + at;
	const double *weight = l->weight + at;
	double scale[BLOCK] __attribute__((aligned(64)));
	double b = p->of[0], a = p->of[1], locked = l->scaled > 2 ? p->of[2] : 0;
#pragma omp simd
	for (size_t t = 0; t < BLOCK; t++) {
		double value = (double)m[t], c = (double)cosine[t], y = weight[t];
		scale[t] = a + locked * c;
		r->x[0][t] = 1;
		r->x[1][t] = value;
		r->x[2][t] = value * c; /* or, without a', what follows */
		block->mean[t] = b + scale[t] * value;
		block->known[t] = (double)known[t];
		block->seen[t] = p->inverse * y;
		r->x[last][t] = -y; /* 0 where it is cut off */
	}
	for (size_t k = 0; k < p->slopes; k++) {
		double *x = r->x[l->scaled + k];
		const float *slope = p->slope[k] ? p->slope[k] + at : m;
		double factor = p->slope[k] ? 1 : bend;
#pragma omp simd
		for (size_t t = 0; t < BLOCK; t++)
			x[t] = scale[t] * factor * (double)slope[t];
	}
}

VECTOR_CLONES static void add_block(size_t terms, double inverse, bool moments,
    const struct censored_block *block, struct rows *r, struct sums *to)
{
	const vector_lanes *weight = (const vector_lanes *)block->weight;
	for (size_t i = 0; i < terms; i++) {
		double seen = i + 1 == terms ? 1 / inverse : 0;
#pragma omp simd
		for (size_t t = 0; t < BLOCK; t++)
			r->slope[i][t] =
			    r->x[i][t] * block->score[t] + (block->known[t] > 0 ? seen : 0);
	}
	for (size_t i = 0; i < terms; i++) {
		const vector_lanes *x = (const vector_lanes *)r->x[i],
				   *slope = (const vector_lanes *)r->slope[i];
		vector_lanes weighed[LANES];
		for (size_t k = 0; k < LANES; k++) {
			weighed[k] = weight[k] * x[k];
			to->b[i] += slope[k];
		}
		for (size_t j = 0; j <= i; j++) {
			const vector_lanes *y = (const vector_lanes *)r->x[j];
			vector_lanes sum = to->g[i][j];
			for (size_t k = 0; k < LANES; k++)
				sum += weighed[k] * y[k];
			to->g[i][j] = sum;
		}
	}
	for (size_t m = 0; moments && m < CENSORED_MOMENTS; m++) {
		const vector_lanes *moment = (const vector_lanes *)block->moment[m];
		for (size_t k = 0; k < LANES; k++)
			to->moment[m] += moment[k];
		for (size_t i = 0; i < terms; i++) {
			const vector_lanes *slope = (const vector_lanes *)r->slope[i];
			for (size_t k = 0; k < LANES; k++)
				to->cross[m][i] += moment[k] * slope[k];
		}
	}
}

static int sum_couple(size_t q, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct likelihood *l = job->likelihood;
	const struct likelihood_place *p = job->place;
	size_t terms = l->scaled + p->slopes + 1, last = terms - 1, seen = 0;
	double bend = p->bend * (cos(2 * ladder_dtheta(l->ladder, 2 * q)) - 1);
	struct censored_block block;
	struct rows rows;
	struct sums sums = {.b = {{0}}};
	struct likelihood_couple *to = &job->couple[q];
	*to = (struct likelihood_couple){.m.terms = terms};
	for (size_t at = q * l->row; at < (q + 1) * l->row; at += BLOCK) {
		block_rows(l, p, at, bend, &block, &rows);
		to->value += censored(&l->law, l->cut > 0, &block);
		add_block(terms, p->inverse, job->moments, &block, &rows, &sums);
		for (size_t t = 0; t < BLOCK; t++)
			seen += block.known[t] > 0;
	}
	to->value += (double)seen * log(p->inverse);
	for (size_t i = 0; i < terms; i++) {
		to->m.b[i] = vector_sum(&sums.b[i]);
		for (size_t j = 0; j <= i; j++)
			to->m.g[i][j] = to->m.g[j][i] = vector_sum(&sums.g[i][j]);
		for (size_t m = 0; m < CENSORED_MOMENTS; m++)
			to->cross[m][i] = vector_sum(&sums.cross[m][i]);
	}
	to->m.g[last][last] += (double)seen / (p->inverse * p->inverse);
	for (size_t m = 0; m < CENSORED_MOMENTS; m++)
		to->moment[m] = vector_sum(&sums.moment[m]);
	return 0;
}

int likelihood_sum(const struct likelihood *l, const struct likelihood_place *place, bool moments,
    struct likelihood_couple *couple)
{
	struct job job = {l, place, moments, couple};
	return par_for(l->ladder->couples, l->ladder->plan->threads, sum_couple, &job);
}
