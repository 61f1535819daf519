/* SPDX-License-Identifier: Apache-2.0
 *
 * A phrase occurs in a document no more often than the rarest of its lists has positions there, and
 * each block of a long list says how many of its positions one document has at most and how short
 * the shortest is. So blocks of the list that leads get a bound; those of the highest bounds are
 * looked into first, for a threshold, and then, from front to back, all that reach it.
 */
#include "query/prune.h"

#define SEED_BLOCKS 8u
#define SCORED_TOGETHER 64u
#define WORTHY_RATIO 2u /* with more than 1/2 of the blocks to look into, look at everything */
#define FLAT 0.9         /* thresholds are below this share of the highest bound, as a rule */
#define TF_TITLE 0x80u
#define TF_MAX 0x7fu

/* The list that leads, with a bound a block. */
typedef struct lead_list {
    gs_long_list list;
    uint32_t shift;        // of its positions against the phrase's
    uint32_t *frequencies; // at most so many, matches in the title counted as ever
    double *bounds;
} lead_list;

/* Documents to score, rising. */
typedef struct candidates {
    uint32_t docs[SCORED_TOGETHER + GS_BLOCK_POSTINGS];
    uint32_t count;
    uint32_t next; // documents before were looked at
} candidates;

static uint32_t frequency_bound(const gs_long_list *list, uint32_t block)
{
    uint32_t most = list->tf[block] & TF_MAX;
    if (most == TF_MAX)
        return UINT32_MAX;
    return list->tf[block] & TF_TITLE ? GS_SCORE_TITLE_WEIGHT * most : most;
}

/* Lowers the frequencies, and raises the lengths, of the lead's blocks to what another list of the
 * phrase says of the blocks that its positions can fall into. */
static void narrow(const lead_list *lead, uint32_t *lengths, const gs_long_list *other,
                   uint32_t shift)
{
    uint32_t at = 0;
    for (uint32_t b = 0; b < lead->list.blocks; b++) {
        uint64_t first = gs_long_list_first(&lead->list, b), end = UINT32_MAX;
        if (b + 1 < lead->list.blocks)
            end = gs_long_list_first(&lead->list, b + 1);
        first = first + shift < lead->shift ? 0 : first + shift - lead->shift;
        end = end + shift < lead->shift ? 0 : end + shift - lead->shift;
        at = gs_long_list_seek(other, at, (uint32_t)first);
        uint32_t most = 0, shortest = UINT32_MAX;
        for (uint32_t o = at; o < other->blocks && (o == at || gs_long_list_first(other, o) < end);
             o++) {
            uint32_t frequency = frequency_bound(other, o);
            uint32_t length = gs_length_floor(other->length[o]);
            most = frequency > most ? frequency : most;
            shortest = length < shortest ? length : shortest;
        }
        if (most < lead->frequencies[b])
            lead->frequencies[b] = most;
        if (shortest > lengths[b])
            lengths[b] = shortest;
    }
}

static gsearch_status open_lead(gs_reader *reader, const gs_plan_node *phrase,
                                const gs_cover *cover, lead_list *out, gsearch_error *err)
{
    gs_arena *arena = &reader->work->batch;
    const gs_slot *first = cover->slots[0];
    out->shift = first->offset;
    GS_TRY(gs_long_list_open(&reader->in->postings, first->sets[reader->segment].lists, &out->list,
                             err));
    uint32_t blocks = out->list.blocks;
    uint32_t *lengths = gs_arena_alloc(arena, blocks * sizeof(*lengths));
    out->frequencies = gs_arena_alloc(arena, blocks * sizeof(*out->frequencies));
    out->bounds = gs_arena_alloc(arena, blocks * sizeof(*out->bounds));
    if (!lengths || !out->frequencies || !out->bounds)
        return gs_fail_memory(err);
    for (uint32_t b = 0; b < blocks; b++) {
        out->frequencies[b] = frequency_bound(&out->list, b);
        lengths[b] = gs_length_floor(out->list.length[b]);
    }
    for (uint32_t s = 1; s < cover->count; s++) {
        gs_list_set set = cover->slots[s]->sets[reader->segment];
        gs_long_list other;
        if (set.count != 1 || !set.lists[0].is_long)
            continue;
        GS_TRY(gs_long_list_open(&reader->in->postings, set.lists, &other, err));
        narrow(out, lengths, &other, cover->slots[s]->offset);
    }
    for (uint32_t b = 0; b < blocks; b++)
        out->bounds[b] = gs_score_bound(reader->plan->norm, phrase->weight, out->frequencies[b],
                                        lengths[b]);
    return GSEARCH_OK;
}

/* Adds the documents that have a position in the block and may reach the threshold. */
static gsearch_status look_into(gs_pruner *pruner, const lead_list *lead, uint32_t block,
                                candidates *found, gsearch_error *err)
{
    gs_reader *reader = pruner->reader;
    const gs_doctable *table = &reader->in->docs;
    uint32_t positions[GS_BLOCK_POSTINGS], docs[GS_BLOCK_POSTINGS], firsts[GS_BLOCK_POSTINGS + 1];
    uint32_t count;
    GS_TRY(gs_long_list_block(&lead->list, block, positions, &count, err));
    GS_TRY(gs_budget_spend(reader->budget, count, err));
    reader->budget->blocks++;
    pruner->blocks++;
    uint32_t groups = (uint32_t)reader->kernels->group(table->starts, table->coarse, table->shift,
                                                       positions, count, docs, firsts);
    firsts[groups] = count;
    for (uint32_t d = 0; d < groups; d++) {
        uint32_t doc = docs[d], frequency = lead->frequencies[block];
        // all of its positions are here, unless it goes on before or behind
        bool whole = (d || !block || table->starts[doc] >= positions[0]) &&
                     (d + 1 < groups || block + 1 == lead->list.blocks ||
                      gs_long_list_first(&lead->list, block + 1) >= table->starts[doc + 1]);
        if (doc < found->next)
            continue;
        uint32_t here = firsts[d + 1] - firsts[d];
        if (positions[firsts[d]] < gs_doctable_title_end(table, doc))
            here *= GS_SCORE_TITLE_WEIGHT;
        if (whole && here < frequency)
            frequency = here;
        if (gs_score_bound(reader->plan->norm, pruner->root->weight, frequency,
                           gs_doctable_length(table, doc)) >= pruner->threshold)
            found->docs[found->count++] = doc;
    }
    found->next = docs[groups - 1] + 1;
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
        if (count == SEED_BLOCKS && lead->bounds[b] <= lead->bounds[chosen[count - 1]])
            continue;
        uint32_t at = count < SEED_BLOCKS ? count++ : count - 1;
        for (; at && lead->bounds[chosen[at - 1]] < lead->bounds[b]; at--)
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
        if (lead->bounds[chosen[i]] < pruner->threshold)
            continue;
        GS_TRY(look_into(pruner, lead, chosen[i], found, err));
        GS_TRY(score(pruner, found, &kept, err));
    }
    *found = (candidates){0};
    return GSEARCH_OK;
}

static uint32_t count_worthy(const lead_list *lead, double threshold)
{
    uint32_t count = 0;
    for (uint32_t b = 0; b < lead->list.blocks; b++)
        count += lead->bounds[b] >= threshold;
    return count;
}

static double highest(const lead_list *lead)
{
    double most = 0;
    for (uint32_t b = 0; b < lead->list.blocks; b++)
        most = lead->bounds[b] > most ? lead->bounds[b] : most;
    return most;
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
    if (set.count != 1 || !set.lists[0].is_long)
        return GSEARCH_OK;
    GS_TRY(open_lead(reader, pruner->root, &cover, &lead, err));
    if (count_worthy(&lead, FLAT * highest(&lead)) > lead.list.blocks / WORTHY_RATIO)
        return GSEARCH_OK;
    GS_TRY(seed(pruner, &lead, best->capacity, &found, err));
    if (count_worthy(&lead, pruner->threshold) > lead.list.blocks / WORTHY_RATIO)
        return GSEARCH_OK;
    for (uint32_t b = 0; b < lead.list.blocks; b++) {
        if (lead.bounds[b] < pruner->threshold) {
            pruner->skipped++;
            continue;
        }
        GS_TRY(look_into(pruner, &lead, b, &found, err));
        if (found.count >= SCORED_TOGETHER)
            GS_TRY(score(pruner, &found, best, err));
    }
    GS_TRY(score(pruner, &found, best, err));
    *done = true;
    return GSEARCH_OK;
}
