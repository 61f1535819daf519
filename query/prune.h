/* SPDX-License-Identifier: Apache-2.0
 *
 * The best matches of one segment without looking at all of them, where nobody asks how many there
 * are, or a dictionary says it. A document is passed over only if an upper bound of its score is
 * below the threshold, the lowest score that can still become a row; what is left is scored as
 * ever. So the rows, their order and their scores are those of a search that looks at everything.
 */
#ifndef GS_QUERY_PRUNE_H
#define GS_QUERY_PRUNE_H

#include "query/rank.h"
#include "query/topk.h"
#include "query/units.h"

/* How many live documents match `root` in the segment, if a dictionary says so; it is a gram or a
 * word then. */
bool gs_prune_total(const gs_reader *reader, const gs_plan_node *root, uint64_t *total);

/* Pushes on `best`, which is empty, all documents that may be among its `capacity` best and score
 * `least` or more; others, too. Sets `*done` to false, and leaves `best` as it is, where looking at
 * everything costs no more. */
GS_CHECKED gsearch_status gs_prune(gs_reader *reader, const gs_plan_node *root, double least,
                                   gs_topk *best, bool *done, gsearch_error *err);

/* ---- steps --------------------------------------------------------------------------------- */

typedef struct gs_pruner {
    gs_reader *reader;
    const gs_plan_node *root;
    double threshold;         /* no document of a lower score becomes a row */
    uint64_t documents;       /* scored so far */
    uint64_t blocks, skipped; /* of a phrase's list that leads: decoded, passed over */
    uint32_t terms, whole;    /* alternatives, and how many were looked at in all documents */
} gs_pruner;

/* Scores the documents of `within`, for which `sets` are filled in, pushes those that match on
 * `onto`, and raises the threshold. */
GS_CHECKED gsearch_status gs_prune_score(gs_pruner *pruner, const gs_docset *sets,
                                         const gs_docset *within, gs_topk *onto,
                                         gsearch_error *err);

/* The least impact whose bound reaches the threshold; 256 if none does. */
uint32_t gs_prune_least_impact(const gs_pruner *pruner);

/* Notes how many blocks of the list that leads were decoded and passed over. */
void gs_prune_count_blocks(gs_pruner *pruner, const gs_units *units);

/* A phrase that is a gram or word, by bounds of its list's units. */
GS_CHECKED gsearch_status gs_prune_gram(gs_pruner *pruner, const gs_list *list, gs_topk *best,
                                        gsearch_error *err);

/* A phrase, by bounds of the units of the list that leads. */
GS_CHECKED gsearch_status gs_prune_phrase(gs_pruner *pruner, gs_topk *best, bool *done,
                                          gsearch_error *err);

/* Alternatives, by what each can add at most (MaxScore: H. Turtle, J. Flood, "Query Evaluation:
 * Strategies and Optimizations", 1995). `any` is the OR below the root, or the root. */
GS_CHECKED gsearch_status gs_prune_any(gs_pruner *pruner, const gs_plan_node *any, gs_topk *best,
                                       bool *done, gsearch_error *err);

#endif
