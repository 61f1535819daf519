/* SPDX-License-Identifier: Apache-2.0
 *
 * The best k matches of one segment, in the order of the request. Ties end with the rank of the id,
 * so that the order is total and no string is compared.
 */
#ifndef GS_QUERY_TOPK_H
#define GS_QUERY_TOPK_H

#include "common/base/arena.h"
#include "common/base/fail.h"
#include "common/segment/doctable.h"
#include "gsearch/request.h"

/* 16 bytes a match, as promised. */
typedef struct gs_ranked {
    double score;
    uint32_t doc;
    uint32_t rank; /* of the id, in its segment */
} gs_ranked;

typedef struct gs_topk {
    gs_ranked *hits;
    uint64_t count, capacity;
    gsearch_sort sort;
    const gs_doctable *docs;
} gs_topk;

/* Room for the best `capacity`, in the arena. */
GS_CHECKED gsearch_status gs_topk_init(gs_topk *topk, gs_arena *arena, uint64_t capacity,
                                       gsearch_sort sort, const gs_doctable *docs,
                                       gsearch_error *err);
void gs_topk_push(gs_topk *topk, double score, uint32_t doc);
/* Documents of a lower score need not be pushed: they would not be kept. */
static inline double gs_topk_least(const gs_topk *topk)
{
    bool full = topk->capacity && topk->count == topk->capacity;
    return full && topk->sort == GSEARCH_SORT_SCORE ? topk->hits[0].score : 0;
}
/* Sorts what was kept, best first; nothing can be pushed afterwards. */
void gs_topk_finish(gs_topk *topk);

/* Negative if a match with this date and score comes before another, positive if after, 0 if the
 * ids decide. */
typedef struct gs_sort_key {
    double score;
    uint32_t date;
} gs_sort_key;
int gs_sort_compare(gsearch_sort sort, gs_sort_key a, gs_sort_key b);

#endif
