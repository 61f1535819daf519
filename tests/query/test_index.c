/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening, refreshing and sharing generations; the statistics.
 */
#include "query/index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

static struct {
    int error;      // of the next syncs; 0: none
    unsigned calls; // so far
} syncs;

/* In place of that of the C library. */
int fsync(int fd)
{
    syncs.calls++;
    errno = syncs.error;
    return syncs.error ? -1 : (int)syscall(SYS_fsync, fd);
}

static gs_collection four_documents(void)
{
    gs_collection collection = {0};
    gs_collection_add(&collection, "a", "政务公开", NULL, 0);
    gs_collection_add(&collection, "b", "政务政务 ab", NULL, 0);
    gs_collection_add(&collection, "c", "政、务 ab ab", NULL, 0);
    gs_collection_add(&collection, "d", "政务 ab", NULL, 0);
    collection.documents[3].deleted = true;
    return collection;
}

static void a_folder_without_an_index_says_so(void **unused)
{
    (void)unused;
    char *dir = gs_test_dir_make();
    gsearch_index *index = NULL;
    gsearch_error error;
    assert_fails(GSEARCH_NO_INDEX, gsearch_index_open(dir, NULL, &index, &error), &error);
    assert_null(index);
    gs_test_dir_remove(dir);
    assert_fails(GSEARCH_NO_INDEX, gsearch_index_open("/nowhere/at/all", NULL, &index, &error),
                 &error);
}

static void statistics_are_of_living_documents_of_all_segments(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    for (size_t segments = 1; segments <= 4; segments++) {
        char *dir = gs_test_dir_make();
        gsearch_index *index = gs_collection_index(&collection, dir, segments, false);
        gs_snapshot *snapshot = gs_index_snapshot(index);
        gsearch_error error;
        uint64_t count;
        assert_int_equal(snapshot->documents, 3);
        assert_int_equal(snapshot->total_length, 4 + 5 + 5);
        assert_ok(gs_snapshot_gram_documents(snapshot, gs_gram(0x653f, 0x52a1, 0), &count, &error),
                  &error);
        assert_int_equal(count, 2);
        assert_ok(gs_snapshot_word_documents(snapshot, gs_bytes_str("ab"), &count, &error), &error);
        assert_int_equal(count, 2);
        assert_int_equal(gs_snapshot_character_documents(snapshot, 0x52a1), 3);
        assert_int_equal(gs_snapshot_character_documents(snapshot, 0x4e00), 0);
        gs_snapshot_unref(snapshot);
        gsearch_index_close(index);
        gs_test_dir_remove(dir);
    }
    gs_collection_free(&collection);
}

static void a_living_document_is_found_by_its_id(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 3, false);
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gsearch_error error;
    uint32_t segment, doc;
    bool found;
    assert_ok(gs_snapshot_find(snapshot, gs_bytes_str("b"), &segment, &doc, &found, &error),
              &error);
    assert_true(found);
    assert_int_equal(segment, 1);
    assert_int_equal(doc, 0);
    assert_ok(gs_snapshot_find(snapshot, gs_bytes_str("d"), &segment, &doc, &found, &error),
              &error);
    assert_false(found);
    assert_ok(gs_snapshot_find(snapshot, gs_bytes_str("nobody"), &segment, &doc, &found, &error),
              &error);
    assert_false(found);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

/* Commits generation `number` with the first `segments` segments of `of`. */
static void commit(const char *path, const gs_manifest *of, uint64_t number, uint32_t segments)
{
    gs_dir *dir;
    gsearch_error error;
    gs_manifest *next = malloc(sizeof(*next));
    *next = *of;
    next->generation = number;
    next->previous_checksum = of->checksum;
    next->segments_count = segments;
    assert_ok(gs_dir_open(NULL, path, false, &dir, &error), &error);
    assert_ok(gs_manifest_commit(dir, NULL, next, &error), &error);
    gs_dir_close(dir);
    free(next);
}

static void refresh_takes_the_newest_and_shares_what_stays(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 3, false);
    gsearch_error error;
    bool changed = true;
    assert_ok(gsearch_index_refresh(index, &changed, &error), &error);
    assert_false(changed);
    gs_snapshot *before = gs_index_snapshot(index);
    commit(dir, &before->manifest, 2, 1);
    assert_ok(gsearch_index_refresh(index, &changed, &error), &error);
    assert_true(changed);
    gs_snapshot *after = gs_index_snapshot(index);
    assert_int_equal(after->manifest.generation, 2);
    assert_int_equal(after->segments_count, 1);
    assert_ptr_equal(after->segments[0].segment, before->segments[0].segment);
    assert_ptr_equal(after->segments[0].deletes, before->segments[0].deletes);
    assert_int_equal(before->segments_count, 3); // a search that runs keeps what it began with
    gs_snapshot_unref(before);
    gs_snapshot_unref(after);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void refresh_sees_another_folder_in_the_place_of_the_first(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    char *dir = gs_test_dir_make(), *path = gs_test_path(dir, "index"),
         *aside = gs_test_path(dir, "aside");
    gsearch_index *index = gs_collection_index(&collection, path, 3, false);
    gsearch_error error;
    bool changed = false;
    assert_int_equal(rename(path, aside), 0);
    assert_fails(GSEARCH_NO_INDEX, gsearch_index_refresh(index, &changed, &error), &error);
    gsearch_index_close(gs_collection_index(&collection, path, 1, true));
    assert_ok(gsearch_index_refresh(index, &changed, &error), &error);
    assert_true(changed);
    gs_snapshot *after = gs_index_snapshot(index);
    assert_int_equal(after->segments_count, 1);
    gs_snapshot_unref(after);
    gsearch_index_close(index);
    free(path);
    free(aside);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static uint64_t generation_of(gsearch_index *index, bool *degraded)
{
    gs_snapshot *snapshot = gs_index_snapshot(index);
    uint64_t generation = snapshot->manifest.generation;
    *degraded = snapshot->manifest.degraded;
    gs_snapshot_unref(snapshot);
    return generation;
}

static void a_daemon_shows_no_generation_that_is_not_durable(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    char *dir = gs_test_dir_make();
    gsearch_index *plain = gs_collection_index(&collection, dir, 3, false), *index = NULL;
    gs_snapshot *first = gs_index_snapshot(plain);
    gsearch_error error;
    bool degraded;
    syncs.error = EIO;
    assert_fails(GSEARCH_IO, gs_index_open_durable(dir, &index, &error), &error);
    assert_null(index);
    syncs.error = 0;
    syncs.calls = 0;
    assert_ok(gs_index_open_durable(dir, &index, &error), &error);
    assert_int_equal(syncs.calls, 1);
    commit(dir, &first->manifest, 2, 1);
    syncs.error = EIO;
    assert_fails(GSEARCH_IO, gsearch_index_refresh(index, NULL, &error), &error);
    assert_int_equal(generation_of(index, &degraded), 1);
    syncs.calls = 0;
    assert_ok(gsearch_index_refresh(plain, NULL, &error), &error); // promises its caller nothing
    assert_int_equal(syncs.calls, 0);
    syncs.error = EROFS; // nothing can be taken back where nothing can be written
    assert_ok(gsearch_index_refresh(index, NULL, &error), &error);
    assert_int_equal(generation_of(index, &degraded), 2);
    assert_int_equal(syncs.calls, 1);
    syncs.error = 0;
    gs_snapshot_unref(first);
    gsearch_index_close(plain);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void refresh_sees_a_newer_one_that_is_damaged(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 3, false);
    gsearch_error error;
    bool changed = true, degraded;
    gs_test_file_write(dir, "manifest-0000000000000002.gsm", "gsearch manifest\n", 17);
    assert_ok(gsearch_index_refresh(index, &changed, &error), &error);
    assert_int_equal(generation_of(index, &degraded), 1);
    assert_false(changed);
    assert_true(degraded);
    char *path = gs_test_path(dir, "manifest-0000000000000002.gsm");
    assert_int_equal(unlink(path), 0);
    assert_ok(gsearch_index_refresh(index, &changed, &error), &error);
    assert_int_equal(generation_of(index, &degraded), 1);
    assert_false(changed);
    assert_false(degraded);
    free(path);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void refresh_does_not_go_back(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    char *dir = gs_test_dir_make(), *path = gs_test_path(dir, "manifest-0000000000000002.gsm");
    gsearch_index *index = gs_collection_index(&collection, dir, 3, false);
    gs_snapshot *first = gs_index_snapshot(index);
    gsearch_error error;
    bool degraded;
    commit(dir, &first->manifest, 2, 2);
    assert_ok(gsearch_index_refresh(index, NULL, &error), &error);
    for (int gone = 0; gone < 2; gone++) {
        if (gone)
            assert_int_equal(unlink(path), 0);
        else
            gs_test_file_write(dir, "manifest-0000000000000002.gsm", "gsearch manifest\n", 17);
        assert_fails(GSEARCH_CORRUPT, gsearch_index_refresh(index, NULL, &error), &error);
        assert_int_equal(generation_of(index, &degraded), 2);
    }
    // an index made anew is no step back, whatever its number
    char *older = gs_test_path(dir, "manifest-0000000000000001.gsm");
    assert_int_equal(unlink(older), 0);
    commit(dir, &first->manifest, 1, 1);
    assert_ok(gsearch_index_refresh(index, NULL, &error), &error);
    assert_int_equal(generation_of(index, &degraded), 1);
    free(older);
    free(path);
    gs_snapshot_unref(first);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void what_makes_no_sense_is_refused(void **unused)
{
    (void)unused;
    gsearch_error error;
    gsearch_index *index;
    gsearch_index_options options = {.struct_size = sizeof(options) + 1};
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_index_open(NULL, NULL, &index, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_index_open("x", NULL, NULL, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_index_open("x", &options, &index, &error), &error);
}

/* Manifests that are whole, and do not say what is there. */
static void a_manifest_that_does_not_fit_its_files_is_damage(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 2, false);
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gs_manifest *other = malloc(sizeof(*other));
    gsearch_error error;
    *other = snapshot->manifest;
    other->segments[0].documents++;
    commit(dir, other, 2, 1);
    assert_fails(GSEARCH_CORRUPT, gsearch_index_refresh(index, NULL, &error), &error);
    assert_non_null(strstr(error.message, "documents"));
    *other = snapshot->manifest;
    snprintf(other->unicode, sizeof(other->unicode), "1.1.0");
    commit(dir, other, 3, 1);
    assert_fails(GSEARCH_ANALYZER, gsearch_index_refresh(index, NULL, &error), &error);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
    free(other);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void another_analyser_is_refused(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, false);
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gs_manifest *other = malloc(sizeof(*other));
    *other = snapshot->manifest;
    other->analyzer++;
    commit(dir, other, 2, 1);
    gsearch_error error;
    assert_fails(GSEARCH_ANALYZER, gsearch_index_refresh(index, NULL, &error), &error);
    gs_snapshot *still = gs_index_snapshot(index);
    assert_ptr_equal(still, snapshot);
    gs_snapshot_unref(still);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
    assert_fails(GSEARCH_ANALYZER, gsearch_index_open(dir, NULL, &index, &error), &error);
    free(other);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void an_index_opens_or_runs_out_of_memory_cleanly(void **unused)
{
    (void)unused;
    gs_collection collection = four_documents();
    char *dir = gs_test_dir_make();
    gsearch_index_close(gs_collection_index(&collection, dir, 2, false));
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gsearch_error error;
        gsearch_index *index = NULL;
        gs_flaky_init(&flaky, fail_at);
        gsearch_allocator allocator = {flaky.mem.resize, flaky.mem.payload};
        gsearch_index_options options = {.struct_size = sizeof(options), .allocator = &allocator};
        status = gsearch_index_open(dir, &options, &index, &error);
        if (status)
            assert_int_equal(status, GSEARCH_NO_MEMORY);
        gsearch_index_close(index);
        assert_int_equal(flaky.live, 0);
    }
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_without_an_index_says_so),
        cmocka_unit_test(statistics_are_of_living_documents_of_all_segments),
        cmocka_unit_test(a_living_document_is_found_by_its_id),
        cmocka_unit_test(refresh_takes_the_newest_and_shares_what_stays),
        cmocka_unit_test(a_daemon_shows_no_generation_that_is_not_durable),
        cmocka_unit_test(refresh_sees_another_folder_in_the_place_of_the_first),
        cmocka_unit_test(refresh_sees_a_newer_one_that_is_damaged),
        cmocka_unit_test(refresh_does_not_go_back),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_manifest_that_does_not_fit_its_files_is_damage),
        cmocka_unit_test(another_analyser_is_refused),
        cmocka_unit_test(an_index_opens_or_runs_out_of_memory_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
