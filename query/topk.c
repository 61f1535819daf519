/* SPDX-License-Identifier: Apache-2.0
 *
 * A heap with the worst of the kept on top, and heapsort for the end: no memory beyond the hits.
 */
#include "query/topk.h"

#include "common/base/sabotage.h"

int gs_sort_compare(gsearch_sort sort, gs_sort_key a, gs_sort_key b)
{
    if (sort != GSEARCH_SORT_SCORE && a.date != b.date) {
        if (!a.date || !b.date)
            return a.date ? -1 : 1; // undated last either way
        bool earlier = a.date < b.date;
        return earlier == (sort == GSEARCH_SORT_DATE) ? -1 : 1;
    }
    return (a.score < b.score) - (a.score > b.score);
}

static gs_sort_key key_of(const gs_topk *topk, const gs_ranked *hit)
{
    uint32_t date = 0;
    if (topk->sort != GSEARCH_SORT_SCORE)
        date = (uint32_t)gs_column_get(&topk->docs->date, hit->doc);
    return (gs_sort_key){.score = hit->score, .date = date};
}

static bool is_worse(const gs_topk *topk, const gs_ranked *a, const gs_ranked *b)
{
    int order = gs_sort_compare(topk->sort, key_of(topk, a), key_of(topk, b));
    return order ? order > 0 : (a->rank > b->rank) != GS_SABOTAGED(tie_order);
}

gsearch_status gs_topk_init(gs_topk *topk, gs_arena *arena, uint64_t capacity, gsearch_sort sort,
                            const gs_doctable *docs, gsearch_error *err)
{
    *topk = (gs_topk){.capacity = capacity, .sort = sort, .docs = docs};
    topk->hits = gs_arena_alloc(arena, capacity * sizeof(gs_ranked));
    return topk->hits ? GSEARCH_OK : gs_fail_memory(err);
}

/* Puts hits[i] where it belongs below, in a heap of `count` with the worst on top. */
static void sift_down(gs_topk *topk, uint64_t i, uint64_t count)
{
    gs_ranked moving = topk->hits[i];
    for (uint64_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && is_worse(topk, &topk->hits[child + 1], &topk->hits[child]))
            child++;
        if (!is_worse(topk, &topk->hits[child], &moving))
            break;
        topk->hits[i] = topk->hits[child];
    }
    topk->hits[i] = moving;
}

static void make_heap(gs_topk *topk)
{
    for (uint64_t i = topk->count / 2; i--;)
        sift_down(topk, i, topk->count);
}

void gs_topk_push(gs_topk *topk, double score, uint32_t doc)
{
    gs_ranked hit = {.score = score, .doc = doc};
    if (topk->count < topk->capacity) {
        hit.rank = (uint32_t)gs_column_get(&topk->docs->rank, doc);
        topk->hits[topk->count++] = hit;
        if (topk->count == topk->capacity)
            make_heap(topk);
        return;
    }
    if (!topk->capacity || (topk->sort == GSEARCH_SORT_SCORE && score < topk->hits[0].score))
        return;
    hit.rank = (uint32_t)gs_column_get(&topk->docs->rank, doc);
    if (is_worse(topk, &topk->hits[0], &hit)) {
        topk->hits[0] = hit;
        sift_down(topk, 0, topk->count);
    }
}

void gs_topk_finish(gs_topk *topk)
{
    if (topk->count < topk->capacity)
        make_heap(topk);
    for (uint64_t end = topk->count; end > 1;) {
        gs_ranked worst = topk->hits[0];
        topk->hits[0] = topk->hits[--end];
        topk->hits[end] = worst;
        sift_down(topk, 0, end);
    }
}
