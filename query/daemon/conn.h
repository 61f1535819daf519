/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection: bytes in, requests in order, replies in order.
 *
 *     socket -> in -> lines -> jobs (oldest first) -> out -> sending -> socket
 *
 * Who sends many requests at once has many turns, and the others have theirs in between. Reading
 * stops while GS_PIPELINED_MAX jobs are on their way or GS_OUTPUT_PAUSE_BYTES of replies
 * wait to be sent; so the client that does not read is the one that waits.
 */
#ifndef GS_DAEMON_CONN_H
#define GS_DAEMON_CONN_H

#include <uv.h>

#include "common/base/buf.h"
#include "query/daemon/server.h"
#include "query/daemon/token.h"
#include "query/daemon/work.h"

#define GS_READ_BYTES (64u << 10)

typedef struct gs_conn gs_conn;

/* All connections and what they share. */
typedef struct gs_conns {
    uv_loop_t *loop;
    gs_work *work;
    gs_metrics *metrics;
    const gs_server_limits *limits; /* none of them 0 */
    const gs_token *token;
    uint64_t clock_ms; /* goes on with the ticks, so that it stands still while the process does */
    uint64_t started;  /* uv_hrtime */
    int resident;      /* of gs_resident_open */
    uint32_t before_auth;
    gs_conn *first;
    gs_conn *next_looked_at;         /* by gs_conns_tick; NULL: the first */
    gs_conn *in_line;                /* have more requests than one turn takes */
    uv_idle_t turn;                  /* active while there are some */
    char read_buffer[GS_READ_BYTES]; /* of one read at a time, emptied before the next */
} gs_conns;

/* Once `loop` is set. */
void gs_conns_init(gs_conns *conns);
/* When all are closed; the loop must run once more. */
void gs_conns_release(gs_conns *conns);

/* Takes over an accepted socket; closes it if that fails. */
void gs_conn_open(gs_conns *conns, int fd);

/* For gs_work.on_piece. */
void gs_conn_on_piece(gs_job *job);

/* Closes the connections whose time is over. Where there are many it looks at some of them and at
 * the others in its next calls, so that none of these holds up the replies: with 12,000 connections
 * a time may be exceeded by a second. */
void gs_conns_tick(gs_conns *conns);

/* Takes no more requests; each connection closes when it has answered those it has. */
void gs_conns_drain(gs_conns *conns);

/* Appends the one JSON line of STATS. */
void gs_conns_put_stats(const gs_conns *conns, gs_buf *out);

/* Closes all at once. */
void gs_conns_close(gs_conns *conns);

#endif
