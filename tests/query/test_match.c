/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree in one segment, with and without `within`.
 */
#include "query/match.h"

#include "tests/query/collection.h"
#include "tests/query/probe.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static const char *const queries[] = {
    "政务",         "政",          "政 -务公",  "政务 OR 公开 年", "(政务 OR 公) -年度",
    "政 NEAR/3 年", "pd17*",       "date:2016", "=政 务",          "政务 OR date:2015 -公",
    "title:政",     "政 务 公 开", "a -政",     "年 -(政 OR 务)",  "政、公",
};

/* Exact inside of `within`; what is outside does not matter. */
static void within_changes_nothing_inside(void **unused)
{
    (void)unused;
    gs_collection_options options = {.documents = 300, .pieces_max = 60, .characters = 6};
    options.deletes = true;
    gs_collection collection = gs_collection_make(3, options);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, false);
    for (size_t q = 0; q < sizeof(queries) / sizeof(*queries); q++) {
        for (uint32_t step = 1; step <= 100; step = step * 3 + 1) {
            gs_probe probe;
            uint32_t some[300], count = 0;
            gs_probe_open(&probe, index, 0, queries[q]);
            gs_docset all = *gs_probe_match(&probe, NULL), both_all, both_some;
            for (uint32_t doc = step / 2; doc < 300; doc += step)
                some[count++] = doc;
            gs_docset within = {.docs = some, .count = count};
            gs_docset found = *gs_probe_match(&probe, &within);
            assert_int_equal(gs_docset_and(&probe.reader, &all, &within, &both_all, NULL), 0);
            assert_int_equal(gs_docset_and(&probe.reader, &found, &within, &both_some, NULL), 0);
            assert_int_equal(both_all.count, both_some.count);
            if (both_all.count)
                assert_memory_equal(both_all.docs, both_some.docs, 4 * both_all.count);
            gs_probe_close(&probe);
        }
    }
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void spans_are_the_places_of_the_match(void **unused)
{
    (void)unused;
    gs_collection collection = {0};
    gs_collection_add(&collection, "a", "一二政务三政务", NULL, 0);
    gs_collection_add(&collection, "b", "政务", "题", 0);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, true);
    gs_probe probe;
    gs_probe_open(&probe, index, 0, "政务");
    probe.reader.keep_spans = true;
    const gs_docset *found = gs_probe_match(&probe, NULL);
    assert_int_equal(found->count, 2);
    assert_int_equal(found->firsts[0], 0);
    assert_int_equal(found->firsts[1], 2);
    assert_int_equal(found->firsts[2], 3);
    assert_int_equal(found->spans[0].position, 2);
    assert_int_equal(found->spans[1].position, 5);
    // the first document has positions 0 to 6, its separator 7; then 题, the field break, 政
    assert_int_equal(found->spans[2].position, 10);
    assert_int_equal(found->spans[2].length, 2);
    gs_probe_close(&probe);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_changes_nothing_inside),
        cmocka_unit_test(spans_are_the_places_of_the_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
