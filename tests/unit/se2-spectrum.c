/*
 * The identities of both processes in the frequency domain, to 1e-6: at the default harmonics, for frequencies up to
 * BAND, where the default aperture of 0.7 px leaves 1e-4.
 */
#include "check.h"
#include <complex.h>
#include <stdlib.h>
#include <string.h>
#include "se2/spectrum.h"
#include "table/table.h"

#define N_MAX 256
#define N_DEFAULT 60
#define BAND 6.13 /* rad/px */

static const double rhos[] = {.03, .2, .8, 2, 4, BAND};
enum { RHOS = sizeof rhos / sizeof *rhos };

static const struct se2_model direction = {.process = SE2_DIRECTION,
    .travel = SE2_GAMMA,
    .d = .08,
    .alpha = .25,
    .order = 1,
    .harmonics = N_DEFAULT};
static const struct se2_model diffusion = {.process = SE2_DIFFUSION,
    .travel = SE2_GAMMA,
    .d11 = 1,
    .d = .08,
    .alpha = .25,
    .order = 1,
    .harmonics = N_DEFAULT};

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

/* E[exp(-c s)] over the travel time s */
static double laplace(const struct se2_model *m, double c)
{
	return m->travel == SE2_FIXED ? exp(-c * m->length)
				      : pow(m->alpha / (m->alpha + c), m->order);
}

/* Identities 1, 2, 4, 5, 7 and the first of 3, all averages over the travel time of what holds at a fixed one. */
static void moments_of(const struct se2_model *m)
{
	double d = m->d, e = laplace(m, d), e4 = laplace(m, 4 * d);
	double s = m->travel == SE2_FIXED ? m->length : m->order / m->alpha;
	double complex at_0[2 * N_MAX + 1];
	double marginal = 0;
	at(m, 0, 0, at_0);
	for (int n = -N_DEFAULT; n <= N_DEFAULT; n++)
		marginal = fmax(marginal, cabs(at_0[n + N_DEFAULT] - laplace(m, n * n * d)));
	CHECK(marginal < 1e-7);
	CHECK_CLOSE(creal(I * first(m, 0, 1, 0)), 0, 1e-6);
	double a = 2 * m->d11 * s, b = m->d11 * (1 - e4) / (2 * d);
	if (m->process == SE2_DIRECTION) {
		a = 2 / (d * d) * (d * s - 1 + e);
		b = (3 - 4 * e + e4) / (6 * d * d);
		CHECK_RELATIVE(mean_x(m), (1 - e) / d, 1e-6);
		CHECK_RELATIVE(mean_y_sin(m), ((1 - e) / d - (e - e4) / (3 * d)) / 2, 1e-6);
	} else {
		CHECK_CLOSE(mean_x(m), 0, 1e-6);
	}
	CHECK_RELATIVE(mean_xx(m), (a + b) / 2, 1e-6);
	CHECK_RELATIVE(mean_yy(m), (a - b) / 2, 1e-6);
}

static void moments(void)
{
	static const double ds[] = {.08, .08, .5, .02, 1.3, .08}, lengths[] = {10, 1, 3, 7, 2, 4};
	static const double d11s[] = {1, .3, 2, 1, .5, 1};
	for (int i = 0; i < 6; i++)
		for (int process = 0; process < 2; process++) {
			struct se2_model m = process ? diffusion : direction;
			m.d = ds[i];
			m.d11 = d11s[i];
			m.alpha = 1 / lengths[i];
			struct se2_model s = fixed_of(m, lengths[i]);
			moments_of(&m);
			moments_of(&s);
			for (unsigned order = 2; order <= 5; order += 3) {
				m = gamma_of(m, order);
				moments_of(&m);
			}
		}
	/* the resolvent's own closed forms (4) */
	double al = direction.alpha, d = direction.d;
	CHECK_RELATIVE(mean_x(&direction), 1 / (al + d), 1e-6);
	CHECK_RELATIVE(
	    mean_xx(&direction), 2 * (al + 2 * d) / (al * (al + d) * (al + 4 * d)), 1e-6);
	CHECK_RELATIVE(mean_yy(&direction), 4 * d / (al * (al + d) * (al + 4 * d)), 1e-6);
}

/*
 * E[y theta] with theta not wrapped, the second of 3. As long as D s is small no path gets to pi (7 standard deviations
 * at D s = 0.1), so the wrapped angle's sawtooth, theta = sum over n of 2 (-1)^(n+1) sin(n theta)/n, will do; longer
 * times by the group: (x, y, theta) = g g' of independent g, g' with angles that add, so that
 *	E[y theta](2s) = E[y theta] (1 + E[cos theta]) + E[x] E[theta sin theta]
 *	E[theta sin theta](2s) = 2 E[cos theta] E[theta sin theta]
 */
static void unwrapped(void)
{
	struct se2_model m = fixed_of(direction, 1.25);
	double y_theta = 0, theta_sin = 0, d = m.d;
	for (int n = 1; n <= 30; n++) {
		double sign = n % 2 ? 2. / n : -2. / n;
		y_theta +=
		    sign * creal((I * first(&m, 0, 1, -n) - I * first(&m, 0, 1, n)) / (2 * I));
		/* E[sin(n theta) sin theta] = (E[cos((n-1) theta)] - E[cos((n+1) theta)])/2 */
		theta_sin += sign * creal(one(&m, 0, 0, n - 1) - one(&m, 0, 0, n + 1)) / 2;
	}
	for (;;) {
		double s = m.length, e = exp(-d * s);
		CHECK_CLOSE(y_theta, 2 / d * (1 - e * (1 + d * s)), 1e-6);
		CHECK_CLOSE(theta_sin, 2 * d * s * e, 1e-6);
		if (s > 9)
			break;
		double c = creal(one(&m, 0, 0, 1));
		y_theta = y_theta * (1 + c) + mean_x(&m) * theta_sin;
		theta_sin *= 2 * c;
		m.length *= 2;
	}
	CHECK_CLOSE(y_theta, 4.7802, 5e-5); /* s = 10 */
}

static void golden(void)
{
	struct se2_model m = direction;
	m.alpha = .1;
	CHECK_CLOSE(mean_x(&m), 5.555556, 1e-6);
	CHECK_CLOSE(mean_xx(&m), 68.78307, 1e-5);
	CHECK_CLOSE(mean_yy(&m), 42.32804, 1e-5);
	m = fixed_of(direction, 10);
	CHECK_CLOSE(mean_x(&m), 6.8834, 5e-5);
	CHECK_CLOSE(mean_xx(&m), 55.1484, 6e-5);
	CHECK_CLOSE(mean_yy(&m), 22.7669, 6e-5);
	CHECK_CLOSE(mean_y_sin(&m), 2.5905, 5e-5);
	m = fixed_of(diffusion, 4);
	m.d = .05;
	CHECK_CLOSE(mean_xx(&m), 6.7534, 5e-5);
	CHECK_CLOSE(mean_yy(&m), 1.2466, 5e-5);
}

/* Characteristic function of the (x, y) projection, averaged over directions (6): continued fraction */
static void projection(double alpha, double rho, double expected)
{
	struct se2_model m = direction;
	m.alpha = alpha;
	double complex sum = 0;
	for (int k = 0; k < 256; k++)
		sum += one(&m, rho * cos(M_PI * k / 128), rho * sin(M_PI * k / 128), 0) / 256;
	double fraction = 0, r2 = rho * rho;
	for (int n = 4000; n >= 1; n--)
		fraction = r2 / (n == 1 ? 2 : 4) / (alpha + m.d * n * n + fraction);
	CHECK_CLOSE(creal(sum), alpha / (alpha + fraction), 1e-10);
	CHECK_CLOSE(cimag(sum), 0, 1e-12);
	if (expected > 0)
		CHECK_CLOSE(creal(sum), expected, 1e-10);
}

/*
 * The Green's matrix at |omega| = rho. With omega = rho (cos phi, sin phi) and the slice at theta
 *	F_theta(phi) = 1/(2 pi) sum over n, m of G[n][m] e^{i n theta} e^{i (m - n) phi},
 * B_n(phi) = sum over m of G[n][m] e^{i (m - n) phi}: G is B's Fourier coefficients in phi. G: (2N + 1, 2N + 1) from
 * -N; the largest coefficient that belongs to no |m| <= N goes to *beyond.
 */
enum { ROWS = 2 * N_DEFAULT + 1, TURNS = 256 }; /* TURNS > 4N + 1 */
typedef double complex greens[ROWS][ROWS];

static void greens_of(const struct se2_model *model, double rho, greens g, double *beyond)
{
	static double re[ROWS * TURNS], im[ROWS * TURNS];
	double wx[TURNS], wy[TURNS], c[TURNS], s[TURNS];
	for (int k = 0; k < TURNS; k++) {
		c[k] = cos(2 * M_PI * k / TURNS);
		s[k] = sin(2 * M_PI * k / TURNS);
		wx[k] = rho * c[k];
		wy[k] = rho * s[k];
	}
	CHECK(model->harmonics == N_DEFAULT && se2_spectrum(model, TURNS, wx, wy, re, im) == 0);
	*beyond = 0;
	for (int n = -N_DEFAULT; n <= N_DEFAULT; n++) {
		const double *x = re + (n + N_DEFAULT) * TURNS, *y = im + (n + N_DEFAULT) * TURNS;
		for (int l = -TURNS / 2; l < TURNS / 2; l++) {
			double a = 0, b = 0;
			for (int k = 0; k < TURNS; k++) {
				int turn = (l * k) & (TURNS - 1); /* times e^{-i l phi} */
				a += x[k] * c[turn] + y[k] * s[turn];
				b += y[k] * c[turn] - x[k] * s[turn];
			}
			double complex value = (a + I * b) / TURNS;
			int m = n + l;
			if (abs(m) <= N_DEFAULT)
				g[n + N_DEFAULT][m + N_DEFAULT] = value;
			else
				*beyond = fmax(*beyond, cabs(value));
		}
	}
}

/*
 * Symmetries as equations between G's elements, at every n, m: no sum over n is cut, and none is near a kink.
 *	8	p(x, -y, -theta) = p(g):	F_-theta(-phi) = F_theta(phi)
 *	real	p is real:			conj F_theta(phi + pi) = F_theta(phi)
 *	9	mirror about theta/2:		F_theta(theta - phi) = F_theta(phi)
 *	10	p(g^-1) = p(-x, -y, theta):	F_-theta(phi + pi - theta) = F_theta(phi + pi)
 *	10	diffusion, p(-x, -y, theta) = p(g): F_theta(phi + pi) = F_theta(phi)
 */
static void symmetries(const struct se2_model *model)
{
	static greens g;
	double reflection = 0, real = 0, mirror = 0, reversal = 0, turned = 0, largest = 0, beyond;
	for (int i = 0; i < RHOS; i++) {
		greens_of(model, rhos[i], g, &beyond);
		CHECK(beyond < 1e-9);
		for (int n = 0; n < ROWS; n++)
			for (int m = 0; m < ROWS; m++) {
				double complex v = g[n][m];
				int sign = (m - n) % 2 ? -1 : 1;
				largest = fmax(largest, cabs(v));
				reflection =
				    fmax(reflection, cabs(v - g[ROWS - 1 - n][ROWS - 1 - m]));
				real = fmax(
				    real, cabs(v - sign * conj(g[ROWS - 1 - n][ROWS - 1 - m])));
				mirror = fmax(mirror, cabs(v - g[m][n]));
				reversal = fmax(reversal, cabs(v - g[ROWS - 1 - m][ROWS - 1 - n]));
				turned = fmax(turned, cabs(v - sign * v));
			}
	}
	CHECK(reflection < 1e-6);
	CHECK(real < 1e-6);
	CHECK(mirror < 1e-6);
	CHECK(reversal < 1e-6);
	if (model->process == SE2_DIFFUSION)
		CHECK(turned < 1e-6);
	else
		CHECK(turned > .1); /* the direction process has a direction */
	CHECK(largest > .5);
}

/* Identity 12. (f * g)^(omega, theta) = integral f^(omega, theta') g^(R_-theta' omega, theta - theta') dtheta' is
 * the product of the matrices, G_f*g = G_g G_f; checked at every element. */
static void semigroup(
    const struct se2_model *f, const struct se2_model *g, const struct se2_model *h)
{
	static greens a, b, c;
	double worst = 0, beyond;
	for (int i = 0; i < RHOS; i++) {
		greens_of(f, rhos[i], a, &beyond);
		greens_of(g, rhos[i], b, &beyond);
		greens_of(h, rhos[i], c, &beyond);
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
				worst = fmax(
				    worst, hypot(re[m] - creal(c[n][m]), im[m] - cimag(c[n][m])));
		}
	}
	CHECK(worst < 1e-6);
}

/* What the cut at 60 harmonics changes, times the default aperture (0.7 px, 5 degrees). */
static void truncation(const struct se2_model *model)
{
	struct se2_model fine = *model;
	fine.harmonics = 4 * N_DEFAULT;
	double worst = 0, sigma = .7, turn = 5 * M_PI / 180;
	for (int i = 0; i < RHOS; i++)
		for (int k = 0; k < 7; k++) {
			double complex cut[2 * N_MAX + 1], whole[2 * N_MAX + 1];
			double phi = .9 * k, rho = rhos[i];
			at(model, rho * cos(phi), rho * sin(phi), cut);
			at(&fine, rho * cos(phi), rho * sin(phi), whole);
			for (int n = -N_DEFAULT; n <= N_DEFAULT; n++)
				worst = fmax(
				    worst, cabs(cut[n + N_DEFAULT] - whole[n + 4 * N_DEFAULT]) *
					       exp(-sigma * sigma * rho * rho / 2 -
						   n * n * turn * turn / 2));
		}
	CHECK(worst < 1e-6);
}

/* Identity 11, at the default harmonics over the whole band. */
static void scaling(struct se2_model a)
{
	struct se2_model b = a;
	double scale = a.process == SE2_DIRECTION ? 1 / a.d : sqrt(a.d11 / a.d), worst = 0;
	b.d = b.d11 = 1;
	b.alpha = a.alpha / a.d;
	b.length = a.length * a.d;
	for (int i = 0; i < RHOS; i++)
		for (int k = 0; k < 5; k++) {
			double complex x[2 * N_MAX + 1], y[2 * N_MAX + 1];
			double wx = rhos[i] * cos(1.1 * k), wy = rhos[i] * sin(1.1 * k);
			at(&a, wx, wy, x);
			at(&b, scale * wx, scale * wy, y);
			for (int n = 0; n < ROWS; n++)
				worst = fmax(worst, cabs(x[n] - y[n]));
		}
	CHECK(worst < 1e-6);
}

/*
 * Identity 13: at arclength s all mass has r <= s, so along a line of frequencies B_n is band-limited to s and its
 * samples every pi/(2s) give it everywhere (sinc times a Gaussian over 24 samples to each side; error below
 * exp(-pi/2 24/2) = 7e-9). Samples for half the support do not.
 */
static double interpolation_error(const struct se2_model *m, double support)
{
	double h = M_PI / (2 * support), worst = 0, width = 24 / (M_PI / 2);
	for (int k = 0; k < 6; k++) {
		double c = cos(.8 * k), s = sin(.8 * k), w = BAND / 7 * (k + .37);
		double complex sum[3] = {0}, b[2 * N_MAX + 1];
		double from = floor(w / h);
		for (int j = -23; j <= 24; j++) {
			double u = (from + j) * h, x = (w - u) / h;
			at(m, u * c, u * s, b);
			double weight = sin(M_PI * x) / (M_PI * x) * exp(-x * x / (2 * width));
			for (int n = 0; n < 3; n++)
				sum[n] += weight * b[(int)m->harmonics + 4 * n];
		}
		at(m, w * c, w * s, b);
		for (int n = 0; n < 3; n++)
			worst = fmax(worst, cabs(sum[n] - b[(int)m->harmonics + 4 * n]));
	}
	return worst;
}

static void support(void)
{
	struct se2_model m = fixed_of(direction, 6);
	CHECK(interpolation_error(&m, 6) < 1e-6);
	CHECK(interpolation_error(&m, 3) > 1e-3);
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
	m = fixed_of(diffusion, 0);
	CHECK(se2_spectrum(&m, 1, &w, &w, re, im) < 0);
}

int main(void)
{
	moments();
	unwrapped();
	golden();
	for (int i = 0; i < RHOS; i++)
		projection(direction.alpha, rhos[i], 0);
	projection(.1, .05, .9355621612);
	projection(.1, .125, .7077490660);
	projection(.1, .3125, .3243067417);
	projection(.1, .78125, .1262274683);

	struct se2_model gamma2 = gamma_of(direction, 2), gamma3 = gamma_of(direction, 3);
	struct se2_model heat2 = gamma_of(diffusion, 2);
	struct se2_model p4 = fixed_of(direction, 4), p6 = fixed_of(direction, 6),
			 p10 = fixed_of(direction, 10);
	struct se2_model h3 = fixed_of(diffusion, 3), h4 = fixed_of(diffusion, 4),
			 h7 = fixed_of(diffusion, 7);
	const struct se2_model *all[] = {&direction, &gamma3, &p10, &diffusion, &heat2, &h4};
	for (int i = 0; i < 6; i++) {
		symmetries(all[i]);
		truncation(all[i]);
		scaling(*all[i]);
	}
	semigroup(&direction, &direction, &gamma2); /* P * P = Gamma(2) */
	semigroup(&gamma2, &direction, &gamma3);
	semigroup(&diffusion, &diffusion, &heat2);
	semigroup(&p4, &p6, &p10);
	semigroup(&h3, &h4, &h7);
	support();
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
