/* SPDX-License-Identifier: Apache-2.0
 *
 * Binding, above all to the path of a unix socket: nobody but its owner may connect from the very
 * first moment, two daemons never share a path, and no file that is not ours is removed. The file
 * stays when the daemon ends, for by then it may remove nothing, and the next one replaces it.
 */
#include "query/daemon/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/base/sabotage.h"
#include "common/base/sys.h"

#define BACKLOG 1024
#define ACCEPTS_AT_ONCE 64 /* then the other sockets have their turn */

/* Somebody else has the address that the user named. */
static gsearch_status fail_taken(const char *who, const char *address, gsearch_error *err)
{
    return gs_fail(err, GSEARCH_BUSY, "another %s listens on %s: stop it, or --listen elsewhere",
                   who, address);
}

static gsearch_status lock_path(const char *path, const char *text, int *out, gsearch_error *err)
{
    char name[sizeof(((struct sockaddr_un *)0)->sun_path) + sizeof(".lock")];
    snprintf(name, sizeof(name), "%s.lock", path);
    int fd = gs_sys_openat(AT_FDCWD, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return gs_fail_errno(err, errno, "cannot open the lock file %s", name);
    if (gs_sys_flock(fd, LOCK_EX | LOCK_NB)) {
        gs_sys_close(fd);
        return fail_taken("daemon", text, err);
    }
    *out = fd;
    return GSEARCH_OK;
}

/* Removes the socket file of a daemon that has ended, and only that. */
static gsearch_status remove_stale(const gs_address *address, const char *text, gsearch_error *err)
{
    const char *path = address->path.sun_path;
    struct stat info;
    if (gs_sys_fstatat(AT_FDCWD, path, &info, AT_SYMLINK_NOFOLLOW)) {
        return errno == ENOENT ? GSEARCH_OK
                               : gs_fail_errno(err, errno, "cannot look at unix:%s", path);
    }
    if (!S_ISSOCK(info.st_mode) && !GS_SABOTAGED(socket_kind)) {
        return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                       "%s is there and is not a socket: choose another path", path);
    }
    if (info.st_uid != geteuid())
        return gs_fail(err, GSEARCH_DENIED, "the socket %s belongs to another user", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return gs_fail_errno(err, errno, "cannot make a socket");
    int failure = connect(fd, &address->any, address->len) ? errno : 0;
    close(fd);
    if (failure != ECONNREFUSED)
        return fail_taken("program", text, err);
    if (gs_sys_unlinkat(AT_FDCWD, path) && errno != ENOENT)
        return gs_fail_errno(err, errno, "cannot remove the left-over socket %s", path);
    return GSEARCH_OK;
}

static gsearch_status bind_unix(gs_listener *listener, const char *text, gsearch_error *err)
{
    const gs_address *address = &listener->address;
    const char *path = address->path.sun_path;
    GS_TRY(lock_path(path, text, &listener->lock_fd, err));
    GS_TRY(remove_stale(address, text, err));
    mode_t before = umask(0177);
    int failed = bind(listener->fd, &address->any, address->len);
    int failure = errno;
    umask(before);
    if (failed)
        return gs_fail_errno(err, failure, "cannot bind to unix:%s", path);
    listener->is_open = true;
    if (chmod(path, 0600))
        return gs_fail_errno(err, errno, "cannot set the mode of %s", path);
    return GSEARCH_OK;
}

static gsearch_status bind_tcp(gs_listener *listener, const char *text, gsearch_error *err)
{
    gs_address *address = &listener->address;
    int on = 1, unsent_bytes = GS_OUTPUT_PAUSE_BYTES;
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    // of its connections, too: else the kernel takes megabytes of a reply that nobody reads, and
    // the daemon makes them
    if (!GS_SABOTAGED(unsent_bytes))
        setsockopt(listener->fd, SOL_SOCKET, SO_SNDBUF, &unsent_bytes, sizeof(unsent_bytes));
    if (address->any.sa_family == AF_INET6)
        setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(listener->fd, &address->any, address->len)) {
        if (errno == EADDRINUSE)
            return fail_taken("program", text, err);
        return gs_fail_errno(err, errno, "cannot bind to %s", text);
    }
    listener->is_open = true;
    if (getsockname(listener->fd, &address->any, &address->len))
        return gs_fail_errno(err, errno, "cannot read the address of %s", text);
    return GSEARCH_OK;
}

static void close_descriptors(gs_listener *listener)
{
    close(listener->fd);
    if (listener->lock_fd >= 0)
        gs_sys_close(listener->lock_fd);
    listener->is_open = false;
}

gsearch_status gs_listener_bind(const char *text, gs_listener *out, gsearch_error *err)
{
    gs_listener listener = {.lock_fd = -1};
    GS_TRY(gs_address_parse(text, &listener.address, err));
    int family = listener.address.any.sa_family;
    listener.fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener.fd < 0)
        return gs_fail_errno(err, errno, "cannot make a socket for %s", text);
    gsearch_status status =
        family == AF_UNIX ? bind_unix(&listener, text, err) : bind_tcp(&listener, text, err);
    if (!status && listen(listener.fd, BACKLOG)) {
        status = errno == EADDRINUSE ? fail_taken("program", text, err)
                                     : gs_fail_errno(err, errno, "cannot listen on %s", text);
    }
    if (status)
        close_descriptors(&listener);
    else
        *out = listener;
    return status;
}

/* Of one connection that broke off before it was accepted, or whose network did: the next may be
 * good. */
static bool concerns_one(int failure)
{
    switch (failure) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
        return true;
    default:
        return false;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status; // accept finds out by itself
    (void)events;
    gs_listener *listener = poll->data;
    for (int i = 0; i < ACCEPTS_AT_ONCE && listener->is_open; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            listener->on_accept(fd, listener->payload);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (!concerns_one(errno)) {
            // out of descriptors or memory: asking again at once would only burn the processor
            ++*listener->failed;
            listener->is_paused = true;
            if (!GS_SABOTAGED(accept_pause))
                uv_poll_stop(poll);
            return;
        }
    }
}

gsearch_status gs_listener_start(gs_listener *listener, uv_loop_t *loop, gsearch_error *err)
{
    int failure = uv_poll_init(loop, &listener->poll, listener->fd);
    if (failure)
        return gs_fail_errno(err, -failure, "cannot watch the listening socket");
    listener->poll.data = listener;
    failure = uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    if (failure)
        return gs_fail_errno(err, -failure, "cannot watch the listening socket");
    return GSEARCH_OK;
}

void gs_listener_resume(gs_listener *listener)
{
    if (listener->is_open && listener->is_paused) {
        listener->is_paused = false;
        uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    }
}

void gs_listener_close(gs_listener *listener)
{
    if (!listener->is_open)
        return;
    if (listener->poll.data)
        uv_close((uv_handle_t *)&listener->poll, NULL);
    close_descriptors(listener);
}
