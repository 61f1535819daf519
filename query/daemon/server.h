/* SPDX-License-Identifier: Apache-2.0
 *
 * The query daemon: answers the line protocol of docs/PROTOCOL.md over an index folder until it is
 * told to stop. One thread holds all sockets, a fixed pool runs the searches.
 */
#ifndef GS_DAEMON_SERVER_H
#define GS_DAEMON_SERVER_H

#include <stddef.h>

#include "common/base/fail.h"

/* What a daemon of these options never exceeds; 0 stands for the value in common/base/limits.h. */
typedef struct gs_server_limits {
    unsigned connections;
    unsigned work_queue;
    unsigned auth_timeout_ms;
    unsigned line_timeout_ms;
    unsigned idle_timeout_ms;
    unsigned stall_timeout_ms;
    unsigned stop_timeout_ms;
    unsigned reload_poll_ms;
} gs_server_limits;

typedef struct gs_server_options {
    const char *dir;           /* the index folder */
    const char *const *listen; /* addresses as in common/wire/address.h */
    size_t listen_count;       /* 0: GS_ADDRESS_DEFAULT */
    const char *auth_file;     /* NULL: no AUTH is asked for */
    unsigned threads;          /* that search; 0: one a core */
    gs_server_limits limits;

    /* Called once when the sockets are bound and the token is read, before the index is opened and
     * before there is a thread: the place to give up privileges. What it returns ends the start.
     * From here on files are opened to be read alone. May be NULL. */
    gsearch_status (*on_bound)(void *payload, gsearch_error *err);
    /* Called once when connections are accepted, with the addresses bound to: port 0 is then the
     * port that the kernel chose. May be NULL. */
    void (*on_ready)(const char *const *addresses, size_t count, void *payload);
    /* A sentence for the log. May be NULL. */
    void (*on_log)(const char *message, void *payload);
    void *payload;
} gs_server_options;

/* Serves until SIGTERM or SIGINT, then finishes what runs (GS_STOP_TIMEOUT_MS at most) and returns
 * OK; a second such signal has its default effect. SIGHUP takes the newest generation at once,
 * SIGUSR1 logs what STATS shows. For programs: it handles signals, ignores SIGPIPE and SIGXFSZ and
 * raises the limit of descriptors.
 * BAD_ARGUMENT, LIMIT (addresses, threads, descriptors), DENIED (an address beyond this machine
 * without auth_file, a token file that others may read), BUSY (address in use), and what
 * gsearch_index_open returns. */
GS_CHECKED gsearch_status gs_server_run(const gs_server_options *options, gsearch_error *err);

#endif
