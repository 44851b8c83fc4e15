/* The lesser and the greater of two sizes. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stddef.h>

static inline size_t size_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
	return a > b ? a : b;
}

#endif
