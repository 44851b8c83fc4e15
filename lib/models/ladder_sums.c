/* Sums over the taps of couples for every shape, and the shape that fits some couples best. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"
#include "models/ladder.h"

#define PARTS LADDER_PARTS
#define SETS LADDER_SETS
#define FAR LADDER_FAR
#define ALL LADDER_ALL
#define AXES SPAN_AXES
#define LANES SPAN_LANES

/* A record: sums over taps of phi_k times 1, cos, y by part, cos y: (LINEAR, padded), and of phi_k phi_l times 1, cos,
 * cos^2: (3, products). */
enum { SUM_M, SUM_MC, SUM_MY, SUM_MCY = SUM_MY + PARTS, LINEAR };

size_t ladder_record(const struct span *span)
{
	return LINEAR * span->padded + 3 * span->products;
}

/* ---- records of couples ---- */

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

FOR_CPUS void ladder_add(size_t n, float a, const float *restrict x, float *restrict to)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++)
		to[i] += a * x[i];
}

struct tabulation {
	struct ladder *ladder;
	enum ladder_model model;
};

static int one_couple(size_t q, size_t worker, void *argument)
{
	(void)worker;
	const struct tabulation *job = argument;
	const struct ladder *c = job->ladder;
	const struct span *span = c->span[job->model];
	size_t taps = c->set->taps, padded = span->padded, terms = span->terms,
	       record = ladder_record(span), area = 3 * terms * padded;
	float *to = c->sums[job->model] + q * SETS * record;
	struct volume_place place;
	float *phi = mem_alloc(taps * padded, sizeof *phi),
	      *square = mem_alloc(SETS * area, sizeof *square),
	      *cosine = mem_alloc(taps, sizeof *cosine);
	size_t *tap = mem_alloc(taps, sizeof *tap);
	int status = ladder_place(c, job->model, &place);
	if (!phi || !square || !cosine || !tap)
		status = -1;
	for (size_t p = 2 * q; status == 0 && p < 2 * q + 2; p++) {
		const struct ladder_tap *at = c->tap + p * taps;
		const double *w = ladder_weights(c, p);
		ladder_values(c, job->model, p, &place, phi, padded, 1);
		for (size_t t = 0; t < taps; t++)
			cosine[t] = (float)at[t].cosine;
		for (size_t s = 0; s < SETS; s++) {
			size_t count = 0;
			float *lines = to + s * record;
			for (size_t t = 0; t < taps; t++)
				if (ladder_bucket(&at[t]) == s)
					tap[count++] = t;
			add_products(count, tap, cosine, terms, padded, phi, square + s * area);
			for (size_t n = 0; n < count; n++) {
				const float *x = phi + tap[n] * padded;
				double y[PARTS], amount[LINEAR] = {1, at[tap[n]].cosine};
				ladder_parts(w[tap[n]], y);
				for (size_t part = 0; part < PARTS; part++)
					amount[SUM_MY + part] = y[part];
				amount[SUM_MCY] = at[tap[n]].cosine * y[SIGN_BOTH];
				for (size_t k = 0; k < LINEAR; k++)
					ladder_add(padded, (float)amount[k], x, lines + k * padded);
			}
		}
	}
	for (size_t s = 0; status == 0 && s < SETS; s++)
		for (size_t kind = 0; kind < 3; kind++) {
			float *packed = to + s * record + LINEAR * padded + kind * span->products;
			const float *from = square + s * area + kind * terms * padded;
			for (size_t i = 0; i < terms; i++)
				for (size_t j = 0; j <= i; j++)
					*packed++ = from[i * padded + j];
		}
	if (status == 0)
		ladder_add(record, 1, to + FAR * record, to + ALL * record);
	volume_place_free(&place);
	free(phi);
	free(square);
	free(cosine);
	free(tap);
	return status;
}

int ladder_tabulate(struct ladder *c, enum ladder_model model)
{
	struct tabulation job = {c, model};
	size_t record = ladder_record(c->span[model]);
	c->sums[model] = mem_alloc(c->couples * SETS * record, sizeof *c->sums[model]);
	return c->sums[model] ? par_for(c->couples, c->plan->threads, one_couple, &job) : -1;
}

/* ---- sums of couples ---- */

#define CHUNK ((size_t)512) /* numbers at a time, so that those of every kappa stay in the cache */

void ladder_gather(const struct ladder *c, enum ladder_model model, const size_t *couple,
    size_t count, float *sums)
{
	const struct span *span = c->span[model];
	size_t record = ladder_record(span), linear = LINEAR * span->padded;
	memset(sums, 0, span->kappas * SETS * record * sizeof *sums);
	for (size_t s = 0; s < SETS; s++)
		for (size_t first = 0, next; first < record; first = next) {
			/* products take the factor twice */
			size_t end = first < linear ? linear : record;
			next = first + CHUNK < end ? first + CHUNK : end;
			for (size_t q = 0; q < count; q++) {
				const float *x =
				    c->sums[model] + (couple[q] * SETS + s) * record + first;
				for (size_t k = 0; k < span->kappas; k++) {
					float w = span->tuned
						      ? c->factor[couple[q] * SPAN_KAPPAS + k]
						      : 1;
					ladder_add(next - first, first < linear ? w : w * w, x,
					    sums + (k * SETS + s) * record + first);
				}
			}
		}
}

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

/* What least squares of a part needs (all of them: part = PARTS), from a record. */
static struct ladder_cross contract(
    const struct span *span, const float *record, int part, const float *c, const float *products)
{
	size_t padded = span->padded;
	const float *squares = record + LINEAR * padded;
	struct ladder_cross x = {
	    .m = dot(padded, record, c), .mm = dot(span->products, squares, products)};
	for (int k = 0; k < PARTS; k++)
		if (part == PARTS || part == k)
			x.my[k] = dot(padded, record + (size_t)(SUM_MY + k) * padded, c);
	if (part < SIGN_BOTH)
		return x;
	x.mc = dot(padded, record + SUM_MC * padded, c);
	x.mcy = dot(padded, record + SUM_MCY * padded, c);
	x.mmc = dot(span->products, squares + span->products, products);
	x.mmcc = dot(span->products, squares + 2 * span->products, products);
	return x;
}

static void cross_add(
    struct ladder_cross *to, const struct ladder_cross *x, double linear, double square)
{
	to->m += linear * x->m;
	to->mc += linear * x->mc;
	for (int part = 0; part < PARTS; part++)
		to->my[part] += linear * x->my[part];
	to->mcy += linear * x->mcy;
	to->mm += square * x->mm;
	to->mmc += square * x->mmc;
	to->mmcc += square * x->mmcc;
}

struct ladder_cross ladder_couple(const struct ladder *c, enum ladder_model model, size_t couple,
    size_t s, int part, const float *terms, const float *products, double factor)
{
	const struct span *span = c->span[model];
	struct ladder_cross sum = {0},
			    x = contract(span,
				c->sums[model] + (couple * SETS + s) * ladder_record(span), part,
				terms, products);
	cross_add(&sum, &x, factor, factor * factor);
	return sum;
}

/* ---- the best place ---- */

struct surface {
	const struct span *span;
	const float *sums; /* (kappas, SETS, record) */
	const struct ladder_totals *totals;
	size_t s;
	int part;
	float terms[SPAN_TERMS], *products;
};

static const float *record_at(const struct surface *f, size_t kappa)
{
	return f->sums + (kappa * SETS + f->s) * ladder_record(f->span);
}

static void solve(
    const struct surface *f, const struct ladder_cross *cross, int part, struct ladder_choice *x)
{
	struct regression m = ladder_normal(&f->totals[f->s], cross, part);
	regression_solve(&m, x->coefficient);
	x->r = regression_score(&m, x->coefficient).r;
}

static void surface_at(struct surface *f, struct ladder_choice *x)
{
	const struct span *span = f->span;
	double w[SPAN_KAPPAS] = {1};
	struct ladder_cross sum = {0};
	span_terms(span, &x->place, f->terms);
	span_products(span, f->terms, f->products);
	if (span->tuned)
		span_weights(&span->axis[span->axes], x->place.at[span->axes], w);
	for (size_t k = 0; k < span->kappas; k++) {
		struct ladder_cross cross =
		    contract(span, record_at(f, k), f->part, f->terms, f->products);
		cross_add(&sum, &cross, w[k], w[k]);
	}
	solve(f, &sum, f->part, x);
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

/* From a place by quadratic functions through it and its neighbours, `step` (of an axis's length) away, which come
 * nearer where the best is near. */
static void refine(struct surface *f, struct ladder_choice *best)
{
	const struct span *span = f->span;
	size_t axes = span->axes + span->tuned;
	double step = .5 / (SPAN_SCAN - 1);
	for (int round = 0; round < 14 && axes && step > 1e-3; round++) {
		double size[AXES], low[AXES], high[AXES], g[AXES], h[AXES][AXES] = {{0}}, x[AXES],
								   side[AXES][2];
		struct ladder_choice middle = *best, try;
		for (size_t a = 0; a < axes; a++) {
			const struct span_axis *axis = &span->axis[a];
			size[a] = step * (axis->high - axis->low);
			middle.place.at[a] = fmin(
			    fmax(middle.place.at[a], axis->low + size[a]), axis->high - size[a]);
			low[a] = fmax(axis->low - middle.place.at[a], -1.5 * size[a]) / size[a];
			high[a] = fmin(axis->high - middle.place.at[a], 1.5 * size[a]) / size[a];
		}
		surface_at(f, &middle);
		double value = middle.r * middle.r, move = 0;
		struct ladder_choice top = middle.r > best->r ? middle : *best;
		for (size_t a = 0; a < axes; a++)
			for (int up = 0; up < 2; up++) {
				try = middle;
				try.place.at[a] += up ? size[a] : -size[a];
				surface_at(f, &try);
				side[a][up] = try.r * try.r;
				top = try.r > top.r ?
				try : top
					;
			}
		for (size_t a = 0; a < axes; a++) {
			g[a] = (side[a][1] - side[a][0]) / 2;
			h[a][a] = side[a][1] + side[a][0] - 2 * value;
			for (size_t b = 0; b < a; b++) {
				try = middle;
				try.place.at[a] += size[a];
				try.place.at[b] += size[b];
				surface_at(f, &try);
				h[a][b] = h[b][a] = try.r * try.r - side[a][1] - side[b][1] + value;
				top = try.r > top.r ?
				try : top
					;
			}
		}
		quadratic_best(axes, g, h, low, high, x);
		try = middle;
		for (size_t a = 0; a < axes; a++)
			try.place.at[a] += x[a] * size[a];
		surface_at(f, &try);
		top = try.r > top.r ?
		try : top
			;
		for (size_t a = 0; a < axes; a++)
			move = fmax(move, fabs(top.place.at[a] - best->place.at[a]) / size[a]);
		*best = top;
		step *= move < .75 ? .35 : 1;
	}
}

void ladder_fit(const struct span *span, size_t kinds, const float *sums,
    const struct ladder_totals total[SETS], size_t first, struct ladder_choice best[SETS][PARTS])
{
	float products[SPAN_TERMS * (SPAN_TERMS + 1) / 2 + LANES];
	struct surface f = {.span = span, .sums = sums, .totals = total, .products = products};
	for (f.s = first; f.s < SETS; f.s++) {
		for (int part = 0; part < PARTS; part++)
			best[f.s][part] = (struct ladder_choice){.r = -1};
		for (size_t k = 0; k < span->scans; k++) {
			if (span->scan[k].kind >= kinds)
				continue;
			for (size_t kappa = 0; kappa < span->kappas; kappa++) {
				struct ladder_cross cross = contract(span, record_at(&f, kappa),
				    PARTS, span->scan_terms + k * span->padded,
				    span->scan_products + k * span->products);
				struct ladder_choice x = {.place = span->scan[k]};
				if (span->tuned)
					x.place.at[span->axes] =
					    log(span->kappa[kappa] + SPAN_KAPPA0);
				for (int part = 0; part < PARTS; part++) {
					solve(&f, &cross, part, &x);
					if (x.r > best[f.s][part].r)
						best[f.s][part] = x;
				}
			}
		}
		for (f.part = 0; f.part < PARTS; f.part++)
			if (best[f.s][f.part].r > -1)
				refine(&f, &best[f.s][f.part]);
	}
}

int ladder_fit_all(const struct ladder *c, enum ladder_model model, size_t kinds,
    struct ladder_choice best[SETS][PARTS])
{
	const struct span *span = c->span[model];
	struct ladder_totals total[SETS];
	size_t *every = mem_alloc(c->couples, sizeof *every);
	float *sums = mem_alloc(span->kappas * SETS * ladder_record(span), sizeof *sums);
	if (every && sums) {
		for (size_t q = 0; q < c->couples; q++)
			every[q] = q;
		ladder_total(c, every, c->couples, total);
		ladder_gather(c, model, every, c->couples, sums);
		ladder_fit(span, kinds, sums, total, 0, best);
	}
	int status = every && sums ? 0 : -1;
	free(every);
	free(sums);
	return status;
}
