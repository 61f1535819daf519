/* SPDX-License-Identifier: Apache-2.0
 *
 * A daemon over the stub index in a process of its own, and clients of it. Whatever goes wrong or
 * takes longer than thirty seconds fails the test.
 */
#ifndef GS_TESTS_DAEMONFIXTURE_H
#define GS_TESTS_DAEMONFIXTURE_H

#include <sys/types.h>

#include "common/wire/address.h"
#include "query/daemon/server.h"
#include "tests/query/daemon/stubindex.h"

typedef struct gs_daemon {
    pid_t pid;
    gs_stub *stub;
    char *dir;          /* holds the socket */
    gs_address address; /* of the first listener */
    char address_text[GS_ADDRESS_TEXT_MAX];
} gs_daemon;

/* Fills in what is not set: `dir`, and a unix socket to listen on. */
gs_daemon *gs_daemon_start(const gs_server_options *options);
/* SIGTERM; the daemon must end with status 0. */
void gs_daemon_stop(gs_daemon *daemon);
/* Waits for its end without a signal and frees; the status as of waitpid. */
int gs_daemon_wait(gs_daemon *daemon);

/* For loops that wait: `for (gs_wait at = gs_wait_for("it does not come"); !is_there();)
 * gs_wait_on(&at);` fails the test with these words when it takes too long. */
typedef struct gs_wait {
    const char *what;
    uint64_t give_up_ns;
} gs_wait;
gs_wait gs_wait_for(const char *what);
void gs_wait_on(const gs_wait *at);
/* A search with the query "block" has begun, and waits at the gate of the stub. */
void gs_wait_blocked(gs_stub *stub);

/* A client; non-blocking. */
int gs_daemon_connect(const gs_daemon *daemon);
void gs_client_send(int fd, const void *data, size_t len);
/* Waits until the daemon has read all that was sent (unix sockets only). */
void gs_client_wait_read(int fd);
/* Reads up to and including `text` and returns all of it, terminated; the caller frees it. */
char *gs_client_read_until(int fd, const char *text);
/* Reads to the end of the stream. */
char *gs_client_read_all(int fd);
/* Sends while reading, half-closes, reads to the end, closes: what `nc -N` does. */
char *gs_daemon_ask(const gs_daemon *daemon, const void *data, size_t len);

/* The number after `name` in the STATS of the daemon. */
unsigned long long gs_daemon_stat(const gs_daemon *daemon, const char *name);

#endif
