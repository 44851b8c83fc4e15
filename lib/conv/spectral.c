/*
 * Convolution by Fourier transforms: see conv.h.
 *
 * Two images x1, x2 make one complex image x1 + i x2, whose spectrum Z may be multiplied by a real kernel's spectrum
 * without ever being taken apart. Kernels are real, so W(-u) = conj W(u), and u and -u are worked on together. With
 * W(u) = sum_d w[d] exp(+2 pi i u.d/N), cross-correlation is Z W and its adjoint Z conj W; the weights' gradient is
 * the real part of the inverse transform of
 *
 *	D(u) = sum over pairs of conj(G(u)) Z(u),
 *
 * since the two images' products stand in the real part and their cross terms in the imaginary one.
 *
 * Only the transforms along x are kept in memory, column by column (kx). The rest, transforms along y, products and
 * back, is done for one column kx and its opposite -kx at a time, of all images and channels, in a worker's cache; so
 * are the kernel's, which are larger than the images' and quicker made again than read. Memory is read and written in
 * long runs only.
 *
 * Along y a kernel's taps stand at 0..k-1 instead of -r..r, and its input's rows at r..r+h-1 instead of 0..h-1 to
 * make up for it; so nothing has to be turned around the circle.
 *
 * Columns of images are (nx, pairs, channels / LANES; h, re | im, LANES), those of kernels (half, input channels,
 * output channels / LANES; k, re | im, LANES).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/lanes.h"
#include "conv/method.h"
#include "conv/product.h"

/* Bytes that a worker goes through again and again: most of a second-level cache of 1 MiB. Half and twice as many make
 * no difference that could be measured. */
#define GROUP_ROOM ((size_t)640 << 10)

struct spectral {
	struct conv_size size;
	size_t reach;  /* r, k = 2 r + 1 */
	size_t nx, ny; /* of the transforms */
	size_t half;   /* columns 0..nx/2, which have all of a kernel's spectrum */
	size_t pairs;  /* of images, the last possibly with a zero image */
	size_t
	    group; /* of pairs that a worker takes at once: their spectra of a column stay in its cache */
	size_t pitch; /* elements from one row to the next in a worker's plane */
	struct lanes_fft *x_fft, *y_fft;
	real *packed;     /* (in, k, k, out_stride): weights, or their gradient */
	real *transposed; /* (out, k, k, in_stride): weights for the adjoint */
	real *current;    /* (out, in, k, k): the weights that the columns hold, if they do */
	bool holds;
	real *kernel, *adjoint; /* columns of W / (nx ny), of its transpose; `kernel` also of D */
	real **x, **g;          /* columns of the images and of the gradients, per slot */
	real *y;                /* columns of the product */
	real *cosine, *sine;    /* (half, r + 1): of 2 pi kx d/nx */
	real *zeros;            /* a row of a missing image */
	real **scratch;         /* per worker */
	/* arguments of the running step */
	struct filter {
		const real *from, *kernel;
		real *to;
		size_t channels, stride; /* of `from` */
		size_t blocks;           /* of LANES channels of `to` */
		size_t first, to_first;  /* where the images' rows begin on the circle */
		bool conjugate;
	} filter;
	struct weights {
		const real *packed;
		real *columns;
		size_t channels, blocks;
	} weights;
	const real *images;
	real *restored, *columns;
	size_t channels, slots;
	double *norms; /* per column */
};

/* Channels by groups of lanes: where there is a single one, the others stay zero. */
static struct conv_size by_lanes(const struct conv_size *size)
{
	struct conv_size wide = *size;
	wide.in_stride = lanes_up(size->in, LANES);
	wide.out_stride = lanes_up(size->out, LANES);
	return wide;
}

static void *plan_spectral(const struct conv_size *given)
{
	struct spectral *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	plan->size = by_lanes(given);
	const struct conv_size *size = &plan->size;
	plan->reach = size->k / 2;
	size_t taps, packed, transposed;
	if (mem_multiply(size->k, size->k, &taps) < 0 ||
	    mem_multiply(taps * size->in, size->out_stride, &packed) < 0 ||
	    mem_multiply(taps * size->out, size->in_stride, &transposed) < 0 ||
	    !(plan->packed = mem_alloc(packed, sizeof(real))) ||
	    !(plan->transposed = mem_alloc(transposed, sizeof(real))) ||
	    !(plan->current = mem_alloc(packed, sizeof(real)))) {
		free(plan->packed);
		free(plan->transposed);
		free(plan);
		return NULL;
	}
	return plan;
}

static void release(struct spectral *plan)
{
	for (size_t s = 0; plan->x && plan->g && s < plan->size.slots; s++) {
		free(plan->x[s]);
		free(plan->g[s]);
		if (!plan->size.gradients)
			break;
	}
	for (size_t i = 0; plan->scratch && i < plan->size.threads; i++)
		free(plan->scratch[i]);
	lanes_fft_free(plan->x_fft);
	lanes_fft_free(plan->y_fft);
	free(plan->x);
	free(plan->g);
	free(plan->y);
	free(plan->kernel);
	free(plan->adjoint);
	free(plan->cosine);
	free(plan->sine);
	free(plan->zeros);
	free(plan->scratch);
	plan->x_fft = plan->y_fft = NULL;
	plan->x = plan->g = plan->scratch = NULL;
	plan->y = plan->kernel = plan->adjoint = plan->cosine = plan->sine = plan->zeros = NULL;
}

static void free_spectral(void *argument)
{
	struct spectral *plan = argument;
	release(plan);
	free(plan->packed);
	free(plan->transposed);
	free(plan->current);
	free(plan);
}

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

/*
 * Numbers from one frequency ky to the next in a worker's spectra of a column, of a group of pairs by channels, by one
 * block and of the kernel's channels by one block; and from one pair to the next in a column that goes back. One
 * more group of lanes than there is: steps of a power of two would put a column's elements all in the same place of
 * the caches.
 */
static size_t spectrum_step(const struct spectral *plan, size_t stride)
{
	return 2 * plan->group * stride + LANES;
}

static size_t block_step(const struct spectral *plan)
{
	return 2 * plan->group * LANES + LANES;
}

static size_t kernel_step(size_t channels)
{
	return 2 * channels * LANES + LANES;
}

static size_t column_step(const struct spectral *plan)
{
	return 2 * plan->ny * LANES + 2 * LANES;
}

/* The smallest circle on which neither the image nor the kernel meets itself. */
static size_t circle(size_t side, size_t reach)
{
	return lanes_good_size(max(side + reach, 2 * reach + 1));
}

/* numbers a worker needs in filter_column, gradient_column, norm_column, transform_images, restore_images */
static size_t worker_room(const struct spectral *plan)
{
	const struct conv_size *size = &plan->size;
	size_t widest = max(size->in_stride, size->out_stride);
	size_t spectra = 2 * plan->ny * spectrum_step(plan, widest);
	size_t kernel = plan->ny * max(size->out_stride / LANES * kernel_step(size->in),
				       size->in_stride / LANES * kernel_step(size->out));
	size_t filter = kernel + 2 * plan->group * column_step(plan);
	size_t gradient = kernel + 2 * plan->ny * block_step(plan);
	size_t plane = (size->w + plan->pitch * size->h) * 2 * LANES;
	size_t sums = 2 * (plan->reach + 1) * LANES, norm = 2 * (size->in + size->out_stride);
	return max(max(spectra + max(filter, gradient + norm), plane), sums);
}

static int resize_spectral(void *argument, const struct conv_size *given)
{
	struct spectral *plan = argument;
	release(plan);
	plan->holds = false;
	plan->size = by_lanes(given);
	const struct conv_size *size = &plan->size;
	plan->pairs = (size->n + 1) / 2;
	plan->nx = circle(size->w, plan->reach);
	plan->ny = circle(size->h, plan->reach);
	plan->half = plan->nx / 2 + 1;
	plan->pitch = plan->nx | 1;
	size_t widest = max(size->in_stride, size->out_stride);
	plan->group = GROUP_ROOM / (4 * plan->ny * widest * sizeof(real)) / 4 * 4;
	plan->group = plan->group < 4 ? 4 : plan->group;
	plan->group = plan->group > plan->pairs ? plan->pairs : plan->group;
	size_t points, numbers, x_count, g_count, kernel, adjoint;
	/* the widest of all bounds what is computed without a check below */
	if (mem_multiply(plan->nx * 2, plan->ny, &points) < 0 ||
	    mem_multiply(8 * (plan->pairs + widest), widest, &numbers) < 0 ||
	    mem_multiply(points, numbers, &numbers) < 0 ||
	    mem_multiply(2 * plan->nx * size->h, plan->pairs * size->in_stride, &x_count) < 0 ||
	    mem_multiply(2 * plan->nx * size->h, plan->pairs * size->out_stride, &g_count) < 0 ||
	    mem_multiply(2 * plan->half * size->k, size->in * size->out_stride, &kernel) < 0 ||
	    mem_multiply(2 * plan->half * size->k, size->out * size->in_stride, &adjoint) < 0)
		return -1;
	plan->x_fft = lanes_fft_plan(plan->nx);
	plan->y_fft = lanes_fft_plan(plan->ny);
	if (!plan->x_fft || !plan->y_fft)
		return -1;
	plan->x = mem_alloc(size->slots, sizeof *plan->x);
	plan->g = mem_alloc(size->slots, sizeof *plan->g);
	plan->scratch = mem_alloc(size->threads, sizeof *plan->scratch);
	if (!plan->x || !plan->g || !plan->scratch)
		return -1;
	size_t kept = size->gradients ? size->slots : 1;
	for (size_t s = 0; s < size->slots; s++) {
		plan->x[s] = s < kept ? mem_alloc(x_count, sizeof(real)) : plan->x[0];
		plan->g[s] = s < kept ? mem_alloc(g_count, sizeof(real)) : plan->g[0];
		if (!plan->x[s] || !plan->g[s])
			return -1;
	}
	plan->y = mem_alloc(max(x_count, g_count), sizeof(real));
	plan->kernel = mem_alloc(kernel, sizeof(real));
	plan->adjoint = mem_alloc(adjoint, sizeof(real));
	plan->cosine = mem_alloc(plan->half * (plan->reach + 1), sizeof(real));
	plan->sine = mem_alloc(plan->half * (plan->reach + 1), sizeof(real));
	plan->zeros = mem_alloc(size->w * widest, sizeof(real));
	if (!plan->y || !plan->kernel || !plan->adjoint || !plan->cosine || !plan->sine ||
	    !plan->zeros)
		return -1;
	for (size_t kx = 0; kx < plan->half; kx++) {
		for (size_t d = 0; d <= plan->reach; d++) {
			double angle = 2 * M_PI * (double)(kx * d % plan->nx) / (double)plan->nx;
			plan->cosine[kx * (plan->reach + 1) + d] = (real)cos(angle);
			plan->sine[kx * (plan->reach + 1) + d] = (real)sin(angle);
		}
	}
	size_t own = 6 * max(plan->nx, plan->ny) * LANES;
	for (size_t i = 0; i < size->threads; i++) {
		plan->scratch[i] = mem_alloc(own + worker_room(plan), sizeof(real));
		if (!plan->scratch[i])
			return -1;
	}
	return 0;
}

/* A worker's memory: what a transform uses, a column in the order of memory (a transform takes its elements in an order
 * that the processor does not foresee), then worker_room numbers. */
static real *line_of(const struct spectral *plan, real *own)
{
	return own + 4 * max(plan->nx, plan->ny) * LANES;
}

static real *worker_rest(const struct spectral *plan, size_t worker)
{
	return plan->scratch[worker] + 6 * max(plan->nx, plan->ny) * LANES;
}

/* Ask for `count` numbers, `step` apart, ahead of their use: what a transform reads and writes
 * next, in an order that the processor does not foresee. */
LANES_INLINE void fetch(const real *from, size_t step, size_t count)
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(from + i * step, 0, 2);
}

LANES_INLINE void fetch_to(real *to, size_t step, size_t count)
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(to + i * step, 1, 2);
}

/* `count` elements from one array to another, whose elements are so many numbers apart */
LANES_INLINE void copy_elements(
    real *to, size_t to_step, const real *from, size_t from_step, size_t count)
{
	for (size_t i = 0; i < count; i++, to += to_step, from += from_step) {
		*(lanes *)to = *(const lanes *)from;
		*(lanes *)(to + LANES) = *(const lanes *)(from + LANES);
	}
}

/* a column of a pair of images, LANES channels */
static size_t image_column(
    const struct spectral *plan, size_t kx, size_t pair, size_t block, size_t blocks)
{
	return ((kx * plan->pairs + pair) * blocks + block) * plan->size.h * 2 * LANES;
}

/* and of a kernel */
static size_t weight_column(const struct spectral *plan, size_t kx, size_t channel, size_t channels,
    size_t block, size_t blocks)
{
	return ((kx * channels + channel) * blocks + block) * plan->size.k * 2 * LANES;
}

/* packed (channels, k, k, blocks LANES) along x: sum over d of w[d] (cos + i sin) / (nx ny); item is a channel and a
 * block */
FOR_AVX512
static int transform_weights(size_t item, size_t worker, void *argument)
{
	(void)worker;
	const struct spectral *plan = argument;
	const real *packed = plan->weights.packed;
	real *columns = plan->weights.columns;
	size_t channels = plan->weights.channels, blocks = plan->weights.blocks;
	size_t k = plan->size.k, r = plan->reach, stride = blocks * LANES;
	size_t channel = item / blocks, block = item % blocks;
	const lanes scale = (lanes){0} + (real)1 / (real)(plan->nx * plan->ny);
	for (size_t kx = 0; kx < plan->half; kx++) {
		const real *cosine = plan->cosine + kx * (r + 1), *sine = plan->sine + kx * (r + 1);
		lanes *out =
		    (lanes *)(columns + weight_column(plan, kx, channel, channels, block, blocks));
		for (size_t y = 0; y < k; y++) {
			const real *w =
			    packed + ((channel * k + y) * k + r) * stride + block * LANES;
			lanes re = *(const lanes *)w, im = {0};
			for (size_t d = 1; d <= r; d++) {
				lanes right = *(const lanes *)(w + d * stride);
				lanes left = *(const lanes *)(w - d * stride);
				re += cosine[d] * (right + left);
				im += sine[d] * (right - left);
			}
			out[2 * y] = re * scale;
			out[2 * y + 1] = im * scale;
		}
	}
	return 0;
}

/* weights (channels, k, k, stride) to columns */
static int to_weight_columns(
    struct spectral *plan, const real *packed, size_t channels, size_t stride, real *columns)
{
	plan->weights = (struct weights){packed, columns, channels, stride / LANES};
	return par_for(
	    channels * plan->weights.blocks, plan->size.threads, transform_weights, plan);
}

static int weights_spectral(void *argument, const real *w)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t taps = size->k * size->k, bytes = size->out * size->in * taps * sizeof(real);
	if (plan->holds && memcmp(plan->current, w, bytes) == 0)
		return 0;
	memcpy(plan->current, w, bytes);
	plan->holds = true;
	for (size_t o = 0; o < size->out; o++) {
		for (size_t i = 0; i < size->in; i++) {
			for (size_t t = 0; t < taps; t++) {
				real tap = w[(o * size->in + i) * taps + t];
				plan->packed[(i * taps + t) * size->out_stride + o] = tap;
				plan->transposed[(o * taps + t) * size->in_stride + i] = tap;
			}
		}
	}
	if (to_weight_columns(plan, plan->packed, size->in, size->out_stride, plan->kernel) < 0)
		return -1;
	return to_weight_columns(plan, plan->transposed, size->out, size->in_stride, plan->adjoint);
}

/* The pair of images and the block of channels that a worker transforms or restores, as offsets in numbers. */
struct part {
	size_t pair, block, blocks;
	size_t pixel, row; /* numbers a pixel and a row */
	size_t first, second;
	bool alone; /* there is no second image */
};

static struct part part_of(const struct spectral *plan, size_t item)
{
	const struct conv_size *size = &plan->size;
	struct part part = {.blocks = (plan->channels + LANES - 1) / LANES};
	part.pair = item / part.blocks;
	part.block = item % part.blocks;
	part.pixel = plan->channels == 1 ? 1 : part.blocks * LANES;
	part.row = size->w * part.pixel;
	part.first = 2 * part.pair * size->h * part.row + part.block * LANES;
	part.second = part.first + size->h * part.row;
	part.alone = 2 * part.pair + 1 == size->n;
	return part;
}

/* rows of pixels of a single channel to elements and back */
static void widen(const real *from, size_t count, real *to)
{
	for (size_t i = 0; i < count; i++)
		*(lanes *)(to + i * LANES) = (lanes){from[i]};
}

static void narrow(const real *from, size_t count, real *to)
{
	for (size_t i = 0; i < count; i++)
		to[i] = from[i * LANES];
}

/* a pair of images, LANES channels of them, along x: to columns */
static int transform_images(size_t item, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	size_t w = plan->size.w, h = plan->size.h;
	const struct part part = part_of(plan, item);
	real *own = plan->scratch[worker], *line = worker_rest(plan, worker);
	real *plane = line + 2 * w * LANES;
	struct lanes_in in = {.stride = part.pixel, .count = w};
	for (size_t y = 0; y < h; y++) {
		in.re = plan->images + part.first + y * part.row;
		in.im = part.alone ? plan->zeros : plan->images + part.second + y * part.row;
		if (part.pixel == 1) {
			widen(in.re, w, line);
			widen(in.im, w, line + w * LANES);
			in.re = line, in.im = line + w * LANES, in.stride = LANES;
		} else if (y + 1 < h) {
			fetch(in.re + part.row, part.pixel, w);
			fetch(in.im + (part.alone ? 0 : part.row), part.pixel, w);
		}
		real *to = plane + y * plan->pitch * 2 * LANES;
		lanes_fft_exec(plan->x_fft, &in,
		    &(struct lanes_out){to, to + LANES, 2 * LANES, 0, plan->nx}, own);
	}
	for (size_t kx = 0; kx < plan->nx; kx++)
		copy_elements(
		    plan->columns + image_column(plan, kx, part.pair, part.block, part.blocks),
		    2 * LANES, plane + kx * 2 * LANES, plan->pitch * 2 * LANES, h);
	return 0;
}

/* and back */
static int restore_images(size_t item, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	size_t w = plan->size.w, h = plan->size.h;
	const struct part part = part_of(plan, item);
	real *own = plan->scratch[worker], *line = worker_rest(plan, worker);
	real *plane = line + 2 * w * LANES;
	for (size_t kx = 0; kx < plan->nx; kx++) {
		const real *from =
		    plan->y + image_column(plan, kx, part.pair, part.block, part.blocks);
		if (kx + 1 < plan->nx)
			fetch(from + image_column(plan, 1, 0, 0, part.blocks), LANES, 2 * h);
		copy_elements(plane + kx * 2 * LANES, plan->pitch * 2 * LANES, from, 2 * LANES, h);
	}
	for (size_t y = 0; y < h; y++) {
		const real *from = plane + y * plan->pitch * 2 * LANES;
		real *first = plan->restored + part.first + y * part.row;
		/* a missing image's part goes where the one that is there is written after it */
		real *second = part.alone ? first : plan->restored + part.second + y * part.row;
		struct lanes_out out = {second, first, part.pixel, 0, w};
		if (part.pixel == 1) {
			out.re = line + w * LANES, out.im = line, out.stride = LANES;
		} else if (y + 1 < h) {
			fetch_to(first + part.row, part.pixel, w);
			fetch_to(second + part.row, part.pixel, w);
		}
		lanes_fft_exec(plan->x_fft,
		    &(struct lanes_in){from + LANES, from, 2 * LANES, 0, plan->nx}, &out, own);
		if (part.pixel == 1) {
			narrow(line + w * LANES, w, second);
			narrow(line, w, first);
		}
	}
	return 0;
}

/* pairs first..last-1 of images */
struct range {
	size_t first, last;
};

static struct range group_of(const struct spectral *plan, size_t first)
{
	size_t last = first + plan->group;
	return (struct range){first, last < plan->pairs ? last : plan->pairs};
}

/* Column kx of a group of pairs to spectra (ny, pairs, 2, count LANES): `count` blocks from `block` on. */
static void transform_columns(const struct spectral *plan, const real *columns, size_t kx,
    struct range pairs, size_t blocks, size_t block, size_t count, size_t row, real *spectra,
    size_t step, real *own)
{
	size_t stride = count * LANES;
	real *line = line_of(plan, own);
	for (size_t pair = pairs.first; pair < pairs.last; pair++) {
		for (size_t b = 0; b < count; b++) {
			const real *from =
			    columns + image_column(plan, kx, pair, block + b, blocks);
			memcpy(line, from, 2 * plan->size.h * LANES * sizeof(real));
			real *to = spectra + (pair - pairs.first) * 2 * stride + b * LANES;
			lanes_fft_exec(plan->y_fft,
			    &(struct lanes_in){line, line + LANES, 2 * LANES, row, plan->size.h},
			    &(struct lanes_out){to, to + stride, step, 0, plan->ny}, own);
		}
	}
}

/* Column kx of a kernel to spectra (blocks, ny, channels, 2, LANES), with the positive exponent. */
static void transform_kernel_column(const struct spectral *plan, const real *columns, size_t kx,
    size_t channels, size_t blocks, real *spectra, real *own)
{
	size_t step = kernel_step(channels);
	for (size_t c = 0; c < channels; c++) {
		for (size_t block = 0; block < blocks; block++) {
			const real *from =
			    columns + weight_column(plan, kx, c, channels, block, blocks);
			real *to = spectra + block * plan->ny * step + c * 2 * LANES;
			lanes_fft_exec(plan->y_fft,
			    &(struct lanes_in){from + LANES, from, 2 * LANES, 0, plan->size.k},
			    &(struct lanes_out){to + LANES, to, step, 0, plan->ny}, own);
		}
	}
}

/* and back: a block of the running filter's product, (pairs; ny, 2, LANES) */
static void restore_columns(const struct spectral *plan, const real *y, size_t kx,
    struct range pairs, size_t block, real *own)
{
	const struct filter *f = &plan->filter;
	size_t h = plan->size.h;
	real *line = line_of(plan, own);
	for (size_t pair = pairs.first; pair < pairs.last; pair++, y += column_step(plan)) {
		lanes_fft_exec(plan->y_fft,
		    &(struct lanes_in){y + LANES, y, 2 * LANES, 0, plan->ny},
		    &(struct lanes_out){line + LANES, line, 2 * LANES, f->to_first, h}, own);
		memcpy(f->to + image_column(plan, kx, pair, block, f->blocks), line,
		    2 * h * LANES * sizeof(real));
	}
}

/* columns kx and -kx of images times a kernel */
static int filter_column(size_t kx, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	const struct filter *f = &plan->filter;
	size_t ny = plan->ny, in_blocks = f->stride / LANES;
	size_t column[2] = {kx, (plan->nx - kx) % plan->nx}, count = column[0] == column[1] ? 1 : 2;
	size_t step = spectrum_step(plan, f->stride), w_step = kernel_step(f->channels);
	size_t back = column_step(plan);
	real *own = plan->scratch[worker], *x[2], *y[2];
	x[0] = worker_rest(plan, worker);
	x[1] = x[0] + ny * step;
	y[0] = x[1] + ny * step;
	y[1] = y[0] + plan->group * back;
	real *w = y[1] + plan->group * back;
	transform_kernel_column(plan, f->kernel, kx, f->channels, f->blocks, w, own);
	for (size_t first = 0; first < plan->pairs; first += plan->group) {
		struct range pairs = group_of(plan, first);
		for (size_t i = 0; i < count; i++)
			transform_columns(plan, f->from, column[i], pairs, in_blocks, 0, in_blocks,
			    f->first, x[i], step, own);
		for (size_t block = 0; block < f->blocks; block++) {
			for (size_t ky = 0; ky < ny; ky++) {
				size_t at[2] = {ky, (ny - ky) % ny};
				for (size_t i = 0; i < count; i++)
					product_complex(pairs.last - pairs.first, f->channels,
					    f->stride, x[i] + at[i] * step,
					    w + (block * ny + ky) * w_step,
					    y[i] + at[i] * 2 * LANES, back,
					    f->conjugate != (i == 1));
			}
			for (size_t i = 0; i < count; i++)
				restore_columns(plan, y[i], column[i], pairs, block, own);
		}
	}
	return 0;
}

/* column kx of D, back along y */
static int gradient_column(size_t kx, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t ny = plan->ny, blocks = size->out_stride / LANES,
	       in_blocks = size->in_stride / LANES;
	size_t column[2] = {kx, (plan->nx - kx) % plan->nx}, count = column[0] == column[1] ? 1 : 2;
	size_t x_step = spectrum_step(plan, size->in_stride), g_step = block_step(plan);
	size_t d_step = kernel_step(size->in);
	real *own = plan->scratch[worker], *x[2], *g[2];
	x[0] = worker_rest(plan, worker);
	x[1] = x[0] + (count - 1) * ny * x_step;
	g[0] = x[1] + ny * x_step;
	g[1] = g[0] + (count - 1) * ny * g_step;
	real *d = g[1] + ny * g_step;
	for (size_t s = 0; s < plan->slots; s++) {
		for (size_t first = 0; first < plan->pairs; first += plan->group) {
			struct range pairs = group_of(plan, first);
			for (size_t i = 0; i < count; i++)
				transform_columns(plan, plan->x[s], column[i], pairs, in_blocks, 0,
				    in_blocks, plan->reach, x[i], x_step, own);
			for (size_t block = 0; block < blocks; block++) {
				for (size_t i = 0; i < count; i++)
					transform_columns(plan, plan->g[s], column[i], pairs,
					    blocks, block, 1, 0, g[i], g_step, own);
				for (size_t ky = 0; ky < ny; ky++) {
					size_t minus = (ny - ky) % ny;
					product_gradient(pairs.last - pairs.first, size->in,
					    size->in_stride, x[0] + ky * x_step, g[0] + ky * g_step,
					    x[1] + minus * x_step, g[1] + minus * g_step,
					    d + (block * ny + ky) * d_step, s > 0 || first > 0);
				}
			}
		}
	}
	for (size_t block = 0; block < blocks; block++) {
		for (size_t c = 0; c < size->in; c++) {
			const real *from = d + block * ny * d_step + c * 2 * LANES;
			real *to =
			    plan->kernel + weight_column(plan, kx, c, size->in, block, blocks);
			lanes_fft_exec(plan->y_fft,
			    &(struct lanes_in){from + LANES, from, d_step, 0, ny},
			    &(struct lanes_out){to + LANES, to, 2 * LANES, 0, size->k}, own);
		}
	}
	return 0;
}

/* D's columns of one input channel and LANES output channels back to taps */
FOR_AVX512
static int transform_gradient(size_t item, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t k = size->k, r = plan->reach, half = plan->half, blocks = size->out_stride / LANES;
	size_t channel = item / blocks, block = item % blocks;
	lanes *sums = (lanes *)worker_rest(plan, worker); /* (r + 1, even | odd in x) */
	for (size_t y = 0; y < k; y++) {
		memset(sums, 0, (r + 1) * 2 * sizeof *sums);
		for (size_t kx = 0; kx < half; kx++) {
			const lanes *from =
			    (const lanes *)(plan->kernel + weight_column(plan, kx, channel,
							       size->in, block, blocks));
			bool single =
			    kx == 0 || 2 * kx == plan->nx; /* its own opposite, taken twice */
			const lanes weight =
			    (lanes){0} + (real)(single ? 0.5 : 1) / (real)(plan->nx * plan->ny);
			lanes re = weight * from[2 * y], im = weight * from[2 * y + 1];
			const real *cosine = plan->cosine + kx * (r + 1),
				   *sine = plan->sine + kx * (r + 1);
			for (size_t d = 0; d <= r; d++) {
				sums[2 * d] += cosine[d] * re;
				sums[2 * d + 1] -= sine[d] * im;
			}
		}
		real *to =
		    plan->packed + ((channel * k + y) * k + r) * size->out_stride + block * LANES;
		for (size_t d = 0; d <= r; d++) {
			*(lanes *)(to + d * size->out_stride) = sums[2 * d] + sums[2 * d + 1];
			*(lanes *)(to - d * size->out_stride) = sums[2 * d] - sums[2 * d + 1];
		}
	}
	return 0;
}

/* images of so many channels */
static int to_columns(struct spectral *plan, const real *images, size_t channels, real *columns)
{
	plan->images = images;
	plan->columns = columns;
	plan->channels = channels;
	size_t blocks = (channels + LANES - 1) / LANES;
	return par_for(plan->pairs * blocks, plan->size.threads, transform_images, plan);
}

/* the running filter, then to images of so many channels */
static int run_filter(struct spectral *plan, real *images, size_t channels)
{
	plan->restored = images;
	plan->channels = channels;
	size_t blocks = (channels + LANES - 1) / LANES;
	if (par_for(plan->half, plan->size.threads, filter_column, plan) < 0)
		return -1;
	return par_for(plan->pairs * blocks, plan->size.threads, restore_images, plan);
}

static int exec_spectral(void *argument, size_t slot, const real *x, real *y)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	if (to_columns(plan, x, size->in, plan->x[slot]) < 0)
		return -1;
	plan->filter = (struct filter){.from = plan->x[slot],
	    .kernel = plan->kernel,
	    .to = plan->y,
	    .channels = size->in,
	    .stride = size->in_stride,
	    .blocks = size->out_stride / LANES,
	    .first = plan->reach};
	return run_filter(plan, y, size->out);
}

static int adjoint_spectral(void *argument, size_t slot, const real *dy, real *dx)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	if (to_columns(plan, dy, size->out, plan->g[slot]) < 0)
		return -1;
	if (!dx)
		return 0;
	plan->filter = (struct filter){.from = plan->g[slot],
	    .kernel = plan->adjoint,
	    .to = plan->y,
	    .channels = size->out,
	    .stride = size->out_stride,
	    .blocks = size->in_stride / LANES,
	    .to_first = plan->reach,
	    .conjugate = true};
	return run_filter(plan, dx, size->in);
}

static int gradient_spectral(void *argument, size_t slots, real *dw)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	plan->slots = slots;
	plan->holds = false; /* D replaces W */
	size_t taps = size->k * size->k;
	if (par_for(plan->half, size->threads, gradient_column, plan) < 0 ||
	    par_for(
		size->in * (size->out_stride / LANES), size->threads, transform_gradient, plan) < 0)
		return -1;
	for (size_t o = 0; o < size->out; o++) {
		for (size_t i = 0; i < size->in; i++) {
			for (size_t t = 0; t < taps; t++)
				dw[(o * size->in + i) * taps + t] =
				    plan->packed[(i * taps + t) * size->out_stride + o];
		}
	}
	return 0;
}

/* Squared norm of the transfer matrix at one frequency by power iterations on W W^H. w: (in; 2, LANES) for each of
 * the output channels' blocks, block_room numbers apart; v: room for 2 (in + out_stride). */
static double norm_at(const struct spectral *plan, const real *w, size_t block_room, real *v)
{
	size_t in = plan->size.in, blocks = plan->size.out_stride / LANES;
	real *image = v + 2 * in; /* W^T v: (blocks, 2, LANES) */
	for (size_t i = 0; i < in; i++) {
		v[2 * i] = 1 + (real)(i % 7) / 8;
		v[2 * i + 1] = (real)(i % 5) / 4 - (real)0.5;
	}
	double before = 0, value = 0;
	for (unsigned iteration = 0; iteration < 60; iteration++) {
		double length = 0;
		for (size_t i = 0; i < 2 * in; i++)
			length += (double)v[i] * (double)v[i];
		if (!(length > 0))
			return 0;
		real scale = (real)(1 / sqrt(length));
		memset(image, 0, 2 * blocks * LANES * sizeof(real));
		for (size_t i = 0; i < in; i++) {
			real re = v[2 * i] * scale, im = v[2 * i + 1] * scale;
			for (size_t b = 0; b < blocks; b++) {
				const real *w_re = w + b * block_room + i * 2 * LANES;
				real *to = image + b * 2 * LANES;
				for (size_t o = 0; o < LANES; o++) {
					to[o] += re * w_re[o] - im * w_re[LANES + o];
					to[LANES + o] += re * w_re[LANES + o] + im * w_re[o];
				}
			}
		}
		value = 0;
		for (size_t o = 0; o < 2 * blocks * LANES; o++)
			value += (double)image[o] * (double)image[o];
		if (fabs(value - before) <= 1e-4 * value)
			break;
		before = value;
		for (size_t i = 0; i < in; i++) {
			real re = 0, im = 0;
			for (size_t b = 0; b < blocks; b++) {
				const real *w_re = w + b * block_room + i * 2 * LANES;
				const real *from = image + b * 2 * LANES;
#pragma omp simd reduction(+ : re, im)
				for (size_t o = 0; o < LANES; o++) {
					re += from[o] * w_re[o] + from[LANES + o] * w_re[LANES + o];
					im += from[LANES + o] * w_re[o] - from[o] * w_re[LANES + o];
				}
			}
			v[2 * i] = re;
			v[2 * i + 1] = im;
		}
	}
	return value;
}

static int norm_column(size_t kx, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	size_t in = plan->size.in, ny = plan->ny, blocks = plan->size.out_stride / LANES;
	real *own = plan->scratch[worker], *w = worker_rest(plan, worker);
	size_t block_room = ny * kernel_step(in);
	transform_kernel_column(plan, plan->kernel, kx, in, blocks, w, own);
	double largest = 0;
	for (size_t ky = 0; ky < ny; ky++)
		largest = fmax(largest,
		    norm_at(plan, w + ky * kernel_step(in), block_room, w + blocks * block_room));
	plan->norms[kx] = largest;
	return 0;
}

static int norm_spectral(void *argument, double *norm)
{
	struct spectral *plan = argument;
	plan->norms = mem_alloc(plan->half, sizeof *plan->norms);
	if (!plan->norms)
		return -1;
	int status = par_for(plan->half, plan->size.threads, norm_column, plan);
	double largest = 0;
	for (size_t kx = 0; kx < plan->half; kx++)
		largest = fmax(largest, plan->norms[kx]);
	free(plan->norms);
	*norm = sqrt(largest) * (double)(plan->nx * plan->ny);
	return status;
}

const struct conv_method conv_spectral = {
    .plan = plan_spectral,
    .free = free_spectral,
    .resize = resize_spectral,
    .weights = weights_spectral,
    .exec = exec_spectral,
    .adjoint = adjoint_spectral,
    .gradient = gradient_spectral,
    .norm = norm_spectral,
};
