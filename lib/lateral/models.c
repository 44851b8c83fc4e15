#include "lateral/models.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "lateral/report.h"
#include "se2/kernel.h"
#include "stats/resample.h"
#include "stats/student.h"

#define PI LATERAL_PI
#define PARTS 3
#define FAR 0 /* |Delta| >= MODELS_NEAR */
#define ALL 1
#define SETS 2
#define AXES 3
#define STEPS_MAX 8
#define TERMS_MAX 10              /* of M3, and of every normal equation */
#define APERTURE2 (.49 + 1. / 12) /* px^2: 0.7 px and the pixel's cell */

enum model { M0, M1, M2, M3, M4, G1, G2, MODELS };
static const char *const model_names[MODELS] = {"M0", "M1", "M2", "M3", "M4", "G1", "G2"};

/* ---- least squares ---- */

/* sums over taps: g = sum x x', b = sum x y, of the regressors x (the first is 1) and y */
struct normal {
	size_t terms;
	double g[TERMS_MAX][TERMS_MAX], b[TERMS_MAX], yy;
};

/* Coefficients by Cholesky's decomposition; a term that the others give already gets 0. */
static void solve(const struct normal *m, double *x)
{
	double l[TERMS_MAX][TERMS_MAX] = {{0}}, z[TERMS_MAX];
	for (size_t i = 0; i < m->terms; i++) {
		for (size_t j = 0; j <= i; j++) {
			double sum = m->g[i][j];
			for (size_t k = 0; k < j; k++)
				sum -= l[i][k] * l[j][k];
			if (i == j)
				l[i][i] = sum > 1e-10 * m->g[i][i] && sum > 0 ? sqrt(sum) : 0;
			else
				l[i][j] = l[j][j] > 0 ? sum / l[j][j] : 0;
		}
		double sum = m->b[i];
		for (size_t k = 0; k < i; k++)
			sum -= l[i][k] * z[k];
		z[i] = l[i][i] > 0 ? sum / l[i][i] : 0;
	}
	for (size_t i = m->terms; i-- > 0;) {
		double sum = z[i];
		for (size_t k = i + 1; k < m->terms; k++)
			sum -= l[k][i] * x[k];
		x[i] = l[i][i] > 0 ? sum / l[i][i] : 0;
	}
}

struct score {
	double r, cosine;
};

/* Of the prediction with coefficients x; r is 0 where the prediction does not vary, nan where y does not. */
static struct score score(const struct normal *m, const double *x)
{
	double n = m->g[0][0], p = 0, pp = 0, py = 0;
	for (size_t i = 0; i < m->terms; i++) {
		p += x[i] * m->g[0][i];
		py += x[i] * m->b[i];
		for (size_t j = 0; j < m->terms; j++)
			pp += x[i] * x[j] * m->g[i][j];
	}
	double y = m->b[0], vy = m->yy - y * y / n, vp = pp - p * p / n;
	if (!(n > 0 && vy > 1e-12 * m->yy))
		return (struct score){NAN, NAN};
	bool varies = vp > 1e-12 * pp;
	return (struct score){
	    varies ? (py - p * y / n) / sqrt(vp * vy) : 0, pp > 0 ? py / sqrt(pp * m->yy) : 0};
}

/* ---- what is known of a pair ---- */

/* sums over a pair's taps of model values m, weights y (by part), c = cos dphase; y of mcy is the signed one */
struct cross {
	double m, mm, my[PARTS], mc, mmc, mmcc, mcy;
};

struct totals {
	double n, y[PARTS], yy[PARTS];
};

/* A model's shapes ("elements") on up to three axes of parameters, all but kappa tabulated over taps. */
struct family {
	enum model model;
	size_t elements;
	size_t kappas;       /* 1: no factor exp(kappa (cos 2 dtheta - 1)) */
	double *factor;      /* (pairs, kappas): exp(kappa (cos 2 dtheta - 1)) */
	struct cross *cross; /* (pairs, elements, SETS) */
	/* the grid whose optimum is interpolated: elements from `first` on, then kappa */
	size_t first, axes, size[AXES];
	double value[AXES][STEPS_MAX]; /* logarithms of the parameters */
	const char *parameter[AXES];
};

struct volume { /* S of a group model, for interpolation */
	size_t size, angles;
	double step;
	float *k;
};

struct comparison {
	const struct lateral *set;
	const struct models_plan *plan;
	size_t pairs; /* n (n - 1): without i = j */
	size_t *target, *source;
	struct totals *totals; /* (pairs, SETS) */
	struct family family[MODELS];
	struct family fine; /* M1 about its best shape, for the parameters alone */
	bool present[MODELS];
	size_t terms;          /* of M3 */
	struct normal *gram;   /* (pairs, SETS, PARTS): M3 */
	struct volume *volume; /* elements of G1 or G2 being tabulated */
	enum model group;
	size_t from;  /* the volumes' first element */
	double reach; /* largest |Delta| */
	/* ceiling */
	size_t radius, cells;
	double *result; /* (splits, MODELS + 1, PARTS, SETS, 2): r and cosine */
};

static const double kappa_values[STEPS_MAX] = {.125, .25, .5, 1, 2, 4, 8, 16};
static const double sigma_values[STEPS_MAX] = {.7, 1, 1.4, 2, 2.8, 4, 5.7, 8};

static double pair_dtheta(const struct comparison *c, size_t p)
{
	return c->set->pair[lateral_pair_index(c->set, c->target[p], c->source[p])].dtheta;
}

static double kappa_factor(const struct family *f, size_t pair, size_t k)
{
	return f->kappas > 1 ? f->factor[pair * f->kappas + k] : 1;
}

static int make_factors(const struct comparison *c, struct family *f, const double *kappa)
{
	f->factor = mem_alloc(c->pairs * f->kappas, sizeof *f->factor);
	for (size_t p = 0; f->factor && p < c->pairs; p++)
		for (size_t k = 0; k < f->kappas; k++)
			f->factor[p * f->kappas + k] =
			    exp(kappa[k] * (cos(2 * pair_dtheta(c, p)) - 1));
	return f->factor ? 0 : -1;
}

static void pair_taps(
    const struct comparison *c, size_t p, struct lateral_tap *tap, double (*y)[PARTS])
{
	const struct lateral *set = c->set;
	const double *w = lateral_weights(set, set->weight, c->target[p], c->source[p]);
	for (size_t t = 0; t < set->taps; t++) {
		tap[t] = lateral_tap(set, c->target[p], c->source[p], t);
		y[t][LATERAL_POSITIVE] = fmax(w[t], 0);
		y[t][LATERAL_NEGATIVE] = fmax(-w[t], 0);
		y[t][LATERAL_SIGNED] = w[t];
	}
}

static inline void cross_add(struct cross *x, double m, double c, const double *y)
{
	double mc = m * c;
	x->m += m;
	x->mm += m * m;
	for (int part = 0; part < PARTS; part++)
		x->my[part] += m * y[part];
	x->mc += mc;
	x->mmc += m * mc;
	x->mmcc += mc * mc;
	x->mcy += mc * y[LATERAL_SIGNED];
}

static void cross_sum(struct cross *to, const struct cross *x, double w)
{
	double v = w * w;
	to->m += w * x->m;
	to->mm += v * x->mm;
	for (int part = 0; part < PARTS; part++)
		to->my[part] += w * x->my[part];
	to->mc += w * x->mc;
	to->mmc += v * x->mmc;
	to->mmcc += v * x->mmcc;
	to->mcy += w * x->mcy;
}

static struct normal normal_of(const struct totals *t, const struct cross *x, int part)
{
	struct normal m = {.terms = part == LATERAL_SIGNED ? 3 : 2, .yy = t->yy[part]};
	m.g[0][0] = t->n;
	m.g[0][1] = m.g[1][0] = x->m;
	m.g[1][1] = x->mm;
	m.g[0][2] = m.g[2][0] = x->mc;
	m.g[1][2] = m.g[2][1] = x->mmc;
	m.g[2][2] = x->mmcc;
	m.b[0] = t->y[part];
	m.b[1] = x->my[part];
	m.b[2] = x->mcy;
	return m;
}

/* the bucket for taps of |Delta| >= MODELS_NEAR is FAR; ALL is made of both afterwards */
static inline size_t bucket(const struct lateral_tap *tap)
{
	return tap->r >= MODELS_NEAR ? FAR : ALL;
}

static void merge(struct cross *x, size_t elements)
{
	for (size_t e = 0; e < elements; e++)
		cross_sum(&x[e * SETS + ALL], &x[e * SETS + FAR], 1);
}

/* M0-M4 and the totals of pair p */
static int tabulate_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	struct comparison *c = argument;
	const struct lateral *set = c->set;
	size_t taps = set->taps;
	struct lateral_tap *tap = mem_alloc(taps, sizeof *tap);
	double(*y)[PARTS] = mem_alloc(taps, sizeof *y);
	if (!tap || !y) {
		free(tap);
		free(y);
		return -1;
	}
	pair_taps(c, p, tap, y);
	double dtheta = set->pair[lateral_pair_index(set, c->target[p], c->source[p])].dtheta;
	struct cross *m0 = c->family[M0].cross + p * c->family[M0].elements * SETS;
	struct cross *m1 = c->family[M1].cross + p * c->family[M1].elements * SETS;
	struct cross *m2 = c->family[M2].cross + p * c->family[M2].elements * SETS;
	struct totals *totals = c->totals + p * SETS;
	for (size_t t = 0; t < taps; t++) {
		size_t s = bucket(&tap[t]);
		double phase = cos(tap[t].dphase), u = tap[t].along, v = tap[t].across;
		totals[s].n++;
		for (int part = 0; part < PARTS; part++) {
			totals[s].y[part] += y[t][part];
			totals[s].yy[part] += y[t][part] * y[t][part];
		}
		double half = dtheta / 2, a = u * cos(half) + v * sin(half),
		       b = -u * sin(half) + v * cos(half);
		double g[4][STEPS_MAX];
		for (size_t k = 0; k < STEPS_MAX; k++) {
			double scale = -.5 / (sigma_values[k] * sigma_values[k] + APERTURE2);
			g[0][k] = exp(scale * u * u);
			g[1][k] = exp(scale * v * v);
			g[2][k] = exp(scale * a * a);
			g[3][k] = exp(scale * b * b);
		}
		for (size_t k = 0; k < STEPS_MAX; k++) {
			cross_add(&m0[k * SETS + s], g[0][k] * g[1][k], phase, y[t]);
			double slope =
			    exp(-sqrt(tap[t].r * tap[t].r + APERTURE2) / sigma_values[k]);
			cross_add(&m0[(STEPS_MAX + k) * SETS + s], slope, phase, y[t]);
			for (size_t l = 0; l < STEPS_MAX; l++) {
				size_t e = (k * STEPS_MAX + l) * SETS + s;
				cross_add(&m1[e], g[0][k] * g[1][l], phase, y[t]);
				cross_add(&m2[e], g[2][k] * g[3][l], phase, y[t]);
			}
		}
		if (c->present[M4]) {
			struct cross *m4 = c->family[M4].cross + p * c->family[M4].elements * SETS;
			double value = orientation_at(c->plan->edges, u, v, dtheta);
			cross_add(&m4[s], value, phase, y[t]);
			cross_add(&m4[SETS + s], fmax(value, 0), phase, y[t]);
		}
		if (c->present[M3]) {
			double x[TERMS_MAX];
			size_t terms = 0;
			x[terms++] = 1;
			for (size_t k = 0; k < 3; k++)
				if (c->plan->c[k]) {
					double value = lateral_weights(
					    set, c->plan->c[k], c->target[p], c->source[p])[t];
					x[terms++] = value;
					x[terms++] = fmax(value, 0);
					x[terms++] = value * value;
				}
			for (int part = 0; part < PARTS; part++) {
				struct normal *m = &c->gram[(p * SETS + s) * PARTS + (size_t)part];
				m->terms = terms;
				m->yy += y[t][part] * y[t][part];
				for (size_t i = 0; i < terms; i++) {
					m->b[i] += x[i] * y[t][part];
					for (size_t j = 0; j < terms; j++)
						m->g[i][j] += x[i] * x[j];
				}
			}
		}
	}
	for (enum model m = M0; m <= M4; m++)
		if (c->present[m] && m != M3)
			merge(c->family[m].cross + p * c->family[m].elements * SETS,
			    c->family[m].elements);
	totals[ALL].n += totals[FAR].n;
	for (int part = 0; part < PARTS; part++) {
		totals[ALL].y[part] += totals[FAR].y[part];
		totals[ALL].yy[part] += totals[FAR].yy[part];
		if (c->present[M3]) {
			struct normal *all = &c->gram[(p * SETS + ALL) * PARTS + (size_t)part];
			const struct normal *more =
			    &c->gram[(p * SETS + FAR) * PARTS + (size_t)part];
			all->terms = c->terms;
			all->yy += more->yy;
			for (size_t i = 0; i < c->terms; i++) {
				all->b[i] += more->b[i];
				for (size_t j = 0; j < c->terms; j++)
					all->g[i][j] += more->g[i][j];
			}
		}
	}
	free(tap);
	free(y);
	return 0;
}

/* ---- group models ---- */

/* Keys' cubic convolution weights for the points -1, 0, 1, 2 at 0 <= x < 1 */
static void keys(double x, double *w)
{
	w[0] = ((-.5 * x + 1) * x - .5) * x;
	w[1] = (1.5 * x - 2.5) * x * x + 1;
	w[2] = ((-1.5 * x + 2) * x + .5) * x;
	w[3] = (.5 * x - .5) * x * x;
}

struct place { /* where a tap falls in the volumes */
	size_t corner;
	double wx[4], wy[4];
	bool inside;
};

static int tabulate_group(size_t p, size_t worker, void *argument)
{
	(void)worker;
	struct comparison *c = argument;
	const struct lateral *set = c->set;
	struct family *f = &c->family[c->group];
	const struct volume *v = c->volume;
	size_t taps = set->taps, count = f->elements - c->from;
	struct lateral_tap *tap = mem_alloc(taps, sizeof *tap);
	double(*y)[PARTS] = mem_alloc(taps, sizeof *y);
	struct place *place = mem_alloc(taps, sizeof *place);
	float *slice = mem_alloc(v->size * v->size, sizeof *slice);
	int status = -1;
	if (!tap || !y || !place || !slice)
		goto out;
	pair_taps(c, p, tap, y);
	double dtheta = set->pair[lateral_pair_index(set, c->target[p], c->source[p])].dtheta;
	double at = dtheta * (double)v->angles / PI + (double)v->angles, below = floor(at), wt[4];
	keys(at - below, wt);
	size_t angle[4];
	for (size_t k = 0; k < 4; k++)
		angle[k] = ((size_t)below + v->angles + k - 1) % v->angles;
	double middle = (double)(v->size / 2);
	for (size_t t = 0; t < taps; t++) {
		double column = tap[t].along / v->step + middle,
		       row = middle - tap[t].across / v->step;
		double c0 = floor(column), r0 = floor(row);
		place[t].inside =
		    c0 >= 1 && r0 >= 1 && c0 + 2 < (double)v->size && r0 + 2 < (double)v->size;
		if (!place[t].inside)
			continue;
		place[t].corner = ((size_t)r0 - 1) * v->size + (size_t)c0 - 1;
		keys(column - c0, place[t].wx);
		keys(row - r0, place[t].wy);
		tap[t].dphase = cos(tap[t].dphase);
	}
	for (size_t e = 0; e < count; e++) {
		struct cross *x = f->cross + (p * f->elements + c->from + e) * SETS;
		size_t plane = v->size * v->size;
		const float *k0 = v[e].k + angle[0] * plane, *k1 = v[e].k + angle[1] * plane,
			    *k2 = v[e].k + angle[2] * plane, *k3 = v[e].k + angle[3] * plane;
		float w0 = (float)wt[0], w1 = (float)wt[1], w2 = (float)wt[2], w3 = (float)wt[3];
#pragma omp simd
		for (size_t q = 0; q < plane; q++)
			slice[q] = w0 * k0[q] + w1 * k1[q] + w2 * k2[q] + w3 * k3[q];
		for (size_t t = 0; t < taps; t++) {
			if (!place[t].inside)
				continue;
			double value = 0;
			for (size_t r = 0; r < 4; r++) {
				const float *s = slice + place[t].corner + r * v->size;
				const double *wx = place[t].wx;
				value += place[t].wy[r] * (wx[0] * s[0] + wx[1] * s[1] +
							      wx[2] * s[2] + wx[3] * s[3]);
			}
			cross_add(&x[bucket(&tap[t])], value, tap[t].dphase, y[t]);
		}
		merge(x, 1);
	}
	status = 0;
out:
	free(tap);
	free(y);
	free(place);
	free(slice);
	return status;
}

/* The kernels of elements c->from .. of the group being tabulated, then their sums over taps. */
static int add_group(struct comparison *c, size_t count, const double *a, const double *b)
{
	enum { ANGLES = 36 };
	struct family *f = &c->family[c->group];
	double theta[ANGLES];
	se2_uniform(ANGLES, PI, theta);
	struct se2_aperture aperture = {sqrt(APERTURE2), 5 * PI / 180, false};
	size_t half = (size_t)ceil((c->reach + 2) / .5), size = 2 * half + 1;
	struct se2_grid grid = {.height = size,
	    .width = size,
	    .step = .5,
	    .angles = ANGLES,
	    .theta = theta,
	    .undirected = true};
	int status = 0;
	c->volume = mem_alloc(count, sizeof *c->volume);
	if (!c->volume)
		return -1;
	for (size_t e = 0; status == 0 && e < count; e++) {
		struct se2_model model = {.travel = SE2_GAMMA, .order = 1, .harmonics = 28};
		model.process = c->group == G1 ? SE2_DIRECTION : SE2_DIFFUSION;
		model.alpha = c->group == G1 ? exp(a[e]) : 1;
		model.d11 = c->group == G1 ? 0 : exp(a[e]);
		model.d = exp(b[e]);
		/* e^-5 of what leaves the taps' disc comes round the periodic grid */
		double length = c->group == G1 ? 1 / model.alpha : sqrt(model.d11);
		grid.reach = c->reach + 5 * length;
		struct volume *v = &c->volume[e];
		*v = (struct volume){
		    size, ANGLES, grid.step, mem_alloc(ANGLES * size * size, sizeof *v->k)};
		status = v->k ? se2_kernel(&model, &grid, &aperture, c->plan->threads, v->k) : -1;
	}
	f->elements = c->from + count;
	if (status == 0)
		status = par_for(c->pairs, c->plan->threads, tabulate_group, c);
	for (size_t e = 0; e < count; e++)
		free(c->volume[e].k);
	free(c->volume);
	c->volume = NULL;
	return status;
}

/* The best element of a family on all pairs, by the largest r over parts. */
static size_t best_of_all(const struct comparison *c, const struct family *f)
{
	size_t best = 0;
	double top = -1;
	for (size_t e = 0; e < f->elements; e++) {
		struct cross x = {0};
		struct totals t = {0};
		for (size_t p = 0; p < c->pairs; p++) {
			cross_sum(&x, &f->cross[(p * f->elements + e) * SETS + ALL], 1);
			const struct totals *more = &c->totals[p * SETS + ALL];
			t.n += more->n;
			for (int part = 0; part < PARTS; part++) {
				t.y[part] += more->y[part];
				t.yy[part] += more->yy[part];
			}
		}
		for (int part = 0; part < PARTS; part++) {
			double coefficient[TERMS_MAX];
			struct normal m = normal_of(&t, &x, part);
			solve(&m, coefficient);
			double r = score(&m, coefficient).r;
			if (r > top && (part == LATERAL_SIGNED || coefficient[1] > 0)) {
				top = r;
				best = e;
			}
		}
	}
	return best;
}

#define COARSE 5 /* shapes on an axis */

/* First 5 x 5 shapes in steps of 2 (in length) and 3, then 5 x 5 about the best in steps of these to the power 0.6. */
static int tabulate_model(struct comparison *c, enum model group)
{
	struct family *f = &c->family[group];
	double a[COARSE * COARSE], b[COARSE * COARSE];
	double centre[2] = {group == G1 ? log(.354) : log(8), group == G1 ? log(.09) : log(.3)};
	double step[2] = {group == G1 ? log(2) : log(4), log(3)};
	c->group = group;
	struct cross *coarse = NULL;
	for (int round = 0; round < 2; round++) {
		for (size_t e = 0; e < COARSE * COARSE; e++) {
			a[e] = centre[0] + step[0] * ((double)(e / COARSE) - COARSE / 2);
			b[e] = centre[1] + step[1] * ((double)(e % COARSE) - COARSE / 2);
		}
		c->from = round ? COARSE * COARSE : 0;
		size_t elements = c->from + COARSE * COARSE;
		f->cross = mem_alloc(c->pairs * elements * SETS, sizeof *f->cross);
		if (!f->cross) {
			f->cross = coarse;
			return -1;
		}
		for (size_t p = 0; round && p < c->pairs; p++)
			memcpy(f->cross + p * elements * SETS, coarse + p * c->from * SETS,
			    c->from * SETS * sizeof *coarse);
		free(coarse);
		if (add_group(c, COARSE * COARSE, a, b) < 0)
			return -1;
		if (round == 0) {
			size_t best = best_of_all(c, f);
			centre[0] = a[best];
			centre[1] = b[best];
			step[0] *= .6;
			step[1] *= .6;
			coarse = f->cross;
		}
	}
	f->kappas = 1;
	f->first = COARSE * COARSE;
	f->axes = 2;
	for (size_t k = 0; k < COARSE; k++) {
		f->value[0][k] = a[k * COARSE];
		f->value[1][k] = b[k];
	}
	f->size[0] = f->size[1] = COARSE;
	f->parameter[0] = group == G1 ? "alpha" : "D11";
	f->parameter[1] = group == G1 ? "D" : "D22";
	return 0;
}

/* ---- halves ---- */

struct choice {
	size_t element, kappa;
	double r, coefficient[TERMS_MAX];
};

static void add_totals(
    const struct comparison *c, const size_t *pair, size_t count, struct totals total[SETS])
{
	memset(total, 0, SETS * sizeof *total);
	for (size_t q = 0; q < count; q++)
		for (size_t s = 0; s < SETS; s++) {
			const struct totals *t = &c->totals[pair[q] * SETS + s];
			total[s].n += t->n;
			for (int part = 0; part < PARTS; part++) {
				total[s].y[part] += t->y[part];
				total[s].yy[part] += t->yy[part];
			}
		}
}

/* The element and kappa of the largest r, for every set and part. */
static void choose(const struct family *f, const size_t *pair, size_t count,
    const struct totals total[SETS], struct choice best[SETS][PARTS])
{
	for (size_t s = 0; s < SETS; s++)
		for (int part = 0; part < PARTS; part++)
			best[s][part] = (struct choice){.r = -1};
	for (size_t e = 0; e < f->elements; e++) {
		struct cross sum[STEPS_MAX][SETS] = {{{0}}};
		for (size_t q = 0; q < count; q++)
			for (size_t k = 0; k < f->kappas; k++) {
				double w = kappa_factor(f, pair[q], k);
				for (size_t s = 0; s < SETS; s++)
					cross_sum(&sum[k][s],
					    &f->cross[(pair[q] * f->elements + e) * SETS + s], w);
			}
		for (size_t k = 0; k < f->kappas; k++)
			for (size_t s = 0; s < SETS; s++)
				for (int part = 0; part < PARTS; part++) {
					struct choice x = {.element = e, .kappa = k};
					struct normal m = normal_of(&total[s], &sum[k][s], part);
					solve(&m, x.coefficient);
					x.r = score(&m, x.coefficient).r;
					if (x.r > best[s][part].r &&
					    (part == LATERAL_SIGNED || x.coefficient[1] > 0))
						best[s][part] = x;
				}
	}
}

static struct score test_choice(const struct family *f, const size_t *pair, size_t count,
    const struct totals *total, size_t s, int part, const struct choice *x)
{
	struct cross sum = {0};
	for (size_t q = 0; q < count; q++)
		cross_sum(&sum, &f->cross[(pair[q] * f->elements + x->element) * SETS + s],
		    kappa_factor(f, pair[q], x->kappa));
	struct normal m = normal_of(total, &sum, part);
	return score(&m, x->coefficient);
}

/* where no shape had a positive scale: the baseline alone */
static struct score no_fit(const struct totals *t, int part)
{
	double variance = t->yy[part] - t->y[part] * t->y[part] / t->n;
	return (struct score){variance > 1e-12 * t->yy[part] ? 0 : NAN, NAN};
}

static struct normal gram_sum(
    const struct comparison *c, const size_t *pair, size_t count, size_t s, int part)
{
	struct normal sum = {.terms = c->terms};
	for (size_t q = 0; q < count; q++) {
		const struct normal *m = &c->gram[(pair[q] * SETS + s) * PARTS + (size_t)part];
		sum.yy += m->yy;
		for (size_t i = 0; i < c->terms; i++) {
			sum.b[i] += m->b[i];
			for (size_t j = 0; j < c->terms; j++)
				sum.g[i][j] += m->g[i][j];
		}
	}
	return sum;
}

/* M1 in the shapes of c->fine */
static int tabulate_fine(size_t p, size_t worker, void *argument)
{
	(void)worker;
	struct comparison *c = argument;
	struct family *f = &c->fine;
	size_t taps = c->set->taps;
	struct lateral_tap *tap = mem_alloc(taps, sizeof *tap);
	double(*y)[PARTS] = mem_alloc(taps, sizeof *y);
	struct cross *x = f->cross + p * f->elements * SETS;
	if (tap && y)
		pair_taps(c, p, tap, y);
	for (size_t t = 0; tap && y && t < taps; t++) {
		double g[2][STEPS_MAX], phase = cos(tap[t].dphase);
		for (int axis = 0; axis < 2; axis++)
			for (size_t k = 0; k < f->size[axis]; k++) {
				double at = axis ? tap[t].across : tap[t].along;
				g[axis][k] =
				    exp(-.5 * at * at / (exp(2 * f->value[axis][k]) + APERTURE2));
			}
		for (size_t e = 0; e < f->elements; e++)
			cross_add(&x[e * SETS + bucket(&tap[t])],
			    g[0][e / f->size[1]] * g[1][e % f->size[1]], phase, y[t]);
	}
	int status = tap && y ? 0 : -1;
	if (status == 0)
		merge(x, f->elements);
	free(tap);
	free(y);
	return status;
}

/* 5 x 5 x 7 shapes about the best of M1, in steps of 2^(1/3) and, in kappa, of 2^(1/2) */
static int refine_elongated(struct comparison *c)
{
	struct family *f = &c->fine;
	struct choice best[SETS][PARTS], *top = &best[ALL][LATERAL_SIGNED];
	struct totals total[SETS];
	double kappa[STEPS_MAX];
	size_t *every = mem_alloc(c->pairs, sizeof *every);
	if (!every)
		return -1;
	for (size_t p = 0; p < c->pairs; p++)
		every[p] = p;
	add_totals(c, every, c->pairs, total);
	choose(&c->family[M1], every, c->pairs, total, best);
	free(every);
	if (best[ALL][LATERAL_POSITIVE].r > top->r)
		top = &best[ALL][LATERAL_POSITIVE];
	*f = (struct family){.model = M1,
	    .elements = COARSE * COARSE,
	    .kappas = 7,
	    .axes = 3,
	    .size = {COARSE, COARSE, 7},
	    .parameter = {"sigma_along", "sigma_across", "kappa"}};
	for (size_t k = 0; k < COARSE; k++) {
		double move = ((double)k - COARSE / 2) * log(2) / 3;
		f->value[0][k] = log(sigma_values[top->element / STEPS_MAX]) + move;
		f->value[1][k] = log(sigma_values[top->element % STEPS_MAX]) + move;
	}
	for (size_t k = 0; k < 7; k++) {
		f->value[2][k] = log(kappa_values[top->kappa]) + ((double)k - 3) * log(2) / 2;
		kappa[k] = exp(f->value[2][k]);
	}
	f->cross = mem_alloc(c->pairs * f->elements * SETS, sizeof *f->cross);
	if (!f->cross || make_factors(c, f, kappa) < 0)
		return -1;
	return par_for(c->pairs, c->plan->threads, tabulate_fine, c);
}

/* ---- ceiling ---- */

#define CEILING_ANGLES 12
#define CEILING_SUMS 9 /* of (1, cos, sin) (1, cos, sin)', six, and with y, three */

static size_t ceiling_cell(const struct comparison *c, double u, double v, size_t angle)
{
	double wide = (double)c->radius, column = floor(u + wide + .5), row = floor(wide - v + .5);
	if (column < 0 || row < 0 || column > 2 * wide || row > 2 * wide)
		return SIZE_MAX;
	return (angle * (2 * c->radius + 1) + (size_t)row) * (2 * c->radius + 1) + (size_t)column;
}

static size_t ceiling_angle(double dtheta)
{
	double bin = floor(dtheta * CEILING_ANGLES / PI + .5);
	return (size_t)((ptrdiff_t)bin + CEILING_ANGLES) % CEILING_ANGLES;
}

/* smooth one array of cells in u, v (0.7 px) and dtheta (1/4 1 1/4) */
static void ceiling_smooth(const struct comparison *c, double *x, double *scratch)
{
	size_t size = 2 * c->radius + 1, plane = size * size;
	double g[3] = {1, exp(-1 / (2 * .49)), exp(-4 / (2 * .49))};
	for (size_t axis = 0; axis < 2; axis++) {
		size_t stride = axis ? size : 1;
		for (size_t p = 0; p < c->cells; p++) {
			ptrdiff_t at = (ptrdiff_t)(axis ? p % plane / size : p % size);
			double sum = 0;
			for (ptrdiff_t k = -2; k <= 2; k++)
				if (at + k >= 0 && at + k < (ptrdiff_t)size)
					sum += g[k < 0 ? -k : k] *
					       x[(size_t)((ptrdiff_t)p + k * (ptrdiff_t)stride)];
			scratch[p] = sum;
		}
		memcpy(x, scratch, c->cells * sizeof *x);
	}
	for (size_t p = 0; p < c->cells; p++) {
		size_t t = p / plane, q = p % plane;
		size_t before = (t + CEILING_ANGLES - 1) % CEILING_ANGLES,
		       after = (t + 1) % CEILING_ANGLES;
		scratch[p] = x[p] + .25 * (x[before * plane + q] + x[after * plane + q]);
	}
	memcpy(x, scratch, c->cells * sizeof *x);
}

static void ceiling_scores(const struct comparison *c, const size_t *train, size_t trains,
    const size_t *test, size_t tests, struct lateral_tap *tap, double (*y)[PARTS], double *sums,
    double *scratch, struct score out[SETS][PARTS])
{
	const struct lateral *set = c->set;
	/* 6 of the design, 3 per part with y; then solved in place */
	enum { ARRAYS = 6 + 3 * PARTS };
	memset(sums, 0, ARRAYS * c->cells * sizeof *sums);
	for (size_t q = 0; q < trains; q++) {
		pair_taps(c, train[q], tap, y);
		size_t angle = ceiling_angle(pair_dtheta(c, train[q]));
		for (size_t t = 0; t < set->taps; t++)
			for (int frame = 0; frame < 2; frame++) {
				double sign = frame ? -1 : 1;
				size_t cell = ceiling_cell(
				    c, sign * tap[t].along, sign * tap[t].across, angle);
				if (cell == SIZE_MAX)
					continue;
				double x[3] = {1, cos(tap[t].dphase), sign * sin(tap[t].dphase)};
				size_t a = 0;
				for (size_t i = 0; i < 3; i++)
					for (size_t j = 0; j <= i; j++)
						sums[a++ * c->cells + cell] += x[i] * x[j];
				for (size_t part = 0; part < PARTS; part++)
					for (size_t i = 0; i < 3; i++)
						sums[a++ * c->cells + cell] += x[i] * y[t][part];
			}
	}
	for (size_t a = 0; a < ARRAYS; a++)
		ceiling_smooth(c, sums + a * c->cells, scratch);
	for (size_t cell = 0; cell < c->cells; cell++) {
		struct normal m = {.terms = 3};
		double x[3];
		size_t a = 0;
		for (size_t i = 0; i < 3; i++)
			for (size_t j = 0; j <= i; j++)
				m.g[i][j] = m.g[j][i] = sums[a++ * c->cells + cell];
		/* one tap's worth of doubt: where there are few, the mean */
		m.g[1][1] += 1;
		m.g[2][2] += 1;
		for (size_t part = 0; part < PARTS; part++) {
			for (size_t i = 0; i < 3; i++)
				m.b[i] = sums[(a + i) * c->cells + cell];
			solve(&m, x);
			for (size_t i = 0; i < 3; i++)
				sums[a++ * c->cells + cell] = x[i];
		}
	}
	struct normal check[SETS][PARTS];
	memset(check, 0, sizeof check);
	for (size_t q = 0; q < tests; q++) {
		pair_taps(c, test[q], tap, y);
		size_t angle = ceiling_angle(pair_dtheta(c, test[q]));
		for (size_t t = 0; t < set->taps; t++) {
			size_t one = ceiling_cell(c, tap[t].along, tap[t].across, angle);
			size_t two = ceiling_cell(c, -tap[t].along, -tap[t].across, angle);
			double cosine = cos(tap[t].dphase), sine = sin(tap[t].dphase);
			for (size_t part = 0; part < PARTS; part++) {
				double value = 0;
				const double *x = sums + (6 + 3 * part) * c->cells;
				if (one != SIZE_MAX)
					value += .5 * (x[one] + cosine * x[c->cells + one] +
							  sine * x[2 * c->cells + one]);
				if (two != SIZE_MAX)
					value += .5 * (x[two] + cosine * x[c->cells + two] -
							  sine * x[2 * c->cells + two]);
				struct normal *m = &check[bucket(&tap[t])][part];
				m->g[0][0]++;
				m->g[0][1] += value;
				m->g[1][1] += value * value;
				m->b[0] += y[t][part];
				m->b[1] += value * y[t][part];
				m->yy += y[t][part] * y[t][part];
			}
		}
	}
	for (size_t part = 0; part < PARTS; part++) {
		struct normal *all = &check[ALL][part], *far = &check[FAR][part];
		all->g[0][0] += far->g[0][0];
		all->g[0][1] += far->g[0][1];
		all->g[1][1] += far->g[1][1];
		all->b[0] += far->b[0];
		all->b[1] += far->b[1];
		all->yy += far->yy;
		for (size_t s = 0; s < SETS; s++) {
			struct normal *m = &check[s][part];
			m->terms = 2;
			m->g[1][0] = m->g[0][1];
			out[s][part] = score(m, (double[]){0, 1});
		}
	}
}

/* r and cosine */
static double *result_at(
    const struct comparison *c, size_t split, size_t model, size_t part, size_t s)
{
	return c->result + (((split * (MODELS + 1) + model) * PARTS + part) * SETS + s) * 2;
}

static int one_split(size_t split, size_t worker, void *argument)
{
	(void)worker;
	struct comparison *c = argument;
	const struct lateral *set = c->set;
	size_t n = set->n, count[2] = {0, 0}, *pair[2] = {NULL, NULL};
	size_t *order = mem_alloc(n, sizeof *order), *half = mem_alloc(n, sizeof *half);
	struct lateral_tap *tap = mem_alloc(set->taps, sizeof *tap);
	double(*y)[PARTS] = mem_alloc(set->taps, sizeof *y);
	double *sums = mem_alloc((6 + 3 * PARTS) * c->cells, sizeof *sums);
	double *scratch = mem_alloc(c->cells, sizeof *scratch);
	int status = -1;
	pair[0] = mem_alloc(c->pairs, sizeof *pair[0]);
	pair[1] = mem_alloc(c->pairs, sizeof *pair[1]);
	if (!order || !half || !tap || !y || !sums || !scratch || !pair[0] || !pair[1])
		goto out;
	struct rng rng = rng_start(c->plan->seed, RNG_HALVES, 0, split);
	rng_permutation(&rng, order, n);
	for (size_t i = 0; i < n; i++)
		half[order[i]] = i % 2;
	for (size_t p = 0; p < c->pairs; p++)
		if (half[c->target[p]] == half[c->source[p]])
			pair[half[c->target[p]]][count[half[c->target[p]]]++] = p;
	for (size_t side = 0; side < 2; side++) {
		const size_t *train = pair[side], *test = pair[1 - side];
		size_t trains = count[side], tests = count[1 - side];
		struct totals trained[SETS], tested[SETS];
		add_totals(c, train, trains, trained);
		add_totals(c, test, tests, tested);
		for (size_t model = 0; model <= MODELS; model++) {
			struct score found[SETS][PARTS];
			if (model == MODELS) {
				ceiling_scores(
				    c, train, trains, test, tests, tap, y, sums, scratch, found);
			} else if (!c->present[model]) {
				continue;
			} else if (model == M3) {
				for (size_t s = 0; s < SETS; s++)
					for (int part = 0; part < PARTS; part++) {
						double x[TERMS_MAX];
						struct normal m =
						    gram_sum(c, train, trains, s, part);
						solve(&m, x);
						m = gram_sum(c, test, tests, s, part);
						found[s][part] = score(&m, x);
					}
			} else {
				const struct family *f = &c->family[model];
				struct choice best[SETS][PARTS];
				choose(f, train, trains, trained, best);
				for (size_t s = 0; s < SETS; s++)
					for (int part = 0; part < PARTS; part++)
						found[s][part] =
						    best[s][part].r > -1
							? test_choice(f, test, tests, &tested[s], s,
							      part, &best[s][part])
							: no_fit(&tested[s], part);
			}
			for (size_t s = 0; s < SETS; s++)
				for (size_t part = 0; part < PARTS; part++) {
					double *to = result_at(c, split, model, part, s);
					to[0] += .5 * found[s][part].r;
					to[1] += .5 * found[s][part].cosine;
				}
		}
	}
	status = 0;
out:
	free(order);
	free(half);
	free(tap);
	free(y);
	free(sums);
	free(scratch);
	free(pair[0]);
	free(pair[1]);
	return status;
}

/* ---- parameters ---- */

/* weights of the `size` grid points 0, 1, ... for the polynomial through them, at x */
static void lagrange(size_t size, double x, double *w)
{
	for (size_t i = 0; i < size; i++) {
		w[i] = 1;
		for (size_t j = 0; j < size; j++)
			if (j != i)
				w[i] *= (x - (double)j) / ((double)i - (double)j);
	}
}

/* The sums of one weighting of the pairs, every shape's scaled to sum m^2 = 1: smooth in the parameters. */
struct surface {
	const struct family *f;
	struct totals total;
	struct cross *point; /* (shapes, kappas) */
};

/* r^2 at place `at` of the grid (in steps, between its ends); below 0 where the scale is not positive */
static double surface_at(const struct surface *s, const double *at, int part)
{
	const struct family *f = s->f;
	double w[AXES][STEPS_MAX] = {{1}, {1}, {1}}, x[TERMS_MAX];
	size_t size[AXES] = {1, 1, 1};
	for (size_t a = 0; a < f->axes; a++) {
		size[a] = f->size[a];
		lagrange(size[a], at[a], w[a]);
	}
	struct cross sum = {0};
	size_t point = 0;
	for (size_t i = 0; i < size[0]; i++)
		for (size_t j = 0; j < size[1]; j++)
			for (size_t k = 0; k < size[2]; k++, point++) {
				const struct cross *p = &s->point[point];
				double v = w[0][i] * w[1][j] * w[2][k];
				sum.m += v * p->m;
				sum.my[part] += v * p->my[part];
				sum.mc += v * p->mc;
				sum.mmc += v * p->mmc;
				sum.mmcc += v * p->mmcc;
				sum.mcy += v * p->mcy;
			}
	sum.mm = 1;
	struct normal m = normal_of(&s->total, &sum, part);
	solve(&m, x);
	double r = score(&m, x).r;
	return part == LATERAL_SIGNED || x[1] > 0 ? r * r : -1;
}

/* log parameters at the largest r^2: from the best point of the grid by steps to all neighbours, halved where none is
 * better; nan where y does not vary */
static void search(const struct surface *s, int part, double out[AXES])
{
	const struct family *f = s->f;
	double at[AXES] = {0}, best = -2;
	size_t points = 1;
	for (size_t a = 0; a < f->axes; a++)
		points *= f->size[a];
	for (size_t p = 0; p < points; p++) {
		double try[AXES] = {0};
		size_t rest = p;
		for (size_t a = f->axes; a-- > 0; rest /= f->size[a])
			try[a] = (double)(rest % f->size[a]);
		double value = surface_at(s, try, part);
		if (value > best) {
			best = value;
			memcpy(at, try, sizeof at);
		}
	}
	size_t moves = f->axes == 3 ? 27 : 9;
	for (double step = .5; step > 2e-3;) {
		double from[AXES];
		bool better = false;
		memcpy(from, at, sizeof from);
		for (size_t move = 0; move < moves; move++) {
			double try[AXES] = {0};
			size_t rest = move;
			for (size_t a = 0; a < f->axes; a++, rest /= 3)
				try[a] = fmax(0, fmin((double)f->size[a] - 1,
						     from[a] + step * ((double)(rest % 3) - 1)));
			double value = surface_at(s, try, part);
			if (value > best) {
				best = value;
				better = true;
				memcpy(at, try, sizeof at);
			}
		}
		if (!better)
			step /= 2;
	}
	for (size_t a = 0; a < f->axes; a++)
		out[a] =
		    best >= 0 ? f->value[a][0] + at[a] * (f->value[a][1] - f->value[a][0]) : NAN;
}

/* Log parameters for weights of the pairs. 0 or -1. */
static int optimum(const struct comparison *c, const struct family *f, const double *weight,
    double out[PARTS][AXES])
{
	size_t shapes = f->elements - f->first;
	struct surface s = {.f = f, .point = mem_alloc(shapes * f->kappas, sizeof *s.point)};
	if (!s.point)
		return -1;
	for (size_t p = 0; p < c->pairs; p++) {
		const struct totals *t = &c->totals[p * SETS + ALL];
		s.total.n += weight[p] * t->n;
		for (int part = 0; part < PARTS; part++) {
			s.total.y[part] += weight[p] * t->y[part];
			s.total.yy[part] += weight[p] * t->yy[part];
		}
		for (size_t e = 0; weight[p] > 0 && e < shapes; e++) {
			const struct cross *x =
			    &f->cross[(p * f->elements + f->first + e) * SETS + ALL];
			for (size_t k = 0; k < f->kappas; k++) {
				struct cross *sum = &s.point[e * f->kappas + k];
				double w = kappa_factor(f, p, k), a = weight[p] * w, b = a * w;
				sum->m += a * x->m;
				sum->mm += b * x->mm;
				for (int part = 0; part < PARTS; part++)
					sum->my[part] += a * x->my[part];
				sum->mc += a * x->mc;
				sum->mmc += b * x->mmc;
				sum->mmcc += b * x->mmcc;
				sum->mcy += a * x->mcy;
			}
		}
	}
	for (size_t e = 0; e < shapes * f->kappas; e++) {
		struct cross *x = &s.point[e], scaled = {0};
		cross_sum(&scaled, x, x->mm > 0 ? 1 / sqrt(x->mm) : 0);
		*x = scaled;
	}
	for (int part = 0; part < PARTS; part++)
		search(&s, part, out[part]);
	free(s.point);
	return 0;
}

struct bootstrap {
	const struct comparison *c;
	const struct family *f;
	double (*sample)[PARTS][AXES];
};

static int one_sample(size_t b, size_t worker, void *argument)
{
	(void)worker;
	const struct bootstrap *job = argument;
	const struct comparison *c = job->c;
	double *times = mem_alloc(c->set->n, sizeof *times),
	       *weight = mem_alloc(c->pairs, sizeof *weight);
	if (!times || !weight) {
		free(times);
		free(weight);
		return -1;
	}
	resample_times(c->plan->seed, b, c->set->n, times);
	/* i = j is not among the pairs, so copies of one filter make none */
	for (size_t p = 0; p < c->pairs; p++)
		weight[p] = times[c->target[p]] * times[c->source[p]];
	int status = optimum(c, job->f, weight, job->sample[b]);
	free(times);
	free(weight);
	return status;
}

/* ---- the table ---- */

static void row(struct table_out *table, const struct comparison *c, int part, const char *quantity,
    size_t s, const double v[5], double share, const char *verdict)
{
	char name[64];
	if (s == FAR)
		snprintf(
		    name, sizeof name, "%s[%g,%g)", quantity, MODELS_NEAR, ceil(c->reach + 1e-9));
	else
		snprintf(name, sizeof name, "%s", quantity);
	table_text(table, c->plan->label);
	table_text(table, lateral_part_names[part]);
	table_text(table, name);
	for (size_t k = 0; k < 5; k++)
		table_real(table, v[k]);
	table_int(table, (long long)c->pairs);
	table_real(table, share);
	table_text(table, verdict);
}

static int parameters(const struct comparison *c, const struct family *f, struct table_out *table)
{
	size_t samples = c->plan->bootstrap;
	double out[PARTS][AXES], *weight = mem_alloc(c->pairs, sizeof *weight);
	struct bootstrap job = {c, f, mem_alloc(samples, sizeof *job.sample)};
	int status = -1;
	if (!weight || !job.sample)
		goto out;
	for (size_t p = 0; p < c->pairs; p++)
		weight[p] = 1;
	if (optimum(c, f, weight, out) < 0 ||
	    par_for(samples, c->plan->threads, one_sample, &job) < 0)
		goto out;
	for (int part = 0; part < PARTS; part++)
		for (size_t a = 0; a < f->axes; a++) {
			double low = NAN, high = NAN;
			char name[64];
			if (samples && resample_interval(&job.sample[0][part][a], samples,
					   PARTS * AXES, .95, &low, &high) < 0)
				goto out;
			snprintf(
			    name, sizeof name, "%s_%s", f->parameter[a], model_names[f->model]);
			row(table, c, part, name, ALL,
			    (double[]){exp(out[part][a]), exp(low), exp(high), NAN, NAN}, NAN,
			    NULL);
		}
	status = 0;
out:
	free(weight);
	free(job.sample);
	return status;
}

/* r (which = 0) or cosine (1) of every split; for the difference of two models give another (else SIZE_MAX) */
static struct split_mean over_splits(const struct comparison *c, size_t model, size_t other,
    size_t part, size_t s, size_t which, double *x)
{
	for (size_t k = 0; k < c->plan->splits; k++)
		x[k] = result_at(c, k, model, part, s)[which] -
		       (other == SIZE_MAX ? 0 : result_at(c, k, other, part, s)[which]);
	return split_mean(c->plan->splits, x, 1);
}

static void ladder(
    const struct comparison *c, int part, size_t s, double *x, struct table_out *table)
{
	struct split_mean mean[MODELS + 1];
	const char *verdict[MODELS] = {NULL};
	size_t best = SIZE_MAX, rung = SIZE_MAX, worse = 0, models = 0;
	for (size_t m = 0; m <= MODELS; m++) {
		if (m < MODELS && !c->present[m])
			continue;
		mean[m] = over_splits(c, m, SIZE_MAX, (size_t)part, s, 0, x);
		if (m == MODELS || isnan(mean[m].value))
			continue;
		models++;
		if (best == SIZE_MAX || mean[m].value > mean[best].value)
			best = m;
		if (m < G1 && (rung == SIZE_MAX || mean[m].value > mean[rung].value))
			rung = m;
	}
	for (size_t m = 0; m < MODELS; m++) {
		if (!c->present[m] || m == best || isnan(mean[m].value))
			continue;
		struct split_mean lead = over_splits(c, best, m, (size_t)part, s, 0, x);
		verdict[m] = lead.low > 0 ? "worse" : "indistinguishable";
		worse += lead.low > 0;
	}
	if (best != SIZE_MAX)
		verdict[best] = worse + 1 == models ? "best" : "indistinguishable";
	for (size_t m = 0; m <= MODELS; m++) {
		if (m < MODELS && !c->present[m])
			continue;
		char name[32];
		snprintf(name, sizeof name, m < MODELS ? "r_%s" : "ceiling",
		    m < MODELS ? model_names[m] : "");
		row(table, c, part, name, s,
		    (double[]){mean[m].value, mean[m].low, mean[m].high, NAN, NAN},
		    mean[MODELS].value > 0 ? mean[m].value / mean[MODELS].value : NAN,
		    m < MODELS ? verdict[m] : NULL);
	}
	for (size_t m = G1; m <= G2; m++) {
		struct split_mean lead = {NAN, NAN, NAN, NAN};
		char name[32];
		if (rung != SIZE_MAX)
			lead = over_splits(c, m, rung, (size_t)part, s, 0, x);
		snprintf(name, sizeof name, "lead_%s", model_names[m]);
		row(table, c, part, name, s, (double[]){lead.value, lead.low, lead.high, 0, lead.p},
		    NAN,
		    isnan(lead.value) ? NULL
		    : lead.low > 0    ? "ahead"
		    : lead.high < 0   ? "behind"
				      : "indistinguishable");
	}
	for (size_t m = 0; m < MODELS; m++) {
		if (!c->present[m])
			continue;
		struct split_mean cosine = over_splits(c, m, SIZE_MAX, (size_t)part, s, 1, x);
		char name[32];
		snprintf(name, sizeof name, "cosine_%s", model_names[m]);
		row(table, c, part, name, s,
		    (double[]){cosine.value, cosine.low, cosine.high, NAN, NAN}, NAN, NULL);
	}
}

static int tabulate(struct comparison *c)
{
	const struct lateral *set = c->set;
	static const size_t elements[] = {
	    2 * STEPS_MAX, STEPS_MAX * STEPS_MAX, STEPS_MAX * STEPS_MAX, 0, 2};
	for (enum model m = M0; m < MODELS; m++) {
		c->family[m].model = m;
		c->family[m].kappas = m <= M2 ? STEPS_MAX : 1;
		c->present[m] = m == M3   ? c->plan->c[0] || c->plan->c[1] || c->plan->c[2]
				: m == M4 ? c->plan->edges != NULL
					  : true;
		if (m <= M4 && c->present[m]) {
			c->family[m].elements = elements[m];
			c->family[m].cross =
			    mem_alloc(c->pairs * elements[m] * SETS, sizeof(struct cross));
			if (!c->family[m].cross)
				return -1;
		}
		if (m <= M2 && make_factors(c, &c->family[m], kappa_values) < 0)
			return -1;
	}
	c->terms = 1;
	for (size_t k = 0; k < 3; k++)
		c->terms += c->plan->c[k] ? 3 : 0;
	c->totals = mem_alloc(c->pairs * SETS, sizeof *c->totals);
	c->gram = mem_alloc(c->present[M3] ? c->pairs * SETS * PARTS : 0, sizeof *c->gram);
	if (!c->totals || !c->gram)
		return -1;
	c->reach = models_reach(set);
	c->radius = set->k / 2 + 1;
	c->cells = (2 * c->radius + 1) * (2 * c->radius + 1) * CEILING_ANGLES;
	if (par_for(c->pairs, c->plan->threads, tabulate_pair, c) < 0 || refine_elongated(c) < 0 ||
	    tabulate_model(c, G1) < 0)
		return -1;
	return tabulate_model(c, G2);
}

double models_reach(const struct lateral *set)
{
	double reach = 0;
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < set->n; j++)
			for (size_t t = 0; t < set->taps && i != j; t++)
				reach = fmax(reach, lateral_tap(set, i, j, t).r);
	return reach;
}

int models_compare(
    const struct lateral *set, const struct models_plan *plan, struct table_out *table)
{
	struct comparison c = {.set = set, .plan = plan};
	size_t n = set->n, results = plan->splits * (MODELS + 1) * PARTS * SETS * 2;
	if (n < 8)
		return err_set("models: %zu usable filters, halves of them need 8", n);
	double *x = mem_alloc(plan->splits, sizeof *x);
	int status = -1;
	c.target = mem_alloc(n * (n - 1), sizeof *c.target);
	c.source = mem_alloc(n * (n - 1), sizeof *c.source);
	c.result = mem_alloc(results, sizeof *c.result);
	if (!x || !c.target || !c.source || !c.result)
		goto out;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (i != j) {
				c.target[c.pairs] = i;
				c.source[c.pairs++] = j;
			}
	if (tabulate(&c) < 0 || par_for(plan->splits, plan->threads, one_split, &c) < 0)
		goto out;
	for (int part = 0; part < PARTS; part++)
		for (size_t s = SETS; s-- > 0;)
			ladder(&c, part, s, x, table);
	status = parameters(&c, &c.fine, table);
	for (enum model m = G1; m <= G2 && status == 0; m++)
		status = parameters(&c, &c.family[m], table);
out:
	for (enum model m = M0; m < MODELS; m++) {
		free(c.family[m].cross);
		free(c.family[m].factor);
	}
	free(c.fine.cross);
	free(c.fine.factor);
	free(c.target);
	free(c.source);
	free(c.totals);
	free(c.gram);
	free(c.result);
	free(x);
	return status;
}
