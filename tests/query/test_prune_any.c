/* SPDX-License-Identifier: Apache-2.0
 *
 * The best rows of alternatives and questions against those of searches that look at everything.
 */
#include "query/prune.h"

#include "tests/query/uneven.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static gs_uneven uneven;

static int set_up(void **unused)
{
    (void)unused;
    gs_uneven_make(&uneven, 18);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    gs_uneven_free(&uneven);
    return 0;
}

/* What small limits cost; greater ones are compared, too. */
static gs_uneven_costs compare(const char *query, gsearch_match match)
{
    gs_uneven_costs costs = {0}, unused = {0};
    for (uint64_t limit = 1; limit <= 10; limit += 3)
        gs_uneven_compare(&uneven, query, match, limit, limit / 2, &costs);
    gs_uneven_compare(&uneven, query, match, 100, 0, &unused);
    gs_uneven_compare(&uneven, query, match, 1000, 100, &unused);
    return costs;
}

static void alternatives_are_pruned(void **unused)
{
    (void)unused;
    static const char *const queries[] = {"政务公 OR 天地", "务公开 OR 地人 OR 政务",
                                          "政务公开年度 OR 公开 OR 木山水 OR 日月"};
    gs_uneven_costs all = {0};
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
        gs_uneven_costs costs = compare(queries[i], GSEARCH_MATCH_EXACT);
        all.pruned += costs.pruned;
        all.postings += costs.postings;
        all.postings_without += costs.postings_without;
    }
    assert_true(all.pruned > 0);
    assert_true(all.postings < all.postings_without);
}

static void questions_are_pruned(void **unused)
{
    (void)unused;
    static const char *const questions[] = {
        "政务公开年度",         "怎样政务公开，天地人和年度公开", "年度年度年度年度",
        "天天天天地人政务政务", "务公开年 日月山水木，开年度政",
    };
    gs_uneven_costs all = {0};
    for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
        gs_uneven_costs costs = compare(questions[i], GSEARCH_MATCH_ANY);
        assert_true(costs.hits > 0);
        all.pruned += costs.pruned;
        all.postings += costs.postings;
        all.postings_without += costs.postings_without;
    }
    assert_true(all.pruned > 0);
    assert_true(all.postings < all.postings_without);
}

static void random_questions_are_the_same(void **unused)
{
    (void)unused;
    static const char *const pieces[] = {"政务", "公开", "年度", "天地", "，", "人日月",
                                         "务公", "开年", "山",   "水木", "政", "公开年度"};
    uint64_t state = 3;
    gs_uneven_costs costs = {0};
    for (int i = 0; i < 60; i++) {
        gs_buf question;
        gs_buf_init(&question, NULL, SIZE_MAX);
        for (uint64_t piece = 1 + gs_test_random_below(&state, 12); piece--;)
            gs_buf_str(&question, pieces[gs_test_random_below(&state, 12)]);
        gs_buf_str(&question, "政");
        gs_buf_u8(&question, 0);
        gs_uneven_compare(&uneven, (const char *)question.data, GSEARCH_MATCH_ANY,
                          1 + gs_test_random_below(&state, 20), gs_test_random_below(&state, 4),
                          &costs);
        gs_buf_release(&question);
    }
    assert_true(costs.pruned > 0);
}

static void what_is_not_pruned_is_the_same(void **unused)
{
    (void)unused;
    compare("\"政务\" 公开年度", GSEARCH_MATCH_ANY);
    compare("政务公开 -年度", GSEARCH_MATCH_ANY);
    compare("政务 OR 公开 天地", GSEARCH_MATCH_EXACT);
    compare("政务 OR date:2017", GSEARCH_MATCH_EXACT);
    compare("政务 OR 天 NEAR/3 地", GSEARCH_MATCH_EXACT);
    compare("政务 -公开", GSEARCH_MATCH_EXACT);
}

static void equal_scores_are_told_apart_by_their_ids(void **unused)
{
    (void)unused;
    gs_uneven_costs costs = {0};
    for (uint64_t offset = 0; offset < 60; offset++)
        gs_uneven_compare(&uneven, "政务公开年度", GSEARCH_MATCH_ANY, 3, offset, &costs);
    assert_true(costs.hits > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alternatives_are_pruned),
        cmocka_unit_test(questions_are_pruned),
        cmocka_unit_test(random_questions_are_the_same),
        cmocka_unit_test(what_is_not_pruned_is_the_same),
        cmocka_unit_test(equal_scores_are_told_apart_by_their_ids),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
