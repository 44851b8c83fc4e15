/* Filter banks and Gabor functions: geometry, canonical form, bandwidths. */
#include "check.h"
#include "fit/bank.h"
#include "fit/gabor.h"

static const double pi = 3.14159265358979323846;

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
				worst = check_largest(worst,
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
	TEST(geometry, "x is right and y up from the middle; stripes run along theta");
	TEST(canonical, "the canonical form is the same function");
	TEST(bandwidths, "bandwidths are where the amplitude spectrum is half of its peak");
	return check_end();
}
