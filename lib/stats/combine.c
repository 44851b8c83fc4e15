/* Several models as the outer level of an interval: see combine.h. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "kernel/units.h"
#include "stats/combine.h"
#include "stats/student.h"

enum { KERNEL, PART, QUANTITY, KEYS };
enum { VALUE, LOW, HIGH, CHANCE, PAIRS, NUMBERS };

struct seed {
	struct table table;
	size_t key[KEYS];        /* columns */
	double *number[NUMBERS]; /* (rows) */
	bool *done;              /* (rows) */
	double errors;           /* standard errors in an interval's width */
};

static void seed_free(struct seed *seed)
{
	table_free(&seed->table);
	free(seed->number[0]);
	free(seed->done);
}

/* how many filters make the most ordered pairs of a table; at least 2 */
static double filters_of(size_t rows, const double *pairs)
{
	double most = 2;
	for (size_t r = 0; r < rows; r++)
		most = fmax(most, pairs[r]);
	return round((1 + sqrt(1 + 4 * most)) / 2);
}

static int seed_read(const char *file, struct seed *seed)
{
	static const char *const keys[KEYS] = {"kernel", "part", "quantity"};
	static const char *const numbers[NUMBERS] = {"value", "low", "high", "chance", "n"};
	if (table_read(file, &seed->table))
		return -1;
	size_t rows = seed->table.rows;
	for (size_t k = 0; k < KEYS; k++) {
		int column = table_column(&seed->table, keys[k]);
		if (column < 0)
			return -1;
		seed->key[k] = (size_t)column;
	}
	seed->number[0] = mem_alloc(NUMBERS * rows, sizeof(double));
	seed->done = mem_alloc(rows, sizeof(bool));
	if (!seed->number[0] || !seed->done)
		return -1;
	for (size_t k = 0; k < NUMBERS; k++) {
		seed->number[k] = seed->number[0] + k * rows;
		if (table_reals(&seed->table, numbers[k], seed->number[k]))
			return -1;
	}
	seed->errors = 2 * student_quantile(.025, filters_of(rows, seed->number[PAIRS]) - 1);
	return 0;
}

/* P(X > x) of chi-squared with whole degrees of freedom */
static double chi_squared_above(double x, size_t degrees)
{
	double sum = degrees % 2 ? erfc(sqrt(x / 2)) : exp(-x / 2);
	double term = degrees % 2 ? sqrt(2 * x / UNITS_PI) * exp(-x / 2) : exp(-x / 2) * x / 2;
	for (size_t k = degrees % 2 ? 3 : 4; k <= degrees; k += 2) {
		sum += term;
		term *= x / (double)k;
	}
	return sum;
}

/* mean and variance of n numbers */
static void describe(size_t n, const double *x, double *mean, double *variance)
{
	*mean = *variance = 0;
	for (size_t i = 0; i < n; i++)
		*mean += x[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		*variance += (x[i] - *mean) * (x[i] - *mean) / ((double)n - 1);
}

static double heterogeneity(size_t n, const double *x, const double *variance)
{
	double weights = 0, sum = 0, q = 0;
	for (size_t i = 0; i < n; i++) {
		if (!(variance[i] > 0))
			return NAN;
		weights += 1 / variance[i];
		sum += x[i] / variance[i];
	}
	for (size_t i = 0; i < n; i++)
		q += (x[i] - sum / weights) * (x[i] - sum / weights) / variance[i];
	return chi_squared_above(q, n - 1);
}

/* the row of the key over all tables from `first` on; scratch (4, count) */
static void combine(struct seed *seed, size_t count, size_t first, size_t row, double *scratch,
    struct table_out *out)
{
	const struct table *from = &seed[first].table;
	const char *key[KEYS];
	double *x = scratch, *effect = x + count, *own = effect + count, *chances = own + count;
	size_t n = 0;
	for (size_t k = 0; k < KEYS; k++)
		key[k] = table_cell(from, row, seed[first].key[k]);
	for (size_t s = first; s < count; s++)
		for (size_t r = 0; r < seed[s].table.rows; r++) {
			bool same = !seed[s].done[r];
			for (size_t k = KEYS; k-- > 0 && same;)
				same =
				    !strcmp(key[k], table_cell(&seed[s].table, r, seed[s].key[k]));
			if (!same)
				continue;
			seed[s].done[r] = true;
			double value = seed[s].number[VALUE][r], chance = seed[s].number[CHANCE][r];
			double width = seed[s].number[HIGH][r] - seed[s].number[LOW][r];
			double se = width / seed[s].errors;
			if (isnan(value))
				break;
			x[n] = value;
			chances[n] = chance;
			effect[n] = value - chance;
			own[n++] = se * se;
			break;
		}
	double mean = NAN, variance = NAN, chance = NAN, spread, low = NAN, high = NAN, p = NAN;
	double within = NAN, between = NAN, q = NAN;
	if (n > 0) {
		describe(n, x, &mean, &variance);
		describe(
		    n, chances, &chance, &spread); /* nan where one model has none, and p with it */
	}
	if (n > 1) {
		double half = student_quantile(.025, (double)n - 1) * sqrt(variance / (double)n);
		low = mean - half;
		high = mean + half;
		double lead, error;
		describe(n, effect, &lead, &error);
		error = sqrt(error / (double)n);
		p = error > 0 ? 2 * student_above(fabs(lead) / error, (double)n - 1) : NAN;
		describe(n, own, &within, &spread);
		between = sqrt(fmax(variance - within, 0));
		between = isnan(within) ? NAN : between;
		within = sqrt(within);
		q = heterogeneity(n, x, own);
	}
	for (size_t k = 0; k < KEYS; k++)
		table_text(out, key[k]);
	const double numbers[] = {mean, low, high, chance, p};
	for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
		table_real(out, numbers[k]);
	table_int(out, (long long)n);
	TABLE_REALS(out, between, within, q);
}

int seeds_combine(size_t count, char **files, struct table_out *out)
{
	struct seed *seed = mem_alloc(count, sizeof(*seed));
	double *scratch = mem_alloc(4 * count, sizeof(*scratch));
	int status = seed && scratch ? 0 : -1;
	for (size_t s = 0; s < count && !status; s++)
		status = seed_read(files[s], &seed[s]);
	for (size_t s = 0; s < count && !status; s++)
		for (size_t r = 0; r < seed[s].table.rows; r++)
			if (!seed[s].done[r])
				combine(seed, count, s, r, scratch, out);
	for (size_t s = 0; s < count && seed; s++)
		seed_free(&seed[s]);
	free(seed);
	free(scratch);
	return status;
}
