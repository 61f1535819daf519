/* SPDX-License-Identifier: Apache-2.0
 *
 * All of a deletes file is checked when it is opened: it is small beside its segment, and every
 * later look-up may then trust its order.
 */
#include "common/segment/deletes.h"

#include "common/segment/strings.h"

#define BITS_HEADER_BYTES 32u
#define GRAM_ROW_BYTES 12u
#define CHARACTER_ROW_BYTES 8u
#define WORD_ROW_BYTES 4u

static size_t bits_bytes(uint32_t documents)
{
    return (size_t)documents / 8 + (documents % 8 != 0);
}

/* ---- reading ---- */

static gsearch_status check_bits(const gs_deletes *deletes, const char *name, gsearch_error *err)
{
    size_t len = bits_bytes(deletes->documents);
    uint32_t deleted = 0;
    for (size_t i = 0; i < len; i++)
        deleted += (uint32_t)__builtin_popcount(deletes->bits[i]);
    unsigned spare = deletes->documents % 8;
    if (deleted != deletes->deleted || (spare && deletes->bits[len - 1] >> spare))
        return gs_corrupt(err, "%s: the bits of deleted documents do not add up", name);
    return GSEARCH_OK;
}

static gsearch_status open_bits(gs_deletes *deletes, const char *name, gs_hash128 segment,
                                uint32_t documents, gsearch_error *err)
{
    gs_bytes bytes;
    GS_TRY(gs_container_load(deletes->container, GS_CHUNK_BITS, true, &bytes, err));
    gs_cursor cursor = gs_cursor_of(bytes);
    deletes->segment.low = gs_cursor_u64(&cursor);
    deletes->segment.high = gs_cursor_u64(&cursor);
    deletes->documents = gs_cursor_u32(&cursor);
    deletes->deleted = gs_cursor_u32(&cursor);
    deletes->deleted_length = gs_cursor_u64(&cursor);
    deletes->bits = cursor.ptr;
    if (deletes->segment.low != segment.low || deletes->segment.high != segment.high)
        return gs_corrupt(err, "%s is about another segment", name);
    if (cursor.bad || deletes->documents != documents ||
        gs_cursor_left(&cursor) != bits_bytes(documents))
        return gs_corrupt(err, "%s is about a segment of another size", name);
    return check_bits(deletes, name, err);
}

/* Whether `documents` can be a share: of a term that no deleted document held there is no row. */
static bool is_share(const gs_deletes *deletes, uint32_t documents)
{
    return documents > 0 && documents <= deletes->deleted;
}

static bool check_rows(const gs_deletes *deletes)
{
    for (uint32_t i = 0; i < deletes->grams_count; i++) {
        const uint8_t *row = deletes->grams + (size_t)i * GRAM_ROW_BYTES;
        if (!is_share(deletes, gs_load_u32(row + 8)) ||
            (i && gs_load_u64(row - GRAM_ROW_BYTES) >= gs_load_u64(row)))
            return false;
    }
    for (uint32_t i = 0; i < deletes->characters_count; i++) {
        const uint8_t *row = deletes->characters + (size_t)i * CHARACTER_ROW_BYTES;
        if (!is_share(deletes, gs_load_u32(row + 4)) ||
            (i && gs_load_u32(row - CHARACTER_ROW_BYTES) >= gs_load_u32(row)))
            return false;
    }
    for (uint32_t i = 0; i < deletes->words_count; i++) {
        if (!is_share(deletes, gs_load_u32(deletes->word_documents + (size_t)i * WORD_ROW_BYTES)))
            return false;
    }
    return true;
}

static gsearch_status open_share(gs_deletes *deletes, const char *name, gsearch_error *err)
{
    gs_bytes bytes;
    GS_TRY(gs_container_load(deletes->container, GS_CHUNK_SHAR, true, &bytes, err));
    gs_cursor cursor = gs_cursor_of(bytes);
    deletes->grams_count = gs_cursor_u32(&cursor);
    deletes->characters_count = gs_cursor_u32(&cursor);
    deletes->words_count = gs_cursor_u32(&cursor);
    uint32_t reserved = gs_cursor_u32(&cursor);
    deletes->grams =
        gs_cursor_bytes(&cursor, (uint64_t)deletes->grams_count * GRAM_ROW_BYTES).ptr;
    deletes->characters =
        gs_cursor_bytes(&cursor, (uint64_t)deletes->characters_count * CHARACTER_ROW_BYTES).ptr;
    deletes->word_documents =
        gs_cursor_bytes(&cursor, (uint64_t)deletes->words_count * WORD_ROW_BYTES).ptr;
    deletes->words = gs_cursor_bytes(&cursor, gs_cursor_left(&cursor));
    if (cursor.bad || reserved != 0 || !check_rows(deletes))
        return gs_corrupt(err, "%s: the share of the deleted documents is damaged", name);
    gs_strings words;
    GS_TRY(gs_strings_open(deletes->words, name, &words, err));
    if (words.count != deletes->words_count)
        return gs_corrupt(err, "%s: the number of words is not that of their shares", name);
    return gs_strings_verify(&words, deletes->mem, name, GS_STRINGS_RISING, err);
}

gsearch_status gs_deletes_open(gs_dir *dir, const gs_mem *mem, const char *name, uint64_t length,
                               gs_hash128 id, gs_hash128 segment, uint32_t documents, bool map,
                               gs_deletes **out, gsearch_error *err)
{
    gs_deletes *deletes = gs_mem_calloc(mem, 1, sizeof(*deletes));
    if (!deletes)
        return gs_fail_memory(err);
    deletes->mem = mem;
    deletes->references = 1;
    gsearch_status status = gs_container_open(dir, mem, name, length, GS_KIND_DELETES, id, map,
                                              &deletes->container, err);
    if (!status)
        status = open_bits(deletes, name, segment, documents, err);
    if (!status)
        status = open_share(deletes, name, err);
    if (!status)
        status = gs_container_alive(deletes->container, err);
    if (status) {
        gs_deletes_unref(deletes);
        return status;
    }
    *out = deletes;
    return GSEARCH_OK;
}

gs_deletes *gs_deletes_ref(gs_deletes *deletes)
{
    if (deletes)
        __atomic_fetch_add(&deletes->references, 1, __ATOMIC_RELAXED);
    return deletes;
}

void gs_deletes_unref(gs_deletes *deletes)
{
    if (!deletes || __atomic_sub_fetch(&deletes->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    gs_container_close(deletes->container);
    gs_mem_free(deletes->mem, deletes);
}

uint32_t gs_deletes_gram_share(const gs_deletes *deletes, uint64_t gram)
{
    uint32_t low = 0, high = deletes ? deletes->grams_count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *row = deletes->grams + (size_t)middle * GRAM_ROW_BYTES;
        uint64_t at = gs_load_u64(row);
        if (at == gram)
            return gs_load_u32(row + 8);
        if (at < gram)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

uint32_t gs_deletes_character_share(const gs_deletes *deletes, uint32_t code_point)
{
    uint32_t low = 0, high = deletes ? deletes->characters_count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *row = deletes->characters + (size_t)middle * CHARACTER_ROW_BYTES;
        uint32_t at = gs_load_u32(row);
        if (at == code_point)
            return gs_load_u32(row + 4);
        if (at < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

gsearch_status gs_deletes_word_share(const gs_deletes *deletes, gs_bytes word, uint32_t *out,
                                     gsearch_error *err)
{
    uint32_t at = 0;
    bool found = false;
    if (deletes && deletes->words_count) {
        gs_strings words;
        GS_TRY(gs_strings_open(deletes->words, "deletes", &words, err));
        GS_TRY(gs_strings_find(&words, deletes->mem, word, &at, &found, err));
    }
    *out = found ? gs_load_u32(deletes->word_documents + (size_t)at * WORD_ROW_BYTES) : 0;
    return GSEARCH_OK;
}

/* ---- writing ---- */

static void encode_share(const gs_deletes_content *content, gs_strings_writer *words, gs_buf *out)
{
    gs_buf_u32(out, content->grams_count);
    gs_buf_u32(out, content->characters_count);
    gs_buf_u32(out, content->words_count);
    gs_buf_u32(out, 0);
    for (uint32_t i = 0; i < content->grams_count; i++) {
        gs_buf_u64(out, content->grams[i]);
        gs_buf_u32(out, content->gram_documents[i]);
    }
    for (uint32_t i = 0; i < content->characters_count; i++) {
        gs_buf_u32(out, content->characters[i]);
        gs_buf_u32(out, content->character_documents[i]);
    }
    for (uint32_t i = 0; i < content->words_count; i++) {
        gs_buf_u32(out, content->word_documents[i]);
        gs_strings_writer_add(words, content->words[i]);
    }
    gs_strings_writer_finish(words, out);
}

static void encode_bits_header(const gs_deletes_content *content, uint8_t out[BITS_HEADER_BYTES])
{
    gs_store_u64(out, content->segment.low);
    gs_store_u64(out + 8, content->segment.high);
    gs_store_u32(out + 16, content->documents);
    gs_store_u32(out + 20, content->deleted);
    gs_store_u64(out + 24, content->deleted_length);
}

gsearch_status gs_deletes_write(gs_dir *dir, const gs_mem *mem, const gs_deletes_content *content,
                                gs_container_name *out, gsearch_error *err)
{
    gs_strings_writer words;
    gs_strings_writer_init(&words, mem);
    gs_buf share;
    gs_buf_init(&share, mem, SIZE_MAX / 2);
    encode_share(content, &words, &share);
    gs_container_writer *writer = NULL;
    gsearch_status status = GSEARCH_OK;
    if (share.status)
        status = gs_fail(err, share.status, "no room for the share of deleted documents");
    if (!status)
        status = gs_container_create(dir, mem, GS_KIND_DELETES, &writer, err);
    if (!status) {
        uint8_t header[BITS_HEADER_BYTES];
        encode_bits_header(content, header);
        gs_container_chunk(writer, GS_CHUNK_BITS);
        gs_container_write(writer, header, sizeof(header));
        gs_container_write(writer, content->bits, bits_bytes(content->documents));
        gs_container_chunk(writer, GS_CHUNK_SHAR);
        gs_container_write(writer, share.data, share.len);
        status = gs_container_finish(writer, GS_DELETES_PREFIX, GS_DELETES_SUFFIX, out, err);
    }
    gs_strings_writer_release(&words);
    gs_buf_release(&share);
    return status;
}
