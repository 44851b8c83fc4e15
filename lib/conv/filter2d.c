/* One kernel over images: see filter2d.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/direct.h"
#include "conv/fft.h"
#include "conv/filter2d.h"
#include "conv/sizes.h"

/* Costs in ns on the machine the choice was measured on; only their ratios matter. */
#define COST_TAP 0.04      /* a tap of one output */
#define COST_TILE 4000     /* a tile's transforms, however small */
#define COST_FFT 0.6       /* a place of a tile, whatever its size: filling, multiplying, storing */
#define COST_FFT_LOG2 0.31 /* the same per doubling of the tile */
#define CACHE 800000       /* bytes of a tile beyond which its transforms wait for memory */
#define COST_CACHE 1.6     /* by how much */
#define DENSE_TILE 256     /* outputs a side of a direct tile */

/* a stretch of a tile's line that is a stretch of the image's line */
struct run {
	size_t at, pixel, length;
};

/* How tiles lie along one axis. */
struct axis {
	size_t n, k, before,
	    after; /* pixels; taps, and how many of them stand before and after the output */
	size_t step, tiles, size; /* outputs of a tile; tiles; places in a tile's buffer */
	size_t *source;           /* (tiles, size): the pixel at each place, or BORDER_OUTSIDE */
	struct run *run;          /* the same as runs, tile after tile */
	size_t *first;            /* (tiles + 1): where a tile's runs start */
};

struct filter2d {
	enum filter2d_method method;
	size_t threads;
	struct axis rows, columns;
	/* Fourier */
	struct fft *forward, *back;
	real *
	    kernel; /* spectrum, (rows.size, columns.size / 2 + 1) complex, over rows.size * columns.size */
	/* direct: the kernel, and the turned one for the adjoint, whose outputs are a whole buffer */
	struct direct *direct, *turned;
	/* of each thread */
	size_t in_stride, out_stride, in_size, out_size, scratch_size;
	real *in, *out, *scratch;
};

/* ---- the kernel ---- */

/* Taps of an axis that an image of n pixels can tell apart: beyond it they meet only zeros, or a pixel that another
 * tap meets too. *k and *before become those of the folded kernel. */
static void folded_size(enum border border, size_t n, size_t *k, size_t *before)
{
	size_t after = *k - 1 - *before;
	if (border == BORDER_ZERO) {
		*before = *before < n ? *before : n - 1;
		*k = *before + 1 + (after < n ? after : n - 1);
		return;
	}
	size_t period = border == BORDER_MIRROR ? 2 * n : n;
	if (*k > period) {
		*k = period;
		*before = (period - 1) / 2;
	}
}

/* Where tap a of an axis goes: old before, new before and size; BORDER_OUTSIDE where it meets only zeros. */
static size_t folded_tap(enum border border, size_t a, size_t before, size_t k, size_t new_before)
{
	ptrdiff_t to = (ptrdiff_t)(a + new_before) - (ptrdiff_t)before;
	if (border == BORDER_ZERO)
		return to < 0 || (size_t)to >= k ? BORDER_OUTSIDE : (size_t)to;
	ptrdiff_t rest = to % (ptrdiff_t)k; /* where nothing was folded, to is below k already */
	return (size_t)(rest < 0 ? rest + (ptrdiff_t)k : rest);
}

/* The folded kernel (rows->k, columns->k), whose sizes are set here; NULL with a reason. */
static double *fold(
    struct axis *rows, struct axis *columns, const double *kernel, enum border border)
{
	size_t kh = rows->k, kw = columns->k, above = rows->before, left = columns->before;
	folded_size(border, rows->n, &rows->k, &rows->before);
	folded_size(border, columns->n, &columns->k, &columns->before);
	rows->after = rows->k - 1 - rows->before;
	columns->after = columns->k - 1 - columns->before;
	double *folded = mem_alloc(rows->k * columns->k, sizeof *folded);
	for (size_t a = 0; folded && a < kh; a++) {
		size_t to_a = folded_tap(border, a, above, rows->k, rows->before);
		for (size_t b = 0; b < kw && to_a != BORDER_OUTSIDE; b++) {
			size_t to_b = folded_tap(border, b, left, columns->k, columns->before);
			if (to_b != BORDER_OUTSIDE)
				folded[to_a * columns->k + to_b] += kernel[a * kw + b];
		}
	}
	return folded;
}

/* ---- tiles ---- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A transform of the whole axis: beyond the image it needs room for what both sides may share or must not. */
static size_t whole_size(const struct axis *axis, enum border border)
{
	if (border == BORDER_ZERO)
		return conv_good_size(
		    axis->n + (axis->before > axis->after ? axis->before : axis->after));
	if (border == BORDER_PERIODIC && conv_good_size(axis->n) == axis->n)
		return axis->n;
	return conv_good_size(axis->n + axis->k - 1);
}

/* The i-th choice of a transform along the axis: the whole, then good sizes down to twice the kernel. False past the last. */
static bool fourier_choice(struct axis *axis, enum border border, size_t i)
{
	size_t whole = whole_size(axis, border), size = whole;
	axis->step = axis->n;
	if (i > 0) {
		size = conv_good_size((2 * axis->k > 32 ? 2 * axis->k : 32) * (4 + i - 1) / 4);
		if (size >= whole)
			return false;
		axis->step = size - axis->k + 1;
	}
	axis->size = size;
	axis->tiles = (axis->n + axis->step - 1) / axis->step;
	return true;
}

static double fourier_cost(const struct axis *rows, const struct axis *columns)
{
	double places = (double)rows->size * (double)columns->size;
	double cost = COST_TILE + places * (COST_FFT + COST_FFT_LOG2 * log2(places));
	if (places * 2 * sizeof(real) > CACHE)
		cost *= COST_CACHE;
	return cost * (double)rows->tiles * (double)columns->tiles;
}

/* Set the axes' cheapest tiles for transforms; gives the cost of an image. */
static double fourier_tiles(struct axis *rows, struct axis *columns, enum border border)
{
	double best = INFINITY;
	struct axis r = *rows, c = *columns;
	for (size_t i = 0; fourier_choice(&r, border, i); i++)
		for (size_t j = 0; fourier_choice(&c, border, j); j++) {
			double cost = fourier_cost(&r, &c);
			if (cost < best) {
				best = cost;
				*rows = r;
				*columns = c;
			}
		}
	return best;
}

static void direct_tiles(struct axis *axis)
{
	size_t tiles = (axis->n + DENSE_TILE - 1) / DENSE_TILE;
	axis->step = (axis->n + tiles - 1) / tiles;
	axis->tiles = (axis->n + axis->step - 1) / axis->step;
	axis->size = axis->step + axis->k - 1;
}

/* Costs of an image, tap by tap; rank > 0: as products. */
static double direct_cost(const struct axis *rows, const struct axis *columns, size_t rank)
{
	double h = (double)rows->n, w = (double)columns->n;
	double kh = (double)rows->k, kw = (double)columns->k;
	struct axis tiled = *rows;
	direct_tiles(&tiled);
	double filling = COST_FFT * (h + kh) * (w + kw);
	if (!rank)
		return filling + COST_TAP * h * w * kh * kw;
	double lines =
	    (double)tiled.tiles *
	    (double)tiled.size; /* each tile's rows, those shared with its neighbours too */
	return filling + COST_TAP * (double)rank * (lines * w * kw + h * w * kh);
}

/* The pixel of each place of each tile, as a table and as runs. 0 or -1. */
static int axis_sources(struct axis *axis, enum border border, bool fourier)
{
	axis->source = mem_alloc(axis->tiles * axis->size, sizeof *axis->source);
	axis->run = mem_alloc(axis->tiles * axis->size, sizeof *axis->run);
	axis->first = mem_alloc(axis->tiles + 1, sizeof *axis->first);
	if (!axis->source || !axis->run || !axis->first)
		return -1;
	size_t runs = 0;
	for (size_t t = 0; t < axis->tiles; t++) {
		axis->first[t] = runs;
		for (size_t i = 0; i < axis->size; i++) {
			ptrdiff_t at =
			    (ptrdiff_t)(t * axis->step + i); /* coordinate on the image */
			if (!fourier)
				at -= (ptrdiff_t)axis->before;
			else if (i >= axis->size - axis->before)
				at -=
				    (ptrdiff_t)axis
					->size; /* a transform wraps: what stands before is at its end */
			else if (i >= axis->step + axis->after)
				at = (ptrdiff_t)(axis->n + axis->after);
			size_t pixel = at < (ptrdiff_t)(axis->n + axis->after)
					   ? border_pixel(border, at, axis->n)
					   : BORDER_OUTSIDE;
			axis->source[t * axis->size + i] = pixel;
			if (pixel == BORDER_OUTSIDE)
				continue;
			struct run *run = &axis->run[runs];
			if (runs > axis->first[t] && run[-1].at + run[-1].length == i &&
			    run[-1].pixel + run[-1].length == pixel)
				run[-1].length++;
			else
				axis->run[runs++] = (struct run){i, pixel, 1};
		}
	}
	axis->first[axis->tiles] = runs;
	return 0;
}

static void axis_free(struct axis *axis)
{
	free(axis->source);
	free(axis->run);
	free(axis->first);
}

/* Outputs of tile t. */
static size_t axis_outputs(const struct axis *axis, size_t t)
{
	return least(axis->step, axis->n - t * axis->step);
}

/* ---- planning ---- */

static int plan_fourier(struct filter2d *f, const double *kernel)
{
	const struct axis *rows = &f->rows, *columns = &f->columns;
	size_t h = rows->size, w = columns->size, half = w / 2 + 1;
	f->in_stride = f->out_stride = w;
	f->in_size = h * w;
	f->out_size = 2 * h * half;
	f->forward = fft_plan_images(FFT_R2C, 1, h, w);
	f->back = fft_plan_images(FFT_C2R, 1, h, w);
	f->kernel = mem_alloc(2 * h * half, sizeof *f->kernel);
	real *image = mem_alloc(h * w, sizeof *image);
	if (!f->forward || !f->back || !f->kernel || !image) {
		free(image);
		return -1;
	}
	/* tap (a, b) at displacement (a - before, b - before); a transform's size is never below the kernel's */
	for (size_t a = 0; a < rows->k; a++)
		for (size_t b = 0; b < columns->k; b++) {
			size_t r = (a + h - rows->before) % h, c = (b + w - columns->before) % w;
			image[r * w + c] +=
			    (real)(kernel[a * columns->k + b] / ((double)h * (double)w));
		}
	fft_exec(f->forward, image, f->kernel);
	free(image);
	return 0;
}

static int plan_direct(struct filter2d *f, const double *kernel)
{
	const struct axis *rows = &f->rows, *columns = &f->columns;
	size_t kh = rows->k, kw = columns->k;
	bool products = f->method == FILTER2D_PRODUCTS;
	double *turned = mem_alloc(kh * kw, sizeof *turned);
	if (!turned)
		return -1;
	for (size_t i = 0; i < kh * kw; i++)
		turned[i] = kernel[kh * kw - 1 - i];
	f->direct = direct_plan(rows->step, columns->step, kh, kw, kernel, products);
	f->turned = direct_plan(rows->size, columns->size, kh, kw, turned, products);
	free(turned);
	if (!f->direct || !f->turned)
		return -1;
	/* the adjoint's buffers are the larger ones */
	f->in_stride = direct_in_stride(f->direct);
	f->out_stride = direct_out_stride(f->direct);
	f->in_size = (rows->size + kh - 1) * direct_in_stride(f->turned);
	f->out_size = rows->size * direct_out_stride(f->turned);
	f->scratch_size = direct_scratch(f->turned);
	return 0;
}

struct filter2d *filter2d_plan(size_t h, size_t w, size_t kh, size_t kw, const double *kernel,
    enum border border, enum filter2d_method method, size_t threads)
{
	const size_t longest = (size_t)1 << 30;
	if (!h || !w || !kh || !kw || h > longest || w > longest || kh > longest || kw > longest) {
		err_set("filter: a kernel of %zux%zu on images of %zux%zu", kh, kw, h, w);
		return NULL;
	}
	struct filter2d *f = calloc(1, sizeof *f);
	if (!f) {
		err_set("filter: no room for its plan");
		return NULL;
	}
	f->threads = threads ? threads : 1;
	f->rows = (struct axis){.n = h, .k = kh, .before = (kh - 1) / 2};
	f->columns = (struct axis){.n = w, .k = kw, .before = (kw - 1) / 2};
	double *folded = fold(&f->rows, &f->columns, kernel, border);
	size_t products = DIRECT_RANK_MAX * (f->rows.k + f->columns.k);
	double *room = mem_alloc(products, sizeof *room); /* for direct_rank */
	bool planned = false;
	if (!folded || !room)
		goto end;
	double fourier = fourier_tiles(&f->rows, &f->columns, border);
	double dense = direct_cost(&f->rows, &f->columns, 0);
	if (method == FILTER2D_AUTO) {
		int rank = direct_rank(
		    f->rows.k, f->columns.k, folded, room, room + DIRECT_RANK_MAX * f->rows.k);
		if (rank < 0)
			goto end;
		double few = rank ? direct_cost(&f->rows, &f->columns, (size_t)rank) : INFINITY;
		method = fourier < dense && fourier < few ? FILTER2D_FOURIER
			 : few < dense                    ? FILTER2D_PRODUCTS
							  : FILTER2D_DENSE;
	}
	f->method = method;
	if (method != FILTER2D_FOURIER) {
		direct_tiles(&f->rows);
		direct_tiles(&f->columns);
	}
	if (axis_sources(&f->rows, border, method == FILTER2D_FOURIER) < 0 ||
	    axis_sources(&f->columns, border, method == FILTER2D_FOURIER) < 0)
		goto end;
	if ((method == FILTER2D_FOURIER ? plan_fourier(f, folded) : plan_direct(f, folded)) < 0)
		goto end;
	/* rounded up, so that every thread's part is aligned */
	f->in_size = (f->in_size + 15) / 16 * 16;
	f->out_size = (f->out_size + 15) / 16 * 16;
	f->scratch_size = (f->scratch_size + 15) / 16 * 16;
	f->in = mem_alloc(f->threads * f->in_size, sizeof *f->in);
	f->out = mem_alloc(f->threads * f->out_size, sizeof *f->out);
	f->scratch = mem_alloc(f->threads * f->scratch_size, sizeof *f->scratch);
	planned = f->in && f->out && f->scratch;
end:
	free(folded);
	free(room);
	if (!planned) {
		filter2d_free(f);
		return NULL;
	}
	return f;
}

void filter2d_free(struct filter2d *f)
{
	if (!f)
		return;
	axis_free(&f->rows);
	axis_free(&f->columns);
	fft_free(f->forward);
	fft_free(f->back);
	free(f->kernel);
	direct_free(f->direct);
	direct_free(f->turned);
	free(f->in);
	free(f->out);
	free(f->scratch);
	free(f);
}

enum filter2d_method filter2d_method(const struct filter2d *f)
{
	return f->method;
}

void filter2d_tile(const struct filter2d *f, size_t *h, size_t *w)
{
	*h = f->rows.step;
	*w = f->columns.step;
}

/* ---- running ---- */

/* spectrum *= kernel or its conjugate; both interleaved complex */
static void multiply(real *spectrum, const real *kernel, size_t count, bool conjugate)
{
	real sign = conjugate ? -1 : 1;
	for (size_t i = 0; i < 2 * count; i += 2) {
		real re = spectrum[i], im = spectrum[i + 1], k = sign * kernel[i + 1];
		spectrum[i] = re * kernel[i] - im * k;
		spectrum[i + 1] = re * k + im * kernel[i];
	}
}

/* The tile's buffer from the image: rows of `stride`, zero where the border says so or nothing is. */
static void gather(const struct filter2d *f, const real *x, size_t tr, size_t tc, real *in)
{
	const struct axis *rows = &f->rows, *columns = &f->columns;
	const struct run *first = columns->run + columns->first[tc];
	const struct run *last = columns->run + columns->first[tc + 1];
	for (size_t i = 0; i < rows->size; i++) {
		real *to = in + i * f->in_stride;
		size_t row = rows->source[tr * rows->size + i];
		memset(to, 0, f->in_stride * sizeof *to);
		if (row == BORDER_OUTSIDE)
			continue;
		const real *from = x + row * columns->n;
		for (const struct run *run = first; run < last; run++) {
			if (run->length == 1)
				to[run->at] = from[run->pixel];
			else
				memcpy(to + run->at, from + run->pixel, run->length * sizeof *to);
		}
	}
}

/* gather's adjoint: add the tile's buffer onto the image. */
static void scatter(
    const struct filter2d *f, const real *in, size_t stride, size_t tr, size_t tc, real *x)
{
	const struct axis *rows = &f->rows, *columns = &f->columns;
	const struct run *first = columns->run + columns->first[tc];
	const struct run *last = columns->run + columns->first[tc + 1];
	for (size_t i = 0; i < rows->size; i++) {
		size_t row = rows->source[tr * rows->size + i];
		if (row == BORDER_OUTSIDE)
			continue;
		const real *from = in + i * stride;
		real *to = x + row * columns->n;
		for (const struct run *run = first; run < last; run++)
			for (size_t j = 0; j < run->length; j++)
				to[run->pixel + j] += from[run->at + j];
	}
}

struct job {
	struct filter2d *f;
	const real *x;
	real *y;
};

static int exec_tile(size_t item, size_t worker, void *argument)
{
	const struct job *job = argument;
	struct filter2d *f = job->f;
	const struct axis *rows = &f->rows, *columns = &f->columns;
	size_t tiles = rows->tiles * columns->tiles, pixels = rows->n * columns->n;
	size_t image = item / tiles, tr = item % tiles / columns->tiles, tc = item % columns->tiles;
	real *in = f->in + worker * f->in_size, *out = f->out + worker * f->out_size;
	gather(f, job->x + image * pixels, tr, tc, in);
	const real *result = out;
	if (f->method == FILTER2D_FOURIER) {
		fft_exec(f->forward, in, out);
		multiply(out, f->kernel, rows->size * (columns->size / 2 + 1), true);
		fft_exec(f->back, out, in);
		result = in;
	} else {
		direct_exec(f->direct, in, out, f->scratch + worker * f->scratch_size);
	}
	real *y = job->y + image * pixels + tr * rows->step * columns->n + tc * columns->step;
	size_t h = axis_outputs(rows, tr), w = axis_outputs(columns, tc);
	for (size_t i = 0; i < h; i++)
		memcpy(y + i * columns->n, result + i * f->out_stride, w * sizeof *y);
	return 0;
}

static int adjoint_image(size_t image, size_t worker, void *argument)
{
	const struct job *job = argument;
	struct filter2d *f = job->f;
	const struct axis *rows = &f->rows, *columns = &f->columns;
	size_t pixels = rows->n * columns->n;
	bool fourier = f->method == FILTER2D_FOURIER;
	real *in = f->in + worker * f->in_size, *out = f->out + worker * f->out_size;
	/* the turned kernel meets the outputs with their own margin of zeros */
	size_t stride = fourier ? f->in_stride : direct_in_stride(f->turned);
	size_t top = fourier ? 0 : rows->k - 1, left = fourier ? 0 : columns->k - 1;
	memset(job->y + image * pixels, 0, pixels * sizeof *job->y);
	for (size_t t = 0; t < rows->tiles * columns->tiles; t++) {
		size_t tr = t / columns->tiles, tc = t % columns->tiles;
		size_t h = axis_outputs(rows, tr), w = axis_outputs(columns, tc);
		const real *dy =
		    job->x + image * pixels + tr * rows->step * columns->n + tc * columns->step;
		memset(in, 0, f->in_size * sizeof *in);
		for (size_t i = 0; i < h; i++)
			memcpy(in + (top + i) * stride + left, dy + i * columns->n, w * sizeof *in);
		if (fourier) {
			fft_exec(f->forward, in, out);
			multiply(out, f->kernel, rows->size * (columns->size / 2 + 1), false);
			fft_exec(f->back, out, in);
			scatter(f, in, f->in_stride, tr, tc, job->y + image * pixels);
		} else {
			direct_exec(f->turned, in, out, f->scratch + worker * f->scratch_size);
			scatter(
			    f, out, direct_out_stride(f->turned), tr, tc, job->y + image * pixels);
		}
	}
	return 0;
}

int filter2d_exec(struct filter2d *f, const real *x, real *y, size_t n)
{
	struct job job = {f, x, y};
	return par_for(n * f->rows.tiles * f->columns.tiles, f->threads, exec_tile, &job);
}

int filter2d_adjoint(struct filter2d *f, const real *dy, real *dx, size_t n)
{
	struct job job = {f, dy, dx};
	return par_for(n, f->threads, adjoint_image, &job);
}
