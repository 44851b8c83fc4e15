/*
 * What tests/bench/learning.py times: convolutions, their floor and training steps. Reads commands on standard input,
 * answers each with milliseconds per image on standard output: by the clock, then of all threads' processor time.
 *
 *	conv CHANNELS SIDE K N            weights, forward, gradients to input and weights
 *	floor CHANNELS SIDE K N           the same transforms and products alone, from memory to memory
 *	cache CHANNELS SIDE K N           and on data that stay in the first-level cache
 *	train F K0 K1 KL T CROP N         a training step
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "conv/conv.h"
#include "conv/vector_fft.h"
#include "conv/product.h"
#include "net/network.h"
#include "net/optimiser.h"

static size_t threads;

/* ms per image */
struct cost {
	double elapsed, cpu;
};

static double clock_of(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct cost start(void)
{
	return (struct cost){clock_of(CLOCK_MONOTONIC), clock_of(CLOCK_PROCESS_CPUTIME_ID)};
}

static struct cost since(struct cost start, size_t images)
{
	const double ms = 1e3 / (double)images;
	return (struct cost){ms * (clock_of(CLOCK_MONOTONIC) - start.elapsed),
	    ms * (clock_of(CLOCK_PROCESS_CPUTIME_ID) - start.cpu)};
}

static void fail(void)
{
	fprintf(stderr, "learning: %s\n", err_reason());
	exit(1);
}

static real *numbers(size_t count)
{
	real *x = mem_alloc(count, sizeof *x);
	struct rng rng = rng_start(1, RNG_TEST, 0, count);
	for (size_t i = 0; x && i < count; i++)
		x[i] = (real)rng_uniform(&rng) - (real)0.5;
	return x ? x : (fail(), NULL);
}

static struct {
	struct conv *plan;
	size_t c, side, k, n;
	real *x, *y, *w;
} kept;

static struct cost time_conv(size_t c, size_t side, size_t k, size_t n)
{
	if (kept.c != c || kept.side != side || kept.k != k || kept.n != n) {
		conv_free(kept.plan);
		free(kept.x);
		free(kept.y);
		free(kept.w);
		kept.c = c, kept.side = side, kept.k = k, kept.n = n;
		kept.x = numbers(n * side * side * conv_stride(c));
		kept.y = numbers(n * side * side * conv_stride(c));
		kept.w = numbers(c * c * k * k);
		kept.plan = conv_plan(c, c, k, threads);
		if (!kept.plan || conv_resize(kept.plan, n, side, side, 1, true) < 0)
			fail();
	}
	const struct cost before = start();
	if (conv_weights(kept.plan, kept.w) < 0 || conv_exec(kept.plan, 0, kept.x, kept.y) < 0 ||
	    conv_adjoint(kept.plan, 0, kept.y, kept.x) < 0 ||
	    conv_gradient(kept.plan, 1, kept.w) < 0)
		fail();
	const struct cost cost = since(before, n);
	/* keep what goes round bounded */
	for (size_t i = 0; i < c * c * k * k; i++)
		kept.w[i] = (real)(i % 97) / 97 - (real)0.5;
	for (size_t i = 0; i < n * side * side * conv_stride(c); i++)
		kept.x[i] = (real)(i % 89) / 89 - (real)0.5;
	return cost;
}

/*
 * The floor: each of a convolution's, its adjoint's and gradient's transforms once (images there and back, gradients
 * there and back, the kernel there and back, of as many elements as are there or wanted) and the products, alone.
 * `memory`: at their own sizes and shapes, 2-D transforms from arrays of all images to arrays of all spectra and products
 * from those to others; else as many of them on a few elements that stay in the first-level cache.
 */
struct floor {
	struct vector_fft *fft;
	size_t points, side, k, s, pairs;
	size_t planes, kernels; /* planes: pairs of images, LANES channels each */
	bool memory;
	real *images, *spectra, *products; /* (planes; side^2 or points^2 elements) */
};

/* `lines` transforms, so many numbers from one line to the next and from one element to the next */
struct lines {
	real *x;
	size_t line, element, count;
};

static void transform(
    const struct floor *f, size_t lines, struct lines from, struct lines to, real *scratch)
{
	for (size_t i = 0; i < lines; i++) {
		const real *x = from.x + i * from.line;
		real *y = to.x + i * to.line;
		vector_fft_exec(f->fft,
		    &(struct vector_fft_in){x, x + LANES, from.element, 0, from.count},
		    &(struct vector_fft_out){y, y + LANES, to.element, 0, to.count}, scratch);
	}
}

static int floor_item(size_t item, size_t worker, void *argument)
{
	(void)worker;
	const struct floor *f = argument;
	const size_t n = f->points, side = f->side, blocks = f->s / LANES,
		     row = f->pairs * blocks * ELEMENT;
	const size_t far = f->memory ? 1 : 0; /* 0: the same line again and again */
	real *own = numbers(2 * n * ELEMENT + 2 * row),
	     *scratch = numbers(vector_fft_scratch(f->fft));
	real *plane = f->memory ? numbers((n + 1) * n * ELEMENT) : own;
	real *w = numbers(blocks * f->s * ELEMENT);
	const struct lines rows = {plane, far * (n + 1) * ELEMENT, ELEMENT, n};
	const struct lines columns = {
	    plane, far * ELEMENT, f->memory ? (n + 1) * ELEMENT : ELEMENT, side};
	for (size_t i = item; i < 2 * f->planes; i += threads) { /* images and gradients */
		size_t p = far * (i % f->planes);
		const struct lines image = {
		    f->memory ? f->images + p * side * side * ELEMENT : own + n * ELEMENT,
		    far * side * ELEMENT, ELEMENT, side};
		const struct lines spectrum = {
		    f->memory ? f->spectra + p * n * n * ELEMENT : own + n * ELEMENT,
		    far * n * ELEMENT, ELEMENT, n};
		const struct lines product = {
		    f->memory ? f->products + p * n * n * ELEMENT : own + n * ELEMENT,
		    far * n * ELEMENT, ELEMENT, n};
		transform(f, side, image, rows, scratch);
		transform(f, n, columns, spectrum, scratch);
		transform(f, n, product, columns, scratch);
		transform(f, side, rows, image, scratch);
	}
	const struct lines taps = {own, 0, ELEMENT, f->k},
			   kernel = {own + n * ELEMENT, 0, ELEMENT, n};
	for (size_t i = item; i < f->kernels; i += threads) {
		transform(f, 1, taps, kernel, scratch);
		transform(f, 1, kernel, taps, scratch);
	}
	for (size_t pass = 0; pass < 3;
	     pass++) { /* forward, adjoint, gradient, which sums over two frequencies */
		for (size_t i = item; i < n * n; i += pass == 2 ? 2 * threads : threads) {
			real *x = f->memory ? f->spectra + i * row : own + 2 * n * ELEMENT;
			real *y = f->memory ? f->products + i * row : own + 2 * n * ELEMENT + row;
			for (size_t b = 0; b < blocks; b++) {
				real *weights = w + b * f->s * ELEMENT, *block = y + b * ELEMENT;
				if (pass < 2)
					product_complex(f->pairs, f->s, x, blocks * ELEMENT,
					    weights, block, blocks * ELEMENT, pass == 1);
				else
					product_gradient(f->pairs, f->s, x, x, blocks * ELEMENT,
					    block, block, blocks * ELEMENT, weights, false);
			}
		}
	}
	if (f->memory)
		free(plane);
	free(own), free(scratch), free(w);
	return 0;
}

static struct cost time_floor(bool memory, size_t c, size_t side, size_t k, size_t n)
{
	static struct floor f;
	static size_t before[5];
	const size_t now[5] = {memory, c, side, k, n};
	if (memcmp(before, now, sizeof now) != 0) {
		free(f.images), free(f.spectra), free(f.products);
		vector_fft_free(f.fft);
		size_t points = vector_fft_good_size(side + k / 2 > k ? side + k / 2 : k),
		       s = conv_stride(c), pairs = (n + 1) / 2;
		size_t planes = pairs * (s / LANES);
		f = (struct floor){vector_fft_plan(points), points, side, k, s, pairs, planes,
		    c * (s / LANES) * (points / 2 + 1), memory,
		    numbers(planes * side * side * ELEMENT),
		    numbers(planes * points * points * ELEMENT),
		    numbers(planes * points * points * ELEMENT)};
		memcpy(before, now, sizeof now);
	}
	const struct cost begun = start();
	if (!f.fft || par_for(threads, threads, floor_item, &f) < 0)
		fail();
	const struct cost cost = since(begun, n);
	/* keep what goes round bounded */
	for (size_t i = 0; i < f.planes * f.points * f.points * ELEMENT; i++)
		f.spectra[i] = f.products[i] = (real)(i % 89) / 89 - (real)0.5;
	return cost;
}

static struct cost time_train(const struct network_options *options, size_t crop, size_t n)
{
	static struct network_options before;
	static struct network *net;
	static struct optimiser *optimiser;
	static size_t crop_before, n_before;
	static real *x;
	static int32_t *labels;
	if (memcmp(&before, options, sizeof before) != 0 || crop != crop_before || n != n_before) {
		network_free(net);
		optimiser_free(optimiser);
		free(x);
		free(labels);
		before = *options, crop_before = crop, n_before = n;
		net = network_create(options, threads);
		optimiser = net ? optimiser_create(net) : NULL;
		x = numbers(n * crop * crop);
		labels = mem_alloc(n, sizeof *labels);
		if (!net || !optimiser || !labels)
			fail();
		for (size_t i = 0; i < network_tensors(net); i++) {
			const struct network_tensor *t = network_tensor(net, i);
			struct rng rng = rng_start(1, RNG_TEST, 0, i);
			for (size_t j = 0; t->rank > 1 && j < t->elements; j++)
				t->x[j] = (real)(0.02 * rng_normal(&rng));
		}
	}
	const struct network_training training = {.lateral = true, .dropout = 0.5, .seed = 1};
	const struct optimiser_decay decay = {
	    .lgn = 5e-3, .v1 = 2e-3, .lateral = 2e-3, .head = 5e-4};
	const struct cost begun = start();
	double loss;
	size_t correct;
	if (network_train(net, &training, x, labels, n, crop, crop, &loss, &correct) < 0)
		fail();
	optimiser_step(optimiser, net, 1e-4, 0.9, &decay, &training);
	return since(begun, n);
}

int main(int argc, char **argv)
{
	threads = argc > 1 ? strtoul(argv[1], NULL, 10) : par_cpus();
	char command[256];
	while (fgets(command, sizeof command, stdin)) {
		size_t a, b, c, d, crop, n;
		struct network_options o = {.classes = 10};
		struct cost cost;
		if (sscanf(command, "conv %zu %zu %zu %zu", &a, &b, &c, &d) == 4)
			cost = time_conv(a, b, c, d);
		else if (sscanf(command, "floor %zu %zu %zu %zu", &a, &b, &c, &d) == 4)
			cost = time_floor(true, a, b, c, d);
		else if (sscanf(command, "cache %zu %zu %zu %zu", &a, &b, &c, &d) == 4)
			cost = time_floor(false, a, b, c, d);
		else if (sscanf(command, "train %zu %zu %zu %zu %zu %zu %zu", &o.filters, &o.k0,
			     &o.k1, &o.kl, &o.iterations, &crop, &n) == 7)
			cost = time_train(&o, crop, n);
		else
			return 2;
		printf("%.6f\t%.6f\n", cost.elapsed, cost.cpu);
		fflush(stdout);
	}
	return 0;
}
