/* SPDX-License-Identifier: Apache-2.0
 *
 * A phrase occurs in a document no more often than any of its lists has positions there, and every
 * unit of a long list says how good the best document is that has positions in it. So units of the
 * list that leads get a bound. In those of the highest bounds the documents that promise most are
 * scored first, for a threshold; then, from front to back, those that may reach it.
 */
#include "query/prune.h"

#define SEED_UNITS 16u
#define SEED_FACTOR 4u      /* so many times as many documents as there will be rows, */
#define SEED_DOCUMENTS 16u  /* or at least so many */
#define POSITIONS_MIN 30000u /* to look at without pruning; for fewer it is not worth it */
#define LISTS_MAX 3u         /* more hardly ever meet: bounds would promise what is not there */
#define TOUCHED 64u          /* positions looked at for one of the list that leads, at most */
#define SCORED_TOGETHER 64u
/* Everything is looked at where more than this share of the units reach the threshold, or this one
 * a share of the highest bound that thresholds are below, as a rule. */
#define WORTHY_SHARE 0.75
#define FLAT_SHARE 0.5
#define FLAT 0.9

/* The list that leads, with a bound a unit. */
typedef struct lead_list {
    gs_units units;
    uint8_t *impacts; // of its units, or what the other lists say of their blocks, if that is less
} lead_list;

/* Documents to score, rising. */
typedef struct candidates {
    uint32_t docs[SCORED_TOGETHER + GS_UNIT_POSITIONS];
    uint32_t count;
} candidates;

/* Lowers the impacts in the lead's blocks to the highest of those blocks of another list that their
 * positions can fall into, which lie `shift` behind. */
static void narrow(const lead_list *lead, const gs_long_list *other, int64_t shift)
{
    const gs_long_list *list = &lead->units.list;
    uint32_t at = 0;
    for (uint32_t b = 0; b < list->blocks; b++) {
        int64_t first = gs_long_list_first(list, b) + shift, end = UINT32_MAX;
        if (b + 1 < list->blocks)
            end = gs_long_list_first(list, b + 1) + shift;
        at = gs_long_list_seek(other, at, first < 0 ? 0 : (uint32_t)first);
        uint8_t most = 0;
        for (uint32_t o = at; o < other->blocks && (o == at || gs_long_list_first(other, o) < end);
             o++) {
            uint8_t impact = gs_long_list_impact(other, o);
            most = impact > most ? impact : most;
        }
        for (uint32_t u = GS_BLOCK_UNITS * b; u < GS_BLOCK_UNITS * (b + 1); u++)
            lead->impacts[u] = most < lead->impacts[u] ? most : lead->impacts[u];
    }
}

static gsearch_status open_lead(gs_reader *reader, const gs_cover *cover, lead_list *out,
                                gsearch_error *err)
{
    const gs_slot *first = cover->slots[0];
    // a phrase that lies in the title has its part there
    GS_TRY(gs_units_open(reader, first->sets[reader->segment].lists, 1, &out->units, err));
    out->impacts = gs_arena_alloc(&reader->work->batch, out->units.count);
    if (!out->impacts)
        return gs_fail_memory(err);
    memcpy(out->impacts, out->units.list.impacts, out->units.count);
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

/* Adds the documents of the unit that may reach the threshold. */
static gsearch_status add_unit(gs_pruner *pruner, lead_list *lead, uint32_t unit,
                               candidates *found, gsearch_error *err)
{
    gs_reader *reader = pruner->reader;
    gs_unit_documents in_unit;
    GS_TRY(gs_units_documents(&lead->units, unit, &in_unit, err));
    for (uint32_t d = 0; d < in_unit.count; d++) {
        found->docs[found->count] = in_unit.docs[d];
        found->count += !gs_score_is_below(reader->plan->norm, pruner->root->weight,
                                           in_unit.tfs[d],
                                           gs_doctable_length(&reader->in->docs, in_unit.docs[d]),
                                           pruner->threshold);
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

/* Of the units with the highest bounds the documents that would be best if all positions of the
 * lead were matches. */
static gsearch_status find_promising(gs_pruner *pruner, lead_list *lead, gs_topk *out,
                                     gsearch_error *err)
{
    gs_reader *reader = pruner->reader;
    uint32_t cut = gs_units_cut(lead->impacts, lead->units.count, SEED_UNITS), looked_into = 0;
    for (uint32_t u = 0; u < lead->units.count && looked_into < 2 * SEED_UNITS; u++) {
        gs_unit_documents in_unit;
        if (lead->impacts[u] < cut)
            continue;
        GS_TRY(gs_units_documents(&lead->units, u, &in_unit, err));
        for (uint32_t d = 0; d < in_unit.count; d++)
            gs_topk_push(out,
                         gs_score_term(reader->plan->norm, 1, in_unit.tfs[d],
                                       gs_doctable_length(&reader->in->docs, in_unit.docs[d])),
                         in_unit.docs[d]);
        looked_into++;
    }
    return GSEARCH_OK;
}

/* A threshold from the documents that promise most. */
static gsearch_status seed(gs_pruner *pruner, lead_list *lead, uint64_t capacity,
                           gsearch_error *err)
{
    gs_reader *reader = pruner->reader;
    gs_arena *arena = &reader->work->batch;
    uint64_t wanted = capacity * SEED_FACTOR;
    gs_topk promising, kept;
    candidates found = {0};
    wanted = wanted < SEED_DOCUMENTS ? SEED_DOCUMENTS : wanted;
    if (wanted > SCORED_TOGETHER)
        return GSEARCH_OK;
    GS_TRY(gs_topk_init(&promising, arena, wanted, GSEARCH_SORT_SCORE, &reader->in->docs, err));
    GS_TRY(gs_topk_init(&kept, arena, capacity, GSEARCH_SORT_SCORE, &reader->in->docs, err));
    GS_TRY(find_promising(pruner, lead, &promising, err));
    for (uint64_t i = 0; i < promising.count; i++) { // into rising order
        uint32_t at = found.count++, doc = promising.hits[i].doc;
        for (; at && found.docs[at - 1] > doc; at--)
            found.docs[at] = found.docs[at - 1];
        found.docs[at] = doc;
    }
    return score(pruner, &found, &kept, err);
}

static uint32_t count_worthy(const lead_list *lead, uint32_t least)
{
    uint32_t count = 0;
    for (uint32_t u = 0; u < lead->units.count; u++)
        count += lead->impacts[u] >= least;
    return count;
}

/* How many positions evaluating the phrase looks at, about. */
static uint64_t count_positions(const gs_cover *cover, uint32_t segment)
{
    uint64_t lead = cover->slots[0]->sets[segment].positions, sum = 0;
    for (uint32_t s = 0; s < cover->count; s++) {
        uint64_t all = cover->slots[s]->sets[segment].positions;
        sum += all < TOUCHED * lead ? all : TOUCHED * lead;
    }
    return sum;
}

gsearch_status gs_prune_phrase(gs_pruner *pruner, gs_topk *best, bool *done, gsearch_error *err)
{
    gs_reader *reader = pruner->reader;
    gs_cover cover;
    lead_list lead;
    candidates found = {0};
    GS_TRY(gs_plan_cover(pruner->root, reader->segment, &reader->work->batch, &cover, err));
    if (!cover.count || cover.count > LISTS_MAX)
        return GSEARCH_OK;
    gs_list_set set = cover.slots[0]->sets[reader->segment];
    if (set.count != 1 || !set.lists[0].is_long ||
        count_positions(&cover, reader->segment) < POSITIONS_MIN)
        return GSEARCH_OK;
    GS_TRY(open_lead(reader, &cover, &lead, err));
    uint32_t most = gs_units_cut(lead.impacts, lead.units.count, 1);
    if (count_worthy(&lead, (uint32_t)(FLAT * most)) > FLAT_SHARE * lead.units.count)
        return GSEARCH_OK;
    GS_TRY(seed(pruner, &lead, best->capacity, err));
    uint32_t least = gs_prune_least_impact(pruner);
    if (count_worthy(&lead, least) > WORTHY_SHARE * lead.units.count)
        return GSEARCH_OK;
    for (uint32_t u = 0; u < lead.units.count; u++) {
        if (lead.impacts[u] < least)
            continue;
        GS_TRY(add_unit(pruner, &lead, u, &found, err));
        if (found.count < SCORED_TOGETHER)
            continue;
        GS_TRY(score(pruner, &found, best, err));
        least = gs_prune_least_impact(pruner);
    }
    GS_TRY(score(pruner, &found, best, err));
    gs_prune_count_blocks(pruner, &lead.units);
    *done = true;
    return GSEARCH_OK;
}
