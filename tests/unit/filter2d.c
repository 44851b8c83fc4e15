/* lib/conv filter2d: against the definition, for every method, border and odd or even kernels; adjoints. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "conv/filter2d.h"
#include "conv/direct_filter.h"
#include "check.h"

#define N 2

static double random_fill(real *x, size_t n, uint64_t index)
{
	struct rng rng = rng_start(3, RNG_TEST, 0, index);
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		x[i] = (real)rng_normal(&rng);
		sum += (double)x[i] * (double)x[i];
	}
	return sum;
}

/* a kernel that is the sum of `rank` products, or of none where rank is 0 */
static void random_kernel(double *kernel, size_t kh, size_t kw, size_t rank)
{
	struct rng rng = rng_start(4, RNG_TEST, (uint32_t)rank, kh * 1000 + kw);
	for (size_t i = 0; i < kh * kw; i++)
		kernel[i] = rank ? 0 : rng_normal(&rng);
	for (size_t p = 0; p < rank; p++) {
		struct rng row = rng_start(5, RNG_TEST, (uint32_t)p, 0);
		for (size_t a = 0; a < kh; a++) {
			double column = rng_normal(&rng);
			row = rng_start(5, RNG_TEST, (uint32_t)p, 0);
			for (size_t b = 0; b < kw; b++)
				kernel[a * kw + b] += column * rng_normal(&row);
		}
	}
}

/* the definition, at one output */
static double by_definition(const real *x, size_t h, size_t w, const double *kernel, size_t kh,
    size_t kw, enum border border, size_t r, size_t c)
{
	double sum = 0;
	for (size_t a = 0; a < kh; a++)
		for (size_t b = 0; b < kw; b++) {
			size_t row =
			    border_pixel(border, (ptrdiff_t)(r + a) - (ptrdiff_t)((kh - 1) / 2), h);
			size_t column =
			    border_pixel(border, (ptrdiff_t)(c + b) - (ptrdiff_t)((kw - 1) / 2), w);
			if (row != BORDER_OUTSIDE && column != BORDER_OUTSIDE)
				sum += kernel[a * kw + b] * (double)x[row * w + column];
		}
	return sum;
}

static double dot(const real *x, const real *y, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * (double)y[i];
	return sum;
}

static void check_filter(size_t h, size_t w, size_t kh, size_t kw, enum border border,
    enum filter2d_method method, size_t rank)
{
	size_t pixels = h * w, count = N * pixels;
	double *kernel = mem_alloc(kh * kw, sizeof *kernel);
	real *x = mem_alloc(count, sizeof *x), *y = mem_alloc(count, sizeof *y);
	real *dy = mem_alloc(count, sizeof *dy), *dx = mem_alloc(count, sizeof *dx);
	real *again = mem_alloc(count, sizeof *again);
	if (!CHECK(kernel && x && y && dx && dy && again))
		return;
	random_kernel(kernel, kh, kw, rank);
	random_fill(x, count, 1);
	random_fill(dy, count, 2);
	struct filter2d *f = filter2d_plan(h, w, kh, kw, kernel, border, method, 1);
	struct filter2d *two = filter2d_plan(h, w, kh, kw, kernel, border, method, 2);
	if (!CHECK(f && two))
		return;
	printf("# %zux%zu by %zux%zu, border %d, method %d of %d\n", h, w, kh, kw, border,
	    filter2d_method(f), method);
	CHECK(method == FILTER2D_AUTO || filter2d_method(f) == method);
	CHECK(filter2d_exec(f, x, y, N) == 0 && filter2d_adjoint(f, dy, dx, N) == 0);
	double worst = 0, norm = 0;
	for (size_t i = 0; i < kh * kw; i++)
		norm += kernel[i] * kernel[i];
	/* all outputs of small images, every 37th of large ones */
	for (size_t i = 0; i<count; i += pixels * kh * kw> 1000000 ? 37 : 1) {
		double expected = by_definition(
		    x + i / pixels * pixels, h, w, kernel, kh, kw, border, i % pixels / w, i % w);
		double e = fabs((double)y[i] - expected);
		worst = e <= worst ? worst : e;
	}
	CHECK_CLOSE(worst / sqrt(norm), 0, 40 * (double)REAL_EPSILON);
	double scale = sqrt(dot(dy, dy, count) * dot(y, y, count));
	CHECK_CLOSE((dot(dy, y, count) - dot(dx, x, count)) / scale, 0, 4 * (double)REAL_EPSILON);
	CHECK(filter2d_exec(two, x, again, N) == 0 && !memcmp(y, again, count * sizeof *y));
	CHECK(filter2d_adjoint(two, dy, again, N) == 0 && !memcmp(dx, again, count * sizeof *y));
	filter2d_free(f);
	filter2d_free(two);
	free(kernel);
	free(x);
	free(y);
	free(dx);
	free(dy);
	free(again);
}

int main(void)
{
	CHECK(border_pixel(BORDER_MIRROR, -1, 5) == 0 && border_pixel(BORDER_MIRROR, 5, 5) == 4);
	CHECK(border_pixel(BORDER_MIRROR, -6, 5) == 4 && border_pixel(BORDER_MIRROR, 12, 5) == 2);
	CHECK(border_pixel(BORDER_MIRROR, -17, 1) == 0);
	CHECK(
	    border_pixel(BORDER_PERIODIC, -1, 5) == 4 && border_pixel(BORDER_PERIODIC, 13, 5) == 3);
	CHECK(border_pixel(BORDER_ZERO, -1, 5) == BORDER_OUTSIDE);
	CHECK(border_pixel(BORDER_ZERO, 4, 5) == 4);

	static const size_t sizes[][4] = {{16, 16, 5, 5}, {13, 22, 4, 7}, {9, 40, 8, 2},
	    {1, 1, 3, 3}, {7, 5, 1, 1}, {6, 9, 6, 9}, {5, 6, 30, 41}, {33, 31, 20, 33}};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (enum border border = BORDER_ZERO; border <= BORDER_PERIODIC; border++) {
			const size_t *s = sizes[i];
			check_filter(s[0], s[1], s[2], s[3], border, FILTER2D_DENSE, 0);
			check_filter(s[0], s[1], s[2], s[3], border, FILTER2D_FOURIER, 0);
			check_filter(s[0], s[1], s[2], s[3], border, FILTER2D_PRODUCTS, 2);
			check_filter(s[0], s[1], s[2], s[3], border, FILTER2D_AUTO, 0);
		}
	/* several tiles */
	check_filter(300, 290, 9, 8, BORDER_MIRROR, FILTER2D_DENSE, 0);
	check_filter(520, 290, 21, 30, BORDER_PERIODIC, FILTER2D_PRODUCTS, 3);
	check_filter(700, 600, 21, 22, BORDER_ZERO, FILTER2D_FOURIER, 0);
	check_filter(700, 600, 22, 21, BORDER_MIRROR, FILTER2D_FOURIER, 0);
	check_filter(64, 64, 64, 64, BORDER_PERIODIC, FILTER2D_AUTO, 0);

	double zero[9] = {0}, products[3 * DIRECT_FILTER_RANK_MAX],
	       rows[3 * DIRECT_FILTER_RANK_MAX];
	CHECK(direct_filter_rank(3, 3, zero, products, rows) == 1);
	double full[49];
	random_kernel(full, 7, 7, 0);
	CHECK(!filter2d_plan(9, 9, 7, 7, full, BORDER_ZERO, FILTER2D_PRODUCTS, 1));
	CHECK(!filter2d_plan(0, 9, 7, 7, full, BORDER_ZERO, FILTER2D_AUTO, 1));
	return check_end();
}
