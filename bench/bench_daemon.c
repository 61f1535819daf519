/* SPDX-License-Identifier: Apache-2.0
 *
 * What the daemon answers over loopback: bench_daemon DIR [SECONDS]. Starts `gs_server_run` in a
 * child process on a port that the kernel picks, then asks random phrases of the text (exact total,
 * ten rows, no snippets) over several connections, each with requests in flight.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/phrases.h"
#include "query/daemon/server.h"

#define PHRASES 1000u
#define CONNECTIONS_MAX 512u
#define IN_FLIGHT_MAX 16u
#define SAMPLES_MAX 4000000u

typedef struct connection {
    int fd;
    unsigned in_flight, oldest; /* of the ring of sending times */
    double sent[IN_FLIGHT_MAX];
    char first[4];   /* how that line begins */
    unsigned first_len;
} connection;

typedef struct bench_load {
    char **phrases;
    size_t next_phrase;
    connection connections[CONNECTIONS_MAX];
    unsigned connections_count, in_flight;
    double *samples;
    size_t samples_count;
    uint64_t failed;
} bench_load;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void tell_address(const char *const *addresses, size_t count, void *payload)
{
    const int *pipe_end = payload;
    if (count == 0 || write(*pipe_end, addresses[0], strlen(addresses[0])) < 0)
        _exit(1);
    close(*pipe_end);
}

static pid_t start_daemon(const char *dir, struct sockaddr_in *address)
{
    static const char *const listen[] = {"127.0.0.1:0"};
    int ends[2];
    if (pipe(ends) != 0)
        die("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        gs_server_options options = {.dir = dir, .listen = listen, .listen_count = 1,
                                     .on_ready = tell_address, .payload = &ends[1]};
        gsearch_error err;
        if (gs_server_run(&options, &err)) {
            fprintf(stderr, "%s\n", err.message);
            _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    char text[64] = {0};
    if (read(ends[0], text, sizeof(text) - 1) <= 0 || !strrchr(text, ':'))
        die("the daemon did not start");
    close(ends[0]);
    uint16_t port = (uint16_t)gs_measure_number(strrchr(text, ':') + 1);
    *address = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_port = htons(port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return pid;
}

static void send_requests(bench_load *load, connection *c)
{
    char line[4096];
    size_t len = 0;
    double now = gs_measure_now();
    while (c->in_flight < load->in_flight && len < sizeof(line) - 512) {
        const char *phrase = load->phrases[load->next_phrase++ % PHRASES];
        len += (size_t)snprintf(line + len, sizeof(line) - len, "SEARCH snippet=off \"%s\"\n",
                                phrase);
        c->sent[(c->oldest + c->in_flight) % IN_FLIGHT_MAX] = now;
        c->in_flight++;
    }
    for (size_t at = 0; at < len;) {
        ssize_t sent = send(c->fd, line + at, len - at, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            die("send");
        at += sent > 0 ? (size_t)sent : 0;
    }
}

static void end_line(bench_load *load, connection *c, double now)
{
    bool failed = memcmp(c->first, "ERR", 3) == 0;
    if (!failed && memcmp(c->first, "END", 3) != 0)
        return;
    load->failed += failed;
    if (load->samples_count < SAMPLES_MAX)
        load->samples[load->samples_count++] = now - c->sent[c->oldest];
    c->oldest = (c->oldest + 1) % IN_FLIGHT_MAX;
    c->in_flight--;
}

static void receive(bench_load *load, connection *c)
{
    char bytes[65536];
    ssize_t len = recv(c->fd, bytes, sizeof(bytes), 0);
    if (len <= 0)
        die("the daemon hung up");
    double now = gs_measure_now();
    for (const char *ptr = bytes; ptr < bytes + len;) {
        while (c->first_len < 3 && ptr < bytes + len && *ptr != '\n')
            c->first[c->first_len++] = *ptr++;
        const char *end = memchr(ptr, '\n', (size_t)(bytes + len - ptr));
        if (!end)
            break;
        end_line(load, c, now);
        c->first_len = 0;
        ptr = end + 1;
    }
}

static void run(bench_load *load, const struct sockaddr_in *address, unsigned connections,
                unsigned in_flight, double seconds)
{
    struct pollfd polled[CONNECTIONS_MAX];
    load->connections_count = connections;
    load->in_flight = in_flight;
    load->samples_count = 0;
    load->failed = 0;
    for (unsigned i = 0; i < connections; i++) {
        load->connections[i] = (connection){.fd = socket(AF_INET, SOCK_STREAM, 0)};
        if (connect(load->connections[i].fd, (const struct sockaddr *)address, sizeof(*address)))
            die("connect");
        polled[i] = (struct pollfd){.fd = load->connections[i].fd, .events = POLLIN};
        send_requests(load, &load->connections[i]);
    }
    double begin = gs_measure_now(), now = begin;
    while (now < begin + seconds) {
        if (poll(polled, connections, 1000) < 0)
            die("poll");
        for (unsigned i = 0; i < connections; i++) {
            if (!polled[i].revents)
                continue;
            receive(load, &load->connections[i]);
            if (load->connections[i].in_flight <= in_flight / 2)
                send_requests(load, &load->connections[i]);
        }
        now = gs_measure_now();
    }
    for (unsigned i = 0; i < connections; i++)
        close(load->connections[i].fd);
    char name[64];
    snprintf(name, sizeof(name), "%u connections x %u: %.0f/s", connections, in_flight,
             (double)load->samples_count / (now - begin));
    gs_measure_print(name, load->samples, load->samples_count);
    if (load->failed) {
        fprintf(stderr, "%llu requests failed\n", (unsigned long long)load->failed);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static const unsigned rows[][2] = {{1, 1},  {1, 16}, {8, 1},  {8, 16},
                                       {64, 1}, {64, 4}, {512, 1}};
    if (argc < 2) {
        fprintf(stderr, "usage: bench_daemon DIR [SECONDS]\n");
        return 2;
    }
    double seconds = argc > 2 ? (double)gs_measure_number(argv[2]) : 3;
    static bench_load load;
    load.phrases = gs_phrases_draw(argv[1], PHRASES, 2, 12, 1);
    load.samples = calloc(SAMPLES_MAX, sizeof(*load.samples));
    if (!load.phrases || !load.samples) {
        fprintf(stderr, "%s: no text to draw phrases from\n", argv[1]);
        return 1;
    }
    struct sockaddr_in address;
    pid_t daemon = start_daemon(argv[1], &address);
    gs_measure_print_head();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        run(&load, &address, rows[i][0], rows[i][1], seconds);
    kill(daemon, SIGTERM);
    int status;
    waitpid(daemon, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
