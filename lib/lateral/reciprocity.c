#include "lateral/reciprocity.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"

enum {
	TILE = 128, /* pairs side by side */
	ROWS = 4,   /* sources at once */
};

struct reciprocity {
	const struct lateral *set;
	size_t tiles, count;
	const float *w;      /* (n, n, taps), 0 for i = j */
	const float *mirror; /* (tiles, taps, TILE): pairs a n + b with their taps reversed */
	const uint32_t *order;
	float *gram; /* (threads, n + ROWS, tiles, TILE): source j against every reversed pair */
	double *partial; /* (n, count): target i's share */
};

/* out[r] (TILE) = sum over taps of row[r][t] mirror[t] */
static void multiply(const float *const *row, const float *mirror, size_t taps, float *const *out)
{
	float a[TILE] = {0}, b[TILE] = {0}, c[TILE] = {0}, d[TILE] = {0};
	for (size_t t = 0; t < taps; t++) {
		const float *m = mirror + t * TILE;
		float p = row[0][t], q = row[1][t], r = row[2][t], s = row[3][t];
#pragma omp simd
		for (size_t x = 0; x < TILE; x++) {
			a[x] += p * m[x];
			b[x] += q * m[x];
			c[x] += r * m[x];
			d[x] += s * m[x];
		}
	}
	memcpy(out[0], a, sizeof a);
	memcpy(out[1], b, sizeof b);
	memcpy(out[2], c, sizeof c);
	memcpy(out[3], d, sizeof d);
}

static int target(size_t i, size_t worker, void *argument)
{
	struct reciprocity *job = argument;
	size_t n = job->set->n, taps = job->set->taps, width = job->tiles * TILE;
	float *gram = job->gram + worker * (n + ROWS) * width;
	for (size_t tile = 0; tile < job->tiles; tile++)
		for (size_t j = 0; j < n; j += ROWS) {
			const float *row[ROWS];
			float *out[ROWS];
			for (size_t r = 0; r < ROWS;
			     r++) { /* rows past the last repeat it and are not read */
				size_t source = j + r < n ? j + r : n - 1;
				row[r] = job->w + (i * n + source) * taps;
				out[r] = gram + (j + r) * width + tile * TILE;
			}
			multiply(row, job->mirror + tile * taps * TILE, taps, out);
		}
	for (size_t b = 0; b < job->count; b++) {
		const uint32_t *order = job->order + b * n;
		double sum = 0;
		for (size_t j = 0; j < n; j++) /* a pair is no reversal of itself */
			if (j != i && !(order[j] == i && order[i] == j))
				sum += (double)gram[j * width + order[j] * n + order[i]];
		job->partial[i * job->count + b] = sum;
	}
	return 0;
}

int reciprocity_products(const struct lateral *set, const double *w, const uint32_t *order,
    size_t count, size_t threads, double *product)
{
	size_t n = set->n, taps = set->taps, workers = par_threads(threads);
	struct reciprocity job = {.set = set, .count = count, .order = order};
	job.tiles = (n * n + TILE - 1) / TILE;
	workers = workers < n ? workers : n;
	float *copy = mem_alloc(n * n * taps, sizeof(*copy));
	float *mirror = mem_alloc(job.tiles * taps * TILE, sizeof(*mirror));
	job.gram = mem_alloc(workers * (n + ROWS) * job.tiles * TILE, sizeof(*job.gram));
	job.partial = mem_alloc(n * count, sizeof(*job.partial));
	job.w = copy;
	job.mirror = mirror;
	int status = -1;
	if (copy && mirror && job.gram && job.partial) {
		for (size_t p = 0; p < n * n; p++)
			for (size_t t = 0; t < taps && p / n != p % n; t++) {
				float x = (float)w[p * taps + t];
				copy[p * taps + t] = x;
				mirror[(p / TILE * taps + taps - 1 - t) * TILE + p % TILE] = x;
			}
		status = par_for(n, workers, target, &job);
	}
	for (size_t b = 0; b < count && !status; b++) {
		const uint32_t *o = order + b * n;
		double pairs = (double)(n * (n - 1)), met = pairs;
		product[b] = 0;
		for (size_t i = 0; i < n; i++) {
			product[b] += job.partial[i * count + b];
			met -= o[i] != i && o[o[i]] == i;
		}
		product[b] *= pairs / met;
	}
	free(copy);
	free(mirror);
	free(job.gram);
	free(job.partial);
	return status;
}
