/* The radial power spectrum: see spectrum.h. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "conv/fft.h"
#include "conv/spectrum.h"

#define SMALLEST 3 /* px a side: a Hann window of less is empty or a single pixel */

struct spectrum {
	size_t h, w; /* of the plan */
	struct fft *forward;
	real *image, *transform;
	double *window_h, *window_w, energy;
	double count[SPECTRUM_RINGS], frequency[SPECTRUM_RINGS], power[SPECTRUM_RINGS];
};

struct spectrum *spectrum_start(void)
{
	struct spectrum *spectrum = calloc(1, sizeof *spectrum);
	if (!spectrum)
		err_set("spectrum: no room for it");
	return spectrum;
}

static void release(struct spectrum *s)
{
	fft_free(s->forward);
	free(s->image);
	free(s->transform);
	free(s->window_h);
	free(s->window_w);
	s->forward = NULL;
	s->image = s->transform = NULL;
	s->window_h = s->window_w = NULL;
	s->h = s->w = 0;
}

/* sin^2 at pixel centres, which sums to n/2; its energy is 3n/8 */
static double *hann(size_t n)
{
	double *window = mem_alloc(n, sizeof *window);
	for (size_t i = 0; window && i < n; i++)
		window[i] = pow(sin(M_PI * ((double)i + 0.5) / (double)n), 2);
	return window;
}

static int plan(struct spectrum *s, size_t h, size_t w)
{
	if (s->forward && s->h == h && s->w == w)
		return 0;
	release(s);
	s->forward = fft_plan(FFT_R2C, h, w);
	s->image = mem_alloc(h * w, sizeof *s->image);
	s->transform = mem_alloc(2 * h * (w / 2 + 1), sizeof *s->transform);
	s->window_h = hann(h);
	s->window_w = hann(w);
	if (!s->forward || !s->image || !s->transform || !s->window_h || !s->window_w) {
		release(s);
		return -1;
	}
	s->energy = 9.0 / 64 * (double)h * (double)w;
	s->h = h;
	s->w = w;
	return 0;
}

static void add_image(struct spectrum *s, const real *x)
{
	size_t h = s->h, w = s->w, half = w / 2 + 1;
	/* the window's own mean, so that the windowed image has none */
	double sum = 0;
	for (size_t i = 0; i < h * w; i++)
		sum += (double)x[i] * s->window_h[i / w] * s->window_w[i % w];
	double mean = sum / ((double)h * (double)w / 4);
	for (size_t i = 0; i < h * w; i++)
		s->image[i] =
		    (real)(((double)x[i] - mean) * s->window_h[i / w] * s->window_w[i % w]);
	fft_exec(s->forward, s->image, s->transform);
	for (size_t k = 0; k < h; k++)
		for (size_t l = 0; l < half; l++) {
			double fy = (double)(k < h - k ? k : h - k) / (double)h,
			       fx = (double)l / (double)w;
			double f = hypot(fx, fy);
			size_t ring = (size_t)(f * 2 * SPECTRUM_RINGS);
			if ((k == 0 && l == 0) || ring >= SPECTRUM_RINGS)
				continue;
			/* a column inside the half stands for its mirror image too */
			double weight = l > 0 && 2 * l != w ? 2 : 1;
			double re = (double)s->transform[2 * (k * half + l)];
			double im = (double)s->transform[2 * (k * half + l) + 1];
			s->count[ring] += weight;
			s->frequency[ring] += weight * f;
			s->power[ring] += weight * (re * re + im * im) / s->energy;
		}
}

int spectrum_add(struct spectrum *s, const real *x, size_t n, size_t h, size_t w)
{
	if (h < SMALLEST || w < SMALLEST)
		return 0;
	if (plan(s, h, w) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		add_image(s, x + i * h * w);
	return 0;
}

void spectrum_ring(
    const struct spectrum *s, size_t i, double *count, double *frequency, double *power)
{
	*count = s->count[i];
	*frequency = s->count[i] > 0 ? s->frequency[i] / s->count[i] : (double)NAN;
	*power = s->count[i] > 0 ? s->power[i] / s->count[i] : (double)NAN;
}

void spectrum_free(struct spectrum *s)
{
	if (!s)
		return;
	release(s);
	free(s);
}
