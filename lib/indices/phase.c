/* Dependence of weights on relative phase. */
#include "indices/phase.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/vector.h"
#include "stats/regression.h"

/* sums over a pair's taps, by range; dphase = p + g, where p is the units' and g depends on the tap */
enum {
	N,
	M,
	MM,
	K,
	KM,
	KK, /* those of which no permutation changes anything */
	MX,
	MY, /* M e^{ig} */
	MMX,
	MMY,
	M2X,
	M2Y, /* M^2 e^{ig}, M^2 e^{2ig} */
	KMX,
	KMY, /* K M e^{ig} */
	SUMS,
	STILL = MX
};

struct sums {
	double of[SUMS][RANGES];
};

struct phase {
	size_t n;
	double *cosine, *sine; /* (n): of the units' phases */
	double *end;           /* (n, n): 1, or -1 where the source is taken from its other end */
	struct sums *pair;     /* (n, n) */
	struct sums still;     /* of all pairs, each once: N to KK */
};

static void sum_taps(const struct subject *subject, size_t p, struct sums *sums)
{
	const struct units *set = subject->set;
	const struct units_pair *pair = &set->pair[p];
	for (size_t t = 0; t < set->taps; t++) {
		double x = set->dx[t] + pair->x, y = set->dy[t] + pair->y;
		double g, m = units_overlap(set, p, t, &g), k = subject->w[p * set->taps + t];
		double c = cos(g - pair->phase), s = sin(g - pair->phase);
		const double of[SUMS] = {1, m, m * m, k, k * m, k * k, m * c, m * s, m * m * c,
		    m * m * s, m * m * (c * c - s * s), m * m * 2 * c * s, k * m * c, k * m * s};
		size_t range = resampling_range(sqrt(x * x + y * y));
		for (size_t b = 0; b <= range; b += range ? range : 1)
			for (size_t q = 0; q < SUMS; q++)
				sums->of[q][b] += of[q];
	}
}

FOR_AVX512 static void add_still(const struct phase *phase, const double *factor, struct sums *to)
{
	for (size_t p = 0; p < phase->n * phase->n; p++) {
		double f = factor ? factor[p] : 1;
		for (size_t q = 0; q < STILL && f > 0; q++)
#pragma omp simd
			for (size_t r = 0; r < RANGES; r++)
				to->of[q][r] += f * phase->pair[p].of[q][r];
	}
}

static void tear_down(void *state)
{
	struct phase *phase = state;
	free(phase->cosine);
	free(phase->sine);
	free(phase->end);
	free(phase->pair);
}

static int set_up(void *state, const struct subject *subject)
{
	struct phase *phase = state;
	const struct units *set = subject->set;
	size_t n = set->n;
	phase->n = n;
	phase->cosine = mem_alloc(n, sizeof(double));
	phase->sine = mem_alloc(n, sizeof(double));
	phase->end = mem_alloc(n * n, sizeof(double));
	phase->pair = mem_alloc(n * n, sizeof *phase->pair);
	if (!phase->cosine || !phase->sine || !phase->end || !phase->pair)
		return -1;
	for (size_t p = 0; p < n * n; p++) {
		const struct gabor *a = &set->unit[p / n].gabor, *b = &set->unit[p % n].gabor;
		phase->cosine[p / n] = cos(a->phase);
		phase->sine[p / n] = sin(a->phase);
		phase->end[p] = cos(a->theta + set->pair[p].dtheta - b->theta) > 0 ? 1 : -1;
		if (p / n != p % n)
			sum_taps(subject, p, &phase->pair[p]);
	}
	add_still(phase, NULL, &phase->still);
	return 0;
}

/* sums over all pairs of X = M cos dphase: x, x m, x x, k x */
struct moved {
	double x[RANGES], xm[RANGES], xx[RANGES], kx[RANGES];
};

FOR_AVX512 static void add_moved(
    const struct phase *phase, const struct arrangement *at, struct moved *to)
{
	size_t n = phase->n;
	double x[RANGES] = {0}, xm[RANGES] = {0}, xx[RANGES] = {0}, kx[RANGES] = {0};
	for (size_t p = 0; p < n * n; p++) {
		size_t i = p / n, j = p % n, a = at->order ? at->order[i] : i,
		       b = at->order ? at->order[j] : j;
		double f = i == j ? 0 : at->factor ? at->factor[p] : 1;
		if (!(f > 0))
			continue;
		/* e^{i phase} of the pair: source less target */
		double sb = phase->end[p] * phase->sine[b];
		double px = phase->cosine[b] * phase->cosine[a] + sb * phase->sine[a];
		double py = sb * phase->cosine[a] - phase->cosine[b] * phase->sine[a];
		double half = f / 2, qx = half * (px * px - py * py), qy = f * px * py;
		px *= f;
		py *= f;
		const struct sums *s = &phase->pair[p];
#pragma omp simd
		for (size_t r = 0; r < RANGES; r++) {
			x[r] += px * s->of[MX][r] - py * s->of[MY][r];
			xm[r] += px * s->of[MMX][r] - py * s->of[MMY][r];
			xx[r] += half * s->of[MM][r] + qx * s->of[M2X][r] - qy * s->of[M2Y][r];
			kx[r] += px * s->of[KMX][r] - py * s->of[KMY][r];
		}
	}
	memcpy(to->x, x, sizeof x);
	memcpy(to->xm, xm, sizeof xm);
	memcpy(to->xx, xx, sizeof xx);
	memcpy(to->kx, kx, sizeof kx);
}

static int evaluate(void *state, const struct arrangement *at, double *out)
{
	const struct phase *phase = state;
	struct sums still = {{{0}}};
	struct moved m;
	if (at->factor)
		add_still(phase, at->factor, &still);
	else
		still = phase->still;
	add_moved(phase, at, &m);
	for (size_t r = 0; r < RANGES && still.of[N][0] > 0; r++) {
		if (!(still.of[N][r] > 0))
			continue;
		/* 1, M, X, K~ */
		double g[REGRESSION_TERMS][REGRESSION_TERMS] = {{still.of[N][r]},
		    {still.of[M][r], still.of[MM][r]}, {m.x[r], m.xm[r], m.xx[r]},
		    {still.of[K][r], still.of[KM][r], m.kx[r], still.of[KK][r]}};
		out[PLACE(QUANTITY_PHASE_LOCKED, r)] = regression_partial(4, g);
	}
	return 0;
}

const struct family phase_family = {.stream = 1,
    .state = sizeof(struct phase),
    .set_up = set_up,
    .tear_down = tear_down,
    .evaluate = evaluate};
