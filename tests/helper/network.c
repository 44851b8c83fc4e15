/*
 * Everything the network computes from a model and images, for comparisons with PyTorch (tests/golden/net.py tensors);
 * double-network is the same in double.
 *
 * usage: network MODEL PIXELS N H W    PIXELS: (N, H, W) doubles; image i is of class i mod C
 *
 * Writes "name count\n" and count doubles of each: layers a z h0 ht, logits, the adjoint of formula's numbers, the gain,
 * the loss, then gradients and what has none.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "model/model.h"
#include "net/gain.h"
#include "net/network.h"

static void fail(void)
{
	fprintf(stderr, "network: %s\n", err_reason());
	exit(1);
}

static void *need(void *pointer)
{
	return pointer ? pointer : (fail(), NULL);
}

static void put(const char *name, const real *x, size_t count)
{
	printf("%s %zu\n", name, count);
	for (size_t i = 0; i < count; i++) {
		double number = (double)x[i];
		fwrite(&number, sizeof number, 1, stdout);
	}
}

static void put_one(const char *name, double number)
{
	printf("%s 1\n", name);
	fwrite(&number, sizeof number, 1, stdout);
}

/* x (n, h, w) */
static real *read_pixels(const char *path, size_t count)
{
	double *pixels = need(mem_alloc(count, sizeof *pixels));
	real *x = need(mem_alloc(count, sizeof *x));
	FILE *file = fopen(path, "rb");
	if (!file || fread(pixels, sizeof *pixels, count, file) != count) {
		err_errno("%s", path);
		fail();
	}
	fclose(file);
	for (size_t i = 0; i < count; i++)
		x[i] = (real)pixels[i];
	free(pixels);
	return x;
}

static void put_run(struct network *net, const real *x, size_t n, size_t h, size_t w)
{
	static const struct {
		const char *name;
		enum network_layer layer;
	} layers[] = {{"a", NETWORK_A}, {"z", NETWORK_Z}, {"h0", NETWORK_H0}, {"ht", NETWORK_HT}};
	const struct network_options *o = network_options(net);
	size_t count = n * o->filters * h * w;
	real *y = need(mem_alloc(count + n * o->classes, sizeof *y));
	network_keep(net);
	if (network_run(net, x, n, h, w, o->iterations, true) < 0)
		fail();
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
		network_get(net, layers[i].layer, y);
		put(layers[i].name, y, layers[i].layer == NETWORK_A ? n * h * w : count);
	}
	network_get(net, NETWORK_LOGITS, y);
	put("logits", y, n * o->classes);
	/* net.py has the same numbers, exact in single precision */
	for (size_t i = 0; i < count; i++)
		y[i] = (real)(i * 7919 % 1024) / 1024 - (real)0.5;
	if (network_adjoint(net, y, y) < 0)
		fail();
	put("adjoint", y, count);
	free(y);
}

static void put_training(struct network *net, const real *x, size_t n, size_t h, size_t w)
{
	const struct network_options *o = network_options(net);
	const struct network_training training = {.lateral = true};
	int32_t *labels = need(mem_alloc(n, sizeof *labels));
	double loss;
	size_t correct;
	for (size_t i = 0; i < n; i++)
		labels[i] = (int32_t)(i % o->classes);
	if (network_train(net, &training, x, labels, n, h, w, &loss, &correct) < 0)
		fail();
	put_one("loss", loss);
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		char name[100];
		snprintf(
		    name, sizeof name, "%s:%s", t->gradient ? "gradient" : "statistic", t->name);
		put(name, t->gradient ? t->gradient : t->x, t->elements);
	}
	free(labels);
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	struct model *model = need(model_open(argv[1]));
	struct network *net = need(network_load(model, 2));
	const struct network_options *o = network_options(net);
	size_t n = strtoul(argv[3], NULL, 10), h = strtoul(argv[4], NULL, 10),
	       w = strtoul(argv[5], NULL, 10);
	real *x = read_pixels(argv[2], n * h * w);
	double gain;
	put_run(net, x, n, h, w);
	if (gain_largest(network_find(net, "lateral.weight")->x, o->filters, o->kl, 2, &gain) < 0)
		fail();
	put_one("gain", gain);
	put_training(net, x, n, h, w);
	network_free(net);
	model_close(model);
	free(x);
	return 0;
}
