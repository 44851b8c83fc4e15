/*
 * Loaded into a tool by LD_PRELOAD: one allocation of those after the start of main fails.
 *
 *	FAIL_AT=n        the n-th, from 1
 *	FAIL_ON=1        and all after it
 *	FAIL_COUNT=file  at exit write there how many there were
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* glibc's own, which need no dlsym, as that allocates */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_ulong calls;
static unsigned long at;
static bool counting, on;

/* after those of all libraries that the tool is linked with */
__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("FAIL_AT");
	at = text ? strtoul(text, NULL, 10) : 0;
	on = getenv("FAIL_ON");
	counting = true;
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAIL_COUNT");
	counting = false;
	FILE *file = path ? fopen(path, "w") : NULL;
	if (file) {
		fprintf(file, "%lu\n", (unsigned long)calls);
		fclose(file);
	}
}

static bool fails(void)
{
	if (!counting)
		return false;
	unsigned long call = atomic_fetch_add(&calls, 1) + 1;
	if (!at || (on ? call < at : call != at))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	void *got = memalign(alignment, size);
	if (!got)
		return ENOMEM;
	*memory = got;
	return 0;
}
