/* SPDX-License-Identifier: Apache-2.0
 *
 * The query language, row by row: every sentence of docs/QUERY.md about a form is a test here, and
 * the trees are written by hand from it.
 *
 * A tree is printed like this: <政务公开> a phrase, {pd17} a word in it, / a break, * a prefix,
 * <营商环境=營商環境> an exact one, title:<…> its field, [from..to] a date, and (and …) (or …)
 * (not …) (near5 …).
 */
#include "query/parse.h"

#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

#define ARENA_BYTES_MAX (8u << 20)

typedef struct sample {
    const char *query;
    const char *tree;
} sample;

typedef struct fault {
    const char *query;
    int64_t offset;
} fault;

/* ---- printing ---- */

static void print_items(gs_buf *out, const gs_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t bytes[4];
        if (items[i].kind == GS_TOKEN_CJK) {
            gs_buf_append(out, bytes, gs_utf8_encode(items[i].code_point, bytes));
        } else if (items[i].kind == GS_TOKEN_WORD) {
            gs_buf_str(out, "{");
            gs_buf_bytes(out, items[i].word);
            gs_buf_str(out, "}");
        } else {
            gs_buf_str(out, "/");
        }
    }
}

static void print_node(gs_buf *out, const gs_node *node)
{
    switch (node->kind) {
    case GS_NODE_PHRASE:
        gs_buf_str(out, node->field == GS_FIELD_TITLE ? "title:<" : "<");
        print_items(out, node->items, node->items_count);
        gs_buf_str(out, node->prefix ? "*" : "");
        gs_buf_str(out, node->exact ? "=" : "");
        gs_buf_bytes(out, node->exact_text);
        gs_buf_str(out, ">");
        return;
    case GS_NODE_DATE:
        gs_buf_printf(out, "[%u..%u]", node->date_from, node->date_to);
        return;
    case GS_NODE_AND:
        gs_buf_str(out, "(and");
        break;
    case GS_NODE_OR:
        gs_buf_str(out, "(or");
        break;
    case GS_NODE_NOT:
        gs_buf_str(out, "(not");
        break;
    case GS_NODE_NEAR:
        gs_buf_printf(out, "(near%u", node->distance);
        break;
    }
    for (uint32_t i = 0; i < node->children_count; i++) {
        gs_buf_str(out, " ");
        print_node(out, node->children[i]);
    }
    gs_buf_str(out, ")");
}

/* ---- checking ---- */

static void check_tree(const char *query, const char *tree)
{
    gs_arena arena;
    gs_arena_init(&arena, NULL, ARENA_BYTES_MAX);
    gs_query parsed;
    gsearch_error error = {0};
    gsearch_status status = gs_query_parse(&arena, gs_bytes_str(query), &parsed, &error);
    if (status)
        fail_msg("%s: %s at %d", query, error.message, (int)error.offset);
    gs_buf printed;
    gs_buf_init(&printed, NULL, ARENA_BYTES_MAX);
    print_node(&printed, parsed.root);
    gs_buf_u8(&printed, 0);
    if (strcmp((const char *)printed.data, tree) != 0)
        fail_msg("%s: read as %s, not %s", query, (const char *)printed.data, tree);
    gs_buf_release(&printed);
    gs_arena_release(&arena);
}

static void check_trees(const sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_tree(samples[i].query, samples[i].tree);
}

static void check_fault(const char *query, int64_t offset)
{
    gs_arena arena;
    gs_arena_init(&arena, NULL, ARENA_BYTES_MAX);
    gs_query parsed;
    gsearch_error error = {0};
    gsearch_status status = gs_query_parse(&arena, gs_bytes_str(query), &parsed, &error);
    if (status != GSEARCH_BAD_QUERY || error.offset != offset)
        fail_msg("%s: %s at %d, not bad-query at %d", query, gsearch_status_word(status),
                 (int)error.offset, (int)offset);
    assert_true(error.message[0] != '\0');
    assert_int_equal(gs_query_parse(&arena, gs_bytes_str(query), &parsed, NULL), GSEARCH_BAD_QUERY);
    gs_arena_release(&arena);
}

static void check_faults(const fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_fault(faults[i].query, faults[i].offset);
}

#define CHECK_TREES(...)                                   \
    do {                                                   \
        static const sample rows[] = {__VA_ARGS__};        \
        check_trees(rows, sizeof(rows) / sizeof(rows[0])); \
    } while (0)

#define CHECK_FAULTS(...)                                   \
    do {                                                    \
        static const fault rows[] = {__VA_ARGS__};          \
        check_faults(rows, sizeof(rows) / sizeof(rows[0])); \
    } while (0)

/* ---- terms and phrases ---- */

static void an_unspaced_run_is_a_phrase(void **state)
{
    (void)state;
    CHECK_TREES({"政务公开", "<政务公开>"}, {"  政务公开\t", "<政务公开>"}, {"公", "<公>"},
                {"pd1728a", "<{pd1728a}>"}, {"设备PD1728A型", "<设备{pd1728a}型>"},
                {"2017年6月3日", "<{2017}年{6}月{3}日>"}, {"公开、透明", "<公开/透明>"},
                {"公开、透明。", "<公开/透明>"}, {"，公开", "<公开>"},
                {"とうきょう", "<とうきょう>"}, {"서울시", "<서울시>"});
}

static void all_of_several_terms_must_occur(void **state)
{
    (void)state;
    CHECK_TREES({"政务公开 年度报告", "(and <政务公开> <年度报告>)"},
                {"政务公开　年度报告", "(and <政务公开> <年度报告>)"}, // ideographic space
                {"甲 AND 乙", "(and <甲> <乙>)"}, {"甲 AND 乙 丙", "(and <甲> <乙> <丙>)"},
                {"甲 (乙 丙)", "(and <甲> <乙> <丙>)"});
}

static void each_kind_of_quote_makes_a_phrase(void **state)
{
    (void)state;
    CHECK_TREES({"\"政务 公开\"", "<政务公开>"}, {"“政务 公开”", "<政务公开>"},
                {"＂政务 公开＂", "<政务公开>"}, {"「政务 公开」", "<政务公开>"},
                {"『政务 公开』", "<政务公开>"}, {"\"annual report\"", "<{annual}{report}>"},
                {"\"甲\" \"乙\"", "(and <甲> <乙>)"}, {"\"甲\"|\"乙\"", "(or <甲> <乙>)"},
                {"\"甲 ( | * - = 乙\"", "<甲乙>"}, {"(\"甲\")", "<甲>"});
}

static void a_quote_is_closed_by_its_own_mark(void **state)
{
    (void)state;
    CHECK_TREES({"“甲\"乙”", "<甲乙>"}, {"\"甲”乙\"", "<甲乙>"}, {"「甲『乙』丙」", "<甲乙丙>"});
    CHECK_FAULTS({"“甲\"", 0}, {"\"甲”", 0}, {"「甲』", 0}, {"甲 ＂乙\"", 4});
}

static void quotes_make_an_operator_word_literal(void **state)
{
    (void)state;
    CHECK_TREES({"\"OR\"", "<{or}>"}, {"甲 \"AND\" 乙", "(and <甲> <{and}> <乙>)"},
                {"\"NEAR/5\"", "<{near}{5}>"});
}

/* ---- boolean ---- */

static void or_binds_weaker_than_and(void **state)
{
    (void)state;
    CHECK_TREES({"甲 OR 乙", "(or <甲> <乙>)"}, {"甲 | 乙", "(or <甲> <乙>)"},
                {"甲 乙 OR 丙", "(or (and <甲> <乙>) <丙>)"},
                {"甲 OR 乙 AND 丙 OR 丁", "(or <甲> (and <乙> <丙>) <丁>)"},
                {"(甲 OR 乙) 丙", "(and (or <甲> <乙>) <丙>)"},
                {"（甲 OR 乙） 丙", "(and (or <甲> <乙>) <丙>)"},
                {"(甲 OR (乙 OR 丙))", "(or <甲> <乙> <丙>)"});
}

static void the_bar_divides_anywhere_outside_quotes(void **state)
{
    (void)state;
    CHECK_TREES({"甲|乙", "(or <甲> <乙>)"}, {"甲乙|丙 丁", "(or <甲乙> (and <丙> <丁>))"},
                {"\"甲|乙\"", "<甲乙>"}, {"(甲|乙)丙|丁", "(or <甲> <乙丙> <丁>)"});
}

static void operator_words_are_upper_case_between_white_space(void **state)
{
    (void)state;
    CHECK_TREES({"甲 or 乙", "(and <甲> <{or}> <乙>)"}, {"甲 Or 乙", "(and <甲> <{or}> <乙>)"},
                {"甲OR 乙", "(and <甲{or}> <乙>)"}, {"甲 OR乙", "(and <甲> <{or}乙>)"},
                {"ORDER", "<{order}>"}, {"甲 near/5 乙", "(and <甲> <{near}{5}> <乙>)"},
                {"title:OR", "title:<{or}>"}, {"甲 -OR", "(and <甲> (not <{or}>))"},
                {"甲　OR　乙", "(or <甲> <乙>)"}, {"甲 OR(乙)", "(and <甲> <{or}乙>)"});
}

static void full_width_operators_are_the_same(void **state)
{
    (void)state;
    CHECK_TREES({"甲 ＯＲ 乙", "(or <甲> <乙>)"}, {"甲 ＡＮＤ 乙", "(and <甲> <乙>)"},
                {"甲 ＮＯＴ 乙", "(and <甲> (not <乙>))"}, {"甲 －乙", "(and <甲> (not <乙>))"},
                {"＝營商", "<营商=營商>"}, {"甲 ＮＥＡＲ／５ 乙", "(near5 <甲> <乙>)"},
                {"标题：年报", "title:<年报>"});
}

static void minus_and_not_exclude(void **state)
{
    (void)state;
    CHECK_TREES({"甲 -丙", "(and <甲> (not <丙>))"}, {"-丙 甲", "(and (not <丙>) <甲>)"},
                {"甲 NOT 丙", "(and <甲> (not <丙>))"}, {"甲 AND NOT 丙", "(and <甲> (not <丙>))"},
                {"甲 -(乙 丙)", "(and <甲> (not (and <乙> <丙>)))"},
                {"甲 -\"乙 丙\"", "(and <甲> (not <乙丙>))"},
                {"甲 -title:乙", "(and <甲> (not title:<乙>))"},
                {"甲 -乙 NEAR/3 丙", "(and <甲> (not (near3 <乙> <丙>)))"},
                {"甲 (乙 -丙)", "(and <甲> <乙> (not <丙>))"});
}

static void minus_and_equals_are_text_inside_a_term(void **state)
{
    (void)state;
    CHECK_TREES({"甲-乙", "<甲乙>"}, {"covid-19", "<{covid}{19}>"}, {"甲=乙", "<甲乙>"},
                {"甲－乙", "<甲乙>"});
}

static void every_branch_needs_a_positive_term(void **state)
{
    (void)state;
    CHECK_FAULTS({"-丙", 0}, {"NOT 丙", 0}, {"甲 OR -乙", 7}, {"-甲 OR 乙", 0}, {"甲|-乙", 4},
                 {"甲 OR (-乙 -丙)", 8}, {"甲 (-乙)", 5}, {"-甲 -date:2017", 0});
}

static void an_operator_needs_its_operands(void **state)
{
    (void)state;
    CHECK_FAULTS({"甲 OR", 4}, {"OR 甲", 0}, {"OR", 0}, {"甲 AND", 4}, {"AND 甲", 0}, {"甲 NOT", 4},
                 {"甲 OR OR 乙", 4}, {"甲 AND OR 乙", 4}, {"甲|", 3}, {"|甲", 0}, {"甲||乙", 3},
                 {"甲 -", 4}, {"甲 - 乙", 4}, {"甲 = 乙", 4}, {"甲 NEAR/5", 4}, {"NEAR/5 甲", 0},
                 {"甲 NEAR/5 OR 乙", 4}, {"甲 NEAR/5 NOT 乙", 4}, {"(甲 OR)", 5}, {"(OR 甲)", 1},
                 {"甲 NOT NOT 乙", 4}, {"title:", 0}, {"甲 title: 乙", 4}, {"甲 NEAR/ 乙", 4},
                 {"甲 NEAR/x 乙", 4}, {"甲 --乙", 5}, {"甲 title:-乙", 10}, {"甲 ==乙", 5},
                 {"甲 =-乙", 5}, {"甲 NOT -乙", 8}, {"甲 NEAR/5 -乙", 11}, {"NEAR/x 甲", 0},
                 {"甲 NOT NEAR/x", 8}, {"甲 NEAR/5 NEAR/x", 11});
}

/* ---- brackets and quotes as text ---- */

static void a_bracket_or_quote_with_a_character_behind_it_is_text(void **state)
{
    (void)state;
    CHECK_TREES({"“三公”经费", "<三公经费>"}, {"\"三公\"经费", "<三公经费>"},
                {"「三公」经费", "<三公经费>"}, {"（试行）办法", "<试行办法>"},
                {"(试行)办法", "<试行办法>"}, {"()甲", "<甲>"}, {"\"\"甲", "<甲>"},
                {"\"甲\"\"乙\"", "<甲乙>"}, {"“三公 经费”支出", "(and <三公> <经费支出>)"},
                {"(甲 OR 乙)丙", "(or <甲> <乙丙>)"}, {"(甲“)”", "<甲>"},
                {"title:“三公”经费", "title:<三公经费>"},
                {"甲 -“三公”经费", "(and <甲> (not <三公经费>))"});
}

static void a_bracket_or_quote_that_opens_inside_a_term_is_text(void **state)
{
    (void)state;
    CHECK_TREES({"银政办发（2017）116号", "<银政办发{2017}{116}号>"},
                {"银政办发(2017)116号", "<银政办发{2017}{116}号>"},
                {"银政办发〔2017〕116号", "<银政办发{2017}{116}号>"},
                {"银政办发（2017)116号", "<银政办发{2017}{116}号>"}, {"办法（试行）", "<办法试行>"},
                {"办法(试行", "<办法试行>"}, {"关于“三公”经费", "<关于三公经费>"},
                {"关于“三公", "<关于三公>"}, {"政务公开\"", "<政务公开>"},
                {"(办法（试行） OR 通知)", "(or <办法试行> <通知>)"},
                {"办法（试行 草案）", "(and <办法试行> <草案>)"});
}

static void a_closing_mark_may_be_followed_by_a_border_or_suffix(void **state)
{
    (void)state;
    CHECK_TREES({"(\"甲\")", "<甲>"}, {"((甲))", "<甲>"}, {"(甲)|(乙)", "(or <甲> <乙>)"},
                {"“甲”　“乙”", "(and <甲> <乙>)"}, {"“pd”*", "<{pd}*>"},
                {"“甲 乙”~2", "(near2 <甲> <乙>)"});
}

static void an_unbalanced_mark_is_refused_with_its_offset(void **state)
{
    (void)state;
    CHECK_FAULTS({"\"政务公开", 0}, {"甲 “乙", 4}, {"(甲", 0}, {"甲 (乙", 4}, {"甲)", 3},
                 {"甲）", 3}, {")", 0}, {"甲”", 3}, {"甲」", 3}, {"甲』乙", 3}, {"((甲)", 0},
                 {"(甲))", 5}, {"(甲）", 4}, {"（甲)", 6}, {"甲 (乙 \"丙)", 9}, {"title:(甲", 6},
                 {"甲 -\"乙", 5}, {"“甲 乙)", 0});
}

static void nothings_only_are_refused(void **state)
{
    (void)state;
    CHECK_FAULTS({"", 0}, {"   ", 0}, {"　", 0}, {"()", 0}, {"( )", 0}, {"（）", 0}, {"甲 ()", 4},
                 {"\"\"", 0}, {"甲 “”", 4}, {"\" \"", 0}, {"\"，\"", 0}, {"，。", 0},
                 {"甲 《》", 4}, {"=“”", 1}, {"\"\"~5", 0}, {"\"甲 《》 乙\"~5", 5},
                 {"title:《》", 6}, {"...", 0});
}

/* ---- NEAR ---- */

static void near_stands_between_terms_of_one_field(void **state)
{
    (void)state;
    CHECK_TREES({"甲 NEAR/5 乙", "(near5 <甲> <乙>)"}, {"甲 NEAR/0 乙", "(near0 <甲> <乙>)"},
                {"\"甲 乙\" NEAR/12 pd*", "(near12 <甲乙> <{pd}*>)"},
                {"甲 乙 NEAR/5 丙 丁", "(and <甲> (near5 <乙> <丙>) <丁>)"},
                {"title:甲 NEAR/5 title:乙", "(near5 title:<甲> title:<乙>)"},
                {"title:(甲 NEAR/5 乙)", "(near5 title:<甲> title:<乙>)"},
                {"(甲) NEAR/5 =乙", "(near5 <甲> <乙=乙>)"});
    CHECK_FAULTS({"title:甲 NEAR/5 乙", 17}, {"甲 NEAR/5 date:2017", 16}, {"甲 NEAR/5 (乙 丙)", 12},
                 {"甲 NEAR/5 \"乙 丙\"~2", 12}, {"(甲 OR (乙 丙)) NEAR/5 丁", 9});
}

static void a_chain_of_near_has_the_sum_of_its_distances(void **state)
{
    (void)state;
    CHECK_TREES({"甲 NEAR/5 乙 NEAR/3 丙", "(near8 <甲> <乙> <丙>)"});
}

static void near_is_distributed_over_or(void **state)
{
    (void)state;
    CHECK_TREES({"(甲 OR 乙) NEAR/5 丙", "(or (near5 <甲> <丙>) (near5 <乙> <丙>))"},
                {"(甲|乙) NEAR/1 (丙|丁)",
                 "(or (near1 <甲> <丙>) (near1 <甲> <丁>) (near1 <乙> <丙>) (near1 <乙> <丁>))"});
}

static void white_space_separates_terms_before_a_tilde_only(void **state)
{
    (void)state;
    CHECK_TREES({"\"甲 乙\"~5", "(near5 <甲> <乙>)"},
                {"“甲　乙丙 丁”~10", "(near10 <甲> <乙丙> <丁>)"}, {"\"甲乙\"~5", "<甲乙>"},
                {"title:\"甲 乙\"~5", "(near5 title:<甲> title:<乙>)"},
                {"甲 \"乙 丙\"~0|丁", "(or (and <甲> (near0 <乙> <丙>)) <丁>)"},
                {"甲~5", "<甲{5}>"}, {"\"甲 乙\"~５", "(near5 <甲> <乙>)"});
    CHECK_TREES({"\"设备 pd17*\"~3", "(near3 <设备> <{pd17}*>)"}, // as 设备 NEAR/3 pd17*
                {"\"pd17* 设备* 型\"~3", "(near3 <{pd17}*> <设备> <型>)"},
                {"\"甲pd*\"~3", "<甲{pd}*>"});
    CHECK_FAULTS({"\"甲* *乙\"~3", 6}, {"\"甲 p*d\"~3", 6}, {"\"甲 p**\"~3", 6}, {"\"甲 *\"~3", 5},
                 {"\"甲 pd“*\"~3", 10});
    CHECK_FAULTS({"\"甲 乙\"~", 9}, {"\"甲 乙\"~x", 9}, {"\"甲 乙\"~5丙", 9}, {"\"甲 乙\"~5*", 9},
                 {"\"甲 乙\"~-1", 9}, {"=\"甲 乙\"~5", 10}, {"(甲 乙)~5", 9});
}

/* ---- fields ---- */

static void a_field_stands_before_a_term_phrase_or_group(void **state)
{
    (void)state;
    CHECK_TREES({"title:年报", "title:<年报>"}, {"标题:年报", "title:<年报>"},
                {"标题：年报", "title:<年报>"}, {"title：\"政务 年报\"", "title:<政务年报>"},
                {"title:(甲 OR 乙)", "(or title:<甲> title:<乙>)"},
                {"标题：（甲 乙） 丙", "(and title:<甲> title:<乙> <丙>)"},
                {"title:(甲 (乙|丙)) 丁", "(and title:<甲> (or title:<乙> title:<丙>) <丁>)"},
                {"title:政务*", "title:<政务>"},
                {"title:(甲 date:2017)", "(and title:<甲> [20170101..20171231])"});
    CHECK_FAULTS({"title:标题:甲", 6});
}

static void an_unknown_field_is_text(void **state)
{
    (void)state;
    CHECK_TREES({"titel:年报", "<{titel}/年报>"}, {"作者：王", "<作者/王>"},
                {"Title:甲", "<{title}/甲>"}, {"小标题:甲", "<小标题/甲>"}, {"title", "<{title}>"},
                {"\"title:甲\"", "<{title}/甲>"});
}

static void fields_that_no_index_holds_are_refused(void **state)
{
    (void)state;
    CHECK_FAULTS({"docno:116", 0}, {"文号：银政", 0}, {"甲 agency:乙", 4}, {"甲 -机关:乙", 5},
                 {"(docno:(甲 乙))", 1});
}

static void a_date_is_a_stretch_of_days(void **state)
{
    (void)state;
    CHECK_TREES({"date:2017", "[20170101..20171231]"}, {"date:2017-12", "[20171201..20171231]"},
                {"日期：20171205", "[20171205..20171205]"},
                {"date:2017..2019-06", "[20170101..20190630]"},
                {"date:2017..", "[20170101..99999999]"}, {"date:..2017", "[0..20171231]"},
                {"甲 date:2017", "(and <甲> [20170101..20171231])"},
                {"甲 -date:2017", "(and <甲> (not [20170101..20171231]))"},
                {"date:\"2017\"", "[20170101..20171231]"},
                {"date:(2016 OR 2018)", "(or [20160101..20161231] [20180101..20181231])"},
                {"date:2017|甲", "(or [20170101..20171231] <甲>)"});
}

static void impossible_dates_and_falling_ranges_are_refused(void **state)
{
    (void)state;
    CHECK_FAULTS({"date:2017-13", 5}, {"date:2017-02-29", 5}, {"甲 date:2018..2017", 9},
                 {"date:abc", 5}, {"date:2017年", 5}, {"date:..", 5}, {"date:\"\"", 6},
                 {"date:2017*", 9}, {"=date:2017", 1}, {"date:=2017", 6},
                 {"date:\"2017 2018\"~2", 16}, {"日期：二〇一七", 9});
}

/* ---- prefix and exact ---- */

static void a_star_completes_the_last_word(void **state)
{
    (void)state;
    CHECK_TREES({"设备pd17*", "<设备{pd17}*>"}, {"PD*", "<{pd}*>"},
                {"\"设备 pd17\"*", "<设备{pd17}*>"}, {"pd* 甲", "(and <{pd}*> <甲>)"},
                {"pd*|甲", "(or <{pd}*> <甲>)"}, {"(pd*)", "<{pd}*>"}, {"\"pd*\"", "<{pd}>"});
}

static void a_star_after_a_character_asks_nothing_more(void **state)
{
    (void)state;
    CHECK_TREES({"政务*", "<政务>"}, {"“政务”*", "<政务>"}, {"pd型*", "<{pd}型>"});
}

static void a_star_elsewhere_is_an_error(void **state)
{
    (void)state;
    CHECK_FAULTS({"*", 0}, {"*务", 0}, {"政*务", 3}, {"政务**", 6}, {"甲 * 乙", 4}, {"(甲)*", 5},
                 {"\"甲\"*乙", 5}, {"pd，*", 5}, {"=pd*", 3}, {"=\"pd\"*", 5}, {"\"pd \"*", 5});
}

static void equals_asks_for_the_original(void **state)
{
    (void)state;
    CHECK_TREES({"=營商環境", "<营商环境=營商環境>"}, {"=\"營商 環境\"", "<营商环境=營商環境>"},
                {"title:=營商", "title:<营商=營商>"}, {"甲 -=營商", "(and <甲> (not <营商=營商>))"},
                {"=“三公”经费", "<三公经费=三公经费>"}, {"=PD1728A", "<{pd1728a}=PD1728A>"},
                {"=公开、透明。", "<公开/透明=公开、透明>"}, {"=cafe\xCC\x81", "<{café}=café>"},
                {"=（试行）办法", "<试行办法=试行办法>"});
    CHECK_FAULTS({"=(甲 乙)", 1}, {"=title:甲", 1}, {"=", 0}, {"title:=", 6});
}

/* ---- limits ---- */

/* `before`, `count` times `text`, `after`: read with this status, whose message names `named`. */
static void check_status(const char *before, const char *text, size_t count, const char *after,
                         gsearch_status wanted, const char *named)
{
    gs_buf query;
    gs_buf_init(&query, NULL, ARENA_BYTES_MAX);
    gs_buf_str(&query, before);
    while (count-- > 0)
        gs_buf_str(&query, text);
    gs_buf_str(&query, after);
    gs_arena arena;
    gs_arena_init(&arena, NULL, ARENA_BYTES_MAX);
    gs_query parsed;
    gsearch_error error = {0};
    assert_int_equal(gs_query_parse(&arena, gs_buf_view(&query), &parsed, &error), wanted);
    if (wanted)
        assert_non_null(strstr(error.message, named));
    gs_arena_release(&arena);
    gs_buf_release(&query);
}

static void the_number_of_terms_is_limited(void **state)
{
    (void)state;
    check_status("", "甲 ", 1024, "", GSEARCH_OK, NULL);
    check_status("", "甲 ", 1025, "", GSEARCH_LIMIT, "1024");
    check_status("\"", "甲 ", 1025, "\"~5", GSEARCH_LIMIT, "1024");
    check_status("", "date:2017|", 1024, "甲", GSEARCH_LIMIT, "1024");
    // 4 × 4 × 4 × 4 choices of 4 operands are 1,024 terms, beside the 16 that are typed
    check_status("(甲|乙|丙|丁)", " NEAR/1 (甲|乙|丙|丁)", 3, "", GSEARCH_LIMIT, "1024");
    check_status("(甲|乙|丙)", " NEAR/1 (甲|乙|丙|丁)", 3, "", GSEARCH_OK, NULL);
}

static void the_length_of_phrases_is_limited(void **state)
{
    (void)state;
    check_status("", "的", 4096, "", GSEARCH_OK, NULL);
    check_status("", "的", 4097, "", GSEARCH_LIMIT, "4096");
    check_status("", "的的的的的的的的 ", 513, "", GSEARCH_LIMIT, "4096");
    check_status("", "x", 65537, "", GSEARCH_LIMIT, "65536");
}

static void the_depth_of_brackets_is_limited(void **state)
{
    (void)state;
    static const char closed[] = "甲))))))))))))))))))))))))))))))))"; // 32 of them
    static const char deeper[] = "甲)))))))))))))))))))))))))))))))))";
    check_status("", "(", 32, closed, GSEARCH_OK, NULL);
    check_status("", "(", 33, deeper, GSEARCH_LIMIT, "32");
    check_status("", "(", 65536, "", GSEARCH_BAD_QUERY, "not closed");
}

static void distances_are_limited(void **state)
{
    (void)state;
    check_status("甲 NEAR/1000 乙", "", 0, "", GSEARCH_OK, NULL);
    check_status("甲 NEAR/1001 乙", "", 0, "", GSEARCH_LIMIT, "1000");
    check_status("甲 NEAR/99999999999999999999 乙", "", 0, "", GSEARCH_LIMIT, "1000");
    check_status("甲 NEAR/600 乙 NEAR/401 丙", "", 0, "", GSEARCH_LIMIT, "1000");
    check_status("\"甲 乙\"~1000", "", 0, "", GSEARCH_OK, NULL);
    check_status("\"甲 乙\"~1001", "", 0, "", GSEARCH_LIMIT, "1000");
}

typedef gsearch_status (*parse_text)(gs_arena *arena, const char *text, gsearch_error *error);

static gsearch_status parse_query(gs_arena *arena, const char *text, gsearch_error *error)
{
    gs_query query;
    return gs_query_parse(arena, gs_bytes_str(text), &query, error);
}

static gsearch_status parse_question(gs_arena *arena, const char *text, gsearch_error *error)
{
    gs_question question;
    return gs_question_parse(arena, gs_bytes_str(text), &question, error);
}

static void bytes_that_are_not_utf8_are_a_bad_argument(void **state)
{
    (void)state;
    gsearch_error error;
    gs_arena arena;
    gs_arena_init(&arena, NULL, ARENA_BYTES_MAX);
    check_status("甲\xE7\x94", "", 0, "", GSEARCH_BAD_ARGUMENT, "UTF-8");
    assert_fails(GSEARCH_BAD_ARGUMENT, parse_question(&arena, "甲\xE7\x94", &error), &error);
    gs_arena_release(&arena);
}

/* ---- leaves ---- */

static void leaves_are_all_phrases_in_query_order(void **state)
{
    (void)state;
    gs_arena arena;
    gs_arena_init(&arena, NULL, ARENA_BYTES_MAX);
    gs_query query;
    gsearch_error error;
    const char *text = "甲 (乙 OR date:2017 -丙) \"丁 戊\"~3 -己";
    assert_ok(gs_query_parse(&arena, gs_bytes_str(text), &query, &error), &error);
    static const uint32_t wanted[] = {0x7532, 0x4E59, 0x4E19, 0x4E01, 0x620A, 0x5DF1};
    assert_int_equal(query.leaves_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(query.leaves[i]->kind, GS_NODE_PHRASE);
        assert_int_equal(query.leaves[i]->items[0].code_point, wanted[i]);
    }
    assert_int_equal(query.leaves[1]->offset, 5);
    gs_arena_release(&arena);
}

/* ---- match=any ---- */

static void check_question(const char *text, const char *filter, const char *items)
{
    gs_arena arena;
    gs_arena_init(&arena, NULL, ARENA_BYTES_MAX);
    gs_question question;
    gsearch_error error = {0};
    gsearch_status status = gs_question_parse(&arena, gs_bytes_str(text), &question, &error);
    if (status)
        fail_msg("%s: %s at %d", text, error.message, (int)error.offset);
    gs_buf printed;
    gs_buf_init(&printed, NULL, ARENA_BYTES_MAX);
    if (question.filter.root)
        print_node(&printed, question.filter.root);
    gs_buf_str(&printed, "#");
    print_items(&printed, question.items, question.items_count);
    gs_buf_u8(&printed, 0);
    char wanted[256];
    snprintf(wanted, sizeof(wanted), "%s#%s", filter, items);
    if (strcmp((const char *)printed.data, wanted) != 0)
        fail_msg("%s: read as %s, not %s", text, (const char *)printed.data, wanted);
    gs_buf_release(&printed);
    gs_arena_release(&arena);
}

static void a_question_is_plain_text_with_breaks_between_terms(void **state)
{
    (void)state;
    check_question("怎样申请政府信息公开", "", "怎样申请政府信息公开");
    check_question("2017年 报告，在哪里？", "", "{2017}年/报告/在哪里");
    check_question("甲 ？ 乙", "", "甲/乙");
}

static void a_question_keeps_quotes_minus_and_fields(void **state)
{
    (void)state;
    check_question("甲乙 \"丙 丁\"", "(and <丙丁>)", "甲乙");
    check_question("甲 -丙 －\"丁 戊\" 乙", "(and (not <丙>) (not <丁戊>))", "甲/乙");
    check_question("甲 标题：乙 date:2017", "(and title:<乙> [20170101..20171231])", "甲");
    check_question("date:2017", "(and [20170101..20171231])", "");
    check_question("“三公”经费", "", "三公经费");
}

static void other_operators_of_a_question_are_text(void **state)
{
    (void)state;
    check_question("甲 OR 乙", "", "甲/{or}/乙");
    check_question("(甲|乙) NOT =丙*", "", "甲乙/{not}/丙");
    check_question("甲) NEAR/5 (乙", "", "甲/{near}{5}/乙");
}

static void a_question_without_anything_positive_is_refused(void **state)
{
    (void)state;
    static const fault faults[] = {
        {"", 0},        {"？", 0},          {"-丙", 0},  {"-丙 ？", 0},  {"甲 \"乙", 4},
        {"甲 \"\"", 4}, {"甲 docno:乙", 4}, {"甲 -", 4}, {"甲 --乙", 5}, {"甲 date:2017-13", 9},
        {"甲”", 3}};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        gs_arena arena;
        gs_arena_init(&arena, NULL, ARENA_BYTES_MAX);
        gs_question question;
        gsearch_error error = {0};
        gs_bytes text = gs_bytes_str(faults[i].query);
        assert_int_equal(gs_question_parse(&arena, text, &question, &error), GSEARCH_BAD_QUERY);
        assert_int_equal(error.offset, faults[i].offset);
        gs_arena_release(&arena);
    }
}

/* ---- any text ---- */

/* What a query promises beside its answer: the shape of the tree that parse.h states. */
static uint32_t check_shape(const gs_node *node, gs_node_kind parent)
{
    bool positive = false;
    uint32_t phrases = node->kind == GS_NODE_PHRASE;
    switch (node->kind) {
    case GS_NODE_PHRASE:
        assert_true(node->items_count > 0);
        assert_int_not_equal(node->items[0].kind, GS_TOKEN_BREAK);
        assert_int_not_equal(node->items[node->items_count - 1].kind, GS_TOKEN_BREAK);
        return 1;
    case GS_NODE_DATE:
        assert_true(node->date_from <= node->date_to);
        return 0;
    case GS_NODE_NOT:
        assert_int_equal(node->children_count, 1);
        break;
    default:
        assert_true(node->children_count >= 2);
    }
    for (uint32_t i = 0; i < node->children_count; i++) {
        const gs_node *child = node->children[i];
        assert_int_not_equal(child->kind, node->kind);
        if (node->kind == GS_NODE_OR || node->kind == GS_NODE_NOT)
            assert_int_not_equal(child->kind, GS_NODE_NOT);
        if (node->kind == GS_NODE_NEAR)
            assert_int_equal(child->kind, GS_NODE_PHRASE);
        positive = positive || child->kind != GS_NODE_NOT;
        phrases += check_shape(child, node->kind);
    }
    assert_true(positive);
    assert_true(parent != GS_NODE_NEAR);
    return phrases;
}

static void any_text_gives_a_sound_tree_or_a_fault_with_its_place(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "甲",    "乙",   "pd",   "1",      "，",    " ",        " ",      "　",        "(",
        ")",     "（",   "）",   "\"",     "“",     "”",        "「",     "」",        "『",
        "』",    "＂",   "|",    "｜",     "*",     "~",        "~5",     "-",         "－",
        "=",     "＝",   " OR ", " AND ",  " NOT ", " NEAR/3 ", " ＯＲ ", "title:",    "标题：",
        "date:", "2017", "..",   "docno:", "OR",    "𠀀",       "\t",     "e\xCC\x81", "㎡",
    };
    enum { PIECES = sizeof(pieces) / sizeof(pieces[0]) };
    uint64_t random = 20171205;
    gs_arena arena;
    gs_arena_init(&arena, NULL, ARENA_BYTES_MAX);
    size_t good = 0;
    for (int round = 0; round < 30000; round++) {
        gs_buf text;
        gs_buf_init(&text, NULL, 256);
        uint64_t length = gs_test_random_below(&random, 14);
        for (uint64_t i = 0; i < length; i++)
            gs_buf_str(&text, pieces[gs_test_random_below(&random, PIECES)]);
        gs_query query;
        gs_question question;
        gsearch_error error = {0};
        gsearch_status status = gs_query_parse(&arena, gs_buf_view(&text), &query, &error);
        if (status == GSEARCH_LIMIT) { // "甲"~52017
            assert_non_null(strstr(error.message, "1000"));
        } else if (status) {
            assert_int_equal(status, GSEARCH_BAD_QUERY);
            assert_in_range(error.offset, 0, text.len);
        } else {
            good++;
            check_shape(query.root, GS_NODE_AND);
        }
        status = gs_question_parse(&arena, gs_buf_view(&text), &question, &error);
        if (status) {
            assert_int_equal(status, GSEARCH_BAD_QUERY);
            assert_in_range(error.offset, 0, text.len);
        }
        gs_buf_release(&text);
        gs_arena_reset(&arena);
    }
    assert_true(good > 1000); // else the texts test nothing but faults
    gs_arena_release(&arena);
}

/* With less memory than it takes, in the arena or at all, parsing fails for that reason. */
static void check_memory(parse_text parse, const char *text)
{
    size_t failures = 0;
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t bytes = 0; status; bytes += 16) {
        gs_arena arena;
        gsearch_error error = {0};
        gs_arena_init(&arena, NULL, bytes);
        status = parse(&arena, text, &error);
        gs_arena_release(&arena);
        if (status)
            assert_fails(GSEARCH_NO_MEMORY, status, &error);
        failures += status != GSEARCH_OK;
    }
    assert_true(failures > 10);
    status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_arena arena;
        gsearch_error error = {0};
        gs_flaky_init(&flaky, fail_at);
        gs_arena_init(&arena, &flaky.mem, ARENA_BYTES_MAX);
        status = parse(&arena, text, &error);
        gs_arena_release(&arena);
        assert_int_equal(flaky.live, 0);
        if (status)
            assert_fails(GSEARCH_NO_MEMORY, status, &error);
    }
}

static void memory_that_runs_out_is_reported(void **state)
{
    (void)state;
    check_memory(parse_query,
                 "=甲 date:2017 \"一二三四五六七八。九\" (乙 OR 丙) NEAR/2 戊 (\"丁 己\"~3 OR pd1 2017年) -pd*");
    check_memory(parse_question, "甲乙 -丙 标题：乙 date:2017 pd17。丁 \"丙 丁\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unspaced_run_is_a_phrase),
        cmocka_unit_test(all_of_several_terms_must_occur),
        cmocka_unit_test(each_kind_of_quote_makes_a_phrase),
        cmocka_unit_test(a_quote_is_closed_by_its_own_mark),
        cmocka_unit_test(quotes_make_an_operator_word_literal),
        cmocka_unit_test(or_binds_weaker_than_and),
        cmocka_unit_test(the_bar_divides_anywhere_outside_quotes),
        cmocka_unit_test(operator_words_are_upper_case_between_white_space),
        cmocka_unit_test(full_width_operators_are_the_same),
        cmocka_unit_test(minus_and_not_exclude),
        cmocka_unit_test(minus_and_equals_are_text_inside_a_term),
        cmocka_unit_test(every_branch_needs_a_positive_term),
        cmocka_unit_test(an_operator_needs_its_operands),
        cmocka_unit_test(a_bracket_or_quote_with_a_character_behind_it_is_text),
        cmocka_unit_test(a_bracket_or_quote_that_opens_inside_a_term_is_text),
        cmocka_unit_test(a_closing_mark_may_be_followed_by_a_border_or_suffix),
        cmocka_unit_test(an_unbalanced_mark_is_refused_with_its_offset),
        cmocka_unit_test(nothings_only_are_refused),
        cmocka_unit_test(near_stands_between_terms_of_one_field),
        cmocka_unit_test(a_chain_of_near_has_the_sum_of_its_distances),
        cmocka_unit_test(near_is_distributed_over_or),
        cmocka_unit_test(white_space_separates_terms_before_a_tilde_only),
        cmocka_unit_test(a_field_stands_before_a_term_phrase_or_group),
        cmocka_unit_test(an_unknown_field_is_text),
        cmocka_unit_test(fields_that_no_index_holds_are_refused),
        cmocka_unit_test(a_date_is_a_stretch_of_days),
        cmocka_unit_test(impossible_dates_and_falling_ranges_are_refused),
        cmocka_unit_test(a_star_completes_the_last_word),
        cmocka_unit_test(a_star_after_a_character_asks_nothing_more),
        cmocka_unit_test(a_star_elsewhere_is_an_error),
        cmocka_unit_test(equals_asks_for_the_original),
        cmocka_unit_test(the_number_of_terms_is_limited),
        cmocka_unit_test(the_length_of_phrases_is_limited),
        cmocka_unit_test(the_depth_of_brackets_is_limited),
        cmocka_unit_test(distances_are_limited),
        cmocka_unit_test(bytes_that_are_not_utf8_are_a_bad_argument),
        cmocka_unit_test(leaves_are_all_phrases_in_query_order),
        cmocka_unit_test(a_question_is_plain_text_with_breaks_between_terms),
        cmocka_unit_test(a_question_keeps_quotes_minus_and_fields),
        cmocka_unit_test(other_operators_of_a_question_are_text),
        cmocka_unit_test(a_question_without_anything_positive_is_refused),
        cmocka_unit_test(any_text_gives_a_sound_tree_or_a_fault_with_its_place),
        cmocka_unit_test(memory_that_runs_out_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
