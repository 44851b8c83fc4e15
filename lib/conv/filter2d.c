/* One kernel over images: see filter2d.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/filter2d.h"
#include "conv/fft_filter.h"
#include "conv/direct_filter.h"

/* Costs in ns on the machine the choice was measured on; only their ratios matter. */
#define COST_TAP 0.023      /* a tap of one output */
#define COST_PRODUCT 0.031  /* the same of a product's column or row */
#define COST_COPY 0.3       /* a place or an output that is copied */
#define COST_FFT 0.5        /* a place of a transformed tile */
#define COST_FFT_LOG2 0.055 /* the same per doubling of each side, forward and back */
#define COST_TILE 1000      /* a transformed tile, however small */
#define CACHE 1500000       /* bytes of a tile and its spectrum that need not wait for memory */
#define COST_CACHE 1.3      /* by how much larger ones do */
#define DENSE_TILE 256      /* outputs a side of a direct tile */
#define CHOICES_MAX 32      /* transforms that are considered along an axis */

/* A stretch of a tile's line that is a stretch of the image's line, or of zeros (BORDER_OUTSIDE). */
struct run {
	size_t at, pixel, length;
};

/* How tiles lie along one axis. Place i of tile t is coordinate t step + i - lead of the image. */
struct axis {
	size_t n, k, before, after; /* pixels; taps, and how many of them stand on either side */
	size_t step, tiles, lead;   /* outputs of a tile; tiles */
	size_t size;                /* places of a tile that are filled */
	size_t period;              /* of its transform */
	size_t *source;             /* (tiles, size): the pixel at each place, or BORDER_OUTSIDE */
	struct run *run;            /* the same as runs, tile after tile */
	size_t *first;              /* (tiles + 1): where a tile's runs start */
};

struct filter2d {
	enum filter2d_method method;
	size_t threads;
	struct axis rows, columns;
	struct fft_filter *fft; /* Fourier */
	/* direct: the kernel, and the turned one for the adjoint, whose outputs are a whole tile of inputs */
	struct direct_filter *direct, *direct_adjoint;
	size_t *pixel; /* (tiles, size): the rows of the image that a tile has, each once */
	size_t
	    *place; /* (tiles, size): which of them stands at each place, or DIRECT_FILTER_NONE */
	size_t *inputs; /* (tiles): how many there are */
	size_t *
	    turned_place; /* (size + k - 1): outputs with the margin that the turned kernel meets */
	/* of each thread */
	size_t in_size, out_size, scratch_size;
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
static void whole(struct axis *axis, enum border border, size_t (*good)(size_t))
{
	axis->step = axis->n;
	axis->lead = 0;
	axis->size = axis->n;
	if (border == BORDER_ZERO) {
		size_t margin = axis->before > axis->after ? axis->before : axis->after;
		axis->period = good(axis->n + margin);
	} else if (border == BORDER_PERIODIC && good(axis->n) == axis->n) {
		axis->period = axis->n;
	} else {
		axis->lead = axis->before;
		axis->size = axis->n + axis->k - 1;
		axis->period = good(axis->size);
	}
}

/* The i-th choice of a transform along the axis: the whole, then good sizes from twice the kernel on, each about a
 * quarter larger than the one before. False past the last. */
static bool fourier_choice(struct axis *axis, enum border border, size_t (*good)(size_t), size_t i)
{
	whole(axis, border, good);
	if (i > 0) {
		size_t first = 2 * axis->k > 32 ? 2 * axis->k : 32;
		size_t period = good((size_t)((double)first * pow(1.25, (double)i - 1)));
		if (period >= axis->period)
			return false;
		/* tiles of equal size, and no larger a transform than they need */
		axis->tiles = (axis->n + period - axis->k) / (period - axis->k + 1);
		axis->step = (axis->n + axis->tiles - 1) / axis->tiles;
		axis->lead = axis->before;
		axis->size = axis->step + axis->k - 1;
		axis->period = good(axis->size);
	}
	axis->tiles = (axis->n + axis->step - 1) / axis->step;
	return true;
}

static double fourier_cost(const struct axis *rows, const struct axis *columns)
{
	double h = (double)rows->period, w = (double)columns->period;
	/* down the columns only those that hold anything are transformed */
	double down = h * (double)columns->size * log2(h), along = h * w * log2(w);
	double cost = COST_TILE + COST_FFT * h * w + COST_FFT_LOG2 * (down + along) +
		      COST_COPY * ((double)rows->size * (double)columns->size +
				      (double)rows->step * (double)columns->step);
	if (2 * h * w * sizeof(real) > CACHE)
		cost *= COST_CACHE;
	return cost * (double)rows->tiles * (double)columns->tiles;
}

/* The choices along an axis, at most CHOICES_MAX; gives how many. */
static size_t fourier_choices(
    const struct axis *axis, enum border border, size_t (*good)(size_t), struct axis *choice)
{
	size_t count = 0;
	choice[0] = *axis;
	while (fourier_choice(&choice[count], border, good, count) && ++count < CHOICES_MAX)
		choice[count] = *axis;
	return count;
}

/* Set the axes' cheapest tiles for transforms; gives the cost of an image. */
static double fourier_tiles(struct axis *rows, struct axis *columns, enum border border)
{
	struct axis r[CHOICES_MAX], c[CHOICES_MAX];
	size_t down = fourier_choices(rows, border, fft_filter_good_rows, r);
	size_t along = fourier_choices(columns, border, fft_filter_good_columns, c);
	double best = INFINITY;
	for (size_t i = 0; i < down; i++)
		for (size_t j = 0; j < along; j++) {
			double cost = fourier_cost(&r[i], &c[j]);
			if (cost < best) {
				best = cost;
				*rows = r[i];
				*columns = c[j];
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
	axis->lead = axis->before;
}

/* Costs of an image, tap by tap; rank > 0: as products. */
static double direct_cost(const struct axis *rows, const struct axis *columns, size_t rank)
{
	double h = (double)rows->n, w = (double)columns->n;
	double kh = (double)rows->k, kw = (double)columns->k;
	double copies = COST_COPY * (h * (w + kw) + h * w);
	if (!rank)
		return copies + COST_TAP * h * w * kh * kw;
	struct axis tiled = *rows;
	direct_tiles(&tiled);
	/* each tile's rows, those shared with its neighbours too, but none twice */
	double lines = (double)tiled.tiles * (double)least(tiled.size, tiled.n);
	return copies + COST_PRODUCT * (double)rank * (lines * w * kw + h * w * kh);
}

/* The pixel of each place of each tile, as a table and as runs. 0 or -1. */
static int axis_sources(struct axis *axis, enum border border)
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
			/* what no output of a shorter last tile needs is taken as zero */
			ptrdiff_t at = (ptrdiff_t)(t * axis->step + i) - (ptrdiff_t)axis->lead;
			size_t pixel = at < (ptrdiff_t)(axis->n + axis->after)
					   ? border_pixel(border, at, axis->n)
					   : BORDER_OUTSIDE;
			axis->source[t * axis->size + i] = pixel;
			struct run *run = &axis->run[runs];
			bool outside = pixel == BORDER_OUTSIDE;
			if (runs > axis->first[t] &&
			    (outside ? run[-1].pixel == BORDER_OUTSIDE
				     : run[-1].pixel != BORDER_OUTSIDE &&
					   run[-1].pixel + run[-1].length == pixel))
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
	f->fft = fft_filter_plan(rows->period, columns->period,
	    (struct fft_filter_part){rows->size, columns->size},
	    (struct fft_filter_part){rows->step, columns->step}, kernel, rows->k, columns->k,
	    rows->before - rows->lead, columns->before - columns->lead);
	if (!f->fft)
		return -1;
	f->in_size = fft_filter_batch(f->fft) * fft_filter_rows(f->fft) * fft_filter_stride(f->fft);
	f->scratch_size = fft_filter_scratch(f->fft);
	return 0;
}

/* The rows of the image that each tile has, each once, and where they stand. 0 or -1. */
static int plan_inputs(struct filter2d *f)
{
	const struct axis *rows = &f->rows;
	f->pixel = mem_alloc(rows->tiles * rows->size, sizeof *f->pixel);
	f->place = mem_alloc(rows->tiles * rows->size, sizeof *f->place);
	f->inputs = mem_alloc(rows->tiles, sizeof *f->inputs);
	f->turned_place = mem_alloc(rows->size + rows->k - 1, sizeof *f->turned_place);
	size_t *known = mem_alloc(rows->n, sizeof *known); /* 1 + which input a pixel is */
	if (!f->pixel || !f->place || !f->inputs || !f->turned_place || !known) {
		free(known);
		return -1;
	}
	for (size_t t = 0; t < rows->tiles; t++) {
		size_t *pixel = f->pixel + t * rows->size, *place = f->place + t * rows->size;
		for (size_t i = 0; i < rows->size; i++) {
			size_t source = rows->source[t * rows->size + i];
			if (source != BORDER_OUTSIDE && !known[source]) {
				pixel[f->inputs[t]] = source;
				known[source] = ++f->inputs[t];
			}
			place[i] =
			    source == BORDER_OUTSIDE ? DIRECT_FILTER_NONE : known[source] - 1;
		}
		for (size_t i = 0; i < f->inputs[t]; i++)
			known[pixel[i]] = 0;
	}
	for (size_t i = 0; i < rows->size + rows->k - 1; i++)
		f->turned_place[i] = i < rows->k - 1 || i >= rows->k - 1 + rows->step
					 ? DIRECT_FILTER_NONE
					 : i - (rows->k - 1);
	free(known);
	return 0;
}

static int plan_direct(struct filter2d *f, const double *kernel)
{
	const struct axis *rows = &f->rows, *columns = &f->columns;
	size_t kh = rows->k, kw = columns->k;
	bool products = f->method == FILTER2D_PRODUCTS;
	double *turned = mem_alloc(kh * kw, sizeof *turned);
	if (!turned || plan_inputs(f) < 0) {
		free(turned);
		return -1;
	}
	for (size_t i = 0; i < kh * kw; i++)
		turned[i] = kernel[kh * kw - 1 - i];
	f->direct = direct_filter_plan(columns->step, rows->size, kh, kw, kernel, products);
	f->direct_adjoint = direct_filter_plan(columns->size, rows->step, kh, kw, turned, products);
	free(turned);
	if (!f->direct || !f->direct_adjoint)
		return -1;
	/* rows as long as the adjoint's, which are the longer ones */
	f->in_size = rows->size * direct_filter_in_stride(f->direct_adjoint);
	f->out_size = (rows->size + 3) / 4 * 4 * direct_filter_out_stride(f->direct_adjoint);
	size_t a = direct_filter_scratch(f->direct), b = direct_filter_scratch(f->direct_adjoint);
	f->scratch_size = a > b ? a : b;
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
	size_t products = DIRECT_FILTER_RANK_MAX * (f->rows.k + f->columns.k);
	double *room = mem_alloc(products, sizeof *room); /* for direct_filter_rank */
	bool planned = false;
	if (!folded || !room)
		goto end;
	double fourier = fourier_tiles(&f->rows, &f->columns, border);
	double dense = direct_cost(&f->rows, &f->columns, 0);
	if (method == FILTER2D_AUTO) {
		int rank = direct_filter_rank(f->rows.k, f->columns.k, folded, room,
		    room + DIRECT_FILTER_RANK_MAX * f->rows.k);
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
	if (axis_sources(&f->rows, border) < 0 || axis_sources(&f->columns, border) < 0)
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
	fft_filter_free(f->fft);
	direct_filter_free(f->direct);
	direct_filter_free(f->direct_adjoint);
	free(f->pixel);
	free(f->place);
	free(f->inputs);
	free(f->turned_place);
	free(f->in);
	free(f->out);
	free(f->scratch);
	free(f);
}

enum filter2d_method filter2d_method(const struct filter2d *f)
{
	return f->method;
}

/* ---- running ---- */

/* A row of a tile from one of the image. */
static void gather_row(const struct axis *columns, size_t tile, const real *from, real *to)
{
	for (size_t i = columns->first[tile]; i < columns->first[tile + 1]; i++) {
		const struct run *run = &columns->run[i];
		if (run->pixel == BORDER_OUTSIDE)
			memset(to + run->at, 0, run->length * sizeof *to);
		else if (run->length == 1)
			to[run->at] = from[run->pixel];
		else
			memcpy(to + run->at, from + run->pixel, run->length * sizeof *to);
	}
}

/* And its adjoint. */
static void scatter_row(const struct axis *columns, size_t tile, const real *from, real *to)
{
	for (size_t i = columns->first[tile]; i < columns->first[tile + 1]; i++) {
		const struct run *run = &columns->run[i];
		for (size_t j = 0; run->pixel != BORDER_OUTSIDE && j < run->length; j++)
			to[run->pixel + j] += from[run->at + j];
	}
}

/* A tile from the image, rows `stride` apart. */
static void gather(
    const struct filter2d *f, const real *x, size_t tr, size_t tc, real *tile, size_t stride)
{
	const struct axis *rows = &f->rows;
	for (size_t i = 0; i < rows->size; i++) {
		size_t row = rows->source[tr * rows->size + i];
		if (row == BORDER_OUTSIDE)
			memset(tile + i * stride, 0, f->columns.size * sizeof *tile);
		else
			gather_row(&f->columns, tc, x + row * f->columns.n, tile + i * stride);
	}
}

/* gather's adjoint: add the tile onto the image. */
static void scatter(
    const struct filter2d *f, const real *tile, size_t stride, size_t tr, size_t tc, real *x)
{
	const struct axis *rows = &f->rows;
	for (size_t i = 0; i < rows->size; i++) {
		size_t row = rows->source[tr * rows->size + i];
		if (row != BORDER_OUTSIDE)
			scatter_row(&f->columns, tc, tile + i * stride, x + row * f->columns.n);
	}
}

struct job {
	struct filter2d *f;
	const real *x;
	real *y;
	size_t tiles;
};

/* The outputs of a tile: where they start in an array of images, and how many there are. */
struct outputs {
	size_t tr, tc, start, h, w;
};

static struct outputs outputs_of(const struct filter2d *f, size_t tile)
{
	const struct axis *rows = &f->rows, *columns = &f->columns;
	size_t each = rows->tiles * columns->tiles, image = tile / each;
	size_t tr = tile % each / columns->tiles, tc = tile % columns->tiles;
	size_t row = image * rows->n + tr * rows->step;
	return (struct outputs){tr, tc, row * columns->n + tc * columns->step,
	    axis_outputs(rows, tr), axis_outputs(columns, tc)};
}

static const real *image_of(const struct filter2d *f, const real *x, size_t tile)
{
	return x + tile / (f->rows.tiles * f->columns.tiles) * f->rows.n * f->columns.n;
}

static void copy_rows(
    const real *from, size_t from_stride, size_t h, size_t w, real *to, size_t to_stride)
{
	for (size_t i = 0; i < h; i++)
		memcpy(to + i * to_stride, from + i * from_stride, w * sizeof *to);
}

static int exec_fft(size_t item, size_t worker, void *argument)
{
	const struct job *job = argument;
	const struct filter2d *f = job->f;
	size_t batch = fft_filter_batch(f->fft), stride = fft_filter_stride(f->fft);
	size_t size = fft_filter_rows(f->fft) * stride, first = item * batch;
	size_t count = least(batch, job->tiles - first);
	real *planes = f->in + worker * f->in_size;
	for (size_t p = 0; p < count; p++) {
		struct outputs o = outputs_of(f, first + p);
		real *plane = planes + p * size;
		gather(f, image_of(f, job->x, first + p), o.tr, o.tc, plane, stride);
		if (f->rows.size % 2)
			memset(plane + f->rows.size * stride, 0, stride * sizeof *plane);
	}
	fft_filter_exec(f->fft, planes, count, false, f->scratch + worker * f->scratch_size);
	for (size_t p = 0; p < count; p++) {
		struct outputs o = outputs_of(f, first + p);
		copy_rows(planes + p * size, stride, o.h, o.w, job->y + o.start, f->columns.n);
	}
	return 0;
}

static int exec_direct(size_t item, size_t worker, void *argument)
{
	const struct job *job = argument;
	const struct filter2d *f = job->f;
	real *in = f->in + worker * f->in_size, *out = f->out + worker * f->out_size;
	size_t stride = direct_filter_in_stride(f->direct), size = f->rows.size;
	struct outputs o = outputs_of(f, item);
	const real *x = image_of(f, job->x, item);
	for (size_t i = 0; i < f->inputs[o.tr]; i++)
		gather_row(&f->columns, o.tc, x + f->pixel[o.tr * size + i] * f->columns.n,
		    in + i * stride);
	direct_filter_exec(f->direct, in, f->inputs[o.tr], f->place + o.tr * size, o.h, out,
	    f->scratch + worker * f->scratch_size);
	copy_rows(
	    out, direct_filter_out_stride(f->direct), o.h, o.w, job->y + o.start, f->columns.n);
	return 0;
}

static void adjoint_fft(
    const struct filter2d *f, const real *dy, const struct outputs *o, real *dx, size_t worker)
{
	real *plane = f->in + worker * f->in_size;
	size_t stride = fft_filter_stride(f->fft);
	memset(plane, 0, fft_filter_rows(f->fft) * stride * sizeof *plane);
	copy_rows(dy, f->columns.n, o->h, o->w, plane, stride);
	fft_filter_exec(f->fft, plane, 1, true, f->scratch + worker * f->scratch_size);
	scatter(f, plane, stride, o->tr, o->tc, dx);
}

static void adjoint_direct(
    const struct filter2d *f, const real *dy, const struct outputs *o, real *dx, size_t worker)
{
	real *in = f->in + worker * f->in_size, *out = f->out + worker * f->out_size;
	size_t stride = direct_filter_in_stride(f->direct_adjoint);
	memset(in, 0, f->in_size * sizeof *in);
	copy_rows(dy, f->columns.n, o->h, o->w, in + f->columns.k - 1, stride);
	direct_filter_exec(f->direct_adjoint, in, f->rows.step, f->turned_place, f->rows.size, out,
	    f->scratch + worker * f->scratch_size);
	scatter(f, out, direct_filter_out_stride(f->direct_adjoint), o->tr, o->tc, dx);
}

static int adjoint_image(size_t image, size_t worker, void *argument)
{
	const struct job *job = argument;
	const struct filter2d *f = job->f;
	size_t tiles = f->rows.tiles * f->columns.tiles, pixels = f->rows.n * f->columns.n;
	real *dx = job->y + image * pixels;
	memset(dx, 0, pixels * sizeof *dx);
	for (size_t t = 0; t < tiles; t++) {
		struct outputs o = outputs_of(f, image * tiles + t);
		(f->fft ? adjoint_fft : adjoint_direct)(f, job->x + o.start, &o, dx, worker);
	}
	return 0;
}

int filter2d_exec(struct filter2d *f, const real *x, real *y, size_t n)
{
	struct job job = {f, x, y, n * f->rows.tiles * f->columns.tiles};
	if (!f->fft)
		return par_for(job.tiles, f->threads, exec_direct, &job);
	size_t batch = fft_filter_batch(f->fft);
	return par_for((job.tiles + batch - 1) / batch, f->threads, exec_fft, &job);
}

int filter2d_adjoint(struct filter2d *f, const real *dy, real *dx, size_t n)
{
	struct job job = {f, dy, dx, n * f->rows.tiles * f->columns.tiles};
	return par_for(n, f->threads, adjoint_image, &job);
}
