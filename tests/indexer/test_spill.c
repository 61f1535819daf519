/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/spill.c: several streams through one scratch file give back what was written.
 */
#include "indexer/spill.h"

#include <stdlib.h>

#include "tests/indexer/scratch.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef gs_test_scratch fixture;

/* Byte `i` of stream `number`. */
static uint8_t byte_at(size_t number, size_t i)
{
    return (uint8_t)((i * 2654435761u >> 7) + number);
}

static void write_piece(fixture *f, gs_spill *spill, size_t number, size_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        gs_buf_u8(&spill->tail, byte_at(number, (*at)++));
    assert_ok(gs_spill_relieve(spill, &f->error), &f->error);
}

static void check_stream(fixture *f, const gs_spill *spill, size_t number, size_t len,
                         size_t buffer_bytes)
{
    gs_spill_reader reader;
    assert_ok(gs_spill_reader_open(&reader, spill, buffer_bytes, &f->error), &f->error);
    uint64_t random = number;
    uint8_t piece[3000];
    for (size_t at = 0; at < len;) {
        assert_false(gs_spill_reader_done(&reader));
        size_t part = 1 + gs_test_random_below(&random, sizeof(piece));
        part = part < len - at ? part : len - at;
        if (part <= buffer_bytes) {
            assert_ok(gs_spill_reader_fill(&reader, part, &f->error), &f->error);
            assert_true((size_t)(reader.end - reader.next) >= part);
        }
        assert_ok(gs_spill_reader_get(&reader, piece, part, &f->error), &f->error);
        for (size_t i = 0; i < part; i++)
            assert_int_equal(piece[i], byte_at(number, at + i));
        at += part;
    }
    assert_true(gs_spill_reader_done(&reader));
    assert_fails(GSEARCH_INTERNAL, gs_spill_reader_get(&reader, piece, 1, &f->error), &f->error);
    gs_spill_reader_close(&reader);
}

static void streams_give_back_what_was_written(void **state)
{
    fixture *f = *state;
    gs_spill spills[4];
    size_t lens[4] = {0};
    uint64_t random = 1;
    for (size_t i = 0; i < 4; i++)
        gs_spill_init(&spills[i], &f->file, NULL);
    // the first stays empty, the second short
    write_piece(f, &spills[1], 1, &lens[1], GS_SPILL_KEEP_BYTES);
    for (int i = 0; i < 60; i++) {
        size_t number = 2 + gs_test_random_below(&random, 2);
        write_piece(f, &spills[number], number, &lens[number],
                    gs_test_random_below(&random, GS_SPILL_BYTES / 2));
    }
    for (size_t i = 0; i < 4; i++)
        assert_ok(gs_spill_seal(&spills[i], &f->error), &f->error);
    assert_int_equal(spills[1].extents_count, 0);
    assert_true(spills[2].extents_count > 1);
    for (size_t i = 0; i < 4; i++) {
        check_stream(f, &spills[i], i, lens[i], 512);
        check_stream(f, &spills[i], i, lens[i], 70000);
    }
    for (size_t i = 0; i < 4; i++)
        gs_spill_release(&spills[i]);
}

static void short_streams_need_no_file(void **state)
{
    fixture *f = *state;
    gs_spill spill;
    size_t len = 0;
    gs_spill_init(&spill, &f->file, NULL);
    write_piece(f, &spill, 0, &len, 100);
    assert_ok(gs_spill_seal(&spill, &f->error), &f->error);
    assert_null(f->file.scratch);
    check_stream(f, &spill, 0, len, 64);
    gs_spill_release(&spill);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(streams_give_back_what_was_written, gs_test_scratch_set_up,
                                        gs_test_scratch_tear_down),
        cmocka_unit_test_setup_teardown(short_streams_need_no_file, gs_test_scratch_set_up,
                                        gs_test_scratch_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
