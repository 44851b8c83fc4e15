/* Surveys: see survey.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "fit/bank.h"
#include "fit/surrogate.h"
#include "fit/survey.h"
#include "stats/aicc.h"
#include "table/table.h"

#define LEVEL .95

static const enum blob_kind blobs[SURVEY_MODELS] = {
    [SURVEY_GAUSSIAN] = BLOB_ELONGATED, [SURVEY_DOG] = BLOB_DOG, [SURVEY_LOG] = BLOB_LOG};

const char *survey_model_name(enum survey_model model)
{
	static const char *const names[SURVEY_MODELS] = {"gabor", "gaussian", "dog", "log"};
	return names[model];
}

struct worker {
	struct gabor_fitter *gabor;
	struct blob_fitter *blob[SURVEY_MODELS];
	double *scrambled, *profile, *work; /* filter, fitted profile, 4 filters */
};

struct survey {
	struct survey_options options;
	struct extent k1, k; /* the filters' and the fitted profiles' size */
	struct surrogate_plan *plan;
	struct worker *worker; /* (threads) */
	struct survey_table *table;
	struct population *population;
	/* of the run under way */
	size_t record, first;
	const double *x;
	double *moduli, *r;      /* (count, filter); (count, 1 + surrogates) */
	unsigned char *rejected; /* (count, 1 + surrogates) */
	struct gabor *gabor;     /* (count, 1 + surrogates) */
	struct survey_result *results;
};

struct survey *survey_create(struct extent k, const struct survey_options *options)
{
	struct survey *s = mem_alloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->options = *options;
	s->options.threads = par_threads(options->threads);
	s->k1 = k;
	s->k = options->lgn ? bank_full(k, options->lgn_size) : k;
	s->worker = mem_alloc(s->options.threads, sizeof *s->worker);
	s->plan = surrogate_plan_create(k);
	if (!s->worker || !s->plan)
		goto failed;
	for (size_t i = 0; i < s->options.threads; i++) {
		struct worker *w = &s->worker[i];
		w->gabor = gabor_fitter_create(s->k);
		w->scrambled = mem_alloc(extent_pixels(k), sizeof *w->scrambled);
		w->profile = mem_alloc(extent_pixels(s->k), sizeof *w->profile);
		w->work = mem_alloc(4 * extent_pixels(k), sizeof *w->work);
		if (!w->gabor || !w->scrambled || !w->profile || !w->work)
			goto failed;
		for (size_t m = SURVEY_GAUSSIAN; m < SURVEY_MODELS; m++) {
			if (!(w->blob[m] = blob_fitter_create(blobs[m], true, s->k)))
				goto failed;
		}
	}
	return s;
failed:
	survey_free(s);
	return NULL;
}

void survey_free(struct survey *survey)
{
	if (!survey)
		return;
	for (size_t i = 0; survey->worker && i < survey->options.threads; i++) {
		struct worker *w = &survey->worker[i];
		gabor_fitter_free(w->gabor);
		for (size_t m = 0; m < SURVEY_MODELS; m++)
			blob_fitter_free(w->blob[m]);
		free(w->scrambled);
		free(w->profile);
		free(w->work);
	}
	free(survey->worker);
	surrogate_plan_free(survey->plan);
	free(survey);
}

struct extent survey_size(const struct survey *survey)
{
	return survey->k;
}

void survey_count(struct survey *survey, struct survey_table *table)
{
	survey->table = table;
}

void survey_populate(struct survey *survey, struct population *population)
{
	survey->population = population;
}

/* the profile that is fitted: the filter itself or its effective profile */
static const double *profile_of(const struct survey *s, struct worker *w, const double *filter)
{
	if (!s->options.lgn)
		return filter;
	bank_convolve(s->options.lgn, s->options.lgn_size, filter, s->k1, w->profile);
	return w->profile;
}

/* AICc of all models, NaN of those that are left out, and the one with the smallest. 0 or -1. */
static int compare_models(struct survey *s, struct worker *w, const double *profile,
    const struct gabor_estimate *e, double aiccs[static SURVEY_MODELS], enum survey_model *best)
{
	size_t n = extent_pixels(s->k);
	*best = SURVEY_GABOR;
	aiccs[SURVEY_GABOR] = aicc(n, GABOR_PARAMETERS, e->sse, e->sst);
	for (size_t m = SURVEY_GAUSSIAN; m < SURVEY_MODELS; m++) {
		struct blob blob;
		aiccs[m] = NAN;
		if (!(e->sst > 0) || s->options.gabor_only)
			continue;
		if (blob_fit(w->blob[m], profile, GABOR_TOLERANCE_R, &blob) < 0)
			return -1;
		aiccs[m] = aicc(n, blob.parameters, blob.sse, e->sst);
		if (!(aiccs[*best] <= aiccs[m]))
			*best = (enum survey_model)m;
	}
	return 0;
}

/* Why a fit is not accepted, whatever its r. */
static unsigned reasons_of(const struct survey *s, const struct gabor_estimate *e,
    const struct gabor_errors *errors, enum survey_model best)
{
	unsigned reasons = gabor_degenerate(&e->gabor, s->k);
	if (reasons & GABOR_CONSTANT)
		return reasons;
	if (best == SURVEY_DOG || best == SURVEY_LOG || gabor_undirected(errors->gabor.theta))
		reasons |= GABOR_ROUND;
	if (best == SURVEY_GAUSSIAN)
		reasons |= GABOR_NOT_GABOR;
	return reasons;
}

static struct gabor_errors errors_of(
    const struct survey *s, const struct gabor_estimate *e, double *variance)
{
	*variance = e->sst > 0 ? e->sse / (double)(extent_pixels(s->k) - GABOR_PARAMETERS) : NAN;
	return gabor_errors(&e->gabor, s->k, *variance);
}

static int fit_filter(
    struct survey *s, struct worker *w, const double *profile, struct survey_result *result)
{
	struct gabor_estimate *e = &result->estimate;
	double variance;
	*result = (struct survey_result){.threshold = NAN, .p = NAN};
	if (gabor_fit(w->gabor, profile, GABOR_TOLERANCE, e) < 0 ||
	    compare_models(s, w, profile, e, result->aicc, &result->model) < 0)
		return -1;
	result->r = gabor_estimate_r(e);
	result->r2 = e->sst > 0 ? 1 - e->sse / e->sst : NAN;
	result->errors = errors_of(s, e, &variance);
	result->noise = sqrt(variance);
	result->reasons = reasons_of(s, e, &result->errors, result->model);
	return 0;
}

/* Whether a surrogate is rejected whatever its r; computed only if surrogates are counted. 0, 1 or
 * -1. */
static int rejected(
    struct survey *s, struct worker *w, const double *profile, const struct gabor_estimate *e)
{
	double aiccs[SURVEY_MODELS], variance;
	enum survey_model best;
	if (gabor_degenerate(&e->gabor, s->k))
		return 1;
	if (!s->table && !s->population)
		return 0;
	if (compare_models(s, w, profile, e, aiccs, &best) < 0)
		return -1;
	struct gabor_errors errors = errors_of(s, e, &variance);
	return reasons_of(s, e, &errors, best) != 0;
}

/* One fit: of filter i / (1 + surrogates), itself (0) or one of its surrogates. */
static int fit_one(size_t i, size_t worker, void *argument)
{
	struct survey *s = argument;
	struct worker *w = &s->worker[worker];
	size_t each = 1 + s->options.surrogates, filter = i / each, number = i % each,
	       n1 = extent_pixels(s->k1);
	struct gabor_estimate estimate;
	if (!number) {
		struct survey_result *result = &s->results[filter];
		if (fit_filter(s, w, profile_of(s, w, s->x + filter * n1), result) < 0)
			return err_context("filter %zu", s->first + filter);
		s->r[i] = result->r;
		s->rejected[i] = result->reasons != 0;
		s->gabor[i] = result->estimate.gabor;
		return 0;
	}
	struct rng rng = rng_start(s->options.seed, RNG_SURROGATE, (uint32_t)s->record,
	    (s->first + filter) * s->options.surrogates + number - 1);
	surrogate_draw(s->plan, s->moduli + filter * n1, &rng, w->scrambled, w->work);
	const double *profile = profile_of(s, w, w->scrambled);
	int status = gabor_fit(w->gabor, profile, GABOR_TOLERANCE_R, &estimate);
	if (!status)
		status = rejected(s, w, profile, &estimate);
	if (status < 0)
		return err_context("filter %zu: surrogate %zu", s->first + filter, number - 1);
	s->r[i] = gabor_estimate_r(&estimate);
	s->rejected[i] = status != 0;
	s->gabor[i] = estimate.gabor;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	double p = *(const double *)a, q = *(const double *)b;
	return (p > q) - (p < q);
}

/* the surrogate that stands at a level: the ceil(level (count + 1))-th smallest, counted from 0 */
static size_t rank_of(double level, size_t count)
{
	double rank = ceil(level * ((double)count + 1) - 1e-9);
	return rank < 1 ? 0 : (size_t)rank - 1;
}

/* judge filter i; its surrogates' r are sorted into `sorted` (surrogates) */
static void judge(struct survey *s, size_t i, double *sorted)
{
	size_t count = s->options.surrogates, at = rank_of(LEVEL, count), as_good = 0;
	struct survey_result *result = &s->results[i];
	if (!count || result->reasons & GABOR_CONSTANT)
		return;
	memcpy(sorted, s->r + i * (count + 1) + 1, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, ascending);
	for (size_t k = 0; k < count; k++)
		as_good += sorted[k] >= result->r;
	result->p = (1 + (double)as_good) / (1 + (double)count);
	result->threshold = sorted[size_min(at, count - 1)];
	if (!(result->r > result->threshold))
		result->reasons |= GABOR_SURROGATES;
}

static void count_passes(
    const struct survey *s, size_t i, const double *sorted, struct survey_table *table)
{
	size_t count = s->options.surrogates;
	const double *r = s->r + i * (count + 1);
	const unsigned char *rejected = s->rejected + i * (count + 1);
	if (isnan(r[0]))
		return;
	table->filters++;
	table->surrogates += count;
	for (size_t l = 0; l < SURVEY_LEVELS; l++) {
		struct survey_passes *pass = &table->level[l];
		for (size_t k = 0; k <= count; k++) {
			double level = pass->level;
			if (pass->percentile) {
				/* a surrogate's own place does not count: the others are one fewer */
				size_t at = rank_of(pass->level, k ? count - 1 : count);
				if (at >= (k ? count - 1 : count))
					continue;
				level = sorted[k && r[k] <= sorted[at] ? at + 1 : at];
			}
			if (!(r[k] > level))
				continue;
			pass->above += !k;
			pass->accepted += !k && !rejected[k];
			pass->surrogates_above += !!k;
			pass->surrogates_accepted += k && !rejected[k];
		}
	}
}

void survey_table_start(struct survey_table *table)
{
	static const double levels[SURVEY_LEVELS] = {
	    .5, .6, .7, .8, .9, .95, .99, .5, .55, .6, .65, .7, .75, .8, .85, .9};
	*table = (struct survey_table){0};
	for (size_t l = 0; l < SURVEY_LEVELS; l++)
		table->level[l] = (struct survey_passes){.percentile = l < 7, .level = levels[l]};
}

int survey_table_write(const struct survey_table *table, const char *file)
{
	struct table_out *out =
	    table_create(file, "rule level filters filters_above filters_accepted "
			       "surrogates surrogates_above surrogates_accepted");
	for (size_t l = 0; l < SURVEY_LEVELS && out; l++) {
		const struct survey_passes *pass = &table->level[l];
		table_text(out, pass->percentile ? "surrogates" : "r");
		table_real(out, pass->level);
		table_int(out, (long long)table->filters);
		table_int(out, (long long)pass->above);
		table_int(out, (long long)pass->accepted);
		table_int(out, (long long)table->surrogates);
		table_int(out, (long long)pass->surrogates_above);
		table_int(out, (long long)pass->surrogates_accepted);
	}
	return out ? table_close(out) : -1;
}

int survey_run(struct survey *s, size_t record, size_t first, size_t count, const double *x,
    struct survey_result *results)
{
	size_t each = 1 + s->options.surrogates, n1 = extent_pixels(s->k1), fits;
	double *sorted = NULL;
	int status = -1;
	s->moduli = s->r = NULL;
	s->rejected = NULL;
	s->gabor = NULL;
	if (mem_multiply(count, each, &fits) < 0)
		return -1;
	s->record = record;
	s->first = first;
	s->x = x;
	s->results = results;
	s->moduli = mem_alloc(count, n1 * sizeof *s->moduli);
	s->r = mem_alloc(fits, sizeof *s->r);
	s->rejected = mem_alloc(fits, 1);
	s->gabor = mem_alloc(fits, sizeof *s->gabor);
	sorted = mem_alloc(each, sizeof *sorted);
	if (!s->moduli || !s->r || !s->rejected || !s->gabor || !sorted)
		goto done;
	for (size_t i = 0; i < count && s->options.surrogates; i++)
		surrogate_moduli(s->plan, x + i * n1, s->moduli + i * n1, s->worker[0].work);
	if (par_for(fits, s->options.threads, fit_one, s) < 0)
		goto done;
	for (size_t i = 0; i < count; i++) {
		judge(s, i, sorted);
		if (s->table)
			count_passes(s, i, sorted, s->table);
		for (size_t k = 0; s->population && k < each; k++) {
			bool counts = k ? !s->rejected[i * each + k] : !results[i].reasons;
			if (counts && population_add(s->population, k, &s->gabor[i * each + k]) < 0)
				goto done;
		}
	}
	status = 0;
done:
	free(s->moduli);
	free(s->r);
	free(s->rejected);
	free(s->gabor);
	free(sorted);
	return status;
}
