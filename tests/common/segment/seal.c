/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 2 and the readers of common/segment, one after the other.
 */
#include "tests/common/segment/seal.h"

#include "tests/support/check.h"

static void seal_pages(uint8_t *bytes, uint64_t sums, uint64_t end)
{
    for (uint64_t page = 0; page * GS_PAGE_BYTES < sums; page++) {
        uint64_t left = sums - page * GS_PAGE_BYTES;
        uint64_t sum = gs_checksum(bytes + page * GS_PAGE_BYTES,
                                   left < GS_PAGE_BYTES ? left : GS_PAGE_BYTES, page);
        if (8 * page + 8 <= end - sums)
            gs_store_u64(bytes + sums + 8 * page, sum);
    }
}

gs_hash128 gs_seal(uint8_t *bytes, size_t len)
{
    size_t end = len - GS_FOOTER_BYTES;
    uint8_t *footer = bytes + end;
    uint64_t sums = gs_load_u64(footer + 16);
    if (sums <= end) {
        seal_pages(bytes, sums, end);
        gs_store_u64(footer + 24, gs_checksum(bytes + sums, end - (size_t)sums, 0));
    }
    gs_checksum_stream *stream = gs_checksum_stream_new(NULL);
    gs_checksum_stream_add(stream, bytes, end);
    gs_hash128 id = gs_checksum_stream_result(stream);
    gs_checksum_stream_free(NULL, stream);
    gs_store_u64(footer + 32, id.low);
    gs_store_u64(footer + 40, id.high);
    gs_store_u64(footer + 56, gs_checksum(footer, 56, 0));
    return id;
}

/* ---- reading all there is ---- */

static gsearch_status read_documents(gs_segment *segment, gs_decoder *decoder, gs_buf *out,
                                     gsearch_error *err)
{
    for (uint32_t doc = 0; doc < segment->docs.count; doc++) {
        gs_stored stored;
        uint32_t other;
        bool found;
        size_t key = out->len;
        GS_TRY(gs_segment_key(segment, doc, out, err));
        gs_bytes id = gs_bytes_of(out->data + key, out->len - key);
        GS_TRY(gs_segment_find_key(segment, id, &other, &found, err));
        GS_TRY(gs_strings_get(&segment->titles, doc, out, err));
        GS_TRY(gs_strings_get(&segment->sources, gs_segment_source(segment, doc), out, err));
        gs_buf_u64(out, gs_column_get(&segment->docs.date, doc));
        gs_buf_u32(out, gs_doctable_title_end(&segment->docs, doc));
        if (!segment->has_text)
            continue;
        GS_TRY(gs_store_read(&segment->store, decoder, doc, 0, UINT32_MAX, &stored, err));
        gs_buf_bytes(out, stored.text);
        GS_TRY(gs_store_read(&segment->store, decoder, doc, stored.text_len / 2,
                             stored.text_len / 2 + 1, &stored, err));
        gs_checkpoint checkpoint = gs_store_checkpoint(&segment->store, segment->docs.starts[doc],
                                                       segment->docs.starts[doc + 1]);
        gs_buf_u32(out, checkpoint.byte);
    }
    return GSEARCH_OK;
}

static gsearch_status read_list(const gs_segment *segment, gs_decoder *decoder, const gs_list *list,
                                gs_buf *out, gsearch_error *err)
{
    GS_TRY(gs_list_check(&segment->postings, list, err));
    size_t room = ((size_t)list->count + GS_BLOCK_POSTINGS) * sizeof(uint32_t);
    uint32_t *positions = gs_mem_alloc(segment->mem, room);
    gsearch_status status = gs_list_read(&segment->postings, decoder, list, positions, err);
    for (uint32_t i = 0; i < list->count && !status; i++) {
        assert_true(positions[i] < segment->docs.positions);
        gs_buf_u32(out, positions[i]);
        gs_buf_u32(out, gs_doctable_find(&segment->docs, positions[i]));
    }
    gs_mem_free(segment->mem, positions);
    return status;
}

static gsearch_status read_lists(const gs_segment *segment, const gs_terms *terms,
                                 gs_decoder *decoder, gs_buf *out, gsearch_error *err)
{
    gs_terms_iterator iterator;
    bool more;
    GS_TRY(gs_terms_seek_gram(&iterator, terms, GS_GRAM_BREAK, err));
    for (;;) {
        gs_list found;
        GS_TRY(gs_terms_next(&iterator, &more, err));
        if (!more)
            return GSEARCH_OK;
        if (iterator.is_word) {
            gs_buf_bytes(out, iterator.word);
            GS_TRY(gs_terms_find_word(terms, iterator.word, &found, err));
        } else {
            gs_buf_u64(out, iterator.gram);
            gs_buf_u32(out, gs_terms_character(terms, gs_gram_first(iterator.gram)));
            GS_TRY(gs_terms_find_gram(terms, iterator.gram, &found, err));
        }
        GS_TRY(read_list(segment, decoder, &iterator.list, out, err));
    }
}

gsearch_status gs_read_all(gs_segment *segment, gs_buf *out, gsearch_error *err)
{
    gs_decoder *decoder = gs_decoder_new(segment->mem);
    assert_non_null(decoder);
    gsearch_status status = read_documents(segment, decoder, out, err);
    if (!status)
        status = read_lists(segment, &segment->terms, decoder, out, err);
    if (!status)
        status = read_lists(segment, &segment->trigrams, decoder, out, err);
    gs_decoder_free(decoder);
    return status;
}
