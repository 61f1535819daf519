/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket never blocks; what waits is poll, and never beyond the deadline.
 */
#include "clients/c/channel.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/wire/address.h"

#define READ_BYTES (64u << 10)

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void arm(gs_channel *channel)
{
    channel->deadline_ms = now_ms() + channel->timeout_ms;
}

static gsearch_status wait_for(gs_channel *channel, short events, gsearch_error *err)
{
    struct pollfd wanted = {.fd = channel->fd, .events = events};
    for (;;) {
        int64_t left = channel->deadline_ms - now_ms();
        int count = left > 0 ? poll(&wanted, 1, left < INT32_MAX ? (int)left : INT32_MAX) : 0;
        if (count > 0)
            return GSEARCH_OK;
        if (count < 0 && errno != EINTR)
            return gs_fail_errno(err, errno, "cannot wait for the daemon");
        if (count == 0 && left < INT32_MAX) {
            return gs_fail(err, GSEARCH_TIMEOUT, "no answer from the daemon within %u ms",
                           channel->timeout_ms);
        }
    }
}

static gsearch_status connect_to(gs_channel *channel, const gs_address *address, const char *text,
                                 gsearch_error *err)
{
    if (connect(channel->fd, &address->any, address->len) == 0)
        return GSEARCH_OK;
    int failure = errno;
    if (failure == EINPROGRESS) {
        socklen_t len = sizeof(failure);
        GS_TRY(wait_for(channel, POLLOUT, err));
        if (getsockopt(channel->fd, SOL_SOCKET, SO_ERROR, &failure, &len))
            failure = errno;
    }
    if (failure == EAGAIN)
        return gs_fail(err, GSEARCH_BUSY, "the daemon at %s accepts no more connections now", text);
    // a missing socket file is a daemon that does not run, not a thing that was looked for
    if (failure == ENOENT || failure == ECONNREFUSED)
        return gs_fail(err, GSEARCH_IO, "no daemon listens on %s: start gsearch serve", text);
    return failure ? gs_fail_errno(err, failure, "cannot connect to %s", text) : GSEARCH_OK;
}

gsearch_status gs_channel_open(const char *address, unsigned timeout_ms, gs_channel *out,
                               gsearch_error *err)
{
    gs_address target;
    GS_TRY(gs_address_parse(address, &target, err));
    gs_channel channel = {.timeout_ms = timeout_ms};
    channel.fd = socket(target.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (channel.fd < 0)
        return gs_fail_errno(err, errno, "cannot make a socket");
    arm(&channel);
    gs_buf_init(&channel.in, NULL, GS_REPLY_BYTES_MAX + READ_BYTES);
    gsearch_status status = connect_to(&channel, &target, address, err);
    if (status)
        gs_channel_close(&channel);
    else
        *out = channel;
    return status;
}

void gs_channel_close(gs_channel *channel)
{
    if (channel->fd >= 0)
        close(channel->fd);
    channel->fd = -1;
    gs_buf_release(&channel->in);
}

gsearch_status gs_channel_send(gs_channel *channel, gs_bytes request, bool rearms,
                               gsearch_error *err)
{
    arm(channel);
    channel->rearms = rearms;
    channel->reply_bytes = 0;
    for (size_t sent = 0; sent < request.len;) {
        ssize_t count =
            send(channel->fd, request.ptr + sent, request.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0)
            sent += (size_t)count;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            GS_TRY(wait_for(channel, POLLOUT, err));
        else if (errno == EPIPE || errno == ECONNRESET)
            return GSEARCH_OK;
        else if (errno != EINTR)
            return gs_fail_errno(err, errno, "cannot send to the daemon");
    }
    return GSEARCH_OK;
}

static gsearch_status read_more(gs_channel *channel, gsearch_error *err)
{
    gs_buf *in = &channel->in;
    if (channel->in_taken > 0) {
        in->len -= channel->in_taken;
        memmove(in->data, in->data + channel->in_taken, in->len);
        channel->in_taken = 0;
    }
    if (in->len > GS_REPLY_BYTES_MAX ||
        (!channel->rearms && channel->reply_bytes > GS_REPLY_BYTES_MAX)) {
        return gs_fail(err, GSEARCH_PROTOCOL, "the reply of the daemon has more than %u bytes",
                       GS_REPLY_BYTES_MAX);
    }
    uint8_t *room = gs_buf_reserve(in, READ_BYTES);
    if (!room)
        return gs_fail_memory(err);
    for (;;) {
        ssize_t count = recv(channel->fd, room, READ_BYTES, MSG_DONTWAIT);
        if (count > 0) {
            in->len += (size_t)count;
            channel->reply_bytes += (size_t)count;
            return GSEARCH_OK;
        }
        if (count == 0)
            return gs_fail(err, GSEARCH_IO, "the daemon closed the connection");
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            GS_TRY(wait_for(channel, POLLIN, err));
        else if (errno != EINTR)
            return gs_fail_errno(err, errno, "cannot read from the daemon");
    }
}

gsearch_status gs_channel_read_line(gs_channel *channel, gs_bytes *out, gsearch_error *err)
{
    if (channel->rearms)
        arm(channel);
    for (size_t scanned = 0;;) {
        size_t len = channel->in.len - channel->in_taken;
        const uint8_t *start = len ? channel->in.data + channel->in_taken : NULL;
        const uint8_t *end = len > scanned ? memchr(start + scanned, '\n', len - scanned) : NULL;
        if (end) {
            *out = gs_bytes_of(start, (size_t)(end - start));
            channel->in_taken += out->len + 1;
            return GSEARCH_OK;
        }
        scanned = len;
        GS_TRY(read_more(channel, err));
    }
}
