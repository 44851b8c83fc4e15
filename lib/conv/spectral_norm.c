/* The norm of a convolution, by power iterations at each frequency: see conv.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "conv/spectral.h"

size_t spectral_norm_room(const struct spectral *plan)
{
	return 2 * (plan->size.in + plan->size.out_stride);
}

/* Squared norm of the transfer matrix at one frequency by power iterations on W W^H. w: (blocks, in; 2, LANES); v: room for 2 (in + out_stride). */
static double norm_at(const struct spectral *plan, const real *w, real *v)
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
				const real *w_re = w + (b * in + i) * ELEMENT;
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
				const real *w_re = w + (b * in + i) * ELEMENT;
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
	const struct spectral_column column = spectral_column(plan, kx, false, NULL);
	size_t step = spectral_kernel_step(column.channels, column.blocks);
	real *w = spectral_rest(plan, worker), *room = w + plan->teeth * step;
	double largest = 0;
	for (size_t comb = 0; comb < plan->combs; comb++) {
		spectral_kernel(plan, &column, comb, w);
		for (size_t q = 0; q < plan->teeth; q++)
			largest = fmax(largest, norm_at(plan, w + q * step, room));
	}
	plan->norms[kx] = largest;
	return 0;
}

int spectral_norm(void *argument, double *norm)
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
