/* Populations: see population.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "fit/population.h"
#include "stats/circular.h"
#include "stats/resample.h"
#include "table/table.h"

/* Ringach 2002: cells by n_x (rows) and n_y (columns) in 5 bins with edges 10^-1 ... 10^0.2, equal in the logarithm */
#define BINS 5
#define BIN_WIDTH .24
static const unsigned ringach[BINS][BINS] = {
    {2, 0, 1, 0, 0}, {8, 9, 4, 1, 0}, {1, 2, 19, 17, 3}, {0, 0, 1, 7, 4}, {0, 0, 0, 0, 0}};

/* De Valois, Albrecht and Thorell 1982: cells by preferred frequency, edges .5 .7 1 1.4 2 2.8 4 5.6 8 cycles per degree:
 * half octaves */
#define HALVES 8
static const unsigned devalois[HALVES] = {4, 4, 8, 25, 32, 26, 28, 12};

struct units {
	struct gabor *unit;
	size_t count, room;
};

struct population {
	size_t banks;
	struct units *bank; /* (banks) */
};

struct population *population_create(size_t banks)
{
	struct population *p = mem_alloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->banks = banks;
	p->bank = mem_alloc(banks, sizeof *p->bank);
	if (p->bank)
		return p;
	free(p);
	return NULL;
}

void population_free(struct population *population)
{
	for (size_t i = 0; population && i < population->banks; i++)
		free(population->bank[i].unit);
	if (population)
		free(population->bank);
	free(population);
}

int population_add(struct population *population, size_t bank, const struct gabor *gabor)
{
	struct units *units = &population->bank[bank];
	if (mem_grow((void **)&units->unit, &units->room, units->count + 1, sizeof *units->unit) <
	    0)
		return -1;
	units->unit[units->count++] = *gabor;
	return 0;
}

static double apart(size_t d, const double *a, const double *b)
{
	double sum = 0;
	for (size_t i = 0; i < d; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sqrt(sum);
}

/* mean distance of different units */
static double within(size_t d, size_t n, const double *x, const double *w)
{
	double sum = 0, pairs = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			sum += w[i] * w[j] * apart(d, x + i * d, x + j * d);
			pairs += w[i] * w[j];
		}
	}
	return sum / pairs; /* NaN for none */
}

double population_distance(size_t d, size_t n, const double *x, const double *w, size_t m,
    const double *y, const double *v)
{
	double sum = 0, pairs = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < m; j++) {
			sum += w[i] * v[j] * apart(d, x + i * d, y + j * d);
			pairs += w[i] * v[j];
		}
	}
	return 2 * sum / pairs - within(d, n, x, w) - within(d, m, y, v);
}

/* The reference cells as points: Ringach's (cells, 2), De Valois' (cells) about their median. */
#define CELLS_MAX 160
struct reference {
	double shape[2 * CELLS_MAX], frequency[CELLS_MAX], shape_w[CELLS_MAX],
	    frequency_w[CELLS_MAX];
	size_t shapes, frequencies;
};

static double middle(size_t bin)
{
	return -1 + BIN_WIDTH * ((double)bin + .5);
}

static void reference_points(struct reference *r)
{
	r->shapes = r->frequencies = 0;
	for (size_t i = 0; i < CELLS_MAX; i++)
		r->shape_w[i] = r->frequency_w[i] = 1;
	for (size_t i = 0; i < BINS; i++) {
		for (size_t j = 0; j < BINS; j++) {
			for (unsigned k = 0; k < ringach[i][j]; k++, r->shapes++) {
				r->shape[2 * r->shapes] = middle(i);
				r->shape[2 * r->shapes + 1] = middle(j);
			}
		}
	}
	for (size_t i = 0; i < HALVES; i++) {
		/* spread over the bin, which makes the median what interpolation gives */
		for (unsigned k = 0; k < devalois[i]; k++)
			r->frequency[r->frequencies++] =
			    ((double)i + ((double)k + .5) / devalois[i]) / 2;
	}
	double median =
	    (r->frequency[(r->frequencies - 1) / 2] + r->frequency[r->frequencies / 2]) / 2;
	for (size_t i = 0; i < r->frequencies; i++)
		r->frequency[i] -= median;
}

/* log10 of n_x or n_y as the middle of its bin; beyond Ringach's range in the next bin */
static double binned(double value)
{
	double bin = floor((log10(value) + 1) / BIN_WIDTH);
	bin = fmin(fmax(bin, -1), BINS);
	return -1 + BIN_WIDTH * (bin + .5);
}

/* what one bank is turned into before anything is counted */
struct sample {
	size_t n;
	double *memory, *shape, *frequency, *w; /* (n, 2), (n), (n), (n) */
	const struct gabor *unit;
};

struct weighted {
	double value, w;
};

static int by_value(const void *a, const void *b)
{
	const struct weighted *x = a, *y = b;
	return (x->value > y->value) - (x->value < y->value);
}

static double weighted_median(
    const struct sample *s, double (*value)(const struct gabor *), struct weighted *work)
{
	double all = 0, below = 0;
	for (size_t i = 0; i < s->n; i++) {
		work[i] = (struct weighted){value(&s->unit[i]), s->w[i]};
		all += s->w[i];
	}
	qsort(work, s->n, sizeof *work, by_value);
	for (size_t i = 0; i < s->n; i++) {
		below += work[i].w;
		if (below > all / 2)
			return work[i].value;
		if (below == all / 2) {
			size_t next = i + 1;
			while (next + 1 < s->n && work[next].w == 0)
				next++;
			return next < s->n ? (work[i].value + work[next].value) / 2 : work[i].value;
		}
	}
	return NAN;
}

static double frequency_of(const struct gabor *g)
{
	return g->frequency;
}

enum quantity {
	RINGACH,
	DEVALOIS,
	CLUSTERING,
	BALANCE,
	LENGTH,
	ENTROPY,
	NX,
	NY,
	NX_BELOW,
	QUANTITIES
};
static const char *const names[QUANTITIES] = {"ringach_2d", "devalois_sf", "phase_clustering",
    "phase_balance", "orientation_length", "orientation_entropy", "nx_median", "ny_median",
    "nx_below_0.525"};

/* what values are possible */
static const double ranges[QUANTITIES][2] = {{-INFINITY, INFINITY}, {-INFINITY, INFINITY}, {-1, 1},
    {-1, 1}, {0, 1}, {0, 1}, {0, INFINITY}, {0, INFINITY}, {0, 1}};

#define ENTROPY_BINS 8
#define NX_EDGE 0.52480746 /* 10^-.28 */
/* the quantities of angles alone: CLUSTERING, BALANCE, LENGTH, ENTROPY */
static void angle_quantities(const struct sample *s, double *out)
{
	double all = 0, c4 = 0, c2 = 0, x = 0, y = 0, bins[ENTROPY_BINS] = {0}, entropy = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct gabor *g = &s->unit[i];
		double w = s->w[i];
		all += w;
		c4 += w * cos(4 * g->phase);
		c2 += w * cos(2 * g->phase);
		x += w * cos(2 * g->theta);
		y += w * sin(2 * g->theta);
		bins[(size_t)fmin(ENTROPY_BINS - 1, g->theta / M_PI * ENTROPY_BINS)] += w;
	}
	for (size_t b = 0; b < ENTROPY_BINS; b++)
		entropy -=
		    bins[b] > 0 ? bins[b] / all * log2(bins[b] / all) / log2(ENTROPY_BINS) : 0;
	out[CLUSTERING] = c4 / all;
	out[BALANCE] = c2 / all;
	out[LENGTH] = hypot(x, y) / all;
	out[ENTROPY] = entropy;
}

/* all quantities of a sample and the reference with their weights; work (n) */
static void quantities(
    struct sample *s, const struct reference *r, struct weighted *work, double *out)
{
	double all = 0, below = 0;
	for (size_t q = 0; q < QUANTITIES; q++)
		out[q] = NAN;
	if (!s->n)
		return;
	double median = weighted_median(s, frequency_of, work);
	for (size_t i = 0; i < s->n; i++) {
		s->frequency[i] = log2(s->unit[i].frequency / median);
		all += s->w[i];
		below += s->w[i] * (gabor_nx(&s->unit[i]) < NX_EDGE);
	}
	angle_quantities(s, out);
	out[RINGACH] =
	    population_distance(2, s->n, s->shape, s->w, r->shapes, r->shape, r->shape_w);
	out[DEVALOIS] = population_distance(
	    1, s->n, s->frequency, s->w, r->frequencies, r->frequency, r->frequency_w);
	out[NX] = weighted_median(s, gabor_nx, work);
	out[NY] = weighted_median(s, gabor_ny, work);
	out[NX_BELOW] = below / all;
}

static int sample_start(struct sample *s, const struct units *units, struct weighted **work)
{
	s->n = units->count;
	s->unit = units->unit;
	s->memory = mem_alloc(4 * s->n, sizeof *s->memory);
	*work = mem_alloc(s->n, sizeof **work);
	if (!s->memory || !*work)
		return -1;
	s->shape = s->memory;
	s->frequency = s->shape + 2 * s->n;
	s->w = s->frequency + s->n;
	for (size_t i = 0; i < s->n; i++) {
		s->shape[2 * i] = binned(gabor_nx(&s->unit[i]));
		s->shape[2 * i + 1] = binned(gabor_ny(&s->unit[i]));
		s->w[i] = 1;
	}
	return 0;
}

/* Mark `count` units of the sample as drawn, without replacement, or with replacement if there are
 * fewer units. */
static int draw(struct sample *s, size_t count, uint64_t seed, size_t bank)
{
	size_t *order = mem_alloc(s->n, sizeof *order);
	struct rng rng = rng_start(seed, RNG_NULL, 0, bank);
	if (!order)
		return -1;
	memset(s->w, 0, s->n * sizeof *s->w);
	resample_order(seed, bank, 0, s->n, order);
	for (size_t i = 0; s->n && i < count; i++)
		s->w[s->n >= count ? order[i] : rng_below(&rng, (uint32_t)s->n)]++;
	if (!count)
		s->n = 0;
	free(order);
	return 0;
}

/* The p of the quantities of angles for units of uniform orientation and phase: Rayleigh's for the length, else from random
 * angles; nan for the other quantities. */
static int uniform_chance(
    const struct units *units, const double *observed, uint64_t seed, double *p)
{
	size_t n = units->count;
	double *x = mem_alloc(POPULATION_BOOTSTRAP * QUANTITIES, sizeof *x);
	double *theta = mem_alloc(2 * n, sizeof *theta), *w = theta ? theta + n : NULL;
	struct gabor *random = mem_alloc(n, sizeof *random);
	int status = x && theta && random ? 0 : -1;
	for (size_t q = 0; q < QUANTITIES; q++)
		p[q] = NAN;
	for (size_t i = 0; i < n && !status; i++) {
		theta[i] = units->unit[i].theta;
		w[i] = 1;
	}
	for (size_t b = 0; b < POPULATION_BOOTSTRAP && n && !status; b++) {
		struct rng rng = rng_start(seed, RNG_NULL, 1, b);
		for (size_t i = 0; i < n; i++) {
			random[i].theta = rng_uniform(&rng) * M_PI;
			random[i].phase = rng_uniform(&rng) * 2 * M_PI;
		}
		angle_quantities(
		    &(struct sample){.n = n, .w = w, .unit = random}, x + b * QUANTITIES);
	}
	for (size_t q = CLUSTERING; q <= ENTROPY && n && !status; q++)
		p[q] = q == LENGTH ? axial_mean(n, theta, NULL).p
				   : resample_chance(observed[q], x + q, POPULATION_BOOTSTRAP,
					 QUANTITIES, RESAMPLE_TWO_SIDED)
					 .p;
	free(x);
	free(theta);
	free(random);
	return status;
}

static int report(const struct population *p, uint64_t seed, struct table_out *table)
{
	struct reference reference;
	double observed[QUANTITIES], uniform[QUANTITIES];
	double *boot = mem_alloc(POPULATION_BOOTSTRAP * QUANTITIES, sizeof *boot);
	double *chance = mem_alloc(p->banks * QUANTITIES, sizeof *chance);
	int status = boot && chance ? 0 : -1;
	size_t random = p->banks - 1;
	for (size_t b = 0; b < p->banks && !status; b++) {
		struct sample sample = {0};
		struct weighted *work = NULL;
		status = sample_start(&sample, &p->bank[b], &work);
		reference_points(&reference);
		if (b && !status)
			status = draw(&sample, p->bank[0].count, seed, b);
		if (!status)
			quantities(&sample, &reference, work,
			    b ? chance + (b - 1) * QUANTITIES : observed);
		for (size_t i = 0; !b && i < POPULATION_BOOTSTRAP && !status; i++) {
			resample_times(seed, i, sample.n, sample.w);
			resample_times(
			    seed, POPULATION_BOOTSTRAP + i, reference.shapes, reference.shape_w);
			resample_times(seed, 2 * POPULATION_BOOTSTRAP + i, reference.frequencies,
			    reference.frequency_w);
			quantities(&sample, &reference, work, boot + i * QUANTITIES);
		}
		free(sample.memory);
		free(work);
	}
	if (!status)
		status = uniform_chance(&p->bank[0], observed, seed, uniform);
	for (size_t q = 0; q < QUANTITIES && !status; q++) {
		double low, high, chance_low, chance_high;
		struct resample_chance by_chance = resample_chance(observed[q], chance + q, random,
		    QUANTITIES, q == RINGACH || q == DEVALOIS ? RESAMPLE_LESS : RESAMPLE_TWO_SIDED);
		if (resample_value_interval(observed[q], boot + q, p->bank[0].count,
			POPULATION_BOOTSTRAP, QUANTITIES, .95, &low, &high) < 0 ||
		    resample_interval(
			chance + q, random, QUANTITIES, .95, &chance_low, &chance_high) < 0) {
			status = -1;
			break;
		}
		table_text(table, names[q]);
		TABLE_REALS(table, observed[q], isnan(low) ? NAN : fmax(low, ranges[q][0]),
		    isnan(high) ? NAN : fmin(high, ranges[q][1]), random ? by_chance.mean : NAN,
		    chance_low, chance_high, by_chance.p, uniform[q]);
		table_int(table, (long long)p->bank[0].count);
	}
	free(boot);
	free(chance);
	return status;
}

int population_write(const struct population *p, uint64_t seed, const char *file)
{
	struct table_out *table = table_create(
	    file, "quantity value low high chance chance_low chance_high p p_uniform n");
	if (!table)
		return -1;
	if (report(p, seed, table) == 0)
		return table_close(table);
	table_abandon(table);
	return -1;
}
