/* lib/conv filter2d: against the definition, for every border, odd and even kernels. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "conv/filter2d.h"
#include "check.h"

#define N 2

static void random_fill(real *x, size_t n, uint64_t index)
{
	struct rng rng = rng_start(3, RNG_TEST, 0, index);
	for (size_t i = 0; i < n; i++)
		x[i] = (real)rng_normal(&rng);
}

static void random_kernel(double *kernel, size_t kh, size_t kw)
{
	struct rng rng = rng_start(4, RNG_TEST, 0, kh * 1000 + kw);
	for (size_t i = 0; i < kh * kw; i++)
		kernel[i] = rng_normal(&rng);
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

static void check_filter(size_t h, size_t w, size_t kh, size_t kw, enum border border)
{
	size_t pixels = h * w, count = N * pixels;
	double *kernel = mem_alloc(kh * kw, sizeof *kernel);
	real *x = mem_alloc(count, sizeof *x), *y = mem_alloc(count, sizeof *y);
	if (!CHECK(kernel && x && y))
		return;
	random_kernel(kernel, kh, kw);
	random_fill(x, count, 1);
	struct filter2d *f = filter2d_plan(h, w, kh, kw, kernel, border, 1);
	struct filter2d *two = filter2d_plan(h, w, kh, kw, kernel, border, 2);
	if (!CHECK(f && two))
		return;
	printf("# %zux%zu by %zux%zu, border %d\n", h, w, kh, kw, border);
	CHECK(filter2d_exec(f, x, y, N) == 0);
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
	/* in place, on two threads */
	CHECK(filter2d_exec(two, x, x, N) == 0 && !memcmp(y, x, count * sizeof *y));
	filter2d_free(f);
	filter2d_free(two);
	free(kernel);
	free(x);
	free(y);
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
			check_filter(s[0], s[1], s[2], s[3], border);
		}
	check_filter(300, 290, 9, 8, BORDER_MIRROR);
	check_filter(700, 600, 21, 22, BORDER_ZERO);
	check_filter(64, 64, 64, 64, BORDER_PERIODIC);
	CHECK(!filter2d_plan(0, 9, 1, 1, (double[]){1}, BORDER_ZERO, 1));
	return check_end();
}
