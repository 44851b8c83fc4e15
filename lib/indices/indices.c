/* Rows for a kernel and for what is beyond C, by the table in quantities.h. */
#include "indices/indices.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "indices/correlation.h"
#include "indices/direction.h"
#include "indices/invariance.h"
#include "indices/labels.h"
#include "indices/mrqap.h"
#include "indices/near.h"
#include "indices/phase.h"
#include "stats/circular.h"

static const struct quantity {
	const char *name;
	enum quantity_signs signs;
	const struct family *family;
	unsigned flags;
} quantities[] = {
#define QUANTITY_ROW(place, name, signs, family, flags) {name, signs, &family##_family, flags},
    QUANTITIES(QUANTITY_ROW)};

static const double edge[] = RANGE_EDGES;
enum { RANGES_USED = sizeof edge / sizeof *edge }; /* the whole and those between the edges */

/* Columns beside a row: the same of C1 to C3, what remains beyond them. */
enum { REMAINING = 3, BESIDE };

struct indices_result {
	bool there;
	struct row_cells row;
	double beside[BESIDE];
};

/* ---- the kernels ---- */

/* What of a part of K is beyond C. */
static double *rest_of_part(const struct indices *all, enum sign sign)
{
	size_t total = all->set->n * all->set->n * all->set->taps;
	double *part = mem_alloc(total, sizeof *part), *out = mem_alloc(total, sizeof *out);
	for (size_t e = 0; e < total && part; e++)
		part[e] = resampling_part(sign, all->set->weight[e]);
	if (!part || !out || residual_of(all->fit, part, out)) {
		free(out);
		out = NULL;
	}
	free(part);
	return out;
}

static double *residual_kernel(
    struct indices *all, enum residual_pairs pairs, struct residual **keep)
{
	size_t total = all->set->n * all->set->n * all->set->taps;
	double *out = mem_alloc(total, sizeof *out);
	struct residual *fit =
	    residual_create(all->set, &all->spline, pairs, all->plan->seed, all->plan->threads);
	if (!out || !fit || residual_of(fit, all->set->weight, out)) {
		free(out);
		out = NULL;
	}
	if (keep)
		*keep = fit;
	else
		residual_free(fit);
	return out;
}

/* K_beyond_C, and what reciprocity takes of it: fits to either half of the pairs, as the errors of one fit are functions of C,
 * which a pair shares with its reverse */
static int take_c(struct indices *all)
{
	const struct units *set = all->set;
	const double *given[3];
	size_t count = 0, total = set->n * set->n * set->taps;
	for (size_t k = 0; k < 3; k++)
		if (all->c[k])
			given[count++] = all->c[k];
	if (set->n < 4 || count == 0)
		return 0;
	if (spline_make(set, given, count, &all->spline) ||
	    !(all->beyond = residual_kernel(all, RESIDUAL_ALL, &all->fit)) ||
	    !(all->half[0] = residual_kernel(all, RESIDUAL_FIRST, NULL)) ||
	    !(all->half[1] = residual_kernel(all, RESIDUAL_SECOND, NULL)) ||
	    !(all->rest[SIGN_POSITIVE] = rest_of_part(all, SIGN_POSITIVE)) ||
	    !(all->rest[SIGN_NEGATIVE] = rest_of_part(all, SIGN_NEGATIVE)) ||
	    !(all->predicted = mem_alloc(total, sizeof *all->predicted)))
		return -1;
	for (size_t e = 0; e < total; e++)
		all->predicted[e] = set->weight[e] - all->beyond[e];
	all->subject[INDICES_K].predicted = all->predicted;
	all->subject[INDICES_K].fit = all->fit;
	all->subject[INDICES_K].beside = &all->subject[INDICES_BEYOND];
	all->subject[all->kernels++] = (struct subject){.set = set,
	    .plan = all->plan,
	    .sign = SIGN_BOTH,
	    .w = all->beyond,
	    .half = {all->half[0], all->half[1]}};
	return 0;
}

int indices_start(struct indices *all, const char *label, const struct units *set,
    const struct resampling_plan *plan, double *const c[3])
{
	*all = (struct indices){.set = set, .plan = plan, .kernels = 1, .c = {c[0], c[1], c[2]}};
	all->subject[INDICES_K] =
	    (struct subject){.set = set, .plan = plan, .sign = SIGN_BOTH, .w = set->weight};
	all->name[INDICES_K] = mem_text("%s", label);
	all->name[INDICES_BEYOND] = mem_text("%s_beyond_C", label);
	all->result = mem_alloc(INDICES_KERNELS * QUANTITY_COUNT * 3 * RANGES, sizeof *all->result);
	if (!all->name[INDICES_K] || !all->name[INDICES_BEYOND] || !all->result || take_c(all))
		return -1;
	return resampling_run(&all->invariance, &invariance_family, all->subject);
}

void indices_free(struct indices *all)
{
	for (size_t k = 0; k < INDICES_KERNELS; k++)
		free(all->name[k]);
	free(all->beyond);
	free(all->half[0]);
	free(all->half[1]);
	free(all->rest[SIGN_POSITIVE]);
	free(all->rest[SIGN_NEGATIVE]);
	free(all->predicted);
	free(all->result);
	residual_free(all->fit);
	resampling_free(&all->invariance);
}

bool indices_empty(const struct indices *all, size_t kernel, enum sign sign)
{
	const struct units *set = all->set;
	for (size_t e = 0; e < set->n * set->n * set->taps; e++)
		if (e / set->taps / set->n != e / set->taps % set->n &&
		    resampling_part(sign, all->subject[kernel].w[e]) != 0)
			return false;
	return true;
}

/* ---- rows ---- */

static bool has_sign(enum quantity_signs signs, enum sign sign)
{
	return signs == EVERY || (signs == SIGNED) == (sign == SIGN_BOTH);
}

/* Pairs i != j with a tap in each range, pairs[0] all of them; those with a tap near Delta = 0. */
static void count_pairs(const struct units *set, size_t pairs[RANGES], size_t *near)
{
	memset(pairs, 0, RANGES * sizeof *pairs);
	*near = 0;
	for (size_t p = 0; p < set->n * set->n; p++) {
		bool seen[RANGES] = {true};
		if (p / set->n == p % set->n)
			continue;
		for (size_t t = 0; t < set->taps; t++)
			seen[resampling_range(hypot(
			    set->dx[t] + set->pair[p].x, set->dy[t] + set->pair[p].y))] = true;
		for (size_t r = 0; r < RANGES; r++)
			pairs[r] += seen[r];
		*near += near_tap(set, p) < set->taps;
	}
}

static struct indices_result *result_of(
    const struct indices *all, size_t kernel, size_t quantity, enum sign sign, size_t range)
{
	return &all->result[((kernel * QUANTITY_COUNT + quantity) * 3 + sign) * RANGES + range];
}

/* Rows of a family's quantities; first: where the kernel's numbers begin; beside: those of C1 to C3 and of the rest. */
static int fill(struct indices *all, size_t kernel, enum sign sign, const struct resampling *r,
    size_t first, double beside[BESIDE][NUMBERS_WITH_BINS])
{
	size_t pairs[RANGES], near;
	count_pairs(all->set, pairs, &near);
	for (size_t q = 0; q < QUANTITY_COUNT; q++) {
		const struct quantity *quantity = &quantities[q];
		if (quantity->family != r->family || !has_sign(quantity->signs, sign))
			continue;
		for (size_t range = 0; range < (quantity->flags & BY_RANGE ? RANGES_USED : 1);
		     range++) {
			struct indices_result *to = result_of(all, kernel, q, sign, range);
			struct measure m;
			if (pairs[range] == 0)
				continue;
			if (resampling_measure(r, first + PLACE(q, range), quantity->flags, &m))
				return -1;
			*to = (struct indices_result){.there = true,
			    .row = {.kernel = all->name[kernel],
				.sign = sign,
				.quantity = quantity->name,
				.from = range ? edge[range - 1] : 0,
				.to = range ? edge[range] : 0,
				.value = m.value,
				.low = m.low,
				.high = m.high,
				.chance = m.chance,
				.p = m.p,
				.n = quantity->flags & NEAR_PAIRS ? near : pairs[range]}};
			for (size_t k = 0; k < BESIDE; k++) {
				unsigned flag = k == REMAINING ? REMAINS : OF_OVERLAPS;
				to->beside[k] = quantity->flags & flag && kernel == INDICES_K
						    ? beside[k][PLACE(q, range)]
						    : NAN;
			}
		}
	}
	return 0;
}

static void bin_write(const char *kernel, const char *kind, double centre, size_t pairs,
    const struct measure *m, struct table_out *table)
{
	table_text(table, kernel);
	table_text(table, kind);
	table_real(table, centre * 180 / M_PI);
	table_int(table, (long long)pairs);
	TABLE_REALS(table, m->value, m->low, m->high, m->chance, m->band[0], m->band[1]);
}

/* A row per bin, from the most negative angle on: against the von Mises fit, or beside C1 to C3 where c is given. */
static int bins_write(const struct resampling *r, const char *kernel, const char *kind,
    double period, double c[][NUMBERS_WITH_BINS], struct table_out *table)
{
	double centre[BINS];
	for (size_t b = 0; b < BINS; b++)
		centre[b] = labels_centre(b, period);
	struct axial_tuning fit =
	    axial_tuning(BINS, centre, r->value + BIN_MEAN, r->value + BIN_PAIRS);
	for (size_t q = 0; q < BINS; q++) {
		size_t b = (q + BINS / 2 + 1) % BINS;
		struct measure m;
		if (resampling_measure(r, BIN_MEAN + b, 0, &m))
			return -1;
		bin_write(kernel, kind, centre[b], (size_t)r->value[BIN_PAIRS + b], &m, table);
		for (size_t k = 0; c && k < 3; k++)
			table_real(table, c[k][BIN_MEAN + b]);
		if (!c)
			table_real(
			    table, fit.b + fit.a * exp(fit.kappa * (cos(2 * centre[b]) - 1)));
	}
	return 0;
}

/* one family, one sign of the weights */
static int measure(struct indices *all, size_t kernel, enum sign sign, const struct family *family,
    struct table_out *profile, struct table_out *near)
{
	double beside[BESIDE][NUMBERS_WITH_BINS];
	struct subject subject = all->subject[kernel];
	struct resampling r = {0};
	subject.sign = sign;
	for (size_t k = 0; k < BESIDE; k++) {
		struct subject other = {.set = all->set, .plan = all->plan, .sign = sign};
		if (k == REMAINING && family == &direction_family) {
			other.w = sign == SIGN_BOTH ? all->beyond : all->rest[sign];
			other.whole = all->set->weight;
		} else if (k != REMAINING && family->bins)
			other.w = all->c[k];
		for (size_t e = 0; e < NUMBERS_WITH_BINS; e++)
			beside[k][e] = NAN;
		if (kernel == INDICES_K && other.w && resampling_value(family, &other, beside[k]))
			return -1;
	}
	int status = resampling_run(&r, family, &subject);
	if (!status)
		status = fill(all, kernel, sign, &r, 0, beside);
	if (!status && profile && family == &direction_family && sign != SIGN_BOTH)
		status = bins_write(&r, all->name[kernel], sign_names[sign], M_PI, NULL, profile);
	if (!status && near && family == &near_family && sign == SIGN_BOTH)
		status = bins_write(&r, all->name[kernel], "orientation", M_PI, beside, near);
	if (!status && near && family == &near_phase_family)
		status = bins_write(&r, all->name[kernel], "phase", 2 * M_PI, beside, near);
	resampling_free(&r);
	return status;
}

int indices_measure(
    struct indices *all, size_t kernel, struct table_out *profile, struct table_out *near)
{
	for (enum sign sign = SIGN_POSITIVE; sign <= SIGN_BOTH; sign++)
		for (size_t q = 0; q < QUANTITY_COUNT; q++) {
			const struct family *family = quantities[q].family;
			bool done = family == &invariance_family ||
				    (family == &explained_family && !all->subject[kernel].fit);
			for (size_t other = 0; other < q; other++)
				done = done || (quantities[other].family == family &&
						   has_sign(quantities[other].signs, sign));
			if (!done && has_sign(quantities[q].signs, sign) &&
			    measure(all, kernel, sign, family, profile, near))
				return -1;
		}
	if (near && measure(all, kernel, SIGN_BOTH, &near_phase_family, NULL, near))
		return -1;
	return fill(all, kernel, SIGN_BOTH, &all->invariance, kernel * NUMBERS, NULL);
}

static void result_write(const struct indices_result *result, struct table_out *rows)
{
	if (!result->there)
		return;
	row_write(&result->row, rows);
	for (size_t k = 0; k < BESIDE; k++)
		table_real(rows, result->beside[k]);
}

void indices_write(const struct indices *all, struct table_out *rows)
{
	const struct indices_result *primary =
	    result_of(all, INDICES_BEYOND, QUANTITY_R_0, SIGN_BOTH, 0);
	result_write(primary, rows);
	for (size_t q = 0; q < INDICES_KERNELS * QUANTITY_COUNT * 3 * RANGES; q++)
		if (&all->result[q] != primary)
			result_write(&all->result[q], rows);
}
