/* The search for shapes, and the sums of fitted ones. */
#include "models/fit.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"

#define LANES BASIS_LANES
#define AXES MODEL_COORDINATES
#define BASE (DESIGN_COLUMNS)

FOR_CPUS static double dot(size_t n, const float *a, const float *b)
{
	float sum[LANES] = {0};
	double all = 0;
	for (size_t i = 0; i < n; i += LANES)
#pragma omp simd
		for (size_t k = 0; k < LANES; k++)
			sum[k] += a[i + k] * b[i + k];
	for (size_t k = 0; k < LANES; k++)
		all += (double)sum[k];
	return all;
}

/* to += a x, n numbers */
FOR_CPUS static void add(size_t n, float a, const float *restrict x, float *restrict to)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++)
		to[i] += a * x[i];
}

/* ---- regressors by their sums ---- */

/* The base columns: their Cholesky factor, the response on it, what is left of its variance. */
struct base {
	size_t terms;
	double l[BASE][BASE], z[BASE];
	double left,
	    variance; /* sums of squares of the response, left by the base, and about its mean */
};

static struct base base_of(const struct gathered *g, const struct fit_task *task)
{
	const double(*gram)[DESIGN_COLUMNS] = g->gram[task->set];
	size_t y = task->response;
	struct base b = {.terms = task->base, .left = gram[y][y]};
	b.variance = gram[y][y] - gram[0][y] * gram[0][y] / gram[0][0];
	for (size_t i = 0; i < b.terms; i++) {
		double sum = gram[i][y];
		for (size_t j = 0; j <= i; j++) {
			double x = gram[i][j];
			for (size_t k = 0; k < j; k++)
				x -= b.l[i][k] * b.l[j][k];
			if (i == j)
				b.l[i][i] = x > 1e-10 * gram[i][i] && x > 0 ? sqrt(x) : 0;
			else
				b.l[i][j] = b.l[j][j] > 0 ? x / b.l[j][j] : 0;
		}
		for (size_t k = 0; k < i; k++)
			sum -= b.l[i][k] * b.z[k];
		b.z[i] = b.l[i][i] > 0 ? sum / b.l[i][i] : 0;
		b.left -= b.z[i] * b.z[i];
	}
	return b;
}

/* M, or M' cos dphase: its sums with the columns and with itself. */
struct regressor {
	struct shape shape;
	float c[BASIS_TERMS];
	double column[DESIGN_COLUMNS], square; /* sums with columns, of its square */
	double off[BASE];                      /* on the base's factor */
	double alone, response; /* of its square and with the response, the base taken off */
};

/* Sums of products at a sum of two kappas, between its nodes: they are needed for many shapes of one kappa. */
struct mixed {
	bool known;
	double kappas;
	float products[BASIS_PRODUCTS];
};

struct search {
	const struct gathered *sums;
	const struct fit_task *task;
	struct base base;
	struct regressor blind, locked;
	struct mixed mixed[3]; /* by power of cos dphase */
	const float *terms;    /* of the shape that is tried, where they are known */
};

/* The sum over products of functions, `kappas` the sum of both shapes' kappa. */
static double product_sum(struct search *s, size_t power, double kappas, const float *products)
{
	const struct basis *basis = s->sums->basis;
	size_t count = basis->products;
	const float *from = s->sums->products + (s->task->set * 3 + power) * count;
	struct mixed *mixed = &s->mixed[power];
	double w[BASIS_KAPPAS];
	if (basis->sum.count == 1)
		return dot(count, from, products);
	if (!mixed->known || mixed->kappas < kappas || mixed->kappas > kappas) {
		basis_weights(&basis->sum.axis, log(kappas + MODEL_KAPPA0), w);
		memset(mixed->products, 0, count * sizeof *mixed->products);
		for (size_t k = 0; k < basis->sum.count; k++)
			add(count, (float)w[k], from + k * DESIGN_SETS * 3 * count,
			    mixed->products);
		mixed->kappas = kappas;
		mixed->known = true;
	}
	return dot(count, mixed->products, products);
}

/* A regressor on the base's factor, and what the base leaves of it. */
static void take_off(const struct base *b, struct regressor *x)
{
	for (size_t i = 0; i < b->terms; i++) {
		double sum = x->column[i];
		for (size_t k = 0; k < i; k++)
			sum -= b->l[i][k] * x->off[k];
		x->off[i] = b->l[i][i] > 0 ? sum / b->l[i][i] : 0;
		x->alone -= x->off[i] * x->off[i];
		x->response -= x->off[i] * b->z[i];
	}
}

/* What of M (cosine 0) or M' cos dphase (1) at x->shape a fit needs. */
static void regress(struct search *s, size_t cosine, struct regressor *x)
{
	const struct basis *basis = s->sums->basis;
	const struct base *b = &s->base;
	float products[BASIS_PRODUCTS];
	double w[BASIS_KAPPAS] = {1}, kappa = shape_kappa(basis, &x->shape);
	size_t response = s->task->response;
	if (basis->kappa.count > 1)
		basis_weights(&basis->kappa.axis, x->shape.at[basis->model->axes], w);
	if (s->terms)
		memcpy(x->c, s->terms, basis->padded * sizeof *x->c);
	else
		basis_terms(basis, &x->shape, x->c);
	memset(x->column, 0, sizeof x->column);
	for (size_t k = 0; k < basis->kappa.count; k++) {
		if (!(w[k] < 0 || w[k] > 0))
			continue;
		const float *linear =
		    s->sums->linear +
		    ((k * DESIGN_SETS + s->task->set) * s->sums->columns * 2 + cosine) *
			basis->padded;
		for (size_t c = 0; c < b->terms; c++)
			x->column[c] +=
			    w[k] * dot(basis->padded, linear + 2 * c * basis->padded, x->c);
		x->column[response] +=
		    w[k] * dot(basis->padded, linear + 2 * response * basis->padded, x->c);
	}
	x->response = x->column[response];
	basis_products(basis, x->c, x->c, products);
	x->alone = x->square = product_sum(s, 2 * cosine, 2 * kappa, products);
	take_off(b, x);
}

static double cross_of(struct search *s, const struct regressor *a, const struct regressor *b)
{
	const struct basis *basis = s->sums->basis;
	float products[BASIS_PRODUCTS];
	basis_products(basis, a->c, b->c, products);
	return product_sum(
	    s, 1, shape_kappa(basis, &a->shape) + shape_kappa(basis, &b->shape), products);
}

static bool counts(const struct regressor *x)
{
	return x->alone > 1e-10 * x->square && x->square > 0;
}

/* r^2 of the base with M, and where both is set with M' cos dphase. */
static double squared(struct search *s, bool both)
{
	const struct regressor *a = &s->blind, *b = &s->locked;
	double left = s->base.left;
	if (counts(a))
		left -= a->response * a->response / a->alone;
	if (both && counts(b)) {
		double share = counts(a) ? cross_of(s, a, b) : 0, alone = b->alone,
		       response = b->response;
		for (size_t i = 0; counts(a) && i < s->base.terms; i++)
			share -= a->off[i] * b->off[i];
		if (counts(a)) {
			alone -= share * share / a->alone;
			response -= share / a->alone * a->response;
		}
		if (alone > 1e-10 * b->square)
			left -= response * response / alone;
	}
	return 1 - left / s->base.variance;
}

/* ---- the best shape ---- */

enum { BLIND = 1, LOCKED = 2 }; /* what varies */

static double try_shape(struct search *s, int vary, bool both, const struct shape *shape)
{
	if (vary & BLIND) {
		s->blind.shape = *shape;
		regress(s, 0, &s->blind);
	}
	if (vary & LOCKED) {
		s->locked.shape = *shape;
		regress(s, 1, &s->locked);
	}
	return squared(s, both);
}

/* The largest value of value + g . x + x' h x / 2 in a box, an axis at a time: where. */
static void quadratic_best(size_t axes, const double *g, double h[AXES][AXES], const double *low,
    const double *high, double *x)
{
	for (size_t a = 0; a < axes; a++)
		x[a] = fmin(fmax(0, low[a]), high[a]);
	for (int sweep = 0; sweep < 30; sweep++)
		for (size_t a = 0; a < axes; a++) {
			double slope = g[a];
			for (size_t b = 0; b < axes; b++)
				slope += b == a ? 0 : h[a][b] * x[b];
			if (h[a][a] < 0)
				x[a] = fmin(fmax(-slope / h[a][a], low[a]), high[a]);
			else
				x[a] =
				    slope + h[a][a] * (high[a] + low[a]) / 2 > 0 ? high[a] : low[a];
		}
}

struct best {
	struct shape shape;
	double value; /* r^2 */
};

static double better(
    struct search *s, int vary, bool both, const struct shape *shape, struct best *best)
{
	double value = try_shape(s, vary, both, shape);
	if (value > best->value)
		*best = (struct best){*shape, value};
	return value;
}

/* From a shape by quadratic functions through it and its neighbours, `step` (of an axis's length) away, which come
 * nearer where the best is near. */
static void refine(struct search *s, int vary, bool both, struct best *best)
{
	const struct basis *basis = s->sums->basis;
	size_t axes = basis_coordinates(basis);
	double step = .5 / (SHAPE_SCAN - 1);
	for (int round = 0; round < 14 && axes && step > 1e-3; round++) {
		double size[AXES], low[AXES], high[AXES], g[AXES], h[AXES][AXES] = {{0}}, x[AXES],
								   side[AXES][2];
		struct best top = *best;
		struct shape middle = best->shape, shape;
		for (size_t a = 0; a < axes; a++) {
			const struct basis_axis *axis = &basis->axis[a];
			size[a] = step * (axis->high - axis->low);
			middle.at[a] =
			    fmin(fmax(middle.at[a], axis->low + size[a]), axis->high - size[a]);
			low[a] = fmax(axis->low - middle.at[a], -1.5 * size[a]) / size[a];
			high[a] = fmin(axis->high - middle.at[a], 1.5 * size[a]) / size[a];
		}
		double value = better(s, vary, both, &middle, &top), move = 0;
		for (size_t a = 0; a < axes; a++) {
			for (int up = 0; up < 2; up++) {
				shape = middle;
				shape.at[a] += up ? size[a] : -size[a];
				side[a][up] = better(s, vary, both, &shape, &top);
			}
			g[a] = (side[a][1] - side[a][0]) / 2;
			h[a][a] = side[a][1] + side[a][0] - 2 * value;
			for (size_t b = 0; b < a; b++) {
				shape = middle;
				shape.at[a] += size[a];
				shape.at[b] += size[b];
				h[a][b] = h[b][a] = better(s, vary, both, &shape, &top) -
						    side[a][1] - side[b][1] + value;
			}
		}
		quadratic_best(axes, g, h, low, high, x);
		shape = middle;
		for (size_t a = 0; a < axes; a++)
			shape.at[a] += x[a] * size[a];
		better(s, vary, both, &shape, &top);
		for (size_t a = 0; a < axes; a++)
			move = fmax(move, fabs(top.shape.at[a] - best->shape.at[a]) / size[a]);
		*best = top;
		step *= move < .75 ? .35 : 1;
	}
	try_shape(s, vary, both, &best->shape);
}

static struct best scan(struct search *s, int vary, bool both)
{
	const struct basis *basis = s->sums->basis;
	struct best best = {.value = -INFINITY};
	for (size_t kappa = 0; kappa < basis->kappa.count; kappa++)
		for (size_t k = 0; k < basis->scans; k++) {
			struct shape shape = basis->scan[k];
			if (s->task->kinds && shape.kind >= s->task->kinds)
				continue;
			if (basis->model->tuned)
				shape.at[basis->model->axes] =
				    log(basis->kappa.at[kappa] + MODEL_KAPPA0);
			s->terms = basis->scan_terms + k * basis->padded;
			better(s, vary, both, &shape, &best);
		}
	s->terms = NULL;
	try_shape(s, vary, both, &best.shape);
	return best;
}

static bool varies(const struct search *s)
{
	return s->base.variance >
	       1e-12 * s->sums->gram[s->task->set][s->task->response][s->task->response];
}

/* The normal equations of base, M and M' cos dphase. */
static struct regression normal_equations(struct search *s, size_t terms)
{
	const double(*gram)[DESIGN_COLUMNS] = s->sums->gram[s->task->set];
	size_t base = s->task->base, y = s->task->response;
	struct regression m = {.terms = base + terms, .yy = gram[y][y]};
	for (size_t i = 0; i < base; i++) {
		m.b[i] = gram[i][y];
		for (size_t j = 0; j < base; j++)
			m.g[i][j] = gram[i][j];
	}
	const struct regressor *of[] = {&s->blind, &s->locked};
	for (size_t k = 0; k < terms; k++) {
		for (size_t i = 0; i < base; i++)
			m.g[i][base + k] = m.g[base + k][i] = of[k]->column[i];
		m.g[base + k][base + k] = of[k]->square;
		m.b[base + k] = of[k]->column[y];
	}
	if (terms > 1)
		m.g[base][base + 1] = m.g[base + 1][base] = cross_of(s, of[0], of[1]);
	return m;
}

static struct fit solved(struct search *s, size_t terms)
{
	struct fit fit = {.blind = s->blind.shape, .locked = s->locked.shape};
	struct regression m = normal_equations(s, terms);
	regression_solve(&m, fit.coefficient);
	fit.r = regression_score(&m, fit.coefficient);
	return fit;
}

struct fit fit_base(const struct gathered *gathered, const struct fit_task *task)
{
	struct search s = {.sums = gathered, .task = task, .base = base_of(gathered, task)};
	return varies(&s) ? solved(&s, 0) : (struct fit){.r = -1};
}

/*
 * Both shapes are chosen apart: M first, M' beside it; then each is refined beside the other one.
 */
static struct fit settle(struct search *s, struct best *blind, struct best *locked)
{
	refine(s, BLIND, s->task->locked, blind);
	if (!s->task->locked)
		return solved(s, 1);
	locked->value = blind->value;
	refine(s, LOCKED, true, locked);
	return solved(s, 2);
}

struct fit fit_best(const struct gathered *gathered, const struct fit_task *task)
{
	struct search s = {.sums = gathered, .task = task, .base = base_of(gathered, task)};
	struct best blind, locked = {.value = -INFINITY};
	if (!varies(&s))
		return (struct fit){.r = -1};
	blind = scan(&s, BLIND, false);
	if (task->locked)
		locked = scan(&s, LOCKED, true);
	if (task->coarse)
		return solved(&s, task->locked ? 2 : 1);
	blind.value = locked.value > blind.value ? locked.value : blind.value;
	return settle(&s, &blind, &locked);
}

struct fit fit_near(
    const struct gathered *gathered, const struct fit_task *task, const struct fit *from)
{
	struct search s = {.sums = gathered, .task = task, .base = base_of(gathered, task)};
	if (!varies(&s) || !(from->r > -1))
		return (struct fit){.r = -1};
	struct best blind = {.shape = from->blind}, locked = {.shape = from->locked};
	blind.value = try_shape(&s, BLIND, false, &from->blind);
	if (task->locked)
		blind.value = locked.value = try_shape(&s, LOCKED, true, &from->locked);
	return settle(&s, &blind, &locked);
}

/* ---- sums of a fit ---- */

void fitted_prepare(struct fitted *f, const struct design *design, size_t model,
    const struct fit_task *task, const struct fit *fit)
{
	*f = (struct fitted){.design = design, .model = model, .task = task, .fit = fit};
	if (model == SIZE_MAX)
		return;
	const struct basis *basis = &design->bases->of[model];
	f->kappa = shape_kappa(basis, &fit->blind);
	basis_terms(basis, &fit->blind, f->blind);
	basis_products(basis, f->blind, f->blind, f->blind2);
	if (!task->locked)
		return;
	f->kappa_locked = shape_kappa(basis, &fit->locked);
	basis_terms(basis, &fit->locked, f->locked);
	basis_products(basis, f->blind, f->locked, f->cross);
	basis_products(basis, f->locked, f->locked, f->locked2);
}

struct regression_sums fitted_sums(const struct fitted *f, size_t dyad)
{
	const struct design *d = f->design;
	const struct fit_task *task = f->task;
	size_t base = task->base, y = task->response, columns = d->columns,
	       at = dyad * DESIGN_SETS + task->set;
	const double *gram = d->gram + at * columns * columns;
	struct regression m = {.terms = base, .yy = gram[y * columns + y]};
	for (size_t i = 0; i < base; i++) {
		m.b[i] = gram[i * columns + y];
		for (size_t j = 0; j < base; j++)
			m.g[i][j] = gram[i * columns + j];
	}
	if (f->model == SIZE_MAX)
		return regression_sums(&m, f->fit->coefficient);
	const struct basis *basis = &d->bases->of[f->model];
	const float *record = d->sums[f->model] + at * design_record(d, basis),
		    *c[] = {f->blind, f->locked}, *products = record + design_linear(d, basis);
	double factor[] = {
	    design_factor(d, dyad, f->kappa), design_factor(d, dyad, f->kappa_locked)};
	m.terms = task->locked ? base + 2 : base + 1;
	for (size_t k = 0; base + k < m.terms; k++) {
		for (size_t i = 0; i < base; i++)
			m.g[i][base + k] = m.g[base + k][i] =
			    factor[k] *
			    dot(basis->padded, record + (2 * i + k) * basis->padded, c[k]);
		m.b[base + k] =
		    factor[k] * dot(basis->padded, record + (2 * y + k) * basis->padded, c[k]);
	}
	m.g[base][base] = factor[0] * factor[0] * dot(basis->products, products, f->blind2);
	if (task->locked) {
		m.g[base][base + 1] = m.g[base + 1][base] =
		    factor[0] * factor[1] *
		    dot(basis->products, products + basis->products, f->cross);
		m.g[base + 1][base + 1] =
		    factor[1] * factor[1] *
		    dot(basis->products, products + 2 * basis->products, f->locked2);
	}
	return regression_sums(&m, f->fit->coefficient);
}

double fitted_product(const struct fitted *f, size_t dyad, size_t column)
{
	const struct design *d = f->design;
	size_t base = f->task->base, at = dyad * DESIGN_SETS + f->task->set;
	const double *gram = d->gram + (at * d->columns + column) * d->columns,
		     *coefficient = f->fit->coefficient;
	double sum = 0;
	for (size_t i = 0; i < base; i++)
		sum += coefficient[i] * gram[i];
	if (f->model == SIZE_MAX)
		return sum;
	const struct basis *basis = &d->bases->of[f->model];
	const float *record =
	    d->sums[f->model] + at * design_record(d, basis) + 2 * column * basis->padded;
	sum += coefficient[base] * design_factor(d, dyad, f->kappa) *
	       dot(basis->padded, record, f->blind);
	if (f->task->locked)
		sum += coefficient[base + 1] * design_factor(d, dyad, f->kappa_locked) *
		       dot(basis->padded, record + basis->padded, f->locked);
	return sum;
}

/* ---- predictions ---- */

/* Work space of a pair. */
struct prediction {
	struct density_taps grid;
	float *value;   /* (terms, taps) */
	double *column; /* (taps) */
};

/* At the taps of a pair: out (taps). */
static void predict(const struct fitted *f, size_t pair, struct prediction *work, double *out)
{
	const struct design *d = f->design;
	size_t taps = d->set->taps, base = f->task->base;
	for (size_t c = 0; c < base; c++) {
		design_column(d, c, pair, work->column);
		for (size_t t = 0; t < taps; t++)
			out[t] += f->fit->coefficient[c] * work->column[t];
	}
	if (f->model == SIZE_MAX)
		return;
	double a = f->fit->coefficient[base] * design_factor(d, pair / 2, f->kappa), b = 0;
	if (f->task->locked)
		b = f->fit->coefficient[base + 1] * design_factor(d, pair / 2, f->kappa_locked);
	design_values(d, f->model, pair, &work->grid, work->value, 1, taps);
	for (size_t k = 0; k < d->bases->of[f->model].terms; k++)
		for (size_t t = 0; t < taps; t++)
			out[t] += (a * (double)f->blind[k] +
				      b * (double)f->locked[k] * d->tap[pair * taps + t].cosine) *
				  (double)work->value[k * taps + t];
}

struct kernel_job {
	const struct fitted *fitted;
	double *w;
};

static int predict_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct kernel_job *job = argument;
	const struct fitted *f = job->fitted;
	const struct design *d = f->design;
	size_t taps = d->set->taps, terms = f->model == SIZE_MAX ? 1 : d->bases->of[f->model].terms;
	struct prediction work = {.value = mem_alloc(terms * taps, sizeof *work.value),
	    .column = mem_alloc(taps, sizeof *work.column)};
	int status = work.value && work.column ? 0 : -1;
	if (status == 0 && f->model != SIZE_MAX)
		status = design_grid(d, f->model, &work.grid);
	if (status == 0)
		predict(
		    f, p, &work, job->w + units_index(d->set, d->target[p], d->source[p]) * taps);
	density_taps_free(&work.grid);
	free(work.value);
	free(work.column);
	return status;
}

int fitted_kernel(const struct fitted *f, double *w)
{
	const struct design *d = f->design;
	struct kernel_job job = {f, w};
	memset(w, 0, d->set->n * d->set->n * d->set->taps * sizeof *w);
	return par_for(d->pairs, d->threads, predict_pair, &job);
}
