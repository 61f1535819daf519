/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of clients/c/client.c against a daemon over the stub index, and against a process that
 * answers with whatever the test says.
 */
#include "gsearch/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/fail.h"
#include "common/base/limits.h"
#include "tests/query/daemon/daemonfixture.h"
#include "tests/support/check.h"
#include "tests/support/faultycalls.h"
#include "tests/support/fixture.h"

static gsearch_client *open_client(const gs_daemon *daemon)
{
    gsearch_client *client;
    gsearch_error error;
    assert_ok(gsearch_client_open(daemon->address_text, 0, &client, &error), &error);
    return client;
}

static void a_search_gives_the_rows(void **state)
{
    gsearch_client *client = open_client(*state);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results;
    gsearch_error error;
    request.query = "rows 7";
    request.limit = 3;
    request.offset = 2;
    request.facet = "date";
    for (int i = 0; i < 2; i++) { // the connection serves again
        assert_ok(gsearch_client_search(client, &request, &results, &error), &error);
        assert_true(results->has_total);
        assert_int_equal(results->total, 7);
        assert_int_equal(results->generation, 1);
        assert_int_equal(results->took_us, 412);
        assert_int_equal(results->hits_count, 3);
        assert_int_equal(results->hits[0].rank, 3);
        assert_int_equal(results->hits[2].rank, 5);
        assert_true(results->hits[0].score == 1.5);
        assert_string_equal(results->hits[0].snippet, "政务公开");
        assert_int_equal(results->hits[0].marks_count, 1);
        assert_int_equal(results->hits[0].marks[0].length, 2);
        assert_null(results->hits[0].date);
        assert_int_equal(results->facets_count, 2);
        assert_string_equal(results->facets[1].value, "2016");
        gsearch_results_free(results);
    }
    gsearch_client_close(client);
}

static void older_requests_are_sent_and_newer_ones_refused(void **state)
{
    gsearch_client *client = open_client(*state);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results = NULL;
    gsearch_error error;
    request.query = "rows 7";
    request.limit = 3;
    request.offset = 6; // not told
    request.struct_size = sizeof(request) + 1;
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_search(client, &request, &results, &error),
                 &error);
    assert_null(results);
    request.struct_size = offsetof(gsearch_request, offset);
    assert_ok(gsearch_client_search(client, &request, &results, &error), &error);
    assert_int_equal(results->hits_count, 3);
    assert_int_equal(results->hits[0].rank, 1);
    gsearch_results_free(results);
    gsearch_client_close(client);
}

static void a_text_that_looks_like_a_key_is_sent_as_text(void **state)
{
    gsearch_client *client = open_client(*state);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results;
    gsearch_error error;
    request.query = "limit=3 -- x";
    request.total = false;
    assert_ok(gsearch_client_search(client, &request, &results, &error), &error);
    assert_string_equal(results->hits[0].title, "limit=3 -- x");
    assert_false(results->has_total);
    gsearch_results_free(results);
    gsearch_client_close(client);
}

static void the_status_of_the_daemon_comes_back(void **state)
{
    gsearch_client *client = open_client(*state);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results = NULL;
    gsearch_error error;
    request.query = "bad";
    assert_fails(GSEARCH_BAD_QUERY, gsearch_client_search(client, &request, &results, &error),
                 &error);
    assert_int_equal(error.offset, 3);
    request.query = "x";
    request.limit = 1001;
    assert_fails(GSEARCH_LIMIT, gsearch_client_search(client, &request, &results, &error), &error);
    request.limit = 10;
    request.facet = "colour";
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_search(client, &request, &results, &error),
                 &error);
    request.facet = NULL;
    request.query = "x\nQUIT";
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_search(client, &request, &results, &error),
                 &error);
    request.query = "x";
    request.limit = GSEARCH_LIMIT_ALL;
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_search(client, &request, &results, &error),
                 &error);
    assert_null(results);
    // after all of these the connection is as good as before
    request.limit = 10;
    assert_ok(gsearch_client_search(client, &request, &results, &error), &error);
    gsearch_results_free(results);
    gsearch_client_close(client);
}

typedef struct counted {
    uint64_t announced, rows, stop_at;
} counted;

static bool count_head(const gsearch_results *head, void *payload)
{
    counted *seen = payload;
    seen->announced = head->hits_count;
    return seen->stop_at != 1;
}

static bool count_hit(const gsearch_hit *hit, void *payload)
{
    counted *seen = payload;
    assert_int_equal(hit->rank, ++seen->rows);
    return seen->rows != seen->stop_at;
}

static void all_rows_come_one_by_one(void **state)
{
    gsearch_client *client = open_client(*state);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_error error;
    counted seen = {0};
    request.query = "rows 100000"; // 30 MB, more than a reply that is held may have
    request.limit = GSEARCH_LIMIT_ALL;
    assert_ok(gsearch_client_search_each(client, &request, count_head, count_hit, &seen, &error),
              &error);
    assert_int_equal(seen.announced, 100000);
    assert_int_equal(seen.rows, 100000);
    gsearch_client_close(client);
}

static void a_callback_can_stop_early(void **state)
{
    gsearch_client *client = open_client(*state);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results;
    gsearch_error error;
    for (uint64_t stop_at = 1; stop_at < 4; stop_at++) {
        counted seen = {.stop_at = stop_at};
        request.query = "rows 1000";
        request.limit = GSEARCH_LIMIT_ALL;
        assert_ok(
            gsearch_client_search_each(client, &request, count_head, count_hit, &seen, &error),
            &error);
        assert_int_equal(seen.rows, stop_at == 1 ? 0 : stop_at);
        request.query = "x";
        request.limit = 10;
        assert_ok(gsearch_client_search(client, &request, &results, &error), &error);
        assert_string_equal(results->hits[0].title, "x");
        gsearch_results_free(results);
    }
    gsearch_client_close(client);
}

static void a_reply_cut_short_is_an_error_and_the_connection_is_lost(void **state)
{
    gsearch_client *client = open_client(*state);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_error error;
    counted seen = {0};
    request.query = "cut 5000";
    request.limit = GSEARCH_LIMIT_ALL;
    assert_fails(GSEARCH_IO,
                 gsearch_client_search_each(client, &request, count_head, count_hit, &seen, &error),
                 &error);
    assert_true(seen.rows > 0 && seen.rows < 5000);
    request.query = "x";
    assert_fails(GSEARCH_IO,
                 gsearch_client_search_each(client, &request, count_head, count_hit, &seen, &error),
                 &error);
    gsearch_client_close(client);
}

static void a_daemon_that_is_silent_is_a_timeout(void **state)
{
    gs_daemon *daemon = *state;
    gsearch_client *client;
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results;
    gsearch_error error;
    assert_ok(gsearch_client_open(daemon->address_text, 50, &client, &error), &error);
    request.query = "block";
    assert_fails(GSEARCH_TIMEOUT, gsearch_client_search(client, &request, &results, &error),
                 &error);
    sem_post(&daemon->stub->gate);
    assert_fails(GSEARCH_IO, gsearch_client_search(client, &request, &results, &error), &error);
    gsearch_client_close(client);
}

static void nobody_there_is_io(void **state)
{
    gs_daemon *daemon = *state;
    gsearch_client *client = NULL;
    gsearch_error error;
    char address[GS_ADDRESS_TEXT_MAX + 8];
    snprintf(address, sizeof(address), "unix:%s/none", daemon->dir);
    assert_fails(GSEARCH_IO, gsearch_client_open(address, 0, &client, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_open("localhost:1", 0, &client, &error),
                 &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_open(NULL, 0, &client, &error), &error);
    assert_null(client);
    gsearch_client_close(NULL);
}

static void the_token_opens_the_daemon(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    gs_test_file_write(dir, "token", "sesame=1\n", 9);
    char *path = gs_test_path(dir, "token");
    assert_int_equal(chmod(path, 0600), 0);
    const gs_server_options options = {.threads = 1, .auth_file = path};
    gs_daemon *daemon = gs_daemon_start(&options);
    gsearch_client *client = open_client(daemon);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results;
    gsearch_error error;
    request.query = "x";
    assert_fails(GSEARCH_DENIED, gsearch_client_search(client, &request, &results, &error), &error);
    assert_fails(GSEARCH_DENIED, gsearch_client_auth(client, "no", &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_auth(client, "a\nb", &error), &error);
    assert_ok(gsearch_client_auth(client, "sesame=1", &error), &error);
    assert_ok(gsearch_client_search(client, &request, &results, &error), &error);
    gsearch_results_free(results);
    gsearch_client_close(client);
    gs_daemon_stop(daemon);
    free(path);
    gs_test_dir_remove(dir);
}

static void what_makes_no_sense_is_refused(void **state)
{
    gsearch_client *client = open_client(*state);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results = NULL;
    gsearch_error error;
    char *token = malloc(GS_REQUEST_LINE_BYTES_MAX + 1);
    request.query = "x";
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_open("[::1]:1", 0, NULL, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_search(NULL, &request, &results, &error),
                 &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_search(client, &request, NULL, &error),
                 &error);
    assert_fails(GSEARCH_BAD_ARGUMENT,
                 gsearch_client_search_each(client, NULL, NULL, NULL, NULL, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_auth(NULL, "x", &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_auth(client, NULL, &error), &error);
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_client_auth(client, "", &error), &error);
    memset(token, 'x', GS_REQUEST_LINE_BYTES_MAX);
    token[GS_REQUEST_LINE_BYTES_MAX] = '\0';
    assert_fails(GSEARCH_LIMIT, gsearch_client_auth(client, token, &error), &error);
    free(token);
    // and without callbacks a search only takes its time
    assert_ok(gsearch_client_search_each(client, &request, NULL, NULL, NULL, &error), &error);
    gsearch_client_close(client);
}

/* Opens, presents a token and searches in both ways. */
static gsearch_status use_all(const gs_daemon *daemon, gsearch_error *error)
{
    gsearch_client *client;
    gsearch_results *results;
    counted seen = {.stop_at = 2};
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = "rows 3";
    request.facet = "date";
    GS_TRY(gsearch_client_open(daemon->address_text, 0, &client, error));
    gsearch_status status = gsearch_client_auth(client, "any", error);
    if (!status)
        status = gsearch_client_search(client, &request, &results, error);
    if (!status) {
        assert_int_equal(results->hits_count, 3);
        gsearch_results_free(results);
        status = gsearch_client_search_each(client, &request, count_head, count_hit, &seen, error);
    }
    gsearch_client_close(client);
    return status;
}

static void every_call_of_the_system_may_fail(void **state)
{
    gsearch_error error;
    unsigned failed = 0;
    for (const char *const *call = gs_calls_of_sockets; *call; call++) {
        bool is_reached = true;
        for (unsigned at = 1; is_reached; at++) {
            gs_calls_fail(*call, at, EIO);
            gsearch_status status = use_all(*state, &error);
            is_reached = gs_calls_end();
            if (status)
                assert_fails(GSEARCH_IO, status, &error);
            failed += status != GSEARCH_OK;
        }
    }
    assert_true(failed > 8);
    assert_ok(use_all(*state, &error), &error);
}

/* Asks a process that takes one connection, says `reply` and hangs up; with a pause, row by row,
 * it says a byte at a time. */
static gsearch_status ask_impostor(const char *reply, size_t len, unsigned pause_us,
                                   gsearch_error *error)
{
    char text[GS_ADDRESS_TEXT_MAX];
    gs_address address;
    gsearch_client *client;
    gsearch_request request = GSEARCH_REQUEST_INIT;
    assert_ok(gs_address_parse("127.0.0.1:0", &address, error), error);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, &address.any, address.len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, &address.any, &address.len), 0);
    gs_address_format(&address, text);
    pid_t pid = fork();
    if (pid == 0) {
        char heard[1024];
        int fd = accept(listener, NULL, NULL);
        if (recv(fd, heard, sizeof(heard), 0) > 0) {
            size_t sent = 0;
            ssize_t count = 1;
            while (sent < len && count > 0) {
                count = send(fd, reply + sent, pause_us ? 1 : len - sent, MSG_NOSIGNAL);
                sent += count > 0 ? (size_t)count : 0;
                usleep(pause_us);
            }
        }
        _exit(0);
    }
    close(listener);
    assert_ok(gsearch_client_open(text, pause_us ? 300 : 0, &client, error), error);
    request.query = "x";
    gsearch_status status = GSEARCH_OK;
    if (pause_us) {
        status = gsearch_client_search_each(client, &request, NULL, NULL, NULL, error);
    } else {
        gsearch_results *results;
        status = gsearch_client_search(client, &request, &results, error);
        if (!status)
            gsearch_results_free(results);
    }
    gsearch_client_close(client);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return status;
}

static void a_broken_server_is_a_protocol_error(void **state)
{
    (void)state;
    static const char *const replies[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "OK total=1 hits=1 took_us=1 generation=1\n{\"rank\":1}\nEND\n",
        "OK total=1 hits=1 took_us=1 generation=1\nEND\n",
        "OK total=1 hits=0 took_us=1 generation=1\n{\"rank\":1,\"id\":\"a\"}\nEND\n",
        "OK total=1 hits=99999999999 took_us=1 generation=1\nEND\n",
    };
    gsearch_error error;
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        gsearch_status status = ask_impostor(replies[i], strlen(replies[i]), 0, &error);
        assert_fails(GSEARCH_PROTOCOL, status, &error);
    }
    static const char cut[] = "OK total=1 hits=1 took_us=1 generation=1\n{\"ra";
    gsearch_status status = ask_impostor(cut, sizeof(cut) - 1, 0, &error);
    assert_fails(GSEARCH_IO, status, &error);
}

static void a_reply_without_end_is_given_up_at_the_limit(void **state)
{
    (void)state;
    gsearch_error error;
    size_t len = 18u << 20;
    char *reply = malloc(len);
    assert_non_null(reply);
    memset(reply, 'x', len);
    gsearch_status status = ask_impostor(reply, len, 0, &error);
    assert_fails(GSEARCH_PROTOCOL, status, &error);
    free(reply);
}

static void a_line_that_never_ends_is_a_timeout(void **state)
{
    (void)state;
    gsearch_error error;
    static const char line[] = "OK total=1 hits=1 took_us=1 generation=1"; // one byte each 50 ms
    gsearch_status status = ask_impostor(line, sizeof(line) - 1, 50000, &error);
    assert_fails(GSEARCH_TIMEOUT, status, &error);
}

static int start(void **state)
{
    static const gs_server_options usual = {.threads = 1};
    *state = gs_daemon_start(&usual);
    return 0;
}

static int stop(void **state)
{
    gs_daemon_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_gives_the_rows),
        cmocka_unit_test(older_requests_are_sent_and_newer_ones_refused),
        cmocka_unit_test(a_text_that_looks_like_a_key_is_sent_as_text),
        cmocka_unit_test(the_status_of_the_daemon_comes_back),
        cmocka_unit_test(all_rows_come_one_by_one),
        cmocka_unit_test(a_callback_can_stop_early),
        cmocka_unit_test(a_reply_cut_short_is_an_error_and_the_connection_is_lost),
        cmocka_unit_test(a_daemon_that_is_silent_is_a_timeout),
        cmocka_unit_test(a_line_that_never_ends_is_a_timeout),
        cmocka_unit_test(nobody_there_is_io),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(every_call_of_the_system_may_fail),
        cmocka_unit_test(the_token_opens_the_daemon),
        cmocka_unit_test(a_broken_server_is_a_protocol_error),
        cmocka_unit_test(a_reply_without_end_is_given_up_at_the_limit),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
