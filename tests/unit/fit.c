/* The fits' mathematics: slopes against finite differences, planted parameters, errors, symmetry, surrogates. */
#include "check.h"
#include "base/random.h"
#include "base/vector.h"
#include "fit/bank.h"
#include "fit/blob.h"
#include "fit/gabor_fit.h"
#include "fit/separable.h"
#include "fit/surrogate.h"
#include "fit/symmetry.h"
#include "stats/aicc.h"

static const double pi = 3.14159265358979323846;
static struct rng rng;

static double uniform(double lo, double hi)
{
	return lo + (hi - lo) * rng_uniform(&rng);
}

static void exponential(void)
{
	double worst = 0;
	for (double x = -700; x <= 0; x += .00937)
		worst = check_largest(worst, fabs(vector_exp(x) / exp(x) - 1));
	CHECK(worst < 5e-16);
	CHECK(vector_exp(0) == 1 && vector_exp(-1e6) > 0 && vector_exp(-1e6) < 1e-303);
}

static void turns(void)
{
	double worst = 0, sine, cosine;
	for (double x = -2000; x <= 2000; x += .0371) {
		vector_turn(x, &sine, &cosine);
		worst =
		    check_largest(worst, check_largest(fabs(sine - sin(x)), fabs(cosine - cos(x))));
	}
	CHECK(worst < 3e-16);
	vector_turn(0, &sine, &cosine);
	CHECK(sine == 0 && cosine == 1);
}

/* the model at a shape with fixed coefficients, and its slopes there */
static void evaluate(const struct separable_model *model, const struct separable_pixels *px,
    const double *shape, const double *coefficient, double *value, double *slopes)
{
	static double basis[SEPARABLE_LINEAR_MAX * 88], scratch[4 * 88];
	model->basis(shape, px, basis, scratch);
	for (size_t i = 0; i < px->n; i++) {
		value[i] = 0;
		for (size_t l = 0; l < model->linear - model->offset; l++)
			value[i] += coefficient[l] * basis[l * px->n + i];
	}
	if (slopes)
		model->slopes(shape, coefficient, px, basis, scratch, slopes);
}

static void slopes(const struct separable_model *model, const double *shape)
{
	struct separable *s = separable_create(model, extent_square(9));
	const struct separable_pixels *px = separable_pixels(s);
	static double value[88], slope[SEPARABLE_SHAPE_MAX * 88], up[88], down[88];
	const double coefficient[] = {1.3, -.8, .4};
	double near[SEPARABLE_SHAPE_MAX], worst = 0;
	evaluate(model, px, shape, coefficient, value, slope);
	for (size_t i = 0; i < model->shape; i++) {
		const double h = 1e-5;
		memcpy(near, shape, model->shape * sizeof *near);
		near[i] = shape[i] + h;
		evaluate(model, px, near, coefficient, up, NULL);
		near[i] = shape[i] - h;
		evaluate(model, px, near, coefficient, down, NULL);
		for (size_t j = 0; j < px->n; j++)
			worst = check_largest(
			    worst, fabs((up[j] - down[j]) / (2 * h) - slope[i * px->n + j]));
	}
	CHECK_CLOSE(worst, 0, 1e-7);
	separable_free(s);
}

static void all_slopes(void)
{
	slopes(gabor_model(), (double[]){.4, -.7, .9, .5, 1.4, 2.1});
	slopes(gabor_model(), (double[]){-.4, 1.7, 2.9, .9, 2.4, 1.1});
	for (int offset = 0; offset < 2; offset++) {
		slopes(blob_model(BLOB_LOG, offset), (double[]){.4, -.7, 1.3});
		slopes(blob_model(BLOB_DOG, offset), (double[]){.4, -.7, 1.3, 1.7});
		slopes(blob_model(BLOB_GAUSSIAN, offset), (double[]){.4, -.7, 1.3});
		slopes(blob_model(BLOB_ELONGATED, offset), (double[]){.4, -.7, 1.3, 1.6, .7});
	}
}

/* a planted Gabor: nx in [.25, .9], centre inside, +-sigma inside */
static struct gabor planted(size_t k)
{
	struct gabor g;
	do {
		double nx = uniform(.25, .9), ny = nx * uniform(.7, 2), f = uniform(.06, .42);
		g = (struct gabor){uniform(.5, 2), uniform(0, pi), uniform(-pi, pi), f, nx / f,
		    ny / f, uniform(-.5, .5) * (double)k, uniform(-.5, .5) * (double)k,
		    uniform(-1, 1)};
	} while (gabor_degenerate(&g, extent_square(k)) || g.sigma_across < .5);
	return g;
}

static double angle_between(double a, double b, double period)
{
	return fabs(remainder(a - b, period));
}

static void recovery(void)
{
	struct gabor_fitter *fitter = gabor_fitter_create(extent_square(11));
	struct gabor_estimate e;
	double y[121], worst = 0, worst_angle = 0;
	size_t missed = 0, count = 300;
	for (size_t i = 0; i < count; i++) {
		struct gabor g = planted(11);
		gabor_sample(&g, extent_square(11), y);
		if (gabor_fit(fitter, y, GABOR_TOLERANCE, &e) < 0 || !(e.sse < 1e-16 * e.sst)) {
			missed++;
			continue;
		}
		worst = check_largest(worst, fabs(e.gabor.sigma_across - g.sigma_across));
		worst = check_largest(worst, fabs(e.gabor.sigma_along - g.sigma_along));
		worst = check_largest(worst, fabs(1 / e.gabor.frequency - 1 / g.frequency));
		worst = check_largest(worst, fabs(e.gabor.x0 - g.x0));
		worst = check_largest(worst, fabs(e.gabor.y0 - g.y0));
		worst = check_largest(worst, angle_between(e.gabor.phase, g.phase, 2 * pi));
		worst = check_largest(worst, fabs(e.gabor.amplitude - g.amplitude));
		worst_angle = check_largest(worst_angle, angle_between(e.gabor.theta, g.theta, pi));
	}
	CHECK(missed * 100 < count); /* the global optimum, in more than 99 % */
	CHECK(worst < 1e-6);
	CHECK(worst_angle < 1e-6);
	/* a constant profile is nan throughout */
	for (size_t i = 0; i < 121; i++)
		y[i] = 3;
	CHECK(gabor_fit(fitter, y, GABOR_TOLERANCE, &e) == 0);
	CHECK(isnan(e.gabor.theta) && isnan(e.gabor.offset) && isnan(gabor_estimate_r(&e)) &&
	      fabs(e.mean - 3) < 1e-14);
	CHECK(gabor_degenerate(&e.gabor, extent_square(11)) == GABOR_CONSTANT);
	gabor_fitter_free(fitter);
	CHECK(gabor_fitter_create(extent_square(3)) == NULL);
}

/* standard errors: squared deviations in their units average to 1 under noise of known size */
static void errors(void)
{
	enum { K = 11, TRIALS = 400 };
	struct gabor_fitter *fitter = gabor_fitter_create(extent_square(K));
	double y[K * K], sums[8] = {0};
	const double sd = .05;
	for (size_t trial = 0; trial < TRIALS; trial++) {
		struct gabor g = {1, .7, 1.1, .2, 1.9, 2.4, .3, -.5, .2};
		struct gabor_estimate e;
		gabor_sample(&g, extent_square(K), y);
		for (size_t i = 0; i < K * K; i++)
			y[i] += sd * rng_normal(&rng);
		if (gabor_fit(fitter, y, GABOR_TOLERANCE, &e) < 0)
			break;
		struct gabor_errors bound = gabor_errors(&g, extent_square(K), sd * sd);
		const double deviation[] = {e.gabor.amplitude - g.amplitude,
		    e.gabor.theta - g.theta, e.gabor.frequency - g.frequency,
		    e.gabor.sigma_across - g.sigma_across, e.gabor.x0 - g.x0,
		    gabor_nx(&e.gabor) - gabor_nx(&g),
		    gabor_octaves(gabor_nx(&e.gabor)) - gabor_octaves(gabor_nx(&g)),
		    gabor_half_width(gabor_nx(&e.gabor), gabor_ny(&e.gabor)) -
			gabor_half_width(gabor_nx(&g), gabor_ny(&g))};
		const double unit[] = {bound.gabor.amplitude, bound.gabor.theta,
		    bound.gabor.frequency, bound.gabor.sigma_across, bound.gabor.x0, bound.nx,
		    bound.octaves, bound.half_width};
		for (size_t j = 0; j < 8; j++)
			sums[j] += pow(deviation[j] / unit[j], 2) / TRIALS;
	}
	for (size_t j = 0; j < 8; j++) /* chi squared / 400: sd .07 */
		CHECK_CLOSE(sums[j], 1, .28);
	gabor_fitter_free(fitter);
}

static void blobs(void)
{
	enum { K = 9 };
	double y[K * K], z[K * K];
	for (int kind = 0; kind < BLOB_KINDS; kind++) {
		for (int offset = 0; offset < 2; offset++) {
			struct blob_fitter *fitter =
			    blob_fitter_create((enum blob_kind)kind, offset, extent_square(K));
			for (size_t trial = 0; trial < 10; trial++) {
				struct blob b = {.x0 = uniform(-1.5, 1.5),
						.y0 = uniform(-1.5, 1.5),
						.sigma = uniform(.8, 1.5),
						.ratio = uniform(1.3, 2.5),
						.theta = uniform(0, pi),
						.amplitude = uniform(.5, 2) * (trial % 2 ? -1 : 1),
						.offset = offset ? uniform(-1, 1) : 0},
					    found;
				b.surround = b.amplitude * uniform(.2, .6);
				if (kind == BLOB_DELTA) {
					b.x0 = floor(b.x0);
					b.y0 = floor(b.y0);
				}
				blob_sample((enum blob_kind)kind, &b, extent_square(K), y);
				CHECK(blob_fit(fitter, y, BLOB_TOLERANCE, &found) == 0);
				CHECK_CLOSE(found.x0, b.x0, 1e-6);
				CHECK_CLOSE(found.y0, b.y0, 1e-6);
				CHECK_CLOSE(found.amplitude, b.amplitude, 1e-5);
				CHECK_CLOSE(found.offset, b.offset, 1e-5);
				if (kind != BLOB_DELTA)
					CHECK_CLOSE(found.sigma, b.sigma, 1e-6);
				if (kind == BLOB_ELONGATED)
					CHECK_CLOSE(
					    angle_between(found.theta, b.theta, pi), 0, 1e-6);
				blob_sample((enum blob_kind)kind, &found, extent_square(K), z);
				double sse = 0;
				for (size_t i = 0; i < K * K; i++)
					sse += (y[i] - z[i]) * (y[i] - z[i]);
				CHECK_CLOSE(sse, found.sse, 1e-12);
			}
			blob_fitter_free(fitter);
		}
	}
}

static void symmetry(void)
{
	enum { K = 5 };
	struct symmetry_plan *plan = symmetry_plan_create(extent_square(K));
	double p[K * K], sum = 0, whole;
	for (size_t i = 0; i < K * K; i++)
		p[i] = rng_normal(&rng);
	whole = symmetry_total(plan, p);
	for (int m = 0; m <= 14; m++)
		sum += symmetry_energy(plan, p, .3, -.8, m);
	CHECK_CLOSE(sum, whole, 1e-6 * whole); /* Parseval over angles */
	symmetry_plan_free(plan);

	double y[121];
	plan = symmetry_plan_create(extent_square(11));
	/* a cosine at .25 cycles per px: the spectrum's peak lies on the grid */
	for (size_t i = 0; i < 121; i++)
		y[i] = 1 + cos(pi / 2 * bank_x(11, i % 11));
	CHECK_CLOSE(symmetry_dc_ratio(plan, y), 1, 1e-9);
	memset(y, 0, sizeof y);
	CHECK(isnan(symmetry_dc_ratio(plan, y)) && isnan(symmetry_about(plan, y, 0, 0).symmetry));
	symmetry_plan_free(plan);
}

static void surrogates(void)
{
	for (size_t k = 6; k < 8; k++) {
		struct surrogate_plan *plan = surrogate_plan_create(extent_square(k));
		double y[49], x[49], moduli[49], again[49], work[4 * 49], worst = 0, apart = 0,
									  mean = 0;
		for (size_t i = 0; i < k * k; i++) {
			y[i] = rng_normal(&rng);
			mean += y[i];
		}
		surrogate_moduli(plan, y, moduli, work);
		CHECK_CLOSE(moduli[0], fabs(mean), 1e-12);
		surrogate_draw(plan, moduli, &rng, x, work);
		surrogate_moduli(plan, x, again, work);
		for (size_t i = 0; i < k * k; i++) {
			worst = check_largest(worst, fabs(moduli[i] - again[i]));
			apart = check_largest(apart, fabs(x[i] - y[i]));
		}
		CHECK(worst < 1e-12); /* so the transform's phases were those of a real profile */
		CHECK(apart > .1);
		surrogate_plan_free(plan);
	}
}

static void criterion(void)
{
	/* n = 20, K = 3 + 1: 20 ln(2/20) + 8 + 40/15 */
	CHECK_CLOSE(aicc(20, 3, 2, 10), 20 * log(.1) + 8 + 40. / 15, 1e-12);
	CHECK(aicc(20, 3, 0, 10) < aicc(20, 4, 0, 10) && isfinite(aicc(20, 3, 0, 10)));
	CHECK(isnan(aicc(5, 4, 1, 10)) && isnan(aicc(20, 3, 0, 0)));
}

int main(void)
{
	rng = rng_start(1, RNG_TEST, 0, 0);
	TEST(exponential, "vector_exp is exp to rounding");
	TEST(turns, "vector_turn is sine and cosine to rounding");
	TEST(all_slopes, "slopes of every model are those of finite differences");
	TEST(recovery,
	    "planted Gabors come back, the global optimum in more than 99 %; a constant is nan");
	TEST(errors, "deviations under known noise are as large as the standard errors say");
	TEST(blobs, "planted blobs of every kind come back");
	TEST(symmetry, "shares of symmetry add up to 1, a cosine's dc ratio is its own (shapes: "
		       "fit-log.bats)");
	TEST(surrogates, "surrogates have the profile's spectrum and other phases");
	TEST(criterion, "AICc by its formula");
	return check_end();
}
