/* Memory whose sizes are checked once, here. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* The product in *product; -1 with a reason where it exceeds SIZE_MAX / 2. */
int mem_multiply(size_t a, size_t b, size_t *product) __attribute__((warn_unused_result));

/* count elements of size bytes, zeroed and aligned to 64 bytes (FFTW's new-array execution and SIMD
 * rely on it); never NULL for count = 0. NULL with a reason on failure. Free with free(). */
void *mem_alloc(size_t count, size_t size) __attribute__((warn_unused_result));

/* Enlarge *array (allocated by malloc/realloc or NULL, *capacity elements) so that it holds at least
 * count elements, doubling. 0 or -1; on failure the array stays as it was. The new part is not zeroed. */
int mem_grow(void **array, size_t *capacity, size_t count, size_t size)
    __attribute__((warn_unused_result));

/* A copy of text, freed with free(); NULL with a reason. */
char *mem_text(const char *format, ...) __attribute__((format(printf, 1, 2), warn_unused_result));

#endif
