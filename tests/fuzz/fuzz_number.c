/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers, dates and stretches of days in all forms that are read: varints of files against a
 * reading bit by bit, digits against the number that they spell.
 */
#include "cli/number.h"
#include "common/base/buf.h"
#include "common/base/bytes.h"
#include "common/base/date.h"
#include "common/base/utf8.h"
#include "query/period.h"
#include "tests/fuzz/target.h"

#define TEXT_BYTES_MAX 63u

/* LEB128 by its definition; false if it is not the shortest form of a number below 2^64. */
static bool read_varint(gs_bytes bytes, uint64_t *value, size_t *len)
{
    unsigned __int128 sum = 0;
    for (*len = 0; *len < bytes.len && *len < 10;) {
        uint8_t byte = bytes.ptr[*len];
        sum |= (unsigned __int128)(byte & 0x7f) << (7 * *len);
        ++*len;
        if (byte & 0x80)
            continue;
        *value = (uint64_t)sum;
        return sum <= UINT64_MAX && (byte || *len == 1);
    }
    return false;
}

static void check_varints(gs_bytes bytes)
{
    gs_cursor cursor = gs_cursor_of(bytes);
    while (gs_cursor_left(&cursor)) {
        gs_bytes left = gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor));
        gs_cursor narrow = cursor;
        uint64_t wanted = 0;
        size_t len;
        bool good = read_varint(left, &wanted, &len);
        uint32_t small = gs_cursor_varint32(&narrow);
        uint64_t value = gs_cursor_varint(&cursor);
        assert_int_equal(cursor.bad, !good);
        assert_int_equal(narrow.bad, !good || wanted > UINT32_MAX);
        assert_true(narrow.bad ? small == 0 : small == wanted);
        assert_true(cursor.bad ? value == 0 && cursor.ptr == cursor.end
                               : value == wanted && cursor.ptr == left.ptr + len);
        uint8_t again[10];
        if (good) {
            assert_int_equal(gs_store_varint(again, value), len);
            assert_memory_equal(again, left.ptr, len);
        }
    }
}

/* The number that all of `text` spells; false unless it is one below 2^64. */
static bool spells(gs_bytes text, uint64_t *out)
{
    unsigned __int128 value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value = value * 10 + (text.ptr[i] - '0');
        if (value > UINT64_MAX)
            return false;
    }
    *out = (uint64_t)value;
    return text.len > 0;
}

static void check_numbers(const char *text)
{
    uint64_t wanted = 0, value = 0;
    bool good = spells(gs_bytes_str(text), &wanted);
    assert_int_equal(gs_number_parse(text, &value), good);
    if (good)
        assert_true(value == wanted);
    size_t digits = strspn(text, "0123456789");
    bool sized = gs_number_parse_size(text, &value);
    if (sized) {
        static const char units[] = "KMGT";
        const char *unit = text[digits] ? strchr(units, text[digits] & ~0x20) : NULL;
        assert_true(spells(gs_bytes_of(text, digits), &wanted));
        assert_true(value == wanted << (unit ? 10 * (unit - units + 1) : 0));
        const char *rest = text + digits + (unit ? 1 : 0);
        assert_true(!*rest || strcmp(rest, "B") == 0 || strcmp(rest, "iB") == 0);
    } else {
        assert_false(good);
    }
}

static bool is_day(uint32_t number)
{
    return gs_date_exists((gs_date){number / 10000, number / 100 % 100, number % 100});
}

static void check_dates(gs_bytes text)
{
    uint32_t number = 7, again;
    char form[11];
    uint64_t digits = 0;
    bool is_number = text.len <= 9 && spells(text, &digits);
    assert_int_equal(gs_date_digits(text, &number), is_number);
    assert_int_equal(number, is_number ? digits : 7);
    number = 7;
    if (!gs_date_parse(text, &number)) {
        assert_int_equal(number, 7);
        return;
    }
    assert_true(is_day(number));
    gs_date_text(number, form);
    assert_memory_equal(form, text.ptr, 4);
    assert_true(gs_date_parse(gs_bytes_str(form), &again));
    assert_int_equal(again, number);
}

static void check_period(gs_bytes text)
{
    gs_period period, again;
    gsearch_error error;
    gs_buf form;
    gsearch_status status = gs_period_parse(text, &period, &error);
    if (status) {
        assert_int_equal(status, GSEARCH_BAD_QUERY);
        assert_true(error.offset >= 0 && (size_t)error.offset <= text.len);
        return;
    }
    bool from = period.from != GS_PERIOD_OPEN_FROM, to = period.to != GS_PERIOD_OPEN_TO;
    assert_true((from || to) && period.from <= period.to);
    assert_true((!from || is_day(period.from)) && (!to || is_day(period.to)));
    gs_buf_init(&form, NULL, SIZE_MAX);
    if (from)
        gs_buf_printf(&form, "%08u", (unsigned)period.from);
    gs_buf_str(&form, "..");
    if (to)
        gs_buf_printf(&form, "%08u", (unsigned)period.to);
    assert_ok(gs_period_parse(gs_buf_view(&form), &again, &error), &error);
    assert_true(again.from == period.from && again.to == period.to);
    gs_buf_release(&form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_BYTES_MAX + 1];
    gs_bytes bytes = gs_bytes_of(data, size);
    check_varints(bytes);
    check_dates(bytes);
    if (gs_utf8_valid_prefix(bytes) == size)
        check_period(bytes);
    if (size <= TEXT_BYTES_MAX) {
        memcpy(text, data, size);
        text[size] = 0;
        check_numbers(text);
    }
    return 0;
}
