/* SPDX-License-Identifier: Apache-2.0
 *
 * NEAR by hand: windows counted on paper. The random comparison is in test_search.c.
 */
#include <string.h>

#include "common/base/limits.h"
#include "tests/query/collection.h"
#include "tests/query/probe.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

/* The frequency of `query` in a document of this text and no title of its own; the first line is a
 * title, so the text stands behind one. */
static uint32_t frequency(const char *text, const char *query)
{
    gs_collection collection = {0};
    gs_collection_add(&collection, "a", text, "题", 0);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, true);
    uint32_t tf = gs_probe_tf(index, query, 0);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
    return tf;
}

static void the_distance_is_between_end_and_start(void **unused)
{
    (void)unused;
    assert_int_equal(frequency("甲子一二乙丑", "甲子 NEAR/2 乙丑"), 1);
    assert_int_equal(frequency("甲子一二乙丑", "甲子 NEAR/1 乙丑"), 0);
    assert_int_equal(frequency("甲子乙丑", "甲子 NEAR/0 乙丑"), 1);
}

static void either_order_will_do(void **unused)
{
    (void)unused;
    assert_int_equal(frequency("乙丑一甲子", "甲子 NEAR/1 乙丑"), 1);
}

static void a_run_of_breaks_counts_as_one_position(void **unused)
{
    (void)unused;
    assert_int_equal(frequency("甲子。！”。乙丑", "甲子 NEAR/1 乙丑"), 1);
    assert_int_equal(frequency("甲子。乙丑", "甲子 NEAR/0 乙丑"), 0);
    assert_int_equal(frequency("甲子《 》乙丑", "甲子 NEAR/0 乙丑"), 1);
}

static void matches_do_not_overlap(void **unused)
{
    (void)unused;
    assert_int_equal(frequency("甲乙丙", "甲乙 NEAR/5 乙丙"), 0);
    assert_int_equal(frequency("甲乙丙乙丙", "甲乙 NEAR/5 乙丙"), 1);
}

static void one_match_does_not_stand_for_two_equal_terms(void **unused)
{
    (void)unused;
    assert_int_equal(frequency("一甲二", "甲 NEAR/5 甲"), 0);
    assert_int_equal(frequency("一甲二甲", "甲 NEAR/5 甲"), 1);
}

static void a_window_with_a_smaller_one_inside_does_not_count(void **unused)
{
    (void)unused;
    // 甲一甲乙: 甲..乙 from the first 甲 holds the one from the second
    assert_int_equal(frequency("甲一甲乙", "甲 NEAR/9 乙"), 1);
    // 甲乙甲: two windows, 甲乙 and 乙甲
    assert_int_equal(frequency("甲乙甲", "甲 NEAR/9 乙"), 2);
    assert_int_equal(frequency("甲乙一二三甲乙", "甲 NEAR/0 乙"), 2);
}

static void three_terms_share_the_distance(void **unused)
{
    (void)unused;
    assert_int_equal(frequency("甲一乙二丙", "\"甲 乙 丙\"~2"), 1);
    assert_int_equal(frequency("甲一乙二丙", "\"甲 乙 丙\"~1"), 0);
    assert_int_equal(frequency("丙甲一乙", "甲 NEAR/1 乙 NEAR/0 丙"), 1);
}

static void words_are_completed_between_quotes_as_beside_near(void **unused)
{
    (void)unused;
    static const char *const forms[] = {"设备 NEAR/3 pd17*", "\"设备 pd17*\"~3",
                                        "“pd17*　设备*”~3"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        assert_int_equal(frequency("设备一二三PD1728A", forms[i]), 1);
        assert_int_equal(frequency("pd17。设备，pd1728a", forms[i]), 2);
        assert_int_equal(frequency("设备一二三四pd1728a", forms[i]), 0);
        assert_int_equal(frequency("设备pd18", forms[i]), 0);
    }
    assert_int_equal(frequency("设备pd1728a", "\"设备 pd17\"~3"), 0);
}

static void windows_do_not_cross_a_field(void **unused)
{
    (void)unused;
    assert_int_equal(frequency("乙丑", "题 NEAR/9 乙丑"), 0);
    assert_int_equal(frequency("题乙丑", "题 NEAR/9 乙丑"), 1);
}

static void a_window_in_the_title_weighs_three(void **unused)
{
    (void)unused;
    // the first line is the title, a zone of the text: windows may cross its end
    gs_collection collection = {0};
    gs_collection_add(&collection, "a", "甲一乙\n丙", NULL, 0);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, true);
    assert_int_equal(gs_probe_tf(index, "甲 NEAR/1 乙", 0), 3);
    assert_int_equal(gs_probe_tf(index, "乙 NEAR/1 丙", 0), 1);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

/* The spans of `query` in a document of this text, "position+length " each. */
static void check_spans(const char *text, const char *query, const char *wanted)
{
    gs_collection collection = {0};
    gs_collection_add(&collection, "a", text, NULL, 0);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, true);
    gs_probe probe;
    gs_buf spans;
    gs_buf_init(&spans, NULL, 4096);
    gs_probe_open(&probe, index, 0, query);
    probe.reader.keep_spans = true;
    const gs_docset *found = gs_probe_match(&probe, NULL);
    assert_int_equal(found->count, 1);
    for (uint32_t i = found->firsts[0]; i < found->firsts[1]; i++)
        gs_buf_printf(&spans, "%u+%u ", found->spans[i].position, found->spans[i].length);
    gs_buf_u8(&spans, 0);
    assert_string_equal((const char *)spans.data, wanted);
    gs_buf_release(&spans);
    gs_probe_close(&probe);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void spans_are_the_matches_that_make_a_window(void **unused)
{
    (void)unused;
    check_spans("甲一甲乙甲一二三四甲", "甲 NEAR/2 乙", "2+1 3+1 4+1 ");
    // the second 人 is no match of its own beside 人民, which it begins
    check_spans("人一二人民", "人 NEAR/5 人民", "0+1 3+2 ");
    check_spans("甲乙乙丙", "甲 NEAR/5 乙 NEAR/5 丙", "0+1 1+1 2+1 3+1 ");
}

static void eight_terms_may_be_near_each_other(void **unused)
{
    (void)unused;
    gs_collection collection = {0};
    gs_collection_add(&collection, "a", "甲甲甲甲甲甲甲甲甲", NULL, 0);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, true);
    for (unsigned terms = GS_QUERY_NEAR_TERMS_MAX; terms <= GS_QUERY_NEAR_TERMS_MAX + 1; terms++) {
        gsearch_request request = GSEARCH_REQUEST_INIT;
        gsearch_results *results = NULL;
        gsearch_error error;
        gs_buf query;
        gs_buf_init(&query, NULL, 4096);
        gs_buf_str(&query, "甲");
        for (unsigned i = 1; i < terms; i++)
            gs_buf_str(&query, " NEAR/9 甲");
        gs_buf_u8(&query, 0);
        request.query = (const char *)query.data;
        gsearch_status status = gsearch_search(index, &request, &results, &error);
        if (terms == GS_QUERY_NEAR_TERMS_MAX) {
            assert_ok(status, &error);
            assert_int_equal(results->total, 1);
        } else {
            assert_fails(GSEARCH_LIMIT, status, &error);
            assert_non_null(strstr(error.message, "8 terms"));
        }
        gsearch_results_free(results);
        gs_buf_release(&query);
    }
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distance_is_between_end_and_start),
        cmocka_unit_test(either_order_will_do),
        cmocka_unit_test(a_run_of_breaks_counts_as_one_position),
        cmocka_unit_test(matches_do_not_overlap),
        cmocka_unit_test(one_match_does_not_stand_for_two_equal_terms),
        cmocka_unit_test(a_window_with_a_smaller_one_inside_does_not_count),
        cmocka_unit_test(three_terms_share_the_distance),
        cmocka_unit_test(words_are_completed_between_quotes_as_beside_near),
        cmocka_unit_test(windows_do_not_cross_a_field),
        cmocka_unit_test(a_window_in_the_title_weighs_three),
        cmocka_unit_test(spans_are_the_matches_that_make_a_window),
        cmocka_unit_test(eight_terms_may_be_near_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
