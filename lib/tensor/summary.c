/* Summaries and comparison: see summary.h. */
#include <math.h>
#include <stdbool.h>
#include "tensor/summary.h"

struct summary summary_start(void)
{
	return (struct summary){.min = NAN, .max = NAN, .mean = NAN};
}

void summary_add(struct summary *s, const double *x, size_t n)
{
	/* this part's own mean and squares, then merged (Chan, Golub & LeVeque 1983): no digits are lost to a
	 * large mean */
	double sum = 0, squares = 0;
	size_t finite = 0;
	for (size_t i = 0; i < n; i++) {
		if (isnan(x[i])) {
			s->nan++;
		} else if (isinf(x[i])) {
			s->inf++;
		} else {
			finite++;
			sum += x[i];
			if (!(x[i] >= s->min))
				s->min = x[i];
			if (!(x[i] <= s->max))
				s->max = x[i];
		}
	}
	if (finite == 0)
		return;
	double mean = sum / (double)finite;
	for (size_t i = 0; i < n; i++)
		squares += isfinite(x[i]) ? (x[i] - mean) * (x[i] - mean) : 0;
	if (s->finite == 0) {
		s->mean = mean;
		s->squares = squares;
	} else {
		double total = (double)(s->finite + finite), gap = mean - s->mean;
		s->mean += gap * (double)finite / total;
		s->squares += squares + gap * gap * (double)s->finite * (double)finite / total;
	}
	s->finite += finite;
}

double summary_sd(const struct summary *s)
{
	return s->finite ? sqrt(s->squares / (double)s->finite) : NAN;
}

void difference_add(
    struct difference *d, const double *a, const double *b, size_t n, double atol, double rtol)
{
	for (size_t i = 0; i < n; i++) {
		/* the tolerance of an infinite b would be infinite; it agrees only with itself */
		double gap = fabs(a[i] - b[i]),
		       allowed = isinf(b[i]) ? 0 : atol + rtol * fabs(b[i]);
		bool agree =
		    (isinf(a[i]) && isinf(b[i]) && (a[i] > 0) == (b[i] > 0)) || gap <= allowed;
		/* what overflows is compared at a quarter; a tolerance that does so there allows any gap of finite numbers */
		if ((isinf(gap) || isinf(allowed)) && isfinite(a[i]) && isfinite(b[i]))
			agree = fabs(a[i] / 4 - b[i] / 4) <= atol / 4 + rtol * fabs(b[i] / 4);
		if (agree)
			continue;
		if (d->count++ == 0) {
			d->first = d->compared + i;
			d->a = a[i];
			d->b = b[i];
		}
		if (!(gap <= d->largest))
			d->largest = isnan(d->largest) ? d->largest : gap;
	}
	d->compared += n;
}
