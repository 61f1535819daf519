/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/wordtable.c.
 */
#include "indexer/wordtable.h"

#include <stdio.h>

#include "common/base/limits.h"
#include "tests/support/check.h"

static gs_bytes word_of(char *room, unsigned number)
{
    // 7919 is prime: the words come in no order, and each once
    return gs_bytes_of(room, (size_t)snprintf(room, 32, "w%u", number * 7919 % 100003));
}

static void equal_words_have_one_number(void **state)
{
    (void)state;
    gsearch_error error;
    gs_words words;
    char room[32];
    assert_ok(gs_words_init(&words, NULL, 1 << 20, &error), &error);
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 5000; i++) {
            uint32_t number;
            assert_true(gs_words_intern(&words, word_of(room, i), &number));
            assert_int_equal(number, i);
            assert_true(gs_bytes_equal(gs_words_get(&words, i), word_of(room, i)));
        }
    }
    gs_words_release(&words);
}

static void ranks_follow_the_bytes(void **state)
{
    (void)state;
    gsearch_error error;
    gs_words words;
    char room[32];
    uint32_t number;
    assert_ok(gs_words_init(&words, NULL, 1 << 20, &error), &error);
    for (unsigned i = 0; i < 2000; i++)
        assert_true(gs_words_intern(&words, word_of(room, i), &number));
    assert_true(gs_words_intern(&words, gs_bytes_str("é"), &number));
    assert_true(gs_words_intern(&words, gs_bytes_str("w"), &number));
    gs_words_rank(&words);
    for (uint32_t i = 0; i < words.count; i++) {
        assert_int_equal(words.words[words.order[i]].rank, i);
        if (i)
            assert_true(gs_bytes_compare(gs_words_get(&words, words.order[i - 1]),
                                         gs_words_get(&words, words.order[i])) < 0);
    }
    gs_words_release(&words);
}

static void a_full_table_takes_words_again_after_a_reset(void **state)
{
    (void)state;
    gsearch_error error;
    gs_words words;
    assert_ok(gs_words_init(&words, NULL, 0, &error), &error);
    char room[32], longest[GS_TERM_BYTES_MAX];
    for (int round = 0; round < 3; round++) {
        uint32_t number, taken = 0;
        while (gs_words_intern(&words, word_of(room, taken), &number))
            taken++;
        assert_true(taken > 1);
        assert_true(gs_words_intern(&words, word_of(room, 0), &number));
        gs_words_reset(&words);
        // two of the longest have room in the smallest table
        for (uint32_t i = 0; i < 2; i++) {
            memset(longest, 'a' + (int)i, sizeof(longest));
            assert_true(
                gs_words_intern(&words, gs_bytes_of(longest, sizeof(longest)), &number));
            assert_int_equal(number, i);
        }
        gs_words_reset(&words);
    }
    gs_words_release(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_words_have_one_number),
        cmocka_unit_test(ranks_follow_the_bytes),
        cmocka_unit_test(a_full_table_takes_words_again_after_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
