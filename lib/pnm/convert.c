/* JPEG and PNG by Netpbm's programs: see convert.h. */
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/error.h"
#include "base/number.h"
#include "base/spool.h"
#include "pnm/convert.h"

extern char **environ;

/* The first line that a program said, without its name. */
static void first_line(FILE *said, const char *name, char *line, int size)
{
	size_t n = strlen(name);
	rewind(said);
	if (!fgets(line, size, said))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, name, n) == 0 && strncmp(line + n, ": ", 2) == 0)
		memmove(line, line + n + 2, strlen(line + n + 2) + 1);
}

static int run(char *const *argv, FILE *in, FILE *out, FILE *said, int *status)
{
	posix_spawn_file_actions_t actions;
	pid_t child;
	if (lseek(fileno(in), 0, SEEK_SET) < 0)
		return err_errno("%s", spool_name());
	if (posix_spawn_file_actions_init(&actions) != 0)
		return err_set("memory: no room to run %s", argv[0]);
	int failed = posix_spawn_file_actions_adddup2(&actions, fileno(in), STDIN_FILENO);
	failed = failed ? failed
			: posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
	failed = failed ? failed
			: posix_spawn_file_actions_adddup2(&actions, fileno(said), STDERR_FILENO);
	failed = failed ? failed : posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failed) {
		errno = failed;
		return err_errno("%s, which netpbm installs", argv[0]);
	}
	while (waitpid(child, status, 0) < 0) {
		if (errno != EINTR)
			return err_errno("%s", argv[0]);
	}
	return 0;
}

int pnm_convert(char *const *argv, FILE *in, FILE *out)
{
	char line[256];
	int status = 0;
	FILE *said = spool_open();
	if (!said)
		return -1;
	int result = run(argv, in, out, said, &status);
	if (result == 0 && status != 0) {
		first_line(said, argv[0], line, sizeof line);
		err_set("%s: %s", argv[0], *line ? line : "failed");
		result = 1;
	}
	fclose(said);
	return result;
}

/* `in` by a program to a file of its own; in is closed. */
static FILE *convert(char *const *argv, FILE *in)
{
	FILE *out = spool_open();
	int status = out ? pnm_convert(argv, in, out) : 0;
	if (status > 0)
		err_context("broken or cut off");
	if (status) {
		fclose(out);
		out = NULL;
	}
	fclose(in);
	if (out)
		rewind(out);
	return out;
}

static unsigned number(const unsigned char *x, size_t bytes, bool little)
{
	unsigned value = 0;
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | x[little ? bytes - 1 - i : i];
	return value;
}

/* EXIF's orientation, 1 to 8, of a JPEG file: tag 0x112 of the first directory of an APP1 segment. 1 without one. */
static unsigned orientation(FILE *file)
{
	unsigned char x[65536], mark[4];
	rewind(file);
	if (fread(mark, 1, 2, file) != 2)
		return 1;
	while (fread(mark, 1, 4, file) == 4 && mark[0] == 0xff && mark[1] != 0xda) {
		size_t n = number(mark + 2, 2, false);
		if (n < 2 || fread(x, 1, n - 2, file) != n - 2)
			return 1;
		n -= 2;
		if (mark[1] != 0xe1 || n < 14 || memcmp(x, "Exif\0", 6) != 0)
			continue;
		const unsigned char *tiff = x + 6;
		bool little = tiff[0] == 'I';
		size_t at = number(tiff + 4, 4, little);
		n -= 6;
		if (at + 2 > n)
			return 1;
		size_t entries = number(tiff + at, 2, little);
		for (at += 2; entries > 0 && at + 12 <= n; entries--, at += 12) {
			unsigned value = number(tiff + at + 8, 2, little);
			if (number(tiff + at, 2, little) == 0x112 && value >= 1 && value <= 8)
				return value;
		}
		return 1;
	}
	return 1;
}

FILE *pnm_decode(FILE *file)
{
	/* what pamflip does to a picture of that orientation; 1 is upright */
	static char *const turns[] = {NULL, NULL, "-leftright", "-rotate180", "-topbottom",
	    "-transpose", "-rotate270", "-xform=transpose,leftright,topbottom", "-rotate90"};
	char piece[16384], *jpeg[] = {"jpegtopnm", "-quiet", NULL},
			   *png[] = {"pngtopam", "-quiet", NULL};
	int first = getc(file);
	size_t got;
	if (first != EOF)
		ungetc(first, file);
	if (first != 0xff && first != 0x89)
		return file;
	FILE *copy = spool_open();
	while (copy && (got = fread(piece, 1, sizeof piece, file)) > 0) {
		if (fwrite(piece, 1, got, copy) != got || fflush(copy) != 0) {
			err_errno("%s", spool_name());
			fclose(copy);
			copy = NULL;
		}
	}
	bool failed = ferror(file);
	if (file != stdin) /* descriptor 0 must not become a spool's */
		fclose(file);
	if (!copy)
		return NULL;
	if (failed) {
		err_errno("reading it");
		fclose(copy);
		return NULL;
	}
	unsigned turn = first == 0xff ? orientation(copy) : 1;
	FILE *out = convert(first == 0xff ? jpeg : png, copy);
	char *flip[] = {"pamflip", turns[turn], NULL};
	return out && turn > 1 ? convert(flip, out) : out;
}
