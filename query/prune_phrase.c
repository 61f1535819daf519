/* SPDX-License-Identifier: Apache-2.0
 *
 * A phrase occurs in a document no more often than any of its lists has positions there, and every
 * part of a long list says how good the best document is that has positions in it. So blocks of the
 * list that leads get a bound; those of the highest bounds are looked into first, for a threshold,
 * and then, from front to back, all that reach it.
 */
#include "query/prune.h"

#define SEED_BLOCKS 8u
#define BLOCKS_MIN (4u * SEED_BLOCKS) /* of the list that leads; for fewer it is not worth it */
#define SCORED_TOGETHER 64u
#define WORTHY_RATIO 2u /* with more than 1/2 of the blocks to look into, look at everything */

/* The list that leads, with a bound a block. */
typedef struct lead_list {
    gs_long_list list;
    uint8_t *impacts; // of a block, or what the other lists say, if that is less
} lead_list;

/* Documents to score, rising. */
typedef struct candidates {
    uint32_t docs[SCORED_TOGETHER + GS_BLOCK_POSTINGS];
    uint32_t count;
    uint32_t next; // documents before were looked at
} candidates;

/* Lowers the impacts of the lead's blocks to the highest of those blocks of another list that their
 * positions can fall into; these lie `shift` behind, modulo 2^32. */
static void narrow(const lead_list *lead, const gs_long_list *other, int64_t shift)
{
    uint32_t at = 0;
    for (uint32_t b = 0; b < lead->list.blocks; b++) {
        int64_t first = gs_long_list_first(&lead->list, b) + shift, end = UINT32_MAX;
        if (b + 1 < lead->list.blocks)
            end = gs_long_list_first(&lead->list, b + 1) + shift;
        at = gs_long_list_seek(other, at, first < 0 ? 0 : (uint32_t)first);
        uint8_t most = 0;
        for (uint32_t o = at; o < other->blocks && (o == at || gs_long_list_first(other, o) < end);
             o++) {
            uint8_t impact = gs_long_list_impact(other, o);
            most = impact > most ? impact : most;
        }
        if (most < lead->impacts[b])
            lead->impacts[b] = most;
    }
}

static gsearch_status open_lead(gs_reader *reader, const gs_cover *cover, lead_list *out,
                                gsearch_error *err)
{
    const gs_slot *first = cover->slots[0];
    GS_TRY(gs_long_list_open(&reader->in->postings, first->sets[reader->segment].lists, &out->list,
                             err));
    out->impacts = gs_arena_alloc(&reader->work->batch, out->list.blocks);
    if (!out->impacts)
        return gs_fail_memory(err);
    for (uint32_t b = 0; b < out->list.blocks; b++)
        out->impacts[b] = gs_long_list_impact(&out->list, b);
    for (uint32_t s = 1; s < cover->count; s++) {
        gs_list_set set = cover->slots[s]->sets[reader->segment];
        gs_long_list other;
        if (set.count != 1 || !set.lists[0].is_long)
            continue;
        GS_TRY(gs_long_list_open(&reader->in->postings, set.lists, &other, err));
        narrow(out, &other, (int64_t)cover->slots[s]->offset - first->offset);
    }
    return GSEARCH_OK;
}

/* Adds the documents with a position in the unit. */
static void look_into_unit(const gs_pruner *pruner, const uint32_t *positions, uint32_t count,
                           candidates *found)
{
    gs_reader *reader = pruner->reader;
    const gs_doctable *table = &reader->in->docs;
    gs_bm25_norm norm = reader->plan->norm;
    uint32_t docs[GS_UNIT_POSITIONS], firsts[GS_UNIT_POSITIONS + 1];
    uint32_t groups = (uint32_t)reader->kernels->group(table->starts, table->coarse, table->shift,
                                                       positions, count, docs, firsts);
    firsts[groups] = count;
    for (uint32_t d = 0; d < groups; d++) {
        uint32_t doc = docs[d], here = firsts[d + 1] - firsts[d];
        if (doc < found->next)
            continue;
        // the first and the last may have more elsewhere; any may have all in its title
        if (d && d + 1 < groups &&
            gs_score_is_below(norm, pruner->root->weight, GS_BM25_TITLE_WEIGHT * here,
                              gs_doctable_length(table, doc), pruner->threshold))
            continue;
        found->docs[found->count++] = doc;
    }
    found->next = docs[groups - 1] + 1;
}

/* Adds the documents with a position in the block that may reach the threshold. */
static gsearch_status look_into(gs_pruner *pruner, const lead_list *lead, uint32_t block,
                                uint32_t least, candidates *found, gsearch_error *err)
{
    const uint8_t *impacts = lead->list.impacts + GS_BLOCK_UNITS * (size_t)block;
    uint32_t positions[GS_BLOCK_POSTINGS], count;
    GS_TRY(gs_long_list_block(&lead->list, block, positions, &count, err));
    GS_TRY(gs_budget_spend(pruner->reader->budget, count, err));
    pruner->reader->budget->blocks++;
    pruner->blocks++;
    for (uint32_t at = 0; at < count; at += GS_UNIT_POSITIONS) {
        uint32_t left = count - at;
        if (impacts[at / GS_UNIT_POSITIONS] >= least)
            look_into_unit(pruner, positions + at,
                           left < GS_UNIT_POSITIONS ? left : GS_UNIT_POSITIONS, found);
    }
    return GSEARCH_OK;
}

static gsearch_status score(gs_pruner *pruner, candidates *found, gs_topk *onto, gsearch_error *err)
{
    gs_docset within = {.docs = found->docs, .count = found->count};
    gs_docset *sets = gs_arena_calloc(&pruner->reader->work->batch,
                                      pruner->reader->plan->nodes_count, sizeof(*sets));
    if (!sets)
        return gs_fail_memory(err);
    found->count = 0;
    if (!within.count)
        return GSEARCH_OK;
    GS_TRY(gs_match(pruner->reader, pruner->root, &within, sets, err));
    return gs_prune_score(pruner, sets, &within, onto, err);
}

/* The blocks of the highest bounds, from front to back; how many. */
static uint32_t choose(const lead_list *lead, uint32_t chosen[SEED_BLOCKS])
{
    uint32_t count = 0;
    for (uint32_t b = 0; b < lead->list.blocks; b++) {
        if (count == SEED_BLOCKS && lead->impacts[b] <= lead->impacts[chosen[count - 1]])
            continue;
        uint32_t at = count < SEED_BLOCKS ? count++ : count - 1;
        for (; at && lead->impacts[chosen[at - 1]] < lead->impacts[b]; at--)
            chosen[at] = chosen[at - 1];
        chosen[at] = b;
    }
    for (uint32_t i = 1; i < count; i++) {
        uint32_t block = chosen[i], at = i;
        for (; at && chosen[at - 1] > block; at--)
            chosen[at] = chosen[at - 1];
        chosen[at] = block;
    }
    return count;
}

/* A threshold from the blocks of the highest bounds. From front to back, so that no document that
 * lies in several is scored twice. */
static gsearch_status seed(gs_pruner *pruner, const lead_list *lead, uint64_t capacity,
                           candidates *found, gsearch_error *err)
{
    gs_reader *reader = pruner->reader;
    uint32_t chosen[SEED_BLOCKS], count = choose(lead, chosen);
    gs_topk kept;
    GS_TRY(gs_topk_init(&kept, &reader->work->batch, capacity, GSEARCH_SORT_SCORE,
                        &reader->in->docs, err));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t least = gs_prune_least_impact(pruner, &lead->list);
        if (lead->impacts[chosen[i]] < least)
            continue;
        GS_TRY(look_into(pruner, lead, chosen[i], least, found, err));
        GS_TRY(score(pruner, found, &kept, err));
    }
    *found = (candidates){0};
    return GSEARCH_OK;
}

static uint32_t count_worthy(const lead_list *lead, uint32_t least)
{
    uint32_t count = 0;
    for (uint32_t b = 0; b < lead->list.blocks; b++)
        count += lead->impacts[b] >= least;
    return count;
}

gsearch_status gs_prune_phrase(gs_pruner *pruner, gs_topk *best, bool *done, gsearch_error *err)
{
    gs_reader *reader = pruner->reader;
    gs_cover cover;
    lead_list lead;
    candidates found = {0};
    GS_TRY(gs_plan_cover(pruner->root, reader->segment, &reader->work->batch, &cover, err));
    if (!cover.count)
        return GSEARCH_OK;
    gs_list_set set = cover.slots[0]->sets[reader->segment];
    if (set.count != 1 || !set.lists[0].is_long ||
        set.lists[0].count < BLOCKS_MIN * GS_BLOCK_POSTINGS)
        return GSEARCH_OK;
    GS_TRY(open_lead(reader, &cover, &lead, err));
    GS_TRY(seed(pruner, &lead, best->capacity, &found, err));
    uint32_t least = gs_prune_least_impact(pruner, &lead.list);
    if (count_worthy(&lead, least) > lead.list.blocks / WORTHY_RATIO)
        return GSEARCH_OK;
    for (uint32_t b = 0; b < lead.list.blocks; b++) {
        if (lead.impacts[b] < least) {
            pruner->skipped++;
            continue;
        }
        GS_TRY(look_into(pruner, &lead, b, least, &found, err));
        if (found.count < SCORED_TOGETHER)
            continue;
        GS_TRY(score(pruner, &found, best, err));
        least = gs_prune_least_impact(pruner, &lead.list);
    }
    GS_TRY(score(pruner, &found, best, err));
    *done = true;
    return GSEARCH_OK;
}
