/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of documents of one segment, as sorted arrays in the reader's arena.
 */
#include "query/match.h"

/* Documents looked at cost less than postings, but not nothing. */
#define DOCS_A_POSTING 8u

uint32_t gs_docset_seek(const gs_docset *set, uint32_t from, uint32_t doc)
{
    uint32_t low = from, step = 1;
    while (step < set->count - low && set->docs[low + step] < doc) {
        low += step;
        step *= 2;
    }
    uint32_t high = step < set->count - low ? low + step : set->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (set->docs[middle] < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static gsearch_status docs_alloc(gs_reader *reader, uint64_t count, uint32_t **out,
                                 gsearch_error *err)
{
    GS_TRY(gs_budget_spend(reader->budget, count / DOCS_A_POSTING, err));
    *out = gs_arena_alloc(&reader->work->batch, count * sizeof(uint32_t));
    return *out ? GSEARCH_OK : gs_fail_memory(err);
}

gsearch_status gs_docset_and(gs_reader *reader, const gs_docset *a, const gs_docset *b,
                             gs_docset *out, gsearch_error *err)
{
    uint32_t *docs, count = 0;
    GS_TRY(docs_alloc(reader, a->count < b->count ? a->count : b->count, &docs, err));
    for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (a->docs[i] < b->docs[j]) {
            i = gs_docset_seek(a, i, b->docs[j]);
        } else if (a->docs[i] > b->docs[j]) {
            j = gs_docset_seek(b, j, a->docs[i]);
        } else {
            docs[count++] = a->docs[i++];
            j++;
        }
    }
    *out = (gs_docset){.docs = docs, .count = count};
    return GSEARCH_OK;
}

gsearch_status gs_docset_or(gs_reader *reader, const gs_docset *a, const gs_docset *b,
                            gs_docset *out, gsearch_error *err)
{
    uint32_t *docs, count = 0;
    GS_TRY(docs_alloc(reader, (uint64_t)a->count + b->count, &docs, err));
    for (uint32_t i = 0, j = 0; i < a->count || j < b->count;) {
        uint64_t left = i < a->count ? a->docs[i] : UINT64_MAX;
        uint64_t right = j < b->count ? b->docs[j] : UINT64_MAX;
        docs[count++] = (uint32_t)(left < right ? left : right);
        i += left <= right;
        j += right <= left;
    }
    *out = (gs_docset){.docs = docs, .count = count};
    return GSEARCH_OK;
}

/* The documents of `within` if it is given, else all; deleted ones included. */
static uint32_t candidates(const gs_reader *reader, const gs_docset *within)
{
    return within ? within->count : reader->in->docs.count;
}

gsearch_status gs_docset_not(gs_reader *reader, const gs_docset *all, const gs_docset *without,
                             gs_docset *out, gsearch_error *err)
{
    uint32_t *docs, kept = 0, count = candidates(reader, all);
    GS_TRY(docs_alloc(reader, count, &docs, err));
    for (uint32_t i = 0, j = 0; i < count; i++) {
        uint32_t doc = all ? all->docs[i] : i;
        while (j < without->count && without->docs[j] < doc)
            j++;
        bool taken = j < without->count && without->docs[j] == doc;
        if (!taken && !gs_deletes_has(reader->deletes, doc))
            docs[kept++] = doc;
    }
    *out = (gs_docset){.docs = docs, .count = kept};
    return GSEARCH_OK;
}

gsearch_status gs_docset_dated(gs_reader *reader, const gs_docset *within, uint32_t from,
                               uint32_t to, gs_docset *out, gsearch_error *err)
{
    uint32_t *docs, kept = 0, count = candidates(reader, within);
    GS_TRY(docs_alloc(reader, count, &docs, err));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t doc = within ? within->docs[i] : i;
        uint64_t date = gs_column_get(&reader->in->docs.date, doc);
        if (date && date >= from && date <= to && !gs_deletes_has(reader->deletes, doc))
            docs[kept++] = doc;
    }
    *out = (gs_docset){.docs = docs, .count = kept};
    return GSEARCH_OK;
}
