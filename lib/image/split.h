/* Which images are held out for validation: one rule for --part and for train-v1's --validate. */
#ifndef IMAGE_SPLIT_H
#define IMAGE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of every `one_in` consecutive images of a class, exactly one is for validation; a hash of
 * (class, block of one_in images) decides which one. index: the image's number within its class, from
 * 0. one_in >= 1 (1: all). */
bool split_is_validation(uint64_t class, uint64_t index, uint64_t one_in);

/* one_in for --part train|validation */
#define SPLIT_PART 10

#endif
