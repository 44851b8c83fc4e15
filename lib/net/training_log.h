/* The files of a run that grow by an epoch at a time: the log, a table, and snapshots of tensors. Rank 0's. */
#ifndef NET_TRAINING_LOG_H
#define NET_TRAINING_LOG_H

#include <stddef.h>
#include "net/network.h"

#define TRAINING_LOG_FILES 5 /* the log and the snapshots, which are all but the first */

struct training_log;

/* A row of the log; what else it has comes from the network's weights. */
struct training_log_row {
	size_t epoch;
	double loss, accuracy, val_loss, val_accuracy, degraded_loss, degraded_accuracy, rate,
	    seconds;
};

/* log, prefix of the snapshots: NULL for none. length: what the files have from before, the rest is cut off; all 0 in the
 * beginning. NULL with a reason. */
struct training_log *training_log_open(const char *log, const char *prefix,
    const size_t length[TRAINING_LOG_FILES]) __attribute__((warn_unused_result));

/* The path of snapshot i of a prefix, to be freed; NULL after the last, or with a reason. */
char *training_log_path(const char *prefix, size_t i) __attribute__((warn_unused_result));

/* Append after an epoch; v1.rms is up to date. 0 or -1. */
int training_log_epoch(struct training_log *files, const struct network *net,
    const struct training_log_row *row) __attribute__((warn_unused_result));

/* What the files have now, flushed and synced. 0 or -1. */
int training_log_lengths(struct training_log *files, size_t length[TRAINING_LOG_FILES])
    __attribute__((warn_unused_result));

/* 0, or -1 where not all could be written. NULL is allowed. */
int training_log_close(struct training_log *files) __attribute__((warn_unused_result));

#endif
