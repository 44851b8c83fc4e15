/* Covariance between places against its definition, for images of several sizes and any number of threads. */
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "base/random.h"
#include "net/covariance.h"

#define F 3
#define PLACES (65 * 40 * F)

static real stack[9 * PLACES];

static void images(size_t n, size_t h, size_t w, uint64_t seed)
{
	struct rng rng = rng_start(seed, RNG_TEST, 0, 0);

	/* far from zero mean, and correlated: channel 1 is channel 0 two pixels to the left, rectified */
	for (size_t m = 0; m < n; m++) {
		real *x = stack + m * F * h * w;
		for (size_t p = 0; p < F * h * w; p++)
			x[p] = (real)(20 + rng_normal(&rng));
		for (size_t r = 0; r < h; r++)
			for (size_t c = 2; c < w; c++)
				x[(h + r) * w + c - 2] = (real)fmax(20, (double)x[r * w + c]);
	}
}

struct sums {
	double ab, a, b, n;
};

static void brute(struct sums *sums, size_t radius, size_t n, size_t h, size_t w)
{
	size_t d = 2 * radius + 1;

	for (size_t m = 0; m < n; m++)
		for (size_t i = 0; i < F; i++)
			for (size_t j = 0; j < F; j++)
				for (size_t t = 0; t < d * d; t++)
					for (size_t r = 0; r < h; r++)
						for (size_t c = 0; c < w; c++) {
							size_t y = r + t / d - radius,
							       x = c + t % d - radius;
							if (y >= h || x >= w)
								continue;
							struct sums *s =
							    &sums[(i * F + j) * d * d + t];
							double a = (double)
							    stack[((m * F + i) * h + r) * w + c];
							double b = (double)
							    stack[((m * F + j) * h + y) * w + x];
							s->ab += a * b;
							s->a += a;
							s->b += b;
							s->n++;
						}
}

static void test(size_t radius, size_t threads)
{
	size_t d = 2 * radius + 1, taps = F * F * d * d;
	struct sums *sums = calloc(taps, sizeof(*sums));
	double *kernel = calloc(taps, sizeof(*kernel)), *other = calloc(taps, sizeof(*other)),
	       worst = 0;
	struct covariance *c = covariance_create(F, radius, 1),
			  *e = covariance_create(F, radius, threads);

	CHECK(c && e);
	const size_t sizes[][3] = {{4, 17, 23}, {1, 65, 40}, {3, 12, 12}};
	for (size_t k = 0; k < 3; k++) {
		size_t n = sizes[k][0], h = sizes[k][1], w = sizes[k][2];
		images(n, h, w, k);
		brute(sums, radius, n, h, w);
		CHECK(!covariance_add(c, stack, n, h, w));
		for (size_t m = 0; m < n; m++) /* another cut of the stream */
			CHECK(!covariance_add(e, stack + m * F * h * w, 1, h, w));
	}
	CHECK(!covariance_result(c, kernel) && !covariance_result(e, other));
	bool symmetric = true;
	for (size_t i = 0; i < F; i++)
		for (size_t j = 0; j < F; j++)
			for (size_t t = 0; t < d * d; t++) {
				const struct sums *s = &sums[(i * F + j) * d * d + t];
				double e0 = s->ab / s->n - s->a * s->b / (s->n * s->n);
				worst = fmax(worst, fabs(kernel[(i * F + j) * d * d + t] - e0));
				worst = fmax(worst, fabs(other[(i * F + j) * d * d + t] - e0));
				symmetric =
				    symmetric && kernel[(i * F + j) * d * d + t] ==
						     kernel[(j * F + i) * d * d + d * d - 1 - t];
			}
	CHECK_CLOSE(worst, 0, 2e-6);
	CHECK(symmetric);
	CHECK(covariance_add(c, stack, 1, radius, 64) == -1);
	free(sums);
	free(kernel);
	free(other);
	covariance_free(c);
	covariance_free(e);
}

int main(void)
{
	test(0, 1);
	test(2, 2);
	test(7, 3);
	struct covariance *c = covariance_create(2, 1, 1);
	double kernel[36];
	CHECK(c && covariance_result(c, kernel) == -1);
	covariance_free(c);
	return check_end();
}
