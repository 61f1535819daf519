/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of query/daemon/server.c: what is refused at the start and at the door, generations,
 * timeouts (lowered, and waited for by reading to the end of the stream), signals.
 */
#include "query/daemon/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/query/daemon/daemonfixture.h"
#include "tests/query/daemon/faultyuv.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static void check_refused(const gs_server_options *options, gsearch_status wanted)
{
    gs_stub stub = {.generation = 1};
    gsearch_error error;
    gs_stub_use(&stub);
    assert_fails(wanted, gs_server_run(options, &error), &error);
}

static void an_address_beyond_this_machine_needs_a_token(void **state)
{
    (void)state;
    // first those that nobody could bind: without the rule, another status
    static const char *const addresses[] = {"192.0.2.1:0", "[2001:db8::1]:0", "0.0.0.0:0",
                                            "[::]:0"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        const gs_server_options options = {
            .dir = "index", .listen = &addresses[i], .listen_count = 1};
        check_refused(&options, GSEARCH_DENIED);
    }
}

static void what_cannot_be_served_is_an_error_at_the_start(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1:0"}, *const name[] = {"localhost:0"};
    const gs_server_options no_index = {.dir = "missing", .listen = good, .listen_count = 1};
    const gs_server_options no_number = {.dir = "index", .listen = name, .listen_count = 1};
    const gs_server_options no_token = {
        .dir = "index", .listen = good, .listen_count = 1, .auth_file = "/nowhere/token"};
    check_refused(&no_index, GSEARCH_NO_INDEX);
    check_refused(&no_number, GSEARCH_BAD_ARGUMENT);
    check_refused(&no_token, GSEARCH_NOT_FOUND);
}

static void end_at_once(const char *const *addresses, size_t count, void *payload)
{
    (void)addresses;
    (void)count;
    (void)payload;
    kill(getpid(), SIGTERM);
}

/* A daemon in this process that ends as soon as it serves. */
static gsearch_status serve_for_a_moment(const char *const *listen, gsearch_error *error)
{
    gs_stub stub = {.generation = 1};
    const gs_server_options options = {.dir = "index", .listen = listen, .listen_count = 2,
                                       .threads = 1, .limits = {.connections = 1u << 30},
                                       .on_ready = end_at_once};
    gs_stub_use(&stub);
    return gs_server_run(&options, error);
}

static unsigned fail_each(const char *const *calls, const char *const *listen)
{
    static const struct {
        int error;
        gsearch_status status;
    } kinds[] = {{EMFILE, GSEARCH_IO}, {ENOMEM, GSEARCH_NO_MEMORY}};
    unsigned failed = 0;
    for (const char *const *call = calls; *call; call++) {
        bool is_reached = true;
        for (unsigned at = 1; is_reached; at++) {
            gsearch_error error = {0};
            gs_calls_fail(*call, at, kinds[at % 2].error);
            gsearch_status status = serve_for_a_moment(listen, &error);
            is_reached = gs_calls_end();
            // who cannot be asked whether he is alive may be
            bool is_busy = status == GSEARCH_BUSY && strcmp(*call, "connect") == 0;
            if (status && status != kinds[at % 2].status && status != GSEARCH_NO_MEMORY && !is_busy)
                fail_msg("%s %u: status %d: %s", *call, at, status, error.message);
            assert_int_equal(!status, error.message[0] == '\0');
            failed += status != GSEARCH_OK;
        }
    }
    return failed;
}

static void every_call_at_the_start_may_fail(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    char path[GS_ADDRESS_TEXT_MAX];
    snprintf(path, sizeof(path), "unix:%s/s", dir);
    const char *const listen[] = {"[::1]:0", path};
    gsearch_error error;
    assert_true(fail_each(gs_calls_of_sockets, listen) > 5);
    assert_true(fail_each(gs_calls_of_uv, listen) > 5);
    assert_ok(serve_for_a_moment(listen, &error), &error);
    gs_test_dir_remove(dir);
}

static void one_connection_too_many_is_told_so(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.connections = 3}};
    gs_daemon *daemon = gs_daemon_start(&options);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = gs_daemon_connect(daemon);
        gs_client_send(fds[i], "PING\n", 5);
        free(gs_client_read_until(fds[i], "END\n"));
    }
    char *reply = gs_daemon_ask(daemon, "PING\n", 5);
    assert_string_equal(reply, "ERR busy 3 connections are open already, try again later\n");
    free(reply);
    // the others are not touched, and the place of one that left is free again
    gs_client_send(fds[0], "PING\n", 5);
    free(gs_client_read_until(fds[0], "OK PONG\nEND\n"));
    gs_client_send(fds[1], "QUIT\n", 5);
    free(gs_client_read_all(fds[1]));
    close(fds[1]);
    bool is_in = false;
    for (gs_wait at = gs_wait_for("the place is not free again"); !is_in; gs_wait_on(&at)) {
        reply = gs_daemon_ask(daemon, "PING\n", 5);
        is_in = strcmp(reply, "OK PONG\nEND\n") == 0;
        free(reply);
    }
    assert_true(gs_daemon_stat(daemon, "connections_refused") >= 1);
    close(fds[0]);
    close(fds[2]);
    gs_daemon_stop(daemon);
}

static void a_full_queue_is_busy_and_the_loop_answers_still(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.work_queue = 2}};
    gs_daemon *daemon = gs_daemon_start(&options);
    int fd = gs_daemon_connect(daemon);
    gs_client_send(fd, "SEARCH block\n", 13);
    gs_wait_blocked(daemon->stub);
    gs_client_send(fd, "COUNT x\nCOUNT x\nCOUNT x\nPING\n", 29);
    gs_client_wait_read(fd);
    assert_int_equal(gs_daemon_stat(daemon, "queue"), 2);
    char *reply = gs_daemon_ask(daemon, "COUNT x\nPING\n", 13);
    assert_string_equal(reply, "ERR busy 2 requests wait already, try again later\nOK PONG\nEND\n");
    free(reply);
    sem_post(&daemon->stub->gate);
    free(gs_client_read_until(fd, "]}\nEND\n"));
    reply = gs_client_read_until(fd, "PONG\nEND\n");
    assert_string_equal(reply, "OK total=1 took_us=412 generation=1\nEND\n"
                               "OK total=1 took_us=412 generation=1\nEND\n"
                               "ERR busy 2 requests wait already, try again later\n"
                               "OK PONG\nEND\n");
    free(reply);
    close(fd);
    gs_daemon_stop(daemon);
}

static void one_connection_holds_up_nobody(void **state)
{
    (void)state;
    enum { REQUESTS = 32 };
    const gs_server_options options = {.threads = 2};
    gs_daemon *daemon = gs_daemon_start(&options);
    int fd = gs_daemon_connect(daemon);
    for (int i = 0; i < REQUESTS; i++)
        gs_client_send(fd, "COUNT block\n", 12);
    gs_client_wait_read(fd);
    gs_wait_blocked(daemon->stub);
    char *reply = gs_daemon_ask(daemon, "COUNT x\n", 8);
    assert_string_equal(reply, "OK total=1 took_us=412 generation=1\nEND\n");
    free(reply);
    for (int i = 0; i < REQUESTS; i++)
        sem_post(&daemon->stub->gate);
    for (int i = 0; i < REQUESTS; i++)
        free(gs_client_read_until(fd, "generation=1\nEND\n"));
    close(fd);
    gs_daemon_stop(daemon);
}

static void wait_for_generation(const gs_daemon *daemon, unsigned long long wanted)
{
    for (gs_wait at = gs_wait_for("the generation is not taken");
         gs_daemon_stat(daemon, "generation") != wanted;)
        gs_wait_on(&at);
}

static void a_new_generation_is_taken_without_being_told(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.reload_poll_ms = 100}};
    gs_daemon *daemon = gs_daemon_start(&options);
    assert_int_equal(gs_daemon_stat(daemon, "generation"), 1);
    daemon->stub->generation = 2;
    wait_for_generation(daemon, 2);
    char *reply = gs_daemon_ask(daemon, "COUNT x\n", 8);
    assert_string_equal(reply, "OK total=1 took_us=412 generation=2\nEND\n");
    free(reply);
    assert_int_equal(gs_daemon_stat(daemon, "reloads"), 1);
    assert_int_equal(gs_daemon_stat(daemon, "reload_failed"), 0);
    gs_daemon_stop(daemon);
}

static void sighup_takes_a_new_generation(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.reload_poll_ms = 100000000}};
    gs_daemon *daemon = gs_daemon_start(&options);
    // the look right after the start
    for (gs_wait at = gs_wait_for("no reload at the start"); daemon->stub->refreshes == 0;)
        gs_wait_on(&at);
    daemon->stub->generation = 2;
    kill(daemon->pid, SIGHUP);
    wait_for_generation(daemon, 2);
    gs_daemon_stop(daemon);
}

static void check_degraded(const gs_daemon *daemon, const char *wanted)
{
    char *reply = gs_daemon_ask(daemon, "STATS\n", 6), said[32];
    snprintf(said, sizeof(said), "\"degraded\":%s,", wanted);
    assert_non_null(strstr(reply, said));
    free(reply);
}

static void a_broken_generation_is_counted_once_and_the_old_one_serves(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.reload_poll_ms = 100}};
    gs_daemon *daemon = gs_daemon_start(&options);
    daemon->stub->refuses_refresh = true;
    daemon->stub->generation = 2;
    uint64_t seen = daemon->stub->refreshes;
    for (gs_wait at = gs_wait_for("no further reloads"); daemon->stub->refreshes < seen + 3;)
        gs_wait_on(&at);
    assert_int_equal(gs_daemon_stat(daemon, "reload_failed"), 1);
    assert_int_equal(gs_daemon_stat(daemon, "generation"), 1);
    check_degraded(daemon, "true");
    daemon->stub->refuses_refresh = false;
    wait_for_generation(daemon, 2);
    check_degraded(daemon, "false");
    gs_daemon_stop(daemon);
}

static void files_that_have_changed_are_told_once(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.reload_poll_ms = 100}};
    gs_daemon *daemon = gs_daemon_start(&options);
    daemon->stub->has_changed = true;
    uint64_t seen = daemon->stub->refreshes;
    for (gs_wait at = gs_wait_for("no further looks"); daemon->stub->refreshes < seen + 4;)
        gs_wait_on(&at);
    assert_int_equal(gs_daemon_stat(daemon, "reload_failed"), 1);
    char *reply = gs_daemon_ask(daemon, "STATS\n", 6);
    assert_non_null(strstr(reply, "\"degraded\":true"));
    free(reply);
    daemon->stub->has_changed = false;
    daemon->stub->generation = 2; // one that is made of other files
    wait_for_generation(daemon, 2);
    reply = gs_daemon_ask(daemon, "STATS\n", 6);
    assert_non_null(strstr(reply, "\"degraded\":false"));
    free(reply);
    gs_daemon_stop(daemon);
}

static void a_reply_never_mixes_generations(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 2, .limits = {.reload_poll_ms = 100}};
    gs_daemon *daemon = gs_daemon_start(&options);
    uint64_t generation = 1;
    while (generation < 6) {
        daemon->stub->generation = ++generation;
        unsigned long long named = 0;
        for (gs_wait wait = gs_wait_for("the generation is not taken"); named != generation;
             gs_wait_on(&wait)) {
            char *reply = gs_daemon_ask(daemon, "SEARCH limit=all rows 3000\n", 27);
            assert_int_equal(
                sscanf(reply, "OK total=3000 hits=3000 took_us=412 generation=%llu", &named), 1);
            char title[64];
            snprintf(title, sizeof(title), "\"generation %llu ", named);
            unsigned rows = 0;
            for (const char *at = reply; (at = strstr(at, title)); at++)
                rows++;
            assert_int_equal(rows, 3000);
            free(reply);
        }
    }
    gs_daemon_stop(daemon);
}

static void check_closed_silently(const gs_server_options *options, const char *said)
{
    gs_daemon *daemon = gs_daemon_start(options);
    int fd = gs_daemon_connect(daemon);
    gs_client_send(fd, said, strlen(said));
    char *reply = gs_client_read_all(fd);
    assert_string_equal(reply, "");
    free(reply);
    close(fd);
    assert_int_equal(gs_daemon_stat(daemon, "timeouts"), 1);
    gs_daemon_stop(daemon);
}

static void a_line_that_does_not_end_in_time_closes_the_connection(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.line_timeout_ms = 300}};
    check_closed_silently(&options, "SEARCH 政");
}

static void an_idle_connection_is_closed(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.idle_timeout_ms = 300}};
    check_closed_silently(&options, "");
}

static void a_client_that_stops_reading_is_closed(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.stall_timeout_ms = 300}};
    gs_daemon *daemon = gs_daemon_start(&options);
    int fd = gs_daemon_connect(daemon);
    gs_client_send(fd, "SEARCH limit=all rows 10000000\n", 31);
    for (gs_wait at = gs_wait_for("the client is not closed");
         gs_daemon_stat(daemon, "timeouts") == 0;)
        gs_wait_on(&at);
    assert_int_equal(gs_daemon_stat(daemon, "output_bytes"), 0);
    assert_int_equal(daemon->stub->pauses, 1);
    char *reply = gs_client_read_all(fd); // what the kernel held
    assert_null(strstr(reply, "END\n"));
    free(reply);
    close(fd);
    gs_daemon_stop(daemon);
}

static void sigterm_finishes_what_runs(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1};
    gs_daemon *daemon = gs_daemon_start(&options);
    int busy = gs_daemon_connect(daemon), idle = gs_daemon_connect(daemon);
    gs_client_send(idle, "PING\n", 5);
    free(gs_client_read_until(idle, "END\n"));
    gs_client_send(busy, "SEARCH block\nCOUNT x\n", 21);
    gs_wait_blocked(daemon->stub);
    gs_client_wait_read(busy);
    assert_int_equal(gs_daemon_stat(daemon, "queue"), 1);
    kill(daemon->pid, SIGTERM);
    char *reply = gs_client_read_all(idle); // is closed at once, so the signal has arrived
    assert_string_equal(reply, "");
    free(reply);
    int late = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(late, &daemon->address.any, daemon->address.len), -1);
    close(late);
    sem_post(&daemon->stub->gate);
    reply = gs_client_read_all(busy);
    assert_non_null(strstr(reply, "]}\nEND\nOK total=1 took_us=412 generation=1\nEND\n"));
    free(reply);
    close(idle);
    close(busy);
    int status = gs_daemon_wait(daemon);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void what_runs_too_long_is_cut_off_after_sigterm(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1, .limits = {.stop_timeout_ms = 300}};
    gs_daemon *daemon = gs_daemon_start(&options);
    int fd = gs_daemon_connect(daemon);
    gs_client_send(fd, "SEARCH block\n", 13);
    gs_wait_blocked(daemon->stub);
    kill(daemon->pid, SIGINT);
    char *reply = gs_client_read_all(fd);
    assert_string_equal(reply, "");
    free(reply);
    close(fd);
    int status = gs_daemon_wait(daemon);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_second_sigterm_ends_at_once(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1};
    gs_daemon *daemon = gs_daemon_start(&options);
    int busy = gs_daemon_connect(daemon), idle = gs_daemon_connect(daemon);
    gs_client_send(busy, "SEARCH block\n", 13);
    gs_wait_blocked(daemon->stub);
    kill(daemon->pid, SIGTERM);
    free(gs_client_read_all(idle));
    kill(daemon->pid, SIGTERM);
    close(idle);
    close(busy);
    int status = gs_daemon_wait(daemon);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void write_token(const char *dir)
{
    gs_test_file_write(dir, "token", "open sesame=\n", 13);
    char *path = gs_test_path(dir, "token");
    assert_int_equal(chmod(path, 0600), 0);
    free(path);
}

static void only_the_token_opens_the_daemon(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    write_token(dir);
    char *path = gs_test_path(dir, "token");
    const gs_server_options options = {.threads = 1, .auth_file = path};
    gs_daemon *daemon = gs_daemon_start(&options);
    static const char said[] =
        "PING\nCOUNT x\nSTATS\nAUTH wrong\nAUTH open sesame=\nCOUNT x\nQUIT\n";
    char *reply = gs_daemon_ask(daemon, said, sizeof(said) - 1);
    assert_string_equal(reply, "OK PONG\nEND\n"
                               "ERR denied this daemon wants AUTH with its token first\n"
                               "ERR denied this daemon wants AUTH with its token first\n"
                               "ERR denied wrong token\n"
                               "OK\nEND\n"
                               "OK total=1 took_us=412 generation=1\nEND\n"
                               "OK BYE\nEND\n");
    free(reply);
    static const char guesses[] = "AUTH a\nAUTH open sesame\nAUTH open sesame=x\n"
                                  "AUTH open sesame=\nCOUNT x\n";
    reply = gs_daemon_ask(daemon, guesses, sizeof(guesses) - 1);
    assert_string_equal(reply, "ERR denied wrong token\nERR denied wrong token\n"
                               "ERR denied wrong token\n");
    free(reply);
    char line[600];
    memset(line, 'x', sizeof(line));
    reply = gs_daemon_ask(daemon, line, sizeof(line));
    assert_string_equal(reply, "ERR line-too-long a request line has at most 512 bytes\n");
    free(reply);
    gs_daemon_stop(daemon);
    free(path);
    gs_test_dir_remove(dir);
}

/* After `first`, a line of `len` bytes and a PING. */
static char *ask_before_auth(const gs_daemon *daemon, size_t len, const char *first)
{
    char line[2048];
    size_t first_len = strlen(first);
    memcpy(line, first, first_len);
    memset(line + first_len, 'x', len);
    memcpy(line + first_len, "COUNT ", 6);
    memcpy(line + first_len + len, "\nPING\n", 6);
    return gs_daemon_ask(daemon, line, first_len + len + 6);
}

static void a_line_before_auth_may_have_512_bytes(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    write_token(dir);
    char *path = gs_test_path(dir, "token");
    const gs_server_options options = {.threads = 1, .auth_file = path};
    gs_daemon *daemon = gs_daemon_start(&options);
    char *reply = ask_before_auth(daemon, 512, "");
    assert_string_equal(reply, "ERR denied this daemon wants AUTH with its token first\n"
                               "OK PONG\nEND\n");
    free(reply);
    reply = ask_before_auth(daemon, 513, "");
    assert_string_equal(reply, "ERR line-too-long a request line has at most 512 bytes\n");
    free(reply);
    reply = ask_before_auth(daemon, 513, "AUTH open sesame=\n"); // in the same packet
    assert_string_equal(reply, "OK\nEND\nOK total=1 took_us=412 generation=1\nEND\n"
                               "OK PONG\nEND\n");
    free(reply);
    gs_daemon_stop(daemon);
    free(path);
    gs_test_dir_remove(dir);
}

static void two_wrong_tokens_are_forgiven_and_three_are_not(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    write_token(dir);
    char *path = gs_test_path(dir, "token");
    const gs_server_options options = {.threads = 1, .auth_file = path};
    gs_daemon *daemon = gs_daemon_start(&options);
    static const char two[] = "AUTH a\nAUTH b\nAUTH open sesame=\nCOUNT x\n";
    char *reply = gs_daemon_ask(daemon, two, sizeof(two) - 1);
    assert_string_equal(reply, "ERR denied wrong token\nERR denied wrong token\nOK\nEND\n"
                               "OK total=1 took_us=412 generation=1\nEND\n");
    free(reply);
    static const char three[] = "AUTH a\nAUTH b\nAUTH c\nAUTH open sesame=\nCOUNT x\n";
    reply = gs_daemon_ask(daemon, three, sizeof(three) - 1);
    assert_string_equal(reply, "ERR denied wrong token\nERR denied wrong token\n"
                               "ERR denied wrong token\n");
    free(reply);
    gs_daemon_stop(daemon);
    free(path);
    gs_test_dir_remove(dir);
}

static void only_256_connections_may_wait_with_their_token(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    write_token(dir);
    char *path = gs_test_path(dir, "token");
    const gs_server_options options = {.threads = 1, .auth_file = path};
    gs_daemon *daemon = gs_daemon_start(&options);
    int fds[256];
    for (int i = 0; i < 256; i++) {
        fds[i] = gs_daemon_connect(daemon);
        gs_client_send(fds[i], "PING\n", 5);
        free(gs_client_read_until(fds[i], "OK PONG\nEND\n"));
    }
    char *reply = gs_daemon_ask(daemon, "PING\n", 5);
    assert_string_equal(reply,
                        "ERR busy 256 connections have not sent AUTH yet, try again later\n");
    free(reply);
    gs_client_send(fds[0], "AUTH open sesame=\n", 18);
    free(gs_client_read_until(fds[0], "OK\nEND\n"));
    reply = gs_daemon_ask(daemon, "PING\n", 5); // its place is free, and it is still there
    assert_string_equal(reply, "OK PONG\nEND\n");
    free(reply);
    gs_client_send(fds[0], "COUNT x\n", 8);
    free(gs_client_read_until(fds[0], "generation=1\nEND\n"));
    for (int i = 0; i < 256; i++)
        close(fds[i]);
    gs_daemon_stop(daemon);
    free(path);
    gs_test_dir_remove(dir);
}

static void there_may_be_16_addresses(void **state)
{
    (void)state;
    const char *listen[17];
    for (int i = 0; i < 17; i++)
        listen[i] = "127.0.0.1:0";
    const gs_server_options too_many = {.dir = "index", .listen = listen, .listen_count = 17};
    check_refused(&too_many, GSEARCH_LIMIT);
    const gs_server_options options = {.threads = 1, .listen = listen, .listen_count = 16};
    gs_daemon_stop(gs_daemon_start(&options));
}

static void several_addresses_serve_the_same_index(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    char other[GS_ADDRESS_TEXT_MAX];
    snprintf(other, sizeof(other), "unix:%s/other", dir);
    const char *const listen[] = {"127.0.0.1:0", other};
    const gs_server_options options = {.threads = 1, .listen = listen, .listen_count = 2};
    gs_daemon *daemon = gs_daemon_start(&options);
    gsearch_error error;
    assert_true(ntohs(daemon->address.v4.sin_port) != 0); // the one that the kernel chose
    char *reply = gs_daemon_ask(daemon, "PING\n", 5);
    assert_string_equal(reply, "OK PONG\nEND\n");
    free(reply);
    assert_ok(gs_address_parse(other, &daemon->address, &error), &error);
    reply = gs_daemon_ask(daemon, "PING\n", 5);
    assert_string_equal(reply, "OK PONG\nEND\n");
    free(reply);
    gs_daemon_stop(daemon);
    gs_test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_beyond_this_machine_needs_a_token),
        cmocka_unit_test(what_cannot_be_served_is_an_error_at_the_start),
        cmocka_unit_test(every_call_at_the_start_may_fail),
        cmocka_unit_test(one_connection_too_many_is_told_so),
        cmocka_unit_test(a_full_queue_is_busy_and_the_loop_answers_still),
        cmocka_unit_test(one_connection_holds_up_nobody),
        cmocka_unit_test(a_new_generation_is_taken_without_being_told),
        cmocka_unit_test(sighup_takes_a_new_generation),
        cmocka_unit_test(files_that_have_changed_are_told_once),
        cmocka_unit_test(a_broken_generation_is_counted_once_and_the_old_one_serves),
        cmocka_unit_test(a_reply_never_mixes_generations),
        cmocka_unit_test(a_line_that_does_not_end_in_time_closes_the_connection),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(a_client_that_stops_reading_is_closed),
        cmocka_unit_test(sigterm_finishes_what_runs),
        cmocka_unit_test(what_runs_too_long_is_cut_off_after_sigterm),
        cmocka_unit_test(a_second_sigterm_ends_at_once),
        cmocka_unit_test(only_the_token_opens_the_daemon),
        cmocka_unit_test(a_line_before_auth_may_have_512_bytes),
        cmocka_unit_test(two_wrong_tokens_are_forgiven_and_three_are_not),
        cmocka_unit_test(only_256_connections_may_wait_with_their_token),
        cmocka_unit_test(there_may_be_16_addresses),
        cmocka_unit_test(several_addresses_serve_the_same_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
