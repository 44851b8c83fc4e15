/* lib/conv sizes and fft: against the definition of the transform. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/random.h"
#include "conv/fft.h"
#include "conv/sizes.h"
#include "check.h"

#define TOLERANCE (200 * (double)REAL_EPSILON)

/* largest |X - sum x exp(-2 pi i (ky y / h + kx x / w))| over the half spectrum */
static double forward_error(const real *x, const real_complex *spectrum, size_t h, size_t w)
{
	double worst = 0;
	for (size_t ky = 0; ky < h; ky++)
		for (size_t kx = 0; kx <= w / 2; kx++) {
			double re = 0, im = 0;
			for (size_t y = 0; y < h; y++)
				for (size_t i = 0; i < w; i++) {
					double phase = -2 * M_PI *
						       ((double)(ky * y % h) / (double)h +
							   (double)(kx * i % w) / (double)w);
					double value = (double)x[y * w + i];
					re += value * cos(phase);
					im += value * sin(phase);
				}
			real_complex got = spectrum[ky * (w / 2 + 1) + kx];
			worst = check_largest(
			    worst, hypot((double)__real__ got - re, (double)__imag__ got - im));
		}
	return worst;
}

static void check_layout(size_t h, size_t w)
{
	size_t pixels = h * w, half = h * (w / 2 + 1);
	struct fft *forward = fft_plan(FFT_R2C, h, w);
	struct fft *back = fft_plan(FFT_C2R, h, w);
	real *x = mem_alloc(pixels, sizeof *x), *y = mem_alloc(pixels, sizeof *y);
	real_complex *spectrum = mem_alloc(half, sizeof *spectrum);
	if (!CHECK(forward && back && x && y && spectrum))
		return;
	struct rng rng = rng_start(1, RNG_TEST, 0, h * w);
	for (size_t i = 0; i < pixels; i++)
		x[i] = (real)rng_normal(&rng);
	fft_exec(forward, x, (real *)spectrum);
	CHECK_CLOSE(forward_error(x, spectrum, h, w), 0, TOLERANCE * sqrt((double)(h * w)));
	fft_exec(back, (real *)spectrum, y);
	double worst = 0;
	for (size_t i = 0; i < pixels; i++) {
		worst = check_largest(worst, fabs((double)(y[i] / (real)(h * w) - x[i])));
	}
	CHECK_CLOSE(worst, 0, TOLERANCE);
	fft_free(forward);
	fft_free(back);
	free(x);
	free(y);
	free(spectrum);
}

int main(void)
{
	bool rising = true, never_smaller = true, close_by = true;
	for (size_t n = 1; n < 5000; n++) {
		size_t good = conv_good_size(n);
		never_smaller &= good >= n && conv_good_size(good) == good;
		rising &= conv_good_size(n + 1) >= good;
		close_by &= (double)good <= 1.34 * (double)n + 1;
	}
	CHECK(never_smaller);
	CHECK(rising);
	CHECK(close_by);
	CHECK(conv_good_size(0) == 1);
	CHECK(conv_good_size(SIZE_MAX) == SIZE_MAX);
	check_layout(8, 8);
	check_layout(9, 14);
	check_layout(10, 7);
	check_layout(1, 16);
	check_layout(5, 1);
	CHECK(!fft_plan(FFT_R2C, 0, 1));
	CHECK(!fft_plan(FFT_R2C, (size_t)1 << 30, (size_t)1 << 30));
	fft_free(NULL);
	return check_end();
}
