/* Files named twice: see paths.h. */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/paths.h"

bool paths_same_status(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Two names of files that are not there: the same last component in the same folder. */
static bool same_new(const char *a, const char *b)
{
	/* basename and dirname may write into what they are given */
	char *copies[4] = {mem_text("%s", a), mem_text("%s", b), mem_text("%s", a), mem_text("%s", b)};
	bool same = false;
	if (copies[0] && copies[1] && copies[2] && copies[3] && strcmp(basename(copies[0]), basename(copies[1])) == 0) {
		struct stat folder[2];
		same = stat(dirname(copies[2]), &folder[0]) == 0 && stat(dirname(copies[3]), &folder[1]) == 0 &&
		       paths_same_status(&folder[0], &folder[1]);
	}
	for (size_t i = 0; i < 4; i++)
		free(copies[i]);
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

static bool is_file(const char *path)
{
	return path && strcmp(path, "-") != 0;
}

int paths_check(const struct paths_use *uses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; uses[i].written && is_file(uses[i].path) && j < count; j++) {
			if (j == i || !is_file(uses[j].path) || !paths_same(uses[i].path, uses[j].path))
				continue;
			if (uses[j].option)
				return err_usage("%s: %s is the file of %s", uses[i].option, uses[i].path,
				    uses[j].option);
			return err_usage("%s: %s is to be read", uses[i].option, uses[i].path);
		}
	}
	return 0;
}
