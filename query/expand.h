/* SPDX-License-Identifier: Apache-2.0
 *
 * Terms that stand for many lists: every word with a beginning, every place of one character.
 */
#ifndef GS_QUERY_EXPAND_H
#define GS_QUERY_EXPAND_H

#include "query/plan.h"

/* A word that begins as asked, with its live documents in all segments. */
typedef struct gs_completion {
    gs_bytes word;
    uint64_t documents;
} gs_completion;

/* Fills sets[segment] with the lists of all live words that begin with `prefix`, and sums up their
 * documents. LIMIT over GS_QUERY_COMPLETIONS_MAX different words. */
GS_CHECKED gsearch_status gs_expand_word(const gs_snapshot *snapshot, gs_arena *arena,
                                         gs_bytes prefix, gs_list_set *sets, uint64_t *documents,
                                         gsearch_error *err);

/* Calls `visit` for each such word, bytewise rising, with its list in each segment (count 0: none).
 * Words of deleted documents alone are passed over. LIMIT for a prefix longer than
 * GS_QUERY_PREFIX_BYTES_MAX: it would not find longer words by their terms. */
typedef gsearch_status (*gs_expand_visit)(const gs_completion *completion, const gs_list *lists,
                                          void *payload, gsearch_error *err);
GS_CHECKED gsearch_status gs_expand_each(const gs_snapshot *snapshot, gs_arena *arena,
                                         gs_bytes prefix, gs_expand_visit visit, void *payload,
                                         gsearch_error *err);

/* Fills sets[segment] with the lists that hold the character `code_point` at their positions: its
 * bigrams as the first of two, and its seams. A position may be in two of them. */
GS_CHECKED gsearch_status gs_expand_character(const gs_snapshot *snapshot, gs_arena *arena,
                                              uint32_t code_point, gs_list_set *sets,
                                              gsearch_error *err);

#endif
