/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/simd/bitpack.c against the layout as bitpack.h words it: one bit at a time.
 */
#include "common/simd/bitpack.h"

#include <string.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define GUARD 0xa5

/* Bit `b` of number `i`: lane i % 8, row i / 8; word w of lane l is the (8w + l)-th. */
static unsigned bit_of(const uint8_t *packed, unsigned i, unsigned bits, unsigned b)
{
    unsigned at = i / 8 * bits + b;
    unsigned byte = (at / 32 * 8 + i % 8) * 4 + at % 32 / 8;
    return packed[byte] >> (at % 8) & 1;
}

static void draw(uint32_t in[GS_BITPACK_NUMBERS], unsigned bits, uint64_t *seed)
{
    for (unsigned i = 0; i < GS_BITPACK_NUMBERS; i++) {
        uint64_t number = gs_test_random(seed);
        in[i] = bits == 0 ? 0 : (uint32_t)(number >> (64 - bits));
        if (number % 7 == 0 && bits)
            in[i] = (uint32_t)((1ull << bits) - 1);
    }
}

static void every_width_has_the_documented_layout(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned bits = 0; bits <= 32; bits++) {
        uint32_t in[GS_BITPACK_NUMBERS];
        uint8_t packed[GS_BITPACK_NUMBERS * 4 + 1];
        size_t len = gs_bitpack_bytes(GS_BITPACK_NUMBERS, bits);
        assert_int_equal(len, 32 * bits);
        draw(in, bits, &seed);
        memset(packed, GUARD, sizeof(packed));
        gs_bitpack(in, bits, packed);
        assert_int_equal(packed[len], GUARD);
        for (unsigned i = 0; i < GS_BITPACK_NUMBERS; i++)
            for (unsigned b = 0; b < bits; b++)
                assert_int_equal(bit_of(packed, i, bits, b), in[i] >> b & 1);
    }
}

static void unpacking_sums_the_gaps_from_any_address(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (unsigned bits = 0; bits <= 32; bits++) {
        for (unsigned shift = 0; shift < 4; shift++) {
            uint32_t in[GS_BITPACK_NUMBERS], out[GS_BITPACK_NUMBERS + 1];
            uint8_t packed[GS_BITPACK_NUMBERS * 4 + 4];
            uint32_t first = (uint32_t)gs_test_random(&seed), sum = first;
            draw(in, bits, &seed);
            gs_bitpack(in, bits, packed + shift);
            out[GS_BITPACK_NUMBERS] = GUARD;
            gs_bitunpack_sum(packed + shift, bits, first, out);
            assert_int_equal(out[GS_BITPACK_NUMBERS], GUARD);
            for (unsigned i = 0; i < GS_BITPACK_NUMBERS; i++) {
                sum += in[i];
                assert_int_equal(out[i], sum);
            }
        }
    }
}

static void a_part_of_a_block_keeps_its_numbers(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned bits = 1; bits <= 32; bits += 3) {
        for (uint32_t count = 1; count <= GS_BITPACK_NUMBERS; count += 5) {
            uint32_t in[GS_BITPACK_NUMBERS], out[GS_BITPACK_NUMBERS], sum = 0;
            uint8_t packed[GS_BITPACK_NUMBERS * 4], part[GS_BITPACK_NUMBERS * 4] = {0};
            draw(in, bits, &seed);
            gs_bitpack(in, bits, packed);
            memcpy(part, packed, gs_bitpack_bytes(count, bits));
            gs_bitunpack_sum(part, bits, 0, out);
            for (uint32_t i = 0; i < count; i++) {
                sum += in[i];
                assert_int_equal(out[i], sum);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_has_the_documented_layout),
        cmocka_unit_test(unpacking_sums_the_gaps_from_any_address),
        cmocka_unit_test(a_part_of_a_block_keeps_its_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
