/* Tuning by difference of orientation, and directions of connections. */
#include "indices/direction.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/vector.h"
#include "indices/labels.h"
#include "stats/circular.h"

/* sums over a pair's taps: W, of |w|, A and B, by range */
struct pair_sums {
	double w[RANGES], size[RANGES], ax[RANGES], ay[RANGES], bx[RANGES], by[RANGES];
};

struct direction {
	enum sign sign;
	struct labels labels;
	struct pair_sums *pair; /* (n, n) */
};

static void sum_taps(struct direction *d, const struct subject *subject)
{
	const struct units *set = subject->set;
	for (size_t e = 0; e < set->n * set->n * set->taps; e++) {
		size_t p = e / set->taps, t = e % set->taps;
		const double *whole = subject->whole;
		double weight =
		    whole ? subject->w[e] : resampling_part(subject->sign, subject->w[e]);
		double size = fabs(whole ? resampling_part(subject->sign, whole[e]) : weight);
		if (p / set->n == p % set->n || (weight == 0 && size == 0))
			continue;
		double x = set->dx[t] + set->pair[p].x, y = set->dy[t] + set->pair[p].y;
		double rr = x * x + y * y, r = sqrt(rr);
		/* a tap at Delta = 0 has no direction and counts in W only */
		double c = r > 1e-9 ? (x * x - y * y) / rr : 0, s = r > 1e-9 ? 2 * x * y / rr : 0;
		struct pair_sums *sum = &d->pair[p];
		size_t range = resampling_range(r);
		for (size_t b = 0; b <= range; b += range ? range : 1) {
			sum->w[b] += weight;
			sum->size[b] += size;
			sum->ax[b] += weight * c;
			sum->ay[b] += weight * s;
			sum->bx[b] += weight * (c * c - s * s);
			sum->by[b] += weight * 2 * c * s;
		}
	}
}

static void tear_down(void *state)
{
	struct direction *d = state;
	labels_free(&d->labels);
	free(d->pair);
}

static int set_up(void *state, const struct subject *subject)
{
	struct direction *d = state;
	d->sign = subject->sign;
	d->pair = mem_alloc(subject->set->n * subject->set->n, sizeof *d->pair);
	if (labels_make(&d->labels, subject->set) || !d->pair)
		return -1;
	sum_taps(d, subject);
	return 0;
}

/* sums over pairs */
struct totals {
	double w[RANGES], size[RANGES], r_0[RANGES], r_1[RANGES], r_2[RANGES], coaxial[RANGES];
	double bin[BINS], sizes[BINS], pairs[BINS]; /* W, of |w| and how many, by bin of dtheta */
	/* what permutations of the units leave of R_0, R_1 and R_2, of centred arrangements */
	double still_0[RANGES], still_1[RANGES], still_2[RANGES];
};

FOR_AVX512 static void sum_pairs(
    const struct direction *d, const struct arrangement *at, struct totals *total)
{
	const struct labels *labels = &d->labels;
	size_t n = labels->n;
	double w[RANGES] = {0}, size[RANGES] = {0}, r_0[RANGES] = {0}, r_1[RANGES] = {0},
	       r_2[RANGES] = {0}, coaxial[RANGES] = {0};
	for (size_t i = 0; i < n; i++) {
		size_t a = at->order ? at->order[i] : i;
		double xi = labels->x[a], yi = labels->y[a];
		for (size_t j = 0; j < n; j++) {
			double f = at->factor ? at->factor[i * n + j] : 1;
			if (j == i || !(f > 0))
				continue;
			size_t b = at->order ? at->order[j] : j, bin = labels->bin[a * n + b];
			const struct pair_sums *sum = &d->pair[i * n + j];
			double xj = labels->x[b], yj = labels->y[b];
			double c2 = f * (xi * xj + yi * yj), px = f * (xi * xj - yi * yj),
			       py = f * (xi * yj + yi * xj), fxi = f * xi, fyi = f * yi,
			       fxj = f * xj, fyj = f * yj;
			total->pairs[bin] += f;
			total->bin[bin] += f * sum->w[0];
			total->sizes[bin] += f * sum->size[0];
#pragma omp simd
			for (size_t r = 0; r < RANGES; r++) {
				w[r] += f * sum->w[r];
				size[r] += f * sum->size[r];
				r_0[r] += c2 * sum->w[r];
				r_1[r] += fxj * sum->ax[r] + fyj * sum->ay[r];
				r_2[r] += px * sum->bx[r] + py * sum->by[r];
				coaxial[r] += fxi * sum->ax[r] + fyi * sum->ay[r];
			}
		}
	}
	for (size_t r = 0; r < RANGES; r++) {
		total->w[r] = w[r], total->size[r] = size[r], total->r_0[r] = r_0[r];
		total->r_1[r] = r_1[r], total->r_2[r] = r_2[r], total->coaxial[r] = coaxial[r];
	}
}

/* the means of R_0, R_1 and R_2 over permutations of the units as they were drawn */
FOR_AVX512 static void sum_still(
    const struct direction *d, const struct arrangement *at, struct totals *total)
{
	const struct labels *labels = &d->labels;
	size_t n = labels->n;
	double ax[RANGES] = {0}, ay[RANGES] = {0}, bx[RANGES] = {0}, by[RANGES] = {0};
	double pairs = 0, c2 = 0, zx = 0, zy = 0, zzx = 0, zzy = 0, units = 0;
	for (size_t i = 0; i < n; i++) {
		double xi = labels->x[i], yi = labels->y[i], times = at->times ? at->times[i] : 1;
		units += times;
		zx += times * xi;
		zy += times * yi;
		for (size_t j = 0; j < n; j++) {
			double f = at->factor ? at->factor[i * n + j] : 1;
			const struct pair_sums *sum = &d->pair[i * n + j];
			if (j == i || !(f > 0))
				continue;
			pairs += f;
			c2 += f * (xi * labels->x[j] + yi * labels->y[j]);
			zzx += f * (xi * labels->x[j] - yi * labels->y[j]);
			zzy += f * (xi * labels->y[j] + yi * labels->x[j]);
#pragma omp simd
			for (size_t r = 0; r < RANGES; r++) {
				ax[r] += f * sum->ax[r];
				ay[r] += f * sum->ay[r];
				bx[r] += f * sum->bx[r];
				by[r] += f * sum->by[r];
			}
		}
	}
	for (size_t r = 0; r < RANGES; r++) {
		total->still_0[r] = c2 / pairs * total->w[r];
		total->still_1[r] = (zx * ax[r] + zy * ay[r]) / units;
		total->still_2[r] = (zzx * bx[r] + zzy * by[r]) / pairs;
	}
}

/* the profile m(dtheta), its first harmonic and its width */
static void tuning(const struct totals *total, bool centred, double *out)
{
	double sum = 0, size = 0, tuned = 0, flat = 0, used = 0, centre[BINS];
	for (size_t b = 0; b < BINS; b++) {
		double mean = total->pairs[b] > 0 ? total->bin[b] / total->pairs[b] : NAN;
		centre[b] = labels_centre(b, M_PI);
		out[BIN_MEAN + b] = mean;
		out[BIN_PAIRS + b] = total->pairs[b];
		if (!(total->pairs[b] > 0))
			continue;
		sum += mean;
		size += total->sizes[b] / total->pairs[b];
		tuned += mean * cos(2 * centre[b]);
		flat += cos(2 * centre[b]);
		used++;
	}
	if (!(total->size[0] > 0))
		return;
	out[PLACE(QUANTITY_ISO_ORIENTATION, 0)] =
	    (tuned - (centred ? sum * flat / used : 0)) / size;
	out[PLACE(QUANTITY_HALF_WIDTH, 0)] =
	    axial_tuning(BINS, centre, out + BIN_MEAN, total->pairs).half_width * 180 / M_PI;
}

static int evaluate(void *state, const struct arrangement *at, double *out)
{
	const struct direction *d = state;
	struct totals total = {0};
	sum_pairs(d, at, &total);
	if (at->centred)
		sum_still(d, at, &total);
	if (d->sign != SIGN_BOTH)
		tuning(&total, at->centred, out);
	for (size_t r = 0; r < RANGES; r++) {
		double s = total.size[r] > 0 ? 1 / total.size[r] : NAN;
		out[PLACE(QUANTITY_R_0, r)] = s * (total.r_0[r] - total.still_0[r]);
		out[PLACE(QUANTITY_R_1, r)] = s * (total.r_1[r] - total.still_1[r]);
		out[PLACE(QUANTITY_R_2, r)] = s * (total.r_2[r] - total.still_2[r]);
		out[PLACE(QUANTITY_COAXIALITY, r)] = s * total.coaxial[r];
	}
	return 0;
}

const struct family direction_family = {.stream = 0,
    .bins = true,
    .state = sizeof(struct direction),
    .set_up = set_up,
    .tear_down = tear_down,
    .evaluate = evaluate};
