/* SPDX-License-Identifier: Apache-2.0
 *
 * Thousands of well-behaved clients of a daemon in one process: crowd ADDRESS REQUESTS. A line of
 * the file REQUESTS is a request, then after tabs the total that is right for it in generation 1,
 * in generation 2 and so on. Commands come from standard input, one a line, and each is answered by
 * one line of JSON:
 *
 *     idle N           opens connections, or closes some, until N are idle
 *     ping             asks each of the idle ones
 *     asking N         the same for connections that are to ask
 *     ask RATE MS SEED they ask for so long, RATE times a second in all, at times drawn at random
 *                      that do not wait for replies; with a RATE of 0 each asks again when its
 *                      reply is there
 *
 * A reply is good if it has the total that belongs to the generation that it names, a generation
 * that this connection has not seen the end of, as many rows as it says, and its END. The first bad
 * one is printed to standard error. Times are from the moment that a request was due, so one that
 * the daemon or this program is late for counts in full.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/wire/address.h"
#include "tests/support/fixture.h"

#define CLIENTS_MAX 16384u
#define REQUESTS_MAX 4096u
#define IN_FLIGHT_MAX 32u /* as many as the daemon reads of one connection */
#define SAMPLES_MAX 4000000u
#define PATIENCE_S 20.0
#define ROWS_MAX 10u /* of a SEARCH that does not say how many */
#define SYNC_EVERY 256u

typedef struct request {
    const char *text; /* with its line end */
    size_t len;
    bool has_rows;
    const uint32_t *totals; /* by generation, from 1 */
    uint32_t generations;
} request;

typedef struct client {
    int fd;
    unsigned oldest, in_flight; /* of the ring: */
    struct {
        const request *asked;
        double due;
    } ring[IN_FLIGHT_MAX];
    char line[128]; /* how the line that is being read begins */
    unsigned line_len;
    bool in_reply;
    unsigned rows, rows_wanted;
    uint32_t generation; /* of the last reply */
} client;

static gs_address address;
static request requests[REQUESTS_MAX];
static size_t requests_count;
static client idle[CLIENTS_MAX], asking[CLIENTS_MAX];
static unsigned idle_count, asking_count;
static uint64_t connected; /* so far */

/* of one `ask` */
static double *samples;
static size_t samples_count;
static unsigned failed, waiting;
static uint32_t generation_max;
static uint64_t draws;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- requests ------------------------------------------------------------------------------ */

static uint64_t number(const char **at)
{
    uint64_t value = 0;
    for (; **at >= '0' && **at <= '9'; ++*at)
        value = value * 10 + (uint64_t)(**at - '0');
    return value;
}

static void read_request(const char *line)
{
    const char *at = strchr(line, '\t');
    if (!at || requests_count == REQUESTS_MAX)
        die("crowd: a request without a total, or too many");
    request *read = &requests[requests_count++];
    char *text = strndup(line, (size_t)(at - line) + 1);
    uint32_t *totals = malloc(strlen(at) * sizeof(*totals));
    if (!text || !totals)
        die("crowd");
    text[at - line] = '\n';
    *read = (request){.text = text, .len = strlen(text), .totals = totals};
    read->has_rows = strncmp(text, "SEARCH", 6) == 0;
    while (*at == '\t') {
        at++;
        totals[read->generations++] = (uint32_t)number(&at);
    }
}

static void read_requests(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (!file)
        die(path);
    while (getline(&line, &room, file) > 0)
        read_request(line);
    free(line);
    fclose(file);
    if (requests_count == 0)
        die("crowd: no requests");
}

/* ---- connections --------------------------------------------------------------------------- */

/* Of loopback, so that the kernel does not run out of ports while those of closed connections
 * wait. */
static void choose_source(int fd)
{
    struct sockaddr_in source = {.sin_family = AF_INET};
    int on = 1;
    if (address.any.sa_family != AF_INET)
        return;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(connected++ % 16));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&source, sizeof(source)))
        die("crowd: bind");
}

static void exchange_ping(int fd)
{
    char heard[64];
    size_t len = 0;
    if (send(fd, "PING\n", 5, MSG_NOSIGNAL) != 5)
        die("crowd: PING");
    while (len < 12) {
        ssize_t got = recv(fd, heard + len, 12 - len, 0);
        if (got <= 0)
            die("crowd: PING was not answered");
        len += (size_t)got;
    }
    if (memcmp(heard, "OK PONG\nEND\n", 12) != 0) {
        fprintf(stderr, "crowd: PING was answered by %.12s\n", heard);
        exit(1);
    }
}

static void open_client(client *opened, unsigned count)
{
    const struct timeval patience = {.tv_sec = (time_t)PATIENCE_S};
    *opened = (client){.fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (opened->fd < 0)
        die("crowd: socket");
    choose_source(opened->fd);
    setsockopt(opened->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(opened->fd, &address.any, address.len))
        die("crowd: connect");
    if (count % SYNC_EVERY == 0) // else the queue of those not yet accepted would run over
        exchange_ping(opened->fd);
}

/* Opens or closes until `*count` is `wanted`. */
static void resize(client *group, unsigned *count, unsigned wanted)
{
    if (wanted > CLIENTS_MAX)
        wanted = CLIENTS_MAX;
    for (; *count < wanted; ++*count)
        open_client(&group[*count], *count);
    while (*count > wanted)
        if (group[--*count].fd >= 0)
            close(group[*count].fd);
    printf("{\"open\":%u}\n", *count);
}

static void ping_idle(void)
{
    for (unsigned i = 0; i < idle_count; i++)
        exchange_ping(idle[i].fd);
    printf("{\"answered\":%u}\n", idle_count);
}

/* ---- replies ------------------------------------------------------------------------------- */

static void fail(const client *c, const char *why)
{
    const char *asked = c->in_flight ? c->ring[c->oldest].asked->text : "\n";
    if (failed++ == 0) {
        fprintf(stderr, "crowd: %s: after %.*s came %.*s\n", why, (int)strlen(asked) - 1, asked,
                (int)c->line_len, c->line);
    }
}

static uint64_t value_of(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    if (!at)
        return UINT64_MAX;
    at += strlen(key);
    return *at >= '0' && *at <= '9' ? number(&at) : UINT64_MAX;
}

/* The first line of a reply. */
static void begin_reply(client *c)
{
    char line[sizeof(c->line) + 1];
    const request *asked = c->ring[c->oldest].asked;
    memcpy(line, c->line, c->line_len);
    line[c->line_len] = '\0';
    uint64_t total = value_of(line, " total="), generation = value_of(line, " generation=");
    c->rows = c->rows_wanted = 0;
    if (strncmp(line, "OK ", 3) != 0) {
        fail(c, "not OK");
        return;
    }
    c->in_reply = true;
    if (generation == 0 || generation > asked->generations) {
        fail(c, "no such generation");
    } else if (total != asked->totals[generation - 1]) {
        fail(c, "a wrong total");
    } else if (generation < c->generation) {
        fail(c, "an older generation than before");
    } else {
        c->generation = (uint32_t)generation;
        if (c->generation > generation_max)
            generation_max = c->generation;
    }
    if (asked->has_rows) {
        c->rows_wanted = total < ROWS_MAX ? (unsigned)total : ROWS_MAX;
        if (value_of(line, " hits=") != c->rows_wanted)
            fail(c, "a wrong number of hits");
    }
}

static void end_reply(client *c, double time)
{
    if (c->in_reply && c->rows != c->rows_wanted)
        fail(c, "a wrong number of rows");
    if (samples_count < SAMPLES_MAX)
        samples[samples_count++] = time - c->ring[c->oldest].due;
    c->oldest = (c->oldest + 1) % IN_FLIGHT_MAX;
    c->in_flight--;
    c->in_reply = false;
    waiting--;
}

static void end_line(client *c, double time)
{
    if (c->in_flight == 0) {
        fail(c, "nobody asked");
    } else if (!c->in_reply) {
        begin_reply(c);
        if (!c->in_reply)
            end_reply(c, time);
    } else if (c->line_len == 3 && memcmp(c->line, "END", 3) == 0) {
        end_reply(c, time);
    } else if (c->line[0] == '{') {
        c->rows++;
    } else {
        fail(c, "not a row");
    }
    c->line_len = 0;
}

/* Whoever hung up has lost what it owed. */
static void lose(client *c, const char *why)
{
    fail(c, why);
    close(c->fd);
    c->fd = -1;
    waiting -= c->in_flight;
    failed += c->in_flight;
    c->in_flight = 0;
}

static void receive(client *c)
{
    static char bytes[65536];
    ssize_t len = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0) {
        lose(c, "the daemon hung up");
        return;
    }
    double time = now();
    for (const char *at = bytes; at < bytes + len;) {
        while (c->line_len < sizeof(c->line) && at < bytes + len && *at != '\n')
            c->line[c->line_len++] = *at++;
        const char *end = memchr(at, '\n', (size_t)(bytes + len - at));
        if (!end)
            break;
        end_line(c, time);
        at = end + 1;
    }
}

/* ---- asking -------------------------------------------------------------------------------- */

static void ask(client *c, double due)
{
    if (c->fd < 0)
        return;
    if (c->in_flight == IN_FLIGHT_MAX) {
        fail(c, "no reply to the last 32 requests");
        return;
    }
    const request *asked = &requests[gs_test_random_below(&draws, requests_count)];
    unsigned place = (c->oldest + c->in_flight) % IN_FLIGHT_MAX;
    c->ring[place].asked = asked;
    c->ring[place].due = due;
    c->in_flight++;
    waiting++;
    if (send(c->fd, asked->text, asked->len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)asked->len)
        lose(c, "nothing could be sent");
}

/* The time between two requests of many clients that know nothing of each other. */
static double draw_gap(double rate)
{
    double share = ((double)(gs_test_random(&draws) >> 11) + 0.5) * 0x1p-53;
    return -log(share) / rate;
}

static void set_timer(int timer, double due)
{
    struct itimerspec at = {.it_value.tv_sec = (time_t)due};
    at.it_value.tv_nsec = (long)((due - (double)at.it_value.tv_sec) * 1e9);
    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL))
        die("crowd: timer");
}

/* Waits for replies or the timer, takes them, and asks again at once if there is no rate. */
static void exchange(int poll, bool asks_again)
{
    struct epoll_event events[512];
    int count = epoll_wait(poll, events, 512, 100);
    if (count < 0 && errno != EINTR)
        die("crowd: epoll");
    for (int i = 0; i < count; i++) {
        if (events[i].data.u32 == UINT32_MAX)
            continue; // the timer
        client *c = &asking[events[i].data.u32];
        if (c->fd >= 0)
            receive(c);
        if (asks_again && c->fd >= 0 && c->in_flight == 0)
            ask(c, now());
    }
}

static void run(int poll, int timer, double rate, double seconds)
{
    double begin = now(), end = begin + seconds, due = begin;
    unsigned next = 0;
    for (unsigned i = 0; i < asking_count && rate <= 0; i++)
        ask(&asking[i], begin);
    while (now() < end) {
        while (rate > 0 && due <= now()) {
            ask(&asking[next++ % asking_count], due);
            due += draw_gap(rate);
        }
        set_timer(timer, rate > 0 && due < end ? due : end);
        exchange(poll, rate <= 0);
    }
    for (double give_up = end + PATIENCE_S; waiting && now() < give_up;)
        exchange(poll, false);
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double percentile(double share)
{
    size_t at = (size_t)(share * (double)samples_count);
    return samples_count ? samples[at < samples_count ? at : samples_count - 1] * 1e6 : 0;
}

static void ask_for_a_while(double rate, double seconds, uint64_t seed)
{
    int poll = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = UINT32_MAX};
    if (poll < 0 || timer < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event))
        die("crowd: epoll");
    event.events = EPOLLIN;
    for (unsigned i = 0; i < asking_count; i++) {
        event.data.u32 = i;
        if (asking[i].fd >= 0 && epoll_ctl(poll, EPOLL_CTL_ADD, asking[i].fd, &event))
            die("crowd: epoll");
    }
    samples_count = failed = waiting = generation_max = 0;
    draws = seed;
    run(poll, timer, rate, seconds);
    failed += waiting; // too late
    close(poll);
    close(timer);
    qsort(samples, samples_count, sizeof(*samples), by_value);
    printf("{\"asking\":%u,\"replies\":%zu,\"failed\":%u,\"generation\":%u,\"p50_us\":%.1f,"
           "\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n",
           asking_count, samples_count, failed, generation_max, percentile(0.5), percentile(0.9),
           percentile(0.99), percentile(1));
}

/* ---- commands ------------------------------------------------------------------------------ */

static void obey(const char *line)
{
    uint64_t values[3] = {0};
    const char *at = strchr(line, ' ');
    for (int i = 0; i < 3 && at && *at == ' '; i++) {
        at++;
        values[i] = number(&at);
    }
    if (strncmp(line, "idle ", 5) == 0)
        resize(idle, &idle_count, (unsigned)values[0]);
    else if (strncmp(line, "asking ", 7) == 0)
        resize(asking, &asking_count, (unsigned)values[0]);
    else if (strncmp(line, "ping", 4) == 0)
        ping_idle();
    else if (strncmp(line, "ask ", 4) == 0 && asking_count)
        ask_for_a_while((double)values[0], (double)values[1] * 1e-3, values[2]);
    else
        die("crowd: no such command");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    gsearch_error error;
    struct rlimit files;
    if (argc != 3 || gs_address_parse(argv[1], &address, &error)) {
        fputs("usage: crowd ADDRESS REQUESTS\n", stderr);
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    samples = malloc(SAMPLES_MAX * sizeof(*samples));
    if (!samples)
        die("crowd");
    read_requests(argv[2]);
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0)
        obey(line);
    free(line);
    return 0;
}
