/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines of a reply as statuses and structs. Anything that docs/PROTOCOL.md does not allow is
 * PROTOCOL; unknown words and members are passed over, so that a newer daemon may say more.
 */
#ifndef GS_CLIENT_REPLY_H
#define GS_CLIENT_REPLY_H

#include "common/base/arena.h"
#include "common/base/fail.h"
#include "gsearch/request.h"

typedef enum gs_reply_kind {
    GS_REPLY_PLAIN, /* OK alone */
    GS_REPLY_HEAD,  /* OK with the keys of SEARCH */
} gs_reply_kind;

/* The first line. An ERR line gives its status, message and offset; an OK line its keys, in `out`
 * (may be NULL for PLAIN). */
GS_CHECKED gsearch_status gs_reply_first(gs_bytes line, gs_reply_kind kind, gsearch_results *out,
                                         gsearch_error *err);

/* The line of facets; strings and array in the arena. */
GS_CHECKED gsearch_status gs_reply_facets(gs_bytes line, gs_arena *arena, gsearch_results *out,
                                          gsearch_error *err);

/* The line of a hit; strings and marks in the arena. */
GS_CHECKED gsearch_status gs_reply_hit(gs_bytes line, gs_arena *arena, gsearch_hit *out,
                                       gsearch_error *err);

bool gs_reply_is_end(gs_bytes line);

#endif
