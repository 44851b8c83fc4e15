#include "lateral/ladder.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"

#define PI LATERAL_PI
#define PARTS LADDER_PARTS
#define SETS LADDER_SETS
#define FAR LADDER_FAR
#define ALL LADDER_ALL
#define STEPS LADDER_STEPS
#define COARSE LADDER_COARSE

const char *const ladder_names[MODELS] = {"M0", "M1", "M2", "M3", "M4", "G1", "G2"};

static const double kappa_values[STEPS] = {.125, .25, .5, 1, 2, 4, 8, 16};
static const double sigma_values[STEPS] = {.7, 1, 1.4, 2, 2.8, 4, 5.7, 8};

/* exp(-x^2 / 2 s^2) under the aperture, variance = s^2 */
static double bell(double x2, double variance)
{
	return exp(-.5 * x2 / (variance + LADDER_APERTURE2));
}

/* exp(-r / s), rounded at the origin by the aperture */
static double slope(double r, double s)
{
	return exp(-sqrt(r * r + LADDER_APERTURE2) / s);
}

/* ---- sums ---- */

void ladder_cross_add(struct ladder_cross *x, double m, double cosine, const double *y)
{
	double mc = m * cosine;
	x->m += m;
	x->mm += m * m;
	for (int part = 0; part < PARTS; part++)
		x->my[part] += m * y[part];
	x->mc += mc;
	x->mmc += m * mc;
	x->mmcc += mc * mc;
	x->mcy += mc * y[LATERAL_SIGNED];
}

void ladder_cross_sum(struct ladder_cross *to, const struct ladder_cross *x, double w)
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

void ladder_merge(struct ladder_cross *x, size_t elements)
{
	for (size_t e = 0; e < elements; e++)
		ladder_cross_sum(&x[e * SETS + ALL], &x[e * SETS + FAR], 1);
}

struct least ladder_normal(const struct ladder_totals *t, const struct ladder_cross *x, int part)
{
	struct least m = {.terms = part == LATERAL_SIGNED ? 3 : 2, .yy = t->yy[part]};
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

static void totals_add(struct ladder_totals *to, const struct ladder_totals *t)
{
	to->n += t->n;
	for (int part = 0; part < PARTS; part++) {
		to->y[part] += t->y[part];
		to->yy[part] += t->yy[part];
	}
}

void ladder_total(
    const struct ladder *c, const size_t *pair, size_t count, struct ladder_totals total[SETS])
{
	memset(total, 0, SETS * sizeof *total);
	for (size_t q = 0; q < count; q++)
		for (size_t s = 0; s < SETS; s++)
			totals_add(&total[s], &c->totals[pair[q] * SETS + s]);
}

struct least ladder_gram(
    const struct ladder *c, const size_t *pair, size_t count, size_t s, int part)
{
	struct least sum = {.terms = c->terms};
	for (size_t q = 0; q < count; q++)
		least_add(&sum, &c->gram[(pair[q] * SETS + s) * PARTS + (size_t)part]);
	return sum;
}

/* ---- the best shape ---- */

void ladder_choose(const struct ladder_family *f, size_t elements, const size_t *pair, size_t count,
    const struct ladder_totals total[SETS], struct ladder_choice best[SETS][PARTS])
{
	for (size_t s = 0; s < SETS; s++)
		for (int part = 0; part < PARTS; part++)
			best[s][part] = (struct ladder_choice){.r = -1};
	for (size_t e = 0; e < elements; e++) {
		struct ladder_cross sum[STEPS][SETS] = {{{0}}};
		for (size_t q = 0; q < count; q++)
			for (size_t k = 0; k < f->kappas; k++) {
				double w = ladder_factor(f, pair[q], k);
				for (size_t s = 0; s < SETS; s++)
					ladder_cross_sum(&sum[k][s],
					    &f->cross[(pair[q] * f->elements + e) * SETS + s], w);
			}
		for (size_t k = 0; k < f->kappas; k++)
			for (size_t s = 0; s < SETS; s++)
				for (int part = 0; part < PARTS; part++) {
					struct ladder_choice x = {.element = e, .kappa = k};
					struct least m = ladder_normal(&total[s], &sum[k][s], part);
					least_solve(&m, x.coefficient);
					x.r = least_score(&m, x.coefficient).r;
					if (x.r > best[s][part].r)
						best[s][part] = x;
				}
	}
}

int ladder_choose_all(const struct ladder *c, const struct ladder_family *f, size_t elements,
    struct ladder_choice best[SETS][PARTS])
{
	struct ladder_totals total[SETS];
	size_t *every = mem_alloc(c->pairs, sizeof *every);
	if (!every)
		return -1;
	for (size_t p = 0; p < c->pairs; p++)
		every[p] = p;
	ladder_total(c, every, c->pairs, total);
	ladder_choose(f, elements, every, c->pairs, total, best);
	free(every);
	return 0;
}

/* ---- M0 to M4 ---- */

/* Term `term` of M3 at tap t: the value of a confound, its positive part, its square. */
static double confound_term(const struct ladder *c, size_t p, size_t t, size_t term)
{
	size_t which = (term - 1) / 3;
	for (size_t k = 0; k < 3; k++)
		if (c->plan->c[k] && which-- == 0) {
			double value =
			    lateral_weights(c->set, c->plan->c[k], c->target[p], c->source[p])[t];
			return (term - 1) % 3 == 0   ? value
			       : (term - 1) % 3 == 1 ? fmax(value, 0)
						     : value * value;
		}
	return 0;
}

/* (along, across) in the frame turned by dtheta / 2 */
static void bisect(const struct ladder_tap *tap, double dtheta, double *a, double *b)
{
	double c = cos(dtheta / 2), s = sin(dtheta / 2);
	*a = tap->along * c + tap->across * s;
	*b = -tap->along * s + tap->across * c;
}

/* M0-M4 and the totals of pair p */
static int tabulate_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	struct ladder *c = argument;
	const double *w = ladder_weights(c, p);
	double dtheta = ladder_dtheta(c, p);
	struct ladder_cross *m0 = c->family[M0].cross + p * c->family[M0].elements * SETS;
	struct ladder_cross *m1 = c->family[M1].cross + p * c->family[M1].elements * SETS;
	struct ladder_cross *m2 = c->family[M2].cross + p * c->family[M2].elements * SETS;
	struct ladder_totals *totals = c->totals + p * SETS;
	for (size_t t = 0; t < c->set->taps; t++) {
		struct lateral_tap full = lateral_tap(c->set, c->target[p], c->source[p], t);
		struct ladder_tap *tap = &c->tap[p * c->set->taps + t];
		*tap = (struct ladder_tap){
		    full.along, full.across, cos(full.dphase), sin(full.dphase)};
		size_t s = ladder_bucket(tap);
		double phase = tap->cosine, y[PARTS], a, b, g[4][STEPS];
		ladder_parts(w[t], y);
		totals[s].n++;
		for (int part = 0; part < PARTS; part++) {
			totals[s].y[part] += y[part];
			totals[s].yy[part] += y[part] * y[part];
		}
		bisect(tap, dtheta, &a, &b);
		for (size_t k = 0; k < STEPS; k++) {
			double variance = sigma_values[k] * sigma_values[k];
			g[0][k] = bell(tap->along * tap->along, variance);
			g[1][k] = bell(tap->across * tap->across, variance);
			g[2][k] = bell(a * a, variance);
			g[3][k] = bell(b * b, variance);
		}
		for (size_t k = 0; k < STEPS; k++) {
			ladder_cross_add(&m0[k * SETS + s], g[0][k] * g[1][k], phase, y);
			ladder_cross_add(
			    &m0[(STEPS + k) * SETS + s], slope(full.r, sigma_values[k]), phase, y);
			for (size_t l = 0; l < STEPS; l++) {
				size_t e = (k * STEPS + l) * SETS + s;
				ladder_cross_add(&m1[e], g[0][k] * g[1][l], phase, y);
				ladder_cross_add(&m2[e], g[2][k] * g[3][l], phase, y);
			}
		}
		if (c->present[M4]) {
			struct ladder_cross *m4 =
			    c->family[M4].cross + p * c->family[M4].elements * SETS;
			double value =
			    orientation_at(c->plan->edges, tap->along, tap->across, dtheta);
			ladder_cross_add(&m4[s], value, phase, y);
			ladder_cross_add(&m4[SETS + s], fmax(value, 0), phase, y);
		}
		if (!c->present[M3])
			continue;
		double x[LEAST_TERMS] = {1};
		for (size_t i = 1; i < c->terms; i++)
			x[i] = confound_term(c, p, t, i);
		for (size_t part = 0; part < PARTS; part++) {
			struct least *m = &c->gram[(p * SETS + s) * PARTS + part];
			m->yy += y[part] * y[part];
			for (size_t i = 0; i < c->terms; i++) {
				m->b[i] += x[i] * y[part];
				for (size_t j = 0; j < c->terms; j++)
					m->g[i][j] += x[i] * x[j];
			}
		}
	}
	for (enum ladder_model m = M0; m <= M4; m++)
		if (c->present[m] && m != M3)
			ladder_merge(c->family[m].cross + p * c->family[m].elements * SETS,
			    c->family[m].elements);
	totals_add(&totals[ALL], &totals[FAR]);
	for (size_t part = 0; c->present[M3] && part < PARTS; part++) {
		struct least *m = &c->gram[p * SETS * PARTS + part];
		m[FAR * PARTS].terms = c->terms;
		least_add(&m[ALL * PARTS], &m[FAR * PARTS]);
	}
	return 0;
}

static int make_factors(const struct ladder *c, struct ladder_family *f, const double *kappa)
{
	f->factor = mem_alloc(c->pairs * f->kappas, sizeof *f->factor);
	for (size_t p = 0; f->factor && p < c->pairs; p++)
		for (size_t k = 0; k < f->kappas; k++)
			f->factor[p * f->kappas + k] =
			    exp(kappa[k] * (cos(2 * ladder_dtheta(c, p)) - 1));
	return f->factor ? 0 : -1;
}

/* ---- finer grids ---- */

struct refinement {
	const struct ladder *ladder;
	struct ladder_family *fine;
};

static int refine_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct refinement *job = argument;
	const struct ladder *c = job->ladder;
	struct ladder_family *f = job->fine;
	struct ladder_cross *x = f->cross + p * f->elements * SETS;
	const double *w = ladder_weights(c, p);
	for (size_t t = 0; t < c->set->taps; t++) {
		const struct ladder_tap *tap = &c->tap[p * c->set->taps + t];
		double a = tap->along, b = tap->across, g[2][COARSE], y[PARTS];
		ladder_parts(w[t], y);
		if (f->model == M0) {
			a = hypot(a, b);
			b = 0;
		} else if (f->model == M2) {
			bisect(tap, ladder_dtheta(c, p), &a, &b);
		}
		for (size_t k = 0; k < COARSE; k++) {
			g[0][k] = bell(a * a, exp(2 * f->value[0][k]));
			g[1][k] = bell(b * b, exp(2 * f->value[1][k]));
		}
		for (size_t e = 0; e < f->elements; e++)
			ladder_cross_add(&x[e * SETS + ladder_bucket(tap)],
			    f->model == M0 ? g[0][e] : g[0][e / COARSE] * g[1][e % COARSE],
			    tap->cosine, y);
	}
	ladder_merge(x, f->elements);
	return 0;
}

/* 5 (x 5) x 7 shapes about the best in steps of 2^(1/3) and, in kappa, of 2^(1/2) */
int ladder_refine(
    const struct ladder *c, enum ladder_model model, int part, struct ladder_family *f)
{
	bool round = model == M0;
	struct ladder_choice best[SETS][PARTS];
	double kappa[LADDER_FINE_KAPPAS];
	*f = (struct ladder_family){.model = model,
	    .elements = round ? COARSE : COARSE * COARSE,
	    .kappas = LADDER_FINE_KAPPAS,
	    .axes = round ? 2 : 3,
	    .size = {COARSE, round ? LADDER_FINE_KAPPAS : COARSE, LADDER_FINE_KAPPAS},
	    .parameter = {
		round ? "sigma" : "sigma_along", round ? "kappa" : "sigma_across", "kappa"}};
	/* of M0 the Gaussians alone: they come first */
	if (ladder_choose_all(
		c, &c->family[model], round ? STEPS : c->family[model].elements, best) < 0)
		return -1;
	const struct ladder_choice *top = &best[ALL][part];
	size_t along = round ? top->element : top->element / STEPS, across = top->element % STEPS;
	for (size_t k = 0; k < COARSE; k++) {
		double move = ((double)k - COARSE / 2) * log(2) / 3;
		f->value[0][k] = log(sigma_values[along]) + move;
		f->value[1][k] = log(sigma_values[across]) + move;
	}
	for (size_t k = 0; k < LADDER_FINE_KAPPAS; k++) {
		f->value[f->axes - 1][k] =
		    log(kappa_values[top->kappa]) + ((double)k - 3) * log(2) / 2;
		kappa[k] = exp(f->value[f->axes - 1][k]);
	}
	f->cross = mem_alloc(c->pairs * f->elements * SETS, sizeof *f->cross);
	if (!f->cross || make_factors(c, f, kappa) < 0)
		return -1;
	struct refinement job = {c, f};
	return par_for(c->pairs, c->plan->threads, refine_pair, &job);
}

void ladder_family_free(struct ladder_family *f)
{
	free(f->cross);
	free(f->factor);
	free(f->shape);
	*f = (struct ladder_family){0};
}

/* ---- values ---- */

struct values {
	const struct ladder *ladder;
	enum ladder_model model;
	size_t element;
	float *value;
};

static int value_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct values *job = argument;
	const struct ladder *c = job->ladder;
	size_t e = job->element;
	double dtheta = ladder_dtheta(c, p), one, two;
	one = sigma_values[e / STEPS % STEPS] * sigma_values[e / STEPS % STEPS];
	two = sigma_values[e % STEPS] * sigma_values[e % STEPS];
	for (size_t t = 0; t < c->set->taps; t++) {
		const struct ladder_tap *tap = &c->tap[p * c->set->taps + t];
		double a = tap->along, b = tap->across, value = 0;
		switch (job->model) {
		case M0:
			value = e < STEPS ? bell(a * a + b * b, two)
					  : slope(hypot(a, b), sigma_values[e - STEPS]);
			break;
		case M2:
			bisect(tap, dtheta, &a, &b);
			/* fall through */
		case M1:
			value = bell(a * a, one) * bell(b * b, two);
			break;
		case M3:
			value = confound_term(c, p, t, e);
			break;
		case M4:
			value = orientation_at(c->plan->edges, a, b, dtheta);
			value = e ? fmax(value, 0) : value;
			break;
		default:
			break;
		}
		job->value[p * c->set->taps + t] = (float)value;
	}
	return 0;
}

int ladder_values(const struct ladder *c, enum ladder_model model, size_t element, float *value)
{
	if (model >= G1)
		return processes_values(c, model, element, value);
	struct values job = {c, model, element, value};
	return par_for(c->pairs, c->plan->threads, value_pair, &job);
}

/* ---- all of it ---- */

int ladder_create(struct ladder *c, const struct lateral *set, const struct models_plan *plan)
{
	static const size_t elements[] = {2 * STEPS, STEPS * STEPS, STEPS * STEPS, 0, 2};
	size_t n = set->n;
	*c = (struct ladder){.set = set, .plan = plan, .reach = models_reach(set), .terms = 1};
	c->target = mem_alloc(n * (n - 1), sizeof *c->target);
	c->source = mem_alloc(n * (n - 1), sizeof *c->source);
	if (!c->target || !c->source)
		return -1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (i != j) {
				c->target[c->pairs] = i;
				c->source[c->pairs++] = j;
			}
	for (size_t k = 0; k < 3; k++)
		c->terms += plan->c[k] ? 3 : 0;
	for (enum ladder_model m = M0; m < MODELS; m++) {
		struct ladder_family *f = &c->family[m];
		f->model = m;
		f->kappas = m <= M2 ? STEPS : 1;
		c->present[m] = m == M3 ? c->terms > 1 : m == M4 ? plan->edges != NULL : true;
		if (m <= M4 && c->present[m]) {
			f->elements = elements[m];
			f->cross = mem_alloc(c->pairs * elements[m] * SETS, sizeof *f->cross);
			if (!f->cross)
				return -1;
		}
		if (m <= M2 && make_factors(c, f, kappa_values) < 0)
			return -1;
	}
	c->tap = mem_alloc(c->pairs * set->taps, sizeof *c->tap);
	c->totals = mem_alloc(c->pairs * SETS, sizeof *c->totals);
	c->gram = mem_alloc(c->present[M3] ? c->pairs * SETS * PARTS : 0, sizeof *c->gram);
	if (!c->tap || !c->totals || !c->gram)
		return -1;
	if (par_for(c->pairs, plan->threads, tabulate_pair, c) < 0)
		return -1;
	for (size_t k = 0; c->present[M3] && k < c->pairs * SETS * PARTS; k++)
		c->gram[k].terms = c->terms;
	return processes_tabulate(c, G1) < 0 ? -1 : processes_tabulate(c, G2);
}

void ladder_free(struct ladder *c)
{
	for (enum ladder_model m = M0; m < MODELS; m++)
		ladder_family_free(&c->family[m]);
	free(c->target);
	free(c->source);
	free(c->tap);
	free(c->totals);
	free(c->gram);
	*c = (struct ladder){0};
}
