/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a daemon listens: "HOST:PORT" with a numeric HOST, "[v6]:PORT" or "unix:PATH". No names
 * are looked up.
 */
#ifndef GS_WIRE_ADDRESS_H
#define GS_WIRE_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/base/bytes.h"
#include "common/base/fail.h"

#define GS_ADDRESS_DEFAULT "127.0.0.1:7719"
#define GS_ADDRESS_TEXT_MAX 128 /* room for any address as text, with its zero */

typedef struct gs_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un path;
    };
    socklen_t len;
} gs_address;

/* BAD_ARGUMENT if it is none of the three forms; LIMIT if PATH does not fit into a socket address
 * (107 bytes). */
GS_CHECKED gsearch_status gs_address_parse(const char *text, gs_address *out, gsearch_error *err);

/* The same text again, with the port that the address has. */
void gs_address_format(const gs_address *address, char out[GS_ADDRESS_TEXT_MAX]);

/* True for unix sockets, 127.0.0.0/8 and ::1. */
bool gs_address_is_local(const gs_address *address);

#endif
