/* Filter banks and Gabor functions: effective profiles, geometry, canonical form, bandwidths. */
#include <string.h>
#include "check.h"
#include "fit/bank.h"
#include "fit/gabor.h"

static const double pi = 3.14159265358979323846;

/* a number on (-1, 1) without pattern */
static double noise(void)
{
	static unsigned state = 12345;
	state = state * 1664525u + 1013904223u;
	return (double)state / 2147483648.0 - 1;
}

/* y (n-k+1)^2 = x (n, n) cross-correlated with w (k, k), where it fits */
static void correlate(const double *x, size_t n, const double *w, size_t k, double *y)
{
	size_t m = n - k + 1;
	for (size_t i = 0; i < m * m; i++) {
		double sum = 0;
		for (size_t j = 0; j < k * k; j++)
			sum += w[j] * x[(i / m + j / k) * n + i % m + j % k];
		y[i] = sum;
	}
}

static void effective_profile(void)
{
	enum { N = 12, K0 = 3, K1 = 4, K = K0 + K1 - 1 };
	double x[N * N], a[K0 * K0], b[K1 * K1], e[K * K];
	double y[N * N], z[N * N], direct[N * N], worst = 0;
	for (size_t i = 0; i < N * N; i++)
		x[i] = noise();
	for (size_t i = 0; i < K0 * K0; i++)
		a[i] = noise();
	for (size_t i = 0; i < K1 * K1; i++)
		b[i] = noise();
	bank_convolve(a, K0, b, K1, e);
	correlate(x, N, a, K0, y);
	correlate(y, N - K0 + 1, b, K1, z);
	correlate(x, N, e, K, direct);
	for (size_t i = 0; i < (N - K + 1) * (N - K + 1); i++)
		worst = fmax(worst, fabs(z[i] - direct[i]));
	CHECK(worst < 1e-12);
}

static void geometry(void)
{
	/* row 0 is the top, column 0 the left */
	CHECK(bank_x(5, 0) == -2 && bank_x(5, 4) == 2 && bank_y(5, 0) == 2 && bank_y(5, 4) == -2);
	CHECK(bank_x(4, 0) == -1.5 && bank_y(4, 3) == -1.5);
	/* stripes at 30 degrees: along (cos 30, sin 30) only the envelope falls; across it is a carrier at 120 */
	struct gabor g = {2, pi / 6, pi / 2, .15, 1.7, 2.5, .4, -.3, .1};
	for (double t = -2; t <= 2; t += .5) {
		double along = gabor_value(&g, g.x0 + t * cos(pi / 6), g.y0 + t * sin(pi / 6));
		double across =
		    gabor_value(&g, g.x0 + t * cos(2 * pi / 3), g.y0 + t * sin(2 * pi / 3));
		CHECK_CLOSE(along, .1, 1e-14); /* odd: zero on its axis */
		CHECK_CLOSE(
		    across, .1 - 2 * exp(-t * t / (2 * 1.7 * 1.7)) * sin(2 * pi * .15 * t), 1e-14);
	}
	g.phase = 0;
	for (double t = -2; t <= 2; t += .5)
		CHECK_CLOSE(gabor_value(&g, g.x0 + t * cos(pi / 6), g.y0 + t * sin(pi / 6)),
		    .1 + 2 * exp(-t * t / (2 * 2.5 * 2.5)), 1e-14);
}

static void canonical(void)
{
	struct gabor all[] = {
	    {-2, 4, 1, .2, 2, 3, 0, 0, 1},
	    {2, -.1, -3, -.2, 2, 3, .5, -1, 0},
	    {1, 3 * pi, 7, .1, 1, 1, 0, 0, 0},
	    {1, -1e-18, .5, .1, 1, 2, 1, 1, 0},
	    {-1, pi, 0, .1, -1, 2, 1, 1, 0},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct gabor g = gabor_canonical(all[i]);
		CHECK(g.amplitude > 0 && g.frequency > 0 && g.theta >= 0 && g.theta < pi &&
		      g.phase > -pi && g.phase <= pi);
		CHECK(g.sigma_across > 0 && g.sigma_along > 0);
		double worst = 0;
		for (double x = -3; x < 3; x += .7)
			for (double y = -3; y < 3; y += .6)
				worst = fmax(worst,
				    fabs(gabor_value(&g, x, y) - gabor_value(&all[i], x, y)));
		CHECK(worst < 1e-13);
	}
}

static void bandwidths(void)
{
	/* the upper and lower half-amplitude frequencies are f (1 +- c/nx) */
	CHECK_CLOSE(gabor_octaves(3 * GABOR_NX_MIN), 1, 1e-14);
	CHECK(isinf(gabor_octaves(GABOR_NX_MIN)) && isnan(gabor_octaves(NAN)));
	CHECK_CLOSE(GABOR_NX_MIN, sqrt(2 * log(2)) / (2 * pi), 1e-16);
	for (double nx = .2; nx < 1; nx += .15) {
		for (double ny = .1; ny < 1.5; ny += .2) {
			double t = gabor_half_width(nx, ny);
			/* amplitude spectrum's lobe at the carrier turned by t: half of its peak */
			double along = ny * sin(t), across = nx * (1 - cos(t));
			CHECK_CLOSE(
			    exp(-2 * pi * pi * (along * along + across * across)), .5, 1e-12);
		}
	}
	CHECK(isnan(gabor_half_width(.05, .05)));
	CHECK_CLOSE(
	    gabor_half_width(.4, .4), 2 * asin(GABOR_NX_MIN / .8), 1e-14); /* round: a chord */
}

int main(void)
{
	effective_profile();
	geometry();
	canonical();
	bandwidths();
	return check_end();
}
