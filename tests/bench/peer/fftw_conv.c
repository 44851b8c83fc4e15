/*
 * The peer of lib/conv/fft_conv.c that make bench compares it with: the same convolution by FFTW's transforms and one
 * complex matrix product of OpenBLAS per frequency. A program that links this file before the library has this
 * conv_fft in place of the library's.
 *
 * Two real images x1 and x2 travel as one complex image z = x1 + i x2 of spectrum Z. A kernel's spectrum is
 *	W(u) = sum over d of w[d] exp(+2 pi i u.d/N),  W(-u) = conj W(u),
 * so the cross-correlation of both images is Z(u) W(u), and its adjoint is G(u) conj(W(u))^T. At -u the conjugate of Z(-u)
 * is kept, which W(u) multiplies too: a frequency and its opposite are one matrix product over all rows. The gradient to
 * the weights is the real part of the inverse transform of conj E(u), where
 *	E(u) = sum over rows of Z(u)^H G(u),
 * because the products of each image with itself stand in the real part.
 *
 * Memory. Spectra are (nx/2 + 1; rows; ny, channels) complex numbers; rows are the pairs at kx, then those at -kx.
 * Transforms run over BLOCK channels at a time, which are the contiguous axis, first along the rows that
 * have pixels, then down the columns; one block of one pair fits a second-level cache. Of the kernel only the
 * transforms along x are kept, (nx/2 + 1; k, in, out). Those along y are made again for each use, for TEETH
 * frequencies at a time, which stay in the cache: the whole spectrum is larger than the images'. As a kernel has few taps,
 * its transforms are products with a small matrix.
 *
 * Threads split pairs, columns or input channels. Every product has a size of its own that does not depend on how many
 * threads there are, and OpenBLAS works with one thread, so results do not depend on the number of threads.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "base/vector.h"
#include "conv/method.h"

#define LINE (64 / sizeof(real_complex)) /* complex numbers in a cache line */
#define BLOCK                                                                                      \
	(64 / sizeof(real)) /* channels transformed together; conv_stride is a multiple of it */
#define TEETH 8             /* frequencies ky whose kernel spectra a worker holds */

/* The images on one side of the convolution: its inputs or its outputs. */
struct side {
	size_t channels, stride; /* numbers a pixel has in memory */
	size_t width,
	    block; /* complex numbers a pixel has in spectra; of which so many are transformed together */
	size_t column; /* complex numbers from one pair to the next */
	size_t pitch;  /* from one row to the next of a worker's plane */
	FFTW(plan) rows_in, columns_in, columns_out, rows_out;
};

struct plan {
	struct conv_size size;
	struct side in, out;
	size_t nx, ny;         /* of the transforms */
	size_t half, pairs;    /* columns 0..nx/2 */
	size_t weights;        /* in out */
	real_complex *along_x; /* (half, k): exp(2 pi i kx (t - r)/nx) */
	real *along_y; /* (ny, k): cos(2 pi ky t/ny) for t = 0..r, then its sine for t = 1..r */
	real *current; /* (out, in, k, k): the weights that `kernel` holds, if it does */
	bool holds;
	real_complex *kernel;   /* (half; k, in, out), see taps_in; after the gradient, of E */
	real_complex **x, **g;  /* spectra of inputs and of outputs' gradients, per slot */
	real_complex *y;        /* of a product */
	real *zeros;            /* a row of a missing image */
	real_complex **scratch; /* per worker */
	/* arguments of the running step */
	struct step {
		const struct side *from, *to;
		const real *images;
		real *restored;
		real_complex *spectra;
		bool adjoint;
	} step;
	const real *w;
	real *dw;
	size_t slots;
};

/* Sizes whose transforms FFTW's estimated plans make fast: 16 channels forth, ns per point and channel on the machine
 * they were chosen on, 48: .9, 56: 1.0, 64: .4, 72: 1.0, 80: 1.1, 84: 1.1, 96: .8, but 50: 1.4, 68: 4, 70: 1.4, 90: 1.5. */
static size_t good_size(size_t n)
{
	static const size_t good[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 20, 24, 28, 32,
	    36, 40, 48, 52, 56, 64, 72, 80, 84, 96, 112, 120, 128, 144, 160, 192};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (good[i] >= n)
			return good[i];
	}
	for (size_t size = (n + 15) / 16 * 16;; size += 16) {
		size_t rest = size;
		for (size_t prime = 2; prime <= 7; prime++) {
			while (rest % prime == 0)
				rest /= prime;
		}
		if (rest == 1)
			return size;
	}
}

/* The smallest circle on which neither the image nor the kernel meets itself. */
static size_t circle(size_t side, size_t k)
{
	return good_size(size_max(side + k / 2, k));
}

static void *plan_fft(const struct conv_size *size)
{
	openblas_set_num_threads(1);
	struct plan *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	plan->size = *size;
	size_t taps;
	if (mem_multiply(size->in, size->out, &plan->weights) < 0 ||
	    mem_multiply(size->k * size->k, plan->weights, &taps) < 0 ||
	    !(plan->current = mem_alloc(taps, sizeof(real)))) {
		free(plan);
		return NULL;
	}
	return plan;
}

static void release_side(struct side *side)
{
	FFTW(destroy_plan)(side->rows_in);
	FFTW(destroy_plan)(side->columns_in);
	FFTW(destroy_plan)(side->columns_out);
	FFTW(destroy_plan)(side->rows_out);
	*side = (struct side){0};
}

static void release(struct plan *plan)
{
	for (size_t s = 0; plan->x && plan->g && s < plan->size.slots; s++) {
		free(plan->x[s]);
		free(plan->g[s]);
		if (!plan->size.gradients)
			break;
	}
	for (size_t i = 0; plan->scratch && i < plan->size.threads; i++)
		free(plan->scratch[i]);
	release_side(&plan->in);
	release_side(&plan->out);
	free(plan->along_x);
	free(plan->along_y);
	free(plan->kernel);
	free(plan->x);
	free(plan->g);
	free(plan->y);
	free(plan->zeros);
	free(plan->scratch);
	plan->along_x = plan->kernel = plan->y = NULL;
	plan->x = plan->g = plan->scratch = NULL;
	plan->along_y = plan->zeros = NULL;
}

static void free_fft(void *argument)
{
	struct plan *plan = argument;
	release(plan);
	free(plan->current);
	free(plan);
}

/* Transforms of `block` channels, neighbours in memory; points of a line are `from` and `to` complex numbers apart. */
static FFTW(plan) plan_lines(size_t points, size_t block, int from, int to, int sign)
{
	int n = (int)points;
	size_t step = (size_t)(from > to ? from : to);
	void *in = mem_alloc(points * step, sizeof(real_complex));
	void *out = mem_alloc(points * step, sizeof(real_complex));
	FFTW(plan) plan = NULL;
	if (in && out)
		plan = FFTW(plan_many_dft)(
		    1, &n, (int)block, in, NULL, from, 1, out, NULL, to, 1, sign, FFTW_ESTIMATE);
	free(in);
	free(out);
	return plan;
}

static void transform(FFTW(plan) plan, void *in, void *out)
{
	FFTW(execute_dft)(plan, in, out);
}

static int plan_side(const struct plan *plan, size_t channels, size_t stride, struct side *side)
{
	side->channels = channels;
	side->stride = stride;
	side->width = stride == 1 ? LINE : stride;
	side->block = stride == 1 ? LINE : BLOCK;
	/* an odd number of cache lines apart, neighbours fall on different places of the caches */
	side->column = plan->ny * side->width + LINE;
	side->pitch = plan->nx * side->block + LINE;
	int row = (int)side->block, down = (int)side->pitch, up = (int)side->width;
	side->rows_in = plan_lines(plan->nx, side->block, row, row, FFTW_FORWARD);
	side->columns_in = plan_lines(plan->ny, side->block, down, up, FFTW_FORWARD);
	side->columns_out = plan_lines(plan->ny, side->block, up, down, FFTW_BACKWARD);
	side->rows_out = plan_lines(plan->nx, side->block, row, row, FFTW_BACKWARD);
	return side->rows_in && side->columns_in && side->columns_out && side->rows_out ? 0 : -1;
}

static double angle(size_t u, size_t t, size_t n)
{
	return 2 * M_PI * (double)(u * t % n) / (double)n;
}

static real_complex *turns_along_x(const struct plan *plan)
{
	size_t k = plan->size.k, n = plan->nx;
	real_complex *turn = mem_alloc(plan->half * k, sizeof *turn);
	for (size_t i = 0; turn && i < plan->half * k; i++) {
		double at = angle(i / k, i % k + n - k / 2 % n, n);
		((real *)turn)[2 * i] = (real)cos(at);
		((real *)turn)[2 * i + 1] = (real)sin(at);
	}
	return turn;
}

static real *turns_along_y(const struct plan *plan)
{
	size_t k = plan->size.k;
	real *turn = mem_alloc(plan->ny * k, sizeof *turn);
	for (size_t i = 0; turn && i < plan->ny * k; i++) {
		size_t t = i % k, r = k / 2;
		turn[i] = (real)(t <= r ? cos(angle(i / k, t, plan->ny))
					: sin(angle(i / k, t - r, plan->ny)));
	}
	return turn;
}

static int resize_fft(void *argument, const struct conv_size *size)
{
	struct plan *plan = argument;
	release(plan);
	plan->holds = false;
	plan->size = *size;
	plan->nx = circle(size->w, size->k);
	plan->ny = circle(size->h, size->k);
	plan->half = plan->nx / 2 + 1;
	plan->pairs = (size->n + 1) / 2;
	if (plan_side(plan, size->in, size->in_stride, &plan->in) < 0 ||
	    plan_side(plan, size->out, size->out_stride, &plan->out) < 0)
		return -1;
	size_t columns, x_count, g_count, kernel, block = size_max(plan->in.block, plan->out.block);
	if (mem_multiply(2 * plan->half, plan->pairs, &columns) < 0 ||
	    mem_multiply(columns, plan->in.column, &x_count) < 0 ||
	    mem_multiply(columns, plan->out.column, &g_count) < 0 ||
	    mem_multiply(plan->half * size->k, plan->weights, &kernel) < 0)
		return -1;
	size_t plane = (plan->nx + 1) * block + plan->ny * (plan->nx * block + LINE);
	size_t room = size_max(plane, size_max(TEETH * plan->weights, size->k * size->out));
	plan->x = mem_alloc(size->slots, sizeof *plan->x);
	plan->g = mem_alloc(size->slots, sizeof *plan->g);
	plan->scratch = mem_alloc(size->threads, sizeof *plan->scratch);
	if (!plan->x || !plan->g || !plan->scratch)
		return -1;
	size_t kept = size->gradients ? size->slots : 1;
	for (size_t s = 0; s < size->slots; s++) {
		plan->x[s] = s < kept ? mem_alloc(x_count, sizeof(real_complex)) : plan->x[0];
		plan->g[s] = s < kept ? mem_alloc(g_count, sizeof(real_complex)) : plan->g[0];
		if (!plan->x[s] || !plan->g[s])
			return -1;
	}
	for (size_t i = 0; i < size->threads; i++) {
		plan->scratch[i] = mem_alloc(room, sizeof(real_complex));
		if (!plan->scratch[i])
			return -1;
	}
	plan->along_x = turns_along_x(plan);
	plan->along_y = turns_along_y(plan);
	plan->kernel = mem_alloc(kernel, sizeof(real_complex));
	plan->y = mem_alloc(size_max(x_count, g_count), sizeof(real_complex));
	plan->zeros =
	    mem_alloc(size->w * size_max(size->in_stride, size->out_stride), sizeof(real));
	return plan->along_x && plan->along_y && plan->kernel && plan->y && plan->zeros ? 0 : -1;
}

/* ---- matrix products ---- */

struct matrix {
	const real_complex *x;
	CBLAS_TRANSPOSE as;
	size_t step; /* from one row to the next */
};

/* c (m, n) = a (m, k) b (k, n), or plus what is there; a and b are (transposed or conjugate) what their matrices say. */
static void multiply(size_t m, size_t n, size_t k, struct matrix a, struct matrix b, bool add,
    real_complex *c, size_t c_step)
{
	const real one[2] = {1, 0}, old[2] = {add ? 1 : 0, 0};
	cblas_cgemm(CblasRowMajor, a.as, b.as, (int)m, (int)n, (int)k, one, a.x, (int)a.step, b.x,
	    (int)b.step, old, c, (int)c_step);
}

/* ---- kernels ---- */

/*
 * With rows t and -t of a kernel taken together, even w[t] + w[-t] and odd i (w[t] - w[-t]), the transform along y is a
 * product with real numbers, cosines and sines, and takes half the time:
 *	W(ky) = sum over t >= 0 of even[t] cos(2 pi ky t/ny) + sum over t > 0 of odd[t] sin(2 pi ky t/ny).
 * `kernel` has them as (even for t = 0..r, odd for t = 1..r).
 */

/* One input channel of the weights to their transforms along x. */
static int taps_in(size_t channel, size_t worker, void *argument)
{
	struct plan *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t k = size->k, r = k / 2, step = k * plan->weights;
	real_complex *row = plan->scratch[worker]; /* (k, out) */
	const real scale = (real)1 / (real)(plan->nx * plan->ny);
	for (size_t y = 0; y < k; y++) {
		bool odd = y > r;
		size_t t = odd ? y - r : y;
		for (size_t o = 0; o < size->out; o++) {
			const real *w = plan->w + ((o * size->in + channel) * k + r) * k;
			const real *below = w + t * k, *above = w - t * k;
			for (size_t x = 0; x < k; x++) {
				real *to = (real *)(row + x * size->out + o);
				to[odd] = scale * (odd         ? below[x] - above[x]
						      : t == 0 ? below[x]
							       : below[x] + above[x]);
				to[!odd] = 0;
			}
		}
		multiply(plan->half, size->out, k, (struct matrix){plan->along_x, CblasNoTrans, k},
		    (struct matrix){row, CblasNoTrans, size->out}, false,
		    plan->kernel + (y * size->in + channel) * size->out, step);
	}
	return 0;
}

/* And of the gradient back. */
static int taps_out(size_t channel, size_t worker, void *argument)
{
	struct plan *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t k = size->k, r = k / 2, step = k * plan->weights;
	real_complex *row = plan->scratch[worker]; /* (k, out) */
	const real scale = (real)1 / (real)(plan->nx * plan->ny);
	for (size_t y = 0; y < k; y++) {
		bool odd = y > r;
		size_t t = odd ? y - r : y;
		multiply(k, size->out, plan->half,
		    (struct matrix){plan->along_x, CblasConjTrans, k},
		    (struct matrix){
			plan->kernel + (y * size->in + channel) * size->out, CblasNoTrans, step},
		    false, row, size->out);
		for (size_t o = 0; o < size->out; o++) {
			real *dw = plan->dw + ((o * size->in + channel) * k + r) * k;
			real *below = dw + t * k, *above = dw - t * k;
			for (size_t x = 0; x < k; x++) {
				const real *sum = (const real *)(row + x * size->out + o);
				if (!odd) {
					below[x] = above[x] = sum[0] * scale;
				} else {
					below[x] += sum[1] * scale;
					above[x] -= sum[1] * scale;
				}
			}
		}
	}
	return 0;
}

static int weights_fft(void *argument, const real *w)
{
	struct plan *plan = argument;
	size_t bytes = plan->weights * plan->size.k * plan->size.k * sizeof(real);
	if (plan->holds && memcmp(plan->current, w, bytes) == 0)
		return 0;
	memcpy(plan->current, w, bytes);
	plan->holds = true;
	plan->w = plan->current;
	return par_for(plan->size.in, plan->size.threads, taps_in, plan);
}

/* ---- images ---- */

/* One block of channels of a pair of images. */
struct part {
	size_t first, channels;  /* channels: those that there are */
	const real *pair[2];     /* NULL: there is no second image */
	real_complex *spectrum;  /* at kx = 0 */
	size_t column, opposite; /* from there to the next kx, to that of -kx */
};

static struct part part_of(
    const struct plan *plan, const struct side *side, size_t item, const real *images)
{
	size_t blocks = side->width / side->block, pair = item / blocks;
	size_t image = plan->size.h * plan->size.w * side->stride;
	size_t first = item % blocks * side->block;
	const real *x = images + 2 * pair * image + first;
	return (struct part){.first = first,
	    .channels = size_min(side->block, side->channels - first),
	    .pair = {x, 2 * pair + 1 < plan->size.n ? x + image : NULL},
	    .spectrum = plan->step.spectra + pair * side->column + first,
	    .column = 2 * plan->pairs * side->column,
	    .opposite = plan->pairs * side->column};
}

/* `pixels` of two images as complex numbers and back, BLOCK channels or the only one. */
FOR_AVX512 static void interleave(
    const real *a, const real *b, size_t pixels, size_t stride, real *to)
{
	for (size_t p = 0; p < pixels; p++, a += stride, b += stride, to += 2 * BLOCK) {
		for (size_t c = 0; c < BLOCK; c++) {
			to[2 * c] = a[c];
			to[2 * c + 1] = b[c];
		}
	}
}

FOR_AVX512 static void separate(const real *from, size_t pixels, size_t stride, real *a, real *b)
{
	for (size_t p = 0; p < pixels; p++, a += stride, b += stride, from += 2 * BLOCK) {
		for (size_t c = 0; c < BLOCK; c++) {
			a[c] = from[2 * c];
			b[c] = from[2 * c + 1];
		}
	}
}

FOR_AVX512 static void conjugate(real *x, size_t count)
{
	for (size_t i = 0; i < count; i++)
		x[2 * i + 1] = -x[2 * i + 1];
}

/* Where column kx of a part's spectrum is; beyond the half, the conjugate of its opposite. */
static real_complex *column_of(const struct plan *plan, const struct part *part, size_t kx)
{
	return part->spectrum + (kx < plan->half ? kx * part->column
						 : (plan->nx - kx) * part->column + part->opposite);
}

static int images_in(size_t item, size_t worker, void *argument)
{
	struct plan *plan = argument;
	const struct side *side = plan->step.from;
	const struct part part = part_of(plan, side, item, plan->step.images);
	size_t w = plan->size.w, h = plan->size.h;
	real_complex *line = plan->scratch[worker], *plane = line + plan->nx * side->block;
	memset(line, 0, plan->nx * side->block * sizeof *line);
	memset(plane + h * side->pitch, 0, (plan->ny - h) * side->pitch * sizeof *plane);
	for (size_t y = 0; y < h; y++) {
		const real *a = part.pair[0] + y * w * side->stride;
		const real *b = part.pair[1] ? part.pair[1] + y * w * side->stride : plan->zeros;
		if (side->stride > 1)
			interleave(a, b, w, side->stride, (real *)line);
		for (size_t p = 0; side->stride == 1 && p < w; p++) {
			((real *)(line + p * side->block))[0] = a[p];
			((real *)(line + p * side->block))[1] = b[p];
		}
		real_complex *row = plane + y * side->pitch;
		transform(side->rows_in, line, row);
		conjugate((real *)(row + plan->half * side->block),
		    (plan->nx - plan->half) * side->block);
	}
	for (size_t kx = 0; kx < plan->nx; kx++)
		transform(side->columns_in, plane + kx * side->block, column_of(plan, &part, kx));
	return 0;
}

static int images_out(size_t item, size_t worker, void *argument)
{
	struct plan *plan = argument;
	const struct side *side = plan->step.to;
	const struct part part = part_of(plan, side, item, plan->step.restored);
	size_t w = plan->size.w, h = plan->size.h;
	real_complex *line = plan->scratch[worker], *plane = line + plan->nx * side->block;
	for (size_t kx = 0; kx < plan->nx; kx++)
		transform(side->columns_out, column_of(plan, &part, kx), plane + kx * side->block);
	for (size_t y = 0; y < h; y++) {
		real_complex *row = plane + y * side->pitch;
		conjugate((real *)(row + plan->half * side->block),
		    (plan->nx - plan->half) * side->block);
		transform(side->rows_out, row, line);
		real *a = (real *)part.pair[0] + y * w * side->stride;
		/* a missing image's part goes where the one that is there is written after it */
		real *b = part.pair[1] ? (real *)part.pair[1] + y * w * side->stride : a;
		const real *from = (const real *)line;
		if (part.pair[1] && part.channels == BLOCK) {
			separate(from, w, side->stride, a, b);
			continue;
		}
		for (size_t p = 0; p < w; p++, a += side->stride, b += side->stride) {
			for (size_t c = 0; c < size_min(side->block, side->stride); c++) {
				bool there = c < part.channels;
				b[c] = there ? from[2 * (p * side->block + c) + 1] : 0;
				a[c] = there ? from[2 * (p * side->block + c)] : 0;
			}
		}
	}
	return 0;
}

/* ---- frequencies ---- */

/* Where frequency (kx, ky) is in the first row of the spectra of a side. */
static real_complex *frequency(
    const struct plan *plan, const struct side *side, real_complex *spectra, size_t kx, size_t ky)
{
	return spectra + kx * 2 * plan->pairs * side->column + ky * side->width;
}

/* How many rows column kx has: pairs and, where it is not its own opposite, the conjugates of column -kx. */
static size_t rows_of(const struct plan *plan, size_t kx)
{
	return 2 * kx % plan->nx == 0 ? plan->pairs : 2 * plan->pairs;
}

/* Column kx of images times a kernel. */
static int filter_column(size_t kx, size_t worker, void *argument)
{
	struct plan *plan = argument;
	const struct step *step = &plan->step;
	const struct side *from = step->from, *to = step->to;
	size_t k = plan->size.k, rows = rows_of(plan, kx);
	real_complex *w = plan->scratch[worker]; /* (TEETH; in, out) */
	const real *taps = (const real *)(plan->kernel + kx * k * plan->weights);
	int numbers = (int)(2 * plan->weights);
	for (size_t first = 0; first < plan->ny; first += TEETH) {
		size_t count = size_min(plan->ny - first, TEETH);
		CBLAS(gemm)
		(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)count, numbers, (int)k, 1,
		    plan->along_y + first * k, (int)k, taps, numbers, 0, (real *)w, numbers);
		for (size_t i = 0; i < count; i++)
			multiply(rows, to->channels, from->channels,
			    (struct matrix){frequency(plan, from, step->spectra, kx, first + i),
				CblasNoTrans, from->column},
			    (struct matrix){w + i * plan->weights,
				step->adjoint ? CblasConjTrans : CblasNoTrans, plan->size.out},
			    false, frequency(plan, to, plan->y, kx, first + i), to->column);
	}
	return 0;
}

/* Column kx of E plus the conjugate of column -kx, back along y. */
static int gradient_column(size_t kx, size_t worker, void *argument)
{
	struct plan *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t k = size->k, rows = rows_of(plan, kx);
	real_complex *e = plan->scratch[worker]; /* (TEETH; in, out) */
	real *taps = (real *)(plan->kernel + kx * k * plan->weights);
	int numbers = (int)(2 * plan->weights);
	for (size_t first = 0; first < plan->ny; first += TEETH) {
		size_t count = size_min(plan->ny - first, TEETH);
		for (size_t i = 0; i < count * plan->slots; i++) {
			size_t ky = first + i / plan->slots, s = i % plan->slots;
			multiply(size->in, size->out, rows,
			    (struct matrix){frequency(plan, &plan->in, plan->x[s], kx, ky),
				CblasConjTrans, plan->in.column},
			    (struct matrix){frequency(plan, &plan->out, plan->g[s], kx, ky),
				CblasNoTrans, plan->out.column},
			    s > 0, e + i / plan->slots * plan->weights, size->out);
		}
		CBLAS(gemm)
		(CblasRowMajor, CblasTrans, CblasNoTrans, (int)k, numbers, (int)count, 1,
		    plan->along_y + first * k, (int)k, (const real *)e, numbers, first > 0, taps,
		    numbers);
	}
	return 0;
}

/* ---- the steps of conv.h ---- */

static int to_spectra(
    struct plan *plan, const struct side *side, const real *images, real_complex *spectra)
{
	plan->step = (struct step){.from = side, .images = images, .spectra = spectra};
	return par_for(
	    plan->pairs * (side->width / side->block), plan->size.threads, images_in, plan);
}

/* The spectra made last times the kernel, to images of the other side. */
static int filter(struct plan *plan, const struct side *to, bool adjoint, real *images)
{
	plan->step.to = to;
	plan->step.adjoint = adjoint;
	if (par_for(plan->half, plan->size.threads, filter_column, plan) < 0)
		return -1;
	plan->step.restored = images;
	plan->step.spectra = plan->y;
	return par_for(plan->pairs * (to->width / to->block), plan->size.threads, images_out, plan);
}

static int exec_fft(void *argument, size_t slot, const real *x, real *y)
{
	struct plan *plan = argument;
	if (to_spectra(plan, &plan->in, x, plan->x[slot]) < 0)
		return -1;
	return filter(plan, &plan->out, false, y);
}

static int adjoint_fft(void *argument, size_t slot, const real *dy, real *dx)
{
	struct plan *plan = argument;
	if (to_spectra(plan, &plan->out, dy, plan->g[slot]) < 0)
		return -1;
	return dx ? filter(plan, &plan->in, true, dx) : 0;
}

static int gradient_fft(void *argument, size_t slots, real *dw)
{
	struct plan *plan = argument;
	plan->slots = slots;
	plan->dw = dw;
	plan->holds = false; /* E replaces W */
	if (par_for(plan->half, plan->size.threads, gradient_column, plan) < 0)
		return -1;
	return par_for(plan->size.in, plan->size.threads, taps_out, plan);
}

const struct conv_method conv_fft = {
    .keeps_input = true,
    .plan = plan_fft,
    .free = free_fft,
    .resize = resize_fft,
    .weights = weights_fft,
    .exec = exec_fft,
    .adjoint = adjoint_fft,
    .gradient = gradient_fft,
};
