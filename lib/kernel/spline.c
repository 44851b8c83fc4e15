/* The joint smooth function of C1 to C3: knots, and the terms of a tap. */
#include "kernel/spline.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include "base/error.h"
#include "base/memory.h"

/* knots at 0 and, on both sides, at the shares of |x| (m, sorted) and its largest, those too near one another left out; at 0
 * alone where that is 0 */
static void place(const double *x, size_t m, const double *share, size_t shares, double largest,
    struct knots *knots)
{
	double positive[SPLINE_KNOTS], last = 0;
	size_t count = 0;
	for (size_t q = 0; q <= shares && largest > 0; q++) {
		double at =
		    q < shares ? gsl_stats_quantile_from_sorted_data(x, 1, m, share[q]) : largest;
		if (at > last + 1e-3 * largest) {
			positive[count++] = at;
			last = at;
		}
	}
	knots->count = 2 * count + 1;
	knots->zero = count;
	knots->at[count] = 0;
	for (size_t q = 0; q < count; q++) {
		knots->at[count + 1 + q] = positive[q];
		knots->at[count - 1 - q] = -positive[q];
	}
}

/* u_s at a tap */
static double rest_of(const struct spline *spline, size_t s, const double *x)
{
	double u = x[s];
	for (size_t t = 0; t < s; t++)
		u -= spline->take[s][t] * x[t];
	return u;
}

/* What u_s takes of the confounds before it, by least squares through 0: from the products of confounds (count, count). */
static void regress(struct spline *spline, const double product[][SPLINE_CONFOUNDS])
{
	/* Gram and Schmidt: norm[t] = |u_t|^2, and C_s leaves its share in u_t */
	double norm[SPLINE_CONFOUNDS];
	for (size_t s = 0; s < spline->count; s++) {
		double share[SPLINE_CONFOUNDS] = {0};
		norm[s] = product[s][s];
		for (size_t t = 0; t < s; t++) {
			double dot = product[s][t];
			for (size_t v = 0; v < t; v++)
				dot -= spline->take[t][v] * product[s][v];
			share[t] = norm[t] > 1e-12 * product[t][t] ? dot / norm[t] : 0;
			norm[s] -= share[t] * dot;
		}
		for (size_t t = 0; t < s; t++) { /* u_t in terms of confounds */
			spline->take[s][t] += share[t];
			for (size_t v = 0; v < t; v++)
				spline->take[s][v] -= share[t] * spline->take[t][v];
		}
	}
}

/* number the terms that a tap reaches; before, terms and shrunk count all `places` of them */
static void number(const struct units *set, size_t places, struct spline *spline)
{
	bool reached[SPLINE_TERMS] = {false};
	size_t pairs = set->n * set->n, shrunk = spline->shrunk;
	for (size_t p = 0; p < places; p++)
		spline->term[p] = p;
	for (size_t e = 0; e < pairs * set->taps; e++) {
		struct spline_entry entry[SPLINE_ENTRIES];
		if (e / set->taps / set->n == e / set->taps % set->n)
			continue;
		size_t m = spline_entries(spline, e, entry);
		for (size_t k = 0; k < m; k++)
			reached[entry[k].term] = true;
	}
	spline->terms = spline->shrunk = 0;
	for (size_t p = 0; p < places; p++) {
		spline->shrunk += reached[p] && p < shrunk;
		spline->term[p] = reached[p] ? spline->terms++ : SIZE_MAX;
	}
}

int spline_make(
    const struct units *set, const double *const *c, size_t count, struct spline *spline)
{
	static const double fine[] = {.5, .8, .93, .98, .995}, coarse[] = {.8};
	enum { SAMPLE = 200000 };
	if (count < 1 || count > SPLINE_CONFOUNDS)
		return err_set(
		    "confounds: %zu of them, 1 to %d are possible", count, SPLINE_CONFOUNDS);
	size_t n = set->n, taps = set->taps, total = n * (n - 1) * taps, step = total / SAMPLE + 1;
	size_t kept = total / step + 1;
	double product[SPLINE_CONFOUNDS][SPLINE_CONFOUNDS] = {{0}},
	       *sample = mem_alloc(2 * count * kept, sizeof(*sample));
	double largest[2][SPLINE_CONFOUNDS] = {{0}};
	if (!sample)
		return -1;
	memset(spline, 0, sizeof(*spline));
	spline->count = count;
	memcpy(spline->c, c, count * sizeof *c);
	for (size_t e = 0; e < n * n * taps; e++)
		for (size_t s = 0; s < count && e / taps / n != e / taps % n; s++)
			for (size_t t = 0; t <= s; t++)
				product[s][t] += c[s][e] * c[t][e];
	regress(spline, product);
	size_t seen = 0, m = 0;
	for (size_t e = 0; e < n * n * taps; e++) {
		double x[SPLINE_CONFOUNDS];
		if (e / taps / n == e / taps % n)
			continue;
		for (size_t s = 0; s < count; s++)
			x[s] = c[s][e];
		bool take = seen++ % step == 0;
		for (size_t s = 0; s < count; s++) {
			double u = fabs(rest_of(spline, s, x));
			largest[0][s] = fmax(largest[0][s], fabs(x[s]));
			largest[1][s] = fmax(largest[1][s], u);
			if (take) {
				sample[2 * s * kept + m] = fabs(x[s]);
				sample[(2 * s + 1) * kept + m] = u;
			}
		}
		m += take;
	}
	size_t terms = 1, cells = 1;
	for (size_t s = 0; s < count; s++)
		for (size_t which = 0; which < 2; which++) {
			double *x = sample + (2 * s + which) * kept;
			/* a confound that is linear in those before leaves rounding */
			bool none = which && largest[1][s] < 1e-6 * largest[0][s];
			gsl_sort(x, 1, m);
			place(x, m, fine, sizeof fine / sizeof *fine, none ? 0 : largest[which][s],
			    which ? &spline->rest[s].knots : &spline->own[s].knots);
			if (which)
				place(x, m, coarse, 1, none ? 0 : largest[1][s],
				    &spline->coarse[s].knots);
		}
	for (size_t s = 0; s < count; s++) {
		spline->own[s].first = terms;
		terms += spline->own[s].knots.count;
		if (s == 0)
			spline->shrunk = terms;
	}
	for (size_t s = 1; s < count; s++) {
		spline->rest[s].first = terms;
		terms += spline->rest[s].knots.count;
	}
	for (size_t s = 0; s < count && count > 1; s++) {
		spline->coarse[s].first = s ? 0 : terms;
		cells *= spline->coarse[s].knots.count;
	}
	free(sample);
	number(set, terms + (count > 1 ? cells : 0), spline);
	return 0;
}

/* the two hats at x, of which the first belongs to knot *k; part is the second's */
static void hats(const struct knots *knots, double x, size_t *k, double *part)
{
	size_t at = knots->zero;
	if (x >= 0)
		while (at + 2 < knots->count && knots->at[at + 1] <= x)
			at++;
	else
		do
			at--;
		while (at > 0 && knots->at[at] > x);
	*k = at;
	*part = (x - knots->at[at]) / (knots->at[at + 1] - knots->at[at]);
}

/* the entry of the term at a place, unless it is 0; gives how many that is */
static size_t put(
    const struct spline *spline, size_t place, double value, struct spline_entry *entry)
{
	if (value == 0)
		return 0;
	*entry = (struct spline_entry){spline->term[place], value};
	return 1;
}

static size_t axis_entries(const struct spline *spline, const struct spline_axis *axis, double x,
    struct spline_entry *entry)
{
	size_t k, m = 0;
	double part;
	if (axis->knots.count < 3)
		return 0;
	hats(&axis->knots, x, &k, &part);
	if (k != axis->knots.zero)
		m += put(spline, axis->first + k, 1 - part, entry + m);
	if (k + 1 != axis->knots.zero)
		m += put(spline, axis->first + k + 1, part, entry + m);
	return m;
}

size_t spline_bend(const struct spline *spline, size_t knot, struct spline_entry *entry)
{
	const struct spline_axis *axis = &spline->own[0];
	const double *at = axis->knots.at;
	if (knot == 0 || knot + 1 >= axis->knots.count || knot == axis->knots.zero)
		return 0;
	size_t out = knot > axis->knots.zero ? knot + 1 : knot - 1, in = 2 * knot - out, m = 0;
	double step = (at[out] - at[knot]) / (at[knot] - at[in]);
	m += put(spline, axis->first + out, 1, entry + m);
	m += put(spline, axis->first + knot, -1 - step, entry + m);
	if (in != axis->knots.zero)
		m += put(spline, axis->first + in, step, entry + m);
	for (size_t k = 0; k < m; k++)
		if (entry[k].term == SIZE_MAX)
			return 0;
	return m;
}

size_t spline_entries(const struct spline *spline, size_t at, struct spline_entry *entry)
{
	double x[SPLINE_CONFOUNDS];
	size_t m = 0, corners = 1, count = spline->count;
	struct spline_entry corner[1 << SPLINE_CONFOUNDS] = {{0, 1}};
	m += put(spline, 0, 1, entry + m);
	for (size_t s = 0; s < count; s++)
		x[s] = spline->c[s][at];
	for (size_t s = 0; s < count; s++)
		m += axis_entries(spline, &spline->own[s], x[s], entry + m);
	for (size_t s = 0; s < count && count > 1; s++) {
		const struct knots *knots = &spline->coarse[s].knots;
		double u = rest_of(spline, s, x), part;
		size_t k;
		if (s > 0)
			m += axis_entries(spline, &spline->rest[s], u, entry + m);
		if (knots->count < 3)
			continue;
		hats(knots, u, &k, &part);
		for (size_t q = 0; q < corners; q++) {
			size_t term = corner[q].term * knots->count + k;
			corner[corners + q] =
			    (struct spline_entry){term + 1, corner[q].value * part};
			corner[q] = (struct spline_entry){term, corner[q].value * (1 - part)};
		}
		corners *= 2;
	}
	for (size_t q = 0; q < corners && count > 1; q++)
		m += put(
		    spline, spline->coarse[0].first + corner[q].term, corner[q].value, entry + m);
	return m;
}
