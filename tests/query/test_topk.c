/* SPDX-License-Identifier: Apache-2.0
 *
 * The best k against sorting all.
 */
#include "query/topk.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define DOCS 400u

typedef struct model {
    double score;
    uint32_t doc, rank, date;
} model;

static gsearch_sort sort_by; // qsort has no payload

static int compare(const void *a, const void *b)
{
    const model *x = a, *y = b;
    if (sort_by != GSEARCH_SORT_SCORE && x->date != y->date) {
        if (!x->date || !y->date)
            return x->date ? -1 : 1;
        int order = x->date < y->date ? -1 : 1;
        return sort_by == GSEARCH_SORT_DATE ? order : -order;
    }
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->rank < y->rank ? -1 : 1;
}

static void the_best_k_come_out_in_order(void **unused)
{
    (void)unused;
    uint32_t dates[DOCS], ranks[DOCS];
    model all[DOCS];
    uint64_t state = 9, left_out = 0;
    gs_doctable docs = {.count = DOCS};
    docs.date = (gs_column){.data = (const uint8_t *)dates, .width = 4};
    docs.rank = (gs_column){.data = (const uint8_t *)ranks, .width = 4};
    for (uint32_t doc = 0; doc < DOCS; doc++) {
        ranks[doc] = doc * 37 % DOCS;
        dates[doc] = (uint32_t)gs_test_random_below(&state, 5) * 20170101;
    }
    for (uint32_t k = 0; k <= DOCS + 3; k = k * 2 + 1) {
        for (int sort = GSEARCH_SORT_SCORE; sort <= GSEARCH_SORT_DATE_DESC; sort++) {
            gs_arena arena;
            gs_topk topk;
            gsearch_error error;
            gs_arena_init(&arena, NULL, 1u << 20);
            assert_ok(gs_topk_init(&topk, &arena, k, (gsearch_sort)sort, &docs, &error), &error);
            for (uint32_t doc = 0; doc < DOCS; doc++) {
                double score = (double)gs_test_random_below(&state, 20) / 4;
                all[doc] = (model){score, doc, ranks[doc], dates[doc]};
                if (score >= gs_topk_least(&topk))
                    gs_topk_push(&topk, score, doc);
                else
                    left_out++;
            }
            gs_topk_finish(&topk);
            sort_by = (gsearch_sort)sort;
            qsort(all, DOCS, sizeof(*all), compare);
            assert_int_equal(topk.count, k < DOCS ? k : DOCS);
            for (uint64_t i = 0; i < topk.count; i++)
                assert_int_equal(topk.hits[i].doc, all[i].doc);
            gs_arena_release(&arena);
        }
    }
    assert_true(left_out > 0);
}

static void a_match_takes_sixteen_bytes(void **unused)
{
    (void)unused;
    assert_int_equal(sizeof(gs_ranked), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_k_come_out_in_order),
        cmocka_unit_test(a_match_takes_sixteen_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
