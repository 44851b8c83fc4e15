/* Progress on standard error: rate and time left, at most twice a second; nothing unless enabled. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
	const char *label, *unit;
	size_t total, done; /* total 0: unknown */
	double started, shown;
	bool enabled;
};

struct progress progress_start(bool enabled, const char *label, const char *unit, size_t total);
/* text: NULL or a short addition, e.g. "loss 1.23" */
void progress_add(struct progress *progress, size_t count, const char *text);
void progress_end(struct progress *progress); /* leaves the last line standing */

/* Seconds of a monotonic clock. */
double progress_clock(void);

#endif
