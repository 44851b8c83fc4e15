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

#define E 2.71828182845904523536

/* shape parameters; BAND is f as a part of the band's edge in the carrier's direction */
enum { X0, Y0, THETA, BAND, ACROSS, ALONG, SHAPE };
enum { COSINE, SINE, OFFSET, LINEAR };

#define SIGMA_MIN .3

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
	    (struct separable_bound){SEPARABLE_LOGARITHMIC, SIGMA_MIN, k};
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

/* envelopes as (nx, ny / nx) */
static const double shapes[][2] = {
    {.22, 1}, {.22, 1.8}, {.38, 1}, {.38, 1.8}, {.65, .8}, {.65, 1.5}, {1.1, .7}};
enum {
	SHAPES = sizeof shapes / sizeof *shapes,
	CENTRES = 2,
	CANDIDATES = GABOR_PEAKS * CENTRES * SHAPES
};

struct candidate {
	double shape[SHAPE], sse;
	size_t peak;
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

/* the largest local maxima of the spectrum as (f, theta); gives their number */
static size_t peaks(const struct gabor_fitter *f, double (*found)[2])
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
				memcpy(found[at], found[at - 1], sizeof *found);
			}
			double fx = .5 * ((double)j - (double)(m - 1)) / (double)(m - 1);
			double fy = .5 * (double)i / (double)(m - 1);
			height[at] = here;
			found[at][0] = hypot(fx, fy);
			found[at][1] = atan2(fy, fx) - M_PI / 2;
		}
	}
	return count;
}

/* the centre of weight of the squared energy, and the largest energy smoothed over 3 x 3 px */
static void centres(struct gabor_fitter *f, double (*found)[2])
{
	size_t h = f->size.h, w = f->size.w, best = 0;
	double sum = 0, x = 0, y = 0, largest = -1;
	for (size_t i = 0; i < f->n; i++) {
		double e = f->centred[i] * f->centred[i];
		f->energy[i] = e;
		sum += e * e;
		x += e * e * bank_x(w, i % w);
		y += e * e * bank_y(h, i / w);
	}
	found[0][0] = x / sum;
	found[0][1] = y / sum;
	for (size_t r = 1; r + 1 < h; r++) {
		for (size_t c = 1; c + 1 < w; c++) {
			double local = 0;
			for (size_t a = r - 1; a <= r + 1; a++)
				for (size_t b = c - 1; b <= c + 1; b++)
					local += f->energy[a * w + b];
			if (local > largest) {
				largest = local;
				best = r * w + c;
			}
		}
	}
	found[1][0] = bank_x(w, best % w);
	found[1][1] = bank_y(h, best / w);
}

/* Sums of squares (SHAPES) that the envelopes leave of the centred profile, at one peak and
 * centre; sst is its own sum of squares. All envelopes share the carrier. */
FOR_AVX512 static void score_shapes(struct gabor_fitter *f, const struct separable_bound *bounds,
    const double *at, double sst, double *sse)
{
	const struct separable_pixels *px = separable_pixels(f->separable);
	size_t n = px->n;
	double slope, s = sin(at[THETA]), c = cos(at[THETA]);
	double omega = 2 * M_PI * fmin(at[BAND], 1) * band_edge(s, c, &slope);
	double x0 = fmin(fmax(at[X0], bounds[X0].lo), bounds[X0].hi),
	       y0 = fmin(fmax(at[Y0], bounds[Y0].lo), bounds[Y0].hi);
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
		double across = shapes[k][0] * 2 * M_PI / omega, along = across * shapes[k][1];
		across = fmin(fmax(across, bounds[ACROSS].lo), bounds[ACROSS].hi);
		along = fmin(fmax(along, bounds[ALONG].lo), bounds[ALONG].hi);
		double by_u = -.5 / (across * across), by_v = -.5 / (along * along);
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
			sse[k] =
			    sst - (py * py * qq - 2 * py * qy * pq + qy * qy * pp) / determinant;
		else
			sse[k] = sst - fmax(pp > 0 ? py * py / pp : 0, qq > 0 ? qy * qy / qq : 0);
	}
}

/* all candidates with their sums of squares; gives their number */
static size_t candidates(struct gabor_fitter *f, double sst, struct candidate *list)
{
	double peak[GABOR_PEAKS][2], centre[CENTRES][2], sse[SHAPES];
	struct separable_bound bounds[SHAPE];
	size_t count = 0;
	spectrum(f);
	size_t found = peaks(f, peak);
	centres(f, centre);
	gabor_bounds(f->size, bounds);
	for (size_t p = 0; p < found; p++) {
		double slope, theta = peak[p][1];
		double band = peak[p][0] / band_edge(sin(theta), cos(theta), &slope);
		for (size_t c = 0; c < CENTRES; c++) {
			double at[SHAPE] = {[X0] = centre[c][0],
			    [Y0] = centre[c][1],
			    [THETA] = theta,
			    [BAND] = band};
			score_shapes(f, bounds, at, sst, sse);
			for (size_t s = 0; s < SHAPES; s++) {
				struct candidate *one = &list[count++];
				memcpy(one->shape, at, sizeof at);
				one->shape[ACROSS] = shapes[s][0] / peak[p][0];
				one->shape[ALONG] = one->shape[ACROSS] * shapes[s][1];
				one->peak = p;
				one->sse = sse[s];
			}
		}
	}
	return count;
}

/* whether both enter the trust region: candidates that are alike mostly end in the same place */
static bool apart(const struct candidate *a, const struct candidate *b)
{
	double dx = a->shape[X0] - b->shape[X0], dy = a->shape[Y0] - b->shape[Y0];
	double across = a->shape[ACROSS], ratio = b->shape[ACROSS] / across;
	return a->peak != b->peak || dx * dx + dy * dy > across * across || ratio > E ||
	       ratio < 1 / E;
}

/* The best candidates that are apart, best first; gives their number. */
static size_t choose(struct candidate *list, size_t count, const struct candidate **chosen)
{
	size_t starts = 0;
	while (starts < GABOR_STARTS) {
		struct candidate *best = NULL;
		for (size_t i = 0; i < count; i++) {
			if (list[i].sse < (best ? best->sse : INFINITY))
				best = &list[i];
		}
		if (!best)
			break;
		chosen[starts++] = best;
		for (size_t i = 0; i < count; i++) {
			if (&list[i] != best && !apart(&list[i], best))
				list[i].sse = INFINITY;
		}
		best->sse = INFINITY;
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

/* each start runs until a step gains less than this share of the sum of squares, or for this many
 * steps */
#define TRY_TOLERANCE 3e-2
#define TRY_LIMIT 15
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

int gabor_fit(
    struct gabor_fitter *f, const double *y, double tolerance, struct gabor_estimate *estimate)
{
	struct candidate list[CANDIDATES];
	const struct candidate *chosen[GABOR_STARTS];
	struct separable_fit best = {.sse = INFINITY}, fit;
	if (!centre_profile(f, y, estimate))
		return 0;
	estimate->starts = choose(list, candidates(f, estimate->sst, list), chosen);
	for (size_t i = 0; i < estimate->starts; i++) {
		memcpy(fit.shape, chosen[i]->shape, sizeof chosen[i]->shape);
		if (separable_minimise(f->separable, y, TRY_TOLERANCE, TRY_LIMIT, &fit) < 0)
			return -1;
		estimate->iterations += fit.iterations;
		if (fit.sse < best.sse)
			best = fit;
	}
	if (separable_minimise(f->separable, y, tolerance, LIMIT, &best) < 0)
		return -1;
	estimate->iterations += best.iterations;
	estimate->gabor = from_fit(f, y, &best, &estimate->sse);
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
