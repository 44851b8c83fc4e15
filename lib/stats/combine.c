/* Mean of several models' tables, and how far they differ. */
#include "stats/combine.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include "base/memory.h"
#include "stats/student.h"

#define TAIL .025 /* on either side of an interval */

enum { KERNEL, PART, QUANTITY, KEYS };
enum { VALUE, LOW, HIGH, CHANCE, PAIRS, MUST, BESIDE = MUST, NUMBERS = BESIDE + 4 };

struct model {
	struct table table;
	size_t key[KEYS];        /* columns */
	double *number[NUMBERS]; /* (rows) */
	bool *done;              /* (rows) */
	double errors;           /* standard errors in an interval's width */
};

/* what the models say of one row */
struct sample {
	size_t n;
	double *value, *chance, *effect,
	    *variance; /* (n): effect is value less chance; variance of a model's value */
	double beside[NUMBERS - BESIDE]; /* means over the same models; nan where one has none */
};

static void model_free(struct model *model)
{
	table_free(&model->table);
	free(model->number[0]);
	free(model->done);
}

/* how many units make the most ordered pairs of a table; at least 2 */
static double units_of(size_t rows, const double *pairs)
{
	double most = 2;
	for (size_t r = 0; r < rows; r++)
		most = fmax(most, pairs[r]);
	return round((1 + sqrt(1 + 4 * most)) / 2);
}

static int model_read(const char *file, struct model *model)
{
	static const char *const keys[KEYS] = {"kernel", "part", "quantity"};
	static const char *const numbers[NUMBERS] = {
	    "value", "low", "high", "chance", "n", "c1", "c2", "c3", "remains"};
	if (table_read(file, &model->table))
		return -1;
	size_t rows = model->table.rows;
	for (size_t k = 0; k < KEYS; k++) {
		int column = table_column(&model->table, keys[k]);
		if (column < 0)
			return -1;
		model->key[k] = (size_t)column;
	}
	model->number[0] = mem_alloc(NUMBERS * rows, sizeof(double));
	model->done = mem_alloc(rows, sizeof(bool));
	if (!model->number[0] || !model->done)
		return -1;
	for (size_t k = 0; k < NUMBERS; k++) {
		model->number[k] = model->number[0] + k * rows;
		for (size_t r = 0; r < rows; r++)
			model->number[k][r] = NAN;
		if ((k < MUST || table_has(&model->table, numbers[k])) &&
		    table_reals(&model->table, numbers[k], model->number[k]))
			return -1;
	}
	model->errors = 2 * student_quantile(TAIL, units_of(rows, model->number[PAIRS]) - 1);
	return 0;
}

static double mean_of(size_t n, const double *x)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return n > 0 ? sum / (double)n : NAN;
}

static double heterogeneity(const struct sample *s)
{
	double weights = 0, sum = 0, q = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (!(s->variance[i] > 0))
			return NAN;
		weights += 1 / s->variance[i];
		sum += s->value[i] / s->variance[i];
	}
	for (size_t i = 0; i < s->n; i++)
		q += pow(s->value[i] - sum / weights, 2) / s->variance[i];
	return gsl_cdf_chisq_Q(q, (double)s->n - 1);
}

static bool same_key(const struct model *a, size_t i, const struct model *b, size_t j)
{
	for (size_t k = KEYS; k-- > 0;) /* quantities differ most often */
		if (strcmp(
			table_cell(&a->table, i, a->key[k]), table_cell(&b->table, j, b->key[k])))
			return false;
	return true;
}

/* the row's values in all models from `first` on, in which it is the first of its key */
static void collect(struct model *model, size_t count, size_t first, size_t row, struct sample *s)
{
	*s = (struct sample){0, s->value, s->chance, s->effect, s->variance, {0}};
	for (size_t m = first; m < count; m++) {
		struct model *from = &model[m];
		size_t r = 0;
		while (r < from->table.rows &&
		       (from->done[r] || !same_key(from, r, &model[first], row)))
			r++;
		if (r == from->table.rows)
			continue;
		from->done[r] = true;
		if (isnan(from->number[VALUE][r]))
			continue;
		double error = (from->number[HIGH][r] - from->number[LOW][r]) / from->errors;
		s->value[s->n] = from->number[VALUE][r];
		s->chance[s->n] = from->number[CHANCE][r];
		s->effect[s->n] = s->value[s->n] - s->chance[s->n];
		s->variance[s->n++] = error * error;
		for (size_t k = BESIDE; k < NUMBERS; k++)
			s->beside[k - BESIDE] += from->number[k][r];
	}
}

static void row_write(
    const struct model *model, size_t row, const struct sample *s, struct table_out *out)
{
	double n = (double)s->n, mean = mean_of(s->n, s->value), low = NAN, high = NAN, p = NAN;
	double within = NAN, between = NAN, q = NAN;
	if (s->n > 1) {
		double variance = gsl_stats_variance(s->value, 1, s->n);
		double half = student_quantile(TAIL, n - 1) * sqrt(variance / n);
		double error = sqrt(gsl_stats_variance(s->effect, 1, s->n) / n);
		low = mean - half;
		high = mean + half;
		if (error > 0)
			p = 2 * student_above(fabs(mean_of(s->n, s->effect)) / error, n - 1);
		within = mean_of(s->n, s->variance);
		between = isnan(within) ? NAN : sqrt(fmax(variance - within, 0));
		q = heterogeneity(s);
	}
	for (size_t k = 0; k < KEYS; k++)
		table_text(out, table_cell(&model->table, row, model->key[k]));
	/* chance is nan where one model has none, and p with it */
	TABLE_REALS(out, mean, low, high, mean_of(s->n, s->chance), p);
	table_int(out, (long long)s->n);
	TABLE_REALS(out, between, sqrt(within), q);
	for (size_t k = 0; k < NUMBERS - BESIDE; k++)
		table_real(out, s->n > 0 ? s->beside[k] / n : NAN);
}

int combine_tables(size_t count, char **files, struct table_out *out)
{
	struct model *model = mem_alloc(count, sizeof *model);
	double *numbers = mem_alloc(4 * count, sizeof *numbers);
	struct sample s = {
	    0, numbers, numbers + count, numbers + 2 * count, numbers + 3 * count, {0}};
	int status = model && numbers ? 0 : -1;
	for (size_t m = 0; m < count && !status; m++)
		status = model_read(files[m], &model[m]);
	for (size_t m = 0; m < count && !status; m++)
		for (size_t r = 0; r < model[m].table.rows; r++)
			if (!model[m].done[r]) {
				collect(model, count, m, r, &s);
				row_write(&model[m], r, &s, out);
			}
	for (size_t m = 0; m < count && model; m++)
		model_free(&model[m]);
	free(model);
	free(numbers);
	return status;
}
