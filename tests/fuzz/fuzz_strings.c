/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of strings, as they stand in segments and inputs files. Any bytes are read as a list; what
 * is verified is read alike in every way, and its strings written anew are the same list again.
 */
#include "common/segment/strings.h"

#include "tests/fuzz/target.h"

static void read_hostile(const gs_strings *strings, gs_bytes wanted)
{
    gs_buf out;
    gsearch_error error;
    bool found;
    gs_buf_init(&out, NULL, 1u << 20);
    for (uint32_t i = 0; i < strings->count && i < 64; i++) {
        uint32_t at;
        gs_buf_reset(&out);
        gsearch_status status = gs_strings_get(strings, i, &out, &error);
        assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT || status == GSEARCH_LIMIT);
        if (!status)
            status = gs_strings_find(strings, NULL, gs_buf_view(&out), &at, &found, &error);
        assert_true(status || at <= strings->count);
    }
    uint32_t at;
    if (gs_strings_find(strings, NULL, wanted, &at, &found, &error) == GSEARCH_OK)
        assert_true(at <= strings->count);
    gs_buf_release(&out);
}

/* A list that verifies: each string is found where it is, and writing them gives these bytes. */
static void read_whole(const gs_strings *strings, gs_bytes bytes)
{
    gs_strings_writer writer;
    gs_buf out, string;
    gsearch_error error;
    bool sorted = gs_strings_verify(strings, NULL, "x", GS_STRINGS_RISING, &error) == GSEARCH_OK;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gs_buf_init(&string, NULL, SIZE_MAX);
    gs_strings_writer_init(&writer, NULL);
    for (uint32_t i = 0; i < strings->count; i++) {
        uint32_t at;
        bool found;
        gs_buf_reset(&string);
        assert_ok(gs_strings_get(strings, i, &string, &error), &error);
        gs_strings_writer_add(&writer, gs_buf_view(&string));
        if (!sorted)
            continue;
        assert_ok(gs_strings_find(strings, NULL, gs_buf_view(&string), &at, &found, &error),
                  &error);
        assert_true(found && at == i);
        gs_buf_u8(&string, 0); // right behind it
        assert_ok(gs_strings_find(strings, NULL, gs_buf_view(&string), &at, &found, &error),
                  &error);
        assert_true(found ? at == i + 1 : at == i + 1 || at == i + 2);
    }
    gs_strings_writer_finish(&writer, &out);
    gs_strings again;
    assert_ok(gs_strings_open(gs_buf_view(&out), "again", &again, &error), &error);
    assert_int_equal(again.count, strings->count);
    assert_ok(gs_strings_verify(&again, NULL, "again", GS_STRINGS_ANY, &error), &error);
    assert_true(out.len <= bytes.len); // nobody shares more than the writer does
    gs_strings_writer_release(&writer);
    gs_buf_release(&string);
    gs_buf_release(&out);
}

/* The first byte says how many follow that are a string to look for; the rest is a list. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(data, size));
    gs_bytes wanted = gs_cursor_bytes(&cursor, gs_cursor_u8(&cursor) % 8);
    gs_bytes bytes = gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor));
    gs_strings strings;
    gsearch_error error;
    if (gs_strings_open(bytes, "x", &strings, &error)) {
        assert_int_equal(error.code, GSEARCH_CORRUPT);
        return 0;
    }
    read_hostile(&strings, wanted);
    gsearch_status status = gs_strings_verify(&strings, NULL, "x", GS_STRINGS_ANY, &error);
    if (!status)
        read_whole(&strings, bytes);
    else
        assert_int_equal(status, GSEARCH_CORRUPT);
    return 0;
}
