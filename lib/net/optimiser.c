/* Gradient descent: see optimiser.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "net/optimiser.h"

#define START 25.0 /* peak / first rate */
#define FINAL 1e4  /* first rate / last rate */

struct optimiser {
	size_t count;
	real *velocity;
};

struct optimiser *optimiser_create(const struct network *net)
{
	struct optimiser *optimiser = mem_alloc(1, sizeof *optimiser);
	if (!optimiser)
		return NULL;
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		optimiser->count += t->gradient ? t->elements : 0;
	}
	optimiser->velocity = mem_alloc(optimiser->count, sizeof(real));
	if (!optimiser->velocity) {
		free(optimiser);
		return NULL;
	}
	return optimiser;
}

void optimiser_free(struct optimiser *optimiser)
{
	if (optimiser)
		free(optimiser->velocity);
	free(optimiser);
}

real *optimiser_velocity(struct optimiser *optimiser, size_t *count)
{
	*count = optimiser->count;
	return optimiser->velocity;
}

void optimiser_step(struct optimiser *optimiser, struct network *net, double rate, double momentum,
    const struct optimiser_decay *decay, const struct network_training *training)
{
	real *velocity = optimiser->velocity;
	/* a kernel that takes no part does not decay */
	bool unused = !training->lateral || network_options(net)->iterations == 0;
	const bool frozen[PARTS] = {[PART_LGN] = training->freeze_lgn,
	    [PART_V1] = training->freeze_v1,
	    [PART_LATERAL] = training->freeze_lateral || unused};
	const double share[PARTS] = {[PART_LGN] = decay->lgn,
	    [PART_V1] = decay->v1,
	    [PART_LATERAL] = decay->lateral,
	    [PART_HEAD] = decay->head};
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		if (!t->gradient)
			continue;
		/* biases and norms' weights have one axis */
		real shrink = (real)(t->rank > 1 ? share[t->part] : 0), mu = (real)momentum,
		     step = (real)rate;
		for (size_t j = 0; !frozen[t->part] && j < t->elements; j++) {
			real d = t->gradient[j] + shrink * t->x[j];
			velocity[j] = mu * velocity[j] + d;
			t->x[j] -= step * (d + mu * velocity[j]);
		}
		velocity += t->elements;
	}
}

static double cosine(double from, double to, double share)
{
	return to + (from - to) / 2 * (1 + cos(M_PI * share));
}

double optimiser_one_cycle(size_t step, size_t steps, double peak, double rise)
{
	double first = peak / START, last = first / FINAL, top = rise * (double)steps - 1;
	double position = (double)step;
	if (position <= top)
		return top > 0 ? cosine(first, peak, position / top) : peak;
	double fall = (double)(steps - 1) - top;
	return fall > 0 ? cosine(peak, last, (position - top) / fall) : peak;
}
