/* Transforms of single images: see fft.h. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "conv/fft.h"

struct fft {
	FFTW(plan) plan;
	enum fft_kind kind;
};

static FFTW(plan) plan_of(enum fft_kind kind, int h, int w, void *in, void *out)
{
	switch (kind) {
	case FFT_R2C:
		return FFTW(plan_dft_r2c_2d)(h, w, in, out, FFTW_ESTIMATE);
	case FFT_C2R:
		return FFTW(plan_dft_c2r_2d)(h, w, in, out, FFTW_ESTIMATE);
	case FFT_COSINES:
		return FFTW(plan_r2r_2d)(h, w, in, out, FFTW_REDFT10, FFTW_REDFT10, FFTW_ESTIMATE);
	case FFT_FROM_COSINES:
		return FFTW(plan_r2r_2d)(h, w, in, out, FFTW_REDFT01, FFTW_REDFT01, FFTW_ESTIMATE);
	}
	return NULL;
}

struct fft *fft_plan(enum fft_kind kind, size_t h, size_t w)
{
	size_t places, bytes;
	if (h < 1 || w < 1 || h > INT32_MAX || w > INT32_MAX) {
		err_set("transform: an image of %zux%zu does not fit", h, w);
		return NULL;
	}
	if (mem_multiply(h, w / 2 + 1, &places) < 0 ||
	    mem_multiply(places, sizeof(real_complex), &bytes) < 0)
		return NULL;
	struct fft *fft = malloc(sizeof *fft);
	/* FFTW_ESTIMATE looks at the alignment only and touches no page */
	void *in = aligned_alloc(64, (bytes + 63) / 64 * 64);
	void *out = aligned_alloc(64, (bytes + 63) / 64 * 64);
	if (fft && in && out)
		*fft = (struct fft){plan_of(kind, (int)h, (int)w, in, out), kind};
	bool planned = fft && in && out && fft->plan;
	free(in);
	free(out);
	if (planned)
		return fft;
	err_set("transform: no room for its plan");
	free(fft);
	return NULL;
}

void fft_exec(const struct fft *fft, real *in, real *out)
{
	switch (fft->kind) {
	case FFT_R2C:
		FFTW(execute_dft_r2c)(fft->plan, in, (FFTW(complex) *)out);
		break;
	case FFT_C2R:
		FFTW(execute_dft_c2r)(fft->plan, (FFTW(complex) *)in, out);
		break;
	default:
		FFTW(execute_r2r)(fft->plan, in, out);
	}
}

void fft_free(struct fft *fft)
{
	if (!fft)
		return;
	FFTW(destroy_plan)(fft->plan);
	free(fft);
}
