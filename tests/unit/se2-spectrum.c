/* The identities of both processes in the frequency domain, to 1e-6. */
#include "check.h"
#include <complex.h>
#include <stdlib.h>
#include <string.h>
#include "se2/spectrum.h"
#include "table/table.h"

#define N_MAX 256

static const struct se2_model direction = {.process = SE2_DIRECTION,
    .travel = SE2_GAMMA,
    .d = .08,
    .alpha = .1,
    .order = 1,
    .harmonics = 60};
static const struct se2_model diffusion = {.process = SE2_DIFFUSION,
    .travel = SE2_FIXED,
    .d11 = 1,
    .d = .05,
    .length = 4,
    .harmonics = 30};

/* B_-N..B_N at one frequency */
static void at(const struct se2_model *m, double wx, double wy, double complex *b)
{
	double re[2 * N_MAX + 1], im[2 * N_MAX + 1];
	if (se2_spectrum(m, 1, &wx, &wy, re, im) < 0)
		re[0] = im[0] = NAN;
	for (size_t i = 0; i <= 2 * m->harmonics; i++)
		b[i] = (re[i] + I * im[i]);
}

static double complex one(const struct se2_model *m, double wx, double wy, int n)
{
	double complex b[2 * N_MAX + 1];
	at(m, wx, wy, b);
	return b[(ptrdiff_t)m->harmonics + n];
}

/* The step of differences at omega = 0, small against the rate that bounds the spectrum's variation. */
static double step_of(const struct se2_model *m)
{
	return m->travel == SE2_GAMMA ? .02 * fmin(1, m->alpha) : .01;
}

/* Derivatives of B_n at omega = 0 along (cx, cy), by central differences of order 8. */
static double complex first(const struct se2_model *m, double cx, double cy, int n)
{
	static const double c[4] = {4. / 5, -1. / 5, 4. / 105, -1. / 280};
	double complex sum = 0;
	double h = step_of(m);
	for (int i = 1; i <= 4; i++)
		sum += c[i - 1] *
		       (one(m, h * i * cx, h * i * cy, n) - one(m, -h * i * cx, -h * i * cy, n));
	return sum / h;
}

static double complex second(const struct se2_model *m, double cx, double cy, int n)
{
	static const double c[4] = {8. / 5, -1. / 5, 8. / 315, -1. / 560};
	double complex sum = -205. / 72 * one(m, 0, 0, n);
	double h = step_of(m);
	for (int i = 1; i <= 4; i++)
		sum += c[i - 1] *
		       (one(m, h * i * cx, h * i * cy, n) + one(m, -h * i * cx, -h * i * cy, n));
	return sum / (h * h);
}

/* E[x e^{-in theta}] = i d/dwx B_n, E[x^2 e^{-in theta}] = -d^2/dwx^2 B_n */
static double mean_x(const struct se2_model *m)
{
	return creal(I * first(m, 1, 0, 0));
}
static double mean_xx(const struct se2_model *m)
{
	return -creal(second(m, 1, 0, 0));
}
static double mean_yy(const struct se2_model *m)
{
	return -creal(second(m, 0, 1, 0));
}
static double mean_y_sin(const struct se2_model *m)
{
	return creal((I * first(m, 0, 1, -1) - I * first(m, 0, 1, 1)) / (2 * I));
}

#define CHECK_RELATIVE(got, expected, tolerance) CHECK_CLOSE((got) / (expected), 1, tolerance)

static void moments(void)
{
	for (int i = 0; i < 6; i++) {
		struct se2_model m = direction;
		m.travel = SE2_FIXED;
		m.harmonics = 30;
		m.d = (double[]){.08, .08, .5, .02, 1.3, .08}[i];
		double s = m.length = (double[]){10, 1, 3, 7, 2, 4}[i], d = m.d, e = exp(-d * s);
		double a = 2 / (d * d) * (d * s - 1 + e);
		double b = (3 - 4 * e + exp(-4 * d * s)) / (6 * d * d);
		CHECK_RELATIVE(mean_x(&m), (1 - e) / d, 1e-6);
		CHECK_CLOSE(creal(I * first(&m, 0, 1, 0)), 0, 1e-6);
		CHECK_RELATIVE(mean_xx(&m), (a + b) / 2, 1e-6);
		CHECK_RELATIVE(mean_yy(&m), (a - b) / 2, 1e-6);
		CHECK_RELATIVE(
		    mean_y_sin(&m), ((1 - e) / d - e * (1 - exp(-3 * d * s)) / (3 * d)) / 2, 1e-6);
		for (int n = 0; n < 5; n++)
			CHECK_CLOSE(one(&m, 0, 0, n), exp(-n * n * d * s), 1e-7);

		m.travel = SE2_GAMMA;
		m.alpha = 1 / s;
		double al = m.alpha;
		CHECK_RELATIVE(mean_x(&m), 1 / (al + d), 1e-6);
		CHECK_RELATIVE(
		    mean_xx(&m), 2 * (al + 2 * d) / (al * (al + d) * (al + 4 * d)), 1e-6);
		CHECK_RELATIVE(mean_yy(&m), 4 * d / (al * (al + d) * (al + 4 * d)), 1e-6);
		CHECK_CLOSE(one(&m, 0, 0, 3), al / (al + 9 * d), 1e-14); /* wrapped Laplace */

		m = diffusion;
		m.d11 = (double[]){1, .3, 2, 1, .5, 1}[i];
		m.d = (double[]){.05, .2, 1, .01, .4, .05}[i];
		double t = m.length = (double[]){4, 2, 3, 7, .5, 1}[i];
		double sum = 2 * m.d11 * t,
		       difference = m.d11 * (1 - exp(-4 * m.d * t)) / (2 * m.d);
		CHECK_RELATIVE(mean_xx(&m), (sum + difference) / 2, 1e-6);
		CHECK_RELATIVE(mean_yy(&m), (sum - difference) / 2, 1e-6);
		CHECK_CLOSE(one(&m, 0, 0, 2), exp(-4 * m.d * t), 1e-7); /* wrapped normal */
		m.travel = SE2_GAMMA;
		m.order = 1;
		m.alpha = 1 / t;
		sum = 2 * m.d11 / m.alpha;
		difference = 2 * m.d11 / (m.alpha + 4 * m.d);
		CHECK_RELATIVE(mean_xx(&m), (sum + difference) / 2, 1e-6);
		CHECK_RELATIVE(mean_yy(&m), (sum - difference) / 2, 1e-6);
		CHECK_CLOSE(one(&m, 0, 0, 2), m.alpha / (m.alpha + 4 * m.d), 1e-14);
	}
}

static void golden(void)
{
	struct se2_model m = direction;
	CHECK_CLOSE(mean_x(&m), 5.555556, 1e-6);
	CHECK_CLOSE(mean_xx(&m), 68.78307, 1e-5);
	CHECK_CLOSE(mean_yy(&m), 42.32804, 1e-5);
	m.travel = SE2_FIXED;
	m.length = 10;
	CHECK_CLOSE(mean_x(&m), 6.8834, 5e-5);
	CHECK_CLOSE(mean_xx(&m), 55.1484, 6e-5);
	CHECK_CLOSE(mean_yy(&m), 22.7669, 6e-5);
	CHECK_CLOSE(mean_y_sin(&m), 2.5905, 5e-5);
	m = diffusion;
	CHECK_CLOSE(mean_xx(&m), 6.7534, 5e-5);
	CHECK_CLOSE(mean_yy(&m), 1.2466, 5e-5);

	/* characteristic function of the (x, y) projection, averaged over directions: continued fraction */
	static const double rho[4] = {.05, .125, .3125, .78125};
	static const double expected[4] = {.9355621612, .7077490660, .3243067417, .1262274683};
	for (int i = 0; i < 4; i++) {
		double complex sum = 0;
		for (int k = 0; k < 64; k++)
			sum += one(&direction, rho[i] * cos(M_PI * k / 32),
				   rho[i] * sin(M_PI * k / 32), 0) /
			       64;
		CHECK_CLOSE(creal(sum), expected[i], 1e-10);
		CHECK_CLOSE(cimag(sum), 0, 1e-12);
		double fraction = 0, r2 = rho[i] * rho[i];
		for (int n = 60; n >= 1; n--)
			fraction = r2 / (n == 1 ? 2 : 4) / (.1 + .08 * n * n + fraction);
		CHECK_CLOSE(creal(sum), .1 / (.1 + fraction), 1e-10);
	}
}

/* transform over (x, y) of the slice at theta */
static double complex slice(const struct se2_model *m, double wx, double wy, double theta)
{
	double complex b[2 * N_MAX + 1], sum = 0;
	at(m, wx, wy, b);
	for (size_t i = 0; i <= 2 * m->harmonics; i++)
		sum += b[i] * cexp(I * ((double)i - (double)m->harmonics) * theta);
	return sum / (2 * M_PI);
}

static void symmetries(const struct se2_model *m)
{
	double reflection = 0, conjugate = 0, mirror = 0, reversal = 0, turn = 0;
	for (int i = 0; i < 12; i++) {
		double wx = .7 * sin(1.3 * i + .2), wy = .9 * cos(2.1 * i), theta = .5 * i - 3;
		for (int n = -5; n <= 5; n++) {
			double complex b = one(m, wx, wy, n);
			reflection = fmax(reflection, cabs(b - one(m, wx, -wy, -n)));
			conjugate = fmax(conjugate, cabs(b - conj(one(m, -wx, -wy, -n))));
		}
		double c = cos(theta), s = sin(theta);
		double complex f = slice(m, wx, wy, theta);
		mirror = fmax(mirror, cabs(f - slice(m, c * wx + s * wy, s * wx - c * wy, theta)));
		/* p(g^-1) = p(-R_-theta x, -theta) has the slice F_-theta(-R_-theta w) */
		double complex back = slice(m, -(c * wx + s * wy), -(-s * wx + c * wy), -theta);
		reversal = fmax(reversal, cabs(back - slice(m, -wx, -wy, theta)));
		turn = fmax(turn, cabs(back - f)); /* the diffusion alone: p(g^-1) = p(g) */
	}
	CHECK(reflection < 1e-8);
	CHECK(conjugate < 1e-8);
	CHECK(mirror < 1e-6);
	CHECK(reversal < 1e-6);
	if (m->process == SE2_DIFFUSION)
		CHECK(turn < 1e-6);
	else
		CHECK(turn > .01); /* the direction process has a direction */
}

static void scaling(void)
{
	struct se2_model a = direction, b = direction;
	b.d = 1;
	b.alpha = a.alpha / a.d;
	double worst = 0, fixed = 0, heat = 0;
	struct se2_model c = diffusion, d = diffusion, e = direction, f = direction;
	d.d11 = d.d = 1;
	d.length = c.d * c.length;
	e.travel = f.travel = SE2_FIXED;
	e.length = 6;
	f.d = 1;
	f.length = e.d * e.length;
	double scale = sqrt(c.d11 / c.d);
	for (int i = 0; i < 10; i++)
		for (int n = -8; n <= 8; n++) {
			double wx = .3 * i, wy = 1 - .2 * i;
			worst =
			    fmax(worst, cabs(one(&a, wx, wy, n) - one(&b, wx / a.d, wy / a.d, n)));
			fixed =
			    fmax(fixed, cabs(one(&e, wx, wy, n) - one(&f, wx / a.d, wy / a.d, n)));
			heat = fmax(
			    heat, cabs(one(&c, wx, wy, n) - one(&d, scale * wx, scale * wy, n)));
		}
	CHECK(worst < 1e-12);
	CHECK(fixed < 1e-6);
	CHECK(heat < 1e-6);
}

/* (f * g)^(w, theta) = integral f^(w, theta') g^(R_-theta' w, theta - theta') dtheta' */
static void semigroup(
    const struct se2_model *f, const struct se2_model *g, const struct se2_model *h)
{
	enum { STEPS = 160 };
	double worst = 0, largest = 0;
	for (int i = 0; i < 4; i++) {
		double wx = .1 + .15 * i, wy = .25 - .17 * i, theta = .3 * i - .5;
		double complex sum = 0;
		for (int k = 0; k < STEPS; k++) {
			double a = 2 * M_PI * k / STEPS, c = cos(a), s = sin(a);
			sum += slice(f, wx, wy, a) *
			       slice(g, c * wx + s * wy, -s * wx + c * wy, theta - a);
		}
		double complex expected = slice(h, wx, wy, theta);
		worst = fmax(worst, cabs(sum * (2 * M_PI / STEPS) - expected));
		largest = fmax(largest, cabs(expected));
	}
	CHECK(worst < 1e-6);
	CHECK(largest > .01); /* there is something to compare */
}

/* tests/golden/se2.py solves dense systems in NumPy, in the fixed frame */
static void oracle(void)
{
	struct table t;
	if (!CHECK(table_read("tests/golden/se2-spectrum.tsv", &t) == 0))
		return;
	static const char *const names[] = {
	    "d11", "d", "alpha", "order", "length", "harmonics", "wx", "wy", "n", "re", "im"};
	double *x[11], worst = 0;
	for (int c = 0; c < 11; c++) {
		x[c] = malloc(t.rows * sizeof(double));
		CHECK(table_reals(&t, names[c], x[c]) == 0);
	}
	for (size_t r = 0; r < t.rows; r++) {
		struct se2_model m = {.d11 = x[0][r],
		    .d = x[1][r],
		    .alpha = x[2][r],
		    .order = (unsigned)x[3][r],
		    .length = x[4][r],
		    .harmonics = (size_t)x[5][r]};
		m.process =
		    strcmp(table_cell(&t, r, 0), "direction") ? SE2_DIFFUSION : SE2_DIRECTION;
		m.travel = m.length > 0 ? SE2_FIXED : SE2_GAMMA;
		double complex b = one(&m, x[6][r], x[7][r], (int)x[8][r]);
		worst = fmax(worst, cabs(b - (x[9][r] + I * x[10][r])));
	}
	CHECK(t.rows > 100 && worst < 1e-8);
	for (int c = 0; c < 11; c++)
		free(x[c]);
	table_free(&t);
}

static void refused(void)
{
	double w = 0, re[3], im[3];
	struct se2_model m = direction;
	m.harmonics = 1;
	CHECK(se2_spectrum(&m, 1, &w, &w, re, im) == 0);
	m.alpha = 0;
	CHECK(se2_spectrum(&m, 1, &w, &w, re, im) < 0);
	m = direction;
	m.d = NAN;
	CHECK(se2_spectrum(&m, 1, &w, &w, re, im) < 0);
	m = diffusion;
	m.d11 = 0;
	CHECK(se2_spectrum(&m, 1, &w, &w, re, im) < 0);
	m = diffusion;
	m.length = 0;
	CHECK(se2_spectrum(&m, 1, &w, &w, re, im) < 0);
}

int main(void)
{
	moments();
	golden();
	struct se2_model a = direction, b = diffusion;
	a.order = b.order = 4;
	a.harmonics = b.harmonics = 150;
	b.travel = SE2_GAMMA;
	a.alpha = b.alpha = .8; /* a mean length of 5 */
	symmetries(&a);
	symmetries(&b);
	struct se2_model c = a;
	a.order = 8;
	semigroup(&c, &c, &a); /* Gamma(4) * Gamma(4) = Gamma(8) */
	struct se2_model s = direction, t = direction, u = direction;
	s.travel = t.travel = u.travel = SE2_FIXED;
	s.harmonics = t.harmonics = u.harmonics = 30;
	s.length = 4;
	t.length = 6;
	u.length = 10;
	symmetries(&u);
	symmetries(&diffusion);
	semigroup(&s, &t, &u); /* p_4 * p_6 = p_10 */
	struct se2_model v = diffusion;
	v.length = 8;
	semigroup(&diffusion, &diffusion, &v);
	scaling();
	/* more frequencies than a block, in one call and one by one */
	double wx[150], wy[150], *re = malloc(sizeof(double[121 * 150])),
				 *im = malloc(sizeof(double[121 * 150]));
	for (int i = 0; i < 150; i++) {
		wx[i] = .02 * i;
		wy[i] = 1 - .01 * i;
	}
	CHECK(se2_spectrum(&direction, 150, wx, wy, re, im) == 0);
	double worst = 0;
	for (int i = 0; i < 150; i += 7)
		worst = fmax(worst, cabs((re[63 * 150 + i] + I * im[63 * 150 + i]) -
					 one(&direction, wx[i], wy[i], 3)));
	CHECK(worst < 1e-15);
	free(re);
	free(im);
	oracle();
	refused();
	return check_end();
}
