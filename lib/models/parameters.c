/* Parameters by least squares, and their jackknife over filters. */
#include "models/parameters.h"
#include <stdlib.h>
#include "base/memory.h"
#include "base/threads.h"
#include "stats/student.h"

struct job {
	const struct design *design;
	size_t model;
	const struct fit_task *task;
	const struct fit *whole;
	struct fit *without; /* (n): without each filter */
};

/* The dyads without a filter, or all of them where without is n; their number. */
static size_t dyads_without(const struct design *d, size_t without, size_t *dyad)
{
	size_t count = 0;
	for (size_t q = 0; q < d->dyads; q++)
		if (d->target[2 * q] != without && d->source[2 * q] != without)
			dyad[count++] = q;
	return count;
}

static int fit_without(const struct job *job, size_t without, struct fit *fit)
{
	const struct design *d = job->design;
	struct gathered gathered;
	size_t *dyad = mem_alloc(d->dyads, sizeof *dyad);
	int status = gathered_create(&gathered, d);
	if (status == 0 && dyad) {
		size_t count = dyads_without(d, without, dyad);
		design_gather_columns(d, dyad, count, &gathered);
		design_gather(d, job->model, dyad, count, &gathered);
		*fit = job->whole ? fit_near(&gathered, job->task, job->whole)
				  : fit_best(&gathered, job->task);
	}
	gathered_free(&gathered);
	free(dyad);
	return dyad ? status : -1;
}

static int one_filter(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	return fit_without(job, i, &job->without[i]);
}

/* Of a shape's coordinates. */
static double sum_of(
    const struct model_parameter *parameter, size_t coordinates, const struct fit *fit, bool locked)
{
	double sum = 0;
	for (size_t a = 0; a < coordinates; a++)
		sum += parameter->weight[a] * (locked ? fit->locked.at[a] : fit->blind.at[a]);
	return sum;
}

/* The least (end -1) or largest sum in the box. */
static double end_of(const struct basis *basis, const struct model_parameter *parameter, double end)
{
	double sum = 0;
	for (size_t a = 0; a < basis_coordinates(basis); a++)
		sum += parameter->weight[a] *
		       (end * parameter->weight[a] > 0 ? basis->axis[a].high : basis->axis[a].low);
	return sum;
}

/* Whether a coordinate that the parameter depends on is at an end of its range. */
static bool at_the_edge(
    const struct basis *basis, const struct model_parameter *parameter, const struct shape *shape)
{
	bool edge = false;
	for (size_t a = 0; a < basis_coordinates(basis); a++) {
		double near = 2e-3 * (basis->axis[a].high - basis->axis[a].low), x = shape->at[a];
		bool depends = parameter->weight[a] < 0 || parameter->weight[a] > 0;
		edge =
		    edge ||
		    (depends && (x < basis->axis[a].low + near || x > basis->axis[a].high - near));
	}
	return edge;
}

static struct parameter parameter_of(
    const struct job *job, const struct model_parameter *from, bool locked)
{
	const struct basis *basis = &job->design->bases->of[job->model];
	size_t n = job->design->set->n, coordinates = basis_coordinates(basis);
	double x = sum_of(from, coordinates, job->whole, locked), mean = 0, squares = 0,
	       degrees = (double)n - 1;
	struct parameter p = {from->name, locked, from->value(x), NAN, NAN,
	    at_the_edge(basis, from, locked ? &job->whole->locked : &job->whole->blind)};
	for (size_t i = 0; i < n; i++)
		mean += sum_of(from, coordinates, &job->without[i], locked) / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += pow(sum_of(from, coordinates, &job->without[i], locked) - mean, 2);
	double half = student_quantile(.025, degrees) * sqrt(degrees / (double)n * squares);
	if (!p.edge) {
		p.low = from->value(fmax(x - half, end_of(basis, from, -1)));
		p.high = from->value(fmin(x + half, end_of(basis, from, 1)));
	}
	return p;
}

int parameters_find(
    const struct design *d, size_t model, const struct fit_task *given, struct parameter *out)
{
	struct fit_task task = *given;
	struct fit whole;
	struct job job = {.design = d, .model = model, .task = &task};
	size_t n = d->set->n, count = basis_coordinates(&d->bases->of[model]);
	task.kinds = 1;
	job.without = mem_alloc(n, sizeof *job.without);
	int status = job.without ? fit_without(&job, n, &whole) : -1;
	job.whole = &whole;
	if (status == 0 && whole.r > -1)
		status = par_for(n, d->threads, one_filter, &job);
	size_t terms = task.locked ? 2 : 1;
	for (size_t k = 0; status == 0 && k < terms * count; k++) {
		const struct model_parameter *from = &models[model].parameter[k % count];
		bool locked = k >= count;
		out[k] = whole.r > -1
			     ? parameter_of(&job, from, locked)
			     : (struct parameter){from->name, locked, NAN, NAN, NAN, false};
	}
	free(job.without);
	return status < 0 ? -1 : (int)(terms * count);
}
