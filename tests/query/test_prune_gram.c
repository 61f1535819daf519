/* SPDX-License-Identifier: Apache-2.0
 *
 * The best rows and totals of single grams against those of searches that look at everything.
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

static void blocks_of_one_gram_are_skipped(void **unused)
{
    (void)unused;
    static const char *const queries[] = {"政务", "公开", "年度"};
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
        gs_uneven_costs costs = gs_uneven_compare_pages(&uneven, queries[i], gs_uneven_few);
        assert_true(costs.pruned > 6);
        assert_true(costs.skipped > 100);
        assert_true(costs.postings < costs.postings_without);
        gs_uneven_compare_pages(&uneven, queries[i], gs_uneven_many);
    }
}

static void rare_grams_words_and_titles_are_the_same(void **unused)
{
    (void)unused;
    static const char *const queries[] = {"天地", "题政", "title:政务", "木", "政*"};
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
        gs_uneven_compare_pages(&uneven, queries[i], gs_uneven_few);
        gs_uneven_compare_pages(&uneven, queries[i], gs_uneven_many);
    }
}

static void equal_scores_are_told_apart_by_their_ids(void **unused)
{
    (void)unused;
    gs_uneven_costs costs = {0};
    // hundreds of documents have one score: each border lies among them
    for (uint64_t offset = 0; offset < 60; offset++)
        gs_uneven_compare(&uneven, "公开", GSEARCH_MATCH_EXACT, 3, offset, &costs);
    assert_true(costs.hits > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_one_gram_are_skipped),
        cmocka_unit_test(rare_grams_words_and_titles_are_the_same),
        cmocka_unit_test(equal_scores_are_told_apart_by_their_ids),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
