/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout of bitpack.h in portable C. The width is a constant in every instance of the inner
 * loop, which lets the compiler turn the lane loops into vector instructions.
 */
#include "common/simd/bitpack.h"

#include <string.h>

#define ROWS (GS_BITPACK_NUMBERS / GS_BITPACK_LANES)

void gs_bitpack(const uint32_t in[GS_BITPACK_NUMBERS], unsigned bits, uint8_t *out)
{
    uint32_t words[ROWS * GS_BITPACK_LANES] = {0};
    for (unsigned row = 0; row < ROWS; row++) {
        unsigned bit = row * bits;
        for (unsigned lane = 0; lane < GS_BITPACK_LANES && bits; lane++) {
            uint64_t value = (uint64_t)in[row * GS_BITPACK_LANES + lane] << (bit % 32);
            words[bit / 32 * GS_BITPACK_LANES + lane] |= (uint32_t)value;
            if (bit % 32 + bits > 32)
                words[(bit / 32 + 1) * GS_BITPACK_LANES + lane] |= (uint32_t)(value >> 32);
        }
    }
    memcpy(out, words, gs_bitpack_bytes(GS_BITPACK_NUMBERS, bits));
}

static inline uint32_t load_word(const uint8_t *in, unsigned word, unsigned lane)
{
    uint32_t value;
    memcpy(&value, in + 4 * (word * GS_BITPACK_LANES + lane), sizeof(value));
    return value;
}

static inline __attribute__((always_inline)) void unpack(const uint8_t *restrict in,
                                                         uint32_t *restrict out,
                                                         const unsigned bits)
{
    const uint32_t mask = bits == 32 ? UINT32_MAX : (1u << bits) - 1;
    for (unsigned row = 0; row < ROWS; row++) {
        const unsigned word = row * bits / 32, shift = row * bits % 32;
        for (unsigned lane = 0; lane < GS_BITPACK_LANES; lane++) {
            uint32_t value = load_word(in, word, lane) >> shift;
            if (shift + bits > 32)
                value |= load_word(in, word + 1, lane) << (32 - shift);
            out[row * GS_BITPACK_LANES + lane] = value & mask;
        }
    }
}

void gs_bitunpack_sum(const uint8_t *in, unsigned bits, uint32_t first,
                      uint32_t out[GS_BITPACK_NUMBERS])
{
    switch (bits) {
#define WIDTH(b)                                                                                   \
    case b:                                                                                        \
        unpack(in, out, b);                                                                        \
        break;
        WIDTH(1) WIDTH(2) WIDTH(3) WIDTH(4) WIDTH(5) WIDTH(6) WIDTH(7) WIDTH(8)
        WIDTH(9) WIDTH(10) WIDTH(11) WIDTH(12) WIDTH(13) WIDTH(14) WIDTH(15) WIDTH(16)
        WIDTH(17) WIDTH(18) WIDTH(19) WIDTH(20) WIDTH(21) WIDTH(22) WIDTH(23) WIDTH(24)
        WIDTH(25) WIDTH(26) WIDTH(27) WIDTH(28) WIDTH(29) WIDTH(30) WIDTH(31) WIDTH(32)
#undef WIDTH
    default:
        memset(out, 0, GS_BITPACK_NUMBERS * sizeof(*out));
    }
    for (unsigned i = 0; i < GS_BITPACK_NUMBERS; i++) {
        first += out[i];
        out[i] = first;
    }
}
