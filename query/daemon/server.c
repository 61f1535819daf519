/* SPDX-License-Identifier: Apache-2.0
 *
 * Start, reload, stop. In order: sockets are bound, privileges are given up, the index is opened,
 * connections are accepted; so nobody is answered before the daemon can, and what reads the index
 * can do nothing else.
 */
#include "query/daemon/server.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "common/base/limits.h"
#include "common/base/sabotage.h"
#include "common/base/sys.h"
#include "query/daemon/conn.h"
#include "query/daemon/listener.h"
#include "query/daemon/resident.h"

#define TICK_MS 100
#define DESCRIPTORS_RESERVED 64u /* for the index, a reload, the loop and the door */
#define POOL_STACK_BYTES (8u << 20) /* that libuv gives a thread of its pool */
#define SIGNALS_COUNT 4
#define SIGNALS_TO_STOP 2 /* the first of them */

typedef struct gs_server {
    const gs_server_options *options;
    gs_server_limits limits;
    gs_token token;
    gsearch_index *index;
    gs_metrics metrics;
    gs_work work;
    gs_conns conns;

    uv_loop_t loop;
    uv_timer_t timer;
    uv_signal_t signals[SIGNALS_COUNT]; /* SIGTERM, SIGINT, SIGHUP, SIGUSR1 */
    gs_listener listeners[GS_LISTENERS_MAX];
    size_t listeners_count;

    /* one reload at a time, one more may be asked for meanwhile */
    uv_work_t reload;
    bool is_reloading;
    bool reload_wanted;
    uint64_t reload_at;
    gsearch_status reload_status;
    gsearch_error reload_error;
    gs_scrub scrub; // of the generation that answers
    gsearch_status scrub_status;
    gsearch_error scrub_error;
    bool is_older; // a newer generation than that could not be read
    bool reload_changed;
    bool has_litter; /* much memory was freed since the last gs_sys_trim, or will be */
    bool is_trimming;
    char last_failure[sizeof(((gsearch_error *)0)->message)]; /* of a reload; "" after a good one */

    bool is_stopping;
    uint64_t stop_at;
} gs_server;

static void say(const gs_server *server, const char *message)
{
    if (server->options->on_log)
        server->options->on_log(message, server->options->payload);
}

/* ---- generations --------------------------------------------------------------------------- */

/* Says when other answers than the newest begin, and when that is over. */
static void tell_degraded(const gs_server *server, const gs_manifest *manifest)
{
    bool is_news = manifest->degraded != server->is_older ||
                   (manifest->degraded && manifest->generation != server->metrics.generation);
    if (!is_news)
        return;
    gs_buf line;
    gs_buf_init(&line, NULL, SIZE_MAX);
    if (manifest->degraded)
        gs_manifest_put_warning(manifest, server->options->dir, &line);
    else
        gs_buf_printf(&line, "%s: generation %llu answers, and none is newer", server->options->dir,
                      (unsigned long long)manifest->generation);
    gs_buf_u8(&line, '\0');
    if (!line.status)
        say(server, (const char *)line.data);
    gs_buf_release(&line);
}

static void note_generation(gs_server *server)
{
    gs_snapshot *snapshot = gs_index_snapshot(server->index);
    tell_degraded(server, &snapshot->manifest);
    server->metrics.generation = snapshot->manifest.generation;
    server->metrics.documents = snapshot->documents;
    server->metrics.segments = snapshot->segments_count;
    server->metrics.degraded = server->is_older = snapshot->manifest.degraded;
    gs_snapshot_unref(snapshot);
}

static void on_reload(uv_work_t *work)
{
    gs_server *server = work->data;
    server->reload_status =
        gsearch_index_refresh(server->index, &server->reload_changed, &server->reload_error);
    gs_snapshot *snapshot = gs_index_snapshot(server->index);
    server->scrub_status = gs_snapshot_scrub(snapshot, &server->scrub, &server->scrub_error);
    gs_snapshot_unref(snapshot);
    if (server->is_trimming)
        gs_sys_trim();
}

static void start_reload(gs_server *server);

/* The same fault is met again with every look: it is told and counted once. */
static void note_failure(gs_server *server, const gsearch_error *error)
{
    server->metrics.degraded = true;
    if (strcmp(server->last_failure, error->message) == 0)
        return;
    server->metrics.reload_failed++;
    memcpy(server->last_failure, error->message, sizeof(server->last_failure));
    say(server, error->message);
}

static void on_reloaded(uv_work_t *work, int status)
{
    (void)status; // nothing is ever cancelled by libuv's means
    gs_server *server = work->data;
    server->is_reloading = false;
    if (server->reload_status) {
        note_failure(server, &server->reload_error);
    } else {
        server->metrics.reloads += server->reload_changed;
        server->has_litter = server->has_litter || server->reload_changed;
        bool was_older = server->is_older;
        note_generation(server);
        server->metrics.reload_failed += server->is_older && !was_older;
        if (server->scrub_status)
            note_failure(server, &server->scrub_error);
        else
            server->last_failure[0] = '\0';
    }
    if (server->reload_wanted && !server->is_stopping)
        start_reload(server);
}

static void start_reload(gs_server *server)
{
    server->reload_wanted = server->is_reloading;
    if (server->is_reloading)
        return;
    server->is_reloading = true;
    server->reload_at = server->conns.clock_ms + server->limits.reload_poll_ms;
    server->reload.data = server;
    server->reload_changed = false;
    // after a crowd of streams has gone the allocator would keep what they had
    server->is_trimming = server->has_litter && server->metrics.streams == 0;
    server->has_litter = server->has_litter && !server->is_trimming;
    uv_queue_work(&server->loop, &server->reload, on_reload, on_reloaded);
}

/* ---- the door ------------------------------------------------------------------------------ */

/* One line to a client that is not let in. What it has sent already is taken from the socket, for
 * closing with bytes unread would reset the connection before our line is read. */
static void turn_away(int fd, const gsearch_error *err)
{
    char heard[4096];
    gs_buf line;
    gs_buf_init(&line, NULL, GS_REQUEST_LINE_BYTES_MAX);
    gs_wire_put_error(&line, err);
    if (send(fd, line.data, line.len, MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
        shutdown(fd, SHUT_WR);
        while (recv(fd, heard, sizeof(heard), MSG_DONTWAIT) == sizeof(heard))
            continue;
    }
    gs_buf_release(&line);
    close(fd);
}

static void on_accept(int fd, void *payload)
{
    gs_server *server = payload;
    gsearch_error err;
    if (server->metrics.connections >= server->limits.connections && !GS_SABOTAGED(places)) {
        gs_fail(&err, GSEARCH_BUSY, "%u connections are open already, try again later",
                server->limits.connections);
    } else if (server->conns.before_auth >= GS_CONNECTIONS_BEFORE_AUTH_MAX) {
        gs_fail(&err, GSEARCH_BUSY, "%u connections have not sent AUTH yet, try again later",
                GS_CONNECTIONS_BEFORE_AUTH_MAX);
    } else {
        gs_conn_open(&server->conns, fd);
        return;
    }
    server->metrics.connections_refused++;
    turn_away(fd, &err);
}

/* ---- the end ------------------------------------------------------------------------------- */

/* Once nothing is left to do, closes what keeps the loop running. */
static void end_if_idle(gs_server *server)
{
    if (server->conns.first || server->is_reloading || uv_is_closing((uv_handle_t *)&server->timer))
        return;
    uv_close((uv_handle_t *)&server->timer, NULL);
    for (int i = SIGNALS_TO_STOP; i < SIGNALS_COUNT; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
}

static void stop(gs_server *server)
{
    if (server->is_stopping)
        return;
    server->is_stopping = true;
    server->stop_at = server->conns.clock_ms + server->limits.stop_timeout_ms;
    // gives the signals their default effect back: the next one ends the process at once
    for (int i = 0; i < SIGNALS_TO_STOP; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    for (size_t i = 0; i < server->listeners_count; i++)
        gs_listener_close(&server->listeners[i]);
    gs_conns_drain(&server->conns);
}

static void say_stats(const gs_server *server)
{
    gs_buf line;
    gs_buf_init(&line, NULL, SIZE_MAX);
    gs_conns_put_stats(&server->conns, &line);
    if (!line.status) {
        line.data[line.len - 1] = '\0'; // in place of the line end
        say(server, (const char *)line.data);
    }
    gs_buf_release(&line);
}

static void on_signal(uv_signal_t *handle, int number)
{
    gs_server *server = handle->data;
    if (number == SIGHUP) {
        start_reload(server);
    } else if (number == SIGUSR1) {
        say_stats(server);
    } else {
        say(server, "stopping");
        stop(server);
    }
}

static void on_tick(uv_timer_t *timer)
{
    gs_server *server = timer->data;
    server->conns.clock_ms += TICK_MS;
    server->has_litter = server->has_litter || server->metrics.streams > 0;
    gs_conns_tick(&server->conns);
    if (server->is_stopping) {
        if (server->conns.clock_ms >= server->stop_at)
            gs_conns_close(&server->conns);
        end_if_idle(server);
        return;
    }
    for (size_t i = 0; i < server->listeners_count; i++)
        gs_listener_resume(&server->listeners[i]);
    if (server->conns.clock_ms >= server->reload_at)
        start_reload(server);
}

/* ---- the start ----------------------------------------------------------------------------- */

static void set_default(unsigned *limit, unsigned value)
{
    if (*limit == 0)
        *limit = value;
}

/* Raises the limit of descriptors as far as it goes and keeps the connections below it. */
static gsearch_status resolve_limits(gs_server *server, gsearch_error *err)
{
    gs_server_limits *limits = &server->limits;
    *limits = server->options->limits;
    set_default(&limits->connections, GS_CONNECTIONS_MAX);
    set_default(&limits->work_queue, GS_WORK_QUEUE_MAX);
    set_default(&limits->auth_timeout_ms, GS_AUTH_TIMEOUT_MS);
    set_default(&limits->line_timeout_ms, GS_LINE_TIMEOUT_MS);
    set_default(&limits->idle_timeout_ms, GS_IDLE_TIMEOUT_MS);
    set_default(&limits->stall_timeout_ms, GS_STALL_TIMEOUT_MS);
    set_default(&limits->stop_timeout_ms, GS_STOP_TIMEOUT_MS);
    set_default(&limits->reload_poll_ms, GS_RELOAD_POLL_MS);

    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files))
        return GSEARCH_OK;
    rlim_t wanted = limits->connections + DESCRIPTORS_RESERVED;
    if (files.rlim_cur < wanted) {
        files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &files) || getrlimit(RLIMIT_NOFILE, &files))
            return GSEARCH_OK;
    }
    if (files.rlim_cur <= DESCRIPTORS_RESERVED) {
        return gs_fail(err, GSEARCH_LIMIT,
                       "this process may have %u descriptors, the daemon needs more than %u: "
                       "raise ulimit -n",
                       (unsigned)files.rlim_cur, DESCRIPTORS_RESERVED);
    }
    if (files.rlim_cur < wanted)
        limits->connections = (unsigned)(files.rlim_cur - DESCRIPTORS_RESERVED);
    return GSEARCH_OK;
}

static void *uv_alloc(size_t size)
{
    return gs_mem_alloc(NULL, size);
}

static void *uv_resize(void *ptr, size_t size)
{
    return gs_mem_resize(NULL, ptr, size);
}

static void *uv_calloc(size_t count, size_t size)
{
    return gs_mem_calloc(NULL, count, size);
}

static void uv_free(void *ptr)
{
    gs_mem_free(NULL, ptr);
}

/* libuv reads the size of its pool from the environment when the first work is queued. */
static gsearch_status size_pool(gs_server *server, gsearch_error *err)
{
    unsigned threads = server->options->threads;
    if (threads == 0)
        threads = uv_available_parallelism();
    if (threads > GS_THREADS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "at most %u threads", GS_THREADS_MAX);
    gs_buf text;
    gs_buf_init(&text, NULL, 16);
    gs_buf_decimal(&text, threads + 1);
    gs_buf_u8(&text, '\0');
    int failed = text.status || setenv("UV_THREADPOOL_SIZE", (const char *)text.data, 1);
    gs_buf_release(&text);
    server->work.threads = threads;
    return failed ? gs_fail_memory(err) : GSEARCH_OK;
}

static void wait_at_gate(void *gate)
{
    uv_sem_wait(gate);
}

/* libuv ends the process if it cannot start a thread of its pool. So as many are started before,
 * all at once, to see whether they can be. */
static gsearch_status try_threads(unsigned count, gsearch_error *err)
{
    const uv_thread_options_t options = {UV_THREAD_HAS_STACK_SIZE, POOL_STACK_BYTES};
    uv_thread_t threads[GS_THREADS_MAX + 1];
    uv_sem_t gate;
    unsigned started = 0;
    if (uv_sem_init(&gate, 0))
        return gs_fail_memory(err);
    while (started < count &&
           uv_thread_create_ex(&threads[started], &options, wait_at_gate, &gate) == 0)
        started++;
    for (unsigned i = 0; i < started; i++)
        uv_sem_post(&gate);
    for (unsigned i = 0; i < started; i++)
        uv_thread_join(&threads[i]);
    uv_sem_destroy(&gate);
    if (started == count)
        return GSEARCH_OK;
    return gs_fail(err, GSEARCH_LIMIT,
                   "this system lets the daemon have %u of the %u threads that it needs: allow it "
                   "more processes or memory, or give a smaller -j",
                   started, count);
}

static gsearch_status bind_all(gs_server *server, gsearch_error *err)
{
    static const char *const usual[] = {GS_ADDRESS_DEFAULT};
    const gs_server_options *options = server->options;
    const char *const *texts = options->listen_count ? options->listen : usual;
    size_t count = options->listen_count ? options->listen_count : 1;
    if (count > GS_LISTENERS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "at most %u addresses to listen on", GS_LISTENERS_MAX);
    for (size_t i = 0; i < count; i++) {
        gs_address address;
        GS_TRY(gs_address_parse(texts[i], &address, err));
        if (!gs_address_is_local(&address) && !options->auth_file && !GS_SABOTAGED(local_only)) {
            return gs_fail(err, GSEARCH_DENIED,
                           "%s can be reached from other machines: give --auth-file, too",
                           texts[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        gs_listener *listener = &server->listeners[server->listeners_count];
        GS_TRY(gs_listener_bind(texts[i], listener, err));
        server->listeners_count++;
        listener->failed = &server->metrics.accept_failed;
        listener->on_accept = on_accept;
        listener->payload = server;
    }
    return GSEARCH_OK;
}

static void tell_ready(const gs_server *server)
{
    char texts[GS_LISTENERS_MAX][GS_ADDRESS_TEXT_MAX];
    const char *addresses[GS_LISTENERS_MAX];
    if (!server->options->on_ready)
        return;
    for (size_t i = 0; i < server->listeners_count; i++) {
        gs_address_format(&server->listeners[i].address, texts[i]);
        addresses[i] = texts[i];
    }
    server->options->on_ready(addresses, server->listeners_count, server->options->payload);
}

static void init_parts(gs_server *server)
{
    server->work.loop = &server->loop;
    server->work.index = server->index;
    server->work.metrics = &server->metrics;
    server->work.on_piece = gs_conn_on_piece;
    server->work.waiting_max = server->limits.work_queue;
    server->conns.loop = &server->loop;
    server->conns.work = &server->work;
    server->conns.metrics = &server->metrics;
    server->conns.limits = &server->limits;
    server->conns.token = &server->token;
    server->conns.clock_ms = 1;
    server->conns.started = uv_hrtime();
}

/* The timer and the signals; the handles are valid from here on whatever fails. */
static gsearch_status watch(gs_server *server, gsearch_error *err)
{
    static const int numbers[SIGNALS_COUNT] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    uv_timer_init(&server->loop, &server->timer);
    server->timer.data = server;
    int failure = uv_timer_start(&server->timer, on_tick, TICK_MS, TICK_MS);
    for (int i = 0; i < SIGNALS_COUNT; i++) {
        uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
        if (!failure)
            failure = uv_signal_start(&server->signals[i], on_signal, numbers[i]);
    }
    return failure ? gs_fail_errno(err, -failure, "cannot watch signals") : GSEARCH_OK;
}

static gsearch_status serve(gs_server *server, gsearch_error *err)
{
    int failure = uv_loop_init(&server->loop);
    if (failure)
        return gs_fail_errno(err, -failure, "cannot make an event loop");
    init_parts(server);
    if (!gs_work_init(&server->work)) {
        uv_loop_close(&server->loop);
        return gs_fail_memory(err);
    }
    gs_conns_init(&server->conns);
    gsearch_status status = watch(server, err);
    for (size_t i = 0; i < server->listeners_count && !status; i++)
        status = gs_listener_start(&server->listeners[i], &server->loop, err);
    if (!status)
        status = try_threads(server->work.threads + 1, err);
    if (status) {
        stop(server);
        end_if_idle(server); // there may be no timer to do it
    } else {
        start_reload(server); // as the first work of the pool it starts the threads
        tell_ready(server);
        note_generation(server); // before the loop runs, so before anybody is answered
    }
    uv_run(&server->loop, UV_RUN_DEFAULT);
    gs_conns_release(&server->conns);
    gs_work_release(&server->work);
    uv_loop_close(&server->loop);
    return status;
}

gsearch_status gs_server_run(const gs_server_options *options, gsearch_error *err)
{
    uv_replace_allocator(uv_alloc, uv_resize, uv_calloc, uv_free); // before libuv allocates
    gs_server *server = gs_mem_calloc(NULL, 1, sizeof(*server));
    if (!server)
        return gs_fail_memory(err);
    server->options = options;
    server->conns.resident = gs_resident_open();
    gsearch_status status = size_pool(server, err);
    if (!status && options->auth_file)
        status = gs_token_load(options->auth_file, &server->token, err);
    if (!status)
        status = resolve_limits(server, err);
    if (!status)
        status = bind_all(server, err);
    if (!status && options->on_bound)
        status = options->on_bound(options->payload, err);
    if (!status)
        status = gs_index_open_durable(options->dir, &server->index, err);
    if (!status)
        status = serve(server, err);
    for (size_t i = 0; i < server->listeners_count; i++)
        gs_listener_close(&server->listeners[i]);
    gsearch_index_close(server->index);
    if (server->conns.resident >= 0)
        gs_sys_close(server->conns.resident);
    explicit_bzero(&server->token, sizeof(server->token));
    gs_mem_free(NULL, server);
    return status;
}
