/* SPDX-License-Identifier: Apache-2.0
 *
 * The public search calls: who owns what, what is refused, how rows stream.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/limits.h"
#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

typedef struct state {
    char *dir;
    gs_collection collection;
    gsearch_index *index;
} state;

static int set_up(void **out)
{
    state *made = test_calloc(1, sizeof(*made));
    gs_collection_options options = {.documents = 150, .pieces_max = 40, .characters = 4};
    made->collection = gs_collection_make(1, options);
    made->dir = gs_test_dir_make();
    made->index = gs_collection_index(&made->collection, made->dir, 3, true);
    *out = made;
    return 0;
}

static int tear_down(void **in)
{
    state *made = *in;
    gsearch_index_close(made->index);
    gs_test_dir_remove(made->dir);
    gs_collection_free(&made->collection);
    test_free(made);
    return 0;
}

static gsearch_request request_of(const char *query)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = query;
    return request;
}

static void results_outlive_the_index(void **in)
{
    state *made = *in;
    gsearch_request request = request_of("政务");
    gsearch_results *results;
    gsearch_error error;
    gsearch_index *index;
    request.facet = "date";
    assert_ok(gsearch_index_open(made->dir, NULL, &index, &error), &error);
    assert_ok(gsearch_search(index, &request, &results, &error), &error);
    gsearch_index_close(index);
    assert_int_equal(results->hits_count, 10);
    assert_true(results->total > 10);
    assert_true(results->has_total);
    assert_int_equal(results->generation, 1);
    assert_true(results->facets_count > 0);
    assert_int_equal(strlen(results->facets[0].value), 4);
    for (size_t i = 0; i < 10; i++) {
        const gsearch_hit *hit = &results->hits[i];
        assert_int_equal(hit->rank, i + 1);
        assert_memory_equal(hit->id, "id/", 3);
        assert_non_null(hit->snippet);
        assert_true(hit->marks_count > 0);
    }
    gsearch_results_free(results);
}

static void windows_of_rows_are_pieces_of_the_whole(void **in)
{
    state *made = *in;
    gsearch_request request = request_of("政 OR 公");
    gsearch_results *all, *piece;
    gsearch_error error;
    for (int sort = GSEARCH_SORT_SCORE; sort <= GSEARCH_SORT_DATE_DESC; sort++) {
        request.sort = (gsearch_sort)sort;
        request.offset = 0;
        request.limit = 1000;
        assert_ok(gsearch_search(made->index, &request, &all, &error), &error);
        assert_int_equal(all->hits_count, all->total);
        request.limit = 7;
        for (request.offset = 0; request.offset < all->total + 10; request.offset += 7) {
            assert_ok(gsearch_search(made->index, &request, &piece, &error), &error);
            assert_int_equal(piece->total, all->total);
            uint64_t left = all->total > request.offset ? all->total - request.offset : 0;
            assert_int_equal(piece->hits_count, left < 7 ? left : 7);
            for (size_t i = 0; i < piece->hits_count; i++) {
                assert_string_equal(piece->hits[i].id, all->hits[request.offset + i].id);
                assert_int_equal(piece->hits[i].rank, request.offset + i + 1);
            }
            gsearch_results_free(piece);
        }
        gsearch_results_free(all);
    }
}

static int date_of(const gsearch_hit *hit, bool falling)
{
    if (!hit->date)
        return 1 << 30; // last either way
    int date = (hit->date[0] - '0') * 1000 + (hit->date[1] - '0') * 100 +
               (hit->date[2] - '0') * 10 + hit->date[3] - '0';
    date = (date * 100 + (hit->date[5] - '0') * 10 + hit->date[6] - '0') * 100 +
           (hit->date[8] - '0') * 10 + hit->date[9] - '0';
    return falling ? -date : date;
}

static void sorts_by_date_end_with_the_undated(void **in)
{
    state *made = *in;
    for (int falling = 0; falling < 2; falling++) {
        gsearch_request request = request_of("政");
        gsearch_results *results;
        gsearch_error error;
        request.sort = falling ? GSEARCH_SORT_DATE_DESC : GSEARCH_SORT_DATE;
        request.limit = 1000;
        assert_ok(gsearch_search(made->index, &request, &results, &error), &error);
        assert_null(results->hits[results->hits_count - 1].date);
        for (size_t i = 1; i < results->hits_count; i++) {
            const gsearch_hit *a = &results->hits[i - 1], *b = &results->hits[i];
            int first = date_of(a, falling), second = date_of(b, falling);
            assert_true(first < second ||
                        (first == second && (a->score > b->score ||
                                             (a->score == b->score && strcmp(a->id, b->id) < 0))));
        }
        gsearch_results_free(results);
    }
}

typedef struct stream {
    uint64_t heads, rows, stop_at, announced;
} stream;

static bool on_head(const gsearch_results *head, void *payload)
{
    stream *seen = payload;
    seen->heads++;
    seen->announced = head->hits_count;
    return true;
}

static bool on_hit(const gsearch_hit *hit, void *payload)
{
    stream *seen = payload;
    assert_int_equal(seen->heads, 1);
    assert_int_equal(hit->rank, ++seen->rows);
    return seen->rows != seen->stop_at;
}

static void all_rows_stream_until_told_to_stop(void **unused)
{
    (void)unused;
    gs_collection_options options = {.documents = 1300, .pieces_max = 12, .characters = 2};
    gs_collection collection = gs_collection_make(2, options);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 3, true);
    gsearch_request request = request_of("政");
    gsearch_error error;
    stream seen = {0};
    request.limit = GSEARCH_LIMIT_ALL;
    assert_ok(gsearch_search_each(index, &request, on_head, on_hit, &seen, &error), &error);
    assert_int_equal(seen.rows, seen.announced);
    assert_true(seen.rows > 600); // more than one batch of snippets
    uint64_t all = seen.rows;
    seen = (stream){.stop_at = 3};
    assert_ok(gsearch_search_each(index, &request, on_head, on_hit, &seen, &error), &error);
    assert_int_equal(seen.rows, 3);
    assert_int_equal(seen.announced, all);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

typedef struct worker {
    gsearch_index *index;
    const gsearch_results *wanted;
    bool same;
} worker;

static void *search_again_and_again(void *payload)
{
    worker *self = payload;
    self->same = true;
    for (int i = 0; i < 50; i++) {
        gsearch_request request = request_of("政 OR =务 OR \"公 政\"~3");
        gsearch_results *results = NULL;
        if (gsearch_search(self->index, &request, &results, NULL) ||
            results->total != self->wanted->total ||
            strcmp(results->hits[9].snippet, self->wanted->hits[9].snippet) != 0)
            self->same = false;
        gsearch_results_free(results);
        if (i % 10 == 0 && gsearch_index_refresh(self->index, NULL, NULL))
            self->same = false;
    }
    return NULL;
}

static void threads_share_an_index(void **in)
{
    state *made = *in;
    gsearch_request request = request_of("政 OR =务 OR \"公 政\"~3");
    gsearch_results *wanted;
    gsearch_error error;
    pthread_t threads[4];
    worker workers[4];
    assert_ok(gsearch_search(made->index, &request, &wanted, &error), &error);
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (worker){.index = made->index, .wanted = wanted};
        assert_int_equal(pthread_create(&threads[i], NULL, search_again_and_again, &workers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_true(workers[i].same);
    }
    gsearch_results_free(wanted);
}

static void limits_are_refused_by_name(void **in)
{
    state *made = *in;
    gsearch_request request = request_of("政");
    gsearch_results *results = NULL;
    gsearch_error error;
    request.limit = GS_RESULT_ROWS_MAX + 1;
    assert_fails(GSEARCH_LIMIT, gsearch_search(made->index, &request, &results, &error), &error);
    assert_non_null(strstr(error.message, "1000"));
    request.limit = 10;
    request.offset = GS_RESULT_WINDOW_MAX - 9;
    assert_fails(GSEARCH_LIMIT, gsearch_search(made->index, &request, &results, &error), &error);
    assert_non_null(strstr(error.message, "10000"));
    request.limit = GSEARCH_LIMIT_ALL;
    request.offset = 0;
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_search(made->index, &request, &results, &error),
                 &error);
    request = request_of("政");
    request.facet = "agency";
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_search(made->index, &request, &results, &error),
                 &error);
    request = request_of("政\n务");
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_search(made->index, &request, &results, &error),
                 &error);
    request = request_of("\xff");
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_search(made->index, &request, &results, &error),
                 &error);
    request = request_of("(政");
    assert_fails(GSEARCH_BAD_QUERY, gsearch_search(made->index, &request, &results, &error),
                 &error);
    assert_int_equal(error.offset, 0);
    assert_null(results);
}

static void check_refused(state *made, const gsearch_request *request, gsearch_status wanted)
{
    gsearch_error error;
    assert_fails(wanted, gsearch_search_each(made->index, request, NULL, NULL, NULL, &error),
                 &error);
}

static void what_is_no_request_is_refused(void **in)
{
    state *made = *in;
    gsearch_results *results = NULL;
    gsearch_error error;
    gsearch_request request = request_of("政");
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_search(NULL, &request, &results, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_search(made->index, NULL, &results, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_search(made->index, &request, NULL, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT,
                 gsearch_search_each(NULL, &request, NULL, NULL, NULL, &error), &error);
    check_refused(made, NULL, GSEARCH_BAD_ARGUMENT);
    request = request_of("政\x7f");
    check_refused(made, &request, GSEARCH_BAD_ARGUMENT);
    request = request_of("政");
    request.sort = (gsearch_sort)(GSEARCH_SORT_DATE_DESC + 1);
    check_refused(made, &request, GSEARCH_BAD_ARGUMENT);
    request = request_of("政");
    request.match = (gsearch_match)(GSEARCH_MATCH_ANY + 1);
    check_refused(made, &request, GSEARCH_BAD_ARGUMENT);
    request = request_of("政");
    request.limit = GSEARCH_LIMIT_ALL;
    request.offset = GS_RESULT_WINDOW_MAX + 1;
    check_refused(made, &request, GSEARCH_LIMIT);
    char *query = malloc(GS_REQUEST_LINE_BYTES_MAX + 2);
    memset(query, 'a', GS_REQUEST_LINE_BYTES_MAX + 1);
    query[GS_REQUEST_LINE_BYTES_MAX + 1] = '\0';
    request = request_of(query);
    check_refused(made, &request, GSEARCH_LIMIT);
    free(query);
}

static bool note_head(const gsearch_results *head, void *payload)
{
    *(uint64_t *)payload += head->hits_count;
    return true;
}

/* A caller may want the head alone; a tab stands between words. */
static void without_callbacks_nothing_is_told(void **in)
{
    state *made = *in;
    gsearch_request request = request_of("政\t务");
    gsearch_error error;
    uint64_t rows = 0;
    assert_ok(gsearch_search_each(made->index, &request, NULL, NULL, NULL, &error), &error);
    assert_ok(gsearch_search_each(made->index, &request, note_head, NULL, &rows, &error), &error);
    assert_true(rows > 0);
}

static void older_requests_are_answered_and_newer_ones_refused(void **in)
{
    state *made = *in;
    gsearch_request request = request_of("政");
    gsearch_results *results = NULL;
    gsearch_error error;
    request.limit = GSEARCH_LIMIT_ALL; // not told, so that it is 10
    request.struct_size = offsetof(gsearch_request, limit);
    assert_ok(gsearch_search(made->index, &request, &results, &error), &error);
    assert_true(results->has_total);
    assert_int_equal(results->hits_count, results->total < 10 ? results->total : 10);
    gsearch_results_free(results);
    results = NULL;
    request = request_of("政");
    request.struct_size++;
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_search(made->index, &request, &results, &error),
                 &error);
    assert_fails(GSEARCH_BAD_ARGUMENT,
                 gsearch_search_each(made->index, &request, NULL, NULL, NULL, &error), &error);
    assert_null(results);
}

static void a_request_without_total_has_none(void **in)
{
    state *made = *in;
    gsearch_request request = request_of("政");
    gsearch_results *results;
    gsearch_error error;
    request.total = false;
    assert_ok(gsearch_search(made->index, &request, &results, &error), &error);
    assert_false(results->has_total);
    assert_int_equal(results->hits_count, 10);
    gsearch_results_free(results);
}

static void a_search_succeeds_or_runs_out_of_memory_cleanly(void **in)
{
    state *made = *in;
    gsearch_status status = GSEARCH_NO_MEMORY;
    size_t before = 0;
    for (size_t fail_at = 0; status; fail_at++) {
        gs_flaky flaky;
        gsearch_error error;
        gsearch_index *index;
        gsearch_results *results = NULL;
        gs_flaky_init(&flaky, 0);
        gsearch_allocator allocator = {flaky.mem.resize, flaky.mem.payload};
        gsearch_index_options options = {.struct_size = sizeof(options), .allocator = &allocator};
        assert_ok(gsearch_index_open(made->dir, &options, &index, &error), &error);
        before = flaky.calls;
        flaky.fail_at = before + 1 + fail_at;
        gsearch_request request = request_of("政务 公 OR \"政 务\"~3 OR pd17* OR =政");
        request.facet = "date";
        status = gsearch_search(index, &request, &results, &error);
        if (status)
            assert_int_equal(status, GSEARCH_NO_MEMORY);
        gsearch_index_close(index);
        gsearch_results_free(results);
        assert_int_equal(flaky.live, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(results_outlive_the_index),
        TEST(windows_of_rows_are_pieces_of_the_whole),
        TEST(sorts_by_date_end_with_the_undated),
        cmocka_unit_test(all_rows_stream_until_told_to_stop),
        TEST(threads_share_an_index),
        TEST(limits_are_refused_by_name),
        TEST(what_is_no_request_is_refused),
        TEST(without_callbacks_nothing_is_told),
        TEST(older_requests_are_answered_and_newer_ones_refused),
        TEST(a_request_without_total_has_none),
        TEST(a_search_succeeds_or_runs_out_of_memory_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
