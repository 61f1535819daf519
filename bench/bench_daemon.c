/* SPDX-License-Identifier: Apache-2.0
 *
 * What the daemon answers over loopback: bench_daemon DIR [SECONDS]. Starts `gs_server_run` in a
 * child process on a port that the kernel picks, then asks random phrases of the text (exact total,
 * ten rows, no snippets) over 1 to 512 connections, one request at a time on each, then 16 in
 * flight, or as many as the daemon lets wait in all. A request counts when its reply is whole: `OK`
 * with a total that is not 0, as every phrase was taken from the text, at least one row, and `END`.
 * Anything else ends the program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/phrases.h"
#include "common/base/limits.h"
#include "query/daemon/server.h"

#define PHRASES 1000u
#define CONNECTIONS_MAX 512u
#define IN_FLIGHT_MAX 16u
#define SAMPLES_MAX 4000000u
#define HEAD "OK total="

typedef struct connection {
    int fd;
    unsigned in_flight, oldest; /* of the ring of sending times */
    double sent[IN_FLIGHT_MAX];
    char line[sizeof(HEAD)]; /* how the line that is being read begins */
    unsigned line_len;
    bool in_reply;
    unsigned rows; /* of the reply so far */
} connection;

typedef struct bench_load {
    char **phrases;
    size_t next_phrase;
    connection connections[CONNECTIONS_MAX];
    unsigned connections_count, in_flight;
    double *samples;
    size_t samples_count;
} bench_load;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void refuse(const connection *c)
{
    fprintf(stderr, "bench_daemon: not the reply that was due: %.*s\n", (int)c->line_len, c->line);
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
        prctl(PR_SET_PDEATHSIG, SIGKILL); // a client that gives up takes its daemon along
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

static void end_reply(bench_load *load, connection *c, double now)
{
    if (c->rows == 0)
        refuse(c);
    if (load->samples_count < SAMPLES_MAX)
        load->samples[load->samples_count++] = now - c->sent[c->oldest];
    c->oldest = (c->oldest + 1) % IN_FLIGHT_MAX;
    c->in_flight--;
    c->in_reply = false;
}

static void end_line(bench_load *load, connection *c, double now)
{
    size_t head = sizeof(HEAD) - 1;
    if (!c->in_reply) {
        if (c->line_len <= head || memcmp(c->line, HEAD, head) != 0 || c->line[head] == '0')
            refuse(c);
        c->in_reply = true;
        c->rows = 0;
    } else if (c->line_len == 3 && memcmp(c->line, "END", 3) == 0) {
        end_reply(load, c, now);
    } else if (c->line[0] == '{') {
        c->rows++;
    } else {
        refuse(c);
    }
    c->line_len = 0;
}

static void receive(bench_load *load, connection *c)
{
    char bytes[65536];
    ssize_t len = recv(c->fd, bytes, sizeof(bytes), 0);
    if (len <= 0)
        die("the daemon hung up");
    double now = gs_measure_now();
    for (const char *ptr = bytes; ptr < bytes + len;) {
        while (c->line_len < sizeof(c->line) && ptr < bytes + len && *ptr != '\n')
            c->line[c->line_len++] = *ptr++;
        const char *end = memchr(ptr, '\n', (size_t)(bytes + len - ptr));
        if (!end)
            break;
        end_line(load, c, now);
        ptr = end + 1;
    }
}

/* Takes what has come, and asks again where half of the replies are there. */
static void exchange(bench_load *load, struct pollfd *polled, bool ask)
{
    if (poll(polled, load->connections_count, 1000) < 0)
        die("poll");
    for (unsigned i = 0; i < load->connections_count; i++) {
        connection *c = &load->connections[i];
        if (!polled[i].revents)
            continue;
        receive(load, c);
        if (ask && c->in_flight <= load->in_flight / 2)
            send_requests(load, c);
    }
}

static void run(bench_load *load, const struct sockaddr_in *address, unsigned connections,
                unsigned in_flight, double seconds)
{
    struct pollfd polled[CONNECTIONS_MAX];
    load->connections_count = connections;
    load->in_flight = in_flight;
    load->samples_count = 0;
    for (unsigned i = 0; i < connections; i++) {
        load->connections[i] = (connection){.fd = socket(AF_INET, SOCK_STREAM, 0)};
        if (connect(load->connections[i].fd, (const struct sockaddr *)address, sizeof(*address)))
            die("connect");
        polled[i] = (struct pollfd){.fd = load->connections[i].fd, .events = POLLIN};
        send_requests(load, &load->connections[i]);
    }
    double begin = gs_measure_now(), now = begin;
    for (; now < begin + seconds; now = gs_measure_now())
        exchange(load, polled, true);
    size_t counted = load->samples_count;
    bool waiting = true;
    while (waiting) { // what is still on its way would be work for the daemon in the next run
        exchange(load, polled, false);
        waiting = false;
        for (unsigned i = 0; i < connections; i++)
            waiting = waiting || load->connections[i].in_flight;
    }
    for (unsigned i = 0; i < connections; i++)
        close(load->connections[i].fd);
    printf("%11u %9u %9.0f ", connections, in_flight, (double)counted / (now - begin));
    gs_measure_print("replies", load->samples, counted);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const unsigned connections[] = {1, 8, 64, CONNECTIONS_MAX};
    static const unsigned in_flight[] = {1, IN_FLIGHT_MAX};
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
    printf("%11s %9s %9s ", "connections", "in_flight", "replies/s");
    gs_measure_print_head();
    for (size_t i = 0; i < sizeof(in_flight) / sizeof(*in_flight); i++) {
        for (size_t j = 0; j < sizeof(connections) / sizeof(*connections); j++) {
            unsigned most = GS_WORK_QUEUE_MAX / connections[j];
            run(&load, &address, connections[j], in_flight[i] < most ? in_flight[i] : most,
                seconds);
        }
    }
    kill(daemon, SIGTERM);
    int status;
    waitpid(daemon, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
