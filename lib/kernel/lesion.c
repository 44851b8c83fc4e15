/* Weights of a class set to 0: see lesion.h. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "kernel/lesion.h"

/* --- classes --- */

struct place {
	const struct lesion *lesion;
	const struct units_tap *tap;
	double dtheta;
};

static bool is_like(const struct place *p)
{
	return fabs(p->dtheta) < p->lesion->angle;
}

static bool is_unlike(const struct place *p)
{
	return fabs(p->dtheta) > M_PI / 2 - p->lesion->angle;
}

static bool is_coaxial(const struct place *p)
{
	return is_like(p) && p->tap->r >= LESION_DIRECTED &&
	       fabs(units_wrap_axis(p->tap->phi)) < p->lesion->angle;
}

static bool is_cocircular(const struct place *p)
{
	return p->tap->r >= LESION_DIRECTED &&
	       fabs(units_wrap_axis(p->dtheta - 2 * p->tap->phi)) < p->lesion->angle;
}

static bool is_near(const struct place *p)
{
	return p->tap->r < p->lesion->distance;
}

static bool is_far(const struct place *p)
{
	return !is_near(p);
}

static bool is_any(const struct place *p)
{
	(void)p;
	return true;
}

/* in the order of LESION_WORDS */
static bool (*const classes[])(const struct place *) = {
    is_like, is_unlike, is_coaxial, is_cocircular, is_near, is_far, is_any};

/* --- removal --- */

/* A tap that may be removed: where it is in the kernel (F, F, k, k), and its |K~|. */
struct candidate {
	size_t at;
	double mass;
};

static bool has_sign(double weight, enum lesion_sign sign)
{
	return sign == LESION_BOTH || (sign == LESION_POSITIVE ? weight > 0 : weight < 0);
}

/* The taps of the class that are not 0; their number. Adds up the kernel's mass. */
static size_t collect(
    const struct units *set, const struct lesion *lesion, struct candidate *list, double *total)
{
	size_t count = 0;
	for (size_t p = 0; p < set->n * set->n; p++) {
		size_t i = p / set->n, j = p % set->n;
		const double *w = units_weights(set, set->weight, i, j);
		size_t first =
		    (set->unit[i].channel * set->channels + set->unit[j].channel) * set->taps;
		for (size_t t = 0; i != j && t < set->taps; t++) {
			struct units_tap tap = units_tap(set, i, j, t);
			const struct place place = {lesion, &tap, set->pair[p].dtheta};
			*total += fabs(w[t]);
			if (w[t] != 0 && has_sign(w[t], lesion->sign) &&
			    classes[lesion->kind](&place))
				list[count++] = (struct candidate){first + t, fabs(w[t])};
		}
	}
	return count;
}

int lesion_apply(const struct units *set, const struct lesion *lesion, double *kernel,
    struct lesion_result *result)
{
	size_t taps = set->n * set->n * set->taps;
	struct candidate *list = mem_alloc(taps, sizeof *list);
	size_t *order = mem_alloc(taps, sizeof *order);
	int status = list && order ? 0 : -1;
	*result = (struct lesion_result){0};
	if (status == 0) {
		double total = 0, in_class = 0, removed = 0;
		size_t count = collect(set, lesion, list, &total);
		struct rng rng = rng_start(lesion->seed, RNG_LESION, 0, lesion->kind);
		rng_permutation(&rng, order, count);
		for (size_t c = 0; c < count; c++)
			in_class += list[c].mass;
		if (isfinite(lesion->mass) && !(in_class >= lesion->mass * total))
			status =
			    err_set("--mass: the class has %.3g of the kernel's mass, less than %g",
				in_class / total, lesion->mass);
		for (size_t c = 0; status == 0 && c < count && removed < lesion->mass * total;
		     c++) {
			kernel[list[order[c]].at] = 0;
			removed += list[order[c]].mass;
			result->taps++;
		}
		result->in_class = total > 0 ? in_class / total : 0;
		result->removed = total > 0 ? removed / total : 0;
	}
	free(list);
	free(order);
	return status;
}
