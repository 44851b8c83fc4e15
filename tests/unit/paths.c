/* One file by two names. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/paths.h"
#include "check.h"

static void touch(const char *path)
{
	FILE *file = fopen(path, "w");
	CHECK(file && fclose(file) == 0);
}

int main(void)
{
	char folder[] = "/tmp/v1pipe-paths.XXXXXX";
	if (!CHECK(mkdtemp(folder) && chdir(folder) == 0))
		return check_end();
	touch("a");
	touch("b");
	CHECK(symlink("a", "soft") == 0 && link("a", "hard") == 0 && mkdir("sub", 0777) == 0 && mkfifo("fifo", 0666) == 0);
	CHECK(paths_same("a", "a") && paths_same("a", "./a") && paths_same("a", "sub/../a"));
	CHECK(paths_same("a", "soft") && paths_same("hard", "soft") && !paths_same("a", "b"));
	CHECK(paths_same("new", "new") && paths_same("new", "./new") && paths_same("sub/new", "sub/../sub/new"));
	CHECK(!paths_same("new", "sub/new") && !paths_same("new", "newer") && !paths_same("a", "new"));
	CHECK(!paths_same("fifo", "fifo") && !paths_same("/dev/null", "/dev/null"));
	const struct paths_use uses[] = {{"--log", "./a", true}, {"--init", NULL, false}, {NULL, "-", false},
	    {"--output", "new", true}, {NULL, "soft", false}, {"--checkpoint", "sub/../new", true}};
	CHECK(paths_check(uses, 4) == 0);
	CHECK(paths_check(uses, 5) < 0 && strstr(err_reason(), "--log: ./a is to be read") && err_status() == STATUS_USAGE);
	CHECK(paths_check(uses + 3, 3) < 0 && strstr(err_reason(), "--output: new is the file of --checkpoint"));
	static const char *const names[] = {"a", "b", "soft", "hard", "fifo"};
	for (size_t i = 0; i < 5; i++)
		unlink(names[i]);
	CHECK(rmdir("sub") == 0 && rmdir(folder) == 0);
	return check_end();
}
