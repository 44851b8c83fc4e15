/* Kernels on the grid: mass, moments, positivity, symmetries, convergence, and a Monte Carlo simulation. */
#include "check.h"
#include <stdlib.h>
#include <string.h>
#include "base/progress.h"
#include "base/random.h"
#include "se2/group.h"
#include "se2/kernel.h"

static const struct se2_model direction = {.process = SE2_DIRECTION,
    .travel = SE2_GAMMA,
    .d = .08,
    .alpha = .25,
    .order = 1,
    .harmonics = 30};
static const struct se2_aperture aperture = {.7, 5 * M_PI / 180, false};

struct kernel {
	size_t size, angles;
	double step;
	double *theta;
	float *k;
};

static struct kernel kernel(const struct se2_model *m, const struct se2_aperture *a, size_t size,
    double step, size_t angles, bool undirected, enum se2_frame frame, size_t threads)
{
	struct kernel k = {size, angles, step, malloc(angles * sizeof(double)),
	    malloc(size * size * angles * sizeof(float))};
	se2_uniform(angles, undirected ? M_PI : 2 * M_PI, k.theta);
	struct se2_grid grid = {.height = size,
	    .width = size,
	    .step = step,
	    .angles = angles,
	    .theta = k.theta,
	    .undirected = undirected,
	    .frame = frame};
	CHECK(se2_kernel(m, &grid, a, threads, k.k) == 0);
	return k;
}

static void drop(struct kernel k)
{
	free(k.theta);
	free(k.k);
}

static float value(const struct kernel *k, size_t t, int x, int y)
{
	int half = (int)k->size / 2;
	return k->k[(t * k->size + (size_t)(half - y)) * k->size + (size_t)(half + x)];
}

/* integral of x^a y^b over the grid, theta over the period */
static double moment(const struct kernel *k, int a, int b, double period)
{
	int half = (int)k->size / 2;
	double sum = 0;
	for (size_t t = 0; t < k->angles; t++)
		for (int y = -half; y <= half; y++)
			for (int x = -half; x <= half; x++)
				sum +=
				    value(k, t, x, y) * pow(x * k->step, a) * pow(y * k->step, b);
	return sum * k->step * k->step * period / (double)k->angles;
}

static void resolvent(void)
{
	double al = .6, d = .08, s2 = .49;
	struct se2_model m = direction;
	m.alpha = al;
	struct kernel k;
	/* Sums over a grid see the smoothed density's frequencies at 2 pi/step: they converge with the step. */
	static const double step[2] = {1, .5}, tolerance[2] = {4e-3, 1e-4};
	for (int i = 1; i >= 0; i--) {
		size_t size = i ? 129 : 65;
		k = kernel(&m, &aperture, size, step[i], 72, false, SE2_AT_SOURCE, 1);
		CHECK_CLOSE(moment(&k, 0, 0, 2 * M_PI), 1, tolerance[i] / 10);
		CHECK_CLOSE(moment(&k, 1, 0, 2 * M_PI), 1 / (al + d), tolerance[i] / 10);
		CHECK_CLOSE(moment(&k, 0, 1, 2 * M_PI), 0, tolerance[i] / 10);
		CHECK_CLOSE(moment(&k, 2, 0, 2 * M_PI),
		    2 * (al + 2 * d) / (al * (al + d) * (al + 4 * d)) + s2, tolerance[i]);
		CHECK_CLOSE(moment(&k, 0, 2, 2 * M_PI), 4 * d / (al * (al + d) * (al + 4 * d)) + s2,
		    tolerance[i]);
		if (i)
			drop(k);
	}
	float least = 0, peak = 0;
	double reflection = 0;
	for (size_t t = 0; t < k.angles; t++)
		for (int y = -32; y <= 32; y++)
			for (int x = -32; x <= 32; x++) {
				float v = value(&k, t, x, y);
				least = fminf(least, v);
				peak = fmaxf(peak, v);
				reflection = fmax(reflection,
				    fabs(v - value(&k, (k.angles - t) % k.angles, x, -y)));
			}
	CHECK(reflection < 1e-6 * peak);
	CHECK(least > -2e-4 * peak); /* what |n| <= 30 leaves of the kink at 5 degrees */
	/* theta marginal: wrapped Laplace under the aperture */
	double worst = 0, l = sqrt(al / d);
	for (size_t t = 0; t < k.angles; t++) {
		double sum = 0, expected = 0, theta = se2_wrap(k.theta[t]);
		for (int y = -32; y <= 32; y++)
			for (int x = -32; x <= 32; x++)
				sum += value(&k, t, x, y);
		for (int i = -400; i <= 400;
		     i++) { /* convolution with the Gaussian, by quadrature */
			double u = i * .001, at = fabs(se2_wrap(theta - u)),
			       st = aperture.sigma_theta;
			expected += .001 * exp(-u * u / (2 * st * st)) / (st * sqrt(2 * M_PI)) * l /
				    2 * cosh(l * (M_PI - at)) / sinh(l * M_PI);
		}
		worst = fmax(worst, fabs(sum - expected));
	}
	CHECK(worst < 1e-3);
	drop(k);
}

/* The grid converges to the density: half the step, twice the harmonics, against a fine one. */
static void convergence(void)
{
	struct se2_model m = direction;
	m.alpha = .6;
	m.harmonics = 120;
	struct kernel fine = kernel(&m, &aperture, 65, .25, 8, false, SE2_AT_SOURCE, 2);
	double before = INFINITY;
	for (size_t n = 10; n <= 60; n = n * 5 / 2) {
		m.harmonics = n;
		struct kernel k = kernel(&m, &aperture, 17, 1, 8, false, SE2_AT_SOURCE, 1);
		double worst = 0, peak = 0;
		for (size_t t = 0; t < 8; t++)
			for (int y = -8; y <= 8; y++)
				for (int x = -8; x <= 8; x++) {
					worst = fmax(worst, fabs(value(&k, t, x, y) -
								 value(&fine, t, 4 * x, 4 * y)));
					peak = fmax(peak, value(&fine, t, 4 * x, 4 * y));
				}
		printf("# |n| <= %zu: largest error %.2g of the peak\n", n, worst / peak);
		CHECK(worst < before);
		before = worst / 2;
		if (n > 50)
			CHECK(worst < 1e-4 * peak);
		drop(k);
	}
	drop(fine);
	/* an even grid samples the same function between the pixels */
	struct kernel half = kernel(&m, &aperture, 33, .5, 6, true, SE2_AT_TARGET, 1);
	struct kernel even = kernel(&m, &aperture, 16, 1, 6, true, SE2_AT_TARGET, 1);
	double worst = 0, peak = 0;
	for (size_t t = 0; t < 6; t++)
		for (int r = 0; r < 16; r++)
			for (int c = 0; c < 16; c++) {
				double v = value(&half, t, 2 * c - 15, 15 - 2 * r);
				worst = fmax(
				    worst, fabs(even.k[(t * 16 + (size_t)r) * 16 + (size_t)c] - v));
				peak = fmax(peak, v);
			}
	CHECK(worst < 1e-4 * peak);
	drop(half);
	drop(even);
}

static void frames(void)
{
	struct se2_model m = direction;
	struct kernel s = kernel(&m, &aperture, 33, 1, 36, false, SE2_AT_SOURCE, 1);
	struct kernel t = kernel(&m, &aperture, 33, 1, 36, false, SE2_AT_TARGET, 2);
	struct kernel u = kernel(&m, &aperture, 33, 1, 18, true, SE2_AT_TARGET, 2);
	double turned = 0, folded = 0, mirror = 0, peak = 0;
	for (size_t a = 0; a < 36; a++)
		for (int y = -16; y <= 16; y++)
			for (int x = -16; x <= 16; x++) {
				turned =
				    fmax(turned, fabs(value(&t, a, x, y) - value(&s, a, -x, -y)));
				peak = fmax(peak, value(&u, a % 18, x, y));
				double sum = 0;
				for (size_t b = a % 18; b < 36; b += 18)
					sum += .5 * (value(&s, b, x, y) + value(&s, b, -x, -y));
				folded = fmax(folded, fabs(sum - value(&u, a % 18, x, y)));
			}
	CHECK(turned <= 0); /* no result depends on the threads either */
	CHECK(folded < 1e-6 * peak);
	/* reversal (10): the source as seen from the target is the process seen from its end, p(g^-1) */
	struct kernel wide =
	    kernel(&m, &(struct se2_aperture){1.5, .1, false}, 65, .5, 36, false, SE2_AT_SOURCE, 1);
	double top = 0;
	for (size_t a = 0; a < 36; a += 9) /* multiples of 90 degrees keep the grid */
		for (int y = -20; y <= 20; y++)
			for (int x = -20; x <= 20; x++) {
				struct se2 g = se2_inverse((struct se2){x, y, wide.theta[a]});
				double v =
				    value(&wide, (36 - a) % 36, (int)lround(g.x), (int)lround(g.y));
				mirror = fmax(mirror, fabs(v - value(&wide, a, -x, -y)));
				top = fmax(top, v);
			}
	/* the angular aperture turns about the other end: equal to second order of sigma_theta */
	CHECK(mirror < .03 * top);
	/* mass sits behind the target: sources are where the process came from */
	CHECK(moment(&t, 1, 0, 2 * M_PI) < -1.5);
	CHECK(moment(&s, 1, 0, 2 * M_PI) > 1.5);
	drop(s);
	drop(t);
	drop(u);
	drop(wide);
}

/* Histogram of simulated paths against the kernel averaged over its cells. */
static void monte_carlo(enum se2_process process)
{
	enum { PATHS = 200000, STEPS = 40, HALF = 6, ANGLES = 8, SIZE = 2 * HALF + 1 };
	struct se2_model m = {.process = process,
	    .travel = SE2_GAMMA,
	    .d11 = .8,
	    .d = .1,
	    .alpha = .4,
	    .order = 1,
	    .harmonics = 40};
	double *count = calloc(ANGLES * SIZE * SIZE, sizeof *count);
	for (int path = 0; path < PATHS; path++) {
		struct rng rng = rng_start(7, RNG_TEST, (unsigned)process, (uint64_t)path);
		double length = -log(rng_uniform(&rng)) / m.alpha, h = length / STEPS, x = 0, y = 0,
		       theta = 0;
		for (int i = 0; i < STEPS; i++) {
			double turn = sqrt(2 * m.d * h) * rng_normal(&rng),
			       middle = theta + turn / 2;
			double go =
			    process == SE2_DIRECTION ? h : sqrt(2 * m.d11 * h) * rng_normal(&rng);
			x += go * cos(middle);
			y += go * sin(middle);
			theta += turn;
		}
		/* the aperture, and bins of 45 degrees */
		x += .7 * rng_normal(&rng);
		y += .7 * rng_normal(&rng);
		theta += aperture.sigma_theta * rng_normal(&rng);
		int t = (int)lround(theta / (2 * M_PI / ANGLES)), c = (int)lround(x),
		    r = (int)lround(y);
		if (abs(c) <= HALF && abs(r) <= HALF)
			count[((t % ANGLES + ANGLES) % ANGLES * SIZE + HALF - r) * SIZE + HALF +
			      c]++;
	}
	/* the same bins: the average over the cell, and over 16 angles in each bin */
	struct kernel k = kernel(&m, &(struct se2_aperture){.7, aperture.sigma_theta, true}, SIZE,
	    1, ANGLES * 16, false, SE2_AT_SOURCE, 2);
	double chi2 = 0, cells = 0, total = 0;
	for (size_t t = 0; t < ANGLES; t++)
		for (size_t p = 0; p < SIZE * SIZE; p++) {
			double expected = 0;
			for (int i = -8; i <= 8; i++)
				expected += (abs(i) == 8 ? .5 : 1) *
					    k.k[(t * 16 + (size_t)(i + 16 * ANGLES)) %
						    (16 * ANGLES) * SIZE * SIZE +
						p] /
					    16;
			expected *= PATHS * 2 * M_PI / ANGLES;
			if (expected < 10)
				continue;
			double got = count[t * SIZE * SIZE + p];
			chi2 += (got - expected) * (got - expected) / expected;
			cells++;
			total += got;
		}
	printf("# %s: chi2 %.0f for %.0f cells with %.0f paths\n",
	    process == SE2_DIRECTION ? "direction" : "diffusion", chi2, cells, total);
	CHECK(cells > 100);
	CHECK(fabs(chi2 / cells - 1) < 5 * sqrt(2 / cells));
	free(count);
	drop(k);
}

/* E[y theta] with the angle not wrapped: only paths know it */
static void unwrapped(void)
{
	enum { PATHS = 100000, STEPS = 100 };
	double d = .08, s = 10, h = s / STEPS, sum = 0, squares = 0;
	for (int path = 0; path < PATHS; path++) {
		struct rng rng = rng_start(8, RNG_TEST, 0, (uint64_t)path);
		double y = 0, theta = 0;
		for (int i = 0; i < STEPS; i++) {
			double turn = sqrt(2 * d * h) * rng_normal(&rng);
			y += h * sin(theta + turn / 2);
			theta += turn;
		}
		sum += y * theta / PATHS;
		squares += y * theta * y * theta / PATHS;
	}
	double error = sqrt((squares - sum * sum) / PATHS), e = exp(-d * s);
	CHECK_CLOSE(2 / d * (1 - e * (1 + d * s)), 4.7802, 5e-5);
	CHECK_CLOSE(sum, 4.7802, 4 * error);
}

static void support(void)
{
	struct se2_model m = direction;
	m.travel = SE2_FIXED;
	m.length = 8;
	struct kernel k = kernel(&m, &aperture, 41, 1, 16, false, SE2_AT_SOURCE, 2);
	CHECK_CLOSE(moment(&k, 0, 0, 2 * M_PI), 1, 1e-5);
	CHECK_CLOSE(moment(&k, 1, 0, 2 * M_PI), (1 - exp(-.64)) / .08, 1e-3);
	double outside = 0, peak = 0;
	for (size_t t = 0; t < 16; t++)
		for (int y = -20; y <= 20; y++)
			for (int x = -20; x <= 20; x++) {
				double v = value(&k, t, x, y);
				if (hypot(x, y) > 8 + 5 * .7)
					outside = fmax(outside, fabs(v));
				peak = fmax(peak, v);
			}
	CHECK(outside < 1e-4 * peak);
	drop(k);
	struct se2_model heat = {.process = SE2_DIFFUSION,
	    .travel = SE2_FIXED,
	    .d11 = 1,
	    .d = .05,
	    .length = 4,
	    .harmonics = 30};
	k = kernel(&heat, &aperture, 41, 1, 24, true, SE2_AT_TARGET, 2);
	CHECK_CLOSE(moment(&k, 0, 0, M_PI), 1, 1e-5);
	CHECK_CLOSE(moment(&k, 2, 0, M_PI), 6.7534 + .49, 1e-3);
	CHECK_CLOSE(moment(&k, 0, 2, M_PI), 1.2466 + .49, 1e-3);
	drop(k);
}

static void speed(void)
{
	double best = INFINITY;
	for (int i = 0; i < 5; i++) {
		double from = progress_clock();
		struct kernel k = kernel(&direction, &aperture, 65, 1, 36, false, SE2_AT_TARGET, 2);
		best = fmin(best, progress_clock() - from);
		drop(k);
	}
	printf("# 65 x 65 x 36, alpha .25, |n| <= 30, 2 threads: %.1f ms\n", 1e3 * best);
}

int main(void)
{
	resolvent();
	convergence();
	frames();
	support();
	monte_carlo(SE2_DIRECTION);
	monte_carlo(SE2_DIFFUSION);
	unwrapped();
	speed();
	return check_end();
}
