/* SPDX-License-Identifier: Apache-2.0
 *
 * Damage of each kind, and what is left.
 */
#include "indexer/salvage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/segment/format.h"
#include "tests/indexer/content.h"
#include "tests/indexer/sampleindex.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef struct fixture {
    char *dir, *saved;
    char lost[16384]; // a line each
    gs_salvage_summary summary;
    gsearch_error error;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->dir = gs_test_dir_make();
    f->saved = gs_test_dir_make();
    gs_sample_index_make(f->dir);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_test_dir_remove(f->dir);
    gs_test_dir_remove(f->saved);
    free(f);
    return 0;
}

static void on_lost(const char *what, const char *why, void *payload)
{
    fixture *f = payload;
    size_t len = strlen(f->lost);
    assert_true(*why != '\0');
    snprintf(f->lost + len, sizeof(f->lost) - len, "%s\n", what);
}

static gsearch_status salvage(fixture *f)
{
    gs_salvage_options options = {.on_lost = on_lost, .payload = f};
    return gs_salvage_run(f->dir, f->saved, &options, &f->summary, &f->error);
}

/* Lines of `text` that begin with `word`. */
static unsigned count_lines(const char *text, const char *word)
{
    unsigned count = 0;
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        count += strncmp(line, word, strlen(word)) == 0;
    }
    return count;
}

static void a_whole_index_is_saved_whole(void **state)
{
    fixture *f = *state;
    assert_ok(salvage(f), &f->error);
    char *is = gs_test_content(f->saved), *should = gs_test_content(f->dir);
    assert_string_equal(is, should);
    assert_string_equal(f->lost, "");
    assert_int_equal(f->summary.saved, GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS - 3);
    assert_int_equal(f->summary.lost, 0);
    free(is);
    free(should);
}

static void damaged_text_costs_its_block_alone(void **state)
{
    fixture *f = *state;
    free(gs_sample_index_damage(f->dir, GS_CHUNK_TEXT));
    assert_ok(salvage(f), &f->error);
    char *content = gs_test_content(f->saved);
    assert_int_equal(f->summary.saved, count_lines(content, "document "));
    assert_int_equal(f->summary.saved + f->summary.lost,
                     GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS - 3);
    assert_int_equal(f->summary.lost, count_lines(f->lost, "0-")); // of the first commit alone
    assert_true(f->summary.lost > 0);
    free(content);
}

static void a_lost_segment_is_named(void **state)
{
    fixture *f = *state;
    char *name = gs_sample_index_damage(f->dir, GS_CHUNK_DOCS);
    assert_ok(salvage(f), &f->error);
    assert_int_equal(f->summary.lost_files, 1);
    assert_int_equal(count_lines(f->lost, name), 1);
    assert_int_equal(f->summary.saved, (GS_SAMPLE_COMMITS - 1) * GS_SAMPLE_DOCUMENTS - 2 + 1);
    free(name);
}

static void without_a_manifest_every_document_comes_back(void **state)
{
    fixture *f = *state;
    for (unsigned generation = 1; generation <= GS_SAMPLE_COMMITS; generation++) {
        char name[64];
        snprintf(name, sizeof(name), "manifest-%016x.gsm", generation);
        char *path = gs_test_path(f->dir, name);
        unlink(path); // the older ones are gone already
        free(path);
    }
    assert_ok(salvage(f), &f->error);
    char *content = gs_test_content(f->saved);
    assert_int_equal(f->summary.saved, GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS);
    assert_int_equal(count_lines(content, "document "), GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS);
    free(content);
}

static void a_folder_with_an_index_is_refused(void **state)
{
    fixture *f = *state;
    assert_ok(salvage(f), &f->error);
    assert_fails(GSEARCH_BAD_ARGUMENT, salvage(f), &f->error);
}

static void nothing_comes_of_nothing(void **state)
{
    fixture *f = *state;
    char *empty = gs_test_dir_make();
    gs_salvage_options options = {.on_lost = NULL};
    assert_fails(GSEARCH_NO_INDEX,
                 gs_salvage_run(empty, f->saved, &options, &f->summary, &f->error), &f->error);
    assert_int_equal(gs_test_dir_count(f->saved), 0);
    gs_test_dir_remove(empty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_index_is_saved_whole),      TEST(damaged_text_costs_its_block_alone),
        TEST(a_lost_segment_is_named),           TEST(without_a_manifest_every_document_comes_back),
        TEST(a_folder_with_an_index_is_refused), TEST(nothing_comes_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
