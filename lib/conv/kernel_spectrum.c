/*
 * Kernels between taps and spectra: see kernel_spectrum.h. The whole spectrum is larger than the images', so a comb of
 * it is made when it is needed and stays in a worker's cache. The kernel's transpose is turned out of the same columns.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "conv/kernel_spectrum.h"
#include "conv/stream.h"
#include "conv/transpose.h"

void kernel_release(struct kernel_spectrum *kernel)
{
	vector_fft_free(kernel->back);
	free(kernel->columns);
	free(kernel->cosine);
	free(kernel->sine);
	free(kernel->turns);
	free(kernel->zeros);
	*kernel = (struct kernel_spectrum){0};
}

int kernel_resize(
    struct kernel_spectrum *kernel, const struct conv_size *size, size_t nx, size_t ny)
{
	kernel_release(kernel);
	kernel->size = *size;
	kernel->reach = size->k / 2;
	kernel->nx = nx;
	kernel->ny = ny;
	kernel->teeth = vector_fft_teeth(ny);
	kernel->combs = ny / kernel->teeth;
	kernel->half = nx / 2 + 1;
	size_t count, side = kernel->reach + 1;
	if (mem_multiply(2 * kernel->half * size->k, size->in * size->out_stride, &count) < 0)
		return -1;
	kernel->columns = mem_alloc(count, sizeof(real));
	kernel->cosine = mem_alloc(kernel->half * side, sizeof(real));
	kernel->sine = mem_alloc(kernel->half * side, sizeof(real));
	kernel->turns = mem_alloc(kernel->combs * size->k, 2 * sizeof(real));
	kernel->zeros = mem_alloc(size->k * ELEMENT, sizeof(real));
	kernel->back = vector_fft_plan_from_combs(ny);
	if (!kernel->columns || !kernel->cosine || !kernel->sine || !kernel->turns ||
	    !kernel->zeros || !kernel->back)
		return -1;
	for (size_t i = 0; i < kernel->half * side; i++) {
		double angle = 2 * M_PI * (double)(i / side * (i % side) % nx) / (double)nx;
		kernel->cosine[i] = (real)cos(angle);
		kernel->sine[i] = (real)sin(angle);
	}
	for (size_t i = 0; i < kernel->combs * size->k; i++) {
		size_t comb = i / size->k, t = i % size->k;
		double angle = 2 * M_PI * (double)(t * comb % ny) / (double)ny;
		kernel->turns[2 * i] = (real)cos(angle);
		kernel->turns[2 * i + 1] = (real)sin(angle);
	}
	return 0;
}

size_t kernel_step(size_t channels, size_t blocks)
{
	/* a element more than there is: steps of a power of two would put all in the same place of the caches */
	return (channels * blocks + 1) * ELEMENT;
}

static size_t tap_column(
    const struct kernel_spectrum *kernel, size_t kx, size_t channel, size_t block)
{
	size_t blocks = kernel->size.out_stride / LANES;
	return ((kx * kernel->size.in + channel) * blocks + block) * kernel->size.k * ELEMENT;
}

/* Columns taken together along x, so that a tap is read once for all. */
#define TOGETHER 4

/*
 * Taps along x, of one input and LANES output channels, at COUNT frequencies from kx on: sum over d of
 * w[d] (cos + i sin) / (nx ny), d and -d at a time, from even_odd (k, r + 1; w[d] + w[-d] | w[d] - w[-d], LANES).
 */
VECTOR_INLINE void taps_to_columns(const struct kernel_spectrum *kernel, const vector *even_odd,
    const size_t COUNT, size_t kx, real *columns)
{
	size_t k = kernel->size.k, r = kernel->reach;
	const real *cosine = kernel->cosine + kx * (r + 1), *sine = kernel->sine + kx * (r + 1);
	for (size_t y = 0; y < k; y++, even_odd += 2 * (r + 1)) {
		vector re[TOGETHER], im[TOGETHER];
		for (size_t j = 0; j < COUNT; j++)
			re[j] = even_odd[0], im[j] = (vector){0};
		for (size_t d = 1; d <= r; d++) {
			vector even = even_odd[2 * d], odd = even_odd[2 * d + 1];
			for (size_t j = 0; j < COUNT; j++) {
				re[j] += cosine[j * (r + 1) + d] * even;
				im[j] += sine[j * (r + 1) + d] * odd;
			}
		}
		for (size_t j = 0; j < COUNT; j++) {
			vector *out = (vector *)(columns + (j * k + y) * ELEMENT);
			out[0] = re[j];
			out[1] = im[j];
		}
	}
}

FOR_AVX512
static int taps_in(size_t item, size_t worker, void *argument)
{
	const struct kernel_spectrum *kernel = argument;
	const struct conv_size *size = &kernel->size;
	size_t k = size->k, r = kernel->reach, taps = k * k, blocks = size->out_stride / LANES;
	size_t channel = item / blocks, block = item % blocks;
	size_t outputs = size->out - block * LANES < LANES ? size->out - block * LANES : LANES;
	const real scale = (real)1 / (real)(kernel->nx * kernel->ny);
	real *even_odd = kernel->room[worker];
	memset(even_odd, 0, k * (r + 1) * ELEMENT * sizeof(real));
	for (size_t o = 0; o < outputs; o++) {
		const real *w = kernel->w + ((block * LANES + o) * size->in + channel) * taps + r;
		real *to = even_odd + o;
		for (size_t y = 0; y < k; y++, w += k) {
			*to = w[0] * scale;
			to += ELEMENT;
			for (size_t d = 1; d <= r; d++, to += ELEMENT) {
				real right = w[d] * scale, left = *(w - d) * scale;
				to[0] = right + left;
				to[LANES] = right - left;
			}
		}
	}
	real *columns = even_odd + k * (r + 1) * ELEMENT;
	for (size_t kx = 0, count; kx < kernel->half; kx += count) {
		count = kx + TOGETHER <= kernel->half ? TOGETHER : 1;
		if (count == TOGETHER)
			taps_to_columns(kernel, (const vector *)even_odd, TOGETHER, kx, columns);
		else
			taps_to_columns(kernel, (const vector *)even_odd, 1, kx, columns);
		for (size_t j = 0; j < count; j++)
			stream_out(kernel->columns + tap_column(kernel, kx + j, channel, block),
			    ELEMENT, columns + j * k * ELEMENT, ELEMENT, k);
	}
	stream_end();
	return 0;
}

int kernel_from_taps(struct kernel_spectrum *kernel, const real *w)
{
	kernel->w = w;
	return par_for(kernel->size.in * (kernel->size.out_stride / LANES), kernel->size.threads,
	    taps_in, kernel);
}

/* Taps d..d + COUNT - 1 and their opposites of one row from the row's (half; re, im): the real part of the transform. */
VECTOR_INLINE void row_to_taps(const struct kernel_spectrum *kernel, const vector *row,
    const size_t COUNT, size_t d, vector *taps)
{
	size_t r = kernel->reach;
	const real *cosine = kernel->cosine + d, *sine = kernel->sine + d;
	vector even[TOGETHER], odd[TOGETHER];
	for (size_t j = 0; j < COUNT; j++)
		even[j] = odd[j] = (vector){0};
	for (size_t kx = 0; kx < kernel->half; kx++, cosine += r + 1, sine += r + 1) {
		for (size_t j = 0; j < COUNT; j++) {
			even[j] += cosine[j] * row[2 * kx];
			odd[j] -= sine[j] * row[2 * kx + 1];
		}
	}
	for (size_t j = 0; j < COUNT; j++) {
		taps[r + d + j] = even[j] + odd[j];
		taps[r - d - j] = even[j] - odd[j];
	}
}

FOR_AVX512
static int taps_out(size_t item, size_t worker, void *argument)
{
	const struct kernel_spectrum *kernel = argument;
	const struct conv_size *size = &kernel->size;
	size_t k = size->k, r = kernel->reach, half = kernel->half,
	       blocks = size->out_stride / LANES;
	size_t channel = item / blocks, block = item % blocks;
	size_t outputs = size->out - block * LANES < LANES ? size->out - block * LANES : LANES;
	vector *rows = (vector *)kernel->room[worker],
	       *taps = rows + 2 * half * k; /* (k; half, 2), (k, k) */
	for (size_t kx = 0; kx < half; kx++) {
		const vector *from =
		    (const vector *)(kernel->columns + tap_column(kernel, kx, channel, block));
		if (kx + 1 < half)
			stream_ask(kernel->columns + tap_column(kernel, kx + 1, channel, block),
			    LANES, 2 * k);
		bool single = kx == 0 || 2 * kx == kernel->nx; /* its own opposite, taken twice */
		const vector weight =
		    (vector){0} + (real)(single ? 0.5 : 1) / (real)(kernel->nx * kernel->ny);
		for (size_t y = 0; y < k; y++) {
			rows[2 * (y * half + kx)] = weight * from[2 * y];
			rows[2 * (y * half + kx) + 1] = weight * from[2 * y + 1];
		}
	}
	for (size_t y = 0; y < k; y++) {
		size_t d = 0;
		for (; d + TOGETHER <= r + 1; d += TOGETHER)
			row_to_taps(kernel, rows + 2 * y * half, TOGETHER, d, taps + y * k);
		for (; d <= r; d++)
			row_to_taps(kernel, rows + 2 * y * half, 1, d, taps + y * k);
	}
	for (size_t o = 0; o < outputs; o++) {
		real *to = kernel->dw + ((block * LANES + o) * size->in + channel) * k * k;
		const real *from = (const real *)taps + o;
		for (size_t t = 0; t < k * k; t++)
			to[t] = from[t * LANES];
	}
	return 0;
}

int kernel_to_taps(struct kernel_spectrum *kernel, real *dw)
{
	kernel->dw = dw;
	return par_for(kernel->size.in * (kernel->size.out_stride / LANES), kernel->size.threads,
	    taps_out, kernel);
}

size_t kernel_taps_room(const struct kernel_spectrum *kernel)
{
	size_t k = kernel->size.k;
	return k * (kernel->half + k + TOGETHER + 1) * ELEMENT;
}

/* LANES input channels from `channel` on and a block of output channels turned: to (output; k, 2, input), outputs
 * `step` apart */
FOR_AVX512
static void turn_tile(const struct kernel_spectrum *kernel, size_t kx, size_t channel, size_t block,
    real *to, size_t step)
{
	real *rows[LANES];
	for (size_t i = 0; i < LANES; i++)
		rows[i] = channel + i < kernel->size.in
			      ? kernel->columns + tap_column(kernel, kx, channel + i, block)
			      : kernel->zeros;
	for (size_t at = 0; at < kernel->size.k * ELEMENT; at += LANES)
		transpose_in(rows, at, to + at, step);
}

size_t kernel_turned_room(const struct kernel_spectrum *kernel)
{
	return kernel->size.out_stride * kernel->size.in_stride * kernel->size.k * 2;
}

struct kernel_column kernel_column(
    const struct kernel_spectrum *kernel, size_t kx, bool transposed, real *room)
{
	const struct conv_size *size = &kernel->size;
	size_t out_blocks = size->out_stride / LANES, in_blocks = size->in_stride / LANES;
	if (!transposed)
		return (struct kernel_column){
		    kernel->columns + tap_column(kernel, kx, 0, 0), size->in, out_blocks};
	size_t each = size->k * ELEMENT;
	for (size_t block = 0; block < out_blocks; block++) {
		for (size_t i = 0; i < in_blocks; i++)
			turn_tile(kernel, kx, i * LANES, block,
			    room + (block * LANES * in_blocks + i) * each, in_blocks * each);
	}
	return (struct kernel_column){room, size->out, in_blocks};
}

void kernel_comb(const struct kernel_spectrum *kernel, const struct kernel_column *column,
    size_t comb, real *spectra)
{
	const struct vector_fft_comb teeth = {
	    kernel->size.k, kernel->teeth, kernel->turns + comb * kernel->size.k * 2};
	size_t each = kernel->size.k * ELEMENT,
	       tooth = kernel_step(column->channels, column->blocks);
	for (size_t block = 0; block < column->blocks; block++)
		vector_fft_comb(&teeth, column->channels, column->taps + block * each,
		    column->blocks * each, spectra + block * column->channels * ELEMENT, ELEMENT,
		    tooth);
}

void kernel_back(
    const struct kernel_spectrum *kernel, size_t kx, const real *spectra, real *scratch)
{
	const struct conv_size *size = &kernel->size;
	size_t blocks = size->out_stride / LANES, step = kernel_step(size->in, blocks);
	for (size_t c = 0; c < size->in; c++) {
		for (size_t block = 0; block < blocks; block++) {
			const real *from = spectra + (block * size->in + c) * ELEMENT;
			real *to = kernel->columns + tap_column(kernel, kx, c, block);
			vector_fft_exec(kernel->back,
			    &(struct vector_fft_in){from + LANES, from, step, 0, kernel->ny},
			    &(struct vector_fft_out){to + LANES, to, ELEMENT, 0, size->k}, scratch);
		}
	}
}
