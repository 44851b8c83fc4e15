/* Hash and CRC: see hash.h. */
#include "base/hash.h"

uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes)
{
	const unsigned char *byte = data;
	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3u;
	return hash;
}

uint32_t hash_crc(uint32_t crc, const void *data, size_t bytes)
{
	const unsigned char *byte = data;
	crc = ~crc;
	for (size_t i = 0; i < bytes; i++) {
		crc ^= byte[i];
		/* four bits at a time: the remainders of 0..15 */
		static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		    0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344,
		    0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}
