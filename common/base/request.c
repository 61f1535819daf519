/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns how the sizes of requests are understood, in the library and in the client alike.
 */
#include "common/base/request.h"

#include <string.h>

gsearch_status gs_request_take(const gsearch_request *given, gsearch_request *out,
                               gsearch_error *err)
{
    gsearch_request known = GSEARCH_REQUEST_INIT;
    if (!given || given->struct_size < offsetof(gsearch_request, limit) || !given->query)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                       "the request has no query or no size: fill it with GSEARCH_REQUEST_INIT");
    if (given->struct_size > sizeof(known))
        return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                       "the request has %zu bytes and this library knows %zu: the program was "
                       "built for a newer one", given->struct_size, sizeof(known));
    memcpy(&known, given, given->struct_size);
    known.struct_size = sizeof(known);
    *out = known;
    return GSEARCH_OK;
}
