/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser of queries and questions: what it gives keeps the promises of query/parse.h, and a
 * tree that is written down in the plainest form reads back as the same tree.
 */
#include "query/parse.h"

#include "common/base/utf8.h"
#include "query/period.h"
#include "tests/fuzz/target.h"

static gs_buf text; /* a query as it is written down */

/* ---- promises ---- */

static void check_items(const gs_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].kind == GS_TOKEN_WORD)
            assert_true(items[i].word.len >= 1 && items[i].word.len <= GS_TERM_BYTES_MAX);
        if (items[i].kind == GS_TOKEN_BREAK)
            assert_true(i > 0 && i + 1 < count && items[i - 1].kind != GS_TOKEN_BREAK);
    }
}

static void check_tree(const gs_node *node, size_t len, unsigned depth)
{
    bool positive = node->kind != GS_NODE_AND;
    assert_true(node->offset < len && depth <= 4 * GS_QUERY_DEPTH_MAX);
    for (uint32_t i = 0; i < node->children_count; i++) {
        const gs_node *child = node->children[i];
        check_tree(child, len, depth + 1);
        positive |= child->kind != GS_NODE_NOT;
        assert_false(child->kind == node->kind &&
                     (node->kind == GS_NODE_AND || node->kind == GS_NODE_OR));
        assert_false(child->kind == GS_NODE_NOT && node->kind == GS_NODE_OR);
        if (node->kind == GS_NODE_NEAR)
            assert_true(child->kind == GS_NODE_PHRASE && child->field == node->children[0]->field);
    }
    assert_true(positive);
    if (node->kind == GS_NODE_PHRASE) {
        assert_true(node->items_count > 0);
        check_items(node->items, node->items_count);
    } else if (node->kind == GS_NODE_DATE) {
        assert_true(node->date_from <= node->date_to);
    } else {
        assert_int_equal(node->children_count == 1, node->kind == GS_NODE_NOT);
    }
}

/* ---- writing down ---- */

static void put_items(const gs_node *node)
{
    gs_buf_str(&text, node->field == GS_FIELD_TITLE ? "title:\"" : "\"");
    for (uint32_t i = 0; i < node->items_count; i++) {
        const gs_item *item = &node->items[i];
        uint8_t character[4];
        gs_buf_str(&text, i ? " " : "");
        if (item->kind == GS_TOKEN_CJK)
            gs_buf_append(&text, character, gs_utf8_encode(item->code_point, character));
        else if (item->kind == GS_TOKEN_WORD)
            gs_buf_bytes(&text, item->word);
        else
            gs_buf_str(&text, "。");
    }
    gs_buf_str(&text, node->prefix ? "\"*" : "\"");
}

static void put_date(const gs_node *node)
{
    gs_buf_str(&text, "date:");
    if (node->date_from != GS_PERIOD_OPEN_FROM)
        gs_buf_printf(&text, "%08u", (unsigned)node->date_from);
    gs_buf_str(&text, "..");
    if (node->date_to != GS_PERIOD_OPEN_TO)
        gs_buf_printf(&text, "%08u", (unsigned)node->date_to);
}

static void put_tree(const gs_node *node);

static void put_operand(const gs_node *node)
{
    bool is_term = node->kind == GS_NODE_PHRASE || node->kind == GS_NODE_DATE;
    gs_buf_str(&text, is_term || node->kind == GS_NODE_NOT ? "" : "(");
    put_tree(node);
    gs_buf_str(&text, is_term || node->kind == GS_NODE_NOT ? "" : ")");
}

/* The form without shorthand: `=` is left out, for its text has no form but its own. */
static void put_tree(const gs_node *node)
{
    if (node->kind == GS_NODE_PHRASE)
        put_items(node);
    else if (node->kind == GS_NODE_DATE)
        put_date(node);
    else if (node->kind == GS_NODE_NOT)
        gs_buf_u8(&text, '-');
    for (uint32_t i = 0; i < node->children_count; i++) {
        if (i && node->kind == GS_NODE_NEAR)
            gs_buf_printf(&text, " NEAR/%u ", i == 1 ? (unsigned)node->distance : 0);
        else if (i)
            gs_buf_str(&text, node->kind == GS_NODE_AND ? " AND " : " OR ");
        put_operand(node->children[i]);
    }
}

/* Whether each word can be written down: one that is too long stands there as a hash. */
static bool is_plain(const gs_query *query)
{
    for (uint32_t i = 0; i < query->leaves_count; i++)
        for (uint32_t k = 0; k < query->leaves[i]->items_count; k++)
            if (query->leaves[i]->items[k].word.len > GS_QUERY_PREFIX_BYTES_MAX)
                return false;
    return true;
}

static void check_same(const gs_node *a, const gs_node *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->distance, b->distance);
    assert_int_equal(a->field, b->field);
    assert_int_equal(a->prefix, b->prefix);
    assert_int_equal(a->date_from, b->date_from);
    assert_int_equal(a->date_to, b->date_to);
    assert_int_equal(a->items_count, b->items_count);
    for (uint32_t i = 0; i < a->items_count; i++) {
        assert_int_equal(a->items[i].kind, b->items[i].kind);
        assert_int_equal(a->items[i].code_point, b->items[i].code_point);
        assert_true(gs_bytes_equal(a->items[i].word, b->items[i].word));
    }
    assert_int_equal(a->children_count, b->children_count);
    for (uint32_t i = 0; i < a->children_count; i++)
        check_same(a->children[i], b->children[i]);
}

/* ---- the target ---- */

static void check_fault(gsearch_status status, const gsearch_error *error, gs_bytes query)
{
    assert_int_equal(status, error->code);
    if (status == GSEARCH_BAD_QUERY)
        assert_true(error->offset >= 0 && (size_t)error->offset <= query.len);
    else if (status == GSEARCH_BAD_ARGUMENT)
        assert_true(gs_utf8_valid_prefix(query) < query.len);
    else
        assert_int_equal(status, GSEARCH_LIMIT);
}

static void check_query(gs_arena *arena, gs_bytes written)
{
    gs_query query, again;
    gsearch_error error;
    gsearch_status status = gs_query_parse(arena, written, &query, &error);
    if (status) {
        check_fault(status, &error, written);
        return;
    }
    check_tree(query.root, written.len, 0);
    if (!is_plain(&query))
        return;
    gs_buf_reset(&text);
    put_tree(query.root);
    status = gs_query_parse(arena, gs_buf_view(&text), &again, &error);
    if (status == GSEARCH_LIMIT) // what is written out is longer, and has brackets
        return;
    assert_ok(status, &error);
    check_same(query.root, again.root);
}

static void check_question(gs_arena *arena, gs_bytes written)
{
    gs_question question;
    gsearch_error error;
    gsearch_status status = gs_question_parse(arena, written, &question, &error);
    if (status) {
        check_fault(status, &error, written);
        return;
    }
    check_items(question.items, question.items_count);
    const gs_node *root = question.filter.root;
    bool finds = question.items_count > 0;
    for (uint32_t i = 0; root && i < root->children_count; i++) {
        check_tree(root->children[i], written.len, 0);
        finds |= root->children[i]->kind != GS_NODE_NOT;
    }
    assert_true(finds);
    assert_true(!root || (root->kind == GS_NODE_AND && root->children_count > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gs_arena arena;
    if (!text.max) {
        gs_buf_init(&text, NULL, SIZE_MAX);
        gs_arena_init(&arena, NULL, 1u << 26);
    }
    gs_arena_reset(&arena);
    check_query(&arena, gs_bytes_of(data, size));
    check_question(&arena, gs_bytes_of(data, size));
    return 0;
}
