/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/text/title.c: the rule of fields in docs/QUERY.md, and CommonMark's examples of
 * ATX headings (section 4.2 of its specification).
 */
#include "common/text/title.h"

#include <stdio.h>

#include "common/base/limits.h"
#include "tests/support/check.h"

static void assert_title(const char *text, const char *wanted)
{
    gs_title_range range = gs_title_find(gs_bytes_str(text));
    char found[2048];
    snprintf(found, sizeof(found), "%.*s", (int)(range.byte_end - range.byte_start),
             text + range.byte_start);
    assert_string_equal(found, wanted);
}

static void title_is_the_first_line_that_is_not_empty(void **state)
{
    (void)state;
    assert_title("关于印发方案的通知\n正文", "关于印发方案的通知");
    assert_title("\n\r\n \t\n　\n通知\r\n正文", "通知");
    assert_title("only", "only");
    assert_title("first\rsecond", "first");
}

static void title_has_no_white_space_around_it(void **state)
{
    (void)state;
    assert_title("　　关于 通知 \t\n", "关于 通知");
}

static void title_of_a_text_without_one_is_empty(void **state)
{
    (void)state;
    assert_title("", "");
    assert_title(" \n\n　", "");
    assert_title("##\n#\n", "");
}

static void heading_marks_are_not_part_of_the_title(void **state)
{
    (void)state;
    assert_title("# 通知\n", "通知");
    assert_title("   ###### 通知", "通知");
    assert_title("#\t通知", "通知");
    assert_title("## 通知 ##  \n", "通知");
    assert_title("# 通知#\n", "通知#");
    assert_title("#\n\n通知", "通知");
}

static void other_marks_stay_in_the_title(void **state)
{
    (void)state;
    assert_title("#通知\n", "#通知");
    assert_title("####### 通知\n", "####### 通知");
    assert_title("    # 通知\n", "# 通知");
    assert_title("**通知**\n", "**通知**");
    assert_title("C #\n", "C #");
}

static void title_ends_after_so_many_code_points(void **state)
{
    (void)state;
    char text[4 * GS_TITLE_CODE_POINTS_MAX + 8] = "", wanted[sizeof(text)] = "";
    for (unsigned i = 0; i < GS_TITLE_CODE_POINTS_MAX; i++) {
        memcpy(text + 4 * i, "𠮷", 4);
        memcpy(wanted + 4 * i, "𠮷", 4);
    }
    assert_title(text, wanted);
    memcpy(text + 4 * GS_TITLE_CODE_POINTS_MAX, "通", 4);
    assert_title(text, wanted);
}

static void assert_heading(const char *line, size_t wanted)
{
    gs_bytes text = gs_bytes_str(line);
    assert_int_equal(gs_title_heading(text.ptr, text.ptr + text.len), wanted);
}

static void heading_has_up_to_three_spaces_and_six_marks(void **state)
{
    (void)state;
    assert_heading("# foo", 1);
    assert_heading("###### foo", 6);
    assert_heading("####### foo", 0);
    assert_heading("   # foo", 4);
    assert_heading("    # foo", 0);
    assert_heading("#5 bolt", 0);
    assert_heading("#\tfoo", 1);
    assert_heading("##\nfoo", 2);
    assert_heading("##\r\nfoo", 2);
    assert_heading("#", 1);
    assert_heading("\\## foo", 0);
    assert_heading("foo # bar", 0);
    assert_heading("", 0);
    assert_heading("   ", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(title_is_the_first_line_that_is_not_empty),
        cmocka_unit_test(title_has_no_white_space_around_it),
        cmocka_unit_test(title_of_a_text_without_one_is_empty),
        cmocka_unit_test(heading_marks_are_not_part_of_the_title),
        cmocka_unit_test(other_marks_stay_in_the_title),
        cmocka_unit_test(title_ends_after_so_many_code_points),
        cmocka_unit_test(heading_has_up_to_three_spaces_and_six_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
