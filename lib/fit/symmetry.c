/* Symmetry: see symmetry.h. */
#include <math.h>
#include <stdlib.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_bessel.h>
#include "base/error.h"
#include "base/memory.h"
#include "fit/bank.h"
#include "fit/symmetry.h"

struct symmetry_plan {
	size_t k, nodes,
	    fine; /* fine: frequencies from 0 to .5 cycles per px, both ends included */
	double *memory;
	double *rho, *weight; /* (nodes): weight holds rho drho */
	double
	    *pair; /* (k, k): integral of J_0(rho d) rho drho for displacements (rows, columns) */
	double *turn_cos, *turn_sin; /* (fine, k) */
};

struct symmetry_plan *symmetry_plan_create(size_t k)
{
	size_t nodes = 16 + 6 * k, fine = 4 * k + 1;
	struct symmetry_plan *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	gsl_set_error_handler_off();
	gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(nodes);
	plan->memory = mem_alloc(2 * nodes + k * k + 2 * fine * k, sizeof *plan->memory);
	if (!rule || !plan->memory) {
		if (!rule)
			err_set("memory: no room for a quadrature of %zu nodes", nodes);
		else
			gsl_integration_glfixed_table_free(rule);
		symmetry_plan_free(plan);
		return NULL;
	}
	plan->k = k;
	plan->nodes = nodes;
	plan->fine = fine;
	plan->rho = plan->memory;
	plan->weight = plan->rho + nodes;
	plan->pair = plan->weight + nodes;
	plan->turn_cos = plan->pair + k * k;
	plan->turn_sin = plan->turn_cos + fine * k;
	for (size_t i = 0; i < nodes; i++) {
		gsl_integration_glfixed_point(
		    0, SYMMETRY_BAND, i, &plan->rho[i], &plan->weight[i], rule);
		plan->weight[i] *= plan->rho[i];
	}
	gsl_integration_glfixed_table_free(rule);
	for (size_t i = 0; i < k * k; i++) {
		double d = hypot((double)(i / k), (double)(i % k));
		plan->pair[i] = d > 0 ? SYMMETRY_BAND * gsl_sf_bessel_J1(SYMMETRY_BAND * d) / d
				      : SYMMETRY_BAND * SYMMETRY_BAND / 2;
	}
	for (size_t j = 0; j < fine; j++) {
		for (size_t c = 0; c < k; c++) {
			double angle = M_PI * (double)j / (double)(fine - 1) * bank_x(k, c);
			plan->turn_cos[j * k + c] = cos(angle);
			plan->turn_sin[j * k + c] = sin(angle);
		}
	}
	return plan;
}

void symmetry_plan_free(struct symmetry_plan *plan)
{
	if (plan)
		free(plan->memory);
	free(plan);
}

double symmetry_energy(
    const struct symmetry_plan *plan, const double *p, double x0, double y0, int m)
{
	size_t k = plan->k;
	double energy = 0;
	for (size_t j = 0; j < plan->nodes; j++) {
		double re = 0, im = 0;
		for (size_t i = 0; i < k * k; i++) {
			double x = bank_x(k, i % k) - x0, y = bank_y(k, i / k) - y0;
			double radius = plan->rho[j] * hypot(x, y), alpha = m ? m * atan2(y, x) : 0;
			double value =
			    p[i] * (m ? gsl_sf_bessel_Jn(m, radius) : gsl_sf_bessel_J0(radius));
			re += value * cos(alpha);
			im -= value * sin(alpha);
		}
		energy += plan->weight[j] * (re * re + im * im);
	}
	return m ? 2 * energy : energy;
}

double symmetry_total(const struct symmetry_plan *plan, const double *p)
{
	size_t k = plan->k;
	double total = 0;
	/* autocorrelation at displacements (a, b), a >= 0; those with a > 0 stand for (-a, -b) too */
	for (size_t a = 0; a < k; a++) {
		for (size_t b = 0; b < 2 * k - 1; b++) {
			size_t shift = b < k ? k - 1 - b : b - (k - 1); /* |column displacement| */
			double sum = 0;
			for (size_t r = 0; r + a < k; r++) {
				const double *upper = p + r * k, *lower = p + (r + a) * k;
				for (size_t c = 0; c + shift < k; c++)
					sum += b < k ? upper[c + shift] * lower[c]
						     : upper[c] * lower[c + shift];
			}
			total += (a ? 2 : 1) * plan->pair[a * k + shift] * sum;
		}
	}
	return total;
}

struct symmetry symmetry_about(
    const struct symmetry_plan *plan, const double *p, double x0, double y0)
{
	double total = symmetry_total(plan, p);
	if (!(total > 0) || !isfinite(x0) || !isfinite(y0))
		return (struct symmetry){NAN, NAN, NAN};
	return (struct symmetry){symmetry_energy(plan, p, x0, y0, 0) / total,
	    symmetry_energy(plan, p, x0, y0, 2) / total,
	    symmetry_energy(plan, p, x0, y0, 4) / total};
}

double symmetry_dc_ratio(const struct symmetry_plan *plan, const double *p)
{
	size_t k = plan->k;
	double dc = 0, largest = 0;
	for (size_t i = 0; i < k * k; i++)
		dc += p[i];
	for (size_t j = 0; j < plan->fine; j++) {
		double re[2], im[2];
		for (size_t l = 0; l < plan->fine; l++) {
			const double *tc = plan->turn_cos + l * k, *ts = plan->turn_sin + l * k;
			re[0] = re[1] = im[0] = im[1] = 0;
			for (size_t r = 0; r < k; r++) {
				double a = 0, b = 0;
				const double *uc = plan->turn_cos + j * k,
					     *us = plan->turn_sin + j * k;
				for (size_t c = 0; c < k; c++) {
					a += p[r * k + c] * uc[c];
					b += p[r * k + c] * us[c];
				}
				/* both signs of the frequency along y */
				re[0] += a * tc[r] - b * ts[r];
				im[0] += a * ts[r] + b * tc[r];
				re[1] += a * tc[r] + b * ts[r];
				im[1] += -a * ts[r] + b * tc[r];
			}
			largest = fmax(largest,
			    fmax(re[0] * re[0] + im[0] * im[0], re[1] * re[1] + im[1] * im[1]));
		}
	}
	return largest > 0 ? fabs(dc) / sqrt(largest) : NAN;
}

double symmetry_surround_ratio(const double *p, size_t k, double centre)
{
	double same = 0, opposite = 0;
	for (size_t i = 0; i < k * k; i++) {
		if (p[i] * centre > 0)
			same += fabs(p[i]);
		else
			opposite += fabs(p[i]);
	}
	return same > 0 && !isnan(centre) ? opposite / same : NAN;
}
