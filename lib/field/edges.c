/* Co-occurrence of edges in images: see edges.h. */
#include "field/edges.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/filter2d.h"
#include "fit/gabor.h"
#include "kernel/units.h"

#define T ((size_t)EDGES_ANGLES)
#define SIZE ((size_t)13)
#define MARGIN ((size_t)6)
#define IMAGES ((size_t)8) /* at a time */

struct edge {
	uint32_t row, column, angle;
};

struct edges {
	size_t radius,
	    reach;   /* reach: of displacements in image axes, so that turned grids are filled */
	size_t side; /* 2 reach + 1 */
	double *
	    together; /* (T, T, side, side): pairs by target's and source's orientation and displacement */
	double *
	    overlap; /* (side, side): pixels that have a partner at that displacement, summed over images */
	double area, alone[EDGES_ANGLES]; /* pixels looked at; edges of each orientation */
	size_t images;
	double gabor[EDGES_ANGLES][2][SIZE * SIZE];

	size_t h, w; /* of the plans and buffers */
	struct filter2d *filter[EDGES_ANGLES][2];
	float *response;            /* (2, IMAGES, h, w) */
	float *energy;              /* (T, IMAGES, h, w): amplitudes */
	struct edge *found[IMAGES]; /* (h w) */
	size_t count[IMAGES];
};

void edges_angles(double *theta)
{
	for (size_t t = 0; t < T; t++)
		theta[t] = M_PI * (double)t / EDGES_ANGLES;
}

static void make_bank(struct edges *e)
{
	for (size_t t = 0; t < T; t++)
		for (int odd = 0; odd < 2; odd++) {
			struct gabor g = {.amplitude = 1,
			    .theta = M_PI * (double)t / EDGES_ANGLES,
			    .phase = odd ? M_PI / 2 : 0,
			    .frequency = .2,
			    .sigma_across = 1.7,
			    .sigma_along = 2.2};
			struct gabor envelope = g;
			envelope.frequency = envelope.phase = 0;
			double shape[SIZE * SIZE], sum = 0, mass = 0;
			gabor_sample(&g, extent_square(SIZE), e->gabor[t][odd]);
			gabor_sample(&envelope, extent_square(SIZE), shape);
			for (size_t p = 0; p < SIZE * SIZE; p++) {
				sum += e->gabor[t][odd][p];
				mass += shape[p];
			}
			for (size_t p = 0; p < SIZE * SIZE; p++)
				e->gabor[t][odd][p] -= shape[p] * sum / mass;
		}
}

struct edges *edges_create(size_t radius)
{
	struct edges *e = mem_alloc(1, sizeof *e);
	if (!e)
		return NULL;
	e->radius = radius;
	e->reach = (size_t)ceil((double)radius * sqrt(2)) + 1;
	e->side = 2 * e->reach + 1;
	size_t cells, points;
	if (mem_multiply(e->side, e->side, &cells) < 0 || mem_multiply(cells, T * T, &points) < 0 ||
	    !(e->together = mem_alloc(points, sizeof *e->together)) ||
	    !(e->overlap = mem_alloc(cells, sizeof *e->overlap))) {
		edges_free(e);
		return NULL;
	}
	make_bank(e);
	return e;
}

static void drop_plans(struct edges *e)
{
	for (size_t t = 0; t < T; t++)
		for (int odd = 0; odd < 2; odd++) {
			filter2d_free(e->filter[t][odd]);
			e->filter[t][odd] = NULL;
		}
	for (size_t i = 0; i < IMAGES; i++) {
		free(e->found[i]);
		e->found[i] = NULL;
	}
	free(e->response);
	free(e->energy);
	e->response = e->energy = NULL;
	e->h = e->w = 0;
}

void edges_free(struct edges *e)
{
	if (!e)
		return;
	drop_plans(e);
	free(e->together);
	free(e->overlap);
	free(e);
}

static double edges_count(const struct edges *e)
{
	double sum = 0;
	for (size_t t = 0; t < T; t++)
		sum += e->alone[t];
	return sum;
}

static int make_plans(struct edges *e, size_t h, size_t w, size_t threads)
{
	drop_plans(e);
	size_t points;
	if (mem_multiply(h, w, &points) < 0 || mem_multiply(points, T * IMAGES, &points) < 0)
		return -1;
	e->response = mem_alloc(2 * IMAGES * h * w, sizeof *e->response);
	e->energy = mem_alloc(points, sizeof *e->energy);
	if (!e->response || !e->energy)
		return -1;
	for (size_t i = 0; i < IMAGES; i++)
		if (!(e->found[i] = mem_alloc(h * w, sizeof *e->found[i])))
			return -1;
	for (size_t t = 0; t < T; t++)
		for (int odd = 0; odd < 2; odd++)
			if (!(e->filter[t][odd] = filter2d_plan(
				  h, w, SIZE, SIZE, e->gabor[t][odd], BORDER_MIRROR, threads)))
				return -1;
	e->h = h;
	e->w = w;
	return 0;
}

static double bilinear(const float *x, size_t w, double row, double column)
{
	size_t r = (size_t)row, c = (size_t)column;
	double a = row - (double)r, b = column - (double)c;
	return (1 - a) * ((1 - b) * x[r * w + c] + b * x[r * w + c + 1]) +
	       a * ((1 - b) * x[(r + 1) * w + c] + b * x[(r + 1) * w + c + 1]);
}

/* The edges of image i of the chunk, in row order. */
static int find(size_t i, size_t worker, void *argument)
{
	(void)worker;
	struct edges *e = argument;
	size_t h = e->h, w = e->w, stride = IMAGES * h * w;
	const float *energy = e->energy + i * h * w;
	double power = 0;
	for (size_t r = MARGIN; r < h - MARGIN; r++)
		for (size_t c = MARGIN; c < w - MARGIN; c++) {
			float best = 0;
			for (size_t t = 0; t < T; t++)
				best = fmaxf(best, energy[t * stride + r * w + c]);
			power += (double)best * best;
		}
	double least =
	    EDGES_THRESHOLD * sqrt(power / (double)((h - 2 * MARGIN) * (w - 2 * MARGIN)));
	e->count[i] = 0;
	for (size_t r = MARGIN; r < h - MARGIN; r++)
		for (size_t c = MARGIN; c < w - MARGIN; c++) {
			size_t angle = 0;
			float best = 0;
			for (size_t t = 0; t < T; t++)
				if (energy[t * stride + r * w + c] > best) {
					best = energy[t * stride + r * w + c];
					angle = t;
				}
			if (!(best >= least && best > 0))
				continue;
			double theta = M_PI * (double)angle / EDGES_ANGLES;
			double dx = -sin(theta), dy = cos(theta); /* across the stripes, y up */
			const float *x = energy + angle * stride;
			double before = bilinear(x, w, (double)r - dy, (double)c + dx);
			double after = bilinear(x, w, (double)r + dy, (double)c - dx);
			if (best > before && best >= after)
				e->found[i][e->count[i]++] =
				    (struct edge){(uint32_t)r, (uint32_t)c, (uint32_t)angle};
		}
	return 0;
}

struct tally {
	struct edges *edges;
	size_t n;
};

/* Pairs whose target has orientation t, over the chunk's images. */
static int tally(size_t t, size_t worker, void *argument)
{
	(void)worker;
	struct tally *job = argument;
	struct edges *e = job->edges;
	ptrdiff_t reach = (ptrdiff_t)e->reach, side = (ptrdiff_t)e->side;
	double *together = e->together + t * T * e->side * e->side;
	for (size_t i = 0; i < job->n; i++) {
		const struct edge *edge = e->found[i];
		size_t first = 0;
		for (size_t a = 0; a < e->count[i]; a++) {
			while ((ptrdiff_t)edge[first].row < (ptrdiff_t)edge[a].row - reach)
				first++;
			if (edge[a].angle != t)
				continue;
			e->alone[t]++;
			for (size_t b = first; b < e->count[i]; b++) {
				ptrdiff_t dr = (ptrdiff_t)edge[b].row - (ptrdiff_t)edge[a].row;
				ptrdiff_t dc =
				    (ptrdiff_t)edge[b].column - (ptrdiff_t)edge[a].column;
				if (dr > reach)
					break;
				if (dc < -reach || dc > reach || (!dr && !dc))
					continue;
				together[((ptrdiff_t)edge[b].angle * side + reach + dr) * side +
					 reach + dc]++;
			}
		}
	}
	return 0;
}

static int add_chunk(struct edges *e, size_t n, const float *x, size_t threads)
{
	size_t pixels = e->h * e->w;
	float *even = e->response, *odd = e->response + IMAGES * pixels;
	for (size_t t = 0; t < T; t++) {
		if (filter2d_exec(e->filter[t][0], x, even, n) < 0 ||
		    filter2d_exec(e->filter[t][1], x, odd, n) < 0)
			return -1;
		float *energy = e->energy + t * IMAGES * pixels;
		for (size_t p = 0; p < n * pixels; p++)
			energy[p] = sqrtf(even[p] * even[p] + odd[p] * odd[p]);
	}
	struct tally job = {e, n};
	if (par_for(n, threads, find, e) < 0 || par_for(T, threads, tally, &job) < 0)
		return -1;
	double h = (double)(e->h - 2 * MARGIN), w = (double)(e->w - 2 * MARGIN),
	       reach = (double)e->reach;
	e->images += n;
	e->area += (double)n * h * w;
	for (size_t r = 0; r < e->side; r++)
		for (size_t c = 0; c < e->side; c++)
			e->overlap[r * e->side + c] += (double)n *
						       fmax(0, h - fabs((double)r - reach)) *
						       fmax(0, w - fabs((double)c - reach));
	return 0;
}

int edges_add(struct edges *e, size_t n, size_t h, size_t w, const float *x, size_t threads)
{
	if (h < 2 * MARGIN + 4 || w < 2 * MARGIN + 4)
		return err_set("images of %zu x %zu px: edges need at least %zu px a side", w, h,
		    2 * MARGIN + 4);
	if ((h != e->h || w != e->w) && make_plans(e, h, w, threads) < 0)
		return -1;
	for (size_t i = 0; i < n; i += IMAGES)
		if (add_chunk(e, n - i < IMAGES ? n - i : IMAGES, x + i * h * w, threads) < 0)
			return -1;
	return 0;
}

int edges_kernel(const struct edges *e, float *k)
{
	size_t size = 2 * e->radius + 1, cells = size * size;
	double wide = (double)e->radius, reach = (double)e->reach;
	if (!(edges_count(e) > 1))
		return err_set("edges: none found in %zu images", e->images);
	double *seen = mem_alloc(T * cells, sizeof *seen),
	       *expected = mem_alloc(T * cells, sizeof *expected);
	if (!seen || !expected) {
		free(seen);
		free(expected);
		return -1;
	}
	for (size_t i = 0; i < T; i++) {
		double theta = M_PI * (double)i / EDGES_ANGLES, c = cos(theta), s = sin(theta);
		for (size_t r = 0; r < e->side; r++)
			for (size_t q = 0; q < e->side; q++) {
				double x = (double)q - reach, y = reach - (double)r;
				/* theta is in [0, pi), so the frame of i is (c, s); then the other one */
				double u = c * x + s * y, v = -s * x + c * y;
				if (fabs(x) + fabs(y) < .5 || fabs(u) >= wide + 1 ||
				    fabs(v) >= wide + 1)
					continue;
				for (int frame = 0; frame < 2; frame++) {
					double column = (frame ? -u : u) + wide,
					       row = wide - (frame ? -v : v);
					double c0 = floor(column), r0 = floor(row);
					for (int k2 = 0; k2 < 4; k2++) {
						double a = r0 + k2 / 2, b = c0 + k2 % 2;
						double g =
						    (1 - fabs(row - a)) * (1 - fabs(column - b));
						if (a < 0 || b < 0 || a > 2 * wide ||
						    b > 2 * wide || !(g > 0))
							continue;
						size_t p = (size_t)a * size + (size_t)b;
						for (size_t j = 0; j < T; j++) {
							size_t to = (j + T - i) % T * cells + p;
							seen[to] +=
							    .5 * g *
							    e->together[((i * T + j) * e->side +
									    r) *
									    e->side +
									q];
							expected[to] +=
							    .5 * g * e->alone[i] * e->alone[j] *
							    e->overlap[r * e->side + q] /
							    (e->area * e->area);
						}
					}
				}
			}
	}
	for (size_t p = 0; p < T * cells; p++)
		k[p] = (float)log((seen[p] + .5) / (expected[p] + .5));
	free(seen);
	free(expected);
	return 0;
}
