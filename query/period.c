/* SPDX-License-Identifier: Apache-2.0
 *
 * Years, months and days, and ranges of them.
 */
#include "query/period.h"

#include "common/base/date.h"
#include "query/lexer.h"

#define VALUE_BYTES_MAX 22 // 2017-12-05..2018-12-05

/* One end at its own precision: the first and the last day that it stands for. */
static gsearch_status parse_end(gs_bytes text, gs_period *out, gsearch_error *err)
{
    gs_date first = {.month = 1, .day = 1};
    size_t dash = text.len == 8 ? 0 : 1; // 20171205 or 2017-12-05
    bool has_month = text.len > 4, has_day = text.len > 7;
    bool good = text.len == 4 || text.len == 7 || text.len == 8 || text.len == 10;
    good = good && gs_date_digits(gs_bytes_of(text.ptr, 4), &first.year);
    if (good && has_month)
        good = (!dash || text.ptr[4] == '-') &&
               gs_date_digits(gs_bytes_of(text.ptr + 4 + dash, 2), &first.month);
    if (good && has_day)
        good = (!dash || text.ptr[7] == '-') &&
               gs_date_digits(gs_bytes_of(text.ptr + text.len - 2, 2), &first.day);
    if (!good)
        return gs_query_refuse(err, 0,
                               "a date reads 2017, 2017-12, 2017-12-05 or 20171205, "
                               "a range 2017..2019-06");
    if (!gs_date_exists(first))
        return gs_query_refuse(err, 0, "there is no such date");
    gs_date last = first;
    if (!has_month)
        last.month = 12;
    if (!has_day)
        last.day = gs_date_month_days(last.year, last.month);
    *out = (gs_period){.from = gs_date_number(first), .to = gs_date_number(last)};
    return GSEARCH_OK;
}

gsearch_status gs_period_parse(gs_bytes text, gs_period *out, gsearch_error *err)
{
    uint8_t narrow[VALUE_BYTES_MAX + 1];
    gs_bytes value = {.ptr = narrow};
    for (size_t at = 0; at < text.len && value.len < sizeof(narrow);)
        narrow[value.len++] = gs_lexer_narrow(text, &at);
    const uint8_t *dots = memmem(value.ptr, value.len, "..", 2);
    if (!dots)
        return parse_end(value, out, err);

    gs_period from = {.from = GS_PERIOD_OPEN_FROM};
    gs_period to = {.to = GS_PERIOD_OPEN_TO};
    gs_bytes left = gs_bytes_of(value.ptr, (size_t)(dots - value.ptr));
    gs_bytes right = gs_bytes_of(dots + 2, value.len - left.len - 2);
    if (left.len == 0 && right.len == 0)
        return gs_query_refuse(err, 0, "a range needs a date at one end at least");
    if (left.len > 0)
        GS_TRY(parse_end(left, &from, err));
    if (right.len > 0)
        GS_TRY(parse_end(right, &to, err));
    if (from.from > to.to)
        return gs_query_refuse(err, 0, "the range falls: its end lies before its start");
    *out = (gs_period){.from = from.from, .to = to.to};
    return GSEARCH_OK;
}
