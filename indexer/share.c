/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the counting of a share. It goes over the lists of the segment in dictionary order, so what
 * it counts is what the statistics of the segment count, and it comes out sorted. A character is
 * held by the documents of all lists that begin with it: each of its places starts a bigram or
 * stands in its seam list.
 */
#include "indexer/share.h"

typedef struct share {
    const gs_mem *mem;
    const gs_segment *segment;
    const uint8_t *bits;
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
    return self->bits[doc >> 3] >> (doc & 7) & 1;
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

static gsearch_status write_content(share *self, gs_dir *dir, gs_container_name *out,
                                    gsearch_error *err)
{
    const gs_doctable *docs = &self->segment->docs;
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
        .segment = self->segment->id,
        .documents = docs->count,
        .bits = self->bits,
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
    for (uint32_t doc = 0; doc < docs->count; doc++) {
        if (is_deleted(self, doc)) {
            content.deleted++;
            content.deleted_length += gs_doctable_length(docs, doc);
        }
    }
    gsearch_status status = gs_deletes_write(dir, self->mem, &content, out, err);
    gs_mem_free(self->mem, words);
    return status;
}

gsearch_status gs_share_write(gs_dir *dir, const gs_mem *mem, const gs_segment *segment,
                              const uint8_t *bits, gs_container_name *out, gsearch_error *err)
{
    uint32_t count = segment->docs.count;
    share self = {.mem = mem, .segment = segment, .bits = bits};
    each_buffer(&self, init_buffer, &mem);
    self.decoder = gs_decoder_new(mem);
    self.holds = gs_mem_calloc(mem, (size_t)count / 8 + 1, 1);
    self.holders = gs_mem_alloc(mem, (size_t)count * sizeof(*self.holders));
    gsearch_status status =
        self.decoder && self.holds && self.holders ? GSEARCH_OK : gs_fail_memory(err);
    if (!status)
        status = count_terms(&self, err);
    if (!status)
        status = write_content(&self, dir, out, err);
    each_buffer(&self, release_buffer, NULL);
    gs_decoder_free(self.decoder);
    gs_mem_free(mem, self.positions);
    gs_mem_free(mem, self.holds);
    gs_mem_free(mem, self.holders);
    return status;
}
