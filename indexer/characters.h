/* SPDX-License-Identifier: Apache-2.0
 *
 * How many documents hold each CJK character, summed over the parts of a segment and given to its
 * writer in step with the lists.
 */
#ifndef GS_INDEXER_CHARACTERS_H
#define GS_INDEXER_CHARACTERS_H

#include "common/segment/segmentwriter.h"

#define GS_CHARACTERS_END 0x40000u /* folded CJK code points are below: planes 0 to 3 */

typedef struct gs_characters {
    const gs_mem *mem;
    uint32_t *documents; /* by code point */
    uint32_t next;       /* the first one not yet given to the writer */
} gs_characters;

GS_CHECKED gsearch_status gs_characters_init(gs_characters *characters, const gs_mem *mem,
                                             gsearch_error *err);
void gs_characters_release(gs_characters *characters);

/* Gives every character up to `last` that some document holds. */
GS_CHECKED gsearch_status gs_characters_give(gs_characters *characters, uint32_t last,
                                             gs_segment_writer *writer, gsearch_error *err);

#endif
