/* SPDX-License-Identifier: Apache-2.0
 *
 * Evaluating a plan in one segment, bottom-up: each node takes sets of positions or documents and
 * gives one. `within` is a hint throughout: documents outside it do not matter to the caller, so a
 * result is exact for the documents of `within` (all, if NULL) and may have others or not.
 */
#ifndef GS_QUERY_MATCH_H
#define GS_QUERY_MATCH_H

#include "common/simd/kernels.h"
#include "query/budget.h"
#include "query/plan.h"
#include "query/snippet.h"

/* Where phrases begin, rising. */
typedef struct gs_positions {
    uint32_t *at;
    uint32_t count;
} gs_positions;

/* Live documents, rising. Arrays live until the reader's arena is reset. */
typedef struct gs_docset {
    const uint32_t *docs;
    uint32_t count;
    const uint32_t *tfs; /* PHRASE, NEAR: weighted frequency in each */
    /* If the reader keeps them: what matched. Those of docs[i], by position, are spans[firsts[i]]
     * up to spans[firsts[i + 1] - 1]. */
    const gs_span *spans;
    const uint32_t *firsts;
} gs_docset;

typedef struct gs_memo gs_memo;

/* What evaluation in one segment needs. */
typedef struct gs_reader {
    const gs_plan *plan;
    uint32_t segment; /* its number in the snapshot */
    const gs_segment *in;
    const gs_deletes *deletes;
    gs_workspace *work; /* results are in work->batch */
    const gs_kernels *kernels;
    gs_budget *budget;
    bool keep_spans;
    gs_memo *memo; /* NULL, or short lists that were read, for as long as the arena is not reset */
    gs_buf *trace; /* NULL, or where each phrase appends a JSON line about itself */
} gs_reader;

/* Makes the reader remember the short lists that it reads. */
GS_CHECKED gsearch_status gs_memo_new(gs_reader *reader, gsearch_error *err);

/* Sets sets[node->id] for `root` and all nodes below that had to be looked at; the others stay as
 * they are: give it zeros. */
GS_CHECKED gsearch_status gs_match(gs_reader *reader, const gs_plan_node *root,
                                   const gs_docset *within, gs_docset *sets, gsearch_error *err);

/* ---- steps --------------------------------------------------------------------------------- */

/* Every place of a phrase, those in deleted documents included: in its field, its original text
 * compared if it is exact. */
GS_CHECKED gsearch_status gs_match_phrase(gs_reader *reader, const gs_plan_node *phrase,
                                          const gs_docset *within, gs_positions *out,
                                          gsearch_error *err);

/* Appends the lists of a slot to the trace, as a JSON object. */
void gs_match_trace_list(const gs_reader *reader, const gs_slot *slot);

/* The weighted frequency of matches of `length` positions that begin at these, rising ones, in one
 * document: those in its title count more. */
static inline uint32_t gs_match_weigh(const gs_doctable *docs, uint32_t doc,
                                      const uint32_t *positions, uint32_t count, uint32_t length)
{
    uint32_t title_end = gs_doctable_title_end(docs, doc), in_title = 0;
    while (in_title < count && positions[in_title] < title_end &&
           title_end - positions[in_title] >= length)
        in_title++;
    return count + (GS_BM25_TITLE_WEIGHT - 1) * in_title;
}

/* Groups the places of a phrase by document and takes away those in deleted ones. */
GS_CHECKED gsearch_status gs_match_documents(gs_reader *reader, const gs_plan_node *phrase,
                                             gs_positions *places, gs_docset *out,
                                             gsearch_error *err);

GS_CHECKED gsearch_status gs_match_near(gs_reader *reader, const gs_plan_node *near,
                                        const gs_docset *within, gs_docset *out,
                                        gsearch_error *err);

/* ---- sets of documents ---------------------------------------------------------------------- */

/* The first index >= `from` of a document >= `doc`; set->count if there is none. */
uint32_t gs_docset_seek(const gs_docset *set, uint32_t from, uint32_t doc);

GS_CHECKED gsearch_status gs_docset_and(gs_reader *reader, const gs_docset *a, const gs_docset *b,
                                        gs_docset *out, gsearch_error *err);
GS_CHECKED gsearch_status gs_docset_or(gs_reader *reader, const gs_docset *a, const gs_docset *b,
                                       gs_docset *out, gsearch_error *err);
/* Documents of `all` (NULL: every live one) that are not in `without`. */
GS_CHECKED gsearch_status gs_docset_not(gs_reader *reader, const gs_docset *all,
                                        const gs_docset *without, gs_docset *out,
                                        gsearch_error *err);
/* Documents of `within` (NULL: every live one) dated from .. to, both yyyymmdd. */
GS_CHECKED gsearch_status gs_docset_dated(gs_reader *reader, const gs_docset *within, uint32_t from,
                                          uint32_t to, gs_docset *out, gsearch_error *err);

#endif
