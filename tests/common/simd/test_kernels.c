/* SPDX-License-Identifier: Apache-2.0
 *
 * Every kernel against the plainest loop.
 */
#include "common/simd/kernels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define COUNT_MAX 3000u

/* `count` rising numbers of which about one in `step` is taken. */
static size_t fill(uint64_t *state, uint32_t *out, size_t count, uint64_t step)
{
    uint32_t at = 40;
    for (size_t i = 0; i < count; i++)
        out[i] = at += 1 + (uint32_t)gs_test_random_below(state, 2 * step);
    return count;
}

static void intersect_keeps_what_is_in_both(void **unused)
{
    (void)unused;
    static const size_t counts[] = {0, 1, 2, 15, 16, 17, 100, 1000, COUNT_MAX};
    static uint32_t a[COUNT_MAX + 1], b[COUNT_MAX], wanted[COUNT_MAX];
    const size_t sizes = sizeof(counts) / sizeof(*counts);
    uint64_t state = 5;
    for (size_t i = 0; i < sizes * sizes * 4; i++) {
        uint32_t shift = (uint32_t)gs_test_random_below(&state, 40);
        size_t a_count = fill(&state, a, counts[i % sizes], 1 + i % 7);
        size_t b_count = fill(&state, b, counts[i / sizes % sizes], 1 + i % 3), count = 0;
        for (size_t x = 0; x < a_count; x++) {
            bool found = false;
            for (size_t y = 0; y < b_count && !found; y++)
                found = b[y] == a[x] + shift;
            if (found)
                wanted[count++] = a[x];
        }
        a[a_count] = 0xdeadbeef;
        assert_int_equal(gs_kernels_active()->intersect(a, a_count, shift, b, b_count), count);
        if (count)
            assert_memory_equal(a, wanted, count * sizeof(*a));
        assert_int_equal(a[a_count], 0xdeadbeef);
    }
}

static void group_finds_documents_and_their_first_positions(void **unused)
{
    (void)unused;
    uint32_t starts[201], coarse[20000 / 16 + 1], positions[2000], docs[2000], firsts[2000];
    uint64_t state = 6;
    starts[0] = 0;
    for (uint32_t d = 0; d < 200; d++)
        starts[d + 1] = starts[d] + 1 + (uint32_t)gs_test_random_below(&state, 90);
    for (uint32_t cell = 0, d = 0; cell <= starts[200] / 16; cell++) {
        while (d < 199 && starts[d + 1] <= cell * 16)
            d++;
        coarse[cell] = d;
    }
    for (uint32_t step = 1; step < 3000; step = step * 2 + 1) {
        size_t count = 0, groups = 0;
        for (uint32_t at = step / 2; at < starts[200] && count < 2000; at += step)
            positions[count++] = at;
        size_t got = gs_kernels_active()->group(starts, coarse, 4, positions, count, docs, firsts);
        for (size_t i = 0; i < count; i++) {
            uint32_t doc = 0;
            while (starts[doc + 1] <= positions[i])
                doc++;
            if (i && positions[i - 1] >= starts[doc])
                continue;
            assert_true(groups < got);
            assert_int_equal(docs[groups], doc);
            assert_int_equal(firsts[groups], i);
            groups++;
        }
        assert_int_equal(groups, got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intersect_keeps_what_is_in_both),
        cmocka_unit_test(group_finds_documents_and_their_first_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
