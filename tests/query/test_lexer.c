/* SPDX-License-Identifier: Apache-2.0
 *
 * Which marks of a query are syntax, and where things end. What the grammar makes of them is in
 * test_parse.c.
 */
#include "query/lexer.h"

#include "common/base/utf8.h"
#include "tests/support/check.h"

#define ARENA_BYTES_MAX (4u << 20)

static gs_arena arena;
static gs_lexer lexer;
static gsearch_error error;

static void start(const char *text, bool plain)
{
    gs_arena_reset(&arena);
    assert_ok(gs_lexer_init(&lexer, &arena, gs_bytes_str(text), plain, &error), &error);
    gs_lexer_skip_space(&lexer);
}

static int set_up(void **state)
{
    (void)state;
    gs_arena_init(&arena, NULL, ARENA_BYTES_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gs_arena_release(&arena);
    return 0;
}

static void check_term(const char *text, bool quoted)
{
    gs_lexeme term;
    assert_ok(gs_lexer_take_term(&lexer, &term, &error), &error);
    gs_bytes wanted = gs_bytes_str(text);
    assert_int_equal(term.text.len, wanted.len);
    assert_memory_equal(term.text.ptr, wanted.ptr, wanted.len);
    assert_ptr_equal(term.text.ptr, lexer.text.ptr + term.text_offset);
    assert_int_equal(term.quoted, quoted);
}

static void white_space_is_that_of_unicode(void **state)
{
    (void)state;
    start(" \t\xC2\xA0\xE2\x80\x83\xE3\x80\x80甲", false);
    assert_int_equal(lexer.pos, 2 + 2 + 3 + 3);
    check_term("甲", false);
}

/* The code points with the property White_Space, from Unicode's PropList.txt. */
static void no_other_character_is_white_space(void **state)
{
    (void)state;
    static const struct {
        uint32_t first, last;
    } spaces[] = {{0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},
                  {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F},
                  {0x205F, 0x205F}, {0x3000, 0x3000}};
    for (uint32_t c = 1; c < 0x10000; c++) {
        char text[8] = {0};
        bool is_space = false;
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
            is_space |= c >= spaces[i].first && c <= spaces[i].last;
        size_t len = gs_utf8_encode(c, (uint8_t *)text);
        start(text, true);
        assert_int_equal(lexer.pos, is_space ? len : 0);
    }
}

static void a_term_ends_at_a_border(void **state)
{
    (void)state;
    start("甲-乙\"丙|丁", false);
    check_term("甲-乙\"丙", false);
    assert_true(gs_lexer_at_border(&lexer));
    assert_int_equal(lexer.text.ptr[lexer.pos], '|');
}

static void in_plain_text_only_white_space_is_a_border(void **state)
{
    (void)state;
    start("甲|乙(丙*) 丁", true);
    check_term("甲|乙(丙*)", false);
    gs_lexer_skip_space(&lexer);
    check_term("丁", false);
    assert_int_equal(lexer.pos, lexer.end);
}

static void a_quoted_term_ends_behind_its_closing_mark(void **state)
{
    (void)state;
    start("“甲 乙” “丙”丁", false);
    check_term("甲 乙", true);
    gs_lexer_skip_space(&lexer);
    check_term("“丙”丁", false);
}

static void a_group_ends_at_the_partner_of_its_bracket(void **state)
{
    (void)state;
    size_t outer_end;
    bool found;
    start("(甲（乙） “)” (丙)) 丁", false);
    assert_ok(gs_lexer_enter_group(&lexer, &outer_end, &found, &error), &error);
    assert_true(found);
    assert_int_equal(outer_end, lexer.text.len);
    assert_int_equal(lexer.pos, 1);
    assert_int_equal(lexer.end, strlen("(甲（乙） “)” (丙)"));
    lexer.pos = lexer.end;
    assert_ok(gs_lexer_leave_group(&lexer, outer_end, &error), &error);
    assert_int_equal(lexer.end, lexer.text.len);
    assert_int_equal(lexer.pos, strlen("(甲（乙） “)” (丙))"));
}

static void a_bracket_that_is_text_opens_no_group(void **state)
{
    (void)state;
    size_t outer_end;
    bool found;
    start("（试行）办法", false);
    assert_ok(gs_lexer_enter_group(&lexer, &outer_end, &found, &error), &error);
    assert_false(found);
    assert_int_equal(lexer.pos, 0);
}

static void check_operator(const char *text, gs_operator kind, size_t end, uint32_t distance)
{
    gs_operator_word word;
    start(text, false);
    assert_ok(gs_lexer_peek_operator(&lexer, &word, &error), &error);
    assert_int_equal(word.kind, kind);
    assert_int_equal(word.end, end);
    assert_int_equal(word.distance, distance);
    assert_int_equal(lexer.pos, word.offset);
}

static void operators_are_words_of_their_own(void **state)
{
    (void)state;
    check_operator("AND 甲", GS_OPERATOR_AND, 3, 0);
    check_operator("OR", GS_OPERATOR_OR, 2, 0);
    check_operator("|甲", GS_OPERATOR_OR, 1, 0);
    check_operator(" NOT 甲", GS_OPERATOR_NOT, 4, 0);
    check_operator("ＯＲ 甲", GS_OPERATOR_OR, 6, 0);
    check_operator("NEAR/12 甲", GS_OPERATOR_NEAR, 7, 12);
    check_operator("NEAR 甲", GS_OPERATOR_NONE, 0, 0);
    check_operator("ORDER", GS_OPERATOR_NONE, 0, 0);
    check_operator("or 甲", GS_OPERATOR_NONE, 0, 0);
    check_operator("", GS_OPERATOR_NONE, 0, 0);
}

static void fields_are_known_by_eight_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        gs_field_name name;
    } rows[] = {
        {"title:", GS_FIELD_NAME_TITLE},   {"标题：", GS_FIELD_NAME_TITLE},
        {"date:", GS_FIELD_NAME_DATE},     {"日期:", GS_FIELD_NAME_DATE},
        {"docno：", GS_FIELD_NAME_DOCNO},  {"文号:", GS_FIELD_NAME_DOCNO},
        {"agency:", GS_FIELD_NAME_AGENCY}, {"机关：", GS_FIELD_NAME_AGENCY},
        {"titles:", GS_FIELD_NAME_NONE},   {"title", GS_FIELD_NAME_NONE},
        {"Title:", GS_FIELD_NAME_NONE},    {"author:", GS_FIELD_NAME_NONE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        start(rows[i].text, false);
        assert_int_equal(gs_lexer_take_field(&lexer), rows[i].name);
        size_t passed = rows[i].name ? strlen(rows[i].text) : 0;
        assert_int_equal(lexer.pos, passed);
    }
}

static void narrow_reads_full_width_forms_as_ascii(void **state)
{
    (void)state;
    gs_bytes text = gs_bytes_str("a５～甲");
    size_t at = 0;
    assert_int_equal(gs_lexer_narrow(text, &at), 'a');
    assert_int_equal(gs_lexer_narrow(text, &at), '5');
    assert_int_equal(gs_lexer_narrow(text, &at), '~');
    assert_int_equal(gs_lexer_narrow(text, &at), 0);
    assert_int_equal(at, text.len);
}

static void a_refusal_has_its_offset(void **state)
{
    (void)state;
    assert_int_equal(gs_query_refuse(&error, 7, "a reason"), GSEARCH_BAD_QUERY);
    assert_int_equal(error.code, GSEARCH_BAD_QUERY);
    assert_int_equal(error.offset, 7);
    assert_string_equal(error.message, "a reason");
    assert_int_equal(gs_query_refuse(NULL, 7, "a reason"), GSEARCH_BAD_QUERY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_is_that_of_unicode),
        cmocka_unit_test(no_other_character_is_white_space),
        cmocka_unit_test(a_term_ends_at_a_border),
        cmocka_unit_test(in_plain_text_only_white_space_is_a_border),
        cmocka_unit_test(a_quoted_term_ends_behind_its_closing_mark),
        cmocka_unit_test(a_group_ends_at_the_partner_of_its_bracket),
        cmocka_unit_test(a_bracket_that_is_text_opens_no_group),
        cmocka_unit_test(operators_are_words_of_their_own),
        cmocka_unit_test(fields_are_known_by_eight_names),
        cmocka_unit_test(narrow_reads_full_width_forms_as_ascii),
        cmocka_unit_test(a_refusal_has_its_offset),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
