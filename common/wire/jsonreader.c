/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON of RFC 8259, read strictly. What comes from the network is checked here and nowhere
 * else, so every reader ends in a value or in a bad cursor.
 */
#include "common/wire/jsonreader.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/utf8.h"

#define DEPTH_MAX 32
#define NUMBER_DIGITS_MAX 40 /* a double needs 17 */
#define EXPONENT_MAX 9999    /* far beyond what a double can hold */

static void skip_blanks(gs_cursor *cursor)
{
    while (cursor->ptr < cursor->end && (*cursor->ptr == ' ' || *cursor->ptr == '\t' ||
                                         *cursor->ptr == '\r' || *cursor->ptr == '\n'))
        cursor->ptr++;
}

/* The next byte, or 0 at the end; no byte of well-formed JSON is 0. */
static uint8_t peek(const gs_cursor *cursor)
{
    return cursor->ptr < cursor->end ? *cursor->ptr : 0;
}

bool gs_json_take(gs_cursor *cursor, char byte)
{
    skip_blanks(cursor);
    if (peek(cursor) != (uint8_t)byte)
        return false;
    cursor->ptr++;
    return true;
}

void gs_json_expect(gs_cursor *cursor, char byte)
{
    if (!gs_json_take(cursor, byte))
        gs_cursor_fail(cursor);
}

static uint32_t read_hex4(gs_cursor *cursor)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t byte = gs_cursor_u8(cursor);
        uint8_t lower = byte | 0x20;
        uint32_t digit = UINT32_MAX;
        if (byte >= '0' && byte <= '9')
            digit = byte - (uint32_t)'0';
        else if (lower >= 'a' && lower <= 'f')
            digit = lower - (uint32_t)'a' + 10;
        if (digit == UINT32_MAX)
            return (uint32_t)gs_cursor_fail(cursor);
        value = value << 4 | digit;
    }
    return value;
}

/* What follows a backslash. 0 stands for a fault: NUL is not allowed. */
static uint32_t read_escape(gs_cursor *cursor)
{
    static const char short_forms[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    uint8_t byte = gs_cursor_u8(cursor);
    for (const char *form = short_forms; *form; form += 2) {
        if ((uint8_t)form[0] == byte)
            return (uint8_t)form[1];
    }
    if (byte != 'u')
        return (uint32_t)gs_cursor_fail(cursor);
    uint32_t unit = read_hex4(cursor);
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit ? unit : (uint32_t)gs_cursor_fail(cursor);
    if (unit > 0xDBFF || gs_cursor_u8(cursor) != '\\' || gs_cursor_u8(cursor) != 'u')
        return (uint32_t)gs_cursor_fail(cursor);
    uint32_t low = read_hex4(cursor);
    if (low < 0xDC00 || low > 0xDFFF)
        return (uint32_t)gs_cursor_fail(cursor);
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

void gs_json_read_string(gs_cursor *cursor, gs_buf *out)
{
    gs_json_expect(cursor, '"');
    while (!cursor->bad) {
        const uint8_t *run = cursor->ptr;
        while (cursor->ptr < cursor->end && *cursor->ptr >= 0x20 && *cursor->ptr != '"' &&
               *cursor->ptr != '\\')
            cursor->ptr++;
        gs_bytes plain = gs_bytes_of(run, (size_t)(cursor->ptr - run));
        if (gs_utf8_valid_prefix(plain) != plain.len) {
            gs_cursor_fail(cursor);
            return;
        }
        gs_buf_bytes(out, plain);
        uint8_t byte = gs_cursor_u8(cursor);
        if (byte == '"')
            return;
        if (byte != '\\') {
            gs_cursor_fail(cursor);
            return;
        }
        uint32_t code_point = read_escape(cursor);
        uint8_t encoded[4];
        if (!cursor->bad)
            gs_buf_append(out, encoded, gs_utf8_encode(code_point, encoded));
    }
}

uint64_t gs_json_read_u64(gs_cursor *cursor)
{
    skip_blanks(cursor);
    uint64_t value = 0;
    const uint8_t *start = cursor->ptr;
    while (peek(cursor) >= '0' && peek(cursor) <= '9') {
        uint64_t digit = (uint64_t)(*cursor->ptr++ - '0');
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return gs_cursor_fail(cursor);
    }
    size_t len = (size_t)(cursor->ptr - start);
    if (len == 0 || (len > 1 && *start == '0'))
        return gs_cursor_fail(cursor);
    return value;
}

/* Takes a run of digits, keeping at most NUMBER_DIGITS_MAX in `digits`; returns its length. */
static int take_digits(gs_cursor *cursor, char *digits, int *count)
{
    int len = 0;
    for (; peek(cursor) >= '0' && peek(cursor) <= '9' && len < EXPONENT_MAX; len++) {
        if (*count < NUMBER_DIGITS_MAX)
            digits[(*count)++] = (char)*cursor->ptr;
        cursor->ptr++;
    }
    return len;
}

static int take_exponent(gs_cursor *cursor)
{
    int exponent = 0;
    bool negative = peek(cursor) == '-';
    if (negative || peek(cursor) == '+')
        cursor->ptr++;
    if (peek(cursor) < '0' || peek(cursor) > '9')
        gs_cursor_fail(cursor);
    while (peek(cursor) >= '0' && peek(cursor) <= '9') {
        int digit = *cursor->ptr++ - '0';
        if (exponent <= EXPONENT_MAX)
            exponent = exponent * 10 + digit;
    }
    return negative ? -exponent : exponent;
}

double gs_json_read_double(gs_cursor *cursor)
{
    char digits[NUMBER_DIGITS_MAX];
    int count = 0;
    bool negative = gs_json_take(cursor, '-');
    bool leading_zero = peek(cursor) == '0';
    int whole = take_digits(cursor, digits, &count);
    if (whole == 0 || (leading_zero && whole > 1))
        return (double)gs_cursor_fail(cursor);
    if (peek(cursor) == '.') {
        cursor->ptr++;
        if (take_digits(cursor, digits, &count) == 0)
            return (double)gs_cursor_fail(cursor);
    }
    int exponent = whole - count;
    if (peek(cursor) == 'e' || peek(cursor) == 'E') {
        cursor->ptr++;
        exponent += take_exponent(cursor);
    }
    if (cursor->bad)
        return 0;
    // an integer with an exponent: strtod then has no decimal point to look up in the locale
    char text[NUMBER_DIGITS_MAX + 16];
    snprintf(text, sizeof(text), "%.*se%d", count, digits, exponent);
    double value = strtod(text, NULL);
    if (__builtin_isinf(value)) // nobody could write it down again
        return (double)gs_cursor_fail(cursor);
    return negative ? -value : value;
}

static void skip_scalar(gs_cursor *cursor)
{
    static const char *const literals[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        size_t len = strlen(literals[i]);
        if (gs_cursor_left(cursor) >= len && memcmp(cursor->ptr, literals[i], len) == 0) {
            cursor->ptr += len;
            return;
        }
    }
    if (peek(cursor) == '"') {
        gs_buf nothing;
        gs_buf_init(&nothing, NULL, 0); // takes no byte and is not asked whether it could
        gs_json_read_string(cursor, &nothing);
    } else {
        gs_json_read_double(cursor);
    }
}

void gs_json_skip_value(gs_cursor *cursor)
{
    char closers[DEPTH_MAX];
    int depth = 0;
    do {
        // here a value begins
        bool opened = false;
        char opener = gs_json_take(cursor, '{') ? '{' : gs_json_take(cursor, '[') ? '[' : 0;
        if (opener && depth == DEPTH_MAX) {
            gs_cursor_fail(cursor);
        } else if (opener) {
            closers[depth++] = opener == '{' ? '}' : ']';
            opened = true;
        } else {
            skip_scalar(cursor);
        }
        // here a value has ended, unless it was opened just now
        while (depth > 0 && gs_json_take(cursor, closers[depth - 1])) {
            depth--;
            opened = false;
        }
        if (depth > 0 && !opened)
            gs_json_expect(cursor, ',');
        if (depth > 0 && closers[depth - 1] == '}') {
            skip_blanks(cursor);
            if (peek(cursor) != '"')
                gs_cursor_fail(cursor);
            skip_scalar(cursor);
            gs_json_expect(cursor, ':');
        }
    } while (depth > 0 && !cursor->bad);
}

bool gs_json_is_done(gs_cursor *cursor)
{
    skip_blanks(cursor);
    return !cursor->bad && cursor->ptr == cursor->end;
}
