/* The classifier, forward and backward: see head.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "net/head.h"
#include "net/layers.h"

int head_create(struct head *head, struct network_tensor *tensor, const struct network_options *o,
    size_t threads)
{
	head->s = conv_stride(o->filters);
	head->classes = o->classes;
	head->threads = threads;
	head->tensor = tensor;
	if (norm_create(&head->norm_1, &tensor[TENSOR_HEAD_1_NORM], threads) < 0 ||
	    norm_create(&head->norm_2, &tensor[TENSOR_HEAD_2_NORM], threads) < 0 ||
	    !(head->conv_1 = conv_plan(o->filters, NETWORK_HEAD, 3, threads)) ||
	    !(head->conv_2 = conv_plan(NETWORK_HEAD, NETWORK_HEAD, 3, threads)))
		return -1;
	return 0;
}

/* --- memory of a batch --- */

static void release(struct head *head)
{
	real **const arrays[] = {&head->pool_1, &head->convolved_1, &head->rectified_1,
	    &head->pool_2, &head->convolved_2, &head->rectified_2, &head->features, &head->dropout,
	    &head->logits, &head->dpool_1, &head->drectified_1, &head->dpool_2, &head->drectified_2,
	    &head->dfeatures, &head->dlogits};
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
		free(*arrays[i]);
		*arrays[i] = NULL;
	}
	free(head->place_1);
	free(head->place_2);
	head->place_1 = head->place_2 = NULL;
	head->n = 0;
}

void head_free(struct head *head)
{
	release(head);
	norm_free(&head->norm_1);
	norm_free(&head->norm_2);
	conv_free(head->conv_1);
	conv_free(head->conv_2);
}

int head_resize(struct head *head, size_t n, size_t h, size_t w, bool training)
{
	const size_t h4 = h / 4, w4 = w / 4, h8 = h / 8, w8 = w / 8, s = head->s;
	if (conv_resize(head->conv_1, n, h4, w4, 1, training) < 0 ||
	    conv_resize(head->conv_2, n, h8, w8, 1, training) < 0)
		return -1;
	if (head->n == n && head->h == h && head->w == w && head->training == training)
		return 0;
	release(head);
	const struct {
		real **array;
		size_t numbers; /* of an image */
		bool backward;
	} arrays[] = {
	    {&head->pool_1, h4 * w4 * s, false},
	    {&head->convolved_1, h4 * w4 * NETWORK_HEAD, false},
	    {&head->rectified_1, h4 * w4 * NETWORK_HEAD, false},
	    {&head->pool_2, h8 * w8 * NETWORK_HEAD, false},
	    {&head->convolved_2, h8 * w8 * NETWORK_HEAD, false},
	    {&head->rectified_2, h8 * w8 * NETWORK_HEAD, false},
	    {&head->features, HEAD_FEATURES, false},
	    {&head->dropout, HEAD_FEATURES, false},
	    {&head->logits, head->classes, false},
	    {&head->dpool_1, h4 * w4 * s, true},
	    {&head->drectified_1, h4 * w4 * NETWORK_HEAD, true},
	    {&head->dpool_2, h8 * w8 * NETWORK_HEAD, true},
	    {&head->drectified_2, h8 * w8 * NETWORK_HEAD, true},
	    {&head->dfeatures, HEAD_FEATURES, true},
	    {&head->dlogits, head->classes, true},
	};
	/* the images themselves, n h w S, exist, and an image has 128 channels on a sixteenth of their pixels */
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
		size_t count;
		if (arrays[i].backward && !training)
			continue;
		if (mem_multiply(n, arrays[i].numbers, &count) < 0 ||
		    !(*arrays[i].array = mem_alloc(count, sizeof(real))))
			return -1;
	}
	head->place_1 = mem_alloc(n, h4 * w4 * s);
	head->place_2 = mem_alloc(n, h8 * w8 * NETWORK_HEAD);
	if (!head->place_1 || !head->place_2)
		return -1;
	head->n = n, head->h = h, head->w = w, head->training = training;
	return 0;
}

/* --- forward --- */

struct forward {
	struct head *head;
	const real *x; /* (n, h, w, S) */
};

static int pool_1_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct forward *forward = argument;
	const struct head *head = forward->head;
	size_t h = head->h, w = head->w, s = head->s, out = (h / 4) * (w / 4) * s;
	layer_max_pool(h, w, s, 4, forward->x + i * h * w * s, head->pool_1 + i * out,
	    head->place_1 + i * out);
	return 0;
}

static int pool_2_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct head *head = argument;
	size_t h = head->h / 4, w = head->w / 4, s = NETWORK_HEAD;
	size_t in = h * w * s, out = (h / 2) * (w / 2) * s;
	real *y = head->rectified_1 + i * in;
	layer_affine_relu(
	    h * w, s, head->convolved_1 + i * in, head->norm_1.scale, head->norm_1.shift, y);
	layer_max_pool(h, w, s, 2, y, head->pool_2 + i * out, head->place_2 + i * out);
	return 0;
}

static int features_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct head *head = argument;
	size_t h = head->h / 8, w = head->w / 8, s = NETWORK_HEAD, in = h * w * s;
	real *y = head->rectified_2 + i * in;
	layer_affine_relu(
	    h * w, s, head->convolved_2 + i * in, head->norm_2.scale, head->norm_2.shift, y);
	layer_average_pool(h, w, s, NETWORK_HEAD, y, head->features + i * HEAD_FEATURES);
	return 0;
}

/* features (n, 512) -> logits (n, C) with weights (C, 512) and bias (C) */
static void linear(struct head *head)
{
	size_t classes = head->classes;
	for (size_t i = 0; i < head->n; i++) {
		const real *x = head->features + i * HEAD_FEATURES;
		for (size_t c = 0; c < classes; c++) {
			const real *w = head->tensor[TENSOR_LINEAR].x + c * HEAD_FEATURES;
			real sum = 0;
#pragma omp simd reduction(+ : sum)
			for (size_t j = 0; j < HEAD_FEATURES; j++)
				sum += w[j] * x[j];
			head->logits[i * classes + c] = sum + head->tensor[TENSOR_LINEAR_BIAS].x[c];
		}
	}
}

/* Each feature times 0 or 1/(1 - p), drawn anew for each image and epoch. */
static void drop_out(struct head *head, const struct network_training *training)
{
	double p = training->dropout;
	uint32_t threshold = (uint32_t)fmin(p * 4294967296.0, 4294967295.0);
	real scale = (real)(1 / (1 - p));
	for (size_t i = 0; i < head->n; i++) {
		struct rng rng = rng_start(training->seed, RNG_DROPOUT, training->epoch,
		    training->image ? training->image[i] : i);
		for (size_t j = i * HEAD_FEATURES; j < (i + 1) * HEAD_FEATURES; j++) {
			head->dropout[j] = rng_bits(&rng) < threshold ? 0 : scale;
			head->features[j] *= head->dropout[j];
		}
	}
}

int head_run(struct head *head, const struct norm_images *images,
    const struct network_training *training, const real *x)
{
	struct forward forward = {head, x};
	size_t pixels_4 = (head->h / 4) * (head->w / 4), pixels_8 = (head->h / 8) * (head->w / 8);
	bool batch = training != NULL;
	if (par_for(head->n, head->threads, pool_1_image, &forward) < 0 ||
	    conv_weights(head->conv_1, head->tensor[TENSOR_HEAD_1].x) < 0 ||
	    conv_exec(head->conv_1, 0, head->pool_1, head->convolved_1) < 0 ||
	    norm_prepare(&head->norm_1, images, head->convolved_1, pixels_4, batch) < 0 ||
	    par_for(head->n, head->threads, pool_2_image, head) < 0 ||
	    conv_weights(head->conv_2, head->tensor[TENSOR_HEAD_2].x) < 0 ||
	    conv_exec(head->conv_2, 0, head->pool_2, head->convolved_2) < 0 ||
	    norm_prepare(&head->norm_2, images, head->convolved_2, pixels_8, batch) < 0 ||
	    par_for(head->n, head->threads, features_image, head) < 0)
		return -1;
	if (training)
		drop_out(head, training);
	linear(head);
	return 0;
}

double head_loss(const struct head *head, size_t i, int32_t label, size_t batch, bool *correct)
{
	size_t classes = head->classes, largest;
	const real *x = head->logits + i * classes;
	double log_sum = layer_log_sum_exp(classes, x, &largest);
	for (size_t c = 0; batch > 0 && c < classes; c++) {
		double d = exp((double)x[c] - log_sum) - (c == (size_t)label ? 1 : 0);
		head->dlogits[i * classes + c] = (real)(d / (double)batch);
	}
	*correct = largest == (size_t)label;
	return log_sum - (double)x[label];
}

/* --- backward --- */

/* dlogits (n, C) -> gradients to weights and bias, dfeatures (n, 512) through dropout */
static void linear_adjoint(struct head *head)
{
	size_t classes = head->classes;
	const real *w = head->tensor[TENSOR_LINEAR].x;
	real *dw = head->tensor[TENSOR_LINEAR].gradient;
	real *db = head->tensor[TENSOR_LINEAR_BIAS].gradient;
	memset(dw, 0, classes * HEAD_FEATURES * sizeof(real));
	memset(db, 0, classes * sizeof(real));
	memset(head->dfeatures, 0, head->n * HEAD_FEATURES * sizeof(real));
	for (size_t i = 0; i < head->n; i++) {
		const real *x = head->features + i * HEAD_FEATURES;
		real *dx = head->dfeatures + i * HEAD_FEATURES;
		for (size_t c = 0; c < classes; c++) {
			real g = head->dlogits[i * classes + c];
			db[c] += g;
			for (size_t j = 0; j < HEAD_FEATURES; j++) {
				dw[c * HEAD_FEATURES + j] += g * x[j];
				dx[j] += g * w[c * HEAD_FEATURES + j];
			}
		}
		for (size_t j = 0; j < HEAD_FEATURES; j++)
			dx[j] *= head->dropout[i * HEAD_FEATURES + j];
	}
}

static int unpool_2_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct head *head = argument;
	size_t h = head->h / 4, w = head->w / 4, s = NETWORK_HEAD;
	size_t in = h * w * s, out = (h / 2) * (w / 2) * s;
	layer_max_pool_adjoint(h, w, s, 2, head->dpool_2 + i * out, head->place_2 + i * out,
	    head->drectified_1 + i * in);
	return 0;
}

struct backward {
	const struct head *head;
	real *dx; /* (n, h, w, S) */
};

static int unpool_1_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct backward *backward = argument;
	const struct head *head = backward->head;
	size_t h = head->h, w = head->w, s = head->s, out = (h / 4) * (w / 4) * s;
	layer_max_pool_adjoint(h, w, s, 4, head->dpool_1 + i * out, head->place_1 + i * out,
	    backward->dx + i * h * w * s);
	return 0;
}

int head_adjoint(struct head *head, const struct norm_images *images, real *dx)
{
	size_t h8 = head->h / 8, w8 = head->w / 8, s = NETWORK_HEAD;
	size_t pixels_4 = (head->h / 4) * (head->w / 4), pixels_8 = h8 * w8;
	struct backward backward = {head, dx};
	linear_adjoint(head);
	for (size_t i = 0; i < head->n; i++)
		layer_average_pool_adjoint(h8, w8, s, s, head->dfeatures + i * HEAD_FEATURES,
		    head->drectified_2 + i * pixels_8 * s);
	if (norm_adjoint(&head->norm_2, images, head->drectified_2, head->rectified_2,
		head->convolved_2, pixels_8) < 0 ||
	    conv_adjoint(head->conv_2, 0, head->drectified_2, head->dpool_2) < 0 ||
	    conv_gradient(head->conv_2, 1, head->tensor[TENSOR_HEAD_2].gradient) < 0 ||
	    par_for(head->n, head->threads, unpool_2_image, head) < 0 ||
	    norm_adjoint(&head->norm_1, images, head->drectified_1, head->rectified_1,
		head->convolved_1, pixels_4) < 0 ||
	    conv_adjoint(head->conv_1, 0, head->drectified_1, head->dpool_1) < 0 ||
	    conv_gradient(head->conv_1, 1, head->tensor[TENSOR_HEAD_1].gradient) < 0)
		return -1;
	return par_for(head->n, head->threads, unpool_1_image, &backward);
}
