/* Tuning by orientation and directions of connections, of either part or of signed weights. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"
#include "indices/angular.h"
#include "indices/rows.h"
#include "stats/circular.h"
#include "stats/resample.h"

#define PI UNITS_PI

enum {
	R = LATERAL_RANGES,
	BINS = LATERAL_BINS,
	CHUNK = 25,  /* permutations or bootstrap samples per work item */
	SLOPES = 41, /* of the axis law, from -1/2 to 3/2 */
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
    {ANGULAR_ISO, "iso_orientation", false, true, false, RESAMPLE_TWO_SIDED, false},
    {ANGULAR_HALF, "half_width_deg", false, false, true, RESAMPLE_LESS, false},
    {ANGULAR_SHARE, "share_35", false, false, false, RESAMPLE_TWO_SIDED, false},
    {ANGULAR_R0, "R_0", true, true, false, RESAMPLE_TWO_SIDED, true},
    {ANGULAR_R1, "R_1", true, true, false, RESAMPLE_TWO_SIDED, true},
    {ANGULAR_R2, "R_2", true, true, false, RESAMPLE_TWO_SIDED, true},
    {ANGULAR_COAXIAL, "coaxiality", true, false, false, RESAMPLE_TWO_SIDED, true},
    {ANGULAR_SLOPE, "axis_slope", false, false, false, RESAMPLE_TWO_SIDED, false},
    {ANGULAR_CONCENTRATION, "concentration", true, false, false, RESAMPLE_TWO_SIDED, true},
};

/* size (n, n, R): of signed weights their sizes, else not touched */
static struct angular *angular_sums(const struct units *set, const double *w,
    enum sign part, const struct lateral_plan *plan, double *size)
{
	struct angular *sums = mem_alloc(set->n * set->n, sizeof(*sums));
	if (!sums)
		return NULL;
	double sign = part == SIGN_NEGATIVE ? -1 : 1;
	for (size_t p = 0; p < set->n * set->n; p++) {
		if (p / set->n == p % set->n)
			continue;
		struct angular *sum = &sums[p];
		for (size_t t = 0; t < set->taps; t++) {
			double weight = sign * w[p * set->taps + t];
			if (!(weight > 0) && part != SIGN_BOTH)
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
	double c[SLOPES][LABELS_FINE], s[SLOPES][LABELS_FINE];
};

static void slope_prepare(struct slope_search *search)
{
	for (size_t l = 0; l < SLOPES; l++)
		for (size_t b = 0; b < LABELS_FINE; b++) {
			double lambda = -.5 + 2. * (double)l / (SLOPES - 1);
			search->c[l][b] = cos(2 * lambda * labels_fine_centre(b));
			search->s[l][b] = sin(2 * lambda * labels_fine_centre(b));
		}
}

static double slope_score(double lambda, const double *sx, const double *sy)
{
	double sum = 0;
	for (size_t b = 0; b < LABELS_FINE; b++) {
		double a = 2 * lambda * labels_fine_centre(b);
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
		for (size_t b = 0; b < LABELS_FINE; b++)
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
	double counts[BINS] = {0}, sx[LABELS_FINE] = {0}, sy[LABELS_FINE] = {0};
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
		x[b] = labels_bin_centre(b);
		for (size_t r = 0; r < R; r++) {
			w[r] += bin_w[b][r];
			jc[r] += bin_j[b][r];
			out[ANGULAR_PROFILE + r * BINS + b] =
			    counts[b] > 0 ? bin_w[b][r] / counts[b] : NAN;
			out[ANGULAR_BIN_J + r * BINS + b] =
			    bin_w[b][r] > 0 ? bin_j[b][r] / bin_w[b][r] : NAN;
		}
		if (counts[b] > 0) {
			double c = cos(2 * x[b]);
			total += out[ANGULAR_PROFILE + b];
			tuned += out[ANGULAR_PROFILE + b] * c;
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
	out[ANGULAR_ISO] = any ? tuned / total - (factor ? flat / used : 0) : NAN;
	out[ANGULAR_HALF] =
	    any ? axial_tuning(BINS, x, out + ANGULAR_PROFILE, counts).half_width : NAN;
	out[ANGULAR_SHARE] = any ? within / w[0] : NAN;
	for (size_t b = 0; b < LABELS_FINE && !size; b++)
		directed = directed || sx[b] != 0 || sy[b] != 0;
	out[ANGULAR_SLOPE] = directed ? slope_fit(job->search, sx, sy) : NAN;
	for (size_t r = 0; r < R; r++) {
		double s = w[r] > 0 ? 1 / w[r] : NAN;
		out[ANGULAR_R0 + r] = r0[r] * s;
		out[ANGULAR_R1 + r] = r1[r] * s;
		out[ANGULAR_R2 + r] = r2[r] * s;
		out[ANGULAR_COAXIAL + r] = co[r] * s;
		out[ANGULAR_CONCENTRATION + r] = jc[r] * s;
		if (factor) {
			out[ANGULAR_R0 + r] -= c2 / pairs * net[r] * s;
			out[ANGULAR_R1 + r] -= (zx * ax[r] + zy * ay[r]) / filters * s;
			out[ANGULAR_R2 + r] -= (zzx * bx[r] + zzy * by[r]) / pairs * s;
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
		angular_evaluate(job, order, NULL, NULL, job->sample + b * ANGULAR_STATISTICS);
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
		angular_evaluate(job, NULL, times, times + n, job->sample + b * ANGULAR_STATISTICS);
	}
	free(times);
	return 0;
}

/*
 * What is left out of every index: the share of a part's weight in i = j. Chance: sources moved among targets, of which
 * i meets o(i) then; 1/n on average.
 */
static int self_row(const struct units *set, const char *kernel, const double *w,
    enum sign part, const struct lateral_plan *plan, struct report *report)
{
	size_t n = set->n, count = lateral_samples(plan), *order = mem_alloc(n, sizeof(*order));
	double all = 0, sign = part == SIGN_NEGATIVE ? -1 : 1,
	       *sum = mem_alloc(n * n, sizeof(*sum));
	double *times = mem_alloc(n + n * n, sizeof(*times));
	double *permuted = mem_alloc(plan->permutations, sizeof(*permuted)),
	       *boot = mem_alloc(count, sizeof(*boot));
	struct report_row row = lateral_row(kernel, part, "self_share", plan, 0, n);
	int status = -1;
	if (!order || !sum || !times || !permuted || !boot)
		goto out;
	row.value = 0;
	for (size_t p = 0; p < n * n; p++) {
		for (size_t t = 0; t < set->taps; t++)
			sum[p] += fmax(sign * w[p * set->taps + t], 0);
		all += sum[p];
		row.value += p / n == p % n ? sum[p] : 0;
	}
	row.value = all > 0 ? row.value / all : NAN;
	for (size_t b = 0; b < plan->permutations; b++) {
		double self = 0;
		resample_order(plan->seed, b, 8, n, order);
		for (size_t i = 0; i < n; i++)
			self += sum[i * n + order[i]];
		permuted[b] = all > 0 ? self / all : NAN;
	}
	for (size_t b = 0; b < count; b++) {
		double self = 0, rest = 0;
		resample_pairs(plan->seed, plan->bootstrap, b, n, times, times + n);
		for (size_t p = 0; p < n * n; p++)
			if (p / n == p % n)
				self += times[p / n] * sum[p];
			else
				rest += times[n + p] * sum[p];
		boot[b] = self + rest > 0 ? self / (self + rest) : NAN;
	}
	row.chance = all > 0 ? 1 / (double)n : NAN;
	row.p = resample_chance(row.value, permuted, plan->permutations, 1, RESAMPLE_TWO_SIDED).p;
	status = resample_pair_interval(
	    row.value, boot, n, plan->bootstrap, 1, LATERAL_LEVEL, &row.low, &row.high);
	if (!status)
		status = report_add(report, row);
out:
	free(order);
	free(sum);
	free(times);
	free(permuted);
	free(boot);
	return status;
}

static int angular_rows(const struct angular_job *job, const char *kernel, enum sign part,
    const double *value, const double *permuted, const double *boot, const size_t *pairs,
    struct report *report)
{
	const struct lateral_plan *plan = job->plan;
	for (size_t q = 0; q < sizeof quantities / sizeof *quantities; q++)
		for (size_t r = 0; r < (quantities[q].ranges ? lateral_ranges(plan) : 1); r++) {
			if (!pairs[r] || (job->size && !quantities[q].balance))
				continue;
			size_t at = quantities[q].at + r;
			struct report_row row =
			    lateral_row(kernel, part, quantities[q].name, plan, r, pairs[r]);
			struct resample_chance chance = resample_chance(value[at], permuted + at,
			    plan->permutations, ANGULAR_STATISTICS, quantities[q].side);
			double scale = quantities[q].degrees ? 180 / PI : 1;
			row.chance = scale * chance.mean;
			row.p = chance.p;
			row.value = value[at];
			if (quantities[q].difference) {
				row.value -= plan->permutations ? chance.mean : 0;
				row.chance = 0;
			}
			if (resample_pair_interval(row.value, boot + at, job->labels->n,
				plan->bootstrap, ANGULAR_STATISTICS, LATERAL_LEVEL, &row.low,
				&row.high))
				return -1;
			row.value *= scale;
			row.low *= scale;
			row.high *= scale;
			if (report_add(report, row))
				return -1;
		}
	return 0;
}

int lateral_angular(const struct units *set, const char *kernel, const double *w,
    enum sign part, const struct lateral_plan *plan, struct report *report, bool self,
    struct lateral_bin *bins, bool *empty)
{
	int status = -1;
	struct labels labels;
	if (labels_make(set, &labels))
		return -1;
	bool both = part == SIGN_BOTH;
	double *size = both ? mem_alloc(set->n * set->n * R, sizeof(*size)) : NULL;
	struct angular *sums = both && !size ? NULL : angular_sums(set, w, part, plan, size);
	struct slope_search *search = mem_alloc(1, sizeof(*search));
	double *permuted = mem_alloc(plan->permutations * ANGULAR_STATISTICS, sizeof(*permuted));
	double *boot = mem_alloc(lateral_samples(plan) * ANGULAR_STATISTICS, sizeof(*boot));
	double value[ANGULAR_STATISTICS];
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
	*empty = isnan(value[ANGULAR_R0]);
	if (par_for((plan->permutations + CHUNK - 1) / CHUNK, plan->threads, angular_permute, &job))
		goto out;
	job.sample = boot;
	job.count = lateral_samples(plan);
	if (par_for((job.count + CHUNK - 1) / CHUNK, plan->threads, angular_bootstrap, &job))
		goto out;
	lateral_count_pairs(set, plan, pairs);
	if ((self && self_row(set, kernel, w, part, plan, report)) ||
	    angular_rows(&job, kernel, part, value, permuted, boot, pairs, report))
		goto out;
	status = bins && !both ? profiles_fill(&job, value, permuted, boot, bins) : 0;
out:
	free(sums);
	free(size);
	free(search);
	free(permuted);
	free(boot);
	labels_free(&labels);
	return status;
}
