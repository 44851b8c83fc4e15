#include "models/shape.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/vector.h"
#include "kernel/units.h"

#define A VOLUME_APERTURE2
#define PI UNITS_PI
#define NODES 24 /* of an axis at most */

static size_t lanes(size_t n)
{
	return (n + SPAN_LANES - 1) / SPAN_LANES * SPAN_LANES;
}

/* ---- polynomials through Chebyshev's nodes ---- */

static double node_at(const struct span_axis *axis, size_t k)
{
	double x = (1 - cos(PI * (double)k / ((double)axis->nodes - 1))) / 2;
	return axis->low + x * (axis->high - axis->low);
}

void span_weights(const struct span_axis *axis, double x, double *w)
{
	double sum = 0;
	for (size_t k = 0; k < axis->nodes; k++) {
		double d = x - node_at(axis, k), share = k && k + 1 < axis->nodes ? 1 : .5;
		if (fabs(d) < 1e-12) {
			memset(w, 0, axis->nodes * sizeof *w);
			w[k] = 1;
			return;
		}
		w[k] = (k % 2 ? -share : share) / d;
		sum += w[k];
	}
	for (size_t k = 0; k < axis->nodes; k++)
		w[k] /= sum;
}

void span_terms(const struct span *s, const struct span_place *place, float *c)
{
	double w[2][NODES] = {{1}, {1}}, sum[SPAN_TERMS] = {0};
	size_t count[2] = {1, 1};
	if (!s->node) { /* kinds alone */
		memset(c, 0, s->padded * sizeof *c);
		c[place->kind] = 1;
		return;
	}
	for (size_t a = 0; a < s->axes; a++) {
		count[a] = s->axis[a].nodes;
		span_weights(&s->axis[a], place->at[a], w[a]);
	}
	const float *node = s->node + place->kind * count[0] * count[1] * s->padded;
	for (size_t i = 0; i < count[0]; i++)
		for (size_t j = 0; j < count[1]; j++, node += s->padded) {
			double v = w[0][i] * w[1][j];
			for (size_t k = 0; k < s->terms; k++)
				sum[k] += v * (double)node[k];
		}
	for (size_t k = 0; k < s->padded; k++)
		c[k] = k < s->terms ? (float)sum[k] : 0;
}

void span_products(const struct span *s, const float *c, float *products)
{
	memset(products, 0, s->products * sizeof *products);
	for (size_t k = 0, at = 0; k < s->terms; k++)
		for (size_t l = 0; l <= k; l++)
			products[at++] = (l < k ? 2 : 1) * c[k] * c[l];
}

/* ---- the functions that span a family ---- */

struct nodes {
	size_t count, points;
	struct volume *volume; /* (count) */
	float *x;              /* (count, points): samples within reach, what is not spanned yet */
	double *norm, *left;   /* (count): of the samples at first; squared, of what is left */
	double *c;             /* (count, SPAN_TERMS) */
	size_t pivot[SPAN_TERMS];
	double turn[SPAN_TERMS][SPAN_TERMS]; /* phi_k = sum_j turn[k][j] M(pivot j) / norm */
};

FOR_CPUS static double dot(const float *a, const float *b, size_t n)
{
	double sum[8] = {0}, all = 0;
	size_t i = 0;
	for (; i + 8 <= n; i += 8)
		for (size_t k = 0; k < 8; k++)
			sum[k] += (double)a[i + k] * (double)b[i + k];
	for (; i < n; i++)
		sum[0] += (double)a[i] * (double)b[i];
	for (size_t k = 0; k < 8; k++)
		all += sum[k];
	return all;
}

FOR_CPUS static void subtract(float *a, const float *b, double amount, size_t n)
{
	float w = (float)amount;
	for (size_t i = 0; i < n; i++)
		a[i] -= w * b[i];
}

/* points of a volume that are compared: within reach, every second angle, row and column where there are angles */
static size_t sample(const struct volume *v, double reach, float *to)
{
	size_t count = 0, step = v->angles > 1 ? 2 : 1, middle = v->size / 2;
	for (size_t t = 0; t < v->angles; t += step)
		for (size_t r = middle % step; r < v->size; r += step)
			for (size_t c = middle % step; c < v->size; c += step) {
				double x = ((double)c - (double)middle) * VOLUME_STEP,
				       y = ((double)r - (double)middle) * VOLUME_STEP;
				if (x * x + y * y > reach * reach)
					continue;
				if (to)
					to[count] = v->k[(t * v->size + r) * v->size + c];
				count++;
			}
	return count;
}

static size_t node_count(const struct span *s, size_t axis)
{
	return axis < s->axes ? s->axis[axis].nodes : 1;
}

static int make_nodes(const struct span *s, struct nodes *n, size_t threads)
{
	size_t first = node_count(s, 0), second = node_count(s, 1);
	n->count = s->kinds * first * second;
	n->volume = mem_alloc(n->count, sizeof *n->volume);
	n->norm = mem_alloc(2 * n->count, sizeof *n->norm);
	n->c = mem_alloc(n->count * SPAN_TERMS, sizeof *n->c);
	if (!n->volume || !n->norm || !n->c)
		return -1;
	n->left = n->norm + n->count;
	for (size_t k = 0; k < n->count; k++) {
		double at[2] = {node_at(&s->axis[0], k / second % first),
		    s->axes > 1 ? node_at(&s->axis[1], k % second) : 0};
		if (volume_create(
			&n->volume[k], s->model, k / (first * second), at, s->reach, threads) < 0)
			return -1;
	}
	n->points = sample(&n->volume[0], s->reach, NULL);
	n->x = mem_alloc(n->count * n->points, sizeof *n->x);
	for (size_t k = 0; n->x && k < n->count; k++) {
		float *x = n->x + k * n->points;
		sample(&n->volume[k], s->reach, x);
		n->norm[k] = sqrt(dot(x, x, n->points));
		for (size_t q = 0; q < n->points; q++)
			x[q] /= (float)n->norm[k];
		n->left[k] = 1;
	}
	return n->x ? 0 : -1;
}

static void free_nodes(struct nodes *n)
{
	for (size_t k = 0; n->volume && k < n->count; k++)
		volume_free(&n->volume[k]);
	free(n->volume);
	free(n->x);
	free(n->norm);
	free(n->c);
}

/* Gram and Schmidt, the shape that is spanned worst first. */
static size_t orthogonalise(struct nodes *n)
{
	size_t terms = 0;
	for (; terms < SPAN_TERMS; terms++) {
		size_t worst = 0;
		for (size_t k = 1; k < n->count; k++)
			if (n->left[k] > n->left[worst])
				worst = k;
		if (n->left[worst] < SPAN_TOLERANCE * SPAN_TOLERANCE)
			break;
		float *x = n->x + worst * n->points;
		double norm = sqrt(dot(x, x, n->points)), *turn = n->turn[terms];
		n->pivot[terms] = worst;
		turn[terms] = 1;
		for (size_t j = 0; j < terms; j++)
			for (size_t k = 0; k <= j; k++)
				turn[k] -= n->c[worst * SPAN_TERMS + j] * n->turn[j][k];
		for (size_t k = 0; k <= terms; k++)
			turn[k] /= norm;
		for (size_t k = 0; k < n->count; k++) {
			if (k == worst)
				continue;
			double c = dot(x, n->x + k * n->points, n->points) / norm;
			subtract(n->x + k * n->points, x, c / norm, n->points);
			n->c[k * SPAN_TERMS + terms] = c;
			n->left[k] -= c * c;
		}
		n->c[worst * SPAN_TERMS + terms] = norm;
		memset(x, 0, n->points * sizeof *x);
		n->left[worst] = 0;
	}
	return terms;
}

static int make_basis(struct span *s, const struct nodes *n)
{
	struct volume v = {s->angles, s->size, NULL};
	size_t points = s->angles * s->size * s->size;
	s->basis = mem_alloc(s->terms * points, sizeof *s->basis);
	s->node = mem_alloc(n->count * s->padded, sizeof *s->node);
	if (!s->basis || !s->node)
		return -1;
	for (size_t k = 0; k < s->terms; k++) {
		v.k = s->basis + k * points;
		for (size_t j = 0; j <= k; j++)
			subtract(v.k, n->volume[n->pivot[j]].k,
			    -n->turn[k][j] / n->norm[n->pivot[j]], points);
		volume_spline(&v);
	}
	for (size_t q = 0; q < n->count; q++)
		for (size_t k = 0; k < s->terms; k++)
			s->node[q * s->padded + k] = (float)n->c[q * SPAN_TERMS + k];
	return 0;
}

/* ---- places where searches start ---- */

static int make_scan(struct span *s)
{
	size_t many = 1;
	for (size_t a = 0; a < s->axes; a++)
		many *= SPAN_SCAN;
	s->scans = s->kinds * many;
	s->products = lanes(s->terms * (s->terms + 1) / 2);
	s->scan = mem_alloc(s->scans, sizeof *s->scan);
	s->scan_terms = mem_alloc(s->scans * s->padded, sizeof *s->scan_terms);
	s->scan_products = mem_alloc(s->scans * s->products, sizeof *s->scan_products);
	if (!s->scan || !s->scan_terms || !s->scan_products)
		return -1;
	for (size_t k = 0; k < s->scans; k++) {
		struct span_place *place = &s->scan[k];
		size_t rest = k;
		for (size_t a = 0; a < s->axes; a++, rest /= SPAN_SCAN)
			place->at[a] = s->axis[a].low + (s->axis[a].high - s->axis[a].low) *
							    (double)(rest % SPAN_SCAN) /
							    (SPAN_SCAN - 1);
		place->kind = rest;
		span_terms(s, place, s->scan_terms + k * s->padded);
		span_products(s, s->scan_terms + k * s->padded, s->scan_products + k * s->products);
	}
	return 0;
}

int span_create(struct span *s, enum ladder_model model, double reach, size_t threads)
{
	bool group = model >= G1;
	struct span_axis width = {log(A) / 2, log(SPAN_LENGTH * SPAN_LENGTH + A) / 2, 16};
	struct nodes n = {0};
	*s = (struct span){.model = model,
	    .reach = reach,
	    .kinds = model == M0 ? 2 : 1,
	    .axes = model == M0 ? 1 : 2,
	    .tuned = !group,
	    .angles = group ? VOLUME_ANGLES : 1,
	    .size = volume_size(reach),
	    .kappas = 1};
	s->axis[0] = s->axis[1] = width;
	if (group) {
		s->axis[0] = (struct span_axis){log(.25), log(SPAN_LENGTH), 14};
		s->axis[1] = (struct span_axis){log(.01), log(10), 10};
	} else {
		struct span_axis *last = &s->axis[s->axes];
		*last = (struct span_axis){
		    log(SPAN_KAPPA0), log(SPAN_KAPPA_MAX + SPAN_KAPPA0), SPAN_KAPPAS};
		s->kappas = SPAN_KAPPAS;
		for (size_t k = 0; k < SPAN_KAPPAS; k++)
			s->kappa[k] = exp(node_at(last, k)) - SPAN_KAPPA0;
	}
	if (model == M0)
		s->axis[0].nodes = NODES;
	int status = make_nodes(s, &n, threads);
	if (status == 0) {
		s->terms = orthogonalise(&n);
		s->padded = lanes(s->terms);
		status = make_basis(s, &n);
	}
	free_nodes(&n);
	return status < 0 ? -1 : make_scan(s);
}

int span_create_kinds(struct span *s, enum ladder_model model, size_t kinds)
{
	*s = (struct span){
	    .model = model, .kinds = kinds, .terms = kinds, .padded = lanes(kinds), .kappas = 1};
	return make_scan(s);
}

void span_free(struct span *s)
{
	free(s->basis);
	free(s->node);
	free(s->scan);
	free(s->scan_terms);
	free(s->scan_products);
	*s = (struct span){0};
}

/* ---- parameters ---- */

size_t span_parameters(const struct span *s, struct span_parameter *out)
{
	static const struct span_parameter m0[] = {{"sigma", {1}}, {"kappa", {0, 1}}},
					   m[] = {{"sigma_along", {1}}, {"sigma_across", {0, 1}},
					       {"kappa", {0, 0, 1}}},
					   g1[] = {{"alpha", {-1}}, {"D", {-1, 1}}},
					   g2[] = {{"D11", {2}}, {"D22", {0, 1}}};
	const struct span_parameter *from = s->model == M0   ? m0
					    : s->model == G1 ? g1
					    : s->model == G2 ? g2
							     : m;
	size_t count = s->axes + s->tuned;
	memcpy(out, from, count * sizeof *out);
	return count;
}

double span_parameter_value(const struct span *s, size_t parameter, double x)
{
	if (!s->tuned)
		return exp(x);
	return parameter == s->axes ? fmax(exp(x) - SPAN_KAPPA0, 0) : sqrt(fmax(exp(2 * x) - A, 0));
}
