/*
 * Convolution by Fourier transforms: see conv.h.
 *
 * Two images x1, x2 make one complex image x1 + i x2, whose spectrum Z may be multiplied by a real kernel's spectrum
 * without ever being taken apart. Kernels are real, so W(-u) = conj W(u) is kept for half of the frequencies, and u
 * and -u are worked on together. With W(u) = sum_d w[d] exp(+2 pi i u.d/N), cross-correlation is Z W and its
 * adjoint Z conj W; the weights' gradient is the real part of the inverse transform of
 *
 *	D(u) = sum over pairs of conj(G(u)) Z(u),
 *
 * since the two images' products stand in the real part and their cross terms in the imaginary one.
 *
 * Spectra are (column kx, row ky, pair, re | im, channel): at each frequency a matrix of pairs by channels, which
 * the products read in order. A frequency is u = kx Ny + ky.
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

struct spectral {
	struct conv_size size;
	size_t reach;  /* r, k = 2 r + 1 */
	size_t nx, ny; /* of the transforms */
	size_t half;   /* columns whose kernel spectra are kept: nx / 2 + 1 */
	size_t pairs;  /* of images, the last possibly with a zero image */
	size_t pitch;  /* elements from one row to the next in a worker's plane */
	struct lanes_fft *x_fft, *y_fft;
	real *packed;  /* (in, k, k, out_stride): weights, or their gradient */
	real *current; /* (out, in, k, k): the weights that `kernel` holds, if it does */
	bool holds;
	real *kernel;          /* (half, ny, in_stride, 2, out_stride): W / (nx ny), or D */
	real **x_spectrum;     /* per slot, (nx, ny, pairs, 2, in_stride) */
	real **g_spectrum;     /* per slot, (nx, ny, pairs, 2, out_stride) */
	real *y_spectrum;      /* the product */
	real *cosine, *sine;   /* (half, r + 1): of 2 pi kx d/nx */
	real *zeros;           /* a row of a missing image */
	real **scratch;        /* per worker */
	size_t channel_blocks; /* of the running transform's images */
	/* arguments of the running step */
	const real *from;
	real *to;
	real *spectrum;
	size_t stride;
	size_t slot, slots;
	double *norms; /* per item */
};

static void *plan_spectral(const struct conv_size *size)
{
	struct spectral *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	plan->size = *size;
	plan->reach = size->k / 2;
	size_t count;
	if (mem_multiply(size->k * size->k, size->in, &count) < 0 ||
	    mem_multiply(count, size->out_stride, &count) < 0 ||
	    !(plan->packed = mem_alloc(count, sizeof(real))) ||
	    !(plan->current = mem_alloc(count, sizeof(real)))) {
		free(plan->packed);
		free(plan);
		return NULL;
	}
	return plan;
}

static void release(struct spectral *plan)
{
	for (size_t s = 0; plan->x_spectrum && s < plan->size.slots; s++) {
		free(plan->x_spectrum[s]);
		free(plan->g_spectrum[s]);
		if (!plan->size.gradients)
			break;
	}
	for (size_t i = 0; plan->scratch && i < plan->size.threads; i++)
		free(plan->scratch[i]);
	lanes_fft_free(plan->x_fft);
	lanes_fft_free(plan->y_fft);
	free(plan->x_spectrum);
	free(plan->g_spectrum);
	free(plan->y_spectrum);
	free(plan->kernel);
	free(plan->cosine);
	free(plan->sine);
	free(plan->zeros);
	free(plan->scratch);
	plan->x_fft = plan->y_fft = NULL;
	plan->x_spectrum = plan->g_spectrum = plan->scratch = NULL;
	plan->y_spectrum = plan->kernel = plan->cosine = plan->sine = plan->zeros = NULL;
}

static void free_spectral(void *argument)
{
	struct spectral *plan = argument;
	release(plan);
	free(plan->packed);
	free(plan->current);
	free(plan);
}

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Numbers from one frequency's matrix to the next, of images with `stride` numbers a pixel and of the kernel. One more
 * group of lanes than the matrix has: a transform writes one group of each, and steps of a power of two would put them
 * all in the same place of the caches. */
static size_t spectrum_step(const struct spectral *plan, size_t stride)
{
	return 2 * plan->pairs * stride + LANES;
}

static size_t kernel_step(const struct spectral *plan)
{
	return 2 * plan->size.in_stride * plan->size.out_stride + LANES;
}

/* The smallest circle on which neither the image nor the kernel meets itself. */
static size_t circle(size_t side, size_t reach)
{
	return lanes_good_size(max(side + reach, 2 * reach + 1));
}

static int resize_spectral(void *argument, const struct conv_size *size)
{
	struct spectral *plan = argument;
	release(plan);
	plan->holds = false;
	plan->size = *size;
	plan->pairs = (size->n + 1) / 2;
	plan->nx = circle(size->w, plan->reach);
	plan->ny = circle(size->h, plan->reach);
	plan->half = plan->nx / 2 + 1;
	plan->pitch = plan->nx | 1;
	size_t widest = max(size->in_stride, size->out_stride);
	size_t points, pixels, matrix_room, x_count, g_count, y_count, kernel;
	if (mem_multiply(plan->nx, plan->ny, &points) < 0 ||
	    mem_multiply(2 * plan->pairs, widest, &pixels) < 0 ||
	    mem_multiply(2 * size->in_stride, size->out_stride, &matrix_room) < 0 ||
	    mem_multiply(points, spectrum_step(plan, size->in_stride), &x_count) < 0 ||
	    mem_multiply(points, spectrum_step(plan, size->out_stride), &g_count) < 0 ||
	    mem_multiply(points, spectrum_step(plan, widest), &y_count) < 0 ||
	    mem_multiply(plan->half * plan->ny, kernel_step(plan), &kernel) < 0)
		return -1;
	plan->x_fft = lanes_fft_plan(plan->nx);
	plan->y_fft = lanes_fft_plan(plan->ny);
	if (!plan->x_fft || !plan->y_fft)
		return -1;
	size_t kept = size->gradients ? size->slots : 1;
	plan->x_spectrum = mem_alloc(size->slots, sizeof *plan->x_spectrum);
	plan->g_spectrum = mem_alloc(size->slots, sizeof *plan->g_spectrum);
	plan->scratch = mem_alloc(size->threads, sizeof *plan->scratch);
	if (!plan->x_spectrum || !plan->g_spectrum || !plan->scratch)
		return -1;
	for (size_t s = 0; s < size->slots; s++) {
		plan->x_spectrum[s] =
		    s < kept ? mem_alloc(x_count, sizeof(real)) : plan->x_spectrum[0];
		plan->g_spectrum[s] =
		    s < kept ? mem_alloc(g_count, sizeof(real)) : plan->g_spectrum[0];
		if (!plan->x_spectrum[s] || !plan->g_spectrum[s])
			return -1;
	}
	plan->y_spectrum = mem_alloc(y_count, sizeof(real));
	plan->kernel = mem_alloc(kernel, sizeof(real));
	plan->cosine = mem_alloc(plan->half * (plan->reach + 1), sizeof(real));
	plan->sine = mem_alloc(plan->half * (plan->reach + 1), sizeof(real));
	plan->zeros = mem_alloc(size->w * widest, sizeof(real));
	if (!plan->y_spectrum || !plan->kernel || !plan->cosine || !plan->sine || !plan->zeros)
		return -1;
	for (size_t kx = 0; kx < plan->half; kx++) {
		for (size_t d = 0; d <= plan->reach; d++) {
			double angle = 2 * M_PI * (double)(kx * d % plan->nx) / (double)plan->nx;
			plan->cosine[kx * (plan->reach + 1) + d] = (real)cos(angle);
			plan->sine[kx * (plan->reach + 1) + d] = (real)sin(angle);
		}
	}
	/* a worker's: a plane of LANES channels, or the rows of a kernel's spectrum and two columns; a transposed
	 * matrix; a transform's own */
	size_t plane = plan->pitch * max(plan->ny, 2) * 2 * LANES;
	size_t rows = (size->k * plan->half + 2 * plan->ny + size->k * size->k) * 2 * LANES;
	size_t matrix = 2 * size->in_stride * size->out_stride;
	size_t own = 4 * max(plan->nx, plan->ny) * LANES;
	for (size_t i = 0; i < size->threads; i++) {
		plan->scratch[i] = mem_alloc(max(max(plane, rows), matrix) + own, sizeof(real));
		if (!plan->scratch[i])
			return -1;
	}
	return 0;
}

/* a worker's memory: what a transform uses, then the rest */
static real *worker_rest(const struct spectral *plan, size_t worker)
{
	return plan->scratch[worker] + 4 * max(plan->nx, plan->ny) * LANES;
}

/* W of one input channel and LANES output channels, / (nx ny) */
LANES_CLONES
static int transform_kernel(size_t item, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t k = size->k, r = plan->reach, ny = plan->ny, half = plan->half;
	size_t blocks = size->out_stride / LANES, channel = item / blocks,
	       block = item % blocks * LANES;
	real *own = plan->scratch[worker], *rows = worker_rest(plan, worker);
	real *column = rows + k * half * 2 * LANES, *done = column + ny * 2 * LANES;
	const lanes scale = (lanes){0} + (real)1 / (real)(plan->nx * plan->ny);

	/* along x: sum over d of w[d] (cos + i sin), (k, half, 2, LANES) */
	for (size_t y = 0; y < k; y++) {
		const real *w = plan->packed + (channel * k + y) * k * size->out_stride + block;
		for (size_t kx = 0; kx < half; kx++) {
			const real *cosine = plan->cosine + kx * (r + 1),
				   *sine = plan->sine + kx * (r + 1);
			lanes re = *(const lanes *)(w + r * size->out_stride), im = {0};
			for (size_t d = 1; d <= r; d++) {
				lanes right = *(const lanes *)(w + (r + d) * size->out_stride);
				lanes left = *(const lanes *)(w + (r - d) * size->out_stride);
				re += cosine[d] * (right + left);
				im += sine[d] * (right - left);
			}
			lanes *out = (lanes *)(rows + (y * half + kx) * 2 * LANES);
			out[0] = re * scale;
			out[1] = im * scale;
		}
	}
	/* along y: the tap at d stands at -d, so that the forward transform has the positive exponent */
	memset(column, 0, ny * 2 * LANES * sizeof(real));
	for (size_t kx = 0; kx < half; kx++) {
		for (size_t y = 0; y < k; y++) {
			size_t at = (r + ny - y) % ny;
			memcpy(column + at * 2 * LANES, rows + (y * half + kx) * 2 * LANES,
			    2 * LANES * sizeof(real));
		}
		lanes_fft_exec(plan->y_fft, column, column + LANES, 2 * LANES, ny, done,
		    done + LANES, 2 * LANES, ny, own);
		size_t step = kernel_step(plan);
		real *to = plan->kernel + kx * ny * step + channel * 2 * size->out_stride + block;
		for (size_t ky = 0; ky < ny; ky++, to += step) {
			*(lanes *)to = *(lanes *)(done + ky * 2 * LANES);
			*(lanes *)(to + size->out_stride) =
			    *(lanes *)(done + ky * 2 * LANES + LANES);
		}
	}
	return 0;
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
			for (size_t t = 0; t < taps; t++)
				plan->packed[(i * taps + t) * size->out_stride + o] =
				    w[(o * size->in + i) * taps + t];
		}
	}
	return par_for(
	    size->in * (size->out_stride / LANES), size->threads, transform_kernel, plan);
}

/* D of one input channel and LANES output channels back to taps */
LANES_CLONES
static int transform_gradient(size_t item, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t k = size->k, r = plan->reach, ny = plan->ny, half = plan->half;
	size_t blocks = size->out_stride / LANES, channel = item / blocks,
	       block = item % blocks * LANES;
	real *own = plan->scratch[worker], *done = worker_rest(plan, worker);
	real *even = done + ny * 2 * LANES; /* (k, r + 1, even | odd in x, LANES) */
	memset(even, 0, k * (r + 1) * 2 * LANES * sizeof(real));
	size_t step = kernel_step(plan);
	for (size_t kx = 0; kx < half; kx++) {
		real *from = plan->kernel + kx * ny * step + channel * 2 * size->out_stride + block;
		lanes_fft_exec(plan->y_fft, from + size->out_stride, from, step, ny, done + LANES,
		    done, 2 * LANES, ny, own);
		bool single = kx == 0 || 2 * kx == plan->nx; /* not one of two conjugate columns */
		const lanes weight =
		    (lanes){0} + (real)(single ? 0.5 : 1) / (real)(plan->nx * plan->ny);
		const real *cosine = plan->cosine + kx * (r + 1), *sine = plan->sine + kx * (r + 1);
		for (size_t y = 0; y < k; y++) {
			const real *at = done + (y + ny - r) % ny * 2 * LANES;
			lanes re = weight * *(const lanes *)at,
			      im = weight * *(const lanes *)(at + LANES);
			lanes *sums = (lanes *)(even + y * (r + 1) * 2 * LANES);
			for (size_t d = 0; d <= r; d++) {
				sums[2 * d] += cosine[d] * re;
				sums[2 * d + 1] -= sine[d] * im;
			}
		}
	}
	for (size_t y = 0; y < k; y++) {
		real *to = plan->packed + (channel * k + y) * k * size->out_stride + block;
		const lanes *sums = (const lanes *)(even + y * (r + 1) * 2 * LANES);
		for (size_t d = 0; d <= r; d++) {
			*(lanes *)(to + (r + d) * size->out_stride) = sums[2 * d] + sums[2 * d + 1];
			*(lanes *)(to + (r - d) * size->out_stride) = sums[2 * d] - sums[2 * d + 1];
		}
	}
	return 0;
}

/* A pair of images, LANES channels of them: to the spectrum. */
static int transform_images(size_t item, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t pair = item / plan->channel_blocks, block = item % plan->channel_blocks * LANES;
	size_t pixel = plan->stride, row = size->w * pixel, image = size->h * row;
	const real *first = plan->from + 2 * pair * image + block;
	bool alone = 2 * pair + 1 == size->n;
	real *own = plan->scratch[worker], *plane = worker_rest(plan, worker);
	for (size_t y = 0; y < size->h; y++) {
		real *to = plane + y * plan->pitch * 2 * LANES;
		const real *re = first + y * row;
		lanes_fft_exec(plan->x_fft, re, alone ? plan->zeros : re + image, pixel, size->w,
		    to, to + LANES, 2 * LANES, plan->nx, own);
	}
	size_t step = spectrum_step(plan, pixel);
	for (size_t kx = 0; kx < plan->nx; kx++) {
		real *to = plan->spectrum + kx * plan->ny * step + pair * 2 * pixel + block;
		lanes_fft_exec(plan->y_fft, plane + kx * 2 * LANES, plane + kx * 2 * LANES + LANES,
		    plan->pitch * 2 * LANES, size->h, to, to + pixel, step, plan->ny, own);
	}
	return 0;
}

/* and back */
static int restore_images(size_t item, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t pair = item / plan->channel_blocks, block = item % plan->channel_blocks * LANES;
	size_t pixel = plan->stride, row = size->w * pixel, image = size->h * row;
	real *first = plan->to + 2 * pair * image + block;
	bool alone = 2 * pair + 1 == size->n;
	real *own = plan->scratch[worker], *plane = worker_rest(plan, worker);
	size_t step = spectrum_step(plan, pixel);
	for (size_t kx = 0; kx < plan->nx; kx++) {
		const real *re = plan->y_spectrum + kx * plan->ny * step + pair * 2 * pixel + block;
		real *to = plane + kx * 2 * LANES;
		lanes_fft_exec(plan->y_fft, re + pixel, re, step, plan->ny, to + LANES, to,
		    plan->pitch * 2 * LANES, size->h, own);
	}
	for (size_t y = 0; y < size->h; y++) {
		const real *from = plane + y * plan->pitch * 2 * LANES;
		real *to = first + y * row;
		/* a missing image's part goes where the one that is there is written after it */
		lanes_fft_exec(plan->x_fft, from + LANES, from, 2 * LANES, plan->nx,
		    alone ? to : to + image, to, pixel, size->w, own);
	}
	return 0;
}

static int to_spectrum(struct spectral *plan, const real *x, size_t stride, real *spectrum)
{
	plan->from = x;
	plan->spectrum = spectrum;
	plan->stride = stride;
	plan->channel_blocks = stride / LANES;
	return par_for(
	    plan->pairs * plan->channel_blocks, plan->size.threads, transform_images, plan);
}

static int from_spectrum(struct spectral *plan, real *y, size_t stride)
{
	plan->to = y;
	plan->stride = stride;
	plan->channel_blocks = stride / LANES;
	return par_for(
	    plan->pairs * plan->channel_blocks, plan->size.threads, restore_images, plan);
}

/* frequencies a worker takes at once */
#define FREQUENCIES 16

/* -u */
static size_t opposite(const struct spectral *plan, size_t u)
{
	size_t kx = u / plan->ny, ky = u % plan->ny;
	return (plan->nx - kx) % plan->nx * plan->ny + (plan->ny - ky) % plan->ny;
}

static size_t last_frequency(const struct spectral *plan, size_t item)
{
	size_t end = (item + 1) * FREQUENCIES, count = plan->half * plan->ny;
	return end < count ? end : count;
}

static size_t frequency_items(const struct spectral *plan)
{
	return (plan->half * plan->ny + FREQUENCIES - 1) / FREQUENCIES;
}

static int multiply_forward(size_t item, size_t worker, void *argument)
{
	(void)worker;
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t x_matrix = spectrum_step(plan, size->in_stride);
	size_t y_matrix = spectrum_step(plan, size->out_stride);
	const real *x = plan->x_spectrum[plan->slot];
	for (size_t u = item * FREQUENCIES; u < last_frequency(plan, item); u++) {
		size_t minus = opposite(plan, u);
		if (minus < u)
			continue; /* done with its opposite, which is in the same half */
		const real *w = plan->kernel + u * kernel_step(plan);
		product_complex(plan->pairs, size->in, size->in_stride, size->out_stride,
		    x + u * x_matrix, w, plan->y_spectrum + u * y_matrix, false);
		if (minus != u)
			product_complex(plan->pairs, size->in, size->in_stride, size->out_stride,
			    x + minus * x_matrix, w, plan->y_spectrum + minus * y_matrix, true);
	}
	return 0;
}

static int multiply_adjoint(size_t item, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t x_matrix = spectrum_step(plan, size->in_stride);
	size_t y_matrix = spectrum_step(plan, size->out_stride);
	const real *g = plan->g_spectrum[plan->slot];
	real *transposed = worker_rest(plan, worker);
	for (size_t u = item * FREQUENCIES; u < last_frequency(plan, item); u++) {
		size_t minus = opposite(plan, u);
		if (minus < u)
			continue;
		product_transpose(size->in_stride, size->out_stride,
		    plan->kernel + u * kernel_step(plan), transposed);
		product_complex(plan->pairs, size->out, size->out_stride, size->in_stride,
		    g + u * y_matrix, transposed, plan->y_spectrum + u * x_matrix, true);
		if (minus != u)
			product_complex(plan->pairs, size->out, size->out_stride, size->in_stride,
			    g + minus * y_matrix, transposed, plan->y_spectrum + minus * x_matrix,
			    false);
	}
	return 0;
}

static int multiply_gradient(size_t item, size_t worker, void *argument)
{
	(void)worker;
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t x_matrix = spectrum_step(plan, size->in_stride);
	size_t y_matrix = spectrum_step(plan, size->out_stride);
	for (size_t u = item * FREQUENCIES; u < last_frequency(plan, item); u++) {
		size_t minus = opposite(plan, u);
		for (size_t s = 0; s < plan->slots; s++) {
			const real *x = plan->x_spectrum[s], *g = plan->g_spectrum[s];
			product_gradient(plan->pairs, size->in, size->in_stride, size->out_stride,
			    x + u * x_matrix, g + u * y_matrix, x + minus * x_matrix,
			    g + minus * y_matrix, plan->kernel + u * kernel_step(plan), s > 0);
		}
	}
	return 0;
}

static int exec_spectral(void *argument, size_t slot, const real *x, real *y)
{
	struct spectral *plan = argument;
	plan->slot = slot;
	if (to_spectrum(plan, x, plan->size.in_stride, plan->x_spectrum[slot]) < 0 ||
	    par_for(frequency_items(plan), plan->size.threads, multiply_forward, plan) < 0)
		return -1;
	return from_spectrum(plan, y, plan->size.out_stride);
}

static int adjoint_spectral(void *argument, size_t slot, const real *dy, real *dx)
{
	struct spectral *plan = argument;
	plan->slot = slot;
	if (to_spectrum(plan, dy, plan->size.out_stride, plan->g_spectrum[slot]) < 0)
		return -1;
	if (!dx)
		return 0;
	if (par_for(frequency_items(plan), plan->size.threads, multiply_adjoint, plan) < 0)
		return -1;
	return from_spectrum(plan, dx, plan->size.in_stride);
}

static int gradient_spectral(void *argument, size_t slots, real *dw)
{
	struct spectral *plan = argument;
	const struct conv_size *size = &plan->size;
	plan->slots = slots;
	plan->holds = false; /* D replaces W */
	size_t taps = size->k * size->k;
	if (par_for(frequency_items(plan), size->threads, multiply_gradient, plan) < 0 ||
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

/* squared norm of the transfer matrix at frequency u by power iterations on W W^H, W (in, out) */
static double norm_at(const struct spectral *plan, size_t u, real *v)
{
	const struct conv_size *size = &plan->size;
	size_t in = size->in, d = size->out_stride;
	const real *w = plan->kernel + u * kernel_step(plan);
	real *image = v + 2 * in; /* W^T v: (2, d) */
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
		memset(image, 0, 2 * d * sizeof(real));
		for (size_t i = 0; i < in; i++) {
			real re = v[2 * i] * scale, im = v[2 * i + 1] * scale;
			const real *w_re = w + 2 * d * i, *w_im = w_re + d;
			for (size_t o = 0; o < d; o++) {
				image[o] += re * w_re[o] - im * w_im[o];
				image[d + o] += re * w_im[o] + im * w_re[o];
			}
		}
		value = 0;
		for (size_t o = 0; o < 2 * d; o++)
			value += (double)image[o] * (double)image[o];
		if (fabs(value - before) <= 1e-4 * value)
			break;
		before = value;
		for (size_t i = 0; i < in; i++) {
			const real *w_re = w + 2 * d * i, *w_im = w_re + d;
			real re = 0, im = 0;
#pragma omp simd reduction(+ : re, im)
			for (size_t o = 0; o < d; o++) {
				re += image[o] * w_re[o] + image[d + o] * w_im[o];
				im += image[d + o] * w_re[o] - image[o] * w_im[o];
			}
			v[2 * i] = re;
			v[2 * i + 1] = im;
		}
	}
	return value;
}

static int norm_item(size_t item, size_t worker, void *argument)
{
	struct spectral *plan = argument;
	double largest = 0;
	for (size_t u = item * FREQUENCIES; u < last_frequency(plan, item); u++)
		largest = fmax(largest, norm_at(plan, u, worker_rest(plan, worker)));
	plan->norms[item] = largest;
	return 0;
}

static int norm_spectral(void *argument, double *norm)
{
	struct spectral *plan = argument;
	plan->norms = mem_alloc(frequency_items(plan), sizeof *plan->norms);
	if (!plan->norms || par_for(frequency_items(plan), plan->size.threads, norm_item, plan) < 0)
		return -1;
	double largest = 0;
	for (size_t i = 0; i < frequency_items(plan); i++)
		largest = fmax(largest, plan->norms[i]);
	free(plan->norms);
	*norm = sqrt(largest) * (double)(plan->nx * plan->ny);
	return 0;
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
