/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree in one segment. AND looks at its cheapest part first and hands what is left to the next
 * as `within`; parts that nothing is left for are not looked at.
 */
#include "query/match.h"

/* Children in the order in which to look at them: cheapest first, NOT last. */
static gsearch_status order_children(gs_reader *reader, const gs_plan_node *node, uint32_t **out,
                                     gsearch_error *err)
{
    uint32_t count = node->children_count;
    uint32_t *order = gs_arena_alloc(&reader->work->batch, count * sizeof(*order));
    uint64_t *costs = gs_arena_alloc(&reader->work->batch, count * sizeof(*costs));
    if (!order || !costs)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t cost =
            gs_plan_estimate(node->children[i], reader->plan->snapshot, reader->segment);
        uint32_t at = i;
        for (; at && costs[at - 1] > cost; at--) {
            costs[at] = costs[at - 1];
            order[at] = order[at - 1];
        }
        costs[at] = cost;
        order[at] = i;
    }
    *out = order;
    return GSEARCH_OK;
}

static gsearch_status match_and(gs_reader *reader, const gs_plan_node *node,
                                const gs_docset *within, gs_docset *sets, gsearch_error *err)
{
    uint32_t *order = NULL;
    GS_TRY(order_children(reader, node, &order, err));
    gs_docset *result = &sets[node->id];
    for (uint32_t i = 0; i < node->children_count; i++) {
        const gs_plan_node *child = node->children[order[i]];
        const gs_docset *left = i ? result : within;
        GS_TRY(gs_match(reader, child, left, sets, err));
        if (i == 0)
            *result = (gs_docset){.docs = sets[child->id].docs, .count = sets[child->id].count};
        else
            GS_TRY(gs_docset_and(reader, result, &sets[child->id], result, err));
        if (!result->count)
            break;
    }
    return GSEARCH_OK;
}

static gsearch_status match_or(gs_reader *reader, const gs_plan_node *node, const gs_docset *within,
                               gs_docset *sets, gsearch_error *err)
{
    gs_docset *result = &sets[node->id];
    for (uint32_t i = 0; i < node->children_count; i++) {
        const gs_docset *child = &sets[node->children[i]->id];
        GS_TRY(gs_match(reader, node->children[i], within, sets, err));
        if (!result->count)
            *result = (gs_docset){.docs = child->docs, .count = child->count};
        else if (child->count)
            GS_TRY(gs_docset_or(reader, result, child, result, err));
    }
    return GSEARCH_OK;
}

gsearch_status gs_match(gs_reader *reader, const gs_plan_node *node, const gs_docset *within,
                        gs_docset *sets, gsearch_error *err)
{
    gs_docset *out = &sets[node->id];
    gs_positions positions;
    switch (node->node->kind) {
    case GS_NODE_PHRASE:
        GS_TRY(gs_match_phrase(reader, node, within, &positions, err));
        return gs_match_documents(reader, node, &positions, out, err);
    case GS_NODE_NEAR:
        return gs_match_near(reader, node, within, out, err);
    case GS_NODE_DATE:
        return gs_docset_dated(reader, within, node->node->date_from, node->node->date_to, out,
                               err);
    case GS_NODE_AND:
        return match_and(reader, node, within, sets, err);
    case GS_NODE_OR:
        return match_or(reader, node, within, sets, err);
    case GS_NODE_NOT:
        GS_TRY(gs_match(reader, node->children[0], within, sets, err));
        return gs_docset_not(reader, within, &sets[node->children[0]->id], out, err);
    }
    return gs_fail(err, GSEARCH_INTERNAL, "a query node of kind %d", (int)node->node->kind);
}
