/* Tuning measured with gratings: see tuning.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "net/tuning.h"

#define SMOOTHING .4 /* weight of either neighbour, the middle's being 1 */
#define FINE 3600    /* points of the interpolated orientation curve: 0.05 degrees */
#define EVEN 1e-6    /* how far spacing may be from equal: tables have nine digits */
#define ORIENTATIONS_LEAST 4
#define PHASES_LEAST 3
#define NONE ((size_t)-1)
#define EXCITED 1e-5 /* share of the response to a blank that is rounding */

struct levels { /* distinct values */
	double *x;
	size_t count, capacity;
};

struct tuning {
	char *file;
	size_t rows, units, places, groups;
	struct levels theta, sf, contrast, diameter;
	size_t *condition; /* (rows): (group, theta, sf), NONE for other kinds */
	double *phase;     /* (rows) rad */
	size_t *shown;     /* (rows) */
	double mean;       /* luminance of the gratings, NaN where the table does not say */
	double *blank;     /* (units) response to it alone, NaN until it is known */
	double *sums;      /* (conditions, 3, units, places): of r, r cos phase, r sin phase */
};

static size_t find(const struct levels *levels, double x)
{
	size_t i = 0;
	while (i < levels->count && levels->x[i] != x)
		i++;
	return i;
}

static int insert(struct levels *levels, double x)
{
	void *grown = levels->x;
	if (find(levels, x) < levels->count)
		return 0;
	if (mem_grow(&grown, &levels->capacity, levels->count + 1, sizeof(double)) < 0)
		return -1;
	levels->x = grown;
	levels->x[levels->count++] = x;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void sort(struct levels *levels)
{
	if (levels->count)
		qsort(levels->x, levels->count, sizeof(double), ascending);
}

/* A column, or the constant `absent` where the table has none. */
static int column(const struct table *table, const char *name, double absent, double *x)
{
	for (size_t i = 0; i < table->rows; i++)
		x[i] = absent;
	return table_has(table, name) || isnan(absent) ? table_reals(table, name, x) : 0;
}

/* The design's levels and each row's place in it. columns: (6, rows) theta, sf, phase, contrast,
 * diameter, mean. */
static int read_design(struct tuning *t, const struct table *table, double *columns)
{
	static const char *const names[] = {
	    "theta_deg", "sf_cpp", "phase_deg", "contrast", "diameter_px", "mean"};
	const double absent[] = {NAN, NAN, NAN, 0, INFINITY, INFINITY};
	struct levels *levels[] = {&t->theta, &t->sf, NULL, &t->contrast, &t->diameter, NULL};
	int kind = table_has(table, "kind") ? table_column(table, "kind") : -1;
	for (size_t c = 0; c < 6; c++) {
		if (column(table, names[c], absent[c], columns + c * t->rows) < 0)
			return -1;
	}
	for (size_t row = 0; row < t->rows; row++) {
		t->condition[row] = NONE;
		if (kind >= 0 && strcmp(table_cell(table, row, (size_t)kind), "gratings") != 0)
			continue;
		t->condition[row] = 0;
		for (size_t c = 0; c < 6; c++) {
			double x = columns[c * t->rows + row];
			if (isnan(x) || (c < 3 && isinf(x)) || (c == 1 && x <= 0))
				return err_set(
				    "%s: row %zu: %s is not a grating's", t->file, row, names[c]);
			if (levels[c] && insert(levels[c], x) < 0)
				return -1;
		}
		t->phase[row] = columns[2 * t->rows + row] * M_PI / 180;
		if (isnan(t->mean) && isfinite(columns[5 * t->rows + row]))
			t->mean = columns[5 * t->rows + row];
	}
	sort(&t->theta);
	sort(&t->sf);
	t->groups = t->contrast.count * t->diameter.count;
	for (size_t row = 0; row < t->rows; row++) {
		if (t->condition[row] == NONE)
			continue;
		size_t group = find(&t->contrast, columns[3 * t->rows + row]) * t->diameter.count +
			       find(&t->diameter, columns[4 * t->rows + row]);
		size_t theta = group * t->theta.count + find(&t->theta, columns[row]);
		t->condition[row] = theta * t->sf.count + find(&t->sf, columns[t->rows + row]);
	}
	return 0;
}

/* Equally spaced orientations; for each condition equally spaced phases: their first two harmonics
 * vanish. */
static int check_design(const struct tuning *t)
{
	size_t conditions = t->groups * t->theta.count * t->sf.count;
	if (!t->groups)
		return err_set("%s: no gratings", t->file);
	if (t->theta.count < ORIENTATIONS_LEAST)
		return err_set("%s: %zu orientations; tuning needs at least %d", t->file,
		    t->theta.count, ORIENTATIONS_LEAST);
	for (size_t i = 0; i < t->theta.count; i++) {
		double even = t->theta.x[0] + 180. * (double)i / (double)t->theta.count;
		if (!(fabs(t->theta.x[i] - even) < EVEN * 180))
			return err_set(
			    "%s: theta_deg is not equally spaced over 180 degrees", t->file);
	}
	double *harmonics = mem_alloc(conditions, 5 * sizeof(double));
	if (!harmonics)
		return -1;
	for (size_t row = 0; row < t->rows; row++) {
		if (t->condition[row] == NONE)
			continue;
		double *h = harmonics + 5 * t->condition[row];
		h[0]++;
		for (int k = 1; k < 3; k++) {
			h[2 * k - 1] += cos(k * t->phase[row]);
			h[2 * k] += sin(k * t->phase[row]);
		}
	}
	int status = 0;
	for (size_t i = 0; i < conditions && !status; i++) {
		const double *h = harmonics + 5 * i;
		double theta = t->theta.x[i / t->sf.count % t->theta.count],
		       sf = t->sf.x[i % t->sf.count];
		if (h[0] < PHASES_LEAST)
			status = err_set(
			    "%s: %g deg, %g cycles per pixel: %g phases; tuning needs at least %d",
			    t->file, theta, sf, h[0], PHASES_LEAST);
		else if (!(hypot(h[1], h[2]) < EVEN * h[0] && hypot(h[3], h[4]) < EVEN * h[0]))
			status = err_set(
			    "%s: %g deg, %g cycles per pixel: phases are not equally spaced",
			    t->file, theta, sf);
	}
	free(harmonics);
	return status;
}

struct tuning *tuning_create(const struct table *stimuli, size_t units, size_t places)
{
	struct tuning *t = mem_alloc(1, sizeof *t);
	double *columns = mem_alloc(stimuli->rows, 6 * sizeof(double));
	size_t numbers;
	if (t) {
		t->rows = stimuli->rows;
		t->units = units;
		t->places = places;
		t->file = mem_text("%s", stimuli->file);
		t->condition = mem_alloc(t->rows, sizeof(size_t));
		t->phase = mem_alloc(t->rows, sizeof(double));
		t->shown = mem_alloc(t->rows, sizeof(size_t));
		t->mean = NAN;
		t->blank = mem_alloc(units, sizeof(double));
		for (size_t i = 0; t->blank && i < units; i++)
			t->blank[i] = NAN;
	}
	if (!t || !columns || !t->file || !t->condition || !t->phase || !t->shown || !t->blank ||
	    read_design(t, stimuli, columns) < 0 || check_design(t) < 0 ||
	    mem_multiply(t->groups * t->theta.count * t->sf.count, 3 * units * places, &numbers) <
		0 ||
	    !(t->sums = mem_alloc(numbers, sizeof(double)))) {
		tuning_free(t);
		t = NULL;
	}
	free(columns);
	return t;
}

void tuning_free(struct tuning *t)
{
	if (!t)
		return;
	free(t->file);
	free(t->theta.x);
	free(t->sf.x);
	free(t->contrast.x);
	free(t->diameter.x);
	free(t->condition);
	free(t->phase);
	free(t->shown);
	free(t->blank);
	free(t->sums);
	free(t);
}

void tuning_centre(const real *h, size_t n, size_t rows, size_t columns, float *x)
{
	const size_t row[] = {(rows - 1) / 2, rows / 2},
		     column[] = {(columns - 1) / 2, columns / 2};
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < TUNING_PLACES; k++)
			x[i * TUNING_PLACES + k] =
			    (float)h[(i * rows + row[k / 2]) * columns + column[k % 2]];
	}
}

int tuning_add(struct tuning *t, size_t label, const float *response)
{
	size_t n = t->units * t->places;
	if (label >= t->rows)
		return err_set("label %zu: %s has %zu rows", label, t->file, t->rows);
	if (t->condition[label] == NONE)
		return 0;
	double *sums = t->sums + 3 * n * t->condition[label];
	double c = cos(t->phase[label]), s = sin(t->phase[label]);
	t->shown[label]++;
	for (size_t i = 0; i < n; i++) {
		sums[i] += (double)response[i];
		sums[n + i] += c * (double)response[i];
		sums[2 * n + i] += s * (double)response[i];
	}
	return 0;
}

double tuning_mean(const struct tuning *t)
{
	return t->mean;
}

void tuning_blank(struct tuning *t, const float *response)
{
	for (size_t i = 0; i < t->units; i++) {
		t->blank[i] = 0;
		for (size_t k = 0; k < t->places; k++)
			t->blank[i] += (double)response[i * t->places + k] / (double)t->places;
	}
}

size_t tuning_groups(const struct tuning *t)
{
	return t->groups;
}

int tuning_complete(const struct tuning *t)
{
	size_t first = NONE;
	for (size_t row = 0; row < t->rows; row++) {
		if (t->condition[row] == NONE)
			continue;
		if (!t->shown[row])
			return err_set("%s: row %zu: nothing was measured with it", t->file, row);
		first = first == NONE ? row : first;
		if (t->shown[row] != t->shown[first])
			return err_set("%s: row %zu: shown %zu times, row %zu %zu times", t->file,
			    row, t->shown[row], first, t->shown[first]);
	}
	return 0;
}

/* F0 and F1 of a unit to a condition, averaged over the places. */
static void respond(
    const struct tuning *t, size_t condition, size_t unit, size_t count, double *f0, double *f1)
{
	size_t n = t->units * t->places;
	const double *sums = t->sums + 3 * n * condition + unit * t->places;
	*f0 = *f1 = 0;
	for (size_t i = 0; i < t->places; i++) {
		*f0 += sums[i] / (double)(count * t->places);
		*f1 += 2 * hypot(sums[n + i], sums[2 * n + i]) / (double)(count * t->places);
	}
}

/* Half the width at 1/sqrt 2 of the peak of a curve over n equally spaced orientations, in degrees,
 * after smoothing with [2/5 1 2/5] and trigonometric interpolation; NaN where the curve stays above.
 * fine: scratch of FINE numbers. */
static double half_width(const double *curve, size_t n, double *fine)
{
	size_t peak = 0, right = 0, left = 0;
	double level, down[2];
	memset(fine, 0, FINE * sizeof(double));
	for (size_t k = 0; k <= n / 2; k++) {
		double a = 0, b = 0,
		       gain = 1 + 2 * SMOOTHING * cos(2 * M_PI * (double)k / (double)n);
		for (size_t i = 0; i < n; i++) {
			a += curve[i] * cos(2 * M_PI * (double)(k * i % n) / (double)n);
			b += curve[i] * sin(2 * M_PI * (double)(k * i % n) / (double)n);
		}
		gain *= (k == 0 || 2 * k == n ? 1. : 2.) / (double)n;
		for (size_t i = 0; i < FINE; i++) {
			double angle = 2 * M_PI * (double)(k * i % FINE) / FINE;
			fine[i] += gain * (a * cos(angle) + b * sin(angle));
		}
	}
	for (size_t i = 0; i < FINE; i++) {
		if (fine[i] > fine[peak])
			peak = i;
	}
	level = fine[peak] / sqrt(2);
	while (right < FINE && fine[(peak + right) % FINE] > level)
		right++;
	while (left < FINE && fine[(peak + FINE - left) % FINE] > level)
		left++;
	if (right == FINE || left == FINE)
		return NAN;
	for (int side = 0; side < 2; side++) {
		size_t steps = side ? left : right;
		double below = fine[(peak + (side ? FINE - steps : steps)) % FINE];
		double above = fine[(peak + (side ? FINE - steps + 1 : steps - 1)) % FINE];
		down[side] = (double)steps - (level - below) / (above - below);
	}
	return (down[0] + down[1]) / 2 * 180 / FINE;
}

/* Where a parabola through log r at the best frequency and its neighbours has its peak. */
static double peak_frequency(const double *f, const double *r, size_t n, size_t best)
{
	if (best == 0 || best + 1 >= n || !(r[best - 1] > 0 && r[best + 1] > 0))
		return f[best];
	double a = f[best] - f[best - 1], b = f[best] - f[best + 1];
	double y = log(r[best]) - log(r[best - 1]), z = log(r[best]) - log(r[best + 1]);
	double curvature = a * z - b * y; /* > 0 at a strict maximum */
	return curvature > 0 ? f[best] - .5 * (a * a * z - b * b * y) / curvature : f[best];
}

/* Octaves between the frequencies at which r crosses 1/sqrt 2 of its peak, linear in log2 f. */
static double octaves(const double *f, const double *r, size_t n, size_t best)
{
	double level = r[best] / sqrt(2), side[2];
	for (int s = 0; s < 2; s++) {
		size_t i = best;
		while (r[i] > level) {
			if (s ? i + 1 == n : i == 0)
				return NAN;
			i = s ? i + 1 : i - 1;
		}
		size_t inner = s ? i - 1 : i + 1;
		double part = (level - r[i]) / (r[inner] - r[i]);
		side[s] = log2(f[i]) + part * (log2(f[inner]) - log2(f[i]));
	}
	return side[1] - side[0];
}

/* f0, f1 (theta, sf) of one unit and group -> what result says; curve (theta), fine (FINE): scratch */
static void measure(const struct tuning *t, const double *f0, const double *f1, double *curve,
    double *fine, struct tuning_result *result)
{
	size_t nt = t->theta.count, nf = t->sf.count, best = 0;
	double re = 0, im = 0, sum = 0;
	for (size_t i = 0; i < nt * nf; i++) {
		if (f0[i] > f0[best])
			best = i;
	}
	result->response = f0[best];
	if (!(f0[best] > 0) || f0[best] - result->blank <= EXCITED * fabs(result->blank))
		return;
	size_t it = best / nf, jf = best % nf;
	for (size_t i = 0; i < nt; i++) {
		curve[i] = f0[i * nf + jf];
		re += curve[i] * cos(2 * M_PI / 180 * t->theta.x[i]);
		im += curve[i] * sin(2 * M_PI / 180 * t->theta.x[i]);
		sum += fabs(curve[i]);
	}
	double r = hypot(re, im) / sum, theta = .5 * atan2(im, re) * 180 / M_PI;
	result->cv = 1 - r;
	if (r > 1e-12)
		result->theta = theta < 0 ? theta + 180 : theta;
	double orthogonal = .5 * (curve[(it + nt / 2) % nt] + curve[(it + (nt + 1) / 2) % nt]);
	result->osi = (curve[it] - orthogonal) / (curve[it] + orthogonal);
	result->orientation_bandwidth = half_width(curve, nt, fine);
	result->sf = peak_frequency(t->sf.x, f0 + it * nf, nf, jf);
	result->sf_bandwidth = octaves(t->sf.x, f0 + it * nf, nf, jf);
	result->modulation = f1[best] / f0[best];
}

int tuning_result(const struct tuning *t, size_t group, size_t unit, struct tuning_result *result)
{
	size_t n = t->theta.count * t->sf.count, *count = mem_alloc(n, sizeof *count);
	double *f0 = mem_alloc(2 * n + t->theta.count + FINE, sizeof(double));
	*result = (struct tuning_result){
	    NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, t->blank[unit]};
	if (count && f0) {
		for (size_t row = 0; row < t->rows; row++) {
			if (t->condition[row] != NONE && t->condition[row] / n == group)
				count[t->condition[row] % n] += t->shown[row];
		}
		for (size_t i = 0; i < n; i++)
			respond(t, group * n + i, unit, count[i], &f0[i], &f0[n + i]);
		double contrast = t->contrast.x[group / t->diameter.count];
		result->contrast = contrast != 0 ? contrast : NAN; /* 0: the table does not say */
		result->diameter = t->diameter.x[group % t->diameter.count];
		measure(t, f0, f0 + n, f0 + 2 * n, f0 + 2 * n + t->theta.count, result);
	}
	free(f0);
	free(count);
	return count && f0 ? 0 : -1;
}

int tuning_write(const struct tuning *t, double iterations, const char *path)
{
	if (tuning_complete(t) < 0)
		return -1;
	struct table_out *table = table_create(path,
	    "filter T cv osi theta_deg sf_cpp orientation_bandwidth_deg modulation_ratio "
	    "sf_bandwidth_oct response contrast diameter_px blank");
	for (size_t i = 0; table && i < t->groups * t->units; i++) {
		struct tuning_result r;
		if (tuning_result(t, i / t->units, i % t->units, &r) < 0) {
			table_abandon(table);
			return -1;
		}
		table_int(table, (long long)(i % t->units));
		table_real(table, iterations);
		TABLE_REALS(table, r.cv, r.osi);
		table_orientation(table, r.theta);
		const double cells[] = {r.sf, r.orientation_bandwidth, r.modulation, r.sf_bandwidth,
		    r.response, r.contrast, r.diameter, r.blank};
		for (size_t k = 0; k < sizeof cells / sizeof *cells; k++)
			table_real(table, cells[k]);
	}
	return table ? table_close(table) : -1;
}
