/*
 * Kernels between taps and spectra: see fft_conv.c. Only the transforms along x are kept in memory, for k of ny rows,
 * column by column (kx): (half, input channels, output channels / LANES; k, re | im, LANES). Those along y are made
 * again for each use, a comb of frequencies at a time, which stays in a worker's cache: the whole spectrum is larger than
 * the images'. The kernel's transpose is turned out of the same columns.
 */
#include <string.h>
#include "base/threads.h"
#include "conv/fft_conv.h"
#include "conv/stream.h"
#include "conv/transpose.h"

size_t spectral_kernel_step(size_t channels, size_t blocks)
{
	/* a element more than there is: steps of a power of two would put all in the same place of the caches */
	return (channels * blocks + 1) * ELEMENT;
}

static size_t tap_column(const struct fft_conv *plan, size_t kx, size_t channel, size_t block)
{
	size_t blocks = plan->size.out_stride / LANES;
	return ((kx * plan->size.in + channel) * blocks + block) * plan->size.k * ELEMENT;
}

/* Columns taken together along x, so that a tap is read once for all. */
#define TOGETHER 4

/*
 * Taps along x, of one input and LANES output channels, at COUNT frequencies from kx on: sum over d of
 * w[d] (cos + i sin) / (nx ny), d and -d at a time, from even_odd (k, r + 1; w[d] + w[-d] | w[d] - w[-d], LANES).
 */
VECTOR_INLINE void taps_to_columns(const struct fft_conv *plan, const vector *even_odd,
    const size_t COUNT, size_t kx, real *columns)
{
	size_t k = plan->size.k, r = plan->reach;
	const real *cosine = plan->cosine + kx * (r + 1), *sine = plan->sine + kx * (r + 1);
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
	const struct fft_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t k = size->k, r = plan->reach, taps = k * k, blocks = size->out_stride / LANES;
	size_t channel = item / blocks, block = item % blocks;
	size_t outputs = size->out - block * LANES < LANES ? size->out - block * LANES : LANES;
	const real scale = (real)1 / (real)(plan->nx * plan->ny);
	real *even_odd = spectral_rest(plan, worker);
	memset(even_odd, 0, k * (r + 1) * ELEMENT * sizeof(real));
	for (size_t o = 0; o < outputs; o++) {
		const real *w = plan->w + ((block * LANES + o) * size->in + channel) * taps + r;
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
	for (size_t kx = 0, count; kx < plan->half; kx += count) {
		count = kx + TOGETHER <= plan->half ? TOGETHER : 1;
		if (count == TOGETHER)
			taps_to_columns(plan, (const vector *)even_odd, TOGETHER, kx, columns);
		else
			taps_to_columns(plan, (const vector *)even_odd, 1, kx, columns);
		for (size_t j = 0; j < count; j++)
			stream_out(plan->kernel + tap_column(plan, kx + j, channel, block), ELEMENT,
			    columns + j * k * ELEMENT, ELEMENT, k);
	}
	stream_end();
	return 0;
}

int spectral_from_taps(struct fft_conv *plan, const real *w)
{
	plan->w = w;
	return par_for(
	    plan->size.in * (plan->size.out_stride / LANES), plan->size.threads, taps_in, plan);
}

/* Taps d..d + COUNT - 1 and their opposites of one row from the row's (half; re, im): the real part of the transform. */
VECTOR_INLINE void row_to_taps(
    const struct fft_conv *plan, const vector *row, const size_t COUNT, size_t d, vector *taps)
{
	size_t r = plan->reach;
	const real *cosine = plan->cosine + d, *sine = plan->sine + d;
	vector even[TOGETHER], odd[TOGETHER];
	for (size_t j = 0; j < COUNT; j++)
		even[j] = odd[j] = (vector){0};
	for (size_t kx = 0; kx < plan->half; kx++, cosine += r + 1, sine += r + 1) {
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
	const struct fft_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t k = size->k, r = plan->reach, half = plan->half, blocks = size->out_stride / LANES;
	size_t channel = item / blocks, block = item % blocks;
	size_t outputs = size->out - block * LANES < LANES ? size->out - block * LANES : LANES;
	vector *rows = (vector *)spectral_rest(plan, worker),
	      *taps = rows + 2 * half * k; /* (k; half, 2), (k, k) */
	for (size_t kx = 0; kx < half; kx++) {
		const vector *from =
		    (const vector *)(plan->kernel + tap_column(plan, kx, channel, block));
		if (kx + 1 < half)
			spectral_ask(
			    plan->kernel + tap_column(plan, kx + 1, channel, block), LANES, 2 * k);
		bool single = kx == 0 || 2 * kx == plan->nx; /* its own opposite, taken twice */
		const vector weight =
		    (vector){0} + (real)(single ? 0.5 : 1) / (real)(plan->nx * plan->ny);
		for (size_t y = 0; y < k; y++) {
			rows[2 * (y * half + kx)] = weight * from[2 * y];
			rows[2 * (y * half + kx) + 1] = weight * from[2 * y + 1];
		}
	}
	for (size_t y = 0; y < k; y++) {
		size_t d = 0;
		for (; d + TOGETHER <= r + 1; d += TOGETHER)
			row_to_taps(plan, rows + 2 * y * half, TOGETHER, d, taps + y * k);
		for (; d <= r; d++)
			row_to_taps(plan, rows + 2 * y * half, 1, d, taps + y * k);
	}
	for (size_t o = 0; o < outputs; o++) {
		real *to = plan->dw + ((block * LANES + o) * size->in + channel) * k * k;
		const real *from = (const real *)taps + o;
		for (size_t t = 0; t < k * k; t++)
			to[t] = from[t * LANES];
	}
	return 0;
}

int spectral_to_taps(struct fft_conv *plan, real *dw)
{
	plan->dw = dw;
	return par_for(
	    plan->size.in * (plan->size.out_stride / LANES), plan->size.threads, taps_out, plan);
}

size_t spectral_taps_room(const struct fft_conv *plan)
{
	size_t k = plan->size.k;
	return k * (plan->half + k + TOGETHER + 1) * ELEMENT;
}

/* LANES input channels from `channel` on and a block of output channels turned: to (output; k, 2, input), outputs
 * `step` apart */
FOR_AVX512
static void turn_tile(
    const struct fft_conv *plan, size_t kx, size_t channel, size_t block, real *to, size_t step)
{
	real *rows[LANES];
	for (size_t i = 0; i < LANES; i++)
		rows[i] = channel + i < plan->size.in
			      ? plan->kernel + tap_column(plan, kx, channel + i, block)
			      : plan->zeros;
	for (size_t at = 0; at < plan->size.k * ELEMENT; at += LANES)
		transpose_in(rows, at, to + at, step);
}

size_t spectral_turned_room(const struct fft_conv *plan)
{
	return plan->size.out_stride * plan->size.in_stride * plan->size.k * 2;
}

struct spectral_column spectral_column(
    const struct fft_conv *plan, size_t kx, bool transposed, real *room)
{
	const struct conv_size *size = &plan->size;
	size_t out_blocks = size->out_stride / LANES, in_blocks = size->in_stride / LANES;
	if (!transposed)
		return (struct spectral_column){
		    plan->kernel + tap_column(plan, kx, 0, 0), size->in, out_blocks};
	size_t each = size->k * ELEMENT;
	for (size_t block = 0; block < out_blocks; block++) {
		for (size_t i = 0; i < in_blocks; i++)
			turn_tile(plan, kx, i * LANES, block,
			    room + (block * LANES * in_blocks + i) * each, in_blocks * each);
	}
	return (struct spectral_column){room, size->out, in_blocks};
}

void spectral_kernel(
    const struct fft_conv *plan, const struct spectral_column *column, size_t comb, real *spectra)
{
	const struct vector_fft_comb teeth = {
	    plan->size.k, plan->teeth, plan->turns + comb * plan->size.k * 2};
	size_t each = plan->size.k * ELEMENT,
	       tooth = spectral_kernel_step(column->channels, column->blocks);
	for (size_t block = 0; block < column->blocks; block++)
		vector_fft_comb(&teeth, column->channels, column->taps + block * each,
		    column->blocks * each, spectra + block * column->channels * ELEMENT, ELEMENT,
		    tooth);
}

void spectral_kernel_back(
    const struct fft_conv *plan, size_t kx, const real *spectra, real *scratch)
{
	const struct conv_size *size = &plan->size;
	size_t blocks = size->out_stride / LANES, step = spectral_kernel_step(size->in, blocks);
	for (size_t c = 0; c < size->in; c++) {
		for (size_t block = 0; block < blocks; block++) {
			const real *from = spectra + (block * size->in + c) * ELEMENT;
			real *to = plan->kernel + tap_column(plan, kx, c, block);
			vector_fft_exec(plan->y_back,
			    &(struct vector_fft_in){from + LANES, from, step, 0, plan->ny},
			    &(struct vector_fft_out){to + LANES, to, ELEMENT, 0, size->k}, scratch);
		}
	}
}
