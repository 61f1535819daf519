/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the way of runs, documents and text between a batch and a segment. Start with
 * gs_spill_relieve and gs_spill_reader_fill.
 */
#include "indexer/spill.h"

void gs_spill_init(gs_spill *spill, gs_spill_file *file, const gs_mem *mem)
{
    *spill = (gs_spill){.file = file, .mem = mem};
    gs_buf_init(&spill->tail, mem, GS_SPILL_TAIL_BYTES_MAX);
}

void gs_spill_release(gs_spill *spill)
{
    gs_buf_release(&spill->tail);
    gs_mem_free(spill->mem, spill->extents);
    spill->extents = NULL;
    spill->extents_count = spill->extents_capacity = 0;
}

/* Neighbouring pieces of one stream are one extent. */
static gsearch_status write_tail(gs_spill *spill, gsearch_error *err)
{
    gs_spill_file *file = spill->file;
    if (!file->scratch)
        GS_TRY(gs_scratch_open(file->dir, &file->scratch, err));
    uint64_t offset = gs_scratch_size(file->scratch);
    GS_TRY(gs_scratch_write(file->scratch, spill->tail.data, spill->tail.len, err));
    gs_spill_extent *last =
        spill->extents_count ? &spill->extents[spill->extents_count - 1] : NULL;
    if (last && last->offset + last->len == offset) {
        last->len += spill->tail.len;
    } else {
        if (!gs_mem_grow(spill->mem, (void **)&spill->extents, &spill->extents_capacity,
                         spill->extents_count + 1, SIZE_MAX / sizeof(*spill->extents),
                         sizeof(*spill->extents)))
            return gs_fail_memory(err);
        spill->extents[spill->extents_count++] =
            (gs_spill_extent){.offset = offset, .len = spill->tail.len};
    }
    gs_buf_reset(&spill->tail);
    return GSEARCH_OK;
}

gsearch_status gs_spill_relieve(gs_spill *spill, gsearch_error *err)
{
    if (spill->tail.status == GSEARCH_NO_MEMORY)
        return gs_fail_memory(err);
    if (spill->tail.status)
        return gs_fail(err, spill->tail.status, "a piece of the index is over %u bytes",
                       GS_SPILL_TAIL_BYTES_MAX);
    return spill->tail.len < GS_SPILL_BYTES ? GSEARCH_OK : write_tail(spill, err);
}

gsearch_status gs_spill_seal(gs_spill *spill, gsearch_error *err)
{
    GS_TRY(gs_spill_relieve(spill, err));
    if (spill->tail.len > GS_SPILL_KEEP_BYTES)
        GS_TRY(write_tail(spill, err));
    if (!spill->tail.len)
        gs_buf_release(&spill->tail);
    return spill->extents_count ? gs_scratch_flush(spill->file->scratch, err) : GSEARCH_OK;
}

gsearch_status gs_spill_reader_open(gs_spill_reader *reader, const gs_spill *spill,
                                    size_t buffer_bytes, gsearch_error *err)
{
    uint8_t *buffer = gs_mem_alloc(spill->mem, buffer_bytes);
    if (!buffer)
        return gs_fail_memory(err);
    *reader = (gs_spill_reader){
        .spill = spill, .buffer = buffer, .capacity = buffer_bytes, .next = buffer, .end = buffer};
    return GSEARCH_OK;
}

void gs_spill_reader_close(gs_spill_reader *reader)
{
    if (reader->spill)
        gs_mem_free(reader->spill->mem, reader->buffer);
    *reader = (gs_spill_reader){0};
}

/* Reads up to `len` bytes from where the reader stands; 0 at the end of the stream. */
static gsearch_status read_piece(gs_spill_reader *reader, uint8_t *out, size_t len, size_t *got,
                                 gsearch_error *err)
{
    const gs_spill *spill = reader->spill;
    bool in_file = reader->extent < spill->extents_count;
    uint64_t left = (in_file ? spill->extents[reader->extent].len : spill->tail.len);
    left -= reader->offset;
    size_t part = left < len ? (size_t)left : len;
    if (in_file)
        GS_TRY(gs_scratch_read(spill->file->scratch,
                               spill->extents[reader->extent].offset + reader->offset, out, part,
                               err));
    else if (part)
        memcpy(out, spill->tail.data + reader->offset, part);
    reader->offset += part;
    if (in_file && part == left) {
        reader->extent++;
        reader->offset = 0;
    }
    *got = part;
    return GSEARCH_OK;
}

gsearch_status gs_spill_reader_fill(gs_spill_reader *reader, size_t need, gsearch_error *err)
{
    size_t have = (size_t)(reader->end - reader->next);
    if (have >= need)
        return GSEARCH_OK;
    memmove(reader->buffer, reader->next, have);
    reader->next = reader->buffer;
    reader->end = reader->buffer + have;
    size_t got = 1;
    while (have < reader->capacity && got) {
        GS_TRY(read_piece(reader, reader->buffer + have, reader->capacity - have, &got, err));
        have += got;
        reader->end = reader->buffer + have;
    }
    return GSEARCH_OK;
}

gsearch_status gs_spill_reader_get(gs_spill_reader *reader, void *out, size_t len,
                                   gsearch_error *err)
{
    uint8_t *to = out;
    if (len <= reader->capacity) // many small pieces: not a read of the file for each
        GS_TRY(gs_spill_reader_fill(reader, len, err));
    size_t have = (size_t)(reader->end - reader->next);
    size_t part = have < len ? have : len;
    if (part)
        memcpy(to, reader->next, part);
    reader->next += part;
    for (to += part, len -= part; len; to += part, len -= part) {
        GS_TRY(read_piece(reader, to, len, &part, err));
        if (!part)
            return gs_fail(err, GSEARCH_INTERNAL, "a scratch stream ends early");
    }
    return GSEARCH_OK;
}

bool gs_spill_reader_done(const gs_spill_reader *reader)
{
    return reader->next == reader->end && reader->extent == reader->spill->extents_count &&
           reader->offset == reader->spill->tail.len;
}
