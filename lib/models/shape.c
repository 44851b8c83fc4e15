/* The functions that span a family of densities, by pivoted orthogonalisation of its shapes at Chebyshev's nodes. */
#include "models/shape.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/vector.h"
#include "base/vector.h"
#include "kernel/units.h"

#define NODES 24 /* of an axis at most */

static size_t lanes(size_t n)
{
	return (n + BASIS_LANES - 1) / BASIS_LANES * BASIS_LANES;
}

/* ---- polynomials through Chebyshev's nodes ---- */

static double node_at(const struct basis_axis *axis, size_t k)
{
	double x = (1 - cos(M_PI * (double)k / ((double)axis->nodes - 1))) / 2;
	return axis->low + x * (axis->high - axis->low);
}

void basis_weights(const struct basis_axis *axis, double x, double *w)
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

void basis_terms(const struct basis *s, const struct shape *shape, float *c)
{
	double w[2][NODES] = {{1}, {1}}, sum[BASIS_TERMS] = {0};
	size_t count[2] = {1, 1};
	if (!s->node) { /* kinds alone */
		memset(c, 0, s->padded * sizeof *c);
		c[shape->kind] = 1;
		return;
	}
	for (size_t a = 0; a < s->model->axes; a++) {
		count[a] = s->axis[a].nodes;
		basis_weights(&s->axis[a], shape->at[a], w[a]);
	}
	const float *node = s->node + shape->kind * count[0] * count[1] * s->padded;
	for (size_t i = 0; i < count[0]; i++)
		for (size_t j = 0; j < count[1]; j++, node += s->padded) {
			double v = w[0][i] * w[1][j];
			for (size_t k = 0; k < s->terms; k++)
				sum[k] += v * (double)node[k];
		}
	for (size_t k = 0; k < s->padded; k++)
		c[k] = k < s->terms ? (float)sum[k] : 0;
}

FOR_CPUS void basis_products(
    const struct basis *s, const float *c, const float *d, float *restrict products)
{
	float *row = products;
	for (size_t k = 0; k < s->terms; row += ++k) {
		float ck = c[k], dk = d[k];
#pragma omp simd
		for (size_t l = 0; l < k; l++)
			row[l] = ck * d[l] + dk * c[l];
		row[k] = ck * dk;
	}
	memset(row, 0, (s->products - (size_t)(row - products)) * sizeof *row);
}

/* ---- the functions that span a family ---- */

struct nodes {
	size_t count, points;
	struct density *density; /* (count) */
	float *x;            /* (count, points): samples within reach, what is not spanned yet */
	double *norm, *left; /* (count): of the samples at first; squared, of what is left */
	double *c;           /* (count, BASIS_TERMS) */
	size_t pivot[BASIS_TERMS];
	double turn[BASIS_TERMS][BASIS_TERMS]; /* phi_k = sum_j turn[k][j] M(pivot j) / norm */
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

/* points of a density that are compared: within reach, every second angle, row and column where there are angles */
static size_t sample(const struct density *v, double reach, float *to)
{
	size_t count = 0, step = v->angles > 1 ? 2 : 1, middle = v->size / 2;
	for (size_t t = 0; t < v->angles; t += step)
		for (size_t r = middle % step; r < v->size; r += step)
			for (size_t c = middle % step; c < v->size; c += step) {
				double x = ((double)c - (double)middle) * DENSITY_STEP,
				       y = ((double)r - (double)middle) * DENSITY_STEP;
				if (x * x + y * y > reach * reach)
					continue;
				if (to)
					to[count] = v->k[(t * v->size + r) * v->size + c];
				count++;
			}
	return count;
}

static size_t node_count(const struct basis *s, size_t axis)
{
	return axis < s->model->axes ? s->axis[axis].nodes : 1;
}

static int make_nodes(const struct basis *s, struct nodes *n, size_t threads)
{
	size_t first = node_count(s, 0), second = node_count(s, 1);
	n->count = s->model->kinds * first * second;
	n->density = mem_alloc(n->count, sizeof *n->density);
	n->norm = mem_alloc(2 * n->count, sizeof *n->norm);
	n->c = mem_alloc(n->count * BASIS_TERMS, sizeof *n->c);
	if (!n->density || !n->norm || !n->c)
		return -1;
	n->left = n->norm + n->count;
	for (size_t k = 0; k < n->count; k++) {
		double at[2] = {node_at(&s->axis[0], k / second % first),
		    s->model->axes > 1 ? node_at(&s->axis[1], k % second) : 0};
		if (s->model->fill(k / (first * second), at, s->reach, threads, &n->density[k]) < 0)
			return -1;
	}
	n->points = sample(&n->density[0], s->reach, NULL);
	n->x = mem_alloc(n->count * n->points, sizeof *n->x);
	for (size_t k = 0; n->x && k < n->count; k++) {
		float *x = n->x + k * n->points;
		sample(&n->density[k], s->reach, x);
		n->norm[k] = sqrt(dot(x, x, n->points));
		for (size_t q = 0; q < n->points; q++)
			x[q] /= (float)n->norm[k];
		n->left[k] = 1;
	}
	return n->x ? 0 : -1;
}

static void free_nodes(struct nodes *n)
{
	for (size_t k = 0; n->density && k < n->count; k++)
		density_free(&n->density[k]);
	free(n->density);
	free(n->x);
	free(n->norm);
	free(n->c);
}

/* Gram and Schmidt, the shape that is spanned worst first. */
static size_t orthogonalise(struct nodes *n)
{
	size_t terms = 0;
	for (; terms < BASIS_TERMS; terms++) {
		size_t worst = 0;
		for (size_t k = 1; k < n->count; k++)
			if (n->left[k] > n->left[worst])
				worst = k;
		if (n->left[worst] < BASIS_TOLERANCE * BASIS_TOLERANCE)
			break;
		float *x = n->x + worst * n->points;
		double norm = sqrt(dot(x, x, n->points)), *turn = n->turn[terms];
		n->pivot[terms] = worst;
		turn[terms] = 1;
		for (size_t j = 0; j < terms; j++)
			for (size_t k = 0; k <= j; k++)
				turn[k] -= n->c[worst * BASIS_TERMS + j] * n->turn[j][k];
		for (size_t k = 0; k <= terms; k++)
			turn[k] /= norm;
		for (size_t k = 0; k < n->count; k++) {
			if (k == worst)
				continue;
			double c = dot(x, n->x + k * n->points, n->points) / norm;
			subtract(n->x + k * n->points, x, c / norm, n->points);
			n->c[k * BASIS_TERMS + terms] = c;
			n->left[k] -= c * c;
		}
		n->c[worst * BASIS_TERMS + terms] = norm;
		memset(x, 0, n->points * sizeof *x);
		n->left[worst] = 0;
	}
	return terms;
}

static int make_basis(struct basis *s, const struct nodes *n)
{
	s->size = n->density[0].size;
	struct density v = {s->angles, s->size, NULL};
	size_t points = s->angles * s->size * s->size;
	s->spline = mem_alloc(s->terms * points, sizeof *s->spline);
	s->node = mem_alloc(n->count * s->padded, sizeof *s->node);
	if (!s->spline || !s->node)
		return -1;
	for (size_t k = 0; k < s->terms; k++) {
		v.k = s->spline + k * points;
		for (size_t j = 0; j <= k; j++)
			subtract(v.k, n->density[n->pivot[j]].k,
			    -n->turn[k][j] / n->norm[n->pivot[j]], points);
		density_spline(&v);
	}
	for (size_t q = 0; q < n->count; q++)
		for (size_t k = 0; k < s->terms; k++)
			s->node[q * s->padded + k] = (float)n->c[q * BASIS_TERMS + k];
	return 0;
}

/* ---- places where searches start ---- */

static int make_scan(struct basis *s)
{
	size_t many = 1;
	for (size_t a = 0; a < s->model->axes; a++)
		many *= SHAPE_SCAN;
	s->scans = s->model->kinds * many;
	s->products = lanes(s->terms * (s->terms + 1) / 2);
	s->scan = mem_alloc(s->scans, sizeof *s->scan);
	s->scan_terms = mem_alloc(s->scans * s->padded, sizeof *s->scan_terms);
	if (!s->scan || !s->scan_terms)
		return -1;
	for (size_t k = 0; k < s->scans; k++) {
		struct shape *shape = &s->scan[k];
		size_t rest = k;
		for (size_t a = 0; a < s->model->axes; a++, rest /= SHAPE_SCAN)
			shape->at[a] = s->axis[a].low + (s->axis[a].high - s->axis[a].low) *
							    (double)(rest % SHAPE_SCAN) /
							    (SHAPE_SCAN - 1);
		shape->kind = rest;
		basis_terms(s, shape, s->scan_terms + k * s->padded);
	}
	return 0;
}

static struct basis_kappas kappas_of(bool tuned, const struct basis_axis *axis)
{
	struct basis_kappas kappas = {.axis = *axis, .count = 1};
	if (!tuned)
		return kappas;
	kappas.count = axis->nodes;
	for (size_t k = 0; k < kappas.count; k++)
		kappas.at[k] = model_kappa(node_at(axis, k));
	return kappas;
}

int basis_create(struct basis *s, const struct model *model, double reach, size_t threads)
{
	struct nodes n = {0};
	*s = (struct basis){.model = model, .reach = reach, .angles = model->angles};
	for (size_t a = 0; a < basis_coordinates(s); a++) {
		const struct model_axis *from = &model->axis[a];
		s->axis[a] = (struct basis_axis){
		    from->coordinate(from->low), from->coordinate(from->high), from->nodes};
	}
	struct basis_axis sum = s->axis[model->axes];
	sum.high = log(2 * MODEL_KAPPA_MAX + MODEL_KAPPA0);
	sum.nodes = BASIS_KAPPAS;
	s->kappa = kappas_of(model->tuned, &s->axis[model->axes]);
	s->sum = kappas_of(model->tuned, &sum);
	int status = 0;
	if (model->fill) {
		status = make_nodes(s, &n, threads);
		if (status == 0) {
			s->terms = orthogonalise(&n);
			s->padded = lanes(s->terms);
			status = make_basis(s, &n);
		}
		free_nodes(&n);
	} else { /* kinds alone */
		s->terms = model->kinds;
		s->padded = lanes(s->terms);
	}
	return status < 0 ? -1 : make_scan(s);
}

void basis_free(struct basis *s)
{
	free(s->spline);
	free(s->node);
	free(s->scan);
	free(s->scan_terms);
	*s = (struct basis){0};
}
