/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of query/daemon/conn.c through real sockets. What a conversation must read as is written
 * out from docs/PROTOCOL.md; for every way to cut it into packets the reply must be the same.
 */
#include "query/daemon/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "tests/query/daemon/daemonfixture.h"
#include "tests/query/daemon/faultyuv.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static const gs_server_options usual = {.threads = 2};

#define ROW(title)                                              \
    "{\"rank\":1,\"score\":1.5,\"id\":\"a\",\"title\":\"" title \
    "\",\"snippet\":\"政务公开\",\"marks\":[[0,2]]}\n"
#define ONE(title) "OK total=1 hits=1 took_us=412 generation=1\n" ROW(title) "END\n"

typedef struct conversation {
    const char *said;
    const char *reply; /* the beginning of it, if `said` is refused with a longer explanation */
} conversation;

static const conversation conversations[] = {
    {"", ""},
    {"\n\r\n\n", ""},
    {"PING\n", "OK PONG\nEND\n"},
    {"ping\r\nPing\n", "OK PONG\nEND\nOK PONG\nEND\n"},
    {"\n\nPING\n\n", "OK PONG\nEND\n"},
    {"PING", "OK PONG\nEND\n"},
    {"SEARCH 政务公开\n", ONE("政务公开")},
    {"search limit=1 sort=-date 营商\nPING\n", ONE("营商") "OK PONG\nEND\n"},
    {"SEARCH snippet=on -- limit=1\n", ONE("limit=1")},
    {"SEARCH total=none x\n", "OK hits=1 took_us=412 generation=1\n" ROW("x") "END\n"},
    {"SEARCH limit=0 x\n", "OK total=1 hits=0 took_us=412 generation=1\nEND\n"},
    {"SEARCH facet=date limit=0 x\n",
     "OK total=1 hits=0 took_us=412 generation=1\n"
     "{\"facets\":{\"date\":[[\"2017\",12],[\"2016\",3]]}}\nEND\n"},
    {"COUNT rows 7\n", "OK total=7 took_us=412 generation=1\nEND\n"},
    {"GET a b.txt\n", "OK generation=1\n{\"id\":\"a b.txt\"}\nEND\n"},
    {"GET \"\\u653f\\n\"\n", "OK generation=1\n{\"id\":\"政\n\"}\nEND\n"},
    {"GET none\nPING\n", "ERR not-found no document \"none\"\nOK PONG\nEND\n"},
    {"GET huge\nPING\n", "ERR limit the reply has more than 4194304 bytes: ask for fewer rows, or "
                         "read the document with gsearch show\nOK PONG\nEND\n"},
    {"EXPLAIN match=any x\n", "OK\n{\"step\":1}\nEND\n"},
    {"SUGGEST limit=1 政\n", "OK\n{\"text\":\"政0\",\"documents\":1}\nEND\n"},
    {"AUTH anything\n", "OK\nEND\n"},
    {"QUIT\nPING\n", "OK BYE\nEND\n"},
    {"SEARCH bad\nSEARCH x\n", "ERR bad-query offset=3 unbalanced quotation mark\n" ONE("x")},
    {"SEARCH limit=1001 x\nPING\n", "ERR limit limit is at most 1000, or all\nOK PONG\nEND\n"},
    {"SEARCH foo=1 x\nPING\n", "ERR bad-argument SEARCH has no key \"foo\": put -- before a text "
                               "that begins so\nOK PONG\nEND\n"},
    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "ERR protocol "},
    {"SEARCH x HTTP/1.1\nPING\n", "ERR protocol "},
    {"POST / \nPING\n", "ERR protocol "},
    {"SSH-2.0-x\r\nPING\n", "ERR protocol "},
    {"\x16\x03\x01\x02\nPING\n", "ERR protocol "},
    {"PING\nGET / HTTP/1.1\n", "OK PONG\nEND\nOK generation=1\n{\"id\":\"/ HTTP/1.1\"}\nEND\n"},
};

#define CONVERSATIONS_COUNT (sizeof(conversations) / sizeof(conversations[0]))

static void check_reply(const conversation *wanted, char *reply)
{
    if (strcmp(wanted->reply, "ERR protocol ") == 0) {
        // one line and nothing after it
        assert_memory_equal(reply, wanted->reply, strlen(wanted->reply));
        assert_ptr_equal(strchr(reply, '\n'), reply + strlen(reply) - 1);
    } else {
        assert_string_equal(reply, wanted->reply);
    }
    free(reply);
}

static void every_conversation_reads_as_specified(void **state)
{
    for (size_t i = 0; i < CONVERSATIONS_COUNT; i++) {
        const conversation *wanted = &conversations[i];
        check_reply(wanted, gs_daemon_ask(*state, wanted->said, strlen(wanted->said)));
    }
}

static void a_cut_at_any_byte_changes_nothing(void **state)
{
    for (size_t i = 0; i < CONVERSATIONS_COUNT; i++) {
        const conversation *wanted = &conversations[i];
        size_t len = strlen(wanted->said);
        for (size_t cut = 1; cut < len; cut++) {
            int fd = gs_daemon_connect(*state);
            gs_client_send(fd, wanted->said, cut);
            gs_client_wait_read(fd);
            // what was refused at the first part may be closed already
            (void)!send(fd, wanted->said + cut, len - cut, MSG_NOSIGNAL);
            shutdown(fd, SHUT_WR);
            check_reply(wanted, gs_client_read_all(fd));
            close(fd);
        }
    }
}

static void a_byte_at_a_time_changes_nothing(void **state)
{
    for (size_t i = 0; i < CONVERSATIONS_COUNT; i++) {
        const conversation *wanted = &conversations[i];
        int fd = gs_daemon_connect(*state);
        for (const char *byte = wanted->said; *byte; byte++) {
            (void)!send(fd, byte, 1, MSG_NOSIGNAL);
            if (byte[1])
                gs_client_wait_read(fd);
        }
        shutdown(fd, SHUT_WR);
        check_reply(wanted, gs_client_read_all(fd));
        close(fd);
    }
}

static void nul_and_broken_utf8_are_bad_arguments_and_the_connection_goes_on(void **state)
{
    static const char said[] = "SEARCH a\0b\nSEARCH \xC3\x28\nPING\n";
    char *reply = gs_daemon_ask(*state, said, sizeof(said) - 1);
    assert_string_equal(reply, "ERR bad-argument the request has a NUL at byte 8\n"
                               "ERR bad-argument the request is not UTF-8 at byte 7\n"
                               "OK PONG\nEND\n");
    free(reply);
}

static void ten_thousand_pipelined_requests_are_answered_in_order(void **state)
{
    enum { REQUESTS = 10000 };
    gs_buf said, wanted;
    gs_buf_init(&said, NULL, REQUESTS * 32);
    gs_buf_init(&wanted, NULL, REQUESTS * 160);
    for (int i = 0; i < REQUESTS; i++) {
        if (i % 7 == 0) {
            gs_buf_str(&said, "PING\n");
            gs_buf_str(&wanted, "OK PONG\nEND\n");
        } else {
            gs_buf_printf(&said, "SEARCH q%d\n", i);
            gs_buf_printf(&wanted, ONE("q%d"), i);
        }
    }
    char *reply = gs_daemon_ask(*state, said.data, said.len);
    assert_int_equal(strlen(reply), wanted.len);
    assert_memory_equal(reply, wanted.data, wanted.len);
    free(reply);
    gs_buf_release(&said);
    gs_buf_release(&wanted);
}

/* A line of `len` bytes before its end. */
static char *ask_line(const gs_daemon *daemon, size_t len, const char *end)
{
    char *line = malloc(len + 16);
    memset(line, 'x', len);
    memcpy(line, "COUNT ", 6);
    size_t end_len = strlen(end);
    memcpy(line + len, end, end_len);
    memcpy(line + len + end_len, "PING\n", 5);
    char *reply = gs_daemon_ask(daemon, line, len + end_len + 5);
    free(line);
    return reply;
}

static void a_line_may_have_65536_bytes_and_not_one_more(void **state)
{
    static const char *const ends[] = {"\n", "\r\n"};
    for (int i = 0; i < 2; i++) {
        char *reply = ask_line(*state, 65535, ends[i]);
        assert_string_equal(reply, "OK total=1 took_us=412 generation=1\nEND\nOK PONG\nEND\n");
        free(reply);
        reply = ask_line(*state, 65536, ends[i]);
        assert_string_equal(reply, "OK total=1 took_us=412 generation=1\nEND\nOK PONG\nEND\n");
        free(reply);
        reply = ask_line(*state, 65537, ends[i]);
        assert_string_equal(reply, "ERR line-too-long a request line has at most 65536 bytes\n");
        free(reply);
    }
}

static void a_line_without_end_is_refused_as_soon_as_it_is_too_long(void **state)
{
    char *line = malloc(65538);
    memset(line, 'x', 65538);
    int fd = gs_daemon_connect(*state);
    gs_client_send(fd, line, 65538);
    char *reply = gs_client_read_all(fd); // the daemon closes, not we
    assert_string_equal(reply, "ERR line-too-long a request line has at most 65536 bytes\n");
    free(reply);
    free(line);
    close(fd);
}

static void requests_in_flight_keep_their_order(void **state)
{
    gs_daemon *daemon = *state;
    int fd = gs_daemon_connect(daemon);
    static const char said[] = "SEARCH block\nSEARCH second\nPING\n";
    gs_client_send(fd, said, sizeof(said) - 1);
    gs_wait_blocked(daemon->stub);
    char *other = gs_daemon_ask(daemon, "COUNT x\n", 8); // another connection is not held up
    assert_string_equal(other, "OK total=1 took_us=412 generation=1\nEND\n");
    free(other);
    sem_post(&daemon->stub->gate);
    char *reply = gs_client_read_until(fd, "OK PONG\nEND\n");
    assert_string_equal(reply, ONE("block") ONE("second") "OK PONG\nEND\n");
    free(reply);
    close(fd);
}

static void all_rows_stream_to_a_client_that_reads(void **state)
{
    char *reply = gs_daemon_ask(*state, "SEARCH limit=all rows 100000\nPING\n", 34);
    static const char head[] = "OK total=100000 hits=100000 took_us=412 generation=1\n";
    assert_memory_equal(reply, head, sizeof(head) - 1);
    const char *line = reply + sizeof(head) - 1;
    for (int rank = 1; rank <= 100000; rank++) {
        char wanted[64];
        snprintf(wanted, sizeof(wanted), "{\"rank\":%d,", rank);
        assert_memory_equal(line, wanted, strlen(wanted));
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, "END\nOK PONG\nEND\n");
    free(reply);
}

static void a_client_that_does_not_read_holds_up_its_own_stream_only(void **state)
{
    gs_daemon *daemon = *state;
    daemon->stub->rows_made = 0;
    enum { READERS = 20 };
    int fds[READERS];
    for (int i = 0; i < READERS; i++) {
        fds[i] = gs_daemon_connect(daemon);
        gs_client_send(fds[i], "SEARCH limit=all rows 10000000\n", 31);
    }
    // the streams stop by themselves: the number of rows made no longer grows
    uint64_t before, after = 0;
    gs_wait at = gs_wait_for("the streams do not stop");
    do {
        gs_wait_on(&at);
        before = after;
        for (int i = 0; i < 200; i++)
            free(gs_daemon_ask(daemon, "COUNT x\n", 8));
        after = daemon->stub->rows_made;
    } while (after != before || after == 0 || gs_daemon_stat(daemon, "running") > 0);
    // 300 bytes a row: pause mark and a piece here, and what the kernel holds for each socket
    assert_true(after < READERS * 5000);
    assert_true(gs_daemon_stat(daemon, "output_bytes") <= READERS * (384u << 10));
    assert_int_equal(gs_daemon_stat(daemon, "streams"), READERS);
    for (int i = 0; i < READERS; i++)
        close(fds[i]);
    at = gs_wait_for("the streams do not end with their clients");
    while (gs_daemon_stat(daemon, "streams") > 0)
        gs_wait_on(&at);
    assert_int_equal(gs_daemon_stat(daemon, "output_bytes"), 0);
}

static void a_reply_that_fails_after_its_first_piece_has_no_end(void **state)
{
    char *reply = gs_daemon_ask(*state, "SEARCH cut 5\nPING\n", 18);
    assert_string_equal(reply, "ERR corrupt block 7 is damaged\nOK PONG\nEND\n");
    free(reply);
    reply = gs_daemon_ask(*state, "SEARCH limit=all cut 5000\nPING\n", 31);
    assert_memory_equal(reply, "OK total=5000 ", 14);
    assert_null(strstr(reply, "END\n"));
    assert_null(strstr(reply, "PONG"));
    free(reply);
}

static void a_search_is_cancelled_when_its_client_breaks_off(void **state)
{
    (void)state;
    static const char *const listen[] = {"127.0.0.1:0"};
    const gs_server_options options = {.threads = 1, .listen = listen, .listen_count = 1};
    gs_daemon *daemon = gs_daemon_start(&options);
    int fd = gs_daemon_connect(daemon);
    gs_client_send(fd, "SEARCH block\n", 13);
    gs_wait_blocked(daemon->stub);
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    close(fd);
    // the gate stays shut: a search that nobody cancels would run for ever
    for (gs_wait at = gs_wait_for("the search goes on"); gs_daemon_stat(daemon, "running") > 0;)
        gs_wait_on(&at);
    gs_daemon_stop(daemon);
}

static void the_33rd_request_of_a_connection_waits_for_the_first(void **state)
{
    (void)state;
    const gs_server_options options = {.threads = 1};
    gs_daemon *daemon = gs_daemon_start(&options);
    int fd = gs_daemon_connect(daemon);
    gs_client_send(fd, "SEARCH block\n", 13);
    gs_wait_blocked(daemon->stub);
    // in one piece, since the daemon stops reading when 32 are in flight
    char said[40 * 8];
    for (int i = 0; i < 40; i++)
        memcpy(said + 8 * i, "COUNT x\n", 8);
    gs_client_send(fd, said, 40 * 8);
    gs_client_wait_read(fd); // by the daemon, into a buffer
    for (gs_wait at = gs_wait_for("31 are not begun"); gs_daemon_stat(daemon, "COUNT") < 31;)
        gs_wait_on(&at);
    for (int i = 0; i < 20; i++)
        assert_int_equal(gs_daemon_stat(daemon, "COUNT"), 31);
    sem_post(&daemon->stub->gate);
    free(gs_client_read_until(fd, "]}\nEND\n"));
    for (int i = 0; i < 40; i++)
        free(gs_client_read_until(fd, "OK total=1 took_us=412 generation=1\nEND\n"));
    assert_int_equal(gs_daemon_stat(daemon, "COUNT"), 40);
    close(fd);
    gs_daemon_stop(daemon);
}

/* ---- time, which stands still until a test moves it ---- */

typedef struct clock_bench {
    uv_loop_t loop;
    gs_metrics metrics;
    gs_work work;
    gs_token token;
    gs_conns conns;
    int client;
} clock_bench;

static const gs_server_limits usual_times = {.auth_timeout_ms = GS_AUTH_TIMEOUT_MS,
                                             .line_timeout_ms = GS_LINE_TIMEOUT_MS,
                                             .idle_timeout_ms = GS_IDLE_TIMEOUT_MS,
                                             .stall_timeout_ms = GS_STALL_TIMEOUT_MS};

/* Lets the loop do all that can be done now. */
static void settle(clock_bench *bench)
{
    for (int i = 0; i < 10; i++)
        uv_run(&bench->loop, UV_RUN_NOWAIT);
}

/* With one connection; `token`, if any, is asked for. */
static clock_bench *open_clock_bench_of(const char *token)
{
    clock_bench *bench = calloc(1, sizeof(*bench));
    bench->token.len = strlen(token);
    memcpy(bench->token.bytes, token, bench->token.len);
    int pair[2], small = 4096;
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    bench->client = pair[0];
    bench->work = (gs_work){.loop = &bench->loop, .metrics = &bench->metrics, .threads = 1};
    bench->conns.loop = &bench->loop;
    bench->conns.work = &bench->work;
    bench->conns.metrics = &bench->metrics;
    bench->conns.limits = &usual_times;
    bench->conns.token = &bench->token;
    bench->conns.clock_ms = 1;
    gs_conns_init(&bench->conns);
    gs_conn_open(&bench->conns, pair[1]);
    settle(bench);
    return bench;
}

static clock_bench *open_clock_bench(void)
{
    return open_clock_bench_of("");
}

static bool is_open_after(clock_bench *bench, uint64_t ms)
{
    bench->conns.clock_ms += ms;
    gs_conns_tick(&bench->conns);
    settle(bench);
    return bench->metrics.connections == 1;
}

static void close_clock_bench(clock_bench *bench)
{
    assert_int_equal(bench->metrics.timeouts, 1);
    assert_int_equal(bench->metrics.output_bytes, 0);
    close(bench->client);
    gs_conns_release(&bench->conns);
    settle(bench);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    free(bench);
}

static void an_idle_connection_has_300_seconds(void **state)
{
    (void)state;
    clock_bench *bench = open_clock_bench();
    assert_true(is_open_after(bench, 299999));
    gs_client_send(bench->client, "PING\n", 5); // begins anew
    settle(bench);
    free(gs_client_read_until(bench->client, "OK PONG\nEND\n"));
    assert_true(is_open_after(bench, 299999));
    assert_false(is_open_after(bench, 1));
    close_clock_bench(bench);
}

static void a_token_has_10_seconds(void **state)
{
    (void)state;
    clock_bench *bench = open_clock_bench_of("sesame");
    for (int i = 0; i < 9; i++) {
        assert_true(is_open_after(bench, 1000));
        gs_client_send(bench->client, i == 3 ? "AUTH x\n" : "PING\n", i == 3 ? 7 : 5);
        settle(bench);
        free(gs_client_read_until(bench->client, i == 3 ? "token\n" : "OK PONG\nEND\n"));
    }
    assert_true(is_open_after(bench, 999));
    assert_false(is_open_after(bench, 1));
    assert_int_equal(bench->conns.before_auth, 0);
    close_clock_bench(bench);
}

static void a_token_in_time_is_all_that_is_asked_for(void **state)
{
    (void)state;
    clock_bench *bench = open_clock_bench_of("sesame");
    assert_true(is_open_after(bench, 9999));
    gs_client_send(bench->client, "AUTH sesame\n", 12);
    settle(bench);
    free(gs_client_read_until(bench->client, "OK\nEND\n"));
    assert_true(is_open_after(bench, 299999));
    assert_false(is_open_after(bench, 1));
    close_clock_bench(bench);
}

static void a_torrent_of_requests_lets_the_others_pass(void **state)
{
    (void)state;
    enum { TORRENT = 4000 };
    static char said[5 * TORRENT + 1];
    clock_bench *bench = open_clock_bench();
    const uint64_t *pings = &bench->metrics.requests[GS_VERB_PING];
    int pair[2];
    char heard[16];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    gs_conn_open(&bench->conns, pair[1]);
    settle(bench);
    for (int i = 0; i < TORRENT; i++)
        memcpy(said + 5 * i, "PING\n", 5);
    assert_int_equal(send(bench->client, said, 5 * TORRENT, 0), 5 * TORRENT);
    assert_int_equal(send(pair[0], said, 5, 0), 5);
    for (int i = 0; i < 3; i++)
        uv_run(&bench->loop, UV_RUN_NOWAIT);
    assert_int_equal(recv(pair[0], heard, sizeof(heard), MSG_DONTWAIT), 12);
    assert_in_range(*pings, 33, 5 * 32);
    close(pair[0]);
    for (int i = 0; i < TORRENT / 32 + 10; i++)
        uv_run(&bench->loop, UV_RUN_NOWAIT);
    assert_int_equal(*pings, TORRENT + 1);
    assert_true(is_open_after(bench, GS_STALL_TIMEOUT_MS - 1)); // nothing is read
    assert_false(is_open_after(bench, 1));
    close_clock_bench(bench);
}

static void a_crowd_of_idle_connections_is_closed_in_a_few_looks(void **state)
{
    (void)state;
    enum { CROWD = 3000 };
    static int clients[CROWD];
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_cur < 2 * CROWD + 64)
        skip();
    clock_bench *bench = open_clock_bench();
    for (int i = 0; i < CROWD; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        clients[i] = pair[0];
        gs_conn_open(&bench->conns, pair[1]);
    }
    assert_int_equal(bench->metrics.connections, CROWD + 1);
    bench->conns.clock_ms += GS_IDLE_TIMEOUT_MS;
    unsigned left = CROWD + 1, looks = 0;
    for (; bench->metrics.connections && looks < 10; looks++) {
        gs_conns_tick(&bench->conns);
        settle(bench);
        assert_true(left - bench->metrics.connections <= 1024); // then replies have their turn
        left = bench->metrics.connections;
    }
    assert_int_equal(left, 0);
    assert_int_equal(bench->metrics.timeouts, CROWD + 1);
    for (int i = 0; i < CROWD; i++)
        close(clients[i]);
    bench->metrics.timeouts = 1;
    close_clock_bench(bench);
}

static void a_line_has_10_seconds_from_its_first_byte(void **state)
{
    (void)state;
    clock_bench *bench = open_clock_bench();
    gs_client_send(bench->client, "PIN", 3);
    assert_true(is_open_after(bench, 0));
    assert_true(is_open_after(bench, 9999));
    gs_client_send(bench->client, "G\nPIN", 5); // another line begins
    settle(bench);
    free(gs_client_read_until(bench->client, "OK PONG\nEND\n"));
    for (int i = 0; i < 9; i++) {
        assert_true(is_open_after(bench, 1000));
        gs_client_send(bench->client, "G", 1); // which is not enough to go on for ever
        settle(bench);
    }
    assert_true(is_open_after(bench, 999));
    assert_false(is_open_after(bench, 1));
    close_clock_bench(bench);
}

static void read_some(clock_bench *bench, size_t bytes)
{
    char taken[4096];
    while (bytes > 0) {
        size_t wanted = bytes < sizeof(taken) ? bytes : sizeof(taken);
        ssize_t got = recv(bench->client, taken, wanted, MSG_DONTWAIT);
        assert_true(got > 0);
        bytes -= (size_t)got;
        settle(bench); // the kernel takes as much again
    }
}

static void unread_replies_have_30_seconds_for_each_64_kib(void **state)
{
    (void)state;
    clock_bench *bench = open_clock_bench();
    for (int i = 0; i < 300; i++) {
        gs_client_send(bench->client, "HELP\n", 5);
        settle(bench);
    }
    assert_true(is_open_after(bench, 0));
    assert_true(bench->metrics.output_bytes > 3 * GS_STALL_BYTES);
    assert_true(is_open_after(bench, 29999));
    enum { UNSURE = 8192 }; // that the kernel may hold
    read_some(bench, GS_STALL_BYTES + UNSURE);
    assert_true(is_open_after(bench, 0)); // sees that there was progress
    assert_true(is_open_after(bench, 29999));
    read_some(bench, GS_STALL_BYTES - 1 - UNSURE); // is not enough
    assert_true(is_open_after(bench, 0));
    assert_false(is_open_after(bench, 1));
    close_clock_bench(bench);
}

static void help_names_every_verb(void **state)
{
    char *reply = gs_daemon_ask(*state, "HELP\n", 5);
    static const char *const verbs[] = {"SEARCH", "COUNT", "GET",  "EXPLAIN", "SUGGEST",
                                        "STATS",  "HELP",  "PING", "QUIT",    "AUTH"};
    assert_memory_equal(reply, "OK\n", 3);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        char wanted[64];
        snprintf(wanted, sizeof(wanted), "{\"verb\":\"%s\",\"usage\":\"%s", verbs[i], verbs[i]);
        assert_non_null(strstr(reply, wanted));
    }
    assert_string_equal(reply + strlen(reply) - 4, "END\n");
    free(reply);
}

/* What a daemon says to "PING, QUIT" before it closes, whichever way. */
static size_t ping(const gs_daemon *daemon, char *out, size_t room)
{
    size_t len = 0;
    int fd = gs_daemon_connect(daemon);
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    (void)!send(fd, "PING\nQUIT\n", 10, MSG_NOSIGNAL);
    while (poll(&wanted, 1, 30000) == 1) {
        ssize_t count = recv(fd, out + len, room - len, 0);
        if (count <= 0)
            break;
        len += (size_t)count;
    }
    close(fd);
    return len;
}

static void a_call_that_fails_costs_one_connection_at_most(void **state)
{
    (void)state;
    static const char *const listen[] = {"127.0.0.1:0"}, reply[] = "OK PONG\nEND\nOK BYE\nEND\n";
    static const char *const calls[] = {"uv_write", "uv_shutdown", "uv_tcp_open", "getsockopt"};
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        char heard[256];
        const gs_server_options options = {.threads = 1, .listen = listen, .listen_count = 1};
        gs_calls_fail(calls[i], 1, ENOMEM);
        gs_daemon *daemon = gs_daemon_start(&options);
        gs_calls_end(); // here, not there
        size_t len = ping(daemon, heard, sizeof(heard));
        assert_true(len <= sizeof(reply) - 1);
        assert_memory_equal(heard, reply, len);
        assert_int_equal(ping(daemon, heard, sizeof(heard)), sizeof(reply) - 1);
        assert_memory_equal(heard, reply, sizeof(reply) - 1);
        assert_int_equal(gs_daemon_stat(daemon, "connections_total"), 3);
        gs_daemon_stop(daemon);
    }
}

static int start(void **state)
{
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
        cmocka_unit_test(every_conversation_reads_as_specified),
        cmocka_unit_test(a_cut_at_any_byte_changes_nothing),
        cmocka_unit_test(a_byte_at_a_time_changes_nothing),
        cmocka_unit_test(nul_and_broken_utf8_are_bad_arguments_and_the_connection_goes_on),
        cmocka_unit_test(ten_thousand_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_line_may_have_65536_bytes_and_not_one_more),
        cmocka_unit_test(a_line_without_end_is_refused_as_soon_as_it_is_too_long),
        cmocka_unit_test(requests_in_flight_keep_their_order),
        cmocka_unit_test(all_rows_stream_to_a_client_that_reads),
        cmocka_unit_test(a_client_that_does_not_read_holds_up_its_own_stream_only),
        cmocka_unit_test(a_reply_that_fails_after_its_first_piece_has_no_end),
        cmocka_unit_test(a_search_is_cancelled_when_its_client_breaks_off),
        cmocka_unit_test(the_33rd_request_of_a_connection_waits_for_the_first),
        cmocka_unit_test(an_idle_connection_has_300_seconds),
        cmocka_unit_test(a_token_has_10_seconds),
        cmocka_unit_test(a_token_in_time_is_all_that_is_asked_for),
        cmocka_unit_test(a_torrent_of_requests_lets_the_others_pass),
        cmocka_unit_test(a_crowd_of_idle_connections_is_closed_in_a_few_looks),
        cmocka_unit_test(a_line_has_10_seconds_from_its_first_byte),
        cmocka_unit_test(unread_replies_have_30_seconds_for_each_64_kib),
        cmocka_unit_test(a_call_that_fails_costs_one_connection_at_most),
        cmocka_unit_test(help_names_every_verb),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
