/* Checks of content: a 64-bit hash to tell data apart, a CRC to notice damage. Neither is cryptographic. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START 0xcbf29ce484222325u

/* FNV-1a of the bytes, after those that gave `hash` (HASH_START at first). */
uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes);

/* CRC-32 (IEEE 802.3) of the bytes, after those that gave `crc` (0 at first). */
uint32_t hash_crc(uint32_t crc, const void *data, size_t bytes);

#endif
