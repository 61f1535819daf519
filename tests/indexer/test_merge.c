/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/merge.c: what is merged must be what a fresh build of the documents that stay
 * gives, byte for byte but for the seams of long lists.
 */
#include "indexer/merge.h"

#include <stdlib.h>

#include "common/base/limits.h"
#include "common/segment/deletes.h"
#include "common/segment/segment.h"
#include "common/text/analyzer.h"
#include "tests/indexer/model.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

#define CODE_POINTS 0x30000u

typedef struct fixture {
    char *path;
    gs_dir *dir;
    gsearch_error error;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    assert_ok(gs_dir_open(NULL, f->path, false, &f->dir, &f->error), &f->error);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_dir_close(f->dir);
    gs_test_dir_remove(f->path);
    free(f);
    return 0;
}

/* A model that borrows documents [from, to). */
static gs_model part_of(const gs_model *model, size_t from, size_t to)
{
    return (gs_model){model->documents + from, to - from};
}

/* Ends blocks of text only behind the documents `ends`, as a merge that packs again does. */
static void cut_only_behind(gs_model *model, const size_t *ends, size_t ends_count)
{
    for (size_t i = 0; i < model->count; i++)
        model->documents[i].cut_behind = false;
    for (size_t i = 0; i < ends_count; i++)
        if (ends[i])
            model->documents[ends[i] - 1].cut_behind = true;
}

static void count_characters(gs_bytes text, uint32_t document, uint32_t *last,
                             uint32_t *documents)
{
    gs_analyzer analyzer;
    gs_token tokens[16];
    gs_analyzer_start(&analyzer, text, 0, 0);
    for (size_t count; (count = gs_analyzer_next(&analyzer, tokens, 16)) > 0;) {
        for (size_t i = 0; i < count; i++) {
            uint32_t code_point = tokens[i].code_point;
            if (tokens[i].kind != GS_TOKEN_CJK || last[code_point] == document + 1)
                continue;
            last[code_point] = document + 1;
            documents[code_point]++;
        }
    }
}

/* Writes the deletes file of a segment for the documents that are not `kept`. The shares of grams
 * and words are left out: a merge counts those lists again. */
static void delete_documents(fixture *f, const gs_model *model, const bool *kept,
                             gs_manifest_segment *segment)
{
    uint32_t *last = calloc(CODE_POINTS, sizeof(*last));
    uint32_t *documents = calloc(CODE_POINTS, sizeof(*documents));
    uint32_t *characters = calloc(CODE_POINTS, sizeof(*characters));
    uint8_t *bits = calloc(model->count / 8 + 1, 1);
    gs_deletes_content content = {
        .segment = segment->segment.id, .documents = (uint32_t)model->count, .bits = bits};
    for (uint32_t i = 0; i < model->count; i++) {
        if (kept[i])
            continue;
        bits[i / 8] |= (uint8_t)(1u << i % 8);
        content.deleted++;
        const gs_document *document = &model->documents[i].document;
        count_characters(document->title, i, last, documents);
        count_characters(document->text, i, last, documents);
    }
    for (uint32_t i = 0; i < CODE_POINTS; i++) {
        if (!documents[i])
            continue;
        characters[content.characters_count] = i;
        documents[content.characters_count++] = documents[i];
    }
    content.characters = characters;
    content.character_documents = documents;
    gs_container_name name;
    assert_ok(gs_deletes_write(f->dir, NULL, &content, &name, &f->error), &f->error);
    segment->deletes = (gs_manifest_file){.id = name.id, .length = name.length};
    segment->deleted = content.deleted;
    free(last);
    free(documents);
    free(characters);
    free(bits);
}

static void assert_same(const gs_manifest_segment *a, const gs_manifest_segment *b)
{
    assert_int_equal(a->documents, b->documents);
    assert_int_equal(a->segment.length, b->segment.length);
    assert_true(a->segment.id.low == b->segment.id.low);
    assert_true(a->segment.id.high == b->segment.id.high);
}

/* What the most frequent list of a segment looks like: 务务. */
typedef struct frequent {
    bool is_long;
    uint32_t count;
    uint32_t blocks, partial; /* of a long list: blocks, and those with less than 256 positions */
} frequent;

static frequent frequent_of(fixture *f, const gs_manifest_segment *file)
{
    gs_segment *segment;
    gs_list list;
    assert_ok(gs_segment_open(f->dir, NULL, file->segment.id, file->segment.length, true, &segment,
                              &f->error),
              &f->error);
    assert_ok(gs_terms_find_gram(&segment->terms, gs_gram(0x52A1, 0x52A1, 0), &list,
                                 &f->error),
              &f->error);
    frequent out = {.is_long = list.is_long, .count = list.count};
    if (list.is_long) {
        gs_long_list blocks;
        assert_ok(gs_long_list_open(&segment->postings, &list, &blocks, &f->error), &f->error);
        out.blocks = blocks.blocks;
        for (uint32_t b = 0; b < blocks.blocks; b++)
            out.partial += gs_long_list_count(&blocks, b) < GS_BLOCK_POSTINGS;
    }
    gs_segment_unref(segment);
    return out;
}

/* Short lists alone: some of them are long together. */
static void whole_segments_merge_to_a_fresh_build(void **state)
{
    fixture *f = *state;
    for (int with_text = 0; with_text < 2; with_text++) {
        gs_model all = gs_model_make(20, 120);
        gs_model_document few[120];
        gs_model model = {few, 0};
        for (size_t i = 0; i < all.count; i++)
            if (all.documents[i].document.text.len < 800)
                few[model.count++] = all.documents[i];
        gs_manifest_segment inputs[120], merged;
        for (size_t i = 0; i < model.count; i++) {
            gs_model part = part_of(&model, i, i + 1);
            inputs[i] = gs_model_write(&part, f->dir, 1, 0, with_text);
            assert_false(frequent_of(f, &inputs[i]).is_long);
        }
        assert_ok(gs_merge_segments(f->dir, NULL, inputs, model.count, true, false, &merged,
                                    &f->error),
                  &f->error);
        gs_manifest_segment fresh = gs_model_write(&model, f->dir, 1, 0, with_text);
        assert_true(frequent_of(f, &merged).is_long);
        assert_same(&merged, &fresh);
        gs_model_check(&model, f->dir, &merged, with_text);
        gs_model_free(&all);
    }
}

/* Lists whose blocks are coded: their blocks stay as they are, or are packed one by one. */
static void coded_lists_move_by_their_blocks(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(20, 280);
    gs_manifest_segment inputs[20], merged;
    for (size_t i = 0; i < 20; i++) {
        gs_model part = part_of(&model, 14 * i, 14 * (i + 1));
        inputs[i] = gs_model_write(&part, f->dir, 14, 0, false);
        assert_true(frequent_of(f, &inputs[i]).count < GS_PACKED_MIN);
    }
    const size_t counts[] = {2, 20};
    for (size_t i = 0; i < 2; i++) {
        gs_model whole = part_of(&model, 0, 14 * counts[i]);
        assert_ok(gs_merge_segments(f->dir, NULL, inputs, counts[i], true, false, &merged,
                                    &f->error),
                  &f->error);
        frequent of = frequent_of(f, &merged);
        assert_true(of.is_long && (of.count >= GS_PACKED_MIN) == (i == 1));
        assert_true(of.partial > 1);
        gs_model_check(&whole, f->dir, &merged, false);
    }
    gs_model_free(&model);
}

/* Short and long lists in turns. Where blocks of one list meet another's, they are not full. */
static void long_lists_move_by_their_blocks(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(20, 560);
    size_t ends[] = {0, 14, 210, 224, 420, 560};
    gs_manifest_segment inputs[5], merged;
    for (size_t i = 0; i < 5; i++) {
        gs_model part = part_of(&model, ends[i], ends[i + 1]);
        inputs[i] = gs_model_write(&part, f->dir, 14, 0, true);
    }
    frequent first = frequent_of(f, &inputs[1]), second = frequent_of(f, &inputs[3]);
    assert_true(first.is_long && second.is_long);
    assert_ok(gs_merge_segments(f->dir, NULL, inputs, 5, true, false, &merged, &f->error),
              &f->error);
    frequent together = frequent_of(f, &merged);
    assert_true(together.blocks > first.blocks + second.blocks);
    assert_in_range(together.partial, 2, 5);
    gs_model_check(&model, f->dir, &merged, true);
    gs_model_free(&model);
}

/* What was merged is merged again, over and over, with one document to each side. */
static void blocks_stay_half_full_however_often_they_are_merged(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(30, 400);
    size_t from = 100, to = 300;
    gs_model part = part_of(&model, from, to);
    gs_manifest_segment merged = gs_model_write(&part, f->dir, 200, 0, false);
    frequent last = frequent_of(f, &merged);
    assert_true(last.is_long);
    bool packed = false;
    for (; !packed && from; from--, to++) {
        gs_model before = part_of(&model, from - 1, from), behind = part_of(&model, to, to + 1);
        gs_manifest_segment inputs[3] = {gs_model_write(&before, f->dir, 1, 0, false), merged,
                                         gs_model_write(&behind, f->dir, 1, 0, false)};
        assert_ok(gs_merge_segments(f->dir, NULL, inputs, 3, true, false, &merged, &f->error),
                  &f->error);
        frequent now = frequent_of(f, &merged);
        assert_true(now.count >= GS_BLOCK_POSTINGS / 2 * (now.blocks - 2));
        packed = now.blocks < last.blocks;
        last = now;
    }
    assert_true(packed);
    part = part_of(&model, from, to);
    gs_model_check(&part, f->dir, &merged, false);
    gs_model_free(&model);
}

/* Merges three segments after random deletes; `share` in 100 documents stay. */
static void check_deletes(fixture *f, uint64_t seed, uint64_t share)
{
    gs_model model = gs_model_make(seed, 280);
    size_t ends[] = {0, 21, 200, 280};
    cut_only_behind(&model, ends, 4);
    uint64_t random = seed;
    bool kept[280];
    for (size_t i = 0; i < model.count; i++)
        kept[i] = gs_test_random_below(&random, 100) < share;
    gs_manifest_segment inputs[3], merged;
    gs_model survivors = {calloc(model.count, sizeof(*survivors.documents)), 0};
    size_t survivors_ends[3];
    for (size_t i = 0; i < 3; i++) {
        gs_model part = part_of(&model, ends[i], ends[i + 1]);
        inputs[i] = gs_model_write(&part, f->dir, part.count, GS_MEMORY_BYTES_MIN, true);
        delete_documents(f, &part, kept + ends[i], &inputs[i]);
        for (size_t j = ends[i]; j < ends[i + 1]; j++)
            if (kept[j])
                survivors.documents[survivors.count++] = model.documents[j];
        survivors_ends[i] = survivors.count;
    }
    assert_ok(gs_merge_segments(f->dir, NULL, inputs, 3, true, false, &merged, &f->error),
              &f->error);
    cut_only_behind(&survivors, survivors_ends, 3);
    gs_manifest_segment fresh =
        gs_model_write(&survivors, f->dir, survivors.count, GS_MEMORY_BYTES_MIN, true);
    gs_model_check(&survivors, f->dir, &merged, true);
    assert_same(&merged, &fresh);
    free(survivors.documents);
    gs_model_free(&model);
}

static void deleted_documents_leave_no_trace(void **state)
{
    fixture *f = *state;
    check_deletes(f, 21, 50);
    check_deletes(f, 22, 95);
    check_deletes(f, 23, 3);
}

static void one_segment_may_be_merged_alone(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(24, 60);
    gs_manifest_segment input = gs_model_write(&model, f->dir, 60, 0, true), merged;
    assert_ok(gs_merge_segments(f->dir, NULL, &input, 1, true, false, &merged, &f->error),
              &f->error);
    assert_same(&merged, &input);
    gs_model_free(&model);
}

static void small_lists_come_back_to_the_same_bytes(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(25, 200);
    gs_manifest_segment input = gs_model_write(&model, f->dir, 200, 0, true), small, back;
    assert_true(frequent_of(f, &input).is_long);
    assert_ok(gs_merge_segments(f->dir, NULL, &input, 1, true, true, &small, &f->error), &f->error);
    gs_model_check(&model, f->dir, &small, true);
    assert_true(small.segment.id.low != input.segment.id.low);
    assert_ok(gs_merge_segments(f->dir, NULL, &small, 1, true, false, &back, &f->error), &f->error);
    assert_same(&back, &input);
    gs_model_free(&model);
}

static void nothing_is_left_of_deleted_segments(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(26, 9);
    gs_manifest_segment input = gs_model_write(&model, f->dir, 9, 0, true), merged;
    bool kept[9] = {false};
    delete_documents(f, &model, kept, &input);
    size_t files = gs_test_dir_count(f->path);
    assert_ok(gs_merge_segments(f->dir, NULL, &input, 1, true, false, &merged, &f->error),
              &f->error);
    assert_int_equal(merged.documents, 0);
    assert_int_equal(merged.segment.length, 0);
    assert_int_equal(gs_test_dir_count(f->path), files);
    gs_model_free(&model);
}

static void segments_that_differ_are_refused(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(27, 9);
    gs_manifest_segment inputs[2], merged;
    for (size_t i = 0; i < 2; i++)
        inputs[i] = gs_model_write(&model, f->dir, 9, 0, i == 0);
    assert_fails(GSEARCH_BAD_ARGUMENT,
                 gs_merge_segments(f->dir, NULL, inputs, 2, true, false, &merged, &f->error),
                 &f->error);
    inputs[1].segment.id.low ^= 1;
    assert_fails(GSEARCH_NOT_FOUND,
                 gs_merge_segments(f->dir, NULL, inputs, 2, true, false, &merged, &f->error),
                 &f->error);
    gs_model_free(&model);
}

static void lack_of_memory_is_reported_and_leaks_nothing(void **state)
{
    fixture *f = *state;
    gs_model model = gs_model_make(28, 21);
    bool kept[21];
    for (size_t i = 0; i < 21; i++)
        kept[i] = i % 3 > 0;
    gs_manifest_segment inputs[2], merged;
    for (size_t i = 0; i < 2; i++) {
        inputs[i] = gs_model_write(&model, f->dir, 21, 0, true);
        if (i)
            delete_documents(f, &model, kept, &inputs[i]);
    }
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        status = gs_merge_segments(f->dir, &flaky.mem, inputs, 2, true, false, &merged, &f->error);
        assert_int_equal(flaky.live, 0);
        assert_true(status == GSEARCH_OK || status == GSEARCH_NO_MEMORY);
    }
    gs_model_free(&model);
}

/* ---- the policy ---- */

static gs_manifest manifest_of(const uint64_t *mebibytes, size_t count)
{
    gs_manifest manifest = {.segments_count = (uint32_t)count};
    for (size_t i = 0; i < count; i++)
        manifest.segments[i] = (gs_manifest_segment){
            .segment = {.length = (mebibytes[i] << 20) + 1}, .documents = 100};
    return manifest;
}

static void few_segments_are_left_alone(void **state)
{
    (void)state;
    uint64_t sizes[] = {500, 3, 0, 0, 0};
    gs_manifest manifest = manifest_of(sizes, 5);
    manifest.segments[0].deleted = 30;
    size_t first = 9, count = 9;
    gs_merge_choose(&manifest, &first, &count);
    assert_int_equal(count, 0);
}

static void a_segment_with_many_deleted_documents_is_chosen(void **state)
{
    (void)state;
    uint64_t sizes[] = {500, 3, 0};
    gs_manifest manifest = manifest_of(sizes, 3);
    manifest.segments[1].deleted = 31;
    size_t first, count;
    gs_merge_choose(&manifest, &first, &count);
    assert_int_equal(first, 1);
    assert_int_equal(count, 1);
}

static void many_small_neighbours_are_chosen_without_the_large_one(void **state)
{
    (void)state;
    uint64_t sizes[] = {500, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    gs_manifest manifest = manifest_of(sizes, 10);
    size_t first, count;
    gs_merge_choose(&manifest, &first, &count);
    assert_int_equal(first, 1);
    assert_int_equal(count, 9);
}

static void updates_never_pile_up_to_the_limit(void **state)
{
    (void)state;
    gs_manifest manifest = {0};
    uint64_t random = 29;
    for (int i = 0; i < 5000; i++) {
        uint64_t bytes = 1ull << gs_test_random_below(&random, 26);
        assert_true(manifest.segments_count < GS_SEGMENTS_MAX);
        manifest.segments[manifest.segments_count++] =
            (gs_manifest_segment){.segment = {.length = bytes}, .documents = 1};
        size_t first, count;
        gs_merge_choose(&manifest, &first, &count);
        for (size_t j = 1; j < count; j++)
            manifest.segments[first].segment.length += manifest.segments[first + j].segment.length;
        size_t rest = first + count;
        if (count > 1) {
            memmove(&manifest.segments[first + 1], &manifest.segments[rest],
                    (manifest.segments_count - rest) * sizeof(manifest.segments[0]));
            manifest.segments_count -= (uint32_t)count - 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_segments_merge_to_a_fresh_build, set_up, tear_down),
        cmocka_unit_test_setup_teardown(coded_lists_move_by_their_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_lists_move_by_their_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(blocks_stay_half_full_however_often_they_are_merged,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(deleted_documents_leave_no_trace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_segment_may_be_merged_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_lists_come_back_to_the_same_bytes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_deleted_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(segments_that_differ_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lack_of_memory_is_reported_and_leaks_nothing, set_up,
                                        tear_down),
        cmocka_unit_test(few_segments_are_left_alone),
        cmocka_unit_test(a_segment_with_many_deleted_documents_is_chosen),
        cmocka_unit_test(many_small_neighbours_are_chosen_without_the_large_one),
        cmocka_unit_test(updates_never_pile_up_to_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
