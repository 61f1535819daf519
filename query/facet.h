/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting matches by the year of their date.
 */
#ifndef GS_QUERY_FACET_H
#define GS_QUERY_FACET_H

#include "query/match.h"

typedef struct gs_facet_years {
    uint64_t *counts; /* by year */
} gs_facet_years;

GS_CHECKED gsearch_status gs_facet_init(gs_facet_years *years, gs_arena *arena, gsearch_error *err);
/* Undated documents are in no year. */
void gs_facet_count(gs_facet_years *years, const gs_doctable *table, const gs_docset *docs);
/* Count falling, then year rising; in the arena. */
GS_CHECKED gsearch_status gs_facet_finish(const gs_facet_years *years, gs_arena *arena,
                                          const gsearch_facet **out, size_t *out_count,
                                          gsearch_error *err);

#endif
