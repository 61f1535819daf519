/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.2 and 3.3: where documents start, and their columns.
 */
#include "common/segment/doctable.h"

#include "common/segment/postings.h"

/* DOCS: u32 documents, u32 positions, u32 shift, u32 cells, starts[documents + 1], coarse[cells] */
#define DOCS_HEAD_BYTES 16u
/* COLS: u32 columns, u32 zero, then a row each: u32 id, u32 width, u64 base, u64 offset */
#define COLS_HEAD_BYTES 8u
#define COLS_ROW_BYTES 24u
#define AT_ONCE 64u /* positions whose documents are looked for together */

static uint64_t cells_of(uint32_t positions, uint32_t shift)
{
    return (positions >> shift) + 1ull;
}

void gs_doctable_encode(gs_buf *out, const uint32_t *starts, uint32_t count)
{
    uint32_t positions = starts[count];
    uint32_t shift = 4;
    while (cells_of(positions, shift) > count + 1ull)
        shift++;
    uint32_t cells = (uint32_t)cells_of(positions, shift);
    gs_buf_u32(out, count);
    gs_buf_u32(out, positions);
    gs_buf_u32(out, shift);
    gs_buf_u32(out, cells);
    for (uint32_t i = 0; i <= count; i++)
        gs_buf_u32(out, starts[i]);
    for (uint32_t cell = 0, doc = 0; cell < cells; cell++) {
        while (doc + 1 < count && starts[doc + 1] <= (uint64_t)cell << shift)
            doc++;
        gs_buf_u32(out, doc);
    }
}

/* The least value, and how many bytes the others need above it. */
static void measure(const uint32_t *values, uint32_t count, uint32_t *base, uint32_t *width)
{
    uint32_t low = count ? UINT32_MAX : 0, high = 0;
    for (uint32_t i = 0; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    uint32_t range = high - low;
    *base = low;
    *width = range == 0 ? 0 : range <= 0xff ? 1 : range <= 0xffff ? 2 : range <= 0xffffff ? 3 : 4;
}

static void column_encode(gs_buf *out, const uint32_t *values, uint32_t count)
{
    uint32_t base, width;
    measure(values, count, &base, &width);
    uint8_t *to = gs_buf_reserve(out, (size_t)count * width + sizeof(uint32_t));
    if (!to)
        return;
    for (uint32_t i = 0; i < count; i++)
        gs_store_u32(to + (size_t)i * width, values[i] - base);
    out->len += (size_t)count * width;
}

void gs_columns_encode(gs_buf *out, const gs_column_source *columns, uint32_t columns_count,
                       uint32_t count)
{
    uint64_t offset = COLS_HEAD_BYTES + (uint64_t)columns_count * COLS_ROW_BYTES;
    gs_buf_u32(out, columns_count);
    gs_buf_u32(out, 0);
    for (uint32_t c = 0; c < columns_count; c++) {
        uint32_t base, width;
        measure(columns[c].values, count, &base, &width);
        gs_buf_u32(out, columns[c].id);
        gs_buf_u32(out, width);
        gs_buf_u64(out, base);
        gs_buf_u64(out, offset);
        offset += (uint64_t)count * width;
    }
    for (uint32_t c = 0; c < columns_count; c++)
        column_encode(out, columns[c].values, count);
}

/* The documents of a few positions. Tables are larger than caches: asking for all that is needed
 * before it is used lets the waits for memory overlap. */
static void find_documents(const gs_doctable *docs, const uint32_t *positions, size_t count,
                           uint32_t out[AT_ONCE])
{
    for (size_t i = 0; i < count; i++) {
        out[i] = docs->coarse[positions[i] >> docs->shift];
        __builtin_prefetch(&docs->starts[out[i] + 1]);
        __builtin_prefetch(docs->title.data + (size_t)out[i] * docs->title.width);
    }
    for (size_t i = 0; i < count; i++)
        out[i] = gs_doctable_from(docs, out[i], positions[i]);
}

uint32_t gs_doctable_count(const gs_doctable *table, const uint32_t *positions, size_t count,
                           uint32_t *last)
{
    const gs_doctable docs = *table;
    uint32_t found[AT_ONCE], documents = 0, before = *last;
    for (size_t at = 0; at < count; at += AT_ONCE) {
        size_t piece = count - at < AT_ONCE ? count - at : AT_ONCE;
        find_documents(&docs, positions + at, piece, found);
        for (size_t i = 0; i < piece; i++) {
            documents += found[i] != before;
            before = found[i];
        }
    }
    *last = before;
    return documents;
}

/* A row: start, 32 bits · positions of the title, 24 bits, all ones: look them up · code of the
 * length. */
#define ROW_TITLE_MAX 0xffffffu
#define ROW_LENGTH_SHIFT 56u

uint64_t gs_doctable_row(const gs_doctable *docs, uint32_t doc)
{
    uint64_t start = docs->starts[doc];
    if (doc == docs->count)
        return start;
    uint64_t title = gs_column_get(&docs->title, doc);
    title = title < ROW_TITLE_MAX ? title : ROW_TITLE_MAX;
    uint64_t length = gs_length_code(gs_doctable_length(docs, doc));
    return start | title << 32 | length << ROW_LENGTH_SHIFT;
}

/* The same as gs_doctable_mark for a few positions, by rows. */
static void mark_by_rows(const gs_doctable *docs, const uint32_t *positions, size_t count,
                         uint32_t *last, uint16_t *marks)
{
    const uint64_t *rows = docs->rows;
    uint32_t found[AT_ONCE], before = *last;
    for (size_t i = 0; i < count; i++) {
        found[i] = docs->coarse[positions[i] >> docs->shift];
        __builtin_prefetch(&rows[found[i] + 1]);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t doc = found[i], position = positions[i];
        doc += (uint32_t)rows[doc + 1] <= position;
        while ((uint32_t)rows[doc + 1] <= position)
            doc++;
        uint64_t row = rows[doc];
        uint32_t title = row >> 32 & ROW_TITLE_MAX;
        if (__builtin_expect(title == ROW_TITLE_MAX, 0))
            title = (uint32_t)gs_column_get(&docs->title, doc);
        unsigned mark = (unsigned)(row >> ROW_LENGTH_SHIFT);
        mark |= position - (uint32_t)row < title ? GS_MARK_TITLE : 0;
        marks[i] = (uint16_t)(mark | (doc != before ? GS_MARK_FIRST : 0));
        before = doc;
    }
    *last = before;
}

static uint16_t mark_of(const gs_doctable *docs, uint32_t position, uint32_t doc, bool is_first)
{
    unsigned in_title = position < gs_doctable_title_end(docs, doc) ? GS_MARK_TITLE : 0;
    return (uint16_t)(gs_length_code(gs_doctable_length(docs, doc)) | in_title |
                      (is_first ? GS_MARK_FIRST : 0));
}

void gs_doctable_mark(const gs_doctable *table, const uint32_t *positions, size_t count,
                      uint32_t *last, uint16_t *marks)
{
    const gs_doctable docs = *table;
    for (size_t at = 0; at < count; at += AT_ONCE) {
        uint32_t found[AT_ONCE], before = *last;
        size_t piece = count - at < AT_ONCE ? count - at : AT_ONCE;
        if (docs.rows) {
            mark_by_rows(&docs, positions + at, piece, last, marks + at);
            continue;
        }
        find_documents(&docs, positions + at, piece, found);
        for (size_t i = 0; i < piece; i++) {
            marks[at + i] = mark_of(&docs, positions[at + i], found[i], found[i] != before);
            before = found[i];
        }
        *last = before;
    }
}

static bool coarse_fits(const gs_doctable *docs, uint64_t cells)
{
    bool good = true;
    uint32_t doc = 0;
    for (uint64_t cell = 0; cell < cells; cell++) {
        while (doc + 1 < docs->count && docs->starts[doc + 1] <= cell << docs->shift)
            doc++;
        good &= docs->coarse[cell] == doc;
    }
    return good;
}

gsearch_status gs_doctable_view(gs_bytes bytes, gs_doctable *out, gsearch_error *err)
{
    gs_doctable docs = {0};
    gs_cursor cursor = gs_cursor_of(bytes);
    docs.count = gs_cursor_u32(&cursor);
    docs.positions = gs_cursor_u32(&cursor);
    docs.shift = gs_cursor_u32(&cursor);
    uint64_t cells = gs_cursor_u32(&cursor);
    if (cursor.bad || docs.shift > 31 || cells != cells_of(docs.positions, docs.shift) ||
        gs_cursor_left(&cursor) != 4 * (cells + docs.count + 1) ||
        (uintptr_t)cursor.ptr % sizeof(uint32_t))
        return gs_corrupt(err, "DOCS: its parts do not fit its length");
    docs.starts = (const uint32_t *)(const void *)cursor.ptr;
    docs.coarse = docs.starts + docs.count + 1;
    docs.total_length = docs.positions - docs.count;
    bool good = docs.starts[0] == 0 && docs.starts[docs.count] == docs.positions;
    for (uint32_t i = 0; i < docs.count; i++)
        good &= docs.starts[i] < docs.starts[i + 1];
    if (!good)
        return gs_corrupt(err, "DOCS: document starts do not rise");
    if (!coarse_fits(&docs, cells))
        return gs_corrupt(err, "DOCS: the coarse table does not fit the starts");
    *out = docs;
    return GSEARCH_OK;
}

static gsearch_status open_column(gs_bytes bytes, uint32_t id, uint32_t count, gs_column *out,
                                  gsearch_error *err)
{
    gs_cursor cursor = gs_cursor_of(bytes);
    uint32_t columns = gs_cursor_u32(&cursor);
    if (gs_cursor_u32(&cursor) != 0)
        gs_cursor_fail(&cursor);
    for (uint32_t c = 0; c < columns && !cursor.bad; c++) {
        uint32_t row_id = gs_cursor_u32(&cursor), width = gs_cursor_u32(&cursor);
        uint64_t base = gs_cursor_u64(&cursor), offset = gs_cursor_u64(&cursor);
        if (cursor.bad || row_id != id)
            continue;
        if (width > 4 || offset > bytes.len || (uint64_t)count * width > bytes.len - offset)
            return gs_corrupt(err, "COLS: column %.4s lies outside the chunk", (char *)&id);
        *out = (gs_column){.data = bytes.ptr + offset, .base = base, .width = (uint8_t)width};
        return GSEARCH_OK;
    }
    return gs_corrupt(err, "COLS: column %.4s is missing", (char *)&id);
}

gsearch_status gs_columns_open(gs_bytes cols, uint32_t count, gs_doctable *out, gsearch_error *err)
{
    GS_TRY(open_column(cols, GS_COLUMN_RANK, count, &out->rank, err));
    GS_TRY(open_column(cols, GS_COLUMN_TITLE, count, &out->title, err));
    GS_TRY(open_column(cols, GS_COLUMN_FLAGS, count, &out->flags, err));
    return open_column(cols, GS_COLUMN_DATE, count, &out->date, err);
}

gs_bytes gs_columns_head(gs_bytes cols)
{
    gs_cursor cursor = gs_cursor_of(cols);
    uint64_t len = COLS_HEAD_BYTES + (uint64_t)gs_cursor_u32(&cursor) * COLS_ROW_BYTES;
    return gs_bytes_of(cols.ptr, len < cols.len ? (size_t)len : cols.len);
}

gsearch_status gs_doctable_open(gs_bytes docs, gs_bytes cols, gs_doctable *out, gsearch_error *err)
{
    gs_doctable table;
    GS_TRY(gs_doctable_view(docs, &table, err));
    GS_TRY(gs_columns_open(cols, table.count, &table, err));
    *out = table;
    return GSEARCH_OK;
}
