/* SPDX-License-Identifier: Apache-2.0
 *
 * A long list unit by unit, for those who look only at the best ones: which documents begin in a
 * unit, and how often the list occurs in them. Every unit says how good the best document is that
 * has a position in it; a document counts for the unit of its first position alone.
 */
#ifndef GS_QUERY_UNITS_H
#define GS_QUERY_UNITS_H

#include "query/match.h"

typedef struct gs_units {
    gs_reader *reader;
    gs_long_list list;
    uint32_t count;   /* units */
    uint32_t length;  /* of a match, which lies in the title if all of it does */
    uint64_t decoded; /* blocks so far */
    /* private: the block decoded last */
    uint32_t block, block_count;
    uint32_t positions[GS_BLOCK_POSTINGS];
} gs_units;

/* Rising documents with their weighted frequencies. */
typedef struct gs_unit_documents {
    uint32_t docs[GS_UNIT_POSITIONS];
    uint32_t tfs[GS_UNIT_POSITIONS];
    uint32_t count;
} gs_unit_documents;

GS_CHECKED gsearch_status gs_units_open(gs_reader *reader, const gs_list *list, uint32_t length,
                                        gs_units *out, gsearch_error *err);

/* The live documents whose first position lies in the unit. */
GS_CHECKED gsearch_status gs_units_documents(gs_units *units, uint32_t unit,
                                             gs_unit_documents *out, gsearch_error *err);

/* The highest impact, of one a unit, that at least `wanted` units reach; 1 if not so many do. */
uint32_t gs_units_cut(const uint8_t *impacts, uint32_t count, uint64_t wanted);

#endif
