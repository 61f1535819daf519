/* SPDX-License-Identifier: Apache-2.0
 *
 * Dates as documents write them. Strict: what is not one of the forms is not a date.
 */
#include "common/base/date.h"

uint32_t gs_date_month_days(uint32_t year, uint32_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || year > 9999 || month < 1 || month > 12)
        return 0;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

bool gs_date_exists(gs_date date)
{
    return date.day >= 1 && date.day <= gs_date_month_days(date.year, date.month);
}

bool gs_date_digits(gs_bytes text, uint32_t *out)
{
    if (text.len < 1 || text.len > 9)
        return false;
    uint32_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    *out = value;
    return true;
}

static bool take_byte(gs_cursor *cursor, const char *choices)
{
    if (cursor->ptr == cursor->end || *cursor->ptr == 0 || !strchr(choices, *cursor->ptr))
        return false;
    cursor->ptr++;
    return true;
}

static bool take_digits(gs_cursor *cursor, size_t count, uint32_t *out)
{
    if (count > gs_cursor_left(cursor) || !gs_date_digits(gs_bytes_of(cursor->ptr, count), out))
        return false;
    cursor->ptr += count;
    return true;
}

/* The next part of a clock, after a colon if the parts have one: 1 if it is there, 0 if there is
 * none, -1 if it is broken. */
static int take_part(gs_cursor *cursor, bool colons, uint32_t *out)
{
    if (colons && !take_byte(cursor, ":"))
        return 0;
    if (take_digits(cursor, 2, out))
        return 1;
    return colons ? -1 : 0;
}

static bool take_fraction(gs_cursor *cursor)
{
    uint32_t digit;
    if (!take_byte(cursor, ".,"))
        return true;
    if (!take_digits(cursor, 1, &digit))
        return false;
    while (take_digits(cursor, 1, &digit)) {}
    return true;
}

/* hh, hh:mm or hhmm; with `seconds` also hh:mm:ss or hhmmss and a fraction. */
static bool take_clock(gs_cursor *cursor, bool seconds)
{
    uint32_t hour, minute = 0, second = 0;
    if (!take_digits(cursor, 2, &hour))
        return false;
    bool colons = gs_cursor_left(cursor) > 0 && *cursor->ptr == ':';
    int more = take_part(cursor, colons, &minute);
    if (more > 0 && seconds) {
        more = take_part(cursor, colons, &second);
        if (more > 0 && !take_fraction(cursor))
            return false;
    }
    if (more < 0 || minute > 59 || second > 60) // :60 is a leap second
        return false;
    return hour < 24 || (hour == 24 && minute == 0 && second == 0); // 24:00 ends a day
}

static bool take_time(gs_cursor *cursor)
{
    if (!take_clock(cursor, true))
        return false;
    if (take_byte(cursor, "+-"))
        return take_clock(cursor, false);
    take_byte(cursor, "Zz");
    return true;
}

bool gs_date_parse(gs_bytes text, uint32_t *number)
{
    gs_cursor cursor = gs_cursor_of(text);
    gs_date date;
    if (!take_digits(&cursor, 4, &date.year))
        return false;
    bool dashes = take_byte(&cursor, "-");
    if (!take_digits(&cursor, 2, &date.month) || (dashes && !take_byte(&cursor, "-")) ||
        !take_digits(&cursor, 2, &date.day) || !gs_date_exists(date))
        return false;
    if (take_byte(&cursor, "Tt ") && !take_time(&cursor))
        return false;
    if (cursor.ptr != cursor.end)
        return false;
    *number = gs_date_number(date);
    return true;
}

static void put_digits(char *out, size_t count, uint32_t value)
{
    while (count > 0) {
        out[--count] = (char)('0' + value % 10);
        value /= 10;
    }
}

void gs_date_text(uint32_t number, char out[11])
{
    put_digits(out, 4, number / 10000);
    out[4] = '-';
    put_digits(out + 5, 2, number / 100 % 100);
    out[7] = '-';
    put_digits(out + 8, 2, number % 100);
    out[10] = '\0';
}
