/* Log and snapshots: see training_log.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/output.h"
#include "net/training_log.h"
#include "npys/npys.h"

#define SNAPSHOTS (TRAINING_LOG_FILES - 1)

/* The files' names after PREFIX and how much of a tensor's shape they have: the readers of filter banks and kernels
 * want (k0, k0), (F, k1, k1), (F, F, kl, kl), (F), without the axes of length 1 that PyTorch has. */
static const struct {
	const char *name, *tensor;
	bool without[4]; /* axes left out */
} snapshots[SNAPSHOTS] = {
    {"lgn", "lgn.weight", {true, true}},
    {"v1", "v1.weight", {false, true}},
    {"lateral", "lateral.weight", {false}},
    {"rms", "v1.rms", {false}},
};

struct training_log {
	struct output *log;
	struct npys_out *snapshot[SNAPSHOTS];
};

struct training_log *training_log_open(
    const char *log, const char *prefix, const size_t length[TRAINING_LOG_FILES])
{
	struct training_log *files = mem_alloc(1, sizeof *files);
	if (!files)
		return NULL;
	if (log) {
		files->log = output_grow(log, length[0]);
		if (!files->log)
			goto fail;
		if (length[0] == 0)
			fputs("epoch\tloss\taccuracy\tval_loss\tval_accuracy\tlearning_"
			      "rate\tseconds\t"
			      "lgn_norm\tv1_norm\tlateral_norm\tlateral_gain\tdegraded_"
			      "loss\tdegraded_accuracy\n",
			    output_stream(files->log));
		if (output_flush(files->log) < 0)
			goto fail;
	}
	for (size_t i = 0; prefix && i < SNAPSHOTS; i++) {
		char *path = training_log_path(prefix, i);
		files->snapshot[i] = path ? npys_grow(path, length[1 + i]) : NULL;
		free(path);
		if (!files->snapshot[i])
			goto fail;
	}
	return files;
fail:
	/* why it failed is what is to be said */
	for (size_t i = 0; i < SNAPSHOTS; i++)
		npys_abandon(files->snapshot[i]);
	output_abandon(files->log);
	free(files);
	return NULL;
}

char *training_log_path(const char *prefix, size_t i)
{
	return i < SNAPSHOTS ? mem_text("%s.%s.npys", prefix, snapshots[i].name) : NULL;
}

static double norm_of(const struct network *net, const char *name)
{
	const struct network_tensor *t = network_find(net, name);
	double square = 0;
	for (size_t i = 0; i < t->elements; i++)
		square += (double)t->x[i] * (double)t->x[i];
	return sqrt(square);
}

static int write_row(
    struct training_log *files, const struct network *net, const struct training_log_row *row)
{
	double gain;
	if (network_lateral_norm(net, &gain) < 0)
		return -1;
	const double values[] = {row->loss, row->accuracy, row->val_loss, row->val_accuracy,
	    row->rate, row->seconds, norm_of(net, "lgn.weight"), norm_of(net, "v1.weight"),
	    norm_of(net, "lateral.weight"), gain, row->degraded_loss, row->degraded_accuracy};
	FILE *f = output_stream(files->log);
	fprintf(f, "%zu", row->epoch);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		if (isnan(values[i]))
			fputs("\tnan", f);
		else
			fprintf(f, "\t%.9g", values[i]);
	}
	putc('\n', f);
	return output_flush(files->log);
}

static int write_snapshot(
    struct npys_out *out, const struct network_tensor *t, const bool without[4])
{
	size_t shape[4], rank = 0;
	for (size_t d = 0; d < t->rank; d++) {
		if (!without[d])
			shape[rank++] = t->shape[d];
	}
	struct npys_header header;
	double *x = mem_alloc(t->elements, sizeof *x);
	for (size_t j = 0; x && j < t->elements; j++)
		x[j] = (double)t->x[j];
	int status = x && npys_shape(&header, NPYS_F4, rank, shape) == 0 &&
			     npys_begin(out, &header) == 0 &&
			     npys_write_double(out, x, header.items) == 0
			 ? npys_flush(out)
			 : -1;
	free(x);
	return status;
}

int training_log_epoch(
    struct training_log *files, const struct network *net, const struct training_log_row *row)
{
	if (files->log && write_row(files, net, row) < 0)
		return -1;
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		const struct network_tensor *t = network_find(net, snapshots[i].tensor);
		if (files->snapshot[i] &&
		    write_snapshot(files->snapshot[i], t, snapshots[i].without) < 0)
			return -1;
	}
	return 0;
}

int training_log_lengths(struct training_log *files, size_t length[TRAINING_LOG_FILES])
{
	for (size_t i = 0; i < TRAINING_LOG_FILES; i++)
		length[i] = 0;
	if (files->log && output_length(files->log, &length[0]) < 0)
		return -1;
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		if (files->snapshot[i] && npys_length(files->snapshot[i], &length[1 + i]) < 0)
			return -1;
	}
	return 0;
}

int training_log_close(struct training_log *files)
{
	int status = 0;
	if (!files)
		return 0;
	if (files->log && output_close(files->log) < 0)
		status = -1;
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		if (files->snapshot[i] && npys_close(files->snapshot[i]) < 0)
			status = -1;
	}
	free(files);
	return status;
}
