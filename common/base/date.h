/* SPDX-License-Identifier: Apache-2.0
 *
 * Calendar dates (proleptic Gregorian, years 1 to 9999) as one number: yyyymmdd. Numbers compare as
 * the dates do.
 */
#ifndef GS_BASE_DATE_H
#define GS_BASE_DATE_H

#include "common/base/bytes.h"

typedef struct gs_date {
    uint32_t year, month, day;
} gs_date;

/* Days of the month; 0 if there is no such month or year. */
uint32_t gs_date_month_days(uint32_t year, uint32_t month);

bool gs_date_exists(gs_date date);

static inline uint32_t gs_date_number(gs_date date)
{
    return date.year * 10000 + date.month * 100 + date.day;
}

/* The number that `text` spells, all of it, in `text.len` (1 to 9) decimal digits. */
bool gs_date_digits(gs_bytes text, uint32_t *out);

/* The date of a document: `2017-12-11`, `20171211`, or either with an ISO 8601 time after a `T` or
 * a space (`2017-12-11T08:30:00.5+08:00`, `20171211T0830Z`). The date counts as it is written: a
 * time of day or a zone never moves it. False, with `number` unchanged, for anything else and for
 * dates that do not exist. */
bool gs_date_parse(gs_bytes text, uint32_t *number);

/* `number` as "2017-12-11", terminated. */
void gs_date_text(uint32_t number, char out[11]);

#endif
