/* Units and their pairs: geometry, the kernel in its gauge, and the files they are read from. */
#include "kernel/units.h"
#include <stdbool.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"

#define PI M_PI

double units_wrap_axis(double angle)
{
	double a = remainder(angle, PI);
	return a <= -PI / 2 ? a + PI : a;
}

double units_wrap(double angle)
{
	double a = remainder(angle, 2 * PI);
	return a <= -PI ? a + 2 * PI : a;
}

/* symmetric 2x2 matrix */
struct form {
	double xx, xy, yy;
};

static struct form form_inverse(struct form a)
{
	double det = a.xx * a.yy - a.xy * a.xy;
	return (struct form){a.yy / det, -a.xy / det, a.xx / det};
}

static struct form form_sum(struct form a, struct form b)
{
	return (struct form){a.xx + b.xx, a.xy + b.xy, a.yy + b.yy};
}

static double form_det(struct form a)
{
	return a.xx * a.yy - a.xy * a.xy;
}

static double form_at(struct form a, double x, double y)
{
	return a.xx * x * x + 2 * a.xy * x * y + a.yy * y * y;
}

/* covariance of a unit's envelope */
static struct form envelope(const struct gabor *unit)
{
	double c = cos(unit->theta), s = sin(unit->theta);
	double v = unit->sigma_along * unit->sigma_along;
	double u = unit->sigma_across * unit->sigma_across;
	return (struct form){v * c * c + u * s * s, (v - u) * c * s, v * s * s + u * c * c};
}

/*
 * With precisions P, carriers k (along theta + pi/2) and x measured from c_i, the integrand conj(g_i) g_j is a Gaussian
 * of precision P_i + P_j about m = (P_i + P_j)^-1 P_j Delta times exp i((k_j - k_i).x - k_j.Delta + phase_j - phase_i).
 */
static struct units_pair describe(const struct gabor *i, const struct gabor *j)
{
	struct units_pair pair = {0};
	pair.dtheta = units_wrap_axis(j->theta - i->theta);
	pair.x = j->x0 - i->x0;
	pair.y = j->y0 - i->y0;

	double theta = i->theta + pair.dtheta; /* the representative of theta_j */
	double phase = cos(theta - j->theta) > 0 ? j->phase : -j->phase;
	double wi = 2 * PI * i->frequency, wj = 2 * PI * j->frequency;
	double kix = -wi * sin(i->theta), kiy = wi * cos(i->theta);
	double kjx = -wj * sin(theta), kjy = wj * cos(theta);
	double bx = kjx - kix, by = kjy - kiy;

	struct form ci = envelope(i), cj = envelope(j);
	struct form pi = form_inverse(ci), pj = form_inverse(cj);
	struct form sum = form_sum(pi, pj), s = form_inverse(sum),
		    q = form_inverse(form_sum(ci, cj));
	/* b.m = (P_j S b).Delta */
	double sx = s.xx * bx + s.xy * by, sy = s.xy * bx + s.yy * by;
	pair.phase = units_wrap(phase - i->phase);
	pair.phase_x = pj.xx * sx + pj.xy * sy - kjx;
	pair.phase_y = pj.xy * sx + pj.yy * sy - kjy;
	pair.gain = 2 * pow(form_det(pi) * form_det(pj), .25) / sqrt(form_det(sum)) *
		    exp(-form_at(s, bx, by) / 2);
	pair.qxx = q.xx;
	pair.qxy = q.xy;
	pair.qyy = q.yy;
	return pair;
}

struct units_tap units_tap(const struct units *set, size_t i, size_t j, size_t t)
{
	const struct units_pair *pair = &set->pair[units_index(set, i, j)];
	double c = cos(set->unit[i].gabor.theta), s = sin(set->unit[i].gabor.theta);
	struct units_tap tap = {.x = set->dx[t] + pair->x, .y = set->dy[t] + pair->y};
	tap.r = hypot(tap.x, tap.y);
	tap.along = c * tap.x + s * tap.y;
	tap.across = -s * tap.x + c * tap.y;
	tap.phi = atan2(tap.across, tap.along);
	tap.dphase = pair->phase + pair->phase_x * tap.x + pair->phase_y * tap.y;
	struct form q = {pair->qxx, pair->qxy, pair->qyy};
	tap.overlap = pair->gain * exp(-form_at(q, tap.x, tap.y) / 2);
	return tap;
}

static int check_kernel(const struct npys_array *kernel)
{
	const struct npys_header *h = &kernel->header;
	if (h->rank != 4 || h->shape[0] != h->shape[1] || h->shape[2] != h->shape[3] ||
	    h->shape[2] % 2 == 0)
		return err_set("kernel: a lateral kernel has the shape (F, F, k, k) with k odd");
	return 0;
}

static bool usable(const struct gabor *g)
{
	return isfinite(g->theta) && isfinite(g->phase) && isfinite(g->frequency) &&
	       isfinite(g->x0) && isfinite(g->y0) && isfinite(g->sigma_across) &&
	       isfinite(g->sigma_along) && g->sigma_across != 0 && g->sigma_along != 0;
}

static int read_units(struct units *set, const struct gabor_row *rows)
{
	if (!(set->unit = mem_alloc(set->channels, sizeof(*set->unit))))
		return -1;
	for (size_t f = 0; f < set->channels; f++) {
		if (rows[f].filter != f || rows[f].record != rows[0].record)
			return err_set(
			    "table: row %zu is of filter %zu of record %zu: one row for each "
			    "channel is expected, in their order",
			    f, rows[f].filter, rows[f].record);
		if (!rows[f].accepted)
			set->rejected++;
		else if (!usable(&rows[f].gabor))
			return err_set(
			    "table: filter %zu is accepted but its Gabor has no value", f);
		else if (!(set->rms[f] > 0))
			set->silent++;
		else
			set->unit[set->n++] = (struct unit){f, gabor_canonical(rows[f].gabor)};
	}
	return 0;
}

int units_build(struct units *set, const struct npys_array *kernel, const struct gabor_row *rows,
    size_t row_count, const struct npys_array *rms)
{
	*set = (struct units){0};
	if (check_kernel(kernel))
		return -1;
	set->channels = kernel->header.shape[0];
	set->k = kernel->header.shape[2];
	set->taps = set->k * set->k;
	if (row_count != set->channels)
		return err_set(
		    "table: %zu rows, but the kernel has %zu channels", row_count, set->channels);
	if (rms && (rms->header.rank != 1 || rms->header.elements != set->channels))
		return err_set("rms: %zu numbers, but the kernel has %zu channels",
		    rms->header.elements, set->channels);
	if (!(set->rms = mem_alloc(set->channels, sizeof(*set->rms))))
		return -1;
	for (size_t f = 0; f < set->channels; f++) {
		set->rms[f] = rms ? rms->x[f] : 1;
		if (!(set->rms[f] >= 0))
			return err_set("rms: the one of channel %zu is negative", f);
	}
	if (read_units(set, rows))
		return -1;
	if (set->n < 2)
		return err_set(
		    "table: %zu usable filters of %zu (%zu not accepted, %zu with rms 0), "
		    "pairs need at least 2",
		    set->n, set->channels, set->rejected, set->silent);

	size_t pairs = set->n * set->n, weights;
	if (mem_multiply(pairs, set->taps, &weights) ||
	    !(set->pair = mem_alloc(pairs, sizeof(*set->pair))) ||
	    !(set->dx = mem_alloc(set->taps, sizeof(*set->dx))) ||
	    !(set->dy = mem_alloc(set->taps, sizeof(*set->dy))) ||
	    !(set->weight = mem_alloc(weights, sizeof(*set->weight))))
		return -1;
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < set->n; j++)
			set->pair[units_index(set, i, j)] =
			    describe(&set->unit[i].gabor, &set->unit[j].gabor);
	double half = (double)(set->k / 2);
	for (size_t t = 0; t < set->taps; t++) {
		set->dx[t] = (double)(t % set->k) - half;
		set->dy[t] = half - (double)(t / set->k);
	}
	return units_select(set, kernel, UNITS_KERNEL, set->weight);
}

void units_free(struct units *set)
{
	free(set->unit);
	free(set->pair);
	free(set->dx);
	free(set->dy);
	free(set->rms);
	free(set->weight);
	*set = (struct units){0};
}

int units_select(
    const struct units *set, const struct npys_array *kernel, enum units_gauge gauge, double *w)
{
	if (check_kernel(kernel))
		return -1;
	if (kernel->header.shape[0] != set->channels)
		return err_set(
		    "kernel: %zu channels, expected %zu", kernel->header.shape[0], set->channels);
	size_t m = kernel->header.shape[2], k = set->k;
	if (m < k)
		return err_set(
		    "%zu px wide, the kernel %zu: a companion has to reach every tap of the kernel",
		    m, k);
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < set->n; j++) {
			size_t a = set->unit[i].channel, b = set->unit[j].channel;
			double ri = set->rms[a], rj = set->rms[b], factor = 1;
			if (gauge == UNITS_KERNEL)
				factor = rj / ri;
			else if (gauge == UNITS_COVARIANCE)
				factor = 1 / (ri * rj);
			const double *from = kernel->x + (a * set->channels + b) * m * m;
			double *to = w + units_index(set, i, j) * set->taps;
			for (size_t r = 0; r < k; r++)
				for (size_t c = 0; c < k; c++) {
					/* the same displacement in a kernel of width m */
					size_t y = r + m / 2 - k / 2, x = c + m / 2 - k / 2;
					to[r * k + c] = factor * from[y * m + x];
				}
		}
	return 0;
}

void units_disc(const struct units *set, double *w)
{
	double radius = (double)set->k / 2;
	for (size_t e = 0; e < set->n * set->n * set->taps; e++)
		if (hypot(set->dx[e % set->taps], set->dy[e % set->taps]) > radius)
			w[e] = 0;
}

void units_write(const struct units *set, const double *c1, const double *c2, const double *c3,
    const double *beyond, struct table_out *table)
{
	for (size_t p = 0; p < set->n * set->n; p++) {
		size_t i = p / set->n, j = p % set->n;
		for (size_t t = 0; t < set->taps && i != j; t++) {
			struct units_tap tap = units_tap(set, i, j, t);
			size_t at = p * set->taps + t;
			table_int(table, (long long)set->unit[i].channel);
			table_int(table, (long long)set->unit[j].channel);
			table_real(table, tap.x);
			table_real(table, tap.y);
			table_real(table, set->pair[p].dtheta * 180 / PI);
			table_real(table, units_wrap(tap.dphase) * 180 / PI);
			table_real(table, set->weight[at]);
			table_real(table, c1 ? c1[at] : NAN);
			table_real(table, c2 ? c2[at] : NAN);
			table_real(table, c3 ? c3[at] : NAN);
			table_real(table, beyond ? beyond[at] : NAN);
		}
	}
}

/* Where overlaps of the filters are taken, they are of the profiles that were fitted: C2 and --lgn go with fits of
 * effective profiles. A table without that column does not say what it is of. */
static int check_profiles(
    const struct units_files *files, const struct gabor_row *rows, size_t count)
{
	for (size_t i = 0; i < count && files->filters; i++) {
		if (rows[i].accepted && rows[i].profile == GABOR_EFFECTIVE && !files->lgn)
			return err_set("%s: row %zu: a fit of the effective profile: its filter "
				       "before the bank is needed, --lgn",
			    files->table, i + 1);
		if (rows[i].accepted && rows[i].profile == GABOR_FILTER && files->lgn)
			return err_set("%s: row %zu: a fit of the filter alone: --lgn needs those "
				       "of effective profiles, by "
				       "fit-gabor --lgn",
			    files->table, i + 1);
	}
	return 0;
}

int units_read_kernel(struct npys_in *in, struct npys_array *kernel)
{
	struct npys_header more;
	int status = npys_next_array(in, kernel, UNITS_KERNEL_MAX);
	if (status > 0)
		status = npys_next(in, &more);
	return status > 0 ? err_set("%s: a second record: one kernel is expected", npys_file(in))
			  : status;
}

int units_read_files(
    const struct npys_array *kernel, const struct units_files *files, struct units *set)
{
	struct npys_array rms = {0};
	struct gabor_row *rows = NULL;
	size_t count;
	int status = gabor_table_read(files->table, &rows, &count);
	if (status == 0)
		status = check_profiles(files, rows, count);
	if (status == 0 && files->rms)
		status = npys_load(files->rms, &rms, UNITS_KERNEL_MAX);
	if (status == 0)
		status = units_build(set, kernel, rows, count, files->rms ? &rms : NULL);
	npys_array_free(&rms);
	free(rows);
	return status;
}

int units_read(struct npys_in *in, const struct units_files *files, struct units *set)
{
	struct npys_array kernel = {0};
	int status = units_read_kernel(in, &kernel);
	if (status == 0)
		status = units_read_files(&kernel, files, set);
	npys_array_free(&kernel);
	return status;
}
