/* Akaike's information criterion for least squares with normal errors, corrected for small samples. */
#ifndef STATS_AICC_H
#define STATS_AICC_H

#include <stddef.h>

/* n ln(sse/n) + 2K + 2K(K + 1)/(n - K - 1) with K = parameters + 1 (the variance); Hurvich and Tsai 1989. sse counts as
 * at least 1e-20 of sst, so that exact fits compare by their parameters; NaN where n <= K + 1 or sst is 0. */
double aicc(size_t n, size_t parameters, double sse, double sst);

#endif
