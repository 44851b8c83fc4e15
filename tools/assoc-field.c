/*
 * assoc-field: the association field a lateral kernel induces, the co-occurrence of edges in images, and which model of
 * horizontal connectivity predicts the kernel for filters it was not fitted to.
 *
 * Field, Hayes and Hess, Vision Res. 33 (1993) 173; Citti and Sarti, J. Math. Imaging Vis. 24 (2006) 307.
 */
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/progress.h"
#include "base/threads.h"
#include "base/tool.h"
#include "field/edges.h"
#include "field/field.h"
#include "kernel/overlap.h"
#include "models/models.h"
#include "npys/batch.h"

static const char *output, *label;
static struct units_files from;
static const char *images_file, *edges_file, *m4_file, *curves_file, *compare_file, *fields_file;
static int period;
static size_t radius, threads;
static double step;
static bool sized, spaced, verbose;
static struct models_plan plan;

static const struct opt options[] = {
    OPT_TEXT('f', "filters", &from.filters, NULL, "file", "filter bank of the units (--compare)"),
    OPT_TEXT(
	't', "table", &from.table, NULL, "file", "fit-gabor's table: a lateral kernel is read"),
    OPT_TEXT('l', "lgn", &from.lgn, NULL, "file", "filter before the bank, for C2"),
    OPT_TEXT('r', "rms", &from.rms, NULL, "file", "rms of the units, for the gauge"),
    OPT_TEXT('c', "c3", &from.c3, NULL, "file", "covariance of the units, for C3"),
    OPT_CHOICE('p', "period", &period, "pi", "pi,2pi", "of an orientation kernel's angles"),
    {0, "step", OPT_KIND_REAL, &step, &spaced, "1", OPEN(0, INFINITY), 0, "px",
	"distance between an orientation kernel's points"},
    OPT_TEXT(0, "label", &label, "K", "name", "what to call the kernel in the tables"),
    OPT_COUNT_GIVEN('R', "radius", &radius, &sized, CLOSED(1, 200), "px",
	"of the field (default: half the kernel's width, up to 200)"),
    OPT_TEXT(
	'C', "curves", &curves_file, NULL, "file", "write streamlines of the pooled field here"),
    OPT_TEXT(
	'i', "images", &images_file, NULL, "file", "images to measure edge co-occurrence in, M4"),
    OPT_TEXT('e', "edges", &edges_file, NULL, "file", "write M4 here, an orientation kernel"),
    OPT_TEXT('M', "m4", &m4_file, NULL, "file", "an M4 that was written before"),
    OPT_TEXT('m', "compare", &compare_file, NULL, "file", "write the comparison of models here"),
    OPT_TEXT(
	'F', "fields", &fields_file, NULL, "file", "write the fields of the fitted models here"),
    OPT_COUNT('n', "splits", &plan.splits, "100", CLOSED(2, 1e4), "number",
	"random halves of the filters"),
    OPT_COUNT('b', "bootstrap", &plan.bootstrap, "500", CLOSED(0, 1e5), "number",
	"bootstrap samples of the filters"),
    OPT_SEED(&plan.seed),
    OPT_THREADS(&threads, NULL),
    OPT_OUTPUT(&output),
    OPT_VERBOSE(&verbose),
    OPT_END,
};
static const struct tool tool = {"assoc-field",
    "association fields of lateral kernels, and which model predicts them", "[file]", 0, 1,
    options, NULL};

static void check_options(void)
{
	const char *needs[] = {from.filters, from.lgn, from.rms, from.c3, compare_file};
	const char *names[] = {"filters", "lgn", "rms", "c3", "compare"};
	for (size_t k = 0; k < 5 && !from.table; k++)
		if (needs[k])
			tool_usage("--%s: needs --table", names[k]);
	if (from.table && spaced)
		tool_usage("--step: an orientation kernel's, not together with --table");
	if (compare_file && !from.filters)
		tool_usage("--compare: needs --filters");
	if (fields_file && !compare_file)
		tool_usage("--fields: needs --compare");
	if (edges_file && !images_file)
		tool_usage("--edges: needs --images");
	if (images_file && m4_file)
		tool_usage("--m4: not together with --images");
	if (images_file && !edges_file && !compare_file)
		tool_usage("--images: needs --edges or --compare");
	if (m4_file && !compare_file)
		tool_usage("--m4: needs --compare");
}

/* Edges of all images; colours are averaged. */
static struct orientation_kernel measure_edges(size_t reach)
{
	struct edges *edges = tool_need(edges_create(reach));
	struct npys_in *in = tool_need(npys_open_file(images_file));
	struct progress progress = progress_start(verbose, "edges", "images", 0);
	struct batch batch;
	while (tool_check(batch_next(in, &batch))) {
		if (batch.labels)
			continue;
		size_t chunk = batch_chunk(&batch), area = batch.h * batch.w;
		float *x = tool_need(mem_alloc(chunk * batch.pixels, sizeof *x));
		for (size_t i = 0; i < batch.n; i += chunk) {
			size_t n = batch.n - i < chunk ? batch.n - i : chunk;
			tool_check(batch_read(in, &batch, x, n));
			for (size_t k = 0; batch.c > 1 && k < n; k++)
				for (size_t p = 0; p < area; p++) {
					float sum = 0;
					for (size_t c = 0; c < batch.c; c++)
						sum += x[(k * batch.c + c) * area + p];
					x[k * area + p] = sum;
				}
			tool_check(edges_add(edges, n, batch.h, batch.w, x, plan.threads));
			progress_add(&progress, n, NULL);
		}
		free(x);
	}
	progress_end(&progress);
	npys_close_in(in);

	struct orientation_kernel m4 = {
	    EDGES_ANGLES, 2 * reach + 1, 2 * reach + 1, NULL, NULL, M_PI};
	size_t points = EDGES_ANGLES * m4.height * m4.width;
	float *k = tool_need(mem_alloc(points, sizeof *k));
	m4.theta = tool_need(mem_alloc(EDGES_ANGLES, sizeof *m4.theta));
	m4.k = tool_need(mem_alloc(points, sizeof *m4.k));
	edges_angles(m4.theta);
	tool_check(edges_kernel(edges, k));
	for (size_t p = 0; p < points; p++)
		m4.k[p] = k[p];
	if (edges_file) {
		struct npys_out *out = tool_need(npys_create(edges_file));
		tool_check(orientation_write(out, m4.angles, m4.height, m4.width, m4.theta, k));
		tool_check(npys_close(out));
	}
	free(k);
	edges_free(edges);
	return m4;
}

static void compare(const struct units *set, struct orientation_kernel *m4)
{
	double *c[3] = {NULL, NULL, NULL};
	tool_check(overlap_read(&from, set, plan.threads, c));
	for (size_t k = 0; k < 3; k++)
		plan.c[k] = c[k];
	if (m4_file) {
		struct npys_in *in = tool_need(npys_open_file(m4_file));
		tool_check(orientation_read(in, M_PI, m4));
		npys_close_in(in);
		double wide = (double)((m4->height < m4->width ? m4->height : m4->width) / 2);
		if (wide < models_reach(set)) {
			err_set("%s: reaches %g px, the kernel's taps are up to %.3g px apart", m4_file, wide,
			    models_reach(set));
			tool_fail();
		}
	}
	plan.edges = m4->k ? m4 : NULL;
	plan.label = label;
	struct table_out *table = tool_need(table_create(compare_file, MODELS_COLUMNS));
	if (fields_file)
		plan.fields = tool_need(table_create(fields_file, FIELD_COLUMNS));
	tool_check(models_compare(set, &plan, table));
	if (fields_file)
		tool_check(table_close(plan.fields));
	tool_check(table_close(table));
	for (size_t k = 0; k < 3; k++)
		free(c[k]);
}

int main(int argc, char **argv)
{
	size_t operands = tool_start(&tool, argc, argv);
	struct units set = {0};
	struct orientation_kernel kernel = {0}, m4 = {0};
	check_options();
	plan.threads = par_threads(threads);
	struct npys_in *in = tool_need(npys_open(argv + 1, operands));
	if (from.table)
		tool_check(units_read(in, &from, &set));
	else
		tool_check(orientation_read(in, period ? 2 * M_PI : M_PI, &kernel));
	npys_close_in(in);
	if (from.table && !from.rms)
		tool_warn("--rms: not given: the gauge of the kernel is taken as it is");

	size_t narrow = kernel.height < kernel.width ? kernel.height : kernel.width;
	double half = from.table ? (double)(set.k / 2) : fmin(200, step * (double)(narrow / 2));
	radius = sized ? radius : half >= 1 ? (size_t)half : 1;
	size_t fields = set.n + 1; /* the last is the pooled one */
	struct field *field = tool_need(mem_alloc(fields, sizeof *field));
	struct table_out *table = tool_need(table_create(output, FIELD_COLUMNS)), *curves = NULL;
	if (curves_file)
		curves = tool_need(table_create(curves_file, FIELD_CURVE_COLUMNS));
	for (enum sign part = SIGN_POSITIVE; part <= SIGN_NEGATIVE; part++) {
		for (size_t f = 0; f < fields; f++)
			tool_check(field_create(&field[f], radius));
		tool_check(from.table ? field_of_pairs(&set, set.weight, part, plan.threads, field)
				      : field_of_kernel(&kernel, step, part, field));
		field_write(&field[set.n], label, part, -1, table);
		for (size_t f = 0; f < set.n; f++)
			field_write(&field[f], label, part, (long long)set.unit[f].channel, table);
		if (curves)
			tool_check(field_curves(&field[set.n], label, part, curves));
		for (size_t f = 0; f < fields; f++)
			field_free(&field[f]);
	}
	if (images_file)
		m4 = measure_edges(
		    from.table && compare_file ? (size_t)ceil(models_reach(&set)) : radius);
	if (compare_file)
		compare(&set, &m4);
	if (curves)
		tool_check(table_close(curves));
	tool_check(table_close(table));
	free(field);
	orientation_free(&m4);
	orientation_free(&kernel);
	units_free(&set);
	return STATUS_OK;
}
