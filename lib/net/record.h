/* The files of a run that grow by an epoch at a time: the log, a table, and snapshots of tensors. Rank 0's. */
#ifndef NET_RECORD_H
#define NET_RECORD_H

#include <stddef.h>
#include "net/network.h"

#define RECORD_FILES 5 /* the log and the snapshots, which are all but the first */

struct record;

/* A row of the log; what else it has comes from the network's weights. */
struct record_row {
	size_t epoch;
	double loss, accuracy, val_loss, val_accuracy, degraded_loss, degraded_accuracy, rate, seconds;
};

/* log, prefix of the snapshots: NULL for none. length: what the files have from before, the rest is cut off; all 0 in the
 * beginning. NULL with a reason. */
struct record *record_open(const char *log, const char *prefix, const size_t length[RECORD_FILES])
    __attribute__((warn_unused_result));

/* The path of snapshot i of a prefix, to be freed; NULL after the last, or with a reason. */
char *record_path(const char *prefix, size_t i) __attribute__((warn_unused_result));

/* Append after an epoch; v1.rms is up to date. 0 or -1. */
int record_epoch(struct record *record, const struct network *net, const struct record_row *row)
    __attribute__((warn_unused_result));

/* What the files have now, flushed and synced. 0 or -1. */
int record_lengths(struct record *record, size_t length[RECORD_FILES]) __attribute__((warn_unused_result));

/* 0, or -1 where not all could be written. NULL is allowed. */
int record_close(struct record *record) __attribute__((warn_unused_result));

#endif
