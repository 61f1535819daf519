/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of documents and columns of numbers. Any bytes are read as such; and what the input
 * spells as lengths and values is written and must be read back.
 */
#include "common/segment/doctable.h"

#include <stdlib.h>

#include "tests/fuzz/target.h"

#define DOCUMENTS_MAX 64u

static const uint32_t ids[] = {GS_COLUMN_RANK, GS_COLUMN_TITLE, GS_COLUMN_FLAGS, GS_COLUMN_DATE};

static const gs_column *column_of(const gs_doctable *docs, size_t i)
{
    const gs_column *const columns[] = {&docs->rank, &docs->title, &docs->flags, &docs->date};
    return columns[i];
}

/* The document of each position, the slow way. */
static void check_find(const gs_doctable *docs)
{
    uint32_t last = GS_DOC_NONE, count = 0, before = GS_DOC_NONE;
    for (uint32_t doc = 0, position = 0; doc < docs->count && position < 4096; position++) {
        while (docs->starts[doc + 1] <= position)
            doc++;
        assert_int_equal(gs_doctable_find(docs, position), doc);
        count += gs_doctable_count(docs, &position, 1, &last);
        assert_int_equal(last, doc);
        before = doc;
        if (position + 1 == docs->positions)
            break;
    }
    assert_int_equal(count, before == GS_DOC_NONE ? 0 : before + 1);
}

/* A copy that begins on a border of four bytes, as chunks do. */
static gs_bytes copy_of(gs_bytes bytes)
{
    void *copy = malloc(bytes.len + 1);
    if (bytes.len)
        memcpy(copy, bytes.ptr, bytes.len);
    return gs_bytes_of(copy, bytes.len);
}

static void read_hostile(gs_bytes docs_chunk, gs_bytes cols_chunk)
{
    gs_bytes docs_copy = copy_of(docs_chunk), cols_copy = copy_of(cols_chunk);
    gs_doctable docs;
    gsearch_error error;
    gsearch_status status = gs_doctable_view(docs_copy, &docs, &error);
    assert_true(!status || status == GSEARCH_CORRUPT);
    if (!status)
        check_find(&docs);
    if (!gs_doctable_open(docs_copy, cols_copy, &docs, &error)) {
        for (uint32_t doc = 0; doc < docs.count; doc++) {
            for (size_t i = 0; i < 4; i++)
                assert_true(gs_column_get(column_of(&docs, i), doc) >= column_of(&docs, i)->base);
            assert_true(gs_doctable_length(&docs, doc) < docs.positions);
        }
    }
    free((void *)(uintptr_t)docs_copy.ptr);
    free((void *)(uintptr_t)cols_copy.ptr);
}

static void write_and_read(gs_cursor cursor)
{
    uint32_t starts[DOCUMENTS_MAX + 1] = {0}, values[4][DOCUMENTS_MAX] = {{0}}, count = 0;
    gs_column_source sources[4];
    gs_buf docs_chunk, cols_chunk;
    gs_doctable docs;
    gsearch_error error;
    while (gs_cursor_left(&cursor) && count < DOCUMENTS_MAX) {
        uint16_t length = gs_cursor_u16(&cursor);
        for (size_t i = 0; i < 4; i++)
            values[i][count] = (uint32_t)gs_cursor_u8(&cursor) << (8 * (length >> 14));
        starts[count + 1] = starts[count] + (length & 0x3ff) + 1;
        count++;
    }
    for (size_t i = 0; i < 4; i++)
        sources[i] = (gs_column_source){ids[i], values[i]};
    gs_buf_init(&docs_chunk, NULL, SIZE_MAX);
    gs_buf_init(&cols_chunk, NULL, SIZE_MAX);
    gs_doctable_encode(&docs_chunk, starts, count);
    gs_columns_encode(&cols_chunk, sources, 4, count);
    assert_ok(gs_doctable_open(gs_buf_view(&docs_chunk), gs_buf_view(&cols_chunk), &docs, &error),
              &error);
    assert_int_equal(docs.count, count);
    for (uint32_t doc = 0; doc < count; doc++) {
        assert_int_equal(docs.starts[doc], starts[doc]);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(gs_column_get(column_of(&docs, i), doc), values[i][doc]);
    }
    check_find(&docs);
    gs_buf_release(&docs_chunk);
    gs_buf_release(&cols_chunk);
}

/* The first byte says how much of the rest is COLS, the other is DOCS. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(data, size));
    uint8_t head = gs_cursor_u8(&cursor);
    write_and_read(cursor);
    size_t left = gs_cursor_left(&cursor);
    gs_bytes cols = gs_cursor_bytes(&cursor, head < left ? head : left);
    read_hostile(gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor)), cols);
    return 0;
}
