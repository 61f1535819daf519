/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the form of sorted runs; run.h draws it. Runs are read by the process that wrote them, but
 * still through a bounded cursor.
 */
#include "indexer/run.h"

#define VARINT_BYTES_MAX 5u
#define HEAD_BYTES_MAX (VARINT_BYTES_MAX + 1 + GS_TERM_BYTES_MAX)
#define PIECE_POSITIONS 4096u

gsearch_status gs_run_add(gs_run *run, gs_bytes word, const uint64_t *pairs, size_t count,
                          gsearch_error *err)
{
    gs_buf *out = &run->bytes.tail;
    gs_buf_varint(out, count);
    gs_buf_u8(out, (uint8_t)word.len);
    gs_buf_bytes(out, word);
    uint32_t last = run->base;
    while (count) {
        size_t part = count < PIECE_POSITIONS ? count : PIECE_POSITIONS;
        uint8_t *ptr = gs_buf_reserve(out, part * VARINT_BYTES_MAX);
        if (!ptr)
            break;
        uint8_t *begin = ptr;
        for (size_t i = 0; i < part; i++) {
            uint32_t position = (uint32_t)pairs[i];
            ptr += gs_store_varint(ptr, position - last);
            last = position;
        }
        out->len += (size_t)(ptr - begin);
        GS_TRY(gs_spill_relieve(&run->bytes, err));
        pairs += part;
        count -= part;
    }
    return gs_spill_relieve(&run->bytes, err);
}

gsearch_status gs_run_end(gs_run *run, gsearch_error *err)
{
    gs_buf_varint(&run->bytes.tail, 0);
    return gs_spill_seal(&run->bytes, err);
}

gsearch_status gs_run_reader_open(gs_run_reader *reader, const gs_run *run, uint32_t shift,
                                  size_t buffer_bytes, gsearch_error *err)
{
    *reader = (gs_run_reader){.base = run->base + shift};
    return gs_spill_reader_open(&reader->bytes, &run->bytes,
                                buffer_bytes < HEAD_BYTES_MAX ? HEAD_BYTES_MAX : buffer_bytes, err);
}

void gs_run_reader_close(gs_run_reader *reader)
{
    gs_spill_reader_close(&reader->bytes);
}

gsearch_status gs_run_next(gs_run_reader *reader, bool *more, gsearch_error *err)
{
    GS_TRY(gs_spill_reader_fill(&reader->bytes, HEAD_BYTES_MAX, err));
    gs_cursor cursor = {.ptr = reader->bytes.next, .end = reader->bytes.end};
    reader->left = gs_cursor_varint32(&cursor);
    if (reader->left) {
        gs_bytes word = gs_cursor_bytes(&cursor, gs_cursor_u8(&cursor));
        memcpy(reader->room, word.ptr, word.len);
        reader->word = gs_bytes_of(reader->room, word.len);
    }
    if (cursor.bad)
        return gs_fail(err, GSEARCH_INTERNAL, "a sorted run does not read back");
    reader->bytes.next = cursor.ptr;
    reader->position = reader->base;
    *more = reader->left > 0;
    return GSEARCH_OK;
}

gsearch_status gs_run_positions(gs_run_reader *reader, uint32_t *out, size_t capacity,
                                size_t *count, gsearch_error *err)
{
    size_t want = reader->left < capacity ? reader->left : capacity;
    size_t fits = reader->bytes.capacity / VARINT_BYTES_MAX;
    if (want > fits)
        want = fits;
    GS_TRY(gs_spill_reader_fill(&reader->bytes, want * VARINT_BYTES_MAX, err));
    gs_cursor cursor = {.ptr = reader->bytes.next, .end = reader->bytes.end};
    uint32_t position = reader->position;
    for (size_t i = 0; i < want; i++)
        out[i] = position += gs_cursor_varint32(&cursor);
    if (cursor.bad)
        return gs_fail(err, GSEARCH_INTERNAL, "a sorted run does not read back");
    reader->bytes.next = cursor.ptr;
    reader->position = position;
    reader->left -= (uint32_t)want;
    *count = want;
    return GSEARCH_OK;
}
