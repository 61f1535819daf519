/* SPDX-License-Identifier: Apache-2.0
 *
 * A corpus whose long lists are worth pruning: 政务, 公开 and 年度 stand here and there in thousands
 * of short documents, often in a stretch of a thousand, and hundreds of these are the same. And a
 * comparison of the best rows alone with those of a search that looks at everything.
 */
#ifndef GS_TESTS_UNEVEN_H
#define GS_TESTS_UNEVEN_H

#include "tests/query/collection.h"

#define GS_UNEVEN_SHAPES 3 /* one fresh segment, one with deleted documents, three */

typedef struct gs_uneven {
    gs_collection collection;
    char *dirs[GS_UNEVEN_SHAPES];
    gsearch_index *indexes[GS_UNEVEN_SHAPES];
} gs_uneven;

/* What all shapes told, summed up. */
typedef struct gs_uneven_costs {
    uint64_t pruned;           /* segments */
    uint64_t skipped;          /* blocks */
    uint64_t postings;         /* looked at for the best rows alone, */
    uint64_t postings_without; /* and without pruning */
    uint64_t hits;
} gs_uneven_costs;

void gs_uneven_make(gs_uneven *uneven, uint64_t seed);
void gs_uneven_free(gs_uneven *uneven);

/* Asks every index in a way that needs a look at everything, with a total and without. Fails the
 * test if a row differs in its id or in a bit of its score, or if the order or the total does. */
void gs_uneven_compare(const gs_uneven *uneven, const char *query, gsearch_match match,
                       uint64_t limit, uint64_t offset, gs_uneven_costs *costs);

/* The same for a phrase at three limits, each from the first row and from the eighth on. */
#define GS_UNEVEN_LIMITS 3
extern const uint64_t gs_uneven_few[GS_UNEVEN_LIMITS], gs_uneven_many[GS_UNEVEN_LIMITS];
gs_uneven_costs gs_uneven_compare_pages(const gs_uneven *uneven, const char *query,
                                        const uint64_t limits[GS_UNEVEN_LIMITS]);

#endif
