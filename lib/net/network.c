/* The two layers, lateral propagation and a batch's memory: see network.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/conv.h"
#include "net/batchnorm.h"
#include "net/gain.h"
#include "net/head.h"
#include "net/layers.h"
#include "net/network.h"
#include "net/weights.h"

/* Images here are channels-last, (n, h, w, S), S = conv_stride(F) numbers a pixel (conv/conv.h). */
struct network {
	struct network_options options;
	size_t threads, s;
	struct weights weights;
	struct network_tensor *mean, *sd, *lgn_weight, *v1_weight, *lateral_weight;
	struct conv *lgn, *v1, *lateral;
	struct batchnorm lgn_norm, v1_norm;
	struct head head;
	double *moments; /* (2, S): scratch of network_square */
	bool keep;       /* network_keep was called */

	/* the batch that is there */
	struct batchnorm_images images; /* how many */
	size_t h, w, iterations;
	bool training, kept;         /* how it was run; whether all ht are there */
	real *input, *convolved, *a; /* (n, h, w): images normalised; l0 before and after N0 */
	real *z;                     /* (n, h, w, S): N1's output, in place of its input */
	size_t h_count, mask_count, u_count;
	real **ht;          /* h_count times (n, h, w, S): see h_of */
	uint8_t **positive; /* mask_count times (n, h, w, S), for the average: see positive_of */
	real *g, *dz;       /* (n, h, w, S): gradients to ht and z */
	real **u;           /* u_count times (n, h, w, S): see u_of */
	real *da;           /* (n, h, w): gradient to a */
};

/* The tensors in the order of the model file; the head's are last. */
static int add_tensors(struct network *net)
{
	const struct network_options *o = &net->options;
	size_t f = o->filters;
	struct weights *w = &net->weights;
	const struct network_tensor mean = {.name = "input.mean",
					.part = PART_INPUT,
					.rank = 1,
					.shape = {1}},
				    sd = {.name = "input.sd",
					.part = PART_INPUT,
					.range = WEIGHTS_POSITIVE,
					.first = 1,
					.rank = 1,
					.shape = {1}},
				    lgn = {.name = "lgn.weight",
					.part = PART_LGN,
					.learnt = true,
					.fan_in = o->k0 * o->k0,
					.rank = 4,
					.shape = {1, 1, o->k0, o->k0}},
				    v1 = {.name = "v1.weight",
					.part = PART_V1,
					.learnt = true,
					.fan_in = o->k1 * o->k1,
					.rank = 4,
					.shape = {f, 1, o->k1, o->k1}},
				    rms = {.name = "v1.rms",
					.part = PART_V1,
					.range = WEIGHTS_NOT_NEGATIVE,
					.first = 1,
					.rank = 1,
					.shape = {f}},
				    lateral = {.name = "lateral.weight",
					.part = PART_LATERAL,
					.learnt = true,
					.fan_in = f * o->kl * o->kl,
					.rank = 4,
					.shape = {f, f, o->kl, o->kl}};
	net->mean = weights_add(w, &mean);
	net->sd = weights_add(w, &sd);
	net->lgn_weight = weights_add(w, &lgn);
	if (batchnorm_create(&net->lgn_norm, w, "lgn_norm", PART_LGN, 1, false, net->threads) < 0)
		return -1;
	net->v1_weight = weights_add(w, &v1);
	if (batchnorm_create(&net->v1_norm, w, "v1_norm", PART_V1, f, false, net->threads) < 0)
		return -1;
	weights_add(w, &rms);
	net->lateral_weight = weights_add(w, &lateral);
	if (head_create(&net->head, w, f, o->classes, net->threads) < 0)
		return -1;
	return weights_allocate(w);
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
	net->images.comm = &comm_alone;
	net->s = conv_stride(o->filters);
	if (add_tensors(net) < 0 || !(net->lgn = conv_plan(1, 1, o->k0, net->threads)) ||
	    !(net->v1 = conv_plan(1, o->filters, o->k1, net->threads)) ||
	    !(net->lateral = conv_plan(o->filters, o->filters, o->kl, net->threads)) ||
	    !(net->moments = mem_alloc(2 * net->s, sizeof *net->moments))) {
		network_free(net);
		return NULL;
	}
	return net;
}

/* Sides and channels of a convolution's weights (out, in, k, k). */
static int kernel_shape(struct model *model, const char *name, size_t *out, size_t *k)
{
	const struct model_tensor *t = model_find(model, name);
	if (!t)
		return -1;
	if (t->rank != 4 || t->shape[2] != t->shape[3] || t->shape[2] % 2 == 0 || t->shape[0] == 0)
		return err_set("%s: %s: not the weights of a convolution with an odd square kernel",
		    model_path(model), name);
	*out = t->shape[0], *k = t->shape[2];
	return 0;
}

/* Sizes, lgn, propagation and T of a model file. */
static int read_options(struct model *model, struct network_options *o)
{
	size_t lgn_out, lateral_out;
	if (head_classes(model, &o->classes) < 0 ||
	    kernel_shape(model, "lgn.weight", &lgn_out, &o->k0) < 0 ||
	    kernel_shape(model, "v1.weight", &o->filters, &o->k1) < 0 ||
	    kernel_shape(model, "lateral.weight", &lateral_out, &o->kl) < 0)
		return -1;
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
			return err_set("%s: iterations: \"%s\" is not a number of propagations",
			    model_path(model), iterations);
	}
	return 0;
}

struct network *network_load(struct model *model, size_t threads)
{
	struct network_options options;
	if (read_options(model, &options) < 0)
		return NULL;
	struct network *net = network_create(&options, threads);
	if (net && weights_load(&net->weights, model) < 0) {
		network_free(net);
		return NULL;
	}
	return net;
}

int network_save(const struct network *net, struct model_out *out)
{
	return weights_save(&net->weights, out);
}

void network_join(struct network *net, const struct comm *comm)
{
	net->images.comm = comm;
}

const struct network_options *network_options(const struct network *net)
{
	return &net->options;
}

size_t network_tensors(const struct network *net)
{
	return net->weights.count;
}

const struct network_tensor *network_tensor(const struct network *net, size_t i)
{
	return &net->weights.list[i];
}

const struct network_tensor *network_find(const struct network *net, const char *name)
{
	for (size_t i = 0; i < net->weights.count; i++)
		if (strcmp(net->weights.list[i].name, name) == 0)
			return &net->weights.list[i];
	err_set("network: no tensor %s", name);
	return NULL;
}

size_t network_side_min(void)
{
	return head_side_min();
}

/* --- memory of a batch --- */

/* ht: each has its own memory, or h0 has and the others take turns in two, the one that was and the one that is. */
static real *h_of(const struct network *net, size_t t)
{
	return net->ht[t < net->h_count ? t : 1 + (t - 1) % 2];
}

/* Where the convolution of h(t-1) was positive: of each t, or of the last. */
static uint8_t *positive_of(const struct network *net, size_t t)
{
	return net->positive[t <= net->mask_count ? t - 1 : 0];
}

/* The gradient to the convolution of h(t-1), what its adjoint is given: one memory for all t where that keeps it. */
static real *u_of(const struct network *net, size_t t)
{
	return net->u[t < net->u_count ? t : 0];
}

static void release(struct network *net)
{
	for (size_t i = 0; net->ht && i < net->h_count; i++)
		free(net->ht[i]);
	for (size_t i = 0; net->positive && i < net->mask_count; i++)
		free(net->positive[i]);
	for (size_t i = 0; net->u && i < net->u_count; i++)
		free(net->u[i]);
	free(net->ht);
	free(net->positive);
	free(net->u);
	net->ht = net->u = NULL;
	net->positive = NULL;
	real **const arrays[] = {
	    &net->input, &net->convolved, &net->a, &net->z, &net->g, &net->dz, &net->da};
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
		free(*arrays[i]);
		*arrays[i] = NULL;
	}
	net->images.n = 0;
}

void network_free(struct network *net)
{
	if (!net)
		return;
	release(net);
	batchnorm_free(&net->lgn_norm);
	batchnorm_free(&net->v1_norm);
	head_free(&net->head);
	conv_free(net->lgn);
	conv_free(net->v1);
	conv_free(net->lateral);
	weights_free(&net->weights);
	free(net->moments);
	free(net);
}

/* What goes back through l1: for training, and for network_adjoint. numbers: n h w S. */
static int reserve_backward(struct network *net, size_t numbers)
{
	if (net->g)
		return 0;
	bool own = net->training && !conv_keeps_input(net->lateral);
	net->u_count = own ? net->h_count : 1;
	net->u = mem_alloc(net->u_count, sizeof *net->u);
	if (!net->u)
		return -1;
	for (size_t i = 0; i < net->u_count; i++) {
		if (!(net->u[i] = mem_alloc(numbers, sizeof(real))))
			return -1;
	}
	net->dz = mem_alloc(numbers, sizeof(real));
	net->g = net->dz ? mem_alloc(numbers, sizeof(real)) : NULL;
	return net->g ? 0 : -1;
}

/* plane: n h w, numbers: n h w S */
static int reserve(struct network *net, size_t plane, size_t numbers)
{
	if (!(net->input = mem_alloc(plane, sizeof(real))) ||
	    !(net->convolved = mem_alloc(plane, sizeof(real))) ||
	    !(net->a = mem_alloc(plane, sizeof(real))) ||
	    !(net->z = mem_alloc(numbers, sizeof(real))) ||
	    !(net->ht = mem_alloc(net->h_count, sizeof *net->ht)) ||
	    !(net->positive = mem_alloc(net->mask_count, sizeof *net->positive)))
		return -1;
	for (size_t i = 0; i < net->h_count; i++) {
		if (!(net->ht[i] = mem_alloc(numbers, sizeof(real))))
			return -1;
	}
	for (size_t i = 0; i < net->mask_count; i++) {
		if (!(net->positive[i] = mem_alloc(numbers, 1)))
			return -1;
	}
	if (!net->training)
		return 0;
	net->da = mem_alloc(plane, sizeof(real));
	return net->da ? reserve_backward(net, numbers) : -1;
}

static int resize(struct network *net, size_t n, size_t h, size_t w, size_t iterations,
    bool classify, bool training)
{
	size_t plane, numbers; /* n h w and n h w S */
	if (mem_multiply(n, h, &plane) < 0 || mem_multiply(plane, w, &plane) < 0 ||
	    mem_multiply(plane, net->s, &numbers) < 0 ||
	    conv_resize(net->lgn, n, h, w, 1, training) < 0 ||
	    conv_resize(net->v1, n, h, w, 1, training) < 0 ||
	    (iterations > 0 && conv_resize(net->lateral, n, h, w, iterations, training) < 0) ||
	    (classify && head_resize(&net->head, n, h, w, training) < 0))
		return -1;
	bool keep = training || net->keep, average = net->options.propagation == NETWORK_AVERAGE;
	size_t h_count = (keep || iterations < 2 ? iterations : 2) + 1;
	size_t mask_count = average ? (keep || iterations < 1 ? iterations : 1) : 0;
	net->kept = keep;
	if (net->images.n == n && net->h == h && net->w == w && net->training == training &&
	    net->h_count >= h_count && net->mask_count >= mask_count)
		return 0;
	release(net);
	net->h = h, net->w = w, net->training = training;
	net->h_count = h_count, net->mask_count = mask_count;
	if (reserve(net, plane, numbers) < 0)
		return -1;
	net->images.n = n;
	return 0;
}

/* --- forward --- */

static int lgn_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct network *net = argument;
	size_t pixels = net->h * net->w;
	const real *x = net->convolved + i * pixels;
	const struct batchnorm *norm = &net->lgn_norm;
	if (net->options.lgn == NETWORK_RELU)
		layer_affine_relu(pixels, 1, x, norm->scale, norm->shift, net->a + i * pixels);
	else
		layer_affine(pixels, 1, x, norm->scale, norm->shift, net->a + i * pixels);
	return 0;
}

static int v1_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct network *net = argument;
	const struct batchnorm *norm = &net->v1_norm;
	size_t row = net->w * net->s;
	/* a row at a time, so that what was normalised is rectified while it is near */
	for (size_t y = 0; y < net->h; y++) {
		real *z = net->z + (i * net->h + y) * row;
		layer_affine(net->w, net->s, z, norm->scale, norm->shift, z);
		layer_relu(row, z, net->ht[0] + (i * net->h + y) * row);
	}
	return 0;
}

/* A propagation, from h(t-1) to ht. */
struct propagation {
	const struct network *net;
	size_t t;
};

static int lateral_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct propagation *p = argument;
	const struct network *net = p->net;
	size_t count = net->h * net->w * net->s, first = i * count;
	real *h = h_of(net, p->t) + first;
	if (net->options.propagation == NETWORK_RECURRENT)
		layer_add_relu(count, net->z + first, h);
	else
		layer_average(
		    count, h_of(net, p->t - 1) + first, h, positive_of(net, p->t) + first);
	return 0;
}

static int propagate(struct network *net)
{
	const real *weights = net->lateral_weight->x;
	if (net->iterations > 0 && conv_weights(net->lateral, weights) < 0)
		return -1;
	for (size_t t = 1; t <= net->iterations; t++) {
		struct propagation propagation = {net, t};
		if (conv_exec(net->lateral, t - 1, h_of(net, t - 1), h_of(net, t)) < 0 ||
		    par_for(net->images.n, net->threads, lateral_image, &propagation) < 0)
			return -1;
	}
	return 0;
}

/* x (n, h, w) raw -> every layer; training: NULL for evaluation */
static int forward(struct network *net, const real *x, size_t n, size_t h, size_t w,
    size_t iterations, bool classify, const struct network_training *training)
{
	if (n == 0 || h == 0 || w == 0)
		return err_set("network: no pixels");
	if (classify && (h < head_side_min() || w < head_side_min()))
		return err_set("network: images of %zu x %zu px are too small, it needs %zu a side",
		    h, w, head_side_min());
	if (resize(net, n, h, w, iterations, classify, training != NULL) < 0)
		return -1;
	net->iterations = iterations;
	net->images.batch = training && training->batch ? training->batch : n;
	real mean = net->mean->x[0], scale = 1 / net->sd->x[0];
	for (size_t i = 0; i < n * h * w; i++)
		net->input[i] = (x[i] - mean) * scale;
	bool lgn_batch = training && (!training->freeze_lgn || training->fresh_norms);
	bool v1_batch = training && (!training->freeze_v1 || training->fresh_norms);
	if (conv_weights(net->lgn, net->lgn_weight->x) < 0 ||
	    conv_exec(net->lgn, 0, net->input, net->convolved) < 0 ||
	    batchnorm_prepare(&net->lgn_norm, &net->images, net->convolved, h * w, lgn_batch) < 0 ||
	    par_for(n, net->threads, lgn_image, net) < 0 ||
	    conv_weights(net->v1, net->v1_weight->x) < 0 ||
	    conv_exec(net->v1, 0, net->a, net->z) < 0 ||
	    batchnorm_prepare(&net->v1_norm, &net->images, net->z, h * w, v1_batch) < 0 ||
	    par_for(n, net->threads, v1_image, net) < 0)
		return -1;
	batchnorm_in_place(&net->v1_norm);
	if (propagate(net) < 0)
		return -1;
	if (!classify)
		return 0;
	struct head_training drawn = {0};
	if (training)
		drawn = (struct head_training){
		    training->dropout, training->seed, training->epoch, training->image};
	return head_run(&net->head, &net->images, training ? &drawn : NULL, h_of(net, iterations));
}

static bool all_finite(const real *x, size_t count)
{
	real sum = 0; /* a number times 0 is 0 if it is finite */
#pragma omp simd reduction(+ : sum)
	for (size_t i = 0; i < count; i++)
		sum += x[i] * 0;
	return sum == 0;
}

int network_run(struct network *net, const real *x, size_t n, size_t h, size_t w, size_t iterations,
    bool classify)
{
	if (forward(net, x, n, h, w, iterations, classify, NULL) < 0)
		return -1;
	size_t numbers = n * h * w * net->s;
	if (!all_finite(net->ht[0], numbers))
		return err_set("network: responses of l1 are not finite: the images' numbers or "
			       "the weights are too large");
	if (iterations > 0 && !all_finite(h_of(net, iterations), numbers))
		return err_set("network: responses grow without bound in %zu propagations: the "
			       "lateral kernel's gain is above 1",
		    iterations);
	if (classify && !all_finite(net->head.logits, n * net->options.classes))
		return err_set("network: logits are not finite: the head's weights are too large");
	return 0;
}

void network_keep(struct network *net)
{
	net->keep = true;
}

size_t network_chunk(const struct network *net, size_t h, size_t w, size_t iterations)
{
	/* about 100 MB of what is kept for each image */
	size_t kept = net->keep || iterations < 2 ? iterations : 2;
	double images = 1e8 / (4.0 * (double)h * (double)w * (double)net->s * (6 + (double)kept));
	return images < 2 ? 1 : images > 64 ? 64 : (size_t)images / 2 * 2;
}

/* --- backward --- */

/* g, the gradient to ht -> u, the gradient to the convolution of h(t-1); recurrent: also into dz */
static int gate_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct propagation *p = argument;
	const struct network *net = p->net;
	size_t count = net->h * net->w * net->s, first = i * count;
	const real *g = net->g + first;
	real *u = u_of(net, p->t) + first;
	if (net->options.propagation == NETWORK_AVERAGE)
		layer_average_adjoint(count, g, positive_of(net, p->t) + first, u);
	else
		layer_relu_adjoint(
		    count, g, h_of(net, p->t) + first, u, net->dz + first, p->t == net->iterations);
	return 0;
}

static int half_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct network *net = argument;
	size_t count = net->h * net->w * net->s, first = i * count;
	layer_half_add(count, net->dz + first, net->g + first);
	return 0;
}

static int first_gate_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct network *net = argument;
	size_t count = net->h * net->w * net->s, first = i * count;
	/* z goes into every recurrent ht, else into h0 alone */
	bool only = net->iterations == 0 || net->options.propagation == NETWORK_AVERAGE;
	layer_relu_adjoint(
	    count, net->g + first, net->ht[0] + first, net->u[0] + first, net->dz + first, only);
	return 0;
}

/* g, the gradient to hT, becomes dz; for the average dz is scratch until the end */
static int back_to_z(struct network *net)
{
	bool average = net->options.propagation == NETWORK_AVERAGE;
	size_t n = net->images.n;
	for (size_t t = net->iterations; t >= 1; t--) {
		struct propagation propagation = {net, t};
		real *dh = average ? net->dz : net->g;
		if (par_for(n, net->threads, gate_image, &propagation) < 0 ||
		    conv_adjoint(net->lateral, t - 1, u_of(net, t), dh) < 0)
			return -1;
		if (average && par_for(n, net->threads, half_image, net) < 0)
			return -1;
	}
	return par_for(n, net->threads, first_gate_image, net);
}

static void no_gradient(struct network_tensor *tensor)
{
	memset(tensor->gradient, 0, tensor->elements * sizeof(real));
}

/* the head's dlogits -> every gradient */
static int backward(struct network *net, const struct network_training *training)
{
	if (head_adjoint(&net->head, &net->images, net->g) < 0)
		return -1;
	no_gradient(net->lateral_weight);
	bool lateral = net->iterations > 0 && !training->freeze_lateral;
	bool below = !training->freeze_lgn || !training->freeze_v1;
	if ((lateral || below) && back_to_z(net) < 0)
		return -1;
	if (lateral &&
	    conv_gradient(net->lateral, net->iterations, net->lateral_weight->gradient) < 0)
		return -1;
	size_t pixels = net->h * net->w;
	real *da = training->freeze_lgn ? NULL : net->da;
	if (below &&
	    (batchnorm_adjoint(&net->v1_norm, &net->images, net->dz, NULL, net->z, pixels) < 0 ||
		conv_adjoint(net->v1, 0, net->dz, da) < 0 ||
		conv_gradient(net->v1, 1, net->v1_weight->gradient) < 0))
		return -1;
	if (training->freeze_v1) {
		no_gradient(net->v1_weight);
		no_gradient(net->v1_norm.bias);
	}
	if (training->freeze_lgn) {
		no_gradient(net->lgn_weight);
		no_gradient(net->lgn_norm.bias);
		return 0;
	}
	const real *rectified = net->options.lgn == NETWORK_RELU ? net->a : NULL;
	if (batchnorm_adjoint(&net->lgn_norm, &net->images, da, rectified, net->convolved, pixels) <
		0 ||
	    conv_adjoint(net->lgn, 0, da, NULL) < 0)
		return -1;
	return conv_gradient(net->lgn, 1, net->lgn_weight->gradient);
}

int network_train(struct network *net, const struct network_training *training, const real *x,
    const int32_t *labels, size_t n, size_t h, size_t w, double *loss, size_t *correct)
{
	const struct comm *comm = net->images.comm;
	size_t iterations = training->lateral ? net->options.iterations : 0;
	if (forward(net, x, n, h, w, iterations, true, training) < 0)
		return -1;
	double sums[] = {0, 0}; /* of losses, of correct answers */
	for (size_t i = 0; i < n; i++) {
		bool right;
		sums[0] += head_loss(&net->head, i, labels[i], net->images.batch, &right);
		sums[1] += right;
	}
	if (comm->sum(sums, 2) < 0)
		return -1;
	*loss = sums[0] / (double)net->images.batch;
	*correct = (size_t)sums[1];
	if (!isfinite(*loss))
		return err_set("the loss is not finite");
	if (backward(net, training) < 0)
		return -1;
	return comm->sum_real(net->weights.gradients, net->weights.gradient_count);
}

bool network_finite(const struct network *net)
{
	for (size_t i = 0; i < net->weights.count; i++) {
		const struct network_tensor *t = &net->weights.list[i];
		if (!all_finite(t->x, t->elements))
			return false;
	}
	return true;
}

/* --- what was computed --- */

/* (n, h, w, S) -> (n, F, h, w) */
static void to_planes(const struct network *net, const real *x, real *y)
{
	size_t pixels = net->h * net->w, filters = net->options.filters;
	for (size_t i = 0; i < net->images.n; i++) {
		for (size_t f = 0; f < filters; f++) {
			for (size_t p = 0; p < pixels; p++)
				y[(i * filters + f) * pixels + p] =
				    x[(i * pixels + p) * net->s + f];
		}
	}
}

/* (n, F, h, w) -> (n, h, w, S) */
static void from_planes(const struct network *net, const real *y, real *x)
{
	size_t pixels = net->h * net->w, filters = net->options.filters;
	for (size_t i = 0; i < net->images.n; i++) {
		for (size_t f = 0; f < filters; f++) {
			for (size_t p = 0; p < pixels; p++)
				x[(i * pixels + p) * net->s + f] =
				    y[(i * filters + f) * pixels + p];
		}
	}
}

void network_get(const struct network *net, enum network_layer layer, real *y)
{
	size_t n = net->images.n;
	switch (layer) {
	case NETWORK_A:
		memcpy(y, net->a, n * net->h * net->w * sizeof(real));
		break;
	case NETWORK_Z:
		to_planes(net, net->z, y);
		break;
	case NETWORK_H0:
		to_planes(net, net->ht[0], y);
		break;
	case NETWORK_HT:
		to_planes(net, h_of(net, net->iterations), y);
		break;
	case NETWORK_LOGITS:
		memcpy(y, net->head.logits, n * net->options.classes * sizeof(real));
		break;
	}
}

int network_adjoint(struct network *net, const real *dht, real *dz)
{
	if (!net->kept)
		return err_set("network: the last run kept nothing for its adjoint");
	if (reserve_backward(net, net->images.n * net->h * net->w * net->s) < 0)
		return -1;
	from_planes(net, dht, net->g);
	if (back_to_z(net) < 0)
		return -1;
	to_planes(net, net->dz, dz);
	return 0;
}

void network_score(
    const struct network *net, const int32_t *labels, double *loss_sum, size_t *correct)
{
	*loss_sum = 0;
	*correct = 0;
	for (size_t i = 0; i < net->images.n; i++) {
		bool right;
		*loss_sum += head_loss(&net->head, i, labels[i], 0, &right);
		*correct += right;
	}
}

void network_square(const struct network *net, double *square)
{
	size_t pixels = net->h * net->w, s = net->s;
	for (size_t i = 0; i < net->images.n; i++) {
		memset(net->moments, 0, 2 * s * sizeof *net->moments);
		layer_moments(
		    pixels, s, net->ht[0] + i * pixels * s, net->moments, net->moments + s);
		for (size_t f = 0; f < net->options.filters; f++)
			square[f] += net->moments[s + f];
	}
}

int network_lateral_norm(const struct network *net, double *norm)
{
	return gain_largest(
	    net->lateral_weight->x, net->options.filters, net->options.kl, net->threads, norm);
}

int network_may_grow(const struct network *net, size_t iterations, size_t trained)
{
	double gain;
	if (iterations <= trained)
		return 0;
	if (network_lateral_norm(net, &gain) < 0)
		return -1;
	if (!(gain >= 1))
		return 0;
	err_set("-T %zu: %zu in training, and the kernel's largest gain is %.3g, not below 1: "
		"responses may grow with every "
		"propagation",
	    iterations, trained, gain);
	return 1;
}
