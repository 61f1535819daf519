/* SPDX-License-Identifier: Apache-2.0
 *
 * Only the first and the last document of a unit may have positions elsewhere: then blocks beside
 * the present one are decoded, too.
 */
#include "query/units.h"

gsearch_status gs_units_open(gs_reader *reader, const gs_list *list, uint32_t length,
                             gs_units *out, gsearch_error *err)
{
    out->reader = reader;
    out->length = length;
    out->block = UINT32_MAX;
    out->decoded = 0;
    GS_TRY(gs_long_list_open(&reader->in->postings, list, &out->list, err));
    out->count = GS_BLOCK_UNITS * out->list.blocks;
    return GSEARCH_OK;
}

static gsearch_status decode(gs_units *units, uint32_t block, uint32_t positions[GS_BLOCK_POSTINGS],
                             uint32_t *count, gsearch_error *err)
{
    gs_budget *budget = units->reader->budget;
    GS_TRY(gs_long_list_block(&units->list, block, positions, count, err));
    units->decoded++;
    budget->blocks++;
    return gs_budget_spend(budget, *count, err);
}

/* Whether the document of the position at `i` has one before it. */
static gsearch_status begins_before(gs_units *units, uint32_t i, uint32_t doc_start, bool *out,
                                    gsearch_error *err)
{
    *out = i && units->positions[i - 1] >= doc_start;
    if (i || !units->block || doc_start >= units->positions[0])
        return GSEARCH_OK;
    uint32_t positions[GS_BLOCK_POSTINGS], count;
    GS_TRY(decode(units, units->block - 1, positions, &count, err));
    *out = positions[count - 1] >= doc_start;
    return GSEARCH_OK;
}

static uint32_t weigh(const gs_units *units, uint32_t doc, const uint32_t *positions,
                      uint32_t count)
{
    return gs_match_weigh(&units->reader->in->docs, doc, positions, count, units->length);
}

/* The weighted frequency of a document whose first position is the one at `i`. */
static gsearch_status weigh_all(gs_units *units, uint32_t i, uint32_t doc, uint32_t *out,
                                gsearch_error *err)
{
    uint32_t doc_end = units->reader->in->docs.starts[doc + 1], end = i + 1;
    while (end < units->block_count && units->positions[end] < doc_end)
        end++;
    *out = weigh(units, doc, units->positions + i, end - i);
    bool goes_on = end == units->block_count;
    for (uint32_t b = units->block + 1; goes_on && b < units->list.blocks; b++) {
        uint32_t positions[GS_BLOCK_POSTINGS], count, here = 0;
        if (gs_long_list_first(&units->list, b) >= doc_end)
            break;
        GS_TRY(decode(units, b, positions, &count, err));
        while (here < count && positions[here] < doc_end)
            here++;
        *out += weigh(units, doc, positions, here);
        goes_on = here == count;
    }
    return GSEARCH_OK;
}

gsearch_status gs_units_documents(gs_units *units, uint32_t unit, gs_unit_documents *out,
                                  gsearch_error *err)
{
    const gs_reader *reader = units->reader;
    const gs_doctable *table = &reader->in->docs;
    uint32_t block = unit / GS_BLOCK_UNITS, from = unit % GS_BLOCK_UNITS * GS_UNIT_POSITIONS;
    out->count = 0;
    if (block != units->block) {
        GS_TRY(decode(units, block, units->positions, &units->block_count, err));
        units->block = block;
    }
    if (from >= units->block_count)
        return GSEARCH_OK;
    uint32_t docs[GS_UNIT_POSITIONS], firsts[GS_UNIT_POSITIONS];
    uint32_t count = units->block_count - from;
    count = count < GS_UNIT_POSITIONS ? count : GS_UNIT_POSITIONS;
    uint32_t groups =
        (uint32_t)reader->kernels->group(table->starts, table->coarse, table->shift,
                                         units->positions + from, count, docs, firsts);
    for (uint32_t d = 0; d < groups; d++) {
        uint32_t doc = docs[d], first = from + firsts[d], *tf = &out->tfs[out->count];
        bool before = false;
        if (!d)
            GS_TRY(begins_before(units, first, table->starts[doc], &before, err));
        if (before || gs_deletes_has(reader->deletes, doc))
            continue;
        if (d + 1 < groups)
            *tf = weigh(units, doc, units->positions + first, firsts[d + 1] - firsts[d]);
        else
            GS_TRY(weigh_all(units, first, doc, tf, err));
        out->docs[out->count++] = doc;
    }
    return GSEARCH_OK;
}

uint32_t gs_units_cut(const uint8_t *impacts, uint32_t count, uint64_t wanted)
{
    uint32_t units[GS_IMPACT_MOST + 1] = {0}, cut = GS_IMPACT_MOST;
    for (uint32_t u = 0; u < count; u++)
        units[impacts[u]]++;
    for (uint64_t sum = units[cut]; cut > 1 && sum < wanted; sum += units[cut])
        cut--;
    return cut;
}
