#include "lateral/indices.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "fit/vector.h"
#include "lateral/products.h"
#include "stats/circular.h"
#include "stats/resample.h"

#define PI LATERAL_PI

enum {
	R = LATERAL_RANGES,
	BINS = LATERAL_BINS,
	FINE = 36,   /* bins of 5 deg over (-90, 90], for the axis law */
	CHUNK = 25,  /* permutations or bootstrap samples per work item */
	SLOPES = 41, /* of the axis law, from -1/2 to 3/2 */
};

#define LEVEL .95
#define SHARE_WITHIN (35 * PI / 180)
#define NEAR 1.0 /* px: |Delta| below which the nearest tap of a pair counts as short range */

size_t lateral_range(const struct lateral_plan *plan, double r)
{
	for (size_t e = 0; e + 1 < plan->edges; e++)
		if (r >= plan->edge[e] && r < plan->edge[e + 1])
			return e + 1;
	return 0;
}

/* ---- orientations of the filters ---- */

struct label_pair {
	double c2;     /* cos 2 dtheta */
	double ex, ey; /* e^{i(2 theta_i + dtheta)} */
	double within; /* 1: |dtheta| <= 35 deg */
	size_t bin, fine;
};

struct labels {
	size_t n;
	double *x, *y;           /* (n): e^{2i theta} */
	struct label_pair *pair; /* (n, n) */
};

static void labels_free(struct labels *labels)
{
	free(labels->x);
	free(labels->y);
	free(labels->pair);
}

static int labels_make(const struct lateral *set, struct labels *labels)
{
	size_t n = set->n;
	*labels = (struct labels){.n = n};
	labels->x = mem_alloc(n, sizeof(double));
	labels->y = mem_alloc(n, sizeof(double));
	labels->pair = mem_alloc(n * n, sizeof(*labels->pair));
	if (!labels->x || !labels->y || !labels->pair) {
		labels_free(labels);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		double theta = set->unit[i].gabor.theta;
		labels->x[i] = cos(2 * theta);
		labels->y[i] = sin(2 * theta);
		for (size_t j = 0; j < n; j++) {
			double dtheta = set->pair[i * n + j].dtheta;
			double fine = floor((dtheta + PI / 2) / PI * FINE);
			labels->pair[i * n + j] = (struct label_pair){.c2 = cos(2 * dtheta),
			    .ex = cos(2 * theta + dtheta),
			    .ey = sin(2 * theta + dtheta),
			    .within = fabs(dtheta) <= SHARE_WITHIN,
			    .bin = (size_t)(lround(dtheta / PI * BINS) + BINS) % BINS,
			    .fine = (size_t)fmin(fmax(fine, 0), FINE - 1)};
		}
	}
	return 0;
}

/* centre of a profile's bin, in (-pi/2, pi/2] */
static double bin_centre(size_t bin)
{
	return lateral_wrap_axis((double)bin * PI / BINS);
}

static double fine_centre(size_t bin)
{
	return ((double)bin + .5) * PI / FINE - PI / 2;
}

/* ---- positive and negative parts ---- */

/* sums over a pair's taps in image axes; [0]: all taps, then by range */
struct angular {
	double w[R], ax[R], ay[R], bx[R], by[R];
};

enum {
	ISO,
	HALF,
	SHARE,
	SLOPE,
	R0,
	R1 = R0 + R,
	R2 = R1 + R,
	COAXIAL = R2 + R,
	CONCENTRATION = COAXIAL + R,
	PROFILE = CONCENTRATION + R, /* (R, BINS) */
	BIN_J = PROFILE + R * BINS,  /* (R, BINS) */
	STATISTICS = BIN_J + R * BINS
};

static const struct quantity {
	size_t at;
	const char *name;
	bool ranges;     /* also by range of distance */
	bool difference; /* reported less its permutation mean */
	bool degrees;
	enum resample_side side;
	bool balance; /* of signed weights too */
} quantities[] = {
    {ISO, "iso_orientation", false, true, false, RESAMPLE_TWO_SIDED, false},
    {HALF, "half_width_deg", false, false, true, RESAMPLE_LESS, false},
    {SHARE, "share_35", false, false, false, RESAMPLE_TWO_SIDED, false},
    {R0, "R_0", true, true, false, RESAMPLE_TWO_SIDED, true},
    {R1, "R_1", true, true, false, RESAMPLE_TWO_SIDED, true},
    {R2, "R_2", true, true, false, RESAMPLE_TWO_SIDED, true},
    {COAXIAL, "coaxiality", true, false, false, RESAMPLE_TWO_SIDED, true},
    {SLOPE, "axis_slope", false, false, false, RESAMPLE_TWO_SIDED, false},
    {CONCENTRATION, "concentration", true, false, false, RESAMPLE_TWO_SIDED, true},
};

/* size (n, n, R): of signed weights their sizes, else not touched */
static struct angular *angular_sums(const struct lateral *set, const double *w,
    enum lateral_part part, const struct lateral_plan *plan, double *size)
{
	struct angular *sums = mem_alloc(set->n * set->n, sizeof(*sums));
	if (!sums)
		return NULL;
	double sign = part == LATERAL_NEGATIVE ? -1 : 1;
	for (size_t p = 0; p < set->n * set->n; p++) {
		if (p / set->n == p % set->n)
			continue;
		struct angular *sum = &sums[p];
		for (size_t t = 0; t < set->taps; t++) {
			double weight = sign * w[p * set->taps + t];
			if (!(weight > 0) && part != LATERAL_SIGNED)
				continue;
			double x = set->dx[t] + set->pair[p].x, y = set->dy[t] + set->pair[p].y;
			double rr = x * x + y * y, r = sqrt(rr);
			/* a tap at Delta = 0 has no direction and counts in W only */
			double cx = r > 1e-9 ? (x * x - y * y) / rr : 0;
			double cy = r > 1e-9 ? 2 * x * y / rr : 0;
			size_t range = lateral_range(plan, r);
			for (size_t b = 0; b <= range; b += range ? range : 1) {
				sum->w[b] += weight;
				if (size)
					size[p * R + b] += fabs(weight);
				sum->ax[b] += weight * cx;
				sum->ay[b] += weight * cy;
				sum->bx[b] += weight * (cx * cx - cy * cy);
				sum->by[b] += weight * 2 * cx * cy;
			}
		}
	}
	return sums;
}

/* lambda that maximises Re sum S_b e^{-2i lambda dtheta_b} on [-1/2, 3/2] */
struct slope_search {
	double c[SLOPES][FINE], s[SLOPES][FINE];
};

static void slope_prepare(struct slope_search *search)
{
	for (size_t l = 0; l < SLOPES; l++)
		for (size_t b = 0; b < FINE; b++) {
			double lambda = -.5 + 2. * (double)l / (SLOPES - 1);
			search->c[l][b] = cos(2 * lambda * fine_centre(b));
			search->s[l][b] = sin(2 * lambda * fine_centre(b));
		}
}

static double slope_score(double lambda, const double *sx, const double *sy)
{
	double sum = 0;
	for (size_t b = 0; b < FINE; b++) {
		double a = 2 * lambda * fine_centre(b);
		sum += sx[b] * cos(a) + sy[b] * sin(a);
	}
	return sum;
}

static double slope_fit(const struct slope_search *search, const double *sx, const double *sy)
{
	double best = -INFINITY;
	size_t at = 0;
	for (size_t l = 0; l < SLOPES; l++) {
		double sum = 0;
		for (size_t b = 0; b < FINE; b++)
			sum += sx[b] * search->c[l][b] + sy[b] * search->s[l][b];
		if (sum > best) {
			best = sum;
			at = l;
		}
	}
	/* parabolic steps on the smooth score */
	double step = 2. / (SLOPES - 1), lambda = -.5 + step * (double)at;
	for (int k = 0; k < 4; k++, step /= 4) {
		double f = slope_score(lambda, sx, sy);
		double up = slope_score(lambda + step, sx, sy);
		double down = slope_score(lambda - step, sx, sy), bend = up - 2 * f + down;
		if (bend < 0)
			lambda += fmax(-step, fmin(step, (down - up) / (2 * bend) * step));
	}
	return fmin(1.5, fmax(-.5, lambda));
}

struct angular_job {
	const struct labels *labels;
	const struct angular *sums;
	const double *size; /* (n, n, R) of signed weights, else NULL */
	const struct slope_search *search;
	const struct lateral_plan *plan;
	double *sample; /* (count, STATISTICS) */
	size_t count;
};

/*
 * Every statistic for one arrangement: order gives position i the orientation of filter order[i] (NULL: its own). Pair
 * (i, j) counts f[i n + j] times (NULL: once), filter i times[i] times. With f, the differences are taken from their
 * expectation over permutations of this very sample, in closed form; else raw. Of signed weights only those over
 * sum |w| mean something.
 */
VECTOR_CLONES static void angular_evaluate(const struct angular_job *job, const size_t *order,
    const double *times, const double *factor, double *out)
{
	const struct labels *labels = job->labels;
	size_t n = labels->n;
	double r0[R] = {0}, r1[R] = {0}, r2[R] = {0}, co[R] = {0};
	double ax[R] = {0}, ay[R] = {0}, bx[R] = {0}, by[R] = {0};
	double bin_w[BINS][R] = {{0}}, bin_j[BINS][R] = {{0}};
	double counts[BINS] = {0}, sx[FINE] = {0}, sy[FINE] = {0};
	double within = 0, pairs = 0, c2 = 0, zx = 0, zy = 0, zzx = 0, zzy = 0, filters = 0;

	for (size_t i = 0; i < n; i++) {
		size_t a = order ? order[i] : i;
		double xi = labels->x[a], yi = labels->y[a], ti = times ? times[i] : 1;
		filters += ti;
		zx += ti * xi;
		zy += ti * yi;
		for (size_t j = 0; j < n; j++) {
			double f = factor ? factor[i * n + j] : 1;
			if (j == i || !(f > 0))
				continue;
			size_t b = order ? order[j] : j;
			const struct label_pair *label = &labels->pair[a * n + b];
			const struct angular *sum = &job->sums[i * n + j];
			double xj = labels->x[b], yj = labels->y[b];
			double px = xi * xj - yi * yj, py = xi * yj + yi * xj;
			double *bw = bin_w[label->bin], *bj = bin_j[label->bin];
			counts[label->bin] += f;
			within += label->within * f * sum->w[0];
			sx[label->fine] += f * (sum->ax[0] * xi + sum->ay[0] * yi);
			sy[label->fine] += f * (sum->ay[0] * xi - sum->ax[0] * yi);
			double cf = f * label->c2, xf = f * xj, yf = f * yj, pxf = f * px,
			       pyf = f * py, ixf = f * xi, iyf = f * yi, exf = f * label->ex,
			       eyf = f * label->ey;
#pragma omp simd
			for (size_t r = 0; r < R; r++) {
				bw[r] += f * sum->w[r];
				bj[r] += exf * sum->ax[r] + eyf * sum->ay[r];
				r0[r] += cf * sum->w[r];
				r1[r] += xf * sum->ax[r] + yf * sum->ay[r];
				r2[r] += pxf * sum->bx[r] + pyf * sum->by[r];
				co[r] += ixf * sum->ax[r] + iyf * sum->ay[r];
			}
			if (factor) {
				pairs += f;
				c2 += cf;
				zzx += pxf;
				zzy += pyf;
#pragma omp simd
				for (size_t r = 0; r < R; r++) {
					ax[r] += f * sum->ax[r];
					ay[r] += f * sum->ay[r];
					bx[r] += f * sum->bx[r];
					by[r] += f * sum->by[r];
				}
			}
		}
	}

	double w[R] = {0}, jc[R] = {0}, total = 0, tuned = 0, flat = 0, used = 0, x[BINS];
	for (size_t b = 0; b < BINS; b++) {
		x[b] = bin_centre(b);
		for (size_t r = 0; r < R; r++) {
			w[r] += bin_w[b][r];
			jc[r] += bin_j[b][r];
			out[PROFILE + r * BINS + b] = counts[b] > 0 ? bin_w[b][r] / counts[b] : NAN;
			out[BIN_J + r * BINS + b] =
			    bin_w[b][r] > 0 ? bin_j[b][r] / bin_w[b][r] : NAN;
		}
		if (counts[b] > 0) {
			double c = cos(2 * x[b]);
			total += out[PROFILE + b];
			tuned += out[PROFILE + b] * c;
			flat += c;
			used++;
		}
	}
	const double *size = job->size;
	double net[R];
	memcpy(net, w, sizeof net);
	if (size)
		memset(w, 0, sizeof w);
	for (size_t p = 0; p < n * n && size; p++) /* 0 for i = j */
		for (size_t r = 0; r < R; r++)
			w[r] += (factor ? factor[p] : 1) * size[p * R + r];
	bool any = w[0] > 0 && !size, directed = false;
	out[ISO] = any ? tuned / total - (factor ? flat / used : 0) : NAN;
	out[HALF] = any ? axial_tuning(BINS, x, out + PROFILE, counts).half_width : NAN;
	out[SHARE] = any ? within / w[0] : NAN;
	for (size_t b = 0; b < FINE && !size; b++)
		directed = directed || sx[b] != 0 || sy[b] != 0;
	out[SLOPE] = directed ? slope_fit(job->search, sx, sy) : NAN;
	for (size_t r = 0; r < R; r++) {
		double s = w[r] > 0 ? 1 / w[r] : NAN;
		out[R0 + r] = r0[r] * s;
		out[R1 + r] = r1[r] * s;
		out[R2 + r] = r2[r] * s;
		out[COAXIAL + r] = co[r] * s;
		out[CONCENTRATION + r] = jc[r] * s;
		if (factor) {
			out[R0 + r] -= c2 / pairs * net[r] * s;
			out[R1 + r] -= (zx * ax[r] + zy * ay[r]) / filters * s;
			out[R2 + r] -= (zzx * bx[r] + zzy * by[r]) / pairs * s;
		}
	}
}

static int angular_permute(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct angular_job *job = argument;
	size_t n = job->labels->n;
	size_t *order = mem_alloc(n, sizeof(*order));
	if (!order)
		return -1;
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < job->count; b++) {
		resample_order(job->plan->seed, b, 0, n, order);
		angular_evaluate(job, order, NULL, NULL, job->sample + b * STATISTICS);
	}
	free(order);
	return 0;
}

static int angular_bootstrap(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct angular_job *job = argument;
	size_t n = job->labels->n;
	double *times = mem_alloc(n + n * n, sizeof(*times));
	if (!times)
		return -1;
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < job->count; b++) {
		resample_pairs(job->plan->seed, job->plan->bootstrap, b, n, times, times + n);
		angular_evaluate(job, NULL, times, times + n, job->sample + b * STATISTICS);
	}
	free(times);
	return 0;
}

/* How many samples the plan's bootstrap takes: of filters, then of single pairs. */
static size_t samples(const struct lateral_plan *plan)
{
	return plan->bootstrap + resample_dyads(plan->bootstrap);
}

/* pairs i != j with a tap in each range; [0]: all pairs */
static void count_pairs(const struct lateral *set, const struct lateral_plan *plan, size_t *count)
{
	memset(count, 0, R * sizeof(*count));
	for (size_t p = 0; p < set->n * set->n; p++) {
		if (p / set->n == p % set->n)
			continue;
		bool seen[R] = {false};
		seen[0] = true;
		for (size_t t = 0; t < set->taps; t++)
			seen[lateral_range(plan, hypot(set->dx[t] + set->pair[p].x,
						     set->dy[t] + set->pair[p].y))] = true;
		for (size_t r = 0; r < R; r++)
			count[r] += seen[r];
	}
}

static size_t ranges(const struct lateral_plan *plan)
{
	return plan->edges > 1 ? plan->edges : 1; /* the whole is one of them */
}

static struct report_row row_of(const char *kernel, enum lateral_part part, const char *quantity,
    const struct lateral_plan *plan, size_t range, size_t n)
{
	return (struct report_row){.kernel = kernel,
	    .part = part,
	    .quantity = quantity,
	    .from = range ? plan->edge[range - 1] : 0,
	    .to = range ? plan->edge[range] : 0,
	    .value = NAN,
	    .low = NAN,
	    .high = NAN,
	    .chance = NAN,
	    .p = NAN,
	    .n = n};
}

static int measure(const struct lateral_plan *plan, size_t filters, size_t at, const double *value,
    const double *permuted, const double *boot, struct lateral_measure *out)
{
	*out = (struct lateral_measure){.value = value[at]};
	out->chance = resample_chance(
	    out->value, permuted + at, plan->permutations, STATISTICS, RESAMPLE_TWO_SIDED)
			  .mean;
	if (resample_pair_interval(out->value, boot + at, filters, plan->bootstrap, STATISTICS,
		LEVEL, &out->low, &out->high))
		return -1;
	return resample_interval(permuted + at, plan->permutations, STATISTICS, LEVEL,
	    &out->chance_low, &out->chance_high);
}

static int fill_bins(const struct angular_job *job, const double *value, const double *permuted,
    const double *boot, struct lateral_bin *bins)
{
	const struct labels *labels = job->labels;
	size_t n = labels->n;
	double x[BINS], w[BINS] = {0}, ax[BINS][R] = {{0}}, ay[BINS][R] = {{0}};
	for (size_t p = 0; p < n * n; p++) {
		if (p / n == p % n)
			continue;
		size_t bin = labels->pair[p].bin;
		const struct angular *a = &job->sums[p];
		double xi = labels->x[p / n], yi = labels->y[p / n];
		w[bin]++;
		for (size_t r = 0; r < R; r++) {
			ax[bin][r] += a->ax[r] * xi + a->ay[r] * yi;
			ay[bin][r] += a->ay[r] * xi - a->ax[r] * yi;
		}
	}
	for (size_t b = 0; b < BINS; b++)
		x[b] = bin_centre(b);
	struct axial_tuning tuning = axial_tuning(BINS, x, value + PROFILE, w);
	for (size_t b = 0; b < R * BINS; b++) {
		struct lateral_bin *bin = &bins[b];
		size_t r = b / BINS, at = b % BINS;
		bool there = ax[at][r] != 0 || ay[at][r] != 0;
		*bin = (struct lateral_bin){.dtheta = x[at],
		    .pairs = (size_t)w[at],
		    .fit = r ? NAN : tuning.b + tuning.a * exp(tuning.kappa * (cos(2 * x[at]) - 1)),
		    .axis = there ? atan2(ay[at][r], ax[at][r]) / 2 : NAN};
		if (measure(job->plan, n, PROFILE + b, value, permuted, boot, &bin->mean) ||
		    measure(job->plan, n, BIN_J + b, value, permuted, boot, &bin->concentration))
			return -1;
	}
	return 0;
}

/* what is left out of every index: the share of a part's weight in i = j, against 1/n */
static int self_row(const struct lateral *set, const char *kernel, const double *w,
    enum lateral_part part, const struct lateral_plan *plan, struct report *report)
{
	double self = 0, all = 0, sign = part == LATERAL_NEGATIVE ? -1 : 1;
	for (size_t p = 0; p < set->n * set->n; p++)
		for (size_t t = 0; t < set->taps; t++) {
			double weight = fmax(sign * w[p * set->taps + t], 0);
			all += weight;
			self += p / set->n == p % set->n ? weight : 0;
		}
	struct report_row row = row_of(kernel, part, "self_share", plan, 0, set->n);
	row.value = all > 0 ? self / all : NAN;
	row.chance = 1 / (double)set->n;
	return report_add(report, row);
}

static int angular_rows(const struct angular_job *job, const char *kernel, enum lateral_part part,
    const double *value, const double *permuted, const double *boot, const size_t *pairs,
    struct report *report)
{
	const struct lateral_plan *plan = job->plan;
	for (size_t q = 0; q < sizeof quantities / sizeof *quantities; q++)
		for (size_t r = 0; r < (quantities[q].ranges ? ranges(plan) : 1); r++) {
			if (!pairs[r] || (job->size && !quantities[q].balance))
				continue;
			size_t at = quantities[q].at + r;
			struct report_row row =
			    row_of(kernel, part, quantities[q].name, plan, r, pairs[r]);
			struct resample_chance chance = resample_chance(value[at], permuted + at,
			    plan->permutations, STATISTICS, quantities[q].side);
			double scale = quantities[q].degrees ? 180 / PI : 1;
			row.chance = scale * chance.mean;
			row.p = chance.p;
			row.value = value[at];
			if (quantities[q].difference && plan->permutations)
				row.value -= chance.mean;
			if (resample_pair_interval(row.value, boot + at, job->labels->n,
				plan->bootstrap, STATISTICS, LEVEL, &row.low, &row.high))
				return -1;
			row.value *= scale;
			row.low *= scale;
			row.high *= scale;
			if (report_add(report, row))
				return -1;
		}
	return 0;
}

int lateral_angular(const struct lateral *set, const char *kernel, const double *w,
    enum lateral_part part, const struct lateral_plan *plan, struct report *report,
    struct lateral_bin *bins, bool *empty)
{
	int status = -1;
	struct labels labels;
	if (labels_make(set, &labels))
		return -1;
	bool both = part == LATERAL_SIGNED;
	double *size = both ? mem_alloc(set->n * set->n * R, sizeof(*size)) : NULL;
	struct angular *sums = both && !size ? NULL : angular_sums(set, w, part, plan, size);
	struct slope_search *search = mem_alloc(1, sizeof(*search));
	double *permuted = mem_alloc(plan->permutations * STATISTICS, sizeof(*permuted));
	double *boot = mem_alloc(samples(plan) * STATISTICS, sizeof(*boot));
	double value[STATISTICS];
	size_t pairs[R];
	if (!sums || !search || !permuted || !boot)
		goto out;
	slope_prepare(search);
	struct angular_job job = {&labels, sums, size, search, plan, permuted, plan->permutations};
	double *ones = NULL;
	if (plan->permutations == 0) { /* differences in closed form */
		if (!(ones = mem_alloc(set->n + set->n * set->n, sizeof(*ones))))
			goto out;
		for (size_t p = 0; p < set->n + set->n * set->n; p++)
			ones[p] = 1;
	}
	angular_evaluate(&job, NULL, ones, ones ? ones + set->n : NULL, value);
	free(ones);
	*empty = isnan(value[R0]);
	if (par_for((plan->permutations + CHUNK - 1) / CHUNK, plan->threads, angular_permute, &job))
		goto out;
	job.sample = boot;
	job.count = samples(plan);
	if (par_for((job.count + CHUNK - 1) / CHUNK, plan->threads, angular_bootstrap, &job))
		goto out;
	count_pairs(set, plan, pairs);
	if ((!both && self_row(set, kernel, w, part, plan, report)) ||
	    angular_rows(&job, kernel, part, value, permuted, boot, pairs, report))
		goto out;
	status = bins && !both ? fill_bins(&job, value, permuted, boot, bins) : 0;
out:
	free(sums);
	free(size);
	free(search);
	free(permuted);
	free(boot);
	labels_free(&labels);
	return status;
}

static void measure_write(const struct lateral_measure *m, struct table_out *table)
{
	table_real(table, m->value);
	table_real(table, m->low);
	table_real(table, m->high);
	table_real(table, m->chance);
	table_real(table, m->chance_low);
	table_real(table, m->chance_high);
}

void lateral_bins_write(const struct lateral_bin *bins, const char *kernel, enum lateral_part part,
    const struct lateral_plan *plan, struct table_out *table)
{
	for (size_t b = 0; b < ranges(plan) * BINS; b++) {
		size_t r = b / BINS;
		const struct lateral_bin *bin = &bins[r * BINS + (b + BINS / 2 + 1) % BINS];
		char range[64];
		if (r)
			snprintf(range, sizeof range, "[%g,%g)", plan->edge[r - 1], plan->edge[r]);
		else
			snprintf(range, sizeof range, "all");
		table_text(table, kernel);
		table_text(table, lateral_part_names[part]);
		table_real(table, bin->dtheta * 180 / PI);
		table_int(table, (long long)bin->pairs);
		measure_write(&bin->mean, table);
		table_real(table, bin->fit);
		table_real(table, bin->axis * 180 / PI);
		measure_write(&bin->concentration, table);
		table_text(table, range);
	}
}

/* ---- signed weights ---- */

/* sums over a pair's taps for K = b + a M + a' M cos(dphase), dphase = p + g, g = gx Delta_x + gy Delta_y */
struct phase_sums {
	double n[R], m[R], mm[R], k[R], km[R], kk[R];
	double mx[R], my[R];   /* M e^{ig} */
	double mmx[R], mmy[R]; /* M^2 e^{ig} */
	double m2x[R], m2y[R]; /* M^2 e^{2ig} */
	double kmx[R], kmy[R]; /* K M e^{ig} */
};

enum {
	RECIPROCITY,
	SHORT,                   /* positive, negative, signed */
	SHORT_PHASE = SHORT + 3, /* partial r with cos dphase */
	RING_MEAN,
	RING_ORIENTATION,
	RING_PHASE,
	BLIND,
	PHASE,
	SIGNED = PHASE + R
};

struct signed_job {
	const struct lateral *set;
	const struct lateral_plan *plan;
	const struct labels *labels;
	const struct phase_sums *phase;
	/* (n, n): weight of the tap nearest Delta = 0, nan where that is not near; cosine and sine of dphase there without
	 * the units' phases */
	const double *near, *near_x, *near_y, *near_d; /* near_d: cos dphase */
	const double *sign; /* (n, n): 1, or -1 where the source is taken from its other end */
	const double *cosine, *sine; /* (n) of the phases */
	const double *sum, *square,
	    *product;   /* (n, n): of a pair's taps; with the reversed pair's */
	double *sample; /* (count, SIGNED) */
	size_t count;
};

/* r of K~_ij(d) with K~_ji(-d), pair p factor[p] times (NULL: once); given, the sum of products is another's */
static double reciprocity(const struct signed_job *job, const double *factor, const double *given)
{
	size_t n = job->set->n;
	double x = 0, s = 0, ss = 0, count = 0;
	for (size_t p = 0; p < n * n; p++) {
		double f = p / n == p % n ? 0 : factor ? factor[p] : 1;
		count += f * (double)job->set->taps;
		s += f * job->sum[p];
		ss += f * job->square[p];
		x += f * job->product[p];
	}
	double mean = s / count, variance = ss / count - mean * mean;
	return variance > 1e-12 * ss / count
		   ? ((given ? *given : x) / count - mean * mean) / variance
		   : NAN;
}

/*
 * The same for the kernel and for chance, where a pair (i, j) meets the reversal of (o(j), o(i)), o an exchange of random
 * couples of filters. As with the kernel's own reversal each product then stands twice; with permutations that are no
 * such exchange it would not, and chance would vary too little.
 */
static int reciprocity_sample(const struct signed_job *job, const double *w, double *value)
{
	size_t n = job->set->n, count = job->count + 1;
	uint32_t *orders = mem_alloc(count * n, sizeof(*orders));
	size_t *order = mem_alloc(n, sizeof(*order));
	double *product = mem_alloc(count, sizeof(*product));
	int status = -1;
	if (orders && order && product) {
		for (size_t b = 0; b < count; b++) {
			uint32_t *couple = orders + b * n;
			for (size_t i = 0; i < n; i++)
				couple[i] = (uint32_t)i;
			if (b)
				resample_order(job->plan->seed, b - 1, 3, n, order);
			for (size_t i = 0; b && i + 1 < n; i += 2) {
				couple[order[i]] = (uint32_t)order[i + 1];
				couple[order[i + 1]] = (uint32_t)order[i];
			}
		}
		status = products_reversed(job->set, w, orders, count, job->plan->threads, product);
	}
	if (!status) {
		*value = reciprocity(job, NULL, &product[0]);
		for (size_t b = 1; b < count; b++)
			job->sample[(b - 1) * SIGNED + RECIPROCITY] =
			    reciprocity(job, NULL, &product[b]);
	}
	free(orders);
	free(order);
	free(product);
	return status;
}

/* e^{i phase} that the units a and b at a pair's places i and j give it: source less target */
VECTOR_INLINE void phases_of(
    const struct signed_job *job, size_t pair, size_t a, size_t b, double *x, double *y)
{
	double sj = job->sign[pair] * job->sine[b];
	*x = job->cosine[b] * job->cosine[a] + sj * job->sine[a];
	*y = sj * job->cosine[a] - job->cosine[b] * job->sine[a];
}

/* of pairs with a tap near Delta = 0: weight k (positive part, negative part, signed), c = cos 2 dtheta, d = cos dphase */
struct ring_sums {
	double m, k[3], kk[3];
	double c, cc, kc[3];
	double d, dd, kd;
	double cd;
};

static void ring_sum(const struct signed_job *job, const double *factor, struct ring_sums *s)
{
	size_t n = job->set->n;
	*s = (struct ring_sums){0};
	for (size_t p = 0; p < n * n; p++) {
		double near = job->near[p], f = factor ? factor[p] : 1, x, y;
		if (p / n == p % n || isnan(near) || !(f > 0))
			continue;
		double c = job->labels->pair[p].c2;
		phases_of(job, p, p / n, p % n, &x, &y);
		double d = x * job->near_x[p] - y * job->near_y[p];
		double part[] = {near > 0 ? near : 0, near < 0 ? -near : 0, near};
		s->m += f, s->c += f * c, s->cc += f * c * c;
		s->d += f * d, s->dd += f * d * d, s->cd += f * c * d, s->kd += f * near * d;
		for (size_t q = 0; q < 3; q++) {
			s->k[q] += f * part[q];
			s->kk[q] += f * part[q] * part[q];
			s->kc[q] += f * part[q] * c;
		}
	}
}

/* the same with orientations, and with phases, moved: what that changes of the sums */
static void ring_move(const struct signed_job *job, const size_t *orientations,
    const size_t *phases, struct ring_sums *turned, struct ring_sums *phased)
{
	size_t n = job->set->n;
	double c = 0, cc = 0, kc[3] = {0}, cd = 0, d = 0, dd = 0, kd = 0, dc = 0;
	for (size_t i = 0; i < n; i++) {
		const struct label_pair *own = &job->labels->pair[i * n];
		const struct label_pair *moved = &job->labels->pair[orientations[i] * n];
		for (size_t j = 0; j < n; j++) {
			size_t p = i * n + j;
			double near = job->near[p], x, y;
			if (i == j || isnan(near))
				continue;
			double cosine = moved[orientations[j]].c2, up = near > 0 ? near : 0;
			phases_of(job, p, phases[i], phases[j], &x, &y);
			double phase = x * job->near_x[p] - y * job->near_y[p];
			c += cosine, cc += cosine * cosine, cd += cosine * job->near_d[p];
			kc[0] += up * cosine, kc[2] += near * cosine;
			d += phase, dd += phase * phase, kd += near * phase;
			dc += phase * own[j].c2;
		}
	}
	turned->c = c, turned->cc = cc, turned->cd = cd;
	turned->kc[0] = kc[0], turned->kc[1] = kc[0] - kc[2], turned->kc[2] = kc[2];
	phased->d = d, phased->dd = dd, phased->kd = kd, phased->cd = dc;
}

/* r of each part with cos 2 dtheta, and the ring model k = mean + orientation cos 2 dtheta + phase cos dphase: from
 * SHORT on */
static void ring(const struct ring_sums *s, double *out)
{
	double m = s->m, vc = s->cc - s->c * s->c / m, vd = s->dd - s->d * s->d / m;
	double vcd = s->cd - s->c * s->d / m, vkd = s->kd - s->k[2] * s->d / m, vk = 0, vkc = 0;
	for (size_t q = 0; q < 3; q++) {
		vk = s->kk[q] - s->k[q] * s->k[q] / m;
		vkc = s->kc[q] - s->k[q] * s->c / m;
		out[SHORT + q] =
		    vk > 1e-14 * s->kk[q] && vc > 1e-14 * s->cc ? vkc / sqrt(vk * vc) : NAN;
	}
	double det = vc * vd - vcd * vcd;
	bool any = vk > 1e-14 * s->kk[2] && det > 1e-10 * s->cc * s->dd;
	double left = vk - vkc * vkc / vc;
	out[RING_ORIENTATION] = any ? (vkc * vd - vkd * vcd) / det : NAN;
	out[RING_PHASE] = any ? (vkd * vc - vkc * vcd) / det : NAN;
	out[RING_MEAN] =
	    any ? (s->k[2] - out[RING_ORIENTATION] * s->c - out[RING_PHASE] * s->d) / m : NAN;
	out[SHORT_PHASE] =
	    any && left > 1e-13 * s->kk[2] ? (vkd - vkc * vcd / vc) / sqrt(left * det / vc) : NAN;
}

/* what phase_parts needs of the phases' surroundings, by range: sums over pairs that no permutation of phases changes */
struct phase_still {
	double c[R], m[R], mm[R], k[R], km[R], kk[R];
};

VECTOR_CLONES static void phase_sum(
    const struct signed_job *job, const double *factor, struct phase_still *still)
{
	size_t n = job->set->n;
	double c[R] = {0}, m[R] = {0}, mm[R] = {0}, k[R] = {0}, km[R] = {0}, kk[R] = {0};
	for (size_t p = 0; p < n * n; p++) {
		double f = p / n == p % n ? 0 : factor ? factor[p] : 1;
		const struct phase_sums *s = &job->phase[p];
		if (!(f > 0))
			continue;
#pragma omp simd
		for (size_t r = 0; r < R; r++) {
			c[r] += f * s->n[r];
			m[r] += f * s->m[r];
			mm[r] += f * s->mm[r];
			k[r] += f * s->k[r];
			km[r] += f * s->km[r];
			kk[r] += f * s->kk[r];
		}
	}
	for (size_t r = 0; r < R; r++) {
		still->c[r] = c[r], still->m[r] = m[r], still->mm[r] = mm[r];
		still->k[r] = k[r], still->km[r] = km[r], still->kk[r] = kk[r];
	}
}

/* Partial r of K~ and M cos(dphase) given 1 and M, by range, from PHASE on, and that of K~ and M given 1 and
 * M cos(dphase), BLIND; order moves phases among filters. */
VECTOR_CLONES static void phase_parts(const struct signed_job *job, const struct phase_still *still,
    const size_t *order, const double *factor, double *out)
{
	const struct lateral *set = job->set;
	size_t n = set->n;
	const double *c = still->c, *m = still->m, *mm = still->mm;
	const double *k = still->k, *km = still->km, *kk = still->kk;
	double x[R] = {0}, xm[R] = {0}, xx[R] = {0}, kx[R] = {0};
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			double f = factor ? factor[i * n + j] : 1, px, py;
			if (i == j || !(f > 0))
				continue;
			const struct phase_sums *s = &job->phase[i * n + j];
			phases_of(
			    job, i * n + j, order ? order[i] : i, order ? order[j] : j, &px, &py);
			px *= f;
			py *= f;
			double qx = (px * px - py * py) / (2 * f), qy = px * py / f;
#pragma omp simd
			for (size_t r = 0; r < R; r++) {
				x[r] += px * s->mx[r] - py * s->my[r];
				xm[r] += px * s->mmx[r] - py * s->mmy[r];
				xx[r] += f * s->mm[r] / 2 + qx * s->m2x[r] - qy * s->m2y[r];
				kx[r] += px * s->kmx[r] - py * s->kmy[r];
			}
		}
	for (size_t r = 0; r < R; r++) {
		double vm = mm[r] - m[r] * m[r] / c[r];
		double vk = kk[r] - k[r] * k[r] / c[r], vx = xx[r] - x[r] * x[r] / c[r];
		double vkm = km[r] - k[r] * m[r] / c[r], vxm = xm[r] - x[r] * m[r] / c[r];
		double vkx = kx[r] - k[r] * x[r] / c[r];
		double left = vk - vkm * vkm / vm, right = vx - vxm * vxm / vm;
		out[PHASE + r] = left > 1e-13 * kk[r] && right > 1e-13 * xx[r]
				     ? (vkx - vkm * vxm / vm) / sqrt(left * right)
				     : NAN;
		left = vk - vkx * vkx / vx;
		right = vm - vxm * vxm / vx;
		if (r == 0)
			out[BLIND] = left > 1e-13 * kk[r] && right > 1e-13 * mm[r]
					 ? (vkm - vkx * vxm / vx) / sqrt(left * right)
					 : NAN;
	}
}

/*
 * Chance of BLIND: MRQAP with double semi-partialling. What M has beyond 1 and X = M cos dphase is moved with whole filters
 * (orientation, frequency, phase and centre), and correlated with the weights given 1 and X. Partial r from
 * products of what K~ and M leave, u and e, and of X.
 */
static int blind_sample(const struct signed_job *job, const double *w)
{
	const struct lateral *set = job->set;
	size_t n = set->n, taps = set->taps, total = n * n * taps, count = job->count;
	double *u = mem_alloc(3 * total, sizeof(*u)), *e = u + total, *x = e + total;
	uint32_t *orders = mem_alloc((count + 1) * n, sizeof(*orders));
	size_t *order = mem_alloc(n, sizeof(*order));
	double *with_u = mem_alloc(2 * (count + 1), sizeof(*with_u)), *with_x = with_u + count + 1;
	int status = -1;
	if (!u || !orders || !order || !with_u)
		goto out;
	double sx = 0, sxx = 0, sk = 0, skx = 0, sm = 0, smx = 0, m = (double)(n * (n - 1) * taps);
	for (size_t p = 0; p < n * n; p++)
		for (size_t t = 0; t < taps && p / n != p % n; t++) {
			size_t at = p * taps + t;
			double dphase;
			u[at] = w[at];
			e[at] = lateral_overlap(set, p, t, &dphase);
			x[at] = e[at] * cos(dphase);
			sx += x[at], sxx += x[at] * x[at];
			sk += w[at], skx += w[at] * x[at];
			sm += e[at], smx += e[at] * x[at];
		}
	double vx = sxx - sx * sx / m, ku = (skx - sk * sx / m) / vx, me = (smx - sm * sx / m) / vx;
	double uu = 0, ee = 0, norm = sqrt(vx);
	for (size_t p = 0; p < n * n; p++)
		for (size_t t = 0; t < taps && p / n != p % n; t++) {
			size_t at = p * taps + t;
			double beyond = x[at] - sx / m;
			u[at] -= sk / m + ku * beyond;
			e[at] -= sm / m + me * beyond;
			x[at] = beyond / norm;
			uu += u[at] * u[at];
			ee += e[at] * e[at];
		}
	for (size_t b = 0; b < count; b++) {
		resample_order(job->plan->seed, b, 4, n, order);
		for (size_t i = 0; i < n; i++)
			orders[b * n + i] = (uint32_t)order[i];
	}
	if (products_moved(set, u, e, orders, count, job->plan->threads, with_u) ||
	    products_moved(set, x, e, orders, count, job->plan->threads, with_x))
		goto out;
	for (size_t b = 0; b < count; b++) {
		double left = ee - with_x[b] * with_x[b];
		job->sample[b * SIGNED + BLIND] =
		    uu > 0 && left > 1e-9 * ee ? with_u[b] / sqrt(uu * left) : NAN;
	}
	status = 0;
out:
	free(u);
	free(orders);
	free(order);
	free(with_u);
	return status;
}

static void signed_evaluate(const struct signed_job *job, const double *factor, double *out)
{
	if (factor)
		out[RECIPROCITY] = reciprocity(job, factor, NULL);
	struct ring_sums sums;
	struct phase_still still;
	ring_sum(job, factor, &sums);
	ring(&sums, out);
	phase_sum(job, factor, &still);
	phase_parts(job, &still, NULL, factor, out);
}

static int signed_permute(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct signed_job *job = argument;
	size_t n = job->set->n, *order = mem_alloc(2 * n, sizeof(*order));
	struct ring_sums own;
	struct phase_still still;
	if (!order)
		return -1;
	ring_sum(job, NULL, &own);
	phase_sum(job, NULL, &still);
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < job->count; b++) {
		double turned[SIGNED], *out = job->sample + b * SIGNED;
		struct ring_sums one = own, two = own;
		double blind = out[BLIND];
		resample_order(job->plan->seed, b, 0, n, order);
		resample_order(job->plan->seed, b, 1, n, order + n);
		ring_move(job, order, order + n, &one, &two);
		ring(&one, turned);
		ring(&two, out);
		for (size_t part = 0; part < 3; part++)
			out[SHORT + part] = turned[SHORT + part];
		out[RING_ORIENTATION] = turned[RING_ORIENTATION];
		out[RING_MEAN] = NAN; /* no permutation moves it */
		phase_parts(job, &still, order + n, NULL, out);
		out[BLIND] = blind;
	}
	free(order);
	return 0;
}

static int signed_bootstrap(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct signed_job *job = argument;
	size_t n = job->set->n;
	double *times = mem_alloc(n + n * n, sizeof(*times));
	if (!times)
		return -1;
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < job->count; b++) {
		resample_pairs(job->plan->seed, job->plan->bootstrap, b, n, times, times + n);
		signed_evaluate(job, times + n, job->sample + b * SIGNED);
	}
	free(times);
	return 0;
}

static void phase_pair(const struct lateral *set, const struct lateral_plan *plan, size_t p,
    const double *w, struct phase_sums *sum, double *near, double *near_x, double *near_y)
{
	const struct lateral_pair *pair = &set->pair[p];
	double closest = NEAR;
	*near = NAN;
	for (size_t t = 0; t < set->taps; t++) {
		double x = set->dx[t] + pair->x, y = set->dy[t] + pair->y, r = sqrt(x * x + y * y);
		double g, m = lateral_overlap(set, p, t, &g), k = w[t];
		g -= pair->phase;
		double gx = cos(g), gy = sin(g);
		size_t range = lateral_range(plan, r);
		if (r < closest) {
			closest = r;
			*near = k;
			*near_x = gx;
			*near_y = gy;
		}
		for (size_t b = 0; b <= range; b += range ? range : 1) {
			sum->n[b]++;
			sum->m[b] += m;
			sum->mm[b] += m * m;
			sum->k[b] += k;
			sum->km[b] += k * m;
			sum->kk[b] += k * k;
			sum->mx[b] += m * gx;
			sum->my[b] += m * gy;
			sum->mmx[b] += m * m * gx;
			sum->mmy[b] += m * m * gy;
			sum->m2x[b] += m * m * (gx * gx - gy * gy);
			sum->m2y[b] += m * m * 2 * gx * gy;
			sum->kmx[b] += k * m * gx;
			sum->kmy[b] += k * m * gy;
		}
	}
}

static const struct signed_quantity {
	size_t at;
	const char *name;
	enum lateral_part part;
	bool own;    /* only of a kernel that is no confound */
	bool ranges; /* also by range of distance */
	bool near;   /* of pairs that have a tap near Delta = 0 */
} signed_quantities[] = {
    {RECIPROCITY, "reciprocity", LATERAL_SIGNED, true, false, false},
    {SHORT, "short_range", LATERAL_POSITIVE, false, false, true},
    {SHORT + 1, "short_range", LATERAL_NEGATIVE, false, false, true},
    {SHORT + 2, "short_range", LATERAL_SIGNED, false, false, true},
    {SHORT_PHASE, "short_range_phase", LATERAL_SIGNED, false, false, true},
    {RING_MEAN, "ring_mean", LATERAL_SIGNED, false, false, true},
    {RING_ORIENTATION, "ring_orientation", LATERAL_SIGNED, false, false, true},
    {RING_PHASE, "ring_phase", LATERAL_SIGNED, false, false, true},
    {BLIND, "phase_blind", LATERAL_SIGNED, true, false, false},
    {PHASE, "phase_locked", LATERAL_SIGNED, false, true, false},
};

static int signed_rows(const struct signed_job *job, const char *kernel, bool own,
    const double *value, const double *permuted, const double *boot, struct report *report)
{
	const struct lateral_plan *plan = job->plan;
	size_t n = job->set->n, near = 0, pairs[R];
	for (size_t p = 0; p < n * n; p++)
		near += p / n != p % n && !isnan(job->near[p]);
	count_pairs(job->set, plan, pairs);
	for (size_t q = 0; q < sizeof signed_quantities / sizeof *signed_quantities; q++) {
		const struct signed_quantity *quantity = &signed_quantities[q];
		for (size_t r = 0; r < (quantity->ranges ? ranges(plan) : 1); r++) {
			size_t at = quantity->at + r;
			if ((quantity->own && !own) || !pairs[r])
				continue;
			struct report_row row = row_of(kernel, quantity->part, quantity->name, plan,
			    r, quantity->near ? near : pairs[r]);
			struct resample_chance chance = resample_chance(value[at], permuted + at,
			    plan->permutations, SIGNED, RESAMPLE_TWO_SIDED);
			row.value = value[at];
			row.chance = chance.mean;
			row.p = at == RING_MEAN ? NAN : chance.p;
			if (resample_pair_interval(row.value, boot + at, n, plan->bootstrap, SIGNED,
				LEVEL, &row.low, &row.high) ||
			    report_add(report, row))
				return -1;
		}
	}
	return 0;
}

int lateral_signed(const struct lateral *set, const char *kernel, const double *w, bool own,
    const struct lateral_plan *plan, struct report *report)
{
	int status = -1;
	size_t n = set->n, taps = set->taps;
	struct labels labels;
	if (labels_make(set, &labels))
		return -1;
	struct phase_sums *phase = mem_alloc(n * n, sizeof(*phase));
	double *tables = mem_alloc(8 * n * n + 2 * n, sizeof(*tables));
	double *permuted = mem_alloc(plan->permutations * SIGNED, sizeof(*permuted));
	double *boot = mem_alloc(samples(plan) * SIGNED, sizeof(*boot));
	if (!phase || !tables || !permuted || !boot)
		goto out;
	double *near = tables, *near_x = near + n * n, *near_y = near_x + n * n,
	       *near_d = near_y + n * n, *sign = near_d + n * n, *sum = sign + n * n,
	       *square = sum + n * n, *product = square + n * n, *cosine = product + n * n,
	       *sine = cosine + n, value[SIGNED];
	for (size_t i = 0; i < n; i++) {
		cosine[i] = cos(set->unit[i].gabor.phase);
		sine[i] = sin(set->unit[i].gabor.phase);
	}
	for (size_t p = 0; p < n * n; p++) {
		size_t i = p / n, j = p % n;
		if (i == j)
			continue;
		phase_pair(set, plan, p, w + p * taps, &phase[p], &near[p], &near_x[p], &near_y[p]);
		double theta = set->unit[i].gabor.theta + set->pair[p].dtheta;
		sign[p] = cos(theta - set->unit[j].gabor.theta) > 0 ? 1 : -1;
		for (size_t t = 0; t < taps; t++) {
			double k = w[p * taps + t];
			sum[p] += k;
			square[p] += k * k;
			product[p] += k * w[(j * n + i) * taps + taps - 1 - t];
		}
	}
	struct signed_job job = {set, plan, &labels, phase, near, near_x, near_y, near_d, sign,
	    cosine, sine, sum, square, product, permuted, plan->permutations};
	for (size_t p = 0; p < n * n; p++) {
		double x, y;
		phases_of(&job, p, p / n, p % n, &x, &y);
		near_d[p] = x * near_x[p] - y * near_y[p];
	}
	signed_evaluate(&job, NULL, value);
	value[RECIPROCITY] = NAN;
	if (own && (reciprocity_sample(&job, w, &value[RECIPROCITY]) || blind_sample(&job, w)))
		goto out;
	if (par_for((plan->permutations + CHUNK - 1) / CHUNK, plan->threads, signed_permute, &job))
		goto out;
	job.sample = boot;
	job.count = samples(plan);
	if (par_for((job.count + CHUNK - 1) / CHUNK, plan->threads, signed_bootstrap, &job))
		goto out;
	status = signed_rows(&job, kernel, own, value, permuted, boot, report);
out:
	free(phase);
	free(tables);
	free(permuted);
	free(boot);
	labels_free(&labels);
	return status;
}
