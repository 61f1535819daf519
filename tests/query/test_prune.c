/* SPDX-License-Identifier: Apache-2.0
 *
 * When a search is pruned.
 */
#include "query/prune.h"

#include "tests/query/probe.h"
#include "tests/query/uneven.h"
#include "tests/support/check.h"

static gs_uneven uneven;

static int set_up(void **unused)
{
    (void)unused;
    gs_uneven_make(&uneven, 19);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    gs_uneven_free(&uneven);
    return 0;
}

/* Prunes `query` in the only segment; how many documents were kept, best first in `kept`. */
static uint64_t prune(const char *query, double least, uint64_t capacity, bool *done,
                      gs_ranked *kept)
{
    gs_probe probe;
    gs_topk best;
    gsearch_error error;
    gs_probe_open(&probe, uneven.indexes[0], 0, query);
    assert_ok(gs_topk_init(&best, &probe.work->arena, capacity, GSEARCH_SORT_SCORE,
                           &probe.reader.in->docs, &error),
              &error);
    assert_ok(gs_prune(&probe.reader, probe.root, least, &best, done, &error), &error);
    gs_topk_finish(&best);
    uint64_t count = best.count;
    memcpy(kept, best.hits, count * sizeof(*kept));
    gs_probe_close(&probe);
    return count;
}

static void shapes_that_cannot_be_pruned_are_left_alone(void **unused)
{
    (void)unused;
    static const char *const queries[] = {"政务 公开", "政务 -公开", "政务 NEAR/3 公开",
                                          "天地人日月山", "date:2017"};
    gs_ranked kept[10];
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
        bool done = true;
        assert_int_equal(prune(queries[i], 0, 10, &done, kept), 0);
        assert_false(done);
    }
}

static void documents_below_the_least_score_need_not_be_kept(void **unused)
{
    (void)unused;
    gs_ranked all[10], some[10];
    bool done = false;
    assert_int_equal(prune("政务", 0, 10, &done, all), 10);
    assert_true(done);
    // a score that is equal to the least is kept
    uint64_t count = prune("政务", all[4].score, 10, &done, some);
    assert_true(done);
    assert_true(count >= 5);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(some[i].doc, all[i].doc);
        assert_true(some[i].score == all[i].score);
    }
    count = prune("政务", all[0].score + 1, 10, &done, some);
    assert_true(done);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_that_cannot_be_pruned_are_left_alone),
        cmocka_unit_test(documents_below_the_least_score_need_not_be_kept),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
