/* Threads: see threads.h. */
#include <omp.h>
#include <stdint.h>
#include <string.h>
#include "base/error.h"
#include "base/threads.h"

size_t par_cpus(void)
{
	int cpus = omp_get_num_procs(); /* respects the process's affinity */
	return cpus > 0 ? (size_t)cpus : 1;
}

size_t par_threads(size_t requested)
{
	return requested ? requested : par_cpus();
}

int par_for(size_t n, size_t threads, int (*body)(size_t, size_t, void *), void *argument)
{
	if (threads > n)
		threads = n;
	if (threads <= 1) {
		for (size_t i = 0; i < n; i++) {
			if (body(i, 0, argument) < 0)
				return -1;
		}
		return 0;
	}
	char reason[ERR_MAX] = "";
	size_t failed = SIZE_MAX;
#pragma omp parallel for schedule(dynamic, 1) num_threads((int)threads) default(shared)
	for (size_t i = 0; i < n; i++) {
		size_t stop;
#pragma omp atomic read
		stop = failed;
		if (i > stop || body(i, (size_t)omp_get_thread_num(), argument) == 0)
			continue;
#pragma omp critical(par_for_failure)
		if (i < failed) {
#pragma omp atomic write
			failed = i;
			memcpy(reason, err_reason(), strlen(err_reason()) + 1);
		}
	}
	return failed == SIZE_MAX ? 0 : err_set("%s", reason);
}
