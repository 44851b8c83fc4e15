/* One kernel over images: see filter2d.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "conv/fft.h"
#include "conv/filter2d.h"
#include "conv/sizes.h"

/* One axis of the image and of its transform, whose place i stands for coordinate i of the image, or for i - period. */
struct axis {
	size_t n, k, before, after; /* pixels; taps, and how many stand on either side */
	size_t period;              /* of the transform */
	size_t *pixel;              /* (period): the image's at each place, or BORDER_OUTSIDE */
};

struct filter2d {
	struct axis rows, columns;
	size_t threads, size; /* size: numbers of a spectrum, rounded up to whole cache lines */
	struct fft *forward, *back;
	real *kernel;           /* (size): its spectrum, over the places of a transform */
	real *image, *spectrum; /* (threads, size) */
};

/* The transform's period: room for the image and what the kernel meets beyond it, or the period of the continued image
 * itself where that is shorter. */
static struct axis axis_of(size_t n, size_t k, enum border border)
{
	struct axis axis = {.n = n, .k = k, .before = (k - 1) / 2, .after = k / 2};
	if (border == BORDER_ZERO)
		axis.period =
		    conv_good_size(n + size_min(axis.before, n - 1) + size_min(axis.after, n - 1));
	else
		axis.period =
		    size_min(conv_good_size(n + k - 1), border == BORDER_MIRROR ? 2 * n : n);
	return axis;
}

static int find_pixels(struct axis *axis, enum border border)
{
	axis->pixel = mem_alloc(axis->period, sizeof *axis->pixel);
	for (size_t i = 0; axis->pixel && i < axis->period; i++) {
		bool wrapped = i >= axis->n + axis->after;
		ptrdiff_t at = (ptrdiff_t)i - (wrapped ? (ptrdiff_t)axis->period : 0);
		axis->pixel[i] = border_pixel(border, at, axis->n);
	}
	return axis->pixel ? 0 : -1;
}

/* The place that tap a of an axis adds to the output at place 0; BORDER_OUTSIDE where it meets only zeros. */
static size_t tap_place(const struct axis *axis, size_t a, enum border border)
{
	ptrdiff_t to = (ptrdiff_t)a - (ptrdiff_t)axis->before, n = (ptrdiff_t)axis->n,
		  period = (ptrdiff_t)axis->period;
	if (border == BORDER_ZERO && (to <= -n || to >= n))
		return BORDER_OUTSIDE;
	return (size_t)((to % period + period) % period);
}

static void transform_kernel(struct filter2d *f, const double *kernel, enum border border)
{
	double places = (double)f->rows.period * (double)f->columns.period;
	for (size_t a = 0; a < f->rows.k; a++) {
		size_t row = tap_place(&f->rows, a, border);
		for (size_t b = 0; b < f->columns.k && row != BORDER_OUTSIDE; b++) {
			size_t column = tap_place(&f->columns, b, border);
			if (column != BORDER_OUTSIDE)
				f->image[row * f->columns.period + column] +=
				    (real)(kernel[a * f->columns.k + b] / places);
		}
	}
	fft_exec(f->forward, f->image, f->kernel);
}

struct filter2d *filter2d_plan(size_t h, size_t w, size_t kh, size_t kw, const double *kernel,
    enum border border, size_t threads)
{
	const size_t longest = (size_t)1 << 30;
	if (!h || !w || !kh || !kw || h > longest || w > longest || kh > longest || kw > longest) {
		err_set("filter: a kernel of %zux%zu on images of %zux%zu", kh, kw, h, w);
		return NULL;
	}
	struct filter2d *f = mem_alloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->threads = threads ? threads : 1;
	f->rows = axis_of(h, kh, border);
	f->columns = axis_of(w, kw, border);
	size_t rows = f->rows.period, columns = f->columns.period;
	f->forward = fft_plan(FFT_R2C, rows, columns);
	f->back = f->forward ? fft_plan(FFT_C2R, rows, columns) : NULL;
	if (!f->back || find_pixels(&f->rows, border) < 0 || find_pixels(&f->columns, border) < 0)
		goto fail;
	f->size = (2 * rows * (columns / 2 + 1) + 15) / 16 * 16;
	f->kernel = mem_alloc(f->size, sizeof *f->kernel);
	f->image = mem_alloc(f->threads * f->size, sizeof *f->image);
	f->spectrum = mem_alloc(f->threads * f->size, sizeof *f->spectrum);
	if (!f->kernel || !f->image || !f->spectrum)
		goto fail;
	transform_kernel(f, kernel, border);
	return f;
fail:
	filter2d_free(f);
	return NULL;
}

void filter2d_free(struct filter2d *f)
{
	if (!f)
		return;
	free(f->rows.pixel);
	free(f->columns.pixel);
	fft_free(f->forward);
	fft_free(f->back);
	free(f->kernel);
	free(f->image);
	free(f->spectrum);
	free(f);
}

struct job {
	struct filter2d *f;
	const real *x;
	real *y;
};

static int filter_image(size_t item, size_t worker, void *argument)
{
	const struct job *job = argument;
	const struct filter2d *f = job->f;
	size_t h = f->rows.n, w = f->columns.n, columns = f->columns.period;
	real *image = f->image + worker * f->size, *spectrum = f->spectrum + worker * f->size;
	for (size_t i = 0; i < f->rows.period; i++) {
		real *to = image + i * columns;
		if (f->rows.pixel[i] == BORDER_OUTSIDE) {
			memset(to, 0, columns * sizeof *to);
			continue;
		}
		const real *from = job->x + (item * h + f->rows.pixel[i]) * w;
		memcpy(to, from, w * sizeof *to);
		for (size_t j = w; j < columns; j++)
			to[j] =
			    f->columns.pixel[j] == BORDER_OUTSIDE ? 0 : from[f->columns.pixel[j]];
	}
	fft_exec(f->forward, image, spectrum);
	for (size_t i = 0; i < f->size; i += 2) { /* times the kernel's, conjugated */
		const real re = spectrum[i], im = spectrum[i + 1], *k = f->kernel + i;
		spectrum[i] = re * k[0] + im * k[1];
		spectrum[i + 1] = im * k[0] - re * k[1];
	}
	fft_exec(f->back, spectrum, image);
	for (size_t i = 0; i < h; i++)
		memcpy(job->y + (item * h + i) * w, image + i * columns, w * sizeof *image);
	return 0;
}

int filter2d_exec(struct filter2d *f, const real *x, real *y, size_t n)
{
	struct job job = {f, x, y};
	return par_for(n, f->threads, filter_image, &job);
}
