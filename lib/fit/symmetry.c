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
	struct extent size;
	size_t nodes, fine; /* fine: frequencies from 0 to .5 cycles per px, both ends included */
	double *memory;
	double *rho, *weight; /* (nodes): weight holds rho drho */
	double
	    *pair; /* (h, w): integral of J_0(rho d) rho drho for displacements (rows, columns) */
	double *cos_x, *sin_x, *cos_y, *sin_y; /* (fine, w), (fine, h) */
};

struct symmetry_plan *symmetry_plan_create(struct extent size)
{
	size_t h = size.h, w = size.w, k = extent_long(size), nodes = 16 + 6 * k, fine = 4 * k + 1;
	struct symmetry_plan *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	gsl_set_error_handler_off();
	gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(nodes);
	plan->memory = mem_alloc(2 * nodes + h * w + 2 * fine * (h + w), sizeof *plan->memory);
	if (!rule || !plan->memory) {
		if (!rule)
			err_set("memory: no room for a quadrature of %zu nodes", nodes);
		else
			gsl_integration_glfixed_table_free(rule);
		symmetry_plan_free(plan);
		return NULL;
	}
	plan->size = size;
	plan->nodes = nodes;
	plan->fine = fine;
	plan->rho = plan->memory;
	plan->weight = plan->rho + nodes;
	plan->pair = plan->weight + nodes;
	plan->cos_x = plan->pair + h * w;
	plan->sin_x = plan->cos_x + fine * w;
	plan->cos_y = plan->sin_x + fine * w;
	plan->sin_y = plan->cos_y + fine * h;
	for (size_t i = 0; i < nodes; i++) {
		gsl_integration_glfixed_point(
		    0, SYMMETRY_BAND, i, &plan->rho[i], &plan->weight[i], rule);
		plan->weight[i] *= plan->rho[i];
	}
	gsl_integration_glfixed_table_free(rule);
	for (size_t i = 0; i < h * w; i++) {
		double d = hypot((double)(i / w), (double)(i % w));
		plan->pair[i] = d > 0 ? SYMMETRY_BAND * gsl_sf_bessel_J1(SYMMETRY_BAND * d) / d
				      : SYMMETRY_BAND * SYMMETRY_BAND / 2;
	}
	for (size_t j = 0; j < fine; j++) {
		double omega = M_PI * (double)j / (double)(fine - 1);
		for (size_t c = 0; c < w; c++) {
			plan->cos_x[j * w + c] = cos(omega * bank_x(w, c));
			plan->sin_x[j * w + c] = sin(omega * bank_x(w, c));
		}
		for (size_t r = 0; r < h; r++) {
			plan->cos_y[j * h + r] = cos(omega * bank_y(h, r));
			plan->sin_y[j * h + r] = sin(omega * bank_y(h, r));
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
	size_t h = plan->size.h, w = plan->size.w;
	double energy = 0;
	for (size_t j = 0; j < plan->nodes; j++) {
		double re = 0, im = 0;
		for (size_t i = 0; i < h * w; i++) {
			double x = bank_x(w, i % w) - x0, y = bank_y(h, i / w) - y0;
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
	size_t h = plan->size.h, w = plan->size.w;
	double total = 0;
	/* autocorrelation at displacements (a, b), a >= 0; those with a > 0 stand for (-a, -b) too */
	for (size_t a = 0; a < h; a++) {
		for (size_t b = 0; b < 2 * w - 1; b++) {
			size_t shift = b < w ? w - 1 - b : b - (w - 1); /* |column displacement| */
			double sum = 0;
			for (size_t r = 0; r + a < h; r++) {
				const double *upper = p + r * w, *lower = p + (r + a) * w;
				for (size_t c = 0; c + shift < w; c++)
					sum += b < w ? upper[c + shift] * lower[c]
						     : upper[c] * lower[c + shift];
			}
			total += (a ? 2 : 1) * plan->pair[a * w + shift] * sum;
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
	size_t h = plan->size.h, w = plan->size.w;
	double dc = 0, largest = 0;
	for (size_t i = 0; i < h * w; i++)
		dc += p[i];
	for (size_t j = 0; j < plan->fine; j++) {
		double re[2], im[2];
		for (size_t l = 0; l < plan->fine; l++) {
			const double *tc = plan->cos_y + l * h, *ts = plan->sin_y + l * h;
			re[0] = re[1] = im[0] = im[1] = 0;
			for (size_t r = 0; r < h; r++) {
				double a = 0, b = 0;
				const double *uc = plan->cos_x + j * w, *us = plan->sin_x + j * w;
				for (size_t c = 0; c < w; c++) {
					a += p[r * w + c] * uc[c];
					b += p[r * w + c] * us[c];
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

double symmetry_surround_ratio(const double *p, struct extent size, double centre)
{
	double same = 0, opposite = 0;
	for (size_t i = 0; i < extent_pixels(size); i++) {
		if (p[i] * centre > 0)
			same += fabs(p[i]);
		else
			opposite += fabs(p[i]);
	}
	return same > 0 && !isnan(centre) ? opposite / same : NAN;
}
