/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 4: which documents of a segment are deleted, and their share of its statistics: how many
 * documents, how much length, and for each term how many of them held it. Subtracting the share
 * makes an updated index score like a fresh one.
 */
#ifndef GS_SEGMENT_DELETES_H
#define GS_SEGMENT_DELETES_H

#include "common/segment/container.h"

typedef struct gs_deletes gs_deletes;

struct gs_deletes {
    gs_hash128 segment; /* whose */
    uint32_t documents; /* of the segment */
    uint32_t deleted;
    uint64_t deleted_length;
    const uint8_t *bits; /* bit i: document i is deleted */
    /* the share; private: use gs_deletes_*_share */
    uint32_t grams_count, characters_count, words_count;
    const uint8_t *grams;      /* u64 gram, u32 documents: sorted */
    const uint8_t *characters; /* u32 code point, u32 documents: sorted */
    const uint8_t *word_documents; /* u32 a word */
    gs_bytes words;            /* strings.h list, sorted */
    gs_container *container;
    const gs_mem *mem;
    uint32_t references; /* atomic */
};

GS_CHECKED gsearch_status gs_deletes_open(gs_dir *dir, const gs_mem *mem, const char *name,
                                          uint64_t length, gs_hash128 id, gs_hash128 segment,
                                          uint32_t documents, bool map, gs_deletes **out,
                                          gsearch_error *err);
gs_deletes *gs_deletes_ref(gs_deletes *deletes);
void gs_deletes_unref(gs_deletes *deletes);

static inline bool gs_deletes_has(const gs_deletes *deletes, uint32_t doc)
{
    return deletes && (deletes->bits[doc >> 3] >> (doc & 7) & 1);
}

/* Deleted documents that held the term; NULL is fine and gives 0. */
uint32_t gs_deletes_gram_share(const gs_deletes *deletes, uint64_t gram);
uint32_t gs_deletes_character_share(const gs_deletes *deletes, uint32_t code_point);
GS_CHECKED gsearch_status gs_deletes_word_share(const gs_deletes *deletes, gs_bytes word,
                                                uint32_t *out, gsearch_error *err);

/* What a new deletes file holds: sorted arrays, all deleted documents of the segment together (the
 * old file's share added in by the caller). */
typedef struct gs_deletes_content {
    gs_hash128 segment;
    uint32_t documents;
    uint32_t deleted;
    uint64_t deleted_length;
    const uint8_t *bits; /* (documents + 7) / 8 bytes */
    const uint64_t *grams;
    const uint32_t *gram_documents;
    uint32_t grams_count;
    const uint32_t *characters;
    const uint32_t *character_documents;
    uint32_t characters_count;
    const gs_bytes *words;
    const uint32_t *word_documents;
    uint32_t words_count;
} gs_deletes_content;

/* Publishes "del-<id>.gsd". */
GS_CHECKED gsearch_status gs_deletes_write(gs_dir *dir, const gs_mem *mem,
                                           const gs_deletes_content *content,
                                           gs_container_name *out, gsearch_error *err);

#endif
