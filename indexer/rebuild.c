/* SPDX-License-Identifier: Apache-2.0
 *
 * The second opinion: the same code that indexes, from the text that searches show. Lists are
 * walked side by side in dictionary order; where blocks of text end may differ and is not looked
 * at.
 */
#include "indexer/rebuild.h"

#include <inttypes.h>

#include "common/base/limits.h"
#include "indexer/batch.h"

/* ---- building ---- */

static gsearch_status add_document(const gs_segment *segment, gs_decoder *decoder, uint32_t doc,
                                   gs_buf *id, gs_buf *title, gs_batch *batch, gsearch_error *err)
{
    gs_stored stored;
    gs_buf_reset(id);
    gs_buf_reset(title);
    GS_TRY(gs_segment_key(segment, doc, id, err));
    GS_TRY(gs_strings_get(&segment->titles, doc, title, err));
    GS_TRY(gs_store_read(&segment->store, decoder, doc, 0, UINT32_MAX, &stored, err));
    gs_document document = {
        .id = gs_buf_view(id),
        .title = gs_buf_view(title),
        .has_title = gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD,
        .text = stored.text,
        .fields = stored.fields,
        .date = (uint32_t)gs_column_get(&segment->docs.date, doc),
    };
    return gs_batch_add(batch, &document, err);
}

static gsearch_status fill(const gs_segment *segment, gs_batch *batch, gs_decoder *decoder,
                           gsearch_error *err)
{
    gs_buf id, title;
    gs_buf_init(&id, segment->mem, SIZE_MAX);
    gs_buf_init(&title, segment->mem, SIZE_MAX);
    gsearch_status status = gs_batch_source(batch, gs_bytes_of("", 0), err);
    for (uint32_t doc = 0; doc < segment->docs.count && !status; doc++)
        status = add_document(segment, decoder, doc, &id, &title, batch, err);
    gs_buf_release(&id);
    gs_buf_release(&title);
    return status ? status : gs_batch_finish(batch, err);
}

static gsearch_status build(const gs_segment *segment, gs_dir *scratch, const gs_mem *mem,
                            gs_manifest_segment *out, gsearch_error *err)
{
    gs_batch *batch;
    size_t written = 0;
    gs_decoder *decoder = gs_decoder_new(mem);
    if (!decoder)
        return gs_fail_memory(err);
    gsearch_status status =
        gs_batch_new(scratch, mem, GS_MEMORY_BYTES_DEFAULT, true, &batch, err);
    if (!status) {
        status = fill(segment, batch, decoder, err);
        if (!status)
            status = gs_batches_write(scratch, mem, &batch, 1, true, out, 1, &written, err);
        gs_batch_free(batch);
    }
    gs_decoder_free(decoder);
    return status;
}

/* ---- comparing ---- */

typedef struct comparison {
    const gs_segment *is, *should;
    const gs_mem *mem;
    gs_decoder *is_decoder, *should_decoder;
    uint32_t *positions; // of both lists, one behind the other
    size_t capacity;
} comparison;

static gsearch_status compare_documents(const comparison *self, gsearch_error *err)
{
    const gs_doctable *is = &self->is->docs, *should = &self->should->docs;
    if (is->count != should->count)
        return gs_corrupt(err, "%u documents, their text gives %u", is->count, should->count);
    for (uint32_t doc = 0; doc < is->count; doc++) {
        if (gs_doctable_length(is, doc) != gs_doctable_length(should, doc))
            return gs_corrupt(err, "document %u has length %u, its text gives %u", doc,
                              gs_doctable_length(is, doc), gs_doctable_length(should, doc));
        if (gs_column_get(&is->title, doc) != gs_column_get(&should->title, doc) ||
            gs_column_get(&is->flags, doc) != gs_column_get(&should->flags, doc) ||
            gs_column_get(&is->rank, doc) != gs_column_get(&should->rank, doc))
            return gs_corrupt(err, "document %u: title, flags or rank are not what they should be",
                              doc);
    }
    const gs_store *is_store = &self->is->store, *should_store = &self->should->store;
    if (is_store->checkpoints_count != should_store->checkpoints_count ||
        memcmp(is_store->checkpoints, should_store->checkpoints,
               8 * (size_t)is_store->checkpoints_count) != 0)
        return gs_corrupt(err, "CKPT: the restart points are not those of the text");
    const gs_terms *is_terms = &self->is->terms, *should_terms = &self->should->terms;
    if (is_terms->chars_count != should_terms->chars_count ||
        memcmp(is_terms->chars, should_terms->chars, 8 * (size_t)is_terms->chars_count) != 0)
        return gs_corrupt(err, "CHAR: the characters are not those of the text");
    return GSEARCH_OK;
}

static bool is_same_term(const gs_terms_iterator *a, const gs_terms_iterator *b)
{
    if (a->is_word != b->is_word || a->list.count != b->list.count ||
        a->list.documents != b->list.documents)
        return false;
    return a->is_word ? gs_bytes_equal(a->word, b->word) : a->gram == b->gram;
}

static gsearch_status fail_list(const gs_terms_iterator *at, gsearch_error *err)
{
    if (at->is_word)
        return gs_corrupt(err, "the list of the word %.*s is not what the text gives",
                          (int)at->word.len, (const char *)at->word.ptr);
    return gs_corrupt(err, "the list of U+%04X U+%04X is not what the text gives",
                      gs_gram_first(at->gram), gs_gram_second(at->gram));
}

static gsearch_status compare_list(comparison *self, const gs_terms_iterator *is,
                                   const gs_terms_iterator *should, gsearch_error *err)
{
    if (!is_same_term(is, should))
        return fail_list(is, err);
    void *positions = self->positions;
    size_t room = (size_t)is->list.count + GS_BLOCK_POSTINGS;
    if (is->list.count > self->is->docs.positions)
        return gs_corrupt(err, "a list has more positions than the segment");
    if (!gs_mem_grow(self->mem, &positions, &self->capacity, 2 * room, SIZE_MAX,
                     sizeof(*self->positions)))
        return gs_fail_memory(err);
    self->positions = positions;
    GS_TRY(gs_list_read(&self->is->postings, self->is_decoder, &is->list, self->positions, err));
    GS_TRY(gs_list_read(&self->should->postings, self->should_decoder, &should->list,
                        self->positions + room, err));
    return memcmp(self->positions, self->positions + room,
                  is->list.count * sizeof(*self->positions)) == 0
               ? GSEARCH_OK
               : fail_list(is, err);
}

static gsearch_status compare_lists(comparison *self, const gs_terms *is_terms,
                                    const gs_terms *should_terms, gsearch_error *err)
{
    gs_terms_iterator is, should;
    GS_TRY(gs_terms_seek_gram(&is, is_terms, GS_GRAM_BREAK, err));
    GS_TRY(gs_terms_seek_gram(&should, should_terms, GS_GRAM_BREAK, err));
    for (;;) {
        bool is_more, should_more;
        GS_TRY(gs_terms_next(&is, &is_more, err));
        GS_TRY(gs_terms_next(&should, &should_more, err));
        if (is_more != should_more)
            return gs_corrupt(err, "%" PRIu64 " lists, the text gives %" PRIu64,
                              is_terms->grams_count + is_terms->words_count,
                              should_terms->grams_count + should_terms->words_count);
        if (!is_more)
            return GSEARCH_OK;
        GS_TRY(compare_list(self, &is, &should, err));
    }
}

static gsearch_status compare_trigrams(comparison *self, gsearch_error *err)
{
    if (self->is->trigram_min != self->should->trigram_min)
        return gs_corrupt(err, "META: trigrams from %u positions on, the text gives %u",
                          self->is->trigram_min, self->should->trigram_min);
    return compare_lists(self, &self->is->trigrams, &self->should->trigrams, err);
}

static gsearch_status compare(const gs_segment *is, const gs_segment *should, const gs_mem *mem,
                              gsearch_error *err)
{
    comparison self = {.is = is, .should = should, .mem = mem};
    self.is_decoder = gs_decoder_new(mem);
    self.should_decoder = gs_decoder_new(mem);
    gsearch_status status = GSEARCH_OK;
    if (!self.is_decoder || !self.should_decoder)
        status = gs_fail_memory(err);
    if (!status)
        status = compare_documents(&self, err);
    if (!status)
        status = compare_lists(&self, &is->terms, &should->terms, err);
    if (!status && is->trigram_min) // an index of small lists has none
        status = compare_trigrams(&self, err);
    gs_decoder_free(self.is_decoder);
    gs_decoder_free(self.should_decoder);
    gs_mem_free(mem, self.positions);
    return status;
}

gsearch_status gs_rebuild_compare(gs_segment *segment, gs_dir *scratch, const gs_mem *mem,
                                  gsearch_error *err)
{
    gs_manifest_segment built;
    gs_segment *should;
    char name[64];
    GS_TRY(build(segment, scratch, mem, &built, err));
    gs_segment_file_name(built.segment.id, name);
    gsearch_status status = gs_segment_open(scratch, mem, built.segment.id, built.segment.length,
                                            true, &should, err);
    // mapped, it needs no name any more, and an interrupted comparison leaves nothing behind
    gsearch_status removed = gs_dir_remove(scratch, name, status ? NULL : err);
    if (status)
        return status;
    status = removed ? removed : compare(segment, should, mem, err);
    gs_segment_unref(should);
    return status;
}
