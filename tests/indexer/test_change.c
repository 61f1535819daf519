/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/change.c: from one generation to the next, or back to where it was.
 */
#include "indexer/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text/analyzer.h"
#include "tests/indexer/model.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define DOCUMENTS 40u

typedef struct fixture {
    char *path;
    gs_change change;
    gs_model model;
    gsearch_error error;
} fixture;

static void open_change(fixture *f)
{
    assert_ok(gs_change_open(f->path, NULL, true, &f->change, &f->error), &f->error);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    f->model = gs_model_make(5, DOCUMENTS);
    open_change(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    if (f->change.dir)
        gs_change_close(&f->change);
    gs_model_free(&f->model);
    gs_test_dir_remove(f->path);
    free(f);
    return 0;
}

static void write_model(fixture *f)
{
    gs_batch *batch =
        gs_model_batch(&f->model, 0, DOCUMENTS, f->change.dir, (size_t)16 << 20, true);
    assert_ok(gs_change_write(&f->change, &batch, 1, true, false, NULL, &f->error), &f->error);
    gs_batch_free(batch);
}

static void commit(fixture *f, uint64_t generation)
{
    assert_ok(gs_change_commit(&f->change, (gs_manifest_file){0}, &f->error), &f->error);
    assert_int_equal(f->change.manifest.generation, generation);
}

static bool find(fixture *f, gs_bytes id, size_t *segment, uint32_t *doc)
{
    size_t count = f->change.segments_count;
    assert_ok(gs_change_find(&f->change, 0, count, id, segment, doc, &f->error), &f->error);
    return *segment < count;
}

static void a_new_folder_stands_at_generation_0(void **state)
{
    fixture *f = *state;
    assert_int_equal(f->change.manifest.generation, 0);
    assert_int_equal(f->change.segments_count, 0);
    commit(f, 1);
    gs_change_close(&f->change);
    open_change(f);
    assert_int_equal(f->change.manifest.generation, 1);
}

static void documents_are_found_until_they_are_deleted(void **state)
{
    fixture *f = *state;
    size_t segment;
    uint32_t doc;
    gs_bytes id = f->model.documents[7].document.id;
    assert_false(find(f, id, &segment, &doc));
    write_model(f);
    commit(f, 1);
    assert_true(find(f, id, &segment, &doc));
    gs_change_delete(&f->change.segments[segment], doc);
    assert_false(find(f, id, &segment, &doc));
    commit(f, 2);
    assert_false(find(f, id, &segment, &doc));
    assert_true(find(f, f->model.documents[8].document.id, &segment, &doc));
    gs_change_close(&f->change);
    open_change(f);
    assert_false(find(f, id, &segment, &doc));
}

static void of_new_documents_with_one_id_the_last_stays(void **state)
{
    fixture *f = *state;
    size_t segment;
    uint32_t doc;
    gs_model_document *documents = f->model.documents;
    gs_bytes third = documents[3].document.id;
    gs_bytes ninth = documents[9].document.id;
    documents[3].document.id = documents[9].document.id = documents[30].document.id;
    write_model(f);
    documents[3].document.id = third;
    documents[9].document.id = ninth;
    assert_true(find(f, f->model.documents[30].document.id, &segment, &doc));
    assert_int_equal(doc, 30);
    assert_int_equal(f->change.segments[segment].deleted, 2);
    assert_false(gs_change_is_live(&f->change.segments[segment], 3));
    assert_false(gs_change_is_live(&f->change.segments[segment], 9));
}

static void a_segment_without_living_documents_is_dropped(void **state)
{
    fixture *f = *state;
    write_model(f);
    commit(f, 1);
    for (uint32_t doc = 0; doc < DOCUMENTS; doc++)
        gs_change_delete(&f->change.segments[0], doc);
    commit(f, 2);
    assert_int_equal(f->change.segments_count, 0);
}

static void what_was_not_committed_leaves_no_file(void **state)
{
    fixture *f = *state;
    write_model(f);
    commit(f, 1);
    size_t files = gs_test_dir_count(f->path);
    for (uint32_t i = 0; i < DOCUMENTS; i++)
        f->model.documents[i].document.date = 20200101 + i % 9;
    write_model(f);
    assert_int_equal(gs_test_dir_count(f->path), files + 1);
    gs_change_close(&f->change);
    assert_int_equal(gs_test_dir_count(f->path), files);
    open_change(f);
    assert_int_equal(f->change.manifest.generation, 1);
}

static void an_index_of_another_analyser_is_refused(void **state)
{
    fixture *f = *state;
    gs_manifest manifest = {.generation = 1, .analyzer = GS_ANALYZER_VERSION + 1};
    snprintf(manifest.unicode, sizeof(manifest.unicode), "%s", gs_analyzer_unicode());
    assert_ok(gs_manifest_commit(f->change.dir, NULL, &manifest, &f->error), &f->error);
    gs_change_close(&f->change);
    assert_fails(GSEARCH_ANALYZER, gs_change_open(f->path, NULL, true, &f->change, &f->error),
                 &f->error);
}

/* As many as a manifest can name, which a commit would have merged. */
static void make_segments(fixture *f, uint32_t count)
{
    gs_manifest manifest = f->change.manifest;
    manifest.generation++;
    for (uint32_t i = 0; i < count; i++) {
        size_t written;
        f->model.documents[0].document.date = 20200101 + i % 28 + i / 28 * 100;
        gs_batch *batch = gs_model_batch(&f->model, 0, 1, f->change.dir, (size_t)16 << 20, true);
        assert_ok(gs_batches_write(f->change.dir, NULL, &batch, 1, true, &manifest.segments[i], 1,
                                   &written, &f->error),
                  &f->error);
        gs_batch_free(batch);
    }
    manifest.segments_count = count;
    assert_ok(gs_manifest_commit(f->change.dir, NULL, &manifest, &f->error), &f->error);
}

static void a_full_manifest_is_merged_rather_than_refused(void **state)
{
    fixture *f = *state;
    make_segments(f, GS_SEGMENTS_MAX);
    gs_change_close(&f->change);
    open_change(f);
    assert_int_equal(f->change.segments_count, GS_SEGMENTS_MAX);
    write_model(f);
    commit(f, 2);
    assert_true(f->change.segments_count < GS_SEGMENTS_MAX);
    uint64_t documents = 0;
    for (size_t i = 0; i < f->change.segments_count; i++)
        documents += f->change.segments[i].file.documents;
    assert_int_equal(documents, GS_SEGMENTS_MAX + DOCUMENTS);
}

/* ---- several segments of one change ---- */

static bool is_split; // each batch becomes a segment, as if one could not hold all

gsearch_status __real_gs_batches_write(gs_dir *dir, const gs_mem *mem, gs_batch **batches,
                                       size_t batches_count, bool with_text,
                                       gs_manifest_segment *out, size_t out_max,
                                       size_t *out_count, gsearch_error *err);
gsearch_status __wrap_gs_batches_write(gs_dir *dir, const gs_mem *mem, gs_batch **batches,
                                       size_t batches_count, bool with_text,
                                       gs_manifest_segment *out, size_t out_max,
                                       size_t *out_count, gsearch_error *err);

/* The linker gives this what calls gs_batches_write from another file. */
gsearch_status __wrap_gs_batches_write(gs_dir *dir, const gs_mem *mem, gs_batch **batches,
                                       size_t batches_count, bool with_text,
                                       gs_manifest_segment *out, size_t out_max,
                                       size_t *out_count, gsearch_error *err)
{
    if (!is_split)
        return __real_gs_batches_write(dir, mem, batches, batches_count, with_text, out, out_max,
                                       out_count, err);
    for (size_t i = 0; i < batches_count; i++)
        GS_TRY(__real_gs_batches_write(dir, mem, &batches[i], 1, with_text, &out[i], 1, out_count,
                                       err));
    *out_count = batches_count;
    return GSEARCH_OK;
}

/* Writes four segments of ten documents, in which three, `twins`, have the id of document 37. */
static void write_split(fixture *f, const size_t twins[3], const gs_change_order *order)
{
    gs_bytes ids[3];
    gs_batch *batches[4];
    for (size_t i = 0; i < 3; i++) {
        ids[i] = f->model.documents[twins[i]].document.id;
        f->model.documents[twins[i]].document.id = f->model.documents[37].document.id;
    }
    for (size_t i = 0; i < 4; i++)
        batches[i] = gs_model_batch(&f->model, 10 * i, 10 * (i + 1), f->change.dir,
                                    (size_t)16 << 20, true);
    is_split = true;
    assert_ok(gs_change_write(&f->change, batches, 4, true, false, order, &f->error), &f->error);
    is_split = false;
    for (size_t i = 0; i < 4; i++)
        gs_batch_free(batches[i]);
    for (size_t i = 0; i < 3; i++)
        f->model.documents[twins[i]].document.id = ids[i];
    assert_int_equal(f->change.segments_count, 4);
}

static void across_segments_the_last_stays_too(void **state)
{
    fixture *f = *state;
    size_t segment;
    uint32_t doc;
    write_split(f, (size_t[]){3, 13, 14}, NULL);
    assert_true(find(f, f->model.documents[37].document.id, &segment, &doc));
    assert_int_equal(segment, 3);
    assert_int_equal(doc, 7);
    assert_int_equal(f->change.segments[0].deleted, 1);
    assert_int_equal(f->change.segments[1].deleted, 2);
    assert_int_equal(f->change.segments[3].deleted, 0);
    commit(f, 1);
    assert_true(find(f, f->model.documents[37].document.id, &segment, &doc));
}

static unsigned shadowed;

/* A place that falls from segment to segment: the first to come is to stay. */
static uint32_t falling_place(gs_bytes source, void *payload)
{
    (void)source;
    return --*(uint32_t *)payload;
}

static void count_shadowed(gs_bytes id, uint32_t place, void *payload)
{
    (void)place;
    (void)payload;
    assert_true(id.len > 0);
    shadowed++;
}

static void an_order_decides_across_segments(void **state)
{
    fixture *f = *state;
    size_t segment;
    uint32_t doc, next = 1000;
    const gs_change_order order = {falling_place, count_shadowed, &next};
    shadowed = 0;
    write_split(f, (size_t[]){3, 13, 24}, &order);
    assert_int_equal(shadowed, 3);
    assert_true(find(f, f->model.documents[37].document.id, &segment, &doc));
    assert_int_equal(segment, 0);
    assert_int_equal(doc, 3);
}

static void an_index_of_another_unicode_is_refused(void **state)
{
    fixture *f = *state;
    gs_manifest manifest = {.generation = 1, .analyzer = GS_ANALYZER_VERSION, .unicode = "1.1.0"};
    assert_ok(gs_manifest_commit(f->change.dir, NULL, &manifest, &f->error), &f->error);
    gs_change_close(&f->change);
    assert_fails(GSEARCH_ANALYZER, gs_change_open(f->path, NULL, true, &f->change, &f->error),
                 &f->error);
}

static void one_change_at_a_time(void **state)
{
    fixture *f = *state;
    gs_change second;
    assert_fails(GSEARCH_LOCKED, gs_change_open(f->path, NULL, true, &second, &f->error),
                 &f->error);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_new_folder_stands_at_generation_0),
        CASE(documents_are_found_until_they_are_deleted),
        CASE(of_new_documents_with_one_id_the_last_stays),
        CASE(a_segment_without_living_documents_is_dropped),
        CASE(what_was_not_committed_leaves_no_file),
        CASE(an_index_of_another_analyser_is_refused),
        CASE(a_full_manifest_is_merged_rather_than_refused),
        CASE(across_segments_the_last_stays_too),
        CASE(an_order_decides_across_segments),
        CASE(an_index_of_another_unicode_is_refused),
        CASE(one_change_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
