/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.15: which three characters have a list of their own. Where two bigrams that overlap are
 * both frequent, the places of the three characters are found once, when the segment is written, so
 * that a search need not intersect two of its longest lists.
 */
#ifndef GS_SEGMENT_TRIGRAMS_H
#define GS_SEGMENT_TRIGRAMS_H

#include "common/base/buf.h"
#include "common/base/fail.h"
#include "common/simd/bitpack.h"

#define GS_TRIGRAM_BIGRAM_MIN 2048u      /* positions of a bigram that may be part of one */
#define GS_TRIGRAM_SHARE 20u             /* one in so many positions of all lists at most */
#define GS_TRIGRAM_BYTES_MAX (64u << 20) /* of bigrams, packed, that are kept in memory for them */

/* The frequent bigrams of a segment that is being written. */
typedef struct gs_trigrams {
    const gs_mem *mem;
    struct gs_trigram_part *parts; /* bigrams, by gram */
    size_t parts_count, parts_capacity;
    gs_buf bytes;          /* all parts, packed, and the list being collected */
    size_t begin;          /* of the list being collected, */
    uint64_t collected;    /* its positions so far, */
    uint32_t pending[GS_BITPACK_NUMBERS], pending_count; /* and those not yet packed */
    uint32_t least;        /* bigrams with fewer positions were not kept */
    gsearch_status status; /* of collecting: OK or NO_MEMORY */
} gs_trigrams;

void gs_trigrams_init(gs_trigrams *trigrams, const gs_mem *mem);
void gs_trigrams_release(gs_trigrams *trigrams);

/* Collects positions of one list, in any number of calls. */
void gs_trigrams_add(gs_trigrams *trigrams, const uint32_t *positions, size_t count);
/* Ends it: keeps it if `gram` is a bigram and frequent, else forgets it. Grams rise. */
void gs_trigrams_end(gs_trigrams *trigrams, uint64_t gram);

/* As many trigrams get lists as the share allows of a segment with `postings` positions in its
 * other lists: those both of whose bigrams have at least `*least` positions; 0: none. */
GS_CHECKED gsearch_status gs_trigrams_choose(const gs_trigrams *trigrams, uint64_t postings,
                                             uint32_t *least, gsearch_error *err);

/* Calls `visit` with the list of each trigram both of whose bigrams were kept and have at least
 * `least` positions, in dictionary order. Positions are borrowed for the
 * call; there is at least one. */
typedef gsearch_status (*gs_trigram_visit)(uint64_t gram, const uint32_t *positions,
                                           uint32_t count, void *payload, gsearch_error *err);
GS_CHECKED gsearch_status gs_trigrams_each(const gs_trigrams *trigrams, uint32_t least,
                                           gs_trigram_visit visit, void *payload,
                                           gsearch_error *err);

#endif
