/*
 * What tests/bench/learning.py times: convolutions, their floor and training steps. Reads commands on standard input,
 * answers each with milliseconds per image on standard output.
 *
 *	conv CHANNELS SIDE K N            weights, forward, gradients to input and weights
 *	floor CHANNELS SIDE K N           the same transforms and products alone, on data that stay in the cache
 *	train F K0 K1 KL T CROP N         a training step
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/threads.h"
#include "conv/conv.h"
#include "conv/lanes.h"
#include "conv/product.h"
#include "net/network.h"
#include "net/optimiser.h"

static size_t threads;

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

static double time_conv(size_t c, size_t side, size_t k, size_t n)
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
	double start = progress_clock();
	if (conv_weights(kept.plan, kept.w) < 0 || conv_exec(kept.plan, 0, kept.x, kept.y) < 0 ||
	    conv_adjoint(kept.plan, 0, kept.y, kept.x) < 0 ||
	    conv_gradient(kept.plan, 1, kept.w) < 0)
		fail();
	double seconds = progress_clock() - start;
	/* keep what goes round bounded */
	for (size_t i = 0; i < c * c * k * k; i++)
		kept.w[i] = (real)(i % 97) / 97 - (real)0.5;
	for (size_t i = 0; i < n * side * side * conv_stride(c); i++)
		kept.x[i] = (real)(i % 89) / 89 - (real)0.5;
	return 1e3 * seconds / (double)n;
}

/* What cannot be saved of a convolution, its adjoint and gradient: each of its transforms once, images', gradients' and
 * the kernel's, of as many elements as are there or wanted, and the products. On data that stay in the cache. */
struct floor {
	struct lanes_fft *fft;
	size_t points, side, k, s, pairs;
	size_t rows, columns, kernels, frequencies; /* of a worker */
};

static void repeat(const struct floor *f, size_t times, size_t given, size_t wanted, real *room)
{
	real *out = room + 2 * f->points * LANES, *own = out + 2 * f->points * LANES;
	for (size_t i = 0; i < times; i++)
		lanes_fft_exec(f->fft, &(struct lanes_in){room, room + LANES, 2 * LANES, 0, given},
		    &(struct lanes_out){out, out + LANES, 2 * LANES, 0, wanted}, own);
}

static int floor_item(size_t item, size_t worker, void *argument)
{
	(void)item;
	(void)worker;
	const struct floor *f = argument;
	real *room = numbers(4 * f->points * LANES + lanes_fft_scratch(f->fft));
	real *x = numbers(f->pairs * 2 * f->s), *w = numbers(f->s * 2 * LANES),
	     *y = numbers(f->pairs * 2 * LANES);
	/* of each four, two go to the spectrum and two come back */
	repeat(f, (f->rows + f->columns) / 2, f->side, f->points, room);
	repeat(f, (f->rows + f->columns) / 2, f->points, f->side, room);
	repeat(f, f->kernels / 2, f->k, f->points, room);
	repeat(f, f->kernels / 2, f->points, f->k, room);
	for (size_t i = 0; i < f->frequencies; i++) {
		product_complex(f->pairs, f->s, f->s, x, w, y, 2 * LANES, false);
		product_complex(f->pairs, f->s, f->s, x, w, y, 2 * LANES, true);
		if (i % 2 == 0) /* each sums over two frequencies */
			product_gradient(f->pairs, f->s, f->s, x, y, x, y, w, false);
	}
	free(room), free(x), free(w), free(y);
	return 0;
}

static double time_floor(size_t c, size_t side, size_t k, size_t n)
{
	size_t points = lanes_good_size(side + k / 2 > k ? side + k / 2 : k), s = conv_stride(c);
	struct floor f = {lanes_fft_plan(points), points, side, k, s, (n + 1) / 2, 0, 0, 0, 0};
	size_t vectors = f.pairs * (s / LANES);
	f.rows = 4 * vectors * side / threads;
	f.columns = 4 * vectors * points / threads;
	f.kernels = 2 * c * (s / LANES) * (points / 2 + 1) / threads;
	f.frequencies = points * points * (s / LANES) / threads;
	double start = progress_clock();
	if (!f.fft || par_for(threads, threads, floor_item, &f) < 0)
		fail();
	double seconds = progress_clock() - start;
	lanes_fft_free(f.fft);
	return 1e3 * seconds / (double)n;
}

static double time_train(const struct network_options *options, size_t crop, size_t n)
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
	double loss, start = progress_clock();
	size_t correct;
	if (network_train(net, &training, x, labels, n, crop, crop, &loss, &correct) < 0)
		fail();
	optimiser_step(optimiser, net, 1e-4, 0.9, &decay, &training);
	return 1e3 * (progress_clock() - start) / (double)n;
}

int main(int argc, char **argv)
{
	threads = argc > 1 ? strtoul(argv[1], NULL, 10) : par_cpus();
	char line[256];
	while (fgets(line, sizeof line, stdin)) {
		size_t a, b, c, d, crop, n;
		struct network_options o = {.classes = 10};
		if (sscanf(line, "conv %zu %zu %zu %zu", &a, &b, &c, &d) == 4)
			printf("%.6f\n", time_conv(a, b, c, d));
		else if (sscanf(line, "floor %zu %zu %zu %zu", &a, &b, &c, &d) == 4)
			printf("%.6f\n", time_floor(a, b, c, d));
		else if (sscanf(line, "train %zu %zu %zu %zu %zu %zu %zu", &o.filters, &o.k0, &o.k1,
			     &o.kl, &o.iterations, &crop, &n) == 7)
			printf("%.6f\n", time_train(&o, crop, n));
		else
			return 2;
		fflush(stdout);
	}
	return 0;
}
