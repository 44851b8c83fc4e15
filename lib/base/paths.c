/* Files named twice: see paths.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/paths.h"

#define LINKS_MAX 40 /* one after the other, as Linux has it */

bool paths_same_status(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The folder part of a name, with its slash; "" for none. */
static int folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (int)(slash - path) + 1 : 0;
}

char *paths_final(const char *path)
{
	char *name = realpath(path, NULL), target[PATH_MAX];
	if (name || errno != ENOENT) {
		if (!name)
			err_errno("%s", path);
		return name;
	}
	name = mem_text("%s", path);
	for (size_t links = 0; name; links++) {
		ssize_t n = readlink(name, target, sizeof target - 1);
		if (n < 0)
			return name;
		if (links == LINKS_MAX) {
			free(name);
			errno = ELOOP;
			err_errno("%s", path);
			return NULL;
		}
		target[n] = '\0';
		char *next =
		    mem_text("%.*s%s", *target == '/' ? 0 : folder_length(name), name, target);
		free(name);
		name = next;
	}
	return NULL;
}

/* Two names of files that are not there: the same last component in the same folder. */
static bool same_new(const char *a, const char *b)
{
	const char *names[2] = {a, b};
	char *final[2] = {NULL, NULL};
	struct stat folder[2];
	bool same = true;
	for (size_t i = 0; i < 2 && same; i++) {
		final[i] = paths_final(names[i]);
		char *parent =
		    final[i] ? mem_text("%.*s.", folder_length(final[i]), final[i]) : NULL;
		same = parent && stat(parent, &folder[i]) == 0;
		free(parent);
	}
	same = same && paths_same_status(&folder[0], &folder[1]) &&
	       strcmp(final[0] + folder_length(final[0]), final[1] + folder_length(final[1])) == 0;
	free(final[0]);
	free(final[1]);
	return same || strcmp(a, b) == 0;
}

bool paths_same(const char *a, const char *b)
{
	struct stat status[2];
	bool there[2] = {stat(a, &status[0]) == 0, stat(b, &status[1]) == 0};
	if (there[0] != there[1])
		return false;
	if (!there[0])
		return same_new(a, b);
	return S_ISREG(status[0].st_mode) && paths_same_status(&status[0], &status[1]);
}

int paths_descriptor(const char *path)
{
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
	if (!path || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
		return STDOUT_FILENO;
	if (strcmp(path, "/dev/stderr") == 0)
		return STDERR_FILENO;
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(folders[i]);
		const char *digits = path + n;
		if (strncmp(path, folders[i], n) == 0 && *digits && strlen(digits) < 9 &&
		    !digits[strspn(digits, "0123456789")])
			return atoi(digits);
	}
	return -1;
}

static const struct paths_use *named;
static size_t named_count;
static struct claim {
	char *option, *path;
} * claims;
static size_t claims_count, claims_capacity;

void paths_name(const struct paths_use *uses, size_t count)
{
	named = uses;
	named_count = count;
}

bool paths_is_named(const struct stat *status)
{
	struct stat other;
	bool found = fstat(STDIN_FILENO, &other) == 0 && paths_same_status(status, &other);
	for (size_t i = 0; i < named_count && !found; i++)
		found = stat(named[i].path, &other) == 0 && paths_same_status(status, &other);
	return found;
}

int paths_claim(const char *option, const char *path)
{
	int descriptor = paths_descriptor(path);
	for (size_t i = 0; i < named_count && !option; i++)
		option = named[i].path == path ? named[i].option : NULL;
	if (!option)
		option = path ? path : "--output";
	for (size_t i = 0; i < named_count && descriptor < 0; i++) {
		if (named[i].path == path || !paths_same(named[i].path, path))
			continue;
		return named[i].option
			   ? err_usage("%s: %s is the file of %s", option, path, named[i].option)
			   : err_usage("%s: %s is to be read", option, path);
	}
	for (size_t i = 0; i < claims_count; i++) {
		const struct claim *c = &claims[i];
		int other = paths_descriptor(c->path);
		if (descriptor >= 0 ? other != descriptor
				    : other >= 0 || !paths_same(c->path, path))
			continue;
		if (strcmp(c->option, option) == 0)
			return 0;
		return descriptor >= 0
			   ? err_usage("%s: named for two outputs",
				 descriptor == STDOUT_FILENO ? "standard output" : path)
			   : err_usage("%s: %s is the file of %s", option, path, c->option);
	}
	struct claim claim = {mem_text("%s", option), mem_text("%s", path ? path : "-")};
	if (!claim.option || !claim.path ||
	    mem_grow((void **)&claims, &claims_capacity, claims_count + 1, sizeof *claims) < 0) {
		free(claim.option);
		free(claim.path);
		return -1;
	}
	claims[claims_count++] = claim;
	return 0;
}
