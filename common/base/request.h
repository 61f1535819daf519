/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests of programs that were built with another version of the public headers.
 */
#ifndef GS_BASE_REQUEST_H
#define GS_BASE_REQUEST_H

#include "common/base/fail.h"
#include "gsearch/request.h"

/* Copies a request: what an older, shorter one does not have is as in GSEARCH_REQUEST_INIT. Nothing
 * behind its struct_size is read. BAD_ARGUMENT for a longer one, whose wishes are unknown here, and
 * for one without a query. */
GS_CHECKED gsearch_status gs_request_take(const gsearch_request *given, gsearch_request *out,
                                          gsearch_error *err);

#endif
