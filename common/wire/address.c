/* SPDX-License-Identifier: Apache-2.0
 *
 * Text to socket address and back, by inet_pton: what is not a number is not an address.
 */
#include "common/wire/address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define UNIX_PREFIX "unix:"

static gsearch_status bad_address(const char *text, gsearch_error *err)
{
    return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                   "bad address \"%s\": expected HOST:PORT with a numeric HOST, [v6]:PORT or "
                   "unix:PATH",
                   text);
}

static gsearch_status parse_unix(const char *path, gs_address *out, gsearch_error *err)
{
    gs_address address = {.path = {.sun_family = AF_UNIX}};
    size_t len = strlen(path);
    if (len == 0)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "bad address \"unix:\": the path is empty");
    if (len >= sizeof(address.path.sun_path)) {
        return gs_fail(err, GSEARCH_LIMIT, "socket path of %zu bytes: at most %zu are possible",
                       len, sizeof(address.path.sun_path) - 1);
    }
    memcpy(address.path.sun_path, path, len + 1);
    address.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    *out = address;
    return GSEARCH_OK;
}

static bool parse_port(const char *text, in_port_t *out)
{
    uint32_t port = 0;
    size_t len = 0;
    for (; text[len]; len++) {
        if (len == 5 || text[len] < '0' || text[len] > '9')
            return false;
        port = port * 10 + (uint32_t)(text[len] - '0');
    }
    if (len == 0 || port > UINT16_MAX || (len > 1 && text[0] == '0'))
        return false;
    *out = htons((uint16_t)port);
    return true;
}

gsearch_status gs_address_parse(const char *text, gs_address *out, gsearch_error *err)
{
    size_t prefix = sizeof(UNIX_PREFIX) - 1;
    if (strncmp(text, UNIX_PREFIX, prefix) == 0)
        return parse_unix(text + prefix, out, err);

    char host[INET6_ADDRSTRLEN + 1];
    const char *colon = strrchr(text, ':');
    in_port_t port;
    if (!colon || !parse_port(colon + 1, &port))
        return bad_address(text, err);
    bool bracketed = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    const char *start = text + bracketed;
    size_t len = (size_t)(colon - start) - bracketed;
    if (len >= sizeof(host))
        return bad_address(text, err);
    memcpy(host, start, len);
    host[len] = '\0';

    gs_address address = {0};
    if (bracketed && inet_pton(AF_INET6, host, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = port;
        address.len = sizeof(address.v6);
    } else if (!bracketed && inet_pton(AF_INET, host, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = port;
        address.len = sizeof(address.v4);
    } else {
        return bad_address(text, err);
    }
    *out = address;
    return GSEARCH_OK;
}

void gs_address_format(const gs_address *address, char out[GS_ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN];
    if (address->any.sa_family == AF_UNIX) {
        snprintf(out, GS_ADDRESS_TEXT_MAX, UNIX_PREFIX "%s", address->path.sun_path);
    } else if (address->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
        snprintf(out, GS_ADDRESS_TEXT_MAX, "%s:%u", host, (unsigned)ntohs(address->v4.sin_port));
    } else {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
        snprintf(out, GS_ADDRESS_TEXT_MAX, "[%s]:%u", host, (unsigned)ntohs(address->v6.sin6_port));
    }
}

bool gs_address_is_local(const gs_address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    if (address->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    return true;
}
