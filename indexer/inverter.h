/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens to postings: those of grams go into bins by first character, those of words are collected
 * and sorted into runs.
 */
#ifndef GS_INDEXER_INVERTER_H
#define GS_INDEXER_INVERTER_H

#include "indexer/bins.h"
#include "indexer/run.h"
#include "indexer/wordtable.h"

/* A token in an array of tokens: a folded CJK code point, a word by its number in a gs_words, or
 * one of these. */
#define GS_TOKEN_U32_WORD 0x80000000u  /* | number */
#define GS_TOKEN_U32_BREAK 0x40000000u
#define GS_TOKEN_U32_GAP 0x40000001u   /* between documents and fields: in no list */

/* A piece of the position space. The neighbours decide which characters stand at a seam. */
typedef struct gs_token_slice {
    const uint32_t *tokens;
    size_t count;
    uint32_t before, after; /* GS_TOKEN_U32_GAP at the ends */
    uint32_t position;      /* of tokens[0] */
} gs_token_slice;

typedef struct gs_inverter {
    const gs_mem *mem;
    gs_bins *bins;
    uint64_t *pairs, *spare; /* of words: number << 32 | position */
    size_t pairs_count, capacity;
} gs_inverter;

#define GS_INVERTER_PAIR_BYTES (2 * sizeof(uint64_t))

/* `capacity`: words sorted at once. */
GS_CHECKED gsearch_status gs_inverter_init(gs_inverter *inverter, const gs_mem *mem, gs_bins *bins,
                                           size_t capacity, gsearch_error *err);
void gs_inverter_release(gs_inverter *inverter);

/* Takes in the slice. Room for slice->count words must be left. */
GS_CHECKED gsearch_status gs_inverter_add(gs_inverter *inverter, const gs_token_slice *slice,
                                          gsearch_error *err);

static inline size_t gs_inverter_room(const gs_inverter *inverter)
{
    return inverter->capacity - inverter->pairs_count;
}

/* Writes the lists of the words collected so far into `run`, an empty one, which it seals.
 * Positions of the run count from `base`, and `words` are ranked. */
GS_CHECKED gsearch_status gs_inverter_run(gs_inverter *inverter, const gs_words *words,
                                          uint32_t base, gs_run *run, gsearch_error *err);

#endif
