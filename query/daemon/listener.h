/* SPDX-License-Identifier: Apache-2.0
 *
 * A socket that connections come in by. Accepting is done here and not by libuv, so that an error
 * of accept neither spins nor ends the listening.
 */
#ifndef GS_DAEMON_LISTENER_H
#define GS_DAEMON_LISTENER_H

#include <uv.h>

#include "common/wire/address.h"

typedef struct gs_listener {
    gs_address address; /* as bound */
    int fd;
    int lock_fd; /* of a unix socket: held while the path is ours; else -1 */
    uv_poll_t poll;
    bool is_open;
    bool is_paused;                           /* after an error; goes on with gs_listener_resume */
    uint64_t *failed;                         /* counts errors of accept */
    void (*on_accept)(int fd, void *payload); /* takes over `fd` */
    void *payload;
} gs_listener;

/* Binds to `text` and listens; a port of 0 becomes the one that the kernel chose. A socket file
 * left over by a daemon that has ended is replaced. BUSY if the address is in use, DENIED if the
 * file is another user's, BAD_ARGUMENT if it is not a socket. */
GS_CHECKED gsearch_status gs_listener_bind(const char *text, gs_listener *out, gsearch_error *err);

/* Begins to accept. Set on_accept, payload and failed before. */
GS_CHECKED gsearch_status gs_listener_start(gs_listener *listener, uv_loop_t *loop,
                                            gsearch_error *err);
void gs_listener_resume(gs_listener *listener);

/* Nobody can connect any more. The memory must stay until the loop has run once more. */
void gs_listener_close(gs_listener *listener);

#endif
