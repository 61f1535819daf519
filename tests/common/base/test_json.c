/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/json.c. What a double prints as is checked by reading it back with strtod
 * and by looking for a shorter form digit by digit.
 */
#include "common/base/json.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

static void check_string(const char *text, size_t len, const char *wanted)
{
    gs_buf buf;
    gs_buf_init(&buf, NULL, 10000);
    gs_json_string(&buf, gs_bytes_of(text, len));
    gs_buf_u8(&buf, 0);
    assert_string_equal((const char *)buf.data, wanted);
    gs_buf_release(&buf);
}

static void strings_are_quoted_and_escaped(void **state)
{
    (void)state;
    check_string("", 0, "\"\"");
    check_string("政务公开 𠀀", 17, "\"政务公开 𠀀\"");
    check_string("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    check_string("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
    check_string("\0\x01\x1F\x7F", 4, "\"\\u0000\\u0001\\u001f\\u007f\"");
    check_string("\xC2\x80\xC2\x9F\xC2\xA0", 6, "\"\\u0080\\u009f\xC2\xA0\"");
    check_string("\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9", 9, "\"\xE2\x80\xA7\\u2028\\u2029\"");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    check_string("a\xFFz", 3, "\"a�z\"");
    check_string("\xE6\x94", 2, "\"�\"");
    check_string("�", 3, "\"�\"");
}

/* Prints `value` and gives the text in `out`. */
static void print(double value, char out[64])
{
    gs_buf buf;
    gs_buf_init(&buf, NULL, 63);
    gs_json_double(&buf, value);
    assert_int_equal(buf.status, GSEARCH_OK);
    memcpy(out, buf.data, buf.len);
    out[buf.len] = '\0';
    gs_buf_release(&buf);
}

static void known_doubles_print_as_people_write_them(void **state)
{
    (void)state;
    const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {11.42, "11.42"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {100, "100"},
        {123456789012345680000.0, "123456789012345680000"},
        {1e21, "1e21"},
        {1e-6, "0.000001"},
        {1.5e-7, "1.5e-7"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {9007199254740993.0, "9007199254740992"},
        {0x1p-44, "5.684341886080802e-14"}, // the nearest 16 digits, …801, do not read back
        {0x1p-1074 * 3, "1.5e-323"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[64];
        print(rows[i].value, text);
        assert_string_equal(text, rows[i].text);
    }
}

static size_t significant_digits(const char *text)
{
    size_t count = 0;
    size_t zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
            continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

/* True if some decimal of `digits` digits reads back: the nearest one or a neighbour. */
static bool has_form(double value, int digits)
{
    char text[64];
    snprintf(text, sizeof(text), "%.*e", digits - 1, value);
    char *exponent = strchr(text, 'e');
    double unit = strtod(text, NULL) == value ? 0 : 1;
    if (unit == 0)
        return true;
    // the neighbours as exact decimals: digits as an integer, plus and minus one
    char whole[64];
    size_t len = 0;
    for (const char *ptr = text; ptr < exponent; ptr++) {
        if (*ptr >= '0' && *ptr <= '9')
            whole[len++] = *ptr;
    }
    whole[len] = '\0';
    long long number = strtoll(whole, NULL, 10);
    long power = strtol(exponent + 1, NULL, 10) - (digits - 1);
    for (int step = -1; step <= 1; step += 2) {
        snprintf(whole, sizeof(whole), "%llde%ld", number + step, power);
        if (strtod(whole, NULL) == value)
            return true;
    }
    return false;
}

static void check_shortest(double value)
{
    char text[64];
    print(value, text);
    if (strtod(text, NULL) != value)
        fail_msg("%a prints as %s", value, text);
    size_t digits = significant_digits(text);
    if (digits > 1 && has_form(value, (int)digits - 1))
        fail_msg("%a prints as %s, which is not the shortest", value, text);
}

static void every_kind_of_double_reads_back_and_is_shortest(void **state)
{
    (void)state;
    uint64_t random = 6;
    for (int round = 0; round < 100000; round++) {
        uint64_t bits = gs_test_random(&random);
        if (round % 8 == 0)
            bits &= 0x000FFFFFFFFFFFFFull; // below the normal range
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value) && value != 0)
            check_shortest(fabs(value));
        check_shortest((double)(gs_test_random_below(&random, 100000) + 1) / 1000); // like scores
    }
    for (int exponent = -1074; exponent <= 1023; exponent++) {
        double power = ldexp(1, exponent);
        check_shortest(power);
        check_shortest(nextafter(power, 0) > 0 ? nextafter(power, 0) : power);
        if (exponent < 1023)
            check_shortest(nextafter(power, INFINITY));
    }
}

/* Makes a locale in `dir` whose decimal point is a comma, whatever locales are installed. */
static void make_comma_locale(const char *dir)
{
    static const char source[] = "LC_NUMERIC\n"
                                 "decimal_point \",\"\nthousands_sep \"\"\ngrouping -1\n"
                                 "END LC_NUMERIC\n";
    gs_test_file_write(dir, "source", source, sizeof(source) - 1);
    char *from = gs_test_path(dir, "source");
    char *to = gs_test_path(dir, "comma");
    pid_t child = fork();
    if (child == 0) {
        // it warns about all that the locale lacks
        if (freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr))
            execlp("localedef", "localedef", "-c", "-i", from, to, (char *)NULL);
        _exit(127);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    free(from);
    free(to);
}

static void the_locale_of_the_host_changes_nothing(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    make_comma_locale(dir);
    setenv("LOCPATH", dir, 1);
    bool found = setlocale(LC_NUMERIC, "comma") && *localeconv()->decimal_point == ',';
    char text[64] = "";
    if (found)
        print(-1234.5, text);
    setlocale(LC_NUMERIC, "C");
    gs_test_dir_remove(dir);
    if (!found)
        skip(); // no localedef here
    assert_string_equal(text, "-1234.5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_quoted_and_escaped),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(known_doubles_print_as_people_write_them),
        cmocka_unit_test(every_kind_of_double_reads_back_and_is_shortest),
        cmocka_unit_test(the_locale_of_the_host_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
