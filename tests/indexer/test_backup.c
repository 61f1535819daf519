/* SPDX-License-Identifier: Apache-2.0
 *
 * A copy is an index of its own.
 */
#include "indexer/backup.h"

#include <stdlib.h>
#include <string.h>

#include "tests/indexer/content.h"
#include "tests/indexer/sampleindex.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static void the_copy_has_the_same_content_and_generation(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    char *home = gs_test_dir_make();
    char *copy = gs_test_path(home, "copy");
    gsearch_error error = {0};
    gs_backup_summary summary;
    gs_sample_index_make(dir);
    size_t files = gs_test_dir_count(dir);
    assert_ok(gs_backup_run(dir, copy, NULL, &summary, &error), &error);
    char *is = gs_test_content(copy), *should = gs_test_content(dir);
    assert_string_equal(is, should);
    assert_int_equal(summary.generation, GS_SAMPLE_COMMITS);
    assert_int_equal(gs_test_dir_count(dir), files);
    assert_int_equal(gs_test_dir_count(copy), summary.files + 1); // and LOCK
    free(is);
    free(should);
    free(copy);
    gs_test_dir_remove(home);
    gs_test_dir_remove(dir);
}

static void an_index_is_not_written_over(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    char *other = gs_test_dir_make();
    gsearch_error error = {0};
    gs_backup_summary summary;
    gs_sample_index_make(dir);
    assert_ok(gs_backup_run(dir, other, NULL, &summary, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_backup_run(dir, other, NULL, &summary, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_backup_run(dir, dir, NULL, &summary, &error), &error);
    gs_test_dir_remove(other);
    gs_test_dir_remove(dir);
}

static void what_a_killed_backup_left_is_removed(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    char *copy = gs_test_dir_make();
    gsearch_error error = {0};
    gs_backup_summary summary;
    gs_sample_index_make(dir);
    gs_test_file_write(copy, ".tmp-0123456789abcdef", "half", 4);
    gs_test_file_write(copy, ".tmp-of-another", "whole", 5);
    assert_ok(gs_backup_run(dir, copy, NULL, &summary, &error), &error);
    assert_false(gs_test_file_exists(copy, ".tmp-0123456789abcdef"));
    assert_true(gs_test_file_exists(copy, ".tmp-of-another"));
    gs_test_dir_remove(copy);
    gs_test_dir_remove(dir);
}

static void a_backup_that_fails_takes_back_its_copies(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    char *copy = gs_test_dir_make();
    gsearch_error error = {0};
    gs_backup_summary summary;
    gs_sample_index_make(dir);
    char *names = gs_test_segments(dir);
    names[strlen(names) - 1] = '\0'; // the last line end
    const char *last = strrchr(names, '\n') + 1;
    gs_test_file_write(copy, last, "another", 7);
    assert_fails(GSEARCH_CORRUPT, gs_backup_run(dir, copy, NULL, &summary, &error), &error);
    assert_true(gs_test_file_exists(copy, last));
    assert_int_equal(gs_test_dir_count(copy), 2); // and LOCK
    free(names);
    gs_test_dir_remove(copy);
    gs_test_dir_remove(dir);
}

static void without_an_index_nothing_is_made(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    char *copy = gs_test_path(dir, "copy");
    gsearch_error error = {0};
    gs_backup_summary summary;
    assert_fails(GSEARCH_NO_INDEX, gs_backup_run(dir, copy, NULL, &summary, &error), &error);
    assert_int_equal(gs_test_dir_count(dir), 0);
    free(copy);
    gs_test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_copy_has_the_same_content_and_generation),
        cmocka_unit_test(an_index_is_not_written_over),
        cmocka_unit_test(what_a_killed_backup_left_is_removed),
        cmocka_unit_test(a_backup_that_fails_takes_back_its_copies),
        cmocka_unit_test(without_an_index_nothing_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
