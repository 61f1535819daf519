/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks of 256 numbers packed at one width, in eight interleaved lanes: number i stands in lane
 * i % 8, row i / 8; each lane is a little-endian bit string of its rows, cut into 32-bit words, and
 * word w of lane l is the (8 w + l)-th of the block. So eight numbers unpack with the same shifts.
 */
#ifndef GS_SIMD_BITPACK_H
#define GS_SIMD_BITPACK_H

#include <stddef.h>
#include <stdint.h>

#define GS_BITPACK_NUMBERS 256u
#define GS_BITPACK_LANES 8u

/* Bytes that the first `count` (1 to 256) numbers take: a multiple of 32. */
static inline size_t gs_bitpack_bytes(uint32_t count, unsigned bits)
{
    uint32_t rows = (count + GS_BITPACK_LANES - 1) / GS_BITPACK_LANES;
    return (size_t)((rows * bits + 31) / 32) * 4 * GS_BITPACK_LANES;
}

/* Packs 256 numbers below 2^bits (bits 0 to 32); writes gs_bitpack_bytes(256, bits) bytes, of which
 * the caller keeps as many as its count needs. */
void gs_bitpack(const uint32_t in[GS_BITPACK_NUMBERS], unsigned bits, uint8_t *out);

/* Unpacks gaps and sums them up from `first` on: out[0] = first + gap 0, and so on, modulo 2^32.
 * Reads gs_bitpack_bytes(256, bits) bytes. */
void gs_bitunpack_sum(const uint8_t *in, unsigned bits, uint32_t first,
                      uint32_t out[GS_BITPACK_NUMBERS]);

#endif
