/* The processes in the Fourier domain, a tridiagonal system per frequency: see spectrum.h. */
#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/vector.h"
#include "se2/spectrum.h"

#define B SE2_BLOCK
#define POLES 8 /* of the rational approximation of exp(-z), degree 7 over 8 */

/*
 * The system, for every n: (z + D n^2 + e) b_n + l b_{n-q} + u b_{n+q} = right side, with
 *	direction process	q = 1, e = 0,              l = (i wx + wy)/2,            u = (i wx - wy)/2
 *	diffusion		q = 2, e = D11 rho^2 / 2,  l = D11 (wx - i wy)^2 / 4,    u = conj(l)
 * The product l u is real, so for real z the pivots are real (and positive).
 */
struct coupling {
	double e[B], lr[B], li[B], ur[B], ui[B], lu[B];
};

struct se2_solver {
	struct se2_model model;
	size_t rows;   /* 2N + 1 */
	double *pivot; /* (rows, B): their inverses; SE2_FIXED: (POLES, 2, rows, B) */
	double *work;  /* SE2_FIXED: (4, rows, B) */
	struct coupling coupling;
	double complex pole[POLES], weight[POLES];
};

/*
 * Poles p_j and residues w_j of the Pade approximation [m-1 / m] of exp(-z) = sum_j w_j / (z - p_j), m = POLES:
 * L-stable, so that the stiff high harmonics of a point source die out. Roots by Durand and Kerner's iteration,
 * polished by Newton's.
 */
static void pade(double complex pole[POLES], double complex weight[POLES])
{
	double top[POLES], bottom[POLES + 1];
	bottom[0] = top[0] = 1;
	for (int j = 1; j <= POLES; j++)
		bottom[j] = bottom[j - 1] * (POLES + 1 - j) / ((2 * POLES - j) * (double)j);
	for (int j = 1; j < POLES; j++)
		top[j] = -top[j - 1] * (POLES - j) / ((2 * POLES - j) * (double)j);
	for (int j = 0; j < POLES; j++)
		pole[j] = POLES * cpow(0.4 + 0.9 * I, j);
	for (int round = 0; round < 400; round++)
		for (int j = 0; j < POLES; j++) {
			double complex value = 0, product = bottom[POLES];
			for (int i = POLES; i >= 0; i--)
				value = value * pole[j] + bottom[i];
			for (int i = 0; i < POLES; i++)
				if (i != j)
					product *= pole[j] - pole[i];
			pole[j] -= value / product;
		}
	for (int j = 0; j < POLES; j++) {
		double complex value, slope, upper = 0;
		for (int round = 0; round < 3; round++) {
			value = slope = 0;
			for (int i = POLES; i >= 0; i--) {
				slope = slope * pole[j] + value;
				value = value * pole[j] + bottom[i];
			}
			pole[j] -= value / slope;
		}
		for (int i = POLES - 1; i >= 0; i--)
			upper = upper * pole[j] + top[i];
		weight[j] = upper / slope;
	}
}

int se2_model_check(const struct se2_model *m)
{
	if (!(m->d >= 0 && isfinite(m->d)))
		return err_set("angular diffusion: must be finite and not negative");
	if (m->process == SE2_DIFFUSION && !(m->d11 > 0 && isfinite(m->d11)))
		return err_set("diffusion along the stripes: must be above 0");
	if (m->travel == SE2_GAMMA && (!(m->alpha > 0 && isfinite(m->alpha)) || m->order < 1))
		return err_set("travel times: the rate must be above 0 and the order at least 1");
	if (m->travel == SE2_FIXED && !(m->length > 0 && isfinite(m->length)))
		return err_set("travel time: must be above 0");
	if (m->harmonics < 1 || m->harmonics > 4096)
		return err_set("harmonics: %zu is not within 1 to 4096", m->harmonics);
	return 0;
}

double se2_reach(const struct se2_model *m)
{
	if (m->travel == SE2_FIXED)
		return m->process == SE2_DIRECTION ? m->length : 6 * sqrt(2 * m->d11 * m->length);
	/* P(Gamma(k, 1) > 14 + 3 (k - 1)) < 1e-6 */
	double longest = (14 + 3 * (m->order - 1.)) / m->alpha;
	return m->process == SE2_DIRECTION ? longest : 14 * sqrt(m->order * m->d11 / m->alpha);
}

struct se2_solver *se2_solver_create(const struct se2_model *model)
{
	if (se2_model_check(model) < 0)
		return NULL;
	struct se2_solver *s = mem_alloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->model = *model;
	s->rows = 2 * model->harmonics + 1;
	bool fixed = model->travel == SE2_FIXED;
	s->pivot = mem_alloc((fixed ? 2 * POLES : 1) * s->rows * B, sizeof *s->pivot);
	s->work = mem_alloc(fixed ? 4 * s->rows * B : 0, sizeof *s->work);
	if (!s->pivot || !s->work) {
		se2_solver_free(s);
		return NULL;
	}
	if (fixed)
		pade(s->pole, s->weight);
	return s;
}

void se2_solver_free(struct se2_solver *s)
{
	if (!s)
		return;
	free(s->pivot);
	free(s->work);
	free(s);
}

static void couple(
    const struct se2_model *m, double scale, const double *wx, const double *wy, struct coupling *c)
{
	for (size_t k = 0; k < B; k++) {
		double rho2 = wx[k] * wx[k] + wy[k] * wy[k];
		if (m->process == SE2_DIRECTION) {
			double a = scale / 2;
			c->e[k] = 0;
			c->lr[k] = a * wy[k];
			c->ur[k] = -a * wy[k];
			c->li[k] = c->ui[k] = a * wx[k];
			c->lu[k] = -a * a * rho2;
		} else {
			double a = scale * m->d11 / 4;
			c->e[k] = 2 * a * rho2;
			c->lr[k] = c->ur[k] = a * (wx[k] * wx[k] - wy[k] * wy[k]);
			c->li[k] = -2 * a * wx[k] * wy[k];
			c->ui[k] = -c->li[k];
			c->lu[k] = a * a * rho2 * rho2;
		}
	}
}

/* Inverse pivots for a real shift z. */
FOR_AVX512 static void factor_real(
    const struct coupling *c, size_t rows, size_t q, double z, double d, double *restrict pivot)
{
	for (size_t i = 0; i < rows; i++) {
		double n = (double)i - (double)(rows / 2), base = z + d * n * n;
		double *restrict p = pivot + i * B;
		if (i < q) {
#pragma omp simd
			for (size_t k = 0; k < B; k++)
				p[k] = 1 / (base + c->e[k]);
		} else {
			const double *restrict before = p - q * B;
#pragma omp simd
			for (size_t k = 0; k < B; k++)
				p[k] = 1 / (base + c->e[k] - c->lu[k] * before[k]);
		}
	}
}

/* In place: re + i im becomes the solution for the right side gain * (re + i im). */
FOR_AVX512 static void solve_real(const struct coupling *c, size_t rows, size_t q,
    const double *restrict pivot, double gain, double *restrict re, double *restrict im)
{
	for (size_t i = 0; i < rows; i++) {
		const double *restrict p = pivot + i * B;
		double *restrict r = re + i * B, *restrict m = im + i * B;
		if (i < q) {
#pragma omp simd
			for (size_t k = 0; k < B; k++) {
				r[k] *= gain * p[k];
				m[k] *= gain * p[k];
			}
		} else {
			const double *restrict r0 = r - q * B, *restrict m0 = m - q * B;
#pragma omp simd
			for (size_t k = 0; k < B; k++) {
				double a = gain * r[k] - c->lr[k] * r0[k] + c->li[k] * m0[k];
				double b = gain * m[k] - c->lr[k] * m0[k] - c->li[k] * r0[k];
				r[k] = a * p[k];
				m[k] = b * p[k];
			}
		}
	}
	for (size_t i = rows - q; i-- > 0;) {
		const double *restrict p = pivot + i * B;
		double *restrict r = re + i * B, *restrict m = im + i * B;
		const double *restrict r1 = r + q * B, *restrict m1 = m + q * B;
#pragma omp simd
		for (size_t k = 0; k < B; k++) {
			double a = c->ur[k] * r1[k] - c->ui[k] * m1[k];
			double b = c->ur[k] * m1[k] + c->ui[k] * r1[k];
			r[k] -= a * p[k];
			m[k] -= b * p[k];
		}
	}
}

/* Inverse pivots for a complex shift z: pr + i pi. */
FOR_AVX512 static void factor_complex(const struct coupling *c, size_t rows, size_t q, double zr,
    double zi, double d, double *restrict pr, double *restrict pi)
{
	for (size_t i = 0; i < rows; i++) {
		double n = (double)i - (double)(rows / 2), base = zr + d * n * n;
		double *restrict r = pr + i * B, *restrict m = pi + i * B;
		const double *restrict r0 = i < q ? r : r - q * B, *restrict m0 =
								       i < q ? m : m - q * B;
		double coupled = i < q ? 0 : 1; /* the memory was zeroed, so r0 is finite */
#pragma omp simd
		for (size_t k = 0; k < B; k++) {
			double a = base + c->e[k] - coupled * c->lu[k] * r0[k];
			double b = zi - coupled * c->lu[k] * m0[k];
			double size = 1 / (a * a + b * b);
			r[k] = a * size;
			m[k] = -b * size;
		}
	}
}

/* re + i im += weight times the solution for the right side (xr, xi); yr, yi: scratch. */
FOR_AVX512 static void solve_complex(const struct coupling *c, size_t rows, size_t q,
    const double *restrict pr, const double *restrict pi, double wr, double wi,
    const double *restrict xr, const double *restrict xi, double *restrict yr, double *restrict yi,
    double *restrict re, double *restrict im)
{
	for (size_t i = 0; i < rows; i++) {
		size_t o = i * B, before = i < q ? o : o - q * B;
		double coupled = i < q ? 0 : 1;
#pragma omp simd
		for (size_t k = 0; k < B; k++) {
			double r0 = coupled * yr[before + k], m0 = coupled * yi[before + k];
			double a = xr[o + k] - c->lr[k] * r0 + c->li[k] * m0;
			double b = xi[o + k] - c->lr[k] * m0 - c->li[k] * r0;
			yr[o + k] = a * pr[o + k] - b * pi[o + k];
			yi[o + k] = a * pi[o + k] + b * pr[o + k];
		}
	}
	for (size_t i = rows; i-- > 0;) {
		size_t o = i * B, after = i + q < rows ? o + q * B : o;
		double coupled = i + q < rows ? 1 : 0;
#pragma omp simd
		for (size_t k = 0; k < B; k++) {
			double r1 = coupled * yr[after + k], m1 = coupled * yi[after + k];
			double a = c->ur[k] * r1 - c->ui[k] * m1, b = c->ur[k] * m1 + c->ui[k] * r1;
			double r = yr[o + k] - (a * pr[o + k] - b * pi[o + k]);
			double m = yi[o + k] - (a * pi[o + k] + b * pr[o + k]);
			yr[o + k] = r;
			yi[o + k] = m;
			re[o + k] += wr * r - wi * m;
			im[o + k] += wr * m + wi * r;
		}
	}
}

/* exp(-length M) in equal steps of the Pade approximation; a step's rho * length is at most 4, which
 * keeps its error near 1e-9, and there are at least 8, which damp what is stiff. */
static void solve_fixed(
    struct se2_solver *s, size_t q, const double *wx, const double *wy, double *re, double *im)
{
	const struct se2_model *m = &s->model;
	size_t rows = s->rows, block = rows * B;
	double fastest = 0;
	if (m->process == SE2_DIRECTION)
		for (size_t k = 0; k < B; k++)
			fastest = fmax(fastest, hypot(wx[k], wy[k]));
	double steps = fmax(8, ceil(fastest * m->length / 4)), h = m->length / steps;
	couple(m, h, wx, wy, &s->coupling);
	memset(s->work, 0, 4 * block * sizeof *s->work);
	double *xr = s->work, *xi = xr + block, *yr = xi + block, *yi = yr + block;
	for (size_t j = 0; j < POLES; j++)
		factor_complex(&s->coupling, rows, q, -creal(s->pole[j]), -cimag(s->pole[j]),
		    h * m->d, s->pivot + 2 * j * block, s->pivot + (2 * j + 1) * block);
	for (double step = 0; step < steps; step++) {
		memcpy(xr, re, block * sizeof *xr);
		memcpy(xi, im, block * sizeof *xi);
		memset(re, 0, block * sizeof *re);
		memset(im, 0, block * sizeof *im);
		for (size_t j = 0; j < POLES; j++)
			solve_complex(&s->coupling, rows, q, s->pivot + 2 * j * block,
			    s->pivot + (2 * j + 1) * block, creal(s->weight[j]),
			    cimag(s->weight[j]), xr, xi, yr, yi, re, im);
	}
}

void se2_solve(
    struct se2_solver *s, size_t count, const double *wx, const double *wy, double *re, double *im)
{
	const struct se2_model *m = &s->model;
	size_t rows = s->rows, q = m->process == SE2_DIRECTION ? 1 : 2;
	double x[B] = {0}, y[B] = {0};
	memcpy(x, wx, count * sizeof *x);
	memcpy(y, wy, count * sizeof *y);
	for (size_t i = 0; i < rows * B; i++) {
		re[i] = 1;
		im[i] = 0;
	}
	if (m->travel == SE2_FIXED) {
		solve_fixed(s, q, x, y, re, im);
		return;
	}
	couple(m, 1, x, y, &s->coupling);
	factor_real(&s->coupling, rows, q, m->alpha, m->d, s->pivot);
	for (unsigned k = 0; k < m->order; k++)
		solve_real(&s->coupling, rows, q, s->pivot, m->alpha, re, im);
}

int se2_spectrum(const struct se2_model *model, size_t count, const double *wx, const double *wy,
    double *re, double *im)
{
	struct se2_solver *s = se2_solver_create(model);
	if (!s)
		return -1;
	double *r = mem_alloc(s->rows * B, sizeof *r), *m = mem_alloc(s->rows * B, sizeof *m);
	int status = r && m ? 0 : -1;
	for (size_t first = 0; status == 0 && first < count; first += B) {
		size_t n = size_min(count - first, B);
		se2_solve(s, n, wx + first, wy + first, r, m);
		for (size_t i = 0; i < s->rows; i++) {
			memcpy(re + i * count + first, r + i * B, n * sizeof *re);
			memcpy(im + i * count + first, m + i * B, n * sizeof *im);
		}
	}
	free(r);
	free(m);
	se2_solver_free(s);
	return status;
}
