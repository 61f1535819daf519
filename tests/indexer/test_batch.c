/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/batch.c against the slow way of model.c.
 */
#include "indexer/batch.h"

#include <stdlib.h>

#include "common/base/limits.h"
#include "common/segment/segment.h"
#include "tests/indexer/model.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/flaky.h"

typedef gs_test_folder fixture;

static gs_document document_of(const char *id, const char *text)
{
    return (gs_document){.id = gs_bytes_str(id), .text = gs_bytes_str(text)};
}

static void a_segment_holds_what_the_rules_say(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(1, 150);
    gs_manifest_segment segment =
        gs_model_write(&model, f->dir, model.count, GS_MEMORY_BYTES_MIN, true);
    gs_model_check(&model, f->dir, &segment, true);
    gs_model_free(&model);
}

static void runs_cut_in_documents_lose_nothing(void **state)
{
    fixture *f = *state;
    for (uint64_t seed = 2; seed < 6; seed++) {
        gs_model model = gs_model_make(seed, 120);
        gs_manifest_segment segment = gs_model_write(&model, f->dir, model.count, 0, true);
        gs_model_check(&model, f->dir, &segment, true);
        gs_model_free(&model);
    }
}

static void text_need_not_be_stored(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(7, 60);
    gs_manifest_segment segment = gs_model_write(&model, f->dir, 25, 0, false);
    gs_model_check(&model, f->dir, &segment, false);
    gs_model_free(&model);
}

static void bad_documents_are_refused(void **state)
{
    fixture *f = *state;
    gs_batch *batch;
    assert_ok(gs_batch_new(f->dir, NULL, 0, true, &batch, &f->error), &f->error);
    gs_document document = document_of("", "政务");
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_batch_add(batch, &document, &f->error), &f->error);
    char *id = malloc(GS_ID_BYTES_MAX + 1);
    memset(id, 'i', GS_ID_BYTES_MAX + 1);
    document.id = gs_bytes_of(id, GS_ID_BYTES_MAX + 1);
    assert_fails(GSEARCH_LIMIT, gs_batch_add(batch, &document, &f->error), &f->error);
    document.id.len--;
    assert_ok(gs_batch_add(batch, &document, &f->error), &f->error);
    assert_int_equal(gs_batch_documents(batch), 1);
    free(id);
    gs_batch_free(batch);
}

static void a_title_zone_ends_with_its_line(void **state)
{
    fixture *f = *state;
    gs_batch *batch;
    assert_ok(gs_batch_new(f->dir, NULL, 0, true, &batch, &f->error), &f->error);
    // 公开 is the title; then a field with a break at its end, and a text that begins with one; then
    // a title whose break shows only behind it
    gs_document documents[] = {document_of("a", "\n## 公开\n三公"), document_of("b", "。务"),
                               document_of("c", "报告wto。\n正文")};
    documents[1].has_title = true;
    documents[1].title = gs_bytes_str("年报2017。");
    for (size_t i = 0; i < 3; i++)
        assert_ok(gs_batch_add(batch, &documents[i], &f->error), &f->error);
    assert_ok(gs_batch_finish(batch, &f->error), &f->error);
    gs_manifest_segment file;
    size_t count;
    assert_ok(gs_batches_write(f->dir, NULL, &batch, 1, true, &file, 1, &count, &f->error),
              &f->error);
    gs_segment *segment;
    assert_ok(gs_segment_open(f->dir, NULL, file.segment.id, file.segment.length, true, &segment,
                              &f->error),
              &f->error);
    // 公 开 break 三 公 separator, 年 报 2017 field break 务 separator, 报 告 wto break 正 文 separator
    assert_int_equal(segment->docs.starts[1], 6);
    assert_int_equal(segment->docs.starts[2], 12);
    assert_int_equal(segment->docs.starts[3], 19);
    assert_int_equal(gs_column_get(&segment->docs.title, 0), 2);
    assert_int_equal(gs_column_get(&segment->docs.title, 1), 3);
    assert_int_equal(gs_column_get(&segment->docs.title, 2), 4);
    gs_list list;
    // 开 stands before a break
    assert_ok(gs_terms_find_gram(&segment->terms, gs_gram(0x5F00, GS_GRAM_STOP, 0), &list,
                                 &f->error),
              &f->error);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.place, 1);
    assert_ok(gs_terms_find_gram(&segment->terms, GS_GRAM_BREAK, &list, &f->error), &f->error);
    assert_int_equal(list.count, 1); // behind wto
    assert_int_equal(list.place, 15);
    gs_segment_unref(segment);
    gs_batch_free(batch);
}

static void lack_of_memory_is_reported_and_leaks_nothing(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(11, 12);
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        gs_batch *batch = NULL;
        status = gs_batch_new(f->dir, &flaky.mem, 0, true, &batch, &f->error);
        for (size_t i = 0; i < model.count && !status; i++)
            status = gs_batch_add(batch, &model.documents[i].document, &f->error);
        if (!status)
            status = gs_batch_finish(batch, &f->error);
        gs_manifest_segment file;
        size_t count;
        if (!status)
            status = gs_batches_write(f->dir, &flaky.mem, &batch, 1, true, &file, 1, &count,
                                      &f->error);
        gs_batch_free(batch);
        assert_int_equal(flaky.live, 0);
        assert_true(status == GSEARCH_OK || status == GSEARCH_NO_MEMORY);
    }
    gs_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_segment_holds_what_the_rules_say, gs_test_folder_set_up,
                                        gs_test_folder_tear_down),
        cmocka_unit_test_setup_teardown(runs_cut_in_documents_lose_nothing, gs_test_folder_set_up,
                                        gs_test_folder_tear_down),
        cmocka_unit_test_setup_teardown(text_need_not_be_stored, gs_test_folder_set_up,
                                        gs_test_folder_tear_down),
        cmocka_unit_test_setup_teardown(bad_documents_are_refused, gs_test_folder_set_up,
                                        gs_test_folder_tear_down),
        cmocka_unit_test_setup_teardown(a_title_zone_ends_with_its_line, gs_test_folder_set_up,
                                        gs_test_folder_tear_down),
        cmocka_unit_test_setup_teardown(lack_of_memory_is_reported_and_leaks_nothing,
                                        gs_test_folder_set_up, gs_test_folder_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
