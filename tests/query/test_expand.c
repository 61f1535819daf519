/* SPDX-License-Identifier: Apache-2.0
 *
 * Completions over segments and deletes.
 */
#include "query/expand.h"

#include <stdio.h>
#include <string.h>

#include "common/base/limits.h"
#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static gsearch_status note(const gs_completion *completion, const gs_list *lists, void *payload,
                           gsearch_error *err)
{
    (void)lists;
    (void)err;
    gs_buf_bytes(payload, completion->word);
    gs_buf_printf(payload, "=%u ", (unsigned)completion->documents);
    return GSEARCH_OK;
}

static void words_of_all_segments_come_once_in_order(void **unused)
{
    (void)unused;
    gs_collection collection = {0};
    gs_collection_add(&collection, "a", "abc abd abc x", NULL, 0);
    gs_collection_add(&collection, "b", "abc abz 年", NULL, 0);
    gs_collection_add(&collection, "c", "ab abc", NULL, 0);
    gs_collection_add(&collection, "d", "abz aby", NULL, 0);
    collection.documents[3].deleted = true; // aby is in no living document
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 2, false);
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gs_arena arena;
    gs_buf words;
    gsearch_error error;
    gs_arena_init(&arena, NULL, 1u << 20);
    gs_buf_init(&words, NULL, 4096);
    assert_ok(gs_expand_each(snapshot, &arena, gs_bytes_str("ab"), note, &words, &error), &error);
    gs_buf_u8(&words, 0);
    assert_string_equal((const char *)words.data, "ab=1 abc=3 abd=1 abz=1 ");
    gs_list_set sets[2] = {{0}};
    uint64_t documents;
    assert_ok(gs_expand_word(snapshot, &arena, gs_bytes_str("ab"), sets, &documents, &error),
              &error);
    assert_int_equal(documents, 6);
    assert_int_equal(sets[0].count, 3); // abc abd of a, ab abc of c
    assert_int_equal(sets[0].positions, 5);
    assert_int_equal(sets[1].count, 2);
    gs_buf_release(&words);
    gs_arena_release(&arena);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

static void one_completion_too_many_is_refused(void **unused)
{
    (void)unused;
    gs_collection collection = {0};
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    for (unsigned i = 0; i < GS_QUERY_COMPLETIONS_MAX; i++)
        gs_buf_printf(&text, "x%u ", i);
    gs_buf_u8(&text, 0);
    gs_collection_add(&collection, "a", (const char *)text.data, NULL, 0);
    gs_collection_add(&collection, "b", "xy", NULL, 0);
    gs_buf_release(&text);
    for (size_t with = 1; with <= 2; with++) {
        collection.documents[1].deleted = with == 1;
        char *dir = gs_test_dir_make();
        gsearch_index *index = gs_collection_index(&collection, dir, 2, false);
        gsearch_request request = GSEARCH_REQUEST_INIT;
        gsearch_results *results = NULL;
        gsearch_error error;
        request.query = "x*";
        gsearch_status status = gsearch_search(index, &request, &results, &error);
        if (with == 1) {
            assert_ok(status, &error);
            assert_int_equal(results->total, 1);
        } else {
            assert_fails(GSEARCH_LIMIT, status, &error);
            assert_non_null(strstr(error.message, "1024"));
        }
        gsearch_results_free(results);
        gsearch_index_close(index);
        gs_test_dir_remove(dir);
    }
    gs_collection_free(&collection);
}

/* ---- words longer than a term ---- */

#define LONG_BYTES 300u

/* `len` times a, then `end`, then a star perhaps. */
static const char *long_word(char *out, size_t len, const char *end)
{
    memset(out, 'a', len);
    snprintf(out + len, LONG_BYTES + 8 - len, "%s", end);
    return out;
}

static void assert_finds(gsearch_index *index, const char *query, uint64_t total)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results = NULL;
    gsearch_error error;
    request.query = query;
    assert_ok(gsearch_search(index, &request, &results, &error), &error);
    assert_int_equal(results->total, total);
    gsearch_results_free(results);
}

static void assert_limit(gsearch_index *index, const char *query)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results = NULL;
    gsearch_error error;
    request.query = query;
    assert_fails(GSEARCH_LIMIT, gsearch_search(index, &request, &results, &error), &error);
    assert_non_null(strstr(error.message, "236"));
}

static void long_words_are_found_whole_and_by_their_beginning(void **unused)
{
    (void)unused;
    char word[LONG_BYTES + 8];
    gs_collection collection = {0};
    gs_collection_add(&collection, "b", long_word(word, LONG_BYTES, "b"), NULL, 0);
    gs_collection_add(&collection, "c", long_word(word, LONG_BYTES, "c"), NULL, 0);
    gs_collection_add(&collection, "255", long_word(word, 255, ""), NULL, 0);
    // its head has 236 bytes, and the first digit of its hash is a d
    gs_collection_add(&collection, "4", long_word(word, 236, "𐐨𐐨𐐨𐐨𐐨"), NULL, 0);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 2, false);
    assert_finds(index, long_word(word, LONG_BYTES, "b"), 1);
    assert_finds(index, long_word(word, LONG_BYTES, "c"), 1);
    assert_finds(index, long_word(word, LONG_BYTES, "d"), 0);
    assert_finds(index, long_word(word, LONG_BYTES, ""), 0);
    assert_finds(index, long_word(word, 255, ""), 1);
    assert_finds(index, "a*", 4);
    assert_finds(index, long_word(word, 236, "*"), 4);
    assert_finds(index, long_word(word, 235, "b*"), 0);
    assert_limit(index, long_word(word, 236, "d*"));
    assert_limit(index, long_word(word, 255, "*"));
    assert_limit(index, long_word(word, LONG_BYTES, "b*"));
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_all_segments_come_once_in_order),
        cmocka_unit_test(one_completion_too_many_is_refused),
        cmocka_unit_test(long_words_are_found_whole_and_by_their_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
