/* Blobs: see blob.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "fit/bank.h"
#include "fit/blob.h"
#include "fit/separable.h"

enum { X0, Y0, SIGMA, RATIO, THETA };

#define SIGMA_MIN .3
#define RATIO_MIN 1.05
#define RATIO_MAX 8
#define TRY_TOLERANCE 1e-2
#define TRY_LIMIT 15
#define LIMIT 200

static void bounds_of(struct extent size, struct separable_bound *bounds)
{
	double x = (double)size.w / 2, y = (double)size.h / 2, half = fmax(x, y);
	bounds[X0] = (struct separable_bound){SEPARABLE_BOUNDED, -x, x};
	bounds[Y0] = (struct separable_bound){SEPARABLE_BOUNDED, -y, y};
	bounds[SIGMA] =
	    (struct separable_bound){SEPARABLE_LOGARITHMIC, SIGMA_MIN, fmax(half, 2 * SIGMA_MIN)};
	bounds[RATIO] = (struct separable_bound){SEPARABLE_LOGARITHMIC, RATIO_MIN, RATIO_MAX};
	bounds[THETA] = (struct separable_bound){SEPARABLE_FREE, 0, 0};
}

static void elongated_bounds(struct extent size, struct separable_bound *bounds)
{
	bounds_of(size, bounds);
	bounds[RATIO].lo = 1;
}

/* exp(-rho^2/2 sigma^2) into e and rho^2 into d */
FOR_AVX512 static void bell(const double *shape, double sigma, const struct separable_pixels *px,
    double *restrict e, double *restrict d)
{
	double scale = -.5 / (sigma * sigma);
#pragma omp simd
	for (size_t i = 0; i < px->n; i++) {
		double x = px->x[i] - shape[X0], y = px->y[i] - shape[Y0];
		d[i] = x * x + y * y;
		e[i] = vector_exp(scale * d[i]);
	}
}

/* LoG: with s = rho^2 / 2 sigma^2 and e = exp(-s): (1 - s) e; its derivative by s is (s - 2) e */
FOR_AVX512 static void log_basis(
    const double *shape, const struct separable_pixels *px, double *basis, double *scratch)
{
	bell(shape, shape[SIGMA], px, scratch, scratch + px->n);
#pragma omp simd
	for (size_t i = 0; i < px->n; i++)
		basis[i] =
		    (1 - scratch[px->n + i] / (2 * shape[SIGMA] * shape[SIGMA])) * scratch[i];
}

FOR_AVX512 static void log_slopes(const double *shape, const double *coefficient,
    const struct separable_pixels *px, const double *basis, const double *scratch, double *slopes)
{
	size_t n = px->n;
	double a = coefficient[0], v = shape[SIGMA] * shape[SIGMA];
	(void)basis;
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		double s = scratch[n + i] / (2 * v), by_s = a * (s - 2) * scratch[i];
		slopes[i] = -by_s * (px->x[i] - shape[X0]) / v;
		slopes[n + i] = -by_s * (px->y[i] - shape[Y0]) / v;
		slopes[2 * n + i] = -by_s * 2 * s / shape[SIGMA];
	}
}

static void gaussian_basis(
    const double *shape, const struct separable_pixels *px, double *basis, double *scratch)
{
	bell(shape, shape[SIGMA], px, basis, scratch);
}

FOR_AVX512 static void gaussian_slopes(const double *shape, const double *coefficient,
    const struct separable_pixels *px, const double *basis, const double *scratch, double *slopes)
{
	size_t n = px->n;
	double v = shape[SIGMA] * shape[SIGMA];
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		double value = coefficient[0] * basis[i];
		slopes[i] = value * (px->x[i] - shape[X0]) / v;
		slopes[n + i] = value * (px->y[i] - shape[Y0]) / v;
		slopes[2 * n + i] = value * scratch[i] / (v * shape[SIGMA]);
	}
}

static void dog_basis(
    const double *shape, const struct separable_pixels *px, double *basis, double *scratch)
{
	bell(shape, shape[SIGMA], px, basis, scratch);
	bell(shape, shape[SIGMA] * shape[RATIO], px, basis + px->n, scratch);
}

FOR_AVX512 static void dog_slopes(const double *shape, const double *coefficient,
    const struct separable_pixels *px, const double *basis, const double *scratch, double *slopes)
{
	size_t n = px->n;
	double v = shape[SIGMA] * shape[SIGMA], w = v * shape[RATIO] * shape[RATIO];
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		double centre = coefficient[0] * basis[i] / v,
		       around = coefficient[1] * basis[n + i] / w;
		slopes[i] = (centre + around) * (px->x[i] - shape[X0]);
		slopes[n + i] = (centre + around) * (px->y[i] - shape[Y0]);
		slopes[2 * n + i] = (centre + around) * scratch[i] / shape[SIGMA];
		slopes[3 * n + i] = around * scratch[i] / shape[RATIO];
	}
}

/* scratch: p along the longer axis, q across it */
FOR_AVX512 static void elongated_basis(
    const double *shape, const struct separable_pixels *px, double *basis, double *scratch)
{
	size_t n = px->n;
	double s = sin(shape[THETA]), c = cos(shape[THETA]),
	       across = -.5 / (shape[SIGMA] * shape[SIGMA]);
	double along = across / (shape[RATIO] * shape[RATIO]);
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		double x = px->x[i] - shape[X0], y = px->y[i] - shape[Y0];
		double p = x * c + y * s, q = -x * s + y * c;
		scratch[i] = p;
		scratch[n + i] = q;
		basis[i] = vector_exp(along * p * p + across * q * q);
	}
}

FOR_AVX512 static void elongated_slopes(const double *shape, const double *coefficient,
    const struct separable_pixels *px, const double *basis, const double *scratch, double *slopes)
{
	size_t n = px->n;
	double s = sin(shape[THETA]), c = cos(shape[THETA]),
	       across = 1 / (shape[SIGMA] * shape[SIGMA]);
	double along = across / (shape[RATIO] * shape[RATIO]);
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		double p = scratch[i], q = scratch[n + i], value = coefficient[0] * basis[i];
		double by_p = -along * p * value, by_q = -across * q * value;
		slopes[i] = -c * by_p + s * by_q;
		slopes[n + i] = -s * by_p - c * by_q;
		slopes[2 * n + i] = (along * p * p + across * q * q) * value / shape[SIGMA];
		slopes[3 * n + i] = along * p * p * value / shape[RATIO];
		slopes[4 * n + i] = q * by_p - p * by_q;
	}
}

/* [kind][offset] */
static const struct separable_model models[BLOB_DELTA][2] = {
    [BLOB_LOG] = {{3, 1, false, log_basis, log_slopes, bounds_of},
	{3, 2, true, log_basis, log_slopes, bounds_of}},
    [BLOB_DOG] = {{4, 2, false, dog_basis, dog_slopes, bounds_of},
	{4, 3, true, dog_basis, dog_slopes, bounds_of}},
    [BLOB_GAUSSIAN] = {{3, 1, false, gaussian_basis, gaussian_slopes, bounds_of},
	{3, 2, true, gaussian_basis, gaussian_slopes, bounds_of}},
    [BLOB_ELONGATED] = {{5, 1, false, elongated_basis, elongated_slopes, elongated_bounds},
	{5, 2, true, elongated_basis, elongated_slopes, elongated_bounds}},
};

const struct separable_model *blob_model(enum blob_kind kind, bool offset)
{
	return kind == BLOB_DELTA ? NULL : &models[kind][offset];
}

struct blob_fitter {
	enum blob_kind kind;
	bool offset;
	struct extent size;
	struct separable *separable; /* NULL for a delta */
};

struct blob_fitter *blob_fitter_create(enum blob_kind kind, bool offset, struct extent size)
{
	struct blob_fitter *f = mem_alloc(1, sizeof *f);
	if (!f)
		return NULL;
	*f = (struct blob_fitter){kind, offset, size, NULL};
	if (kind == BLOB_DELTA)
		return f;
	if (extent_short(size) < 3)
		err_set("profiles of %zu x %zu px: a fit needs at least 3 x 3", size.h, size.w);
	else
		f->separable = separable_create(&models[kind][offset], size);
	if (f->separable)
		return f;
	free(f);
	return NULL;
}

void blob_fitter_free(struct blob_fitter *fitter)
{
	if (fitter)
		separable_free(fitter->separable);
	free(fitter);
}

/* A at the pixel that leaves least; without offset the largest */
static void fit_delta(
    const struct blob_fitter *f, const double *y, double mean, double sst, struct blob *blob)
{
	size_t n = extent_pixels(f->size), best = 0;
	for (size_t i = 0; i < n; i++) {
		if (fabs(y[i] - mean) > fabs(y[best] - mean))
			best = i;
	}
	/* with a free offset: all other pixels' mean, and A the height above it */
	double height = y[best] - mean, others = f->offset ? mean - height / ((double)n - 1) : 0;
	*blob = (struct blob){.x0 = bank_x(f->size.w, best % f->size.w),
	    .y0 = bank_y(f->size.h, best / f->size.w),
	    .ratio = NAN,
	    .theta = NAN,
	    .surround = NAN,
	    .amplitude = y[best] - others,
	    .offset = others,
	    .parameters = f->offset ? 4 : 3};
	blob->sse = fmax(0, sst - height * height * (f->offset ? (double)n / ((double)n - 1) : 1));
}

struct candidate {
	double shape[SEPARABLE_SHAPE_MAX], sse;
};

static int by_sse(const void *a, const void *b)
{
	double p = ((const struct candidate *)a)->sse, q = ((const struct candidate *)b)->sse;
	return (p > q) - (p < q);
}

enum { CENTRES = 4, WIDTHS = 6, VARIANTS = 8, CANDIDATES = CENTRES * WIDTHS * VARIANTS };

/* the array's centre, the largest and the smallest value smoothed over 3 x 3 px, the squared energy's centre */
static void centres(const double *y, double mean, struct extent size, double (*found)[2])
{
	size_t h = size.h, w = size.w;
	double most = -INFINITY, least = INFINITY, sum = 0, x = 0, up = 0;
	found[0][0] = found[0][1] = 0;
	for (size_t r = 0; r < h; r++) {
		for (size_t c = 0; c < w; c++) {
			double d = y[r * w + c] - mean, e = d * d * d * d, local = 0;
			for (size_t a = r ? r - 1 : 0; a <= r + 1 && a < h; a++)
				for (size_t b = c ? c - 1 : 0; b <= c + 1 && b < w; b++)
					local += (y[a * w + b] - mean) * (a == r && b == c ? 2 : 1);
			sum += e;
			x += e * bank_x(w, c);
			up += e * bank_y(h, r);
			if (local > most) {
				most = local;
				found[1][0] = bank_x(w, c);
				found[1][1] = bank_y(h, r);
			}
			if (local < least) {
				least = local;
				found[2][0] = bank_x(w, c);
				found[2][1] = bank_y(h, r);
			}
		}
	}
	found[3][0] = sum > 0 ? x / sum : 0;
	found[3][1] = sum > 0 ? up / sum : 0;
}

static size_t candidates(
    struct blob_fitter *f, const double *y, double mean, struct candidate *list)
{
	static const double ratios[] = {1.3, 2, 3.5};
	double centre[CENTRES][2], widest = (double)extent_long(f->size) / 2;
	size_t count = 0, variants = f->kind == BLOB_DOG ? 3 : f->kind == BLOB_ELONGATED ? 8 : 1;
	centres(y, mean, f->size, centre);
	for (size_t c = 0; c < CENTRES; c++) {
		for (size_t w = 0; w < WIDTHS; w++) {
			/* .5 px to a third of the array */
			double sigma =
			    .5 * pow(fmax(widest * 2 / 3, .6) / .5, (double)w / (WIDTHS - 1));
			for (size_t v = 0; v < variants; v++) {
				struct candidate *one = &list[count++];
				one->shape[X0] = centre[c][0];
				one->shape[Y0] = centre[c][1];
				one->shape[SIGMA] = sigma;
				one->shape[RATIO] = f->kind == BLOB_DOG ? ratios[v]
						    : v / 4             ? 2.5
									: 1.4;
				one->shape[THETA] = (double)(v % 4) * M_PI / 4;
				one->sse = separable_score(f->separable, y, one->shape);
			}
		}
	}
	qsort(list, count, sizeof *list, by_sse);
	return count;
}

/* may both enter the trust region? */
static bool apart(const struct candidate *a, const struct candidate *b)
{
	return hypot(a->shape[X0] - b->shape[X0], a->shape[Y0] - b->shape[Y0]) >
		   a->shape[SIGMA] / 2 ||
	       fabs(log(a->shape[SIGMA] / b->shape[SIGMA])) > .9;
}

static void from_fit(
    struct blob_fitter *f, const double *y, const struct separable_fit *fit, struct blob *blob)
{
	const struct separable_model *model = &models[f->kind][f->offset];
	double coefficient[SEPARABLE_LINEAR_MAX];
	double sse = separable_solve(f->separable, y, fit->shape, coefficient);
	*blob = (struct blob){.x0 = fit->shape[X0],
	    .y0 = fit->shape[Y0],
	    .sigma = fit->shape[SIGMA],
	    .ratio = model->shape > RATIO ? fit->shape[RATIO] : NAN,
	    .theta = NAN,
	    .amplitude = coefficient[0],
	    .surround = f->kind == BLOB_DOG ? -coefficient[1] : NAN,
	    .offset = f->offset ? coefficient[model->linear - 1] : 0,
	    .sse = sse,
	    .parameters = model->shape + model->linear};
	if (model->shape > THETA) {
		double theta = fit->shape[THETA] - M_PI * floor(fit->shape[THETA] / M_PI);
		blob->theta = theta < M_PI ? theta : 0;
	}
}

int blob_fit(struct blob_fitter *f, const double *y, double tolerance, struct blob *blob)
{
	size_t n = extent_pixels(f->size), chosen[BLOB_STARTS], starts = 0;
	double mean = 0, sst = 0, largest = 0;
	for (size_t i = 0; i < n && f->offset; i++)
		mean += y[i] / (double)n;
	for (size_t i = 0; i < n; i++) {
		sst += (y[i] - mean) * (y[i] - mean);
		largest = fmax(largest, fabs(y[i]));
	}
	if (!(sst > 1e-24 * largest * largest * (double)n)) {
		*blob = (struct blob){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, 0};
		return 0;
	}
	if (f->kind == BLOB_DELTA) {
		fit_delta(f, y, mean, sst, blob);
		return 0;
	}
	struct candidate list[CANDIDATES];
	struct separable_fit best = {.sse = INFINITY}, fit;
	size_t count = candidates(f, y, mean, list);
	for (size_t i = 0; i < count && starts < BLOB_STARTS; i++) {
		bool new = true;
		for (size_t j = 0; j < starts && new; j++)
			new = apart(&list[i], &list[chosen[j]]);
		if (!new)
			continue;
		chosen[starts++] = i;
		memcpy(fit.shape, list[i].shape, sizeof fit.shape);
		if (separable_minimise(f->separable, y, TRY_TOLERANCE, TRY_LIMIT, &fit) < 0)
			return -1;
		if (fit.sse < best.sse)
			best = fit;
	}
	if (separable_minimise(f->separable, y, tolerance, LIMIT, &best) < 0)
		return -1;
	from_fit(f, y, &best, blob);
	return 0;
}

void blob_sample(enum blob_kind kind, const struct blob *b, struct extent size, double *x)
{
	for (size_t i = 0; i < extent_pixels(size); i++) {
		double dx = bank_x(size.w, i % size.w) - b->x0,
		       dy = bank_y(size.h, i / size.w) - b->y0;
		double v = 2 * b->sigma * b->sigma, s = (dx * dx + dy * dy) / v;
		double p = dx * cos(b->theta) + dy * sin(b->theta),
		       q = -dx * sin(b->theta) + dy * cos(b->theta);
		switch (kind) {
		case BLOB_LOG:
			x[i] = b->amplitude * (1 - s) * exp(-s);
			break;
		case BLOB_DOG:
			x[i] =
			    b->amplitude * exp(-s) - b->surround * exp(-s / (b->ratio * b->ratio));
			break;
		case BLOB_GAUSSIAN:
			x[i] = b->amplitude * exp(-s);
			break;
		case BLOB_ELONGATED:
			x[i] = b->amplitude * exp(-(p * p / (b->ratio * b->ratio) + q * q) / v);
			break;
		default:
			x[i] = fabs(dx) < .5 && fabs(dy) < .5 ? b->amplitude : 0;
		}
		x[i] += b->offset;
	}
}
