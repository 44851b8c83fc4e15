#include "lateral/invariance.h"
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "lateral/exchange.h"
#include "lateral/predictor.h"
#include "stats/resample.h"

enum {
	KERNELS = INVARIANCE_KERNELS,
	FOLDS = INVARIANCE_FOLDS,
	BLOCKS = FOLDS * (FOLDS + 1) / 2,
	TURNS = 2 /* the target's frame, image axes */
};

/* moments of weights and predictions; copies of it add up */
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

struct job {
	const struct lateral *set;
	size_t kernels;
	const double *const *w; /* (kernels) of (n, n, taps) */
	double largest[KERNELS];
	size_t *fold;                             /* (n) */
	size_t low[BLOCKS], high[BLOCKS], blocks; /* the folds of a block's units */
	size_t *target, *source;                  /* (pairs) i != j */
	struct predictor_data data;               /* taps inside the disc */
	size_t *tap;                              /* (data.first[pairs]): of the kernel's k * k */
	bool rotated;
	size_t width[TURNS][BLOCKS][PREDICTOR_WEIGHTS];
	bool choose;                    /* widths, or take those that are there */
	struct predictor **predictor;   /* (threads) */
	struct moments *moments[TURNS]; /* (KERNELS, n, n) */
	double *prediction;             /* (n, n, taps) of the first kernel; NULL: not wanted */
	const struct lateral_plan *plan;
	double *boot; /* (samples, KERNELS, ROWS) */
};

static void job_free(struct job *job, size_t threads)
{
	free(job->fold);
	free(job->target);
	free(job->data.dtheta);
	free(job->data.first);
	free(job->data.tap);
	free(job->tap);
	for (size_t t = 0; t < threads && job->predictor; t++)
		predictor_free(job->predictor[t]);
	free(job->predictor);
	free(job->moments[0]);
}

static double disc(const struct lateral *set)
{
	return (double)(set->k / 2) + .5;
}

/* the pairs' taps inside the disc, their weights over the largest */
static size_t find_taps(struct job *job, bool keep)
{
	const struct lateral *set = job->set;
	size_t at = 0;
	for (size_t q = 0; q < job->data.pairs; q++) {
		size_t p = lateral_pair_index(set, job->target[q], job->source[q]);
		job->data.first[q] = at;
		for (size_t t = 0; t < set->taps; t++) {
			double x = set->dx[t] + set->pair[p].x, y = set->dy[t] + set->pair[p].y;
			if (x * x + y * y > disc(set) * disc(set))
				continue;
			for (size_t k = 0; k < job->kernels && keep; k++)
				job->data.tap[at].w[k] =
				    (float)(job->w[k][p * set->taps + t] / job->largest[k]);
			if (keep)
				job->tap[at] = t;
			at++;
		}
	}
	return job->data.first[job->data.pairs] = at;
}

/* Where the taps are when the units carry the Gabors of others (order; NULL: their own). */
static void place_taps(struct job *job, const size_t *order, bool rotated)
{
	const struct lateral *set = job->set;
	job->rotated = rotated;
	for (size_t q = 0; q < job->data.pairs; q++) {
		size_t i = job->target[q], j = job->source[q], a = order ? order[i] : i;
		const struct lateral_pair *where = &set->pair[lateral_pair_index(set, i, j)];
		const struct lateral_pair *label =
		    &set->pair[lateral_pair_index(set, a, order ? order[j] : j)];
		double theta = rotated ? set->unit[a].gabor.theta : 0, c = cos(theta),
		       s = sin(theta);
		job->data.dtheta[q] = label->dtheta;
		for (size_t e = job->data.first[q]; e < job->data.first[q + 1]; e++) {
			double x = set->dx[job->tap[e]] + where->x,
			       y = set->dy[job->tap[e]] + where->y;
			double phase = label->phase + label->phase_x * x + label->phase_y * y;
			struct predictor_tap *tap = &job->data.tap[e];
			tap->along = (float)(c * x + s * y);
			tap->across = (float)(-s * x + c * y);
			tap->cosine = (float)cos(phase);
			tap->sine = (float)sin(phase);
		}
	}
}

static int draw_folds(struct job *job, uint64_t seed)
{
	size_t n = job->set->n, folds = n < FOLDS ? n : FOLDS,
	       *order = mem_alloc(n, sizeof(*order));
	if (!order)
		return -1;
	struct rng rng = rng_start(seed, RNG_HALVES, 1, 0);
	rng_permutation(&rng, order, n);
	for (size_t i = 0; i < n; i++)
		job->fold[order[i]] = i % folds;
	for (size_t h = 0; h < folds; h++)
		for (size_t g = 0; g <= h; g++) {
			job->low[job->blocks] = g;
			job->high[job->blocks++] = h;
		}
	free(order);
	return 0;
}

static int job_make(struct job *job, uint64_t seed, size_t threads)
{
	size_t n = job->set->n, pairs = n * (n - 1);
	job->fold = mem_alloc(n, sizeof(*job->fold));
	job->target = mem_alloc(2 * pairs, sizeof(*job->target));
	job->data.dtheta = mem_alloc(pairs, sizeof(double));
	job->data.first = mem_alloc(pairs + 1, sizeof(size_t));
	job->predictor = mem_alloc(threads, sizeof(*job->predictor));
	job->moments[0] = mem_alloc(TURNS * KERNELS * n * n, sizeof(struct moments));
	if (!job->fold || !job->target || !job->data.dtheta || !job->data.first ||
	    !job->predictor || !job->moments[0] || draw_folds(job, seed))
		return -1;
	job->moments[1] = job->moments[0] + KERNELS * n * n;
	job->source = job->target + pairs;
	job->data.units = n;
	job->data.weights = job->kernels;
	job->data.pairs = pairs;
	job->data.target = job->target;
	job->data.source = job->source;
	for (size_t p = 0, q = 0; p < n * n; p++)
		if (p / n != p % n) {
			job->target[q] = p / n;
			job->source[q++] = p % n;
			for (size_t k = 0; k < job->kernels; k++)
				for (size_t t = 0; t < job->set->taps; t++)
					job->largest[k] = fmax(job->largest[k],
					    fabs(job->w[k][p * job->set->taps + t]));
		}
	size_t taps = find_taps(job, false);
	job->data.tap = mem_alloc(taps, sizeof(*job->data.tap));
	job->tap = mem_alloc(taps, sizeof(*job->tap));
	if (!job->data.tap || !job->tap)
		return -1;
	for (size_t k = 0; k < job->kernels; k++)
		job->largest[k] = job->largest[k] > 0 ? job->largest[k] : INFINITY;
	find_taps(job, true);
	for (size_t t = 0; t < threads; t++)
		if (!(job->predictor[t] = predictor_create(disc(job->set), job->kernels)))
			return -1;
	return 0;
}

/* The pairs of one block, from the pairs that share no fold with it. */
static int predict_block(size_t block, size_t worker, void *argument)
{
	struct job *job = argument;
	const struct lateral *set = job->set;
	struct predictor *predictor = job->predictor[worker];
	size_t g = job->low[block], h = job->high[block], n = set->n, count = 0;
	size_t *width = job->width[!job->rotated][block];
	size_t *train = mem_alloc(job->data.pairs, sizeof(*train));
	float *value = mem_alloc(KERNELS * set->taps, sizeof(*value));
	int status = train && value ? 0 : -1;
	for (size_t q = 0; q < job->data.pairs && status == 0; q++) {
		size_t a = job->fold[job->target[q]], b = job->fold[job->source[q]];
		if (a != g && a != h && b != g && b != h)
			train[count++] = q;
	}
	if (status == 0 && job->choose)
		status = predictor_learn(predictor, &job->data, train, count, width);
	else if (status == 0)
		predictor_learn_at(predictor, &job->data, train, count, width);
	for (size_t q = 0; q < job->data.pairs && status == 0; q++) {
		size_t i = job->target[q], j = job->source[q], first = job->data.first[q];
		size_t a = job->fold[i], b = job->fold[j];
		if (!((a == g && b == h) || (a == h && b == g)))
			continue;
		predictor_predict(predictor, &job->data, q, set->taps, value);
		for (size_t k = 0; k < job->kernels; k++) {
			struct moments m = {0};
			for (size_t t = first; t < job->data.first[q + 1]; t++) {
				double w = (double)job->data.tap[t].w[k];
				double f = (double)value[k * set->taps + t - first];
				m.n++;
				m.k += w;
				m.kk += w * w;
				m.f += f;
				m.ff += f * f;
				m.kf += w * f;
				if (k == 0 && job->prediction)
					job->prediction[(i * n + j) * set->taps + job->tap[t]] =
					    f * job->largest[0];
			}
			job->moments[!job->rotated][(k * n + i) * n + j] = m;
		}
	}
	free(train);
	free(value);
	return status;
}

enum { INVARIANT, UNROTATED, LEAD, ROWS };
static const char *const names[ROWS] = {"Q_inv", "Q_unrotated", "Q_lead"};

/* The rows of every kernel from the moments of its pairs, times f (n, n; NULL: once each), into out (KERNELS, ROWS). */
static void rows_of(const struct job *job, const double *f, double *out)
{
	size_t pairs = job->set->n * job->set->n;
	for (size_t k = 0; k < job->kernels; k++) {
		double r[TURNS];
		for (size_t turn = 0; turn < TURNS; turn++) {
			struct moments sum = {0};
			for (size_t p = 0; p < pairs; p++) {
				double x = f ? f[p] : 1;
				const struct moments *m = &job->moments[turn][k * pairs + p];
				sum.n += x * m->n, sum.k += x * m->k, sum.kk += x * m->kk;
				sum.f += x * m->f, sum.ff += x * m->ff, sum.kf += x * m->kf;
			}
			r[turn] = correlation(&sum);
		}
		out[k * ROWS + INVARIANT] = r[0];
		out[k * ROWS + UNROTATED] = r[1];
		out[k * ROWS + LEAD] = r[0] - r[1];
	}
}

static int bootstrap(size_t b, size_t worker, void *argument)
{
	(void)worker;
	struct job *job = argument;
	size_t n = job->set->n;
	double *times = mem_alloc(n + n * n, sizeof(*times));
	if (!times)
		return -1;
	resample_pairs(job->plan->seed, job->plan->bootstrap, b, n, times, times + n);
	rows_of(job, times + n, job->boot + b * KERNELS * ROWS);
	free(times);
	return 0;
}

/* Both turns, at the Gabors as they are or in another order. */
static int predict(struct job *job, const size_t *order, size_t threads)
{
	for (int turn = 0; turn < TURNS; turn++) {
		place_taps(job, order, turn == 0);
		if (par_for(job->blocks, threads, predict_block, job))
			return -1;
	}
	return 0;
}

/* values and chance (KERNELS, ROWS), samples */
static int run(struct job *job, size_t threads, double *value, double *chance)
{
	size_t n = job->set->n, *order = mem_alloc(n, sizeof(*order)), orders = INVARIANCE_ORDERS;
	const struct lateral_plan *plan = job->plan;
	double sample[KERNELS * ROWS] = {0};
	int status = order ? 0 : -1;
	job->choose = true;
	if (status == 0 && !(status = predict(job, NULL, threads))) {
		rows_of(job, NULL, value);
		status = par_for(
		    plan->bootstrap + resample_dyads(plan->bootstrap), threads, bootstrap, job);
	}
	job->choose = false;
	orders = plan->invariance_permutations < orders ? plan->invariance_permutations : orders;
	for (size_t b = 0; b < orders && status == 0; b++) {
		resample_order(plan->seed, b, 2, n, order);
		status = predict(job, order, threads);
		rows_of(job, NULL, sample);
		for (size_t q = 0; q < job->kernels * ROWS; q++)
			chance[q] = (b ? chance[q] : 0) + sample[q] / (double)orders;
	}
	free(order);
	return status;
}

/* p of the rows (KERNELS, ROWS) */
static int test(struct job *job, size_t threads, double *p)
{
	size_t count = job->plan->invariance_permutations;
	enum { STRIDE = EXCHANGE_KERNELS * EXCHANGE_ROWS };
	double *t = mem_alloc((count + 1) * STRIDE, sizeof(*t));
	double *lead = mem_alloc(count + 1, sizeof(*lead));
	int status = t && lead ? exchange_run(job->set, job->kernels, job->w, job->plan->seed,
				     count, threads, t)
			       : -1;
	for (size_t k = 0; k < job->kernels && status == 0; k++) {
		const double *x = t + k * EXCHANGE_ROWS;
		for (size_t b = 0; b <= count; b++)
			lead[b] = x[b * STRIDE] - x[b * STRIDE + 1];
		for (size_t row = 0; row < EXCHANGE_ROWS; row++)
			p[k * ROWS + row] = resample_chance(
			    x[row], x + STRIDE + row, count, STRIDE, RESAMPLE_GREATER)
						.p;
		p[k * ROWS + LEAD] =
		    resample_chance(lead[0], lead + 1, count, 1, RESAMPLE_GREATER).p;
	}
	free(t);
	free(lead);
	return status;
}

int lateral_invariance(const struct lateral *set, size_t kernels, const char *const *kernel,
    const double *const *w, const struct lateral_plan *plan, struct report *report)
{
	size_t threads = par_threads(plan->threads);
	size_t samples = plan->bootstrap + resample_dyads(plan->bootstrap);
	double value[KERNELS * ROWS], chance[KERNELS * ROWS], p[KERNELS * ROWS];
	struct job job = {.set = set, .kernels = kernels, .w = w, .plan = plan};
	int status = -1;
	for (size_t q = 0; q < KERNELS * ROWS; q++)
		value[q] = chance[q] = p[q] = NAN;
	job.boot = mem_alloc(samples * KERNELS * ROWS, sizeof(double));
	if (!job.boot || job_make(&job, plan->seed, threads) ||
	    (set->n >= 4 && (run(&job, threads, value, chance) || test(&job, threads, p))))
		goto out;
	status = 0;
	for (size_t k = 0; k < kernels; k++)
		for (size_t q = k * ROWS; q < (k + 1) * ROWS && status == 0; q++) {
			struct report_row row = {.kernel = kernel[k],
			    .part = LATERAL_SIGNED,
			    .quantity = names[q % ROWS],
			    .value = value[q],
			    .chance = chance[q],
			    .p = isnan(value[q]) ? NAN : p[q],
			    .n = set->n * (set->n - 1)};
			status = resample_pair_interval(value[q], job.boot + q, set->n,
				     plan->bootstrap, KERNELS * ROWS, .95, &row.low, &row.high) ||
					 report_add(report, row)
				     ? -1
				     : 0;
		}
out:
	job_free(&job, threads);
	free(job.boot);
	return status;
}

int lateral_predict(
    const struct lateral *set, const double *w, bool rotated, uint64_t seed, double *prediction)
{
	if (set->n < 4)
		return err_set(
		    "prediction: %zu usable filters, leaving filters out needs 4", set->n);
	struct job job = {
	    .set = set, .kernels = 1, .w = &w, .prediction = prediction, .choose = true};
	memset(prediction, 0, set->n * set->n * set->taps * sizeof(*prediction));
	int status = job_make(&job, seed, 1);
	if (status == 0) {
		place_taps(&job, NULL, rotated);
		status = par_for(job.blocks, 1, predict_block, &job);
	}
	job_free(&job, 1);
	return status;
}
