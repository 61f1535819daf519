/* SPDX-License-Identifier: Apache-2.0
 *
 * How a question is taken apart. What it finds is compared in test_search.c.
 */
#include "query/any.h"

#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef struct state {
    char *dir;
    gs_collection collection;
    gsearch_index *index;
    gs_snapshot *snapshot;
    gs_arena arena;
    gs_plan plan;
    gs_plan_node *root;
} state;

static int set_up(void **out)
{
    state *made = test_calloc(1, sizeof(*made));
    gs_collection_add(&made->collection, "a", "政务公开", NULL, 0);
    made->dir = gs_test_dir_make();
    made->index = gs_collection_index(&made->collection, made->dir, 1, true);
    made->snapshot = gs_index_snapshot(made->index);
    gs_arena_init(&made->arena, NULL, 1u << 24);
    gs_plan_start(&made->plan, &made->arena, made->snapshot);
    *out = made;
    return 0;
}

static int tear_down(void **in)
{
    state *made = *in;
    gs_arena_release(&made->arena);
    gs_snapshot_unref(made->snapshot);
    gsearch_index_close(made->index);
    gs_test_dir_remove(made->dir);
    gs_collection_free(&made->collection);
    test_free(made);
    return 0;
}

static gsearch_status plan(state *made, const char *text, gsearch_error *err)
{
    gs_question question;
    GS_TRY(gs_question_parse(&made->arena, gs_bytes_str(text), &question, err));
    return gs_any_plan(&made->plan, &question, &made->root, err);
}

static void grams_come_first_then_pairs_at_half_their_weight(void **in)
{
    state *made = *in;
    gsearch_error error;
    assert_ok(plan(made, "政务公，ab年ab年", &error), &error);
    assert_int_equal(made->root->children_count, 1);
    const gs_plan_node *terms = made->root->children[0];
    // 政务 务公 ab 年 · 政务公 ab年 年ab, the second ab年 being no new one
    static const uint32_t items[] = {2, 2, 1, 1, 3, 2, 2};
    assert_int_equal(terms->children_count, 7);
    for (uint32_t i = 0; i < 7; i++)
        assert_int_equal(terms->children[i]->node->items_count, items[i]);
    double both = terms->children[0]->weight + terms->children[1]->weight;
    assert_true(terms->children[4]->weight == both / 2);
}

static void a_filter_stands_before_the_grams(void **in)
{
    state *made = *in;
    gsearch_error error;
    assert_ok(plan(made, "公开 \"政务\" -年", &error), &error);
    assert_int_equal(made->root->node->kind, GS_NODE_AND);
    assert_int_equal(made->root->children_count, 2);
    assert_int_equal(made->root->children[1]->node->kind, GS_NODE_OR);
    assert_int_equal(made->root->children[1]->children_count, 1);
}

static void a_question_of_nothing_is_refused(void **in)
{
    gsearch_error error;
    assert_fails(GSEARCH_BAD_QUERY, plan(*in, "（ ）", &error), &error);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(grams_come_first_then_pairs_at_half_their_weight),
        TEST(a_filter_stands_before_the_grams),
        TEST(a_question_of_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
