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
 * Spectra of images are (nx, pairs, channels / LANES; ny, re | im, LANES). A worker takes one column kx of all images and
 * channels together with its opposite -kx, and of them one comb of frequencies ky (vector_fft.h) after another. So each
 * number is read from memory once, asked for in time and in long runs, and written once, past the caches. A kernel's
 * column is made in the worker's cache (kernel_spectrum.c).
 *
 * Along y a kernel's taps stand at 0..k-1 instead of -r..r, and its input's rows at r..r+h-1 instead of 0..h-1, which
 * cancels that shift.
 *
 * FFTW and OpenBLAS do the same in tests/bench/peer/fftw_conv.c, and `make bench-learning` compares the two. They take so
 * many times this file's processor time for a whole training step, 64 images of 48 x 48, one thread, measured on a machine
 * with nothing else to do:
 *	filters	K1	ratio
 *	32	9 x 9	1.88
 *	64	9 x 9	1.85
 *	64	15 x 15	1.90
 *	64	23 x 23	2.04
 * That is with OpenBLAS's kernels for AVX2 (OPENBLAS_CORETYPE=Haswell). FFTW's estimated plans
 * transform one channel after another, in vectors of 4 complex numbers at most, and OpenBLAS copies every matrix before it
 * multiplies it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "conv/kernel_spectrum.h"
#include "conv/method.h"
#include "conv/product.h"
#include "conv/stream.h"

struct fft_conv {
	struct conv_size size;
	size_t reach;        /* r, k = 2 r + 1 */
	size_t nx, ny;       /* of the transforms */
	size_t teeth, combs; /* ny = combs teeth, vector_fft.h */
	size_t half;         /* columns 0..nx/2, which have all of a kernel's spectrum */
	size_t pairs;        /* of images, the last possibly with a zero image */
	size_t group;        /* of pairs that a worker multiplies at once */
	size_t pitch;        /* elements from one row to the next in a worker's plane */
	size_t column;       /* numbers from one column of LANES channels to the next */
	struct vector_fft *x_fft, *y_fft,
	    *y_back;   /* y_fft writes, y_back reads frequencies in comb order */
	real *current; /* (out, in, k, k): the weights that the columns hold, if they do */
	bool holds;
	struct kernel_spectrum kernel;
	real **x, **g;  /* spectra of the images and of the gradients, per slot */
	real *y;        /* of the product */
	real *zeros;    /* a row of a missing image */
	real **scratch; /* per worker: what a transform uses, a column, then the rest */
	real **rest;    /* per worker: where the rest begins */
	/* arguments of the running step */
	struct filter {
		const real *from;
		real *to;
		size_t channels, stride; /* of `from` */
		size_t blocks;           /* of LANES channels of `to` */
		bool adjoint;
	} filter;
	const real *images;
	real *restored, *spectra;
	size_t channels, slots;
	size_t first; /* where the images' rows stand on the circle along y */
};

/* Bytes of one column's spectra at one frequency that a worker multiplies at once: a part of its first-level cache. */
#define GROUP_ROOM ((size_t)8 << 10)

/* Channels by groups of lanes: where there is a single one, the others stay zero. */
static struct conv_size by_lanes(const struct conv_size *size)
{
	struct conv_size wide = *size;
	wide.in_stride = round_up(size->in, LANES);
	wide.out_stride = round_up(size->out, LANES);
	return wide;
}

static void *plan_fft(const struct conv_size *given)
{
	struct fft_conv *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	plan->size = by_lanes(given);
	const struct conv_size *size = &plan->size;
	plan->reach = size->k / 2;
	size_t taps, weights;
	if (mem_multiply(size->k, size->k, &taps) < 0 ||
	    mem_multiply(taps * size->in, size->out, &weights) < 0 ||
	    !(plan->current = mem_alloc(weights, sizeof(real)))) {
		free(plan);
		return NULL;
	}
	return plan;
}

static void release(struct fft_conv *plan)
{
	for (size_t s = 0; plan->x && plan->g && s < plan->size.slots; s++) {
		free(plan->x[s]);
		free(plan->g[s]);
		if (!plan->size.gradients)
			break;
	}
	for (size_t i = 0; plan->scratch && i < plan->size.threads; i++)
		free(plan->scratch[i]);
	vector_fft_free(plan->x_fft);
	vector_fft_free(plan->y_fft);
	vector_fft_free(plan->y_back);
	free(plan->x);
	free(plan->g);
	free(plan->y);
	free(plan->zeros);
	free(plan->scratch);
	free(plan->rest);
	kernel_release(&plan->kernel);
	plan->x_fft = plan->y_fft = plan->y_back = NULL;
	plan->x = plan->g = plan->scratch = plan->rest = NULL;
	plan->y = plan->zeros = NULL;
}

static void free_fft(void *argument)
{
	struct fft_conv *plan = argument;
	release(plan);
	free(plan->current);
	free(plan);
}

/* Numbers from one pair to the next of a comb's results, a element more than there is. */
static size_t result_step(const struct fft_conv *plan, size_t blocks)
{
	return (blocks * plan->teeth + 1) * ELEMENT;
}

/* The smallest circle on which neither the image nor the kernel meets itself. */
static size_t circle(size_t side, size_t reach)
{
	return vector_fft_good_size(size_max(side + reach, 2 * reach + 1));
}

/* numbers a worker needs in filter_column, gradient_column, images_in, images_out and in kernel_spectrum.c */
static size_t worker_room(const struct fft_conv *plan)
{
	const struct conv_size *size = &plan->size;
	size_t in = size->in_stride / LANES, out = size->out_stride / LANES,
	       widest = size_max(in, out);
	size_t comb =
	    plan->teeth * size_max(kernel_step(size->in, out), kernel_step(size->out, in));
	size_t rows = plan->group * widest * ELEMENT,
	       results = plan->group * result_step(plan, widest);
	size_t filter = comb + rows + results + kernel_turned_room(&plan->kernel);
	size_t gradient = plan->ny * kernel_step(size->in, out) + 4 * rows;
	size_t plane = (size->w + plan->pitch * size->h) * ELEMENT;
	return size_max(
	    size_max(filter, gradient), size_max(plane, kernel_taps_room(&plan->kernel)));
}

static int resize_fft(void *argument, const struct conv_size *given)
{
	struct fft_conv *plan = argument;
	release(plan);
	plan->holds = false;
	plan->size = by_lanes(given);
	const struct conv_size *size = &plan->size;
	plan->pairs = (size->n + 1) / 2;
	plan->nx = circle(size->w, plan->reach);
	plan->ny = circle(size->h, plan->reach);
	plan->teeth = vector_fft_teeth(plan->ny);
	plan->combs = plan->ny / plan->teeth;
	plan->half = plan->nx / 2 + 1;
	plan->pitch = plan->nx | 1;
	plan->column = (plan->ny | 1) * ELEMENT;
	size_t widest = size_max(size->in_stride, size->out_stride);
	plan->group = size_max(GROUP_ROOM / (2 * widest * sizeof(real)) / 8 * 8, 8);
	size_t points, numbers, x_count, g_count;
	/* the widest of all bounds what is computed without a check below */
	if (mem_multiply(plan->nx * 2, plan->ny + 1, &points) < 0 ||
	    mem_multiply(8 * (plan->pairs + widest), widest, &numbers) < 0 ||
	    mem_multiply(points, numbers, &numbers) < 0 ||
	    mem_multiply(
		plan->nx * plan->column, plan->pairs * (size->in_stride / LANES), &x_count) < 0 ||
	    mem_multiply(
		plan->nx * plan->column, plan->pairs * (size->out_stride / LANES), &g_count) < 0 ||
	    kernel_resize(&plan->kernel, size, plan->nx, plan->ny) < 0)
		return -1;
	plan->x_fft = vector_fft_plan(plan->nx);
	plan->y_fft = vector_fft_plan_to_combs(plan->ny);
	plan->y_back = vector_fft_plan_from_combs(plan->ny);
	if (!plan->x_fft || !plan->y_fft || !plan->y_back)
		return -1;
	plan->x = mem_alloc(size->slots, sizeof *plan->x);
	plan->g = mem_alloc(size->slots, sizeof *plan->g);
	plan->scratch = mem_alloc(size->threads, sizeof *plan->scratch);
	plan->rest = mem_alloc(size->threads, sizeof *plan->rest);
	if (!plan->x || !plan->g || !plan->scratch || !plan->rest)
		return -1;
	size_t kept = size->gradients ? size->slots : 1;
	for (size_t s = 0; s < size->slots; s++) {
		plan->x[s] = s < kept ? mem_alloc(x_count, sizeof(real)) : plan->x[0];
		plan->g[s] = s < kept ? mem_alloc(g_count, sizeof(real)) : plan->g[0];
		if (!plan->x[s] || !plan->g[s])
			return -1;
	}
	plan->y = mem_alloc(size_max(x_count, g_count), sizeof(real));
	plan->zeros = mem_alloc(size->w * widest, sizeof(real));
	if (!plan->y || !plan->zeros)
		return -1;
	size_t own = 6 * size_max(plan->nx, plan->ny) * LANES;
	for (size_t i = 0; i < size->threads; i++) {
		plan->scratch[i] = mem_alloc(own + worker_room(plan), sizeof(real));
		if (!plan->scratch[i])
			return -1;
		plan->rest[i] = plan->scratch[i] + own;
	}
	plan->kernel.room = plan->rest;
	return 0;
}

static real *line_of(const struct fft_conv *plan, size_t worker)
{
	return plan->scratch[worker] + 4 * size_max(plan->nx, plan->ny) * LANES;
}

/* Ask for room that is written next. */
VECTOR_INLINE void ask_to_write(real *to, size_t step, size_t count)
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(to + i * step, 1, 2);
}

/* where a column of a pair of images begins, LANES channels */
static size_t image_column(
    const struct fft_conv *plan, size_t kx, size_t pair, size_t block, size_t blocks)
{
	return ((kx * plan->pairs + pair) * blocks + block) * plan->column;
}

static int weights_fft(void *argument, const real *w)
{
	struct fft_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t bytes = size->out * size->in * size->k * size->k * sizeof(real);
	if (plan->holds && memcmp(plan->current, w, bytes) == 0)
		return 0;
	memcpy(plan->current, w, bytes);
	plan->holds = true;
	return kernel_from_taps(&plan->kernel, plan->current);
}

/* The pair of images and the block of channels that a worker transforms or restores, as offsets in numbers. */
struct part {
	size_t pair, block, blocks;
	size_t pixel, row; /* numbers a pixel and a row */
	size_t first, second;
	bool alone; /* there is no second image */
};

static struct part part_of(const struct fft_conv *plan, size_t item)
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
		*(vector *)(to + i * LANES) = (vector){from[i]};
}

static void narrow(const real *from, size_t count, real *to)
{
	for (size_t i = 0; i < count; i++)
		to[i] = from[i * LANES];
}

/* a pair of images, LANES channels of them, to spectra */
static int images_in(size_t item, size_t worker, void *argument)
{
	struct fft_conv *plan = argument;
	size_t w = plan->size.w, h = plan->size.h;
	const struct part part = part_of(plan, item);
	real *scratch = plan->scratch[worker], *line = plan->rest[worker];
	real *plane = line + w * ELEMENT;
	struct vector_fft_in in = {.stride = part.pixel, .count = w};
	for (size_t y = 0; y < h; y++) {
		in.re = plan->images + part.first + y * part.row;
		in.im = part.alone ? plan->zeros : plan->images + part.second + y * part.row;
		if (part.pixel == 1) {
			widen(in.re, w, line);
			widen(in.im, w, line + w * LANES);
			in.re = line, in.im = line + w * LANES, in.stride = LANES;
		} else if (y + 1 < h) {
			stream_ask(in.re + part.row, part.pixel, w);
			stream_ask(in.im + (part.alone ? 0 : part.row), part.pixel, w);
		}
		real *to = plane + y * plan->pitch * ELEMENT;
		vector_fft_exec(plan->x_fft, &in,
		    &(struct vector_fft_out){to, to + LANES, ELEMENT, 0, plan->nx}, scratch);
	}
	real *column = line_of(plan, worker);
	for (size_t kx = 0; kx < plan->nx; kx++) {
		const real *from = plane + kx * ELEMENT;
		vector_fft_exec(plan->y_fft,
		    &(struct vector_fft_in){
			from, from + LANES, plan->pitch * ELEMENT, plan->first, h},
		    &(struct vector_fft_out){column, column + LANES, ELEMENT, 0, plan->ny},
		    scratch);
		stream_out(
		    plan->spectra + image_column(plan, kx, part.pair, part.block, part.blocks),
		    ELEMENT, column, ELEMENT, plan->ny);
	}
	stream_end();
	return 0;
}

/* and back */
static int images_out(size_t item, size_t worker, void *argument)
{
	struct fft_conv *plan = argument;
	size_t w = plan->size.w, h = plan->size.h;
	const struct part part = part_of(plan, item);
	real *scratch = plan->scratch[worker], *line = plan->rest[worker];
	real *plane = line + w * ELEMENT;
	for (size_t kx = 0; kx < plan->nx; kx++) {
		const real *from =
		    plan->y + image_column(plan, kx, part.pair, part.block, part.blocks);
		real *to = plane + kx * ELEMENT;
		if (kx + 1 < plan->nx)
			stream_ask(
			    from + image_column(plan, 1, 0, 0, part.blocks), LANES, 2 * plan->ny);
		vector_fft_exec(plan->y_back,
		    &(struct vector_fft_in){from + LANES, from, ELEMENT, 0, plan->ny},
		    &(struct vector_fft_out){to + LANES, to, plan->pitch * ELEMENT, plan->first, h},
		    scratch);
	}
	for (size_t y = 0; y < h; y++) {
		const real *from = plane + y * plan->pitch * ELEMENT;
		real *first = plan->restored + part.first + y * part.row;
		/* a missing image's part goes where the one that is there is written after it */
		real *second = part.alone ? first : plan->restored + part.second + y * part.row;
		struct vector_fft_out out = {second, first, part.pixel, 0, w};
		if (part.pixel == 1) {
			out.re = line + w * LANES, out.im = line, out.stride = LANES;
		} else if (y + 1 < h) {
			ask_to_write(first + part.row, part.pixel, w);
			ask_to_write(second + part.row, part.pixel, w);
		}
		vector_fft_exec(plan->x_fft,
		    &(struct vector_fft_in){from + LANES, from, ELEMENT, 0, plan->nx}, &out,
		    scratch);
		if (part.pixel == 1) {
			narrow(line + w * LANES, w, second);
			narrow(line, w, first);
		}
	}
	return 0;
}

/* Columns kx and -kx of images, and those of the worker's next item */
struct opposites {
	size_t count; /* 1: kx is its own opposite */
	size_t column[2], next[2];
};

static struct opposites opposites_of(const struct fft_conv *plan, size_t kx)
{
	size_t next = kx + plan->size.threads < plan->half ? kx + plan->size.threads : kx;
	struct opposites o = {
	    2, {kx, (plan->nx - kx) % plan->nx}, {next, (plan->nx - next) % plan->nx}};
	if (o.column[0] == o.column[1])
		o.count = 1;
	return o;
}

/* Columns of a group of pairs at one frequency: `elements` of them, a column apart. */
struct rows {
	const real *from, *next; /* next: the same tooth of the next comb */
	size_t elements;
};

/* The place of a tooth of a comb in column kx, and in column -kx that of the opposite frequency. */
static size_t place(const struct fft_conv *plan, size_t i, size_t comb, size_t tooth)
{
	if (i == 1) {
		tooth = comb ? plan->teeth - 1 - tooth : (plan->teeth - tooth) % plan->teeth;
		comb = (plan->combs - comb) % plan->combs;
	}
	return (comb * plan->teeth + tooth) * ELEMENT;
}

static struct rows rows_of(const struct fft_conv *plan, const struct opposites *o, size_t i,
    const real *spectra, size_t blocks, size_t first, size_t pairs, size_t comb, size_t tooth)
{
	bool last = comb + 1 == plan->combs;
	return (struct rows){spectra + image_column(plan, o->column[i], first, 0, blocks) +
				 place(plan, i, comb, tooth),
	    spectra + image_column(plan, last ? o->next[i] : o->column[i], first, 0, blocks) +
		place(plan, i, last ? 0 : comb + 1, tooth),
	    pairs * blocks};
}

FOR_AVX512
static void gather(const struct fft_conv *plan, const struct rows *rows, real *to)
{
	for (size_t i = 0; i < rows->elements; i++, to += ELEMENT) {
		const real *from = rows->from + i * plan->column;
		*(vector *)to = *(const vector *)from;
		*(vector *)(to + LANES) = *(const vector *)(from + LANES);
	}
}

/* Ask for part i of n of the elements that come later. */
static void ask(const struct fft_conv *plan, const struct rows *rows, size_t i, size_t n)
{
	size_t last = (i + 1) * rows->elements / n;
	for (size_t at = i * rows->elements / n; at < last; at++) {
		__builtin_prefetch(rows->next + at * plan->column, 0, 2);
		__builtin_prefetch(rows->next + at * plan->column + LANES, 0, 2);
	}
}

/* The products of a comb, of column kx (i = 0) or -kx (i = 1), in the order of memory: results (pairs, blocks; teeth). */
static void multiply_comb(const struct fft_conv *plan, const struct opposites *o, size_t i,
    size_t comb, size_t first, size_t pairs, const real *w, real *x, real *results)
{
	const struct filter *f = &plan->filter;
	size_t in_blocks = f->stride / LANES, run = plan->teeth * ELEMENT;
	for (size_t q = 0; q < plan->teeth; q++, w += kernel_step(f->channels, f->blocks)) {
		const struct rows rows =
		    rows_of(plan, o, i, f->from, in_blocks, first, pairs, comb, q);
		real *to = results + place(plan, i, comb, q) % run;
		gather(plan, &rows, x);
		for (size_t block = 0; block < f->blocks; block++) {
			ask(plan, &rows, block, f->blocks);
			product_complex(pairs, f->channels, x, in_blocks * ELEMENT,
			    w + block * f->channels * ELEMENT, to + block * run,
			    result_step(plan, f->blocks), f->adjoint != (i == 1));
		}
	}
}

/* columns kx and -kx of images times a kernel */
static int filter_column(size_t kx, size_t worker, void *argument)
{
	struct fft_conv *plan = argument;
	const struct filter *f = &plan->filter;
	size_t run = plan->teeth * ELEMENT, step = result_step(plan, f->blocks);
	const struct opposites o = opposites_of(plan, kx);
	real *w = plan->rest[worker];
	real *x = w + plan->teeth * kernel_step(f->channels, f->blocks);
	real *results = x + plan->group * f->stride * 2;
	const struct kernel_column column =
	    kernel_column(&plan->kernel, kx, f->adjoint, results + plan->group * step);
	for (size_t comb = 0; comb < plan->combs; comb++) {
		kernel_comb(&plan->kernel, &column, comb, w);
		for (size_t first = 0; first < plan->pairs; first += plan->group) {
			size_t pairs = size_min(plan->pairs - first, plan->group);
			for (size_t i = 0; i < o.count; i++) {
				multiply_comb(plan, &o, i, comb, first, pairs, w, x, results);
				real *to = f->to +
					   image_column(plan, o.column[i], first, 0, f->blocks) +
					   place(plan, i, comb, 0) / run * run;
				for (size_t n = 0; n < pairs * f->blocks; n++, to += plan->column)
					stream_out(to, ELEMENT,
					    results + n / f->blocks * step + n % f->blocks * run,
					    ELEMENT, plan->teeth);
			}
		}
	}
	stream_end();
	return 0;
}

/* One frequency of columns kx and -kx: D's blocks of output channels, d (blocks, channels; re | im, LANES), from slot s and
 * the pairs of a group. room: 4 times a group's elements. */
static void add_products(const struct fft_conv *plan, const struct opposites *o, size_t comb,
    size_t q, size_t s, size_t first, real *d, real *room)
{
	const struct conv_size *size = &plan->size;
	size_t blocks = size->out_stride / LANES, in_blocks = size->in_stride / LANES;
	size_t pairs = size_min(plan->pairs - first, plan->group);
	real *x[2] = {room, room + pairs * in_blocks * ELEMENT};
	real *g[2] = {
	    x[1] + pairs * in_blocks * ELEMENT, x[1] + pairs * (in_blocks + blocks) * ELEMENT};
	struct rows xs[2], gs[2];
	for (size_t i = 0; i < 2; i++) {
		xs[i] = rows_of(plan, o, i, plan->x[s], in_blocks, first, pairs, comb, q);
		gs[i] = rows_of(plan, o, i, plan->g[s], blocks, first, pairs, comb, q);
		gather(plan, &xs[i], x[i]);
		gather(plan, &gs[i], g[i]);
	}
	for (size_t block = 0; block < blocks; block++, d += size->in * ELEMENT) {
		for (size_t i = 0; i < o->count; i++) {
			ask(plan, &xs[i], block, blocks);
			ask(plan, &gs[i], block, blocks);
		}
		product_gradient(pairs, size->in, x[0], x[1], in_blocks * ELEMENT,
		    g[0] + block * ELEMENT, g[1] + block * ELEMENT, blocks * ELEMENT, d,
		    s > 0 || first > 0);
	}
}

/* column kx of D, back along y */
static int gradient_column(size_t kx, size_t worker, void *argument)
{
	struct fft_conv *plan = argument;
	size_t step = kernel_step(plan->size.in, plan->size.out_stride / LANES);
	const struct opposites o = opposites_of(plan, kx);
	real *d = plan->rest[worker], *room = d + plan->ny * step;
	for (size_t ky = 0; ky < plan->ny; ky++) {
		for (size_t s = 0; s < plan->slots; s++) {
			for (size_t first = 0; first < plan->pairs; first += plan->group)
				add_products(plan, &o, ky / plan->teeth, ky % plan->teeth, s, first,
				    d + ky * step, room);
		}
	}
	kernel_back(&plan->kernel, kx, d, plan->scratch[worker]);
	return 0;
}

/* Images of so many channels to spectra, their rows from `first` on on the circle. */
static int to_spectra(
    struct fft_conv *plan, const real *images, size_t channels, size_t first, real *spectra)
{
	plan->images = images;
	plan->spectra = spectra;
	plan->channels = channels;
	plan->first = first;
	size_t blocks = (channels + LANES - 1) / LANES;
	return par_for(plan->pairs * blocks, plan->size.threads, images_in, plan);
}

/* The running filter, then to images likewise. */
static int run_filter(struct fft_conv *plan, real *images, size_t channels, size_t first)
{
	plan->restored = images;
	plan->channels = channels;
	plan->first = first;
	size_t blocks = (channels + LANES - 1) / LANES;
	if (par_for(plan->half, plan->size.threads, filter_column, plan) < 0)
		return -1;
	return par_for(plan->pairs * blocks, plan->size.threads, images_out, plan);
}

static int exec_fft(void *argument, size_t slot, const real *x, real *y)
{
	struct fft_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	if (to_spectra(plan, x, size->in, plan->reach, plan->x[slot]) < 0)
		return -1;
	plan->filter = (struct filter){.from = plan->x[slot],
	    .to = plan->y,
	    .channels = size->in,
	    .stride = size->in_stride,
	    .blocks = size->out_stride / LANES};
	return run_filter(plan, y, size->out, 0);
}

static int adjoint_fft(void *argument, size_t slot, const real *dy, real *dx)
{
	struct fft_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	if (to_spectra(plan, dy, size->out, 0, plan->g[slot]) < 0)
		return -1;
	if (!dx)
		return 0;
	plan->filter = (struct filter){.from = plan->g[slot],
	    .to = plan->y,
	    .channels = size->out,
	    .stride = size->out_stride,
	    .blocks = size->in_stride / LANES,
	    .adjoint = true};
	return run_filter(plan, dx, size->in, plan->reach);
}

static int gradient_fft(void *argument, size_t slots, real *dw)
{
	struct fft_conv *plan = argument;
	plan->slots = slots;
	plan->holds = false; /* D replaces W */
	if (par_for(plan->half, plan->size.threads, gradient_column, plan) < 0)
		return -1;
	return kernel_to_taps(&plan->kernel, dw);
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
