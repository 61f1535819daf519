/* SPDX-License-Identifier: Apache-2.0
 *
 * The best documents of one long list. Every unit of it, 64 positions, says how good the best
 * document is that has one of them. The best units are looked into first, for a threshold, then
 * those that reach it. A document is scored where its first position lies: that unit bounds it too.
 */
#include "query/prune.h"

/* The list, and the block that was decoded last. */
typedef struct gram_list {
    gs_long_list list;
    uint32_t length; // items of the phrase
    uint32_t block, count;
    uint32_t positions[GS_BLOCK_POSTINGS];
} gram_list;

static gsearch_status decode(gs_pruner *pruner, const gs_long_list *list, uint32_t block,
                             uint32_t positions[GS_BLOCK_POSTINGS], uint32_t *count,
                             gsearch_error *err)
{
    gs_budget *budget = pruner->reader->budget;
    GS_TRY(gs_long_list_block(list, block, positions, count, err));
    budget->blocks++;
    pruner->blocks++;
    return gs_budget_spend(budget, *count, err);
}

/* Whether the document of the position at `i` has one before it. */
static gsearch_status begins_before(gs_pruner *pruner, const gram_list *gram, uint32_t i,
                                    uint32_t doc_start, bool *out, gsearch_error *err)
{
    *out = i && gram->positions[i - 1] >= doc_start;
    if (i || !gram->block || doc_start >= gram->positions[0])
        return GSEARCH_OK;
    uint32_t positions[GS_BLOCK_POSTINGS], count;
    GS_TRY(decode(pruner, &gram->list, gram->block - 1, positions, &count, err));
    *out = positions[count - 1] >= doc_start;
    return GSEARCH_OK;
}

static uint32_t weighted(const gs_doctable *table, uint32_t doc, const uint32_t *positions,
                         uint32_t count, uint32_t length)
{
    uint32_t title_end = gs_doctable_title_end(table, doc), in_title = 0;
    while (in_title < count && positions[in_title] < title_end &&
           title_end - positions[in_title] >= length)
        in_title++;
    return count + (GS_BM25_TITLE_WEIGHT - 1) * in_title;
}

/* The weighted frequency of a document whose first position is the one at `i`. */
static gsearch_status frequency_of(gs_pruner *pruner, const gram_list *gram, uint32_t i,
                                   uint32_t doc, uint32_t *out, gsearch_error *err)
{
    const gs_doctable *table = &pruner->reader->in->docs;
    uint32_t doc_end = table->starts[doc + 1], end = i + 1;
    while (end < gram->count && gram->positions[end] < doc_end)
        end++;
    *out = weighted(table, doc, gram->positions + i, end - i, gram->length);
    bool goes_on = end == gram->count;
    for (uint32_t b = gram->block + 1; goes_on && b < gram->list.blocks; b++) {
        uint32_t positions[GS_BLOCK_POSTINGS], count, here = 0;
        if (gs_long_list_first(&gram->list, b) >= doc_end)
            break;
        GS_TRY(decode(pruner, &gram->list, b, positions, &count, err));
        while (here < count && positions[here] < doc_end)
            here++;
        *out += weighted(table, doc, positions, here, gram->length);
        goes_on = here == count;
    }
    return GSEARCH_OK;
}

static gsearch_status look_into(gs_pruner *pruner, gram_list *gram, uint32_t unit, gs_topk *best,
                                gsearch_error *err)
{
    gs_reader *reader = pruner->reader;
    const gs_doctable *table = &reader->in->docs;
    uint32_t docs[GS_UNIT_POSITIONS], firsts[GS_UNIT_POSITIONS + 1];
    uint32_t block = unit / GS_BLOCK_UNITS, from = unit % GS_BLOCK_UNITS * GS_UNIT_POSITIONS;
    if (block != gram->block) {
        GS_TRY(decode(pruner, &gram->list, block, gram->positions, &gram->count, err));
        gram->block = block;
    }
    if (from >= gram->count)
        return GSEARCH_OK;
    uint32_t count = gram->count - from;
    count = count < GS_UNIT_POSITIONS ? count : GS_UNIT_POSITIONS;
    uint32_t groups = (uint32_t)reader->kernels->group(table->starts, table->coarse, table->shift,
                                                       gram->positions + from, count, docs, firsts);
    firsts[groups] = count;
    for (uint32_t d = 0; d < groups; d++) {
        uint32_t doc = docs[d], tf = 0, first = from + firsts[d];
        bool before = false;
        if (d + 1 < groups && d)
            tf = weighted(table, doc, gram->positions + first, firsts[d + 1] - firsts[d],
                          gram->length);
        else
            GS_TRY(begins_before(pruner, gram, first, table->starts[doc], &before, err));
        if (before || gs_deletes_has(reader->deletes, doc))
            continue;
        if (!tf)
            GS_TRY(frequency_of(pruner, gram, first, doc, &tf, err));
        uint32_t length = gs_doctable_length(table, doc);
        double weight = pruner->root->weight;
        if (gs_score_is_below(reader->plan->norm, weight, tf, length, pruner->threshold))
            continue;
        gs_topk_push(best, gs_score_term(reader->plan->norm, weight, tf, length), doc);
        double least = gs_topk_least(best);
        pruner->threshold = least > pruner->threshold ? least : pruner->threshold;
    }
    pruner->documents += groups;
    return GSEARCH_OK;
}

/* The highest impact that as many units reach as documents are wanted. */
static uint32_t first_cut(const gs_long_list *list, uint64_t wanted)
{
    uint32_t units[GS_IMPACT_MOST + 1] = {0}, cut = GS_IMPACT_MOST;
    for (size_t u = 0; u < GS_BLOCK_UNITS * (size_t)list->blocks; u++)
        units[list->impacts[u]]++;
    for (uint64_t sum = units[cut]; cut > 1 && sum < wanted; sum += units[cut])
        cut--;
    return cut;
}

/* Looks into the units whose impacts are from the least on that reaches the threshold, or `cut` if
 * that is more, up to `end` - 1. */
static gsearch_status look_through(gs_pruner *pruner, gram_list *gram, uint32_t cut, uint32_t end,
                                   gs_topk *best, gsearch_error *err)
{
    const uint8_t *impacts = gram->list.impacts;
    double threshold = pruner->threshold;
    uint32_t least = gs_prune_least_impact(pruner, &gram->list);
    for (uint32_t u = 0; u < GS_BLOCK_UNITS * gram->list.blocks; u++) {
        if (impacts[u] < cut || impacts[u] >= end || impacts[u] < least)
            continue;
        GS_TRY(look_into(pruner, gram, u, best, err));
        if (pruner->threshold > threshold) {
            threshold = pruner->threshold;
            least = gs_prune_least_impact(pruner, &gram->list);
        }
    }
    return GSEARCH_OK;
}

gsearch_status gs_prune_gram(gs_pruner *pruner, const gs_list *list, gs_topk *best,
                             gsearch_error *err)
{
    gram_list gram = {.length = pruner->root->node->items_count, .block = UINT32_MAX};
    GS_TRY(gs_long_list_open(&pruner->reader->in->postings, list, &gram.list, err));
    uint32_t cut = first_cut(&gram.list, best->capacity);
    GS_TRY(look_through(pruner, &gram, cut, GS_IMPACT_MOST + 1, best, err));
    GS_TRY(look_through(pruner, &gram, 0, cut, best, err));
    uint64_t decoded = pruner->blocks < gram.list.blocks ? pruner->blocks : gram.list.blocks;
    pruner->skipped = gram.list.blocks - decoded;
    return GSEARCH_OK;
}
