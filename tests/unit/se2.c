/*
 * SE(2): the group and the spectra of both processes. Numbers in claims are those of the identities in the suite's reference on
 * neurogeometry; tests/densities.py has those of kernels on the grid. Spectra are compared to 1e-6 at the default harmonics, for
 * frequencies up to BAND, where the default aperture of 0.7 px leaves 1e-4.
 */
#include "check.h"
#include <complex.h>
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
				largest = check_largest(largest, cabs(v));
				turned = check_largest(turned, cabs(v - sign * v));
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
	return check_end();
}
