/* SPDX-License-Identifier: Apache-2.0
 *
 * Phrases by hand, the examples of docs/QUERY.md among them.
 */
#include "tests/query/collection.h"
#include "tests/query/probe.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef struct state {
    char *dir;
    gs_collection collection;
    gsearch_index *index;
} state;

enum { OPENNESS, EXPENSES, NUMBER, DEVICE, TITLED, TRADITIONAL, END };

static int set_up(void **out)
{
    state *made = test_calloc(1, sizeof(*made));
    gs_collection *all = &made->collection;
    gs_collection_add(all, "a", "题\n政务公开，透明。公开透明", NULL, 0);
    gs_collection_add(all, "b", "题\n“三公”经费，三\n公经费", NULL, 0);
    gs_collection_add(all, "c", "题\n银政办发〔2017〕116号，2017年6月3日", NULL, 0);
    gs_collection_add(all, "d", "题\n设备PD1728A型，年年2017 度", NULL, 0);
    gs_collection_add(all, "e", "报告书", "年度", 0);
    gs_collection_add(all, "f", "题\n優化營商環境", NULL, 0);
    gs_collection_add(all, "g", "末", NULL, 0);
    made->dir = gs_test_dir_make();
    made->index = gs_collection_index(all, made->dir, 1, true);
    *out = made;
    return 0;
}

static int tear_down(void **in)
{
    state *made = *in;
    gsearch_index_close(made->index);
    gs_test_dir_remove(made->dir);
    gs_collection_free(&made->collection);
    test_free(made);
    return 0;
}

static uint32_t tf(void **in, const char *query, uint32_t doc)
{
    state *made = *in;
    return gs_probe_tf(made->index, query, doc);
}

static void phrase_does_not_cross_documents(void **in)
{
    assert_int_equal(tf(in, "境末", TRADITIONAL), 0);
    assert_int_equal(tf(in, "环境末", TRADITIONAL), 0);
    assert_int_equal(tf(in, "营商环境", TRADITIONAL), 1);
}

static void phrase_does_not_cross_fields(void **in)
{
    assert_int_equal(tf(in, "年度报告", TITLED), 0);
    assert_int_equal(tf(in, "度报", TITLED), 0);
    assert_int_equal(tf(in, "度、报", TITLED), 0);
    assert_int_equal(tf(in, "报告", TITLED), 1);
}

static void nothings_match_nothing(void **in)
{
    assert_int_equal(tf(in, "三公经费", EXPENSES), 2);
    assert_int_equal(tf(in, "银政办发2017116号", NUMBER), 0);
    assert_int_equal(tf(in, "银政办发（2017）116号", NUMBER), 1);
}

static void a_break_equals_any_other(void **in)
{
    assert_int_equal(tf(in, "公开、透明", OPENNESS), 1);
    assert_int_equal(tf(in, "公开透明", OPENNESS), 1);
    assert_int_equal(tf(in, "开！透", OPENNESS), 1);
    assert_int_equal(tf(in, "明、公", OPENNESS), 1);
}

static void phrases_cross_scripts(void **in)
{
    assert_int_equal(tf(in, "2017年6月3日", NUMBER), 1);
    assert_int_equal(tf(in, "年6月", NUMBER), 1);
    assert_int_equal(tf(in, "发2017", NUMBER), 1);
    assert_int_equal(tf(in, "设备pd1728a型", DEVICE), 1);
    assert_int_equal(tf(in, "备ＰＤ１７２８Ａ", DEVICE), 1);
    assert_int_equal(tf(in, "2017度", DEVICE), 1);
    assert_int_equal(tf(in, "2017年", DEVICE), 0);
}

static void one_character_is_found_wherever_it_stands(void **in)
{
    assert_int_equal(tf(in, "年", DEVICE), 2);
    assert_int_equal(tf(in, "度", DEVICE), 1);
    assert_int_equal(tf(in, "公", OPENNESS), 2);
    assert_int_equal(tf(in, "末", END), 3); // the title of that document
    assert_int_equal(tf(in, "，透", OPENNESS), 2);
}

static void a_word_is_whole_unless_completed(void **in)
{
    assert_int_equal(tf(in, "pd17", DEVICE), 0);
    assert_int_equal(tf(in, "pd17*", DEVICE), 1);
    assert_int_equal(tf(in, "设备pd17*", DEVICE), 1);
    assert_int_equal(tf(in, "年pd17*", DEVICE), 0);
}

static void traditional_finds_simplified_unless_exact(void **in)
{
    assert_int_equal(tf(in, "优化营商环境", TRADITIONAL), 1);
    assert_int_equal(tf(in, "=营商环境", TRADITIONAL), 0);
    assert_int_equal(tf(in, "=營商環境", TRADITIONAL), 1);
}

static void a_title_match_lies_wholly_in_the_title(void **in)
{
    assert_int_equal(tf(in, "年度", TITLED), 3);
    assert_int_equal(tf(in, "title:年度", TITLED), 3);
    assert_int_equal(tf(in, "title:报告", TITLED), 0);
    assert_int_equal(tf(in, "题優化", TRADITIONAL), 1); // a line end is nothing
    assert_int_equal(tf(in, "title:题優化", TRADITIONAL), 0);
    assert_int_equal(tf(in, "title:题", TRADITIONAL), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(phrase_does_not_cross_documents),
        TEST(phrase_does_not_cross_fields),
        TEST(nothings_match_nothing),
        TEST(a_break_equals_any_other),
        TEST(phrases_cross_scripts),
        TEST(one_character_is_found_wherever_it_stands),
        TEST(a_word_is_whole_unless_completed),
        TEST(traditional_finds_simplified_unless_exact),
        TEST(a_title_match_lies_wholly_in_the_title),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
