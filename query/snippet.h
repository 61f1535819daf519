/* SPDX-License-Identifier: Apache-2.0
 *
 * The passage of a hit and its marks, from stored text and the positions that matched.
 */
#ifndef GS_QUERY_SNIPPET_H
#define GS_QUERY_SNIPPET_H

#include "common/base/arena.h"
#include "common/segment/segment.h"
#include "gsearch/request.h"

/* One match: the first position of it and how many it takes, in the segment's position space. */
typedef struct gs_span {
    uint32_t position;
    uint32_t length;
} gs_span;

/* Sets `snippet`, `marks` and `marks_count` of `hit`, in the arena. `spans` are the matches in the
 * document, sorted by position; none gives the opening of the text. */
GS_CHECKED gsearch_status gs_snippet_make(const gs_segment *segment, gs_decoder *decoder,
                                          gs_arena *arena, uint32_t doc, const gs_span *spans,
                                          size_t spans_count, gsearch_hit *hit, gsearch_error *err);

/* Whether the original text of the match, without nothings and in NFC, is `exact` (see
 * gs_node.exact_text). */
GS_CHECKED gsearch_status gs_snippet_is_exact(const gs_segment *segment, gs_decoder *decoder,
                                              gs_arena *arena, uint32_t doc, gs_span span,
                                              gs_bytes exact, bool *out, gsearch_error *err);

#endif
