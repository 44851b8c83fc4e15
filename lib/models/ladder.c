#include "models/ladder.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"

#define PARTS LADDER_PARTS
#define SETS LADDER_SETS
#define FAR LADDER_FAR
#define ALL LADDER_ALL

const char *const ladder_names[MODELS] = {"M0", "M1", "M2", "M3", "M4", "G1", "G2"};

/* ---- functions at taps ---- */

/* Term `term` of M3 at tap t: the value of a confound, its positive part, its square. */
static double confound_term(const struct ladder *c, size_t p, size_t t, size_t term)
{
	size_t which = (term - 1) / 3;
	for (size_t k = 0; k < 3; k++)
		if (c->plan->c[k] && which-- == 0) {
			double value =
			    units_weights(c->set, c->plan->c[k], c->target[p], c->source[p])[t];
			return (term - 1) % 3 == 0   ? value
			       : (term - 1) % 3 == 1 ? fmax(value, 0)
						     : value * value;
		}
	return 0;
}

int ladder_place(const struct ladder *c, enum ladder_model model, struct volume_place *scratch)
{
	*scratch = (struct volume_place){0};
	const struct span *span = c->span[model];
	return span && span->basis
		   ? volume_place_create(scratch, c->set->taps, span->angles, span->size)
		   : 0;
}

void ladder_values(const struct ladder *c, enum ladder_model model, size_t p,
    struct volume_place *scratch, float *value, size_t of_tap, size_t of_function)
{
	size_t taps = c->set->taps;
	const struct ladder_tap *tap = c->tap + p * taps;
	double dtheta = ladder_dtheta(c, p);
	if (model == M3 || model == M4) {
		for (size_t t = 0; t < taps; t++, value += of_tap) {
			double edges = model == M4 ? orientation_at(c->plan->edges, tap[t].along,
							 tap[t].across, dtheta)
						   : 0;
			for (size_t k = 0; k < ladder_functions(c, model); k++)
				value[k * of_function] =
				    (float)(model == M3 ? confound_term(c, p, t, k + 1)
					    : k         ? fmax(edges, 0)
							: edges);
		}
		return;
	}
	const struct span *span = c->span[model];
	size_t points = span->angles * span->size * span->size;
	volume_place_pair(scratch, tap, dtheta, model == M2);
	for (size_t k = 0; k < span->terms; k++)
		volume_values(scratch, span->basis + k * points, value + k * of_function, of_tap);
}

/* ---- totals and M3 ---- */

static void totals_add(struct ladder_totals *to, const struct ladder_totals *t)
{
	to->n += t->n;
	for (int part = 0; part < PARTS; part++) {
		to->y[part] += t->y[part];
		to->yy[part] += t->yy[part];
	}
}

void ladder_total(
    const struct ladder *c, const size_t *couple, size_t count, struct ladder_totals total[SETS])
{
	memset(total, 0, SETS * sizeof *total);
	for (size_t q = 0; q < count; q++)
		for (size_t s = 0; s < SETS; s++)
			totals_add(&total[s], &c->totals[couple[q] * SETS + s]);
}

struct regression ladder_gram(
    const struct ladder *c, const size_t *couple, size_t count, size_t s, int part)
{
	struct regression sum = {.terms = c->terms};
	for (size_t q = 0; q < count; q++)
		regression_add(&sum, &c->gram[(couple[q] * SETS + s) * PARTS + (size_t)part]);
	return sum;
}

struct regression ladder_normal(const struct ladder_totals *t, const struct ladder_cross *x, int part)
{
	struct regression m = {.terms = part == SIGN_BOTH ? 3 : 2, .yy = t->yy[part]};
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

/* Taps, totals and M3 of couple q. */
static int tabulate_couple(size_t q, size_t worker, void *argument)
{
	(void)worker;
	struct ladder *c = argument;
	struct ladder_totals *totals = c->totals + q * SETS;
	for (size_t p = 2 * q; p < 2 * q + 2; p++)
		for (size_t t = 0; t < c->set->taps; t++) {
			struct units_tap full =
			    units_tap(c->set, c->target[p], c->source[p], t);
			struct ladder_tap *tap = &c->tap[p * c->set->taps + t];
			*tap = (struct ladder_tap){
			    full.along, full.across, cos(full.dphase), sin(full.dphase)};
			size_t s = ladder_bucket(tap);
			double y[PARTS], x[REGRESSION_TERMS] = {1};
			ladder_parts(ladder_weights(c, p)[t], y);
			totals[s].n++;
			for (int part = 0; part < PARTS; part++) {
				totals[s].y[part] += y[part];
				totals[s].yy[part] += y[part] * y[part];
			}
			for (size_t i = 1; i < c->terms; i++)
				x[i] = confound_term(c, p, t, i);
			for (size_t part = 0; c->present[M3] && part < PARTS; part++) {
				struct regression *m = &c->gram[(q * SETS + s) * PARTS + part];
				m->yy += y[part] * y[part];
				for (size_t i = 0; i < c->terms; i++) {
					m->b[i] += x[i] * y[part];
					for (size_t j = 0; j < c->terms; j++)
						m->g[i][j] += x[i] * x[j];
				}
			}
		}
	totals_add(&totals[ALL], &totals[FAR]);
	for (size_t part = 0; c->present[M3] && part < PARTS; part++) {
		struct regression *m = &c->gram[q * SETS * PARTS + part];
		m[FAR * PARTS].terms = c->terms;
		regression_add(&m[ALL * PARTS], &m[FAR * PARTS]);
	}
	return 0;
}

/* ---- all of it ---- */

double models_reach(const struct units *set)
{
	double reach = 0;
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < set->n; j++)
			for (size_t t = 0; t < set->taps && i != j; t++)
				reach = fmax(reach, units_tap(set, i, j, t).r);
	return reach;
}

struct ladder_spans *models_spans(double reach, size_t threads)
{
	struct ladder_spans *spans = mem_alloc(1, sizeof *spans);
	for (enum ladder_model m = M0; spans && m < MODELS; m++)
		if (m != M3 && m != M4 &&
		    span_create(&spans->of[m], m, ceil(reach + 1e-6), threads) < 0) {
			models_spans_free(spans);
			return NULL;
		}
	return spans;
}

void models_spans_free(struct ladder_spans *spans)
{
	for (enum ladder_model m = M0; spans && m < MODELS; m++)
		span_free(&spans->of[m]);
	free(spans);
}

int ladder_create(struct ladder *c, const struct units *set, const struct models_plan *plan)
{
	size_t n = set->n;
	*c = (struct ladder){.set = set, .plan = plan, .terms = 1};
	c->couples = n * (n - 1) / 2;
	c->target = mem_alloc(2 * c->couples, sizeof *c->target);
	c->source = mem_alloc(2 * c->couples, sizeof *c->source);
	if (!c->target || !c->source)
		return -1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			c->target[c->pairs] = c->source[c->pairs + 1] = i;
			c->target[c->pairs + 1] = c->source[c->pairs] = j;
			c->pairs += 2;
		}
	for (size_t k = 0; k < 3; k++)
		c->terms += plan->c[k] ? 3 : 0;
	c->tap = mem_alloc(c->pairs * set->taps, sizeof *c->tap);
	c->totals = mem_alloc(c->couples * SETS, sizeof *c->totals);
	c->present[M3] = c->terms > 1;
	c->present[MODELS] = !plan->leads;
	c->gram = mem_alloc(c->present[M3] ? c->couples * SETS * PARTS : 0, sizeof *c->gram);
	const struct ladder_spans *spans = plan->spans;
	if (!spans)
		spans = c->own = models_spans(models_reach(set), plan->threads);
	c->factor = mem_alloc(c->couples * SPAN_KAPPAS, sizeof *c->factor);
	if (!c->tap || !c->totals || !c->gram || !spans || !c->factor ||
	    par_for(c->couples, plan->threads, tabulate_couple, c) < 0)
		return -1;
	for (size_t k = 0; c->present[M3] && k < c->couples * SETS * PARTS; k++)
		c->gram[k].terms = c->terms;
	for (size_t q = 0; q < c->couples * SPAN_KAPPAS; q++)
		c->factor[q] = (float)ladder_factor(
		    c, 2 * (q / SPAN_KAPPAS), spans->of[M0].kappa[q % SPAN_KAPPAS]);
	for (enum ladder_model m = M0; m < MODELS; m++) {
		if (m == M3 || (m == M4 && !plan->edges))
			continue;
		c->present[m] = true;
		c->span[m] = m == M4 ? &c->m4 : &spans->of[m];
		if ((m == M4 && span_create_kinds(&c->m4, M4, 2) < 0) || ladder_tabulate(c, m) < 0)
			return -1;
	}
	return 0;
}

void ladder_forget(struct ladder *c)
{
	for (enum ladder_model m = M0; m < MODELS; m++) {
		free(c->sums[m]);
		c->sums[m] = NULL;
	}
}

void ladder_free(struct ladder *c)
{
	ladder_forget(c);
	models_spans_free(c->own);
	span_free(&c->m4);
	free(c->target);
	free(c->source);
	free(c->tap);
	free(c->totals);
	free(c->gram);
	free(c->factor);
	*c = (struct ladder){0};
}
