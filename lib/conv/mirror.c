/*
 * Filtering by cosine transforms: see mirror.h. With v the image's rows and columns in the order 0 2 4 ... 5 3 1, V
 * its Fourier transform, u_k = exp(-i pi k / 2h), w_l = exp(-i pi l / 2w) and V' = conj V(-k, l):
 *	S = u_k (w_l V + conj(w_l) V'),  D = u_k (w_l V - conj(w_l) V')
 * hold four cosine coefficients C, twice each:
 *	Re S = C(k, l),  -Im S = C(h-k, l),  -Im D = C(k, w-l),  -Re D = C(h-k, w-l).
 */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/clones.h"
#include "conv/fft.h"
#include "conv/mirror.h"

struct mirror_filter {
	size_t h, w, half, threads; /* half: columns of the spectrum */
	struct fft *forward, *back;
	real *gain; /* (h/2 + 1, 4, half): at (k, l), (h-k, l), (h-k, w-l), (k, w-l), over 2 h w */
	real *rows; /* u: (h/2 + 1, 2) */
	real *columns;  /* w: (2, half): real parts, imaginary parts */
	real constant;  /* the gain at frequency 0 */
	real *image;    /* (threads, image_size) */
	real *spectrum; /* (threads, spectrum_size) */
	size_t image_size, spectrum_size;
};

double mirror_whitening(double fx, double fy, const void *argument)
{
	double f = hypot(fx, fy), f0 = *(const double *)argument;
	return f * exp(-pow(f / f0, 4));
}

static int fill_tables(struct mirror_filter *f, mirror_gain *gain, const void *argument)
{
	f->gain = mem_alloc((f->h / 2 + 1) * 4 * f->half, sizeof *f->gain);
	f->rows = mem_alloc((f->h / 2 + 1) * 2, sizeof *f->rows);
	f->columns = mem_alloc(2 * f->half, sizeof *f->columns);
	if (!f->gain || !f->rows || !f->columns)
		return -1;
	double h = (double)f->h, w = (double)f->w;
	for (size_t k = 0; k <= f->h / 2; k++) {
		f->rows[2 * k] = (real)cos(M_PI * (double)k / (2 * h));
		f->rows[2 * k + 1] = (real)-sin(M_PI * (double)k / (2 * h));
		double fy = (double)k / (2 * h), turned_y = 0.5 - fy;
		for (size_t l = 0; l < f->half; l++) {
			double fx = (double)l / (2 * w), turned_x = 0.5 - fx;
			double g[4] = {gain(fx, fy, argument), gain(fx, turned_y, argument),
			    gain(turned_x, turned_y, argument), gain(turned_x, fy, argument)};
			for (size_t i = 0; i < 4; i++)
				f->gain[(k * 4 + i) * f->half + l] = (real)(g[i] / (2 * h * w));
		}
	}
	for (size_t l = 0; l < f->half; l++) {
		f->columns[l] = (real)cos(M_PI * (double)l / (2 * w));
		f->columns[f->half + l] = (real)-sin(M_PI * (double)l / (2 * w));
	}
	f->constant = (real)gain(0, 0, argument);
	return 0;
}

struct mirror_filter *mirror_plan(
    size_t h, size_t w, mirror_gain *gain, const void *argument, size_t threads)
{
	struct mirror_filter *f = calloc(1, sizeof *f);
	if (!f) {
		err_set("filter: no room for its plan");
		return NULL;
	}
	f->h = h;
	f->w = w;
	f->half = w / 2 + 1;
	f->threads = threads ? threads : 1;
	f->image_size = (h * w + 15) / 16 * 16;
	f->spectrum_size = (2 * h * f->half + 15) / 16 * 16;
	f->forward = fft_plan_images(FFT_R2C, 1, h, w);
	f->back = fft_plan_images(FFT_C2R, 1, h, w);
	f->image = mem_alloc(f->threads * f->image_size, sizeof *f->image);
	f->spectrum = mem_alloc(f->threads * f->spectrum_size, sizeof *f->spectrum);
	if (!f->forward || !f->back || !f->image || !f->spectrum ||
	    fill_tables(f, gain, argument) < 0) {
		mirror_free(f);
		return NULL;
	}
	return f;
}

void mirror_free(struct mirror_filter *f)
{
	if (!f)
		return;
	fft_free(f->forward);
	fft_free(f->back);
	free(f->gain);
	free(f->rows);
	free(f->columns);
	free(f->image);
	free(f->spectrum);
	free(f);
}

/* The pixel at place i of the order 0 2 4 ... 5 3 1. */
static size_t ordered(size_t i, size_t n)
{
	return i < (n + 1) / 2 ? 2 * i : 2 * (n - i) - 1;
}

/* The mean, in a fixed order that suits vectors. */
FOR_CPUS static real mean_of(const real *x, size_t n)
{
	double part[8] = {0}, sum = 0;
	size_t i = 0;
	for (; i + 8 <= n; i += 8)
		for (size_t j = 0; j < 8; j++)
			part[j] += (double)x[i + j];
	for (; i < n; i++)
		sum += (double)x[i];
	for (size_t j = 0; j < 8; j++)
		sum += part[j];
	return (real)(sum / (double)n);
}

/* A line of w pixels into the order 0 2 4 ... 5 3 1, less the mean; and back, plus a constant. */
FOR_CPUS static void fold_line(const real *restrict from, real *restrict to, size_t w, real mean)
{
	for (size_t j = 0; j < w / 2; j++) {
		to[j] = from[2 * j] - mean;
		to[w - 1 - j] = from[2 * j + 1] - mean;
	}
	if (w % 2)
		to[w / 2] = from[w - 1] - mean;
}

FOR_CPUS static void unfold_line(
    const real *restrict from, real *restrict to, size_t w, real constant)
{
	for (size_t j = 0; j < w / 2; j++) {
		to[2 * j] = from[j] + constant;
		to[2 * j + 1] = from[w - 1 - j] + constant;
	}
	if (w % 2)
		to[w - 1] = from[w / 2] + constant;
}

/* Multiply the coefficients held by rows k (a) and -k (b) of the spectrum; they are one row where k = -k. */
FOR_CPUS static void multiply(const struct mirror_filter *f, size_t k, real *a, real *b)
{
	const real *g = f->gain + k * 4 * f->half, *c = f->columns, *s = f->columns + f->half;
	const real *g1 = g + f->half, *g2 = g1 + f->half, *g3 = g2 + f->half;
	real ur = f->rows[2 * k], ui = f->rows[2 * k + 1];
	for (size_t l = 0; l < f->half; l++) {
		/* p = u w, q = u conj(w) */
		real pr = ur * c[l] - ui * s[l], pi = ur * s[l] + ui * c[l];
		real qr = ur * c[l] + ui * s[l], qi = ui * c[l] - ur * s[l];
		real ar = a[2 * l], ai = a[2 * l + 1], br = b[2 * l], bi = -b[2 * l + 1];
		real xr = pr * ar - pi * ai, xi = pr * ai + pi * ar;
		real yr = qr * br - qi * bi, yi = qr * bi + qi * br;
		real sr = (xr + yr) * g[l], si = (xi + yi) * g1[l];
		real dr = (xr - yr) * g2[l], di = (xi - yi) * g3[l];
		xr = sr + dr;
		xi = si + di;
		yr = sr - dr;
		yi = si - di;
		a[2 * l] = pr * xr + pi * xi;
		a[2 * l + 1] = pr * xi - pi * xr;
		b[2 * l] = qr * yr + qi * yi;
		b[2 * l + 1] = qi * yr - qr * yi;
	}
}

struct job {
	struct mirror_filter *f;
	const real *x;
	real *y;
};

static int exec_image(size_t item, size_t worker, void *argument)
{
	const struct job *job = argument;
	struct mirror_filter *f = job->f;
	size_t h = f->h, w = f->w;
	const real *x = job->x + item * h * w;
	real *y = job->y + item * h * w;
	real *image = f->image + worker * f->image_size;
	real *spectrum = f->spectrum + worker * f->spectrum_size;
	/* the mean goes past the transforms: their rounding is then that of the contrast */
	real mean = mean_of(x, h * w);
	for (size_t i = 0; i < h; i++)
		fold_line(x + ordered(i, h) * w, image + i * w, w, mean);
	fft_exec(f->forward, image, spectrum);
	for (size_t k = 0; k <= h / 2; k++)
		multiply(f, k, spectrum + 2 * k * f->half, spectrum + 2 * ((h - k) % h) * f->half);
	fft_exec(f->back, spectrum, image);
	for (size_t i = 0; i < h; i++)
		unfold_line(image + i * w, y + ordered(i, h) * w, w, f->constant * mean);
	return 0;
}

int mirror_exec(struct mirror_filter *f, const real *x, real *y, size_t n)
{
	struct job job = {f, x, y};
	return par_for(n, f->threads, exec_image, &job);
}
