/* SPDX-License-Identifier: Apache-2.0
 *
 * The thorough reading of a segment: what opening leaves for first use is decoded here, all of it,
 * and counts that stand in two places are compared.
 */
#include "common/segment/segment.h"

static gsearch_status check_keys(const gs_segment *segment, gsearch_error *err)
{
    uint32_t count = segment->docs.count;
    gs_buf key, before;
    gs_buf_init(&key, segment->mem, SIZE_MAX);
    gs_buf_init(&before, segment->mem, SIZE_MAX);
    gsearch_status status = GSEARCH_OK;
    for (uint32_t rank = 0; rank < count && !status; rank++) {
        gs_buf_reset(&key);
        status = gs_strings_get(&segment->keys, rank, &key, err);
        if (!status && rank && gs_bytes_compare(gs_buf_view(&before), gs_buf_view(&key)) > 0)
            status = gs_corrupt(err, "KEYS: id %u stands before a smaller one", rank);
        gs_buf swap = before;
        before = key;
        key = swap;
    }
    for (uint32_t doc = 0; doc < count && !status; doc++) {
        gs_buf_reset(&key);
        status = gs_strings_get(&segment->titles, doc, &key, err);
        if (!status && gs_column_get(&segment->docs.title, doc) >
                           gs_doctable_length(&segment->docs, doc))
            status = gs_corrupt(err, "COLS: the title of document %u is longer than it", doc);
    }
    for (uint32_t source = 0; source < segment->sources.count && !status; source++) {
        gs_buf_reset(&key);
        status = gs_strings_get(&segment->sources, source, &key, err);
    }
    gs_buf_release(&key);
    gs_buf_release(&before);
    return status;
}

/* Every rank from 0 on is there once. */
static gsearch_status check_ranks(const gs_segment *segment, gsearch_error *err)
{
    uint32_t count = segment->docs.count;
    uint8_t *seen = gs_mem_calloc(segment->mem, count + 1ull, 1);
    if (!seen)
        return gs_fail_memory(err);
    gsearch_status status = GSEARCH_OK;
    for (uint32_t doc = 0; doc < count && !status; doc++) {
        uint64_t rank = gs_column_get(&segment->docs.rank, doc);
        if (rank >= count || seen[rank]++)
            status = gs_corrupt(err, "COLS: rank of document %u", doc);
    }
    gs_mem_free(segment->mem, seen);
    return status;
}

static uint32_t count_documents(const gs_doctable *docs, const uint32_t *positions, uint32_t count)
{
    uint32_t documents = 0, end = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (positions[i] < end)
            continue;
        end = docs->starts[gs_doctable_find(docs, positions[i]) + 1];
        documents++;
    }
    return documents;
}

typedef struct list_check {
    gs_decoder *decoder;
    uint32_t *positions;
    size_t capacity;
    uint64_t lists, postings;
} list_check;

static gsearch_status check_list(const gs_segment *segment, list_check *check, const gs_list *list,
                                 gsearch_error *err)
{
    void *positions = check->positions;
    if (list->count > segment->docs.positions)
        return gs_corrupt(err, "a list has more positions than the segment");
    if (!gs_mem_grow(segment->mem, &positions, &check->capacity,
                     (size_t)list->count + GS_BLOCK_POSTINGS, SIZE_MAX, sizeof(uint32_t)))
        return gs_fail_memory(err);
    check->positions = positions;
    GS_TRY(gs_list_read(&segment->postings, check->decoder, list, check->positions, err));
    if (count_documents(&segment->docs, check->positions, list->count) != list->documents)
        return gs_corrupt(err, "a list of %u positions is not in %u documents", list->count,
                          list->documents);
    check->lists++;
    check->postings += list->count;
    return GSEARCH_OK;
}

static gsearch_status walk_lists(const gs_segment *segment, list_check *check, gsearch_error *err)
{
    gs_terms_iterator iterator;
    uint64_t gram = 0;
    gs_buf word;
    gs_buf_init(&word, segment->mem, SIZE_MAX);
    bool more = true, begun = false;
    gsearch_status status =
        gs_terms_seek_gram(&iterator, &segment->terms, GS_GRAM_BREAK, err);
    while (!status && (status = gs_terms_next(&iterator, &more, err)) == GSEARCH_OK && more) {
        bool rises = iterator.is_word
                         ? gs_bytes_compare(gs_buf_view(&word), iterator.word) < 0
                         : !begun || gram < iterator.gram;
        if (!rises)
            status = gs_corrupt(err, "the dictionary does not rise");
        else
            status = check_list(segment, check, &iterator.list, err);
        begun = true;
        gram = iterator.gram;
        gs_buf_reset(&word);
        if (iterator.is_word)
            gs_buf_bytes(&word, iterator.word);
    }
    gs_buf_release(&word);
    return status;
}

static gsearch_status check_lists(const gs_segment *segment, gs_decoder *decoder,
                                  gsearch_error *err)
{
    list_check check = {.decoder = decoder};
    gsearch_status status = walk_lists(segment, &check, err);
    gs_mem_free(segment->mem, check.positions);
    if (!status && (check.lists != segment->lists_count ||
                    check.postings != segment->postings_count))
        status = gs_corrupt(err, "META: the lists are not as many as it says");
    const gs_terms *terms = &segment->terms;
    for (uint32_t i = 1; i < terms->chars_count && !status; i++)
        if (gs_load_u32(terms->chars + 8 * (size_t)(i - 1)) >=
            gs_load_u32(terms->chars + 8 * (size_t)i))
            status = gs_corrupt(err, "CHAR: the characters do not rise");
    return status;
}

static gsearch_status check_text(const gs_segment *segment, gs_decoder *decoder, gsearch_error *err)
{
    uint64_t bytes = 0;
    if (!segment->has_text)
        return GSEARCH_OK;
    for (uint32_t doc = 0; doc < segment->docs.count; doc++) {
        gs_stored stored;
        GS_TRY(gs_store_read(&segment->store, decoder, doc, 0, UINT32_MAX, &stored, err));
        bytes += stored.text.len;
    }
    return bytes == segment->text_bytes
               ? GSEARCH_OK
               : gs_corrupt(err, "META: the texts are not as long as it says");
}

gsearch_status gs_segment_verify(gs_segment *segment, gsearch_error *err)
{
    gs_decoder *decoder = gs_decoder_new(segment->mem);
    if (!decoder)
        return gs_fail_memory(err);
    gsearch_status status = gs_container_verify(segment->container, err);
    if (!status)
        status = check_keys(segment, err);
    if (!status)
        status = check_ranks(segment, err);
    if (!status)
        status = check_lists(segment, decoder, err);
    if (!status)
        status = check_text(segment, decoder, err);
    gs_decoder_free(decoder);
    return status;
}
