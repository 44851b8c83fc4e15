/* Filtering by cosine transforms: see mirror.h. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/fft.h"
#include "conv/mean.h"
#include "conv/mirror.h"

struct mirror_filter {
	size_t h, w, threads, size; /* size: numbers of an image, rounded up to whole cache lines */
	struct fft *forward, *back;
	real *gain;                 /* (h, w): of the coefficients, over 4 h w */
	real constant;              /* the gain at frequency 0 */
	real *image, *coefficients; /* (threads, size) */
};

double mirror_whitening(double fx, double fy, const void *argument)
{
	double f = sqrt(fx * fx + fy * fy), square = f / *(const double *)argument;
	square *= square;
	return f * exp(-square * square);
}

struct mirror_filter *mirror_plan(
    size_t h, size_t w, mirror_gain *gain, const void *argument, size_t threads)
{
	struct mirror_filter *f = mem_alloc(1, sizeof *f);
	if (!f)
		return NULL;
	*f = (struct mirror_filter){.h = h, .w = w, .threads = threads ? threads : 1};
	f->forward = fft_plan(FFT_COSINES, h, w);
	f->back = f->forward ? fft_plan(FFT_FROM_COSINES, h, w) : NULL;
	if (!f->back)
		goto fail;
	f->size = (h * w + 15) / 16 * 16;
	f->gain = mem_alloc(h * w, sizeof *f->gain);
	f->image = mem_alloc(f->threads * f->size, sizeof *f->image);
	f->coefficients = mem_alloc(f->threads * f->size, sizeof *f->coefficients);
	if (!f->gain || !f->image || !f->coefficients)
		goto fail;
	double height = (double)h, width = (double)w;
	for (size_t i = 0; i < h * w; i++) {
		double fx = (double)(i % w) / (2 * width), fy = (double)(i / w) / (2 * height);
		f->gain[i] = (real)(gain(fx, fy, argument) / (4 * height * width));
	}
	f->constant = (real)gain(0, 0, argument);
	return f;
fail:
	mirror_free(f);
	return NULL;
}

void mirror_free(struct mirror_filter *f)
{
	if (!f)
		return;
	fft_free(f->forward);
	fft_free(f->back);
	free(f->gain);
	free(f->image);
	free(f->coefficients);
	free(f);
}

struct job {
	struct mirror_filter *f;
	const real *x;
	real *y;
};

static int filter_image(size_t item, size_t worker, void *argument)
{
	const struct job *job = argument;
	const struct mirror_filter *f = job->f;
	size_t pixels = f->h * f->w;
	const real *x = job->x + item * pixels;
	real *y = job->y + item * pixels;
	real *image = f->image + worker * f->size, *c = f->coefficients + worker * f->size;
	/* the mean goes past the transforms: their rounding is then that of the contrast */
	real mean = mean_of(x, pixels);
	for (size_t i = 0; i < pixels; i++)
		image[i] = x[i] - mean;
	fft_exec(f->forward, image, c);
	for (size_t i = 0; i < pixels; i++)
		c[i] *= f->gain[i];
	fft_exec(f->back, c, image);
	for (size_t i = 0; i < pixels; i++)
		y[i] = image[i] + f->constant * mean;
	return 0;
}

int mirror_exec(struct mirror_filter *f, const real *x, real *y, size_t n)
{
	struct job job = {f, x, y};
	return par_for(n, f->threads, filter_image, &job);
}
