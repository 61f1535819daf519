/* SPDX-License-Identifier: Apache-2.0
 *
 * What a terminal is given.
 */
#include "cli/out.h"

#include "tests/support/check.h"

static void check(void (*put)(gs_buf *, gs_bytes), const char *text, const char *wanted)
{
    gs_buf out;
    gs_buf_init(&out, NULL, 4096);
    put(&out, gs_bytes_str(text));
    gs_buf_u8(&out, 0);
    assert_string_equal((const char *)out.data, wanted);
    gs_buf_release(&out);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
    (void)state;
    check(gs_out_text, "甲\033[31m乙\r\n\t\x7f\xc2\x9b丙", "甲 [31m乙     丙");
    check(gs_out_text, "营商 環境", "营商 環境");
    check(gs_out_text, "\xff甲\xe7", "\xef\xbf\xbd甲\xef\xbf\xbd");
}

static void a_block_keeps_its_lines(void **state)
{
    (void)state;
    check(gs_out_block, "甲\n\t乙\033\r", "甲\n\t乙  ");
}

static void an_id_stays_on_its_line(void **state)
{
    (void)state;
    check(gs_out_id, "公开/a b.txt", "公开/a b.txt");
    check(gs_out_id, "a\\xffb", "a\\xffb");
    check(gs_out_id, "a\nb", "\"a\\nb\"");
    check(gs_out_id, "\"a\"", "\"\\\"a\\\"\"");
    check(gs_out_id, "a\"b", "a\"b");
    check(gs_out_id, "a\x7f", "\"a\\u007f\"");
    check(gs_out_id, "", "");
}

static void a_nul_is_a_control_character(void **state)
{
    (void)state;
    gs_buf out;
    gs_buf_init(&out, NULL, 16);
    gs_out_block(&out, gs_bytes_of("a\0b", 3));
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "a b", 3);
    gs_buf_release(&out);
}

static void the_index_is_where_the_option_says(void **state)
{
    (void)state;
    assert_string_equal(gs_out_index_dir("folder"), "folder");
}

static void a_fault_has_an_exit_code_and_its_place(void **state)
{
    (void)state;
    gsearch_error error = {.code = GSEARCH_BAD_QUERY, .offset = -1, .message = "a"};
    assert_int_equal(gs_out_fail(&error), gsearch_status_exit(GSEARCH_BAD_QUERY));
    error.offset = 3;
    assert_int_equal(gs_out_fail(&error), gsearch_status_exit(GSEARCH_BAD_QUERY));
}

static void what_could_not_be_made_is_not_printed(void **state)
{
    (void)state;
    gs_buf out;
    gsearch_error error;
    gs_buf_init(&out, NULL, 2);
    gs_buf_str(&out, "abc"); // over its limit
    assert_false(gs_out_write(&out));
    assert_fails(GSEARCH_NO_MEMORY, gs_out_finish(&error), &error);
    assert_ok(gs_out_finish(&error), &error); // it is told once
    gs_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(a_block_keeps_its_lines),
        cmocka_unit_test(an_id_stays_on_its_line),
        cmocka_unit_test(a_nul_is_a_control_character),
        cmocka_unit_test(a_fault_has_an_exit_code_and_its_place),
        cmocka_unit_test(what_could_not_be_made_is_not_printed),
        cmocka_unit_test(the_index_is_where_the_option_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
