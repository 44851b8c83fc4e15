/*
 * Kernels made from each model with noise, on random Gabor banks with off-centre profiles: does the table claim the right
 * winner, do the parameters lie in their intervals, and are the group models credited by chance only where they are not
 * there? models COUNT makes that many kernels of every kind; models COUNT leads [KIND] those for the last question alone;
 * without COUNT a few are made.
 */
#include "check.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/random.h"
#include "models/crossval.h"
#include "models/models.h"
#include "se2/kernel.h"

#define PI UNITS_PI
#define STEP .25 /* px, between points of the planted processes */

enum { F = 24, WIDTH = 9, TAPS = WIDTH * WIDTH, FINE = 121, ANGLES = 72, EDGES = 33, SHAPES = 4 };
/* what is planted: M0 to G2 as models.h has them, or what no lead may come from */
enum { WHITE = 7, EFFECTS, RELU, KINDS };
enum version { SIGNED, LOCKED, EXCITATORY, CLIPPED, VERSIONS, SKEWED = VERSIONS };

static const char *const kind_names[KINDS] = {
    "M0", "M1", "M2", "M3", "M4", "G1", "G2", "white", "effects", "relu(C1)"};
static const char *const version_names[] = {
    "signed", "phase-locked", "excitatory", "rectified", "rectified, skewed noise"};
/* b + M under noise; b + M (1 + cos dphase)/2 under noise; M + exponential noise, nowhere negative; max(0, M + noise); the same
 * with exponential noise of mean 0 */

static const char *const parameter_names[7][3] = {{"sigma_M0", "kappa_M0"},
    {"sigma_along_M1", "sigma_across_M1", "kappa_M1"},
    {"sigma_along_M2", "sigma_across_M2", "kappa_M2"}, {NULL}, {NULL}, {"alpha_G1", "D_G1"},
    {"D11_G2", "D22_G2"}};
static const double truths[7][SHAPES][3] = {{{2, 1.5}, {.3, 1.5}, {1, .3}, {.6, 6}},
    {{3, 1.5, 1.5}, {3, .6, 4}, {1.5, .5, .5}, {2, .3, 1.5}},
    {{3, 1.5, 1.5}, {3, .6, 4}, {1.5, .5, .5}, {3, .2, 1.5}}, {{0}}, {{0}},
    {{.4, .08}, {.1, .2}, {.8, .4}, {.1, .4}}, {{10, .25}, {20, 1}, {4, .1}, {2, .5}}};

static struct orientation_kernel process[2][SHAPES]; /* G1, G2 every STEP px */
static struct orientation_kernel edges;              /* any pattern that no other model has */
static struct ladder_spans *spans;

static void make_process(int g, size_t shape)
{
	const double *x = truths[5 + g][shape];
	/* linear interpolation between points h apart smooths once more, by h^2/6 on average */
	double space = .49 + 1. / 12 - STEP * STEP / 6,
	       angle = pow(5 * PI / 180, 2) - pow(PI / ANGLES, 2) / 6;
	struct se2_aperture aperture = {sqrt(space), sqrt(angle), false};
	float *k = malloc(sizeof(float) * ANGLES * FINE * FINE);
	struct se2_model m = {.process = g ? SE2_DIFFUSION : SE2_DIRECTION,
	    .travel = SE2_GAMMA,
	    .order = 1,
	    .alpha = g ? 1 : x[0],
	    .d = x[1],
	    .d11 = g ? x[0] : 0,
	    .harmonics = 40};
	struct orientation_kernel *to = &process[g][shape];
	*to = (struct orientation_kernel){ANGLES, FINE, FINE, malloc(sizeof(double) * ANGLES),
	    malloc(sizeof(double) * ANGLES * FINE * FINE), PI};
	se2_uniform(ANGLES, PI, to->theta);
	struct se2_grid grid = {.height = FINE,
	    .width = FINE,
	    .step = STEP,
	    .angles = ANGLES,
	    .theta = to->theta,
	    .undirected = true,
	    .reach = 16 + 5 * (g ? sqrt(x[0]) : 1 / x[0])};
	CHECK(se2_kernel(&m, &grid, &aperture, 1, k) == 0);
	for (size_t p = 0; p < ANGLES * FINE * FINE; p++)
		to->k[p] = k[p];
	free(k);
}

static int make_kernels(void)
{
	spans = models_spans(14, 1);
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
	return CHECK(spans) ? 0 : -1;
}

static double bell(double x, double sigma)
{
	return exp(-.5 * x * x / (sigma * sigma + .49 + 1. / 12));
}

/* What the model says at a tap. */
static double value_of(int kind, size_t shape, const struct units_tap *tap, double dtheta)
{
	const double *x = truths[kind < 7 ? kind : 3][shape];
	double u = tap->along, v = tap->across,
	       tuning = exp(x[kind ? 2 : 1] * (cos(2 * dtheta) - 1));
	double c = cos(dtheta / 2), s = sin(dtheta / 2);
	double correlation = tap->overlap * cos(tap->dphase);
	switch (kind) {
	case 0:
		return bell(tap->r, x[0]) * tuning;
	case 1:
		return bell(u, x[0]) * bell(v, x[1]) * tuning;
	case 2:
		return bell(u * c + v * s, x[0]) * bell(v * c - u * s, x[1]) * tuning;
	case 3:
		return fmax(correlation, 0) + .5 * correlation * correlation;
	case 4:
		return orientation_at(&edges, u, v, dtheta);
	case RELU:
		return fmax(correlation, 0);
	case WHITE:
	case EFFECTS:
		return 0;
	default:
		return orientation_at(&process[kind - 5][shape], u / STEP, v / STEP, dtheta);
	}
}

static void plant(int kind, size_t shape, enum version version, uint64_t seed, double noise,
    struct units *set, double *c1)
{
	struct rng rng = rng_start(
	    seed, RNG_TEST, (uint32_t)((kind * SHAPES + (int)shape) * VERSIONS + (int)version), 0);
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
	if ((kind == 5 || kind == 6) && !process[kind - 5][shape].k)
		make_process(kind - 5, shape);
	size_t sizes[] = {F, F, WIDTH, WIDTH};
	struct npys_array kernel;
	if (npys_shape(&kernel.header, NPYS_F8, 4, sizes) < 0 ||
	    !(kernel.x = calloc(kernel.header.elements, sizeof(double))) ||
	    units_build(set, &kernel, rows, F, NULL) < 0)
		exit(1);
	double sum = 0, squares = 0, n = F * (F - 1) * TAPS;
	for (size_t i = 0; i < F; i++)
		for (size_t j = 0; j < F; j++)
			for (size_t t = 0; t < TAPS; t++) {
				struct units_tap tap = units_tap(set, i, j, t);
				size_t at = (i * F + j) * TAPS + t;
				double dtheta = set->pair[i * F + j].dtheta,
				       m = value_of(kind, shape, &tap, dtheta);
				c1[at] = tap.overlap * cos(tap.dphase);
				if (version == LOCKED)
					m *= .5 + .5 * cos(tap.dphase);
				set->weight[at] = i == j ? 0 : m;
				sum += i == j ? 0 : m;
				squares += i == j ? 0 : m * m;
			}
	double sd = kind == WHITE || kind == EFFECTS ? 1 : sqrt(squares / n - sum / n * (sum / n));
	double row[F], column[F];
	for (size_t i = 0; i < F; i++) {
		row[i] = kind == EFFECTS ? rng_normal(&rng) : 0;
		column[i] = kind == EFFECTS ? rng_normal(&rng) : 0;
	}
	for (size_t i = 0; i < F; i++)
		for (size_t j = 0; j < F; j++)
			for (size_t t = 0; t < TAPS; t++) {
				double *w = &set->weight[(i * F + j) * TAPS + t];
				double e = version == EXCITATORY || version == SKEWED
					       ? -log(1 - rng_uniform(&rng)) - (version == SKEWED)
					       : rng_normal(&rng);
				*w = i == j ? 0
					    : *w / sd + row[i] + column[j] + noise * e -
						  (version <= LOCKED ? .5 : 0);
				if (version >= CLIPPED)
					*w = fmax(*w, 0);
			}
	free(kernel.x);
}

enum {
	LEADS = 2,
	ROWS = 6 * LEADS
}; /* of G1, G2: by part, over all taps and without the nearest */
/* parameters with an interval, those in it, and those without for either reason */
struct coverage {
	size_t intervals, covered, edge, rectified;
};
struct tally {
	size_t claims, wrong, kernels, misled, right; /* misled: kernels with a wrong claim */
	struct coverage whole,
	    cut;            /* of weights nothing of which is cut off, and of parts that are */
	size_t ahead[ROWS]; /* leads with p < .05 */
	size_t leads;       /* with a p */
};

static void add_coverage(struct coverage *to, const struct coverage *c)
{
	to->intervals += c->intervals;
	to->covered += c->covered;
	to->edge += c->edge;
	to->rectified += c->rectified;
}

static void add_tally(struct tally *to, const struct tally *t)
{
	to->claims += t->claims;
	to->wrong += t->wrong;
	to->kernels += t->kernels;
	to->misled += t->misled;
	to->right += t->right;
	to->leads += t->leads;
	add_coverage(&to->whole, &t->whole);
	add_coverage(&to->cut, &t->cut);
	for (size_t k = 0; k < ROWS; k++)
		to->ahead[k] += t->ahead[k];
}

/* A lead's row: part, model, all taps or the far ones; ROWS: none of them. */
static size_t lead_row(const char *part, const char *name)
{
	size_t k = !strcmp(part, "positive") ? 0 : !strcmp(part, "negative") ? 1 : 2;
	if (strncmp(name, "lead_G", 6))
		return ROWS;
	return (k * 2 + (strchr(name, '[') != NULL)) * LEADS + (size_t)(name[6] - '1');
}

/* One kernel's table into the tally: claims of r (all taps and without the nearest), of the divergence and the field. */
static void read_claims(
    const char *file, int kind, size_t shape, enum version version, struct tally *tally)
{
	struct table t;
	if (!CHECK(table_read(file, &t) == 0))
		return;
	double *low = malloc(3 * t.rows * sizeof *low), *high = low + t.rows, *p = high + t.rows;
	int part = table_column(&t, "part"), quantity = table_column(&t, "quantity"),
	    verdict = table_column(&t, "verdict");
	CHECK(table_reals(&t, "low", low) == 0 && table_reals(&t, "high", high) == 0 &&
	      table_reals(&t, "p", p) == 0);
	size_t before = tally->wrong;
	CHECK(part >= 0 && quantity >= 0 && verdict >= 0);
	for (size_t r = 0; r < t.rows; r++) {
		const char *name = table_cell(&t, r, (size_t)quantity),
			   *of = table_cell(&t, r, (size_t)part),
			   *claim = table_cell(&t, r, (size_t)verdict);
		size_t lead = lead_row(of, name);
		if (lead < ROWS) {
			tally->ahead[lead] += p[r] < .05;
			tally->leads += isnan(p[r]) ? 0 : 1;
		}
		bool whole = !strcmp(of, version <= LOCKED ? "signed" : "positive");
		if (whole && !strcmp(claim, "best") && kind < 7) {
			bool right = strstr(name, kind_names[kind]) != NULL;
			tally->claims++;
			tally->wrong += !right;
			tally->right += right && !strncmp(name, "r_", 2) && !strchr(name, '[');
			if (!right)
				printf("# %s %s: %s claimed\n", kind_names[kind],
				    version_names[version], name);
		}
		/* parts of signed kernels hold the same density, cut off; a kernel without negative weights has one part */
		if (!whole && version > LOCKED)
			continue;
		struct coverage *c = whole && version < CLIPPED ? &tally->whole : &tally->cut;
		for (size_t k = 0; kind < 7 && k < 3 && parameter_names[kind][k]; k++) {
			if (strcmp(name, parameter_names[kind][k]))
				continue;
			double truth = truths[kind][shape][k];
			bool held = low[r] <= truth && truth <= high[r], shown = !isnan(low[r]);
			c->edge += !strcmp(claim, "at the edge");
			c->rectified += !strcmp(claim, "rectified");
			/* without an interval there is a reason */
			CHECK(
			    shown == (strcmp(claim, "at the edge") && strcmp(claim, "rectified")));
			CHECK(isnan(low[r]) == isnan(high[r]) && !(low[r] >= high[r]));
			c->intervals += shown;
			c->covered += held;
			if (!held && shown)
				printf("# %s %s, part %s: %s %g not in [%g, %g]\n",
				    kind_names[kind], version_names[version], of, name, truth,
				    low[r], high[r]);
		}
	}
	tally->kernels++;
	tally->misled += tally->wrong > before;
	free(low);
	table_free(&t);
}

static struct models_plan plan_of(const double *c1, size_t splits, uint64_t seed)
{
	return (struct models_plan){.label = "K",
	    .c = {c1},
	    .edges = &edges,
	    .splits = splits,
	    .bootstrap = 2,
	    .seed = seed,
	    .threads = 1,
	    .spans = spans};
}

static bool compare(const struct units *set, const struct models_plan *plan, const char *file)
{
	struct table_out *table = table_create(file, MODELS_COLUMNS);
	return CHECK(table && models_compare(set, plan, table) == 0 && table_close(table) == 0);
}

static void one(int kind, size_t shape, enum version version, uint64_t seed, const char *file,
    size_t splits, bool leads, struct tally *tally)
{
	struct units set;
	double *c1 = calloc(F * F * TAPS, sizeof *c1);
	plant(kind, shape, version, seed, 1.5, &set, c1);
	CHECK(models_reach(&set) <= 14);
	struct models_plan plan = plan_of(c1, splits, seed);
	plan.leads = leads;
	if (compare(&set, &plan, file))
		read_claims(file, kind, shape, version, tally);
	units_free(&set);
	free(c1);
}

/* The leads alone are those of the whole table. */
static void alone(const char *file)
{
	enum { WHOLE, ALONE, ROWS_ALONE = LADDER_PARTS * LADDER_SETS * (MODELS + 2 + MODELS) };
	static const char *const columns[] = {"part", "quantity", "value", "low", "high", "p"};
	enum { KEYS = 2, P = 5, COLUMNS };
	struct units set;
	struct table t[2];
	size_t column[COLUMNS], same = 0, at = 0;
	double *c1 = calloc(F * F * TAPS, sizeof *c1);
	plant(RELU, 0, SIGNED, 1, 1.5, &set, c1);
	for (int k = WHOLE; k <= ALONE; k++) {
		struct models_plan plan = plan_of(c1, 3, 1);
		plan.leads = k == ALONE;
		if (!compare(&set, &plan, file) || !CHECK(table_read(file, &t[k]) == 0))
			return;
	}
	for (size_t c = 0; c < COLUMNS; c++) {
		int index = table_column(&t[WHOLE], columns[c]);
		if (!CHECK(index >= 0 && index == table_column(&t[ALONE], columns[c])))
			return;
		column[c] = (size_t)index;
	}
	CHECK(t[ALONE].rows == ROWS_ALONE);
	for (size_t r = 0; r < t[ALONE].rows && at < t[WHOLE].rows; at++) {
		bool here = true, alike = true;
		for (size_t c = 0; c < COLUMNS; c++) {
			const char *cell = table_cell(&t[ALONE], r, column[c]);
			bool equal = !strcmp(cell, table_cell(&t[WHOLE], at, column[c]));
			if (c < KEYS)
				here = here && equal;
			else
				alike = alike && equal && (c == P || strcmp(cell, "nan"));
		}
		if (!here)
			continue;
		same += alike;
		r++;
	}
	CHECK(same == ROWS_ALONE);
	table_free(&t[WHOLE]);
	table_free(&t[ALONE]);
	units_free(&set);
	free(c1);
}

/* Two weights alone are seen, where M0 is largest: they are fitted without noise, as everything else is below 0, so that the
 * likelihood rises without end and M0 has no parameters. */
static void endless(const char *file)
{
	struct units set;
	double *c1 = calloc(F * F * TAPS, sizeof *c1), top[3] = {-INFINITY, -INFINITY, -INFINITY};
	plant(0, 0, SIGNED, 1, 0, &set, c1);
	for (size_t k = 0; k < F * F * TAPS; k++) {
		double w = set.weight[k];
		for (size_t i = 0; i < 3; i++)
			if (k / TAPS % F != k / TAPS / F && w > top[i]) {
				double next = top[i];
				top[i] = w;
				w = next;
			}
	}
	size_t seen = 0;
	for (size_t k = 0; k < F * F * TAPS; k++) {
		bool here = k / TAPS % F != k / TAPS / F && set.weight[k] > top[2];
		set.weight[k] = here ? set.weight[k] - top[2] : 0;
		seen += here;
	}
	CHECK(seen == 2);
	struct models_plan plan = plan_of(c1, 2, 1);
	struct table t;
	if (compare(&set, &plan, file) && CHECK(table_read(file, &t) == 0)) {
		double *x = malloc(3 * t.rows * sizeof *x);
		int part = table_column(&t, "part"), quantity = table_column(&t, "quantity"),
		    verdict = table_column(&t, "verdict");
		CHECK(table_reals(&t, "value", x) == 0 && table_reals(&t, "low", x + t.rows) == 0 &&
		      table_reals(&t, "high", x + 2 * t.rows) == 0);
		size_t rows = 0;
		for (size_t r = 0; r < t.rows; r++) {
			const char *name = table_cell(&t, r, (size_t)quantity);
			if (strcmp(table_cell(&t, r, (size_t)part), "positive") ||
			    (strcmp(name, "sigma_M0") && strcmp(name, "kappa_M0")))
				continue;
			CHECK(isnan(x[r]) && isnan(x[r + t.rows]) && isnan(x[r + 2 * t.rows]));
			CHECK(!strcmp(table_cell(&t, r, (size_t)verdict), "-"));
			rows++;
		}
		CHECK(rows == 2);
		free(x);
		table_free(&t);
	}
	units_free(&set);
	free(c1);
}

/* the number that a binomial of n at .05 exceeds with a chance below .001 */
static size_t bound(size_t n)
{
	double term = pow(.95, (double)n), sum = term;
	size_t k = 0;
	while (sum < .999) {
		term *= (double)(n - k) / (double)(k + 1) * .05 / .95;
		sum += term;
		k++;
	}
	return k;
}

/* Kernels without a group model: how often does one lead? kind and shape, or all shapes where shape is SHAPES. */
static void leads(int kind, size_t count, const char *file)
{
	struct tally all = {0};
	for (size_t seed = 1; seed <= count; seed++)
		for (size_t shape = 0; shape < (kind < 3 ? SHAPES : 1); shape++)
			one(kind, shape, SIGNED, 1000 + seed, file, 20, true, &all);
	size_t most = 0, sum = 0;
	CHECK(all.leads == ROWS * all.kernels);
	for (size_t k = 0; k < ROWS; k++) {
		most = all.ahead[k] > most ? all.ahead[k] : most;
		sum += all.ahead[k];
		CHECK(all.ahead[k] <= bound(all.kernels));
	}
	printf("# %s: %zu kernels, leads with p < .05: %.3f of all, at most %zu in a row\n",
	    kind_names[kind], all.kernels, (double)sum / (double)(ROWS * all.kernels), most);
	fflush(stdout);
}

/* 90 to 99 per cent of the intervals hold the truth; of a few, one may miss */
static void check_coverage(const char *what, const struct coverage *c, bool thorough)
{
	double share = (double)c->covered / (double)c->intervals;
	printf("# %s: parameters covered %.3f of %zu, at the edge %zu, rectified %zu\n", what,
	    share, c->intervals, c->edge, c->rectified);
	if (thorough)
		CHECK(share >= .9 && share <= .99);
	else
		CHECK(c->covered + 1 >= c->intervals);
}

static void planted(size_t count, const char *file)
{
	struct tally every = {0};
	for (int kind = 0; kind < 7; kind++)
		for (int version = 0; version < VERSIONS; version++) {
			struct tally tally = {0};
			size_t kernels = count                                  ? count
					 : (kind * VERSIONS + version) % 9 == 5 ? 1
										: 0;
			for (size_t k = 0; k < kernels; k++)
				one(kind,
				    kind == 3 || kind == 4 ? 0 : (k + (size_t)version) % SHAPES,
				    (enum version)version, k + 1, file, count ? 20 : 10, false,
				    &tally);
			if (!kernels)
				continue;
			printf("# %s %s: %zu kernels, best by r %zu, wrong claims %zu of %zu, "
			       "parameters covered %zu of %zu, of cut off parts %zu of %zu\n",
			    kind_names[kind], version_names[version], kernels, tally.right,
			    tally.wrong, tally.claims, tally.whole.covered, tally.whole.intervals,
			    tally.cut.covered, tally.cut.intervals);
			fflush(stdout);
			add_tally(&every, &tally);
			/* a second kernel misled in one cell: not by chance, at 5 % */
			CHECK(tally.misled <= 1);
		}
	printf("# wrong claims %zu of %zu\n", every.wrong, every.claims);
	CHECK((double)every.wrong <= .05 * (double)every.claims);
	check_coverage("whole weights", &every.whole, count > 0);
	check_coverage("cut off parts", &every.cut, count > 0);
	CHECK(every.whole.rectified == 0);
	/* noise is normal: found otherwise by chance, at less than 1 % for each of two moments */
	CHECK((double)every.cut.rectified <= .05 * (double)(every.cut.intervals + 20));
	/* where it is not, no interval */
	struct tally skewed = {0};
	one(1, 0, SKEWED, 1, file, 2, false, &skewed);
	CHECK(skewed.cut.intervals == 0 && skewed.cut.rectified == 3);
}

/*
 * Held-out r of the planted model over that of the ceiling, which knows no model: 1 but for what the ceiling's bias and noise are. G1
 * had .995 to 1.000 in noise of 1.5 times the kernel's sd, where noise is more, and 1.002 without any.
 */
static void shares(double noise)
{
	enum { SPLITS = 2 };
	static const int kinds[] = {M0, M1, M2, G1, G2};
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		struct units set;
		struct ladder ladder = {0};
		struct halves halves = {0};
		double *c1 = calloc(F * F * TAPS, sizeof *c1), r = 0, ceiling = 0;
		plant(kinds[k], 0, SIGNED, 1, noise, &set, c1);
		struct models_plan plan = plan_of(c1, SPLITS, 1);
		if (CHECK(ladder_create(&ladder, &set, &plan) == 0 &&
			  halves_score(&halves, &ladder) == 0))
			for (size_t split = 0; split < SPLITS * HALVES_STRIDE;
			     split += HALVES_STRIDE) {
				size_t model = (size_t)kinds[k];
				r += halves_at(
				    &halves, HALVES_R, model, SIGN_BOTH, LADDER_ALL)[split];
				ceiling += halves_at(&halves, HALVES_R, HALVES_CEILING,
				    SIGN_BOTH, LADDER_ALL)[split];
			}
		printf("# %s in noise of %g: r %.4f, %.4f of the ceiling\n", kind_names[kinds[k]],
		    noise, r / SPLITS, r / ceiling);
		CHECK_CLOSE(r / ceiling, 1, .005);
		CHECK_CLOSE(r / SPLITS, 1 / sqrt(1 + noise * noise), .005);
		halves_free(&halves);
		ladder_free(&ladder);
		units_free(&set);
		free(c1);
	}
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	char file[] = "/tmp/models-XXXXXX";
	int descriptor = mkstemp(file);
	if (!CHECK(descriptor >= 0) || make_kernels() < 0)
		return check_end();
	close(descriptor);
	if (argc < 3)
		planted(count, file);
	size_t kinds = 0;
	for (int kind = 0; argc > 2 && kind < KINDS; kind++)
		if (argc > 3 ? !strcmp(argv[3], kind_names[kind]) : kind < 4 || kind >= WHITE) {
			leads(kind, count, file);
			kinds++;
		}
	CHECK(argc < 3 || kinds > 0);
	if (!count) {
		shares(.2);
		/* narrow, isotropic; elongated in the bisecting frame, as narrow as the aperture; nothing */
		struct tally all = {0};
		one(0, 1, SIGNED, 1, file, 10, false, &all);
		one(2, 3, SIGNED, 1, file, 10, false, &all);
		one(WHITE, 0, SIGNED, 1, file, 10, false, &all);
		alone(file);
		endless(file);
		size_t sum = 0;
		for (size_t k = 0; k < ROWS; k++)
			sum += all.ahead[k];
		CHECK(sum <= bound(3 * ROWS));
	}
	unlink(file);
	models_spans_free(spans);
	return check_end();
}
