/* SPDX-License-Identifier: Apache-2.0
 *
 * An answer beside what a slow search found.
 */
#include <math.h>

#include "tests/query/collection.h"
#include "tests/support/check.h"

static const gs_collection_hit *hit_of(const gs_collection_hit *hits, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (gs_bytes_equal(hits[i].document->document.id, gs_bytes_str(id)))
            return &hits[i];
    }
    return NULL;
}

void gs_collection_check(const gsearch_results *results, const gs_collection_hit *wanted,
                         size_t count, const char *query)
{
    if (results->total != count || results->hits_count != count)
        fail_msg("%s: %llu documents instead of %zu", query, (unsigned long long)results->total,
                 count);
    for (size_t i = 0; i < count; i++) {
        const gsearch_hit *row = &results->hits[i];
        const gs_collection_hit *hit = hit_of(wanted, count, row->id);
        if (!hit)
            fail_msg("%s: %s should not be there", query, row->id);
        if (fabs(row->score - hit->score) > 1e-12 * (1 + hit->score))
            fail_msg("%s: %s has %.17g instead of %.17g", query, row->id, row->score, hit->score);
        assert_int_equal(row->rank, i + 1);
        if (i && !(row[-1].score > row->score ||
                   (row[-1].score == row->score && strcmp(row[-1].id, row->id) < 0)))
            fail_msg("%s: %s comes before %s", query, row[-1].id, row->id);
    }
}
