/*
 * Kernels made from each model with noise, on random Gabor banks with off-centre profiles: does the table claim the right
 * winner, and do the parameters lie in their intervals? models COUNT makes that many kernels of every kind; without it a
 * few are made.
 */
#include "check.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/random.h"
#include "lateral/models.h"
#include "se2/kernel.h"

#define PI LATERAL_PI

enum { F = 24, WIDTH = 9, TAPS = WIDTH * WIDTH, MODELS = 7, FINE = 121, ANGLES = 72, EDGES = 33 };
enum version { SIGNED, LOCKED, EXCITATORY, CLIPPED, VERSIONS };

static const char *const model_names[MODELS] = {"M0", "M1", "M2", "M3", "M4", "G1", "G2"};
static const char *const version_names[VERSIONS] = {
    "signed", "phase-locked", "excitatory", "rectified"};
/* b + M under noise; b + M (1 + cos dphase)/2 under noise; M + exponential noise, nowhere negative; max(0, M + noise) */

struct truth {
	const char *name;
	double value;
};
static const struct truth truths[MODELS][4] = {
    {{"sigma_M0", 2}, {"kappa_M0", 1.5}},
    {{"sigma_along_M1", 3}, {"sigma_across_M1", 1.5}, {"kappa_M1", 1.5}},
    {{"sigma_along_M2", 3}, {"sigma_across_M2", 1.5}, {"kappa_M2", 1.5}},
    {{NULL, 0}},
    {{NULL, 0}},
    {{"alpha_G1", .4}, {"D_G1", .08}},
    {{"D11_G2", 10}, {"D22_G2", .25}},
};

static struct orientation_kernel process[2]; /* G1, G2 every 0.25 px */
static struct orientation_kernel edges;      /* any pattern that no other model has */

static int make_kernels(void)
{
	static const struct se2_model model[2] = {
	    {.process = SE2_DIRECTION, .travel = SE2_GAMMA, .order = 1, .alpha = .4, .d = .08},
	    {.process = SE2_DIFFUSION,
		.travel = SE2_GAMMA,
		.order = 1,
		.alpha = 1,
		.d11 = 10,
		.d = .25}};
	struct se2_aperture aperture = {sqrt(.49 + 1. / 12), 5 * PI / 180, false};
	float *k = malloc(sizeof(float) * ANGLES * FINE * FINE);
	for (int g = 0; g < 2; g++) {
		struct orientation_kernel *to = &process[g];
		*to =
		    (struct orientation_kernel){ANGLES, FINE, FINE, malloc(sizeof(double) * ANGLES),
			malloc(sizeof(double) * ANGLES * FINE * FINE), PI};
		se2_uniform(ANGLES, PI, to->theta);
		struct se2_grid grid = {.height = FINE,
		    .width = FINE,
		    .step = .25,
		    .angles = ANGLES,
		    .theta = to->theta,
		    .undirected = true};
		struct se2_model m = model[g];
		m.harmonics = 40;
		if (!CHECK(se2_kernel(&m, &grid, &aperture, 1, k) == 0))
			return -1;
		for (size_t p = 0; p < ANGLES * FINE * FINE; p++)
			to->k[p] = k[p];
	}
	free(k);
	edges = (struct orientation_kernel){18, EDGES, EDGES, malloc(sizeof(double) * 18),
	    malloc(sizeof(double) * 18 * EDGES * EDGES), PI};
	se2_uniform(18, PI, edges.theta);
	for (size_t t = 0; t < 18; t++)
		for (size_t p = 0; p < EDGES * EDGES; p++) {
			double x = (double)(p % EDGES) - EDGES / 2,
			       y = EDGES / 2 - (double)(p / EDGES);
			double r = hypot(x, y), phi = atan2(y, x), theta = edges.theta[t];
			edges.k[t * EDGES * EDGES + p] =
			    r > 0 ? (cos(2 * (theta - 2 * phi)) + .5 * cos(2 * (theta - phi))) *
					exp(-r / 5)
				  : 0;
		}
	return 0;
}

static double bell(double x, double sigma)
{
	return exp(-.5 * x * x / (sigma * sigma + .49 + 1. / 12));
}

/* What the model says at a tap. */
static double value_of(int model, const struct lateral_tap *tap, double dtheta)
{
	double u = tap->along, v = tap->across, tuning = exp(1.5 * (cos(2 * dtheta) - 1));
	double c = cos(dtheta / 2), s = sin(dtheta / 2);
	double correlation = tap->overlap * cos(tap->dphase);
	switch (model) {
	case 0:
		return bell(tap->r, 2) * tuning;
	case 1:
		return bell(u, 3) * bell(v, 1.5) * tuning;
	case 2:
		return bell(u * c + v * s, 3) * bell(v * c - u * s, 1.5) * tuning;
	case 3:
		return fmax(correlation, 0) + .5 * correlation * correlation;
	case 4:
		return orientation_at(&edges, u, v, dtheta);
	default:
		return orientation_at(&process[model - 5], u / .25, v / .25, dtheta);
	}
}

static void plant(
    int model, enum version version, uint64_t seed, double noise, struct lateral *set, double *c1)
{
	struct rng rng = rng_start(seed, RNG_TEST, (uint32_t)(model * VERSIONS + (int)version), 0);
	struct gabor_row rows[F];
	for (size_t i = 0; i < F; i++)
		rows[i] = (struct gabor_row){.filter = i,
		    .accepted = true,
		    .gabor = {.amplitude = 1,
			.theta = PI * rng_uniform(&rng),
			.phase = PI * (2 * rng_uniform(&rng) - 1),
			.frequency = .12 + .13 * rng_uniform(&rng),
			.sigma_across = 1.3 + .7 * rng_uniform(&rng),
			.sigma_along = 1.6 + rng_uniform(&rng),
			.x0 = .8 * rng_normal(&rng),
			.y0 = .8 * rng_normal(&rng)}};
	size_t shape[] = {F, F, WIDTH, WIDTH};
	struct npys_array kernel;
	if (npys_shape(&kernel.header, NPYS_F8, 4, shape) < 0 ||
	    !(kernel.x = calloc(kernel.header.elements, sizeof(double))) ||
	    lateral_build(set, &kernel, rows, F, NULL) < 0)
		exit(1);
	double sum = 0, squares = 0, n = F * (F - 1) * TAPS;
	for (size_t i = 0; i < F; i++)
		for (size_t j = 0; j < F; j++)
			for (size_t t = 0; t < TAPS; t++) {
				struct lateral_tap tap = lateral_tap(set, i, j, t);
				size_t at = (i * F + j) * TAPS + t;
				double dtheta = set->pair[i * F + j].dtheta,
				       m = value_of(model, &tap, dtheta);
				c1[at] = tap.overlap * cos(tap.dphase);
				if (version == LOCKED)
					m *= .5 + .5 * cos(tap.dphase);
				set->weight[at] = i == j ? 0 : m;
				sum += i == j ? 0 : m;
				squares += i == j ? 0 : m * m;
			}
	double sd = sqrt(squares / n - sum / n * (sum / n));
	for (size_t i = 0; i < F; i++)
		for (size_t j = 0; j < F; j++)
			for (size_t t = 0; t < TAPS; t++) {
				double *w = &set->weight[(i * F + j) * TAPS + t];
				double e = version == EXCITATORY ? -log(1 - rng_uniform(&rng))
								 : rng_normal(&rng);
				*w =
				    i == j ? 0 : *w / sd + noise * e - (version <= LOCKED ? .5 : 0);
				if (version == CLIPPED)
					*w = fmax(*w, 0);
			}
	free(kernel.x);
}

struct tally {
	size_t claims, wrong, kernels, misled, right, intervals,
	    covered; /* misled: kernels with a wrong claim */
};

/* One kernel's table into the tally: claims of r (all taps and without the nearest), of the divergence and the field. */
static void read_claims(const char *file, int model, enum version version, struct tally *tally)
{
	struct table t;
	if (!CHECK(table_read(file, &t) == 0))
		return;
	double *low = malloc(t.rows * sizeof *low), *high = malloc(t.rows * sizeof *high);
	int part = table_column(&t, "part"), quantity = table_column(&t, "quantity"),
	    verdict = table_column(&t, "verdict");
	CHECK(table_reals(&t, "low", low) == 0 && table_reals(&t, "high", high) == 0);
	size_t before = tally->wrong;
	CHECK(part >= 0 && quantity >= 0 && verdict >= 0);
	for (size_t r = 0; r < t.rows; r++) {
		const char *name = table_cell(&t, r, (size_t)quantity);
		if (strcmp(
			table_cell(&t, r, (size_t)part), version <= LOCKED ? "signed" : "positive"))
			continue;
		if (!strcmp(table_cell(&t, r, (size_t)verdict), "best")) {
			bool right = strstr(name, model_names[model]) != NULL;
			tally->claims++;
			tally->wrong += !right;
			tally->right += right && !strncmp(name, "r_", 2) && !strchr(name, '[');
			if (!right)
				printf("# %s %s: %s claimed\n", model_names[model],
				    version_names[version], name);
		}
		for (const struct truth *x = truths[model]; x->name; x++)
			if (!strcmp(name, x->name)) {
				tally->intervals++;
				tally->covered += low[r] <= x->value && x->value <= high[r];
			}
	}
	tally->kernels++;
	tally->misled += tally->wrong > before;
	free(low);
	free(high);
	table_free(&t);
}

static void one(int model, enum version version, uint64_t seed, const char *file, bool thorough,
    struct tally *tally)
{
	struct lateral set;
	double *c1 = calloc(F * F * TAPS, sizeof *c1);
	plant(model, version, seed, 1.5, &set, c1);
	struct models_plan plan = {.label = "K",
	    .c = {c1},
	    .edges = &edges,
	    .splits = thorough ? 30 : 20,
	    .bootstrap = thorough ? 200 : 60,
	    .seed = seed,
	    .threads = 1};
	struct table_out *table = table_create(file, MODELS_COLUMNS);
	if (CHECK(table && models_compare(&set, &plan, table) == 0 && table_close(table) == 0))
		read_claims(file, model, version, tally);
	lateral_free(&set);
	free(c1);
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	char file[] = "/tmp/models-XXXXXX";
	int descriptor = mkstemp(file);
	struct tally all = {0}, exact = {0}, clipped = {0};
	if (!CHECK(descriptor >= 0) || make_kernels() < 0)
		return check_end();
	close(descriptor);
	for (int model = 0; model < MODELS; model++)
		for (int version = 0; version < VERSIONS; version++) {
			struct tally tally = {0};
			size_t kernels = count ? count : (model * VERSIONS + version) % 9 == 5;
			for (size_t seed = 1; seed <= kernels; seed++)
				one(model, (enum version)version, seed, file, count > 0, &tally);
			if (!kernels)
				continue;
			printf("# %s %s: %zu kernels, best by r %zu, wrong claims %zu of %zu, "
			       "parameters covered %zu of %zu\n",
			    model_names[model], version_names[version], kernels, tally.right,
			    tally.wrong, tally.claims, tally.covered, tally.intervals);
			fflush(stdout);
			all.claims += tally.claims;
			all.wrong += tally.wrong;
			all.right += tally.right;
			struct tally *to = version == CLIPPED ? &clipped : &exact;
			to->intervals += tally.intervals;
			to->covered += tally.covered;
			to->kernels += model ? tally.kernels : 0;
			to->right += model ? tally.right : 0;
			/* a second kernel misled in one cell: not by chance, at 5 % */
			CHECK(tally.misled <= 1);
		}
	unlink(file);
	double share = (double)exact.covered / (double)exact.intervals;
	printf("# wrong claims %zu of %zu; covered %.3f of %zu; M1 to G2 best by r in %zu of %zu\n",
	    all.wrong, all.claims, share, exact.intervals, exact.right, exact.kernels);
	printf("# rectified: parameters covered %zu of %zu; M1 to G2 best by r in %zu of %zu\n",
	    clipped.covered, clipped.intervals, clipped.right, clipped.kernels);
	CHECK((double)all.wrong <= .05 * (double)all.claims);
	/* M0 is never claimed: M1 and M2 contain it */
	CHECK((double)exact.right >= .5 * (double)exact.kernels);
	if (count)
		CHECK(share >= .9 && share <= .99);
	else /* a few intervals only: one of them may miss */
		CHECK(exact.covered + 1 >= exact.intervals);
	return check_end();
}
