/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a connection. The rule of libuv: the memory of a handle is freed in its close
 * callback and nowhere else. Whatever happens ends in `pump`, which moves everything on as far as
 * it goes; start reading there.
 */
#include "query/daemon/conn.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/base/sabotage.h"
#include "query/daemon/resident.h"

#define LINGER_MS 1000 /* for the client to read our last words */
#define LOOKED_AT_ONCE 1024
#define REQUESTS_OF_A_TURN 32u

typedef enum conn_state {
    CONN_OPEN,
    CONN_DRAINING,  /* no more requests; closes when all is answered */
    CONN_LINGERING, /* our side is closed; what comes in is thrown away */
    CONN_CLOSED,    /* waits for the close callback */
} conn_state;

struct gs_conn {
    gs_conns *conns;
    gs_conn *previous, *next;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    conn_state state;
    bool is_reading;
    bool input_ended; /* the client sends no more */
    bool has_spoken;  /* its first line was seen */
    bool is_trusted;  /* needs no AUTH */
    bool is_in_line;  /* for another turn */
    gs_conn *next_in_line;
    unsigned auth_failures;

    gs_buf in;
    size_t in_taken;   /* bytes at its front that are done with */
    size_t in_scanned; /* bytes after these that have no line end */

    gs_job *first, *last;
    unsigned jobs_count;

    gs_buf out;     /* goes to `sending` when that is sent */
    gs_buf sending; /* in the hands of uv_write */
    bool is_sending;
    uint64_t accounted_bytes; /* in metrics.output_bytes */
    uv_write_t write;
    uv_shutdown_t shutdown;

    // times of conns->clock_ms
    uint64_t opened_at;
    uint64_t line_since; // first byte of the line that is not complete; 0: none
    uint64_t active_at;
    uint64_t progress_at;
    size_t progress_left; // bytes that libuv had still to send then
};

static void pump(gs_conn *conn);

/* ---- closing ------------------------------------------------------------------------------- */

static size_t output_bytes(const gs_conn *conn)
{
    return conn->out.len + conn->sending.len;
}

static void account(gs_conn *conn)
{
    conn->conns->metrics->output_bytes += output_bytes(conn) - conn->accounted_bytes;
    conn->accounted_bytes = output_bytes(conn);
}

static void on_closed(uv_handle_t *handle)
{
    gs_conn *conn = handle->data;
    gs_buf_release(&conn->sending);
    gs_mem_free(NULL, conn);
}

static void abandon_jobs(gs_conn *conn)
{
    while (conn->first) {
        gs_job *job = conn->first;
        conn->first = job->next;
        gs_job_abandon(job);
    }
    conn->jobs_count = 0;
}

static void leave_line(gs_conn *conn)
{
    gs_conn **at = &conn->conns->in_line;
    while (*at && *at != conn)
        at = &(*at)->next_in_line;
    if (*at)
        *at = conn->next_in_line;
}

static void close_now(gs_conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return;
    conn->state = CONN_CLOSED;
    gs_conns *conns = conn->conns;
    abandon_jobs(conn);
    conns->metrics->output_bytes -= conn->accounted_bytes;
    conns->metrics->connections--;
    conns->before_auth -= !conn->is_trusted;
    gs_buf_release(&conn->in);
    gs_buf_release(&conn->out);
    if (conn->previous)
        conn->previous->next = conn->next;
    else
        conns->first = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    if (conns->next_looked_at == conn)
        conns->next_looked_at = conn->next;
    if (conn->is_in_line)
        leave_line(conn);
    uv_close(&conn->handle, on_closed);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    gs_conn *conn = shutdown->data;
    if (status < 0)
        close_now(conn);
}

/* All is said. A close with bytes unread would reset the connection and could take our last reply
 * with it, so what still comes is read and forgotten for a moment. */
static void linger(gs_conn *conn)
{
    conn->shutdown.data = conn;
    conn->state = CONN_LINGERING;
    conn->active_at = conn->conns->clock_ms;
    if (conn->input_ended || uv_shutdown(&conn->shutdown, &conn->stream, on_shutdown))
        close_now(conn);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void on_written(uv_write_t *write, int status)
{
    gs_conn *conn = write->data;
    conn->is_sending = false;
    if (conn->state == CONN_CLOSED)
        return;
    if (status < 0) {
        close_now(conn);
        return;
    }
    gs_buf_reset(&conn->sending);
    if (conn->out.len == 0) { // an idle connection holds no buffers
        gs_buf_release(&conn->sending);
        gs_buf_release(&conn->out);
    }
    conn->active_at = conn->conns->clock_ms;
    pump(conn);
}

static void flush(gs_conn *conn)
{
    if (!conn->is_sending && conn->out.len > 0) {
        gs_buf empty = conn->sending;
        conn->sending = conn->out;
        conn->out = empty;
        uv_buf_t chunk = uv_buf_init((char *)conn->sending.data, (unsigned)conn->sending.len);
        conn->write.data = conn;
        conn->is_sending = true;
        conn->progress_left = conn->sending.len;
        conn->progress_at = conn->conns->clock_ms;
        if (uv_write(&conn->write, &conn->stream, &chunk, 1, on_written)) {
            conn->is_sending = false;
            close_now(conn);
            return;
        }
    }
    account(conn);
}

static void drop_first(gs_conn *conn)
{
    gs_job *job = conn->first;
    conn->first = job->next;
    conn->jobs_count--;
    if (job->answer.status)
        conn->conns->metrics->errors[job->answer.status]++;
    gs_job_free(job);
}

static void submit(gs_conn *conn, gs_job *job)
{
    gs_job *before = NULL;
    for (gs_job *other = conn->first; other != job; other = other->next)
        if (other->state == GS_JOB_POOLED && !other->streams)
            before = other;
    gs_work_submit(conn->conns->work, job, before);
}

/* Sends the replies that are there, in order, and starts what has waited for its turn. */
static void deliver(gs_conn *conn)
{
    while (conn->first && conn->first->state != GS_JOB_POOLED) {
        gs_job *job = conn->first;
        if (output_bytes(conn) >= GS_OUTPUT_PAUSE_BYTES && !GS_SABOTAGED(output_pause)) {
            gs_answer_pause(&job->answer);
            break;
        }
        if (job->state == GS_JOB_FRESH) {
            submit(conn, job);
            continue;
        }
        gs_buf_bytes(&conn->out, gs_buf_view(&job->answer.out));
        gs_buf_reset(&job->answer.out);
        if (conn->out.status) {
            close_now(conn);
            return;
        }
        if (job->answer.more) {
            submit(conn, job);
            continue;
        }
        bool is_cut = job->answer.is_cut;
        drop_first(conn);
        if (is_cut) {
            // the OK line is out: no END and a closed connection are all that can still be said
            abandon_jobs(conn);
            conn->state = CONN_DRAINING;
        }
    }
}

/* ---- requests ------------------------------------------------------------------------------ */

static void append_job(gs_conn *conn, gs_job *job)
{
    if (!job) {
        close_now(conn);
        return;
    }
    job->next = NULL;
    if (conn->first)
        conn->last->next = job;
    else
        conn->first = job;
    conn->last = job;
    conn->jobs_count++;
}

/* The last words: an error after which nothing more is read. */
static void refuse(gs_conn *conn, const gsearch_error *err)
{
    append_job(conn, gs_job_new_failed(conn->conns->work, conn, err));
    if (conn->state == CONN_OPEN)
        conn->state = CONN_DRAINING;
}

static void authenticate(gs_conn *conn, gs_answer *answer)
{
    gsearch_error err;
    if (conn->conns->token->len == 0 ||
        gs_token_matches(conn->conns->token, answer->command.text)) {
        conn->conns->before_auth -= !conn->is_trusted;
        conn->is_trusted = true;
        gs_buf_str(&answer->out, "OK\n");
        gs_wire_put_end(&answer->out);
        return;
    }
    gs_fail(&err, GSEARCH_DENIED, "wrong token");
    gs_answer_fail(answer, &err);
    if (++conn->auth_failures == GS_AUTH_FAILURES_MAX)
        conn->state = CONN_DRAINING;
}

void gs_conns_put_stats(const gs_conns *conns, gs_buf *out)
{
    uint64_t uptime_s = (uv_hrtime() - conns->started) / 1000000000u;
    gs_metrics_put(conns->metrics, uptime_s, gs_resident_bytes(conns->resident), out);
}

/* The verbs that need no index are answered here, so that they work however busy the daemon is. */
static void answer_here(gs_conn *conn, gs_answer *answer)
{
    gs_buf *out = &answer->out;
    switch (answer->command.verb) {
    case GS_VERB_AUTH:
        authenticate(conn, answer);
        return;
    case GS_VERB_PING:
        gs_buf_str(out, "OK PONG\n");
        break;
    case GS_VERB_QUIT:
        gs_buf_str(out, "OK BYE\n");
        conn->state = CONN_DRAINING;
        break;
    case GS_VERB_HELP:
        gs_buf_str(out, "OK\n");
        gs_wire_put_help(out);
        break;
    default:
        gs_buf_str(out, "OK\n");
        gs_conns_put_stats(conn->conns, out);
        break;
    }
    gs_wire_put_end(out);
}

static bool is_allowed(const gs_conn *conn, gs_verb verb)
{
    return conn->is_trusted || verb == GS_VERB_AUTH || verb == GS_VERB_PING ||
           verb == GS_VERB_QUIT || verb == GS_VERB_HELP || GS_SABOTAGED(auth);
}

static void take_line(gs_conn *conn, gs_bytes line)
{
    gs_job *job = gs_job_new(conn->conns->work, conn, line);
    append_job(conn, job);
    if (!job || job->answer.status)
        return;
    conn->conns->metrics->requests[job->answer.command.verb]++;
    if (!is_allowed(conn, job->answer.command.verb)) {
        gsearch_error err;
        gs_fail(&err, GSEARCH_DENIED, "this daemon wants AUTH with its token first");
        gs_answer_fail(&job->answer, &err);
        job->state = GS_JOB_READY;
    } else if (job->state == GS_JOB_READY) {
        answer_here(conn, &job->answer);
    } else if (!gs_answer_is_bulky(&job->answer)) {
        submit(conn, job);
    }
}

static unsigned line_bytes_max(const gs_conn *conn)
{
    return conn->is_trusted || GS_SABOTAGED(line_before_auth)
               ? GS_REQUEST_LINE_BYTES_MAX
               : GS_REQUEST_LINE_BYTES_BEFORE_AUTH_MAX;
}

/* True if `line`, complete or not, was the first one and opened another protocol. */
static bool refuse_foreign(gs_conn *conn, gs_bytes line, bool complete)
{
    gsearch_error err;
    if (conn->has_spoken || !gs_wire_is_foreign(line, complete))
        return false;
    gs_fail(&err, GSEARCH_PROTOCOL, "this is the gsearch line protocol: try HELP");
    refuse(conn, &err);
    return true;
}

/* Takes the next request out of `in`, if there is one and it is time for it. */
static bool take_request(gs_conn *conn)
{
    if (conn->state != CONN_OPEN || conn->jobs_count >= GS_PIPELINED_MAX ||
        output_bytes(conn) >= GS_OUTPUT_PAUSE_BYTES)
        return false;
    gs_bytes data = gs_bytes_of(conn->in.data + conn->in_taken, conn->in.len - conn->in_taken);
    if (data.len == 0)
        return false;
    gs_bytes line = data;
    size_t taken = data.len;
    unsigned bytes_max = line_bytes_max(conn);
    switch (gs_wire_next_line(data, conn->in_scanned, bytes_max, &line, &taken)) {
    case GS_LINE_TOO_LONG:
        if (!refuse_foreign(conn, data, false)) {
            gsearch_error err;
            gs_fail(&err, GSEARCH_LINE_TOO_LONG, "a request line has at most %u bytes", bytes_max);
            refuse(conn, &err);
        }
        return true;
    case GS_LINE_PARTIAL:
        conn->in_scanned = data.len;
        if (refuse_foreign(conn, data, false))
            return true;
        if (!conn->input_ended)
            return false;
        break; // the end of the input ends its last line, too
    case GS_LINE_COMPLETE:
        break;
    }
    conn->in_taken += taken;
    conn->in_scanned = 0;
    conn->line_since = 0;
    if (line.len == 0)
        return true;
    if (!refuse_foreign(conn, line, true)) {
        conn->has_spoken = true;
        take_line(conn, line);
    }
    return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    gs_conn *conn = handle->data;
    *out = uv_buf_init(conn->conns->read_buffer, GS_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    gs_conn *conn = stream->data;
    if (count == 0)
        return;
    if (count < 0) {
        conn->input_ended = true;
        conn->is_reading = false;
        uv_read_stop(stream);
        if (count != UV_EOF || conn->state == CONN_LINGERING)
            close_now(conn);
        else
            pump(conn);
        return;
    }
    if (conn->state != CONN_OPEN)
        return;
    conn->active_at = conn->conns->clock_ms;
    gs_buf_append(&conn->in, buffer->base, (size_t)count);
    if (conn->in.status)
        close_now(conn);
    else
        pump(conn);
}

/* Moves what is left of the input to the front of its buffer. */
static void compact(gs_conn *conn)
{
    size_t left = conn->in.len - conn->in_taken;
    if (left == 0 || conn->state != CONN_OPEN) {
        gs_buf_release(&conn->in);
    } else if (conn->in_taken > 0) {
        memmove(conn->in.data, conn->in.data + conn->in_taken, left);
        conn->in.len = left;
    }
    conn->in_taken = 0;
    bool is_partial = conn->in.len > 0 && conn->in_scanned == conn->in.len;
    if (!is_partial)
        conn->line_since = 0;
    else if (conn->line_since == 0)
        conn->line_since = conn->conns->clock_ms;
}

static void update_reading(gs_conn *conn)
{
    bool wanted = !conn->input_ended && !conn->is_in_line &&
                  conn->auth_failures < GS_AUTH_FAILURES_MAX &&
                  (conn->state == CONN_LINGERING ||
                   (conn->state == CONN_OPEN && conn->jobs_count < GS_PIPELINED_MAX &&
                    output_bytes(conn) < GS_OUTPUT_PAUSE_BYTES));
    if (wanted == conn->is_reading)
        return;
    conn->is_reading = wanted;
    if (conn->line_since)
        conn->line_since = conn->conns->clock_ms; // the pause was ours
    if (wanted)
        uv_read_start(&conn->stream, on_buffer, on_read);
    else
        uv_read_stop(&conn->stream);
}

static void on_turn(uv_idle_t *turn)
{
    gs_conns *conns = turn->data;
    gs_conn *next = conns->in_line;
    conns->in_line = NULL; // who needs yet another turn has it after the others have had theirs
    while (next) {
        gs_conn *conn = next;
        next = conn->next_in_line;
        conn->is_in_line = false;
        pump(conn);
    }
    if (!conns->in_line)
        uv_idle_stop(turn);
}

static void stand_in_line(gs_conn *conn)
{
    gs_conns *conns = conn->conns;
    conn->is_in_line = true;
    conn->next_in_line = conns->in_line;
    conns->in_line = conn;
    uv_idle_start(&conns->turn, on_turn);
}

static void pump(gs_conn *conn)
{
    unsigned taken = 0;
    bool is_turn_over;
    do {
        deliver(conn);
        if (conn->state != CONN_CLOSED)
            flush(conn);
        is_turn_over = conn->is_in_line || (taken >= REQUESTS_OF_A_TURN &&
                                            conn->in.len > conn->in_taken && !GS_SABOTAGED(turns));
        taken++;
    } while (!is_turn_over && take_request(conn));
    if (conn->state == CONN_CLOSED)
        return;
    if (is_turn_over && !conn->is_in_line)
        stand_in_line(conn);
    if (!is_turn_over)
        compact(conn);
    bool is_answered = conn->jobs_count == 0 && output_bytes(conn) == 0;
    if (is_answered && (conn->state == CONN_DRAINING || (conn->input_ended && conn->in.len == 0)))
        linger(conn);
    if (conn->state != CONN_CLOSED)
        update_reading(conn);
}

void gs_conn_on_piece(gs_job *job)
{
    pump(job->owner);
}

/* ---- all connections ----------------------------------------------------------------------- */

/* Makes a handle of libuv for `fd`, which the handle then owns. */
static bool adopt(gs_conn *conn, int fd)
{
    int family = AF_UNSPEC;
    socklen_t len = sizeof(family);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) == 0 && family == AF_UNIX) {
        uv_pipe_init(conn->conns->loop, &conn->pipe, 0);
        return uv_pipe_open(&conn->pipe, fd) == 0;
    }
    uv_tcp_init(conn->conns->loop, &conn->tcp);
    if (uv_tcp_open(&conn->tcp, fd))
        return false;
    uv_tcp_nodelay(&conn->tcp, 1);
    return true;
}

void gs_conns_init(gs_conns *conns)
{
    uv_idle_init(conns->loop, &conns->turn);
    conns->turn.data = conns;
}

void gs_conns_release(gs_conns *conns)
{
    uv_close((uv_handle_t *)&conns->turn, NULL);
}

void gs_conn_open(gs_conns *conns, int fd)
{
    gs_conn *conn = gs_mem_calloc(NULL, 1, sizeof(*conn));
    if (!conn) {
        close(fd);
        return;
    }
    conn->conns = conns;
    conn->is_trusted = conns->token->len == 0;
    gs_buf_init(&conn->in, NULL, GS_REQUEST_LINE_BYTES_MAX + 2 * GS_READ_BYTES);
    gs_buf_init(&conn->out, NULL, 2 * GS_OUTPUT_BYTES_MAX);
    gs_buf_init(&conn->sending, NULL, 2 * GS_OUTPUT_BYTES_MAX);
    conn->next = conns->first;
    if (conn->next)
        conn->next->previous = conn;
    conns->first = conn;
    conn->opened_at = conn->active_at = conns->clock_ms;
    conns->metrics->connections++;
    conns->metrics->connections_total++;
    conns->before_auth += !conn->is_trusted;
    bool is_adopted = adopt(conn, fd);
    conn->handle.data = conn;
    if (is_adopted) {
        update_reading(conn);
    } else {
        close(fd);
        close_now(conn);
    }
}

static bool is_over(const gs_conn *conn)
{
    const gs_server_limits *limits = conn->conns->limits;
    uint64_t now = conn->conns->clock_ms;
    if (conn->state == CONN_LINGERING)
        return now - conn->active_at >= LINGER_MS;
    if (!conn->is_trusted && now - conn->opened_at >= limits->auth_timeout_ms &&
        !GS_SABOTAGED(auth_timeout))
        return true;
    if (conn->is_sending && now - conn->progress_at >= limits->stall_timeout_ms)
        return true;
    if (conn->line_since && conn->is_reading && now - conn->line_since >= limits->line_timeout_ms)
        return true;
    return conn->jobs_count == 0 && !conn->is_sending &&
           now - conn->active_at >= limits->idle_timeout_ms;
}

static void tick(gs_conn *conn)
{
    if (conn->is_sending) {
        size_t left = uv_stream_get_write_queue_size(&conn->stream);
        if (conn->progress_left - left >= GS_STALL_BYTES) {
            conn->progress_at = conn->conns->clock_ms;
            conn->progress_left = left;
        }
    }
    if (is_over(conn) && !GS_SABOTAGED(timeouts)) {
        conn->conns->metrics->timeouts += conn->state != CONN_LINGERING;
        close_now(conn);
    }
}

void gs_conns_tick(gs_conns *conns)
{
    gs_conn *conn = conns->next_looked_at ? conns->next_looked_at : conns->first;
    for (int i = 0; conn && i < LOOKED_AT_ONCE; i++) {
        conns->next_looked_at = conn->next;
        tick(conn);
        conn = conns->next_looked_at;
    }
}

void gs_conns_drain(gs_conns *conns)
{
    for (gs_conn *conn = conns->first, *next; conn; conn = next) {
        next = conn->next;
        if (conn->state == CONN_OPEN)
            conn->state = CONN_DRAINING;
        if (conn->state == CONN_DRAINING)
            pump(conn);
    }
}

void gs_conns_close(gs_conns *conns)
{
    while (conns->first)
        close_now(conns->first);
}
