/* Densities of the processes on grids, by the inverse transform of spectrum.h's: see kernel.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "base/vector.h"
#include "conv/fft.h"
#include "conv/sizes.h"
#include "se2/kernel.h"

#define B SE2_BLOCK
#define PADDED_MAX 8192
#define FOLDED 1e-4    /* what the aperture leaves of frequencies that are not computed */
#define BAND_MAX 32768 /* frequencies a side that are computed and folded */

void se2_uniform(size_t count, double period, double *theta)
{
	for (size_t t = 0; t < count; t++)
		theta[t] = period * (double)t / (double)count;
}

double se2_harmonics(const struct se2_aperture *aperture)
{
	return fmax(60, ceil(60 * (5 * M_PI / 180) / aperture->sigma_theta - 1e-9));
}

size_t se2_padded(
    const struct se2_model *model, const struct se2_grid *grid, const struct se2_aperture *aperture)
{
	if (!(grid->step > 0) || !grid->height || !grid->width || !grid->angles) {
		err_set("grid: sizes and step must be above 0");
		return 0;
	}
	double size = (double)size_max(grid->height, grid->width);
	double model_reach = grid->reach > 0 ? grid->reach : se2_reach(model);
	double reach = (model_reach + 6 * aperture->sigma) / grid->step;
	double side = ceil(fmax(fmax(2 * reach, size / 2 + reach), size + 1));
	if (!(side <= PADDED_MAX)) {
		err_set("grid: the process reaches %.0f px, which needs %.0f points a side; %d are "
			"possible",
		    se2_reach(model), side, PADDED_MAX);
		return 0;
	}
	return conv_good_size((size_t)side);
}

/* One computation: everything is a function of the frequencies' quarter wx, wy >= 0, by B_n(wx, -wy) = B_-n(wx, wy) and
 * B_n(-wx, wy) = conj B_n(wx, wy). */
struct job {
	const struct se2_model *model;
	const struct se2_grid *grid;
	const struct se2_aperture *aperture;
	size_t side, half; /* N, N/2 + 1 */
	size_t folds;      /* band: |frequency| <= folds pi / step */
	size_t harmonics;  /* of the model */
	size_t distinct;   /* angles to compute; the others are mirror images */
	size_t *angle;     /* (distinct): their numbers */
	size_t *mirror;    /* (angles): the number of the mirrored angle, or SIZE_MAX */
	float *even,
	    *odd; /* (distinct, harmonics + 1): cos n theta, sin n theta times aperture and scale */
	size_t slice;    /* complex numbers of a spectrum, rounded up to keep FFTW's alignment */
	float *spectrum; /* (distinct, slice): (N, half) complex numbers each */
	struct scratch *scratch; /* (threads) */
	struct fft *fft;
	float *k;
};

struct scratch {
	struct se2_solver *solver;
	double *re, *im;           /* (2 harmonics + 1, B) */
	float *er, *ei, * or, *oi; /* (harmonics + 1, width): B_n + B_-n and B_n - B_-n of a row */
	float *ar, *ai, *br, *bi;  /* (width) */
	float *image;              /* (N, N) */
};

/* even += weight (B_n + B_-n), odd += weight side (B_n - B_-n), conjugated where wx < 0 */
FOR_AVX512 static void gather(size_t harmonics, size_t stride, size_t count, size_t width,
    const double *restrict re, const double *restrict im, const double *restrict weight,
    double mirror, double turn, float *restrict er, float *restrict ei, float *restrict or,
    float *restrict oi)
{
	for (size_t n = 0; n <= harmonics; n += stride) {
		const double *pr = re + (harmonics + n) * B, *pi = im + (harmonics + n) * B;
		const double *mr = re + (harmonics - n) * B, *mi = im + (harmonics - n) * B;
		float *a = er + n * width, *b = ei + n * width, *c = or +n * width,
		      *d = oi + n * width;
		double share = n ? 1 : .5;
#pragma omp simd
		for (size_t k = 0; k < count; k++) {
			double w = weight[k] * share, v = weight[k] * turn;
			a[k] += (float)(w * (pr[k] + mr[k]));
			b[k] += (float)(w * mirror * (pi[k] + mi[k]));
			c[k] += (float)(v * (pr[k] - mr[k]));
			d[k] += (float)(v * mirror * (pi[k] - mi[k]));
		}
	}
}

/* sum over n of coefficient[n] times the rows of x: out (width), every `stride`-th n */
FOR_AVX512 static void synthesise(size_t harmonics, size_t stride, size_t width,
    const float *restrict coefficient, const float *restrict xr, const float *restrict xi,
    float *restrict re, float *restrict im)
{
	memset(re, 0, width * sizeof *re);
	memset(im, 0, width * sizeof *im);
	for (size_t n = 0; n <= harmonics; n += stride) {
		float c = coefficient[n];
		const float *a = xr + n * width, *b = xi + n * width;
#pragma omp simd
		for (size_t k = 0; k < width; k++) {
			re[k] += c * a[k];
			im[k] += c * b[k];
		}
	}
}

static double cell_factor(double x)
{
	return x < 1e-4 ? 1 - x * x / 24 : sin(x / 2) / (x / 2);
}

/* The frequencies k + m N within the band; gives the weight: 1, 1/2 on the band's edge, 0 beyond it. */
static double band_weight(const struct job *job, ptrdiff_t k)
{
	size_t twice = 2 * (size_t)(k < 0 ? -k : k), edge = job->folds * job->side;
	return twice < edge ? 1 : twice == edge ? .5 : 0;
}

/* times e^{i angle} */
static void turn(float *re, float *im, double angle)
{
	float c = (float)cos(angle), s = (float)sin(angle), r = *re;
	*re = r * c - *im * s;
	*im = r * s + *im * c;
}

/* Rows ky and N - ky of every angle's spectrum. */
static int spectrum_row(size_t ky, size_t worker, void *argument)
{
	const struct job *job = argument;
	struct scratch *s = &job->scratch[worker];
	const struct se2_aperture *ap = job->aperture;
	size_t width = job->half, cells = (job->harmonics + 1) * width;
	ptrdiff_t side = (ptrdiff_t)job->side, folds = (ptrdiff_t)(job->folds / 2 + 1);
	double unit = 2 * M_PI / ((double)job->side * job->grid->step);
	bool half_x = job->grid->width % 2 == 0, half_y = job->grid->height % 2 == 0;

	memset(s->er, 0, cells * sizeof(float));
	memset(s->ei, 0, cells * sizeof(float));
	memset(s->or, 0, cells * sizeof(float));
	memset(s->oi, 0, cells * sizeof(float));
	for (ptrdiff_t my = -folds; my <= folds; my++) {
		ptrdiff_t ey = (ptrdiff_t)ky + my * side;
		double in_band = band_weight(job, ey);
		if (!(in_band > 0))
			continue;
		if (half_y && my % 2)
			in_band = -in_band;
		double fy = unit * (double)(ey < 0 ? -ey : ey);
		for (ptrdiff_t mx = -folds; mx <= folds; mx++)
			for (size_t first = 0; first < width; first += B) {
				size_t count = size_min(width - first, B);
				double wx[B], wy[B], weight[B];
				bool any = false;
				for (size_t c = 0; c < count; c++) {
					ptrdiff_t ex = (ptrdiff_t)(first + c) + mx * side;
					double w = in_band * band_weight(job, ex);
					wx[c] = unit * (double)(ex < 0 ? -ex : ex);
					wy[c] = fy;
					w *= exp(
					    -ap->sigma * ap->sigma * (wx[c] * wx[c] + fy * fy) / 2);
					if (ap->cell)
						w *= cell_factor(wx[c]) * cell_factor(fy);
					weight[c] = half_x && mx % 2 ? -w : w;
					any |= weight[c] < 0 || weight[c] > 0;
				}
				if (!any)
					continue;
				se2_solve(s->solver, count, wx, wy, s->re, s->im);
				gather(job->harmonics, job->grid->undirected ? 2 : 1, count, width,
				    s->re, s->im, weight, mx < 0 ? -1 : 1, ey < 0 ? -1 : 1,
				    s->er + first, s->ei + first, s->or +first, s->oi + first);
			}
	}

	bool both_ends = job->grid->undirected || job->grid->symmetric;
	bool paired = ky && 2 * ky != job->side;
	size_t stride = job->grid->undirected ? 2 : 1;
	for (size_t t = 0; t < job->distinct; t++) {
		const float *even = job->even + t * (job->harmonics + 1);
		const float *odd = job->odd + t * (job->harmonics + 1);
		synthesise(job->harmonics, stride, width, even, s->er, s->ei, s->ar, s->ai);
		synthesise(job->harmonics, stride, width, odd, s->or, s->oi, s->br, s->bi);
		float *plus = job->spectrum + 2 * (t * job->slice + ky * width);
		float *minus =
		    job->spectrum + 2 * (t * job->slice + (paired ? job->side - ky : ky) * width);
		for (size_t c = 0; c < width; c++) {
			/* F(wx, +-wy) = sum over even parts +- i sum over odd parts; row N - ky stands for -ky */
			float pr = s->ar[c] - s->bi[c], pi = s->ai[c] + s->br[c];
			float mr = s->ar[c] + s->bi[c], mi = s->ai[c] - s->br[c];
			if (both_ends) /* (F(w) + F(-w))/2, F of a real function */
				pi = mi = 0;
			double px = half_x ? M_PI * (double)c / (double)job->side : 0;
			double py = half_y ? M_PI * (double)ky / (double)job->side : 0;
			if (half_x || half_y) {
				turn(&mr, &mi, px - py);
				turn(&pr, &pi, px + py);
			}
			minus[2 * c] = mr;
			minus[2 * c + 1] = mi;
			plus[2 * c] = pr;
			plus[2 * c + 1] = pi;
		}
	}
	return 0;
}

/* Transform one angle back, crop, and write it and its mirror image. */
static int angle_image(size_t t, size_t worker, void *argument)
{
	const struct job *job = argument;
	const struct se2_grid *grid = job->grid;
	size_t h = grid->height, w = grid->width, side = job->side, angle = job->angle[t];
	float *image = job->scratch[worker].image;
	fft_exec(job->fft, job->spectrum + 2 * t * job->slice, image);

	bool about = grid->frame == SE2_AT_TARGET && !grid->undirected && !grid->symmetric;
	float *k = job->k + angle * h * w;
	float *mirrored =
	    job->mirror[angle] == SIZE_MAX ? NULL : job->k + job->mirror[angle] * h * w;
	for (size_t r = 0; r < h; r++) {
		size_t row = ((h - 1) / 2 + side - r) % side; /* y, or y - 1/2 where h is even */
		for (size_t c = 0; c < w; c++) {
			size_t column = (c + side - w / 2) % side;
			float value = image[row * side + column];
			size_t to_r = about ? h - 1 - r : r, to_c = about ? w - 1 - c : c;
			k[to_r * w + to_c] = value;
			if (mirrored)
				mirrored[(h - 1 - to_r) * w + to_c] = value;
		}
	}
	return 0;
}

/* By reflection P(x, -y, -theta) = P(x, y, theta): compute one of theta, -theta. 0 or -1. */
static int pair_angles(struct job *job)
{
	const struct se2_grid *grid = job->grid;
	double period = grid->undirected ? M_PI : 2 * M_PI;
	bool *taken = mem_alloc(grid->angles, sizeof *taken);
	job->angle = mem_alloc(grid->angles, sizeof *job->angle);
	job->mirror = mem_alloc(grid->angles, sizeof *job->mirror);
	if (!taken || !job->angle || !job->mirror) {
		free(taken);
		return -1;
	}
	for (size_t t = 0; t < grid->angles; t++) {
		job->mirror[t] = SIZE_MAX;
		if (taken[t])
			continue;
		job->angle[job->distinct++] = t;
		for (size_t u = t + 1; u < grid->angles && job->mirror[t] == SIZE_MAX; u++)
			if (!taken[u] &&
			    fabs(remainder(grid->theta[t] + grid->theta[u], period)) < 1e-12) {
				job->mirror[t] = u;
				taken[u] = true;
			}
	}
	free(taken);
	return 0;
}

/* cos n theta and sin n theta with the aperture over angles and the transforms' scale. 0 or -1. */
static int angle_coefficients(struct job *job)
{
	size_t rows = job->harmonics + 1;
	double edge = (double)job->side * job->grid->step, st = job->aperture->sigma_theta;
	job->even = mem_alloc(job->distinct * rows, sizeof *job->even);
	job->odd = mem_alloc(job->distinct * rows, sizeof *job->odd);
	if (!job->even || !job->odd)
		return -1;
	for (size_t t = 0; t < job->distinct; t++)
		for (size_t i = 0; i < rows; i++) {
			double n = (double)i, theta = job->grid->theta[job->angle[t]];
			double a = exp(-n * n * st * st / 2) / (2 * M_PI * edge * edge);
			if (job->grid->undirected)
				a *= 2; /* P(theta) + P(theta + pi) keeps even n, twice */
			job->even[t * rows + i] = (float)(a * cos(n * theta));
			job->odd[t * rows + i] = (float)(a * sin(n * theta));
		}
	return 0;
}

static int scratch_create(struct job *job, size_t threads)
{
	size_t row = job->half, cells = (job->harmonics + 1) * row;
	job->scratch = mem_alloc(threads, sizeof *job->scratch);
	if (!job->scratch)
		return -1;
	for (size_t i = 0; i < threads; i++) {
		struct scratch *s = &job->scratch[i];
		s->solver = se2_solver_create(job->model);
		s->re = mem_alloc((2 * job->harmonics + 1) * B, sizeof *s->re);
		s->im = mem_alloc((2 * job->harmonics + 1) * B, sizeof *s->im);
		s->er = mem_alloc(4 * cells + 4 * row, sizeof *s->er);
		s->image = mem_alloc(job->side * job->side, sizeof *s->image);
		if (!s->solver || !s->re || !s->im || !s->er || !s->image)
			return -1;
		s->ei = s->er + cells;
		s->or = s->ei + cells;
		s->oi = s->or +cells;
		s->ar = s->oi + cells;
		s->ai = s->ar + row;
		s->br = s->ai + row;
		s->bi = s->br + row;
	}
	return 0;
}

static void job_free(struct job *job, size_t threads)
{
	for (size_t i = 0; job->scratch && i < threads; i++) {
		struct scratch *s = &job->scratch[i];
		se2_solver_free(s->solver);
		free(s->re);
		free(s->im);
		free(s->er);
		free(s->image);
	}
	free(job->scratch);
	free(job->angle);
	free(job->mirror);
	free(job->even);
	free(job->odd);
	free(job->spectrum);
	fft_free(job->fft);
}

int se2_kernel(const struct se2_model *model, const struct se2_grid *grid,
    const struct se2_aperture *aperture, size_t threads, float *k)
{
	struct job job = {.model = model, .grid = grid, .aperture = aperture, .k = k};
	size_t needed;
	if (se2_model_check(model) < 0)
		return -1;
	if (!(aperture->sigma >= 0 && aperture->sigma_theta >= 0))
		return err_set("aperture: must not be negative");
	job.side = se2_padded(model, grid, aperture);
	if (!job.side)
		return -1;
	job.half = job.side / 2 + 1;
	job.harmonics = model->harmonics;
	/* exp(-(sigma folds pi / step)^2 / 2) <= FOLDED */
	double folds =
	    fmax(1, ceil(sqrt(-2 * log(FOLDED)) * grid->step / (M_PI * aperture->sigma)));
	if (!(folds * (double)job.side <= BAND_MAX))
		return err_set(
		    "aperture: sigma of %g px: on a grid of this reach at least about %.2g px",
		    aperture->sigma,
		    sqrt(-2 * log(FOLDED)) * grid->step / (M_PI * (double)(BAND_MAX / job.side)));
	job.folds = (size_t)folds;
	job.slice = (job.side * job.half + 7) / 8 * 8;

	int status = -1;
	if (pair_angles(&job) == 0 && angle_coefficients(&job) == 0 &&
	    mem_multiply(job.slice, job.distinct, &needed) == 0 &&
	    (job.spectrum = mem_alloc(needed, 2 * sizeof *job.spectrum)) &&
	    (job.fft = fft_plan(FFT_C2R, job.side, job.side)) &&
	    scratch_create(&job, threads) == 0 &&
	    par_for(job.half, threads, spectrum_row, &job) == 0)
		status = par_for(job.distinct, threads, angle_image, &job);
	job_free(&job, threads);
	return status;
}
