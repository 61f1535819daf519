/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts by year.
 */
#include "query/facet.h"

#include "tests/support/check.h"

static void years_come_by_count_then_value(void **unused)
{
    (void)unused;
    static const uint32_t dates[] = {20170101, 20160229, 0, 20171231, 20150505, 20160101, 20180101};
    static const uint32_t numbers[] = {0, 1, 2, 3, 4, 5, 6};
    gs_doctable table = {.count = 7};
    table.date = (gs_column){.data = (const uint8_t *)dates, .width = 4};
    gs_docset all = {.docs = numbers, .count = 7}, first = {.docs = numbers, .count = 1};
    gs_arena arena;
    gs_facet_years years;
    gsearch_error error;
    const gsearch_facet *facets;
    size_t count;
    gs_arena_init(&arena, NULL, 1u << 20);
    assert_ok(gs_facet_init(&years, &arena, &error), &error);
    gs_facet_count(&years, &table, &all);
    gs_facet_count(&years, &table, &first); // a second segment
    assert_ok(gs_facet_finish(&years, &arena, &facets, &count, &error), &error);
    static const char *const values[] = {"2017", "2016", "2015", "2018"};
    static const uint64_t counts[] = {3, 2, 1, 1};
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(facets[i].value, values[i]);
        assert_int_equal(facets[i].count, counts[i]);
    }
    gs_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(years_come_by_count_then_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
