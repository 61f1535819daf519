/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/inputs.c.
 */
#include "common/segment/inputs.h"

#include "tests/common/segment/place.h"

typedef struct row {
    const char *path;
    gs_input input;
} row;

static const row rows[] = {
    {"a/b.txt", {0, 0, 0, 0, 0, {0}}},
    {"a/c.txt", {UINT64_MAX, INT64_MIN, UINT64_MAX, UINT32_MAX, UINT32_MAX, {UINT32_MAX}}},
    {"a/\xff", {123, 1512000000123456789, 0xfeed, 7, 3, {4, 5, 6, 8}}},
    {"公开/年报.txt", {1, -1, 2, 3, 4, {0, 0, 0, UINT32_MAX}}},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void write_rows(place *p, const row *list, size_t count, gs_container_name *name)
{
    gs_inputs_writer writer;
    gs_inputs_writer_init(&writer, &p->flaky.mem);
    for (size_t i = 0; i < count; i++)
        gs_inputs_writer_add(&writer, gs_bytes_str(list[i].path), &list[i].input);
    assert_ok(gs_inputs_writer_finish(&writer, p->dir, name, &p->error), &p->error);
    gs_inputs_writer_release(&writer);
}

static gsearch_status open_rows(place *p, const gs_container_name *name, gs_inputs *out)
{
    return gs_inputs_open(p->dir, &p->flaky.mem, name->name, name->length, name->id, out,
                          &p->error);
}

static void rows_come_back_as_written(void **state)
{
    place *p = *state;
    gs_container_name name;
    write_rows(p, rows, ROWS, &name);
    assert_int_equal(strncmp(name.name, "inputs-", 7), 0);
    assert_string_equal(name.name + 39, ".gsi");
    gs_inputs inputs;
    assert_ok(open_rows(p, &name, &inputs), &p->error);
    assert_int_equal(inputs.paths.count, ROWS);
    for (uint32_t i = 0; i < ROWS; i++) {
        gs_input got = gs_inputs_get(&inputs, i);
        const gs_input *expected = &rows[i].input;
        assert_true(got.size == expected->size && got.mtime_ns == expected->mtime_ns);
        assert_true(got.hash == expected->hash && got.documents == expected->documents);
        assert_true(got.shadowed == expected->shadowed);
        assert_memory_equal(got.skipped, expected->skipped, sizeof(got.skipped));
        uint32_t at;
        bool found;
        assert_ok(gs_strings_find(&inputs.paths, NULL, gs_bytes_str(rows[i].path), &at, &found,
                                  &p->error),
                  &p->error);
        assert_true(found && at == i);
    }
    gs_inputs_close(&inputs);
    gs_inputs_close(&inputs); // closed is empty, and empty may be closed
}

static void a_row_is_that_of_the_specification(void **state)
{
    place *p = *state;
    gs_container_name name;
    static const row one[] = {
        {"x", {0x0102, 0x0304, 0x0506, 0x0708, 0x090a, {0x0b0c, 0x0d0e, 0x0f10, 0x1112}}}};
    write_rows(p, one, 1, &name);
    gs_inputs inputs;
    assert_ok(open_rows(p, &name, &inputs), &p->error);
    static const uint8_t expected[48] = "\2\1\0\0\0\0\0\0\4\3\0\0\0\0\0\0\6\5\0\0\0\0\0\0"
                                        "\x8\7\0\0\xa\x9\0\0\xc\xb\0\0\xe\xd\0\0"
                                        "\x10\xf\0\0\x12\x11\0";
    assert_memory_equal(inputs.rows, expected, 48);
    gs_inputs_close(&inputs);
}

static void no_inputs_are_a_list_too(void **state)
{
    place *p = *state;
    gs_container_name name;
    write_rows(p, rows, 0, &name);
    gs_inputs inputs;
    assert_ok(open_rows(p, &name, &inputs), &p->error);
    assert_int_equal(inputs.paths.count, 0);
    gs_inputs_close(&inputs);
}

static void paths_out_of_order_are_refused(void **state)
{
    place *p = *state;
    gs_container_name name;
    gs_inputs inputs;
    row swapped[] = {rows[1], rows[0]}, twice[] = {rows[0], rows[0]};
    write_rows(p, swapped, 2, &name);
    assert_fails(GSEARCH_CORRUPT, open_rows(p, &name, &inputs), &p->error);
    write_rows(p, twice, 2, &name);
    assert_fails(GSEARCH_CORRUPT, open_rows(p, &name, &inputs), &p->error);
}

static gsearch_status open_chunks(place *p, gs_bytes paths, gs_bytes stats)
{
    gs_container_writer *writer;
    gs_container_name name;
    assert_ok(gs_container_create(p->dir, NULL, GS_KIND_INPUTS, &writer, &p->error), &p->error);
    gs_container_chunk(writer, GS_CHUNK_PATH);
    gs_container_write(writer, paths.ptr, paths.len);
    if (stats.ptr) {
        gs_container_chunk(writer, GS_CHUNK_STAT);
        gs_container_write(writer, stats.ptr, stats.len);
    }
    assert_ok(gs_container_finish(writer, "test-", ".bin", &name, &p->error), &p->error);
    gs_inputs inputs;
    gsearch_status status = open_rows(p, &name, &inputs);
    if (!status)
        gs_inputs_close(&inputs);
    return status;
}

static void rows_that_do_not_fit_the_paths_are_refused(void **state)
{
    place *p = *state;
    static const uint8_t paths[] = "\2\0\0\0\0\0\0\0\1a\0\1b", stats[144];
    gs_bytes list = gs_bytes_of(paths, sizeof(paths) - 1);
    for (size_t len = 0; len <= 144; len++) {
        gsearch_status status = open_chunks(p, list, gs_bytes_of(stats, len));
        assert_int_equal(status, len == 96 ? GSEARCH_OK : GSEARCH_CORRUPT);
    }
    assert_fails(GSEARCH_CORRUPT, open_chunks(p, list, gs_bytes_of(NULL, 0)), &p->error);
    for (size_t len = 0; len < list.len; len++)
        assert_fails(GSEARCH_CORRUPT,
                     open_chunks(p, gs_bytes_of(paths, len), gs_bytes_of(stats, 96)), &p->error);
}

static void without_memory_it_fails_cleanly(void **state)
{
    place *p = *state;
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        gs_container_name name;
        gs_inputs inputs;
        gs_inputs_writer writer;
        gs_inputs_writer_init(&writer, &flaky.mem);
        for (size_t i = 0; i < ROWS; i++)
            gs_inputs_writer_add(&writer, gs_bytes_str(rows[i].path), &rows[i].input);
        status = gs_inputs_writer_finish(&writer, p->dir, &name, &p->error);
        gs_inputs_writer_release(&writer);
        if (!status)
            status = gs_inputs_open(p->dir, &flaky.mem, name.name, name.length, name.id, &inputs,
                                    &p->error);
        if (!status)
            gs_inputs_close(&inputs);
        assert_true(status == GSEARCH_OK || status == GSEARCH_NO_MEMORY);
        assert_int_equal(flaky.live, 0);
        assert_true(fail_at < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_CASE(rows_come_back_as_written),
        PLACE_CASE(a_row_is_that_of_the_specification),
        PLACE_CASE(no_inputs_are_a_list_too),
        PLACE_CASE(paths_out_of_order_are_refused),
        PLACE_CASE(rows_that_do_not_fit_the_paths_are_refused),
        PLACE_CASE(without_memory_it_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
