/* Atomic output: see output.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
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
	int lock; /* the lock that keeps the temporary ours until it is renamed or removed; -1: none */
	size_t slot;
	bool standard;
	bool grows;          /* a regular file that is written where it lies */
	bool is_new;         /* nothing is replaced */
	struct output *next; /* of those that are finished and wait for the others */
};

static bool holding;
static struct output *finished;

void output_hold(void)
{
	holding = true;
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
	return fstat(descriptor, &here) == 0 && lstat(path, &there) == 0 &&
	       paths_same_status(&here, &there) && S_ISREG(here.st_mode) && here.st_nlink == 1 &&
	       (made || here.st_uid == geteuid());
}

/* NAME.unfinished, new or left by a run that was killed, locked: a descriptor, or -1 if another
 * run holds it or this run names it. */
static int open_unfinished(const char *path)
{
	struct stat status;
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	bool made = descriptor >= 0;
	if (!made)
		descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
	if (descriptor < 0)
		return -1;
	bool locked = flock(descriptor, LOCK_EX | LOCK_NB) == 0,
	     no_locks = !locked && errno != EWOULDBLOCK;
	bool ours = locked && is_ours(descriptor, path, made),
	     keep = ours && fstat(descriptor, &status) == 0 && paths_is_named(&status);
	if (ours && !keep)
		return descriptor;
	if (made && (keep || no_locks)) /* kept is a name, and there was no such file */
		unlink(path);
	close(descriptor);
	return -1;
}

/* The file's name with that end, cut where it would be too long. */
static char *name_beside(const char *path, const char *end)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	size_t kept = size_min(strlen(last), NAME_MAX - strlen(end));
	return mem_text("%.*s%s", (int)((size_t)(last - path) + kept), path, end);
}

/* A temporary name of its own, for when another run writes the file of this name or the file
 * system has no locks. */
static int create_temporary(struct output *out)
{
	out->temporary = name_beside(out->path, ".unfinished");
	if (!out->temporary)
		return -1;
	int descriptor = open_unfinished(out->temporary);
	if (descriptor >= 0)
		return descriptor;
	free(out->temporary);
	out->temporary = name_beside(out->path, ".XXXXXX");
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

/* What a file system does not have is not asked of it. */
static bool is_unsupported(int error)
{
	return error == EINVAL || error == EROFS || error == EOPNOTSUPP || error == ENOSYS;
}

static int open_temporary(struct output *out, const char *path, mode_t mode)
{
	while (out->slot < OPEN_MAX_TEMPORARIES && temporaries[out->slot])
		out->slot++;
	if (out->slot == OPEN_MAX_TEMPORARIES)
		return err_set("%s: too many outputs at once", path);
	/* the file that a link names is replaced and not the link */
	out->path = paths_final(path);
	if (!out->path)
		return -1;
	out->lock = -1;
	int descriptor = create_temporary(out);
	if (descriptor < 0)
		return -1;
	temporaries[out->slot] = out->temporary;
	if (ftruncate(descriptor, 0) < 0 ||
	    (fchmod(descriptor, mode) < 0 && errno != EPERM && !is_unsupported(errno)) ||
	    (out->lock = dup(descriptor)) < 0 || !(out->stream = fdopen(descriptor, "wb"))) {
		err_errno("%s", path);
		close(descriptor);
		unlink(out->temporary);
		return -1;
	}
	return 0;
}

static int sync_descriptor(int descriptor)
{
	return fsync(descriptor) < 0 && !is_unsupported(errno) ? -1 : 0;
}

static int open_descriptor(struct output *out, int number)
{
	out->standard = number == STDOUT_FILENO;
	int descriptor = out->standard ? number : dup(number);
	out->stream = out->standard ? stdout : descriptor < 0 ? NULL : fdopen(descriptor, "wb");
	if (out->stream)
		return 0;
	err_errno("%s", out->name);
	if (descriptor >= 0)
		close(descriptor);
	return -1;
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
			return open_temporary(out, path, status.st_mode & 0777);
		}
		out->stream = fopen(path, "wb");
		return out->stream ? 0 : err_errno("%s", path);
	}
	if (errno != ENOENT)
		return err_errno("%s", path);
	out->is_new = true;
	return open_temporary(out, path, 0666 & ~mask);
}

static int refuse_terminal(const char *name)
{
	return err_usage("%s: binary data to a terminal; use a pipe, > file or -o file", name);
}

int output_check(const char *option, const char *path, bool binary)
{
	struct stat status;
	int descriptor = paths_descriptor(path);
	if (paths_claim(option, path) < 0)
		return -1;
	if (descriptor >= 0) {
		if (fcntl(descriptor, F_GETFL) < 0)
			return err_errno("%s", path ? path : "standard output");
		return binary && isatty(descriptor)
			   ? refuse_terminal(path ? path : "standard output")
			   : 0;
	}
	bool there = stat(path, &status) == 0;
	if (there ? access(path, W_OK) < 0 : errno != ENOENT)
		return err_errno("%s", path);
	if (there && !S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? err_set("%s: is a folder", path) : 0;
	/* the temporary beside it */
	char *folder = paths_final(path);
	if (!folder)
		return -1;
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	int result = access(slash ? folder : ".", W_OK | X_OK) < 0 ? err_errno("%s", path) : 0;
	free(folder);
	return result;
}

struct output *output_open(const char *path, bool binary)
{
	int descriptor = paths_descriptor(path);
	struct output *out = mem_alloc(1, sizeof *out);
	if (!out)
		return NULL;
	out->name = mem_text("%s", descriptor == STDOUT_FILENO ? "standard output" : path);
	if (!out->name || paths_claim(NULL, path) < 0 ||
	    (descriptor < 0 ? open_path(out, path) : open_descriptor(out, descriptor)) < 0) {
		release(out);
		return NULL;
	}
	if (binary && isatty(fileno(out->stream))) {
		refuse_terminal(out->name);
		output_abandon(out);
		return NULL;
	}
	return out;
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
	int status = sync_descriptor(descriptor) < 0 ? err_errno("%s", path) : 0;
	close(descriptor);
	return status;
}

struct output *output_grow(const char *path, size_t length)
{
	struct stat status;
	int number = paths_descriptor(path);
	bool there = number >= 0 || stat(path, &status) == 0;
	struct output *out = mem_alloc(1, sizeof *out);
	if (!out)
		return NULL;
	out->name = mem_text("%s", path);
	if (!out->name)
		goto fail;
	if (number >= 0) {
		if (open_descriptor(out, number) < 0)
			goto fail;
		return out;
	}
	if (!there && length > 0) {
		err_set("%s: is missing; it had %zu bytes", path, length);
		goto fail;
	}
	out->stream = fopen(path, "ab");
	if (!out->stream || fstat(fileno(out->stream), &status) < 0) {
		err_errno("%s", path);
		goto fail;
	}
	out->grows = S_ISREG(status.st_mode);
	if (!out->grows)
		return out;
	if (flock(fileno(out->stream), LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		err_set("%s: another run is writing it", path);
	else if ((size_t)status.st_size < length)
		err_set("%s: is shorter than the %zu bytes it had", path, length);
	else if (ftruncate(fileno(out->stream), (off_t)length) < 0)
		err_errno("%s", path);
	else if (there || output_sync_folder(path) == 0)
		return out;
fail:
	output_abandon(out);
	return NULL;
}

int output_length(struct output *out, size_t *length)
{
	struct stat status;
	if (output_flush(out) < 0)
		return -1;
	if (sync_descriptor(fileno(out->stream)) < 0 || fstat(fileno(out->stream), &status) < 0)
		return err_errno("%s", out->name);
	*length = out->grows ? (size_t)status.st_size : 0;
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

/* Into a file that cannot be replaced, as one that something is mounted on. */
static int copy_over(const struct output *out)
{
	char piece[65536];
	int from = open(out->temporary, O_RDONLY), to = open(out->path, O_WRONLY | O_TRUNC);
	ssize_t n = from < 0 || to < 0 ? -1 : 0;
	while (n >= 0 && (n = read(from, piece, sizeof piece)) > 0) {
		for (ssize_t done = 0, put; n > 0 && done < n; done += put) {
			if ((put = write(to, piece + done, (size_t)(n - done))) < 0) {
				n = -1;
				break;
			}
		}
	}
	int status = n < 0 || sync_descriptor(to) < 0 ? err_errno("%s", out->name) : 0;
	if (from >= 0)
		close(from);
	if (to >= 0 && close(to) < 0 && status == 0)
		status = err_errno("%s", out->name);
	unlink(out->temporary);
	return status;
}

static int put_in_place(const struct output *out)
{
	if (rename(out->temporary, out->path) == 0)
		return 0;
	int status = errno == EBUSY || errno == EXDEV ? copy_over(out) : err_errno("%s", out->name);
	if (status < 0)
		unlink(out->temporary);
	return status;
}

int output_commit(void)
{
	int status = 0;
	struct output *done = NULL, *next;
	for (; finished; finished = next) {
		next = finished->next;
		if (status == 0)
			status = put_in_place(finished);
		else
			unlink(finished->temporary);
		finished->next = done;
		done = finished;
		forget(finished);
	}
	/* what is new goes with the one that failed; what was replaced is */
	for (; done; done = next) {
		next = done->next;
		if (status < 0 && done->is_new)
			unlink(done->path);
		release(done);
	}
	return status;
}

int output_close(struct output *out)
{
	int status = output_flush(out);
	if (status == 0 && out->temporary && sync_descriptor(fileno(out->stream)) < 0)
		status = err_errno("%s", out->name);
	/* closing standard output too: some file systems report a full disk only then */
	if (fclose(out->stream) != 0 && status == 0)
		status = err_errno("%s", out->name);
	if (status == 0 && out->temporary) {
		struct output **last = &finished;
		while (*last)
			last = &(*last)->next;
		*last = out;
		return holding ? 0 : output_commit();
	}
	if (out->temporary)
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
