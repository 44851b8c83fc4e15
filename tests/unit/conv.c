/* Convolutions against their definition, and adjoint dot products; double-conv.c is the same in double. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "conv/conv.h"
#include "conv/vector_fft.h"
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

/* a transform of parts of random elements to parts of the frequencies, against the definition: the largest error */
static double transform_error(size_t n, struct vector_fft_in from, struct vector_fft_out to)
{
	struct vector_fft *plan = vector_fft_plan(n);
	real *in = mem_alloc(2 * n * LANES, sizeof(real)),
	     *out = mem_alloc(2 * (n + 1) * LANES, sizeof(real)),
	     *scratch = mem_alloc(vector_fft_scratch(plan), sizeof(real));
	struct rng rng = rng_start(2, RNG_TEST, 0, n);
	for (size_t i = 0; i < 2 * n * LANES; i++)
		in[i] = (real)rng_normal(&rng);
	from.re = in, from.im = in + LANES, from.stride = 2 * LANES;
	to.re = out, to.im = out + LANES, to.stride = 2 * LANES;
	vector_fft_exec(plan, &from, &to, scratch);
	double worst = 0;
	for (size_t j = 0; j < to.count; j++) {
		size_t lane = j % LANES, k = to.first + j;
		double re = 0, im = 0;
		for (size_t i = 0; i < from.count; i++) {
			double angle = 2 * M_PI * (double)((from.first + i) * k % n) / (double)n;
			double x = (double)in[2 * LANES * i + lane];
			double y = (double)in[2 * LANES * i + LANES + lane];
			re += x * cos(angle) + y * sin(angle);
			im += y * cos(angle) - x * sin(angle);
		}
		double error = hypot(re - (double)out[2 * LANES * j + lane],
		    im - (double)out[2 * LANES * j + LANES + lane]);
		worst = error <= worst ? worst : error;
	}
	CHECK(out[2 * LANES * to.count] == 0);
	vector_fft_free(plan);
	free(in);
	free(out);
	free(scratch);
	return worst;
}

/* transforms of every radix, of all elements, a few first ones and some in the middle, to as many */
static void transforms(void)
{
	static const size_t sizes[] = {
	    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 35, 54, 64, 70, 72, 98, 105, 210};
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		size_t n = sizes[s];
		printf("# %zu points\n", n);
		const size_t windows[][2] = {
		    {0, n}, {n / 5, n - n / 4 - n / 5}, {0, n / 8 + 1}, {0, n / 3 + 1}, {0, 1}};
		const size_t count = sizeof windows / sizeof *windows;
		for (size_t w = 0; w < count * count; w++) {
			const size_t *in = windows[w / count], *out = windows[w % count];
			double error = transform_error(n,
			    (struct vector_fft_in){.first = in[0], .count = in[1]},
			    (struct vector_fft_out){.first = out[0], .count = out[1]});
			CHECK(error <= TOLERANCE * sqrt((double)n));
		}
		CHECK(vector_fft_good_size(n) >= n);
	}
	CHECK(vector_fft_plan(0) == NULL && vector_fft_plan(11) == NULL &&
	      vector_fft_plan(26) == NULL);
}

/* numbers of x and y that differ by more than rounding, of so many elements; one is at place[i] of y */
static size_t differing(const real *x, const real *y, const size_t *place, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n * ELEMENT; i++) {
		double error = fabs((double)(x[i] - y[place[i / ELEMENT] * ELEMENT + i % ELEMENT]));
		count += !(error <= TOLERANCE * sqrt((double)n));
	}
	return count;
}

/* frequencies in comb order: the same as in their own; a comb by itself, of few elements; and back */
static void combs(void)
{
	static const size_t sizes[] = {1, 2, 3, 5, 7, 10, 12, 35, 64, 70, 72, 80, 105, 210};
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		size_t n = sizes[s], teeth = vector_fft_teeth(n), combs = n / teeth,
		       taps = (n + 2) / 3;
		struct vector_fft *plain = vector_fft_plan(n), *to = vector_fft_plan_to_combs(n),
				  *from = vector_fft_plan_from_combs(n);
		real *room = mem_alloc(5 * n * ELEMENT + vector_fft_scratch(plain), sizeof(real));
		real *x = room, *expected = x + n * ELEMENT, *y = expected + n * ELEMENT;
		real *turns = y + n * ELEMENT, *again = turns + n * ELEMENT,
		     *scratch = again + n * ELEMENT;
		size_t *place = mem_alloc(2 * n, sizeof *place), *own = place + n;
		struct rng rng = rng_start(3, RNG_TEST, 0, n);
		for (size_t i = 0; i < taps * ELEMENT; i++)
			x[i] = (real)rng_normal(&rng);
		for (size_t k = 0; k < n; k++) {
			place[k] = k % combs * teeth + k / combs;
			own[k] = k;
		}
		/* positive exponents: real and imaginary parts exchanged */
		const struct vector_fft_in in = {x + LANES, x, ELEMENT, 0, n};
		vector_fft_exec(plain, &in,
		    &(struct vector_fft_out){expected + LANES, expected, ELEMENT, 0, n}, scratch);
		vector_fft_exec(
		    to, &in, &(struct vector_fft_out){y + LANES, y, ELEMENT, 0, n}, scratch);
		CHECK(differing(expected, y, place, n) == 0);
		vector_fft_exec(from, &(struct vector_fft_in){y, y + LANES, ELEMENT, 0, n},
		    &(struct vector_fft_out){again, again + LANES, ELEMENT, 0, n}, scratch);
		for (size_t i = 0; i < n * ELEMENT; i++)
			again[i] /= (real)n;
		CHECK(differing(x, again, own, n) == 0);
		for (size_t comb = 0; comb < combs; comb++) {
			for (size_t t = 0; t < taps; t++) {
				double angle = 2 * M_PI * (double)(t * comb % n) / (double)n;
				turns[2 * t] = (real)cos(angle);
				turns[2 * t + 1] = (real)sin(angle);
			}
			vector_fft_comb(&(struct vector_fft_comb){taps, teeth, turns}, 1, x, 0,
			    y + comb * teeth * ELEMENT, 0, ELEMENT);
		}
		CHECK(differing(expected, y, place, n) == 0);
		vector_fft_free(plain), vector_fft_free(to), vector_fft_free(from);
		free(room);
		free(place);
	}
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
	same_bits();
	transforms();
	combs();
	CHECK(conv_plan(1, 1, 4, 1) == NULL && conv_plan(0, 1, 3, 1) == NULL);
	return check_end();
}
