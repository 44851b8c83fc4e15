/*
 * edge-field: how much more often than by chance edges occur together in images, by their displacement and relative
 * orientation, as an orientation kernel.
 *
 * Geisler, Perry, Super and Gallogly, Vision Res. 41 (2001) 711; Sanguinetti, Citti and Sarti, J. Vision 10 (2010) 37.
 */
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/progress.h"
#include "base/threads.h"
#include "base/tool.h"
#include "field/edges.h"
#include "npys/batch.h"
#include "se2/stream.h"

static const char *output;
static size_t radius, threads;
static bool verbose;

static const struct opt options[] = {
    OPT_COUNT('R', "radius", &radius, "8", CLOSED(1, 200), "px", "displacements to every side"),
    OPT_THREADS(&threads, NULL),
    OPT_OUTPUT(&output),
    OPT_VERBOSE(&verbose),
    OPT_END,
};
static const struct tool tool = {
    "edge-field", "co-occurrence of edges in images", "[file]", 0, 1, options, NULL};

/* Replace n images of c colours, `area` pixels each, by the sums over their colours. */
static void add_colours(size_t n, size_t c, size_t area, float *x)
{
	for (size_t k = 0; c > 1 && k < n; k++)
		for (size_t p = 0; p < area; p++) {
			float sum = 0;
			for (size_t colour = 0; colour < c; colour++)
				sum += x[(k * c + colour) * area + p];
			x[k * area + p] = sum;
		}
}

static void add_images(struct npys_in *in, struct edges *edges)
{
	struct progress progress = progress_start(verbose, "edges", "images", 0);
	struct batch batch;
	while (tool_check(batch_next(in, &batch))) {
		if (batch.labels)
			continue;
		size_t chunk = batch_chunk(&batch);
		float *x = tool_need(mem_alloc(chunk * batch.pixels, sizeof *x));
		for (size_t i = 0; i < batch.n; i += chunk) {
			size_t n = batch.n - i < chunk ? batch.n - i : chunk;
			tool_check(batch_read(in, &batch, x, n));
			add_colours(n, batch.c, batch.h * batch.w, x);
			tool_check(edges_add(edges, n, batch.h, batch.w, x, threads));
			progress_add(&progress, n, NULL);
		}
		free(x);
	}
	progress_end(&progress);
}

int main(int argc, char **argv)
{
	size_t operands = tool_start(&tool, argc, argv);
	double theta[EDGES_ANGLES];
	threads = par_threads(threads);
	struct npys_in *in = tool_need(npys_open(argv + 1, operands));
	struct edges *edges = tool_need(edges_create(radius));
	struct npys_out *out = tool_need(npys_create(output));
	add_images(in, edges);
	npys_close_in(in);
	size_t size = 2 * radius + 1;
	float *k = tool_need(mem_alloc(EDGES_ANGLES * size * size, sizeof *k));
	edges_angles(theta);
	tool_check(edges_kernel(edges, k));
	tool_check(orientation_write(out, EDGES_ANGLES, size, size, theta, k));
	tool_check(npys_close(out));
	free(k);
	edges_free(edges);
	return STATUS_OK;
}
