/*
 * SE(2): the group, the spectra of both processes, and their kernels on the grid. Numbers in claims are those of the
 * identities in the suite's reference on neurogeometry. Spectra are compared to 1e-6 at the default harmonics, for frequencies up to
 * BAND, where the default aperture of 0.7 px leaves 1e-4.
 */
#include "check.h"
#include <complex.h>
#include "base/random.h"
#include "se2/kernel.h"
#include "se2/spectrum.h"
#include "table/table.h"

enum { N_MAX = 256, N = 60, ROWS = 2 * N + 1, TURNS = 256 /* > 4 N + 1 */ };
#define BAND 6.13 /* rad/px */

static const double rhos[] = {.03, .2, .8, 2, 4, BAND};
enum { RHOS = sizeof rhos / sizeof *rhos };

static const struct se2_model direction = {
    .process = SE2_DIRECTION, .d = .08, .alpha = .25, .order = 1, .harmonics = N};
static const struct se2_model diffusion = {
    .process = SE2_DIFFUSION, .d11 = 1, .d = .08, .alpha = .25, .order = 1, .harmonics = N};
static const struct se2_aperture aperture = {.7, 5 * M_PI / 180, false};

static struct se2_model gamma_of(struct se2_model m, unsigned order)
{
	m.order = order;
	return m;
}

static struct se2_model fixed_of(struct se2_model m, double length)
{
	m.travel = SE2_FIXED;
	m.length = length;
	return m;
}

/* ---- spectra ---- */

/* B_-n..B_n at one frequency, n the model's harmonics */
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

/* Derivatives of B_n at omega = 0 along (cx, cy), by central differences of order 8 with a step that is small against the
 * rate that bounds the spectrum's variation. */
static double step_of(const struct se2_model *m)
{
	return m->travel == SE2_GAMMA ? .02 * fmin(1, m->alpha) : .01;
}

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

static double second(const struct se2_model *m, double cx, double cy)
{
	static const double c[4] = {8. / 5, -1. / 5, 8. / 315, -1. / 560};
	double complex sum = -205. / 72 * one(m, 0, 0, 0);
	double h = step_of(m);
	for (int i = 1; i <= 4; i++)
		sum += c[i - 1] *
		       (one(m, h * i * cx, h * i * cy, 0) + one(m, -h * i * cx, -h * i * cy, 0));
	return creal(sum / (h * h));
}

/* E[x e^{-in theta}] = i d/dwx B_n, E[x^2 e^{-in theta}] = -d^2/dwx^2 B_n */
static double mean_x(const struct se2_model *m)
{
	return creal(I * first(m, 1, 0, 0));
}

/* E[y sin(n theta)] */
static double mean_y_sin(const struct se2_model *m, int n)
{
	return creal((I * first(m, 0, 1, -n) - I * first(m, 0, 1, n)) / (2 * I));
}

#define CHECK_RELATIVE(got, expected, tolerance) CHECK_CLOSE((got) / (expected), 1, tolerance)

/* E[exp(-c s)] over the travel time s */
static double laplace(const struct se2_model *m, double c)
{
	return m->travel == SE2_FIXED ? exp(-c * m->length)
				      : pow(m->alpha / (m->alpha + c), m->order);
}

/* All are averages over the travel time of what holds at a fixed one. */
static void moments_of(struct se2_model m)
{
	double d = m.d, e = laplace(&m, d), e4 = laplace(&m, 4 * d);
	double s = m.travel == SE2_FIXED ? m.length : m.order / m.alpha;
	double complex marginal[ROWS];
	at(&m, 0, 0, marginal);
	for (int n = -N; n <= N; n++)
		CHECK_CLOSE(cabs(marginal[n + N] - laplace(&m, n * n * d)), 0, 1e-7);
	CHECK_CLOSE(creal(I * first(&m, 0, 1, 0)), 0, 1e-6);
	double a = 2 * m.d11 * s, b = m.d11 * (1 - e4) / (2 * d);
	if (m.process == SE2_DIRECTION) {
		a = 2 / (d * d) * (d * s - 1 + e);
		b = (3 - 4 * e + e4) / (6 * d * d);
		CHECK_RELATIVE(mean_x(&m), (1 - e) / d, 1e-6);
		CHECK_RELATIVE(mean_y_sin(&m, 1), ((1 - e) / d - (e - e4) / (3 * d)) / 2, 1e-6);
	} else {
		CHECK_CLOSE(mean_x(&m), 0, 1e-6);
	}
	CHECK_RELATIVE(-second(&m, 1, 0), (a + b) / 2, 1e-6);
	CHECK_RELATIVE(-second(&m, 0, 1), (a - b) / 2, 1e-6);
}

static void spectral_moments(void)
{
	static const double ds[] = {.08, .08, .5, .02, 1.3, .08}, lengths[] = {10, 1, 3, 7, 2, 4};
	static const double d11s[] = {1, .3, 2, 1, .5, 1};
	for (int i = 0; i < 6; i++)
		for (int process = 0; process < 2; process++) {
			struct se2_model m = process ? diffusion : direction;
			m.d = ds[i];
			m.d11 = d11s[i];
			m.alpha = 1 / lengths[i];
			moments_of(m);
			moments_of(gamma_of(m, 2));
			moments_of(gamma_of(m, 5));
			moments_of(fixed_of(m, lengths[i]));
		}
	/* the resolvent's own closed forms (4) */
	double al = direction.alpha, d = direction.d;
	CHECK_RELATIVE(mean_x(&direction), 1 / (al + d), 1e-6);
	CHECK_RELATIVE(
	    -second(&direction, 1, 0), 2 * (al + 2 * d) / (al * (al + d) * (al + 4 * d)), 1e-6);
	CHECK_RELATIVE(-second(&direction, 0, 1), 4 * d / (al * (al + d) * (al + 4 * d)), 1e-6);
}

/*
 * As long as D s is small no path gets to pi (7 standard deviations at D s = 0.1), so the wrapped angle's sawtooth,
 * theta = sum over n of 2 (-1)^(n+1) sin(n theta)/n, will do; longer times by the group: (x, y, theta) = g g' of
 * independent g, g' with angles that add, so that
 *	E[y theta](2s) = E[y theta] (1 + E[cos theta]) + E[x] E[theta sin theta]
 *	E[theta sin theta](2s) = 2 E[cos theta] E[theta sin theta]
 */
static void unwrapped(void)
{
	struct se2_model m = fixed_of(direction, 1.25);
	double y_theta = 0, theta_sin = 0, d = m.d;
	for (int n = 1; n <= 30; n++) {
		double sign = n % 2 ? 2. / n : -2. / n;
		y_theta += sign * mean_y_sin(&m, n);
		/* E[sin(n theta) sin theta] = (E[cos((n-1) theta)] - E[cos((n+1) theta)])/2 */
		theta_sin += sign * creal(one(&m, 0, 0, n - 1) - one(&m, 0, 0, n + 1)) / 2;
	}
	for (; m.length < 11; m.length *= 2) {
		double s = m.length, e = exp(-d * s), c = creal(one(&m, 0, 0, 1));
		CHECK_CLOSE(y_theta, 2 / d * (1 - e * (1 + d * s)), 1e-6);
		CHECK_CLOSE(theta_sin, 2 * d * s * e, 1e-6);
		y_theta = y_theta * (1 + c) + mean_x(&m) * theta_sin;
		theta_sin *= 2 * c;
	}
}

static void projections(void)
{
	static const double cases[][2] = {{.25, .03}, {.25, .2}, {.25, .8}, {.25, 2}, {.25, 4},
	    {.25, BAND}, {.1, .05}, {.1, .125}, {.1, .3125}, {.1, .78125}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct se2_model m = direction;
		double complex sum = 0;
		double fraction = 0, rho = cases[i][1];
		m.alpha = cases[i][0];
		for (int k = 0; k < 256; k++)
			sum +=
			    one(&m, rho * cos(M_PI * k / 128), rho * sin(M_PI * k / 128), 0) / 256;
		for (int n = 4000; n >= 1; n--)
			fraction =
			    rho * rho / (n == 1 ? 2 : 4) / (m.alpha + m.d * n * n + fraction);
		CHECK_CLOSE(creal(sum), m.alpha / (m.alpha + fraction), 1e-10);
		CHECK_CLOSE(cimag(sum), 0, 1e-12);
	}
}

/*
 * The Green's matrix at |omega| = rho. With omega = rho (cos phi, sin phi) and the slice at theta
 *	F_theta(phi) = 1/(2 pi) sum over n, m of G[n][m] e^{i n theta} e^{i (m - n) phi},
 * B_n(phi) = sum over m of G[n][m] e^{i (m - n) phi}: G is B's Fourier coefficients in phi, from -N; those that belong to no
 * |m| <= N are 0.
 */
typedef double complex greens[ROWS][ROWS];

static void greens_of(const struct se2_model *model, double rho, greens g)
{
	static double re[ROWS * TURNS], im[ROWS * TURNS];
	double wx[TURNS], wy[TURNS], c[TURNS], s[TURNS];
	for (int k = 0; k < TURNS; k++) {
		c[k] = cos(2 * M_PI * k / TURNS);
		s[k] = sin(2 * M_PI * k / TURNS);
		wx[k] = rho * c[k];
		wy[k] = rho * s[k];
	}
	CHECK(model->harmonics == N && se2_spectrum(model, TURNS, wx, wy, re, im) == 0);
	for (int n = -N; n <= N; n++) {
		const double *x = re + (n + N) * TURNS, *y = im + (n + N) * TURNS;
		for (int l = -TURNS / 2; l < TURNS / 2; l++) {
			double a = 0, b = 0;
			for (int k = 0; k < TURNS; k++) {
				int turn = (l * k) & (TURNS - 1); /* times e^{-i l phi} */
				a += x[k] * c[turn] + y[k] * s[turn];
				b += y[k] * c[turn] - x[k] * s[turn];
			}
			if (abs(n + l) <= N)
				g[n + N][n + l + N] = (a + I * b) / TURNS;
			else
				CHECK_CLOSE(hypot(a, b) / TURNS, 0, 1e-9);
		}
	}
}

/*
 * Equations between G's elements, at every n, m: no sum over n is cut, and none is near a kink.
 *	8	p(x, -y, -theta) = p(g):	F_-theta(-phi) = F_theta(phi)
 *	real	p is real:			conj F_theta(phi + pi) = F_theta(phi)
 *	9	mirror about theta/2:		F_theta(theta - phi) = F_theta(phi)
 *	10	p(g^-1) = p(-x, -y, theta):	F_-theta(phi + pi - theta) = F_theta(phi + pi)
 *	10	diffusion, p(-x, -y, theta) = p(g): F_theta(phi + pi) = F_theta(phi)
 */
static void symmetries(const struct se2_model *model)
{
	static greens g;
	double turned = 0, largest = 0;
	for (int i = 0; i < RHOS; i++) {
		greens_of(model, rhos[i], g);
		for (int n = 0; n < ROWS; n++)
			for (int m = 0; m < ROWS; m++) {
				double complex v = g[n][m],
					       opposite = g[ROWS - 1 - n][ROWS - 1 - m];
				int sign = (m - n) % 2 ? -1 : 1;
				CHECK_CLOSE(cabs(v - opposite), 0, 1e-6);
				CHECK_CLOSE(cabs(v - sign * conj(opposite)), 0, 1e-6);
				CHECK_CLOSE(cabs(v - g[m][n]), 0, 1e-6);
				CHECK_CLOSE(cabs(v - g[ROWS - 1 - m][ROWS - 1 - n]), 0, 1e-6);
				largest = fmax(largest, cabs(v));
				turned = fmax(turned, cabs(v - sign * v));
			}
	}
	CHECK(model->process == SE2_DIFFUSION
		  ? turned < 1e-6
		  : turned > .1); /* the direction process has a direction */
	CHECK(largest > .5);
}

/* (f * g)^(omega, theta) = integral f^(omega, theta') g^(R_-theta' omega, theta - theta') dtheta' is the product of the matrices,
 * G_f*g = G_g G_f; checked at every element. */
static void semigroup(
    const struct se2_model *f, const struct se2_model *g, const struct se2_model *h)
{
	static greens a, b, c;
	for (int i = 0; i < RHOS; i++) {
		greens_of(f, rhos[i], a);
		greens_of(g, rhos[i], b);
		greens_of(h, rhos[i], c);
		for (int n = 0; n < ROWS; n++) {
			double re[ROWS] = {0}, im[ROWS] = {0};
			for (int q = 0; q < ROWS; q++) {
				double br = creal(b[n][q]), bi = cimag(b[n][q]);
				for (int m = 0; m < ROWS; m++) {
					double ar = creal(a[q][m]), ai = cimag(a[q][m]);
					re[m] += br * ar - bi * ai;
					im[m] += br * ai + bi * ar;
				}
			}
			for (int m = 0; m < ROWS; m++)
				CHECK_CLOSE(
				    hypot(re[m] - creal(c[n][m]), im[m] - cimag(c[n][m])), 0, 1e-6);
		}
	}
}

static void scaling(struct se2_model a)
{
	struct se2_model b = a;
	double scale = a.process == SE2_DIRECTION ? 1 / a.d : sqrt(a.d11 / a.d);
	b.d = b.d11 = 1;
	b.alpha = a.alpha / a.d;
	b.length = a.length * a.d;
	for (int i = 0; i < RHOS; i++)
		for (int k = 0; k < 5; k++) {
			double complex x[ROWS], y[ROWS];
			double wx = rhos[i] * cos(1.1 * k), wy = rhos[i] * sin(1.1 * k);
			at(&a, wx, wy, x);
			at(&b, scale * wx, scale * wy, y);
			for (int n = 0; n < ROWS; n++)
				CHECK_CLOSE(cabs(x[n] - y[n]), 0, 1e-6);
		}
}

/* Both processes at a Gamma and at a fixed time. */
static void spectral_identities(void)
{
	struct se2_model gamma2 = gamma_of(direction, 2), gamma3 = gamma_of(direction, 3),
			 heat2 = gamma_of(diffusion, 2);
	struct se2_model p[] = {fixed_of(direction, 4), fixed_of(direction, 6),
	    fixed_of(direction, 10)},
			 h[] = {fixed_of(diffusion, 3), fixed_of(diffusion, 4),
			     fixed_of(diffusion, 7)};
	const struct se2_model *all[] = {&direction, &gamma3, &p[2], &diffusion, &heat2, &h[1]};
	for (int i = 0; i < 6; i++) {
		CLAIM("spectra are real, reflected, mirrored and reversed as identities 8 to 10 "
		      "say, at every element");
		symmetries(all[i]);
		CLAIM("lengths and diffusions scale together, at every harmonic (11)");
		scaling(*all[i]);
	}
	CLAIM("the product of two kernels' Green's matrices is that of their sum of times (12)");
	semigroup(&direction, &direction, &gamma2); /* P * P = Gamma(2) */
	semigroup(&gamma2, &direction, &gamma3);
	semigroup(&diffusion, &diffusion, &heat2);
	semigroup(&p[0], &p[1], &p[2]);
	semigroup(&h[0], &h[1], &h[2]);
}

/* tests/golden/se2.py, in the fixed frame */
static void oracle(void)
{
	struct table t;
	if (!CHECK(table_read("tests/golden/se2-spectrum.tsv", &t) == 0))
		return;
	static const char *const names[] = {
	    "d11", "d", "alpha", "order", "length", "harmonics", "wx", "wy", "n", "re", "im"};
	double *x[11];
	for (int c = 0; c < 11; c++) {
		x[c] = malloc(t.rows * sizeof *x[c]);
		CHECK(table_reals(&t, names[c], x[c]) == 0);
	}
	CHECK(t.rows > 100);
	for (size_t r = 0; r < t.rows; r++) {
		struct se2_model m = {.process = strcmp(table_cell(&t, r, 0), "direction")
						     ? SE2_DIFFUSION
						     : SE2_DIRECTION,
		    .travel = x[4][r] > 0 ? SE2_FIXED : SE2_GAMMA,
		    .d11 = x[0][r],
		    .d = x[1][r],
		    .alpha = x[2][r],
		    .order = (unsigned)x[3][r],
		    .length = x[4][r],
		    .harmonics = (size_t)x[5][r]};
		CHECK_CLOSE(
		    cabs(one(&m, x[6][r], x[7][r], (int)x[8][r]) - (x[9][r] + I * x[10][r])), 0,
		    1e-8);
	}
	for (int c = 0; c < 11; c++)
		free(x[c]);
	table_free(&t);
}

static void blocks(void)
{
	enum { COUNT = 150 };
	static double re[ROWS * COUNT], im[ROWS * COUNT];
	double wx[COUNT], wy[COUNT];
	for (int i = 0; i < COUNT; i++) {
		wx[i] = .02 * i;
		wy[i] = 1 - .01 * i;
	}
	CHECK(se2_spectrum(&direction, COUNT, wx, wy, re, im) == 0);
	for (int i = 0; i < COUNT; i += 7) {
		double complex b = re[(N + 3) * COUNT + i] + I * im[(N + 3) * COUNT + i];
		CHECK_CLOSE(cabs(b - one(&direction, wx[i], wy[i], 3)), 0, 1e-15);
	}
}

static void refused(void)
{
	struct se2_model good = direction,
			 bad[] = {direction, direction, diffusion, fixed_of(diffusion, 0)};
	double w = 0, re[3], im[3];
	good.harmonics = 1;
	bad[0].alpha = 0;
	bad[1].d = NAN;
	bad[2].d11 = 0;
	CHECK(se2_spectrum(&good, 1, &w, &w, re, im) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(se2_spectrum(&bad[i], 1, &w, &w, re, im) < 0);
}

/* ---- kernels ---- */

struct kernel {
	size_t size, angles;
	double step, peak, least;
	double *theta;
	float *k;
};

enum kind { P_SOURCE, P_TARGET, S, S_ODD };

/* theta: (angles), or NULL for equal steps over the period */
static struct kernel kernel_at(const struct se2_model *m, const struct se2_aperture *a, size_t size,
    double step, size_t angles, const double *theta, enum kind kind, size_t threads)
{
	struct kernel k = {size, angles, step, 0, 0, malloc(angles * sizeof *k.theta),
	    malloc(size * size * angles * sizeof *k.k)};
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
	for (size_t i = 0; i < size * size * angles; i++) {
		CHECK(isfinite(k.k[i]));
		k.peak = fmax(k.peak, k.k[i]);
		k.least = fmin(k.least, k.k[i]);
	}
	return k;
}

static struct kernel kernel(const struct se2_model *m, const struct se2_aperture *a, size_t size,
    double step, size_t angles, enum kind kind)
{
	return kernel_at(m, a, size, step, angles, NULL, kind, 1);
}

static void drop(struct kernel k)
{
	free(k.theta);
	free(k.k);
}

static double value(const struct kernel *k, size_t t, int x, int y)
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

/* The largest difference from a grid n times as fine, where both have points. */
static double apart(const struct kernel *k, const struct kernel *fine, int n)
{
	int half = (int)k->size / 2;
	double worst = 0;
	for (size_t t = 0; t < k->angles; t++)
		for (int y = -half; y <= half; y++)
			for (int x = -half; x <= half; x++)
				worst = fmax(
				    worst, fabs(value(k, t, x, y) - value(fine, t, n * x, n * y)));
	return worst;
}

/* Relative errors of mass, E[x], E[x^2] and E[y^2] of the direction process's resolvent, whose aperture adds sigma^2. */
static void moment_errors(double sigma, double step, double error[4])
{
	struct se2_model m = direction;
	double al = m.alpha = .6, d = m.d, s2 = sigma * sigma;
	double expected[4] = {1, 1 / (al + d),
	    2 * (al + 2 * d) / (al * (al + d) * (al + 4 * d)) + s2,
	    4 * d / (al * (al + d) * (al + 4 * d)) + s2};
	static const int power[4][2] = {{0, 0}, {1, 0}, {2, 0}, {0, 2}};
	struct kernel k = kernel(&m, &(struct se2_aperture){sigma, aperture.sigma_theta, false},
	    2 * (size_t)ceil(24 / step) + 1, step, 72, P_SOURCE);
	for (int q = 0; q < 4; q++)
		error[q] = fabs(moment(&k, power[q][0], power[q][1], 2 * M_PI) / expected[q] - 1);
	CHECK_CLOSE(moment(&k, 0, 1, 2 * M_PI), 0, 1e-6);
	drop(k);
}

/* Sums over a grid of step h see the smoothed density's frequencies at 2 pi/h: errors fall like exp(-2 pi^2 sigma^2/h^2), times
 * 1/h^2 for the second moments, to what rounding and the periodic grid (e^-14) leave. */
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
	/* at the default aperture: the band ends where the aperture leaves 6e-5, which y^2 at the far ends sees most */
	static const double cases[][4] = {
	    {1, 1, 1e-5, 1e-5}, {.7, 1, 1e-4, 2e-3}, {.7, .5, 1e-5, 1e-5}};
	for (int i = 0; i < 3; i++) {
		moment_errors(cases[i][0], cases[i][1], last);
		for (int q = 0; q < 4; q++)
			CHECK_CLOSE(last[q], 0, cases[i][q == 3 ? 3 : 2]);
	}
}

static void marginal(void)
{
	struct se2_model m = direction;
	m.alpha = .6;
	struct kernel k = kernel(&m, &aperture, 65, 1, 72, P_SOURCE);
	double st = aperture.sigma_theta;
	for (size_t t = 0; t < k.angles; t++) {
		double sum = 0, expected = 1 / (2 * M_PI);
		for (size_t p = 0; p < 65 * 65; p++)
			sum += k.k[t * 65 * 65 + p];
		for (int n = 1; n < 200; n++)
			expected += m.alpha / (m.alpha + m.d * n * n) * exp(-n * n * st * st / 2) *
				    cos(n * k.theta[t]) / M_PI;
		CHECK_CLOSE(sum, expected, 1e-4);
	}
	drop(k);
}

/* Values against those on a grid of a quarter of the step, which sees wider frequencies. */
static void harmonics(void)
{
	struct se2_model m = direction;
	m.harmonics = 240;
	struct kernel fine = kernel_at(&m, &aperture, 65, .25, 8, NULL, P_SOURCE, 2);
	double before = INFINITY, left_before = 1;
	for (size_t n = 10; n <= 60; n += 10) {
		m.harmonics = n;
		struct kernel k = kernel(&m, &aperture, 17, 1, 8, P_SOURCE);
		double left = exp(-pow((double)n * aperture.sigma_theta, 2) / 2),
		       error = apart(&k, &fine, 4) / fine.peak;
		CHECK_CLOSE(error, 0, .1 * left + 1.5e-5);
		CHECK(k.least > -(.1 * left + 5e-6) * fine.peak);
		CHECK(n > 30 || error < before * left / left_before);
		before = error;
		left_before = left;
		drop(k);
	}
	drop(fine);
}

static void even(void)
{
	for (int i = 0; i < 2; i++) {
		struct kernel half = kernel(&direction, &aperture, 33, .5, 6, i ? S : S_ODD);
		struct kernel twice = kernel(&direction, &aperture, 16, 1, 6, i ? S : S_ODD);
		for (size_t t = 0; t < 6; t++)
			for (int r = 0; r < 16; r++)
				for (int c = 0; c < 16; c++)
					CHECK_CLOSE(twice.k[(t * 16 + (size_t)r) * 16 + (size_t)c],
					    value(&half, t, 2 * c - 15, 15 - 2 * r),
					    1e-4 * half.peak);
		drop(half);
		drop(twice);
	}
}

static void apertures(void)
{
	static const struct {
		double sigma, step;
		int finer;
	} c[] = {{.7, 3, 3}, {.7, 4, 4}, {.7, 6, 6}, {.2, 1, 4}, {.1, 1, 8}, {.1, 2, 16}};
	for (int i = 0; i < 6; i++)
		for (int process = 0; process < 2; process++) {
			struct se2_model m = process ? diffusion : direction;
			m.alpha = c[i].sigma < .7 ? 2 : .25;
			struct se2_aperture a = {c[i].sigma, aperture.sigma_theta, false};
			struct kernel k = kernel(&m, &a, 7, c[i].step, 12, P_SOURCE);
			struct kernel fine = kernel(&m, &a, (size_t)(6 * c[i].finer + 1),
			    c[i].step / c[i].finer, 12, P_SOURCE);
			CHECK_CLOSE(apart(&k, &fine, c[i].finer), 0, 2e-5 * fine.peak);
			CHECK(k.least > -1e-5 * fine.peak);
			drop(k);
			drop(fine);
		}
	float value;
	double theta = 0;
	struct se2_grid grid = {.height = 1, .width = 1, .step = 1, .angles = 1, .theta = &theta};
	CHECK(se2_kernel(&direction, &grid, &(struct se2_aperture){0, .1, true}, 1, &value) < 0);
	CHECK(
	    se2_kernel(&direction, &grid, &(struct se2_aperture){1e-3, .1, false}, 1, &value) < 0);
	CHECK_CLOSE(se2_harmonics(&aperture), 60, 0);
	CHECK_CLOSE(se2_harmonics(&(struct se2_aperture){.7, 2 * M_PI / 180, false}), 150, 0);
	CHECK_CLOSE(se2_harmonics(&(struct se2_aperture){.7, 20 * M_PI / 180, false}), 60, 0);
	CHECK(se2_harmonics(&(struct se2_aperture){.7, 0, false}) > 1e9);
}

static void frames(void)
{
	struct kernel s = kernel(&direction, &aperture, 33, 1, 36, P_SOURCE);
	struct kernel t = kernel_at(&direction, &aperture, 33, 1, 36, NULL, P_TARGET, 2);
	struct kernel u = kernel_at(&direction, &aperture, 33, 1, 18, NULL, S, 2);
	struct kernel v = kernel_at(&direction, &aperture, 33, 1, 36, NULL, S_ODD, 2);
	double sides = 0, near = 1e-6 * u.peak;
	for (size_t a = 0; a < 36; a++)
		for (int y = -16; y <= 16; y++)
			for (int x = -16; x <= 16; x++) {
				double here = value(&s, a, x, y), there = value(&s, a, -x, -y),
				       both = value(&v, a, x, y),
				       other = value(&v, (a + 18) % 36, x, y),
				       whole = value(&u, a % 18, x, y);
				CHECK_CLOSE(value(&t, a, x, y), there,
				    0); /* no result depends on the threads either */
				CHECK_CLOSE(here, value(&s, (36 - a) % 36, x, -y), near);
				CHECK_CLOSE(.5 * (here + there + value(&s, (a + 18) % 36, x, y) +
						     value(&s, (a + 18) % 36, -x, -y)),
				    whole, near);
				/* S_odd: both ends with their own side, S where the side is not seen */
				CHECK_CLOSE(both, .5 * (here + there), near);
				CHECK_CLOSE(both, value(&v, a, -x, -y), near);
				CHECK_CLOSE(both + other, whole, near);
				sides = fmax(sides, both - other);
			}
	CHECK(sides > .9 * u.peak); /* the sides are kept apart */
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
 * At angles that are no multiple of 90 degrees but turn part of the grid into itself (3-4-5 and 5-12-13). An aperture in theta
 * at a fixed point turns about one end only: both hold to second order of sigma_theta, so that half of it leaves a quarter. At 5
 * degrees 1.1 per cent of the peak.
 */
static void turned(void)
{
	enum { ANGLES = 12, HALF = 32 };
	static const double legs[6][2] = {{1, 2}, {1, 3}, {2, 1}, {1, 5}, {2, 3}, {3, 1}},
			    degrees[] = {10, 5, 2.5};
	double theta[ANGLES];
	for (int t = 0; t < ANGLES; t++)
		theta[t] = (t % 2 ? -2 : 2) * atan2(legs[t / 2][0], legs[t / 2][1]);
	for (int i = 0; i < 6; i++) {
		static double before[3]; /* mirror, reversal, reversal of S_odd */
		struct se2_model m = i / 3 ? diffusion : direction;
		struct se2_aperture a = {.7, degrees[i % 3] * M_PI / 180, false};
		m.harmonics = (size_t)se2_harmonics(&a);
		struct kernel p = kernel_at(&m, &a, 2 * HALF + 1, .5, ANGLES, theta, P_SOURCE, 1);
		struct kernel o = kernel_at(&m, &a, 2 * HALF + 1, .5, ANGLES, theta, S_ODD, 1);
		double worst[3] = {0};
		size_t points = 0;
		for (size_t t = 0; t < ANGLES; t++)
			for (int y = -HALF; y <= HALF; y++)
				for (int x = -HALF; x <= HALF; x++) {
					/* the inverse of (x, y, theta) */
					double gx = -x * cos(theta[t]) - y * sin(theta[t]),
					       gy = x * sin(theta[t]) - y * cos(theta[t]);
					int u = (int)lround(gx), v = (int)lround(gy);
					if (hypot(gx - u, gy - v) > 1e-9 || abs(u) > HALF ||
					    abs(v) > HALF)
						continue;
					points++;
					/* (x cos + y sin, x sin - y cos) is (-gx, gy) */
					worst[0] = fmax(worst[0],
					    fabs(value(&p, t, x, y) - value(&p, t, -u, v)));
					worst[1] = fmax(worst[1],
					    fabs(value(&p, t, -x, -y) - value(&p, t ^ 1, u, v)));
					worst[2] = fmax(worst[2],
					    fabs(value(&o, t, x, y) - value(&o, t ^ 1, u, v)));
				}
		CHECK(points > 6000);
		for (int q = 0; q < 3; q++) {
			CHECK_CLOSE(worst[q], 0, 4.4e-4 * degrees[i % 3] * degrees[i % 3] * p.peak);
			CHECK(i % 3 == 0 || worst[q] < before[q] / 3);
			before[q] = worst[q];
		}
		drop(p);
		drop(o);
	}
}

static void monte_carlo(enum se2_process process)
{
	enum {
		PATHS = 200000,
		STEPS = 40,
		HALF = 6,
		ANGLES = 8,
		SIZE = 2 * HALF + 1,
		POINTS = SIZE * SIZE,
		FINE = 16
	};
	struct se2_model m = {
	    .process = process, .d11 = .8, .d = .1, .alpha = .4, .order = 1, .harmonics = 40};
	static double count[ANGLES * POINTS];
	memset(count, 0, sizeof count);
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
	/* the same bins: the average over the cell, and over FINE angles in each bin */
	struct se2_aperture cells_of = {.7, aperture.sigma_theta, true};
	struct kernel k = kernel_at(&m, &cells_of, SIZE, 1, ANGLES * FINE, NULL, P_SOURCE, 2);
	double chi2 = 0, cells = 0;
	for (size_t t = 0; t < ANGLES; t++)
		for (size_t p = 0; p < POINTS; p++) {
			double expected = 0;
			for (int i = -FINE / 2; i <= FINE / 2; i++) {
				size_t angle =
				    (t * FINE + (size_t)(i + FINE * ANGLES)) % (FINE * ANGLES);
				expected +=
				    (abs(i) == FINE / 2 ? .5 : 1) * k.k[angle * POINTS + p] / FINE;
			}
			expected *= PATHS * 2 * M_PI / ANGLES;
			if (expected < 10)
				continue;
			chi2 += pow(count[t * POINTS + p] - expected, 2) / expected;
			cells++;
		}
	CHECK(cells > 100);
	CHECK_CLOSE(chi2 / cells, 1, 5 * sqrt(2 / cells));
	drop(k);
}

static void simulations(void)
{
	monte_carlo(SE2_DIRECTION);
	monte_carlo(SE2_DIFFUSION);
}

static void fixed_times(void)
{
	struct se2_model m = fixed_of(direction, 8), heat = fixed_of(diffusion, 4);
	struct kernel k = kernel(&m, &aperture, 41, 1, 16, P_SOURCE);
	CHECK_CLOSE(moment(&k, 0, 0, 2 * M_PI), 1, 1e-5);
	CHECK_CLOSE(moment(&k, 1, 0, 2 * M_PI), (1 - exp(-.64)) / .08, 1e-3);
	for (size_t t = 0; t < 16; t++)
		for (int y = -20; y <= 20; y++)
			for (int x = -20; x <= 20; x++)
				if (hypot(x, y) > 8 + 5 * .7)
					CHECK_CLOSE(value(&k, t, x, y), 0, 1e-4 * k.peak);
	drop(k);
	heat.d = .05;
	k = kernel(&heat, &aperture, 41, 1, 24, S);
	CHECK_CLOSE(moment(&k, 0, 0, M_PI), 1, 1e-5);
	CHECK_CLOSE(moment(&k, 2, 0, M_PI), 6.7534 + .49, 1e-3);
	CHECK_CLOSE(moment(&k, 0, 2, M_PI), 1.2466 + .49, 1e-3);
	drop(k);
}

int main(void)
{
	TEST(spectral_moments, "moments of both processes at Gamma and fixed times have their "
			       "closed forms (1 to 5, 7)");
	TEST(unwrapped, "E[y theta] of the angle that is not wrapped (3)");
	TEST(projections,
	    "the projection on (x, y), averaged over directions, is the continued fraction (6)");
	spectral_identities();
	TEST(oracle, "dense systems solved by NumPy have the same solutions");
	TEST(blocks, "many frequencies in one call and one by one");
	TEST(refused, "parameters out of their range are refused");
	TEST(moments, "a kernel's moments converge as its aperture says (1 to 4)");
	TEST(marginal,
	    "the marginal of theta is the wrapped Laplace distribution under the aperture (5)");
	TEST(harmonics, "errors and negative values fall with the harmonics at least as what the "
			"aperture leaves of them");
	TEST(even, "an even grid samples the same function between the pixels");
	TEST(apertures, "wide steps and narrow apertures: the values of a finer grid, or refused");
	TEST(frames, "source, target, undirected and symmetric kernels are the same process seen "
		     "from elsewhere");
	TEST(turned,
	    "mirror (9) and reversal (10) at turned angles, to second order of the aperture");
	TEST(simulations, "simulated paths fill the cells as the kernels say, by chi squared");
	TEST(fixed_times,
	    "at a fixed time mass and moments are known, and nothing lies beyond it (13)");
	return check_end();
}
