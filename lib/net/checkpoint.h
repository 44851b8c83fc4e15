/*
 * Checkpoints of a training run: a safetensors file with every tensor of the network, velocities as momentum.NAME,
 * and in its metadata the settings, where the run is, and a CRC of all that. It is written under another name, synced,
 * renamed, and the folder synced, so that at any moment the file is a whole one.
 */
#ifndef NET_CHECKPOINT_H
#define NET_CHECKPOINT_H

#include <stddef.h>
#include "net/network.h"
#include "net/optimiser.h"
#include "net/training_log.h"

/* What determines a run: option names and values, counts and hashes of data. */
struct setting {
	const char *name;
	char *value;
};
struct settings {
	size_t count, room;
	struct setting *list;
};

/* Append; value as printf. 0 or -1. */
int settings_add(struct settings *settings, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));
void settings_free(struct settings *settings);

struct checkpoint {
	size_t step;                       /* steps done */
	double loss;                       /* sum over the running epoch's images */
	size_t correct, seen;              /* of them */
	double seconds;                    /* since the first start */
	size_t length[TRAINING_LOG_FILES]; /* bytes of the files that grow */
};

/* 0 or -1. */
int checkpoint_save(const char *path, const struct network *net, struct optimiser *optimiser,
    const struct settings *settings, const struct checkpoint *at)
    __attribute__((warn_unused_result));

/* 1; 0 where there is no such file; -1 where it is damaged or its settings are others. */
int checkpoint_load(const char *path, struct network *net, struct optimiser *optimiser,
    const struct settings *settings, struct checkpoint *at) __attribute__((warn_unused_result));

#endif
