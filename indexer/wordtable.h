/* SPDX-License-Identifier: Apache-2.0
 *
 * The distinct words of one run, numbered as they come, and their bytewise order.
 */
#ifndef GS_INDEXER_WORDTABLE_H
#define GS_INDEXER_WORDTABLE_H

#include "common/base/buf.h"
#include "common/base/fail.h"

typedef struct gs_word {
    uint32_t offset; /* in `bytes` */
    uint32_t rank;   /* place in bytewise order; after gs_words_rank */
    uint32_t hash;
    uint8_t len;
} gs_word;

typedef struct gs_words {
    const gs_mem *mem;
    uint64_t seed;
    gs_buf bytes;
    gs_word *words;
    uint32_t *slots; /* number + 1; 0: free */
    uint32_t *order; /* number by rank; after gs_words_rank */
    uint32_t count;
    uint32_t count_max;
    uint32_t slots_mask;
} gs_words;

/* Takes at most `memory_bytes`, but always room for a few words. */
GS_CHECKED gsearch_status gs_words_init(gs_words *words, const gs_mem *mem, size_t memory_bytes,
                                        gsearch_error *err);
void gs_words_release(gs_words *words);
void gs_words_reset(gs_words *words);

/* The number of `word` (1 to GS_TERM_BYTES_MAX bytes), taking it in if it is new. False if there is
 * no room: reset the table first. */
bool gs_words_intern(gs_words *words, gs_bytes word, uint32_t *number);

static inline gs_bytes gs_words_get(const gs_words *words, uint32_t number)
{
    const gs_word *word = &words->words[number];
    return gs_bytes_of(words->bytes.data + word->offset, word->len);
}

/* Fills in ranks and order. */
void gs_words_rank(gs_words *words);

#endif
