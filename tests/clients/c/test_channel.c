/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of clients/c/channel.c over a pair of sockets, the other end of which is in the test.
 */
#include "clients/c/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/wire/address.h"
#include "tests/support/check.h"
#include "tests/support/faultycalls.h"

typedef struct socket_pair {
    gs_channel channel;
    int peer;
} socket_pair;

static socket_pair make_pair(unsigned timeout_ms)
{
    int fds[2];
    socket_pair made = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    made.channel = (gs_channel){.fd = fds[0], .timeout_ms = timeout_ms};
    gs_buf_init(&made.channel.in, NULL, GS_REPLY_BYTES_MAX + (64u << 10));
    made.peer = fds[1];
    return made;
}

static void release_pair(socket_pair *pair)
{
    gs_channel_close(&pair->channel);
    if (pair->peer >= 0)
        close(pair->peer);
}

static void say(const socket_pair *pair, const char *text)
{
    assert_int_equal(send(pair->peer, text, strlen(text), 0), strlen(text));
}

static void check_line(socket_pair *pair, const char *wanted)
{
    gs_bytes line;
    gsearch_error error;
    assert_ok(gs_channel_read_line(&pair->channel, &line, &error), &error);
    assert_true(gs_bytes_equal(line, gs_bytes_str(wanted)));
}

static void lines_come_out_as_they_were_sent(void **state)
{
    (void)state;
    socket_pair pair = make_pair(10000);
    gsearch_error error;
    char heard[16];
    assert_ok(gs_channel_send(&pair.channel, gs_bytes_str("PING\n"), false, &error), &error);
    assert_int_equal(recv(pair.peer, heard, sizeof(heard), 0), 5);
    assert_memory_equal(heard, "PING\n", 5);
    say(&pair, "OK PONG\nEND\n\nOK");
    check_line(&pair, "OK PONG");
    check_line(&pair, "END");
    check_line(&pair, "");
    say(&pair, " PO");
    say(&pair, "NG\n");
    check_line(&pair, "OK PONG");
    release_pair(&pair);
}

static void silence_is_a_timeout(void **state)
{
    (void)state;
    socket_pair pair = make_pair(20);
    gs_bytes line;
    gsearch_error error;
    assert_ok(gs_channel_send(&pair.channel, gs_bytes_str("PING\n"), false, &error), &error);
    say(&pair, "OK PO");
    assert_fails(GSEARCH_TIMEOUT, gs_channel_read_line(&pair.channel, &line, &error), &error);
    release_pair(&pair);
}

static void the_end_of_the_stream_is_io(void **state)
{
    (void)state;
    socket_pair pair = make_pair(10000);
    gs_bytes line;
    gsearch_error error;
    say(&pair, "ERR busy x\nOK");
    close(pair.peer);
    pair.peer = -1;
    // what was said before the hang-up is heard, although nothing can be sent any more
    assert_ok(gs_channel_send(&pair.channel, gs_bytes_str("PING\n"), false, &error), &error);
    check_line(&pair, "ERR busy x");
    assert_fails(GSEARCH_IO, gs_channel_read_line(&pair.channel, &line, &error), &error);
    release_pair(&pair);
}

static void a_request_larger_than_the_socket_times_out_if_nobody_reads(void **state)
{
    (void)state;
    socket_pair pair = make_pair(20);
    static const char zeros[4u << 20];
    gsearch_error error;
    assert_fails(GSEARCH_TIMEOUT,
                 gs_channel_send(&pair.channel, gs_bytes_of(zeros, sizeof(zeros)), false, &error),
                 &error);
    release_pair(&pair);
}

/* What one call that fails with one errno makes of sending a request and reading its reply. */
static gsearch_status talk(const char *call, int error)
{
    socket_pair pair = make_pair(10000);
    gs_bytes line;
    gsearch_error err = {0};
    say(&pair, "OK PONG\n");
    gs_calls_fail(call, 1, error);
    gsearch_status status =
        gs_channel_send(&pair.channel, gs_bytes_str("PING\n"), false, &err);
    if (!status)
        status = gs_channel_read_line(&pair.channel, &line, &err);
    gs_calls_end();
    if (status)
        assert_true(err.message[0] != '\0');
    else
        assert_true(gs_bytes_equal(line, gs_bytes_str("OK PONG")));
    release_pair(&pair);
    return status;
}

static void calls_that_fail_are_made_again_or_told(void **state)
{
    (void)state;
    assert_int_equal(talk("send", EINTR), GSEARCH_OK);
    assert_int_equal(talk("send", EAGAIN), GSEARCH_OK);
    assert_int_equal(talk("send", EPIPE), GSEARCH_OK); // what was said before is heard
    assert_int_equal(talk("send", ECONNRESET), GSEARCH_OK);
    assert_int_equal(talk("send", ENOBUFS), GSEARCH_IO);
    assert_int_equal(talk("recv", EINTR), GSEARCH_OK);
    assert_int_equal(talk("recv", EAGAIN), GSEARCH_OK);
    assert_int_equal(talk("recv", ECONNRESET), GSEARCH_IO);
}

static void waiting_may_be_interrupted(void **state)
{
    (void)state;
    static const struct {
        int error;
        gsearch_status status;
    } cases[] = {{EINTR, GSEARCH_TIMEOUT}, {EINVAL, GSEARCH_IO}, {ENOMEM, GSEARCH_NO_MEMORY}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        socket_pair pair = make_pair(20);
        gs_bytes line;
        gsearch_error error;
        assert_ok(gs_channel_send(&pair.channel, gs_bytes_str("PING\n"), false, &error), &error);
        gs_calls_fail("poll", 1, cases[i].error);
        assert_fails(cases[i].status, gs_channel_read_line(&pair.channel, &line, &error), &error);
        assert_true(gs_calls_end());
        release_pair(&pair);
    }
}

static int make_listener(char text[GS_ADDRESS_TEXT_MAX])
{
    gs_address address;
    gsearch_error error;
    assert_ok(gs_address_parse("127.0.0.1:0", &address, &error), &error);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, &address.any, address.len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, &address.any, &address.len), 0);
    gs_address_format(&address, text);
    return fd;
}

static void opening_ends_in_the_status_of_the_call(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int error;
        gsearch_status status;
    } cases[] = {
        {"socket", EMFILE, GSEARCH_IO},          {"connect", EAGAIN, GSEARCH_BUSY},
        {"connect", ECONNREFUSED, GSEARCH_IO},   {"connect", EACCES, GSEARCH_DENIED},
        {"getsockopt", ENOBUFS, GSEARCH_IO},     {"poll", EINVAL, GSEARCH_IO},
        {"poll", EINTR, GSEARCH_OK},
    };
    char text[GS_ADDRESS_TEXT_MAX];
    int listener = make_listener(text);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        gs_channel channel;
        gsearch_error error = {0};
        gs_calls_fail(cases[i].call, 1, cases[i].error);
        gsearch_status status = gs_channel_open(text, 1000, &channel, &error);
        // a connection that is there at once is neither waited for nor asked about
        assert_int_equal(status, gs_calls_end() ? cases[i].status : GSEARCH_OK);
        if (!status)
            gs_channel_close(&channel);
    }
    close(listener);
}

static void bad_addresses_are_refused(void **state)
{
    (void)state;
    gs_channel channel;
    gsearch_error error;
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_channel_open("nowhere", 1000, &channel, &error), &error);
    assert_fails(GSEARCH_IO, gs_channel_open("unix:/nowhere/s", 1000, &channel, &error), &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_out_as_they_were_sent),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(the_end_of_the_stream_is_io),
        cmocka_unit_test(a_request_larger_than_the_socket_times_out_if_nobody_reads),
        cmocka_unit_test(calls_that_fail_are_made_again_or_told),
        cmocka_unit_test(waiting_may_be_interrupted),
        cmocka_unit_test(opening_ends_in_the_status_of_the_call),
        cmocka_unit_test(bad_addresses_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
