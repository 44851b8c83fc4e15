/* Convolutions against their definition, and adjoint dot products; double-conv.c is the same in double. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "conv/conv.h"
#include "check.h"

#ifdef REAL_DOUBLE
#define TOLERANCE 1e-12
#else
#define TOLERANCE 2e-5
#endif

/* sizes of one case */
struct trial {
	size_t in, out, k, n, h, w, slots, threads;
};

static size_t numbers(size_t n, size_t h, size_t w, size_t channels)
{
	return n * h * w * conv_stride(channels);
}

/* images of normal numbers, zero past the channels */
static real *images(const struct trial *t, size_t channels, uint64_t index)
{
	size_t count = numbers(t->n, t->h, t->w, channels), stride = conv_stride(channels);
	real *x = mem_alloc(count, sizeof(real));
	struct rng rng = rng_start(1, RNG_TEST, (uint32_t)channels, index);
	for (size_t i = 0; x && i < count; i++)
		x[i] = i % stride < channels ? (real)rng_normal(&rng) : 0;
	return x;
}

/* relative difference of two arrays */
static double difference(const real *a, const double *b, size_t count)
{
	double square = 0, norm = 0;
	for (size_t i = 0; i < count; i++) {
		double d = (double)a[i] - b[i];
		square += d * d;
		norm += b[i] * b[i];
	}
	return sqrt(square / (norm > 0 ? norm : 1));
}

static double dot(const real *a, const real *b, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += (double)a[i] * (double)b[i];
	return sum;
}

/* y += w x, dx += w' dy, dw += dy x' by definition, in double */
static void reference(const struct trial *t, const real *w, const real *x, const real *dy,
    double *y, double *dx, double *dw)
{
	size_t in_stride = conv_stride(t->in), out_stride = conv_stride(t->out), r = t->k / 2;
	for (size_t i = 0; i < t->n * t->h * t->w; i++) {
		size_t column = i % t->w, row = i / t->w % t->h, first = i / t->w / t->h * t->h;
		for (size_t a = 0; a < t->k * t->k; a++) {
			size_t from_row = row + a / t->k - r, from_column = column + a % t->k - r;
			if (from_row >= t->h || from_column >= t->w) /* also below zero */
				continue;
			size_t p = (first + from_row) * t->w + from_column;
			for (size_t o = 0; o < t->out; o++) {
				for (size_t c = 0; c < t->in; c++) {
					size_t tap = (o * t->in + c) * t->k * t->k + a;
					double g = (double)dy[i * out_stride + o];
					y[i * out_stride + o] +=
					    (double)w[tap] * (double)x[p * in_stride + c];
					dx[p * in_stride + c] += (double)w[tap] * g;
					dw[tap] += g * (double)x[p * in_stride + c];
				}
			}
		}
	}
}

/* exec and adjoint of a slot; what they were given is spoilt afterwards where the plan says that it keeps a copy */
static int run_slot(struct conv *conv, size_t slot, real *x, size_t x_count, real *dy,
    size_t y_count, real *y, real *dx)
{
	bool keeps = conv_keeps_input(conv);
	if (conv_exec(conv, slot, x, y) < 0)
		return -1;
	for (size_t i = 0; keeps && i < x_count; i++)
		x[i] = NAN;
	if (conv_adjoint(conv, slot, dy, dx) < 0)
		return -1;
	for (size_t i = 0; keeps && i < y_count; i++)
		dy[i] = NAN;
	return 0;
}

static void compare(const struct trial *t)
{
	printf("# %zu -> %zu channels, kernel %zu, %zu images %zu x %zu, %zu slots, %zu threads\n",
	    t->in, t->out, t->k, t->n, t->h, t->w, t->slots, t->threads);
	size_t x_count = numbers(t->n, t->h, t->w, t->in),
	       y_count = numbers(t->n, t->h, t->w, t->out);
	size_t w_count = t->out * t->in * t->k * t->k;
	struct conv *conv = conv_plan(t->in, t->out, t->k, t->threads);
	CHECK(conv && conv_resize(conv, t->n, t->h, t->w, t->slots, true) == 0);
	real *w = mem_alloc(w_count, sizeof(real)), *dw = mem_alloc(w_count, sizeof(real));
	struct rng rng = rng_start(1, RNG_TEST, 0, 0);
	for (size_t i = 0; i < w_count; i++)
		w[i] = (real)rng_normal(&rng);
	double *dw_expected = mem_alloc(w_count, sizeof(double));
	CHECK(conv_weights(conv, w) == 0);
	CHECK(conv_keeps_input(conv) || t->in == 1);
	real *x[4], *dy[4]; /* what the plan is given, until conv_gradient */
	for (size_t s = 0; s < t->slots; s++) {
		x[s] = images(t, t->in, 2 * s);
		dy[s] = images(t, t->out, 2 * s + 1);
		real *y = mem_alloc(y_count, sizeof(real)), *dx = mem_alloc(x_count, sizeof(real));
		double *y_expected = mem_alloc(y_count, sizeof(double));
		double *dx_expected = mem_alloc(x_count, sizeof(double));
		real *x_same = images(t, t->in, 2 * s), *dy_same = images(t, t->out, 2 * s + 1);
		reference(t, w, x[s], dy[s], y_expected, dx_expected, dw_expected);
		CHECK(run_slot(conv, s, x[s], x_count, dy[s], y_count, y, dx) == 0);
		CHECK(difference(y, y_expected, y_count) <= TOLERANCE);
		CHECK(difference(dx, dx_expected, x_count) <= TOLERANCE);
		double forward = dot(y, dy_same, y_count), back = dot(x_same, dx, x_count);
		double scale = sqrt(dot(y, y, y_count) * dot(dy_same, dy_same, y_count));
		CHECK_CLOSE(forward, back, TOLERANCE * scale);
		free(x_same);
		free(dy_same);
		free(y);
		free(dx);
		free(y_expected);
		free(dx_expected);
	}
	CHECK(conv_gradient(conv, t->slots, dw) == 0);
	CHECK(difference(dw, dw_expected, w_count) <= TOLERANCE);
	for (size_t s = 0; s < t->slots; s++) {
		free(x[s]);
		free(dy[s]);
	}
	free(w);
	free(dw);
	free(dw_expected);
	conv_free(conv);
}

/* the bits of output and gradients with 1 and 2 threads */
static void same_bits(void)
{
	struct trial t = {.in = 20, .out = 33, .k = 5, .n = 5, .h = 13, .w = 18, .slots = 1};
	size_t y_count = numbers(t.n, t.h, t.w, t.out), w_count = t.out * t.in * t.k * t.k;
	real *x = images(&t, t.in, 0), *dy = images(&t, t.out, 1), *y[2], *dw[2];
	real *w = mem_alloc(w_count, sizeof(real));
	for (size_t i = 0; i < w_count; i++)
		w[i] = (real)(i % 17) - 8;
	for (size_t j = 0; j < 2; j++) {
		y[j] = mem_alloc(y_count, sizeof(real));
		dw[j] = mem_alloc(w_count, sizeof(real));
		struct conv *conv = conv_plan(t.in, t.out, t.k, j + 1);
		CHECK(conv && conv_resize(conv, t.n, t.h, t.w, 1, true) == 0 &&
		      conv_weights(conv, w) == 0 && conv_exec(conv, 0, x, y[j]) == 0 &&
		      conv_adjoint(conv, 0, dy, NULL) == 0 && conv_gradient(conv, 1, dw[j]) == 0);
		conv_free(conv);
	}
	CHECK(memcmp(y[0], y[1], y_count * sizeof(real)) == 0);
	CHECK(memcmp(dw[0], dw[1], w_count * sizeof(real)) == 0);
	for (size_t j = 0; j < 2; j++) {
		free(y[j]);
		free(dw[j]);
	}
	free(x);
	free(dy);
	free(w);
}

int main(void)
{
	static const struct trial trials[] = {
	    {1, 1, 7, 3, 12, 17, 1, 2},   /* l0 */
	    {1, 20, 5, 3, 9, 14, 1, 2},   /* l1 */
	    {1, 64, 11, 2, 20, 16, 2, 1}, /* its usual shape */
	    {1, 1, 21, 3, 24, 13, 2, 2},  /* one channel by transforms */
	    /* channels that do not fill the lanes, an odd number of images */
	    {20, 33, 3, 5, 10, 7, 1, 2},
	    {16, 16, 9, 2, 8, 8, 3, 2},   /* a kernel larger than the image; propagations */
	    {33, 48, 5, 51, 30, 4, 2, 2}, /* more pairs than a worker takes at once */
	    {2, 3, 1, 1, 1, 1, 1, 1},
	    {3, 2, 21, 1, 23, 11, 2, 1},
	    {5, 1, 3, 3, 6, 7, 1, 2},
	    {1, 1, 1, 1, 1, 1, 1, 1},
	};
	for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
		compare(&trials[i]);
	/* transforms of every size that is a product of 2, 3, 5 and 7, on lines of pixels down and across */
	for (size_t n = 1; n <= 210; n++) {
		size_t rest = n;
		for (size_t prime = 2; prime <= 7; prime++)
			while (rest % prime == 0)
				rest /= prime;
		if (rest > 1)
			continue;
		compare(&(struct trial){2, 3, 1, 3, 1, n, 1, 1});
		compare(&(struct trial){3, 2, 1, 2, n, 1, 1, 1});
	}
	same_bits();
	CHECK(conv_plan(1, 1, 4, 1) == NULL && conv_plan(0, 1, 3, 1) == NULL);
	return check_end();
}
