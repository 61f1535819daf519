/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens to sorted lists: every pair (list, position) becomes one number, the numbers are radix
 * sorted, and the lists written as a run.
 */
#ifndef GS_INDEXER_INVERTER_H
#define GS_INDEXER_INVERTER_H

#include "indexer/characters.h"
#include "indexer/run.h"
#include "indexer/wordtable.h"

/* A token in an array of tokens: a folded CJK code point, a word by its number in a gs_words, or
 * one of these. */
#define GS_TOKEN_U32_WORD 0x80000000u  /* | number */
#define GS_TOKEN_U32_BREAK 0x40000000u
#define GS_TOKEN_U32_GAP 0x40000001u   /* between documents and fields: in no list */

typedef struct gs_inverter {
    const gs_mem *mem;
    uint64_t *pairs, *spare; /* key << 32 | position */
    size_t capacity;         /* of each */
    uint64_t *seen;          /* a bit a code point */
    uint16_t *ranks;         /* by code point, from 1 */
    uint32_t *characters;    /* by rank */
    uint32_t characters_count;
} gs_inverter;

#define GS_INVERTER_PAIR_BYTES (2 * sizeof(uint64_t))

/* `capacity`: pairs sorted at once, at least 2. */
GS_CHECKED gsearch_status gs_inverter_init(gs_inverter *inverter, const gs_mem *mem,
                                           size_t capacity, gsearch_error *err);
void gs_inverter_release(gs_inverter *inverter);

/* A piece of the position space. The neighbours decide which characters stand at a seam. */
typedef struct gs_token_slice {
    const uint32_t *tokens;
    size_t count;
    uint32_t before, after; /* GS_TOKEN_U32_GAP at the ends */
    uint32_t position;      /* of tokens[0] */
} gs_token_slice;

/* Writes the lists of as many tokens from the front of the slice as fit at once, at least one, into
 * `run` (an empty one; sealed afterwards). `words` are ranked. */
GS_CHECKED gsearch_status gs_inverter_run(gs_inverter *inverter, const gs_token_slice *slice,
                                          const gs_words *words, gs_run *run, size_t *taken,
                                          gsearch_error *err);

#endif
