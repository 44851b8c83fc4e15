/* The densities of the models and the functions that span their families. */
#include "check.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "models/shape.h"

#define REACH 6
#define A (.49 + 1. / 12)
#define WIDTH (5 * M_PI / 180)

static const struct model *model_of(const char *name)
{
	for (size_t m = 0; m < models_count; m++)
		if (!strcmp(models[m].name, name))
			return &models[m];
	exit(1);
}

static double value_at(const struct density *d, size_t angle, double x, double y)
{
	double middle = (double)(d->size / 2);
	return (double)d->k[(angle * d->size + (size_t)(middle - y / DENSITY_STEP)) * d->size +
			    (size_t)(middle + x / DENSITY_STEP)];
}

/* exp(-r/3) exp(4 (cos angle - 1)) under the aperture by sums over points in polar coordinates; the fan's angle is also averaged
 * over WIDTH */
static double smoothed(bool fan, double dtheta, double x, double y)
{
	enum { TURNS = 180 };
	const double h = .05;
	double sum = 0;
	for (size_t k = 0; k < TURNS; k++) {
		double phi = 2 * M_PI * (double)k / TURNS, mean = 0;
		for (int j = -10; j <= 10; j++) {
			double e = j * WIDTH / 2.5, angle = 2 * (fan ? dtheta + e - 2 * phi : phi);
			mean += exp(-e * e / (2 * WIDTH * WIDTH)) / sqrt(2 * M_PI) / 2.5 *
				exp(4 * (cos(angle) - 1));
		}
		for (double r = h / 2; r < 14; r += h)
			sum +=
			    exp(-(pow(r * cos(phi) - x, 2) + pow(r * sin(phi) - y, 2)) / (2 * A) -
				r / 3) *
			    mean * r;
	}
	return sum * h / TURNS / A;
}

static void the_fan_and_the_coaxial_family_are_what_smoothing_gives(void)
{
	double at[] = {log(3), log(4 + MODEL_KAPPA0)};
	for (int fan = 0; fan < 2; fan++) {
		struct density d;
		const struct model *model = model_of(fan ? "G3" : "M5");
		CHECK(model->fill(0, at, REACH, 1, &d) == 0);
		for (int k = 0; k < 8; k++) {
			double x = 1.5 * (k % 4), y = 1.5 * (k / 4) + (k % 2 ? .5 : 0);
			size_t angle = fan ? (size_t)k * 5 : 0;
			CHECK_CLOSE(value_at(&d, angle, x, y),
			    smoothed(fan, M_PI * (double)angle / 36, x, y), 3e-4);
		}
		density_free(&d);
	}
}

/* A shape between nodes is the sum of functions that its coordinates give, to BASIS_TOLERANCE of its norm. */
static void families_are_spanned(void)
{
	for (size_t m = 0; m < models_count; m++) {
		struct basis basis;
		struct density d;
		if (!models[m].fill)
			continue;
		CHECK(basis_create(&basis, &models[m], REACH, 1) == 0 && basis.terms < BASIS_TERMS);
		struct shape shape = {.kind = models[m].kinds - 1};
		for (size_t a = 0; a < basis_coordinates(&basis); a++)
			shape.at[a] =
			    basis.axis[a].low + .37 * (basis.axis[a].high - basis.axis[a].low);
		CHECK(models[m].fill(shape.kind, shape.at, REACH, 1, &d) == 0);
		density_spline(&d);
		float c[BASIS_TERMS], value;
		basis_terms(&basis, &shape, c);
		struct density_taps grid;
		CHECK(density_taps_create(&grid, 1, basis.angles, basis.size) == 0);
		double xy = 0, xx = 0, yy = 0;
		for (int k = 0; k < 400; k++) {
			double r = REACH * sqrt((k + .5) / 400), phi = 2.4 * k, sum = 0;
			struct tap tap = {r * cos(phi), r * sin(phi), 1, 0};
			density_locate(&grid, &tap, .31 * k - M_PI * floor(.31 * k / M_PI + .5), 0);
			for (size_t t = 0; t < basis.terms; t++) {
				density_values(&grid,
				    basis.spline + t * basis.angles * basis.size * basis.size,
				    &value, 1);
				sum += (double)c[t] * (double)value;
			}
			density_values(&grid, d.k, &value, 1);
			xy += sum * (double)value, xx += sum * sum,
			    yy += (double)value * (double)value;
		}
		/* the sine of the angle between both */
		CHECK_CLOSE(sqrt(fabs(1 - xy * xy / (xx * yy))), 0, 2 * BASIS_TOLERANCE);
		density_taps_free(&grid);
		density_free(&d);
		basis_free(&basis);
	}
}

int main(void)
{
	the_fan_and_the_coaxial_family_are_what_smoothing_gives();
	families_are_spanned();
	return check_end();
}
