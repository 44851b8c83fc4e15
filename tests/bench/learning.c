/*
 * What tests/bench/learning.py times: convolutions and training steps. Reads commands on standard input,
 * answers each with milliseconds per image on standard output: by the clock, then of all threads' processor time.
 *
 *	conv CHANNELS SIDE K N            weights, forward, gradients to input and weights
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
