/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/flush.c: how batches become segments. That the content is right is checked in
 * test_batch.c.
 */
#include "indexer/batch.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/limits.h"
#include "indexer/batchparts.h"
#include "tests/indexer/model.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/folder.h"

typedef gs_test_folder fixture;

static void bytes_depend_on_neither_memory_nor_batches(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(8, 154);
    gs_manifest_segment one =
        gs_model_write(&model, f->dir, model.count, GS_MEMORY_BYTES_MIN, true);
    size_t batch_documents[] = {model.count, 77, 77, 7};
    size_t memory[] = {0, 0, GS_MEMORY_BYTES_MIN, 7u << 20};
    for (size_t i = 0; i < sizeof(memory) / sizeof(*memory); i++) {
        gs_manifest_segment other =
            gs_model_write(&model, f->dir, batch_documents[i], memory[i], true);
        assert_int_equal(other.segment.length, one.segment.length);
        assert_true(other.segment.id.low == one.segment.id.low);
        assert_true(other.segment.id.high == one.segment.id.high);
    }
    gs_model_free(&model);
}

static void no_documents_make_no_segment(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(9, 0);
    gs_batch *batch = gs_model_batch(&model, 0, 0, f->dir, 0, true);
    size_t count = 1;
    assert_ok(gs_batches_write(f->dir, NULL, &batch, 1, true, NULL, 0, &count, &f->error),
              &f->error);
    assert_int_equal(count, 0);
    gs_batch_free(batch);
    gs_model_free(&model);
    assert_int_equal(gs_test_dir_count(f->path), 0);
}

static void more_segments_than_there_is_room_for_are_refused(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(10, 3);
    gs_batch *batch = gs_model_batch(&model, 0, 3, f->dir, 0, true);
    size_t count;
    assert_fails(GSEARCH_LIMIT,
                 gs_batches_write(f->dir, NULL, &batch, 1, true, NULL, 0, &count, &f->error),
                 &f->error);
    gs_batch_free(batch);
    gs_model_free(&model);
}

static void a_batch_holds_so_many_documents_as_a_segment(void **state)
{
    fixture *f = *state;
    gs_batch *batch;
    const gs_document document = {.id = gs_bytes_str("a"), .text = gs_bytes_str("政务")};
    assert_ok(gs_batch_new(f->dir, NULL, 0, true, &batch, &f->error), &f->error);
    batch->documents = GS_SEGMENT_DOCUMENTS_MAX; // as if
    assert_fails(GSEARCH_LIMIT, gs_batch_add(batch, &document, &f->error), &f->error);
    assert_non_null(strstr(f->error.message, "2147483647"));
    batch->documents = 0;
    assert_ok(gs_batch_add(batch, &document, &f->error), &f->error);
    gs_batch_free(batch);
}

static void batches_that_do_not_fit_one_segment_make_more(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(12, 28);
    gs_batch *batches[4];
    for (size_t i = 0; i < 4; i++)
        batches[i] = gs_model_batch(&model, 7 * i, 7 * i + 7, f->dir, 0, true);
    // as if the second and the fourth were nearly as large as a segment
    batches[1]->positions = batches[3]->positions = GS_SEGMENT_POSITIONS_MAX;
    gs_manifest_segment files[4];
    size_t count;
    assert_ok(gs_batches_write(f->dir, NULL, batches, 4, true, files, 4, &count, &f->error),
              &f->error);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++) {
        gs_model part = {model.documents + 7 * i, 7};
        gs_model_check(&part, f->dir, &files[i], true);
        gs_batch_free(batches[i]);
    }
    gs_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_depend_on_neither_memory_nor_batches,
                                        gs_test_folder_set_up, gs_test_folder_tear_down),
        cmocka_unit_test_setup_teardown(a_batch_holds_so_many_documents_as_a_segment,
                                        gs_test_folder_set_up, gs_test_folder_tear_down),
        cmocka_unit_test_setup_teardown(batches_that_do_not_fit_one_segment_make_more,
                                        gs_test_folder_set_up, gs_test_folder_tear_down),
        cmocka_unit_test_setup_teardown(no_documents_make_no_segment, gs_test_folder_set_up,
                                        gs_test_folder_tear_down),
        cmocka_unit_test_setup_teardown(more_segments_than_there_is_room_for_are_refused,
                                        gs_test_folder_set_up, gs_test_folder_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
