/* Tensors and model files: see weights.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "net/weights.h"

struct network_tensor *weights_add(struct weights *weights, const struct network_tensor *tensor)
{
	struct network_tensor *added =
	    &weights->list[weights->count < WEIGHTS_MAX ? weights->count : WEIGHTS_MAX - 1];
	*added = *tensor;
	weights->count++;
	return added;
}

int weights_allocate(struct weights *weights)
{
	size_t values = 0, gradients = 0;
	if (weights->count > WEIGHTS_MAX)
		return err_set("network: %zu tensors, more than %d", weights->count, WEIGHTS_MAX);
	for (size_t i = 0; i < weights->count; i++) {
		struct network_tensor *t = &weights->list[i];
		t->elements = 1;
		for (size_t d = 0; d < t->rank; d++) {
			if (mem_multiply(t->elements, t->shape[d], &t->elements) < 0)
				return -1;
		}
		if (values + t->elements < values)
			return err_set("network: too many weights");
		values += t->elements;
		gradients += t->learnt ? t->elements : 0;
	}
	weights->values = mem_alloc(values, sizeof *weights->values);
	weights->gradients = mem_alloc(gradients, sizeof *weights->gradients);
	weights->copy = mem_alloc(values, sizeof *weights->copy);
	if (!weights->values || !weights->gradients || !weights->copy)
		return -1;
	weights->gradient_count = gradients;
	real *value = weights->values, *gradient = weights->gradients;
	for (size_t i = 0; i < weights->count; i++) {
		struct network_tensor *t = &weights->list[i];
		t->x = value;
		for (size_t j = 0; j < t->elements; j++)
			t->x[j] = (real)t->first;
		value += t->elements;
		if (t->learnt) {
			t->gradient = gradient;
			gradient += t->elements;
		}
	}
	return 0;
}

void weights_free(struct weights *weights)
{
	free(weights->values);
	free(weights->gradients);
	free(weights->copy);
}

/* --- model files --- */

bool weights_fit(const struct network_tensor *tensor, const struct model_tensor *stored)
{
	return stored->rank == tensor->rank &&
	       memcmp(stored->shape, tensor->shape, tensor->rank * sizeof *tensor->shape) == 0;
}

/* (2, 3, 4) as text; shapes longer than `room` are cut. */
static const char *shape_text(size_t rank, const size_t *shape, char *text, size_t room)
{
	size_t at = (size_t)snprintf(text, room, "(");
	for (size_t d = 0; d < rank && at < room; d++)
		at += (size_t)snprintf(text + at, room - at, d ? ", %zu" : "%zu", shape[d]);
	if (at < room)
		snprintf(text + at, room - at, ")");
	return text;
}

/* What is wrong with a number of a tensor, NULL where nothing is. */
static const char *fault(enum weights_range range, real x)
{
	if (!isfinite(x))
		return "not a finite number";
	if (range == WEIGHTS_POSITIVE && !(x > 0))
		return "not above 0";
	if (range == WEIGHTS_NOT_NEGATIVE && x < 0)
		return "below 0";
	if (range == WEIGHTS_ONE && x != 1)
		return "not 1, though this normalisation learns no scale";
	return NULL;
}

int weights_read(
    struct model *model, const char *name, const struct network_tensor *tensor, real *x)
{
	const struct model_tensor *stored = model_find(model, name);
	if (!stored)
		return -1;
	if (!weights_fit(tensor, stored)) {
		char is[200], needed[200];
		return err_set("%s: %s: its shape is %s, not %s", model_path(model), name,
		    shape_text(stored->rank, stored->shape, is, sizeof is),
		    shape_text(tensor->rank, tensor->shape, needed, sizeof needed));
	}
	double *numbers = mem_alloc(tensor->elements, sizeof *numbers);
	int status = numbers ? model_read_double(model, stored, numbers) : -1;
	for (size_t i = 0; i < tensor->elements && status == 0; i++) {
		const char *wrong = fault(tensor->range, (real)numbers[i]);
		if (wrong)
			status = err_set("%s: %s: number %zu is %g, %s", model_path(model), name, i,
			    numbers[i], wrong);
	}
	for (size_t i = 0; i < tensor->elements && status == 0; i++)
		x[i] = (real)numbers[i];
	free(numbers);
	return status;
}

int weights_load(struct weights *weights, struct model *model)
{
	for (size_t i = 0; i < weights->count; i++) {
		struct network_tensor *t = &weights->list[i];
		if (weights_read(model, t->name, t, t->x) < 0)
			return -1;
	}
	return 0;
}

int weights_save(const struct weights *weights, struct model_out *out)
{
	float *copy = weights->copy;
	for (size_t i = 0; i < weights->count; i++) {
		const struct network_tensor *t = &weights->list[i];
		for (size_t j = 0; j < t->elements; j++)
			copy[j] = (float)t->x[j];
		if (model_add(out, t->name, t->rank, t->shape, copy) < 0)
			return -1;
		copy += t->elements;
	}
	return 0;
}
