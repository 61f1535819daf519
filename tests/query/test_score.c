/* SPDX-License-Identifier: Apache-2.0
 *
 * BM25 on numbers worked out with another program.
 */
#include "query/score.h"

#include <math.h>
#include <stdbool.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-15 * fabs(b) * 4;
}

static void idf_is_the_logarithm_of_the_odds(void **unused)
{
    (void)unused;
    assert_true(is_near(gs_score_idf(10, 3), 1.1451323043030026));
    assert_true(is_near(gs_score_idf(10, 10), 0.04652001563489291));
    assert_true(is_near(gs_score_idf(10, 0), 3.091042453358316));
}

static void a_term_saturates_and_long_documents_count_less(void **unused)
{
    (void)unused;
    gs_bm25_norm norm = gs_bm25_norm_of(10, 400);
    double idf = gs_score_idf(10, 3);
    assert_true(is_near(gs_score_term(norm, idf, 3, 50), 1.7079939454010888));
    assert_true(gs_score_term(norm, idf, 2, 50) < gs_score_term(norm, idf, 3, 50));
    assert_true(gs_score_term(norm, idf, 3, 51) < gs_score_term(norm, idf, 3, 50));
    assert_true(gs_score_term(norm, idf, 1000000, 50) < idf * (GS_BM25_K1 + 1));
}

/* Small and very large frequencies and lengths, under other averages than that of the impact. */
static void no_score_is_above_a_bound(void **unused)
{
    (void)unused;
    uint64_t state = 5;
    for (int i = 0; i < 2000000; i++) {
        gs_bm25_norm norm = gs_bm25_norm_of(1 + gs_test_random_below(&state, 1000000),
                                              gs_test_random_below(&state, 1000000000));
        double weight = (double)gs_test_random_below(&state, 1u << 20) / 65536.0;
        gs_bm25_norm before = gs_bm25_norm_of(1 + gs_test_random_below(&state, 1000000),
                                              gs_test_random_below(&state, 1000000000));
        uint32_t tf = 1 + (uint32_t)(gs_test_random(&state) >> (32 + state % 31));
        uint32_t length = (uint32_t)(gs_test_random(&state) >> (32 + state % 29));
        double score = gs_score_term(norm, weight, tf, length);
        uint8_t impact = gs_impact_of(tf, gs_bm25_at(before, length));
        if (!(score <= gs_score_bound(weight, gs_impact_share(impact, before, norm))) ||
            !(score <= gs_score_most(weight)))
            fail_msg("tf %u, length %u, impact %u", tf, length, impact);
    }
}

/* Scores next to one another, and equal ones, as every tie at the end of a page is. */
static void only_lower_scores_are_said_to_be_below(void **unused)
{
    (void)unused;
    uint64_t state = 6;
    unsigned below = 0;
    for (int i = 0; i < 1000000; i++) {
        gs_bm25_norm norm = gs_bm25_norm_of(1 + gs_test_random_below(&state, 1000000),
                                              gs_test_random_below(&state, 1000000000));
        double weight = (double)gs_test_random_below(&state, 1u << 20) / 65536.0;
        uint32_t tf = 1 + (uint32_t)(gs_test_random(&state) >> (32 + state % 31));
        uint32_t length = (uint32_t)(gs_test_random(&state) >> (32 + state % 29));
        double score = gs_score_term(norm, weight, tf, length);
        double near = gs_score_term(norm, weight, tf, length + 1);
        if (gs_score_is_below(norm, weight, tf, length, score) ||
            gs_score_is_below(norm, weight, tf, length, near) ||
            gs_score_is_below(norm, weight, tf, length, 0))
            fail_msg("tf %u, length %u", tf, length);
        below += gs_score_is_below(norm, weight, tf, length, score * 1.001);
    }
    assert_true(below > 990000); // all but those of the weight 0
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idf_is_the_logarithm_of_the_odds),
        cmocka_unit_test(a_term_saturates_and_long_documents_count_less),
        cmocka_unit_test(no_score_is_above_a_bound),
        cmocka_unit_test(only_lower_scores_are_said_to_be_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
