/* SPDX-License-Identifier: Apache-2.0
 *
 * Which terms count in which documents.
 */
#include "query/rank.h"

#include <stdio.h>
#include <string.h>

#include "tests/query/collection.h"
#include "tests/query/probe.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

/* Scores of `query` in documents 甲乙, 甲丙, 丙 of one length; -1 where it does not match. */
static void score(const char *query, double out[3])
{
    gs_collection collection = {0};
    gs_collection_add(&collection, "a", "甲，乙，一", "", 0);
    gs_collection_add(&collection, "b", "甲，丙，一", "", 0);
    gs_collection_add(&collection, "c", "二，丙，一", "", 0);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, true);
    gs_probe probe;
    double *scores;
    gsearch_error error;
    gs_probe_open(&probe, index, 0, query);
    const gs_docset *found = gs_probe_match(&probe, NULL);
    assert_ok(gs_rank_scores(&probe.reader, probe.root, probe.sets, &scores, &error), &error);
    out[0] = out[1] = out[2] = -1;
    for (uint32_t i = 0; i < found->count; i++)
        out[found->docs[i]] = scores[i];
    gs_probe_close(&probe);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void a_branch_that_does_not_hold_adds_nothing(void **unused)
{
    (void)unused;
    double branches[3], first[3], second[3], third[3];
    score("(甲 乙) OR 丙", branches);
    score("甲", first);
    score("乙", second);
    score("丙", third);
    assert_true(branches[0] == first[0] + second[0]);
    assert_true(branches[1] == third[1]);
    assert_true(branches[2] == third[2]);
}

static void all_branches_that_hold_add_up(void **unused)
{
    (void)unused;
    double both[3], first[3], third[3];
    score("甲 OR 丙", both);
    score("甲", first);
    score("丙", third);
    assert_true(both[1] == first[1] + third[1]);
}

static void negated_terms_and_dates_add_nothing(void **unused)
{
    (void)unused;
    double with[3], without[3];
    score("甲 -丙", with);
    score("甲", without);
    assert_true(with[0] == without[0]);
    assert_true(with[1] == -1);
    score("甲 OR date:2017", with);
    assert_memory_equal(with, without, sizeof(with));
}

#define MANY 300u

/* Documents of few lengths and frequencies, so that many scores are equal; the best must be those
 * that come out of pushing every score. */
static void the_best_are_those_of_all_scores(void **unused)
{
    (void)unused;
    static const char *const queries[] = {"甲", "\"甲乙\"", "甲 OR 乙", "甲乙 -丙"};
    gs_collection collection = {0};
    gs_buf text;
    gs_buf_init(&text, NULL, 1000);
    for (uint32_t i = 0; i < MANY; i++) {
        char id[8];
        snprintf(id, sizeof(id), "%03u", i * 7 % MANY);
        gs_buf_reset(&text);
        for (uint32_t t = 0; t <= i % 5; t++)
            gs_buf_str(&text, i % 11 == t ? "甲，" : "甲乙，");
        gs_buf_str(&text, i % 3 ? "丁" : "丁丁丁丙");
        gs_buf_u8(&text, 0);
        gs_collection_add(&collection, id, (const char *)text.data, "", 0);
    }
    gs_buf_release(&text);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, true);
    for (size_t q = 0; q < sizeof(queries) / sizeof(queries[0]); q++) {
        for (uint64_t k = 1; k <= 2 * MANY; k *= 3) {
            gs_probe probe;
            gs_topk best, expected;
            double *scores;
            gsearch_error error;
            gs_probe_open(&probe, index, 0, queries[q]);
            const gs_docset *found = gs_probe_match(&probe, NULL);
            gs_arena *arena = &probe.reader.work->batch;
            const gs_doctable *docs = &probe.reader.in->docs;
            assert_ok(gs_topk_init(&best, arena, k, GSEARCH_SORT_SCORE, docs, &error), &error);
            assert_ok(gs_topk_init(&expected, arena, k, GSEARCH_SORT_SCORE, docs, &error), &error);
            assert_ok(gs_rank_best(&probe.reader, probe.root, probe.sets, &best, &error), &error);
            assert_ok(gs_rank_scores(&probe.reader, probe.root, probe.sets, &scores, &error),
                      &error);
            for (uint32_t i = 0; i < found->count; i++)
                gs_topk_push(&expected, scores[i], found->docs[i]);
            gs_topk_finish(&best);
            gs_topk_finish(&expected);
            assert_true(found->count > MANY / 2);
            assert_int_equal(best.count, expected.count);
            assert_memory_equal(best.hits, expected.hits, best.count * sizeof(*best.hits));
            gs_probe_close(&probe);
        }
    }
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_branch_that_does_not_hold_adds_nothing),
        cmocka_unit_test(all_branches_that_hold_add_up),
        cmocka_unit_test(negated_terms_and_dates_add_nothing),
        cmocka_unit_test(the_best_are_those_of_all_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
