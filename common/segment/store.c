/* SPDX-License-Identifier: Apache-2.0
 *
 * A block begins with how many documents begin in it and the two lengths of each; their bytes
 * follow. A document too large for one block is spread over blocks that are all full but the last,
 * so that the one with a given byte is computed. Decoding a page of it costs that page.
 */
#include "common/segment/store.h"

#include <assert.h>

#include "common/base/limits.h"

#define DIRECTORY_ROW_BYTES 12u
#define CHECKPOINT_ROW_BYTES 8u
#define CONTINUATION_BYTES (GS_TEXT_BLOCK_BYTES - 1u) // behind the zero that opens it

static size_t varint_len(uint64_t value)
{
    uint8_t room[10];
    return gs_store_varint(room, value);
}

/* ---- writing ---- */

struct gs_store_packer {
    const gs_mem *mem;
    gs_frame_encoder *encoder;
    gs_buf lengths; // of the documents of the open block
    gs_buf content;
    gs_buf raw; // a block on its way into the encoder
    uint32_t documents;
};

gs_store_packer *gs_store_packer_new(const gs_mem *mem, int level)
{
    gs_store_packer *packer = gs_mem_calloc(mem, 1, sizeof(*packer));
    if (!packer)
        return NULL;
    packer->mem = mem;
    gs_buf_init(&packer->lengths, mem, GS_TEXT_BLOCK_BYTES_MAX);
    gs_buf_init(&packer->content, mem, GS_TEXT_BLOCK_BYTES_MAX);
    gs_buf_init(&packer->raw, mem, GS_TEXT_BLOCK_BYTES_MAX);
    packer->encoder = gs_frame_encoder_new(mem, level);
    if (!packer->encoder) {
        gs_mem_free(mem, packer);
        return NULL;
    }
    return packer;
}

void gs_store_packer_free(gs_store_packer *packer)
{
    if (!packer)
        return;
    gs_frame_encoder_free(packer->encoder);
    gs_buf_release(&packer->lengths);
    gs_buf_release(&packer->content);
    gs_buf_release(&packer->raw);
    gs_mem_free(packer->mem, packer);
}

/* Encodes packer->raw, in which `documents` begin, and empties it. */
static gsearch_status emit_raw(gs_store_packer *packer, uint32_t documents, gs_buf *out,
                               gsearch_error *err)
{
    if (packer->raw.status)
        return gs_fail(err, packer->raw.status, "no room for a text block");
    gs_buf_u32(out, documents);
    size_t length_at = out->len;
    gs_buf_u32(out, 0);
    GS_TRY(gs_frame_encode(packer->encoder, gs_buf_view(&packer->raw), out, err));
    size_t stored = out->len - length_at - sizeof(uint32_t);
    gs_store_u32(out->data + length_at, (uint32_t)stored);
    gs_buf_reset(&packer->raw);
    return GSEARCH_OK;
}

gsearch_status gs_store_packer_flush(gs_store_packer *packer, gs_buf *out, gsearch_error *err)
{
    if (packer->documents == 0)
        return GSEARCH_OK;
    gs_buf_varint(&packer->raw, packer->documents);
    gs_buf_bytes(&packer->raw, gs_buf_view(&packer->lengths));
    gs_buf_bytes(&packer->raw, gs_buf_view(&packer->content));
    GS_TRY(emit_raw(packer, packer->documents, out, err));
    gs_buf_reset(&packer->lengths);
    gs_buf_reset(&packer->content);
    packer->documents = 0;
    return GSEARCH_OK;
}

/* Moves as much of `source` as packer->raw has room for. */
static void fill_raw(gs_store_packer *packer, gs_bytes *source)
{
    size_t room = GS_TEXT_BLOCK_BYTES - packer->raw.len;
    size_t taken = source->len < room ? source->len : room;
    gs_buf_append(&packer->raw, source->ptr, taken);
    *source = gs_bytes_of(source->ptr + taken, source->len - taken);
}

static gsearch_status add_large(gs_store_packer *packer, gs_bytes text, gs_bytes fields,
                                gs_buf *out, gsearch_error *err)
{
    GS_TRY(gs_store_packer_flush(packer, out, err));
    gs_buf_varint(&packer->raw, 1);
    gs_buf_varint(&packer->raw, text.len);
    gs_buf_varint(&packer->raw, fields.len);
    for (uint32_t begun = 1; text.len || fields.len; begun = 0) {
        if (!begun)
            gs_buf_varint(&packer->raw, 0);
        fill_raw(packer, &text);
        fill_raw(packer, &fields);
        GS_TRY(emit_raw(packer, begun, out, err));
    }
    return GSEARCH_OK;
}

gsearch_status gs_store_packer_add(gs_store_packer *packer, gs_bytes text, gs_bytes fields,
                                   gs_buf *out, gsearch_error *err)
{
    if (text.len > GS_STORED_BYTES_MAX || fields.len > GS_STORED_BYTES_MAX - text.len)
        return gs_fail(err, GSEARCH_LIMIT, "a document of more than %u bytes cannot be stored",
                       GS_STORED_BYTES_MAX);
    size_t record = varint_len(text.len) + varint_len(fields.len) + text.len + fields.len;
    if (varint_len(1) + record > GS_TEXT_BLOCK_BYTES)
        return add_large(packer, text, fields, out, err);
    gs_buf_varint(&packer->lengths, text.len);
    gs_buf_varint(&packer->lengths, fields.len);
    gs_buf_bytes(&packer->content, text);
    gs_buf_bytes(&packer->content, fields);
    if (packer->lengths.status || packer->content.status)
        return gs_fail_memory(err);
    packer->documents++;
    size_t raw_len =
        varint_len(packer->documents) + packer->lengths.len + packer->content.len;
    if (raw_len < GS_TEXT_BLOCK_BYTES)
        return GSEARCH_OK;
    return gs_store_packer_flush(packer, out, err);
}

/* ---- reading ---- */

static uint64_t block_offset(const gs_store *store, uint32_t block)
{
    return gs_load_u64(store->directory + (size_t)block * DIRECTORY_ROW_BYTES);
}

static uint32_t block_first(const gs_store *store, uint32_t block)
{
    return gs_load_u32(store->directory + (size_t)block * DIRECTORY_ROW_BYTES + 8);
}

gsearch_status gs_store_open(gs_container *container, gs_bytes text, gs_bytes directory,
                             gs_bytes checkpoints, uint32_t documents, gs_store *out,
                             gsearch_error *err)
{
    const char *name = gs_container_name_of(container);
    size_t rows = directory.len / DIRECTORY_ROW_BYTES;
    if (rows == 0 || directory.len % DIRECTORY_ROW_BYTES || rows - 1 > UINT32_MAX)
        return gs_corrupt(err, "%s: the directory of text blocks has a wrong length", name);
    size_t checkpoints_count = checkpoints.len / CHECKPOINT_ROW_BYTES;
    if (checkpoints.len % CHECKPOINT_ROW_BYTES || checkpoints_count > UINT32_MAX)
        return gs_corrupt(err, "%s: the list of checkpoints has a wrong length", name);
    gs_store store = {
        .container = container,
        .text = text,
        .directory = directory.ptr,
        .blocks = (uint32_t)(rows - 1),
        .documents = documents,
        .checkpoints = checkpoints.ptr,
        .checkpoints_count = (uint32_t)checkpoints_count,
    };
    if (block_offset(&store, 0) != 0 || block_first(&store, 0) != 0 ||
        block_offset(&store, store.blocks) != text.len ||
        block_first(&store, store.blocks) != documents)
        return gs_corrupt(err, "%s: the directory of text blocks does not fit the text", name);
    *out = store;
    return GSEARCH_OK;
}

static gsearch_status fail_block(const gs_store *store, uint32_t block, gsearch_error *err)
{
    return gs_corrupt(err, "%s: text block %u is damaged", gs_container_name_of(store->container),
                      block);
}

/* Decodes a block behind what decoder->text holds. */
static gsearch_status append_block(const gs_store *store, gs_decoder *decoder, uint32_t block,
                                   size_t *raw_len, gsearch_error *err)
{
    uint64_t begin = block_offset(store, block);
    uint64_t end = block_offset(store, block + 1);
    if (begin > end || end > store->text.len)
        return fail_block(store, block, err);
    gs_bytes stored = gs_bytes_of(store->text.ptr + begin, (size_t)(end - begin));
    GS_TRY(gs_container_check(store->container, stored, err));
    uint8_t *room = gs_buf_reserve(&decoder->text, GS_TEXT_BLOCK_BYTES_MAX);
    if (!room)
        return gs_fail(err, decoder->text.status, "no room for a stored text");
    GS_TRY(gs_frame_decode(decoder->zstd, stored, room, GS_TEXT_BLOCK_BYTES_MAX, raw_len, err));
    decoder->text.len += *raw_len;
    return GSEARCH_OK;
}

/* Makes decoder->text this block and nothing else. */
static gsearch_status load_block(const gs_store *store, gs_decoder *decoder, uint32_t block,
                                 gsearch_error *err)
{
    gs_hash128 file = gs_container_id(store->container);
    if (decoder->text_cached && decoder->text_block == block &&
        decoder->text_file.low == file.low && decoder->text_file.high == file.high)
        return GSEARCH_OK;
    decoder->text_cached = false;
    gs_buf_reset(&decoder->text);
    size_t raw_len;
    GS_TRY(append_block(store, decoder, block, &raw_len, err));
    decoder->text_file = file;
    decoder->text_block = block;
    decoder->text_cached = true;
    return GSEARCH_OK;
}

static void put_row(gs_buf *directory, uint64_t offset, uint32_t first)
{
    gs_buf_u64(directory, offset);
    gs_buf_u32(directory, first);
}

/* The block that begins `rest`, and how many documents begin in it; CORRUPT if there is none. */
static gsearch_status next_block(gs_container *container, gs_bytes rest, gs_decoder *decoder,
                                 size_t *stored_len, uint32_t *begun, gsearch_error *err)
{
    gs_bytes stored = gs_bytes_of(rest.ptr, gs_frame_length(rest));
    size_t raw_len;
    GS_TRY(gs_container_check(container, stored, err));
    gs_buf_reset(&decoder->text);
    uint8_t *room = gs_buf_reserve(&decoder->text, GS_TEXT_BLOCK_BYTES_MAX);
    if (!room)
        return gs_fail(err, decoder->text.status, "no room for a stored text");
    GS_TRY(gs_frame_decode(decoder->zstd, stored, room, GS_TEXT_BLOCK_BYTES_MAX, &raw_len, err));
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(room, raw_len));
    *begun = gs_cursor_varint32(&cursor);
    *stored_len = stored.len;
    return cursor.bad ? gs_corrupt(err, "a text block is empty") : GSEARCH_OK;
}

gsearch_status gs_store_recover(gs_container *container, gs_bytes text, gs_decoder *decoder,
                                gs_buf *directory, gs_store *out, gsearch_error *err)
{
    gsearch_error fault = {0};
    size_t at = 0, stored_len = 0;
    uint32_t documents = 0, begun = 0;
    decoder->text_cached = false;
    while (at < text.len) {
        gs_bytes rest = gs_bytes_of(text.ptr + at, text.len - at);
        gsearch_status status =
            next_block(container, rest, decoder, &stored_len, &begun, &fault);
        if (status == GSEARCH_NO_MEMORY)
            return gs_fail_memory(err);
        if (status || begun > GS_SEGMENT_DOCUMENTS_MAX - documents)
            break;
        put_row(directory, at, documents);
        documents += begun;
        at += stored_len;
    }
    put_row(directory, at, documents);
    if (directory->status)
        return gs_fail_memory(err);
    return gs_store_open(container, gs_bytes_of(text.ptr, at), gs_buf_view(directory),
                         gs_bytes_of("", 0), documents, out, err);
}

/* The last block that begins with `doc` or an earlier document. */
static uint32_t find_block(const gs_store *store, uint32_t doc)
{
    uint32_t low = 0, high = store->blocks; // row 0 is at most `doc`, as gs_store_open has checked
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (block_first(store, middle) <= doc)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Where a document stands in its block. */
typedef struct record {
    uint32_t block;
    uint32_t text_len, fields_len;
    size_t begin; // of its text in the block
    bool is_large;
} record;

static uint64_t record_bytes(const record *at)
{
    return (uint64_t)at->text_len + at->fields_len;
}

/* Reads the lengths at the front of the block in decoder->text, which begins with `first`. */
static bool read_lengths(gs_bytes raw, uint32_t begun, uint32_t index, record *out)
{
    gs_cursor cursor = gs_cursor_of(raw);
    if (gs_cursor_varint32(&cursor) != begun)
        return false;
    uint64_t before = 0, total = 0; // of at most 2^33 a document: no overflow
    for (uint32_t i = 0; i < begun && !cursor.bad; i++) {
        uint32_t text_len = gs_cursor_varint32(&cursor);
        uint32_t fields_len = gs_cursor_varint32(&cursor);
        if (i == index) {
            out->text_len = text_len;
            out->fields_len = fields_len;
            before = total;
        }
        total += (uint64_t)text_len + fields_len;
    }
    size_t left = gs_cursor_left(&cursor);
    if (cursor.bad || record_bytes(out) > GS_STORED_BYTES_MAX)
        return false;
    out->is_large = begun == 1 && raw.len == GS_TEXT_BLOCK_BYTES && total > left;
    out->begin = raw.len - left + (size_t)(out->is_large ? 0 : before);
    return out->is_large || total == left;
}

static gsearch_status locate(const gs_store *store, gs_decoder *decoder, uint32_t doc, record *out,
                             gsearch_error *err)
{
    if (store->blocks == 0)
        return gs_corrupt(err, "%s: there are no text blocks",
                          gs_container_name_of(store->container));
    uint32_t block = find_block(store, doc);
    uint32_t first = block_first(store, block);
    uint32_t next = block_first(store, block + 1);
    if (first > doc || next <= doc)
        return fail_block(store, block, err);
    GS_TRY(load_block(store, decoder, block, err));
    if (!read_lengths(gs_buf_view(&decoder->text), next - first, doc - first, out))
        return fail_block(store, block, err);
    out->block = block;
    return GSEARCH_OK;
}

/* Which block, counted from the document's first, holds byte `offset` of its content. */
static uint64_t block_of_byte(const record *at, uint64_t offset)
{
    size_t in_first = GS_TEXT_BLOCK_BYTES - at->begin;
    return offset < in_first ? 0 : 1 + (offset - in_first) / CONTINUATION_BYTES;
}

/* Brings the blocks of a large document that cover [from, to) of its content into decoder->text.
 * `*loaded_from` is what its first byte is then. */
static gsearch_status load_large(const gs_store *store, gs_decoder *decoder, const record *at,
                                 uint64_t from, uint64_t to, uint64_t *loaded_from,
                                 gsearch_error *err)
{
    size_t in_first = GS_TEXT_BLOCK_BYTES - at->begin;
    uint64_t next = block_of_byte(at, from);
    uint64_t last = block_of_byte(at, to > from ? to - 1 : from);
    if (last >= store->blocks - at->block)
        return fail_block(store, at->block, err);
    decoder->text_cached = false;
    if (next == 0) {
        memmove(decoder->text.data, decoder->text.data + at->begin, in_first);
        decoder->text.len = in_first;
        *loaded_from = 0;
        next = 1;
    } else {
        decoder->text.len = 0;
        *loaded_from = in_first + (next - 1) * CONTINUATION_BYTES;
    }
    for (; next <= last; next++) {
        uint64_t offset = in_first + (next - 1) * CONTINUATION_BYTES;
        uint64_t expected = record_bytes(at) - offset;
        expected = expected < CONTINUATION_BYTES ? expected : CONTINUATION_BYTES;
        uint32_t block = at->block + (uint32_t)next;
        size_t before = decoder->text.len;
        size_t raw_len;
        GS_TRY(append_block(store, decoder, block, &raw_len, err));
        uint8_t *raw = decoder->text.data + before;
        if (block_first(store, block) != block_first(store, block + 1) ||
            raw_len != 1 + expected || raw[0] != 0)
            return fail_block(store, block, err);
        memmove(raw, raw + 1, raw_len - 1);
        decoder->text.len--;
    }
    return GSEARCH_OK;
}

gsearch_status gs_store_read(const gs_store *store, gs_decoder *decoder, uint32_t doc,
                             uint32_t from, uint32_t to, gs_stored *out, gsearch_error *err)
{
    assert(doc < store->documents);
    record at = {0};
    GS_TRY(locate(store, decoder, doc, &at, err));
    bool all = to == UINT32_MAX;
    if (!at.is_large) {
        const uint8_t *text = decoder->text.data + at.begin;
        *out = (gs_stored){
            .text = gs_bytes_of(text, at.text_len),
            .text_len = at.text_len,
            .fields = gs_bytes_of(text + at.text_len, all ? at.fields_len : 0),
        };
        return GSEARCH_OK;
    }
    uint64_t end = all ? record_bytes(&at) : to < at.text_len ? to : at.text_len;
    uint64_t begin = from < at.text_len ? from : at.text_len;
    if (begin >= end) // one byte at least, so that there is a block to speak of
        begin = end ? end - 1 : 0;
    uint64_t loaded_from = 0;
    GS_TRY(load_large(store, decoder, &at, begin, end, &loaded_from, err));
    // what was loaded may begin or end in the fields
    uint64_t loaded_to = loaded_from + decoder->text.len;
    uint32_t text_from = loaded_from < at.text_len ? (uint32_t)loaded_from : at.text_len;
    uint32_t text_to = loaded_to < at.text_len ? (uint32_t)loaded_to : at.text_len;
    const uint8_t *fields = decoder->text.data + decoder->text.len - (all ? at.fields_len : 0);
    *out = (gs_stored){
        .text = gs_bytes_of(decoder->text.data, text_to - text_from),
        .text_from = text_from,
        .text_len = at.text_len,
        .fields = gs_bytes_of(fields, all ? at.fields_len : 0),
    };
    return GSEARCH_OK;
}

static gs_checkpoint checkpoint_row(const gs_store *store, uint32_t i)
{
    const uint8_t *row = store->checkpoints + (size_t)i * CHECKPOINT_ROW_BYTES;
    return (gs_checkpoint){.position = gs_load_u32(row), .byte = gs_load_u32(row + 4)};
}

/* Checks a block by itself and against `*pending`, the bytes that are still to come of a document
 * begun before it. */
static gsearch_status verify_block(const gs_store *store, gs_decoder *decoder, uint32_t block,
                                   uint64_t *pending, gsearch_error *err)
{
    GS_TRY(load_block(store, decoder, block, err));
    gs_bytes raw = gs_buf_view(&decoder->text);
    uint32_t first = block_first(store, block);
    uint32_t next = block_first(store, block + 1);
    record at = {0};
    if (next < first || (*pending != 0) != (next == first))
        return fail_block(store, block, err);
    if (*pending) {
        uint64_t expected = *pending < CONTINUATION_BYTES ? *pending : CONTINUATION_BYTES;
        if (raw.len != 1 + expected || raw.ptr[0] != 0)
            return fail_block(store, block, err);
        *pending -= expected;
    } else {
        if (!read_lengths(raw, next - first, 0, &at))
            return fail_block(store, block, err);
        *pending = at.is_large ? record_bytes(&at) - (raw.len - at.begin) : 0;
    }
    return GSEARCH_OK;
}

gsearch_status gs_store_verify(const gs_store *store, gs_decoder *decoder, gsearch_error *err)
{
    const char *name = gs_container_name_of(store->container);
    uint64_t pending = 0;
    for (uint32_t block = 0; block < store->blocks; block++)
        GS_TRY(verify_block(store, decoder, block, &pending, err));
    if (pending)
        return gs_corrupt(err, "%s: the last text block is missing", name);
    for (uint32_t i = 1; i < store->checkpoints_count; i++) {
        if (checkpoint_row(store, i).position < checkpoint_row(store, i - 1).position)
            return gs_corrupt(err, "%s: checkpoint %u is out of order", name, i);
    }
    return GSEARCH_OK;
}

gs_checkpoint gs_store_checkpoint(const gs_store *store, uint32_t text_start, uint32_t position)
{
    uint32_t low = 0, high = store->checkpoints_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (checkpoint_row(store, middle).position <= position)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0) {
        gs_checkpoint found = checkpoint_row(store, low - 1);
        if (found.position >= text_start)
            return found;
    }
    return (gs_checkpoint){.position = text_start, .byte = 0};
}
