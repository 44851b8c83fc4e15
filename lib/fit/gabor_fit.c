/* Gabor fits: see gabor_fit.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "fit/bank.h"
#include "fit/gabor_fit.h"
#include "fit/separable.h"

/* shape parameters; BAND is f as a part of the band's edge in the carrier's direction */
enum { X0, Y0, THETA, BAND, ACROSS, ALONG, SHAPE };
enum { COSINE, SINE, OFFSET, LINEAR };

/* the band's edge for stripes at theta, of which s and c are sine and cosine, by the 8-norm that rounds a square, and its relative derivative by theta */
static double band_edge(double s, double c, double *slope)
{
	double s2 = s * s, c2 = c * c, s6 = s2 * s2 * s2, c6 = c2 * c2 * c2;
	double sum = s6 * s2 + c6 * c2;
	*slope = -(s6 - c6) * s * c / sum;
	return .5 / sqrt(sqrt(sqrt(sum)));
}

static void gabor_bounds(struct extent size, struct separable_bound *bounds)
{
	double x = (double)size.w / 2 + 1, y = (double)size.h / 2 + 1,
	       k = (double)extent_long(size);
	double least = .25 / k;
	bounds[X0] = (struct separable_bound){SEPARABLE_BOUNDED, -x, x};
	bounds[Y0] = (struct separable_bound){SEPARABLE_BOUNDED, -y, y};
	bounds[THETA] = (struct separable_bound){SEPARABLE_FREE, 0, 0};
	bounds[BAND] = (struct separable_bound){SEPARABLE_LOGARITHMIC, least, 1};
	bounds[ACROSS] = bounds[ALONG] =
	    (struct separable_bound){SEPARABLE_LOGARITHMIC, GABOR_SIGMA_MIN, k};
}

/* scratch: u, v (n) */
FOR_AVX512 static void gabor_basis(
    const double *shape, const struct separable_pixels *px, double *basis, double *scratch)
{
	size_t n = px->n;
	double slope, s = sin(shape[THETA]), c = cos(shape[THETA]);
	double omega = 2 * M_PI * shape[BAND] * band_edge(s, c, &slope);
	double across = -.5 / (shape[ACROSS] * shape[ACROSS]),
	       along = -.5 / (shape[ALONG] * shape[ALONG]);
	double *restrict u = scratch, *restrict v = scratch + n;
	double *restrict even = basis, *restrict odd = basis + n;
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		double x = px->x[i] - shape[X0], y = px->y[i] - shape[Y0], sine, cosine;
		u[i] = -x * s + y * c;
		v[i] = x * c + y * s;
		double envelope = vector_exp(across * u[i] * u[i] + along * v[i] * v[i]);
		vector_turn(omega * u[i], &sine, &cosine);
		even[i] = envelope * cosine;
		odd[i] = envelope * sine;
	}
}

FOR_AVX512 static void gabor_slopes(const double *shape, const double *coefficient,
    const struct separable_pixels *px, const double *basis, const double *scratch, double *slopes)
{
	size_t n = px->n;
	double edge_slope, s = sin(shape[THETA]), c = cos(shape[THETA]);
	double edge = band_edge(s, c, &edge_slope), omega = 2 * M_PI * shape[BAND] * edge;
	double across = 1 / (shape[ACROSS] * shape[ACROSS]),
	       along = 1 / (shape[ALONG] * shape[ALONG]);
	double a = coefficient[COSINE], b = coefficient[SINE];
	const double *restrict u = scratch, *restrict v = scratch + n, *restrict even = basis,
			       *restrict odd = basis + n;
	double *restrict dx = slopes, *restrict dy = dx + n, *restrict dt = dy + n,
			 *restrict df = dt + n, *restrict da = df + n, *restrict dl = da + n;
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		double value = a * even[i] + b * odd[i], quadrature = b * even[i] - a * odd[i];
		double by_u = omega * quadrature - across * u[i] * value,
		       by_v = -along * v[i] * value;
		double by_omega = u[i] * quadrature;
		dx[i] = s * by_u - c * by_v;
		dy[i] = -c * by_u - s * by_v;
		dt[i] = -v[i] * by_u + u[i] * by_v + omega * edge_slope * by_omega;
		df[i] = 2 * M_PI * edge * by_omega;
		da[i] = across / shape[ACROSS] * u[i] * u[i] * value;
		dl[i] = along / shape[ALONG] * v[i] * v[i] * value;
	}
}

static const struct separable_model model = {
    SHAPE, LINEAR, true, gabor_basis, gabor_slopes, gabor_bounds};

const struct separable_model *gabor_model(void)
{
	return &model;
}

/* Starts */

/* envelopes: sigma_across and sigma_along as parts of the side of a square of the array's area */
static const double shapes[][2] = {{.1, .1}, {.1, .2}, {.2, .1}, {.2, .2}, {.4, .15}, {.4, .4}};
/* carriers beside the spectrum's peaks: frequencies from LOWEST / k to HIGHEST, in each of them so many directions */
#define LOWEST .25
#define HIGHEST .4
enum {
	FREQUENCIES = 4,
	DIRECTIONS = 6,
	CARRIERS = GABOR_PEAKS + FREQUENCIES * DIRECTIONS,
	CENTRES = 3,
	SHAPES = sizeof shapes / sizeof *shapes,
	CANDIDATES = CARRIERS * CENTRES * SHAPES
};

struct carrier {
	double f, theta; /* cycles per px, rad */
	double s, c;     /* sine and cosine of theta */
};

struct candidate {
	const struct carrier *carrier;
	double x0, y0, across, along; /* px */
	double sse;
};

struct gabor_fitter {
	struct extent size;
	size_t n, m; /* m: frequencies from 0 to .5, both ends included, 2m - 1 from -.5 to .5 */
	size_t wide; /* m rounded up to whole vectors */
	struct separable *separable;
	double *memory;
	double *cos_x, *sin_x;       /* (w, wide): of 2 pi f times a column's x */
	double *cos_y, *sin_y;       /* (h, wide): of 2 pi f times a row's y */
	double *half_cos, *half_sin; /* (h, wide): rows of the profile transformed */
	double *power;               /* (m, 2m - 1) */
	double *centred, *energy;    /* (n), rounded up as the pixels of `separable` */
	double *cosine, *sine;       /* (n): a candidate's carrier, 0 beyond h*w */
	double *u2, *v2;             /* (n) */
};

struct gabor_fitter *gabor_fitter_create(struct extent size)
{
	size_t n, padded;
	struct gabor_fitter *f = mem_alloc(1, sizeof *f);
	if (!f)
		return NULL;
	if (extent_short(size) < 4) {
		err_set("profiles of %zu x %zu px: a Gabor function needs at least 4 x 4", size.h,
		    size.w);
		goto failed;
	}
	f->size = size;
	if (mem_multiply(size.h, size.w, &n) < 0 ||
	    !(f->separable = separable_create(&model, size)))
		goto failed;
	f->n = n;
	f->m = extent_long(size) + 1;
	f->wide = (f->m + VECTOR_LENGTH - 1) / VECTOR_LENGTH * VECTOR_LENGTH;
	padded = separable_pixels(f->separable)->n;
	size_t along_x = size.w * f->wide, along_y = size.h * f->wide;
	f->memory = mem_alloc(
	    2 * along_x + 4 * along_y + 6 * padded + f->m * (2 * f->m - 1), sizeof *f->memory);
	if (!f->memory)
		goto failed;
	f->cos_x = f->memory;
	f->sin_x = f->cos_x + along_x;
	f->cos_y = f->sin_x + along_x;
	f->sin_y = f->cos_y + along_y;
	f->half_cos = f->sin_y + along_y;
	f->half_sin = f->half_cos + along_y;
	f->centred = f->half_sin + along_y;
	f->energy = f->centred + padded;
	f->cosine = f->energy + padded;
	f->sine = f->cosine + padded;
	f->u2 = f->sine + padded;
	f->v2 = f->u2 + padded;
	f->power = f->v2 + padded;
	for (size_t j = 0; j < f->m; j++) {
		double omega = M_PI * (double)j / (double)(f->m - 1);
		for (size_t c = 0; c < size.w; c++) {
			f->cos_x[c * f->wide + j] = cos(omega * bank_x(size.w, c));
			f->sin_x[c * f->wide + j] = sin(omega * bank_x(size.w, c));
		}
		for (size_t r = 0; r < size.h; r++) {
			f->cos_y[r * f->wide + j] = cos(omega * bank_y(size.h, r));
			f->sin_y[r * f->wide + j] = sin(omega * bank_y(size.h, r));
		}
	}
	return f;
failed:
	gabor_fitter_free(f);
	return NULL;
}

void gabor_fitter_free(struct gabor_fitter *fitter)
{
	if (!fitter)
		return;
	separable_free(fitter->separable);
	free(fitter->memory);
	free(fitter);
}

/* power (m, 2m - 1) of the centred profile at fy >= 0 (row) and fx (column), y up */
FOR_AVX512 static void spectrum(struct gabor_fitter *f)
{
	size_t h = f->size.h, w = f->size.w, m = f->m, wide = f->wide;
	for (size_t r = 0; r < h; r++) {
		for (size_t j = 0; j < wide; j += VECTOR_LENGTH) {
			vector_lanes cosine = {0}, sine = {0};
			for (size_t c = 0; c < w; c++) {
				double y = f->centred[r * w + c];
				cosine += y * *(vector_lanes *)(f->cos_x + c * wide + j);
				sine += y * *(vector_lanes *)(f->sin_x + c * wide + j);
			}
			*(vector_lanes *)(f->half_cos + r * wide + j) = cosine;
			*(vector_lanes *)(f->half_sin + r * wide + j) = sine;
		}
	}
	for (size_t i = 0; i < m; i++) {
		for (size_t j = 0; j < wide; j += VECTOR_LENGTH) {
			vector_lanes cc = {0}, cs = {0}, sc = {0}, ss = {0};
			for (size_t r = 0; r < h; r++) {
				double c = f->cos_y[r * wide + i], s = f->sin_y[r * wide + i];
				const vector_lanes x = *(
						       vector_lanes *)(f->half_cos + r * wide + j),
						   y = *(
						       vector_lanes *)(f->half_sin + r * wide + j);
				cc += c * x;
				cs += s * x;
				sc += c * y;
				ss += s * y;
			}
			vector_lanes right = (cc - ss) * (cc - ss) + (cs + sc) * (cs + sc);
			vector_lanes left = (cc + ss) * (cc + ss) + (cs - sc) * (cs - sc);
			double *middle = f->power + i * (2 * m - 1) + m - 1;
			for (size_t l = 0; l < VECTOR_LENGTH && j + l < m; l++) {
				middle[j + l] = right[l];
				*(middle - j - l) = left[l];
			}
		}
	}
}

static struct carrier carrier(double f, double theta)
{
	return (struct carrier){f, theta, sin(theta), cos(theta)};
}

/* the largest local maxima of the spectrum; gives their number */
static size_t peaks(const struct gabor_fitter *f, struct carrier *found)
{
	size_t m = f->m, wide = 2 * m - 1, count = 0;
	double height[GABOR_PEAKS];
	for (size_t i = 0; i < m; i++) {
		/* of the row fy = 0 only fx > 0: the rest is its mirror image */
		for (size_t j = i ? 0 : m; j < wide; j++) {
			double here = f->power[i * wide + j];
			bool highest = here > (count == GABOR_PEAKS ? height[count - 1] : 0);
			for (size_t a = i ? i - 1 : 0; a <= i + 1 && a < m && highest; a++)
				for (size_t b = j ? j - 1 : 0; b <= j + 1 && b < wide && highest;
				     b++)
					highest = !(f->power[a * wide + b] > here);
			/* below the row fy = 0 lies the mirror image of the row above */
			for (size_t b = j - 1; !i && b <= j + 1 && b < wide && highest; b++)
				highest = !(f->power[wide + wide - 1 - b] > here);
			if (!highest)
				continue;
			size_t at = count < GABOR_PEAKS ? count++ : count - 1;
			for (; at && height[at - 1] < here; at--) {
				height[at] = height[at - 1];
				found[at] = found[at - 1];
			}
			double fx = .5 * ((double)j - (double)(m - 1)) / (double)(m - 1);
			double fy = .5 * (double)i / (double)(m - 1);
			height[at] = here;
			found[at] = carrier(hypot(fx, fy), atan2(fy, fx) - M_PI / 2);
		}
	}
	return count;
}

/* Peaks and grid; gives their number. A profile with more in it than a Gabor function has its peaks elsewhere. */
static size_t carriers(const struct gabor_fitter *f, struct carrier *list)
{
	size_t count = peaks(f, list);
	double lowest = LOWEST / (double)extent_long(f->size);
	for (size_t i = 0; i < FREQUENCIES; i++) {
		double frequency =
		    lowest * pow(HIGHEST / lowest, (double)i / (double)(FREQUENCIES - 1));
		/* every other frequency has its directions between those of its neighbours */
		for (size_t j = 0; j < DIRECTIONS; j++)
			list[count++] =
			    carrier(frequency, M_PI * ((double)j + (i % 2 ? .5 : 0)) / DIRECTIONS);
	}
	return count;
}

/* the centre of weight of the squared energy, and the largest energies smoothed over 3 x 3 px that lie a quarter of the shorter side apart */
static void centres(struct gabor_fitter *f, double (*found)[2])
{
	size_t h = f->size.h, w = f->size.w, best = w + 1;
	double sum = 0, x = 0, y = 0, apart = (double)extent_short(f->size) / 4;
	for (size_t i = 0; i < f->n; i++) {
		double e = f->centred[i] * f->centred[i];
		f->energy[i] = e;
		sum += e * e;
		x += e * e * bank_x(w, i % w);
		y += e * e * bank_y(h, i / w);
	}
	found[0][0] = x / sum;
	found[0][1] = y / sum;
	for (size_t i = 1; i < CENTRES; i++) {
		double largest = -1;
		for (size_t r = 1; r + 1 < h; r++) {
			for (size_t c = 1; c + 1 < w; c++) {
				double local = 0;
				bool near = false;
				for (size_t j = 1; j < i && !near; j++)
					near = hypot(bank_x(w, c) - found[j][0],
						   bank_y(h, r) - found[j][1]) < apart;
				for (size_t a = r - 1; a <= r + 1; a++)
					for (size_t b = c - 1; b <= c + 1; b++)
						local += f->energy[a * w + b];
				if (!near && local > largest) {
					largest = local;
					best = r * w + c;
				}
			}
		}
		found[i][0] = bank_x(w, best % w);
		found[i][1] = bank_y(h, best / w);
	}
}

/* Sums of squares that the SHAPES candidates at one carrier and centre leave of the centred profile, whose own sum of
 * squares is sst. */
FOR_AVX512 static void score_shapes(
    struct gabor_fitter *f, double sst, struct candidate list[static SHAPES])
{
	const struct separable_pixels *px = separable_pixels(f->separable);
	size_t n = px->n;
	double s = list->carrier->s, c = list->carrier->c, omega = 2 * M_PI * list->carrier->f;
	double x0 = list->x0, y0 = list->y0;
	const double *restrict z = f->centred;
	double *restrict cosine = f->cosine, *restrict sine = f->sine, *restrict u2 = f->u2,
			 *restrict v2 = f->v2;
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		double x = px->x[i] - x0, y = px->y[i] - y0, u = -x * s + y * c, v = x * c + y * s,
		       a, b;
		vector_turn(omega * u, &a, &b);
		sine[i] = a;
		cosine[i] = b;
		u2[i] = u * u;
		v2[i] = v * v;
	}
	for (size_t i = f->n; i < n; i++)
		cosine[i] = sine[i] = 0;
	for (size_t k = 0; k < SHAPES; k++) {
		double by_u = -.5 / (list[k].across * list[k].across),
		       by_v = -.5 / (list[k].along * list[k].along);
		double pp = 0, pq = 0, qq = 0, p1 = 0, q1 = 0, py = 0, qy = 0;
#pragma omp simd reduction(+ : pp, pq, qq, p1, q1, py, qy)
		for (size_t i = 0; i < n; i++) {
			double envelope = vector_exp(by_u * u2[i] + by_v * v2[i]);
			double p = envelope * cosine[i], q = envelope * sine[i];
			pp += p * p;
			pq += p * q;
			qq += q * q;
			p1 += p;
			q1 += q;
			py += p * z[i];
			qy += q * z[i];
		}
		/* the offset takes the means off */
		pp -= p1 * p1 / (double)f->n;
		pq -= p1 * q1 / (double)f->n;
		qq -= q1 * q1 / (double)f->n;
		double determinant = pp * qq - pq * pq;
		if (determinant > 1e-12 * pp * qq)
			list[k].sse =
			    sst - (py * py * qq - 2 * py * qy * pq + qy * qy * pp) / determinant;
		else
			list[k].sse =
			    sst - fmax(pp > 0 ? py * py / pp : 0, qq > 0 ? qy * qy / qq : 0);
	}
}

/* all candidates of these carriers with their sums of squares; gives their number */
static size_t candidates(struct gabor_fitter *f, double sst, const struct carrier *carrier,
    size_t count, struct candidate *list)
{
	double centre[CENTRES][2], side = sqrt((double)f->n);
	struct candidate *one = list;
	centres(f, centre);
	for (size_t i = 0; i < count; i++) {
		for (size_t c = 0; c < CENTRES; c++, one += SHAPES) {
			for (size_t s = 0; s < SHAPES; s++)
				one[s] = (struct candidate){.carrier = &carrier[i],
				    .x0 = centre[c][0],
				    .y0 = centre[c][1],
				    .across = fmax(shapes[s][0] * side, GABOR_SIGMA_MIN),
				    .along = fmax(shapes[s][1] * side, GABOR_SIGMA_MIN)};
			score_shapes(f, sst, one);
		}
	}
	return (size_t)(one - list);
}

/* the widths that two candidates may differ by as a factor, and the distance of their carriers times the width, and be alike */
#define ALIKE_WIDTH 2.7
#define ALIKE_CARRIER .15

static bool alike_width(double a, double b)
{
	return a < ALIKE_WIDTH * b && b < ALIKE_WIDTH * a;
}

/* whether only one of them enters the trust region: candidates that are alike mostly end in the same place */
static bool alike(const struct candidate *a, const struct candidate *b)
{
	const struct carrier *p = a->carrier, *q = b->carrier;
	double dx = a->x0 - b->x0, dy = a->y0 - b->y0;
	if (dx * dx + dy * dy > a->across * a->across || !alike_width(a->across, b->across) ||
	    !alike_width(a->along, b->along))
		return false;
	/* q's wave vector, or minus it, across and along p's stripes */
	double across = fabs(q->f * (q->c * p->c + q->s * p->s)) - p->f,
	       along = q->f * (q->s * p->c - q->c * p->s);
	return fabs(across) * a->across <= ALIKE_CARRIER && fabs(along) * a->along <= ALIKE_CARRIER;
}

/* The best candidates that are not alike as starts, best first; gives their number. */
static size_t choose(struct candidate *list, size_t count, struct separable_fit *start)
{
	size_t starts = 0;
	while (starts < GABOR_STARTS) {
		struct candidate *best = list;
		double slope;
		for (size_t i = 1; i < count; i++) {
			if (list[i].sse < best->sse)
				best = &list[i];
		}
		if (!(best->sse < INFINITY))
			break;
		const struct carrier *c = best->carrier;
		double shape[SHAPE] = {[X0] = best->x0,
		    [Y0] = best->y0,
		    [THETA] = c->theta,
		    [BAND] = c->f / band_edge(c->s, c->c, &slope),
		    [ACROSS] = best->across,
		    [ALONG] = best->along};
		memcpy(start[starts++].shape, shape, sizeof shape);
		best->sse = INFINITY;
		for (size_t i = 0; i < count; i++) {
			if (list[i].sse < INFINITY && alike(&list[i], best))
				list[i].sse = INFINITY;
		}
	}
	return starts;
}

/* the canonical function of a fit of y, with its sum of squares computed anew */
static struct gabor from_fit(
    struct gabor_fitter *f, const double *y, const struct separable_fit *fit, double *sse)
{
	double slope, coefficient[LINEAR];
	*sse = separable_solve(f->separable, y, fit->shape, coefficient);
	double a = coefficient[COSINE], b = coefficient[SINE];
	struct gabor g = {.amplitude = hypot(a, b),
	    .theta = fit->shape[THETA],
	    .phase = atan2(-b, a), /* a cos + b sin = A cos(. + phase) */
	    .frequency = fit->shape[BAND] *
			 band_edge(sin(fit->shape[THETA]), cos(fit->shape[THETA]), &slope),
	    .sigma_across = fit->shape[ACROSS],
	    .sigma_along = fit->shape[ALONG],
	    .x0 = fit->shape[X0],
	    .y0 = fit->shape[Y0],
	    .offset = coefficient[OFFSET]};
	return gabor_canonical(g);
}

/* Of all starts the best go on, and of these the best: `keep` after so many steps each, or when a step gains less than
 * ROUND_TOLERANCE of the sum of squares. The last that is left runs for LIMIT steps at most. */
static const struct {
	size_t steps, keep;
} rounds[] = {{3, 5}, {6, 2}, {20, 1}};
enum { ROUNDS = sizeof rounds / sizeof *rounds };
#define ROUND_TOLERANCE 1e-3
#define LIMIT 200

/* sums about the mean; false for a constant profile */
static bool centre_profile(struct gabor_fitter *f, const double *y, struct gabor_estimate *estimate)
{
	double mean = 0, sst = 0, largest = 0;
	for (size_t i = 0; i < f->n; i++)
		mean += y[i];
	mean /= (double)f->n;
	for (size_t i = 0; i < f->n; i++) {
		f->centred[i] = y[i] - mean;
		sst += f->centred[i] * f->centred[i];
		largest = fmax(largest, fabs(y[i]));
	}
	*estimate = (struct gabor_estimate){.sse = sst, .sst = sst, .mean = mean};
	bool constant = !(sst > 1e-24 * largest * largest * (double)f->n);
	if (constant) {
		estimate->gabor = (struct gabor){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
		estimate->sse = estimate->sst = 0;
	}
	return !constant;
}

static int by_sse(const void *a, const void *b)
{
	double p = ((const struct separable_fit *)a)->sse,
	       q = ((const struct separable_fit *)b)->sse;
	return (p > q) - (p < q);
}

int gabor_fit(
    struct gabor_fitter *f, const double *y, double tolerance, struct gabor_estimate *estimate)
{
	struct carrier carrier[CARRIERS];
	struct candidate list[CANDIDATES];
	struct separable_fit fit[GABOR_STARTS];
	if (!centre_profile(f, y, estimate))
		return 0;
	spectrum(f);
	size_t count = candidates(f, estimate->sst, carrier, carriers(f, carrier), list);
	size_t left = estimate->starts = choose(list, count, fit);
	for (size_t i = 0; i < ROUNDS; i++) {
		for (size_t j = 0; j < left; j++) {
			if (separable_minimise(
				f->separable, y, ROUND_TOLERANCE, rounds[i].steps, &fit[j]) < 0)
				return -1;
			estimate->iterations += fit[j].iterations;
		}
		qsort(fit, left, sizeof *fit, by_sse);
		left = left < rounds[i].keep ? left : rounds[i].keep;
	}
	if (separable_minimise(f->separable, y, tolerance, LIMIT, fit) < 0)
		return -1;
	estimate->iterations += fit->iterations;
	estimate->gabor = from_fit(f, y, fit, &estimate->sse);
	return 0;
}

double gabor_estimate_r(const struct gabor_estimate *estimate)
{
	if (!(estimate->sst > 0))
		return NAN;
	return sqrt(fmax(0, 1 - estimate->sse / estimate->sst));
}

/* Standard errors */

#define STRIP 64       /* pixels whose derivatives are held at a time */
#define DERIVATIVES 12 /* parameters in the order of struct gabor, rounded up to blocks of 4 */

/* Derivatives (DERIVATIVES, STRIP) of the function by its parameters at pixels `first` on of an array; 0 beyond. */
FOR_AVX512 static void derivatives(
    const struct gabor *g, struct extent size, size_t first, double *d)
{
	double s = sin(g->theta), c = cos(g->theta), omega = 2 * M_PI * g->frequency;
	double across = 1 / (g->sigma_across * g->sigma_across),
	       along = 1 / (g->sigma_along * g->sigma_along);
	double x[STRIP], y[STRIP], inside[STRIP];
	for (size_t i = 0; i < STRIP; i++) {
		size_t at = first + i;
		inside[i] = at < extent_pixels(size);
		x[i] = bank_x(size.w, at % size.w) - g->x0;
		y[i] = inside[i] > 0 ? bank_y(size.h, at / size.w) - g->y0 : 0;
	}
#pragma omp simd
	for (size_t i = 0; i < STRIP; i++) {
		double u = -x[i] * s + y[i] * c, v = x[i] * c + y[i] * s, sine, cosine;
		double envelope = inside[i] * vector_exp(-(u * across * u + v * along * v) / 2);
		vector_turn(omega * u + g->phase, &sine, &cosine);
		double even = envelope * cosine, value = g->amplitude * even;
		double odd = -g->amplitude * envelope * sine;
		double by_u = omega * odd - across * u * value, by_v = -along * v * value;
		d[i] = even;
		d[STRIP + i] = -v * by_u + u * by_v;
		d[2 * STRIP + i] = odd;
		d[3 * STRIP + i] = 2 * M_PI * u * odd;
		d[4 * STRIP + i] = across * u * u / g->sigma_across * value;
		d[5 * STRIP + i] = along * v * v / g->sigma_along * value;
		d[6 * STRIP + i] = s * by_u - c * by_v;
		d[7 * STRIP + i] = -c * by_u - s * by_v;
		d[8 * STRIP + i] = inside[i];
	}
}

/* Adds the products of the derivatives to the information matrix (9, 9). */
FOR_AVX512 static void add_products(const double *d, double *information)
{
	double block[2][4];
	for (size_t i = 0; i < GABOR_PARAMETERS; i += 2) {
		for (size_t j = 0; j < GABOR_PARAMETERS; j += 4) {
			vector_products(d + i * STRIP, d + j * STRIP, STRIP, block);
			for (size_t a = i; a < i + 2 && a < GABOR_PARAMETERS; a++)
				for (size_t b = j; b < j + 4 && b < GABOR_PARAMETERS; b++)
					information[a * GABOR_PARAMETERS + b] +=
					    block[a - i][b - j];
		}
	}
}

/* covariance (9, 9) of the parameters: variance times the inverse of the information matrix */
static bool covariance(const struct gabor *g, struct extent size, double variance, double *cov)
{
	_Alignas(64) double d[DERIVATIVES * STRIP] = {0};
	double scale[GABOR_PARAMETERS];
	const size_t p = GABOR_PARAMETERS;
	memset(cov, 0, p * p * sizeof *cov);
	for (size_t i = 0; i < extent_pixels(size); i += STRIP) {
		derivatives(g, size, i, d);
		add_products(d, cov);
	}
	for (size_t a = 0; a < p; a++)
		scale[a] = 1 / sqrt(cov[a * p + a]);
	for (size_t i = 0; i < p * p; i++)
		cov[i] *= scale[i / p] * scale[i % p];
	gsl_matrix_view matrix = gsl_matrix_view_array(cov, p, p);
	gsl_set_error_handler_off();
	if (!isfinite(cov[0]) || gsl_linalg_cholesky_decomp1(&matrix.matrix) != GSL_SUCCESS ||
	    gsl_linalg_cholesky_invert(&matrix.matrix) != GSL_SUCCESS)
		return false;
	for (size_t i = 0; i < p * p; i++)
		cov[i] *= variance * scale[i / p] * scale[i % p];
	return true;
}

/* sqrt(g' cov g) for a quantity of sigma_across, sigma_along and f with that gradient */
static double propagated(const double *cov, double by_frequency, double by_across, double by_along)
{
	const double gradient[3] = {by_frequency, by_across, by_along};
	double variance = 0;
	for (size_t a = 0; a < 3; a++)
		for (size_t b = 0; b < 3; b++)
			variance +=
			    gradient[a] * gradient[b] * cov[(3 + a) * GABOR_PARAMETERS + 3 + b];
	return sqrt(variance);
}

struct gabor_errors gabor_errors(const struct gabor *g, struct extent size, double variance)
{
	double cov[GABOR_PARAMETERS * GABOR_PARAMETERS], se[GABOR_PARAMETERS];
	struct gabor_errors e;
	double f = g->frequency, nx = gabor_nx(g), ny = gabor_ny(g),
	       c2 = GABOR_NX_MIN * GABOR_NX_MIN;
	if (!(variance >= 0) || !covariance(g, size, variance, cov))
		return (struct gabor_errors){
		    {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN}, NAN, NAN, NAN, NAN, NAN};
	for (size_t i = 0; i < GABOR_PARAMETERS; i++)
		se[i] = sqrt(cov[i * GABOR_PARAMETERS + i]);
	e.gabor = (struct gabor){se[0], se[1], se[2], se[3], se[4], se[5], se[6], se[7], se[8]};
	e.nx = propagated(cov, g->sigma_across, f, 0);
	e.ny = propagated(cov, g->sigma_along, 0, f);
	e.aspect = propagated(
	    cov, 0, g->sigma_along / (g->sigma_across * g->sigma_across), 1 / g->sigma_across);
	double octaves = nx > GABOR_NX_MIN ? 2 * GABOR_NX_MIN / log(2) / (nx * nx - c2) : NAN;
	e.octaves = propagated(cov, octaves * g->sigma_across, octaves * f, 0);
	/* t of nx^2 (1 - cos t)^2 + ny^2 sin^2 t = c^2, differentiated */
	double t = gabor_half_width(nx, ny), z = 1 - cos(t), s = sin(t);
	double slope = 2 * s * (nx * nx * z + ny * ny * cos(t));
	double by_nx = -2 * nx * z * z / slope, by_ny = -2 * ny * s * s / slope;
	e.half_width =
	    propagated(cov, by_nx * g->sigma_across + by_ny * g->sigma_along, by_nx * f, by_ny * f);
	return e;
}

unsigned gabor_degenerate(const struct gabor *g, struct extent size)
{
	double right = (double)size.w / 2, top = (double)size.h / 2, s = sin(g->theta),
	       c = cos(g->theta);
	const double ends[2][2] = {
	    {-s * g->sigma_across, c * g->sigma_across}, {c * g->sigma_along, s * g->sigma_along}};
	unsigned reasons = 0;
	if (isnan(g->frequency))
		return GABOR_CONSTANT;
	if (!(gabor_nx(g) > GABOR_NX_MIN))
		reasons |= GABOR_LOW_PASS;
	if (!(fabs(g->x0) < right && fabs(g->y0) < top))
		reasons |= GABOR_CENTRE_OUTSIDE;
	for (size_t i = 0; i < 2; i++) {
		if (!(fabs(g->x0) + fabs(ends[i][0]) < right &&
			fabs(g->y0) + fabs(ends[i][1]) < top))
			reasons |= GABOR_ENVELOPE_OUTSIDE;
	}
	return reasons;
}

bool gabor_undirected(double theta_error)
{
	return !(2 * 1.96 * theta_error < M_PI);
}

const char *gabor_reason(unsigned reasons, char text[static REASONS_SIZE])
{
	static const char *const words[] = {"low-pass", "centre-outside", "envelope-outside",
	    "round", "not-gabor", "surrogates", "constant"};
	return reasons_text(reasons, words, sizeof words / sizeof *words, text);
}
