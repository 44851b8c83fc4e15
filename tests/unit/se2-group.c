/* Group laws, exponential and logarithm, integral curves. */
#include "check.h"
#include <stdlib.h>
#include "base/random.h"
#include "se2/convolve.h"
#include "se2/group.h"
#include "se2/kernel.h"

static double distance(struct se2 a, struct se2 b)
{
	return fmax(hypot(a.x - b.x, a.y - b.y), fabs(remainder(a.theta - b.theta, 2 * M_PI)));
}

static struct se2 draw(struct rng *rng)
{
	double x = 10 * rng_uniform(rng) - 5, y = 10 * rng_uniform(rng) - 5;
	return (struct se2){x, y, se2_wrap(2 * M_PI * rng_uniform(rng))};
}

static void laws(void)
{
	struct rng rng = rng_start(1, RNG_TEST, 0, 0);
	double associative = 0, inverse = 0, log = 0, exp = 0, mirror = 0;
	struct se2 e = {0, 0, 0};
	for (int i = 0; i < 2000; i++) {
		struct se2 a = draw(&rng), b = draw(&rng), c = draw(&rng);
		associative = fmax(associative,
		    distance(se2_compose(se2_compose(a, b), c), se2_compose(a, se2_compose(b, c))));
		inverse = fmax(inverse, distance(se2_compose(a, se2_inverse(a)), e));
		inverse = fmax(inverse, distance(se2_compose(se2_inverse(a), a), e));
		log = fmax(log, distance(se2_exp(se2_log_of(a)), a));
		struct se2_log v = {6 * rng_uniform(&rng) - 3, 6 * rng_uniform(&rng) - 3,
		    6 * rng_uniform(&rng) - 3};
		struct se2_log w = se2_log_of(se2_exp(v));
		exp =
		    fmax(exp, fmax(fabs(v.c1 - w.c1), fmax(fabs(v.c2 - w.c2), fabs(v.c3 - w.c3))));
		/* one-parameter subgroup: exp(sv) exp(tv) = exp((s + t) v) */
		struct se2_log s = {.3 * v.c1, .3 * v.c2, .3 * v.c3},
			       t = {.7 * v.c1, .7 * v.c2, .7 * v.c3};
		log = fmax(log, distance(se2_compose(se2_exp(s), se2_exp(t)), se2_exp(v)));
		/* g -> (x cos + y sin, x sin - y cos, theta) of identity 9 keeps the log's c1 and turns c3 round */
		double ct = cos(a.theta), st = sin(a.theta);
		struct se2 m = {a.x * ct + a.y * st, a.x * st - a.y * ct, a.theta};
		struct se2_log la = se2_log_of(a), lm = se2_log_of(m);
		mirror = fmax(mirror, fmax(fabs(la.c1 - lm.c1), fabs(la.c3 + lm.c3)));
	}
	CHECK(associative < 1e-13);
	CHECK(inverse < 1e-13);
	CHECK(log < 1e-12);
	CHECK(exp < 1e-10);
	CHECK(mirror < 1e-10);
	/* theta -> 0: log = (x, 0, y); theta = pi is its own end */
	struct se2_log flat = se2_log_of((struct se2){2, 3, 0});
	CHECK(fabs(flat.c1 - 2) + fabs(flat.c2) + fabs(flat.c3 - 3) < 1e-15);
	CHECK_CLOSE(se2_wrap(-M_PI), M_PI, 0);
	CHECK_CLOSE(se2_wrap(5 * M_PI), M_PI, 1e-14);
	struct se2 turned = se2_compose((struct se2){0, 0, M_PI / 2}, (struct se2){1, 0, 0});
	CHECK(distance(turned, (struct se2){0, 1, M_PI / 2}) < 1e-15); /* y is up */
}

static void brackets(void)
{
	/* [X1, X2] = -X3: exp(aX1) exp(aX2) exp(-aX1) exp(-aX2) = e + a^2 [X1, X2] + O(a^3) */
	double a = 1e-4;
	struct se2 g = se2_exp((struct se2_log){a, 0, 0});
	g = se2_compose(g, se2_exp((struct se2_log){0, a, 0}));
	g = se2_compose(g, se2_exp((struct se2_log){-a, 0, 0}));
	g = se2_compose(g, se2_exp((struct se2_log){0, -a, 0}));
	CHECK_CLOSE(g.x / (a * a), 0, 1e-3);
	CHECK_CLOSE(g.y / (a * a), -1, 1e-3);
	CHECK_CLOSE(g.theta / (a * a), 0, 1e-3);
}

static void curves(void)
{
	double circle = 0, cocircular = 0, tangent = 0;
	for (int i = -20; i <= 20; i++)
		for (double s = .1; s < 9; s += .37) {
			double k = .05 * i;
			struct se2 g = se2_curve(k, s);
			double x = i ? sin(k * s) / k : s, y = i ? (1 - cos(k * s)) / k : 0;
			circle = fmax(circle, hypot(g.x - x, g.y - y));
			if (fabs(k * s) < 3)
				cocircular = fmax(cocircular,
				    fabs(remainder(g.theta - 2 * atan2(g.y, g.x), 2 * M_PI)));
			struct se2 h = se2_curve(k, s + 1e-6);
			tangent = fmax(tangent, hypot((h.x - g.x) / 1e-6 - cos(g.theta),
						    (h.y - g.y) / 1e-6 - sin(g.theta)));
		}
	CHECK(circle < 1e-12);
	CHECK(cocircular < 1e-12);
	CHECK(tangent < 1e-5);
}

enum { HALF = 10, ANGLES = 24 }; /* px; angles of a circle */

static struct se2_grid grid_of(size_t per_px, const double *theta)
{
	size_t size = 2 * HALF * per_px + 1;
	return (struct se2_grid){.height = size,
	    .width = size,
	    .step = 1 / (double)per_px,
	    .angles = ANGLES,
	    .theta = theta,
	    .frame = SE2_AT_SOURCE};
}

/*
 * Identity 12 on the grid: p_s * p_t = p_{s+t} and, as Gamma(6) * Gamma(6) = Gamma(12), P * P = Gamma(2). The
 * aperture in space is isotropic and goes through the product, sigma^2 adding up; that in orientation turns about
 * the far end, so the left factor has none. What is left is the cubic interpolation's error: of third order, half
 * the step leaves an eighth.
 */
static void products(
    const struct se2_model *f, const struct se2_model *g, const struct se2_model *h)
{
	double theta[ANGLES], before = 0;
	se2_uniform(ANGLES, 2 * M_PI, theta);
	for (size_t per_px = 1; per_px <= 2; per_px++) {
		struct se2_grid grid = grid_of(per_px, theta);
		size_t size = grid.width, points = size * size * ANGLES;
		float *a = malloc(points * sizeof *a), *b = malloc(points * sizeof *b),
		      *c = malloc(points * sizeof *c), *product = malloc(points * sizeof *product);
		struct se2_aperture sharp = {1, 0, false}, turned = {1, .2, false},
				    both = {sqrt(2), .2, false};
		CHECK(se2_kernel(f, &grid, &sharp, 1, a) == 0);
		CHECK(se2_kernel(g, &grid, &turned, 1, b) == 0);
		CHECK(se2_kernel(h, &grid, &both, 1, c) == 0);
		CHECK(se2_convolve(ANGLES, size, grid.step, a, b, 1, product) == 0);
		double mass = 0, worst = 0, peak = 0;
		for (size_t i = 0; i < points; i++) {
			mass += product[i] * grid.step * grid.step * 2 * M_PI / ANGLES;
			worst = fmax(worst, fabs(product[i] - c[i]));
			peak = fmax(peak, c[i]);
		}
		printf("# product of kernels, step %g px: largest difference %.2g of the peak\n",
		    grid.step, worst / peak);
		CHECK_CLOSE(mass, 1, 2e-3);
		CHECK(worst < (per_px == 1 ? .007 : .0006) * peak);
		if (per_px == 2)
			CHECK(worst / peak < before / 8);
		before = worst / peak;
		free(a);
		free(b);
		free(c);
		free(product);
	}
}

static void semigroup(void)
{
	struct se2_model heat = {.process = SE2_DIFFUSION,
	    .travel = SE2_FIXED,
	    .d11 = 1,
	    .d = .05,
	    .length = 2,
	    .harmonics = 30};
	struct se2_model longer = heat, sum = heat;
	longer.length = 1;
	sum.length = 3;
	products(&heat, &longer, &sum);
	struct se2_model direction = {.process = SE2_DIRECTION,
	    .travel = SE2_GAMMA,
	    .d = .1,
	    .alpha = 3,
	    .order = 6,
	    .harmonics = 60};
	struct se2_model twice = direction;
	twice.order = 12;
	products(&direction, &direction, &twice);
}

static void convolution(void)
{
	double theta[ANGLES], error = 0, peak = 0;
	se2_uniform(ANGLES, 2 * M_PI, theta);
	struct se2_grid grid = grid_of(1, theta);
	size_t size = grid.width, points = size * size * ANGLES, middle = size / 2;
	struct se2_model model = {.process = SE2_DIFFUSION,
	    .travel = SE2_FIXED,
	    .d11 = 1,
	    .d = .05,
	    .length = 3,
	    .harmonics = 20};
	float *f = calloc(points, sizeof *f), *g = malloc(points * sizeof *g),
	      *h = malloc(points * sizeof *h);
	CHECK(se2_kernel(&model, &grid, &(struct se2_aperture){1.5, .2, false}, 1, g) == 0);
	for (size_t i = 0; i < points; i++)
		peak = fmax(peak, g[i]);
	/* a delta on the left at e: e * g = g */
	f[middle * size + middle] = (float)(ANGLES / (2 * M_PI));
	CHECK(se2_convolve(ANGLES, size, 1, f, g, 1, h) == 0);
	for (size_t i = 0; i < points; i++)
		error = fmax(error, fabs(h[i] - g[i]));
	CHECK(error < 1e-5 * peak);
	/* delta at (3, 2, pi/2) shifts and turns: h(x, y, theta) = g(y - 2, -(x - 3), theta - pi/2) */
	f[middle * size + middle] = 0;
	f[((ANGLES / 4) * size + middle - 2) * size + middle + 3] = (float)(ANGLES / (2 * M_PI));
	CHECK(se2_convolve(ANGLES, size, 1, f, g, 1, h) == 0);
	error = 0;
	for (int t = 0; t < ANGLES; t++)
		for (int y = -6; y <= 6; y++)
			for (int x = -6; x <= 6; x++) {
				size_t a = ((size_t)t * size + (size_t)(HALF - y)) * size +
					   (size_t)(HALF + x);
				size_t b = ((size_t)((t + 3 * ANGLES / 4) % ANGLES) * size +
					       (size_t)(HALF + (x - 3))) *
					       size +
					   (size_t)(HALF + (y - 2));
				error = fmax(error, fabs(h[a] - g[b]));
			}
	CHECK(error < 1e-5 * peak);
	free(f);
	free(g);
	free(h);
}

int main(void)
{
	laws();
	brackets();
	curves();
	semigroup();
	convolution();
	return check_end();
}
