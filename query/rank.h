/* SPDX-License-Identifier: Apache-2.0
 *
 * From the sets of an evaluated plan to scores, facets and the terms that hold in a document.
 */
#ifndef GS_QUERY_RANK_H
#define GS_QUERY_RANK_H

#include "query/match.h"
#include "query/topk.h"

/* The score of each document of sets[root->id], in its order, in the reader's arena. A term counts
 * in a document if it matches there and so does every AND above it. */
GS_CHECKED gsearch_status gs_rank_scores(gs_reader *reader, const gs_plan_node *root,
                                         const gs_docset *sets, double **out, gsearch_error *err);

/* Pushes the documents of sets[root->id] on `best`; those of too low a score may be left out. */
GS_CHECKED gsearch_status gs_rank_best(gs_reader *reader, const gs_plan_node *root,
                                       const gs_docset *sets, gs_topk *best, gsearch_error *err);

/* Calls `visit` for the positive terms (PHRASE, NEAR) in query order, each with the documents that
 * it may count in. */
typedef gsearch_status (*gs_rank_visit)(gs_reader *reader, const gs_plan_node *term,
                                        const gs_docset *matches, const gs_docset *allowed,
                                        void *payload, gsearch_error *err);
GS_CHECKED gsearch_status gs_rank_terms(gs_reader *reader, const gs_plan_node *root,
                                        const gs_docset *sets, gs_rank_visit visit, void *payload,
                                        gsearch_error *err);

#endif
