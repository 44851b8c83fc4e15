#include "indices/invariance.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "base/vector.h"
#include "indices/rows.h"
#include "kernel/invariant_fit.h"
#include "stats/resample.h"
#include "stats/student.h"

enum {
	KERNELS = INVARIANCE_KERNELS,
	FOLDS = INVARIANCE_FOLDS,
	TURNS = 2 /* the target's frame, image axes */
};

/* moments of weights and predictions */
struct moments {
	double n, k, kk, f, ff, kf;
};


static double correlation(const struct moments *m)
{
	double vk = m->kk - m->k * m->k / m->n, vf = m->ff - m->f * m->f / m->n;
	return vk > 1e-12 * m->kk && vf > 1e-12 * m->ff
		   ? (m->kf - m->k * m->f / m->n) / sqrt(vk * vf)
		   : NAN;
}

enum { INVARIANT, UNROTATED, LEAD, ROWS };
static const char *const names[ROWS] = {"Q_inv", "Q_unrotated", "Q_lead"};

struct place {
	uint16_t row, column; /* of the kernel */
};

struct job {
	const struct units *set;
	size_t kernels;
	const double *const *w; /* (kernels) of (n, n, taps) */
	double largest[KERNELS];
	size_t *fold, folds, blocks; /* (n); blocks: of pairs by the folds of their units */
	size_t *target, *source;     /* (n (n - 1)): pairs i != j */
	size_t *first;               /* (pairs + 1): where a pair's taps inside the disc begin */
	struct place *place;         /* (first[pairs]) */
	struct worker *worker;       /* (threads) */
	size_t *group, groups;       /* (n): left out together */
	size_t width[TURNS][INVARIANT_WEIGHTS]; /* the data's */
	const struct lateral_plan *plan;
	double *sample; /* (1 + permutations, KERNELS, ROWS), the data's first */
	double *left;   /* (groups, KERNELS, ROWS) */
};

/* what an arrangement of the Gabors needs */
struct worker {
	const struct job *job;
	struct invariant *predictor;
	struct invariant_data data;
	size_t numbers;                  /* of sums */
	float *block, *folds, *all;      /* sums (blocks, numbers), (folds, numbers): of pairs with a unit there, (numbers) */
	float *value;                    /* (KERNELS, taps) */
	float *column_c, *column_s;      /* (k): e^{i phase_x dx}, re and im */
	size_t *order;                   /* (n) */
	bool *out;                       /* (n): units that take no part */
	size_t width[TURNS][INVARIANT_WEIGHTS];
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

static size_t pair_block(const struct job *job, size_t pair)
{
	return block_of(job->fold[job->target[pair]], job->fold[job->source[pair]]);
}

static double disc(const struct units *set)
{
	return (double)(set->k / 2) + .5;
}

static void worker_free(struct worker *worker)
{
	invariant_free(worker->predictor);
	free(worker->data.dtheta);
	free(worker->data.tap);
	free(worker->block);
	free(worker->value);
	free(worker->column_c);
	free(worker->order);
	free(worker->out);
}

static int worker_make(struct worker *worker, const struct job *job)
{
	const struct units *set = job->set;
	size_t n = set->n, pairs = n * (n - 1), taps = job->first[pairs];
	*worker = (struct worker){.job = job,
	    .predictor = invariant_create(disc(set), job->kernels, INVARIANT_COARSE),
	    .data = {.units = n,
		.weights = job->kernels,
		.pairs = pairs,
		.target = job->target,
		.source = job->source,
		.dtheta = mem_alloc(pairs, sizeof(double)),
		.first = job->first,
		.tap = mem_alloc(taps, sizeof(struct invariant_tap))}};
	if (!worker->predictor)
		return -1;
	worker->numbers = invariant_numbers(worker->predictor);
	worker->block =
	    mem_alloc((job->blocks + job->folds + 1) * worker->numbers, sizeof(float));
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

static void job_free(struct job *job, size_t threads)
{
	for (size_t t = 0; t < threads && job->worker; t++)
		worker_free(&job->worker[t]);
	free(job->worker);
	free(job->fold);
	free(job->target);
	free(job->first);
	free(job->place);
	free(job->group);
	free(job->sample);
	free(job->left);
}

/* the pairs' taps inside the disc; how many */
static size_t find_taps(struct job *job)
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
				job->place[at] = (struct place){
				    (uint16_t)(t / set->k), (uint16_t)(t % set->k)};
			at++;
		}
	}
	return job->first[n * (n - 1)] = at;
}

static int draw_folds(struct job *job, uint64_t seed)
{
	size_t n = job->set->n, *order = mem_alloc(n, sizeof(*order));
	if (!order)
		return -1;
	job->folds = n < FOLDS ? n : FOLDS;
	job->blocks = job->folds * (job->folds + 1) / 2;
	struct rng rng = rng_start(seed, RNG_HALVES, 1, 0);
	rng_permutation(&rng, order, n);
	for (size_t i = 0; i < n; i++)
		job->fold[order[i]] = i % job->folds;
	for (size_t i = 0; i < n; i++)
		job->group[order[i]] = i % job->groups;
	free(order);
	return 0;
}

static int job_make(struct job *job, uint64_t seed, size_t threads)
{
	size_t n = job->set->n, pairs = n * (n - 1);
	job->fold = mem_alloc(n, sizeof(*job->fold));
	job->target = mem_alloc(2 * pairs, sizeof(*job->target));
	job->first = mem_alloc(pairs + 1, sizeof(*job->first));
	job->group = mem_alloc(n, sizeof(*job->group));
	job->groups = n < INVARIANCE_GROUPS ? n : INVARIANCE_GROUPS;
	job->left = mem_alloc(job->groups * KERNELS * ROWS, sizeof(double));
	job->worker = mem_alloc(threads, sizeof(*job->worker));
	if (!job->fold || !job->target || !job->first || !job->group || !job->left ||
	    !job->worker ||
	    draw_folds(job, seed))
		return -1;
	job->source = job->target + pairs;
	for (size_t p = 0, q = 0; p < n * n; p++)
		if (p / n != p % n) {
			job->target[q] = p / n;
			job->source[q++] = p % n;
			for (size_t k = 0; k < job->kernels; k++)
				for (size_t t = 0; t < job->set->taps; t++)
					job->largest[k] = fmax(job->largest[k],
					    fabs(job->w[k][p * job->set->taps + t]));
		}
	for (size_t k = 0; k < job->kernels; k++)
		job->largest[k] = job->largest[k] > 0 ? job->largest[k] : INFINITY;
	if (!(job->place = mem_alloc(find_taps(job), sizeof(*job->place))))
		return -1;
	find_taps(job);
	for (size_t t = 0; t < threads; t++)
		if (worker_make(&job->worker[t], job))
			return -1;
	return 0;
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
	const struct job *job = worker->job;
	const struct units *set = job->set;
	const size_t *order = worker->order;
	double half = (double)(set->k / 2);
	for (size_t q = 0; q < worker->data.pairs; q++) {
		size_t i = job->target[q], j = job->source[q];
		const struct units_pair *where = &set->pair[units_index(set, i, j)];
		const struct units_pair *label =
		    &set->pair[units_index(set, order[i], order[j])];
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

VECTOR_CLONES static void add(float *to, const float *from, size_t count)
{
#pragma omp simd
	for (size_t e = 0; e < count; e++)
		to[e] += from[e];
}

/* of all pairs but those with a unit in one fold or the other, which overlap in `both` */
VECTOR_CLONES static void leave_out(float *to, const float *all, const float *one,
    const float *other, const float *both, size_t count)
{
#pragma omp simd
	for (size_t e = 0; e < count; e++)
		to[e] = all[e] - one[e] - other[e] + both[e];
}

static void sum_taps(struct worker *worker)
{
	const struct job *job = worker->job;
	size_t m = worker->numbers;
	memset(worker->folds, 0, (job->folds + 1) * m * sizeof(float));
	for (size_t h = 0; h < job->folds; h++)
		for (size_t g = 0; g <= h; g++) {
			float *block = worker->block + block_of(g, h) * m;
			for (size_t q = 0; q < worker->data.pairs; q++)
				if (pair_block(job, q) == block_of(g, h) && !left_out(worker, q))
					invariant_add(worker->predictor, &worker->data, q);
			invariant_take(worker->predictor, block);
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
	const struct job *job = worker->job;
	size_t m = worker->numbers;
	memset(train, 0, m * sizeof(*train));
	memset(held, 0, m * sizeof(*held));
	for (size_t h = 0; h < job->folds; h++)
		for (size_t g = 0; g <= h; g++)
			if ((g / 2 == s) == (h / 2 == s))
				add(g / 2 == s ? held : train, worker->block + block_of(g, h) * m,
				    m);
	return 2 * s < job->folds; /* a last couple of one fold of one unit has no pair: what is held is 0 then */
}

/* Predict the pairs of a block from what was learnt: moments by kernel; into prediction (n, n, taps), unless NULL, the first
 * kernel's. */
static void score(struct worker *worker, size_t block, double *prediction,
    struct moments sum[KERNELS])
{
	const struct job *job = worker->job;
	const struct units *set = job->set;
	for (size_t q = 0; q < worker->data.pairs; q++) {
		size_t p = units_index(set, job->target[q], job->source[q]);
		size_t first = job->first[q], count = job->first[q + 1] - first;
		if (pair_block(job, q) != block || left_out(worker, q))
			continue;
		invariant_predict(worker->predictor, &worker->data, q, set->taps, worker->value);
		for (size_t k = 0; k < job->kernels; k++) {
			struct moments m = sum[k];
			for (size_t t = 0; t < count; t++) {
				double w = (double)worker->data.tap[first + t].w[k];
				double f = (double)worker->value[k * set->taps + t];
				m.n++;
				m.k += w;
				m.kk += w * w;
				m.f += f;
				m.ff += f * f;
				m.kf += w * f;
				if (prediction && k == 0) {
					struct place at = job->place[first + t];
					prediction[p * set->taps + at.row * set->k + at.column] =
					    f * job->largest[0];
				}
			}
			sum[k] = m;
		}
	}
}

/* r (KERNELS) of the weights and their prediction when the units carry the Gabors of worker->order, at the best widths or those
 * that are there */
static int predict(
    struct worker *worker, bool rotated, bool choose, double *prediction, double r[KERNELS])
{
	const struct job *job = worker->job;
	size_t *width = worker->width[!rotated], m = worker->numbers;
	struct moments sum[KERNELS] = {{0}};
	place_taps(worker, rotated);
	sum_taps(worker);
	if (choose && invariant_choose(worker->predictor, split, worker, width))
		return -1;
	for (size_t h = 0; h < job->folds; h++)
		for (size_t g = 0; g <= h; g++) {
			const float *one = worker->folds + g * m, *other = worker->folds + h * m;
			size_t block = block_of(g, h);
			/* where g = h the fold is taken out once */
			leave_out(invariant_sums(worker->predictor), worker->all, one, other,
			    g == h ? one : worker->block + block * m, m);
			invariant_fit(worker->predictor, width);
			score(worker, block, prediction, sum);
		}
	for (size_t k = 0; k < job->kernels; k++)
		r[k] = correlation(&sum[k]);
	return 0;
}

/* r: of both turns */
static void make_rows(const struct job *job, double r[TURNS][KERNELS], double *out)
{
	for (size_t k = 0; k < job->kernels; k++) {
		out[k * ROWS + INVARIANT] = r[0][k];
		out[k * ROWS + UNROTATED] = r[1][k];
		out[k * ROWS + LEAD] = r[0][k] - r[1][k];
	}
}

/* arrangement 0 is the data's */
static int arrange(size_t b, size_t at, void *argument)
{
	struct job *job = argument;
	struct worker *worker = &job->worker[at];
	double r[TURNS][KERNELS];
	for (size_t i = 0; i < job->set->n; i++)
		worker->order[i] = i;
	if (b > 0)
		resample_order(job->plan->seed, b - 1, 2, job->set->n, worker->order);
	for (size_t turn = 0; turn < TURNS; turn++)
		if (predict(worker, turn == 0, true, NULL, r[turn]))
			return -1;
	if (b == 0)
		memcpy(job->width, worker->width, sizeof job->width);
	make_rows(job, r, job->sample + b * KERNELS * ROWS);
	return 0;
}

/* Without a group of filters, at the widths of the data: all predictions anew. */
static int leave_group(size_t group, size_t at, void *argument)
{
	struct job *job = argument;
	struct worker *worker = &job->worker[at];
	size_t n = job->set->n;
	double r[TURNS][KERNELS];
	for (size_t i = 0; i < n; i++) {
		worker->order[i] = i;
		worker->out[i] = job->group[i] == group;
	}
	memcpy(worker->width, job->width, sizeof worker->width);
	int status = 0;
	for (size_t turn = 0; turn < TURNS && status == 0; turn++)
		status = predict(worker, turn == 0, false, NULL, r[turn]);
	make_rows(job, r, job->left + group * KERNELS * ROWS);
	memset(worker->out, 0, n * sizeof(*worker->out));
	return status;
}

/* value and its jackknife: the variance is (groups - 1) / groups times the sum of squares about their mean */
static void interval(double value, const double *left, size_t groups, double *low, double *high)
{
	double mean = 0, squares = 0, g = (double)groups;
	for (size_t i = 0; i < groups; i++)
		mean += left[i * KERNELS * ROWS] / g;
	for (size_t i = 0; i < groups; i++)
		squares += pow(left[i * KERNELS * ROWS] - mean, 2);
	double reach =
	    sqrt((g - 1) / g * squares) * student_quantile((1 - LATERAL_LEVEL) / 2, g - 1);
	*low = value - reach;
	*high = value + reach;
}

int lateral_invariance(const struct units *set, size_t kernels, const char *const *kernel,
    const double *const *w, const struct lateral_plan *plan, struct report *report)
{
	size_t threads = par_threads(plan->threads), count = plan->invariance_permutations;
	enum { STRIDE = KERNELS * ROWS };
	struct job job = {.set = set, .kernels = kernels, .w = w, .plan = plan};
	int status = -1;
	job.sample = mem_alloc((1 + count) * STRIDE, sizeof(double));
	if (!job.sample || job_make(&job, plan->seed, threads))
		goto out;
	for (size_t q = 0; q < (1 + count) * STRIDE; q++)
		job.sample[q] = NAN;
	if (set->n >= 4 && (par_for(1 + count, threads, arrange, &job) ||
			       (plan->bootstrap > 0 &&
				   par_for(job.groups, threads, leave_group, &job))))
		goto out;
	status = 0;
	for (size_t k = 0; k < kernels; k++)
		for (size_t q = k * ROWS; q < (k + 1) * ROWS && status == 0; q++) {
			double value = job.sample[q];
			struct resample_chance chance = resample_chance(
			    value, job.sample + STRIDE + q, count, STRIDE, RESAMPLE_GREATER);
			struct report_row row = {.kernel = kernel[k],
			    .part = SIGN_BOTH,
			    .quantity = names[q % ROWS],
			    .value = value,
			    .low = NAN,
			    .high = NAN,
			    .chance = chance.mean,
			    .p = chance.p,
			    .n = set->n * (set->n - 1)};
			if (plan->bootstrap > 0 && !isnan(value))
				interval(value, job.left + q, job.groups, &row.low, &row.high);
			status = report_add(report, row);
		}
out:
	job_free(&job, threads);
	return status;
}

int lateral_predict(
    const struct units *set, const double *w, bool rotated, uint64_t seed, double *prediction)
{
	if (set->n < 4)
		return err_set(
		    "prediction: %zu usable filters, leaving filters out needs 4", set->n);
	struct job job = {.set = set, .kernels = 1, .w = &w};
	double r[KERNELS];
	memset(prediction, 0, set->n * set->n * set->taps * sizeof(*prediction));
	int status = job_make(&job, seed, 1);
	for (size_t i = 0; i < set->n && status == 0; i++)
		job.worker[0].order[i] = i;
	status = status ? status : predict(&job.worker[0], rotated, true, prediction, r);
	job_free(&job, 1);
	return status;
}
