/* SPDX-License-Identifier: Apache-2.0
 *
 * Dates of documents. The calendar is checked against that of the C library.
 */
#include "common/base/date.h"

#include <time.h>

#include "tests/support/check.h"

static void check_date(const char *text, uint32_t number)
{
    uint32_t found = 0;
    if (!gs_date_parse(gs_bytes_str(text), &found))
        fail_msg("%s: not a date", text);
    assert_int_equal(found, number);
}

static void check_none(const char *text)
{
    uint32_t found = 7;
    if (gs_date_parse(gs_bytes_str(text), &found))
        fail_msg("%s: read as %u", text, found);
    assert_int_equal(found, 7); // untouched
}

static void the_two_forms_of_a_day_are_read(void **state)
{
    (void)state;
    check_date("2017-12-11", 20171211);
    check_date("20171211", 20171211);
    check_date("0001-01-01", 10101);
    check_date("9999-12-31", 99991231);
}

static void a_time_after_the_day_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "2017-12-11T08:30:00Z",   "2017-12-11T08:30:00+08:00", "2017-12-11T23:59:60.999-11",
        "2017-12-11T08:30:00.5Z", "2017-12-11 08:30:00",       "2017-12-11T08:30",
        "2017-12-11T08",          "20171211T083000Z",          "20171211T0830+0800",
        "2017-12-11T24:00:00",    "2017-12-11t08:30:00z",      "2017-12-11T08:30:00,25"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_date(texts[i], 20171211);
}

static void other_texts_are_no_dates(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "2017",
                                        "2017-12",
                                        "2017-1-1",
                                        "2017/12/11",
                                        "2017-1211",
                                        "201712-11",
                                        "2017-12-11 ",
                                        " 2017-12-11",
                                        "2017-12-11x",
                                        "2017年12月11日",
                                        "-2017-12-11",
                                        "2017-12-11T",
                                        "2017-12-11T8",
                                        "2017-12-11T08:",
                                        "2017-12-11T08:30:",
                                        "2017-12-11T08:3",
                                        "2017-12-11T25:00",
                                        "2017-12-11T08:60",
                                        "2017-12-11T08:30:61",
                                        "2017-12-11T08:30:00.",
                                        "2017-12-11T08:30:00+",
                                        "2017-12-11T24:01",
                                        "2017-12-11T08:30:00Zx",
                                        "２０１７-12-11",
                                        "2017-12-1",
                                        "201712111",
                                        "2017-12-11T083000:"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_none(texts[i]);
}

static void days_that_do_not_exist_are_no_dates(void **state)
{
    (void)state;
    static const char *const texts[] = {"2017-02-29", "2017-04-31", "2017-13-01", "2017-00-10",
                                        "2017-12-00", "2017-12-32", "1900-02-29", "0000-01-01"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_none(texts[i]);
}

/* timegm moves a day that does not exist into another month. */
static void the_calendar_is_that_of_the_c_library(void **state)
{
    (void)state;
    for (uint32_t year = 1; year <= 9999; year += year < 1890 || year > 2110 ? 13 : 1) {
        for (uint32_t month = 1; month <= 12; month++) {
            for (uint32_t day = 27; day <= 32; day++) {
                struct tm parts = {
                    .tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day};
                timegm(&parts);
                bool exists = parts.tm_mon == (int)month - 1;
                assert_int_equal(gs_date_exists((gs_date){year, month, day}), exists);
            }
        }
    }
    assert_int_equal(gs_date_month_days(2017, 0), 0);
    assert_int_equal(gs_date_month_days(2017, 13), 0);
    assert_int_equal(gs_date_month_days(0, 1), 0);
    assert_int_equal(gs_date_month_days(10000, 1), 0);
}

static void a_number_is_printed_as_its_day(void **state)
{
    (void)state;
    char text[11];
    gs_date_text(20171205, text);
    assert_string_equal(text, "2017-12-05");
    gs_date_text(10101, text);
    assert_string_equal(text, "0001-01-01");
}

static void digits_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    uint32_t number;
    assert_true(gs_date_digits(gs_bytes_str("007"), &number));
    assert_int_equal(number, 7);
    assert_true(gs_date_digits(gs_bytes_str("999999999"), &number));
    assert_int_equal(number, 999999999);
    assert_false(gs_date_digits(gs_bytes_str(""), &number));
    assert_false(gs_date_digits(gs_bytes_str("1000000000"), &number));
    assert_false(gs_date_digits(gs_bytes_str("1x"), &number));
    assert_false(gs_date_digits(gs_bytes_str("+1"), &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_two_forms_of_a_day_are_read),
        cmocka_unit_test(a_time_after_the_day_changes_nothing),
        cmocka_unit_test(other_texts_are_no_dates),
        cmocka_unit_test(days_that_do_not_exist_are_no_dates),
        cmocka_unit_test(the_calendar_is_that_of_the_c_library),
        cmocka_unit_test(a_number_is_printed_as_its_day),
        cmocka_unit_test(digits_are_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
