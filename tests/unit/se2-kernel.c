/* Kernels on the grid: mass, moments, positivity, symmetries, convergence, and a Monte Carlo simulation. */
#include "check.h"
#include <stdlib.h>
#include <string.h>
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

enum kind { P_SOURCE, P_TARGET, S, S_ODD };

/* theta: (angles), or NULL for equal steps over the period */
static struct kernel kernel_at(const struct se2_model *m, const struct se2_aperture *a, size_t size,
    double step, size_t angles, const double *theta, enum kind kind, size_t threads)
{
	struct kernel k = {size, angles, step, malloc(angles * sizeof(double)),
	    malloc(size * size * angles * sizeof(float))};
	se2_uniform(angles, kind == S ? M_PI : 2 * M_PI, k.theta);
	for (size_t t = 0; theta && t < angles; t++)
		k.theta[t] = theta[t];
	struct se2_grid grid = {.height = size,
	    .width = size,
	    .step = step,
	    .angles = angles,
	    .theta = k.theta,
	    .undirected = kind == S,
	    .symmetric = kind == S_ODD,
	    .frame = kind == P_SOURCE ? SE2_AT_SOURCE : SE2_AT_TARGET};
	CHECK(se2_kernel(m, &grid, a, threads, k.k) == 0);
	return k;
}

static struct kernel kernel(const struct se2_model *m, const struct se2_aperture *a, size_t size,
    double step, size_t angles, enum kind kind, size_t threads)
{
	return kernel_at(m, a, size, step, angles, NULL, kind, threads);
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

static double peak_of(const struct kernel *k)
{
	double peak = 0;
	for (size_t i = 0; i < k->size * k->size * k->angles; i++)
		peak = fmax(peak, k->k[i]);
	return peak;
}

static double least_of(const struct kernel *k)
{
	double least = 0;
	for (size_t i = 0; i < k->size * k->size * k->angles; i++)
		least = fmin(least, k->k[i]);
	return least;
}

/* Relative errors of mass, E[x], E[x^2] and E[y^2] of the direction process's resolvent, whose aperture adds
 * sigma^2. */
static void moment_errors(double sigma, double step, double error[4])
{
	struct se2_model m = direction;
	double al = m.alpha = .6, d = m.d, s2 = sigma * sigma;
	double expected[4] = {1, 1 / (al + d),
	    2 * (al + 2 * d) / (al * (al + d) * (al + 4 * d)) + s2,
	    4 * d / (al * (al + d) * (al + 4 * d)) + s2};
	static const int power[4][2] = {{0, 0}, {1, 0}, {2, 0}, {0, 2}};
	struct kernel k = kernel(&m, &(struct se2_aperture){sigma, aperture.sigma_theta, false},
	    2 * (size_t)ceil(24 / step) + 1, step, 72, P_SOURCE, 1);
	for (int q = 0; q < 4; q++)
		error[q] = fabs(moment(&k, power[q][0], power[q][1], 2 * M_PI) / expected[q] - 1);
	CHECK_CLOSE(moment(&k, 0, 1, 2 * M_PI), 0, 1e-6);
	drop(k);
}

/*
 * Sums over a grid of step h see the smoothed density's frequencies at 2 pi/h: errors fall like exp(-2 pi^2
 * sigma^2/h^2), times 1/h^2 for the second moments, to what rounding and the periodic grid (e^-14) leave.
 */
static void moments(void)
{
	static const double step[] = {2.4, 2, 1.7};
	double error[3][4], last[4];
	for (int i = 0; i < 3; i++)
		moment_errors(1, step[i], error[i]);
	for (int i = 1; i < 3; i++)
		for (int q = 0; q < 4; q++) {
			double stated = 2 * M_PI * M_PI *
					(1 / (step[i] * step[i]) - 1 / (step[i - 1] * step[i - 1]));
			double h = q < 2 ? 1 : step[i - 1] / step[i];
			CHECK(log(error[i - 1][q] / error[i][q] * h * h) > .9 * stated);
		}
	moment_errors(1, 1, last);
	for (int q = 0; q < 4; q++)
		CHECK_CLOSE(last[q], 0, 1e-5);
	/* at the default aperture: the band ends where the aperture leaves 6e-5, which y^2 at the far ends sees most */
	moment_errors(.7, 1, last);
	for (int q = 0; q < 4; q++)
		CHECK(last[q] < (q == 3 ? 2e-3 : 1e-4));
	moment_errors(.7, .5, last);
	for (int q = 0; q < 4; q++)
		CHECK(last[q] < 1e-5);
}

/* The theta marginal is the wrapped Laplace distribution (5) under the aperture, by its Fourier series. */
static void marginal(void)
{
	struct se2_model m = direction;
	m.alpha = .6;
	m.harmonics = 60;
	struct kernel k = kernel(&m, &aperture, 65, 1, 72, P_SOURCE, 1);
	double worst = 0, st = aperture.sigma_theta;
	for (size_t t = 0; t < k.angles; t++) {
		double sum = 0, expected = 1 / (2 * M_PI);
		for (int y = -32; y <= 32; y++)
			for (int x = -32; x <= 32; x++)
				sum += value(&k, t, x, y);
		for (int n = 1; n < 200; n++)
			expected += m.alpha / (m.alpha + m.d * n * n) * exp(-n * n * st * st / 2) *
				    cos(n * k.theta[t]) / M_PI;
		worst = fmax(worst, fabs(sum - expected));
	}
	CHECK(worst < 1e-4);
	drop(k);
}

/* Values against those on a grid of a quarter of the step, which sees wider frequencies: the error of N harmonics
 * falls at least like what the aperture leaves of them, exp(-N^2 sigma_theta^2/2), to what the band leaves, and so
 * do negative values. */
static void harmonics(void)
{
	struct se2_model m = direction;
	m.harmonics = 240;
	struct kernel fine = kernel(&m, &aperture, 65, .25, 8, P_SOURCE, 2);
	double peak = peak_of(&fine), before = INFINITY, left_before = 1;
	for (size_t n = 10; n <= 60; n += 10) {
		m.harmonics = n;
		struct kernel k = kernel(&m, &aperture, 17, 1, 8, P_SOURCE, 1);
		double worst = 0, left = (double)n * aperture.sigma_theta;
		left = exp(-left * left / 2);
		for (size_t t = 0; t < 8; t++)
			for (int y = -8; y <= 8; y++)
				for (int x = -8; x <= 8; x++)
					worst = fmax(worst, fabs(value(&k, t, x, y) -
								 value(&fine, t, 4 * x, 4 * y)) /
								peak);
		printf("# |n| <= %zu: largest error %.2g, least value %.2g of the peak\n", n, worst,
		    least_of(&k) / peak);
		CHECK(worst < .1 * left + 1.5e-5);
		CHECK(least_of(&k) > -(.1 * left + 5e-6) * peak);
		if (n <= 30)
			CHECK(worst < before * left / left_before);
		before = worst;
		left_before = left;
		drop(k);
	}
	drop(fine);
}

/* an even grid samples the same function between the pixels */
static void even(void)
{
	for (int i = 0; i < 2; i++) {
		struct kernel half = kernel(&direction, &aperture, 33, .5, 6, i ? S : S_ODD, 1);
		struct kernel twice = kernel(&direction, &aperture, 16, 1, 6, i ? S : S_ODD, 1);
		double worst = 0;
		for (size_t t = 0; t < 6; t++)
			for (int r = 0; r < 16; r++)
				for (int c = 0; c < 16; c++)
					worst = fmax(worst,
					    fabs(twice.k[(t * 16 + (size_t)r) * 16 + (size_t)c] -
						 value(&half, t, 2 * c - 15, 15 - 2 * r)));
		CHECK(worst < 1e-4 * peak_of(&half));
		drop(half);
		drop(twice);
	}
}

/* Wide steps and narrow apertures fold more frequencies: the same values as on a finer grid, which folds fewer. */
static void apertures(void)
{
	static const struct {
		double sigma, step;
		int finer;
	} c[] = {{.7, 3, 3}, {.7, 4, 4}, {.7, 6, 6}, {.2, 1, 4}, {.1, 1, 8}, {.1, 2, 16}};
	for (int i = 0; i < 6; i++)
		for (int process = 0; process < 2; process++) {
			struct se2_model m = direction;
			m.process = process ? SE2_DIFFUSION : SE2_DIRECTION;
			m.d11 = 1;
			m.harmonics = 60;
			m.alpha = c[i].sigma < .7 ? 2 : .25;
			struct se2_aperture a = {c[i].sigma, aperture.sigma_theta, false};
			struct kernel k = kernel(&m, &a, 7, c[i].step, 12, P_SOURCE, 1);
			struct kernel fine = kernel(&m, &a, (size_t)(6 * c[i].finer + 1),
			    c[i].step / c[i].finer, 12, P_SOURCE, 1);
			double worst = 0, peak = peak_of(&fine);
			for (size_t t = 0; t < 12; t++)
				for (int y = -3; y <= 3; y++)
					for (int x = -3; x <= 3; x++)
						worst =
						    fmax(worst, fabs(value(&k, t, x, y) -
								     value(&fine, t, c[i].finer * x,
									 c[i].finer * y)));
			printf("# sigma %g px, step %g px: %.2g of the peak\n", c[i].sigma,
			    c[i].step, worst / peak);
			CHECK(worst < 2e-5 * peak && least_of(&k) > -1e-5 * peak);
			drop(k);
			drop(fine);
		}
	float one;
	double theta = 0;
	struct se2_grid grid = {.height = 1, .width = 1, .step = 1, .angles = 1, .theta = &theta};
	CHECK(se2_kernel(&direction, &grid, &(struct se2_aperture){0, .1, true}, 1, &one) < 0);
	CHECK(se2_kernel(&direction, &grid, &(struct se2_aperture){1e-3, .1, false}, 1, &one) < 0);
	CHECK_CLOSE(se2_harmonics(&(struct se2_aperture){.7, 5 * M_PI / 180, false}), 60, 0);
	CHECK_CLOSE(se2_harmonics(&(struct se2_aperture){.7, 2 * M_PI / 180, false}), 150, 0);
	CHECK_CLOSE(se2_harmonics(&(struct se2_aperture){.7, 20 * M_PI / 180, false}), 60, 0);
	CHECK(se2_harmonics(&(struct se2_aperture){.7, 0, false}) > 1e9);
}

static void frames(void)
{
	struct kernel s = kernel(&direction, &aperture, 33, 1, 36, P_SOURCE, 1);
	struct kernel t = kernel(&direction, &aperture, 33, 1, 36, P_TARGET, 2);
	struct kernel u = kernel(&direction, &aperture, 33, 1, 18, S, 2);
	struct kernel v = kernel(&direction, &aperture, 33, 1, 36, S_ODD, 2);
	double turned = 0, folded = 0, odd = 0, halves = 0, ends = 0, reflected = 0, apart = 0;
	for (size_t a = 0; a < 36; a++)
		for (int y = -16; y <= 16; y++)
			for (int x = -16; x <= 16; x++) {
				turned =
				    fmax(turned, fabs(value(&t, a, x, y) - value(&s, a, -x, -y)));
				reflected = fmax(reflected,
				    fabs(value(&s, a, x, y) - value(&s, (36 - a) % 36, x, -y)));
				double sum = 0;
				for (size_t b = a % 18; b < 36; b += 18)
					sum += .5 * (value(&s, b, x, y) + value(&s, b, -x, -y));
				folded = fmax(folded, fabs(sum - value(&u, a % 18, x, y)));
				/* S_odd: both ends with their own side, S where the side is not seen */
				odd = fmax(odd, fabs(value(&v, a, x, y) - .5 * value(&s, a, x, y) -
						     .5 * value(&s, a, -x, -y)));
				ends = fmax(ends, fabs(value(&v, a, x, y) - value(&v, a, -x, -y)));
				double other = value(&v, (a + 18) % 36, x, y);
				halves = fmax(halves,
				    fabs(value(&v, a, x, y) + other - value(&u, a % 18, x, y)));
				apart = fmax(apart, value(&v, a, x, y) - other);
			}
	double peak = peak_of(&u);
	CHECK(turned <= 0); /* no result depends on the threads either */
	CHECK(folded < 1e-6 * peak);
	CHECK(odd < 1e-6 * peak);
	CHECK(halves < 1e-6 * peak);
	CHECK(ends < 1e-6 * peak);
	CHECK(apart > .9 * peak); /* the sides are kept apart */
	CHECK(reflected < 1e-6 * peak);
	/* mass sits behind the target: sources are where the process came from */
	CHECK(moment(&t, 1, 0, 2 * M_PI) < -1.5);
	CHECK(moment(&s, 1, 0, 2 * M_PI) > 1.5);
	CHECK_CLOSE(moment(&v, 0, 0, 2 * M_PI), moment(&u, 0, 0, M_PI), 1e-6);
	drop(s);
	drop(t);
	drop(u);
	drop(v);
}

/*
 * Mirror (9) and reversal (10) at angles that are no multiple of 90 degrees but turn part of the grid into itself
 * (3-4-5 and 5-12-13). An aperture in theta at a fixed point turns about one end only: both hold to second order of
 * sigma_theta, so that half of it leaves a quarter. At 5 degrees 1.1 per cent of the peak.
 */
static void turned(void)
{
	enum { ANGLES = 12, HALF = 32 };
	static const double legs[6][2] = {{1, 2}, {1, 3}, {2, 1}, {1, 5}, {2, 3}, {3, 1}};
	static const double degrees[] = {10, 5, 2.5};
	double theta[ANGLES];
	for (int t = 0; t < ANGLES; t++) {
		double a = 2 * atan2(legs[t / 2][0], legs[t / 2][1]);
		theta[t] = t % 2 ? -a : a;
	}
	for (int process = 0; process < 2; process++) {
		double before[3] = {0};
		for (int i = 0; i < 3; i++) {
			struct se2_model m = direction;
			m.process = process ? SE2_DIFFUSION : SE2_DIRECTION;
			m.d11 = 1;
			struct se2_aperture a = {.7, degrees[i] * M_PI / 180, false};
			m.harmonics = (size_t)se2_harmonics(&a);
			struct kernel p =
			    kernel_at(&m, &a, 2 * HALF + 1, .5, ANGLES, theta, P_SOURCE, 1);
			struct kernel o =
			    kernel_at(&m, &a, 2 * HALF + 1, .5, ANGLES, theta, S_ODD, 1);
			double worst[3] = {0}, peak = peak_of(&p);
			size_t points = 0;
			for (size_t t = 0; t < ANGLES; t++)
				for (int y = -HALF; y <= HALF; y++)
					for (int x = -HALF; x <= HALF; x++) {
						struct se2 g =
						    se2_inverse((struct se2){x, y, theta[t]});
						int u = (int)lround(g.x), v = (int)lround(g.y);
						if (hypot(g.x - u, g.y - v) > 1e-9 ||
						    abs(u) > HALF || abs(v) > HALF)
							continue;
						points++;
						/* (x cos + y sin, x sin - y cos) is (-g.x, g.y) */
						worst[0] = fmax(worst[0],
						    fabs(value(&p, t, x, y) - value(&p, t, -u, v)));
						worst[1] =
						    fmax(worst[1], fabs(value(&p, t, -x, -y) -
									value(&p, t ^ 1, u, v)));
						worst[2] =
						    fmax(worst[2], fabs(value(&o, t, x, y) -
									value(&o, t ^ 1, u, v)));
					}
			printf("# %s, %g degrees: mirror %.2g, reversal %.2g, of S_odd %.2g of the "
			       "peak\n",
			    process ? "diffusion" : "direction", degrees[i], worst[0] / peak,
			    worst[1] / peak, worst[2] / peak);
			CHECK(points > 6000);
			for (int q = 0; q < 3; q++) {
				CHECK(worst[q] < 4.4e-4 * degrees[i] * degrees[i] * peak);
				if (i)
					CHECK(worst[q] < before[q] / 3);
				before[q] = worst[q];
			}
			drop(p);
			drop(o);
		}
	}
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
	    1, ANGLES * 16, P_SOURCE, 2);
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

static void support(void)
{
	struct se2_model m = direction;
	m.travel = SE2_FIXED;
	m.length = 8;
	struct kernel k = kernel(&m, &aperture, 41, 1, 16, P_SOURCE, 2);
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
	k = kernel(&heat, &aperture, 41, 1, 24, S, 2);
	CHECK_CLOSE(moment(&k, 0, 0, M_PI), 1, 1e-5);
	CHECK_CLOSE(moment(&k, 2, 0, M_PI), 6.7534 + .49, 1e-3);
	CHECK_CLOSE(moment(&k, 0, 2, M_PI), 1.2466 + .49, 1e-3);
	drop(k);
}

int main(void)
{
	moments();
	marginal();
	harmonics();
	even();
	apertures();
	frames();
	turned();
	support();
	monte_carlo(SE2_DIRECTION);
	monte_carlo(SE2_DIFFUSION);
	return check_end();
}
