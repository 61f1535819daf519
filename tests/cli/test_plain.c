/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON lines as text.
 */
#include "cli/plain.h"

#include "tests/support/check.h"

typedef gsearch_status put_lines(gs_buf *out, gs_bytes lines, gsearch_error *err);

static void check(put_lines *put, gs_bytes json, const char *wanted)
{
    gsearch_error error = {0};
    gs_buf out;
    gs_buf_init(&out, NULL, 4096);
    assert_ok(put(&out, json, &error), &error);
    gs_buf_u8(&out, 0);
    assert_string_equal((const char *)out.data, wanted);
    gs_buf_release(&out);
}

static void members_stand_in_a_column(void **state)
{
    (void)state;
    check(gs_plain_members,
          gs_bytes_str("{\"a\":1,\"bc\":\"x\\ny\",\"d\":{\"e\":true,\"f\":[1,2.5]}}"),
          "a              1\n"
          "bc             x y\n"
          "d\n"
          "  e              true\n"
          "  f              1, 2.5\n");
}

static void every_kind_of_value_has_a_text(void **state)
{
    (void)state;
    check(gs_plain_members,
          gs_bytes_str("{\"a\":[false,null,-1,\"x\",{\"y\":[],\"z\":{\"w\":true}}],\"b\":{}}"),
          "a              false, null, -1, x, y= z=w=true\n"
          "b\n");
    check(gs_plain_document, gs_bytes_str("{\"id\":null,\"text\":\"\"}"),
          "id             null\n\n\n");
}

static void a_document_ends_in_its_text(void **state)
{
    (void)state;
    check(gs_plain_document, gs_bytes_str("{\"id\":\"甲\",\"text\":\"乙\\n\\u001b丙\"}"),
          "id             甲\n\n乙\n 丙\n");
    check(gs_plain_document, gs_bytes_str("{\"text\":\"乙\\u0000丙\\n\",\"id\":\"甲\"}"),
          "id             甲\n\n乙 丙\n");
    check(gs_plain_document, gs_bytes_str("{\"id\":\"甲\"}"), "id             甲\n");
}

static void each_step_is_a_line(void **state)
{
    (void)state;
    check(gs_plain_steps,
          gs_bytes_str("{\"step\":\"p\",\"lists\":[{\"t\":\"政\",\"n\":3},{\"t\":\"务\",\"n\":4}],"
                       "\"m\":2}\n{\"step\":\"end\",\"none\":[]}\n"),
          "step=p m=2\n"
          "  t=政 n=3\n"
          "  t=务 n=4\n"
          "step=end none=\n");
    check(gs_plain_steps, gs_bytes_str(""), "");
}

static void a_summary_is_either(void **state)
{
    (void)state;
    gsearch_error error = {0};
    gs_buf out, line;
    gs_buf_init(&out, NULL, 4096);
    gs_buf_init(&line, NULL, 4096);
    gs_buf_str(&line, "{\"saved\":3,\"lost\":0}");
    assert_ok(gs_plain_line(&out, &line, true, &error), &error);
    gs_buf_str(&line, "{\"saved\":3,\"lost\":0}");
    assert_ok(gs_plain_line(&out, &line, false, &error), &error);
    gs_buf_u8(&out, 0);
    assert_string_equal((const char *)out.data, "{\"saved\":3,\"lost\":0}\nsaved=3 lost=0\n");
    gs_buf_release(&out);
}

static void what_is_no_json_is_our_fault(void **state)
{
    (void)state;
    gsearch_error error = {0};
    gs_buf out;
    gs_buf_init(&out, NULL, 4096);
    assert_fails(GSEARCH_INTERNAL, gs_plain_members(&out, gs_bytes_str("{\"a\":"), &error), &error);
    gs_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_stand_in_a_column),
        cmocka_unit_test(every_kind_of_value_has_a_text),
        cmocka_unit_test(a_document_ends_in_its_text),
        cmocka_unit_test(each_step_is_a_line),
        cmocka_unit_test(a_summary_is_either),
        cmocka_unit_test(what_is_no_json_is_our_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
