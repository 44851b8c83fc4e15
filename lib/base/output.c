/* Atomic output: see output.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/output.h"
#include "base/paths.h"

/* Temporaries that exist now, for the signal handler: pointers are set and cleared whole. */
#define OPEN_MAX_TEMPORARIES 64
static char *volatile temporaries[OPEN_MAX_TEMPORARIES];

struct output {
	FILE *stream;
	char *name;      /* for messages */
	char *path;      /* final name; NULL where there is no temporary */
	char *temporary; /* NULL: written directly */
	int lock;        /* the lock that keeps the temporary ours until it is renamed or removed; -1: none */
	size_t slot;
	bool standard;
	struct output *next; /* of those that are open and have a final name */
};

static struct output *open_outputs;
static bool standard_taken;
static const char *const *kept;
static size_t kept_count;

void output_keep(const char *const *paths, size_t count)
{
	kept = paths;
	kept_count = count;
}

void output_cleanup(void)
{
	for (size_t i = 0; i < OPEN_MAX_TEMPORARIES; i++) {
		if (temporaries[i])
			unlink(temporaries[i]);
	}
}

static void forget(struct output *out)
{
	if (out->temporary && temporaries[out->slot] == out->temporary)
		temporaries[out->slot] = NULL;
}

static void release(struct output *out)
{
	for (struct output **at = &open_outputs; *at; at = &(*at)->next) {
		if (*at == out) {
			*at = out->next;
			break;
		}
	}
	forget(out);
	if (out->temporary)
		close(out->lock);
	free(out->name);
	free(out->path);
	free(out->temporary);
	free(out);
}

/* Whether the locked descriptor is still the file of this name: a plain file with one name that we
 * own. A file that we made may have another owner, because a server may report all files as those of
 * nobody. */
static bool is_ours(int descriptor, const char *path, bool made)
{
	struct stat here, there;
	return fstat(descriptor, &here) == 0 && lstat(path, &there) == 0 && paths_same_status(&here, &there) &&
	       S_ISREG(here.st_mode) && here.st_nlink == 1 && (made || here.st_uid == geteuid());
}

/* Whether the descriptor is a file of output_keep, or standard input. */
static bool is_kept(int descriptor)
{
	struct stat here, there;
	if (fstat(descriptor, &here) < 0)
		return false;
	bool found = fstat(STDIN_FILENO, &there) == 0 && paths_same_status(&here, &there);
	for (size_t i = 0; i < kept_count && !found; i++)
		found = stat(kept[i], &there) == 0 && paths_same_status(&here, &there);
	return found;
}

/* NAME.unfinished, new or left by a run that was killed, locked: a descriptor, or -1 if another
 * run holds it or this run keeps it. */
static int open_unfinished(const char *path)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	bool made = descriptor >= 0;
	if (!made)
		descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
	if (descriptor < 0)
		return -1;
	bool locked = flock(descriptor, LOCK_EX | LOCK_NB) == 0, no_locks = !locked && errno != EWOULDBLOCK;
	bool ours = locked && is_ours(descriptor, path, made), keep = ours && is_kept(descriptor);
	if (ours && !keep)
		return descriptor;
	if (made && (keep || no_locks)) /* kept is a name, and there was no such file */
		unlink(path);
	close(descriptor);
	return -1;
}

/* A temporary name of its own, for when another run writes the file of this name or the file
 * system has no locks. */
static int create_temporary(struct output *out)
{
	out->temporary = mem_text("%s.unfinished", out->path);
	if (!out->temporary)
		return -1;
	int descriptor = open_unfinished(out->temporary);
	if (descriptor >= 0)
		return descriptor;
	free(out->temporary);
	out->temporary = mem_text("%s.XXXXXX", out->path);
	if (!out->temporary)
		return -1;
	descriptor = mkstemp(out->temporary);
	if (descriptor < 0) {
		err_errno("%s", out->name);
		free(out->temporary);
		out->temporary = NULL;
	}
	return descriptor;
}

static int open_temporary(struct output *out, const char *path, mode_t mode)
{
	while (out->slot < OPEN_MAX_TEMPORARIES && temporaries[out->slot])
		out->slot++;
	if (out->slot == OPEN_MAX_TEMPORARIES)
		return err_set("%s: too many outputs at once", path);
	/* follow a symbolic link, so that the file it names is replaced and not the link */
	out->path = realpath(path, NULL);
	if (!out->path)
		out->path = mem_text("%s", path);
	if (!out->path)
		return -1;
	for (const struct output *other = open_outputs; other; other = other->next) {
		if (strcmp(other->path, out->path) == 0)
			return err_usage("%s: named for two outputs", path);
	}
	out->next = open_outputs;
	open_outputs = out;
	out->lock = -1;
	int descriptor = create_temporary(out);
	if (descriptor < 0)
		return -1;
	temporaries[out->slot] = out->temporary;
	if (ftruncate(descriptor, 0) < 0 || fchmod(descriptor, mode) < 0 || (out->lock = dup(descriptor)) < 0 ||
	    !(out->stream = fdopen(descriptor, "wb"))) {
		err_errno("%s", path);
		close(descriptor);
		unlink(out->temporary);
		return -1;
	}
	return 0;
}

/* fsync where the file system has it. */
static int sync_file(FILE *stream)
{
	return fsync(fileno(stream)) < 0 && errno != EINVAL && errno != EROFS ? -1 : 0;
}

static int open_path(struct output *out, const char *path)
{
	struct stat status;
	mode_t mask = umask(0);
	umask(mask);
	if (stat(path, &status) == 0) {
		if (S_ISREG(status.st_mode)) {
			if (access(path, W_OK) < 0)
				return err_errno("%s", path);
			return open_temporary(out, path, status.st_mode & 07777);
		}
		out->stream = fopen(path, "wb");
		return out->stream ? 0 : err_errno("%s", path);
	}
	if (errno != ENOENT)
		return err_errno("%s", path);
	return open_temporary(out, path, 0666 & ~mask);
}

static bool is_standard(const char *path)
{
	return !path || strcmp(path, "-") == 0;
}

static int refuse_terminal(const char *name)
{
	return err_usage("%s: binary data to a terminal; use a pipe, > file or -o file", name);
}

int output_check(const char *path, bool binary)
{
	struct stat status;
	if (is_standard(path))
		return binary && isatty(STDOUT_FILENO) ? refuse_terminal("standard output") : 0;
	bool there = stat(path, &status) == 0;
	if (there && access(path, W_OK) < 0)
		return err_errno("%s", path);
	if (there && !S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? err_set("%s: is a folder", path) : 0;
	/* the temporary beside it */
	char *folder = there ? realpath(path, NULL) : mem_text("%s", path);
	if (!folder)
		return there ? err_errno("%s", path) : -1;
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	int result = access(slash ? folder : ".", W_OK | X_OK) < 0 ? err_errno("%s", path) : 0;
	free(folder);
	return result;
}

struct output *output_open(const char *path, bool binary)
{
	struct output *out = mem_alloc(1, sizeof *out);
	if (!out)
		return NULL;
	out->standard = is_standard(path);
	out->name = mem_text("%s", out->standard ? "standard output" : path);
	if (!out->name)
		goto fail;
	if (out->standard && standard_taken) {
		err_usage("standard output: named for two outputs");
		goto fail;
	}
	standard_taken = standard_taken || out->standard;
	if (out->standard)
		out->stream = stdout;
	else if (open_path(out, path) < 0)
		goto fail;
	if (binary && isatty(fileno(out->stream))) {
		refuse_terminal(out->name);
		output_abandon(out);
		return NULL;
	}
	return out;
fail:
	release(out);
	return NULL;
}

/* Make the entry of a new or renamed file in its folder last. 0 or -1. */
int output_sync_folder(const char *path)
{
	char *folder = mem_text("%s", path);
	if (!folder)
		return -1;
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	int descriptor = open(slash ? folder : ".", O_RDONLY);
	free(folder);
	if (descriptor < 0)
		return 0; /* a folder that may not be read cannot be synced */
	int status = fsync(descriptor) < 0 && errno != EINVAL && errno != EROFS ? err_errno("%s", path) : 0;
	close(descriptor);
	return status;
}

struct output *output_grow(const char *path, size_t length)
{
	struct output *out = mem_alloc(1, sizeof *out);
	if (!out)
		return NULL;
	out->name = mem_text("%s", path);
	struct stat status;
	bool there = stat(path, &status) == 0, regular = !there || S_ISREG(status.st_mode);
	if (!there && length > 0) {
		err_set("%s: is missing; it had %zu bytes", path, length);
		output_abandon(out);
		return NULL;
	}
	out->stream = out->name ? fopen(path, "ab") : NULL;
	if (!out->stream) {
		err_errno("%s", path);
	} else if (!regular) {
		return out;
	} else if (fstat(fileno(out->stream), &status) < 0 || (size_t)status.st_size < length) {
		err_set("%s: is shorter than the %zu bytes it had", path, length);
	} else if (ftruncate(fileno(out->stream), (off_t)length) < 0) {
		err_errno("%s", path);
	} else if (there || output_sync_folder(path) == 0) {
		return out;
	}
	output_abandon(out);
	return NULL;
}

int output_length(struct output *out, size_t *length)
{
	struct stat status;
	if (output_flush(out) < 0)
		return -1;
	if (sync_file(out->stream) < 0 || fstat(fileno(out->stream), &status) < 0)
		return err_errno("%s", out->name);
	*length = S_ISREG(status.st_mode) ? (size_t)status.st_size : 0;
	return 0;
}

struct output *output_adopt(FILE *stream, const char *name)
{
	struct output *out = mem_alloc(1, sizeof *out);
	if (out)
		out->name = mem_text("%s", name);
	if (!out || !out->name) {
		free(out);
		fclose(stream);
		return NULL;
	}
	out->stream = stream;
	return out;
}

FILE *output_stream(struct output *out)
{
	return out->stream;
}

const char *output_name(const struct output *out)
{
	return out->name;
}

int output_write(struct output *out, const void *data, size_t bytes)
{
	if (bytes && fwrite(data, 1, bytes, out->stream) != bytes)
		return err_errno("%s", out->name);
	return 0;
}

int output_flush(struct output *out)
{
	return fflush(out->stream) || ferror(out->stream) ? err_errno("%s", out->name) : 0;
}

int output_close(struct output *out)
{
	int status = output_flush(out);
	if (status == 0 && out->temporary && sync_file(out->stream) < 0)
		status = err_errno("%s", out->name);
	/* closing standard output too: some file systems report a full disk only then */
	if (fclose(out->stream) != 0 && status == 0)
		status = err_errno("%s", out->name);
	if (status == 0 && out->temporary && rename(out->temporary, out->path) < 0)
		status = err_errno("%s", out->name);
	if (status < 0 && out->temporary)
		unlink(out->temporary);
	release(out);
	return status;
}

void output_abandon(struct output *out)
{
	if (!out)
		return;
	if (!out->standard && out->stream)
		fclose(out->stream);
	if (out->temporary)
		unlink(out->temporary);
	release(out);
}
