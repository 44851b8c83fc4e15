/* Q_inv, Q_unrotated and Q_lead. */
#include "indices/invariance.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"
#include "kernel/invariant_fit.h"
#include "stats/regression.h"
#include "stats/resample.h"

enum {
	KERNELS = INVARIANCE_KERNELS,
	FOLDS = 6,
	TURNS = 2 /* the target's frame, image axes */
};

/* a tap of the kernel */
struct place {
	uint16_t row, column;
};

typedef size_t widths[TURNS][INVARIANT_WEIGHTS];

/* what an arrangement of the labels needs; one for each thread */
struct worker {
	const struct invariance *job;
	struct invariant *fit;
	struct invariant_data data;
	size_t numbers; /* of the sums that a fit is made of */
	/* sums: (blocks, numbers); (folds, numbers), of pairs with a unit there; (numbers), of all */
	float *block, *folds, *all;
	float *value;               /* (KERNELS, taps) */
	float *column_c, *column_s; /* (k): e^{i phase_x dx}, real and imaginary part */
	size_t *order;              /* (n) */
	bool *out;                  /* (n): units that take no part */
	widths width;
};

struct invariance {
	const struct units *set;
	const double *w[KERNELS]; /* (n, n, taps) each */
	double largest[KERNELS];
	size_t kernels, threads;
	size_t *fold, folds, blocks; /* (n); blocks: of pairs by the folds of their units */
	size_t *target, *source;     /* (n (n - 1)): pairs i != j */
	size_t *first;               /* (pairs + 1): where a pair's taps inside the disc begin */
	struct place *place;         /* (first[pairs]) */
	struct worker *worker;       /* (threads) */
	widths width;                /* those of the kernel as it is */
};

static size_t block_of(size_t g, size_t h)
{
	size_t low = g < h ? g : h, high = g < h ? h : g;
	return high * (high + 1) / 2 + low;
}

static bool left_out(const struct worker *worker, size_t pair)
{
	return worker->out[worker->job->target[pair]] || worker->out[worker->job->source[pair]];
}

static size_t pair_block(const struct invariance *job, size_t pair)
{
	return block_of(job->fold[job->target[pair]], job->fold[job->source[pair]]);
}

static double disc(const struct units *set)
{
	return (double)(set->k / 2) + .5;
}

static void worker_free(struct worker *worker)
{
	invariant_free(worker->fit);
	free(worker->data.dtheta);
	free(worker->data.tap);
	free(worker->block);
	free(worker->value);
	free(worker->column_c);
	free(worker->order);
	free(worker->out);
}

static int worker_make(struct worker *worker, const struct invariance *job)
{
	const struct units *set = job->set;
	size_t n = set->n, pairs = n * (n - 1), taps = job->first[pairs];
	*worker = (struct worker){.job = job,
	    .fit = invariant_create(disc(set), job->kernels, INVARIANT_COARSE),
	    .data = {.units = n,
		.weights = job->kernels,
		.pairs = pairs,
		.target = job->target,
		.source = job->source,
		.dtheta = mem_alloc(pairs, sizeof(double)),
		.first = job->first,
		.tap = mem_alloc(taps, sizeof(struct invariant_tap))}};
	if (!worker->fit)
		return -1;
	worker->numbers = invariant_numbers(worker->fit);
	worker->block = mem_alloc((job->blocks + job->folds + 1) * worker->numbers, sizeof(float));
	worker->value = mem_alloc(KERNELS * set->taps, sizeof(float));
	worker->column_c = mem_alloc(2 * set->k, sizeof(float));
	worker->order = mem_alloc(n, sizeof(size_t));
	worker->out = mem_alloc(n, sizeof(bool));
	if (!worker->data.dtheta || !worker->data.tap || !worker->block || !worker->value ||
	    !worker->column_c || !worker->order || !worker->out)
		return -1;
	worker->folds = worker->block + job->blocks * worker->numbers;
	worker->all = worker->folds + job->folds * worker->numbers;
	worker->column_s = worker->column_c + set->k;
	for (size_t q = 0; q < pairs; q++)
		for (size_t e = job->first[q]; e < job->first[q + 1]; e++)
			for (size_t k = 0; k < job->kernels; k++) {
				size_t p = units_index(set, job->target[q], job->source[q]);
				size_t t = job->place[e].row * set->k + job->place[e].column;
				worker->data.tap[e].w[k] =
				    (float)(job->w[k][p * set->taps + t] / job->largest[k]);
			}
	return 0;
}

/* the pairs' taps inside the disc; how many */
static size_t find_taps(struct invariance *job)
{
	const struct units *set = job->set;
	size_t at = 0, n = set->n;
	for (size_t q = 0; q < n * (n - 1); q++) {
		size_t p = units_index(set, job->target[q], job->source[q]);
		job->first[q] = at;
		for (size_t t = 0; t < set->taps; t++) {
			double x = set->dx[t] + set->pair[p].x, y = set->dy[t] + set->pair[p].y;
			if (x * x + y * y > disc(set) * disc(set))
				continue;
			if (job->place)
				job->place[at] =
				    (struct place){(uint16_t)(t / set->k), (uint16_t)(t % set->k)};
			at++;
		}
	}
	return job->first[n * (n - 1)] = at;
}

static void tear_down(void *state)
{
	struct invariance *job = state;
	for (size_t t = 0; t < job->threads && job->worker; t++)
		worker_free(&job->worker[t]);
	free(job->worker);
	free(job->fold);
	free(job->target);
	free(job->first);
	free(job->place);
}

static int make(struct invariance *job, uint64_t seed)
{
	size_t n = job->set->n, pairs = n * (n - 1);
	job->folds = n < FOLDS ? n : FOLDS;
	job->blocks = job->folds * (job->folds + 1) / 2;
	job->fold = mem_alloc(n, sizeof *job->fold);
	job->target = mem_alloc(2 * pairs, sizeof *job->target);
	job->first = mem_alloc(pairs + 1, sizeof *job->first);
	job->worker = mem_alloc(job->threads, sizeof *job->worker);
	if (!job->fold || !job->target || !job->first || !job->worker ||
	    resample_groups(seed, n, job->folds, job->fold))
		return -1;
	job->source = job->target + pairs;
	for (size_t p = 0, q = 0; p < n * n; p++)
		if (p / n != p % n) {
			job->target[q] = p / n;
			job->source[q++] = p % n;
		}
	for (size_t k = 0; k < job->kernels; k++) {
		for (size_t e = 0; e < n * n * job->set->taps; e++)
			if (e / job->set->taps / n != e / job->set->taps % n)
				job->largest[k] = fmax(job->largest[k], fabs(job->w[k][e]));
		job->largest[k] = job->largest[k] > 0 ? job->largest[k] : INFINITY;
	}
	if (!(job->place = mem_alloc(find_taps(job), sizeof *job->place)))
		return -1;
	find_taps(job);
	for (size_t t = 0; t < job->threads; t++)
		if (worker_make(&job->worker[t], job))
			return -1;
	return 0;
}

static int set_up(void *state, const struct subject *subject)
{
	struct invariance *job = state;
	job->set = subject->set;
	job->threads = par_threads(subject->plan->threads);
	for (const struct subject *s = subject; s && job->kernels < KERNELS; s = s->beside)
		job->w[job->kernels++] = s->w;
	return make(job, subject->plan->seed);
}

/* e^{i phase (0, 1, ...)} */
static void powers(double phase, size_t count, float *c, float *s)
{
	double x = 1, y = 0, co = cos(phase), si = sin(phase);
	for (size_t q = 0; q < count; q++) {
		double next = x * co - y * si;
		c[q] = (float)x;
		s[q] = (float)y;
		y = x * si + y * co;
		x = next;
	}
}

/* Where the taps are when the units carry the Gabors of others. */
static void place_taps(struct worker *worker, bool rotated)
{
	const struct invariance *job = worker->job;
	const struct units *set = job->set;
	const size_t *order = worker->order;
	double half = (double)(set->k / 2);
	for (size_t q = 0; q < worker->data.pairs; q++) {
		size_t i = job->target[q], j = job->source[q];
		const struct units_pair *where = &set->pair[units_index(set, i, j)];
		const struct units_pair *label = &set->pair[units_index(set, order[i], order[j])];
		double theta = rotated ? set->unit[order[i]].gabor.theta : 0;
		float c = (float)cos(theta), s = (float)sin(theta);
		/* Delta of the first tap; rows run down */
		double left = where->x - half, top = where->y + half;
		double phase = label->phase + label->phase_x * left + label->phase_y * top;
		double rc = cos(phase), rs = sin(phase);
		double dc = cos(label->phase_y), ds = -sin(label->phase_y);
		size_t row = 0;
		powers(label->phase_x, set->k, worker->column_c, worker->column_s);
		worker->data.dtheta[q] = label->dtheta;
		for (size_t e = job->first[q]; e < job->first[q + 1]; e++) {
			struct place at = job->place[e];
			struct invariant_tap *tap = &worker->data.tap[e];
			for (; row < at.row; row++) {
				double next = rc * dc - rs * ds;
				rs = rc * ds + rs * dc;
				rc = next;
			}
			float x = (float)left + at.column, y = (float)top - at.row;
			float a = worker->column_c[at.column], b = worker->column_s[at.column];
			tap->along = c * x + s * y;
			tap->across = c * y - s * x;
			tap->cosine = (float)rc * a - (float)rs * b;
			tap->sine = (float)rs * a + (float)rc * b;
		}
	}
}

FOR_AVX512 static void add(float *to, const float *from, size_t count)
{
#pragma omp simd
	for (size_t e = 0; e < count; e++)
		to[e] += from[e];
}

/* of all pairs but those with a unit in one fold or the other, which overlap in `both` */
FOR_AVX512 static void leave_out(float *to, const float *all, const float *one, const float *other,
    const float *both, size_t count)
{
#pragma omp simd
	for (size_t e = 0; e < count; e++)
		to[e] = all[e] - one[e] - other[e] + both[e];
}

static void sum_taps(struct worker *worker)
{
	const struct invariance *job = worker->job;
	size_t m = worker->numbers;
	memset(worker->folds, 0, (job->folds + 1) * m * sizeof(float));
	for (size_t h = 0; h < job->folds; h++)
		for (size_t g = 0; g <= h; g++) {
			float *block = worker->block + block_of(g, h) * m;
			for (size_t q = 0; q < worker->data.pairs; q++)
				if (pair_block(job, q) == block_of(g, h) && !left_out(worker, q))
					invariant_add(worker->fit, &worker->data, q);
			invariant_take(worker->fit, block);
			add(worker->all, block, m);
			add(worker->folds + h * m, block, m);
			if (g != h)
				add(worker->folds + g * m, block, m);
		}
}

/* couples of folds for invariant_choose */
static int split(size_t s, float *train, float *held, void *argument)
{
	const struct worker *worker = argument;
	const struct invariance *job = worker->job;
	size_t m = worker->numbers;
	memset(train, 0, m * sizeof(*train));
	memset(held, 0, m * sizeof(*held));
	for (size_t h = 0; h < job->folds; h++)
		for (size_t g = 0; g <= h; g++)
			if ((g / 2 == s) == (h / 2 == s))
				add(g / 2 == s ? held : train, worker->block + block_of(g, h) * m,
				    m);
	return 2 * s <
	       job->folds; /* a last couple of one fold of one unit has no pair: what is held is 0 then */
}

/* predict the pairs of a block from what was learnt: sums of predictions and weights, by kernel */
static void score(struct worker *worker, size_t block, struct regression_sums sums[KERNELS])
{
	const struct invariance *job = worker->job;
	for (size_t q = 0; q < worker->data.pairs; q++) {
		size_t first = job->first[q], count = job->first[q + 1] - first;
		if (pair_block(job, q) != block || left_out(worker, q))
			continue;
		invariant_predict(worker->fit, &worker->data, q, job->set->taps, worker->value);
		for (size_t k = 0; k < job->kernels; k++) {
			struct regression_sums s = sums[k];
			for (size_t t = 0; t < count; t++) {
				double y = (double)worker->data.tap[first + t].w[k];
				double p = (double)worker->value[k * job->set->taps + t];
				s.n++;
				s.p += p;
				s.pp += p * p;
				s.py += p * y;
				s.y += y;
				s.yy += y * y;
			}
			sums[k] = s;
		}
	}
}

/* r (KERNELS) of the weights and their prediction when the units carry the labels of worker->order, at the best widths or
 * at those that are there */
static int predict(struct worker *worker, bool rotated, bool choose, double r[KERNELS])
{
	const struct invariance *job = worker->job;
	size_t *width = worker->width[!rotated], m = worker->numbers;
	struct regression_sums sums[KERNELS] = {{0}};
	place_taps(worker, rotated);
	sum_taps(worker);
	if (choose && invariant_choose(worker->fit, split, worker, width))
		return -1;
	for (size_t h = 0; h < job->folds; h++)
		for (size_t g = 0; g <= h; g++) {
			const float *one = worker->folds + g * m, *other = worker->folds + h * m;
			size_t block = block_of(g, h);
			/* where g = h the fold is taken out once */
			leave_out(invariant_sums(worker->fit), worker->all, one, other,
			    g == h ? one : worker->block + block * m, m);
			invariant_fit(worker->fit, width);
			score(worker, block, sums);
		}
	for (size_t k = 0; k < job->kernels; k++)
		r[k] = regression_r(&sums[k]);
	return 0;
}

/* With units left out: at the widths of the kernel as it is, all predictions anew. */
static int evaluate(void *state, const struct arrangement *at, double *out)
{
	struct invariance *job = state;
	struct worker *worker = &job->worker[at->worker];
	size_t n = job->set->n;
	double r[TURNS][KERNELS];
	bool choose = !at->times;
	if (n < 4)
		return 0;
	for (size_t i = 0; i < n; i++) {
		worker->order[i] = at->order ? at->order[i] : i;
		worker->out[i] = at->times && !(at->times[i] > 0);
	}
	if (!choose)
		memcpy(worker->width, job->width, sizeof worker->width);
	for (size_t turn = 0; turn < TURNS; turn++)
		if (predict(worker, turn == 0, choose, r[turn]))
			return -1;
	if (choose && !at->order)
		memcpy(job->width, worker->width, sizeof job->width);
	for (size_t k = 0; k < job->kernels; k++) {
		out[k * NUMBERS + PLACE(QUANTITY_Q_INV, 0)] = r[0][k];
		out[k * NUMBERS + PLACE(QUANTITY_Q_UNROTATED, 0)] = r[1][k];
		out[k * NUMBERS + PLACE(QUANTITY_Q_LEAD, 0)] = r[0][k] - r[1][k];
	}
	return 0;
}

const struct family invariance_family = {.stream = 2,
    .refits = true,
    .jackknife = true,
    .together = true,
    .state = sizeof(struct invariance),
    .set_up = set_up,
    .tear_down = tear_down,
    .evaluate = evaluate};
