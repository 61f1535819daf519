/* SPDX-License-Identifier: Apache-2.0
 *
 * The first string of a block stands whole, so that a search by value halves its way over blocks
 * without decoding; the others give only what differs from the one before. Nothing is believed:
 * each block is read through a cursor that ends where the next block begins.
 */
#include "common/segment/strings.h"

#define COUNT_BYTES 4u
#define OFFSET_BYTES 4u
#define LINE_BYTES 64u        /* of the cache */
#define AHEAD_BYTES_MAX 4096u /* as much of a block as is fetched before it is looked at */

static uint32_t blocks_of(uint32_t count)
{
    return count / GS_STRINGS_BLOCK + (count % GS_STRINGS_BLOCK != 0);
}

static gsearch_status fail_list(gsearch_error *err)
{
    return gs_corrupt(err, "a list of strings is damaged");
}

static gsearch_status fail_buf(const gs_buf *buf, gsearch_error *err)
{
    return gs_fail(err, buf->status, "no room for a string of an index file");
}

/* ---- writing ---- */

void gs_strings_writer_init(gs_strings_writer *writer, const gs_mem *mem)
{
    gs_buf_init(&writer->offsets, mem, UINT32_MAX);
    gs_buf_init(&writer->data, mem, UINT32_MAX); // offsets into it have 32 bits
    gs_buf_init(&writer->last, mem, UINT32_MAX);
    writer->count = 0;
}

void gs_strings_writer_release(gs_strings_writer *writer)
{
    gs_buf_release(&writer->offsets);
    gs_buf_release(&writer->data);
    gs_buf_release(&writer->last);
    writer->count = 0;
}

static size_t shared_len(gs_bytes a, gs_bytes b)
{
    size_t len = 0;
    while (len < a.len && len < b.len && a.ptr[len] == b.ptr[len])
        len++;
    return len;
}

void gs_strings_writer_add(gs_strings_writer *writer, gs_bytes string)
{
    size_t shared = 0;
    if (writer->count % GS_STRINGS_BLOCK == 0) {
        gs_buf_u32(&writer->offsets, (uint32_t)writer->data.len);
    } else {
        shared = shared_len(gs_buf_view(&writer->last), string);
        gs_buf_varint(&writer->data, shared);
    }
    gs_bytes rest = gs_bytes_of(string.ptr + shared, string.len - shared);
    gs_buf_varint(&writer->data, rest.len);
    gs_buf_bytes(&writer->data, rest);
    writer->last.len = shared;
    gs_buf_bytes(&writer->last, rest);
    writer->count++;
}

void gs_strings_writer_finish(gs_strings_writer *writer, gs_buf *out)
{
    gs_buf_u32(out, writer->count);
    gs_buf_bytes(out, gs_buf_view(&writer->offsets));
    gs_buf_bytes(out, gs_buf_view(&writer->data));
    const gs_buf *parts[] = {&writer->offsets, &writer->data, &writer->last};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!out->status)
            out->status = parts[i]->status;
    }
}

/* ---- reading ---- */

gsearch_status gs_strings_open(gs_bytes bytes, const char *what, gs_strings *out,
                               gsearch_error *err)
{
    if (bytes.len < COUNT_BYTES)
        return gs_corrupt(err, "%s: the list of strings is cut short", what);
    uint32_t count = gs_load_u32(bytes.ptr);
    size_t offsets_bytes = (size_t)blocks_of(count) * OFFSET_BYTES;
    if (offsets_bytes > bytes.len - COUNT_BYTES)
        return gs_corrupt(err, "%s: no room for a list of %u strings", what, count);
    const uint8_t *offsets = bytes.ptr + COUNT_BYTES;
    gs_bytes data =
        gs_bytes_of(offsets + offsets_bytes, bytes.len - COUNT_BYTES - offsets_bytes);
    if (count == 0 ? data.len != 0 : gs_load_u32(offsets) != 0)
        return gs_corrupt(err, "%s: the list of strings does not begin where it should", what);
    *out = (gs_strings){.count = count, .offsets = offsets, .data = data};
    return GSEARCH_OK;
}

/* The bytes of a block; a bad cursor if its offsets are wrong. */
static gs_cursor block_cursor(const gs_strings *strings, uint32_t block)
{
    const uint8_t *offset = strings->offsets + (size_t)block * OFFSET_BYTES;
    size_t begin = gs_load_u32(offset);
    size_t end = strings->data.len;
    if (block + 1 < blocks_of(strings->count))
        end = gs_load_u32(offset + OFFSET_BYTES);
    gs_cursor cursor = gs_cursor_of(strings->data);
    if (begin > end || end > strings->data.len) {
        gs_cursor_fail(&cursor);
        return cursor;
    }
    return gs_cursor_of(gs_bytes_of(strings->data.ptr + begin, end - begin));
}

gs_bytes gs_strings_offsets(const gs_strings *strings, uint32_t i)
{
    uint32_t block = i / GS_STRINGS_BLOCK;
    bool is_last = block + 1 == blocks_of(strings->count);
    return gs_bytes_of(strings->offsets + (size_t)block * OFFSET_BYTES,
                       is_last ? OFFSET_BYTES : 2 * OFFSET_BYTES);
}

gs_bytes gs_strings_block(const gs_strings *strings, uint32_t i)
{
    gs_cursor cursor = block_cursor(strings, i / GS_STRINGS_BLOCK);
    return gs_bytes_of(cursor.ptr, cursor.bad ? 0 : gs_cursor_left(&cursor));
}

/* Turns the string at out->data + start, number `i` - 1, into number `i`. */
static gsearch_status next_string(gs_cursor *cursor, uint32_t i, gs_buf *out, size_t start,
                                  gsearch_error *err)
{
    size_t shared = 0;
    if (i % GS_STRINGS_BLOCK != 0)
        shared = gs_cursor_varint32(cursor);
    gs_bytes rest = gs_cursor_bytes(cursor, gs_cursor_varint32(cursor));
    if (cursor->bad || shared > out->len - start)
        return fail_list(err);
    out->len = start + shared;
    gs_buf_bytes(out, rest);
    return out->status ? fail_buf(out, err) : GSEARCH_OK;
}

/* Has memory fetch a block as far as its string `at`: each string says where the next begins, and
 * should not wait for it. */
static void expect_block(gs_cursor cursor, uint32_t at)
{
    size_t ahead = gs_cursor_left(&cursor) * (at + 1) / GS_STRINGS_BLOCK;
    for (size_t line = 0; line < ahead && line < AHEAD_BYTES_MAX; line += LINE_BYTES)
        __builtin_prefetch(cursor.ptr + line);
}

void gs_strings_expect(const gs_strings *strings, const uint32_t *numbers, size_t count)
{
    for (size_t n = 0; n < count; n++)
        __builtin_prefetch(strings->offsets + numbers[n] / GS_STRINGS_BLOCK * OFFSET_BYTES);
    for (size_t n = 0; n < count; n++)
        expect_block(block_cursor(strings, numbers[n] / GS_STRINGS_BLOCK),
                     numbers[n] % GS_STRINGS_BLOCK);
}

gsearch_status gs_strings_get(const gs_strings *strings, uint32_t i, gs_buf *out,
                              gsearch_error *err)
{
    size_t shared[GS_STRINGS_BLOCK] = {0}, len = 0;
    gs_bytes rests[GS_STRINGS_BLOCK];
    uint32_t at = i % GS_STRINGS_BLOCK;
    gs_cursor cursor = block_cursor(strings, i / GS_STRINGS_BLOCK);
    expect_block(cursor, at);
    for (uint32_t s = 0; s <= at; s++) {
        if (s)
            shared[s] = gs_cursor_varint32(&cursor);
        rests[s] = gs_cursor_bytes(&cursor, gs_cursor_varint32(&cursor));
        if (cursor.bad || shared[s] > len)
            return fail_list(err);
        len = shared[s] + rests[s].len;
    }
    uint8_t *to = gs_buf_reserve(out, len);
    if (!to)
        return fail_buf(out, err);
    out->len += len;
    // from its own rest backwards: of those before only what no later one replaced
    for (uint32_t s = at + 1; len; len = shared[s] < len ? shared[s] : len) {
        s--;
        if (shared[s] < len)
            memcpy(to + shared[s], rests[s].ptr, len - shared[s]);
    }
    return GSEARCH_OK;
}

static bool follows(gs_bytes before, gs_bytes string, gs_strings_order order)
{
    int difference = gs_bytes_compare(before, string);
    return order == GS_STRINGS_ANY || difference < 0 ||
           (order == GS_STRINGS_SORTED && difference == 0);
}

gsearch_status gs_strings_verify(const gs_strings *strings, const gs_mem *mem, const char *what,
                                 gs_strings_order order, gsearch_error *err)
{
    gsearch_status status = GSEARCH_OK;
    gs_buf last, current;
    gs_buf_init(&last, mem, UINT32_MAX);
    gs_buf_init(&current, mem, UINT32_MAX);
    gs_cursor cursor = {0};
    for (uint32_t i = 0; i < strings->count; i++) {
        if (i % GS_STRINGS_BLOCK == 0) {
            if (gs_cursor_left(&cursor)) {
                status = gs_corrupt(err, "%s: bytes between blocks of strings", what);
                goto out;
            }
            cursor = block_cursor(strings, i / GS_STRINGS_BLOCK);
        }
        status = next_string(&cursor, i, &current, 0, err);
        if (status)
            goto out;
        if (i && !follows(gs_buf_view(&last), gs_buf_view(&current), order)) {
            status = gs_corrupt(err, "%s: string %u is out of order", what, i);
            goto out;
        }
        gs_buf_reset(&last);
        gs_buf_bytes(&last, gs_buf_view(&current));
        if (last.status) {
            status = fail_buf(&last, err);
            goto out;
        }
    }
    if (gs_cursor_left(&cursor))
        status = gs_corrupt(err, "%s: bytes behind the last string", what);
out:
    gs_buf_release(&last);
    gs_buf_release(&current);
    return status;
}

/* The number of blocks whose first string is at most `string`. */
static gsearch_status find_block(const gs_strings *strings, gs_bytes string, uint32_t *out,
                                 gsearch_error *err)
{
    uint32_t low = 0, high = blocks_of(strings->count);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        gs_cursor cursor = block_cursor(strings, middle);
        gs_bytes first = gs_cursor_bytes(&cursor, gs_cursor_varint32(&cursor));
        if (cursor.bad)
            return fail_list(err);
        if (gs_bytes_compare(first, string) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return GSEARCH_OK;
}

gsearch_status gs_strings_find(const gs_strings *strings, const gs_mem *mem, gs_bytes string,
                               uint32_t *at, bool *found, gsearch_error *err)
{
    uint32_t block = 0;
    GS_TRY(find_block(strings, string, &block, err));
    if (block == 0) {
        *at = 0;
        *found = false;
        return GSEARCH_OK;
    }
    uint32_t i = (block - 1) * GS_STRINGS_BLOCK;
    uint32_t end = strings->count - i < GS_STRINGS_BLOCK ? strings->count : i + GS_STRINGS_BLOCK;
    gs_cursor cursor = block_cursor(strings, block - 1);
    gs_buf current;
    gs_buf_init(&current, mem, UINT32_MAX);
    gsearch_status status = GSEARCH_OK;
    int order = 1;
    for (; i < end; i++) {
        status = next_string(&cursor, i, &current, 0, err);
        if (status)
            goto out;
        order = gs_bytes_compare(string, gs_buf_view(&current));
        if (order <= 0)
            break;
    }
    *at = i;
    *found = order == 0;
out:
    gs_buf_release(&current);
    return status;
}
