/* SPDX-License-Identifier: Apache-2.0
 *
 * The linker gives __wrap_x what calls x from another file, and __real_x what x is. Errors of libuv
 * are negative.
 */
#include "tests/query/daemon/faultyuv.h"

#include <errno.h>
#include <stddef.h>
#include <uv.h>

// nothing but the linker calls these
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

const char *const gs_calls_of_uv[] = {
    "uv_async_init", "uv_loop_init",    "uv_mutex_init", "uv_poll_init",   "uv_poll_start",
    "uv_shutdown",   "uv_signal_start", "uv_tcp_open",   "uv_timer_start", "uv_write",
    NULL,
};

int __real_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb callback);

int __wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb callback)
{
    return gs_calls_fails("uv_async_init") ? -errno : __real_uv_async_init(loop, async, callback);
}

int __real_uv_loop_init(uv_loop_t *loop);

int __wrap_uv_loop_init(uv_loop_t *loop)
{
    return gs_calls_fails("uv_loop_init") ? -errno : __real_uv_loop_init(loop);
}

int __real_uv_mutex_init(uv_mutex_t *mutex);

int __wrap_uv_mutex_init(uv_mutex_t *mutex)
{
    return gs_calls_fails("uv_mutex_init") ? -errno : __real_uv_mutex_init(mutex);
}

int __real_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);

int __wrap_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
    return gs_calls_fails("uv_poll_init") ? -errno : __real_uv_poll_init(loop, poll, fd);
}

int __real_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb callback);

int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb callback)
{
    return gs_calls_fails("uv_poll_start") ? -errno : __real_uv_poll_start(poll, events, callback);
}

int __real_uv_shutdown(uv_shutdown_t *shutdown, uv_stream_t *stream, uv_shutdown_cb callback);

int __wrap_uv_shutdown(uv_shutdown_t *shutdown, uv_stream_t *stream, uv_shutdown_cb callback)
{
    return gs_calls_fails("uv_shutdown") ? -errno : __real_uv_shutdown(shutdown, stream, callback);
}

int __real_uv_signal_start(uv_signal_t *handle, uv_signal_cb callback, int number);

int __wrap_uv_signal_start(uv_signal_t *handle, uv_signal_cb callback, int number)
{
    return gs_calls_fails("uv_signal_start") ? -errno
                                             : __real_uv_signal_start(handle, callback, number);
}

int __real_uv_tcp_open(uv_tcp_t *tcp, uv_os_sock_t fd);

int __wrap_uv_tcp_open(uv_tcp_t *tcp, uv_os_sock_t fd)
{
    return gs_calls_fails("uv_tcp_open") ? -errno : __real_uv_tcp_open(tcp, fd);
}

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t first, uint64_t every);

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t first, uint64_t every)
{
    return gs_calls_fails("uv_timer_start") ? -errno
                                   : __real_uv_timer_start(timer, callback, first, every);
}

int __real_uv_write(uv_write_t *write, uv_stream_t *stream, const uv_buf_t *buffers,
                    unsigned count, uv_write_cb callback);

int __wrap_uv_write(uv_write_t *write, uv_stream_t *stream, const uv_buf_t *buffers,
                    unsigned count, uv_write_cb callback)
{
    return gs_calls_fails("uv_write") ? -errno
                             : __real_uv_write(write, stream, buffers, count, callback);
}
