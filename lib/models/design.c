/* Sums over the taps of dyads, of the columns of a design and of the functions of the models. */
#include "models/design.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/vector.h"
#include "base/threads.h"

#define SETS DESIGN_SETS
#define LANES BASIS_LANES

/* ---- bases ---- */

struct bases *bases_create(double reach, size_t threads)
{
	struct bases *bases = mem_alloc(1, sizeof *bases);
	for (size_t m = 0; bases && m < models_count; m++) {
		if (models[m].role != MODEL_OVERLAP &&
		    basis_create(&bases->of[m], &models[m], ceil(reach + 1e-6), threads) < 0) {
			bases_free(bases);
			return NULL;
		}
	}
	return bases;
}

void bases_free(struct bases *bases)
{
	for (size_t m = 0; bases && m < models_count; m++)
		basis_free(&bases->of[m]);
	free(bases);
}

/* ---- functions at taps ---- */

void design_column(const struct design *d, size_t column, size_t pair, double *value)
{
	const struct column *c = &d->column[column];
	const double *w =
	    c->w ? units_weights(d->set, c->w, d->target[pair], d->source[pair]) : NULL;
	for (size_t t = 0; t < d->set->taps; t++)
		switch (c->form) {
		case COLUMN_ONE:
			value[t] = 1;
			break;
		case COLUMN_VALUE:
			value[t] = w[t];
			break;
		case COLUMN_POSITIVE:
			value[t] = fmax(w[t], 0);
			break;
		case COLUMN_NEGATIVE:
			value[t] = fmax(-w[t], 0);
			break;
		case COLUMN_SQUARE:
			value[t] = w[t] * w[t];
			break;
		}
}

int design_grid(const struct design *d, size_t model, struct density_taps *grid)
{
	const struct basis *basis = &d->bases->of[model];
	*grid = (struct density_taps){0};
	return basis->spline ? density_taps_create(grid, d->set->taps, basis->angles, basis->size)
			     : 0;
}

void design_values(const struct design *d, size_t model, size_t pair, struct density_taps *grid,
    float *value, size_t of_tap, size_t of_function)
{
	const struct basis *basis = &d->bases->of[model];
	const struct tap *tap = d->tap + pair * d->set->taps;
	double dtheta = design_dtheta(d, pair);
	if (models[model].edges) {
		for (size_t t = 0; t < d->set->taps; t++, value += of_tap) {
			value[0] =
			    (float)orientation_at(d->edges, tap[t].along, tap[t].across, dtheta);
			value[of_function] = fmaxf(value[0], 0);
		}
		return;
	}
	size_t points = basis->angles * basis->size * basis->size;
	density_locate(grid, tap, dtheta, models[model].bisects ? dtheta / 2 : 0);
	for (size_t k = 0; k < basis->terms; k++)
		density_values(grid, basis->spline + k * points, value + k * of_function, of_tap);
}

/* ---- sums of a dyad ---- */

static double *gram_of(const struct design *d, size_t dyad, size_t set)
{
	return d->gram + (dyad * SETS + set) * d->columns * d->columns;
}

/* Values of all columns at the taps of a pair: (columns, taps) */
static void all_columns(const struct design *d, size_t pair, double *value)
{
	for (size_t c = 0; c < d->columns; c++)
		design_column(d, c, pair, value + c * d->set->taps);
}

static int columns_of_dyad(size_t q, size_t worker, void *argument)
{
	(void)worker;
	const struct design *d = argument;
	size_t taps = d->set->taps, columns = d->columns;
	double *value = mem_alloc(columns * taps, sizeof *value);
	if (!value)
		return -1;
	for (size_t p = 2 * q; p < 2 * q + 2; p++) {
		all_columns(d, p, value);
		for (size_t t = 0; t < taps; t++) {
			struct units_tap full = units_tap(d->set, d->target[p], d->source[p], t);
			struct tap *tap = &d->tap[p * taps + t];
			*tap = (struct tap){
			    full.along, full.across, cos(full.dphase), sin(full.dphase)};
			double *gram = gram_of(d, q, design_set_of(tap));
			for (size_t a = 0; a < columns; a++)
				for (size_t b = 0; b < columns; b++)
					gram[a * columns + b] +=
					    value[a * taps + t] * value[b * taps + t];
		}
	}
	for (size_t k = 0; k < columns * columns; k++)
		gram_of(d, q, DESIGN_ALL)[k] += gram_of(d, q, DESIGN_FAR)[k];
	free(value);
	return 0;
}

FOR_CPUS static void add_products(size_t count, const size_t *tap, const float *cosine,
    size_t terms, size_t padded, const float *restrict phi, float *restrict square)
{
	for (size_t i = 0; i < terms; i++) {
		float *r0 = square + i * padded, *r1 = r0 + terms * padded,
		      *r2 = r1 + terms * padded;
		size_t width = (i / LANES + 1) * LANES;
		for (size_t n = 0; n < count; n++) {
			const float *x = phi + tap[n] * padded;
			float a = x[i], b = a * cosine[tap[n]], d = b * cosine[tap[n]];
#pragma omp simd
			for (size_t j = 0; j < width; j++) {
				r0[j] += a * x[j];
				r1[j] += b * x[j];
				r2[j] += d * x[j];
			}
		}
	}
}

/* to += a x, n numbers */
FOR_CPUS static void add(size_t n, float a, const float *restrict x, float *restrict to)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++)
		to[i] += a * x[i];
}

struct tabulation {
	struct design *design;
	size_t model;
};

/* Work space of a dyad: functions at taps, their products unpacked, columns, cosines, the taps of a set. */
struct dyad_work {
	float *phi, *square, *cosine;
	double *value;
	size_t *tap;
};

static void dyad_work_free(struct dyad_work *w)
{
	free(w->phi);
	free(w->square);
	free(w->cosine);
	free(w->value);
	free(w->tap);
}

static int dyad_work_create(struct dyad_work *w, const struct design *d, const struct basis *basis)
{
	size_t taps = d->set->taps;
	*w = (struct dyad_work){.phi = mem_alloc(taps * basis->padded, sizeof *w->phi),
	    .square = mem_alloc(SETS * 3 * basis->terms * basis->padded, sizeof *w->square),
	    .cosine = mem_alloc(taps, sizeof *w->cosine),
	    .value = mem_alloc(d->columns * taps, sizeof *w->value),
	    .tap = mem_alloc(taps, sizeof *w->tap)};
	return w->phi && w->square && w->cosine && w->value && w->tap ? 0 : -1;
}

/* The sums of a pair's taps in one set. */
static void add_pair(const struct design *d, const struct basis *basis, const struct dyad_work *w,
    const struct tap *at, enum design_set set, float *record)
{
	size_t count = 0, taps = d->set->taps, padded = basis->padded;
	for (size_t t = 0; t < taps; t++)
		if (design_set_of(&at[t]) == set)
			w->tap[count++] = t;
	add_products(count, w->tap, w->cosine, basis->terms, padded, w->phi,
	    w->square + set * 3 * basis->terms * padded);
	for (size_t n = 0; n < count; n++)
		for (size_t c = 0; c < d->columns; c++) {
			size_t t = w->tap[n];
			double x = w->value[c * taps + t];
			add(padded, (float)x, w->phi + t * padded, record + 2 * c * padded);
			add(padded, (float)(x * at[t].cosine), w->phi + t * padded,
			    record + (2 * c + 1) * padded);
		}
}

static int model_of_dyad(size_t q, size_t worker, void *argument)
{
	(void)worker;
	const struct tabulation *job = argument;
	const struct design *d = job->design;
	const struct basis *basis = &d->bases->of[job->model];
	size_t taps = d->set->taps, padded = basis->padded, record = design_record(d, basis);
	float *to = d->sums[job->model] + q * SETS * record;
	struct dyad_work w;
	struct density_taps grid = {0};
	int status = dyad_work_create(&w, d, basis);
	if (status == 0)
		status = design_grid(d, job->model, &grid);
	for (size_t p = 2 * q; status == 0 && p < 2 * q + 2; p++) {
		const struct tap *at = d->tap + p * taps;
		all_columns(d, p, w.value);
		design_values(d, job->model, p, &grid, w.phi, padded, 1);
		for (size_t t = 0; t < taps; t++)
			w.cosine[t] = (float)at[t].cosine;
		for (size_t s = 0; s < SETS; s++)
			add_pair(d, basis, &w, at, (enum design_set)s, to + s * record);
	}
	for (size_t s = 0; status == 0 && s < SETS; s++)
		for (size_t power = 0; power < 3; power++) {
			float *packed =
			    to + s * record + design_linear(d, basis) + power * basis->products;
			const float *from = w.square + (s * 3 + power) * basis->terms * padded;
			for (size_t i = 0; i < basis->terms; i++)
				for (size_t j = 0; j <= i; j++)
					*packed++ = from[i * padded + j];
		}
	if (status == 0)
		add(record, 1, to + DESIGN_FAR * record, to + DESIGN_ALL * record);
	density_taps_free(&grid);
	dyad_work_free(&w);
	return status;
}

/* ---- all of it ---- */

double design_reach(const struct units *set)
{
	double reach = 0;
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < set->n; j++)
			for (size_t t = 0; t < set->taps && i != j; t++)
				reach = fmax(reach, units_tap(set, i, j, t).r);
	return reach;
}

int design_create(struct design *d)
{
	size_t n = d->set->n;
	d->dyads = n * (n - 1) / 2;
	d->target = mem_alloc(2 * d->dyads, sizeof *d->target);
	d->source = mem_alloc(2 * d->dyads, sizeof *d->source);
	d->tap = mem_alloc(2 * d->dyads * d->set->taps, sizeof *d->tap);
	d->gram = mem_alloc(d->dyads * SETS * d->columns * d->columns, sizeof *d->gram);
	if (!d->target || !d->source || !d->tap || !d->gram)
		return -1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			d->target[d->pairs] = d->source[d->pairs + 1] = i;
			d->target[d->pairs + 1] = d->source[d->pairs] = j;
			d->pairs += 2;
		}
	if (par_for(d->dyads, d->threads, columns_of_dyad, d) < 0)
		return -1;
	for (size_t m = 0; m < models_count; m++) {
		struct tabulation job = {d, m};
		const struct basis *basis = &d->bases->of[m];
		if (models[m].role == MODEL_OVERLAP || (models[m].edges && !d->edges))
			continue;
		d->sums[m] =
		    mem_alloc(d->dyads * SETS * design_record(d, basis), sizeof *d->sums[m]);
		if (!d->sums[m] || par_for(d->dyads, d->threads, model_of_dyad, &job) < 0)
			return -1;
	}
	return 0;
}

void design_free(struct design *d)
{
	for (size_t m = 0; m < models_count; m++)
		free(d->sums[m]);
	free(d->target);
	free(d->source);
	free(d->tap);
	free(d->gram);
	*d = (struct design){0};
}

/* ---- sums of some dyads ---- */

int gathered_create(struct gathered *g, const struct design *d)
{
	size_t linear = 1, products = 1;
	for (size_t m = 0; m < models_count; m++) {
		const struct basis *b = &d->bases->of[m];
		size_t x = b->kappa.count * SETS * design_linear(d, b),
		       y = b->sum.count * SETS * 3 * b->products;
		linear = x > linear ? x : linear;
		products = y > products ? y : products;
	}
	*g = (struct gathered){.columns = d->columns,
	    .linear = mem_alloc(linear, sizeof *g->linear),
	    .products = mem_alloc(products, sizeof *g->products)};
	return g->linear && g->products ? 0 : -1;
}

void gathered_free(struct gathered *g)
{
	free(g->linear);
	free(g->products);
	*g = (struct gathered){0};
}

void design_gather_columns(
    const struct design *d, const size_t *dyad, size_t count, struct gathered *to)
{
	size_t columns = d->columns;
	memset(to->gram, 0, sizeof to->gram);
	for (size_t q = 0; q < count; q++)
		for (size_t s = 0; s < SETS; s++) {
			const double *gram = gram_of(d, dyad[q], s);
			for (size_t a = 0; a < columns; a++)
				for (size_t b = 0; b < columns; b++)
					to->gram[s][a][b] += gram[a * columns + b];
		}
}

#define CHUNK ((size_t)512) /* numbers at a time, so that those of every kappa stay in the cache */

/* Sums of the numbers [first, first + length) of the dyads' records, at every node of kappa: (kappas, SETS, length). */
static void gather_part(const struct design *d, size_t model, const size_t *dyad, size_t count,
    const struct basis_kappas *kappa, size_t first, size_t length, float *to)
{
	size_t record = design_record(d, &d->bases->of[model]);
	memset(to, 0, kappa->count * SETS * length * sizeof *to);
	for (size_t at = 0; at < length; at += CHUNK) {
		size_t size = length - at < CHUNK ? length - at : CHUNK;
		for (size_t q = 0; q < count; q++)
			for (size_t k = 0; k < kappa->count; k++) {
				float w = (float)design_factor(d, dyad[q], kappa->at[k]);
				const float *x =
				    d->sums[model] + dyad[q] * SETS * record + first + at;
				for (size_t s = 0; s < SETS; s++)
					add(size, w, x + s * record,
					    to + (k * SETS + s) * length + at);
			}
	}
}

void design_gather_linear(const struct design *d, size_t model, const size_t *dyad, size_t count,
    size_t column, size_t columns, float *to)
{
	const struct basis *basis = &d->bases->of[model];
	gather_part(d, model, dyad, count, &basis->kappa, column * 2 * basis->padded,
	    columns * 2 * basis->padded, to);
}

void design_gather(
    const struct design *d, size_t model, const size_t *dyad, size_t count, struct gathered *to)
{
	const struct basis *basis = &d->bases->of[model];
	size_t linear = design_linear(d, basis);
	to->basis = basis;
	gather_part(d, model, dyad, count, &basis->kappa, 0, linear, to->linear);
	gather_part(d, model, dyad, count, &basis->sum, linear, 3 * basis->products, to->products);
}
