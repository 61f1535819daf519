/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/bins.c: what was added comes back, bin by bin, in order.
 */
#include "indexer/bins.h"

#include <stdlib.h>

#include "tests/indexer/scratch.h"
#include "tests/support/check.h"

typedef gs_test_scratch fixture;

/* The first character of posting `i`: few bins get most of them. */
static uint32_t first_of(uint32_t i, uint32_t spread)
{
    uint32_t drawn = i * 2654435761u >> 8;
    return drawn % 3 ? 0x4E00 + drawn % 100 : drawn % spread;
}

static uint32_t second_of(uint32_t i)
{
    return i * 40503u % GS_CHARACTERS_END;
}

static void check_bins(fixture *f, uint32_t postings, uint32_t spread, size_t memory_bytes)
{
    gs_bins bins;
    assert_ok(gs_bins_init(&bins, &f->file, NULL, memory_bytes, &f->error), &f->error);
    for (uint32_t i = 0; i < postings; i++)
        assert_ok(gs_bins_add(&bins, first_of(i, spread), second_of(i), 5 + i, &f->error),
                  &f->error);
    assert_ok(gs_bins_seal(&bins, &f->error), &f->error);
    uint64_t *read = calloc(GS_BIN_BLOCK_POSTINGS_MAX, sizeof(*read));
    uint32_t found = 0;
    for (uint32_t bin = 0; bin < GS_BINS; bin++) {
        size_t blocks;
        const gs_bin_block *block = gs_bins_find(&bins, bin, &blocks);
        uint32_t at = 0;
        for (size_t b = 0; b < blocks; b++) {
            assert_ok(gs_bins_read(&bins, &block[b], read, &f->error), &f->error);
            for (uint32_t i = 0; i < block[b].count; i++, at++, found++) {
                while (first_of(at, spread) / GS_BIN_CODE_POINTS != bin)
                    at++;
                assert_int_equal((uint32_t)read[i], 5 + at);
                assert_int_equal(read[i] >> 58, first_of(at, spread) % GS_BIN_CODE_POINTS);
                assert_int_equal(read[i] >> GS_BIN_KEY_SHIFT & 0x3ffff, second_of(at));
            }
        }
    }
    assert_int_equal(found, postings);
    free(read);
    gs_bins_release(&bins);
}

static void few_postings_stay_in_memory(void **state)
{
    fixture *f = *state;
    check_bins(f, 0, 1, 0);
    check_bins(f, 1, 1, 0);
    check_bins(f, GS_SPILL_KEEP_BYTES / GS_BIN_POSTING_BYTES, GS_CHARACTERS_END, 256 << 20);
    assert_null(f->file.scratch);
}

static void many_go_through_the_file(void **state)
{
    fixture *f = *state;
    check_bins(f, GS_SPILL_KEEP_BYTES / GS_BIN_POSTING_BYTES + 1, GS_CHARACTERS_END, 256 << 20);
    assert_non_null(f->file.scratch);
    check_bins(f, 100000, 0x2000, 0);
    check_bins(f, 300000, GS_CHARACTERS_END, 256 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(few_postings_stay_in_memory, gs_test_scratch_set_up,
                                        gs_test_scratch_tear_down),
        cmocka_unit_test_setup_teardown(many_go_through_the_file, gs_test_scratch_set_up,
                                        gs_test_scratch_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
