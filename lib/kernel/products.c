/* Sums of products of a kernel with its reversal, for many rearrangements of its units at once. */
#include "kernel/products.h"
#include <stdlib.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"

enum {
	TILE = 32, /* pairs side by side */
	ROWS = 4,  /* sources at once */
};

struct products {
	const struct units *set;
	size_t tiles, count;
	const float *u;     /* (n, n, taps), 0 for i = j */
	const float *other; /* (tiles, taps, TILE): pairs a n + b of v */
	const uint32_t *order;
	float *gram;     /* (threads, n + ROWS, tiles, TILE): source j against every pair of v */
	double *partial; /* (n, count): target i's share */
};

/* out[r] (TILE) = sum over taps of row[r][t] other[t] */
FOR_AVX512 static void multiply(
    const float *const *row, const float *other, size_t taps, float *const *out)
{
	float a[TILE] = {0}, b[TILE] = {0}, c[TILE] = {0}, d[TILE] = {0};
	for (size_t t = 0; t < taps; t++) {
		const float *m = other + t * TILE;
		float p = row[0][t], q = row[1][t], r = row[2][t], s = row[3][t];
#pragma omp simd
		for (size_t x = 0; x < TILE; x++) {
			a[x] += p * m[x];
			b[x] += q * m[x];
			c[x] += r * m[x];
			d[x] += s * m[x];
		}
	}
	for (size_t x = 0; x < TILE; x++) {
		out[0][x] = a[x];
		out[1][x] = b[x];
		out[2][x] = c[x];
		out[3][x] = d[x];
	}
}

static int target(size_t i, size_t worker, void *argument)
{
	struct products *job = argument;
	size_t n = job->set->n, taps = job->set->taps, width = job->tiles * TILE;
	float *gram = job->gram + worker * (n + ROWS) * width;
	for (size_t tile = 0; tile < job->tiles; tile++)
		for (size_t j = 0; j < n; j += ROWS) {
			const float *row[ROWS];
			float *out[ROWS];
			for (size_t r = 0; r < ROWS;
			     r++) { /* rows past the last repeat it and are not read */
				size_t source = j + r < n ? j + r : n - 1;
				row[r] = job->u + (i * n + source) * taps;
				out[r] = gram + (j + r) * width + tile * TILE;
			}
			multiply(row, job->other + tile * taps * TILE, taps, out);
		}
	for (size_t b = 0; b < job->count; b++) {
		const uint32_t *order = job->order + b * n;
		double sum = 0;
		for (size_t j = 0; j < n; j++) {
			/* a pair is no reversal of itself */
			if (j != i && !(order[j] == i && order[i] == j))
				sum += (double)gram[j * width + order[j] * n + order[i]];
		}
		job->partial[i * job->count + b] = sum;
	}
	return 0;
}

/* Pairs that meet themselves are left out, and the others stand in for them. */
static double stand_in(size_t n, const uint32_t *order)
{
	double pairs = (double)(n * (n - 1)), met = pairs;
	for (size_t i = 0; i < n; i++)
		met -= order[i] != i && order[order[i]] == i;
	return pairs / met;
}

int products_reversed(const struct units *set, const double *u, const double *v,
    const uint32_t *order, size_t count, size_t threads, double *product)
{
	size_t n = set->n, taps = set->taps, workers = par_threads(threads);
	if (count == 0)
		return 0;
	struct products job = {.set = set, .count = count, .order = order};
	job.tiles = (n * n + TILE - 1) / TILE;
	workers = workers < n ? workers : n;
	float *copy = mem_alloc(n * n * taps, sizeof(*copy));
	float *other = mem_alloc(job.tiles * taps * TILE, sizeof(*other));
	job.gram = mem_alloc(workers * (n + ROWS) * job.tiles * TILE, sizeof(*job.gram));
	job.partial = mem_alloc(n * count, sizeof(*job.partial));
	job.u = copy;
	job.other = other;
	int status = -1;
	if (copy && other && job.gram && job.partial) {
		for (size_t p = 0; p < n * n; p++)
			for (size_t t = 0; t < taps && p / n != p % n; t++) {
				copy[p * taps + t] = (float)u[p * taps + t];
				other[(p / TILE * taps + taps - 1 - t) * TILE + p % TILE] =
				    (float)v[p * taps + t];
			}
		status = par_for(n, workers, target, &job);
	}
	for (size_t b = 0; b < count && !status; b++) {
		product[b] = 0;
		for (size_t i = 0; i < n; i++)
			product[b] += job.partial[i * count + b];
		product[b] *= stand_in(n, order + b * n);
	}
	free(copy);
	free(other);
	free(job.gram);
	free(job.partial);
	return status;
}
