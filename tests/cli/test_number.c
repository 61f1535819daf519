/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers and sizes as people type them.
 */
#include "cli/number.h"

#include "tests/support/check.h"

static void check_none(bool (*parse)(const char *, uint64_t *), const char *text)
{
    uint64_t value = 7;
    if (parse(text, &value))
        fail_msg("'%s' was read as %llu", text, (unsigned long long)value);
    assert_int_equal(value, 7); // untouched
}

static void digits_are_a_number(void **state)
{
    (void)state;
    uint64_t value;
    assert_true(gs_number_parse("0", &value) && value == 0);
    assert_true(gs_number_parse("007", &value) && value == 7);
    assert_true(gs_number_parse("18446744073709551615", &value) && value == UINT64_MAX);
}

static void anything_else_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"",   "-1", "+1",  " 1", "1 ",
                                        "1x", "x",  "0x1", "１", "18446744073709551616",
                                        "99999999999999999999999"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        check_none(gs_number_parse, texts[i]);
}

static void sizes_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {
        {"5", 5},           {"1K", 1024},           {"1k", 1024},         {"64M", 67108864},
        {"64MB", 67108864}, {"2GiB", 2147483648ull}, {"1T", 1099511627776ull}, {"0G", 0},
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        uint64_t value;
        assert_true(gs_number_parse_size(sizes[i].text, &value));
        assert_int_equal(value, sizes[i].bytes);
    }
}

static void other_units_are_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "M",     "1P",  "1MX",       "1iB", "1.5M",
                                        "1 M", "1MiBB", "-1M", "16777216T", "1B"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        check_none(gs_number_parse_size, texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_a_number),
        cmocka_unit_test(anything_else_is_none),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(other_units_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
