/* lib/conv mirror, lcn and spectrum: against the reflected image, the definition and known spectra. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/random.h"
#include "conv/border.h"
#include "conv/kernels.h"
#include "conv/lcn.h"
#include "conv/mirror.h"
#include "conv/spectrum.h"
#include "check.h"

static double one(double fx, double fy, const void *argument)
{
	(void)fx, (void)fy, (void)argument;
	return 1;
}

/* a response that tells fx from fy and passes a constant */
static double skewed(double fx, double fy, const void *argument)
{
	(void)argument;
	return 0.5 + cos(3 * fx) + fy * fy;
}

/* the definition: sum over the (2h, 2w) frequencies of the reflected image's Fourier series, gain times coefficient */
static double by_definition(const real *x, size_t h, size_t w, size_t r, size_t c)
{
	double sum = 0;
	for (size_t k = 0; k < h; k++)
		for (size_t l = 0; l < w; l++) {
			double coefficient = 0;
			for (size_t i = 0; i < h * w; i++)
				coefficient +=
				    (double)x[i] *
				    cos(M_PI * (double)(k * (2 * (i / w) + 1)) / (2 * (double)h)) *
				    cos(M_PI * (double)(l * (2 * (i % w) + 1)) / (2 * (double)w));
			double weight = (k ? 2 : 1) * (l ? 2 : 1) / ((double)h * (double)w);
			sum +=
			    weight * coefficient *
			    skewed((double)l / (2 * (double)w), (double)k / (2 * (double)h), NULL) *
			    cos(M_PI * (double)(k * (2 * r + 1)) / (2 * (double)h)) *
			    cos(M_PI * (double)(l * (2 * c + 1)) / (2 * (double)w));
		}
	return sum;
}

static real *random_images(size_t count, uint64_t index)
{
	real *x = mem_alloc(count, sizeof *x);
	struct rng rng = rng_start(9, RNG_TEST, 0, index);
	for (size_t i = 0; x && i < count; i++)
		x[i] = (real)(rng_normal(&rng) + 20);
	return x;
}

static void check_mirror(size_t h, size_t w)
{
	real *x = random_images(2 * h * w, h * 100 + w), *y = mem_alloc(2 * h * w, sizeof *y);
	struct mirror_filter *f = mirror_plan(h, w, skewed, NULL, 2),
			     *same = mirror_plan(h, w, one, NULL, 1);
	if (!CHECK(x && y && f && same))
		return;
	CHECK(mirror_exec(same, x, y, 2) == 0);
	double worst = 0;
	for (size_t i = 0; i < 2 * h * w; i++)
		worst = fabs((double)(x[i] - y[i])) <= worst ? worst : fabs((double)(x[i] - y[i]));
	CHECK_CLOSE(worst, 0, 50 * (double)REAL_EPSILON);
	CHECK(mirror_exec(f, x, y, 2) == 0);
	worst = 0;
	for (size_t i = 0; i < 2 * h * w; i++) {
		double e = fabs(
		    (double)y[i] - by_definition(x + i / (h * w) * h * w, h, w, i / w % h, i % w));
		worst = e <= worst ? worst : e;
	}
	CHECK_CLOSE(worst, 0, 100 * (double)REAL_EPSILON);
	mirror_free(f);
	mirror_free(same);
	free(x);
	free(y);
}

/* G * x at one pixel of the reflected image */
static double blurred(
    const double *x, size_t h, size_t w, const double *g, size_t k, size_t r, size_t c)
{
	double sum = 0;
	for (size_t i = 0; i < k * k; i++)
		sum +=
		    g[i] *
		    x[border_pixel(BORDER_MIRROR, (ptrdiff_t)(r + i / k) - (ptrdiff_t)(k / 2), h) *
			    w +
			border_pixel(
			    BORDER_MIRROR, (ptrdiff_t)(c + i % k) - (ptrdiff_t)(k / 2), w)];
	return sum;
}

static void check_lcn(void)
{
	enum { H = 11, W = 14, SIZE = H * W };
	size_t k;
	real *x = random_images(3 * SIZE, 5), y[3 * SIZE];
	double *g = kernel_gaussian(1.4, &k), image[SIZE], v[SIZE], v2[SIZE], s[SIZE], mean = 0;
	struct lcn *lcn = lcn_plan(H, W, 1.4, 2);
	if (!CHECK(x && g && lcn))
		return;
	for (size_t i = 0; i < SIZE; i++)
		x[SIZE + i] = (real)0.1; /* no contrast at all */
	CHECK(lcn_exec(lcn, x, y, 3) == 0);
	for (size_t i = 0; i < SIZE; i++)
		image[i] = (double)x[2 * SIZE + i];
	for (size_t i = 0; i < SIZE; i++) {
		v[i] = image[i] - blurred(image, H, W, g, k, i / W, i % W);
		v2[i] = v[i] * v[i];
	}
	for (size_t i = 0; i < SIZE; i++) {
		s[i] = sqrt(blurred(v2, H, W, g, k, i / W, i % W));
		mean += s[i] / SIZE;
	}
	double worst = 0, constant = 0;
	for (size_t i = 0; i < SIZE; i++) {
		double e = fabs((double)y[2 * SIZE + i] - v[i] / fmax(mean, s[i]));
		worst = e <= worst ? worst : e;
		constant =
		    fabs((double)y[SIZE + i]) <= constant ? constant : fabs((double)y[SIZE + i]);
	}
	CHECK_CLOSE(worst, 0, 100 * (double)REAL_EPSILON);
	CHECK_CLOSE(constant, 0, 0);
	lcn_free(lcn);
	free(g);
	free(x);
	CHECK(!lcn_plan(4, 4, 1e9, 1));
}

static void check_spectrum(void)
{
	enum { H = 48, W = 64, N = 200 };
	real *x = random_images(N * H * W, 6);
	struct spectrum *s = spectrum_start();
	if (!CHECK(x && s && spectrum_add(s, x, N, H, W) == 0))
		return;
	double worst = 0, count, frequency, power, total = 0;
	for (size_t i = 0; i < SPECTRUM_RINGS; i++) {
		spectrum_ring(s, i, &count, &frequency, &power);
		total += count;
		if (count > 0) {
			CHECK(frequency * 2 * SPECTRUM_RINGS >= (double)i &&
			      frequency * 2 * SPECTRUM_RINGS < (double)i + 1);
			/* a ring's mean of count / 2 independent exponential numbers, windowed: less than twice as wide;
			 * removing the mean takes some of the two lowest frequencies too */
			double deviations =
			    frequency < 2.0 / H ? 0 : fabs(power - 1) / (2 * sqrt(2 / count));
			worst = deviations <= worst ? worst : deviations;
		}
	}
	CHECK_CLOSE(worst, 0, 4);
	CHECK_CLOSE(
	    total / N / (H * W), M_PI / 4, 0.02); /* the disc of radius 1/2 in the unit square */
	spectrum_free(s);
	/* a grating of amplitude 2 at 10/64 cycles per pixel: all its power in the rings about 0.156 */
	s = spectrum_start();
	for (size_t i = 0; i < H * W; i++)
		x[i] = (real)(100 + 2 * cos(2 * M_PI * 10.0 / W * (double)(i % W)));
	if (!CHECK(s && spectrum_add(s, x, 1, H, W) == 0 && spectrum_add(s, x, 1, 2, 2) == 0))
		return;
	double inside = 0, all = 0;
	for (size_t i = 0; i < SPECTRUM_RINGS; i++) {
		spectrum_ring(s, i, &count, &frequency, &power);
		if (count > 0) {
			all += count * power;
			inside += fabs(frequency - 10.0 / W) < 0.05 ? count * power : 0;
		}
	}
	CHECK_CLOSE(all / (H * W), 2, 1e-4); /* Parseval: mean square of the grating */
	CHECK_CLOSE(inside / all, 1, 1e-4);
	spectrum_free(s);
	free(x);
}

int main(void)
{
	static const size_t sizes[][2] = {{8, 8}, {9, 12}, {12, 9}, {7, 5}, {1, 6}, {6, 1}, {2, 2},
	    {1, 1}, {13, 16}, {11, 26}, {34, 3}, {3, 40}};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		check_mirror(sizes[i][0], sizes[i][1]);
	check_lcn();
	check_spectrum();
	return check_end();
}
