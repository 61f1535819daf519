/* SPDX-License-Identifier: Apache-2.0
 *
 * The best rows of phrases against those of searches that look at everything.
 */
#include "query/prune.h"

#include "tests/query/uneven.h"
#include "tests/support/check.h"

static gs_uneven uneven;

static int set_up(void **unused)
{
    (void)unused;
    gs_uneven_make(&uneven, 17);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    gs_uneven_free(&uneven);
    return 0;
}

static void blocks_of_longer_phrases_are_skipped(void **unused)
{
    (void)unused;
    static const char *const queries[] = {"政务公开", "开年度", "公开政务公开"};
    gs_uneven_costs all = {0};
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
        gs_uneven_costs costs = gs_uneven_compare_pages(&uneven, queries[i], gs_uneven_few);
        all.skipped += costs.skipped;
        all.pruned += costs.pruned;
        gs_uneven_compare_pages(&uneven, queries[i], gs_uneven_many);
    }
    assert_true(all.pruned > 6);
    assert_true(all.skipped > 100);
}

static void rare_phrases_fields_and_originals_are_the_same(void **unused)
{
    (void)unused;
    static const char *const queries[] = {"政务公开年度公开", "title:政务", "title:政务公开", "=公开政务公开年度",
                                          "天地人日",         "政，公开",   "政务*",          "木"};
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
        gs_uneven_compare_pages(&uneven, queries[i], gs_uneven_few);
}

static void equal_scores_are_told_apart_by_their_ids(void **unused)
{
    (void)unused;
    gs_uneven_costs costs = {0};
    // hundreds of documents have one score: each border lies among them
    for (uint64_t offset = 0; offset < 60; offset++)
        gs_uneven_compare(&uneven, "政务公开", GSEARCH_MATCH_EXACT, 3, offset, &costs);
    assert_true(costs.hits > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_longer_phrases_are_skipped),
        cmocka_unit_test(rare_phrases_fields_and_originals_are_the_same),
        cmocka_unit_test(equal_scores_are_told_apart_by_their_ids),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
