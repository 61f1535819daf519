/* SPDX-License-Identifier: Apache-2.0
 *
 * The thorough reading of a segment: what opening leaves for first use is decoded here, all of it,
 * and counts that stand in two places are compared.
 */
#include "common/segment/segment.h"

#include "common/segment/trigrams.h"

static gsearch_status check_documents(gs_segment *segment, gsearch_error *err)
{
    const gs_mem *mem = segment->mem;
    const uint32_t *by_rank;
    GS_TRY(gs_segment_by_rank(segment, &by_rank, err));
    GS_TRY(gs_strings_verify(&segment->keys, mem, "KEYS", GS_STRINGS_SORTED, err));
    GS_TRY(gs_strings_verify(&segment->titles, mem, "TITL", GS_STRINGS_ANY, err));
    GS_TRY(gs_strings_verify(&segment->sources, mem, "SRCS", GS_STRINGS_ANY, err));
    for (uint32_t doc = 0; doc < segment->docs.count; doc++)
        if (gs_column_get(&segment->docs.title, doc) > gs_doctable_length(&segment->docs, doc))
            return gs_corrupt(err, "COLS: the title of document %u is longer than it", doc);
    return GSEARCH_OK;
}

typedef struct list_check {
    gs_decoder *decoder;
    uint32_t *positions;
    size_t capacity;
    gs_long_writer encoder;
    gs_buf encoded;
    gs_trigrams trigrams; /* collected anew */
    gs_terms_iterator trigram;
    uint64_t lists, postings;
} list_check;

typedef struct trigram_check {
    const gs_segment *segment;
    list_check *check;
} trigram_check;

/* Encodes a long list anew, in the same blocks: its table must be the true one, or searches that
 * skip by it lose hits. Impacts may be higher. */
static gsearch_status check_long(const gs_segment *segment, list_check *check, const gs_list *list,
                                 gsearch_error *err)
{
    const gs_postings *postings = &segment->postings;
    gs_buf *encoded = &check->encoded;
    gs_long_list blocks;
    GS_TRY(gs_long_list_open(postings, list, &blocks, err));
    gs_buf_reset(encoded);
    check->encoder.packed = list->count >= GS_PACKED_MIN;
    for (uint32_t b = 0, at = 0; b < blocks.blocks; at += gs_long_list_count(&blocks, b++))
        gs_long_writer_add(&check->encoder, check->positions + at, gs_long_list_count(&blocks, b));
    gs_long_writer_finish(&check->encoder, encoded);
    if (encoded->status)
        return gs_fail_memory(err);
    uint8_t *least = encoded->data + (blocks.impacts - (postings->post.ptr + list->place));
    for (size_t u = 0; u < GS_BLOCK_UNITS * (size_t)blocks.blocks; u++)
        least[u] = blocks.impacts[u] > least[u] ? blocks.impacts[u] : least[u];
    if (encoded->len > postings->post.len - list->place ||
        memcmp(encoded->data, postings->post.ptr + list->place, encoded->len) != 0)
        return gs_corrupt(err, "a list of %u positions has a wrong table", list->count);
    return GSEARCH_OK;
}

static gsearch_status check_list(const gs_segment *segment, list_check *check, const gs_list *list,
                                 gsearch_error *err)
{
    void *positions = check->positions;
    if (!gs_mem_grow(segment->mem, &positions, &check->capacity,
                     (size_t)list->count + GS_BLOCK_POSTINGS, SIZE_MAX, sizeof(uint32_t)))
        return gs_fail_memory(err);
    check->positions = positions;
    GS_TRY(gs_list_read(&segment->postings, check->decoder, list, check->positions, err));
    uint32_t last = GS_DOC_NONE;
    if (gs_doctable_count(&segment->docs, check->positions, list->count, &last) != list->documents)
        return gs_corrupt(err, "a list of %u positions is not in %u documents", list->count,
                          list->documents);
    return list->is_long ? check_long(segment, check, list, err) : GSEARCH_OK;
}

/* The next trigram must have the list that its bigrams give. */
static gsearch_status check_trigram(uint64_t gram, const uint32_t *positions, uint32_t count,
                                    void *payload, gsearch_error *err)
{
    const trigram_check *self = payload;
    list_check *check = self->check;
    bool more;
    GS_TRY(gs_terms_next(&check->trigram, &more, err));
    if (!more || check->trigram.gram != gram || check->trigram.list.count != count)
        return gs_corrupt(err, "TRIG: not the trigrams that the bigrams give");
    GS_TRY(check_list(self->segment, check, &check->trigram.list, err));
    return memcmp(check->positions, positions, count * sizeof(*positions)) == 0
               ? GSEARCH_OK
               : gs_corrupt(err, "a trigram has other positions than its bigrams give");
}

static gsearch_status check_trigrams(const gs_segment *segment, list_check *check,
                                     gsearch_error *err)
{
    trigram_check self = {segment, check};
    bool more;
    GS_TRY(gs_terms_seek_gram(&check->trigram, &segment->trigrams, GS_GRAM_BREAK, err));
    if (segment->trigram_min && segment->trigram_min < check->trigrams.least)
        return gs_corrupt(err, "META: trigrams from %u positions on", segment->trigram_min);
    if (segment->trigram_min)
        GS_TRY(gs_trigrams_each(&check->trigrams, segment->trigram_min, check_trigram, &self, err));
    GS_TRY(gs_terms_next(&check->trigram, &more, err));
    return more ? gs_corrupt(err, "TRIG: more trigrams than the bigrams give") : GSEARCH_OK;
}

static gsearch_status check_lists(const gs_segment *segment, list_check *check, gsearch_error *err)
{
    const gs_terms *terms = &segment->terms;
    gs_terms_iterator iterator;
    bool more = true;
    for (uint32_t i = 1; i < terms->chars_count; i++)
        if (gs_load_u32(terms->chars + 8 * (size_t)(i - 1)) >=
            gs_load_u32(terms->chars + 8 * (size_t)i))
            return gs_corrupt(err, "CHAR: the characters do not rise");
    // from the first term on, so that the iterator sees to it that all of them rise
    GS_TRY(gs_terms_seek_gram(&iterator, terms, GS_GRAM_BREAK, err));
    while (true) {
        GS_TRY(gs_terms_next(&iterator, &more, err));
        if (!more)
            break;
        check->lists++;
        check->postings += iterator.list.count;
        GS_TRY(check_list(segment, check, &iterator.list, err));
        if (iterator.is_word || iterator.list.count < GS_TRIGRAM_BIGRAM_MIN)
            continue;
        gs_trigrams_add(&check->trigrams, check->positions, iterator.list.count);
        gs_trigrams_end(&check->trigrams, iterator.gram);
    }
    GS_TRY(check_trigrams(segment, check, err));
    return check->lists == segment->lists_count && check->postings == segment->postings_count
               ? GSEARCH_OK
               : gs_corrupt(err, "META: the lists are not as many as it says");
}

static gsearch_status check_text(const gs_segment *segment, gs_decoder *decoder, gsearch_error *err)
{
    uint64_t bytes = 0;
    if (!segment->has_text)
        return GSEARCH_OK;
    GS_TRY(gs_store_verify(&segment->store, decoder, err));
    for (uint32_t doc = 0; doc < segment->docs.count; doc++) {
        gs_stored stored;
        GS_TRY(gs_store_read(&segment->store, decoder, doc, 0, 0, &stored, err));
        bytes += stored.text_len;
    }
    return bytes == segment->text_bytes
               ? GSEARCH_OK
               : gs_corrupt(err, "META: the texts are not as long as it says");
}

gsearch_status gs_segment_verify(gs_segment *segment, gsearch_error *err)
{
    list_check check = {.decoder = gs_decoder_new(segment->mem)};
    if (!check.decoder)
        return gs_fail_memory(err);
    gs_long_writer_init(&check.encoder, segment->mem, &segment->docs);
    gs_buf_init(&check.encoded, segment->mem, SIZE_MAX);
    gs_trigrams_init(&check.trigrams, segment->mem);
    gsearch_status status = gs_container_verify(segment->container, err);
    if (!status)
        status = check_documents(segment, err);
    if (!status)
        status = check_lists(segment, &check, err);
    if (!status)
        status = check_text(segment, check.decoder, err);
    gs_buf_release(&check.encoded);
    gs_trigrams_release(&check.trigrams);
    gs_long_writer_release(&check.encoder);
    gs_mem_free(segment->mem, check.positions);
    gs_decoder_free(check.decoder);
    return status;
}
