/* The canonical field and its streamlines. */
#include "field/field.h"
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"

#define CUT 3  /* of G_h, in h */
#define SPAN 6 /* points a side that G_h reaches at most */

int field_create(struct field *field, size_t radius)
{
	*field = (struct field){.radius = radius, .size = 2 * radius + 1};
	size_t points = field->size * field->size;
	field->re = mem_alloc(5 * points, sizeof *field->re);
	if (!field->re)
		return -1;
	field->im = field->re + points;
	field->sum = field->im + points;
	field->squares = field->sum + points;
	field->base = field->squares + points;
	return 0;
}

void field_free(struct field *field)
{
	free(field->re);
	*field = (struct field){0};
}

double field_effective(const struct field *field, size_t p)
{
	return field->squares[p] > 0 ? field->sum[p] * field->sum[p] / field->squares[p] : 0;
}

double field_weight(const struct field *field, size_t p)
{
	return field->base[p] > 0 ? field->sum[p] / field->base[p] : NAN;
}

bool field_value(const struct field *field, size_t p, double *re, double *im)
{
	if (!(field_effective(field, p) >= FIELD_EFFECTIVE && field->sum[p] > 0))
		return false;
	*re = field->re[p] / field->sum[p];
	*im = field->im[p] / field->sum[p];
	return true;
}

/* exp(-(x + k)^2 / 2 h^2) for k < count */
static void bell(double x, ptrdiff_t count, double *g)
{
	const double s = 1 / (2 * FIELD_H * FIELD_H), ratio = exp(-2 * s);
	double value = exp(-s * x * x), step = exp(-s * (2 * x + 1));
	for (ptrdiff_t k = 0; k < count; k++) {
		g[k] = value;
		value *= step;
		step *= ratio;
	}
}

/* G_h about (x, y) added to the points around it: to[p] += amount G, to2 (or NULL) += amount2 G; *low and *high widen
 * to the rows touched */
static void splat(size_t radius, double x, double y, double amount, double *to, double amount2,
    double *to2, size_t *low, size_t *high)
{
	double span = CUT * FIELD_H, wide = (double)radius;
	ptrdiff_t c0 = (ptrdiff_t)ceil(x - span + wide), c1 = (ptrdiff_t)floor(x + span + wide);
	ptrdiff_t r0 = (ptrdiff_t)ceil(wide - y - span), r1 = (ptrdiff_t)floor(wide - y + span);
	ptrdiff_t last = 2 * (ptrdiff_t)radius;
	if (c0 < 0)
		c0 = 0;
	if (r0 < 0)
		r0 = 0;
	if (c1 > last)
		c1 = last;
	if (r1 > last)
		r1 = last;
	if (c0 > c1 || r0 > r1)
		return;
	double gx[SPAN], gy[SPAN];
	bell((double)c0 - wide - x, c1 - c0 + 1, gx);
	bell((double)r0 - wide + y, r1 - r0 + 1, gy);
	for (ptrdiff_t r = r0; r <= r1; r++)
		for (ptrdiff_t c = c0; c <= c1; c++) {
			ptrdiff_t p = r * (last + 1) + c;
			double g = gy[r - r0] * gx[c - c0];
			to[p] += amount * g;
			if (to2)
				to2[p] += amount2 * g;
		}
	if ((size_t)r0 < *low)
		*low = (size_t)r0;
	if ((size_t)r1 + 1 > *high)
		*high = (size_t)r1 + 1;
}

/* pi times the density of the angles x (count; of those with use) at angle a: 1 where they are uniform */
static double density(size_t count, const double *x, double a)
{
	double sum = 0;
	for (size_t k = 0; k < count; k++)
		for (int turn = -1; turn <= 1; turn++) {
			double d = units_wrap_axis(x[k] - a) + turn * M_PI;
			sum += exp(-d * d / (2 * FIELD_RHO * FIELD_RHO));
		}
	return sum * M_PI / ((double)count * FIELD_RHO * sqrt(2 * M_PI));
}

/* The taps of pair (i, j) with weights w (taps), in both frames with half weight each: a += sum G w, b += sum G on
 * (2 radius + 1)^2 points; rows low <= r < high have been touched (start with high = 0 and low = the size). */
static void splat_pair(const struct units *set, size_t i, size_t j, const double *w, size_t radius,
    double *a, double *b, size_t *low, size_t *high)
{
	const struct units_pair *pair = &set->pair[units_index(set, i, j)];
	double theta = set->unit[i].gabor.theta, c = cos(theta), s = sin(theta);
	for (size_t t = 0; t < set->taps; t++) {
		double x = set->dx[t] + pair->x, y = set->dy[t] + pair->y;
		double u = c * x + s * y, v = -s * x + c * y;
		splat(radius, u, v, .5 * w[t], a, .5, b, low, high);
		splat(radius, -u, -v, .5 * w[t], a, .5, b, low, high);
	}
}

static double of_sign(double w, enum sign sign)
{
	return sign == SIGN_NEGATIVE ? fmax(-w, 0) : fmax(w, 0);
}

struct pairs_job {
	const struct units *set;
	const double *w;
	enum sign sign;
	const double *all;     /* (n (n - 1)): dtheta of every pair */
	struct field *field;   /* (n + 1) */
	struct field *partial; /* (n): each target's share of the pooled field */
	double **scratch;      /* (threads): (2, size, size), (taps) */
	double **angles;       /* (threads): (n) */
};

static int target(size_t i, size_t worker, void *argument)
{
	const struct pairs_job *job = argument;
	const struct units *set = job->set;
	struct field *own = &job->field[i], *share = &job->partial[i];
	size_t size = own->size;
	double *a = job->scratch[worker], *b = a + size * size, *part = b + size * size;
	double *angles = job->angles[worker];
	for (size_t j = 0, m = 0; j < set->n; j++)
		if (j != i)
			angles[m++] = set->pair[units_index(set, i, j)].dtheta;
	for (size_t j = 0; j < set->n; j++) {
		if (j == i)
			continue;
		double dtheta = set->pair[units_index(set, i, j)].dtheta;
		double c = cos(2 * dtheta), s = sin(2 * dtheta);
		const double *w = units_weights(set, job->w, i, j);
		size_t low = size, high = 0;
		for (size_t t = 0; t < set->taps; t++)
			part[t] = of_sign(w[t], job->sign);
		splat_pair(set, i, j, part, own->radius, a, b, &low, &high);
		double rho[2] = {density(set->n - 1, angles, dtheta),
		    density(set->n * (set->n - 1), job->all, dtheta)};
		for (size_t p = low * size; p < high * size; p++) {
			for (int f = 0; f < 2; f++) {
				struct field *field = f ? share : own;
				double x = a[p] / rho[f];
				field->re[p] += x * c;
				field->im[p] += x * s;
				field->sum[p] += x;
				field->squares[p] += x * x;
				field->base[p] += b[p] / rho[f];
			}
			a[p] = b[p] = 0;
		}
	}
	return 0;
}

int field_of_pairs(
    const struct units *set, const double *w, enum sign sign, size_t threads, struct field *field)
{
	size_t n = set->n, size = field->size, points = size * size, m = 0;
	struct pairs_job job = {.set = set, .w = w, .sign = sign, .field = field};
	double *all = mem_alloc(n * n, sizeof *all);
	job.all = all;
	job.partial = mem_alloc(n, sizeof *job.partial);
	job.scratch = mem_alloc(threads, sizeof *job.scratch);
	job.angles = mem_alloc(threads, sizeof *job.angles);
	bool ok = all && job.partial && job.scratch && job.angles;
	for (size_t i = 0; ok && i < n; i++) {
		ok = field_create(&job.partial[i], field->radius) == 0;
		for (size_t j = 0; j < n; j++)
			if (j != i)
				all[m++] = set->pair[units_index(set, i, j)].dtheta;
	}
	for (size_t t = 0; ok && t < threads; t++)
		ok = (job.scratch[t] = mem_alloc(2 * points + set->taps, sizeof(double))) &&
		     (job.angles[t] = mem_alloc(n, sizeof(double)));
	int status = ok ? par_for(n, threads, target, &job) : -1;
	for (size_t i = 0; status == 0 && i < n; i++)
		for (size_t p = 0; p < 5 * points; p++) /* the five arrays lie together */
			field[n].re[p] += job.partial[i].re[p];
	for (size_t i = 0; job.partial && i < n; i++)
		field_free(&job.partial[i]);
	for (size_t t = 0; job.scratch && job.angles && t < threads; t++) {
		free(job.scratch[t]);
		free(job.angles[t]);
	}
	free(all);
	free(job.partial);
	free(job.scratch);
	free(job.angles);
	return status;
}

int field_of_kernel(
    const struct orientation_kernel *kernel, double step, enum sign sign, struct field *field)
{
	size_t points = field->size * field->size;
	double *a = mem_alloc(points, sizeof *a);
	if (!a)
		return -1;
	bool both = kernel->period < 1.5 * M_PI;
	for (size_t t = 0; t < kernel->angles; t++) {
		/* 1 / rho: half the way to the neighbours on both sides, around the period */
		double before =
		    t ? kernel->theta[t - 1] : kernel->theta[kernel->angles - 1] - kernel->period;
		double after = t + 1 < kernel->angles ? kernel->theta[t + 1]
						      : kernel->theta[0] + kernel->period;
		double share = (after - before) / (2 * kernel->period);
		double c = cos(2 * kernel->theta[t]), s = sin(2 * kernel->theta[t]);
		for (size_t r = 0; r < kernel->height; r++)
			for (size_t k = 0; k < kernel->width; k++) {
				double x = step * ((double)k - ((double)kernel->width - 1) / 2);
				double y = step * (((double)kernel->height - 1) / 2 - (double)r);
				double w = of_sign(
				    kernel->k[(t * kernel->height + r) * kernel->width + k], sign);
				for (int frame = 0; frame <= both; frame++) {
					size_t low = field->size, high = 0;
					double turned = frame ? -1 : 1;
					splat(field->radius, turned * x, turned * y, both ? .5 : 1,
					    a, 0, NULL, &low, &high);
					for (size_t p = low * field->size; p < high * field->size;
					     p++) {
						double g = a[p] * share;
						field->re[p] += g * w * c;
						field->im[p] += g * w * s;
						field->sum[p] += g * w;
						field->base[p] += g;
						field->squares[p] += g * g;
						a[p] = 0;
					}
				}
			}
	}
	/* the effective number by G alone: rescale so that sum^2 / squares is base^2 / squares */
	for (size_t p = 0; p < points; p++)
		if (field->base[p] > 0)
			field->squares[p] *=
			    field->sum[p] * field->sum[p] / (field->base[p] * field->base[p]);
	free(a);
	return 0;
}

static double degrees(double re, double im)
{
	double d = atan2(im, re) * 90 / M_PI;
	return d <= -90 ? 90 : d;
}

void field_write(const struct field *field, const char *kernel, enum sign sign, long long filter,
    struct table_out *table)
{
	for (size_t p = 0; p < field->size * field->size; p++) {
		double re, im, wide = (double)field->radius;
		bool seen = field_value(field, p, &re, &im);
		table_text(table, kernel);
		table_text(table, sign_names[sign]);
		table_int(table, filter);
		table_real(table, (double)(p % field->size) - wide);
		table_real(table, wide - (double)(p / field->size));
		table_real(table, seen ? degrees(re, im) : NAN);
		table_real(table, seen ? hypot(re, im) : NAN);
		table_real(table, field_weight(field, p));
		table_real(table, field_effective(field, p));
	}
}

/* v at (x, y); false outside, beside a masked point, or where it has no direction */
static bool between(const struct field *field, double x, double y, double *re, double *im)
{
	double wide = (double)field->radius, column = x + wide, row = wide - y;
	double c0 = fmin(floor(column), 2 * wide - 1), r0 = fmin(floor(row), 2 * wide - 1);
	if (!(c0 >= 0 && r0 >= 0 && column <= 2 * wide && row <= 2 * wide))
		return false;
	*re = *im = 0;
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++) {
			double a, b, w = (1 - fabs(row - r0 - i)) * (1 - fabs(column - c0 - j));
			if (!field_value(
				field, (size_t)(r0 + i) * field->size + (size_t)(c0 + j), &a, &b))
				return false;
			*re += w * a;
			*im += w * b;
		}
	return hypot(*re, *im) > .02;
}

/* the unit vector of the field at (x, y) that does not turn back on (*dx, *dy) */
static bool direction(const struct field *field, double x, double y, double *dx, double *dy)
{
	double re, im;
	if (!between(field, x, y, &re, &im))
		return false;
	double angle = atan2(im, re) / 2, c = cos(angle), s = sin(angle),
	       sign = c * *dx + s * *dy < 0 ? -1 : 1;
	*dx = sign * c;
	*dy = sign * s;
	return true;
}

static bool advance(
    const struct field *field, double step, double *x, double *y, double *dx, double *dy)
{
	double ax = *dx, ay = *dy;
	if (!direction(field, *x, *y, &ax, &ay))
		return false;
	double bx = ax, by = ay;
	if (!direction(field, *x + step / 2 * ax, *y + step / 2 * ay, &bx, &by))
		return false;
	double cx = bx, cy = by;
	if (!direction(field, *x + step / 2 * bx, *y + step / 2 * by, &cx, &cy))
		return false;
	double ex = cx, ey = cy;
	if (!direction(field, *x + step * cx, *y + step * cy, &ex, &ey))
		return false;
	*x += step / 6 * (ax + 2 * bx + 2 * cx + ex);
	*y += step / 6 * (ay + 2 * by + 2 * cy + ey);
	*dx = ex;
	*dy = ey;
	return true;
}

bool field_streamline(const struct field *field, double x0, double y0, size_t most,
    struct field_point *point, size_t *first, size_t *last)
{
	double re, im;
	if (!between(field, x0, y0, &re, &im))
		return false;
	*first = *last = most;
	point[most] = (struct field_point){0, x0, y0};
	for (int side = -1; side <= 1; side += 2) {
		double x = x0, y = y0, dx = side, dy = 0;
		for (size_t k = 1; k <= most && advance(field, FIELD_STEP, &x, &y, &dx, &dy); k++) {
			size_t at = side < 0 ? (*first = most - k) : (*last = most + k);
			point[at] = (struct field_point){side * FIELD_STEP * (double)k, x, y};
		}
	}
	return true;
}

int field_curves(
    const struct field *field, const char *kernel, enum sign sign, struct table_out *table)
{
	const size_t every = 5, most = 4 * field->radius * 10;
	long long curve = 0;
	struct field_point *points = mem_alloc(2 * most + 1, sizeof *points);
	if (!points)
		return -1;
	for (size_t r = 0; r < field->size; r++) {
		size_t first, last;
		double re, im;
		if (!field_streamline(
			field, 0, (double)field->radius - (double)r, most, points, &first, &last))
			continue;
		for (size_t k = first; k <= last; k++) {
			if ((k > most ? k - most : most - k) % every && k != first && k != last)
				continue;
			if (!between(field, points[k].x, points[k].y, &re, &im))
				re = im = NAN;
			table_text(table, kernel);
			table_text(table, sign_names[sign]);
			table_int(table, curve);
			table_real(table, points[k].s);
			table_real(table, points[k].x);
			table_real(table, points[k].y);
			table_real(table, degrees(re, im));
			table_real(table, hypot(re, im));
		}
		curve++;
	}
	free(points);
	return 0;
}
