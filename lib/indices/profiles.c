/* Profiles over the difference of orientation: strength, axis and concentration of connections by bins. */
#include <math.h>
#include <stdio.h>
#include "indices/angular.h"
#include "indices/rows.h"
#include "stats/circular.h"
#include "stats/resample.h"

#define PI UNITS_PI

enum { R = LATERAL_RANGES, BINS = LATERAL_BINS };

static int measure(const struct lateral_plan *plan, size_t filters, size_t at, const double *value,
    const double *permuted, const double *boot, struct lateral_measure *out)
{
	*out = (struct lateral_measure){.value = value[at]};
	out->chance = resample_chance(
	    out->value, permuted + at, plan->permutations, ANGULAR_STATISTICS, RESAMPLE_TWO_SIDED)
			  .mean;
	if (resample_pair_interval(out->value, boot + at, filters, plan->bootstrap,
		ANGULAR_STATISTICS, LATERAL_LEVEL, &out->low, &out->high))
		return -1;
	return resample_interval(permuted + at, plan->permutations, ANGULAR_STATISTICS,
	    LATERAL_LEVEL, &out->chance_low, &out->chance_high);
}

int profiles_fill(const struct angular_job *job, const double *value, const double *permuted,
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
		x[b] = labels_bin_centre(b);
	struct axial_tuning tuning = axial_tuning(BINS, x, value + ANGULAR_PROFILE, w);
	for (size_t b = 0; b < R * BINS; b++) {
		struct lateral_bin *bin = &bins[b];
		size_t r = b / BINS, at = b % BINS;
		bool there = ax[at][r] != 0 || ay[at][r] != 0;
		*bin = (struct lateral_bin){.dtheta = x[at],
		    .pairs = (size_t)w[at],
		    .fit = r ? NAN : tuning.b + tuning.a * exp(tuning.kappa * (cos(2 * x[at]) - 1)),
		    .axis = there ? atan2(ay[at][r], ax[at][r]) / 2 : NAN};
		if (measure(job->plan, n, ANGULAR_PROFILE + b, value, permuted, boot, &bin->mean) ||
		    measure(job->plan, n, ANGULAR_BIN_J + b, value, permuted, boot,
			&bin->concentration))
			return -1;
	}
	return 0;
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

void lateral_bins_write(const struct lateral_bin *bins, const char *kernel, enum sign part,
    const struct lateral_plan *plan, struct table_out *table)
{
	for (size_t b = 0; b < lateral_ranges(plan) * BINS; b++) {
		size_t r = b / BINS;
		const struct lateral_bin *bin = &bins[r * BINS + (b + BINS / 2 + 1) % BINS];
		char range[64];
		if (r)
			snprintf(range, sizeof range, "[%g,%g)", plan->edge[r - 1], plan->edge[r]);
		else
			snprintf(range, sizeof range, "all");
		table_text(table, kernel);
		table_text(table, sign_names[part]);
		table_real(table, bin->dtheta * 180 / PI);
		table_int(table, (long long)bin->pairs);
		measure_write(&bin->mean, table);
		table_real(table, bin->fit);
		table_real(table, bin->axis * 180 / PI);
		measure_write(&bin->concentration, table);
		table_text(table, range);
	}
}
