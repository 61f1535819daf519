/* SPDX-License-Identifier: Apache-2.0
 *
 * When a search must stop.
 */
#include "query/budget.h"

#include <string.h>

#include "common/base/limits.h"
#include "tests/support/check.h"

static void the_last_posting_is_allowed_and_the_next_is_not(void **unused)
{
    (void)unused;
    gs_budget budget;
    gsearch_error error;
    gs_budget_start(&budget, NULL);
    assert_ok(gs_budget_spend(&budget, GS_QUERY_COST_MAX, &error), &error);
    assert_fails(GSEARCH_BUDGET, gs_budget_spend(&budget, 1, &error), &error);
    assert_non_null(strstr(error.message, "50000000"));
}

static void a_search_has_two_seconds(void **unused)
{
    (void)unused;
    gs_budget budget;
    uint64_t before = gs_clock_ns(), given = GS_QUERY_TIME_MS_MAX * 1000000ull;
    gs_budget_start(&budget, NULL);
    assert_int_equal(given, 2000000000u);
    assert_in_range(budget.deadline_ns, before + given, gs_clock_ns() + given);
}

static void a_cancelled_search_times_out(void **unused)
{
    (void)unused;
    gs_budget budget;
    gsearch_error error;
    volatile int cancel = 0;
    gs_budget_start(&budget, &cancel);
    assert_ok(gs_budget_spend(&budget, 1u << 20, &error), &error);
    cancel = 1;
    assert_fails(GSEARCH_TIMEOUT, gs_budget_spend(&budget, 1u << 20, &error), &error);
}

static void a_search_behind_its_deadline_times_out(void **unused)
{
    (void)unused;
    gs_budget budget;
    gsearch_error error;
    gs_budget_start(&budget, NULL);
    budget.deadline_ns = gs_clock_ns() - 1;
    assert_fails(GSEARCH_TIMEOUT, gs_budget_spend(&budget, 1u << 20, &error), &error);
    assert_non_null(strstr(error.message, "2000 ms"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_posting_is_allowed_and_the_next_is_not),
        cmocka_unit_test(a_search_has_two_seconds),
        cmocka_unit_test(a_cancelled_search_times_out),
        cmocka_unit_test(a_search_behind_its_deadline_times_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
