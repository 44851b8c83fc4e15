/* Memory whose sizes are checked once: see memory.h. */
#define _DEFAULT_SOURCE /* madvise */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"

#define ALIGNMENT 64
/* From this size on memory comes in large pages where the system has them: transforms walk through it in steps that
 * would need another small page each. */
#define LARGE ((size_t)4 << 20)
#define LARGE_PAGE ((size_t)2 << 20)

int mem_multiply(size_t a, size_t b, size_t *product)
{
	if (__builtin_mul_overflow(a, b, product) || *product > SIZE_MAX / 2)
		return err_set("memory: %zu times %zu is too large", a, b);
	return 0;
}

/* Zero bytes that begin on a page. On Linux whole pages are given back and come as zeros when they are first touched, so that
 * memory grows with the data that come and not with what a header claims. */
static void clear(unsigned char *memory, size_t bytes)
{
	size_t given_back = 0;
#ifdef __linux__
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = bytes / page * page;
	if (pages && madvise(memory, pages, MADV_DONTNEED) == 0)
		given_back = pages;
#endif
	memset(memory + given_back, 0, bytes - given_back);
}

void *mem_alloc(size_t count, size_t size)
{
	size_t bytes;
	if (mem_multiply(count, size, &bytes) < 0)
		return NULL;
	size_t alignment = bytes >= LARGE ? LARGE_PAGE : ALIGNMENT;
	bytes = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
	void *memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
	if (!memory) {
		err_set("memory: no room for %zu bytes", bytes);
		return NULL;
	}
	if (bytes < LARGE)
		return memset(memory, 0, bytes);
#ifdef MADV_HUGEPAGE
	madvise(memory, bytes, MADV_HUGEPAGE); /* no matter if it is refused */
#endif
	clear(memory, bytes);
	return memory;
}

int mem_grow(void **array, size_t *capacity, size_t count, size_t size)
{
	if (count <= *capacity)
		return 0;
	size_t room = *capacity ? *capacity : 16, bytes;
	while (room < count) {
		if (mem_multiply(room, 2, &room) < 0)
			return -1;
	}
	if (mem_multiply(room, size, &bytes) < 0)
		return -1;
	void *larger = realloc(*array, bytes);
	if (!larger)
		return err_set("memory: no room for %zu bytes", bytes);
	*array = larger;
	*capacity = room;
	return 0;
}

char *mem_text(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *text = length < 0 ? NULL : malloc((size_t)length + 1);
	if (!text) {
		err_set("memory: no room for a text");
		return NULL;
	}
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}
