/* Stockham's self-sorting transforms in mixed radix, lanes innermost: see vector_fft.h. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
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

/*
 * Transforms of a few points on variables x0r, x0i, x1r, ... in place. Those of composite size n = a b leave
 * frequency k1 + a k2 in variable b k1 + k2 (k1 < a, k2 < b).
 */
#define ADD_SUB(a, b)                                                                              \
	do {                                                                                       \
		vector difference_r = a##r - b##r, difference_i = a##i - b##i;                      \
		a##r += b##r;                                                                      \
		a##i += b##i;                                                                      \
		b##r = difference_r;                                                               \
		b##i = difference_i;                                                               \
	} while (0)

/* times c - i s */
#define TURN(a, c, s)                                                                              \
	do {                                                                                       \
		vector real_part = a##r * (real)(c) + a##i * (real)(s);                             \
		a##i = a##i * (real)(c)-a##r * (real)(s);                                          \
		a##r = real_part;                                                                  \
	} while (0)

#define DFT2(a, b) ADD_SUB(a, b)

#define SIN_60 0.866025403784438646763723170752936183
#define DFT3(a, b, c)                                                                              \
	do {                                                                                       \
		ADD_SUB(b, c);                                                                     \
		vector middle_r = a##r - b##r * (real)0.5, middle_i = a##i - b##i * (real)0.5;      \
		vector side_r = c##r * (real)SIN_60, side_i = c##i * (real)SIN_60;                  \
		a##r += b##r;                                                                      \
		a##i += b##i;                                                                      \
		b##r = middle_r + side_i;                                                          \
		b##i = middle_i - side_r;                                                          \
		c##r = middle_r - side_i;                                                          \
		c##i = middle_i + side_r;                                                          \
	} while (0)

#define DFT4(a, b, c, d)                                                                           \
	do {                                                                                       \
		ADD_SUB(a, c);                                                                     \
		ADD_SUB(b, d);                                                                     \
		ADD_SUB(a, b);                                                                     \
		vector minus_r = c##r + d##i, minus_i = c##i - d##r; /* c - i d */                  \
		vector plus_r = c##r - d##i, plus_i = c##i + d##r;                                  \
		c##r = b##r;                                                                       \
		c##i = b##i;                                                                       \
		b##r = minus_r;                                                                    \
		b##i = minus_i;                                                                    \
		d##r = plus_r;                                                                     \
		d##i = plus_i;                                                                     \
	} while (0)

#define COS_72 0.309016994374947424102293417182819059
#define COS_144 -0.809016994374947424102293417182819059
#define SIN_72 0.951056516295153572116439333379382143
#define SIN_144 0.587785252292473129168705954639072769
/* x0 + sum s_k cos -+ i sum d_k sin, s and d sums and differences of opposite points */
#define PAIR5(a, b, p, q, s1, s2, d1, d2, c1, c2, n1, n2)                                          \
	do {                                                                                       \
		vector even_r = a##r + s1##r * (real)(c1) + s2##r * (real)(c2);                     \
		vector even_i = a##i + s1##i * (real)(c1) + s2##i * (real)(c2);                     \
		vector odd_r = d1##r * (real)(n1) + d2##r * (real)(n2);                             \
		vector odd_i = d1##i * (real)(n1) + d2##i * (real)(n2);                             \
		p##r = even_r + odd_i;                                                             \
		p##i = even_i - odd_r;                                                             \
		q##r = even_r - odd_i;                                                             \
		q##i = even_i + odd_r;                                                             \
	} while (0)
#define DFT5(a, b, c, d, e)                                                                        \
	do {                                                                                       \
		ADD_SUB(b, e);                                                                     \
		ADD_SUB(c, d);                                                                     \
		vector t1r, t1i, t2r, t2i, t3r, t3i, t4r, t4i;                                      \
		PAIR5(a, b, t1, t4, b, c, e, d, COS_72, COS_144, SIN_72, SIN_144);                 \
		PAIR5(a, b, t2, t3, b, c, e, d, COS_144, COS_72, SIN_144, -SIN_72);                \
		a##r += b##r + c##r;                                                               \
		a##i += b##i + c##i;                                                               \
		b##r = t1r, b##i = t1i, c##r = t2r, c##i = t2i;                                    \
		d##r = t3r, d##i = t3i, e##r = t4r, e##i = t4i;                                    \
	} while (0)

#define COS7_1 0.623489801858733530525004884004239811
#define COS7_2 -0.222520933956314404288902564496794759
#define COS7_3 -0.900968867902419126236102319507445051
#define SIN7_1 0.781831482468029808708444526674057750
#define SIN7_2 0.974927912181823607018131682993931217
#define SIN7_3 0.433883739117558120475768332848358754
#define PAIR7(p, q, a, s1, s2, s3, d1, d2, d3, c1, c2, c3, n1, n2, n3)                             \
	do {                                                                                       \
		vector even_r =                                                                     \
		    a##r + s1##r * (real)(c1) + s2##r * (real)(c2) + s3##r * (real)(c3);           \
		vector even_i =                                                                     \
		    a##i + s1##i * (real)(c1) + s2##i * (real)(c2) + s3##i * (real)(c3);           \
		vector odd_r = d1##r * (real)(n1) + d2##r * (real)(n2) + d3##r * (real)(n3);        \
		vector odd_i = d1##i * (real)(n1) + d2##i * (real)(n2) + d3##i * (real)(n3);        \
		p##r = even_r + odd_i;                                                             \
		p##i = even_i - odd_r;                                                             \
		q##r = even_r - odd_i;                                                             \
		q##i = even_i + odd_r;                                                             \
	} while (0)
#define DFT7(a, b, c, d, e, f, g)                                                                  \
	do {                                                                                       \
		ADD_SUB(b, g);                                                                     \
		ADD_SUB(c, f);                                                                     \
		ADD_SUB(d, e);                                                                     \
		vector t1r, t1i, t2r, t2i, t3r, t3i, t4r, t4i, t5r, t5i, t6r, t6i;                  \
		PAIR7(                                                                             \
		    t1, t6, a, b, c, d, g, f, e, COS7_1, COS7_2, COS7_3, SIN7_1, SIN7_2, SIN7_3);  \
		PAIR7(t2, t5, a, b, c, d, g, f, e, COS7_2, COS7_3, COS7_1, SIN7_2, -SIN7_3,        \
		    -SIN7_1);                                                                      \
		PAIR7(                                                                             \
		    t3, t4, a, b, c, d, g, f, e, COS7_3, COS7_1, COS7_2, SIN7_3, -SIN7_1, SIN7_2); \
		a##r += b##r + c##r + d##r;                                                        \
		a##i += b##i + c##i + d##i;                                                        \
		b##r = t1r, b##i = t1i, c##r = t2r, c##i = t2i, d##r = t3r, d##i = t3i;            \
		e##r = t4r, e##i = t4i, f##r = t5r, f##i = t5i, g##r = t6r, g##i = t6i;            \
	} while (0)

#define DFT6(x0, x1, x2, x3, x4, x5)                                                               \
	do {                                                                                       \
		ADD_SUB(x0, x3);                                                                   \
		ADD_SUB(x1, x4);                                                                   \
		ADD_SUB(x2, x5);                                                                   \
		TURN(x4, 0.5, SIN_60);                                                             \
		TURN(x5, -0.5, SIN_60);                                                            \
		DFT3(x0, x1, x2);                                                                  \
		DFT3(x3, x4, x5);                                                                  \
	} while (0)

#define SIN_45 0.707106781186547524400844362104849039
#define DFT8(x0, x1, x2, x3, x4, x5, x6, x7)                                                       \
	do {                                                                                       \
		ADD_SUB(x0, x4);                                                                   \
		ADD_SUB(x1, x5);                                                                   \
		ADD_SUB(x2, x6);                                                                   \
		ADD_SUB(x3, x7);                                                                   \
		vector half_r = (x5##r + x5##i) * (real)SIN_45;                                     \
		x5##i = (x5##i - x5##r) * (real)SIN_45;                                            \
		x5##r = half_r;                                                                    \
		half_r = x6##i;                                                                    \
		x6##i = -x6##r;                                                                    \
		x6##r = half_r;                                                                    \
		half_r = (x7##i - x7##r) * (real)SIN_45;                                           \
		x7##i = (x7##r + x7##i) * (real)-SIN_45;                                           \
		x7##r = half_r;                                                                    \
		DFT4(x0, x1, x2, x3);                                                              \
		DFT4(x4, x5, x6, x7);                                                              \
	} while (0)

#define COS_40 0.766044443118978035202392650555416673
#define SIN_40 0.642787609686539326322643409907263433
#define COS_80 0.173648177666930348851716626769314796
#define SIN_80 0.984807753012208059366743024589523013
#define COS_160 -0.939692620785908384054109277324731469
#define SIN_160 0.342020143325668733044099614682259580
#define DFT9(x0, x1, x2, x3, x4, x5, x6, x7, x8)                                                   \
	do {                                                                                       \
		DFT3(x0, x3, x6);                                                                  \
		DFT3(x1, x4, x7);                                                                  \
		DFT3(x2, x5, x8);                                                                  \
		TURN(x4, COS_40, SIN_40);                                                          \
		TURN(x5, COS_80, SIN_80);                                                          \
		TURN(x7, COS_80, SIN_80);                                                          \
		TURN(x8, COS_160, SIN_160);                                                        \
		DFT3(x0, x1, x2);                                                                  \
		DFT3(x3, x4, x5);                                                                  \
		DFT3(x6, x7, x8);                                                                  \
	} while (0)

#define COS_36 0.809016994374947424102293417182819059
#define SIN_36 0.587785252292473129168705954639072769
#define DFT10(x0, x1, x2, x3, x4, x5, x6, x7, x8, x9)                                              \
	do {                                                                                       \
		ADD_SUB(x0, x5);                                                                   \
		ADD_SUB(x1, x6);                                                                   \
		ADD_SUB(x2, x7);                                                                   \
		ADD_SUB(x3, x8);                                                                   \
		ADD_SUB(x4, x9);                                                                   \
		TURN(x6, COS_36, SIN_36);                                                          \
		TURN(x7, COS_72, SIN_72);                                                          \
		TURN(x8, -COS_72, SIN_72);                                                         \
		TURN(x9, -COS_36, SIN_36);                                                         \
		DFT5(x0, x1, x2, x3, x4);                                                          \
		DFT5(x5, x6, x7, x8, x9);                                                          \
	} while (0)

/* One pass: l sequences of radix m points with stride l become radix l sequences of m points. */
struct pass {
	struct vector_fft_in in;
	struct vector_fft_out out;
	size_t radix, l, m;
	bool to_combs, from_combs;
	const real *twiddles;
};

/* Elements past the ends of a window are caught by unsigned differences, which are taken modulo a power of two. */
#define LOAD(p)                                                                                    \
	vector x##p##r, x##p##i;                                                                    \
	do {                                                                                       \
		if (!cut_in || load + (p)*load_hop < pass->in.count) {                             \
			size_t at = load_at + (p)*load_step;                                       \
			x##p##r = *(const vector *)(pass->in.re + at);                              \
			x##p##i = *(const vector *)(pass->in.im + at);                              \
		} else {                                                                           \
			x##p##r = x##p##i = (vector){0};                                            \
		}                                                                                  \
	} while (0)

/* variable p holds frequency q */
#define STORE(p, q)                                                                                \
	do {                                                                                       \
		if (turned && (q) > 0)                                                             \
			TURN(x##p, w[2 * (q)-2], -w[2 * (q)-1]);                                   \
		if (!cut_out || store + (q)*pass->l < pass->out.count) {                           \
			size_t at = store_at + (q)*store_step;                                     \
			*(vector *)(pass->out.re + at) = x##p##r;                                   \
			*(vector *)(pass->out.im + at) = x##p##i;                                   \
		}                                                                                  \
	} while (0)

/* The butterflies j < js, k < ks, of m and l. */
#define PASS(RADIX)                                                                                \
	VECTOR_INLINE void pass_##RADIX(const struct pass *pass, size_t js, size_t ks,              \
	    const bool turned, const bool cut_in, const bool cut_out)                              \
	{                                                                                          \
		const size_t load_hop = pass->m * pass->l;                                         \
		const size_t load_step = (pass->from_combs ? 1 : load_hop) * pass->in.stride;      \
		const size_t load_unit = (pass->from_combs ? RADIX : 1) * pass->in.stride;         \
		const size_t store_step = (pass->to_combs ? 1 : pass->l) * pass->out.stride;       \
		const size_t store_unit = (pass->to_combs ? RADIX : 1) * pass->out.stride;         \
		for (size_t j = 0; j < js; j++) {                                                  \
			const real *w = pass->twiddles + 2 * j * (RADIX - 1);                      \
			for (size_t k = 0; k < ks; k++) {                                          \
				size_t load = j * pass->l + k - (cut_in ? pass->in.first : 0);     \
				size_t store =                                                     \
				    j * RADIX * pass->l + k - (cut_out ? pass->out.first : 0);     \
				size_t load_at = load * load_unit;                                 \
				size_t store_at = store * store_unit;                              \
				LOADS_##RADIX(LOAD);                                               \
				DFT_##RADIX;                                                       \
				STORES_##RADIX(STORE);                                             \
			}                                                                          \
		}                                                                                  \
	}

/*
 * What a butterfly of each size loads, does and stores. LOAD(p) declares and fills variable p; frequency q is in the
 * variable that STORE(p, q) names.
 */
#define LOADS_1(LOAD) LOAD(0)
#define LOADS_2(LOAD)                                                                              \
	LOADS_1(LOAD);                                                                             \
	LOAD(1)
#define DFT_2 DFT2(x0, x1)
#define STORES_2(STORE)                                                                            \
	STORE(0, 0);                                                                               \
	STORE(1, 1)
#define LOADS_3(LOAD)                                                                              \
	LOADS_2(LOAD);                                                                             \
	LOAD(2)
#define DFT_3 DFT3(x0, x1, x2)
#define STORES_3(STORE)                                                                            \
	STORE(0, 0);                                                                               \
	STORE(1, 1);                                                                               \
	STORE(2, 2)
#define LOADS_4(LOAD)                                                                              \
	LOADS_3(LOAD);                                                                             \
	LOAD(3)
#define DFT_4 DFT4(x0, x1, x2, x3)
#define STORES_4(STORE)                                                                            \
	STORE(0, 0);                                                                               \
	STORE(1, 1);                                                                               \
	STORE(2, 2);                                                                               \
	STORE(3, 3)
#define LOADS_5(LOAD)                                                                              \
	LOADS_4(LOAD);                                                                             \
	LOAD(4)
#define DFT_5 DFT5(x0, x1, x2, x3, x4)
#define STORES_5(STORE)                                                                            \
	STORE(0, 0);                                                                               \
	STORE(1, 1);                                                                               \
	STORE(2, 2);                                                                               \
	STORE(3, 3);                                                                               \
	STORE(4, 4)
#define LOADS_6(LOAD)                                                                              \
	LOADS_5(LOAD);                                                                             \
	LOAD(5)
#define DFT_6 DFT6(x0, x1, x2, x3, x4, x5)
#define STORES_6(STORE)                                                                            \
	STORE(0, 0);                                                                               \
	STORE(3, 1);                                                                               \
	STORE(1, 2);                                                                               \
	STORE(4, 3);                                                                               \
	STORE(2, 4);                                                                               \
	STORE(5, 5)
#define LOADS_7(LOAD)                                                                              \
	LOADS_6(LOAD);                                                                             \
	LOAD(6)
#define DFT_7 DFT7(x0, x1, x2, x3, x4, x5, x6)
#define STORES_7(STORE)                                                                            \
	STORE(0, 0);                                                                               \
	STORE(1, 1);                                                                               \
	STORE(2, 2);                                                                               \
	STORE(3, 3);                                                                               \
	STORE(4, 4);                                                                               \
	STORE(5, 5);                                                                               \
	STORE(6, 6)
#define LOADS_8(LOAD)                                                                              \
	LOADS_7(LOAD);                                                                             \
	LOAD(7)
#define DFT_8 DFT8(x0, x1, x2, x3, x4, x5, x6, x7)
#define STORES_8(STORE)                                                                            \
	STORE(0, 0);                                                                               \
	STORE(4, 1);                                                                               \
	STORE(1, 2);                                                                               \
	STORE(5, 3);                                                                               \
	STORE(2, 4);                                                                               \
	STORE(6, 5);                                                                               \
	STORE(3, 6);                                                                               \
	STORE(7, 7)
#define LOADS_9(LOAD)                                                                              \
	LOADS_8(LOAD);                                                                             \
	LOAD(8)
#define DFT_9 DFT9(x0, x1, x2, x3, x4, x5, x6, x7, x8)
#define STORES_9(STORE)                                                                            \
	STORE(0, 0);                                                                               \
	STORE(3, 1);                                                                               \
	STORE(6, 2);                                                                               \
	STORE(1, 3);                                                                               \
	STORE(4, 4);                                                                               \
	STORE(7, 5);                                                                               \
	STORE(2, 6);                                                                               \
	STORE(5, 7);                                                                               \
	STORE(8, 8)
#define LOADS_10(LOAD)                                                                             \
	LOADS_9(LOAD);                                                                             \
	LOAD(9)
#define DFT_10 DFT10(x0, x1, x2, x3, x4, x5, x6, x7, x8, x9)
#define STORES_10(STORE)                                                                           \
	STORE(0, 0);                                                                               \
	STORE(5, 1);                                                                               \
	STORE(1, 2);                                                                               \
	STORE(6, 3);                                                                               \
	STORE(2, 4);                                                                               \
	STORE(7, 5);                                                                               \
	STORE(3, 6);                                                                               \
	STORE(8, 7);                                                                               \
	STORE(4, 8);                                                                               \
	STORE(9, 9)
PASS(2)
PASS(3)
PASS(4)
PASS(5)
PASS(6)
PASS(7)
PASS(8)
PASS(9)
PASS(10)

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

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The first pass reads the input, the last of several writes the output; those between and the other ends use the
 * scratch memory, where nothing is cut off. */
#define RUN(R)                                                                                     \
	case R:                                                                                    \
		if (s == 0)                                                                        \
			pass_##R(&pass, full, 1, true, true, false);                               \
		else if (pass.m > 1)                                                               \
			pass_##R(&pass, pass.m, pass.l, true, false, false);                       \
		else                                                                               \
			pass_##R(&pass, 1, full, false, false, true);                              \
		break

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
		pass.out =
		    last ? *out : (struct vector_fft_out){between, between + LANES, 2 * LANES, 0, n};
		/* how many j of the first pass, k of the last, need more than their first element */
		size_t full = s == 0 ? pass.m : pass.l;
		if (s == 0 && in->first == 0)
			full = least(full, in->count - least(in->count, pass.m));
		if (last && out->first == 0)
			full = least(full, out->count - least(out->count, pass.l));
		switch (pass.radix) {
			RUN(2);
			RUN(3);
			RUN(4);
			RUN(5);
			RUN(6);
			RUN(7);
			RUN(8);
			RUN(9);
			RUN(10);
		}
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

/*
 * A comb is one butterfly, of elements turned by the comb's frequency and folded: t, t + R, t + 2R, ... fall on one.
 * Positive exponents: real and imaginary parts are exchanged.
 */
#define FOLD(p)                                                                                    \
	vector x##p##r = {0}, x##p##i = {0};                                                        \
	for (size_t t = (p); t < taps; t += teeth) {                                               \
		x##p##i += from[2 * t] * w[2 * t] - from[2 * t + 1] * w[2 * t + 1];                \
		x##p##r += from[2 * t] * w[2 * t + 1] + from[2 * t + 1] * w[2 * t];                \
	}
#define TOOTH(p, q)                                                                                \
	*(vector *)(y + (q)*tooth) = x##p##i;                                                       \
	*(vector *)(y + (q)*tooth + LANES) = x##p##r
#define COMB(RADIX)                                                                                \
	VECTOR_INLINE void comb_##RADIX(                                                            \
	    size_t taps, const real *w, const vector *from, real *y, size_t tooth)                  \
	{                                                                                          \
		const size_t teeth = RADIX;                                                        \
		LOADS_##RADIX(FOLD);                                                               \
		DFT_##RADIX;                                                                       \
		STORES_##RADIX(TOOTH);                                                             \
	}
#define DFT_1
#define STORES_1(STORE) STORE(0, 0)
COMB(1)
COMB(2)
COMB(3)
COMB(4)
COMB(5)
COMB(6)
COMB(7)
COMB(8)
COMB(9)
COMB(10)

#define RUN_COMB(RADIX)                                                                            \
	case RADIX:                                                                                \
		for (size_t i = 0; i < count; i++)                                                 \
			comb_##RADIX(comb->taps, comb->turns, (const vector *)(x + i * x_step),     \
			    y + i * y_step, tooth);                                                \
		break

FOR_AVX512
static void run_comb(const struct vector_fft_comb *comb, size_t count, const real *x, size_t x_step,
    real *y, size_t y_step, size_t tooth)
{
	switch (comb->teeth) {
		RUN_COMB(1);
		RUN_COMB(2);
		RUN_COMB(3);
		RUN_COMB(4);
		RUN_COMB(5);
		RUN_COMB(6);
		RUN_COMB(7);
		RUN_COMB(8);
		RUN_COMB(9);
		RUN_COMB(10);
	}
}

void vector_fft_comb(const struct vector_fft_comb *comb, size_t count, const real *x, size_t x_step, real *y,
    size_t y_step, size_t tooth)
{
	run_comb(comb, count, x, x_step, y, y_step, tooth);
}
