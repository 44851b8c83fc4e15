/*
 * The network against finite differences, threads, what is kept; double-network.c is the same in
 * double. tests/train-v1.bats compares every tensor with PyTorch's (helper/network.c, golden/net.py).
 */
#include "base/memory.h"
#include "net/gain.h"
#include "net/network.h"
#include "net/optimiser.h"
#include "check.h"

enum { N = 5, H = 19, W = 18, F = 5, CLASSES = 3 };

static const char *const parameters[] = {"lgn.weight", "lgn_norm.bias", "v1.weight", "v1_norm.bias",
    "lateral.weight", "head.1.weight", "head.2.weight", "head.2.bias", "head.5.weight",
    "head.6.weight", "head.6.bias", "head.11.weight", "head.11.bias"};
#define PARAMETERS (sizeof parameters / sizeof *parameters)

static struct network_options shape(size_t filters, size_t iterations, int propagation)
{
	return (struct network_options){.k0 = 3,
	    .filters = filters,
	    .k1 = 5,
	    .kl = 5,
	    .iterations = iterations,
	    .classes = CLASSES,
	    .propagation = (enum network_propagation)propagation};
}

static const int32_t labels[N] = {0, 1, 2, 0, 1};

/* numbers in [-1/2, 1/2): a hash of the position */
static double formula(uint64_t i, uint64_t k)
{
	uint64_t x = (k + 1000003 * i) * 0x9E3779B97F4A7C15u;
	x = (x ^ (x >> 31)) * 0xBF58476D1CE4E5B9u;
	return (double)(x >> 11) / 9007199254740992.0 - 0.5;
}

static real *formula_array(uint64_t i, size_t count)
{
	real *x = mem_alloc(count, sizeof(real));
	for (size_t k = 0; x && k < count; k++)
		x[k] = (real)formula(i, k + 1);
	return x;
}

static struct network *prepare(const struct network_options *options, size_t threads)
{
	struct network *net = network_create(options, threads);
	for (size_t i = 0; net && i < PARAMETERS; i++) {
		const struct network_tensor *t = network_find(net, parameters[i]);
		bool scale =
		    strcmp(t->name, "head.2.weight") == 0 || strcmp(t->name, "head.6.weight") == 0;
		bool lateral = strcmp(t->name, "lateral.weight") == 0;
		for (size_t k = 0; k < t->elements; k++) {
			double w = formula(i, k + 1);
			t->x[k] = (real)(scale ? 1 + w : lateral ? w / 5 : w);
		}
	}
	network_find(net, "input.mean")->x[0] = (real)0.1;
	network_find(net, "input.sd")->x[0] = (real)0.6;
	return net;
}

#ifdef REAL_DOUBLE
/* the slope of the loss along a random direction of each tensor against its gradient */
static void finite_differences(const struct network_options *options)
{
	struct network *net = prepare(options, 1);
	real *x = formula_array(100, N * H * W);
	const struct network_training training = {.lateral = true, .dropout = 0.5, .seed = 3};
	size_t correct;
	for (size_t i = 0; i < PARAMETERS; i++) {
		const struct network_tensor *t = network_find(net, parameters[i]);
		if (strcmp(t->name, "lateral.weight") == 0 && options->iterations == 0)
			continue;
		double loss[3], step = 1e-6, slope = 0;
		for (int s = 0; s < 3; s++) {
			for (size_t k = 0; s > 0 && k < t->elements; k++)
				t->x[k] += (s == 1 ? 1 : -2) * step * formula(500 + i, k + 1);
			CHECK(network_train(
				  net, &training, x, labels, N, H, W, &loss[s], &correct) == 0);
			for (size_t k = 0; s == 0 && k < t->elements; k++)
				slope += t->gradient[k] * formula(500 + i, k + 1);
		}
		double measured = (loss[1] - loss[2]) / (2 * step);
		CHECK_CLOSE(measured, slope, 1e-5 * fabs(slope) + 1e-8);
	}
	free(x);
	network_free(net);
}
#endif

/* the same bits with 1 and 2 threads, and after sizes changed in between */
static void same_bits(void)
{
	const struct network_options options = shape(F, 2, 0);
	real *x = formula_array(100, N * H * W);
	struct network *net[2] = {prepare(&options, 1), prepare(&options, 2)};
	const struct network_training training = {.lateral = true, .dropout = 0.5, .seed = 1};
	double loss[2];
	size_t correct;
	CHECK(network_run(net[1], x, 2, 21, 17, 3, true) == 0);
	CHECK(network_run(net[1], x, 1, 9, 9, 1, false) == 0);
	for (size_t i = 0; i < 2; i++)
		CHECK(
		    network_train(net[i], &training, x, labels, N, H, W, &loss[i], &correct) == 0);
	CHECK(loss[0] == loss[1]);
	for (size_t i = 0; i < network_tensors(net[0]); i++) {
		const struct network_tensor *a = network_tensor(net[0], i),
					    *b = network_tensor(net[1], i);
		CHECK(memcmp(a->x, b->x, a->elements * sizeof *a->x) == 0);
		CHECK(!a->gradient ||
		      memcmp(a->gradient, b->gradient, a->elements * sizeof *a->x) == 0);
	}
	CHECK(network_run(net[0], x, 1, 15, 16, 0, true) < 0);
	network_free(net[0]);
	network_free(net[1]);
	free(x);
}

/* A run that keeps h0 and the last two ht gives what one gives that keeps them all; only the latter has an adjoint. */
static void kept_or_not(size_t filters, int propagation)
{
	const struct network_options options = shape(filters, 0, propagation);
	size_t count = N * filters * H * W;
	struct network *all = prepare(&options, 1), *few = prepare(&options, 1);
	network_keep(all);
	real *x = formula_array(100, N * H * W);
	real *y[2] = {mem_alloc(count, sizeof(real)), mem_alloc(count, sizeof(real))};
	static const size_t iterations[] = {0, 1, 2, 5, 4, 3};
	for (size_t i = 0; i < 6; i++) {
		CHECK(network_run(all, x, N, H, W, iterations[i], true) == 0);
		CHECK(network_run(few, x, N, H, W, iterations[i], true) == 0);
		for (enum network_layer layer = NETWORK_A; layer <= NETWORK_LOGITS; layer++) {
			size_t n = layer == NETWORK_A        ? N * H * W
				   : layer == NETWORK_LOGITS ? N * CLASSES
							     : count;
			network_get(all, layer, y[0]);
			network_get(few, layer, y[1]);
			CHECK(memcmp(y[0], y[1], n * sizeof(real)) == 0);
		}
		CHECK(network_adjoint(few, y[0], y[1]) < 0);
	}
	/* what is kept costs memory, so that fewer images go into a call */
	CHECK(network_chunk(few, 64, 64, 100) == network_chunk(few, 64, 64, 2));
	CHECK(network_chunk(all, 64, 64, 100) < network_chunk(few, 64, 64, 100));
	network_free(all);
	network_free(few);
	free(x);
	free(y[0]);
	free(y[1]);
}

/* The message says which layer's numbers are not finite, and speaks of propagations only where there were any. */
static void overflows(void)
{
	static const struct {
		const char *tensor, *words;
		double factor;
		size_t iterations;
	} cases[] = {{"v1.weight", "responses of l1 are not finite", 1, 0},
	    {"v1.weight", "responses of l1 are not finite", 1, 9},
	    {"lateral.weight", "grow without bound in 9 propagations", .1, 9},
	    {"head.11.weight", "logits are not finite", 1, 0}};
	const struct network_options options = shape(F, 0, 0);
	real *x = formula_array(100, N * H * W);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct network *net = prepare(&options, 1);
		const struct network_tensor *t = network_find(net, cases[i].tensor);
		double huge = sizeof(real) == 4 ? 1e38 : 1e308;
		for (size_t k = 0; k < t->elements; k++)
			t->x[k] = (real)(huge * cases[i].factor);
		CHECK(network_run(net, x, N, H, W, cases[i].iterations, true) < 0);
		CHECK(strstr(err_reason(), cases[i].words));
		network_free(net);
	}
	free(x);
}

/* frozen layers have no gradient and keep their statistics; one filter works too */
static void frozen(void)
{
	const struct network_options options = shape(1, 2, 0);
	real *x = formula_array(100, N * H * W);
	struct network *net = prepare(&options, 2);
	const struct network_training training = {
	    .lateral = true, .freeze_lgn = true, .freeze_v1 = true};
	double loss, norm;
	size_t correct;
	CHECK(network_train(net, &training, x, labels, N, H, W, &loss, &correct) == 0);
	CHECK(network_find(net, "lgn.weight")->gradient[0] == 0);
	CHECK(network_find(net, "v1.weight")->gradient[3] == 0);
	CHECK(network_find(net, "lateral.weight")->gradient[4] != 0);
	CHECK(network_find(net, "v1_norm.running_mean")->x[0] == 0);
	CHECK(network_find(net, "head.2.running_mean")->x[0] != 0);
	CHECK(network_lateral_norm(net, &norm) == 0 && norm > 0);
	network_free(net);
	free(x);
}

/* One cycle of learning rates for every length and share of its rise: finite, positive, up to the peak and down. */
static void cycles(void)
{
	static const double rises[] = {0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 1};
	for (size_t i = 0; i < sizeof rises / sizeof *rises; i++) {
		for (size_t steps = 1; steps <= 100; steps++) {
			double largest = 0;
			for (size_t step = 0; step < steps; step++) {
				double rate = optimiser_one_cycle(step, steps, 0.02, rises[i]);
				CHECK(rate > 0 && rate <= 0.02 * (1 + 1e-12));
				largest = check_largest(largest, rate);
			}
			CHECK(steps <= 20 ||
			      largest > 0.018); /* the peak may lie between two steps */
		}
	}
}

/* the largest gain over frequencies: a matrix times a delta has the matrix's norm, a sum over taps adds at 0 */
static void gains(void)
{
	enum { CHANNELS = 3, K = 3 };
	real w[CHANNELS * CHANNELS * K * K] = {0};
	const real diagonal[CHANNELS] = {1, -4, 2};
	for (size_t c = 0; c < CHANNELS; c++) {
		real *kernel = w + (c * CHANNELS + (c + 1) % CHANNELS) * K * K; /* permuted */
		kernel[4] = diagonal[c];
		kernel[5] = c == 1 ? -2 : 0;
	}
	double gain = 0;
	CHECK(gain_largest(w, CHANNELS, K, 1, &gain) == 0);
	CHECK_CLOSE(gain, 6, 1e-3);
	const real one[K * K] = {0, 0, 0, 0, 1, -2, 0, 0, 0};
	CHECK(gain_largest(one, 1, K, 1, &gain) == 0);
	CHECK_CLOSE(gain, 3, 1e-6);
}

#ifdef REAL_DOUBLE
static void slopes(void)
{
	for (int i = 0; i < 4; i++) {
		struct network_options options = shape(F, 2, i % 2);
		options.lgn = (enum network_lgn)(i / 2);
		finite_differences(&options);
	}
	/* a single filter, whose convolution keeps pointers to what it was given */
	for (int i = 0; i < 2; i++) {
		struct network_options options = shape(1, 3, i);
		finite_differences(&options);
	}
}
#endif

static void kept(void)
{
	for (int i = 0; i < 4; i++)
		kept_or_not(i % 2 ? 1 : F, i / 2);
}

int main(void)
{
	TEST(gains, "the largest gain over frequencies: of one tap its matrix's norm, of several "
		    "their sum at 0");
#ifdef REAL_DOUBLE
	TEST(slopes, "gradients are the loss's slopes along random directions");
#endif
	TEST(kept, "a run that keeps h0 and the last ht gives the bits of one that keeps them all; "
		   "only that has an adjoint");
	TEST(overflows, "the message says which layer's numbers are not finite, of propagations "
			"only where there were any");
	TEST(same_bits, "the same bits with 1 and 2 threads, and after sizes changed in between");
	TEST(frozen,
	    "frozen layers have no gradient and keep their statistics; one filter works too");
	TEST(cycles, "rates of any cycle are finite, positive, up to the peak and down");
	return check_end();
}
