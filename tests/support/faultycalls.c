/* SPDX-License-Identifier: Apache-2.0
 *
 * The linker gives __wrap_x what calls x from another file, and __real_x what x is.
 */
#include "tests/support/faultycalls.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

// nothing but the linker calls these
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static struct {
    const char *name; // NULL: no plan
    unsigned left;    // calls up to the one that fails, itself included
    int error;
} plan;

const char *const gs_calls_of_sockets[] = {
    "bind", "chmod", "connect", "getrlimit", "getsockname", "getsockopt", "listen",
    "poll", "recv",  "send",    "setenv",    "setrlimit",   "socket",     NULL,
};

void gs_calls_fail(const char *name, unsigned at, int error)
{
    plan.name = name;
    plan.left = at;
    plan.error = error;
}

bool gs_calls_end(void)
{
    plan.name = NULL;
    return !plan.left;
}

bool gs_calls_fails(const char *name)
{
    if (!plan.name || !plan.left || strcmp(plan.name, name) != 0 || --plan.left)
        return false;
    errno = plan.error;
    return true;
}

int __real_bind(int fd, const struct sockaddr *address, socklen_t len);

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len)
{
    return gs_calls_fails("bind") ? -1 : __real_bind(fd, address, len);
}

int __real_chmod(const char *path, mode_t mode);

int __wrap_chmod(const char *path, mode_t mode)
{
    return gs_calls_fails("chmod") ? -1 : __real_chmod(path, mode);
}

int __real_connect(int fd, const struct sockaddr *address, socklen_t len);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    return gs_calls_fails("connect") ? -1 : __real_connect(fd, address, len);
}

int __real_getrlimit(int resource, struct rlimit *out);

int __wrap_getrlimit(int resource, struct rlimit *out)
{
    return gs_calls_fails("getrlimit") ? -1 : __real_getrlimit(resource, out);
}

int __real_getsockname(int fd, struct sockaddr *address, socklen_t *len);

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
    return gs_calls_fails("getsockname") ? -1 : __real_getsockname(fd, address, len);
}

int __real_getsockopt(int fd, int level, int name, void *out, socklen_t *len);

int __wrap_getsockopt(int fd, int level, int name, void *out, socklen_t *len)
{
    return gs_calls_fails("getsockopt") ? -1 : __real_getsockopt(fd, level, name, out, len);
}

int __real_listen(int fd, int backlog);

int __wrap_listen(int fd, int backlog)
{
    return gs_calls_fails("listen") ? -1 : __real_listen(fd, backlog);
}

int __real_poll(struct pollfd *wanted, nfds_t count, int timeout_ms);

int __wrap_poll(struct pollfd *wanted, nfds_t count, int timeout_ms)
{
    return gs_calls_fails("poll") ? -1 : __real_poll(wanted, count, timeout_ms);
}

ssize_t __real_recv(int fd, void *out, size_t len, int flags);

ssize_t __wrap_recv(int fd, void *out, size_t len, int flags)
{
    return gs_calls_fails("recv") ? -1 : __real_recv(fd, out, len, flags);
}

ssize_t __real_send(int fd, const void *data, size_t len, int flags);

ssize_t __wrap_send(int fd, const void *data, size_t len, int flags)
{
    return gs_calls_fails("send") ? -1 : __real_send(fd, data, len, flags);
}

int __real_setenv(const char *name, const char *value, int replaces);

int __wrap_setenv(const char *name, const char *value, int replaces)
{
    return gs_calls_fails("setenv") ? -1 : __real_setenv(name, value, replaces);
}

int __real_setrlimit(int resource, const struct rlimit *limit);

int __wrap_setrlimit(int resource, const struct rlimit *limit)
{
    return gs_calls_fails("setrlimit") ? -1 : __real_setrlimit(resource, limit);
}

int __real_socket(int domain, int type, int protocol);

int __wrap_socket(int domain, int type, int protocol)
{
    return gs_calls_fails("socket") ? -1 : __real_socket(domain, type, protocol);
}
