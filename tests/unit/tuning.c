/* Tuning of units whose answers to gratings are known in closed form. */
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "net/tuning.h"
#include "table/table.h"

#define PI 3.14159265358979323846
#define THETAS 24
#define FREQUENCIES 10
#define PHASES 8
#define UNITS 6

/* Responses of unit u: 0 a rectified Gabor, 1 the same linear with F0 from an offset, 2 deaf, 3 untuned,
 * 4 von Mises in 2 theta, 5 low-pass in frequency. All phases of the answer differ by place. */
static double answer(size_t unit, double theta, double f, double phase)
{
	const double t0 = 37 * PI / 180, f0 = .17;
	double gain = exp(-.5 * pow((f - f0) / .04, 2)) * exp(2 * (cos(2 * (theta - t0)) - 1));

	switch (unit) {
	case 0:
		return fmax(0, gain * cos(phase - 1));
	case 1:
		return gain * (1 + .5 * cos(phase));
	case 2:
		return 0;
	case 3:
		return exp(-.5 * pow((f - f0) / .04, 2));
	case 4:
		return exp(2 * (cos(2 * (theta - t0)) - 1));
	default:
		return (1 + cos(2 * (theta - t0))) / f;
	}
}

static double bessel(int order, double x) /* I_n by its integral */
{
	double sum = 0;
	for (int i = 0; i < 1000; i++)
		sum += exp(x * cos(2 * PI * i / 1000)) * cos(order * 2 * PI * i / 1000) / 1000;
	return sum;
}

static const char *const head = "kind\ttheta_deg\tsf_cpp\tphase_deg\tcontrast";

static int read_text(const char *text, struct table *table)
{
	FILE *f = fopen("tuning-test.tsv", "w");
	fputs(text, f);
	fclose(f);
	int status = table_read("tuning-test.tsv", table);
	remove("tuning-test.tsv");
	return status;
}

static char *design(size_t thetas, size_t phases, double odd)
{
	char *text = malloc(200 * THETAS * FREQUENCIES * 10), *at = text;
	at += sprintf(at, "%s\nmach\t90\tnan\tnan\t1\n", head);
	for (size_t c = 0; c < 2; c++)
		for (size_t f = 0; f < FREQUENCIES; f++)
			for (size_t t = 0; t < thetas; t++)
				for (size_t p = 0; p < phases; p++)
					at += sprintf(at, "gratings\t%.12g\t%.12g\t%.12g\t%g\n",
					    180. / (double)thetas * (double)t + (t == 1 ? odd : 0),
					    .05 * pow(2, (double)f / 3),
					    360. / (double)phases * (double)p, c ? .5 : 1);
	return text;
}

static void test_known(void)
{
	struct table table;
	struct tuning_result r;
	float x[2 * UNITS];
	char *text = design(THETAS, PHASES, 0);

	CHECK(!read_text(text, &table));
	free(text);
	struct tuning *t = tuning_create(&table, UNITS, 2);
	if (!CHECK(t))
		return;
	CHECK(tuning_groups(t) == 2);
	CHECK(tuning_complete(t) == -1);
	size_t row = 1;
	bool added = true;
	CHECK(!tuning_add(t, 0, x)); /* not a grating */
	for (size_t c = 0; c < 2; c++)
		for (size_t i = 0; i < THETAS * FREQUENCIES * PHASES; i++, row++) {
			double theta = PI / THETAS * (double)(i / PHASES % THETAS);
			double f = .05 * pow(2, (double)(i / (PHASES * THETAS)) / 3);
			double phase = 2 * PI / PHASES * (double)(i % PHASES);
			for (size_t u = 0; u < UNITS; u++)
				for (size_t place = 0; place < 2; place++)
					x[2 * u + place] =
					    (float)((c ? .25 : 1) *
						    answer(u, theta, f,
							phase + (place ? 2 * PI * f : 0)));
			if (row == 1)
				CHECK(tuning_complete(t) == -1);
			added = added && !tuning_add(t, row, x);
		}
	CHECK(added);
	CHECK(!tuning_complete(t));
	CHECK(tuning_add(t, row, x) == -1);

	/* a von Mises curve's resultant is I1/I0; rectification leaves a cosine's F0 (1/pi) and F1 (1/2): pi/2,
	 * up to the aliases of 8 phases */
	double cv = 1 - bessel(1, 2) / bessel(0, 2);
	for (size_t g = 0; g < 2; g++) {
		CHECK(!tuning_result(t, g, 0, &r));
		CHECK_CLOSE(r.contrast, g ? .5 : 1, 0);
		CHECK(isinf(r.diameter));
		CHECK_CLOSE(r.cv, cv, 2e-3);
		CHECK_CLOSE(r.theta, 37, .2);
		CHECK_CLOSE(r.sf, .17, 2e-3);
		CHECK_CLOSE(r.modulation, PI / 2, .06);
	}
	CHECK(!tuning_result(t, 1, 1, &r));
	CHECK_CLOSE(r.theta, 37, 1e-5);
	CHECK_CLOSE(r.sf, .17, 1e-6);
	CHECK_CLOSE(r.modulation, .5, 1e-6);
	CHECK_CLOSE(r.cv, cv, 1e-6);
	/* octaves between f0 -+ .04 sqrt(ln 2), interpolated on thirds of an octave */
	double w = .04 * sqrt(log(2));
	CHECK_CLOSE(r.sf_bandwidth, log2((.17 + w) / (.17 - w)), .1);
	CHECK(!tuning_result(t, 0, 2, &r));
	CHECK(
	    isnan(r.cv) && isnan(r.theta) && isnan(r.sf) && isnan(r.modulation) && r.response == 0);
	CHECK(!tuning_result(t, 0, 3, &r));
	CHECK_CLOSE(r.cv, 1, 1e-6);
	CHECK_CLOSE(r.osi, 0, 1e-6);
	CHECK(isnan(r.orientation_bandwidth));
	CHECK(!tuning_result(t, 0, 4, &r));
	double orthogonal = exp(-4); /* the grid's best orientation is half a degree off */
	CHECK_CLOSE(r.osi, (1 - orthogonal) / (1 + orthogonal), 1e-3);
	/* the smoothed curve e^(2 cos 2x): [2/5 1 2/5] at 7.5 degrees, solved here by bisection */
	double level = 0, a = 0, b = PI / 2;
	for (int i = 0; i < 60; i++) {
		double m = i ? (a + b) / 2 : 0, sum = 0;
		for (int k = -1; k <= 1; k++)
			sum += (k ? .4 : 1) * exp(2 * cos(2 * (m + k * PI / 24)));
		if (!i)
			level = sum / sqrt(2);
		else if (sum > level)
			a = m;
		else
			b = m;
	}
	CHECK_CLOSE(r.orientation_bandwidth, a * 180 / PI, .01);
	CHECK(!tuning_result(t, 0, 5, &r)); /* low-pass: no peak within, no bandwidth */
	CHECK_CLOSE(r.sf, .05, 1e-12);
	CHECK(isnan(r.sf_bandwidth));
	/* (1 + cos 2x)/2 smoothed: (1.8 + (1 + .8 cos 15 deg) cos 2x)/2 */
	double m = 1 + .8 * cos(PI / 12), c2 = ((1.8 + m) / sqrt(2) - 1.8) / m;
	CHECK_CLOSE(r.orientation_bandwidth, acos(c2) / 2 * 180 / PI, .01);
	CHECK_CLOSE(r.cv, .5, 1e-6);
	tuning_free(t);
	table_free(&table);
}

/* Designs that do not serve are refused. */
static void refused(char *text, const char *reason)
{
	struct table table;

	CHECK(!read_text(text, &table));
	CHECK(!tuning_create(&table, 1, 1));
	if (!CHECK(strstr(err_reason(), reason)))
		printf("# %s\n", err_reason());
	table_free(&table);
}

int main(void)
{
	char *text;

	test_known();
	refused(text = design(3, 8, 0), "3 orientations");
	free(text);
	refused(text = design(6, 2, 0), "2 phases");
	free(text);
	refused(text = design(6, 4, .1), "not equally spaced over");
	free(text);
	text = design(6, 4, 0);
	*strrchr(text, '\n') = 0;
	strrchr(text, '\n')[1] = 0;
	refused(text, "phases");
	free(text);
	refused((char *)"kind\ttheta_deg\tsf_cpp\tphase_deg\nsnake\t0\t0.1\t0\n", "no gratings");
	refused((char *)"kind\ttheta_deg\tsf_cpp\tphase_deg\ngratings\t0\tnan\t0\n", "sf_cpp");
	refused((char *)"theta_deg\tphase_deg\n0\t0\n", "sf_cpp");
	return check_end();
}
