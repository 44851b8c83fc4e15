/* Why a fit is not accepted, a set of bits, as text. */
#ifndef FIT_REASONS_H
#define FIT_REASONS_H

#include <stddef.h>

#define REASONS_SIZE 96

/* The words of the bits that are set, joined by commas; "-" for none. Gives text. */
const char *reasons_text(
    unsigned reasons, const char *const *words, size_t count, char text[static REASONS_SIZE]);

#endif
