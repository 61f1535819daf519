/* SPDX-License-Identifier: Apache-2.0
 *
 * Searching against the slow search, on random corpora and queries; and what requests promise.
 */
#include "query/search.h"

#include <stdlib.h>

#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define SMALL                                                               \
    (gs_collection_options)                                                 \
    {                                                                       \
        .documents = 60, .pieces_max = 50, .characters = 9, .deletes = true \
    }

/* ---- random queries ------------------------------------------------------------------------ */

static const char *const pieces[] = {"政",   "务",   "公",   "开",   "年",   "務",   "度",
                                     "報",   "政务", "公开", "开年", "年度", "政公", "度",
                                     "务务", "年年", "2017", "pd17", "ab ",  "、",   "pd1728a"};

#define PICK(array, state) (array)[gs_test_random_below((state), sizeof(array) / sizeof(*(array)))]

static void put_phrase(gs_buf *out, uint64_t *state)
{
    static const char *const shapes[] = {"%s",  "%s",       "%s",  "\"%s\"",
                                         "=%s", "title:%s", "%s*", "标题：%s"};
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    for (uint64_t i = 1 + gs_test_random_below(state, 2); i--;) {
        const char *piece = PICK(pieces, state);
        gs_buf_append(&text, piece, piece[2] == ' ' ? 2 : strlen(piece));
    }
    gs_buf_u8(&text, 0);
    const char *shape = PICK(shapes, state);
    for (; *shape; shape++) {
        if (*shape == '%')
            gs_buf_str(out, (const char *)text.data), shape++;
        else
            gs_buf_u8(out, (uint8_t)*shape);
    }
    gs_buf_release(&text);
}

static void put_query(gs_buf *out, uint64_t *state, int depth)
{
    static const char *const dates[] = {"date:2016", "date:2015..2017-06", "日期:2017-03..",
                                        "date:20160512"};
    uint64_t kind = gs_test_random_below(state, depth ? 12 : 4);
    if (kind < 4) {
        put_phrase(out, state);
    } else if (kind == 4) {
        gs_buf_str(out, PICK(dates, state));
    } else if (kind < 7) {
        put_phrase(out, state);
        gs_buf_printf(out, " NEAR/%u ", (unsigned)gs_test_random_below(state, 8));
        put_phrase(out, state);
        if (kind == 6) {
            gs_buf_str(out, " NEAR/4 ");
            put_phrase(out, state);
        }
    } else {
        gs_buf_str(out, kind == 8 ? "(" : "");
        put_query(out, state, depth - 1);
        gs_buf_str(out, kind < 10 ? " " : kind == 10 ? " OR " : " -");
        if (kind == 11)
            put_phrase(out, state);
        else
            put_query(out, state, depth - 1);
        gs_buf_str(out, kind == 8 ? ")" : "");
    }
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void check_same(const gsearch_results *a, const gsearch_results *b, const char *query)
{
    assert_int_equal(a->total, b->total);
    for (size_t i = 0; i < a->hits_count; i++) {
        if (strcmp(a->hits[i].id, b->hits[i].id) != 0 ||
            memcmp(&a->hits[i].score, &b->hits[i].score, sizeof(double)) != 0)
            fail_msg("%s: row %zu differs between segmentations", query, i);
    }
}

static gsearch_results *search(gsearch_index *index, const char *query, gsearch_match match)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_error error;
    gsearch_results *results = NULL;
    request.query = query;
    request.limit = 1000;
    request.match = match;
    request.snippet = false;
    gsearch_status status = gsearch_search(index, &request, &results, &error);
    if (status)
        fail_msg("%s: %s", query, error.message);
    return results;
}

/* The corpus as one fresh segment, as one with deletes, as three. */
typedef struct shapes {
    char *dirs[3];
    gsearch_index *indexes[3];
} shapes;

static shapes make_shapes(const gs_collection *corpus)
{
    static const size_t segments[] = {1, 1, 3};
    shapes made;
    for (size_t i = 0; i < 3; i++) {
        made.dirs[i] = gs_test_dir_make();
        made.indexes[i] = gs_collection_index(corpus, made.dirs[i], segments[i], i == 0);
    }
    return made;
}

static void free_shapes(shapes *made)
{
    for (size_t i = 0; i < 3; i++) {
        gsearch_index_close(made->indexes[i]);
        gs_test_dir_remove(made->dirs[i]);
    }
}

/* Runs the query on all shapes and compares; how many documents it found. A query that does not
 * parse is left out. */
static size_t compare(const gs_collection *corpus, const shapes *made, const char *query)
{
    gs_arena arena;
    gs_query parsed;
    gs_arena_init(&arena, NULL, 1u << 24);
    size_t count = 0;
    if (gs_query_parse(&arena, gs_bytes_str(query), &parsed, NULL) == GSEARCH_OK) {
        gs_collection_hit *wanted = gs_collection_search(corpus, parsed.root, &count);
        gsearch_results *results[3];
        for (size_t i = 0; i < 3; i++) {
            results[i] = search(made->indexes[i], query, GSEARCH_MATCH_EXACT);
            gs_collection_check(results[i], wanted, count, query);
            check_same(results[0], results[i], query);
        }
        for (size_t i = 0; i < 3; i++)
            gsearch_results_free(results[i]);
        free(wanted);
    }
    gs_arena_release(&arena);
    return count;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void random_queries_find_what_a_slow_search_finds(void **unused)
{
    (void)unused;
    uint64_t state = 11;
    size_t found = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        gs_collection corpus = gs_collection_make(seed, SMALL);
        shapes made = make_shapes(&corpus);
        for (int i = 0; i < 500; i++) {
            gs_buf query;
            gs_buf_init(&query, NULL, SIZE_MAX);
            put_query(&query, &state, 3);
            gs_buf_u8(&query, 0);
            found += compare(&corpus, &made, (const char *)query.data) > 0;
            gs_buf_release(&query);
        }
        free_shapes(&made);
        gs_collection_free(&corpus);
    }
    assert_true(found > 900);
}

static void long_lists_give_the_same_as_a_slow_search(void **unused)
{
    (void)unused;
    static const char *const queries[] = {
        "政务",
        "政务公",
        "务公政务",
        "政 -务公",
        "政务公政 OR 公务政务",
        "公",
        "政务、公",
        "2017政",
        "政pd17*",
        "title:政务",
        "公政 政务",
        "\"政务 公\"~3",
        "政务 2017年",
        "务务务务务务务务务",
    };
    gs_collection_options options = {.documents = 150, .pieces_max = 3000, .characters = 3};
    options.deletes = true;
    gs_collection corpus = gs_collection_make(7, options);
    shapes made = make_shapes(&corpus);
    gs_snapshot *snapshot = gs_index_snapshot(made.indexes[1]);
    gs_list list;
    gsearch_error error;
    assert_ok(gs_terms_find_gram(&snapshot->segments[0].segment->terms, gs_gram(0x653f, 0x52a1, 0),
                                 &list, &error),
              &error);
    assert_true(list.is_long);
    gs_snapshot_unref(snapshot);
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
        compare(&corpus, &made, queries[i]);
    free_shapes(&made);
    gs_collection_free(&corpus);
}

static void questions_find_what_a_slow_search_finds(void **unused)
{
    (void)unused;
    static const char *const questions[] = {
        "政务公开年度报告",
        "务公，开年 2017年度",
        "年",
        "\"政务\" 公开年度",
        "政务公开 -年度",
        "title:政 公开",
        "pd17 ab 2017 政务务务",
        "政务政务",
        "度报 OR 公",
    };
    for (uint64_t seed = 20; seed < 23; seed++) {
        gs_collection corpus = gs_collection_make(seed, SMALL);
        shapes made = make_shapes(&corpus);
        for (size_t q = 0; q < sizeof(questions) / sizeof(*questions); q++) {
            gs_arena arena;
            gs_question question;
            gsearch_error error;
            size_t count;
            gs_arena_init(&arena, NULL, 1u << 20);
            assert_ok(gs_question_parse(&arena, gs_bytes_str(questions[q]), &question, &error),
                      &error);
            gs_collection_hit *wanted = gs_collection_ask(&corpus, &question, &count);
            gsearch_results *first = search(made.indexes[0], questions[q], GSEARCH_MATCH_ANY);
            for (size_t i = 0; i < 3; i++) {
                gsearch_results *results = search(made.indexes[i], questions[q], GSEARCH_MATCH_ANY);
                gs_collection_check(results, wanted, count, questions[q]);
                check_same(first, results, questions[q]);
                gsearch_results_free(results);
            }
            gsearch_results_free(first);
            free(wanted);
            gs_arena_release(&arena);
        }
        free_shapes(&made);
        gs_collection_free(&corpus);
    }
}

static void check_same_row(const gsearch_hit *hit, const gsearch_hit *wanted)
{
    assert_int_equal(hit->rank, wanted->rank);
    assert_string_equal(hit->id, wanted->id);
    assert_string_equal(hit->snippet, wanted->snippet);
    assert_int_equal(hit->marks_count, wanted->marks_count);
    assert_memory_equal(hit->marks, wanted->marks, hit->marks_count * sizeof(*hit->marks));
}

static void searches_that_pause_give_the_same_rows_and_share_a_workspace(void **unused)
{
    (void)unused;
    enum { SEARCHES = 5 };
    gs_collection_options options = {.documents = 700, .pieces_max = 40, .characters = 5};
    gs_collection corpus = gs_collection_make(3, options);
    shapes made = make_shapes(&corpus);
    gs_snapshot *snapshot = gs_index_snapshot(made.indexes[1]);
    gsearch_request request = {.struct_size = sizeof(request),
                               .query = "政 OR 务公 OR 2017",
                               .limit = GSEARCH_LIMIT_ALL,
                               .snippet = true};
    gs_search *whole, *paused[SEARCHES];
    const gsearch_hit *wanted, *hit;
    gsearch_error error;
    assert_ok(gs_search_open(snapshot, &request, NULL, &whole, &error), &error);
    for (int i = 0; i < SEARCHES; i++) {
        assert_ok(gs_search_open(snapshot, &request, NULL, &paused[i], &error), &error);
        gs_search_pause(paused[i]);
    }
    assert_int_equal(snapshot->pool.idle_count, 1);
    unsigned rows = 0;
    do {
        assert_ok(gs_search_next(whole, &wanted, &error), &error);
        for (int i = 0; i < SEARCHES; i++) {
            assert_ok(gs_search_next(paused[i], &hit, &error), &error);
            assert_int_equal(hit == NULL, wanted == NULL);
            if (hit)
                check_same_row(hit, wanted);
            if (rows % 7 == (unsigned)i || !hit)
                gs_search_pause(paused[i]);
        }
        rows++;
    } while (wanted);
    assert_true(rows > 520); // so that a batch was not all
    for (int i = 0; i < SEARCHES; i++)
        gs_search_close(paused[i]);
    gs_search_close(whole);
    gs_snapshot_unref(snapshot);
    free_shapes(&made);
    gs_collection_free(&corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_queries_find_what_a_slow_search_finds),
        cmocka_unit_test(long_lists_give_the_same_as_a_slow_search),
        cmocka_unit_test(questions_find_what_a_slow_search_finds),
        cmocka_unit_test(searches_that_pause_give_the_same_rows_and_share_a_workspace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
