/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the counting of a share. It goes over lists in dictionary order, so what it counts is what
 * the statistics of the segment count, and it comes out sorted. A character is held by the
 * documents of all lists that begin with it: each of its places starts a bigram or stands in its
 * seam list.
 *
 * The lists are those of the segment; or, where few of its documents are deleted and their text is
 * stored, those of a small segment made of these documents alone.
 */
#include "indexer/share.h"

#include "common/base/limits.h"
#include "indexer/batch.h"

/* Reading documents again costs about so many times what reading their lists does. */
#define FEW_SHARE 8u
#define BATCH_BYTES ((size_t)32 << 20)

typedef struct share {
    const gs_mem *mem;
    const gs_segment *segment; // whose lists are read
    const uint8_t *bits;       // which of its documents count; NULL: all
    gs_decoder *decoder;
    uint32_t *positions; // of a short list, or of a block of a long one
    size_t positions_capacity;
    uint32_t next_position; // positions before it belong to documents already looked at
    uint32_t matched;       // deleted documents in the list so far
    // the character whose lists are being read, and the deleted documents that hold it
    uint32_t code_point;
    uint8_t *holds;
    uint32_t *holders;
    uint32_t holders_count;
    gs_buf grams, gram_documents, characters, character_documents;
    gs_buf word_lens, word_bytes, word_documents;
} share;

static bool is_deleted(const share *self, uint32_t doc)
{
    return !self->bits || (self->bits[doc >> 3] >> (doc & 7) & 1);
}

static void count_holder(share *self, uint32_t doc)
{
    uint8_t bit = (uint8_t)(1u << (doc & 7));
    if (self->holds[doc >> 3] & bit)
        return;
    self->holds[doc >> 3] |= bit;
    self->holders[self->holders_count++] = doc;
}

/* Counts the deleted documents among rising positions; a list may come in several calls. */
static void count_positions(share *self, size_t count)
{
    const gs_doctable *docs = &self->segment->docs;
    for (size_t i = 0; i < count; i++) {
        uint32_t position = self->positions[i];
        if (position < self->next_position)
            continue;
        uint32_t doc = gs_doctable_find(docs, position);
        self->next_position = docs->starts[doc + 1];
        if (!is_deleted(self, doc))
            continue;
        self->matched++;
        if (self->code_point)
            count_holder(self, doc);
    }
}

static gsearch_status reserve(share *self, size_t count, gsearch_error *err)
{
    void *positions = self->positions;
    if (!gs_mem_grow(self->mem, &positions, &self->positions_capacity, count, SIZE_MAX,
                     sizeof(*self->positions)))
        return gs_fail_memory(err);
    self->positions = positions;
    return GSEARCH_OK;
}

static gsearch_status count_list(share *self, const gs_list *list, gsearch_error *err)
{
    const gs_postings *postings = &self->segment->postings;
    self->next_position = 0;
    self->matched = 0;
    if (!list->is_long) {
        GS_TRY(reserve(self, (size_t)list->count + GS_BLOCK_POSTINGS, err));
        GS_TRY(gs_list_read(postings, self->decoder, list, self->positions, err));
        count_positions(self, list->count);
        return GSEARCH_OK;
    }
    gs_long_list blocks;
    GS_TRY(gs_long_list_open(postings, list, &blocks, err));
    GS_TRY(reserve(self, GS_BLOCK_POSTINGS, err));
    for (uint32_t i = 0; i < blocks.blocks; i++) {
        uint32_t count;
        GS_TRY(gs_long_list_block(&blocks, i, self->positions, &count, err));
        count_positions(self, count);
    }
    return GSEARCH_OK;
}

/* Ends the character before, if any deleted document holds it, and begins `code_point`. */
static void next_character(share *self, uint32_t code_point)
{
    if (self->holders_count) {
        gs_buf_u32(&self->characters, self->code_point);
        gs_buf_u32(&self->character_documents, self->holders_count);
    }
    for (uint32_t i = 0; i < self->holders_count; i++)
        self->holds[self->holders[i] >> 3] = 0;
    self->holders_count = 0;
    self->code_point = code_point;
}

static void keep_word(share *self, gs_bytes word)
{
    gs_buf_u32(&self->word_lens, (uint32_t)word.len);
    gs_buf_bytes(&self->word_bytes, word);
    gs_buf_u32(&self->word_documents, self->matched);
}

static gsearch_status count_terms(share *self, gsearch_error *err)
{
    gs_terms_iterator iterator;
    GS_TRY(gs_terms_seek_gram(&iterator, &self->segment->terms, GS_GRAM_BREAK, err));
    for (;;) {
        bool more;
        GS_TRY(gs_terms_next(&iterator, &more, err));
        uint32_t code_point = more && !iterator.is_word ? gs_gram_first(iterator.gram) : 0;
        if (code_point != self->code_point)
            next_character(self, code_point);
        if (!more)
            return GSEARCH_OK;
        GS_TRY(count_list(self, &iterator.list, err));
        if (self->matched == 0)
            continue;
        if (iterator.is_word) {
            keep_word(self, iterator.word);
        } else {
            gs_buf_u64(&self->grams, iterator.gram);
            gs_buf_u32(&self->gram_documents, self->matched);
        }
    }
}

/* Calls `action` for every buffer. */
static void each_buffer(share *self, void (*action)(gs_buf *buf, void *payload), void *payload)
{
    gs_buf *all[] = {
        &self->grams,     &self->gram_documents, &self->characters,    &self->character_documents,
        &self->word_lens, &self->word_bytes,     &self->word_documents};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        action(all[i], payload);
}

static void init_buffer(gs_buf *buf, void *mem)
{
    gs_buf_init(buf, *(const gs_mem **)mem, UINT32_MAX);
}

static void check_buffer(gs_buf *buf, void *is_bad)
{
    if (buf->status)
        *(bool *)is_bad = true;
}

static void release_buffer(gs_buf *buf, void *payload)
{
    (void)payload;
    gs_buf_release(buf);
}

static void fill_words(const share *self, gs_bytes *words, uint32_t count)
{
    const uint8_t *next = self->word_bytes.data;
    for (uint32_t i = 0; i < count; i++) {
        words[i] = gs_bytes_of(next, gs_load_u32(self->word_lens.data + 4 * (size_t)i));
        next += words[i].len;
    }
}

static gsearch_status write_content(share *self, const gs_segment *segment, const uint8_t *bits,
                                    gs_dir *dir, gs_container_name *out, gsearch_error *err)
{
    uint32_t words_count = (uint32_t)(self->word_lens.len / sizeof(uint32_t));
    gs_bytes *words = gs_mem_alloc(self->mem, words_count * sizeof(*words));
    bool is_bad = !words;
    each_buffer(self, check_buffer, &is_bad);
    if (is_bad) {
        gs_mem_free(self->mem, words);
        return gs_fail_memory(err);
    }
    fill_words(self, words, words_count);
    gs_deletes_content content = {
        .segment = segment->id,
        .documents = segment->docs.count,
        .bits = bits,
        .grams = (const uint64_t *)(const void *)self->grams.data,
        .gram_documents = (const uint32_t *)(const void *)self->gram_documents.data,
        .grams_count = (uint32_t)(self->grams.len / sizeof(uint64_t)),
        .characters = (const uint32_t *)(const void *)self->characters.data,
        .character_documents = (const uint32_t *)(const void *)self->character_documents.data,
        .characters_count = (uint32_t)(self->characters.len / sizeof(uint32_t)),
        .words = words,
        .word_documents = (const uint32_t *)(const void *)self->word_documents.data,
        .words_count = words_count,
    };
    for (uint32_t doc = 0; doc < segment->docs.count; doc++) {
        if (bits[doc >> 3] >> (doc & 7) & 1) {
            content.deleted++;
            content.deleted_length += gs_doctable_length(&segment->docs, doc);
        }
    }
    gsearch_status status = gs_deletes_write(dir, self->mem, &content, out, err);
    gs_mem_free(self->mem, words);
    return status;
}

/* Counts the documents set in `bits` (NULL: all) in the lists of `counted`, and writes that as the
 * share of `segment`. */
static gsearch_status count_and_write(gs_dir *dir, const gs_mem *mem, const gs_segment *counted,
                                      const uint8_t *counted_bits, const gs_segment *segment,
                                      const uint8_t *bits, gs_container_name *out,
                                      gsearch_error *err)
{
    uint32_t count = counted->docs.count;
    share self = {.mem = mem, .segment = counted, .bits = counted_bits};
    each_buffer(&self, init_buffer, &mem);
    self.decoder = gs_decoder_new(mem);
    self.holds = gs_mem_calloc(mem, (size_t)count / 8 + 1, 1);
    self.holders = gs_mem_alloc(mem, (size_t)count * sizeof(*self.holders));
    gsearch_status status =
        self.decoder && self.holds && self.holders ? GSEARCH_OK : gs_fail_memory(err);
    if (!status)
        status = count_terms(&self, err);
    if (!status)
        status = write_content(&self, segment, bits, dir, out, err);
    each_buffer(&self, release_buffer, NULL);
    gs_decoder_free(self.decoder);
    gs_mem_free(mem, self.positions);
    gs_mem_free(mem, self.holds);
    gs_mem_free(mem, self.holders);
    return status;
}

/* ---- the segment of the deleted documents ---- */

static gsearch_status add_document(gs_batch *batch, const gs_segment *segment, gs_decoder *decoder,
                                   gs_buf *title, uint32_t doc, gsearch_error *err)
{
    gs_stored stored;
    gs_buf_reset(title);
    GS_TRY(gs_strings_get(&segment->titles, doc, title, err));
    GS_TRY(gs_store_read(&segment->store, decoder, doc, 0, UINT32_MAX, &stored, err));
    gs_document document = {
        .id = gs_bytes_str("deleted"),
        .title = gs_buf_view(title),
        .has_title = gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD,
        .text = stored.text,
    };
    return gs_batch_add(batch, &document, err);
}

static gsearch_status add_documents(gs_batch *batch, const gs_mem *mem, const gs_segment *segment,
                                    const uint8_t *bits, gsearch_error *err)
{
    gs_buf title;
    gs_buf_init(&title, mem, GS_DOCUMENT_BYTES_MAX);
    gs_decoder *decoder = gs_decoder_new(mem);
    gsearch_status status = decoder ? GSEARCH_OK : gs_fail_memory(err);
    for (uint32_t doc = 0; doc < segment->docs.count && !status; doc++)
        if (bits[doc >> 3] >> (doc & 7) & 1)
            status = add_document(batch, segment, decoder, &title, doc, err);
    gs_decoder_free(decoder);
    gs_buf_release(&title);
    return status ? status : gs_batch_finish(batch, err);
}

/* Makes the segment, counts it and removes it again. */
static gsearch_status count_again(gs_dir *dir, const gs_mem *mem, const gs_segment *segment,
                                  const uint8_t *bits, gs_container_name *out, gsearch_error *err)
{
    gs_batch *batch;
    gs_manifest_segment file;
    size_t files = 0;
    GS_TRY(gs_batch_new(dir, mem, BATCH_BYTES, false, &batch, err));
    gsearch_status status = add_documents(batch, mem, segment, bits, err);
    if (!status)
        status = gs_batches_write(dir, mem, &batch, 1, false, &file, 1, &files, err);
    gs_batch_free(batch);
    if (status)
        return status;
    gs_segment *counted;
    status = gs_segment_open(dir, mem, file.segment.id, file.segment.length, false, &counted, err);
    if (!status) {
        status = count_and_write(dir, mem, counted, NULL, segment, bits, out, err);
        gs_segment_unref(counted);
    }
    char name[64];
    gs_segment_file_name(file.segment.id, name);
    gsearch_status removed = gs_dir_remove(dir, name, status ? NULL : err);
    return status ? status : removed;
}

gsearch_status gs_share_write(gs_dir *dir, const gs_mem *mem, const gs_segment *segment,
                              const uint8_t *bits, gs_container_name *out, gsearch_error *err)
{
    uint32_t deleted = 0;
    for (uint32_t doc = 0; doc < segment->docs.count; doc++)
        deleted += bits[doc >> 3] >> (doc & 7) & 1;
    if (segment->has_text && deleted && deleted < segment->docs.count / FEW_SHARE)
        return count_again(dir, mem, segment, bits, out, err);
    return count_and_write(dir, mem, segment, bits, segment, bits, out, err);
}
