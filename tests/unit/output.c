/* output_open's temporary: taken over from a run that was killed, never from one that is writing, never another file. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#ifdef __linux__
#include <sys/fsuid.h>
#endif
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/output.h"
#include "base/paths.h"
#include "check.h"

#define UNFINISHED "result.unfinished"

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");
	if (CHECK(file))
		CHECK(fputs(text, file) >= 0 && fclose(file) == 0);
}

static bool holds(const char *path, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(path, "rb");
	if (!file)
		return false;
	size_t n = fread(found, 1, sizeof found - 1, file);
	fclose(file);
	return n == strlen(text) && strcmp(found, text) == 0;
}

/* "result" is written whole, whatever lies beside it; is something called result.unfinished there afterwards? */
static bool write_result(void)
{
	struct output *out = output_open("result", false);
	if (CHECK(out)) {
		CHECK(output_write(out, "new", 3) == 0);
		CHECK(output_close(out) == 0);
	}
	CHECK(holds("result", "new"));
	struct stat status;
	return lstat(UNFINISHED, &status) == 0;
}

/* Killed in the middle of writing: the next run leaves nothing. */
static void killed(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct output *out = output_open("result", false);
		if (out && output_write(out, "half of a long result", 21) == 0 &&
		    output_flush(out) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	int status = 0;
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	CHECK(holds(UNFINISHED, "half of a long result") && access("result", F_OK) < 0);
	CHECK(!write_result());
}

/* Files that get another owner than who writes them, as where a server squashes ids: needs Linux and root. */
static void squashed(void)
{
#ifdef __linux__
	enum { NOBODY = 65534 };
	if (geteuid() != 0) {
		printf("# not root: files of another owner were not tried\n");
		return;
	}
	CHECK(chmod(".", 0777) == 0);
	setfsuid(NOBODY);
	if (setfsuid(NOBODY) == NOBODY) {
		CHECK(!write_result());
		struct stat status;
		CHECK(stat("result", &status) == 0 && status.st_uid == NOBODY);
	} else {
		printf("# no id %d: files of another owner were not tried\n", NOBODY);
	}
	setfsuid(0);
	/* what another user left is not taken over */
	put(UNFINISHED, "of another");
	if (chown(UNFINISHED, NOBODY, (gid_t)-1) == 0)
		CHECK(write_result() && holds(UNFINISHED, "of another"));
	CHECK(unlink(UNFINISHED) == 0);
#endif
}

int main(void)
{
	char folder[] = "/tmp/output.XXXXXX";
	if (!CHECK(mkdtemp(folder) && chdir(folder) == 0))
		return check_end();
	CHECK(!write_result());
	CHECK(unlink("result") == 0);
	killed();
	/* given up: nothing new, nothing left */
	struct output *out = output_open("result", false);
	CHECK(out && holds(UNFINISHED, "") && output_write(out, "x", 1) == 0);
	output_abandon(out);
	CHECK(holds("result", "new") && access(UNFINISHED, F_OK) < 0);

	/* another run writes it now */
	put(UNFINISHED, "of another");
	int other = open(UNFINISHED, O_RDONLY);
	CHECK(other >= 0 && flock(other, LOCK_EX) == 0);
	CHECK(write_result() && holds(UNFINISHED, "of another"));
	close(other);
	CHECK(!write_result());
	/* and our own lock holds until the rename: a second run does not write into the first one's file */
	out = output_open("result", false);
	other = open(UNFINISHED, O_RDONLY);
	CHECK(out && other >= 0 && flock(other, LOCK_EX | LOCK_NB) < 0);
	CHECK(output_close(out) == 0);
	CHECK(flock(other, LOCK_EX | LOCK_NB) == 0);
	close(other);

	/* names of other files, and what is no file */
	put("precious", "keep me");
	CHECK(symlink("precious", UNFINISHED) == 0);
	CHECK(write_result() && holds("precious", "keep me"));
	CHECK(unlink(UNFINISHED) == 0 && link("precious", UNFINISHED) == 0);
	CHECK(write_result() && holds("precious", "keep me"));
	CHECK(unlink(UNFINISHED) == 0 && mkfifo(UNFINISHED, 0600) == 0);
	CHECK(write_result());
	CHECK(unlink(UNFINISHED) == 0 && mkdir(UNFINISHED, 0700) == 0);
	CHECK(write_result() && rmdir(UNFINISHED) == 0);
	/* what this run is to read, by another name, and a name of nothing: the one stays, the other is not made */
	put(UNFINISHED, "to be read");
	CHECK(symlink(UNFINISHED, "input") == 0);
	static const struct paths_use named[] = {{NULL, "nothing"}, {NULL, "input"}},
				      nothing[] = {{NULL, UNFINISHED}};
	paths_name(named, 2);
	CHECK(write_result() && holds(UNFINISHED, "to be read"));
	CHECK(unlink(UNFINISHED) == 0 && unlink("input") == 0);
	paths_name(nothing, 1);
	CHECK((out = output_open("result", false)) && access(UNFINISHED, F_OK) < 0 &&
	      output_close(out) == 0);
	paths_name(NULL, 0);
	squashed();
	/* the folder has these two files, no temporary of any other name */
	CHECK(unlink("precious") == 0 && unlink("result") == 0 && chdir("/") == 0 &&
	      rmdir(folder) == 0);
	return check_end();
}
