/* The iterated kernel by the adjoint: see jacobian.h. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "net/jacobian.h"

/* Roberts' R2 sequence: multiples of 1/g and 1/g^2 modulo 1, g^3 = g + 1 */
#define R2_ROW .7548776662466927
#define R2_COLUMN .5698402909980532

struct jacobian {
	size_t channels, radius, spacing, threads;
	double *sum;   /* (F, F, D, D), D = 2 radius + 1: of the adjoint's answers */
	double *pairs; /* (D, D): places p with p + d inside */
	real *dht;     /* (n, F, h, w): what the adjoint is given; zero between calls */
	real *dz;      /* (n, F, h, w): its answer */
	size_t room;   /* numbers in either */
	size_t images; /* added so far */
};

struct jacobian *jacobian_create(
    struct network *net, size_t radius, size_t iterations, size_t threads)
{
	const struct network_options *o = network_options(net);
	size_t f = o->filters, d = 2 * radius + 1, numbers;
	struct jacobian *j = mem_alloc(1, sizeof *j);
	if (!j)
		return NULL;
	network_keep(net);
	*j = (struct jacobian){.channels = f, .radius = radius, .threads = threads};
	j->spacing = radius + iterations * (o->kl / 2) + 1;
	if (mem_multiply(f * f, d * d, &numbers) < 0 ||
	    !(j->sum = mem_alloc(numbers, sizeof *j->sum)) ||
	    !(j->pairs = mem_alloc(d * d, sizeof *j->pairs))) {
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
	free(j->dht);
	free(j->dz);
	free(j);
}

/* One backward pass: of target channel i, over n images of h x w. */
struct pass {
	struct jacobian *j;
	size_t n, h, w, target;
};

/* The lattice's first row and column in image m of a pass. */
static void offset(const struct pass *pass, size_t m, size_t *row, size_t *column)
{
	const struct jacobian *j = pass->j;
	double k = (double)(j->images + m) + 1;
	size_t rows = size_min(j->spacing, pass->h);
	size_t columns = size_min(j->spacing, pass->w);
	*row = (size_t)((double)rows * (k * R2_ROW - floor(k * R2_ROW)));
	*column = (size_t)((double)columns * (k * R2_COLUMN - floor(k * R2_COLUMN)));
}

/* Set the target channel to x at the lattice's places. */
static void set_places(const struct pass *pass, real x)
{
	const struct jacobian *j = pass->j;
	for (size_t m = 0; m < pass->n; m++) {
		real *plane = j->dht + (m * j->channels + pass->target) * pass->h * pass->w;
		size_t row, column;
		offset(pass, m, &row, &column);
		for (size_t r = row; r < pass->h; r += j->spacing) {
			for (size_t c = column; c < pass->w; c += j->spacing)
				plane[r * pass->w + c] = x;
		}
	}
}

/* Add what plane (h, w) has around the place (r, c) to sum (D, D), and to pairs (D, D; NULL: not) what is inside. */
static void add_place(
    const struct pass *pass, const real *plane, size_t r, size_t c, double *sum, double *pairs)
{
	size_t radius = pass->j->radius, d = 2 * radius + 1;
	for (size_t t = 0; t < d * d; t++) {
		size_t y = r + t / d, x = c + t % d; /* plus the radius */
		if (y < radius || y - radius >= pass->h || x < radius || x - radius >= pass->w)
			continue;
		sum[t] += (double)plane[(y - radius) * pass->w + x - radius];
		if (pairs)
			pairs[t]++;
	}
}

/* Add what source channel s has around the lattice's places. */
static int add_source(size_t s, size_t worker, void *argument)
{
	(void)worker;
	const struct pass *pass = argument;
	const struct jacobian *j = pass->j;
	size_t d = 2 * j->radius + 1;
	double *sum = j->sum + (pass->target * j->channels + s) * d * d;
	double *pairs = s == 0 && pass->target == 0 ? j->pairs : NULL;
	for (size_t m = 0; m < pass->n; m++) {
		const real *plane = j->dz + (m * j->channels + s) * pass->h * pass->w;
		size_t row, column;
		offset(pass, m, &row, &column);
		for (size_t r = row; r < pass->h; r += j->spacing) {
			for (size_t c = column; c < pass->w; c += j->spacing)
				add_place(pass, plane, r, c, sum, pairs);
		}
	}
	return 0;
}

static int reserve(struct jacobian *j, size_t numbers)
{
	if (numbers <= j->room)
		return 0;
	free(j->dht);
	free(j->dz);
	j->room = 0;
	j->dht = mem_alloc(numbers, sizeof *j->dht);
	j->dz = mem_alloc(numbers, sizeof *j->dz);
	if (!j->dht || !j->dz)
		return -1;
	j->room = numbers;
	return 0;
}

int jacobian_add(struct jacobian *j, struct network *net, size_t n, size_t h, size_t w)
{
	struct pass pass = {.j = j, .n = n, .h = h, .w = w};
	size_t numbers;
	if (mem_multiply(n * j->channels, h * w, &numbers) < 0 || reserve(j, numbers) < 0)
		return -1;
	for (pass.target = 0; pass.target < j->channels; pass.target++) {
		set_places(&pass, 1);
		int status = network_adjoint(net, j->dht, j->dz);
		set_places(&pass, 0);
		if (status < 0 || par_for(j->channels, j->threads, add_source, &pass) < 0)
			return -1;
	}
	j->images += n;
	return 0;
}

int jacobian_result(const struct jacobian *j, double *kernel)
{
	size_t taps = (2 * j->radius + 1) * (2 * j->radius + 1);
	for (size_t t = 0; t < taps; t++) {
		if (!(j->pairs[t] > 0))
			return err_set(
			    "iterated kernel: images too few or too small for %zu px", j->radius);
	}
	for (size_t i = 0; i < j->channels * j->channels * taps; i++)
		kernel[i] = j->sum[i] / j->pairs[i % taps];
	return 0;
}
