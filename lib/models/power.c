/* Power by plantings on the residual. */
#include "models/power.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "models/crossval.h"
#include "stats/resample.h"

#define SPLITS ((size_t)POWER_SPLITS)

/* Differences in r that have to be above 0: of the group model beside overlap to overlap alone, the best rival, the co-axial family. */
enum { GAIN, LEAD, COAXIAL, DIFFERENCES };

struct worker {
	float *sign;              /* (dyads) */
	size_t *minus;            /* (dyads): those of a half whose residual changes its sign */
	struct gathered at_minus; /* of these */
	struct gathered
	    planted; /* of a half, with the planted response; its products are not its own */
	struct fitted *fitted;
	struct regression_sums *sums; /* (dyads) */
	double *psi;                  /* (DIFFERENCES, dyads) */
};

struct job {
	const struct design
	    *design; /* the response is y; before it the fit, behind it what may be planted */
	size_t fit, y, part; /* columns; part: the one that is planted */
	size_t model;        /* whose part it is */
	enum design_set set;
	uint64_t seed;
	struct crossval_halves *halves; /* (SPLITS) */
	struct gathered *whole;         /* (SPLITS, 2, MODELS_MOST) */
	struct worker *worker;
	double amount;  /* of the part */
	bool *credited; /* (plantings) */
};

static bool takes_part(const struct job *job, size_t m)
{
	enum model_role role = models[m].role;
	return job->design->sums[m] &&
	       (m == job->model || role == MODEL_RIVAL || role == MODEL_COAXIAL);
}

/* ---- the planted response ---- */

/* The response is y or, where the residual y - fit changes its sign, 2 fit - y; with amount times the part. Over a half, from its sums
 * x of y, fit and part over all its dyads and over those with a changed sign. */
static double planted_sum(
    const struct job *job, double y, double part, double minus_y, double minus_fit)
{
	return y + 2 * (minus_fit - minus_y) + job->amount * part;
}

static void plant_columns(const struct job *job, const struct gathered *whole, struct worker *w)
{
	size_t y = job->y, fit = job->fit, part = job->part;
	double(*to)[DESIGN_COLUMNS] = w->planted.gram[job->set];
	const double(*all)[DESIGN_COLUMNS] = whole->gram[job->set],
	      (*minus)[DESIGN_COLUMNS] = w->at_minus.gram[job->set];
	memcpy(w->planted.gram, whole->gram, sizeof whole->gram);
	for (size_t c = 0; c < fit; c++)
		to[c][y] = to[y][c] =
		    planted_sum(job, all[c][y], all[c][part], minus[c][y], minus[c][fit]);
	to[y][y] = all[y][y] + 4 * (minus[fit][fit] - minus[fit][y]) +
		   job->amount * job->amount * all[part][part] +
		   2 * job->amount * (all[y][part] + 2 * (minus[fit][part] - minus[y][part]));
}

static void plant_model(
    const struct job *job, const struct gathered *whole, size_t minuses, size_t m, struct worker *w)
{
	const struct design *d = job->design;
	const struct basis *basis = &d->bases->of[m];
	size_t padded = basis->padded, row = d->columns * 2 * padded;
	design_gather_linear(d, m, w->minus, minuses, job->fit, 2, w->at_minus.linear);
	w->planted.basis = basis;
	w->planted.products = whole->products;
	memcpy(w->planted.linear, whole->linear,
	    basis->kappa.count * DESIGN_SETS * row * sizeof *whole->linear);
	for (size_t k = 0; k < basis->kappa.count * DESIGN_SETS; k++) {
		const float *all = whole->linear + k * row,
			    *minus = w->at_minus.linear + k * 4 * padded;
		float *to = w->planted.linear + k * row + job->y * 2 * padded;
		for (size_t t = 0; t < 2 * padded; t++)
			to[t] = (float)planted_sum(job, (double)all[job->y * 2 * padded + t],
			    (double)all[job->part * 2 * padded + t], (double)minus[2 * padded + t],
			    (double)minus[t]);
	}
}

/* A dyad's sums of a fit's prediction and the planted response. */
static struct regression_sums planted_sums(const struct job *job, const struct worker *w, size_t q)
{
	const struct design *d = job->design;
	const double *gram = d->gram + (q * DESIGN_SETS + job->set) * d->columns * d->columns;
	const size_t column[] = {job->fit, job->y, job->part};
	const double share[] = {w->sign[q] < 0 ? 2 : 0, w->sign[q] < 0 ? -1 : 1, job->amount};
	struct regression_sums sums = fitted_sums(w->fitted, q);
	sums.y = sums.py = sums.yy = 0;
	for (size_t a = 0; a < 3; a++) {
		if (!(share[a] < 0 || share[a] > 0))
			continue;
		sums.y += share[a] * gram[column[a]];
		sums.py += share[a] * fitted_product(w->fitted, q, column[a]);
		for (size_t b = 0; b < 3; b++)
			sums.yy += share[a] * share[b] * gram[column[a] * d->columns + column[b]];
	}
	return sums;
}

/* ---- a planting ---- */

/* Half of the r of a fit on the test half, and of the dyads' influences on it, into differences with weights by[]. */
static void score(const struct job *job, struct worker *w, const struct crossval_half *test,
    size_t model, const struct fit_task *task, const struct fit *fit, const double by[DIFFERENCES],
    double r[DIFFERENCES])
{
	struct regression_sums all = {0};
	fitted_prepare(w->fitted, job->design, model, task, fit);
	for (size_t q = 0; q < test->dyads; q++) {
		w->sums[q] = planted_sums(job, w, test->dyad[q]);
		regression_sums_add(&all, &w->sums[q]);
	}
	for (size_t k = 0; k < DIFFERENCES; k++)
		r[k] += .5 * by[k] * regression_sums_score(&all);
	for (size_t q = 0; q < test->dyads; q++) {
		double influence = regression_influence(&all, &w->sums[q]);
		for (size_t k = 0; k < DIFFERENCES; k++)
			w->psi[k * job->design->dyads + test->dyad[q]] +=
			    .5 * by[k] * influence / (double)SPLITS;
	}
}

/* One direction of a split: fits beside overlap and their scores. */
static void direction(
    const struct job *job, struct worker *w, size_t split, size_t half, double r[DIFFERENCES])
{
	static const double of_overlap[] = {-1, 0, 0}, of_rival[] = {0, -1, 0},
			    of_coaxial[] = {0, 0, -1}, of_group[] = {1, 1, 1};
	const struct design *d = job->design;
	const struct crossval_half *train = &job->halves[split].half[half],
				   *test = &job->halves[split].half[1 - half];
	const struct gathered *whole = job->whole + (2 * split + half) * MODELS_MOST;
	struct fit_task task = {
	    .base = job->fit, .response = job->y, .locked = true, .set = job->set, .coarse = true};
	struct fit fit[MODELS_MOST];
	size_t minuses = 0, rival = SIZE_MAX;
	for (size_t q = 0; q < train->dyads; q++)
		if (w->sign[train->dyad[q]] < 0)
			w->minus[minuses++] = train->dyad[q];
	design_gather_columns(d, w->minus, minuses, &w->at_minus);
	plant_columns(job, &whole[job->model], w);
	fit[0] = fit_base(&w->planted, &task);
	score(job, w, test, SIZE_MAX, &task, &fit[0], of_overlap, r);
	for (size_t m = 0; m < models_count; m++) {
		if (!takes_part(job, m))
			continue;
		plant_model(job, &whole[m], minuses, m, w);
		fit[m] = fit_best(&w->planted, &task);
		if (models[m].role == MODEL_RIVAL && (rival == SIZE_MAX || fit[m].r > fit[rival].r))
			rival = m;
		if (models[m].role == MODEL_COAXIAL)
			score(job, w, test, m, &task, &fit[m], of_coaxial, r);
		if (m == job->model)
			score(job, w, test, m, &task, &fit[m], of_group, r);
	}
	score(job, w, test, rival, &task, &fit[rival], of_rival, r);
}

static int one_planting(size_t k, size_t worker, void *argument)
{
	const struct job *job = argument;
	struct worker *w = &job->worker[worker];
	const struct design *d = job->design;
	struct rng rng = rng_start(job->seed, RNG_HALVES, 1, k);
	double r[DIFFERENCES][SPLITS] = {{0}};
	bool credited = true;
	for (size_t q = 0; q < d->dyads; q++)
		w->sign[q] = rng_uniform(&rng) < .5 ? -1 : 1;
	memset(w->psi, 0, DIFFERENCES * d->dyads * sizeof *w->psi);
	for (size_t split = 0; split < SPLITS; split++)
		for (size_t half = 0; half < 2; half++) {
			double x[DIFFERENCES] = {0};
			direction(job, w, split, half, x);
			for (size_t i = 0; i < DIFFERENCES; i++)
				r[i][split] += x[i];
		}
	for (size_t i = 0; i < DIFFERENCES; i++)
		credited = credited && split_mean(SPLITS, r[i],
					   resample_influence(w->psi + i * d->dyads, d->set->n),
					   (double)d->set->n - 1)
					       .low > 0;
	job->credited[k] = credited;
	return 0;
}

/* ---- the smallest effect ---- */

/* The variance of a column over taps. */
static double variance(const struct design *d, enum design_set set, size_t column)
{
	double n = 0, sum = 0, squares = 0;
	for (size_t q = 0; q < d->dyads; q++) {
		const double *gram = d->gram + (q * DESIGN_SETS + set) * d->columns * d->columns;
		n += gram[0];
		sum += gram[column];
		squares += gram[column * d->columns + column];
	}
	return squares / n - sum / n * (sum / n);
}

/* Whether POWER_SHARE of the plantings of an effect are credited: 1, 0 or -1. */
static int suffices(struct job *job, double effect, size_t plantings)
{
	size_t count = 0;
	job->amount = effect / sqrt(1 - effect * effect) *
		      sqrt(variance(job->design, job->set, job->y) /
			   variance(job->design, job->set, job->part));
	if (par_for(plantings, job->design->threads, one_planting, job) < 0)
		return -1;
	for (size_t k = 0; k < plantings; k++)
		count += job->credited[k] ? 1 : 0;
	return (double)count >= POWER_SHARE * (double)plantings;
}

/* By halving the range on a scale of ratios, to 12 per cent. */
static int smallest(struct job *job, size_t plantings, double *effect)
{
	double low = POWER_LEAST, high = POWER_MOST;
	int enough = suffices(job, high, plantings);
	*effect = INFINITY;
	while (enough > 0 && high / low > 1.12) {
		double middle = sqrt(low * high);
		int found = suffices(job, middle, plantings);
		if (found < 0)
			return -1;
		if (found)
			high = middle;
		else
			low = middle;
		*effect = high;
	}
	return enough < 0 ? -1 : 0;
}

static void worker_free(struct worker *w)
{
	w->planted.products = NULL;
	gathered_free(&w->at_minus);
	gathered_free(&w->planted);
	free(w->sign);
	free(w->minus);
	free(w->fitted);
	free(w->sums);
	free(w->psi);
}

static int worker_create(struct worker *w, const struct design *d)
{
	w->sign = mem_alloc(d->dyads, sizeof *w->sign);
	w->minus = mem_alloc(d->dyads, sizeof *w->minus);
	w->fitted = mem_alloc(1, sizeof *w->fitted);
	w->sums = mem_alloc(d->dyads, sizeof *w->sums);
	w->psi = mem_alloc(DIFFERENCES * d->dyads, sizeof *w->psi);
	int status =
	    gathered_create(&w->at_minus, d) < 0 || gathered_create(&w->planted, d) < 0 ? -1 : 0;
	free(w->planted.products);
	return w->sign && w->minus && w->fitted && w->sums && w->psi ? status : -1;
}

static int find_all(
    struct job *job, const struct power_plan *plan, const bool *wanted, double *effect)
{
	const struct design *d = job->design;
	size_t part = job->y + 1;
	int status = 0;
	job->halves = mem_alloc(SPLITS, sizeof *job->halves);
	job->whole = mem_alloc(SPLITS * 2 * MODELS_MOST, sizeof *job->whole);
	job->worker = mem_alloc(d->threads, sizeof *job->worker);
	job->credited = mem_alloc(plan->plantings, sizeof *job->credited);
	if (!job->halves || !job->whole || !job->worker || !job->credited)
		status = -1;
	for (size_t t = 0; status == 0 && t < d->threads; t++)
		status = worker_create(&job->worker[t], d);
	for (size_t split = 0; status == 0 && split < SPLITS; split++) {
		status = crossval_halves_create(&job->halves[split], d);
		if (status == 0)
			crossval_divide(&job->halves[split], d, plan->seed, split);
		for (size_t k = 0; status == 0 && k < 2 * models_count; k++) {
			size_t half = k % 2, m = k / 2;
			struct gathered *to = &job->whole[(2 * split + half) * MODELS_MOST + m];
			const struct crossval_half *train = &job->halves[split].half[half];
			if (!d->sums[m])
				continue;
			if ((status = gathered_create(to, d)) < 0)
				break;
			design_gather_columns(d, train->dyad, train->dyads, to);
			design_gather(d, m, train->dyad, train->dyads, to);
		}
	}
	for (size_t m = 0; status == 0 && m < models_count; m++) {
		if (models[m].role != MODEL_GROUP)
			continue;
		job->model = m;
		job->part = part++;
		if (wanted[m])
			status = smallest(job, plan->plantings, &effect[m]);
	}
	for (size_t t = 0; job->worker && t < d->threads; t++)
		worker_free(&job->worker[t]);
	for (size_t split = 0; job->halves && split < SPLITS; split++)
		crossval_halves_free(&job->halves[split]);
	for (size_t k = 0; job->whole && k < SPLITS * 2 * MODELS_MOST; k++)
		gathered_free(&job->whole[k]);
	free(job->halves);
	free(job->whole);
	free(job->worker);
	free(job->credited);
	return status;
}

/* What overlap and the rival that fits all pairs best predict: w (n, n, taps). */
static int best_fit(const struct design *d, enum design_set set, double *w)
{
	struct fit_task task = crossval_task(d, SIGN_BOTH, set, true);
	struct fit best = {.r = -1};
	struct gathered all;
	size_t *every = mem_alloc(d->dyads, sizeof *every), model = SIZE_MAX;
	struct fitted *fitted = mem_alloc(1, sizeof *fitted);
	int status = gathered_create(&all, d) < 0 || !every || !fitted ? -1 : 0;
	for (size_t q = 0; status == 0 && q < d->dyads; q++)
		every[q] = q;
	if (status == 0)
		design_gather_columns(d, every, d->dyads, &all);
	for (size_t m = 0; status == 0 && m < models_count; m++) {
		if (models[m].role != MODEL_RIVAL || !d->sums[m])
			continue;
		design_gather(d, m, every, d->dyads, &all);
		struct fit fit = fit_best(&all, &task);
		if (fit.r > best.r) {
			best = fit;
			model = m;
		}
	}
	if (status == 0 && model != SIZE_MAX) {
		fitted_prepare(fitted, d, model, &task, &best);
		status = fitted_kernel(fitted, w);
	}
	gathered_free(&all);
	free(every);
	free(fitted);
	return status;
}

/* A group model's values in its planted shape: w (n, n, taps). */
static int planted_part(const struct design *d, size_t model, double *w)
{
	struct fit_task task = {.base = 1};
	struct fit fit = {.coefficient = {0, 1}};
	struct fitted *fitted = mem_alloc(1, sizeof *fitted);
	if (!fitted)
		return -1;
	for (size_t a = 0; a < models[model].axes; a++)
		fit.blind.at[a] = models[model].axis[a].coordinate(models[model].planted[a]);
	fitted_prepare(fitted, d, model, &task, &fit);
	int status = fitted_kernel(fitted, w);
	free(fitted);
	return status;
}

int power_find(const struct design *given, enum design_set set, const struct power_plan *plan,
    const bool *wanted, double *effect)
{
	size_t size = given->set->n * given->set->n * given->set->taps, fit = given->overlap + 1,
	       parts = 0;
	struct design d = {.set = given->set,
	    .edges = given->edges,
	    .bases = given->bases,
	    .threads = given->threads,
	    .overlap = given->overlap,
	    .columns = fit};
	double *w[DESIGN_COLUMNS] = {NULL};
	memcpy(d.column, given->column, fit * sizeof *d.column);
	int status = (w[parts++] = mem_alloc(size, sizeof **w)) ? best_fit(given, set, w[0]) : -1;
	d.column[d.columns++] = (struct column){COLUMN_VALUE, w[0]};
	d.column[d.columns++] = (struct column){COLUMN_VALUE, given->set->weight};
	for (size_t m = 0; status == 0 && m < models_count; m++)
		if (models[m].role == MODEL_GROUP) {
			w[parts] = mem_alloc(size, sizeof **w);
			status = w[parts] ? planted_part(given, m, w[parts]) : -1;
			d.column[d.columns++] = (struct column){COLUMN_VALUE, w[parts++]};
		}
	if (status == 0)
		status = design_create(&d);
	struct job job = {.design = &d, .fit = fit, .y = fit + 1, .set = set, .seed = plan->seed};
	if (status == 0)
		status = find_all(&job, plan, wanted, effect);
	design_free(&d);
	for (size_t k = 0; k < parts; k++)
		free(w[k]);
	return status;
}
