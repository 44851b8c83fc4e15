/* Convolution over the group: see convolve.h. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/fft.h"
#include "conv/sizes.h"
#include "se2/convolve.h"

/* Keys' cubic convolution kernel with a = -1/2. */
static double keys(double x)
{
	x = fabs(x);
	return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/* out(p) = in(R_-angle p) about the centre; rows run downwards, so y = -(row). out: (stride rows of at least size). */
static void turn(size_t size, const float *in, double angle, float *out, size_t stride)
{
	double c = cos(angle), s = sin(angle), centre = ((double)size - 1) / 2;
	for (size_t r = 0; r < size; r++)
		for (size_t k = 0; k < size; k++) {
			double x = (double)k - centre, y = centre - (double)r;
			double column = c * x + s * y + centre, row = centre - (-s * x + c * y),
			       sum = 0;
			double r0 = floor(row), c0 = floor(column);
			for (int i = -1; i <= 2; i++) {
				double a = r0 + i;
				if (a < 0 || a > (double)size - 1)
					continue;
				double wr = keys(row - a);
				for (int j = -1; j <= 2; j++) {
					double b = c0 + j;
					if (b < 0 || b > (double)size - 1)
						continue;
					sum += wr * keys(column - b) *
					       in[(size_t)a * size + (size_t)b];
				}
			}
			out[r * stride + k] = (float)sum;
		}
}

struct job {
	size_t angles, size, side, half, slice;
	const float *f, *g;
	float *from;   /* (angles, side, half): transforms of f, complex numbers */
	float **image; /* (threads): (side, side) */
	float **sum;   /* (threads): (side, half) */
	float **one;   /* (threads) */
	struct fft *forward, *backward;
	float scale;
	float *out;
};

static int transform(size_t t, size_t worker, void *argument)
{
	const struct job *job = argument;
	float *image = job->image[worker];
	memset(image, 0, job->side * job->side * sizeof *image);
	for (size_t r = 0; r < job->size; r++)
		memcpy(image + r * job->side, job->f + (t * job->size + r) * job->size,
		    job->size * sizeof *image);
	fft_exec(job->forward, image, job->from + 2 * t * job->slice);
	return 0;
}

static int one_angle(size_t t, size_t worker, void *argument)
{
	const struct job *job = argument;
	size_t size = job->size, points = job->side * job->half;
	float *image = job->image[worker];
	float *sum = job->sum[worker], *one = job->one[worker];
	memset(sum, 0, 2 * points * sizeof *sum);
	for (size_t u = 0; u < job->angles; u++) {
		memset(image, 0, job->side * job->side * sizeof *image);
		turn(size, job->g + (t + job->angles - u) % job->angles * size * size,
		    2 * M_PI * (double)u / (double)job->angles, image, job->side);
		fft_exec(job->forward, image, one);
		const float *from = job->from + 2 * u * job->slice;
		for (size_t i = 0; i < 2 * points; i += 2) {
			sum[i] += from[i] * one[i] - from[i + 1] * one[i + 1];
			sum[i + 1] += from[i] * one[i + 1] + from[i + 1] * one[i];
		}
	}
	fft_exec(job->backward, sum, image);
	/* both centres are at (size - 1)/2: the sum's is at size - 1 */
	for (size_t r = 0; r < size; r++)
		for (size_t c = 0; c < size; c++)
			job->out[(t * size + r) * size + c] =
			    job->scale * image[(r + size / 2) * job->side + c + size / 2];
	return 0;
}

int se2_convolve(size_t angles, size_t size, double step, const float *f, const float *g,
    size_t threads, float *out)
{
	if (!angles || size % 2 == 0)
		return err_set("group convolution: needs angles and an odd size");
	struct job job = {.angles = angles, .size = size, .f = f, .g = g, .out = out};
	size_t needed;
	job.side = conv_good_size(2 * size - 1);
	job.half = job.side / 2 + 1;
	job.slice = (job.side * job.half + 7) / 8 * 8;
	job.scale = (float)(step * step * 2 * M_PI / (double)angles /
			    ((double)job.side * (double)job.side));
	int status = -1;
	bool ok = mem_multiply(angles, job.slice, &needed) == 0 &&
		  (job.from = mem_alloc(needed, 2 * sizeof *job.from)) &&
		  (job.image = mem_alloc(threads, sizeof *job.image)) &&
		  (job.sum = mem_alloc(threads, sizeof *job.sum)) &&
		  (job.one = mem_alloc(threads, sizeof *job.one)) &&
		  (job.forward = fft_plan_images(FFT_R2C, 1, job.side, job.side)) &&
		  (job.backward = fft_plan_images(FFT_C2R, 1, job.side, job.side));
	for (size_t i = 0; ok && i < threads; i++)
		ok = (job.image[i] = mem_alloc(job.side * job.side, sizeof *job.image[i])) &&
		     (job.sum[i] = mem_alloc(job.slice, 2 * sizeof *job.sum[i])) &&
		     (job.one[i] = mem_alloc(job.slice, 2 * sizeof *job.one[i]));
	if (ok && par_for(angles, threads, transform, &job) == 0)
		status = par_for(angles, threads, one_angle, &job);
	for (size_t i = 0; i < threads; i++) {
		if (job.image)
			free(job.image[i]);
		if (job.sum)
			free(job.sum[i]);
		if (job.one)
			free(job.one[i]);
	}
	free(job.image);
	free(job.sum);
	free(job.one);
	free(job.from);
	fft_free(job.forward);
	fft_free(job.backward);
	return status;
}
