/* One process: see comm.h. */
#include <string.h>
#include "base/number.h"
#include "net/comm.h"

static int sum(double *x, size_t n)
{
	(void)x, (void)n;
	return 0;
}

static int sum_real(real *x, size_t n)
{
	(void)x, (void)n;
	return 0;
}

static int broadcast(void *data, size_t bytes)
{
	(void)data, (void)bytes;
	return 0;
}

static int exchange(const void *from, const size_t *given, void *to, const size_t *taken)
{
	(void)taken;
	if (*given)
		memcpy(to, from, *given);
	return 0;
}

const struct comm comm_alone = {0, 1, sum, sum_real, broadcast, exchange};

size_t comm_first(const struct comm *comm, size_t n, size_t r)
{
	size_t each = n / comm->ranks, rest = n % comm->ranks;
	return r * each + size_min(r, rest);
}
