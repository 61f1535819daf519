/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of `date:`.
 */
#include "query/period.h"

#include "tests/support/check.h"

static void check_period(const char *text, uint32_t from, uint32_t to)
{
    gs_period period;
    gsearch_error error;
    assert_ok(gs_period_parse(gs_bytes_str(text), &period, &error), &error);
    assert_int_equal(period.from, from);
    assert_int_equal(period.to, to);
}

static void check_refused(const char *text, const char *reason)
{
    gs_period period = {1, 2};
    gsearch_error error;
    gs_bytes bytes = gs_bytes_str(text);
    assert_fails(GSEARCH_BAD_QUERY, gs_period_parse(bytes, &period, &error), &error);
    if (!strstr(error.message, reason))
        fail_msg("%s: %s", text, error.message);
    assert_int_equal(period.from, 1); // untouched
    assert_int_equal(error.offset, 0);
}

static void each_precision_covers_its_days(void **state)
{
    (void)state;
    check_period("2017", 20170101, 20171231);
    check_period("2017-12", 20171201, 20171231);
    check_period("2016-02", 20160201, 20160229);
    check_period("2017-02", 20170201, 20170228);
    check_period("2017-12-05", 20171205, 20171205);
    check_period("20171205", 20171205, 20171205);
}

static void a_range_takes_each_end_at_its_own_precision(void **state)
{
    (void)state;
    check_period("2017..2019-06", 20170101, 20190630);
    check_period("20171205..2018", 20171205, 20181231);
    check_period("2017-12-05..2018-12-05", 20171205, 20181205);
    check_period("2017-12..2017", 20171201, 20171231);
    check_period("2017..2017", 20170101, 20171231);
}

static void an_end_may_be_open(void **state)
{
    (void)state;
    check_period("2017..", 20170101, GS_PERIOD_OPEN_TO);
    check_period("..2017-06", GS_PERIOD_OPEN_FROM, 20170630);
}

static void full_width_digits_and_marks_are_the_same(void **state)
{
    (void)state;
    check_period("２０１７", 20170101, 20171231);
    check_period("２０１７－１２．．２０１８", 20171201, 20181231);
}

static void dates_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"2017-13",  "2017-00",     "2017-02-29", "20170431",
                                        "20170400", "0000",        "1900-02-29", "2017..2018-13",
                                        "20171301", "2017-06-31.."};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_refused(texts[i], "no such date");
}

static void falling_ranges_are_refused(void **state)
{
    (void)state;
    check_refused("2018..2017", "falls");
    check_refused("2017-06..2017-05", "falls");
    check_refused("20171206..2017-12-05", "falls");
}

static void other_forms_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "17",
                                        "201",
                                        "20171",
                                        "201712",
                                        "2017-1",
                                        "2017-1-1",
                                        "2017/12/05",
                                        "2017-1205",
                                        "201712-05",
                                        "2017年",
                                        "2017-12-5",
                                        "2017...2018",
                                        "2017..2018..2019",
                                        "2017-12-05..2018-12-05x",
                                        "2017 ",
                                        " 2017",
                                        "-2017",
                                        "2017-12-05T00:00",
                                        "二〇一七",
                                        "2017.2018",
                                        "99999999999999999999999999999999"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_refused(texts[i], "a date reads");
    check_refused("..", "one end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_precision_covers_its_days),
        cmocka_unit_test(a_range_takes_each_end_at_its_own_precision),
        cmocka_unit_test(an_end_may_be_open),
        cmocka_unit_test(full_width_digits_and_marks_are_the_same),
        cmocka_unit_test(dates_that_do_not_exist_are_refused),
        cmocka_unit_test(falling_ranges_are_refused),
        cmocka_unit_test(other_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
