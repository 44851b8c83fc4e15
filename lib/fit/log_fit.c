/* Round profiles: see log_fit.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "fit/log_fit.h"
#include "fit/surrogate.h"
#include "stats/aicc.h"

static const struct {
	const char *name;
	enum blob_kind kind;
	bool offset;
} models[LOG_FIT_MODELS] = {[LOG_FIT_LOG] = {"log", BLOB_LOG, false},
    [LOG_FIT_LOG_OFFSET] = {"log_offset", BLOB_LOG, true},
    [LOG_FIT_DOG] = {"dog", BLOB_DOG, false},
    [LOG_FIT_GAUSSIAN] = {"gaussian", BLOB_GAUSSIAN, false},
    [LOG_FIT_DELTA] = {"delta", BLOB_DELTA, false}};

const char *log_fit_model_name(enum log_fit_model model)
{
	return models[model].name;
}

const char *log_fit_reason(unsigned reasons, char text[static REASONS_SIZE])
{
	static const char *const words[] = {"sigma", "dc", "surround", "model", "noise", "zero"};
	return reasons_text(reasons, words, sizeof words / sizeof *words, text);
}

struct worker {
	struct blob_fitter *blob[LOG_FIT_MODELS];
	double *scrambled, *sample, *work; /* (h, w), (h, w), (4, h, w) */
};

struct log_fit_survey {
	struct log_fit_options options;
	struct extent size;
	size_t n; /* pixels */
	struct symmetry_plan *symmetry;
	struct surrogate_plan *surrogate;
	struct worker *worker; /* (threads) */
	struct log_fit_chance white;
	bool white_known; /* it depends on the size only */
	/* of the run under way */
	size_t record, first;
	const double *x;
	double *moduli;                 /* (count, h, w); NULL: white noise */
	double *null_r, *null_symmetry; /* (count, null) */
	struct log_fit_result *results;
};

struct log_fit_survey *log_fit_create(struct extent size, const struct log_fit_options *options)
{
	struct log_fit_survey *s = mem_alloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->options = *options;
	s->options.threads = par_threads(options->threads);
	s->size = size;
	s->n = extent_pixels(size); /* the bank holds at least one such profile */
	s->symmetry = symmetry_plan_create(size);
	s->surrogate = surrogate_plan_create(size);
	s->worker = mem_alloc(s->options.threads, sizeof *s->worker);
	if (!s->symmetry || !s->surrogate || !s->worker)
		goto failed;
	for (size_t i = 0; i < s->options.threads; i++) {
		struct worker *w = &s->worker[i];
		w->scrambled = mem_alloc(s->n, sizeof *w->scrambled);
		w->sample = mem_alloc(s->n, sizeof *w->sample);
		w->work = mem_alloc(4 * s->n, sizeof *w->work);
		if (!w->scrambled || !w->sample || !w->work)
			goto failed;
		for (size_t m = 0; m < LOG_FIT_MODELS; m++) {
			if (!(w->blob[m] =
				    blob_fitter_create(models[m].kind, models[m].offset, size)))
				goto failed;
		}
	}
	return s;
failed:
	log_fit_free(s);
	return NULL;
}

void log_fit_free(struct log_fit_survey *survey)
{
	if (!survey)
		return;
	for (size_t i = 0; survey->worker && i < survey->options.threads; i++) {
		struct worker *w = &survey->worker[i];
		for (size_t m = 0; m < LOG_FIT_MODELS; m++)
			blob_fitter_free(w->blob[m]);
		free(w->scrambled);
		free(w->sample);
		free(w->work);
	}
	free(survey->worker);
	symmetry_plan_free(survey->symmetry);
	surrogate_plan_free(survey->surrogate);
	free(survey);
}

static double correlation(const double *a, const double *b, size_t n)
{
	double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
	for (size_t i = 0; i < n; i++) {
		ma += a[i] / (double)n;
		mb += b[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		aa += (a[i] - ma) * (a[i] - ma);
		bb += (b[i] - mb) * (b[i] - mb);
		ab += (a[i] - ma) * (b[i] - mb);
	}
	return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}

/* Pearson's r of the profile and a LoG */
static double correlation_with(
    const struct log_fit_survey *s, struct worker *w, const double *y, const struct blob *blob)
{
	if (isnan(blob->sigma))
		return NAN;
	blob_sample(BLOB_LOG, blob, s->size, w->sample);
	return correlation(y, w->sample, s->n);
}

static enum log_fit_model chosen(const struct log_fit_survey *s)
{
	return s->options.offset ? LOG_FIT_LOG_OFFSET : LOG_FIT_LOG;
}

static int measure(
    struct log_fit_survey *s, struct worker *w, const double *y, struct log_fit_result *result)
{
	struct blob blob[LOG_FIT_MODELS];
	double mean = 0, sst = 0, squares = 0, largest = 0;
	*result = (struct log_fit_result){.p_r = NAN, .p_symmetry = NAN};
	for (size_t i = 0; i < s->n; i++)
		mean += y[i] / (double)s->n;
	for (size_t i = 0; i < s->n; i++) {
		sst += (y[i] - mean) * (y[i] - mean);
		squares += y[i] * y[i];
		largest = fmax(largest, fabs(y[i]));
	}
	/* of a constant nothing but rounding is left about its mean: it has no r */
	bool constant = !(sst > 1e-24 * largest * largest * (double)s->n);
	result->empty = !(squares > 0);
	for (size_t m = 0; m < LOG_FIT_MODELS; m++) {
		if (blob_fit(w->blob[m], y, BLOB_TOLERANCE, &blob[m]) < 0)
			return -1;
		bool fitted = blob[m].parameters > 0;
		result->aicc[m] =
		    fitted ? aicc(s->n, blob[m].parameters, blob[m].sse, squares) : NAN;
		result->fits[m][0] = fitted && !constant ? 1 - blob[m].sse / sst : NAN;
		result->fits[m][1] = fitted ? blob[m].sigma : NAN;
		if (!(result->aicc[result->model] <= result->aicc[m]))
			result->model = (enum log_fit_model)m;
	}
	result->log = blob[chosen(s)];
	result->r = constant ? NAN : correlation_with(s, w, y, &result->log);
	result->r2 = result->fits[chosen(s)][0];
	result->r_offset = constant ? NAN : correlation_with(s, w, y, &blob[LOG_FIT_LOG_OFFSET]);
	result->symmetry = symmetry_about(s->symmetry, y, result->log.x0, result->log.y0);
	result->dc_ratio = symmetry_dc_ratio(s->symmetry, y);
	result->surround_ratio = symmetry_surround_ratio(y, s->size, result->log.amplitude);
	return 0;
}

static int measure_one(size_t i, size_t worker, void *argument)
{
	struct log_fit_survey *s = argument;
	if (measure(s, &s->worker[worker], s->x + i * s->n, &s->results[i]) < 0)
		return err_context("filter %zu", s->first + i);
	return 0;
}

/* Fit noise profile i % null for profile i / null, and keep r and symmetry. */
static int measure_noise(size_t i, size_t worker, void *argument)
{
	struct log_fit_survey *s = argument;
	struct worker *w = &s->worker[worker];
	size_t profile = i / s->options.null, number = i % s->options.null;
	struct blob blob;
	struct rng rng;
	if (s->moduli) {
		rng = rng_start(s->options.seed, RNG_SURROGATE, (uint32_t)s->record,
		    (s->first + profile) * s->options.null + number);
		surrogate_draw(
		    s->surrogate, s->moduli + profile * s->n, &rng, w->scrambled, w->work);
	} else {
		rng = rng_start(s->options.seed, RNG_NULL, 0, number);
		surrogate_white(s->size, &rng, w->scrambled);
	}
	if (blob_fit(w->blob[chosen(s)], w->scrambled, BLOB_TOLERANCE, &blob) < 0)
		return -1;
	s->null_r[i] = correlation_with(s, w, w->scrambled, &blob);
	/* the symmetry's share of E_0 alone */
	s->null_symmetry[i] = NAN;
	double total = symmetry_total(s->symmetry, w->scrambled);
	if (total > 0 && !isnan(blob.x0))
		s->null_symmetry[i] =
		    symmetry_energy(s->symmetry, w->scrambled, blob.x0, blob.y0, 0) / total;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	double p = *(const double *)a, q = *(const double *)b;
	return (p > q) - (p < q);
}

/* the median and the ceil(.95 (n + 1))-th smallest, NaN where there is none or a value is missing */
static void quantiles(double *x, size_t n, double *median, double *high)
{
	size_t at = (size_t)ceil(.95 * ((double)n + 1) - 1e-9);
	*median = *high = NAN;
	for (size_t i = 0; i < n; i++) {
		if (isnan(x[i]))
			return;
	}
	qsort(x, n, sizeof *x, ascending);
	if (n)
		*median = (x[(n - 1) / 2] + x[n / 2]) / 2;
	if (n && at <= n)
		*high = x[at - 1];
}

static double share_reaching(const double *x, size_t n, double value)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += x[i] >= value;
	return n && !isnan(value) ? (1 + (double)count) / (1 + (double)n) : NAN;
}

static struct log_fit_chance chance_of(double *r, double *symmetry, size_t n)
{
	struct log_fit_chance chance;
	quantiles(r, n, &chance.r, &chance.r_95);
	quantiles(symmetry, n, &chance.symmetry, &chance.symmetry_95);
	return chance;
}

/* NaN is a reason against acceptance, except in the noise's 95 % point, which may be unknown */
static unsigned reasons_of(const struct log_fit_result *s)
{
	double centre = fmin(s->aicc[LOG_FIT_LOG], s->aicc[LOG_FIT_DOG]),
	       blob = fmin(s->aicc[LOG_FIT_GAUSSIAN], s->aicc[LOG_FIT_DELTA]);
	unsigned reasons = 0;
	if (s->empty)
		return LOG_FIT_ZERO;
	if (!(s->log.sigma >= LOG_FIT_SIGMA_MIN))
		reasons |= LOG_FIT_SIGMA;
	if (!(s->dc_ratio <= LOG_FIT_DC_MAX))
		reasons |= LOG_FIT_DC;
	if (!(s->surround_ratio >= LOG_FIT_SURROUND_MIN))
		reasons |= LOG_FIT_SURROUND;
	if (!(centre <= blob))
		reasons |= LOG_FIT_MODEL;
	if (!isnan(s->matched.r_95) && !(s->r > s->matched.r_95))
		reasons |= LOG_FIT_NOISE;
	return reasons;
}

static int white_chance(struct log_fit_survey *s)
{
	if (s->white_known)
		return 0;
	s->moduli = NULL;
	if (par_for(s->options.null, s->options.threads, measure_noise, s) < 0)
		return -1;
	s->white = chance_of(s->null_r, s->null_symmetry, s->options.null);
	s->white_known = true;
	return 0;
}

/* Profiles whose squares and their products would leave the range of doubles are fitted times a power of two; the others as they
 * are. The exponents of the powers; 0: as it is. */
static void scale(double *x, size_t count, size_t n, int *exponent)
{
	for (size_t i = 0; i < count; i++) {
		double largest = 0;
		for (size_t j = 0; j < n; j++)
			largest = fmax(largest, fabs(x[i * n + j]));
		exponent[i] =
		    largest > 0 && (largest < 0x1p-200 || largest > 0x1p200) ? ilogb(largest) : 0;
		for (size_t j = 0; j < n && exponent[i]; j++)
			x[i * n + j] = ldexp(x[i * n + j], -exponent[i]);
	}
}

/* What depends on the scale, in the profile's own. */
static void scale_back(struct log_fit_result *result, size_t n, int exponent)
{
	result->log.amplitude = ldexp(result->log.amplitude, exponent);
	result->log.surround = ldexp(result->log.surround, exponent);
	result->log.offset = ldexp(result->log.offset, exponent);
	result->log.sse = ldexp(result->log.sse, 2 * exponent);
	for (size_t m = 0; m < LOG_FIT_MODELS; m++)
		result->aicc[m] += 2 * (double)n * exponent * M_LN2;
}

int log_fit_run(struct log_fit_survey *s, size_t record, size_t first, size_t count,
    const double *x, struct log_fit_result *results)
{
	size_t null = s->options.null, profiles;
	double *moduli = NULL, *scaled = mem_alloc(count, s->n * sizeof *scaled);
	int status = -1, *exponent = mem_alloc(count, sizeof *exponent);
	if (!scaled || !exponent || mem_multiply(count, null, &profiles) < 0) {
		free(scaled);
		free(exponent);
		return -1;
	}
	memcpy(scaled, x, count * s->n * sizeof *scaled);
	scale(scaled, count, s->n, exponent);
	s->record = record;
	s->first = first;
	s->x = scaled;
	s->results = results;
	moduli = mem_alloc(count, s->n * sizeof *moduli);
	s->null_r = mem_alloc(profiles, sizeof *s->null_r);
	s->null_symmetry = mem_alloc(profiles, sizeof *s->null_symmetry);
	if (!moduli || !s->null_r || !s->null_symmetry)
		goto done;
	if (par_for(count, s->options.threads, measure_one, s) < 0 || white_chance(s) < 0)
		goto done;
	for (size_t i = 0; i < count; i++)
		surrogate_moduli(
		    s->surrogate, scaled + i * s->n, moduli + i * s->n, s->worker[0].work);
	s->moduli = moduli;
	if (par_for(profiles, s->options.threads, measure_noise, s) < 0)
		goto done;
	for (size_t i = 0; i < count; i++) {
		struct log_fit_result *result = &results[i];
		double *r = s->null_r + i * null, *symmetry = s->null_symmetry + i * null;
		result->p_r = share_reaching(r, null, result->r);
		result->p_symmetry = share_reaching(symmetry, null, result->symmetry.symmetry);
		result->matched = chance_of(r, symmetry, null);
		result->white = s->white;
		result->reasons = reasons_of(result);
		if (exponent[i])
			scale_back(result, s->n, exponent[i]);
	}
	status = 0;
done:
	free(moduli);
	free(scaled);
	free(exponent);
	free(s->null_r);
	free(s->null_symmetry);
	return status;
}
