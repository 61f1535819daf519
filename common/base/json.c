/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON text. Numbers are found by printing with 15, 16 and 17 digits until one reads back; printing
 * and reading use the same locale, whatever it is, and only the digits of the result are kept.
 */
#include "common/base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/sabotage.h"
#include "common/base/utf8.h"

#define DIGITS_MAX 17

static void put_escape(gs_buf *buf, uint32_t code_point)
{
    static const char digits[] = "0123456789abcdef";
    static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *form = short_forms; *form; form += 2) {
        if ((uint8_t)form[0] == code_point) {
            gs_buf_u8(buf, '\\');
            gs_buf_u8(buf, (uint8_t)form[1]);
            return;
        }
    }
    gs_buf_str(buf, "\\u");
    for (unsigned shift = 16; shift > 0; shift -= 4)
        gs_buf_u8(buf, (uint8_t)digits[code_point >> (shift - 4) & 15]);
}

static bool needs_escape(uint32_t code_point)
{
    return (code_point < 0x20 && !GS_SABOTAGED(escapes)) || code_point == '"' ||
           code_point == '\\' || (code_point >= 0x7F && code_point < 0xA0) ||
           code_point == 0x2028 || code_point == 0x2029;
}

void gs_json_string(gs_buf *buf, gs_bytes text)
{
    const uint8_t *ptr = text.ptr;
    const uint8_t *end = text.ptr + text.len;
    gs_buf_u8(buf, '"');
    while (ptr < end) {
        uint32_t code_point;
        const uint8_t *run = ptr;
        size_t len = 0;
        while (ptr < end) {
            len = gs_utf8_decode(ptr, end, &code_point);
            if (needs_escape(code_point) || code_point == GS_UTF8_REPLACEMENT)
                break;
            ptr += len;
        }
        gs_buf_append(buf, run, (size_t)(ptr - run));
        if (ptr == end)
            break;
        if (code_point == GS_UTF8_REPLACEMENT)
            gs_buf_str(buf, "\xEF\xBF\xBD");
        else
            put_escape(buf, code_point);
        ptr += len;
    }
    gs_buf_u8(buf, '"');
}

/* Raises the last digit of the "d.ddde±x" in `text` by one. */
static void raise_last_digit(char *text)
{
    char *digit = strchr(text, 'e');
    while (--digit > text) {
        if (*digit < '0' || *digit > '9')
            continue; // the decimal point of the locale
        if (*digit < '9') {
            ++*digit;
            return;
        }
        *digit = '0';
    }
    if (*digit < '9')
        ++*digit; // 9.99 stays as it is: it then does not read back, and more digits are tried
}

/* Prints `value` (positive) as "d.ddde±x" with the fewest digits that read back. */
static void print_shortest(char *text, size_t room, double value)
{
    // 15 digits always survive a round trip, so a shorter form shows up there as trailing zeros;
    // below the normal range fewer digits are enough and are tried one by one
    int digits = value < DBL_MIN ? 1 : 15;
    int exponent;
    bool is_power_of_two = frexp(value, &exponent) == 0.5;
    for (; digits < DIGITS_MAX; digits++) {
        snprintf(text, room, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value)
            return;
        // numbers above a power of two lie twice as far apart as those below: the nearest decimal
        // may fail below it while the next one up reads back
        if (is_power_of_two) {
            raise_last_digit(text);
            if (strtod(text, NULL) == value)
                return;
        }
    }
    snprintf(text, room, "%.*e", DIGITS_MAX - 1, value);
}

/* Splits "d.ddde±x": digits without trailing zeros into `digits`, returns the exponent. */
static int split(const char *text, char *digits, int *count)
{
    int len = 0;
    for (; *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9')
            digits[len++] = *text;
    }
    while (len > 1 && digits[len - 1] == '0')
        len--;
    *count = len;
    bool negative = text[1] == '-';
    int exponent = 0;
    for (text += 2; *text; text++)
        exponent = exponent * 10 + (*text - '0');
    return negative ? -exponent : exponent;
}

static void put_digits(gs_buf *buf, const char *digits, int from, int to, int count)
{
    for (int i = from; i < to; i++)
        gs_buf_u8(buf, (uint8_t)(i < count ? digits[i] : '0'));
}

void gs_json_double(gs_buf *buf, double value)
{
    if (!isfinite(value)) {
        gs_buf_str(buf, "null");
        return;
    }
    if (signbit(value))
        gs_buf_u8(buf, '-');
    value = fabs(value);
    if (value == 0) {
        gs_buf_u8(buf, '0');
        return;
    }
    char text[64];
    char digits[DIGITS_MAX + 1];
    int count;
    print_shortest(text, sizeof(text), value);
    int exponent = split(text, digits, &count);
    if (exponent < -6 || exponent > 20) {
        gs_buf_u8(buf, (uint8_t)digits[0]);
        if (count > 1)
            gs_buf_u8(buf, '.');
        put_digits(buf, digits, 1, count, count);
        gs_buf_printf(buf, "e%d", exponent);
    } else if (exponent < 0) {
        gs_buf_str(buf, "0.");
        for (int i = -1; i > exponent; i--)
            gs_buf_u8(buf, '0');
        put_digits(buf, digits, 0, count, count);
    } else {
        put_digits(buf, digits, 0, exponent + 1, count);
        if (count > exponent + 1)
            gs_buf_u8(buf, '.');
        put_digits(buf, digits, exponent + 1, count, count);
    }
}
