/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong is found and named; what is whole passes.
 */
#include "indexer/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/segment/deletes.h"
#include "common/segment/manifest.h"
#include "tests/indexer/sampleindex.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef struct fixture {
    char *dir, *scratch;
    char damaged[1024]; // names, a line each
    unsigned files;
    gs_audit_summary summary;
    gsearch_error error;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->dir = gs_test_dir_make();
    f->scratch = gs_test_dir_make();
    gs_sample_index_make(f->dir);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_test_dir_remove(f->dir);
    gs_test_dir_remove(f->scratch);
    free(f);
    return 0;
}

static void on_file(const gs_audit_finding *finding, void *payload)
{
    fixture *f = payload;
    size_t len = strlen(f->damaged);
    f->files++;
    if (finding->status)
        snprintf(f->damaged + len, sizeof(f->damaged) - len, "%s\n", finding->file);
}

static gsearch_status verify(fixture *f, bool deep)
{
    gs_audit_options options = {
        .scratch = deep ? f->scratch : NULL, .report = on_file, .payload = f};
    f->damaged[0] = '\0';
    f->files = 0;
    return gs_audit_verify(f->dir, &options, &f->summary, &f->error);
}

static void a_whole_index_passes(void **state)
{
    fixture *f = *state;
    assert_ok(verify(f, false), &f->error);
    assert_int_equal(f->files, gs_test_dir_count(f->dir) - 1); // LOCK
    assert_int_equal(f->summary.generation, GS_SAMPLE_COMMITS);
    assert_ok(verify(f, true), &f->error);
    assert_true(f->summary.documents >= GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS);
    assert_int_equal(gs_test_dir_count(f->scratch), 0);
}

static void damage_is_named_and_the_rest_still_looked_at(void **state)
{
    fixture *f = *state;
    char *name = gs_sample_index_damage(f->dir, 0);
    assert_fails(GSEARCH_CORRUPT, verify(f, false), &f->error);
    assert_int_equal(f->summary.damaged, 1);
    assert_int_equal(strncmp(f->damaged, name, strlen(name)), 0);
    assert_int_equal(f->files, gs_test_dir_count(f->dir) - 1);
    free(name);
}

static void a_missing_file_is_damage(void **state)
{
    fixture *f = *state;
    char *name = gs_sample_index_damage(f->dir, 0);
    char *path = gs_test_path(f->dir, name);
    assert_int_equal(unlink(path), 0);
    assert_fails(GSEARCH_CORRUPT, verify(f, false), &f->error);
    assert_int_equal(strncmp(f->damaged, name, strlen(name)), 0);
    free(path);
    free(name);
}

/* Commits a generation with a deletes file that says that nothing is in the deleted document. */
static void forge_share(fixture *f)
{
    gs_dir *dir;
    gs_manifest manifest;
    gs_container_name name;
    assert_ok(gs_dir_open(NULL, f->dir, false, &dir, &f->error), &f->error);
    assert_ok(gs_manifest_load(dir, NULL, &manifest, &f->error), &f->error);
    gs_manifest_segment *row = &manifest.segments[manifest.segments_count - 1];
    assert_int_equal(row->deleted, 0);
    uint8_t bits[(GS_SAMPLE_DOCUMENTS + 1 + 7) / 8] = {1};
    gs_deletes_content content = {
        .segment = row->segment.id,
        .documents = row->documents,
        .deleted = 1,
        .bits = bits,
    };
    assert_ok(gs_deletes_write(dir, NULL, &content, &name, &f->error), &f->error);
    row->deletes = (gs_manifest_file){.id = name.id, .length = name.length};
    row->deleted = 1;
    manifest.generation++;
    manifest.previous_checksum = manifest.checksum;
    assert_ok(gs_manifest_commit(dir, NULL, &manifest, &f->error), &f->error);
    gs_dir_close(dir);
}

static void only_deep_sees_statistics_that_do_not_fit_the_lists(void **state)
{
    fixture *f = *state;
    forge_share(f);
    assert_ok(verify(f, false), &f->error);
    assert_fails(GSEARCH_CORRUPT, verify(f, true), &f->error);
    assert_int_equal(strncmp(f->damaged, "del-", 4), 0);
    assert_int_equal(gs_test_dir_count(f->scratch), 0);
}

static void a_broken_chain_is_damage(void **state)
{
    fixture *f = *state;
    gs_dir *dir;
    gs_manifest manifest;
    assert_ok(gs_dir_open(NULL, f->dir, false, &dir, &f->error), &f->error);
    assert_ok(gs_manifest_load(dir, NULL, &manifest, &f->error), &f->error);
    manifest.generation++;
    manifest.previous_checksum = manifest.checksum ^ 1;
    assert_ok(gs_manifest_commit(dir, NULL, &manifest, &f->error), &f->error);
    gs_dir_close(dir);
    assert_fails(GSEARCH_CORRUPT, verify(f, false), &f->error);
    assert_int_equal(strncmp(f->damaged, "manifest-", 9), 0);
}

static void an_empty_folder_is_no_index(void **state)
{
    fixture *f = *state;
    gs_audit_options options = {0};
    assert_fails(GSEARCH_NO_INDEX,
                 gs_audit_verify(f->scratch, &options, &f->summary, &f->error), &f->error);
    assert_int_equal(gs_test_dir_count(f->scratch), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_index_passes),
        TEST(damage_is_named_and_the_rest_still_looked_at),
        TEST(a_missing_file_is_damage),
        TEST(only_deep_sees_statistics_that_do_not_fit_the_lists),
        TEST(a_broken_chain_is_damage),
        TEST(an_empty_folder_is_no_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
