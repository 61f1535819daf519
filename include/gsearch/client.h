/* SPDX-License-Identifier: Apache-2.0
 *
 * gsearch over a socket: the request and result structs of request.h, sent to `gsearch serve`.
 * Blocking, libc only; one thread at a time a client.
 */
#ifndef GSEARCH_CLIENT_H
#define GSEARCH_CLIENT_H

#include "gsearch/request.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(GSEARCH_BUILDING)
#define GSEARCH_CLIENT_API __attribute__((visibility("default")))
#else
#define GSEARCH_CLIENT_API
#endif

typedef struct gsearch_client gsearch_client;

/* Connects to "HOST:PORT" (numeric), "[v6]:PORT" or "unix:PATH". `timeout_ms` bounds this and
 * every later call, or with _search_each every wait for a row; 0 means 30,000. IO if nobody
 * answers. */
GSEARCH_CLIENT_API gsearch_status gsearch_client_open(const char *address, unsigned timeout_ms,
                                                      gsearch_client **out, gsearch_error *error);

/* Presents the token of the daemon's --auth-file. DENIED if it is not the one. */
GSEARCH_CLIENT_API gsearch_status gsearch_client_auth(gsearch_client *client, const char *token,
                                                      gsearch_error *error);

/* As gsearch_search. The status words of the daemon come back as statuses; BAD_QUERY has its
 * offset. After IO, TIMEOUT or PROTOCOL the connection is of no more use: close it. */
GSEARCH_CLIENT_API gsearch_status gsearch_client_search(gsearch_client *client,
                                                        const gsearch_request *request,
                                                        gsearch_results **out,
                                                        gsearch_error *error);

/* As gsearch_search_each. Stopping early reads what is left of a short reply, and gives up the
 * connection where much is left: the next call then returns IO. */
GSEARCH_CLIENT_API gsearch_status gsearch_client_search_each(gsearch_client *client,
                                                             const gsearch_request *request,
                                                             gsearch_on_head on_head,
                                                             gsearch_on_hit on_hit, void *payload,
                                                             gsearch_error *error);

/* NULL is fine. */
GSEARCH_CLIENT_API void gsearch_client_close(gsearch_client *client);

#ifdef __cplusplus
}
#endif

#endif
