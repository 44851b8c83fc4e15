/* The iterated kernel by the adjoint: see jacobian.h. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "net/jacobian.h"

/* Roberts' R2 sequence: multiples of 1/g and 1/g^2 modulo 1, g^3 = g + 1 */
#define R2_ROW .7548776662466927
#define R2_COLUMN .5698402909980532

struct jacobian {
	size_t channels, radius, spacing, threads;
	double *sum;   /* (F, F, D, D) */
	double *pairs; /* (D, D): places p with p + d inside */
	real *seed;    /* (n, F, h, w): zero between calls */
	real *answer;  /* (n, F, h, w) */
	size_t room;   /* numbers in either */
	size_t images; /* added so far */
};

struct jacobian *jacobian_create(
    struct network *net, size_t radius, size_t iterations, size_t threads)
{
	const struct network_options *o = network_options(net);
	size_t f = o->filters, d = 2 * radius + 1, numbers;
	struct jacobian *j = mem_alloc(1, sizeof(*j));

	if (!j)
		return NULL;
	network_keep(net);
	*j = (struct jacobian){.channels = f, .radius = radius, .threads = threads};
	j->spacing = radius + iterations * (o->kl / 2) + 1;
	if (mem_multiply(f * f, d * d, &numbers) ||
	    !(j->sum = mem_alloc(numbers, sizeof(double))) ||
	    !(j->pairs = mem_alloc(d * d, sizeof(double)))) {
		jacobian_free(j);
		return NULL;
	}
	return j;
}

void jacobian_free(struct jacobian *j)
{
	if (!j)
		return;
	free(j->sum);
	free(j->pairs);
	free(j->seed);
	free(j->answer);
	free(j);
}

struct pass {
	struct jacobian *j;
	size_t n, h, w, target;
};

/* The lattice's first row and column in image m of a pass. */
static void offset(const struct pass *pass, size_t m, size_t *row, size_t *column)
{
	const struct jacobian *j = pass->j;
	double k = (double)(j->images + m) + 1;
	size_t rows = j->spacing < pass->h ? j->spacing : pass->h;
	size_t columns = j->spacing < pass->w ? j->spacing : pass->w;

	*row = (size_t)((double)rows * (k * R2_ROW - floor(k * R2_ROW)));
	*column = (size_t)((double)columns * (k * R2_COLUMN - floor(k * R2_COLUMN)));
}

/* Set the target channel at the lattice's places. */
static void sow(const struct pass *pass, real value)
{
	const struct jacobian *j = pass->j;

	for (size_t m = 0; m < pass->n; m++) {
		real *x = j->seed + (m * j->channels + pass->target) * pass->h * pass->w;
		size_t row, column;
		offset(pass, m, &row, &column);
		for (size_t r = row; r < pass->h; r += j->spacing)
			for (size_t c = column; c < pass->w; c += j->spacing)
				x[r * pass->w + c] = value;
	}
}

/* Gather what source channel s has around the lattice's places. */
static int reap(size_t s, size_t worker, void *argument)
{
	const struct pass *pass = argument;
	struct jacobian *j = pass->j;
	size_t d = 2 * j->radius + 1;
	double *sum = j->sum + (pass->target * j->channels + s) * d * d;

	(void)worker;
	for (size_t m = 0; m < pass->n; m++) {
		const real *x = j->answer + (m * j->channels + s) * pass->h * pass->w;
		size_t row, column;
		offset(pass, m, &row, &column);
		for (size_t r = row; r < pass->h; r += j->spacing)
			for (size_t c = column; c < pass->w; c += j->spacing)
				for (size_t t = 0; t < d * d; t++) {
					size_t y = r + t / d, z = c + t % d; /* plus the radius */
					if (y < j->radius || y - j->radius >= pass->h ||
					    z < j->radius || z - j->radius >= pass->w)
						continue;
					sum[t] +=
					    (double)x[(y - j->radius) * pass->w + z - j->radius];
					if (s == 0 && pass->target == 0)
						j->pairs[t]++;
				}
	}
	return 0;
}

int jacobian_add(struct jacobian *j, struct network *net, size_t n, size_t h, size_t w)
{
	struct pass pass = {j, n, h, w, 0};
	size_t numbers;

	if (mem_multiply(n * j->channels, h * w, &numbers))
		return -1;
	if (numbers > j->room) {
		free(j->seed);
		free(j->answer);
		j->seed = mem_alloc(numbers, sizeof(real));
		j->answer = mem_alloc(numbers, sizeof(real));
		if (!j->seed || !j->answer)
			return -1;
		j->room = numbers;
	}
	for (pass.target = 0; pass.target < j->channels; pass.target++) {
		sow(&pass, 1);
		int status = network_adjoint(net, j->seed, j->answer);
		sow(&pass, 0);
		if (status || par_for(j->channels, j->threads, reap, &pass))
			return -1;
	}
	j->images += n;
	return 0;
}

int jacobian_result(const struct jacobian *j, double *kernel)
{
	size_t taps = (2 * j->radius + 1) * (2 * j->radius + 1);

	for (size_t t = 0; t < taps; t++)
		if (!(j->pairs[t] > 0))
			return err_set(
			    "iterated kernel: images too few or too small for %zu px", j->radius);
	for (size_t i = 0; i < j->channels * j->channels * taps; i++)
		kernel[i] = j->sum[i] / j->pairs[i % taps];
	return 0;
}
