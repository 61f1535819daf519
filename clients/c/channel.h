/* SPDX-License-Identifier: Apache-2.0
 *
 * A connected socket with a deadline: lines out, lines in.
 */
#ifndef GS_CLIENT_CHANNEL_H
#define GS_CLIENT_CHANNEL_H

#include "common/base/buf.h"
#include "common/base/fail.h"

typedef struct gs_channel {
    int fd; /* -1: closed */
    unsigned timeout_ms;
    int64_t deadline_ms; /* of the monotonic clock */
    bool rearms;         /* every line has the whole time, not the call */
    gs_buf in;
    size_t in_taken;
    size_t reply_bytes; /* read for this reply */
} gs_channel;

/* Connects. IO if nobody answers, BAD_ARGUMENT or LIMIT for the address, TIMEOUT. */
GS_CHECKED gsearch_status gs_channel_open(const char *address, unsigned timeout_ms, gs_channel *out,
                                          gsearch_error *err);
void gs_channel_close(gs_channel *channel);

/* Begins a call: sets the deadline and sends one request. Where the other side has hung up, that
 * is left for the next read to find, behind what it said before. */
GS_CHECKED gsearch_status gs_channel_send(gs_channel *channel, gs_bytes request, bool rearms,
                                          gsearch_error *err);

/* The next line without its end, valid until the next call. IO at the end of the stream, TIMEOUT,
 * PROTOCOL if the line, or the reply so far unless it rearms, is over GS_REPLY_BYTES_MAX. */
GS_CHECKED gsearch_status gs_channel_read_line(gs_channel *channel, gs_bytes *out,
                                               gsearch_error *err);

#endif
