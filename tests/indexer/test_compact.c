/* SPDX-License-Identifier: Apache-2.0
 *
 * A merge of everything leaves the content as it is.
 */
#include "indexer/compact.h"

#include <stdlib.h>

#include "indexer/change.h"
#include "tests/indexer/content.h"
#include "tests/indexer/sampleindex.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static gs_compact_summary compact(const char *dir, bool small)
{
    gsearch_error error = {0};
    gs_compact_summary summary;
    assert_ok(gs_compact_run(dir, small, NULL, &summary, &error), &error);
    return summary;
}

static void content_stays_and_segments_go(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    gs_sample_index_make(dir);
    char *before = gs_test_content(dir);
    gs_compact_summary summary = compact(dir, false);
    char *after = gs_test_content(dir);
    assert_int_equal(summary.before, GS_SAMPLE_COMMITS);
    assert_int_equal(summary.after, 1);
    assert_int_equal(summary.generation, GS_SAMPLE_COMMITS + 1);
    assert_string_equal(after, before);
    free(before);
    free(after);
    gs_test_dir_remove(dir);
}

static void what_is_one_segment_is_left_alone(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    gs_sample_index_make(dir);
    uint64_t generation = compact(dir, false).generation;
    assert_int_equal(compact(dir, false).generation, generation);
    assert_int_equal(compact(dir, true).generation, generation + 1); // another kind
    assert_int_equal(compact(dir, true).generation, generation + 1);
    gs_test_dir_remove(dir);
}

static void small_lists_hold_the_same(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    gs_sample_index_make(dir);
    char *before = gs_test_content(dir);
    compact(dir, true);
    char *after = gs_test_content(dir);
    assert_string_equal(after, before);
    free(before);
    free(after);
    gs_test_dir_remove(dir);
}

static void a_folder_without_index_stays_empty(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    gsearch_error error = {0};
    gs_compact_summary summary;
    assert_fails(GSEARCH_NO_INDEX, gs_compact_run(dir, false, NULL, &summary, &error), &error);
    assert_int_equal(gs_test_dir_count(dir), 0);
    gs_test_dir_remove(dir);
}

static void a_writer_keeps_others_out(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    gs_sample_index_make(dir);
    gsearch_error error = {0};
    gs_compact_summary summary;
    gs_change change;
    assert_ok(gs_change_open(dir, NULL, true, &change, &error), &error);
    assert_fails(GSEARCH_LOCKED, gs_compact_run(dir, false, NULL, &summary, &error), &error);
    gs_change_close(&change);
    gs_test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_stays_and_segments_go),
        cmocka_unit_test(what_is_one_segment_is_left_alone),
        cmocka_unit_test(small_lists_hold_the_same),
        cmocka_unit_test(a_folder_without_index_stays_empty),
        cmocka_unit_test(a_writer_keeps_others_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
