/* Fields of the models' predictions. */
#include "models/fields.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "field/field.h"
#include "models/crossval.h"

/* A model fitted to all pairs, as weights (n, n, taps) of which those of i = j are 0. */
static int predict(
    const struct design *d, size_t model, size_t sign, struct gathered *all, double *w)
{
	bool overlap = models[model].role == MODEL_OVERLAP;
	struct fit_task task = crossval_task(d, sign, DESIGN_ALL, overlap);
	struct fitted *fitted = mem_alloc(1, sizeof *fitted);
	memset(w, 0, d->set->n * d->set->n * d->set->taps * sizeof *w);
	if (!fitted)
		return -1;
	struct fit fit = overlap ? fit_base(all, &task) : fit_best(all, &task);
	int status = 0;
	if (fit.r > -1) {
		fitted_prepare(fitted, d, overlap ? SIZE_MAX : model, &task, &fit);
		status = fitted_kernel(fitted, w);
	}
	free(fitted);
	return status;
}

/* The pooled field of weights w, what is below 0 counted as 0. */
static int write_field(
    const struct design *d, size_t model, size_t sign, const double *w, struct table_out *table)
{
	size_t n = d->set->n, radius = d->set->k > 1 ? d->set->k / 2 : 1;
	struct field *field = mem_alloc(n + 1, sizeof *field);
	int status = field ? 0 : -1;
	for (size_t i = 0; status == 0 && i <= n; i++)
		status = field_create(&field[i], radius);
	if (status == 0)
		status = field_of_pairs(d->set, w, SIGN_POSITIVE, d->threads, field);
	if (status == 0)
		field_write(&field[n], models[model].name, (enum sign)sign, -1, table);
	for (size_t i = 0; field && i <= n; i++)
		field_free(&field[i]);
	free(field);
	return status;
}

int fields_write(const struct design *d, struct table_out *table)
{
	struct gathered all;
	size_t *every = mem_alloc(d->dyads, sizeof *every);
	double *w = mem_alloc(d->set->n * d->set->n * d->set->taps, sizeof *w);
	int status = gathered_create(&all, d);
	if (!every || !w)
		status = -1;
	for (size_t q = 0; every && q < d->dyads; q++)
		every[q] = q;
	if (status == 0)
		design_gather_columns(d, every, d->dyads, &all);
	for (size_t sign = 0; sign < 2; sign++)
		for (size_t m = 0; status == 0 && m < models_count; m++) {
			if (!d->sums[m] && models[m].role != MODEL_OVERLAP)
				continue;
			if (d->sums[m])
				design_gather(d, m, every, d->dyads, &all);
			status = predict(d, m, sign, &all, w);
			if (status == 0)
				status = write_field(d, m, sign, w, table);
		}
	gathered_free(&all);
	free(every);
	free(w);
	return status;
}
