/* Rows of signed weights: reciprocity, short range, phase. */
#include "indices/signed.h"
#include <stdlib.h>
#include "base/memory.h"
#include "base/threads.h"
#include "kernel/products.h"
#include "indices/rows.h"
#include "stats/resample.h"
#include "stats/student.h"

enum {
	R = LATERAL_RANGES,
	CHUNK = 25, /* permutations or bootstrap samples per work item */
};

/* r of K~_ij(d) with K~_ji(-d), pair p factor[p] times (NULL: once); given, the sum of products is another's */
static double reciprocity(const struct signed_job *job, const double *factor, const double *given)
{
	size_t n = job->set->n;
	double x = 0, s[2] = {0}, ss[2] = {0}, variance[2], count = 0;
	for (size_t p = 0; p < n * n; p++) {
		double f = p / n == p % n ? 0 : factor ? factor[p] : 1;
		count += f * (double)job->set->taps;
		x += f * job->product[p];
		for (size_t a = 0; a < 2; a++) {
			s[a] += f * job->sum[a][p];
			ss[a] += f * job->square[a][p];
		}
	}
	for (size_t a = 0; a < 2; a++) {
		variance[a] = ss[a] / count - s[a] / count * s[a] / count;
		if (!(variance[a] > 1e-12 * ss[a] / count))
			return NAN;
	}
	return ((given ? *given : x) / count - s[0] / count * s[1] / count) /
	       sqrt(variance[0] * variance[1]);
}

/*
 * The same for the kernel and for chance, where a pair (i, j) meets the reversal of (o(j), o(i)), o an exchange of random
 * couples of filters. As with the kernel's own reversal each product then stands twice; with permutations that are no
 * such exchange it would not, and chance would vary too little.
 */
static int reciprocity_sample(
    const struct signed_job *job, const double *u, const double *v, double *value)
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
		status = products_reversed(job->set, u, v, orders, count, job->plan->threads, product);
	}
	if (!status) {
		*value = reciprocity(job, NULL, &product[0]);
		for (size_t b = 1; b < count; b++)
			job->sample[(b - 1) * SIGNED_COUNT + SIGNED_RECIPROCITY] =
			    reciprocity(job, NULL, &product[b]);
	}
	free(orders);
	free(order);
	free(product);
	return status;
}

static void signed_evaluate(const struct signed_job *job, const double *factor, double *out)
{
	if (factor)
		out[SIGNED_RECIPROCITY] = reciprocity(job, factor, NULL);
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
		double turned[SIGNED_COUNT], *out = job->sample + b * SIGNED_COUNT;
		struct ring_sums one = own, two = own;
		double blind = out[SIGNED_BLIND];
		resample_order(job->plan->seed, b, 0, n, order);
		resample_order(job->plan->seed, b, 1, n, order + n);
		ring_move(job, order, order + n, &one, &two);
		ring(&one, turned);
		ring(&two, out);
		for (size_t part = 0; part < 3; part++)
			out[SIGNED_SHORT + part] = turned[SIGNED_SHORT + part];
		out[SIGNED_RING_ORIENTATION] = turned[SIGNED_RING_ORIENTATION];
		out[SIGNED_RING_MEAN] = NAN; /* no permutation moves it */
		phase_parts(job, &still, order + n, NULL, out);
		out[SIGNED_BLIND] = blind;
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
		signed_evaluate(job, times + n, job->sample + b * SIGNED_COUNT);
	}
	free(times);
	return 0;
}

static const struct signed_quantity {
	size_t at;
	const char *name;
	enum sign part;
	bool own;    /* only of a kernel that is no confound */
	bool ranges; /* also by range of distance */
	bool near;   /* of pairs that have a tap near Delta = 0 */
} signed_quantities[] = {
    {SIGNED_RECIPROCITY, "reciprocity", SIGN_BOTH, true, false, false},
    {SIGNED_SHORT, "short_range", SIGN_POSITIVE, false, false, true},
    {SIGNED_SHORT + 1, "short_range", SIGN_NEGATIVE, false, false, true},
    {SIGNED_SHORT + 2, "short_range", SIGN_BOTH, false, false, true},
    {SIGNED_SHORT_PHASE, "short_range_phase", SIGN_BOTH, false, false, true},
    {SIGNED_RING_MEAN, "ring_mean", SIGN_BOTH, false, false, true},
    {SIGNED_RING_ORIENTATION, "ring_orientation", SIGN_BOTH, false, false, true},
    {SIGNED_RING_PHASE, "ring_phase", SIGN_BOTH, false, false, true},
    {SIGNED_BLIND, "phase_blind", SIGN_BOTH, true, false, false},
    {SIGNED_PHASE, "phase_locked", SIGN_BOTH, false, true, false},
};

/* No permutation moves a mean: chance is 0, and p Student's, two-sided, with the standard error of the interval. */
static void against_zero(size_t filters, struct report_row *row)
{
	double degrees = (double)filters - 1;
	double error =
	    (row->high - row->low) / (2 * student_quantile((1 - LATERAL_LEVEL) / 2, degrees));
	row->chance = 0;
	row->p = error > 0 ? 2 * student_above(fabs(row->value) / error, degrees) : NAN;
}

static int signed_rows(const struct signed_job *job, const char *kernel, bool own,
    const double *value, const double *permuted, const double *boot, struct report *report)
{
	const struct lateral_plan *plan = job->plan;
	size_t n = job->set->n, near = 0, pairs[R];
	for (size_t p = 0; p < n * n; p++)
		near += p / n != p % n && !isnan(job->near[p]);
	lateral_count_pairs(job->set, plan, pairs);
	for (size_t q = 0; q < sizeof signed_quantities / sizeof *signed_quantities; q++) {
		const struct signed_quantity *quantity = &signed_quantities[q];
		for (size_t r = 0; r < (quantity->ranges ? lateral_ranges(plan) : 1); r++) {
			size_t at = quantity->at + r;
			if ((quantity->own && !own) || !pairs[r])
				continue;
			struct report_row row = lateral_row(kernel, quantity->part, quantity->name,
			    plan, r, quantity->near ? near : pairs[r]);
			struct resample_chance chance = resample_chance(value[at], permuted + at,
			    plan->permutations, SIGNED_COUNT, RESAMPLE_TWO_SIDED);
			row.value = value[at];
			row.chance = chance.mean;
			row.p = chance.p;
			if (resample_pair_interval(row.value, boot + at, n, plan->bootstrap,
				SIGNED_COUNT, LATERAL_LEVEL, &row.low, &row.high))
				return -1;
			if (at == SIGNED_RING_MEAN && !isnan(row.value))
				against_zero(n, &row);
			if (report_add(report, row))
				return -1;
		}
	}
	return 0;
}

int lateral_signed(const struct units *set, const char *kernel, const double *w, bool own,
    const double *const halves[2], const struct lateral_plan *plan, struct report *report)
{
	int status = -1;
	size_t n = set->n, taps = set->taps;
	struct labels labels;
	if (labels_make(set, &labels))
		return -1;
	struct phase_sums *phase = mem_alloc(n * n, sizeof(*phase));
	double *tables = mem_alloc(10 * n * n + 2 * n, sizeof(*tables));
	const double *u = halves ? halves[0] : w, *v = halves ? halves[1] : w;
	double *permuted = mem_alloc(plan->permutations * SIGNED_COUNT, sizeof(*permuted));
	double *boot = mem_alloc(lateral_samples(plan) * SIGNED_COUNT, sizeof(*boot));
	if (!phase || !tables || !permuted || !boot)
		goto out;
	double *near = tables, *near_x = near + n * n, *near_y = near_x + n * n,
	       *near_d = near_y + n * n, *sign = near_d + n * n, *sum = sign + n * n,
	       *square = sum + 2 * n * n, *product = square + 2 * n * n, *cosine = product + n * n,
	       *sine = cosine + n, value[SIGNED_COUNT];
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
			double a = u[p * taps + t], b = v[p * taps + t];
			sum[p] += a;
			sum[n * n + p] += b;
			square[p] += a * a;
			square[n * n + p] += b * b;
			product[p] += a * v[(j * n + i) * taps + taps - 1 - t];
		}
	}
	struct signed_job job = {set, plan, &labels, phase, near, near_x, near_y, near_d, sign,
	    cosine, sine, {sum, sum + n * n}, {square, square + n * n}, product, permuted,
	    plan->permutations};
	for (size_t p = 0; p < n * n; p++) {
		double x, y;
		signed_phases(&job, p, p / n, p % n, &x, &y);
		near_d[p] = x * near_x[p] - y * near_y[p];
	}
	signed_evaluate(&job, NULL, value);
	value[SIGNED_RECIPROCITY] = NAN;
	if (own && (reciprocity_sample(&job, u, v, &value[SIGNED_RECIPROCITY]) ||
		       phase_blind_sample(&job, w)))
		goto out;
	if (par_for((plan->permutations + CHUNK - 1) / CHUNK, plan->threads, signed_permute, &job))
		goto out;
	job.sample = boot;
	job.count = lateral_samples(plan);
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
