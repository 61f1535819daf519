/* SPDX-License-Identifier: Apache-2.0
 *
 * The value of `date:` as a stretch of days.
 */
#ifndef GS_QUERY_PERIOD_H
#define GS_QUERY_PERIOD_H

#include "common/base/bytes.h"
#include "common/base/fail.h"

#define GS_PERIOD_OPEN_FROM 0u
#define GS_PERIOD_OPEN_TO 99999999u

/* Both ends inclusive, as yyyymmdd; an end that is not given is one of the two above. */
typedef struct gs_period {
    uint32_t from, to;
} gs_period;

/* `2017`, `2017-12`, `2017-12-05`, `20171205`; or two of them with `..` between, each end at its
 * own precision, of which one may be missing. Full-width digits and marks are the same. BAD_QUERY,
 * with the offset in `text`, for another form, a date that does not exist and a falling range. */
GS_CHECKED gsearch_status gs_period_parse(gs_bytes text, gs_period *out, gsearch_error *err);

#endif
