#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "lateral/halves.h"

#define PI LATERAL_PI
#define PARTS ((size_t)LADDER_PARTS)
#define SETS LADDER_SETS
#define ANGLES 12
#define DESIGN ((size_t)6)          /* of (1, cos, sin) (1, cos, sin)' */
#define ARRAYS (DESIGN + 3 * PARTS) /* and with y; solved in place */
#define SMOOTH2 .49                 /* px^2 */

struct ceiling_scratch {
	size_t radius, size, plane, cells;

	double *sums; /* (ARRAYS, cells) */
	double *work; /* (cells) */
};

struct ceiling_scratch *ceiling_create(const struct ladder *c)
{
	struct ceiling_scratch *s = mem_alloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->radius = c->set->k / 2 + 1;
	s->size = 2 * s->radius + 1;
	s->plane = s->size * s->size;
	s->cells = s->plane * ANGLES;

	s->sums = mem_alloc(ARRAYS * s->cells, sizeof *s->sums);
	s->work = mem_alloc(s->cells, sizeof *s->work);
	if (s->sums && s->work)
		return s;
	ceiling_free(s);
	return NULL;
}

void ceiling_free(struct ceiling_scratch *s)
{
	if (!s)
		return;

	free(s->sums);
	free(s->work);
	free(s);
}

static size_t cell_at(const struct ceiling_scratch *s, double u, double v, size_t angle)
{
	double wide = (double)s->radius, column = floor(u + wide + .5), row = floor(wide - v + .5);
	if (column < 0 || row < 0 || column > 2 * wide || row > 2 * wide)
		return SIZE_MAX;
	return (angle * s->size + (size_t)row) * s->size + (size_t)column;
}

static size_t angle_at(double dtheta)
{
	double bin = floor(dtheta * ANGLES / PI + .5);
	return (size_t)((ptrdiff_t)bin + ANGLES) % ANGLES;
}

/* one array of cells in u, v (0.7 px) and dtheta (1/4 1 1/4) */
static void smooth(const struct ceiling_scratch *s, double *x)
{
	double g[3] = {1, exp(-1 / (2 * SMOOTH2)), exp(-4 / (2 * SMOOTH2))};
	for (size_t axis = 0; axis < 2; axis++) {
		size_t stride = axis ? s->size : 1;
		for (size_t p = 0; p < s->cells; p++) {
			ptrdiff_t at = (ptrdiff_t)(axis ? p % s->plane / s->size : p % s->size);
			double sum = 0;
			for (ptrdiff_t k = -2; k <= 2; k++)
				if (at + k >= 0 && at + k < (ptrdiff_t)s->size)
					sum += g[k < 0 ? -k : k] *
					       x[(size_t)((ptrdiff_t)p + k * (ptrdiff_t)stride)];
			s->work[p] = sum;
		}
		memcpy(x, s->work, s->cells * sizeof *x);
	}
	for (size_t p = 0; p < s->cells; p++) {
		size_t t = p / s->plane, q = p % s->plane;
		size_t before = (t + ANGLES - 1) % ANGLES, after = (t + 1) % ANGLES;
		s->work[p] = x[p] + .25 * (x[before * s->plane + q] + x[after * s->plane + q]);
	}
	memcpy(x, s->work, s->cells * sizeof *x);
}

static void gather(
    const struct ladder *c, const size_t *train, size_t trains, const struct ceiling_scratch *s)
{
	memset(s->sums, 0, ARRAYS * s->cells * sizeof *s->sums);
	for (size_t q = 0; q < trains; q++) {
		const double *w = ladder_weights(c, train[q]);
		size_t angle = angle_at(ladder_dtheta(c, train[q]));
		for (size_t t = 0; t < c->set->taps; t++) {
			const struct ladder_tap *tap = &c->tap[train[q] * c->set->taps + t];
			double y[LADDER_PARTS];
			ladder_parts(w[t], y);
			for (int frame = 0; frame < 2; frame++) {
				double sign = frame ? -1 : 1;
				size_t cell =
				    cell_at(s, sign * tap->along, sign * tap->across, angle);
				if (cell == SIZE_MAX)
					continue;
				double x[3] = {1, tap->cosine, sign * tap->sine};
				double *sum = s->sums + cell;
				for (size_t i = 0; i < 3; i++)
					for (size_t j = 0; j <= i; j++, sum += s->cells)
						*sum += x[i] * x[j];
				for (size_t part = 0; part < PARTS; part++)
					for (size_t i = 0; i < 3; i++, sum += s->cells)
						*sum += x[i] * y[part];
			}
		}
	}
}

/* the sums with y become the coefficients */
static void regress(const struct ceiling_scratch *s)
{
	for (size_t cell = 0; cell < s->cells; cell++) {
		struct least m = {.terms = 3};
		double x[3];
		size_t a = 0;
		for (size_t i = 0; i < 3; i++)
			for (size_t j = 0; j <= i; j++)
				m.g[i][j] = m.g[j][i] = s->sums[a++ * s->cells + cell];
		/* one tap's worth of doubt: where there are few, the mean */
		m.g[1][1] += 1;
		m.g[2][2] += 1;
		for (size_t part = 0; part < PARTS; part++) {
			for (size_t i = 0; i < 3; i++)
				m.b[i] = s->sums[(a + i) * s->cells + cell];
			least_solve(&m, x);
			for (size_t i = 0; i < 3; i++)
				s->sums[a++ * s->cells + cell] = x[i];
		}
	}
}

static void sums_add(struct least_sums *s, double p, double y)
{
	s->n++;
	s->p += p;
	s->pp += p * p;
	s->py += p * y;
	s->y += y;
	s->yy += y * y;
}

void ceiling_score(const struct ladder *c, const size_t *train, size_t trains, const size_t *test,
    size_t tests, struct ceiling_scratch *s, const double floor[2], struct ceiling_pair *out)
{
	gather(c, train, trains, s);
	for (size_t a = 0; a < ARRAYS; a++)
		smooth(s, s->sums + a * s->cells);
	regress(s);
	for (size_t q = 0; q < tests; q++) {
		const double *w = ladder_weights(c, test[q]);
		size_t angle = angle_at(ladder_dtheta(c, test[q]));
		struct ceiling_pair *pair = &out[q];
		*pair = (struct ceiling_pair){.kl = {{.floor = floor[0]}, {.floor = floor[1]}}};
		for (size_t t = 0; t < c->set->taps; t++) {
			const struct ladder_tap *tap = &c->tap[test[q] * c->set->taps + t];
			size_t one = cell_at(s, tap->along, tap->across, angle);
			size_t two = cell_at(s, -tap->along, -tap->across, angle);
			double cosine = tap->cosine, sine = tap->sine, weight[LADDER_PARTS];
			bool far = ladder_bucket(tap) == LADDER_FAR;
			ladder_parts(w[t], weight);
			for (size_t part = 0; part < PARTS; part++) {
				double value = 0, y = weight[part];
				const double *x = s->sums + (DESIGN + 3 * part) * s->cells;
				if (one != SIZE_MAX)
					value += .5 * (x[one] + cosine * x[s->cells + one] +
							  sine * x[2 * s->cells + one]);
				if (two != SIZE_MAX)
					value += .5 * (x[two] + cosine * x[s->cells + two] -
							  sine * x[2 * s->cells + two]);
				sums_add(&pair->sums[LADDER_ALL][part], value, y);
				if (far)
					sums_add(&pair->sums[LADDER_FAR][part], value, y);
				if (part < 2)
					halves_divergence_add(&pair->kl[part], y, value);
			}
		}
	}
}
