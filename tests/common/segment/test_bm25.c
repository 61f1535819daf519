/* SPDX-License-Identifier: Apache-2.0
 *
 * Impacts against shares that are worked out document by document.
 */
#include "common/segment/bm25.h"

#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define DOCUMENTS 8u

static double share_of(uint32_t frequency, uint32_t length, double average)
{
    return frequency / (frequency + 1.2 * (1 - 0.75 + 0.75 * length / average));
}

static void an_impact_is_a_share_rounded_up(void **unused)
{
    (void)unused;
    gs_bm25_norm norm = gs_bm25_norm_of(4, 400); // an average of 100
    assert_int_equal(gs_impact_of(1, gs_bm25_at(norm, 100)), 116); // 1 / 2.2 · 255 = 115.9
    assert_int_equal(gs_impact_of(1, gs_bm25_at(norm, 1000)), 25); // 1 / 10.3 · 255 = 24.8
    assert_int_equal(gs_impact_of(3, gs_bm25_at(norm, 100)), 183); // 3 / 4.2 · 255 = 182.1
    assert_int_equal(gs_impact_of(UINT32_MAX, gs_bm25_at(norm, 0)), 255);
}

/* Some documents under one average, looked at under another. */
static void impacts_bound_shares_under_every_average(void **unused)
{
    (void)unused;
    uint64_t seed = 3;
    for (int i = 0; i < 200000; i++) {
        uint64_t from = 1 + gs_test_random_below(&seed, 5000);
        uint64_t to = 1 + gs_test_random_below(&seed, 5000);
        gs_bm25_norm before = gs_bm25_norm_of(1, from), after = gs_bm25_norm_of(1, to);
        uint8_t impact = 0;
        double most = 0, most_before = 0;
        for (unsigned d = 0; d < DOCUMENTS; d++) {
            uint32_t frequency = 1 + (uint32_t)gs_test_random_below(&seed, 1u << seed % 12);
            uint32_t length = (uint32_t)gs_test_random_below(&seed, 1u << seed % 16);
            uint8_t one = gs_impact_of(frequency, gs_bm25_at(before, length));
            impact = one > impact ? one : impact;
            double share = share_of(frequency, length, (double)to);
            double share_before = share_of(frequency, length, (double)from);
            most = share > most ? share : most;
            most_before = share_before > most_before ? share_before : most_before;
        }
        double bound = gs_impact_share(impact, before, after);
        uint8_t under = gs_impact_under(impact, before, after);
        if (!(most <= bound * (1 + 1e-12)) || !(bound <= under / 255.0 * (1 + 1e-12)))
            fail_msg("%f over the bound %f or %u", most, bound, under);
        if (!(impact < 255 * most_before + 1.000001))
            fail_msg("%u for %f", impact, most_before);
    }
}

static void an_impact_under_its_own_average_stays(void **unused)
{
    (void)unused;
    gs_bm25_norm norm = gs_bm25_norm_of(7, 1234), shorter = gs_bm25_norm_of(7, 1000);
    for (unsigned impact = 0; impact <= 255; impact++) {
        assert_int_equal(gs_impact_under((uint8_t)impact, norm, norm), impact);
        assert_int_equal(gs_impact_under((uint8_t)impact, norm, shorter), impact);
        assert_true(gs_impact_share((uint8_t)impact, norm, norm) == impact / 255.0);
    }
}

static void higher_impacts_have_higher_shares(void **unused)
{
    (void)unused;
    gs_bm25_norm from = gs_bm25_norm_of(1, 100), to = gs_bm25_norm_of(1, 3000);
    for (unsigned impact = 1; impact <= 255; impact++)
        assert_true(gs_impact_share((uint8_t)(impact - 1), from, to) <
                    gs_impact_share((uint8_t)impact, from, to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_impact_is_a_share_rounded_up),
        cmocka_unit_test(impacts_bound_shares_under_every_average),
        cmocka_unit_test(an_impact_under_its_own_average_stays),
        cmocka_unit_test(higher_impacts_have_higher_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
