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

uint32_t gs_prune_least_impact(const gs_pruner *pruner)
{
    const gs_reader *reader = pruner->reader;
    double weight = pruner->root->weight;
    uint32_t low = 0, high = GS_IMPACT_MOST + 1; // bounds do not fall
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        double share =
            gs_impact_share((uint8_t)middle, reader->in->postings.norm, reader->plan->norm);
        if (gs_score_bound(weight, share) >= pruner->threshold)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void gs_prune_count_blocks(gs_pruner *pruner, const gs_units *units)
{
    uint64_t all = units->list.blocks;
    pruner->blocks = units->decoded;
    pruner->skipped = units->decoded < all ? all - units->decoded : 0;
}

/* A phrase that matches wherever its only slot has a position. */
static bool is_gram(const gs_plan_node *node)
{
    return node->node->kind == GS_NODE_PHRASE && node->slots_count == 1 &&
           node->node->field != GS_FIELD_TITLE && !node->node->exact;
}

bool gs_prune_total(const gs_reader *reader, const gs_plan_node *root, uint64_t *total)
{
    if (!is_gram(root))
        return false;
    const gs_list_set *set = &root->slots[0].sets[reader->segment];
    *total = set->documents;
    return set->documents || !set->positions;
}

/* The terms of a question without a filter are an OR alone below an AND. */
static const gs_plan_node *below_and(const gs_plan_node *node)
{
    while (node->node->kind == GS_NODE_AND && node->children_count == 1)
        node = node->children[0];
    return node;
}

/* `slot` is the only one of a gram or word. */
static void trace_pruned(const gs_pruner *pruner, const gs_slot *slot, uint64_t started)
{
    const gs_reader *reader = pruner->reader;
    gs_buf_printf(reader->trace, "{\"step\":\"prune\",\"segment\":%u,\"lists\":[",
                  reader->segment);
    if (slot)
        gs_match_trace_list(reader, slot);
    gs_buf_printf(reader->trace,
                  "],\"documents\":%" PRIu64 ",\"blocks\":%" PRIu64 ",\"skipped\":%" PRIu64
                  ",\"terms\":%u,\"whole\":%u,\"threshold\":%.17g,\"took_us\":%" PRIu64 "}\n",
                  pruner->documents, pruner->blocks, pruner->skipped, pruner->terms, pruner->whole,
                  pruner->threshold, (gs_clock_ns() - started) / 1000);
}

gsearch_status gs_prune(gs_reader *reader, const gs_plan_node *root, double least, gs_topk *best,
                        bool *done, gsearch_error *err)
{
    gs_pruner pruner = {.reader = reader, .root = root, .threshold = least};
    const gs_plan_node *node = below_and(root);
    uint64_t started = reader->trace ? gs_clock_ns() : 0;
    const gs_list_set *set = is_gram(root) ? &root->slots[0].sets[reader->segment] : NULL;
    *done = set && set->count == 1 && set->lists[0].is_long;
    if (*done)
        GS_TRY(gs_prune_gram(&pruner, &set->lists[0], best, err));
    else if (node->node->kind == GS_NODE_PHRASE && node == root)
        GS_TRY(gs_prune_phrase(&pruner, best, done, err));
    else if (node->node->kind == GS_NODE_OR)
        GS_TRY(gs_prune_any(&pruner, node, best, done, err));
    if (reader->trace && *done)
        trace_pruned(&pruner, set ? &root->slots[0] : NULL, started);
    return GSEARCH_OK;
}
