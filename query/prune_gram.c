/* SPDX-License-Identifier: Apache-2.0
 *
 * The best documents of one long list: the best units are looked into first, for a threshold, then
 * those that reach it.
 */
#include "query/prune.h"

static gsearch_status push_unit(gs_pruner *pruner, gs_units *units, uint32_t unit, gs_topk *best,
                                gsearch_error *err)
{
    gs_bm25_norm norm = pruner->reader->plan->norm;
    double weight = pruner->root->weight;
    gs_unit_documents found;
    GS_TRY(gs_units_documents(units, unit, &found, err));
    for (uint32_t d = 0; d < found.count; d++) {
        uint32_t length = gs_doctable_length(&pruner->reader->in->docs, found.docs[d]);
        if (gs_score_is_below(norm, weight, found.tfs[d], length, pruner->threshold))
            continue;
        gs_topk_push(best, gs_score_term(norm, weight, found.tfs[d], length), found.docs[d]);
        double least = gs_topk_least(best);
        pruner->threshold = least > pruner->threshold ? least : pruner->threshold;
    }
    pruner->documents += found.count;
    return GSEARCH_OK;
}

/* Looks into the units whose impacts are from `cut` to `end` - 1 and reach the threshold. */
static gsearch_status look_through(gs_pruner *pruner, gs_units *units, uint32_t cut, uint32_t end,
                                   gs_topk *best, gsearch_error *err)
{
    const uint8_t *impacts = units->list.impacts;
    double threshold = pruner->threshold;
    uint32_t least = gs_prune_least_impact(pruner);
    for (uint32_t u = 0; u < units->count; u++) {
        if (impacts[u] < cut || impacts[u] >= end || impacts[u] < least)
            continue;
        GS_TRY(push_unit(pruner, units, u, best, err));
        if (pruner->threshold > threshold) {
            threshold = pruner->threshold;
            least = gs_prune_least_impact(pruner);
        }
    }
    return GSEARCH_OK;
}

gsearch_status gs_prune_gram(gs_pruner *pruner, const gs_list *list, gs_topk *best,
                             gsearch_error *err)
{
    gs_units units;
    GS_TRY(gs_units_open(pruner->reader, list, pruner->root->node->items_count, &units, err));
    uint32_t cut = gs_units_cut(units.list.impacts, units.count, best->capacity);
    GS_TRY(look_through(pruner, &units, cut, GS_IMPACT_MOST + 1, best, err));
    GS_TRY(look_through(pruner, &units, 0, cut, best, err));
    gs_prune_count_blocks(pruner, &units);
    return GSEARCH_OK;
}
