/* The network, forward and back: see network.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "conv/conv.h"
#include "net/layers.h"
#include "net/network.h"

#define EPSILON 1e-5
#define MOMENTUM 0.1
#define POOLED (4 * NETWORK_HEAD) /* features before the linear layer */

/* positions in the list of tensors */
enum {
	INPUT_MEAN,
	INPUT_SD,
	LGN_WEIGHT,
	LGN_NORM, /* weight, bias, running mean, running variance: four tensors */
	V1_WEIGHT = LGN_NORM + 4,
	V1_NORM,
	V1_RMS = V1_NORM + 4,
	LATERAL_WEIGHT,
	HEAD_1,
	HEAD_1_NORM,
	HEAD_2 = HEAD_1_NORM + 4,
	HEAD_2_NORM,
	LINEAR_WEIGHT = HEAD_2_NORM + 4,
	LINEAR_BIAS,
	TENSORS,
};

/* Batch normalisation of `channels` channels, s numbers a pixel. */
struct norm {
	size_t channels, s;
	struct network_tensor *tensor; /* its four */
	bool batch;                    /* statistics of the batch, not running ones */
	real *memory;
	real *scale, *shift; /* (s) output = x scale + shift */
	real *hat,
	    *hat_shift; /* (s) normalised number = x hat + hat_shift, x whatever the adjoint is given */
	real *inverse;   /* (s) 1 / sqrt(variance + epsilon) */
	real *a, *b, *c; /* (s) adjoint: a dy + b x + c */
};

struct network {
	struct network_options options;
	size_t threads, s, t_max; /* s: numbers a pixel of F channels */
	const struct comm *comm;
	struct network_tensor tensor[TENSORS];
	real *values, *gradients;
	size_t gradient_count;
	float *saved; /* for model_write */
	struct conv *lgn, *v1, *lateral, *head_1, *head_2;
	struct norm lgn_norm, v1_norm, head_1_norm, head_2_norm;

	/* the running batch */
	size_t n, h, w, iterations;
	size_t whole; /* images in all processes */
	bool training, classified;
	real *input, *c0, *a; /* (n, h, w) normalised images; l0 before and after normalisation */
	real *z, **ht;        /* (n, h, w, s), ht[0..T] */
	uint8_t **on;         /* per t, (n, h, w, s): relu was positive; for the average */
	real *pool_1, *c1,
	    *r1; /* (n, h/4, w/4, s), then (.., 128) twice: convolved; normalised and rectified */
	real *pool_2, *c2, *r2; /* (n, h/8, w/8, 128) */
	uint8_t *which_1, *which_2;
	real *features, *keep, *logits; /* (n, 512), its factors of dropout, (n, classes) */
	real *g, **u, *dz, *da;         /* gradients: (n, h, w, s), u per t; (n, h, w) */
	real *dpool_1, *dr1, *dpool_2, *dr2, *dfeatures, *dlogits;
	double *partial; /* (n, 2, 128 or s): each image's sums */
	double *sums;    /* (2, 128 or s) */
	struct norm *norm;
	const real *from, *gate;
	real *to;
	size_t t;
};

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* --- tensors --- */

static const char *const names[TENSORS] = {
    [INPUT_MEAN] = "input.mean",
    [INPUT_SD] = "input.sd",
    [LGN_WEIGHT] = "lgn.weight",
    [LGN_NORM] = "lgn_norm.weight",
    [LGN_NORM + 1] = "lgn_norm.bias",
    [LGN_NORM + 2] = "lgn_norm.running_mean",
    [LGN_NORM + 3] = "lgn_norm.running_var",
    [V1_WEIGHT] = "v1.weight",
    [V1_NORM] = "v1_norm.weight",
    [V1_NORM + 1] = "v1_norm.bias",
    [V1_NORM + 2] = "v1_norm.running_mean",
    [V1_NORM + 3] = "v1_norm.running_var",
    [V1_RMS] = "v1.rms",
    [LATERAL_WEIGHT] = "lateral.weight",
    [HEAD_1] = "head.1.weight",
    [HEAD_1_NORM] = "head.2.weight",
    [HEAD_1_NORM + 1] = "head.2.bias",
    [HEAD_1_NORM + 2] = "head.2.running_mean",
    [HEAD_1_NORM + 3] = "head.2.running_var",
    [HEAD_2] = "head.5.weight",
    [HEAD_2_NORM] = "head.6.weight",
    [HEAD_2_NORM + 1] = "head.6.bias",
    [HEAD_2_NORM + 2] = "head.6.running_mean",
    [HEAD_2_NORM + 3] = "head.6.running_var",
    [LINEAR_WEIGHT] = "head.11.weight",
    [LINEAR_BIAS] = "head.11.bias",
};

static void set_shape(
    struct network_tensor *tensor, size_t rank, size_t a, size_t b, size_t c, size_t d)
{
	const size_t shape[4] = {a, b, c, d};
	tensor->rank = rank;
	memcpy(tensor->shape, shape, sizeof shape);
}

static void set_shapes(struct network *net)
{
	const struct network_options *o = &net->options;
	const size_t norms[] = {
	    LGN_NORM, 1, V1_NORM, o->filters, HEAD_1_NORM, NETWORK_HEAD, HEAD_2_NORM, NETWORK_HEAD};
	struct network_tensor *t = net->tensor;
	set_shape(&t[INPUT_MEAN], 1, 1, 1, 1, 1);
	set_shape(&t[INPUT_SD], 1, 1, 1, 1, 1);
	set_shape(&t[LGN_WEIGHT], 4, 1, 1, o->k0, o->k0);
	set_shape(&t[V1_WEIGHT], 4, o->filters, 1, o->k1, o->k1);
	set_shape(&t[V1_RMS], 1, o->filters, 1, 1, 1);
	set_shape(&t[LATERAL_WEIGHT], 4, o->filters, o->filters, o->kl, o->kl);
	set_shape(&t[HEAD_1], 4, NETWORK_HEAD, o->filters, 3, 3);
	set_shape(&t[HEAD_2], 4, NETWORK_HEAD, NETWORK_HEAD, 3, 3);
	set_shape(&t[LINEAR_WEIGHT], 2, o->classes, POOLED, 1, 1);
	set_shape(&t[LINEAR_BIAS], 1, o->classes, 1, 1, 1);
	for (size_t i = 0; i < sizeof norms / sizeof *norms; i += 2) {
		for (size_t j = 0; j < 4; j++)
			set_shape(&t[norms[i] + j], 1, norms[i + 1], 1, 1, 1);
	}
}

static bool has_gradient(size_t i)
{
	switch (i) {
	case LGN_WEIGHT:
	case LGN_NORM + 1:
	case V1_WEIGHT:
	case V1_NORM + 1:
	case LATERAL_WEIGHT:
	case HEAD_1:
	case HEAD_1_NORM:
	case HEAD_1_NORM + 1:
	case HEAD_2:
	case HEAD_2_NORM:
	case HEAD_2_NORM + 1:
	case LINEAR_WEIGHT:
	case LINEAR_BIAS:
		return true;
	default:
		return false;
	}
}

/* All values in one block, all gradients in another. */
static int make_tensors(struct network *net)
{
	set_shapes(net);
	size_t values = 0, gradients = 0;
	for (size_t i = 0; i < TENSORS; i++) {
		struct network_tensor *t = &net->tensor[i];
		t->name = names[i];
		t->elements = 1;
		for (size_t d = 0; d < t->rank; d++) {
			if (mem_multiply(t->elements, t->shape[d], &t->elements) < 0)
				return -1;
		}
		if (values + t->elements < values)
			return err_set("network: too many weights");
		values += t->elements;
		gradients += has_gradient(i) ? t->elements : 0;
	}
	net->values = mem_alloc(values, sizeof(real));
	net->gradients = mem_alloc(gradients, sizeof(real));
	if (!net->values || !net->gradients)
		return -1;
	net->gradient_count = gradients;
	real *value = net->values, *gradient = net->gradients;
	for (size_t i = 0; i < TENSORS; i++) {
		struct network_tensor *t = &net->tensor[i];
		t->x = value;
		value += t->elements;
		if (has_gradient(i)) {
			t->gradient = gradient;
			gradient += t->elements;
		}
	}
	static const size_t ones[] = {INPUT_SD, LGN_NORM, LGN_NORM + 3, V1_NORM, V1_NORM + 3,
	    V1_RMS, HEAD_1_NORM, HEAD_1_NORM + 3, HEAD_2_NORM, HEAD_2_NORM + 3};
	for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
		struct network_tensor *t = &net->tensor[ones[i]];
		for (size_t j = 0; j < t->elements; j++)
			t->x[j] = 1;
	}
	return 0;
}

static int make_norm(struct norm *norm, struct network_tensor *tensor)
{
	norm->tensor = tensor;
	norm->channels = tensor->elements;
	norm->s = conv_stride(norm->channels);
	/* each array starts at a multiple of 64 bytes */
	size_t room = larger(norm->s, 64 / sizeof(real));
	norm->memory = mem_alloc(8 * room, sizeof(real));
	if (!norm->memory)
		return -1;
	real **const arrays[] = {&norm->scale, &norm->shift, &norm->hat, &norm->hat_shift,
	    &norm->inverse, &norm->a, &norm->b, &norm->c};
	for (size_t i = 0; i < 8; i++)
		*arrays[i] = norm->memory + i * room;
	return 0;
}

struct network *network_create(const struct network_options *options, size_t threads)
{
	const struct network_options *o = options;
	if (o->k0 % 2 == 0 || o->k1 % 2 == 0 || o->kl % 2 == 0 || !o->filters || !o->classes) {
		err_set("network: kernels need odd sides, and there must be filters and classes");
		return NULL;
	}
	struct network *net = mem_alloc(1, sizeof *net);
	if (!net)
		return NULL;
	net->options = *options;
	net->threads = par_threads(threads);
	net->comm = &comm_alone;
	net->s = conv_stride(o->filters);
	if (make_tensors(net) < 0 || make_norm(&net->lgn_norm, &net->tensor[LGN_NORM]) < 0 ||
	    make_norm(&net->v1_norm, &net->tensor[V1_NORM]) < 0 ||
	    make_norm(&net->head_1_norm, &net->tensor[HEAD_1_NORM]) < 0 ||
	    make_norm(&net->head_2_norm, &net->tensor[HEAD_2_NORM]) < 0 ||
	    !(net->lgn = conv_plan(1, 1, o->k0, net->threads)) ||
	    !(net->v1 = conv_plan(1, o->filters, o->k1, net->threads)) ||
	    !(net->lateral = conv_plan(o->filters, o->filters, o->kl, net->threads)) ||
	    !(net->head_1 = conv_plan(o->filters, NETWORK_HEAD, 3, net->threads)) ||
	    !(net->head_2 = conv_plan(NETWORK_HEAD, NETWORK_HEAD, 3, net->threads))) {
		network_free(net);
		return NULL;
	}
	return net;
}

void network_share(struct network *net, const struct comm *comm)
{
	net->comm = comm;
}

const struct network_options *network_options(const struct network *net)
{
	return &net->options;
}

size_t network_tensors(const struct network *net)
{
	(void)net;
	return TENSORS;
}

const struct network_tensor *network_tensor(const struct network *net, size_t i)
{
	return &net->tensor[i];
}

const struct network_tensor *network_find(const struct network *net, const char *name)
{
	for (size_t i = 0; i < TENSORS; i++) {
		if (strcmp(names[i], name) == 0)
			return &net->tensor[i];
	}
	err_set("network: no tensor %s", name);
	return NULL;
}

/* --- model files --- */

/* Side and channels of a convolution's weights (out, in, k, k). */
static int kernel_shape(struct model *model, const char *name, size_t *out, size_t *in, size_t *k)
{
	const struct model_tensor *t = model_find(model, name);
	if (!t)
		return -1;
	if (t->rank != 4 || t->shape[2] != t->shape[3] || t->shape[2] % 2 == 0 || t->shape[0] == 0)
		return err_set("%s: %s: not the weights of a convolution with an odd square kernel",
		    model_path(model), name);
	*out = t->shape[0], *in = t->shape[1], *k = t->shape[2];
	return 0;
}

static int read_options(struct model *model, struct network_options *o)
{
	size_t lgn_out, lgn_in, v1_in, lateral_out, lateral_in;
	const struct model_tensor *linear = model_find(model, names[LINEAR_WEIGHT]);
	if (!linear || kernel_shape(model, names[LGN_WEIGHT], &lgn_out, &lgn_in, &o->k0) < 0 ||
	    kernel_shape(model, names[V1_WEIGHT], &o->filters, &v1_in, &o->k1) < 0 ||
	    kernel_shape(model, names[LATERAL_WEIGHT], &lateral_out, &lateral_in, &o->kl) < 0)
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

static int read_tensor(struct model *model, struct network_tensor *tensor)
{
	const struct model_tensor *stored = model_find(model, tensor->name);
	if (!stored)
		return -1;
	bool same = stored->rank == tensor->rank;
	for (size_t d = 0; same && d < stored->rank; d++)
		same = stored->shape[d] == tensor->shape[d];
	if (!same)
		return err_set("%s: %s: its shape does not fit the other tensors",
		    model_path(model), tensor->name);
	double *x = mem_alloc(tensor->elements, sizeof *x);
	if (!x || model_read_double(model, stored, x) < 0) {
		free(x);
		return -1;
	}
	for (size_t i = 0; i < tensor->elements; i++) {
		if (!isfinite(x[i])) {
			free(x);
			return err_set(
			    "%s: %s: number %zu is not finite", model_path(model), tensor->name, i);
		}
		tensor->x[i] = (real)x[i];
	}
	free(x);
	return 0;
}

/* what the network divides by */
static int check_scale(const struct model *model, const struct network_tensor *tensor)
{
	bool sd = strcmp(tensor->name, "input.sd") == 0,
	     variance = strstr(tensor->name, "running_var") != NULL;
	for (size_t i = 0; (sd || variance) && i < tensor->elements; i++) {
		if (tensor->x[i] < 0 || (sd && !(tensor->x[i] > 0)))
			return err_set("%s: %s: number %zu is %g", model_path(model), tensor->name,
			    i, (double)tensor->x[i]);
	}
	return 0;
}

struct network *network_load(struct model *model, size_t threads)
{
	struct network_options options;
	if (read_options(model, &options) < 0)
		return NULL;
	struct network *net = network_create(&options, threads);
	for (size_t i = 0; net && i < TENSORS; i++) {
		if (read_tensor(model, &net->tensor[i]) < 0 ||
		    check_scale(model, &net->tensor[i]) < 0) {
			network_free(net);
			return NULL;
		}
	}
	return net;
}

int network_save(const struct network *net, struct model_out *out)
{
	struct network *owner = (struct network *)net; /* of a copy in single precision */
	size_t count = 0;
	for (size_t i = 0; i < TENSORS; i++)
		count += net->tensor[i].elements;
	if (!owner->saved && !(owner->saved = mem_alloc(count, sizeof *owner->saved)))
		return -1;
	float *next = owner->saved;
	for (size_t i = 0; i < TENSORS; i++) {
		const struct network_tensor *t = &net->tensor[i];
		for (size_t j = 0; j < t->elements; j++)
			next[j] = (float)t->x[j];
		if (model_add(out, t->name, t->rank, t->shape, next) < 0)
			return -1;
		next += t->elements;
	}
	return 0;
}

/* --- memory of a batch --- */

static void release_batch(struct network *net)
{
	for (size_t t = 0; net->ht && t <= net->t_max; t++)
		free(net->ht[t]);
	for (size_t t = 0; net->on && t <= net->t_max; t++)
		free(net->on[t]);
	for (size_t t = 0; net->u && t <= net->t_max; t++) {
		if (t == 0 || net->u[t] != net->u[0])
			free(net->u[t]);
	}
	free(net->ht);
	free(net->on);
	free(net->u);
	net->ht = net->u = NULL;
	net->on = NULL;
	real **const arrays[] = {&net->input, &net->c0, &net->a, &net->z, &net->pool_1, &net->c1,
	    &net->r1, &net->pool_2, &net->c2, &net->r2, &net->features, &net->keep, &net->logits,
	    &net->g, &net->dz, &net->da, &net->dpool_1, &net->dr1, &net->dpool_2, &net->dr2,
	    &net->dfeatures, &net->dlogits};
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
		free(*arrays[i]);
		*arrays[i] = NULL;
	}
	free(net->which_1);
	free(net->which_2);
	free(net->partial);
	free(net->sums);
	net->which_1 = net->which_2 = NULL;
	net->partial = net->sums = NULL;
	net->n = 0;
}

static void free_norm(struct norm *norm)
{
	free(norm->memory);
}

void network_free(struct network *net)
{
	if (!net)
		return;
	release_batch(net);
	free_norm(&net->lgn_norm);
	free_norm(&net->v1_norm);
	free_norm(&net->head_1_norm);
	free_norm(&net->head_2_norm);
	conv_free(net->lgn);
	conv_free(net->v1);
	conv_free(net->lateral);
	conv_free(net->head_1);
	conv_free(net->head_2);
	free(net->values);
	free(net->gradients);
	free(net->saved);
	free(net);
}

static int reserve(real **array, size_t a, size_t b, size_t c)
{
	size_t count;
	if (mem_multiply(a, b, &count) < 0 || mem_multiply(count, c, &count) < 0 ||
	    !(*array = mem_alloc(count, sizeof(real))))
		return -1;
	return 0;
}

static int reserve_bytes(uint8_t **array, size_t a, size_t b, size_t c)
{
	size_t count;
	if (mem_multiply(a, b, &count) < 0 || mem_multiply(count, c, &count) < 0 ||
	    !(*array = mem_alloc(count, 1)))
		return -1;
	return 0;
}

/* what is propagated back through l1: for training, and for network_adjoint */
static int reserve_back(struct network *net)
{
	size_t pixels = net->h * net->w;
	if (net->g)
		return 0;
	if (reserve(&net->g, net->n, pixels, net->s) < 0 ||
	    reserve(&net->dz, net->n, pixels, net->s) < 0 ||
	    !(net->u = mem_alloc(net->t_max + 1, sizeof *net->u)))
		return -1;
	for (size_t t = 0; t <= net->t_max; t++) {
		/* one channel is convolved directly, and that keeps what it was given */
		if (t > 0 && net->s > 1)
			net->u[t] = net->u[0];
		else if (reserve(&net->u[t], net->n, pixels, net->s) < 0)
			return -1;
	}
	return 0;
}

static int resize(struct network *net, size_t n, size_t h, size_t w, size_t t_max, bool training)
{
	size_t pixels, h4 = h / 4, w4 = w / 4, h8 = h4 / 2, w8 = w4 / 2,
		       widest = larger(net->s, NETWORK_HEAD);
	if (mem_multiply(h, w, &pixels) < 0)
		return -1;
	bool gradients = training;
	if (conv_resize(net->lgn, n, h, w, 1, gradients) < 0 ||
	    conv_resize(net->v1, n, h, w, 1, gradients) < 0)
		return -1;
	if (t_max > 0 && conv_resize(net->lateral, n, h, w, t_max, gradients) < 0)
		return -1;
	if (h8 > 0 && w8 > 0 &&
	    (conv_resize(net->head_1, n, h4, w4, 1, gradients) < 0 ||
		conv_resize(net->head_2, n, h8, w8, 1, gradients) < 0))
		return -1;
	if (net->n == n && net->h == h && net->w == w && net->t_max >= t_max &&
	    net->training == training)
		return 0;
	release_batch(net);
	net->h = h, net->w = w, net->t_max = t_max, net->training = training;
	if (reserve(&net->input, n, pixels, 1) < 0 || reserve(&net->c0, n, pixels, 1) < 0 ||
	    reserve(&net->a, n, pixels, 1) < 0 || reserve(&net->z, n, pixels, net->s) < 0 ||
	    reserve(&net->pool_1, n, h4 * w4, net->s) < 0 ||
	    reserve(&net->c1, n, h4 * w4, NETWORK_HEAD) < 0 ||
	    reserve(&net->r1, n, h4 * w4, NETWORK_HEAD) < 0 ||
	    reserve(&net->pool_2, n, h8 * w8, NETWORK_HEAD) < 0 ||
	    reserve(&net->c2, n, h8 * w8, NETWORK_HEAD) < 0 ||
	    reserve(&net->r2, n, h8 * w8, NETWORK_HEAD) < 0 ||
	    reserve_bytes(&net->which_1, n, h4 * w4, net->s) < 0 ||
	    reserve_bytes(&net->which_2, n, h8 * w8, NETWORK_HEAD) < 0 ||
	    reserve(&net->features, n, POOLED, 1) < 0 || reserve(&net->keep, n, POOLED, 1) < 0 ||
	    reserve(&net->logits, n, net->options.classes, 1) < 0 ||
	    !(net->partial = mem_alloc(n * 2 * widest, sizeof(double))) ||
	    !(net->sums = mem_alloc(2 * widest, sizeof(double))) ||
	    !(net->ht = mem_alloc(t_max + 1, sizeof *net->ht)) ||
	    !(net->on = mem_alloc(t_max + 1, sizeof *net->on)))
		return -1;
	for (size_t t = 0; t <= t_max; t++) {
		if (reserve(&net->ht[t], n, pixels, net->s) < 0)
			return -1;
		if (t > 0 && net->options.propagation == NETWORK_AVERAGE &&
		    reserve_bytes(&net->on[t], n, pixels, net->s) < 0)
			return -1;
	}
	net->n = n;
	if (training && (reserve_back(net) < 0 || reserve(&net->da, n, pixels, 1) < 0 ||
			    reserve(&net->dpool_1, n, h4 * w4, net->s) < 0 ||
			    reserve(&net->dr1, n, h4 * w4, NETWORK_HEAD) < 0 ||
			    reserve(&net->dpool_2, n, h8 * w8, NETWORK_HEAD) < 0 ||
			    reserve(&net->dr2, n, h8 * w8, NETWORK_HEAD) < 0 ||
			    reserve(&net->dfeatures, n, POOLED, 1) < 0 ||
			    reserve(&net->dlogits, n, net->options.classes, 1) < 0)) {
		net->n = 0;
		return -1;
	}
	return 0;
}

/* --- sums over images --- */

/* Each image's sums (n, count) added in the images' order. */
static void add_images(struct network *net, size_t count)
{
	memset(net->sums, 0, count * sizeof(double));
	for (size_t i = 0; i < net->n; i++) {
		for (size_t j = 0; j < count; j++)
			net->sums[j] += net->partial[i * count + j];
	}
}

static int moments_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t pixels = net->t, s = net->norm->s;
	double *sums = net->partial + i * 2 * s;
	memset(sums, 0, 2 * s * sizeof *sums);
	layer_moments(pixels, s, net->from + i * pixels * s, sums, sums + s);
	return 0;
}

/* Prepare a norm of x (n, pixels, s): from the batch, also into the running statistics, or from these. */
static int prepare_norm(
    struct network *net, struct norm *norm, const real *x, size_t pixels, bool batch)
{
	real *weight = norm->tensor[0].x, *bias = norm->tensor[1].x;
	real *mean = norm->tensor[2].x, *variance = norm->tensor[3].x;
	double count = (double)net->whole * (double)pixels;
	norm->batch = batch;
	if (batch) {
		net->norm = norm;
		net->from = x;
		net->t = pixels;
		if (par_for(net->n, net->threads, moments_image, net) < 0)
			return -1;
		add_images(net, 2 * norm->s);
		if (net->comm->sum(net->sums, 2 * norm->s) < 0)
			return -1;
	}
	for (size_t c = 0; c < norm->channels; c++) {
		double m = (double)mean[c], v = (double)variance[c];
		if (batch) {
			m = net->sums[c] / count;
			v = fmax(net->sums[norm->s + c] / count - m * m, 0);
			double unbiased = count > 1 ? v * count / (count - 1) : v;
			mean[c] = (real)((1 - MOMENTUM) * (double)mean[c] + MOMENTUM * m);
			variance[c] =
			    (real)((1 - MOMENTUM) * (double)variance[c] + MOMENTUM * unbiased);
		}
		double inverse = 1 / sqrt(v + EPSILON);
		norm->inverse[c] = (real)inverse;
		norm->scale[c] = (real)((double)weight[c] * inverse);
		norm->shift[c] = (real)((double)bias[c] - m * (double)weight[c] * inverse);
		norm->hat[c] = (real)inverse;
		norm->hat_shift[c] = (real)(-m * inverse);
	}
	return 0;
}

/* The norm's input was replaced by its output (in place): its adjoint will be given that. */
static void norm_in_place(struct norm *norm)
{
	for (size_t c = 0; c < norm->channels; c++) {
		norm->hat[c] = 1 / norm->tensor[0].x[c];
		norm->hat_shift[c] = -norm->tensor[1].x[c] / norm->tensor[0].x[c];
	}
}

static int adjoint_sums_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	const struct norm *norm = net->norm;
	size_t pixels = net->t, s = norm->s, first = i * pixels * s;
	double *sums = net->partial + i * 2 * s;
	memset(sums, 0, 2 * s * sizeof *sums);
	layer_affine_sums(pixels, s, net->to + first, net->gate ? net->gate + first : NULL,
	    net->from + first, norm->hat, norm->hat_shift, sums, sums + s);
	return 0;
}

static int adjoint_norm_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	const struct norm *norm = net->norm;
	size_t first = i * net->t * norm->s;
	layer_affine_adjoint(net->t, norm->s, net->to + first, net->from + first, norm->a, norm->b,
	    norm->c, net->to + first);
	return 0;
}

/* dy (n, pixels, s), set to zero where gate is not positive, becomes the gradient to the norm's input; x is what
 * hat and hat_shift refer to. */
static int adjoint_norm(struct network *net, struct norm *norm, real *dy, const real *gate,
    const real *x, size_t pixels)
{
	net->norm = norm;
	net->to = dy;
	net->gate = gate;
	net->from = x;
	net->t = pixels;
	if (par_for(net->n, net->threads, adjoint_sums_image, net) < 0)
		return -1;
	add_images(net, 2 * norm->s);
	/* this process's part, as of every gradient until they are summed */
	for (size_t c = 0; c < norm->channels; c++) {
		if (norm->tensor[0].gradient)
			norm->tensor[0].gradient[c] = (real)net->sums[norm->s + c];
		norm->tensor[1].gradient[c] = (real)net->sums[c];
	}
	if (norm->batch && net->comm->sum(net->sums, 2 * norm->s) < 0)
		return -1;
	double count = (double)net->whole * (double)pixels;
	for (size_t c = 0; c < norm->channels; c++) {
		double sum = net->sums[c], product = net->sums[norm->s + c];
		double a = (double)norm->tensor[0].x[c] * (double)norm->inverse[c];
		norm->a[c] = (real)a;
		norm->b[c] = norm->batch ? (real)(-a * product / count * (double)norm->hat[c]) : 0;
		norm->c[c] = norm->batch
				 ? (real)(-a * (sum + product * (double)norm->hat_shift[c]) / count)
				 : 0;
	}
	return par_for(net->n, net->threads, adjoint_norm_image, net);
}

/* --- forward --- */

static int lgn_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t pixels = net->h * net->w;
	const real *x = net->c0 + i * pixels;
	const struct norm *norm = &net->lgn_norm;
	if (net->options.lgn == NETWORK_RELU)
		layer_affine_relu(pixels, 1, x, norm->scale, norm->shift, net->a + i * pixels);
	else
		layer_affine(pixels, 1, x, norm->scale, norm->shift, net->a + i * pixels);
	return 0;
}

static int v1_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t row = net->w * net->s;
	/* a row at a time, so that what was normalised is rectified while it is near */
	for (size_t y = 0; y < net->h; y++) {
		real *z = net->z + (i * net->h + y) * row;
		layer_affine(net->w, net->s, z, net->v1_norm.scale, net->v1_norm.shift, z);
		layer_relu(row, z, net->ht[0] + (i * net->h + y) * row);
	}
	return 0;
}

static int lateral_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t count = net->h * net->w * net->s, t = net->t;
	if (net->options.propagation == NETWORK_RECURRENT)
		layer_add_relu(count, net->z + i * count, net->ht[t] + i * count);
	else
		layer_average(count, net->ht[t - 1] + i * count, net->ht[t] + i * count,
		    net->on[t] + i * count);
	return 0;
}

static int pool_1_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t in = net->h * net->w * net->s, out = (net->h / 4) * (net->w / 4) * net->s;
	layer_max_pool(net->h, net->w, net->s, 4, net->ht[net->iterations] + i * in,
	    net->pool_1 + i * out, net->which_1 + i * out);
	return 0;
}

static int pool_2_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t h = net->h / 4, w = net->w / 4, s = NETWORK_HEAD;
	size_t in = h * w * s, out = (h / 2) * (w / 2) * s;
	layer_affine_relu(h * w, s, net->c1 + i * in, net->head_1_norm.scale,
	    net->head_1_norm.shift, net->r1 + i * in);
	layer_max_pool(h, w, s, 2, net->r1 + i * in, net->pool_2 + i * out, net->which_2 + i * out);
	return 0;
}

static int features_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t h = net->h / 8, w = net->w / 8, s = NETWORK_HEAD, in = h * w * s;
	layer_affine_relu(h * w, s, net->c2 + i * in, net->head_2_norm.scale,
	    net->head_2_norm.shift, net->r2 + i * in);
	layer_average_pool(h, w, s, NETWORK_HEAD, net->r2 + i * in, net->features + i * POOLED);
	return 0;
}

static void linear(struct network *net)
{
	size_t classes = net->options.classes;
	for (size_t i = 0; i < net->n; i++) {
		const real *x = net->features + i * POOLED;
		for (size_t c = 0; c < classes; c++) {
			const real *w = net->tensor[LINEAR_WEIGHT].x + c * POOLED;
			real sum = 0;
#pragma omp simd reduction(+ : sum)
			for (size_t j = 0; j < POOLED; j++)
				sum += w[j] * x[j];
			net->logits[i * classes + c] = sum + net->tensor[LINEAR_BIAS].x[c];
		}
	}
}

static void dropout(struct network *net, const struct network_training *training)
{
	double share = training->dropout;
	uint32_t threshold = (uint32_t)fmin(share * 4294967296.0, 4294967295.0);
	real scale = (real)(1 / (1 - share));
	for (size_t i = 0; i < net->n; i++) {
		struct rng rng = rng_start(training->seed, RNG_DROPOUT, training->epoch,
		    training->number ? training->number[i] : i);
		for (size_t j = 0; j < POOLED; j++) {
			net->keep[i * POOLED + j] = rng_bits(&rng) < threshold ? 0 : scale;
			net->features[i * POOLED + j] *= net->keep[i * POOLED + j];
		}
	}
}

static int run_head(struct network *net, const struct network_training *training)
{
	bool batch = training != NULL;
	size_t pixels_1 = (net->h / 4) * (net->w / 4), pixels_2 = (net->h / 8) * (net->w / 8);
	if (par_for(net->n, net->threads, pool_1_image, net) < 0 ||
	    conv_weights(net->head_1, net->tensor[HEAD_1].x) < 0 ||
	    conv_exec(net->head_1, 0, net->pool_1, net->c1) < 0 ||
	    prepare_norm(net, &net->head_1_norm, net->c1, pixels_1, batch) < 0 ||
	    par_for(net->n, net->threads, pool_2_image, net) < 0 ||
	    conv_weights(net->head_2, net->tensor[HEAD_2].x) < 0 ||
	    conv_exec(net->head_2, 0, net->pool_2, net->c2) < 0 ||
	    prepare_norm(net, &net->head_2_norm, net->c2, pixels_2, batch) < 0 ||
	    par_for(net->n, net->threads, features_image, net) < 0)
		return -1;
	if (training)
		dropout(net, training);
	linear(net);
	return 0;
}

static int forward(struct network *net, const real *x, size_t n, size_t h, size_t w,
    size_t iterations, bool classify, const struct network_training *training)
{
	if (n == 0 || h == 0 || w == 0)
		return err_set("network: no pixels");
	if (classify && (h < NETWORK_SIDE_MIN || w < NETWORK_SIDE_MIN))
		return err_set("network: images of %zu x %zu px are too small, it needs %d a side",
		    h, w, NETWORK_SIDE_MIN);
	if (resize(net, n, h, w, iterations, training != NULL) < 0)
		return -1;
	net->iterations = iterations;
	net->classified = classify;
	net->whole = training && training->whole ? training->whole : n;
	real mean = net->tensor[INPUT_MEAN].x[0], scale = 1 / net->tensor[INPUT_SD].x[0];
	for (size_t i = 0; i < n * h * w; i++)
		net->input[i] = (x[i] - mean) * scale;
	if (conv_weights(net->lgn, net->tensor[LGN_WEIGHT].x) < 0 ||
	    conv_exec(net->lgn, 0, net->input, net->c0) < 0 ||
	    prepare_norm(net, &net->lgn_norm, net->c0, h * w, training && !training->freeze_lgn) <
		0 ||
	    par_for(n, net->threads, lgn_image, net) < 0 ||
	    conv_weights(net->v1, net->tensor[V1_WEIGHT].x) < 0 ||
	    conv_exec(net->v1, 0, net->a, net->z) < 0 ||
	    prepare_norm(net, &net->v1_norm, net->z, h * w, training && !training->freeze_v1) < 0 ||
	    par_for(n, net->threads, v1_image, net) < 0)
		return -1;
	norm_in_place(&net->v1_norm);
	if (iterations > 0 && conv_weights(net->lateral, net->tensor[LATERAL_WEIGHT].x) < 0)
		return -1;
	for (size_t t = 1; t <= iterations; t++) {
		if (conv_exec(net->lateral, t - 1, net->ht[t - 1], net->ht[t]) < 0)
			return -1;
		net->t = t;
		if (par_for(n, net->threads, lateral_image, net) < 0)
			return -1;
	}
	return classify ? run_head(net, training) : 0;
}

int network_run(struct network *net, const real *x, size_t n, size_t h, size_t w, size_t iterations,
    bool classify)
{
	if (forward(net, x, n, h, w, iterations, classify, NULL) < 0)
		return -1;
	const real *last = iterations ? net->ht[iterations] : net->ht[0];
	size_t wrong = 0;
	for (size_t i = 0; i < n * h * w * net->s; i++)
		wrong += isfinite(last[i]) ? 0 : 1;
	return wrong ? err_set("network: responses grow without bound in %zu propagations: the "
			       "kernel's gain is above 1",
			   iterations)
		     : 0;
}

size_t network_chunk(const struct network *net, size_t h, size_t w)
{
	/* about 100 MB of what is kept for each image */
	double bytes =
	    4.0 * (double)h * (double)w * (double)net->s * (6 + (double)net->options.iterations);
	double images = 1e8 / bytes;
	return images < 2 ? 1 : images > 64 ? 64 : (size_t)images / 2 * 2;
}

/* --- back --- */

static int gate_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t count = net->h * net->w * net->s, first = i * count, t = net->t;
	if (net->options.propagation == NETWORK_AVERAGE)
		layer_gate_on(
		    count, net->g + first, net->on[t] + first, (real)0.5, net->u[t] + first);
	else
		layer_gate(count, net->g + first, net->ht[t] + first, net->u[t] + first,
		    net->dz + first, t == net->iterations);
	return 0;
}

static int half_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t count = net->h * net->w * net->s, first = i * count;
	layer_half_add(count, net->dz + first, net->g + first);
	return 0;
}

static int first_gate_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t count = net->h * net->w * net->s, first = i * count;
	bool only = net->iterations == 0 || net->options.propagation == NETWORK_AVERAGE;
	layer_gate(
	    count, net->g + first, net->ht[0] + first, net->u[0] + first, net->dz + first, only);
	return 0;
}

/* g, the gradient to hT, becomes dz */
static int back_to_z(struct network *net)
{
	bool average = net->options.propagation == NETWORK_AVERAGE;
	for (size_t t = net->iterations; t >= 1; t--) {
		net->t = t;
		if (par_for(net->n, net->threads, gate_image, net) < 0 ||
		    conv_adjoint(net->lateral, t - 1, net->u[t], average ? net->dz : net->g) < 0)
			return -1;
		if (average && par_for(net->n, net->threads, half_image, net) < 0)
			return -1;
	}
	return par_for(net->n, net->threads, first_gate_image, net);
}

static int unpool_2_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t h = net->h / 4, w = net->w / 4, s = NETWORK_HEAD;
	layer_max_pool_adjoint(h, w, s, 2, net->dpool_2 + i * (h / 2) * (w / 2) * s,
	    net->which_2 + i * (h / 2) * (w / 2) * s, net->dr1 + i * h * w * s);
	return 0;
}

static int unpool_1_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct network *net = argument;
	size_t in = net->h * net->w * net->s, out = (net->h / 4) * (net->w / 4) * net->s;
	layer_max_pool_adjoint(net->h, net->w, net->s, 4, net->dpool_1 + i * out,
	    net->which_1 + i * out, net->g + i * in);
	return 0;
}

/* dlogits -> gradients of the head, g */
static int back_head(struct network *net)
{
	size_t classes = net->options.classes, h4 = net->h / 4, w4 = net->w / 4, h8 = h4 / 2,
	       w8 = w4 / 2;
	real *dw = net->tensor[LINEAR_WEIGHT].gradient, *db = net->tensor[LINEAR_BIAS].gradient;
	const real *w = net->tensor[LINEAR_WEIGHT].x;
	memset(dw, 0, classes * POOLED * sizeof(real));
	memset(db, 0, classes * sizeof(real));
	memset(net->dfeatures, 0, net->n * POOLED * sizeof(real));
	for (size_t i = 0; i < net->n; i++) {
		const real *x = net->features + i * POOLED;
		real *dx = net->dfeatures + i * POOLED;
		for (size_t c = 0; c < classes; c++) {
			real g = net->dlogits[i * classes + c];
			db[c] += g;
			for (size_t j = 0; j < POOLED; j++) {
				dw[c * POOLED + j] += g * x[j];
				dx[j] += g * w[c * POOLED + j];
			}
		}
		for (size_t j = 0; j < POOLED; j++)
			dx[j] *= net->keep[i * POOLED + j];
		layer_average_pool_adjoint(
		    h8, w8, NETWORK_HEAD, NETWORK_HEAD, dx, net->dr2 + i * h8 * w8 * NETWORK_HEAD);
	}
	if (adjoint_norm(net, &net->head_2_norm, net->dr2, net->r2, net->c2, h8 * w8) < 0 ||
	    conv_adjoint(net->head_2, 0, net->dr2, net->dpool_2) < 0 ||
	    conv_gradient(net->head_2, 1, net->tensor[HEAD_2].gradient) < 0 ||
	    par_for(net->n, net->threads, unpool_2_image, net) < 0 ||
	    adjoint_norm(net, &net->head_1_norm, net->dr1, net->r1, net->c1, h4 * w4) < 0 ||
	    conv_adjoint(net->head_1, 0, net->dr1, net->dpool_1) < 0 ||
	    conv_gradient(net->head_1, 1, net->tensor[HEAD_1].gradient) < 0)
		return -1;
	return par_for(net->n, net->threads, unpool_1_image, net);
}

static void no_gradient(struct network_tensor *tensor)
{
	memset(tensor->gradient, 0, tensor->elements * sizeof(real));
}

static int back(struct network *net, const struct network_training *training)
{
	if (back_head(net) < 0)
		return -1;
	no_gradient(&net->tensor[LATERAL_WEIGHT]);
	bool lateral = net->iterations > 0 && !training->freeze_lateral;
	bool below = !training->freeze_lgn || !training->freeze_v1;
	if ((lateral || below) && back_to_z(net) < 0)
		return -1;
	if (lateral &&
	    conv_gradient(net->lateral, net->iterations, net->tensor[LATERAL_WEIGHT].gradient) < 0)
		return -1;
	size_t pixels = net->h * net->w;
	if (below &&
	    (adjoint_norm(net, &net->v1_norm, net->dz, NULL, net->z, pixels) < 0 ||
		conv_adjoint(net->v1, 0, net->dz, training->freeze_lgn ? NULL : net->da) < 0 ||
		conv_gradient(net->v1, 1, net->tensor[V1_WEIGHT].gradient) < 0))
		return -1;
	if (training->freeze_v1) {
		no_gradient(&net->tensor[V1_WEIGHT]);
		no_gradient(&net->tensor[V1_NORM + 1]);
	}
	if (training->freeze_lgn) {
		no_gradient(&net->tensor[LGN_WEIGHT]);
		no_gradient(&net->tensor[LGN_NORM + 1]);
		return 0;
	}
	if (adjoint_norm(net, &net->lgn_norm, net->da,
		net->options.lgn == NETWORK_RELU ? net->a : NULL, net->c0, pixels) < 0 ||
	    conv_adjoint(net->lgn, 0, net->da, NULL) < 0)
		return -1;
	return conv_gradient(net->lgn, 1, net->tensor[LGN_WEIGHT].gradient);
}

/* Cross-entropy of image i; dlogits (classes), where not NULL, becomes (softmax - one at the label) / images. */
static double cross_entropy(
    const struct network *net, size_t i, int32_t label, real *dlogits, bool *correct)
{
	size_t classes = net->options.classes, best = 0;
	const real *x = net->logits + i * classes;
	for (size_t c = 1; c < classes; c++) {
		if (x[c] > x[best])
			best = c;
	}
	double sum = 0;
	for (size_t c = 0; c < classes; c++)
		sum += exp((double)x[c] - (double)x[best]);
	double log_sum = log(sum) + (double)x[best];
	for (size_t c = 0; dlogits && c < classes; c++) {
		double share = exp((double)x[c] - log_sum) - (c == (size_t)label ? 1 : 0);
		dlogits[c] = (real)(share / (double)net->whole);
	}
	*correct = best == (size_t)label;
	return log_sum - (double)x[label];
}

void network_score(
    const struct network *net, const int32_t *labels, double *loss_sum, size_t *correct)
{
	*loss_sum = 0;
	*correct = 0;
	for (size_t i = 0; i < net->n; i++) {
		bool right;
		*loss_sum += cross_entropy(net, i, labels[i], NULL, &right);
		*correct += right;
	}
}

int network_train(struct network *net, const struct network_training *training, const real *x,
    const int32_t *labels, size_t n, size_t h, size_t w, double *loss, size_t *correct)
{
	size_t iterations = training->lateral ? net->options.iterations : 0;
	if (forward(net, x, n, h, w, iterations, true, training) < 0)
		return -1;
	double sums[] = {0, 0};
	for (size_t i = 0; i < n; i++) {
		bool right;
		sums[0] += cross_entropy(
		    net, i, labels[i], net->dlogits + i * net->options.classes, &right);
		sums[1] += right;
	}
	if (net->comm->sum(sums, 2) < 0)
		return -1;
	*loss = sums[0] / (double)net->whole;
	*correct = (size_t)sums[1];
	if (!isfinite(*loss))
		return err_set("the loss is not finite");
	return back(net, training) < 0 ? -1
				       : net->comm->sum_real(net->gradients, net->gradient_count);
}

bool network_finite(const struct network *net)
{
	for (size_t i = 0; i < TENSORS; i++) {
		const struct network_tensor *t = &net->tensor[i];
		real sum = 0; /* a number times 0 is 0 if it is finite */
#pragma omp simd reduction(+ : sum)
		for (size_t j = 0; j < t->elements; j++)
			sum += t->x[j] * 0;
		if (!(sum == 0))
			return false;
	}
	return true;
}

/* --- what was computed --- */

/* (n, h, w, s) -> (n, F, h, w) */
static void to_planes(const struct network *net, const real *x, real *y)
{
	size_t pixels = net->h * net->w, filters = net->options.filters;
	for (size_t i = 0; i < net->n; i++) {
		for (size_t f = 0; f < filters; f++) {
			for (size_t p = 0; p < pixels; p++)
				y[(i * filters + f) * pixels + p] =
				    x[(i * pixels + p) * net->s + f];
		}
	}
}

static void from_planes(const struct network *net, const real *y, real *x)
{
	size_t pixels = net->h * net->w, filters = net->options.filters;
	for (size_t i = 0; i < net->n; i++) {
		for (size_t f = 0; f < filters; f++) {
			for (size_t p = 0; p < pixels; p++)
				x[(i * pixels + p) * net->s + f] =
				    y[(i * filters + f) * pixels + p];
		}
	}
}

void network_get(const struct network *net, enum network_layer layer, real *y)
{
	switch (layer) {
	case NETWORK_A:
		memcpy(y, net->a, net->n * net->h * net->w * sizeof(real));
		break;
	case NETWORK_Z:
		to_planes(net, net->z, y);
		break;
	case NETWORK_H0:
		to_planes(net, net->ht[0], y);
		break;
	case NETWORK_HT:
		to_planes(net, net->ht[net->iterations], y);
		break;
	case NETWORK_LOGITS:
		memcpy(y, net->logits, net->n * net->options.classes * sizeof(real));
		break;
	}
}

int network_adjoint(struct network *net, const real *dht, real *dz)
{
	if (reserve_back(net) < 0)
		return -1;
	from_planes(net, dht, net->g);
	if (back_to_z(net) < 0)
		return -1;
	to_planes(net, net->dz, dz);
	return 0;
}

void network_square(const struct network *net, double *square)
{
	size_t pixels = net->h * net->w, s = net->s;
	for (size_t i = 0; i < net->n; i++) {
		memset(net->sums, 0, 2 * s * sizeof(double));
		layer_moments(pixels, s, net->ht[0] + i * pixels * s, net->sums, net->sums + s);
		for (size_t f = 0; f < net->options.filters; f++)
			square[f] += net->sums[s + f];
	}
}

int network_lateral_norm(struct network *net, double *norm)
{
	/* at the frequencies of the running size, or of a small image */
	size_t side = 32 > net->options.kl ? 32 : net->options.kl;
	if ((net->n == 0 || net->iterations == 0) &&
	    conv_resize(net->lateral, 1, side, side, 1, false) < 0)
		return -1;
	if (conv_weights(net->lateral, net->tensor[LATERAL_WEIGHT].x) < 0)
		return -1;
	return conv_norm(net->lateral, norm);
}
