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
 * document, sorted by position; none gives the opening of the text. The snippet shows the densest
 * of them, those in the text before those in the title; of matches that it cuts, only the first of
 * these is marked. Without stored text there are snippets of titles that are fields, and no others:
 * then `snippet` stays as it is. CORRUPT if the text is not the one that was indexed. */
GS_CHECKED gsearch_status gs_snippet_make(const gs_segment *segment, gs_decoder *decoder,
                                          gs_arena *arena, uint32_t doc, const gs_span *spans,
                                          size_t spans_count, gsearch_hit *hit, gsearch_error *err);

/* Matches of one document to look at together: `count` rising positions, each the first of
 * `length`, all in its title or all behind it. */
typedef struct gs_matches {
    uint32_t doc;
    const uint32_t *positions;
    size_t count;
    uint32_t length;
} gs_matches;

/* Sets same[i] to whether the original text of match i, without nothings and in NFC, is `exact`
 * (see gs_node.exact_text). Reads all text from the first match to the last, and analyses it. */
GS_CHECKED gsearch_status gs_snippet_are_exact(const gs_segment *segment, gs_decoder *decoder,
                                               gs_arena *arena, const gs_matches *matches,
                                               gs_bytes exact, bool *same, gsearch_error *err);

#endif
