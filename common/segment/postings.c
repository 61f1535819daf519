/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.10 and 3.11: encoding and decoding of position lists.
 *
 *     long list     count · blocks · table of the blocks, a column each · 0… | blocks
 *     short chunk   u16 bytes of classes (bit 15: not compressed) · classes · mantissa bits
 *
 * A gap g >= 1 has the class floor(log2 g), a byte, and a mantissa of as many bits as its class: g
 * without its leading one. The classes of a chunk are compressed with zstd, which is a Huffman
 * coder here; mantissas are noise and stay as they are.
 */
#include "common/segment/postings.h"

#include <assert.h>
#include <inttypes.h>

#include "common/segment/doctable.h"
#include "common/simd/kernels.h"

#define LONG_HEAD_BYTES 8u
#define LONG_ALIGN 32u
#define LIST_BYTES_MAX ((size_t)UINT32_MAX * 5) /* 2^32 positions, packed at full width */
#define CLASS_MAX 31u
#define RAW_CLASSES 0x8000u
#define CODED_BYTES_MAX (GS_BLOCK_POSTINGS / 2 + GS_BLOCK_POSTINGS * sizeof(uint32_t))
#define CLASS_LEVEL (-100) /* zstd: no matches are looked for, of which there are none */

_Static_assert(sizeof(((gs_decoder *)0)->mantissas) >=
                   GS_CHUNK_GAPS * CLASS_MAX / 8 + GS_GAPS_ROOM,
               "room behind the mantissas of a chunk");

/* ---- document lengths in a byte ------------------------------------------------------------ */

uint8_t gs_length_code(uint32_t length)
{
    if (length < 32)
        return (uint8_t)length;
    uint32_t shift = 28 - (uint32_t)__builtin_clz(length);
    return (uint8_t)(32 + (shift - 2) * 8 + (length >> shift) - 8);
}

uint32_t gs_length_floor(uint8_t code)
{
    if (code < 32)
        return code;
    uint32_t shift = (code - 32u) / 8 + 2;
    return shift > 28 ? UINT32_MAX : ((code - 32u) % 8 + 8) << shift;
}

/* ---- long lists: writing ------------------------------------------------------------------- */

static bool is_packed(uint32_t count)
{
    return count >= GS_PACKED_MIN;
}

static size_t long_table_bytes(uint32_t blocks, bool packed)
{
    size_t bytes = LONG_HEAD_BYTES + (size_t)blocks * (4 + 4 + 1 + GS_BLOCK_UNITS + 1);
    return packed ? (bytes + LONG_ALIGN - 1) / LONG_ALIGN * LONG_ALIGN : bytes + sizeof(uint32_t);
}

/* The least blocks that hold so many positions. */
static uint32_t blocks_of(uint32_t count)
{
    return (uint32_t)(((uint64_t)count + GS_BLOCK_POSTINGS - 1) / GS_BLOCK_POSTINGS);
}

void gs_long_writer_init(gs_long_writer *writer, const gs_mem *mem, const gs_doctable *docs)
{
    memset(writer, 0, sizeof(*writer));
    writer->docs = docs;
    writer->last_doc = GS_DOC_NONE;
    writer->norm = gs_bm25_norm_of(docs->count, docs->total_length);
    for (unsigned code = 0; code <= GS_MARK_LENGTH; code++) {
        writer->norms[code] = gs_bm25_at(writer->norm, gs_length_floor((uint8_t)code));
        for (unsigned f = 0; f < GS_USUAL_FREQUENCIES; f++)
            writer->shares[f][code] = gs_impact_of(f + 1, writer->norms[code]);
    }
    gs_buf *columns[] = {&writer->firsts,  &writer->offsets, &writer->bits,
                         &writer->impacts, &writer->counts,  &writer->payload};
    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
        gs_buf_init(columns[i], mem, LIST_BYTES_MAX);
}

void gs_long_writer_release(gs_long_writer *writer)
{
    gs_buf *columns[] = {&writer->firsts,  &writer->offsets, &writer->bits,
                         &writer->impacts, &writer->counts,  &writer->payload};
    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
        gs_buf_release(columns[i]);
}

/* Ends the document of the last position: it bounds every unit that it shares in. */
static void end_run(gs_long_writer *writer)
{
    uint32_t frequency = writer->run_frequency;
    if (!frequency)
        return;
    uint8_t impact = frequency <= GS_USUAL_FREQUENCIES
                         ? writer->shares[frequency - 1][writer->run_length]
                         : gs_impact_of(frequency, writer->norms[writer->run_length]);
    for (size_t u = writer->run_unit; u <= writer->last_unit; u++) {
        uint8_t *to = writer->impacts.data + u;
        *to = *to > impact ? *to : impact;
    }
    writer->run_frequency = 0;
}

/* Looks at the documents of the block that the columns got last. */
static void bound_block(gs_long_writer *writer, const uint16_t *marks, uint32_t count)
{
    if (writer->impacts.status)
        return;
    size_t begin = writer->impacts.len - GS_BLOCK_UNITS;
    for (uint32_t i = 0; i < count; i++) {
        if (marks[i] & GS_MARK_FIRST) {
            end_run(writer);
            writer->documents++;
            writer->run_unit = begin + i / GS_UNIT_POSITIONS;
            writer->run_length = marks[i] & GS_MARK_LENGTH;
        }
        writer->run_frequency += marks[i] & GS_MARK_TITLE ? GS_BM25_TITLE_WEIGHT : 1;
        writer->last_unit = begin + i / GS_UNIT_POSITIONS;
    }
}

static void pack_block(gs_long_writer *writer, const uint32_t *gaps, uint32_t count, unsigned bits)
{
    uint8_t *to = gs_buf_reserve(&writer->payload, gs_bitpack_bytes(GS_BLOCK_POSTINGS, bits));
    if (to) {
        gs_bitpack(gaps, bits, to);
        writer->payload.len += gs_bitpack_bytes(count, bits);
    }
}

/* Appends a value to a string of bits; whole bytes move to `*to`, which has room for eight. */
static inline void put_bits(uint8_t **to, uint64_t *pending, unsigned *bits, uint64_t value,
                            unsigned width)
{
    *pending |= value << *bits;
    *bits += width;
    gs_store_u64(*to, *pending); // what is not a whole byte is written again
    *to += *bits / 8;
    *pending >>= *bits / 8 * 8;
    *bits %= 8;
}

/* Four bits a gap for its code, then what each code says is left of it. */
static void code_block(gs_long_writer *writer, const uint32_t *gaps, uint32_t count, unsigned high)
{
    uint8_t *codes = gs_buf_reserve(&writer->payload, CODED_BYTES_MAX + sizeof(uint64_t));
    if (!codes)
        return;
    gs_gap_codes table = gs_gap_codes_of(high);
    uint8_t *rests = codes + count / 2, *begin = codes; // codes of count - 1 gaps
    uint64_t pending = 0;
    unsigned bits = 0, low = 0;
    for (uint32_t i = 1; i < count; i++) {
        unsigned code = gs_gap_code(high, CLASS_MAX - (unsigned)__builtin_clz(gaps[i]));
        if (i % 2)
            low = code;
        else
            *codes++ = (uint8_t)(low | code << 4);
        put_bits(&rests, &pending, &bits, gaps[i] - table.offsets[code], table.widths[code]);
    }
    if (count % 2 == 0)
        *codes = (uint8_t)low;
    writer->payload.len += (size_t)(rests - begin) + (bits > 0);
}

/* The distances of a block's positions, the first being 0; returns the bits of the largest. */
static unsigned measure_gaps(const uint32_t *positions, uint32_t count,
                             uint32_t gaps[GS_BLOCK_POSTINGS])
{
    uint32_t all = 0;
    gaps[0] = 0;
    for (uint32_t i = 1; i < count; i++) {
        gaps[i] = positions[i] - positions[i - 1];
        all |= gaps[i];
    }
    memset(gaps + count, 0, (GS_BLOCK_POSTINGS - count) * sizeof(*gaps));
    return all ? 32 - (unsigned)__builtin_clz(all) : 0;
}

/* Appends the distances of one block, and to the columns how they are stored. */
static void append_payload(gs_long_writer *writer, const uint32_t *gaps, unsigned bits,
                           uint32_t count)
{
    unsigned high = bits ? bits - 1 : 0;
    gs_buf_u32(&writer->offsets,
               (uint32_t)(writer->payload.len / (writer->packed ? LONG_ALIGN : 1)));
    gs_buf_u8(&writer->bits, (uint8_t)(writer->packed ? bits : GS_CODED_BITS + high));
    if (writer->packed)
        pack_block(writer, gaps, count, bits);
    else
        code_block(writer, gaps, count, high);
}

/* Appends one block, its bounds not yet known. */
static void encode_block(gs_long_writer *writer, const uint32_t *positions, uint32_t count)
{
    uint32_t gaps[GS_BLOCK_POSTINGS];
    append_payload(writer, gaps, measure_gaps(positions, count, gaps), count);
    gs_buf_u32(&writer->firsts, positions[0]);
    gs_buf_zero(&writer->impacts, GS_BLOCK_UNITS);
    gs_buf_u8(&writer->counts, (uint8_t)(count - 1));
}

void gs_long_writer_add_marked(gs_long_writer *writer, const uint32_t *positions,
                               const uint16_t *marks, uint32_t count)
{
    while (count) {
        uint32_t piece = count < GS_BLOCK_POSTINGS ? count : GS_BLOCK_POSTINGS;
        encode_block(writer, positions, piece);
        bound_block(writer, marks, piece);
        writer->count += piece;
        positions += piece;
        marks += piece;
        count -= piece;
    }
}

void gs_long_writer_add(gs_long_writer *writer, const uint32_t *positions, uint32_t count)
{
    uint16_t marks[GS_BLOCK_POSTINGS];
    while (count) {
        uint32_t piece = count < GS_BLOCK_POSTINGS ? count : GS_BLOCK_POSTINGS;
        gs_doctable_mark(writer->docs, positions, piece, &writer->last_doc, marks);
        gs_long_writer_add_marked(writer, positions, marks, piece);
        positions += piece;
        count -= piece;
    }
}

void gs_long_writer_finish(gs_long_writer *writer, gs_buf *out)
{
    gs_buf *columns[] = {&writer->firsts, &writer->offsets, &writer->bits, &writer->impacts,
                         &writer->counts};
    end_run(writer);
    uint32_t blocks = (uint32_t)writer->counts.len;
    size_t table_end = out->len + long_table_bytes(blocks, writer->packed);
    if (!writer->packed)
        gs_buf_u32(&writer->offsets, (uint32_t)writer->payload.len);
    gs_buf_u32(out, writer->count);
    gs_buf_u32(out, blocks);
    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
        gs_buf_bytes(out, gs_buf_view(columns[i]));
        if (columns[i]->status)
            out->status = columns[i]->status;
        gs_buf_reset(columns[i]);
    }
    if (!out->status)
        gs_buf_zero(out, table_end - out->len);
    gs_buf_bytes(out, gs_buf_view(&writer->payload));
    if (writer->payload.status)
        out->status = writer->payload.status;
    gs_buf_reset(&writer->payload);
    writer->count = writer->documents = 0;
    writer->last_doc = GS_DOC_NONE;
}

/* ---- short lists: writing ------------------------------------------------------------------ */

gsearch_status gs_short_writer_init(gs_short_writer *writer, const gs_mem *mem, gs_buf *sizes,
                                    gsearch_error *err)
{
    memset(writer, 0, sizeof(*writer));
    writer->sizes = sizes;
    writer->encoder = gs_frame_encoder_new(mem, CLASS_LEVEL);
    return writer->encoder ? GSEARCH_OK : gs_fail_memory(err);
}

void gs_short_writer_release(gs_short_writer *writer)
{
    gs_frame_encoder_free(writer->encoder);
    writer->encoder = NULL;
}

/* Mantissas of gaps whose classes are known. */
static void write_mantissas(gs_buf *out, const uint32_t *gaps, const uint8_t *classes,
                            uint32_t count)
{
    uint64_t pending = 0;
    unsigned bits = 0;
    uint8_t *begin = gs_buf_reserve(out, (size_t)count * 4 + sizeof(pending));
    if (!begin)
        return;
    uint8_t *to = begin;
    for (uint32_t i = 0; i < count; i++)
        put_bits(&to, &pending, &bits, gaps[i] - (1u << classes[i]), classes[i]);
    out->len += (size_t)(to - begin) + (bits > 0);
}

void gs_short_writer_flush(gs_short_writer *writer, gs_buf *out)
{
    if (!writer->filled)
        return;
    uint8_t classes[GS_CHUNK_GAPS];
    for (uint32_t i = 0; i < writer->filled; i++)
        classes[i] = (uint8_t)(CLASS_MAX - (unsigned)__builtin_clz(writer->waiting[i]));
    size_t start = out->len;
    gs_buf_u16(out, 0);
    gsearch_status status =
        gs_frame_encode(writer->encoder, gs_bytes_of(classes, writer->filled), out, NULL);
    size_t len = out->len - start - sizeof(uint16_t);
    if (status) {
        out->status = status;
    } else if (len < writer->filled) {
        out->data[start] = (uint8_t)len;
        out->data[start + 1] = (uint8_t)(len >> 8);
    } else { // stored as they are
        out->len = start;
        gs_buf_u16(out, (uint16_t)(RAW_CLASSES | writer->filled));
        gs_buf_append(out, classes, writer->filled);
    }
    write_mantissas(out, writer->waiting, classes, writer->filled);
    gs_buf_u32(writer->sizes, (uint32_t)(out->len - start));
    writer->filled = 0;
}

void gs_short_writer_start(gs_short_writer *writer)
{
    writer->before = UINT32_MAX; // the gap of the first position is one more than that
}

void gs_short_writer_add(gs_short_writer *writer, const uint32_t *positions, uint32_t count,
                         gs_buf *out)
{
    writer->gaps += count;
    while (count) {
        uint32_t room = GS_CHUNK_GAPS - writer->filled, piece = count < room ? count : room;
        uint32_t *to = writer->waiting + writer->filled;
        to[0] = positions[0] - writer->before;
        for (uint32_t i = 1; i < piece; i++)
            to[i] = positions[i] - positions[i - 1];
        writer->before = positions[piece - 1];
        writer->filled += piece;
        if (writer->filled == GS_CHUNK_GAPS)
            gs_short_writer_flush(writer, out);
        positions += piece;
        count -= piece;
    }
}

/* ---- reading any list ---------------------------------------------------------------------- */

gsearch_status gs_list_check(const gs_postings *postings, const gs_list *list, gsearch_error *err)
{
    bool good = false;
    if (list->count == 1)
        good = list->place < postings->positions;
    else if (list->is_long)
        good = list->place <= postings->post.len &&
               long_table_bytes(blocks_of(list->count), is_packed(list->count)) <=
                   postings->post.len - list->place;
    else
        good = list->place <= postings->gaps && list->count <= postings->gaps - list->place;
    return good && list->count && list->count <= postings->positions
               ? GSEARCH_OK
               : gs_corrupt(err, "a list of %u positions lies outside the segment", list->count);
}

#define LINE_BYTES 64u /* of the cache */
#define EXPECTED_LINES 2u

void gs_list_expect(const gs_postings *postings, const gs_list *list)
{
    if (list->is_long) {
        for (unsigned line = 0; line < EXPECTED_LINES; line++)
            __builtin_prefetch(postings->post.ptr + list->place + line * (size_t)LINE_BYTES);
    } else if (list->count > 1) {
        __builtin_prefetch(postings->sdir + 8 * (list->place / GS_CHUNK_GAPS));
    }
}

/* ---- short lists: reading ------------------------------------------------------------------ */

/* Reads `len` bytes of a chunk, verified. */
static gsearch_status take(const gs_postings *postings, gs_cursor *cursor, size_t len,
                           gs_bytes *out, gsearch_error *err)
{
    *out = gs_cursor_bytes(cursor, len);
    if (cursor->bad)
        return gs_corrupt(err, "POST: a short-list chunk goes over the end");
    return gs_container_check(postings->container, *out, err);
}

/* The sum of classes, eight at a time: each is at most 31, so eight of them sum up in a byte. All
 * bits that occur come back in `*all`. */
static uint32_t sum_classes(const uint8_t *classes, uint32_t count, uint64_t *all)
{
    uint32_t sum = 0, i = 0;
    for (; i + 8 <= count; i += 8) {
        uint64_t eight = gs_load_u64(classes + i);
        *all |= eight;
        sum += (uint32_t)(eight * 0x0101010101010101u >> 56);
    }
    for (; i < count; i++) {
        *all |= classes[i];
        sum += classes[i];
    }
    return sum;
}

/* Brings a chunk into the decoder, unless it is there already. */
static gsearch_status load_chunk(const gs_postings *postings, gs_decoder *decoder, uint64_t chunk,
                                 gsearch_error *err)
{
    if (decoder->chunk_owner == postings->owner && decoder->chunk == chunk)
        return GSEARCH_OK;
    decoder->chunk_owner = 0;
    uint64_t begin = gs_load_u64(postings->sdir + 8 * chunk);
    if (begin > postings->post.len)
        return gs_corrupt(err, "SDIR: chunk %" PRIu64 " lies outside the lists", chunk);
    uint64_t left = postings->gaps - chunk * GS_CHUNK_GAPS;
    uint32_t gaps = left < GS_CHUNK_GAPS ? (uint32_t)left : GS_CHUNK_GAPS;
    gs_cursor cursor =
        gs_cursor_of(gs_bytes_of(postings->post.ptr + begin, postings->post.len - begin));
    gs_bytes head, classes, mantissas;
    GS_TRY(take(postings, &cursor, sizeof(uint16_t), &head, err));
    uint16_t form = gs_load_u16(head.ptr);
    GS_TRY(take(postings, &cursor, form & ~RAW_CLASSES, &classes, err));
    size_t got = classes.len;
    if (!(form & RAW_CLASSES))
        GS_TRY(gs_frame_decode(decoder->zstd, classes, decoder->classes, GS_CHUNK_GAPS, &got, err));
    else if (got == gaps)
        memcpy(decoder->classes, classes.ptr, gaps);
    if (got != gaps)
        return gs_corrupt(err, "POST: chunk %" PRIu64 " has %zu gaps, not %u", chunk, got, gaps);
    uint64_t all = 0;
    uint32_t bits = sum_classes(decoder->classes, gaps, &all);
    if (all & ~(0x0101010101010101u * CLASS_MAX))
        return gs_corrupt(err, "POST: chunk %" PRIu64 " has a gap over 32 bits", chunk);
    GS_TRY(take(postings, &cursor, (bits + 7) / 8, &mantissas, err));
    memcpy(decoder->mantissas, mantissas.ptr, mantissas.len);
    decoder->chunk_owner = postings->owner;
    decoder->chunk = chunk;
    decoder->gaps = gaps;
    decoder->sums_from = decoder->sums_to = 0;
    return GSEARCH_OK;
}

/* Has gaps [from, to) of the chunk summed up: those alone, or, if they go on where the sums end, as
 * they do for who reads list after list, all up to the end. */
static void sum_gaps(gs_decoder *decoder, uint32_t from, uint32_t to)
{
    if (from >= decoder->sums_from && to <= decoder->sums_to)
        return;
    uint64_t all = 0;
    uint32_t bit = sum_classes(decoder->classes, from, &all);
    uint32_t end = from == decoder->sums_to ? decoder->gaps : to;
    gs_kernels_active()->gaps(decoder->classes + from, end - from, decoder->mantissas, &bit, 1,
                              decoder->sums + from);
    decoder->sums_from = from;
    decoder->sums_to = end;
}

gsearch_status gs_short_list_read(const gs_postings *postings, gs_decoder *decoder,
                                  const gs_list *list, uint32_t shift, uint32_t *out,
                                  gsearch_error *err)
{
    uint64_t gap = list->place, end = list->place + list->count;
    uint32_t before = shift - 1, *to = out; // all modulo 2^32, which the end tells
    while (gap < end) {
        uint64_t chunk = gap / GS_CHUNK_GAPS, chunk_end = (chunk + 1) * GS_CHUNK_GAPS;
        uint32_t piece = (uint32_t)((end < chunk_end ? end : chunk_end) - gap);
        uint32_t from = (uint32_t)(gap % GS_CHUNK_GAPS);
        GS_TRY(load_chunk(postings, decoder, chunk, err));
        sum_gaps(decoder, from, from + piece);
        const uint32_t *sums = decoder->sums + from;
        uint32_t more = before - (from > decoder->sums_from ? sums[-1] : 0);
        for (uint32_t i = 0; i < piece; i += GS_SUMS_ROOM) // whole vectors: both sides have room
            for (uint32_t j = 0; j < GS_SUMS_ROOM; j++)
                to[i + j] = sums[i + j] + more;
        before = to[piece - 1];
        to += piece;
        gap += piece;
    }
    bool rises = gs_kernels_active()->rises(out, list->count);
    return rises && before - shift < postings->positions
               ? GSEARCH_OK
               : gs_corrupt(err, "a short list goes over the positions of the segment");
}

/* ---- long lists: reading ------------------------------------------------------------------- */

gsearch_status gs_long_list_open(const gs_postings *postings, const gs_list *list,
                                 gs_long_list *out, gsearch_error *err)
{
    GS_TRY(gs_list_check(postings, list, err));
    gs_bytes rest = gs_bytes_of(postings->post.ptr + list->place, postings->post.len - list->place);
    GS_TRY(gs_container_check(postings->container, gs_bytes_of(rest.ptr, LONG_HEAD_BYTES), err));
    uint32_t count = gs_load_u32(rest.ptr), blocks = gs_load_u32(rest.ptr + 4);
    bool packed = is_packed(count);
    size_t table_bytes = long_table_bytes(blocks, packed);
    if (count != list->count || table_bytes > rest.len)
        return gs_corrupt(err, "a long list does not agree with the dictionary");
    GS_TRY(gs_container_check(postings->container, gs_bytes_of(rest.ptr, table_bytes), err));
    const uint8_t *table = rest.ptr + LONG_HEAD_BYTES;
    const uint8_t *bytes = table + 4 * (2 * (size_t)blocks + !packed);
    gs_long_list open = {
        .postings = postings,
        .count = count,
        .blocks = blocks,
        .firsts = table,
        .offsets = table + 4 * (size_t)blocks,
        .bits = bytes,
        .impacts = bytes + blocks,
        .counts = bytes + (1 + GS_BLOCK_UNITS) * (size_t)blocks,
        .payload = gs_bytes_of(rest.ptr + table_bytes, rest.len - table_bytes),
    };
    // those who decode block after block rely on it for their room
    uint64_t sum = 0;
    for (uint32_t b = 0; b < blocks; b++)
        sum += gs_long_list_count(&open, b);
    if (sum != count)
        return gs_corrupt(err, "the blocks of a long list do not add up to %u positions", count);
    *out = open;
    return GSEARCH_OK;
}

static uint32_t offset_of(const gs_long_list *list, uint32_t block)
{
    return gs_load_u32(list->offsets + 4 * (size_t)block);
}

uint64_t gs_long_list_bytes(const gs_long_list *list)
{
    if (!is_packed(list->count))
        return long_table_bytes(list->blocks, false) + offset_of(list, list->blocks);
    uint32_t last = list->blocks - 1;
    uint64_t start = LONG_ALIGN * (uint64_t)offset_of(list, last);
    return long_table_bytes(list->blocks, true) + start +
           gs_bitpack_bytes(list->counts[last] + 1u, list->bits[last]);
}

uint32_t gs_long_list_seek(const gs_long_list *list, uint32_t from, uint32_t position)
{
    // gallop, then halve: queries move forward in small steps
    uint32_t low = from, step = 1;
    while (low + step < list->blocks && gs_long_list_first(list, low + step) <= position) {
        low += step;
        step *= 2;
    }
    uint32_t high = low + step < list->blocks ? low + step : list->blocks;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        if (gs_long_list_first(list, middle) <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static gsearch_status fail_block(uint32_t block, gsearch_error *err)
{
    return gs_corrupt(err, "block %u of a list is damaged", block);
}

static gsearch_status unpack_block(const gs_long_list *list, uint32_t block, uint32_t *out,
                                   gsearch_error *err)
{
    uint32_t len = gs_long_list_count(list, block);
    unsigned bits = list->bits[block];
    uint64_t offset = (uint64_t)offset_of(list, block) * LONG_ALIGN;
    size_t bytes = gs_bitpack_bytes(len, bits);
    if (bits > 32 || offset > list->payload.len || bytes > list->payload.len - offset)
        return fail_block(block, err);
    const uint8_t *ptr = list->payload.ptr + offset;
    GS_TRY(gs_container_check(list->postings->container, gs_bytes_of(ptr, bytes), err));
    uint8_t tail[GS_BLOCK_POSTINGS * 4];
    if (len < GS_BLOCK_POSTINGS) { // stored without its unused rows
        memset(tail, 0, sizeof(tail));
        memcpy(tail, ptr, bytes);
        ptr = tail;
    }
    gs_kernels_active()->unpack(ptr, bits, gs_long_list_first(list, block), out);
    return GSEARCH_OK;
}

/* Decodes units of a coded block until one reaches `wanted`. */
static gsearch_status decode_block(const gs_long_list *list, uint32_t block, uint32_t wanted,
                                   uint32_t *out, uint32_t *count, gsearch_error *err)
{
    uint32_t len = gs_long_list_count(list, block);
    uint32_t begin = offset_of(list, block), end = offset_of(list, block + 1);
    unsigned high = list->bits[block] - GS_CODED_BITS;
    size_t codes_bytes = len / 2;
    if (high > CLASS_MAX || begin > end || end > list->payload.len || end - begin < codes_bytes ||
        end - begin > CODED_BYTES_MAX)
        return fail_block(block, err);
    const uint8_t *ptr = list->payload.ptr + begin;
    size_t bytes = end - begin;
    GS_TRY(gs_container_check(list->postings->container, gs_bytes_of(ptr, bytes), err));
    uint8_t room[CODED_BYTES_MAX + sizeof(uint64_t)]; // whatever the codes say, they end in it
    if (list->payload.len - begin < sizeof(room)) {
        memcpy(room, ptr, bytes);
        memset(room + bytes, 0, sizeof(room) - bytes);
        ptr = room;
    }
    const gs_kernels *kernels = gs_kernels_active();
    gs_gap_codes codes = gs_gap_codes_of(high);
    uint32_t bit = 0, got = 1;
    uint64_t sum = out[0] = gs_long_list_first(list, block);
    for (uint32_t piece; got < len && sum < wanted; got += piece) {
        piece = len - got < GS_UNIT_POSITIONS ? len - got : GS_UNIT_POSITIONS;
        sum = kernels->codes(ptr + got / 2, ptr + codes_bytes, &codes, piece, &bit, sum, out + got);
    }
    *count = got;
    bool good = sum <= UINT32_MAX && (got < len || codes_bytes + (bit + 7) / 8 == bytes);
    return good ? GSEARCH_OK : fail_block(block, err);
}

gsearch_status gs_long_list_until(const gs_long_list *list, uint32_t block, uint32_t wanted,
                                  uint32_t out[GS_BLOCK_POSTINGS], uint32_t *count,
                                  gsearch_error *err)
{
    uint32_t first = gs_long_list_first(list, block), end = list->postings->positions;
    uint32_t limit = block + 1 < list->blocks ? gs_long_list_first(list, block + 1) : end;
    bool rises = true; // gaps of codes are at least 1
    if (is_packed(list->count)) {
        *count = gs_long_list_count(list, block);
        GS_TRY(unpack_block(list, block, out, err));
        rises = out[0] == first && gs_kernels_active()->rises(out, *count);
    } else {
        GS_TRY(decode_block(list, block, wanted, out, count, err));
    }
    bool good = rises && out[*count - 1] < limit && limit <= end;
    return good ? GSEARCH_OK : fail_block(block, err);
}

gsearch_status gs_long_list_block(const gs_long_list *list, uint32_t block,
                                  uint32_t out[GS_BLOCK_POSTINGS], uint32_t *count,
                                  gsearch_error *err)
{
    return gs_long_list_until(list, block, UINT32_MAX, out, count, err);
}

gsearch_status gs_list_read(const gs_postings *postings, gs_decoder *decoder, const gs_list *list,
                            uint32_t *out, gsearch_error *err)
{
    GS_TRY(gs_list_check(postings, list, err));
    if (list->count == 1) {
        out[0] = (uint32_t)list->place;
        return GSEARCH_OK;
    }
    if (!list->is_long)
        return gs_short_list_read(postings, decoder, list, 0, out, err);
    gs_long_list blocks;
    GS_TRY(gs_long_list_open(postings, list, &blocks, err));
    for (uint32_t b = 0, count; b < blocks.blocks; b++, out += count)
        GS_TRY(gs_long_list_block(&blocks, b, out, &count, err));
    return GSEARCH_OK;
}

/* ---- long lists: copying ------------------------------------------------------------------- */

/* Whether the table of `list` can be right: first positions that rise inside the segment, blocks
 * one behind the other. Gives their bytes, verified. */
static gsearch_status check_blocks(const gs_long_list *list, gs_bytes *out, gsearch_error *err)
{
    bool packed = is_packed(list->count), good = true;
    uint64_t end = 0; // of the block before, in units of its offset
    int64_t before = -1;
    for (uint32_t b = 0; b < list->blocks; b++) {
        uint32_t first = gs_long_list_first(list, b), offset = offset_of(list, b);
        good &= first > before && offset == end;
        before = first;
        if (packed) {
            good &= list->bits[b] <= 32;
            end += gs_bitpack_bytes(gs_long_list_count(list, b), list->bits[b]) / LONG_ALIGN;
        } else {
            end = offset_of(list, b + 1);
            good &= list->bits[b] - GS_CODED_BITS <= CLASS_MAX && end >= offset &&
                    end - offset <= CODED_BYTES_MAX;
        }
    }
    uint64_t bytes = packed ? end * LONG_ALIGN : end;
    if (!good || before >= list->postings->positions || bytes > list->payload.len)
        return gs_corrupt(err, "a long list has a wrong table");
    *out = gs_bytes_of(list->payload.ptr, (size_t)bytes);
    return gs_container_check(list->postings->container, *out, err);
}

static gsearch_status copy_payload(gs_long_writer *writer, const gs_long_list *list,
                                   gsearch_error *err)
{
    gs_bytes payload;
    GS_TRY(check_blocks(list, &payload, err));
    uint32_t offset = (uint32_t)(writer->payload.len / (writer->packed ? LONG_ALIGN : 1));
    for (uint32_t b = 0; b < list->blocks; b++)
        gs_buf_u32(&writer->offsets, offset_of(list, b) + offset);
    gs_buf_append(&writer->bits, list->bits, list->blocks);
    gs_buf_bytes(&writer->payload, payload);
    return GSEARCH_OK;
}

/* Packs the blocks of a coded list, one by one. */
static gsearch_status pack_payload(gs_long_writer *writer, const gs_long_list *list,
                                   gsearch_error *err)
{
    uint32_t positions[GS_BLOCK_POSTINGS], gaps[GS_BLOCK_POSTINGS], count;
    for (uint32_t b = 0; b < list->blocks; b++) {
        GS_TRY(gs_long_list_block(list, b, positions, &count, err));
        append_payload(writer, gaps, measure_gaps(positions, count, gaps), count);
    }
    return GSEARCH_OK;
}

/* The average length of the new segment is another one, so impacts may have to be raised. */
static void copy_impacts(gs_long_writer *writer, const gs_long_list *list)
{
    size_t units = GS_BLOCK_UNITS * (size_t)list->blocks;
    uint8_t *to = gs_buf_reserve(&writer->impacts, units);
    if (!to)
        return;
    for (size_t u = 0; u < units; u++)
        to[u] = gs_impact_under(list->impacts[u], list->postings->norm, writer->norm);
    writer->impacts.len += units;
}

gsearch_status gs_long_writer_copy(gs_long_writer *writer, const gs_long_list *list,
                                   uint32_t shift, gsearch_error *err)
{
    assert(writer->packed || !is_packed(list->count));
    end_run(writer);
    GS_TRY(writer->packed == is_packed(list->count) ? copy_payload(writer, list, err)
                                                    : pack_payload(writer, list, err));
    for (uint32_t b = 0; b < list->blocks; b++)
        gs_buf_u32(&writer->firsts, gs_long_list_first(list, b) + shift);
    copy_impacts(writer, list);
    gs_buf_append(&writer->counts, list->counts, list->blocks);
    writer->count += list->count;
    writer->last_doc = GS_DOC_NONE;
    return GSEARCH_OK;
}
