#include "indices/mrqap.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"
#include "stats/resample.h"

/* the four complex regressors' real and imaginary parts, then the three real ones */
enum {
	RADIAL = 0,
	COCIRCULAR = 2,
	COAXIAL = 4,
	CONCENTRATION = 6,
	ORIENTATION = 8,
	FREQUENCY,
	PHASE,
	PARTS = 12, /* one is not used */
	GIVEN = 3,
	CHUNK = 50,
};

static const struct quantity {
	const char *name;
	size_t first, count; /* parts */
} quantities[] = {
    {"mrqap_orientation", ORIENTATION, 1},
    {"mrqap_R_1", RADIAL, 2},
    {"mrqap_R_2", COCIRCULAR, 2},
    {"mrqap_coaxiality", COAXIAL, 2},
    {"mrqap_concentration", CONCENTRATION, 2},
    {"mrqap_frequency", FREQUENCY, 1},
    {"mrqap_phase", PHASE, 1},
};
enum { QUANTITIES = sizeof quantities / sizeof *quantities };

/* sums over pairs that a partial correlation of x and y given z needs, one for each part */
enum {
	ZZ,              /* 1 z1 z2, z1 z1, z1 z2, z2 z2: six */
	ZX = ZZ + 6,     /* three */
	ZY = ZX + GIVEN, /* three */
	XX = ZY + GIVEN,
	YY,
	XY,
	MOMENTS
};

struct vector {
	double part[PARTS];
};

struct moments {
	struct vector of[MOMENTS];
};

struct covariates {
	const struct units *set;
	const struct lateral_plan *plan;
	struct vector *x;       /* (n, n) */
	struct vector *z[2];    /* (n, n): what is given beside 1 */
	struct vector *beyond;  /* (n, n): x less what 1 and z explain */
	struct vector *base[3]; /* (n, n): 1 and z made orthonormal */
	double *left; /* (permutations, PARTS): squares of permuted beyond that 1 and z leave */
};

/* a' G^-1 b for a Gram matrix of three, columns that depend on those before left out */
static double project(const double *g, const double *a, const double *b)
{
	double l[3][3] = {{0}}, u[3], v[3], sum = 0;
	const size_t at[3][3] = {{0, 1, 2}, {1, 3, 4}, {2, 4, 5}};
	for (size_t i = 0; i < 3; i++) {
		double pivot = g[at[i][i]];
		u[i] = a[i];
		v[i] = b[i];
		for (size_t k = 0; k < i; k++) {
			double dot = g[at[i][k]];
			for (size_t m = 0; m < k; m++)
				dot -= l[i][m] * l[k][m];
			l[i][k] = l[k][k] > 0 ? dot / l[k][k] : 0;
			pivot -= l[i][k] * l[i][k];
			u[i] -= l[i][k] * u[k];
			v[i] -= l[i][k] * v[k];
		}
		l[i][i] = pivot > 1e-10 * g[at[i][i]] ? sqrt(pivot) : 0;
		u[i] = l[i][i] > 0 ? u[i] / l[i][i] : 0;
		v[i] = l[i][i] > 0 ? v[i] / l[i][i] : 0;
		sum += u[i] * v[i];
	}
	return sum;
}

static double partial(const struct moments *m, const struct quantity *quantity)
{
	double xx = 0, yy = 0, xy = 0, all_x = 0, all_y = 0;
	for (size_t c = quantity->first; c < quantity->first + quantity->count; c++) {
		double g[6], x[3], y[3];
		for (size_t k = 0; k < 6; k++)
			g[k] = m->of[ZZ + k].part[c];
		for (size_t k = 0; k < GIVEN; k++) {
			x[k] = m->of[ZX + k].part[c];
			y[k] = m->of[ZY + k].part[c];
		}
		all_x += m->of[XX].part[c];
		all_y += m->of[YY].part[c];
		xx += m->of[XX].part[c] - project(g, x, x);
		yy += m->of[YY].part[c] - project(g, y, y);
		xy += m->of[XY].part[c] - project(g, x, y);
	}
	return xx > 1e-10 * all_x && yy > 1e-10 * all_y ? xy / sqrt(xx * yy) : NAN;
}

/* sums over pairs, pair p factor[p] times (NULL: once), of products of 1, z, x and y */
VECTOR_CLONES static void sum_up(
    const struct covariates *v, const struct vector *y, const double *factor, struct moments *m)
{
	size_t n = v->set->n;
	memset(m, 0, sizeof(*m));
	for (size_t p = 0; p < n * n; p++) {
		double f = p / n == p % n ? 0 : factor ? factor[p] : 1;
		if (!(f > 0))
			continue;
#pragma omp simd
		for (size_t c = 0; c < PARTS; c++) {
			double z1 = v->z[0][p].part[c], z2 = v->z[1][p].part[c];
			double fx = f * v->x[p].part[c], fy = f * y[p].part[c];
			m->of[ZZ].part[c] += f;
			m->of[ZZ + 1].part[c] += f * z1;
			m->of[ZZ + 2].part[c] += f * z2;
			m->of[ZZ + 3].part[c] += f * z1 * z1;
			m->of[ZZ + 4].part[c] += f * z1 * z2;
			m->of[ZZ + 5].part[c] += f * z2 * z2;
			m->of[ZX].part[c] += fx;
			m->of[ZX + 1].part[c] += fx * z1;
			m->of[ZX + 2].part[c] += fx * z2;
			m->of[ZY].part[c] += fy;
			m->of[ZY + 1].part[c] += fy * z1;
			m->of[ZY + 2].part[c] += fy * z2;
			m->of[XX].part[c] += fx * v->x[p].part[c];
			m->of[YY].part[c] += fy * y[p].part[c];
			m->of[XY].part[c] += fx * y[p].part[c];
		}
	}
}

static void describe(struct covariates *v)
{
	const struct units *set = v->set;
	size_t n = set->n;
	for (size_t p = 0; p < n * n; p++) {
		const struct gabor *a = &set->unit[p / n].gabor, *b = &set->unit[p % n].gabor;
		double c2 = cos(2 * set->pair[p].dtheta), ti = 2 * a->theta, tj = 2 * b->theta;
		double frequency = -fabs(log2(b->frequency / a->frequency));
		double phase = cos(set->pair[p].phase);
		double angle[] = {tj, ti + tj, ti, ti + set->pair[p].dtheta};
		for (size_t k = 0; k < 4; k++) {
			v->x[p].part[2 * k] = cos(angle[k]);
			v->x[p].part[2 * k + 1] = sin(angle[k]);
		}
		v->x[p].part[ORIENTATION] = c2;
		v->x[p].part[FREQUENCY] = frequency;
		v->x[p].part[PHASE] = phase;
		for (size_t c = 0; c < PARTS; c++) {
			v->z[0][p].part[c] = c == FREQUENCY || c == PHASE ? c2 : frequency;
			v->z[1][p].part[c] = c == PHASE ? frequency : phase;
		}
	}
}

/* 1 and z orthonormal over pairs i != j, and x less what they explain (Gram and Schmidt, twice) */
static void residuals(struct covariates *v)
{
	size_t n = v->set->n;
	for (size_t c = 0; c < PARTS; c++) {
		for (size_t p = 0; p < n * n; p++) {
			bool pair = p / n != p % n;
			v->base[0][p].part[c] = pair;
			v->base[1][p].part[c] = pair ? v->z[0][p].part[c] : 0;
			v->base[2][p].part[c] = pair ? v->z[1][p].part[c] : 0;
			v->beyond[p].part[c] = pair ? v->x[p].part[c] : 0;
		}
		for (size_t k = 0; k < 4; k++) {
			struct vector *u = k < 3 ? v->base[k] : v->beyond;
			double before = 0, after = 0;
			for (size_t p = 0; p < n * n; p++)
				before += u[p].part[c] * u[p].part[c];
			for (size_t m = 0; m < 2 * k; m++) {
				double dot = 0;
				for (size_t p = 0; p < n * n; p++)
					dot += u[p].part[c] * v->base[m % k][p].part[c];
				for (size_t p = 0; p < n * n; p++)
					u[p].part[c] -= dot * v->base[m % k][p].part[c];
			}
			for (size_t p = 0; p < n * n; p++)
				after += u[p].part[c] * u[p].part[c];
			double scale = after > 1e-10 * before ? 1 / sqrt(after) : 0;
			for (size_t p = 0; p < n * n && k < 3; p++)
				u[p].part[c] *= scale;
		}
	}
}

VECTOR_CLONES static void remains(const struct covariates *v, const size_t *order, double *left)
{
	size_t n = v->set->n;
	struct vector dot[3] = {{{0}}}, squares = {{0}};
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			const struct vector *e = &v->beyond[order[i] * n + order[j]];
			size_t p = i * n + j;
#pragma omp simd
			for (size_t c = 0; c < PARTS; c++) {
				dot[0].part[c] += v->base[0][p].part[c] * e->part[c];
				dot[1].part[c] += v->base[1][p].part[c] * e->part[c];
				dot[2].part[c] += v->base[2][p].part[c] * e->part[c];
				squares.part[c] += e->part[c] * e->part[c];
			}
		}
	for (size_t c = 0; c < PARTS; c++) {
		left[c] = squares.part[c];
		for (size_t k = 0; k < GIVEN; k++)
			left[c] -= dot[k].part[c] * dot[k].part[c];
		left[c] = left[c] > 1e-9 * squares.part[c] ? left[c] : 0;
	}
}

static int remains_chunk(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct covariates *v = argument;
	size_t n = v->set->n, *order = mem_alloc(n, sizeof(*order));
	if (!order)
		return -1;
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < v->plan->permutations; b++) {
		resample_order(v->plan->seed, b, 5, n, order);
		remains(v, order, v->left + b * PARTS);
	}
	free(order);
	return 0;
}

struct covariates *covariates_create(const struct units *set, const struct lateral_plan *plan)
{
	size_t pairs = set->n * set->n;
	struct covariates *v = mem_alloc(1, sizeof(*v));
	if (!v)
		return NULL;
	*v = (struct covariates){.set = set, .plan = plan};
	v->x = mem_alloc(7 * pairs, sizeof(*v->x));
	v->left = mem_alloc(plan->permutations * PARTS, sizeof(*v->left));
	if (v->x && v->left) {
		v->z[0] = v->x + pairs;
		v->z[1] = v->z[0] + pairs;
		v->beyond = v->z[1] + pairs;
		for (size_t k = 0; k < 3; k++)
			v->base[k] = v->beyond + (k + 1) * pairs;
		describe(v);
		residuals(v);
		if (!par_for(
			(plan->permutations + CHUNK - 1) / CHUNK, plan->threads, remains_chunk, v))
			return v;
	}
	covariates_free(v);
	return NULL;
}

void covariates_free(struct covariates *v)
{
	if (v) {
		free(v->x);
		free(v->left);
		free(v);
	}
}

/* what a pair's taps sum to, for each part what it is correlated with */
static void responses(
    const struct units *set, const double *w, enum sign part, struct vector *y)
{
	double sign = part == SIGN_NEGATIVE ? -1 : 1;
	for (size_t p = 0; p < set->n * set->n; p++) {
		double sum = 0, ax = 0, ay = 0, bx = 0, by = 0;
		for (size_t t = 0; t < set->taps && p / set->n != p % set->n; t++) {
			double weight = sign * w[p * set->taps + t];
			if (!(weight > 0) && part != SIGN_BOTH)
				continue;
			double dx = set->dx[t] + set->pair[p].x, dy = set->dy[t] + set->pair[p].y;
			double rr = dx * dx + dy * dy;
			double c = rr > 1e-18 ? (dx * dx - dy * dy) / rr : 0;
			double s = rr > 1e-18 ? 2 * dx * dy / rr : 0;
			sum += weight;
			ax += weight * c;
			ay += weight * s;
			bx += weight * (c * c - s * s);
			by += weight * 2 * c * s;
		}
		y[p] = (struct vector){{ax, ay, bx, by, ax, ay, ax, ay, sum, sum, sum, 0}};
	}
}

struct job {
	const struct covariates *v;
	const struct vector *y;    /* (n, n) */
	const struct vector *rest; /* (n, n): y less what 1 and z explain */
	double norm[QUANTITIES];
	double *permuted; /* (permutations, QUANTITIES) */
	double *boot;     /* (samples, QUANTITIES) */
};

VECTOR_CLONES static void correlate(const struct job *job, const size_t *order, struct vector *out)
{
	size_t n = job->v->set->n;
	struct vector dot = {{0}};
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			const struct vector *e = &job->v->beyond[order[i] * n + order[j]];
			const struct vector *y = &job->rest[i * n + j];
#pragma omp simd
			for (size_t c = 0; c < PARTS; c++)
				dot.part[c] += y->part[c] * e->part[c];
		}
	*out = dot;
}

static int permute(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct job *job = argument;
	const struct covariates *v = job->v;
	size_t n = v->set->n, *order = mem_alloc(n, sizeof(*order));
	if (!order)
		return -1;
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < v->plan->permutations; b++) {
		struct vector dot;
		resample_order(v->plan->seed, b, 5, n, order);
		correlate(job, order, &dot);
		for (size_t q = 0; q < QUANTITIES; q++) {
			double sum = 0, left = 0;
			for (size_t k = 0; k < quantities[q].count; k++) {
				sum += dot.part[quantities[q].first + k];
				left += v->left[b * PARTS + quantities[q].first + k];
			}
			job->permuted[b * QUANTITIES + q] =
			    left > 0 && job->norm[q] > 0 ? sum / sqrt(left * job->norm[q]) : NAN;
		}
	}
	free(order);
	return 0;
}

static int bootstrap(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct job *job = argument;
	const struct lateral_plan *plan = job->v->plan;
	size_t n = job->v->set->n, count = plan->bootstrap + resample_dyads(plan->bootstrap);
	double *times = mem_alloc(n + n * n, sizeof(*times));
	if (!times)
		return -1;
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < count; b++) {
		struct moments m;
		resample_pairs(plan->seed, plan->bootstrap, b, n, times, times + n);
		sum_up(job->v, job->y, times + n, &m);
		for (size_t q = 0; q < QUANTITIES; q++)
			job->boot[b * QUANTITIES + q] = partial(&m, &quantities[q]);
	}
	free(times);
	return 0;
}

/* rest = y less its share in the bases, 0 for i = j; the squares of what is left */
static void leave(
    const struct covariates *v, const struct vector *y, struct vector *rest, double *norm)
{
	size_t n = v->set->n;
	struct vector squares = {{0}};
	for (size_t c = 0; c < PARTS; c++) {
		double dot[GIVEN] = {0};
		for (size_t p = 0; p < n * n; p++)
			for (size_t k = 0; k < GIVEN; k++)
				dot[k] += v->base[k][p].part[c] * y[p].part[c];
		for (size_t p = 0; p < n * n; p++) {
			double left = y[p].part[c];
			for (size_t k = 0; k < GIVEN; k++)
				left -= dot[k] * v->base[k][p].part[c];
			rest[p].part[c] = left;
			squares.part[c] += left * left;
		}
	}
	for (size_t q = 0; q < QUANTITIES; q++)
		norm[q] = squares.part[quantities[q].first] +
			  (quantities[q].count > 1 ? squares.part[quantities[q].first + 1] : 0);
}

int covariates_rows(const struct covariates *v, const char *kernel, const double *w,
    enum sign part, struct report *report)
{
	const struct lateral_plan *plan = v->plan;
	size_t pairs = v->set->n * v->set->n;
	size_t count = plan->bootstrap + resample_dyads(plan->bootstrap);
	struct vector *y = mem_alloc(2 * pairs, sizeof(*y)), *rest = y + pairs;
	struct job job = {.v = v, .y = y, .rest = rest};
	struct moments m;
	int status = -1;
	job.permuted = mem_alloc(plan->permutations * QUANTITIES, sizeof(*job.permuted));
	job.boot = mem_alloc(count * QUANTITIES, sizeof(*job.boot));
	if (!y || !job.permuted || !job.boot)
		goto out;
	responses(v->set, w, part, y);
	leave(v, y, rest, job.norm);
	sum_up(v, y, NULL, &m);
	if (par_for((plan->permutations + CHUNK - 1) / CHUNK, plan->threads, permute, &job) ||
	    par_for((count + CHUNK - 1) / CHUNK, plan->threads, bootstrap, &job))
		goto out;
	for (size_t q = 0; q < QUANTITIES; q++) {
		struct report_row row = {.kernel = kernel,
		    .part = part,
		    .quantity = quantities[q].name,
		    .value = partial(&m, &quantities[q]),
		    .n = pairs - v->set->n};
		struct resample_chance chance = resample_chance(row.value, job.permuted + q,
		    plan->permutations, QUANTITIES, RESAMPLE_TWO_SIDED);
		row.chance = chance.mean;
		row.p = chance.p;
		if (resample_pair_interval(row.value, job.boot + q, v->set->n, plan->bootstrap,
			QUANTITIES, .95, &row.low, &row.high) ||
		    report_add(report, row))
			goto out;
	}
	status = 0;
out:
	free(y);
	free(job.permuted);
	free(job.boot);
	return status;
}
