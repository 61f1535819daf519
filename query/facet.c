/* SPDX-License-Identifier: Apache-2.0
 *
 * One counter a year, four digits, summed over segments.
 */
#include "query/facet.h"

#include <stdio.h>

#define YEARS 10000u

gsearch_status gs_facet_init(gs_facet_years *years, gs_arena *arena, gsearch_error *err)
{
    years->counts = gs_arena_calloc(arena, YEARS, sizeof(*years->counts));
    return years->counts ? GSEARCH_OK : gs_fail_memory(err);
}

void gs_facet_count(gs_facet_years *years, const gs_doctable *table, const gs_docset *docs)
{
    for (uint32_t i = 0; i < docs->count; i++) {
        uint64_t date = gs_column_get(&table->date, docs->docs[i]);
        if (date)
            years->counts[date / 10000 % YEARS]++;
    }
}

gsearch_status gs_facet_finish(const gs_facet_years *years, gs_arena *arena,
                               const gsearch_facet **out, size_t *out_count, gsearch_error *err)
{
    size_t count = 0;
    for (uint32_t year = 0; year < YEARS; year++)
        count += years->counts[year] != 0;
    gsearch_facet *facets = gs_arena_alloc(arena, count * sizeof(*facets));
    if (!facets)
        return gs_fail_memory(err);
    count = 0;
    for (uint32_t year = 0; year < YEARS; year++) {
        if (!years->counts[year])
            continue;
        char *value = gs_arena_alloc(arena, 8);
        if (!value)
            return gs_fail_memory(err);
        snprintf(value, 8, "%04u", year);
        size_t at = count++;
        for (; at && facets[at - 1].count < years->counts[year]; at--)
            facets[at] = facets[at - 1];
        facets[at] = (gsearch_facet){.value = value, .count = years->counts[year]};
    }
    *out = facets;
    *out_count = count;
    return GSEARCH_OK;
}
