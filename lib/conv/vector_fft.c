/* Stockham's self-sorting transforms in mixed radix, lanes innermost: see vector_fft.h. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "conv/vector_fft.h"

#define STAGES_MAX 64
#define RADIX_MAX 10

struct vector_fft {
	size_t n, stages, radix[STAGES_MAX];
	real *twiddles[STAGES_MAX]; /* (m, radix - 1, 2), m the points yet to be transformed */
	real *memory;
	bool to_combs, from_combs; /* the order of the output, of the input */
};

bool vector_fft_fits(size_t n)
{
	for (size_t prime = 2; prime <= 7 && n; prime++) {
		while (n % prime == 0)
			n /= prime;
	}
	return n == 1;
}

/* Passes over the data, roughly: the number of factors up to RADIX_MAX, large ones first. Two factors are sought
 * for sizes that have two, since the transforms of usual image sizes then read and write their data twice only. */
static size_t factors(size_t n, size_t *radix)
{
	size_t count = 0;
	while (n > RADIX_MAX) {
		size_t best = 0;
		for (size_t r = RADIX_MAX; r >= 2 && !best; r--) {
			if (n % r == 0 && n / r <= RADIX_MAX)
				best = r;
		}
		/* 8 and 4 leave smooth rests that split well */
		static const size_t order[] = {8, 9, 10, 7, 6, 5, 4, 3, 2};
		for (size_t i = 0; i < sizeof order / sizeof *order && !best; i++) {
			if (n % order[i] == 0)
				best = order[i];
		}
		if (radix)
			radix[count] = best;
		count++;
		n /= best;
	}
	if (n > 1) {
		if (radix)
			radix[count] = n;
		count++;
	}
	return count;
}

size_t vector_fft_good_size(size_t n)
{
	/* another pass costs about as much as a tenth more points */
	size_t best = 0;
	double best_cost = INFINITY;
	for (size_t size = n ? n : 1; (double)size < 1.3 * (double)n + 8; size++) {
		if (!vector_fft_fits(size))
			continue;
		double cost = (double)size * (10 + (double)factors(size, NULL));
		if (cost < best_cost) {
			best_cost = cost;
			best = size;
		}
	}
	return best;
}

size_t vector_fft_teeth(size_t n)
{
	size_t radix[STAGES_MAX], count = factors(n, radix);
	return count ? radix[count - 1] : 1;
}

static struct vector_fft *make_plan(size_t n, bool to_combs, bool from_combs)
{
	if (!vector_fft_fits(n)) {
		err_set("transform: %zu has a prime factor above 7", n);
		return NULL;
	}
	struct vector_fft *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	plan->n = n;
	plan->stages = factors(n, plan->radix);
	plan->to_combs = to_combs;
	plan->from_combs = from_combs;
	for (size_t i = 0; from_combs && i < plan->stages / 2;
	     i++) { /* combs are butterflies of the first pass */
		size_t radix = plan->radix[i], *other = &plan->radix[plan->stages - 1 - i];
		plan->radix[i] = *other;
		*other = radix;
	}
	if (n == 1)
		plan->radix[plan->stages++] = 1;
	size_t numbers = 0, left = n;
	for (size_t s = 0; s < plan->stages; s++) {
		left /= plan->radix[s];
		numbers += 2 * left * (plan->radix[s] - 1);
	}
	plan->memory = mem_alloc(numbers, sizeof(real));
	if (!plan->memory) {
		free(plan);
		return NULL;
	}
	real *next = plan->memory;
	left = n;
	for (size_t s = 0; s < plan->stages; s++) {
		size_t radix = plan->radix[s], length = left;
		left /= radix;
		plan->twiddles[s] = next;
		for (size_t j = 0; j < left; j++) {
			for (size_t q = 1; q < radix; q++) {
				double angle =
				    -2 * M_PI * (double)(j * q % length) / (double)length;
				*next++ = (real)cos(angle);
				*next++ = (real)sin(angle);
			}
		}
	}
	return plan;
}

struct vector_fft *vector_fft_plan(size_t n)
{
	return make_plan(n, false, false);
}

struct vector_fft *vector_fft_plan_to_combs(size_t n)
{
	return make_plan(n, true, false);
}

struct vector_fft *vector_fft_plan_from_combs(size_t n)
{
	return make_plan(n, false, true);
}

void vector_fft_free(struct vector_fft *plan)
{
	if (plan)
		free(plan->memory);
	free(plan);
}

size_t vector_fft_scratch(const struct vector_fft *plan)
{
	return 4 * plan->n * LANES;
}

/* ---- transforms of a few points, in place ---- */

VECTOR_INLINE void add_subtract(struct complex_vector *a, struct complex_vector *b)
{
	const struct complex_vector difference = {a->re - b->re, a->im - b->im};
	a->re += b->re;
	a->im += b->im;
	*b = difference;
}

/* times c - i s */
VECTOR_INLINE void turn(struct complex_vector *a, real c, real s)
{
	const vector re = a->re * c + a->im * s;
	a->im = a->im * c - a->re * s;
	a->re = re;
}

/* times -i */
VECTOR_INLINE void turn_quarter(struct complex_vector *a)
{
	*a = (struct complex_vector){a->im, -a->re};
}

#define SIN_60 (real)0.866025403784438646763723170752936183
VECTOR_INLINE void dft3(
    struct complex_vector *a, struct complex_vector *b, struct complex_vector *c)
{
	add_subtract(b, c);
	const vector middle_re = a->re - b->re * (real)0.5, middle_im = a->im - b->im * (real)0.5;
	const vector side_re = c->re * SIN_60, side_im = c->im * SIN_60;
	a->re += b->re;
	a->im += b->im;
	*b = (struct complex_vector){middle_re + side_im, middle_im - side_re};
	*c = (struct complex_vector){middle_re - side_im, middle_im + side_re};
}

VECTOR_INLINE void dft4(struct complex_vector *x)
{
	add_subtract(&x[0], &x[2]);
	add_subtract(&x[1], &x[3]);
	add_subtract(&x[0], &x[1]);
	turn_quarter(&x[3]);
	const struct complex_vector second = x[1];
	x[1] = (struct complex_vector){x[2].re + x[3].re, x[2].im + x[3].im};
	x[3] = (struct complex_vector){x[2].re - x[3].re, x[2].im - x[3].im};
	x[2] = second;
}

/* Of an odd number of points, with sums s and differences d of opposite ones: frequencies q and n - q are
 * x0 + sum of s[j] c[j] -+ i sum of d[j] n[j], with c and n the cosines and sines of 2 pi q j/n. */
VECTOR_INLINE void opposites(const size_t HALF, const struct complex_vector *x0,
    const struct complex_vector *s, const struct complex_vector *d, const real *c, const real *n,
    struct complex_vector *low, struct complex_vector *high)
{
	struct complex_vector even = *x0, odd = {d[0].re * n[0], d[0].im * n[0]};
#pragma GCC unroll 3
	for (size_t j = 0; j < HALF; j++) {
		even.re += s[j].re * c[j];
		even.im += s[j].im * c[j];
		odd.re += j ? d[j].re * n[j] : (vector){0};
		odd.im += j ? d[j].im * n[j] : (vector){0};
	}
	*low = (struct complex_vector){even.re + odd.im, even.im - odd.re};
	*high = (struct complex_vector){even.re - odd.im, even.im + odd.re};
}

#define COS_72 (real)0.309016994374947424102293417182819059
#define SIN_72 (real)0.951056516295153572116439333379382143
#define COS_36 (real)0.809016994374947424102293417182819059
#define SIN_36 (real)0.587785252292473129168705954639072769
VECTOR_INLINE void dft5(struct complex_vector *x)
{
	add_subtract(&x[1], &x[4]);
	add_subtract(&x[2], &x[3]);
	const struct complex_vector zero = x[0], s[2] = {x[1], x[2]}, d[2] = {x[4], x[3]};
	x[0].re += s[0].re + s[1].re;
	x[0].im += s[0].im + s[1].im;
	opposites(2, &zero, s, d, (const real[]){COS_72, -COS_36}, (const real[]){SIN_72, SIN_36},
	    &x[1], &x[4]);
	opposites(2, &zero, s, d, (const real[]){-COS_36, COS_72}, (const real[]){SIN_36, -SIN_72},
	    &x[2], &x[3]);
}

VECTOR_INLINE void dft7(struct complex_vector *x)
{
	const real c1 = (real)0.623489801858733530525004884004239811,
		   c2 = (real)-0.222520933956314404288902564496794759,
		   c3 = (real)-0.900968867902419126236102319507445051,
		   s1 = (real)0.781831482468029808708444526674057750,
		   s2 = (real)0.974927912181823607018131682993931217,
		   s3 = (real)0.433883739117558120475768332848358754;
	add_subtract(&x[1], &x[6]);
	add_subtract(&x[2], &x[5]);
	add_subtract(&x[3], &x[4]);
	const struct complex_vector zero = x[0], s[3] = {x[1], x[2], x[3]},
				    d[3] = {x[6], x[5], x[4]};
	x[0].re += s[0].re + s[1].re + s[2].re;
	x[0].im += s[0].im + s[1].im + s[2].im;
	opposites(
	    3, &zero, s, d, (const real[]){c1, c2, c3}, (const real[]){s1, s2, s3}, &x[1], &x[6]);
	opposites(
	    3, &zero, s, d, (const real[]){c2, c3, c1}, (const real[]){s2, -s3, -s1}, &x[2], &x[5]);
	opposites(
	    3, &zero, s, d, (const real[]){c3, c1, c2}, (const real[]){s3, -s1, s2}, &x[3], &x[4]);
}

VECTOR_INLINE void dft6(struct complex_vector *x)
{
	add_subtract(&x[0], &x[3]);
	add_subtract(&x[1], &x[4]);
	add_subtract(&x[2], &x[5]);
	turn(&x[4], (real)0.5, SIN_60);
	turn(&x[5], (real)-0.5, SIN_60);
	dft3(&x[0], &x[1], &x[2]);
	dft3(&x[3], &x[4], &x[5]);
}

VECTOR_INLINE void dft8(struct complex_vector *x)
{
	const real sin_45 = (real)0.707106781186547524400844362104849039;
	add_subtract(&x[0], &x[4]);
	add_subtract(&x[1], &x[5]);
	add_subtract(&x[2], &x[6]);
	add_subtract(&x[3], &x[7]);
	x[5] = (struct complex_vector){(x[5].re + x[5].im) * sin_45, (x[5].im - x[5].re) * sin_45};
	turn_quarter(&x[6]);
	x[7] = (struct complex_vector){(x[7].im - x[7].re) * sin_45, (x[7].re + x[7].im) * -sin_45};
	dft4(&x[0]);
	dft4(&x[4]);
}

VECTOR_INLINE void dft9(struct complex_vector *x)
{
	const real cos_40 = (real)0.766044443118978035202392650555416673,
		   sin_40 = (real)0.642787609686539326322643409907263433,
		   cos_80 = (real)0.173648177666930348851716626769314796,
		   sin_80 = (real)0.984807753012208059366743024589523013,
		   cos_160 = (real)-0.939692620785908384054109277324731469,
		   sin_160 = (real)0.342020143325668733044099614682259580;
	dft3(&x[0], &x[3], &x[6]);
	dft3(&x[1], &x[4], &x[7]);
	dft3(&x[2], &x[5], &x[8]);
	turn(&x[4], cos_40, sin_40);
	turn(&x[5], cos_80, sin_80);
	turn(&x[7], cos_80, sin_80);
	turn(&x[8], cos_160, sin_160);
	dft3(&x[0], &x[1], &x[2]);
	dft3(&x[3], &x[4], &x[5]);
	dft3(&x[6], &x[7], &x[8]);
}

VECTOR_INLINE void dft10(struct complex_vector *x)
{
	add_subtract(&x[0], &x[5]);
	add_subtract(&x[1], &x[6]);
	add_subtract(&x[2], &x[7]);
	add_subtract(&x[3], &x[8]);
	add_subtract(&x[4], &x[9]);
	turn(&x[6], COS_36, SIN_36);
	turn(&x[7], COS_72, SIN_72);
	turn(&x[8], -COS_72, SIN_72);
	turn(&x[9], -COS_36, SIN_36);
	dft5(&x[0]);
	dft5(&x[5]);
}

/* Frequency q ends at x[place(RADIX, q)]. */
VECTOR_INLINE void dft(const size_t RADIX, struct complex_vector *x)
{
	switch (RADIX) {
	case 2:
		add_subtract(&x[0], &x[1]);
		break;
	case 3:
		dft3(&x[0], &x[1], &x[2]);
		break;
	case 4:
		dft4(x);
		break;
	case 5:
		dft5(x);
		break;
	case 6:
		dft6(x);
		break;
	case 7:
		dft7(x);
		break;
	case 8:
		dft8(x);
		break;
	case 9:
		dft9(x);
		break;
	case 10:
		dft10(x);
		break;
	}
}

/* Transforms of a b points made of a's and b's leave frequency k1 + a k2 at b k1 + k2. */
VECTOR_INLINE size_t place(const size_t RADIX, size_t q)
{
	const size_t a = RADIX == 9 ? 3 : RADIX >= 6 && RADIX % 2 == 0 ? 2 : 1;
	return RADIX / a * (q % a) + q / a;
}

/* ---- passes ---- */

/* One pass: l sequences of radix m points with stride l become radix l sequences of m points. */
struct pass {
	struct vector_fft_in in;
	struct vector_fft_out out;
	size_t radix, l, m;
	bool to_combs, from_combs;
	const real *twiddles;
};

/* The butterflies j < js, k < ks, of m and l. Elements past the ends of a window are caught by unsigned differences, which
 * are taken modulo a power of two. */
VECTOR_INLINE void butterflies(const size_t RADIX, const struct pass *pass, size_t js, size_t ks)
{
	const size_t load_hop = pass->m * pass->l;
	const size_t load_step = (pass->from_combs ? 1 : load_hop) * pass->in.stride;
	const size_t load_unit = (pass->from_combs ? RADIX : 1) * pass->in.stride;
	const size_t store_step = (pass->to_combs ? 1 : pass->l) * pass->out.stride;
	const size_t store_unit = (pass->to_combs ? RADIX : 1) * pass->out.stride;
	const bool turned = pass->m > 1;
	for (size_t j = 0; j < js; j++) {
		const real *w = pass->twiddles + 2 * j * (RADIX - 1);
		for (size_t k = 0; k < ks; k++) {
			const size_t load = j * pass->l + k - pass->in.first;
			const size_t store = j * RADIX * pass->l + k - pass->out.first;
			struct complex_vector x[RADIX_MAX];
#pragma GCC unroll 10
			for (size_t p = 0; p < RADIX; p++) {
				size_t at = load * load_unit + p * load_step;
				x[p] = (struct complex_vector){{0}, {0}};
				if (load + p * load_hop < pass->in.count) {
					x[p].re = *(const vector *)(pass->in.re + at);
					x[p].im = *(const vector *)(pass->in.im + at);
				}
			}
			dft(RADIX, x);
#pragma GCC unroll 10
			for (size_t q = 0; q < RADIX; q++) {
				struct complex_vector *y = &x[place(RADIX, q)];
				size_t at = store * store_unit + q * store_step;
				if (turned && q > 0)
					turn(y, w[2 * q - 2], -w[2 * q - 1]);
				if (store + q * pass->l < pass->out.count) {
					*(vector *)(pass->out.re + at) = y->re;
					*(vector *)(pass->out.im + at) = y->im;
				}
			}
		}
	}
}

/*
 * A comb is one butterfly, of elements turned by the comb's frequency and folded: t, t + R, t + 2R, ... fall on one.
 * Positive exponents: real and imaginary parts are exchanged.
 */
VECTOR_INLINE void comb_butterfly(
    const size_t RADIX, size_t taps, const real *w, const vector *from, real *y, size_t tooth)
{
	struct complex_vector x[RADIX_MAX];
#pragma GCC unroll 10
	for (size_t p = 0; p < RADIX; p++) {
		x[p] = (struct complex_vector){{0}, {0}};
		for (size_t t = p; t < taps; t += RADIX) {
			x[p].im += from[2 * t] * w[2 * t] - from[2 * t + 1] * w[2 * t + 1];
			x[p].re += from[2 * t] * w[2 * t + 1] + from[2 * t + 1] * w[2 * t];
		}
	}
	dft(RADIX, x);
#pragma GCC unroll 10
	for (size_t q = 0; q < RADIX; q++) {
		*(vector *)(y + q * tooth) = x[place(RADIX, q)].im;
		*(vector *)(y + q * tooth + LANES) = x[place(RADIX, q)].re;
	}
}

/* Functions for each radix: what is compiled at once stays small. */
#define RADIX(R)                                                                                   \
	FOR_AVX512 static void pass_##R(const struct pass *pass, size_t js, size_t ks)             \
	{                                                                                          \
		butterflies(R, pass, js, ks);                                                      \
	}                                                                                          \
	FOR_AVX512 static void comb_##R(const struct vector_fft_comb *comb, size_t count,          \
	    const real *x, size_t x_step, real *y, size_t y_step, size_t tooth)                    \
	{                                                                                          \
		for (size_t i = 0; i < count; i++, x += x_step, y += y_step)                       \
			comb_butterfly(R, comb->taps, comb->turns, (const vector *)x, y, tooth);   \
	}
RADIX(1)
RADIX(2)
RADIX(3)
RADIX(4)
RADIX(5)
RADIX(6)
RADIX(7)
RADIX(8)
RADIX(9)
RADIX(10)

static const struct {
	void (*pass)(const struct pass *, size_t, size_t);
	void (*comb)(
	    const struct vector_fft_comb *, size_t, const real *, size_t, real *, size_t, size_t);
} functions[RADIX_MAX + 1] = {{0}, {pass_1, comb_1}, {pass_2, comb_2}, {pass_3, comb_3},
    {pass_4, comb_4}, {pass_5, comb_5}, {pass_6, comb_6}, {pass_7, comb_7}, {pass_8, comb_8},
    {pass_9, comb_9}, {pass_10, comb_10}};

/* The butterflies of the first pass from j = js on, in each of which only the first element is given: nothing to add. */
VECTOR_INLINE void spread(const struct pass *pass, size_t js)
{
	size_t radix = pass->radix;
	for (size_t j = js; j < pass->m; j++) {
		const real *w = pass->twiddles + 2 * j * (radix - 1);
		vector *out = (vector *)(pass->out.re + j * radix * pass->out.stride);
		vector xr = {0}, xi = {0};
		if (j < pass->in.count) {
			xr = *(const vector *)(pass->in.re + j * pass->in.stride);
			xi = *(const vector *)(pass->in.im + j * pass->in.stride);
		}
		out[0] = xr;
		out[1] = xi;
		for (size_t q = 1; q < radix; q++) {
			out[2 * q] = xr * w[2 * q - 2] - xi * w[2 * q - 1];
			out[2 * q + 1] = xr * w[2 * q - 1] + xi * w[2 * q - 2];
		}
	}
}

/* The butterflies of the last pass from k = ks on, of each of which only the first element is wanted: the sum. */
VECTOR_INLINE void gather(const struct pass *pass, size_t ks)
{
	for (size_t k = ks; k < pass->l && k < pass->out.count; k++) {
		const real *in = pass->in.re + k * pass->in.stride;
		vector re = {0}, im = {0};
		for (size_t p = 0; p < pass->radix; p++, in += pass->l * pass->in.stride) {
			re += *(const vector *)in;
			im += *(const vector *)(in + LANES);
		}
		*(vector *)(pass->out.re + k * pass->out.stride) = re;
		*(vector *)(pass->out.im + k * pass->out.stride) = im;
	}
}

/* The first pass reads the input, the last of several writes the output; those between and the other ends use the
 * scratch memory, where nothing is cut off. */
FOR_AVX512
static void run_passes(const struct vector_fft *plan, const struct vector_fft_in *in,
    const struct vector_fft_out *out, real *scratch)
{
	size_t n = plan->n;
	struct pass pass = {.in = *in, .l = 1, .m = n};
	for (size_t s = 0; s < plan->stages; s++) {
		bool last = s > 0 && s + 1 == plan->stages;
		real *between = scratch + s % 2 * 2 * n * LANES;
		pass.radix = plan->radix[s];
		pass.from_combs = s == 0 && plan->from_combs;
		pass.to_combs = last && plan->to_combs;
		pass.m /= pass.radix;
		pass.twiddles = plan->twiddles[s];
		pass.out = last
			       ? *out
			       : (struct vector_fft_out){between, between + LANES, 2 * LANES, 0, n};
		/* how many j of the first pass, k of the last, need more than their first element */
		size_t full = s == 0 ? pass.m : pass.l;
		if (s == 0 && in->first == 0)
			full = size_min(full, in->count - size_min(in->count, pass.m));
		if (last && out->first == 0)
			full = size_min(full, out->count - size_min(out->count, pass.l));
		if (s == 0)
			functions[pass.radix].pass(&pass, full, 1);
		else if (last)
			functions[pass.radix].pass(&pass, 1, full);
		else
			functions[pass.radix].pass(&pass, pass.m, pass.l);
		if (s == 0)
			spread(&pass, full);
		if (last)
			gather(&pass, full);
		pass.l *= pass.radix;
		pass.in = (struct vector_fft_in){between, between + LANES, 2 * LANES, 0, n};
	}
	if (plan->stages > 1)
		return;
	for (size_t i = 0; i < out->count; i++) { /* of at most RADIX_MAX points */
		const real *at = scratch + (out->first + i) * 2 * LANES;
		*(vector *)(out->re + i * out->stride) = *(const vector *)at;
		*(vector *)(out->im + i * out->stride) = *(const vector *)(at + LANES);
	}
}

void vector_fft_exec(const struct vector_fft *plan, const struct vector_fft_in *in,
    const struct vector_fft_out *out, real *scratch)
{
	run_passes(plan, in, out, scratch);
}

void vector_fft_comb(const struct vector_fft_comb *comb, size_t count, const real *x, size_t x_step,
    real *y, size_t y_step, size_t tooth)
{
	functions[comb->teeth].comb(comb, count, x, x_step, y, y_step, tooth);
}
