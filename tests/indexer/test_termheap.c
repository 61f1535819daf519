/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/termheap.c.
 */
#include "indexer/termheap.h"

#include "tests/support/check.h"
#include "tests/support/fixture.h"

static void grams_come_by_number_before_words_by_bytes(void **state)
{
    (void)state;
    gsearch_error error;
    gs_term_heap heap;
    assert_ok(gs_term_heap_init(&heap, NULL, 5, &error), &error);
    const gs_term_head heads[] = {
        {.source = 0, .is_word = true, .word = gs_bytes_str("b")},
        {.source = 1, .is_word = true, .word = gs_bytes_str("ab")},
        {.source = 2, .gram = 1ull << 60},
        {.source = 3, .is_word = true, .word = gs_bytes_str("a")},
        {.source = 4, .gram = 7},
    };
    for (size_t i = 0; i < 5; i++)
        gs_term_heap_push(&heap, heads[i]);
    const uint32_t wanted[] = {4, 2, 3, 1, 0};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(heap.count, 5 - i);
        assert_int_equal(gs_term_heap_top(&heap)->source, wanted[i]);
        gs_term_heap_pop(&heap);
    }
    gs_term_heap_release(&heap);
}

static void many_sources_merge_in_order(void **state)
{
    (void)state;
    enum { SOURCES = 37, LISTS = 50 };
    gsearch_error error;
    gs_term_heap heap;
    assert_ok(gs_term_heap_init(&heap, NULL, SOURCES, &error), &error);
    uint64_t random = 1, grams[SOURCES];
    size_t left[SOURCES];
    for (uint32_t i = 0; i < SOURCES; i++) {
        grams[i] = gs_test_random_below(&random, 4);
        left[i] = LISTS;
        gs_term_heap_push(&heap, (gs_term_head){.source = i, .gram = grams[i]});
    }
    uint64_t last_gram = 0;
    uint32_t last_source = 0;
    for (size_t i = 0; i < SOURCES * LISTS; i++) {
        const gs_term_head *top = gs_term_heap_top(&heap);
        uint32_t source = top->source;
        assert_int_equal(top->gram, grams[source]);
        assert_true(i == 0 || top->gram > last_gram ||
                    (top->gram == last_gram && source > last_source));
        last_gram = top->gram;
        last_source = source;
        grams[source] += 1 + gs_test_random_below(&random, 4);
        if (--left[source])
            gs_term_heap_replace(&heap, (gs_term_head){.source = source, .gram = grams[source]});
        else
            gs_term_heap_pop(&heap);
    }
    assert_int_equal(heap.count, 0);
    gs_term_heap_release(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grams_come_by_number_before_words_by_bytes),
        cmocka_unit_test(many_sources_merge_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
