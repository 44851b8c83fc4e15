/* Tensors and model files: see tensors.h and network.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "net/head.h"
#include "net/tensors.h"

/* Of each tensor: its name, what its numbers must be, what they are at first, and whether it is learnt. */
#define NORM(place, name, scale, learns_scale)                                                     \
	[(place) + NORM_WEIGHT] = {name ".weight", scale, 1, learns_scale},                        \
		   [(place) + NORM_BIAS] = {name ".bias", NETWORK_ANY, 0, true},                   \
		   [(place) + NORM_MEAN] = {name ".running_mean", NETWORK_ANY, 0, false},          \
		   [(place) + NORM_VARIANCE] = {                                                   \
		       name ".running_var", NETWORK_NOT_NEGATIVE, 1, false}

static const struct {
	const char *name;
	enum network_range range;
	int first;
	bool learnt;
} kinds[TENSORS] = {
    [TENSOR_MEAN] = {"input.mean", NETWORK_ANY, 0, false},
    [TENSOR_SD] = {"input.sd", NETWORK_POSITIVE, 1, false},
    [TENSOR_LGN] = {"lgn.weight", NETWORK_ANY, 0, true},
    NORM(TENSOR_LGN_NORM, "lgn_norm", NETWORK_ONE, false),
    [TENSOR_V1] = {"v1.weight", NETWORK_ANY, 0, true},
    NORM(TENSOR_V1_NORM, "v1_norm", NETWORK_ONE, false),
    [TENSOR_RMS] = {"v1.rms", NETWORK_NOT_NEGATIVE, 1, false},
    [TENSOR_LATERAL] = {"lateral.weight", NETWORK_ANY, 0, true},
    [TENSOR_HEAD_1] = {"head.1.weight", NETWORK_ANY, 0, true},
    NORM(TENSOR_HEAD_1_NORM, "head.2", NETWORK_ANY, true),
    [TENSOR_HEAD_2] = {"head.5.weight", NETWORK_ANY, 0, true},
    NORM(TENSOR_HEAD_2_NORM, "head.6", NETWORK_ANY, true),
    [TENSOR_LINEAR] = {"head.11.weight", NETWORK_ANY, 0, true},
    [TENSOR_LINEAR_BIAS] = {"head.11.bias", NETWORK_ANY, 0, true},
};

static void set_shape(struct network_tensor *tensor, size_t rank, const size_t *shape)
{
	tensor->rank = rank;
	memcpy(tensor->shape, shape, rank * sizeof *shape);
}

static void set_shapes(struct network_tensor *list, const struct network_options *o)
{
	const size_t norms[][2] = {{TENSOR_LGN_NORM, 1}, {TENSOR_V1_NORM, o->filters},
	    {TENSOR_HEAD_1_NORM, NETWORK_HEAD}, {TENSOR_HEAD_2_NORM, NETWORK_HEAD}};
	set_shape(&list[TENSOR_MEAN], 1, (size_t[]){1});
	set_shape(&list[TENSOR_SD], 1, (size_t[]){1});
	set_shape(&list[TENSOR_LGN], 4, (size_t[]){1, 1, o->k0, o->k0});
	set_shape(&list[TENSOR_V1], 4, (size_t[]){o->filters, 1, o->k1, o->k1});
	set_shape(&list[TENSOR_RMS], 1, (size_t[]){o->filters});
	set_shape(&list[TENSOR_LATERAL], 4, (size_t[]){o->filters, o->filters, o->kl, o->kl});
	set_shape(&list[TENSOR_HEAD_1], 4, (size_t[]){NETWORK_HEAD, o->filters, 3, 3});
	set_shape(&list[TENSOR_HEAD_2], 4, (size_t[]){NETWORK_HEAD, NETWORK_HEAD, 3, 3});
	set_shape(&list[TENSOR_LINEAR], 2, (size_t[]){o->classes, HEAD_FEATURES});
	set_shape(&list[TENSOR_LINEAR_BIAS], 1, (size_t[]){o->classes});
	for (size_t i = 0; i < sizeof norms / sizeof *norms; i++) {
		for (size_t j = 0; j < NORM_TENSORS; j++)
			set_shape(&list[norms[i][0] + j], 1, &norms[i][1]);
	}
}

int tensors_create(struct tensors *tensors, const struct network_options *options)
{
	size_t values = 0, gradients = 0;
	set_shapes(tensors->list, options);
	for (size_t i = 0; i < TENSORS; i++) {
		struct network_tensor *t = &tensors->list[i];
		t->name = kinds[i].name;
		t->range = kinds[i].range;
		t->elements = 1;
		for (size_t d = 0; d < t->rank; d++) {
			if (mem_multiply(t->elements, t->shape[d], &t->elements) < 0)
				return -1;
		}
		if (values + t->elements < values)
			return err_set("network: too many weights");
		values += t->elements;
		gradients += kinds[i].learnt ? t->elements : 0;
	}
	tensors->values = mem_alloc(values, sizeof(real));
	tensors->gradients = mem_alloc(gradients, sizeof(real));
	tensors->copy = mem_alloc(values, sizeof *tensors->copy);
	if (!tensors->values || !tensors->gradients || !tensors->copy)
		return -1;
	tensors->gradient_count = gradients;
	real *value = tensors->values, *gradient = tensors->gradients;
	for (size_t i = 0; i < TENSORS; i++) {
		struct network_tensor *t = &tensors->list[i];
		t->x = value;
		for (size_t j = 0; j < t->elements; j++)
			t->x[j] = (real)kinds[i].first;
		value += t->elements;
		if (kinds[i].learnt) {
			t->gradient = gradient;
			gradient += t->elements;
		}
	}
	return 0;
}

void tensors_free(struct tensors *tensors)
{
	free(tensors->values);
	free(tensors->gradients);
	free(tensors->copy);
}

size_t tensors_place(const char *name)
{
	size_t i = 0;
	while (i < TENSORS && strcmp(kinds[i].name, name) != 0)
		i++;
	return i;
}

/* --- model files --- */

/* Sides and channels of a convolution's weights (out, in, k, k). */
static int kernel_shape(struct model *model, size_t place, size_t *out, size_t *in, size_t *k)
{
	const char *name = kinds[place].name;
	const struct model_tensor *t = model_find(model, name);
	if (!t)
		return -1;
	if (t->rank != 4 || t->shape[2] != t->shape[3] || t->shape[2] % 2 == 0 || t->shape[0] == 0)
		return err_set("%s: %s: not the weights of a convolution with an odd square kernel",
		    model_path(model), name);
	*out = t->shape[0], *in = t->shape[1], *k = t->shape[2];
	return 0;
}

int tensors_options(struct model *model, struct network_options *o)
{
	size_t lgn_out, lgn_in, v1_in, lateral_out, lateral_in;
	const struct model_tensor *linear = model_find(model, kinds[TENSOR_LINEAR].name);
	if (!linear || kernel_shape(model, TENSOR_LGN, &lgn_out, &lgn_in, &o->k0) < 0 ||
	    kernel_shape(model, TENSOR_V1, &o->filters, &v1_in, &o->k1) < 0 ||
	    kernel_shape(model, TENSOR_LATERAL, &lateral_out, &lateral_in, &o->kl) < 0)
		return -1;
	if (linear->rank != 2 || linear->shape[0] == 0)
		return err_set("%s: %s: not a linear layer", model_path(model), linear->name);
	o->classes = linear->shape[0];
	const char *lgn = model_meta(model, "lgn"), *propagation = model_meta(model, "propagation");
	const char *iterations = model_meta(model, "iterations");
	o->lgn = lgn && strcmp(lgn, "linear") == 0 ? NETWORK_LINEAR : NETWORK_RELU;
	o->propagation = propagation && strcmp(propagation, "average") == 0 ? NETWORK_AVERAGE
									    : NETWORK_RECURRENT;
	o->iterations = 1;
	if (iterations) {
		char *end;
		o->iterations = strtoul(iterations, &end, 10);
		if (*end || end == iterations || o->iterations > 1000)
			return err_set("%s: iterations: \"%s\" is not a number of them",
			    model_path(model), iterations);
	}
	return 0;
}

bool network_fits(const struct network_tensor *tensor, const struct model_tensor *stored)
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
static const char *fault(enum network_range range, real x)
{
	if (!isfinite(x))
		return "not a finite number";
	if (range == NETWORK_POSITIVE && !(x > 0))
		return "not above 0";
	if (range == NETWORK_NOT_NEGATIVE && x < 0)
		return "below 0";
	if (range == NETWORK_ONE && x != 1)
		return "not 1, though this normalisation learns no scale";
	return NULL;
}

int network_read(
    struct model *model, const char *name, const struct network_tensor *tensor, real *x)
{
	const struct model_tensor *stored = model_find(model, name);
	if (!stored)
		return -1;
	if (!network_fits(tensor, stored)) {
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

int tensors_load(struct tensors *tensors, struct model *model)
{
	for (size_t i = 0; i < TENSORS; i++) {
		struct network_tensor *t = &tensors->list[i];
		if (network_read(model, t->name, t, t->x) < 0)
			return -1;
	}
	return 0;
}

int tensors_save(const struct tensors *tensors, struct model_out *out)
{
	float *copy = tensors->copy;
	for (size_t i = 0; i < TENSORS; i++) {
		const struct network_tensor *t = &tensors->list[i];
		for (size_t j = 0; j < t->elements; j++)
			copy[j] = (float)t->x[j];
		if (model_add(out, t->name, t->rank, t->shape, copy) < 0)
			return -1;
		copy += t->elements;
	}
	return 0;
}
