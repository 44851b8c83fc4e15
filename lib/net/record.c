/* Log and snapshots: see record.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/output.h"
#include "net/record.h"
#include "npys/npys.h"

#define SNAPSHOTS (RECORD_FILES - 1)

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

struct record {
	struct output *log;
	struct npys_out *snapshot[SNAPSHOTS];
};

struct record *record_open(const char *log, const char *prefix, const size_t length[RECORD_FILES])
{
	struct record *record = mem_alloc(1, sizeof *record);
	if (!record)
		return NULL;
	if (log) {
		record->log = output_grow(log, length[0]);
		if (!record->log)
			goto fail;
		if (length[0] == 0)
			fputs("epoch\tloss\taccuracy\tval_loss\tval_accuracy\tlearning_rate\tseconds\t"
			      "lgn_norm\tv1_norm\tlateral_norm\tlateral_gain\tdegraded_loss\tdegraded_accuracy\n",
			    output_stream(record->log));
		if (output_flush(record->log) < 0)
			goto fail;
	}
	for (size_t i = 0; prefix && i < SNAPSHOTS; i++) {
		char *path = record_path(prefix, i);
		record->snapshot[i] = path ? npys_grow(path, length[1 + i]) : NULL;
		free(path);
		if (!record->snapshot[i])
			goto fail;
	}
	return record;
fail:
	/* why it failed is what is to be said */
	for (size_t i = 0; i < SNAPSHOTS; i++)
		npys_abandon(record->snapshot[i]);
	output_abandon(record->log);
	free(record);
	return NULL;
}

char *record_path(const char *prefix, size_t i)
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

static int write_row(struct record *record, const struct network *net, const struct record_row *row)
{
	double gain;
	if (network_lateral_norm(net, &gain) < 0)
		return -1;
	const double values[] = {row->loss, row->accuracy, row->val_loss, row->val_accuracy, row->rate,
	    row->seconds, norm_of(net, "lgn.weight"), norm_of(net, "v1.weight"),
	    norm_of(net, "lateral.weight"), gain,
	    row->degraded_loss, row->degraded_accuracy};
	FILE *f = output_stream(record->log);
	fprintf(f, "%zu", row->epoch);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		if (isnan(values[i]))
			fputs("\tnan", f);
		else
			fprintf(f, "\t%.9g", values[i]);
	}
	putc('\n', f);
	return output_flush(record->log);
}

static int write_snapshot(struct npys_out *out, const struct network_tensor *t, const bool without[4])
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
	int status = x && npys_shape(&header, NPYS_F4, rank, shape) == 0 && npys_begin(out, &header) == 0 &&
			     npys_write_double(out, x, header.items) == 0
			 ? npys_flush(out)
			 : -1;
	free(x);
	return status;
}

int record_epoch(struct record *record, const struct network *net, const struct record_row *row)
{
	if (record->log && write_row(record, net, row) < 0)
		return -1;
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		const struct network_tensor *t = network_find(net, snapshots[i].tensor);
		if (record->snapshot[i] &&
		    write_snapshot(record->snapshot[i], t, snapshots[i].without) < 0)
			return -1;
	}
	return 0;
}

int record_lengths(struct record *record, size_t length[RECORD_FILES])
{
	for (size_t i = 0; i < RECORD_FILES; i++)
		length[i] = 0;
	if (record->log && output_length(record->log, &length[0]) < 0)
		return -1;
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		if (record->snapshot[i] && npys_length(record->snapshot[i], &length[1 + i]) < 0)
			return -1;
	}
	return 0;
}

int record_close(struct record *record)
{
	int status = 0;
	if (!record)
		return 0;
	if (record->log && output_close(record->log) < 0)
		status = -1;
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		if (record->snapshot[i] && npys_close(record->snapshot[i]) < 0)
			status = -1;
	}
	free(record);
	return status;
}
