/* Progress on standard error: see progress.h. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "base/progress.h"

double progress_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct progress progress_start(bool enabled, const char *label, const char *unit, size_t total)
{
	double now = progress_clock();
	return (struct progress){.label = label,
	    .unit = unit,
	    .total = total,
	    .started = now,
	    .shown = now,
	    .enabled = enabled};
}

static void show(const struct progress *progress, double now, const char *text, const char *end)
{
	double seconds = now - progress->started;
	double rate = seconds > 0 ? (double)progress->done / seconds : 0;
	fprintf(stderr, "\r%s: %zu", progress->label, progress->done);
	if (progress->total)
		fprintf(stderr, " of %zu", progress->total);
	fprintf(stderr, " %s, %.4g %s/s", progress->unit, rate, progress->unit);
	if (progress->total > progress->done && rate > 0)
		fprintf(stderr, ", %.0f s left", (double)(progress->total - progress->done) / rate);
	fprintf(stderr, "%s%s   %s", text ? ", " : "", text ? text : "", end);
	fflush(stderr);
}

void progress_add(struct progress *progress, size_t count, const char *text)
{
	progress->done += count;
	double now = progress->enabled ? progress_clock() : 0;
	/* a file or a CI log gets a line from time to time, a terminal one line that changes */
	double interval = progress->enabled && isatty(STDERR_FILENO) ? 0.5 : 30;
	if (progress->enabled && now - progress->shown >= interval) {
		show(progress, now, text, interval < 1 ? "" : "\n");
		progress->shown = now;
	}
}

void progress_end(struct progress *progress)
{
	if (progress->enabled)
		show(progress, progress_clock(), NULL, "\n");
}
