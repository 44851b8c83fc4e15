/*
 * The classifier, forward and backward: see head.h. The table below is all that says which layers it has. What a kind of
 * layer does stands in the table of kinds after it: a new kind is a word of enum kind, a row there and its functions; memory of its
 * own stands in reserve and release, another size of its output in head_resize and head_side_min. The first layer is none that works
 * in place. A layer's place is its name in models, so one that is put before others moves their names (git grep 'head\.[0-9]').
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "conv/conv.h"
#include "net/head.h"
#include "net/layers.h"

enum kind { INPUT, MAX_POOL, CONV, BATCHNORM, RELU, AVERAGE_POOL, FLATTEN, DROPOUT, LINEAR };

/* PyTorch's nn.Sequential: a layer's tensors are called head.I.weight and so on, I its place from 0. */
static const struct {
	enum kind kind;
	size_t
	    size; /* a max-pool's side, a convolution's channels; an average's side is always 2 */
} table[] = {
    {MAX_POOL, 4},
    {CONV, 128},
    {BATCHNORM, 0},
    {RELU, 0},
    {MAX_POOL, 2},
    {CONV, 128},
    {BATCHNORM, 0},
    {RELU, 0},
    {AVERAGE_POOL, 2},
    {FLATTEN, 0},
    {DROPOUT, 0}, /* one only: a second would draw the same numbers */
    {LINEAR, 0},
};
#define LAYERS (sizeof table / sizeof *table)
#define KERNEL 3 /* side of a convolution's kernel */

struct head_layer {
	const struct kind_of *kind;
	size_t size;
	char name[16]; /* "head.1" */
	size_t c, s;   /* channels of the output, and numbers a pixel */
	struct network_tensor *weight, *bias;
	struct conv *conv;
	struct batchnorm norm;

	/* of a batch */
	size_t h, w;          /* of the output */
	real *y, *dy;         /* (n, h, w, s): the output, and in training the gradient to it */
	uint8_t *place;       /* max-pool: as y, which of its window was the largest */
	real *factors;        /* dropout: as y */
	bool owns_y, owns_dy; /* else they are those of the layer before, changed in place */
};

/* What the functions of a layer are given. */
struct pass {
	const struct head *head;
	struct head_layer *in, *layer; /* the layer before and this one */
	const struct batchnorm_images *images;
	const struct head_training *training; /* NULL: evaluation */
};

/* A kind of layer. `image` functions have par_for's form, i being an image and the argument a pass; a function that is
 * not there has nothing to do. */
struct kind_of {
	bool in_place, adjoint_in_place;
	int (*create)(struct head *, const struct head_layer *in, struct head_layer *,
	    struct weights *, size_t classes);
	int (*run)(struct pass *); /* the whole batch, before the images */
	int (*run_image)(size_t i, size_t worker, void *pass);
	int (*adjoint_image)(size_t i, size_t worker, void *pass);
	int (*adjoint)(struct pass *); /* the whole batch, after the images */
};

/* Numbers of an image. */
static size_t numbers(const struct head_layer *l)
{
	return l->h * l->w * l->s;
}

/* --- max-pool --- */

static int max_pool(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct pass *p = argument;
	const struct head_layer *in = p->in, *l = p->layer;
	size_t first = i * numbers(l);
	layer_max_pool(
	    in->h, in->w, in->s, l->size, in->y + i * numbers(in), l->y + first, l->place + first);
	return 0;
}

static int max_pool_adjoint(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct pass *p = argument;
	const struct head_layer *in = p->in, *l = p->layer;
	size_t first = i * numbers(l);
	layer_max_pool_adjoint(in->h, in->w, in->s, l->size, l->dy + first, l->place + first,
	    in->dy + i * numbers(in));
	return 0;
}

/* --- convolution --- */

static int conv_create(struct head *head, const struct head_layer *in, struct head_layer *l,
    struct weights *weights, size_t classes)
{
	(void)classes;
	struct network_tensor weight = {.part = PART_HEAD,
	    .learnt = true,
	    .fan_in = in->c * KERNEL * KERNEL,
	    .rank = 4,
	    .shape = {l->size, in->c, KERNEL, KERNEL}};
	snprintf(weight.name, sizeof weight.name, "%s.weight", l->name);
	l->weight = weights_add(weights, &weight);
	l->c = l->size;
	l->s = conv_stride(l->c);
	l->conv = conv_plan(in->c, l->c, KERNEL, head->threads);
	return l->conv ? 0 : -1;
}

static int conv_run(struct pass *p)
{
	return conv_weights(p->layer->conv, p->layer->weight->x) < 0
		   ? -1
		   : conv_exec(p->layer->conv, 0, p->in->y, p->layer->y);
}

static int conv_back(struct pass *p)
{
	return conv_adjoint(p->layer->conv, 0, p->layer->dy, p->in->dy) < 0
		   ? -1
		   : conv_gradient(p->layer->conv, 1, p->layer->weight->gradient);
}

/* --- batch normalisation and rectification --- */

static int norm_create(struct head *head, const struct head_layer *in, struct head_layer *l,
    struct weights *weights, size_t classes)
{
	(void)in, (void)classes;
	return batchnorm_create(&l->norm, weights, l->name, PART_HEAD, l->c, true, head->threads);
}

static int norm_run(struct pass *p)
{
	return batchnorm_prepare(
	    &p->layer->norm, p->images, p->in->y, p->in->h * p->in->w, p->training != NULL);
}

static int norm_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct pass *p = argument;
	const struct head_layer *l = p->layer;
	size_t first = i * numbers(l);
	layer_affine(
	    l->h * l->w, l->s, p->in->y + first, l->norm.scale, l->norm.shift, l->y + first);
	return 0;
}

static int norm_back(struct pass *p)
{
	return batchnorm_adjoint(
	    &p->layer->norm, p->images, p->layer->dy, NULL, p->in->y, p->in->h * p->in->w);
}

static int relu(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct head_layer *l = ((const struct pass *)argument)->layer;
	layer_relu(numbers(l), l->y + i * numbers(l), l->y + i * numbers(l));
	return 0;
}

static int relu_adjoint(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct head_layer *l = ((const struct pass *)argument)->layer;
	for (size_t j = i * numbers(l); j < (i + 1) * numbers(l); j++)
		l->dy[j] = l->y[j] > 0 ? l->dy[j] : 0;
	return 0;
}

/* --- average to 2 x 2, which is flattened as it is written --- */

static int average_create(struct head *head, const struct head_layer *in, struct head_layer *l,
    struct weights *weights, size_t classes)
{
	(void)head, (void)weights, (void)classes;
	l->c = l->s = in->c * l->size * l->size;
	return 0;
}

static int average(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct pass *p = argument;
	const struct head_layer *in = p->in, *l = p->layer;
	layer_average_pool(
	    in->h, in->w, in->s, in->c, in->y + i * numbers(in), l->y + i * numbers(l));
	return 0;
}

static int average_adjoint(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct pass *p = argument;
	const struct head_layer *in = p->in, *l = p->layer;
	layer_average_pool_adjoint(
	    in->h, in->w, in->s, in->c, l->dy + i * numbers(l), in->dy + i * numbers(in));
	return 0;
}

/* --- dropout: each feature times 0 or 1/(1 - p), drawn anew for each image and epoch --- */

static int drop_out(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct pass *p = argument;
	const struct head_layer *l = p->layer;
	const struct head_training *t = p->training;
	if (!t)
		return 0;
	uint32_t threshold = (uint32_t)fmin(t->dropout * 4294967296.0, 4294967295.0);
	real scale = (real)(1 / (1 - t->dropout));
	struct rng rng = rng_start(t->seed, RNG_DROPOUT, t->epoch, t->image ? t->image[i] : i);
	for (size_t j = i * l->c; j < (i + 1) * l->c; j++) {
		l->factors[j] = rng_bits(&rng) < threshold ? 0 : scale;
		l->y[j] *= l->factors[j];
	}
	return 0;
}

static int drop_out_adjoint(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct head_layer *l = ((const struct pass *)argument)->layer;
	for (size_t j = i * l->c; j < (i + 1) * l->c; j++)
		l->dy[j] *= l->factors[j];
	return 0;
}

/* --- linear: x (n, K) -> y (n, C) with weights (C, K) and bias (C) --- */

static int linear_create(struct head *head, const struct head_layer *in, struct head_layer *l,
    struct weights *weights, size_t classes)
{
	(void)head;
	struct network_tensor weight = {.part = PART_HEAD,
	    .learnt = true,
	    .fan_in = in->c,
	    .rank = 2,
	    .shape = {classes, in->c}};
	struct network_tensor bias = {
	    .part = PART_HEAD, .learnt = true, .fan_in = in->c, .rank = 1, .shape = {classes}};
	snprintf(weight.name, sizeof weight.name, "%s.weight", l->name);
	snprintf(bias.name, sizeof bias.name, "%s.bias", l->name);
	l->weight = weights_add(weights, &weight);
	l->bias = weights_add(weights, &bias);
	l->c = l->s = classes;
	return 0;
}

static int linear(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct pass *p = argument;
	const struct head_layer *l = p->layer;
	size_t features = p->in->c;
	const real *x = p->in->y + i * features;
	for (size_t c = 0; c < l->c; c++) {
		const real *w = l->weight->x + c * features;
		real sum = 0;
#pragma omp simd reduction(+ : sum)
		for (size_t j = 0; j < features; j++)
			sum += w[j] * x[j];
		l->y[i * l->c + c] = sum + l->bias->x[c];
	}
	return 0;
}

static int linear_adjoint(struct pass *p)
{
	const struct head_layer *in = p->in, *l = p->layer;
	const size_t n = p->head->n, features = in->c;
	const real *w = l->weight->x;
	real *dw = l->weight->gradient, *db = l->bias->gradient;
	memset(dw, 0, l->c * features * sizeof *dw);
	memset(db, 0, l->c * sizeof *db);
	memset(in->dy, 0, n * features * sizeof *in->dy);
	for (size_t i = 0; i < n; i++) {
		const real *x = in->y + i * features;
		real *dx = in->dy + i * features;
		for (size_t c = 0; c < l->c; c++) {
			real g = l->dy[i * l->c + c];
			db[c] += g;
			for (size_t j = 0; j < features; j++) {
				dw[c * features + j] += g * x[j];
				dx[j] += g * w[c * features + j];
			}
		}
	}
	return 0;
}

static const struct kind_of kinds[] = {
    [INPUT] = {.in_place = true, .adjoint_in_place = true},
    [MAX_POOL] = {.run_image = max_pool, .adjoint_image = max_pool_adjoint},
    [CONV] = {.create = conv_create, .run = conv_run, .adjoint = conv_back},
    [BATCHNORM] = {.adjoint_in_place = true,
	.create = norm_create,
	.run = norm_run,
	.run_image = norm_image,
	.adjoint = norm_back},
    [RELU] = {.in_place = true,
	.adjoint_in_place = true,
	.run_image = relu,
	.adjoint_image = relu_adjoint},
    [AVERAGE_POOL] = {.create = average_create,
	.run_image = average,
	.adjoint_image = average_adjoint},
    [FLATTEN] = {.in_place = true, .adjoint_in_place = true},
    [DROPOUT] = {.in_place = true,
	.adjoint_in_place = true,
	.run_image = drop_out,
	.adjoint_image = drop_out_adjoint},
    [LINEAR] = {.create = linear_create, .run_image = linear, .adjoint = linear_adjoint},
};

/* --- all layers --- */

int head_create(
    struct head *head, struct weights *weights, size_t filters, size_t classes, size_t threads)
{
	head->threads = threads;
	head->layers = mem_alloc(1 + LAYERS, sizeof *head->layers);
	if (!head->layers)
		return -1;
	head->layers[0] =
	    (struct head_layer){.kind = &kinds[INPUT], .c = filters, .s = conv_stride(filters)};
	for (size_t i = 0; i < LAYERS; i++) {
		const struct head_layer *in = &head->layers[i];
		struct head_layer *l = &head->layers[i + 1];
		*l = (struct head_layer){
		    .kind = &kinds[table[i].kind], .size = table[i].size, .c = in->c, .s = in->s};
		snprintf(l->name, sizeof l->name, "head.%zu", i);
		if (l->kind->create && l->kind->create(head, in, l, weights, classes) < 0)
			return -1;
	}
	return 0;
}

static void release(struct head *head)
{
	for (size_t i = 0; head->layers && i <= LAYERS; i++) {
		struct head_layer *l = &head->layers[i];
		if (l->owns_y)
			free(l->y);
		if (l->owns_dy)
			free(l->dy);
		free(l->place);
		free(l->factors);
		l->y = l->dy = l->factors = NULL;
		l->place = NULL;
		l->owns_y = l->owns_dy = false;
	}
	head->n = 0;
}

void head_free(struct head *head)
{
	release(head);
	for (size_t i = 0; head->layers && i <= LAYERS; i++) {
		batchnorm_free(&head->layers[i].norm);
		conv_free(head->layers[i].conv);
	}
	free(head->layers);
}

int head_classes(struct model *model, size_t *classes)
{
	char name[32];
	snprintf(name, sizeof name, "head.%zu.weight", LAYERS - 1);
	const struct model_tensor *linear = model_find(model, name);
	if (!linear)
		return -1;
	if (linear->rank != 2 || linear->shape[0] == 0)
		return err_set("%s: %s: not a linear layer", model_path(model), name);
	*classes = linear->shape[0];
	return 0;
}

size_t head_side_min(void)
{
	size_t side = 1;
	for (size_t i = 0; i < LAYERS; i++)
		side *=
		    table[i].kind == MAX_POOL || table[i].kind == AVERAGE_POOL ? table[i].size : 1;
	return side;
}

/* Memory of a layer for n images: its output and, in training, the gradient to it. */
static int reserve(struct head_layer *l, const struct head_layer *in, size_t n, bool training)
{
	size_t count;
	if (mem_multiply(n, numbers(l), &count) < 0)
		return -1;
	l->owns_y = !l->kind->in_place;
	l->y = l->owns_y ? mem_alloc(count, sizeof *l->y) : in->y;
	l->owns_dy = training && !l->kind->adjoint_in_place;
	l->dy = l->owns_dy ? mem_alloc(count, sizeof *l->dy) : in->dy;
	if (l->kind == &kinds[MAX_POOL] && !(l->place = mem_alloc(count, 1)))
		return -1;
	if (l->kind == &kinds[DROPOUT] && !(l->factors = mem_alloc(count, sizeof *l->factors)))
		return -1;
	return (l->owns_y && !l->y) || (l->owns_dy && !l->dy) ? -1 : 0;
}

int head_resize(struct head *head, size_t n, size_t h, size_t w, bool training)
{
	struct head_layer *layers = head->layers;
	layers[0].h = h, layers[0].w = w;
	for (size_t i = 1; i <= LAYERS; i++) {
		const struct head_layer *in = &layers[i - 1];
		struct head_layer *l = &layers[i];
		bool pools = l->kind == &kinds[MAX_POOL],
		     averages = l->kind == &kinds[AVERAGE_POOL];
		l->h = averages ? 1 : pools ? in->h / l->size : in->h;
		l->w = averages ? 1 : pools ? in->w / l->size : in->w;
		if (l->conv && conv_resize(l->conv, n, l->h, l->w, 1, training) < 0)
			return -1;
	}
	if (head->n == n && head->h == h && head->w == w && head->training == training)
		return 0;
	release(head);
	for (size_t i = 1; i <= LAYERS; i++)
		if (reserve(&layers[i], &layers[i - 1], n, training) < 0)
			return -1;
	head->n = n, head->h = h, head->w = w, head->training = training;
	head->logits = layers[LAYERS].y;
	return 0;
}

int head_run(struct head *head, const struct batchnorm_images *images,
    const struct head_training *training, const real *x)
{
	head->layers[0].y = (real *)x; /* no layer changes it: the first is a pool */
	for (size_t i = 1; i <= LAYERS; i++) {
		struct pass pass = {head, &head->layers[i - 1], &head->layers[i], images, training};
		const struct kind_of *kind = pass.layer->kind;
		if ((kind->run && kind->run(&pass) < 0) ||
		    (kind->run_image &&
			par_for(head->n, head->threads, kind->run_image, &pass) < 0))
			return -1;
	}
	return 0;
}

double head_loss(const struct head *head, size_t i, int32_t label, size_t batch, bool *correct)
{
	const struct head_layer *last = &head->layers[LAYERS];
	size_t classes = last->c, largest;
	const real *x = last->y + i * classes;
	double log_sum = layer_log_sum_exp(classes, x, &largest);
	for (size_t c = 0; batch > 0 && c < classes; c++) {
		double d = exp((double)x[c] - log_sum) - (c == (size_t)label ? 1 : 0);
		last->dy[i * classes + c] = (real)(d / (double)batch);
	}
	*correct = largest == (size_t)label;
	return log_sum - (double)x[label];
}

int head_adjoint(struct head *head, const struct batchnorm_images *images, real *dx)
{
	head->layers[0].dy = dx;
	for (size_t i = LAYERS; i > 0; i--) {
		struct pass pass = {head, &head->layers[i - 1], &head->layers[i], images, NULL};
		const struct kind_of *kind = pass.layer->kind;
		if ((kind->adjoint_image &&
			par_for(head->n, head->threads, kind->adjoint_image, &pass) < 0) ||
		    (kind->adjoint && kind->adjoint(&pass) < 0))
			return -1;
	}
	return 0;
}
