/* Plans of Fourier transforms: see fft.h. */
#include <stdint.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "conv/fft.h"

#define RANK_MAX 3
#define LOOPS_MAX 3

struct fft {
	FFTW(plan) plan;
	enum fft_kind kind;
};

/* elements of an array from its first to its last; halved is the axis that counts n/2 + 1 on this side; 0 where
 * they are too many to address */
static size_t extent(const FFTW(iodim64) * axes, size_t count, bool output, size_t halved)
{
	size_t last = 0;
	for (size_t i = 0; i < count; i++) {
		size_t n = (size_t)axes[i].n;
		size_t stride = (size_t)(output ? axes[i].os : axes[i].is);
		last += ((i == halved ? n / 2 + 1 : n) - 1) * stride; /* each below 2^62 */
		if (last > SIZE_MAX / 64)
			return 0;
	}
	return last + 1;
}

/* Room of that many bytes whose pages are never touched: FFTW_ESTIMATE looks at the alignment only. */
static void *untouched(size_t bytes)
{
	return aligned_alloc(FFT_ALIGNMENT, (bytes / FFT_ALIGNMENT + 1) * FFT_ALIGNMENT);
}

struct fft *fft_plan(enum fft_kind kind, size_t rank, const struct fft_axis *axes, size_t loops,
    const struct fft_axis *loop, bool in_place)
{
	if (rank < 1 || rank > RANK_MAX || loops > LOOPS_MAX) {
		err_set("transform: %zu axes over %zu loops are not planned for", rank, loops);
		return NULL;
	}
	FFTW(iodim64) dims[RANK_MAX + LOOPS_MAX];
	for (size_t i = 0; i < rank + loops; i++) {
		const struct fft_axis *axis = i < rank ? &axes[i] : &loop[i - rank];
		if (axis->n < 1 || axis->n > INT32_MAX || axis->in > INT32_MAX ||
		    axis->out > INT32_MAX) {
			err_set("transform: an axis of %zu does not fit", axis->n);
			return NULL;
		}
		dims[i].n = (ptrdiff_t)axis->n;
		dims[i].is = (ptrdiff_t)axis->in;
		dims[i].os = (ptrdiff_t)axis->out;
	}
	size_t none = SIZE_MAX, last = rank - 1;
	size_t in_elements = extent(dims, rank + loops, false, kind == FFT_C2R ? last : none);
	size_t out_elements = extent(dims, rank + loops, true, kind == FFT_R2C ? last : none);
	if (!in_elements || !out_elements) {
		err_set("transform: its array would be too large");
		return NULL;
	}
	size_t in_bytes = in_elements * sizeof(real_complex);
	size_t out_bytes = out_elements * sizeof(real_complex);
	struct fft *fft = malloc(sizeof *fft);
	void *in = untouched(in_place && out_bytes > in_bytes ? out_bytes : in_bytes);
	void *out = in_place ? in : untouched(out_bytes);
	if (!fft || !in || !out) {
		err_set("transform: no room for its plan");
	} else {
		const FFTW(iodim64) *many = dims + rank;
		int r = (int)rank, l = (int)loops;
		fft->kind = kind;
		switch (kind) {
		case FFT_R2C:
			fft->plan =
			    FFTW(plan_guru64_dft_r2c)(r, dims, l, many, in, out, FFTW_ESTIMATE);
			break;
		case FFT_C2R:
			fft->plan =
			    FFTW(plan_guru64_dft_c2r)(r, dims, l, many, in, out, FFTW_ESTIMATE);
			break;
		default:
			fft->plan = FFTW(plan_guru64_dft)(r, dims, l, many, in, out,
			    kind == FFT_FORWARD ? FFTW_FORWARD : FFTW_BACKWARD, FFTW_ESTIMATE);
		}
		if (!fft->plan)
			err_set("transform: FFTW has no plan for it");
	}
	bool planned = fft && in && out && fft->plan;
	if (!in_place)
		free(out);
	free(in);
	if (!planned) {
		free(fft);
		return NULL;
	}
	return fft;
}

struct fft *fft_plan_images(enum fft_kind kind, size_t many, size_t h, size_t w)
{
	/* the rows' length on either side */
	size_t half = w / 2 + 1, in = kind == FFT_C2R ? half : w, out = kind == FFT_R2C ? half : w;
	const struct fft_axis axes[] = {{h, in, out}, {w, 1, 1}}, loop = {many, h * in, h * out};
	return fft_plan(kind, 2, axes, many > 1, &loop, false);
}

void fft_exec(const struct fft *fft, void *in, void *out)
{
	switch (fft->kind) {
	case FFT_R2C:
		FFTW(execute_dft_r2c)(fft->plan, in, out);
		break;
	case FFT_C2R:
		FFTW(execute_dft_c2r)(fft->plan, in, out);
		break;
	default:
		FFTW(execute_dft)(fft->plan, in, out);
	}
}

void fft_free(struct fft *fft)
{
	if (!fft)
		return;
	FFTW(destroy_plan)(fft->plan);
	free(fft);
}
