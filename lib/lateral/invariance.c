#include "lateral/invariance.h"
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "stats/resample.h"

/* what a cell sums over its taps: c, s cosine and sine of dphase, k weight */
enum { N, C, S, CC, CS, K, KC, KS, SUMS };

enum {
	ANGLES = INVARIANCE_ANGLES,
	REACH = 2,
	BLOCKS_MAX = INVARIANCE_FOLDS * (INVARIANCE_FOLDS + 1) / 2
};

/* the model of a place: K = a + b cos dphase + c sin dphase */
struct place {
	float a, b, c;
};

struct space {
	const struct lateral *set;
	bool rotated;
	double radius; /* px: taps beyond it are left out */
	size_t half, side,
	    cells; /* cells: ANGLES x side x side; one more collects what is left out */
	size_t folds, blocks;
	size_t *fold;          /* (n) */
	double *cosine, *sine; /* (n) of theta */
	const float *w;        /* (n, n, taps) */
};

struct scratch {
	float *grid;         /* (blocks, cells + 1, SUMS) */
	float *train;        /* (cells, SUMS) */
	float *blur;         /* (cells, SUMS) */
	struct place *place; /* (cells + 1) */
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

static size_t block_of(size_t g, size_t h)
{
	size_t low = g < h ? g : h, high = g < h ? h : g;
	return high * (high + 1) / 2 + low;
}

static void space_free(struct space *space)
{
	free(space->fold);
	free(space->cosine);
	free(space->sine);
}

static int space_make(
    struct space *space, const struct lateral *set, const float *w, bool rotated, uint64_t seed)
{
	*space = (struct space){.set = set, .rotated = rotated, .w = w};
	space->folds = set->n < INVARIANCE_FOLDS ? set->n : INVARIANCE_FOLDS;
	space->blocks = space->folds * (space->folds + 1) / 2;
	space->radius = (double)(set->k / 2) + .5;
	space->half = set->k / 2 + 1;
	space->side = 2 * space->half + 1;
	space->cells = ANGLES * space->side * space->side;
	space->fold = mem_alloc(set->n, sizeof(*space->fold));
	space->cosine = mem_alloc(set->n, sizeof(double));
	space->sine = mem_alloc(set->n, sizeof(double));
	size_t *order = mem_alloc(set->n, sizeof(*order));
	if (!space->fold || !space->cosine || !space->sine || !order) {
		space_free(space);
		free(order);
		return -1;
	}
	struct rng rng = rng_start(seed, RNG_HALVES, 1, 0);
	rng_permutation(&rng, order, set->n);
	for (size_t i = 0; i < set->n; i++) {
		space->fold[order[i]] = i % space->folds;
		space->cosine[i] = cos(set->unit[i].gabor.theta);
		space->sine[i] = sin(set->unit[i].gabor.theta);
	}
	free(order);
	return 0;
}

static void scratch_free(struct scratch *scratch)
{
	free(scratch->grid);
	free(scratch->train);
	free(scratch->blur);
	free(scratch->place);
	*scratch = (struct scratch){0};
}

static int scratch_make(struct scratch *scratch, const struct space *space)
{
	scratch->grid = mem_alloc(space->blocks * (space->cells + 1) * SUMS, sizeof(float));
	scratch->train = mem_alloc(space->cells * SUMS, sizeof(float));
	scratch->blur = mem_alloc(space->cells * SUMS, sizeof(float));
	scratch->place = mem_alloc(space->cells + 1, sizeof(struct place));
	if (scratch->grid && scratch->train && scratch->blur && scratch->place)
		return 0;
	scratch_free(scratch);
	return -1;
}

static size_t angle_bin(double dtheta)
{
	double bin = floor((dtheta / LATERAL_PI + .5) * ANGLES);
	return (size_t)fmin(fmax(bin, 0), ANGLES - 1);
}

/* The taps of pair (i, j) when its units carry the Gabors of a and b: cell, cosine and sine of dphase, each (taps). */
static void trace(const struct space *space, size_t i, size_t j, size_t a, size_t b, uint32_t *cell,
    float *c, float *s)
{
	const struct lateral *set = space->set;
	const struct lateral_pair *where = &set->pair[i * set->n + j];
	const struct lateral_pair *label = &set->pair[a * set->n + b];
	double co = space->rotated ? space->cosine[a] : 1, si = space->rotated ? space->sine[a] : 0;
	size_t plane = angle_bin(label->dtheta) * space->side * space->side, k = set->k;
	double half = (double)space->half + .5;
	double cx = cos(label->phase_x), sx = sin(label->phase_x); /* a step to the right */
	for (size_t r = 0; r < k; r++) {
		double y = set->dy[r * k] + where->y, x = set->dx[r * k] + where->x;
		double phase = label->phase + label->phase_x * x + label->phase_y * y;
		double pc = cos(phase), ps = sin(phase);
		double xx = x, left = space->radius * space->radius - y * y;
		double qx = co * x + si * y + half, qy = -si * x + co * y + half;
		for (size_t t = r * k; t < (r + 1) * k; t++) {
			size_t at = space->cells;
			if (xx * xx <= left)
				at = plane + (size_t)qy * space->side + (size_t)qx;
			cell[t] = (uint32_t)at;
			xx++;
			c[t] = (float)pc;
			s[t] = (float)ps;
			double next = pc * cx - ps * sx;
			ps = pc * sx + ps * cx;
			pc = next;
			qx += co;
			qy -= si;
		}
	}
}

struct buffers {
	uint32_t *cell;
	float *c, *s;
};

static int buffers_make(struct buffers *buffers, size_t taps)
{
	buffers->cell = mem_alloc(taps, sizeof(*buffers->cell));
	buffers->c = mem_alloc(taps, sizeof(float));
	buffers->s = mem_alloc(taps, sizeof(float));
	return buffers->cell && buffers->c && buffers->s ? 0 : -1;
}

static void buffers_free(struct buffers *buffers)
{
	free(buffers->cell);
	free(buffers->c);
	free(buffers->s);
}

static void fill(const struct space *space, const size_t *order, struct scratch *scratch,
    struct buffers *buffers)
{
	const struct lateral *set = space->set;
	size_t n = set->n;
	memset(scratch->grid, 0, space->blocks * (space->cells + 1) * SUMS * sizeof(float));
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			if (i == j)
				continue;
			float *grid = scratch->grid + block_of(space->fold[i], space->fold[j]) *
							  (space->cells + 1) * SUMS;
			const float *w = space->w + (i * n + j) * set->taps;
			trace(space, i, j, order ? order[i] : i, order ? order[j] : j,
			    buffers->cell, buffers->c, buffers->s);
			for (size_t t = 0; t < set->taps; t++) {
				float *sum = grid + (size_t)buffers->cell[t] * SUMS;
				float c = buffers->c[t], s = buffers->s[t], k = w[t];
				sum[N] += 1;
				sum[C] += c;
				sum[S] += s;
				sum[CC] += c * c;
				sum[CS] += c * s;
				sum[K] += k;
				sum[KC] += k * c;
				sum[KS] += k * s;
			}
		}
}

/* to += f * from over n numbers */
static void add(float *to, const float *from, float f, size_t n)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++)
		to[i] += f * from[i];
}

/* smoothing along the middle axis of (outer, length, inner) */
static void smooth(float *out, const float *in, size_t outer, size_t length, size_t inner,
    const float *weight, size_t reach)
{
	for (size_t o = 0; o < outer; o++)
		for (size_t l = 0; l < length; l++) {
			float *to = out + (o * length + l) * inner;
			memset(to, 0, inner * sizeof(*to));
			size_t from = l > reach ? l - reach : 0;
			for (size_t m = from; m < length && m <= l + reach; m++)
				add(to, in + (o * length + m) * inner,
				    weight[m > l ? m - l : l - m], inner);
		}
}

/* the model of every place from the taps summed in train, for a pair of folds */
static void regress(const struct space *space, struct scratch *scratch)
{
	float near[REACH + 1], angle[2] = {1, .25F};
	size_t side = space->side, plane = side * side;
	for (size_t d = 0; d <= REACH; d++)
		near[d] = (float)exp(-(double)(d * d) / (2 * INVARIANCE_SIGMA * INVARIANCE_SIGMA));
	float *a = scratch->train, *b = scratch->blur;
	if (space->rotated) { /* both frames of the target */
		static const float flip[SUMS] = {1, 1, -1, 1, -1, 1, 1, -1};
		for (size_t p = 0; p < ANGLES; p++)
			for (size_t x = 0; x <= plane / 2; x++) {
				float *one = a + (p * plane + x) * SUMS;
				float *two = a + (p * plane + plane - 1 - x) * SUMS;
				for (size_t q = 0; q < SUMS; q++) {
					float sum = one[q] + flip[q] * two[q];
					one[q] = sum;
					two[q] = flip[q] * sum;
				}
			}
	}
	smooth(b, a, ANGLES * side, side, SUMS, near, REACH);
	smooth(a, b, ANGLES, side, side * SUMS, near, REACH);
	smooth(b, a, 1, ANGLES, plane * SUMS, angle, 1);
	for (size_t p = 0; p < space->cells; p++) {
		const float *u = b + p * SUMS;
		struct place *place = &scratch->place[p];
		*place = (struct place){0, 0, 0};
		if (!(u[N] > 0))
			continue;
		/* normal equations of 1, c, s; a unit tap's worth of ridge keeps the phase terms bounded */
		double n = u[N], c = u[C], s = u[S], ridge = 1;
		double cc = u[CC] - c * c / n + ridge, cs = u[CS] - c * s / n;
		double ss = n - u[CC] - s * s / n + ridge;
		double kc = u[KC] - u[K] * c / n, ks = u[KS] - u[K] * s / n;
		double det = cc * ss - cs * cs;
		double f = (kc * ss - ks * cs) / det, g = (ks * cc - kc * cs) / det;
		*place = (struct place){(float)((u[K] - f * c - g * s) / n), (float)f, (float)g};
	}
}

/* the sums a pair of folds is predicted from */
static void gather(const struct space *space, struct scratch *scratch, size_t g, size_t h)
{
	memset(scratch->train, 0, space->cells * SUMS * sizeof(float));
	for (size_t q = 0; q < space->folds; q++)
		for (size_t p = 0; p <= q; p++)
			if (p != g && p != h && q != g && q != h)
				add(scratch->train,
				    scratch->grid + block_of(p, q) * (space->cells + 1) * SUMS, 1,
				    space->cells * SUMS);
}

/* r of weights and predictions: everything it needs of the weights is in the cells, but their squares */
static double score(const struct space *space, const size_t *order, double squares,
    struct scratch *scratch, struct buffers *buffers)
{
	struct moments m = {.kk = squares};
	fill(space, order, scratch, buffers);
	for (size_t h = 0; h < space->folds; h++)
		for (size_t g = 0; g <= h; g++) {
			const float *held =
			    scratch->grid + block_of(g, h) * (space->cells + 1) * SUMS;
			gather(space, scratch, g, h);
			regress(space, scratch);
			for (size_t p = 0; p < space->cells; p++) {
				const float *u = held + p * SUMS;
				if (!(u[N] > 0))
					continue;
				double a = scratch->place[p].a, b = scratch->place[p].b;
				double c = scratch->place[p].c, ss = u[N] - u[CC];
				m.n += u[N];
				m.k += u[K];
				m.f += a * u[N] + b * u[C] + c * u[S];
				m.kf += a * u[K] + b * u[KC] + c * u[KS];
				m.ff += a * a * u[N] + b * b * u[CC] + c * c * ss +
					2 * (a * b * u[C] + a * c * u[S] + b * c * u[CS]);
			}
		}
	return correlation(&m);
}

/* predictions tap by tap (NULL: not wanted) and moments by pair (NULL: not wanted), at the true labels */
static void predictions(const struct space *space, struct scratch *scratch, struct buffers *buffers,
    double *prediction, struct moments *moments)
{
	const struct lateral *set = space->set;
	size_t n = set->n;
	fill(space, NULL, scratch, buffers);
	for (size_t h = 0; h < space->folds; h++)
		for (size_t g = 0; g <= h; g++) {
			gather(space, scratch, g, h);
			regress(space, scratch);
			for (size_t i = 0; i < n; i++)
				for (size_t j = 0; j < n; j++) {
					if (i == j || block_of(space->fold[i], space->fold[j]) !=
							  block_of(g, h))
						continue;
					size_t at = (i * n + j) * set->taps;
					trace(space, i, j, i, j, buffers->cell, buffers->c,
					    buffers->s);
					struct moments m = {0};
					for (size_t t = 0; t < set->taps; t++) {
						if (buffers->cell[t] == space->cells)
							continue;
						struct place u = scratch->place[buffers->cell[t]];
						double k = space->w[at + t];
						double f =
						    u.a + u.b * buffers->c[t] + u.c * buffers->s[t];
						m.n++;
						m.k += k;
						m.kk += k * k;
						m.f += f;
						m.ff += f * f;
						m.kf += k * f;
						if (prediction)
							prediction[at + t] = f;
					}
					if (moments)
						moments[i * n + j] = m;
				}
		}
}

struct permute_job {
	const struct space *space;
	const struct lateral_plan *plan;
	double squares;
	struct scratch *scratch; /* (threads) */
	struct buffers *buffers; /* (threads) */
	double *sample;
};

static int permute(size_t b, size_t worker, void *argument)
{
	struct permute_job *job = argument;
	size_t n = job->space->set->n, *order = mem_alloc(n, sizeof(*order));
	if (!order)
		return -1;
	resample_order(job->plan->seed, b, 2, n, order);
	job->sample[b] =
	    score(job->space, order, job->squares, &job->scratch[worker], &job->buffers[worker]);
	free(order);
	return 0;
}

static int interval(const struct moments *moments, size_t n, const struct lateral_plan *plan,
    struct report_row *row)
{
	double *sample = mem_alloc(plan->bootstrap, sizeof(*sample));
	double *times = mem_alloc(n, sizeof(*times));
	int status = -1;
	if (sample && times) {
		for (size_t b = 0; b < plan->bootstrap; b++) {
			struct moments sum = {0};
			resample_times(plan->seed, b, n, times);
			for (size_t p = 0; p < n * n; p++) {
				double f = times[p / n] * times[p % n];
				const struct moments *m = &moments[p];
				sum.n += f * m->n, sum.k += f * m->k, sum.kk += f * m->kk;
				sum.f += f * m->f, sum.ff += f * m->ff, sum.kf += f * m->kf;
			}
			sample[b] = correlation(&sum);
		}
		status = resample_interval(sample, plan->bootstrap, 1, .95, &row->low, &row->high);
	}
	free(sample);
	free(times);
	return status;
}

static int row_for(const struct lateral *set, const float *w, bool rotated,
    const struct lateral_plan *plan, struct report_row *row)
{
	struct space space;
	size_t threads = par_threads(plan->threads), n = set->n;
	int status = -1;
	if (space_make(&space, set, w, rotated, plan->seed))
		return -1;
	struct scratch *scratch = mem_alloc(threads, sizeof(*scratch));
	struct buffers *buffers = mem_alloc(threads, sizeof(*buffers));
	struct moments *moments = mem_alloc(n * n, sizeof(*moments));
	double *sample = mem_alloc(plan->invariance_permutations, sizeof(*sample));
	if (!scratch || !buffers || !moments || !sample)
		goto out;
	for (size_t t = 0; t < threads; t++)
		if (scratch_make(&scratch[t], &space) || buffers_make(&buffers[t], set->taps))
			goto out;
	predictions(&space, &scratch[0], &buffers[0], NULL, moments);
	double squares = 0;
	for (size_t p = 0; p < n * n; p++)
		squares += moments[p].kk;
	struct permute_job job = {&space, plan, squares, scratch, buffers, sample};
	row->value = score(&space, NULL, squares, &scratch[0], &buffers[0]);
	if (par_for(plan->invariance_permutations, threads, permute, &job))
		goto out;
	struct resample_chance chance =
	    resample_chance(row->value, sample, plan->invariance_permutations, 1, RESAMPLE_GREATER);
	row->chance = chance.mean;
	row->p = chance.p;
	status = interval(moments, n, plan, row);
out:
	for (size_t t = 0; t < threads && scratch && buffers; t++) {
		scratch_free(&scratch[t]);
		buffers_free(&buffers[t]);
	}
	free(scratch);
	free(buffers);
	free(moments);
	free(sample);
	space_free(&space);
	return status;
}

/* weights in single precision, the largest 1 (a correlation has no scale); *largest what that was */
static float *single(const struct lateral *set, const double *w, double *largest)
{
	size_t total = set->n * set->n * set->taps;
	float *copy = mem_alloc(total, sizeof(*copy));
	*largest = 0;
	for (size_t p = 0; copy && p < total; p++)
		if (p / set->taps / set->n != p / set->taps % set->n)
			*largest = fmax(*largest, fabs(w[p]));
	for (size_t p = 0; copy && *largest > 0 && p < total; p++)
		if (p / set->taps / set->n != p / set->taps % set->n)
			copy[p] = (float)(w[p] / *largest);
	return copy;
}

int lateral_invariance(const struct lateral *set, const char *kernel, const double *w,
    const struct lateral_plan *plan, struct report *report)
{
	double largest;
	float *copy = single(set, w, &largest);
	if (!copy)
		return -1;
	int status = 0;
	for (int rotated = 1; rotated >= 0 && !status; rotated--) {
		struct report_row row = {.kernel = kernel,
		    .part = LATERAL_SIGNED,
		    .quantity = rotated ? "Q_inv" : "Q_unrotated",
		    .value = NAN,
		    .low = NAN,
		    .high = NAN,
		    .chance = NAN,
		    .p = NAN,
		    .n = set->n * (set->n - 1)};
		if (set->n >= 4 && largest > 0)
			status = row_for(set, copy, rotated, plan, &row);
		if (!status)
			status = report_add(report, row);
	}
	free(copy);
	return status;
}

int lateral_predict(
    const struct lateral *set, const double *w, bool rotated, uint64_t seed, double *prediction)
{
	if (set->n < 4)
		return err_set(
		    "prediction: %zu usable filters, leaving filters out needs 4", set->n);
	double largest;
	float *copy = single(set, w, &largest);
	struct space space;
	struct scratch scratch = {0};
	struct buffers buffers = {0};
	int status = -1;
	if (!copy || space_make(&space, set, copy, rotated, seed)) {
		free(copy);
		return -1;
	}
	if (!scratch_make(&scratch, &space) && !buffers_make(&buffers, set->taps)) {
		memset(prediction, 0, set->n * set->n * set->taps * sizeof(*prediction));
		predictions(&space, &scratch, &buffers, prediction, NULL);
		for (size_t p = 0; p < set->n * set->n * set->taps; p++)
			prediction[p] *= largest;
		status = 0;
		scratch_free(&scratch);
	}
	buffers_free(&buffers);
	free(copy);
	space_free(&space);
	return status;
}
