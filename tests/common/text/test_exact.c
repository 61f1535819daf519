/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/text/exact.c against the rule of `=term` in docs/QUERY.md.
 */
#include "common/text/exact.h"

#include "tests/support/check.h"
#include "tests/support/flaky.h"

#define EXACT_BYTES_MAX 65536

static void assert_exact(const char *text, const char *wanted)
{
    gs_buf buf;
    gs_buf_init(&buf, NULL, EXACT_BYTES_MAX);
    gs_text_exact(&buf, gs_bytes_str(text));
    gs_buf_u8(&buf, 0);
    assert_int_equal(buf.status, GSEARCH_OK);
    assert_string_equal((const char *)buf.data, wanted);
    gs_buf_release(&buf);
}

static void characters_are_not_folded(void **state)
{
    (void)state;
    assert_exact("營商環境", "營商環境");
    assert_exact("ＰＤ１７Ab", "ＰＤ１７Ab");
    assert_exact("⼀㎡㈠ﬁ", "⼀㎡㈠ﬁ");
}

static void nothings_are_left_out(void **state)
{
    (void)state;
    assert_exact("“三公”经 费", "三公经费");
    assert_exact("通　知\n書\r\n", "通知書");
    assert_exact("银政办发〔2017〕116号", "银政办发2017116号");
    assert_exact("www.a.cn", "wwwacn");
    assert_exact("《》 ", "");
    assert_exact("", "");
}

static void ignorable_code_points_are_left_out(void **state)
{
    (void)state;
    assert_exact("葛\xF3\xA0\x84\x80飾", "葛飾");
    assert_exact("a\xE2\x80\x8D" "b\xC2\xAD", "ab");
}

static void breaks_stay_as_they_are_typed(void **state)
{
    (void)state;
    assert_exact("公开，透明", "公开，透明");
    assert_exact("甲。」 \n\n“！乙", "甲。！乙");
    assert_exact("大㍿，㍿", "大㍿，㍿");
    assert_exact("1,a 6.5: x", "1,a6.5:x");
}

static void breaks_at_the_ends_are_dropped(void **state)
{
    (void)state;
    assert_exact("，公开、透明。”", "公开、透明");
    assert_exact("。", "");
    assert_exact("。。\n\n甲", "甲");
}

static void line_ends_are_no_characters(void **state)
{
    (void)state;
    assert_exact("# 甲\n\n乙\f丙\xE2\x80\xA9丁", "甲乙丙丁");
}

static void result_is_composed(void **state)
{
    (void)state;
    assert_exact("e\xCC\x81か\xE3\x82\x99", "éが");
    assert_exact("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "한");
    assert_exact("\xEF\xA4\x80", "豈");       // a compatibility ideograph: NFC replaces it
    assert_exact("\xE2\x84\xAB", "\xC3\x85"); // the Ångström sign
    assert_exact("ｶﾞ", "ｶﾞ");
}

static void circle_between_han_characters_stays(void **state)
{
    (void)state;
    assert_exact("二○一七", "二○一七");
    assert_exact("二 ○ 一", "二一");
}

static void lack_of_memory_is_reported(void **state)
{
    (void)state;
    gs_flaky flaky;
    gs_flaky_init(&flaky, 1);
    gs_buf buf;
    gs_buf_init(&buf, &flaky.mem, EXACT_BYTES_MAX);
    gs_text_exact(&buf, gs_bytes_str("通知"));
    assert_int_equal(buf.status, GSEARCH_NO_MEMORY);
    gs_buf_release(&buf);
    assert_int_equal(flaky.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_not_folded),
        cmocka_unit_test(nothings_are_left_out),
        cmocka_unit_test(ignorable_code_points_are_left_out),
        cmocka_unit_test(breaks_stay_as_they_are_typed),
        cmocka_unit_test(breaks_at_the_ends_are_dropped),
        cmocka_unit_test(line_ends_are_no_characters),
        cmocka_unit_test(result_is_composed),
        cmocka_unit_test(circle_between_han_characters_stays),
        cmocka_unit_test(lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
