/* SPDX-License-Identifier: Apache-2.0
 *
 * The secret of --auth-file.
 */
#ifndef GS_DAEMON_TOKEN_H
#define GS_DAEMON_TOKEN_H

#include "common/base/bytes.h"
#include "common/base/fail.h"
#include "common/base/limits.h"

typedef struct gs_token {
    uint8_t bytes[GS_REQUEST_LINE_BYTES_BEFORE_AUTH_MAX];
    size_t len; /* 0: there is none */
} gs_token;

/* Reads the token: the one line of `path`, which nobody but its owner may read or write (DENIED).
 * BAD_ARGUMENT if it is not one line of UTF-8 text; LIMIT if it does not fit into an AUTH line. */
GS_CHECKED gsearch_status gs_token_load(const char *path, gs_token *out, gsearch_error *err);

/* Takes a time that does not depend on where the two differ. */
bool gs_token_matches(const gs_token *token, gs_bytes presented);

#endif
