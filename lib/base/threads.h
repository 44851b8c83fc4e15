/* Threads: all parallelism of the suite. Work is split over outputs, so no result depends on their number. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include <stddef.h>

/* The CPUs this process might use when first asked, at least 1. */
size_t par_cpus(void);

/* What threads an option asks for: requested, or par_cpus() where it is 0. */
size_t par_threads(size_t requested);

/* Call body(i, worker, argument) for i = 0..n-1 on at most `threads` threads; worker < threads indexes
 * scratch memory. Items are handed out in order, one at a time. body gives 0, or -1 with a reason; the
 * reason of the smallest failing i that ran becomes the caller's. A loop within a loop, or beside another thread's,
 * runs on its caller alone, as worker 0. 0 or -1. */
int par_for(size_t n, size_t threads, int (*body)(size_t i, size_t worker, void *argument),
    void *argument) __attribute__((warn_unused_result));

#endif
