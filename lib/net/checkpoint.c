/* Checkpoints: see checkpoint.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/output.h"
#include "net/checkpoint.h"

#define SETTING "setting."
#define MOMENTUM "momentum."

int settings_add(struct settings *settings, const char *name, const char *format, ...)
{
	if (mem_grow((void **)&settings->list, &settings->room, settings->count + 1,
		sizeof *settings->list) < 0)
		return -1;
	char value[ERR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(value, sizeof value, format, arguments);
	va_end(arguments);
	struct setting *next = &settings->list[settings->count++];
	*next = (struct setting){name, mem_text("%s", value)};
	return next->value ? 0 : -1;
}

void settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		free(settings->list[i].value);
	free(settings->list);
	*settings = (struct settings){0};
}

/* Where a run is, as text; hexadecimal floats lose nothing. */
static char *position(const struct checkpoint *at)
{
	return mem_text("%zu %a %zu %zu %a %zu %zu %zu %zu %zu", at->step, at->loss, at->correct,
	    at->seen, at->seconds, at->length[0], at->length[1], at->length[2], at->length[3],
	    at->length[4]);
}

static int parse_position(const char *text, struct checkpoint *at)
{
	return text && sscanf(text, "%zu %la %zu %zu %la %zu %zu %zu %zu %zu", &at->step, &at->loss,
			   &at->correct, &at->seen, &at->seconds, &at->length[0], &at->length[1],
			   &at->length[2], &at->length[3], &at->length[4]) == 10
		   ? 0
		   : -1;
}

static uint32_t crc_text(uint32_t crc, const char *text)
{
	return hash_crc(crc, text, strlen(text) + 1);
}

static uint32_t crc_head(const struct settings *settings, const char *where)
{
	uint32_t crc = crc_text(0, where);
	for (size_t i = 0; i < settings->count; i++)
		crc = crc_text(crc_text(crc, settings->list[i].name), settings->list[i].value);
	return crc;
}

/* Velocities by tensor: copies in single precision, for the file. */
static int add_velocities(struct model_out *out, const struct network *net,
    struct optimiser *optimiser, char **names, float *copy, uint32_t *crc)
{
	size_t count;
	const real *velocity = optimiser_velocity(optimiser, &count);
	for (size_t j = 0; j < count; j++)
		copy[j] = (float)velocity[j];
	*crc = hash_crc(*crc, copy, count * sizeof *copy);
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		if (!t->gradient)
			continue;
		names[i] = mem_text(MOMENTUM "%s", t->name);
		if (!names[i] || model_add(out, names[i], t->rank, t->shape, copy) < 0)
			return -1;
		copy += t->elements;
	}
	return 0;
}

static uint32_t crc_network(const struct network *net, uint32_t crc)
{
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		crc = hash_crc(crc, t->x, t->elements * sizeof(real));
	}
	return crc;
}

int checkpoint_save(const char *path, const struct network *net, struct optimiser *optimiser,
    const struct settings *settings, const struct checkpoint *at)
{
	size_t count;
	optimiser_velocity(optimiser, &count);
	int status = -1;
	struct model_out *out = model_create();
	char **names = mem_alloc(network_tensors(net), sizeof *names), *where = position(at);
	float *copy = mem_alloc(count, sizeof *copy);
	if (!out || !names || !where || !copy)
		goto done;
	uint32_t crc = crc_network(net, crc_head(settings, where));
	char text[16];
	if (network_save(net, out) < 0 ||
	    add_velocities(out, net, optimiser, names, copy, &crc) < 0 ||
	    model_add_meta(out, "position", where) < 0)
		goto done;
	snprintf(text, sizeof text, "%08" PRIx32, crc);
	if (model_add_meta(out, "crc", text) < 0)
		goto done;
	for (size_t i = 0; i < settings->count; i++) {
		char name[128];
		snprintf(name, sizeof name, SETTING "%s", settings->list[i].name);
		if (model_add_meta(out, name, settings->list[i].value) < 0)
			goto done;
	}
	status = model_write(out, path);
	out = NULL;
	if (status == 0 && (status = output_commit()) == 0)
		status = output_sync_folder(path);
done:
	if (out)
		model_discard(out);
	for (size_t i = 0; names && i < network_tensors(net); i++)
		free(names[i]);
	free(names);
	free(where);
	free(copy);
	return status;
}

static bool is_set(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->list[i].name, name) == 0)
			return true;
	}
	return false;
}

static int check_settings(struct model *model, const struct settings *settings)
{
	const char *key, *value;
	for (size_t i = 0; model_meta_pair(model, i, &key, &value); i++) {
		if (strncmp(key, SETTING, strlen(SETTING)) == 0 &&
		    !is_set(settings, key + strlen(SETTING)))
			return err_set(
			    "%s: %s was %s, now it is not there; a run goes on with the same "
			    "options and data",
			    model_path(model), key + strlen(SETTING), value);
	}
	for (size_t i = 0; i < settings->count; i++) {
		char name[128];
		snprintf(name, sizeof name, SETTING "%s", settings->list[i].name);
		const char *stored = model_meta(model, name);
		if (!stored || strcmp(stored, settings->list[i].value) != 0)
			return err_set("%s: %s was %s, now it is %s; a run goes on with the same "
				       "options and data",
			    model_path(model), settings->list[i].name,
			    stored ? stored : "not there", settings->list[i].value);
	}
	return 0;
}

static int load(struct model *model, struct network *net, struct optimiser *optimiser,
    const struct settings *settings, struct checkpoint *at)
{
	const char *where = model_meta(model, "position"), *stored = model_meta(model, "crc");
	if (!stored || parse_position(where, at) < 0)
		return err_set("%s: not a checkpoint of train-v1", model_path(model));
	if (check_settings(model, settings) < 0)
		return -1;
	size_t count, done = 0;
	real *velocity = optimiser_velocity(optimiser, &count);
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		char name[128];
		snprintf(name, sizeof name, MOMENTUM "%s", t->name);
		/* the options are those it was written with, so what does not fit was changed since */
		if (weights_read(model, t->name, t, t->x) < 0 ||
		    (t->gradient && weights_read(model, name, t, velocity + done) < 0))
			return err_context("damaged checkpoint");
		done += t->gradient ? t->elements : 0;
	}
	uint32_t crc = crc_network(net, crc_head(settings, where));
	char text[16];
	snprintf(text, sizeof text, "%08" PRIx32, hash_crc(crc, velocity, count * sizeof(real)));
	if (strcmp(text, stored) != 0)
		return err_set(
		    "%s: damaged: its CRC is %s, %s was stored", model_path(model), text, stored);
	return 1;
}

int checkpoint_load(const char *path, struct network *net, struct optimiser *optimiser,
    const struct settings *settings, struct checkpoint *at)
{
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	struct model *model = model_open(path);
	if (!model)
		return -1;
	int status = load(model, net, optimiser, settings, at);
	model_close(model);
	return status;
}
