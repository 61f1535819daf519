/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/run.c: lists come back as they were given.
 */
#include "indexer/run.h"

#include <stdlib.h>

#include "common/segment/terms.h"
#include "tests/indexer/scratch.h"
#include "tests/support/check.h"

typedef struct fixture {
    gs_test_scratch in;
    gs_run run;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    gs_test_scratch_open(&f->in);
    gs_spill_init(&f->run.bytes, &f->in.file, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_spill_release(&f->run.bytes);
    gs_test_scratch_close(&f->in);
    free(f);
    return 0;
}

/* Position `i` of list `number`, from `base` on. */
static uint32_t position_at(uint32_t number, uint32_t i, uint32_t base)
{
    return base + number % 3 + i * (1 + number % 1000);
}

static uint32_t count_of(uint32_t number)
{
    return number == 20 ? 300000 : 1 + number % 17;
}

static gs_bytes word_of(uint32_t number, char *room)
{
    memset(room, 'a' + (int)number % 26, GS_TERM_BYTES_MAX);
    return gs_bytes_of(room, 1 + number % 255);
}

static void write_lists(fixture *f, uint32_t lists, uint32_t base)
{
    f->run.base = base;
    char room[GS_TERM_BYTES_MAX];
    for (uint32_t number = 0; number < lists; number++) {
        uint32_t count = count_of(number);
        uint64_t *pairs = calloc(count, sizeof(*pairs));
        for (uint32_t i = 0; i < count; i++)
            pairs[i] = 0xdeadbeefull << 32 | position_at(number, i, base);
        assert_ok(gs_run_add(&f->run, word_of(number, room), pairs, count, &f->in.error),
                  &f->in.error);
        free(pairs);
    }
    assert_ok(gs_run_end(&f->run, &f->in.error), &f->in.error);
}

static void check_lists(fixture *f, uint32_t lists, uint32_t base, size_t buffer_bytes)
{
    gs_run_reader reader;
    assert_ok(gs_run_reader_open(&reader, &f->run, 1000, buffer_bytes, &f->in.error), &f->in.error);
    char room[GS_TERM_BYTES_MAX];
    bool more;
    for (uint32_t number = 0; number < lists; number++) {
        assert_ok(gs_run_next(&reader, &more, &f->in.error), &f->in.error);
        assert_true(more);
        assert_true(gs_bytes_equal(reader.word, word_of(number, room)));
        uint32_t positions[700];
        size_t count;
        uint32_t at = 0;
        for (;;) {
            assert_ok(gs_run_positions(&reader, positions, 700, &count, &f->in.error),
                      &f->in.error);
            if (!count)
                break;
            for (size_t i = 0; i < count; i++)
                assert_int_equal(positions[i], position_at(number, at++, base + 1000));
        }
        assert_int_equal(at, count_of(number));
    }
    assert_ok(gs_run_next(&reader, &more, &f->in.error), &f->in.error);
    assert_false(more);
    gs_run_reader_close(&reader);
}

static void lists_come_back_as_they_were_given(void **state)
{
    fixture *f = *state;
    write_lists(f, 520, 123456789);
    assert_true(f->run.bytes.extents_count > 0);
    check_lists(f, 520, 123456789, 1);
    check_lists(f, 520, 123456789, 65536);
}

static void a_run_may_be_empty(void **state)
{
    fixture *f = *state;
    write_lists(f, 0, 0);
    check_lists(f, 0, 0, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_come_back_as_they_were_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_may_be_empty, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
