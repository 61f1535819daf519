/* SPDX-License-Identifier: Apache-2.0
 *
 * Which queries are pruned and how; and scoring what is left.
 */
#include "query/prune.h"

#include <inttypes.h>

gsearch_status gs_prune_score(gs_pruner *pruner, const gs_docset *sets, const gs_docset *within,
                              gs_topk *onto, gsearch_error *err)
{
    const gs_docset *found = &sets[pruner->root->id];
    double *scores = NULL;
    GS_TRY(gs_rank_scores(pruner->reader, pruner->root, sets, &scores, err));
    for (uint32_t i = 0, at = 0; i < within->count; i++) {
        at = gs_docset_seek(found, at, within->docs[i]);
        if (at == found->count)
            break;
        if (found->docs[at] == within->docs[i])
            gs_topk_push(onto, scores[at], within->docs[i]);
    }
    pruner->documents += within->count;
    if (onto->count == onto->capacity && onto->hits[0].score > pruner->threshold)
        pruner->threshold = onto->hits[0].score;
    return GSEARCH_OK;
}

/* The terms of a question without a filter are an OR alone below an AND. */
static const gs_plan_node *below_and(const gs_plan_node *node)
{
    while (node->node->kind == GS_NODE_AND && node->children_count == 1)
        node = node->children[0];
    return node;
}

gsearch_status gs_prune(gs_reader *reader, const gs_plan_node *root, double least, gs_topk *best,
                        bool *done, gsearch_error *err)
{
    gs_pruner pruner = {.reader = reader, .root = root, .threshold = least};
    const gs_plan_node *node = below_and(root);
    *done = false;
    if (node->node->kind == GS_NODE_PHRASE && node == root)
        GS_TRY(gs_prune_phrase(&pruner, best, done, err));
    else if (node->node->kind == GS_NODE_OR)
        GS_TRY(gs_prune_any(&pruner, node, best, done, err));
    if (reader->trace && *done)
        gs_buf_printf(reader->trace,
                      "{\"step\":\"prune\",\"segment\":%u,\"documents\":%" PRIu64
                      ",\"blocks\":%" PRIu64 ",\"skipped\":%" PRIu64
                      ",\"terms\":%u,\"whole\":%u,\"threshold\":%.17g}\n",
                      reader->segment, pruner.documents, pruner.blocks, pruner.skipped,
                      pruner.terms, pruner.whole, pruner.threshold);
    return GSEARCH_OK;
}
