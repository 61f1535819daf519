/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/wire/jsonreader.c. Numbers that were printed by common/base/json.c must come
 * back bit for bit; what RFC 8259 allows and what it does not is written out.
 */
#include "common/wire/jsonreader.h"

#include <float.h>
#include <math.h>

#include "common/base/json.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static double read_double(const char *text, bool *good)
{
    gs_cursor cursor = gs_cursor_of(gs_bytes_str(text));
    double value = gs_json_read_double(&cursor);
    *good = gs_json_is_done(&cursor);
    return value;
}

static void every_double_that_is_printed_reads_back(void **state)
{
    (void)state;
    static const double edges[] = {
        0.0,    1.0,  -1.5, 0.1,  11.42,  DBL_MAX,     DBL_MIN, DBL_EPSILON,
        5e-324, 1e22, 1e23, 1e-7, -1e300, 123456789.0, 1.0 / 3, 4503599627370497.5};
    gs_buf text;
    uint64_t random = 1;
    gs_buf_init(&text, NULL, 100);
    for (size_t i = 0; i < 100000; i++) {
        double value;
        uint64_t bits = gs_test_random(&random);
        memcpy(&value, &bits, sizeof(value));
        if (i < sizeof(edges) / sizeof(edges[0]))
            value = edges[i];
        if (!isfinite(value))
            continue;
        bool good;
        gs_buf_reset(&text);
        gs_json_double(&text, value);
        gs_buf_u8(&text, '\0');
        assert_true(read_double((const char *)text.data, &good) == value);
        assert_true(good);
    }
    gs_buf_release(&text);
}

static void numbers_in_any_form_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"1e3", 1000},
        {"1E+3", 1000},
        {"12.50", 12.5},
        {"5e-1", 0.5},
        {"0.0001", 1e-4},
        {" 7 ", 7},
        {"1e-99999", 0},
        {"1e-99999999999999999999", 0},
        {"1.7976931348623157e308", DBL_MAX},
        {"100000000000000000000000000000000000000000000000000", 1e50},
        {"0.00000000000000000000000000000000000000000000000001", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool good;
        double value = read_double(rows[i].text, &good);
        assert_true(good);
        assert_true(fabs(value - rows[i].value) <= fabs(rows[i].value) * 1e-15 + 1e-49);
    }
    static const char *const broken[] = {
        "",         "-",   "01",  "1.",  ".5",    "1e",     "1e+",    "+1",  "0x1",  "NaN",
        "Infinity", "1,5", "--1", "1 2", "1e309", "-1e309", "1e5000", "1e:", "1e5x", "1:"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        bool good;
        read_double(broken[i], &good);
        assert_false(good);
    }
}

/* So that no count of them can overflow. */
static void a_run_of_digits_is_bounded(void **state)
{
    (void)state;
    char text[2 + 10000 + 1] = "0.";
    bool good;
    memset(text + 2, '0', 10000);
    text[2 + 9998] = '1';
    text[2 + 9999] = '\0';
    assert_true(read_double(text, &good) == 0);
    assert_true(good);
    text[2 + 9999] = '1';
    read_double(text, &good);
    assert_false(good);
}

static void whole_numbers_have_64_bits(void **state)
{
    (void)state;
    gs_cursor cursor = gs_cursor_of(gs_bytes_str("18446744073709551615"));
    assert_true(gs_json_read_u64(&cursor) == UINT64_MAX);
    assert_true(gs_json_is_done(&cursor));
    static const char *const broken[] = {
        "18446744073709551616", "18446744073709551620", "-1", "1.0", "00", "", "1e2", ":"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        cursor = gs_cursor_of(gs_bytes_str(broken[i]));
        gs_json_read_u64(&cursor);
        assert_false(gs_json_is_done(&cursor));
    }
}

static void strings_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value;
    } good[] = {
        {" \t\r\n\"\" \t\r\n", ""},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u653F\\u653f\"", "政政"},
        {"\"\\ud7ff\\ue000\\uffff\"", "\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"},
        {"\"\\ud800\\udc00\\udbff\\udfff\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
    };
    static const char *const broken[] = {
        "x",
        "\"",
        "\"a",
        "\"\x1f\"",
        "\"\\\"",
        "\"\\a\"",
        "\"\\u\"",
        "\"\\u12\"",
        "\"\\u00g0\"",
        "\"\\u00@0\"",
        "\"\\u00:0\"",
        "\"\\u00/0\"",
        "\"\\u0000\"",
        "\"\\udc00\"",
        "\"\\ud800\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\udbff\"",
        "\"\\ud800\\ue000\"",
        "\"\xE6\x94\"",
        "\"\xED\xA0\x80\"",
    };
    gs_buf out;
    gs_buf_init(&out, NULL, 100);
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        gs_cursor cursor = gs_cursor_of(gs_bytes_str(good[i].text));
        gs_buf_reset(&out);
        gs_json_read_string(&cursor, &out);
        assert_true(gs_json_is_done(&cursor));
        assert_true(gs_bytes_equal(gs_buf_view(&out), gs_bytes_str(good[i].value)));
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        gs_cursor cursor = gs_cursor_of(gs_bytes_str(broken[i]));
        gs_json_read_string(&cursor, &out);
        if (!cursor.bad)
            fail_msg("accepted: %s", broken[i]);
    }
    gs_buf_release(&out);
}

static bool skips(gs_bytes text)
{
    gs_cursor cursor = gs_cursor_of(text);
    gs_json_skip_value(&cursor);
    return gs_json_is_done(&cursor);
}

static void values_of_any_kind_are_passed_over(void **state)
{
    (void)state;
    static const char *const good[] = {
        "1",           "\"a\\u653f\"",
        "true",        "false",
        "null",        "[]",
        "{}",          "[[],[1,[2]],{}]",
        " [ 1 , 2 ] ", "{\"a\":1,\"b\":[{\"c\":null}],\"d\":\"]}\"}",
    };
    static const char *const broken[] = {
        "",     "tru",   "nul",   "[",       "]",        "[1",         "[1,]",
        "[,1]", "[1 2]", "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}",
        "[}",   "{]",    "[1}",   "\"",      "\"\\q\"",  "1 1",        "[]]",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!skips(gs_bytes_str(good[i])))
            fail_msg("refused: %s", good[i]);
        for (size_t len = 0; len < strlen(good[i]); len++) { // no beginning of it is whole
            bool is_short = skips(gs_bytes_of(good[i], len));
            bool is_blank_after = strspn(good[i] + len, " ") == strlen(good[i] + len);
            assert_int_equal(is_short, is_blank_after && len > 0);
        }
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        if (skips(gs_bytes_str(broken[i])))
            fail_msg("accepted: %s", broken[i]);
    }
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    char text[66];
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    assert_true(skips(gs_bytes_of(text + 1, 64)));
    assert_false(skips(gs_bytes_of(text, 66)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_double_that_is_printed_reads_back),
        cmocka_unit_test(numbers_in_any_form_are_read),
        cmocka_unit_test(a_run_of_digits_is_bounded),
        cmocka_unit_test(whole_numbers_have_64_bits),
        cmocka_unit_test(strings_are_read_strictly),
        cmocka_unit_test(values_of_any_kind_are_passed_over),
        cmocka_unit_test(nesting_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
