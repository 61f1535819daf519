/* SPDX-License-Identifier: Apache-2.0
 *
 * The proof of recall finds what a search misses, and nothing where it misses nothing.
 */
#include "cli/recall.h"

#include <string.h>

#include "common/text/analyzer.h"
#include "tests/indexer/forgery.h"
#include "tests/indexer/sampleindex.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define SAMPLES 60u

static gs_recall_summary run(const char *path, uint64_t samples, uint64_t seed,
                             void (*on_difference)(const char *, uint64_t, uint64_t, void *))
{
    gsearch_error error = {0};
    gsearch_index *index;
    gs_recall_summary summary;
    gs_recall_options options = {
        .samples = samples, .seed = seed, .on_difference = on_difference};
    assert_ok(gsearch_index_open(path, NULL, &index, &error), &error);
    gs_snapshot *snapshot = gs_index_snapshot(index);
    assert_ok(gs_recall_run(snapshot, &options, &summary, &error), &error);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
    return summary;
}

/* An index of that one segment. */
static gs_recall_summary ask(const gs_forgery *claims,
                             void (*on_difference)(const char *, uint64_t, uint64_t, void *))
{
    gsearch_error error = {0};
    char *path = gs_test_dir_make();
    gs_dir *dir;
    assert_ok(gs_dir_open(NULL, path, false, &dir, &error), &error);
    gs_segment *segment = gs_forgery_write(dir, claims);
    gs_manifest manifest = {
        .generation = 1,
        .analyzer = GS_ANALYZER_VERSION,
        .segments = {{.segment = {.id = segment->id, .length = segment->file_bytes},
                      .documents = 1}},
        .segments_count = 1,
    };
    strncpy(manifest.unicode, gs_analyzer_unicode(), sizeof(manifest.unicode) - 1);
    assert_ok(gs_manifest_commit(dir, NULL, &manifest, &error), &error);
    gs_recall_summary summary = run(path, SAMPLES, 1, on_difference);
    gs_segment_unref(segment);
    gs_dir_close(dir);
    gs_test_dir_remove(path);
    return summary;
}

static void unexpected(const char *piece, uint64_t found, uint64_t expected, void *payload)
{
    (void)payload;
    fail_msg("%s: found %llu, expected %llu", piece, (unsigned long long)found,
             (unsigned long long)expected);
}

static void missed(const char *piece, uint64_t found, uint64_t expected, void *payload)
{
    (void)payload;
    assert_string_equal(piece, "\"政务\"");
    assert_int_equal(found, 0);
    assert_int_equal(expected, 1);
}

static void extra(const char *piece, uint64_t found, uint64_t expected, void *payload)
{
    (void)payload;
    (void)expected;
    assert_non_null(strstr(piece, "公"));
    assert_int_equal(found, 0);
}

static void an_honest_index_misses_nothing(void **state)
{
    (void)state;
    gs_recall_summary summary = ask(&gs_forgery_honest, unexpected);
    assert_int_equal(summary.compared, SAMPLES);
    assert_int_equal(summary.differences, 0);
    assert_int_equal(summary.documents, 1);
}

static void a_phrase_that_is_missed_is_told(void **state)
{
    (void)state;
    gs_forgery claims = gs_forgery_honest;
    claims.second = GS_FORGERY_GONG;
    assert_true(ask(&claims, missed).differences > 0);
}

static void another_text_is_told(void **state)
{
    (void)state;
    gs_forgery claims = gs_forgery_honest;
    claims.text = "公务";
    assert_true(ask(&claims, extra).differences > 0);
}

static void over_a_break(const char *piece, uint64_t found, uint64_t expected, void *payload)
{
    (void)payload;
    assert_string_equal(piece, "\"政、务\"");
    assert_int_equal(found, 0);
    assert_int_equal(expected, 1);
}

static void pieces_go_across_breaks(void **state)
{
    (void)state;
    gs_forgery claims = gs_forgery_honest;
    claims.text = "政、务";
    assert_true(ask(&claims, over_a_break).differences > 0);
}

static void deleted_documents_and_titles_count_rightly(void **state)
{
    (void)state;
    char *path = gs_test_dir_make();
    gs_sample_index_make(path);
    for (uint64_t seed = 0; seed < 3; seed++) {
        gs_recall_summary summary = run(path, 500, seed, unexpected);
        assert_int_equal(summary.compared, 500);
        assert_int_equal(summary.unanswered, 0);
        assert_int_equal(summary.documents, GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS -
                                                (GS_SAMPLE_COMMITS - 1));
    }
    gs_test_dir_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_index_misses_nothing),
        cmocka_unit_test(a_phrase_that_is_missed_is_told),
        cmocka_unit_test(another_text_is_told),
        cmocka_unit_test(pieces_go_across_breaks),
        cmocka_unit_test(deleted_documents_and_titles_count_rightly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
