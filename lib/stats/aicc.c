/* AICc: see aicc.h. */
#include <math.h>
#include "stats/aicc.h"

#define EXACT 1e-20

double aicc(size_t n, size_t parameters, double sse, double sst)
{
	double count = (double)n, k = (double)parameters + 1;
	if (!(sst > 0) || !(count > k + 1) || isnan(sse))
		return NAN;
	return count * log(fmax(sse, EXACT * sst) / count) + 2 * k +
	       2 * k * (k + 1) / (count - k - 1);
}
