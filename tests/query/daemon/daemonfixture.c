/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes and sockets for the tests of the daemon.
 */
#include "tests/query/daemon/daemonfixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define PATIENCE_MS 30000

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

gs_wait gs_wait_for(const char *what)
{
    return (gs_wait){.what = what, .give_up_ns = now_ns() + PATIENCE_MS * 1000000ull};
}

void gs_wait_on(const gs_wait *at)
{
    if (now_ns() > at->give_up_ns)
        fail_msg("waited in vain: %s", at->what);
    sched_yield();
}

void gs_wait_blocked(gs_stub *stub)
{
    for (gs_wait at = gs_wait_for("the search has not begun"); sem_trywait(&stub->blocked);)
        gs_wait_on(&at);
}

static void on_ready(const char *const *addresses, size_t count, void *payload)
{
    (void)count;
    dprintf(*(int *)payload, "%s\n", addresses[0]);
    close(*(int *)payload);
}

static void serve(const gs_server_options *wanted, const char *listen, int ready)
{
    gs_server_options options = *wanted;
    gsearch_error error;
    prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that fails leaves no daemon behind
    if (!options.dir)
        options.dir = "index";
    if (options.listen_count == 0) {
        options.listen = &listen;
        options.listen_count = 1;
    }
    options.on_ready = on_ready;
    options.payload = &ready;
    gsearch_status status = gs_server_run(&options, &error);
    if (status)
        dprintf(ready, "%s\n", error.message);
    exit(gsearch_status_exit(status));
}

static gs_stub *make_stub(void)
{
    gs_stub *stub =
        mmap(NULL, sizeof(*stub), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(stub != MAP_FAILED);
    stub->generation = 1;
    assert_int_equal(sem_init(&stub->gate, 1, 0), 0);
    assert_int_equal(sem_init(&stub->blocked, 1, 0), 0);
    return stub;
}

gs_daemon *gs_daemon_start(const gs_server_options *options)
{
    gs_daemon *daemon = calloc(1, sizeof(*daemon));
    char listen[GS_ADDRESS_TEXT_MAX];
    int ready[2];
    daemon->dir = gs_test_dir_make();
    daemon->stub = make_stub();
    snprintf(listen, sizeof(listen), "unix:%s/s", daemon->dir);
    gs_stub_use(daemon->stub);
    assert_int_equal(pipe(ready), 0);
    fflush(NULL);
    daemon->pid = fork();
    assert_true(daemon->pid >= 0);
    if (daemon->pid == 0) {
        close(ready[0]);
        serve(options, listen, ready[1]);
    }
    close(ready[1]);
    size_t len = 0;
    ssize_t got;
    while (len < sizeof(daemon->address_text) - 1 &&
           (got = read(ready[0], daemon->address_text + len,
                       sizeof(daemon->address_text) - 1 - len)) > 0)
        len += (size_t)got;
    close(ready[0]);
    daemon->address_text[strcspn(daemon->address_text, "\n")] = '\0';
    gsearch_error error;
    gsearch_status status = gs_address_parse(daemon->address_text, &daemon->address, &error);
    if (status)
        fail_msg("the daemon did not start: %s", daemon->address_text);
    return daemon;
}

int gs_daemon_wait(gs_daemon *daemon)
{
    int status;
    pid_t ended;
    for (gs_wait at = gs_wait_for("the daemon does not end");
         (ended = waitpid(daemon->pid, &status, WNOHANG)) == 0;)
        gs_wait_on(&at);
    assert_int_equal(ended, daemon->pid);
    munmap(daemon->stub, sizeof(*daemon->stub));
    gs_test_dir_remove(daemon->dir);
    free(daemon);
    return status;
}

void gs_daemon_stop(gs_daemon *daemon)
{
    assert_int_equal(kill(daemon->pid, SIGTERM), 0);
    int status = gs_daemon_wait(daemon);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int gs_daemon_connect(const gs_daemon *daemon)
{
    int fd = socket(daemon->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &daemon->address.any, daemon->address.len), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static short wait_for(int fd, short events)
{
    struct pollfd wanted = {.fd = fd, .events = events};
    int count = poll(&wanted, 1, PATIENCE_MS);
    if (count != 1)
        fail_msg("the daemon is silent");
    return wanted.revents;
}

/* Sends what can be sent now; false if the other side is gone. */
static bool send_some(int fd, const char *data, size_t len, size_t *sent)
{
    ssize_t count = send(fd, data + *sent, len - *sent, MSG_NOSIGNAL);
    if (count > 0)
        *sent += (size_t)count;
    return count > 0 || errno == EAGAIN;
}

void gs_client_send(int fd, const void *data, size_t len)
{
    size_t sent = 0;
    while (sent < len) {
        wait_for(fd, POLLOUT);
        assert_true(send_some(fd, data, len, &sent));
    }
}

void gs_client_wait_read(int fd)
{
    int left = 1;
    for (gs_wait at = gs_wait_for("the daemon does not read"); left > 0; gs_wait_on(&at))
        assert_int_equal(ioctl(fd, SIOCOUTQ, &left), 0);
}

typedef struct gs_heard {
    char *text;
    size_t len, room;
} gs_heard;

/* Reads what is there; false at the end of the stream. */
static bool hear(int fd, gs_heard *heard)
{
    if (heard->room - heard->len < 65536) {
        heard->room = heard->room * 2 + 131072;
        heard->text = realloc(heard->text, heard->room);
        assert_non_null(heard->text);
    }
    ssize_t count = recv(fd, heard->text + heard->len, heard->room - heard->len - 1, 0);
    if (count > 0)
        heard->len += (size_t)count;
    heard->text[heard->len] = '\0';
    if (count < 0 && errno != EAGAIN)
        fail_msg("the connection broke with errno %d", errno);
    return count != 0;
}

char *gs_client_read_until(int fd, const char *text)
{
    // a byte at a time, for what follows belongs to the next call
    size_t len = 0, room = 4096, text_len = strlen(text);
    char *heard = malloc(room);
    for (;;) {
        wait_for(fd, POLLIN);
        ssize_t count = recv(fd, heard + len, 1, 0);
        if (count == 0) {
            heard[len] = '\0';
            fail_msg("the connection ended after: %s", heard);
        }
        assert_int_equal(count, 1);
        if (++len == room)
            heard = realloc(heard, room *= 2);
        if (len >= text_len && memcmp(heard + len - text_len, text, text_len) == 0) {
            heard[len] = '\0';
            return heard;
        }
    }
}

char *gs_client_read_all(int fd)
{
    gs_heard heard = {0};
    do {
        wait_for(fd, POLLIN);
    } while (hear(fd, &heard));
    return heard.text;
}

char *gs_daemon_ask(const gs_daemon *daemon, const void *data, size_t len)
{
    int fd = gs_daemon_connect(daemon);
    gs_heard heard = {0};
    size_t sent = 0;
    bool is_open = true, has_ended = false;
    while (is_open) {
        if (sent == len && !has_ended) {
            shutdown(fd, SHUT_WR);
            has_ended = true;
        }
        short ready = wait_for(fd, sent < len ? POLLIN | POLLOUT : POLLIN);
        if (sent < len && (ready & POLLOUT) && !send_some(fd, data, len, &sent))
            sent = len; // refused: nobody reads the rest
        if (ready & (POLLIN | POLLHUP))
            is_open = hear(fd, &heard);
    }
    close(fd);
    return heard.text;
}

unsigned long long gs_daemon_stat(const gs_daemon *daemon, const char *name)
{
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "\"%s\":", name);
    char *reply = gs_daemon_ask(daemon, "STATS\n", 6);
    const char *found = strstr(reply, wanted);
    assert_non_null(found);
    unsigned long long value = 0;
    assert_int_equal(sscanf(found + strlen(wanted), "%llu", &value), 1);
    free(reply);
    return value;
}
