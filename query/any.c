/* SPDX-License-Identifier: Apache-2.0
 *
 * A question as OR of its grams and of its pairs of grams, under its filter.
 */
#include "query/any.h"

#include "common/base/limits.h"

/* The grams of the question: [from, to) of its items, in order. Each different one is a term. */
typedef struct gram_range {
    uint32_t from, to;
    bool is_new;   // the first of its kind
    uint32_t term; // its number
} gram_range;

/* Two grams that follow one another, as numbers of terms. */
typedef struct gram_pair {
    uint32_t first, second;
} gram_pair;

/* The terms of a question: its different grams, then its different pairs. */
typedef struct gram_terms {
    gs_node *node;
    uint32_t singles;
    gram_pair *pairs;
} gram_terms;

static bool same_item(const gs_item *a, const gs_item *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind == GS_TOKEN_WORD ? gs_bytes_equal(a->word, b->word)
                                    : a->code_point == b->code_point;
}

static bool same_items(const gs_item *items, gram_range a, gram_range b)
{
    if (a.to - a.from != b.to - b.from)
        return false;
    for (uint32_t i = 0; i < a.to - a.from; i++) {
        if (!same_item(&items[a.from + i], &items[b.from + i]))
            return false;
    }
    return true;
}

/* The first of the grams that is the same; `count` if there is none. */
static uint32_t find_same(const gs_item *items, const gram_range *grams, uint32_t count,
                          gram_range wanted)
{
    uint32_t i = 0;
    while (i < count && !same_items(items, grams[i], wanted))
        i++;
    return i;
}

static bool is_cjk(const gs_question *question, uint32_t i)
{
    return i < question->items_count && question->items[i].kind == GS_TOKEN_CJK;
}

static gsearch_status cut_grams(const gs_question *question, gs_arena *arena, gram_range **out,
                                uint32_t *out_count, gsearch_error *err)
{
    gram_range *grams = gs_arena_alloc(arena, question->items_count * sizeof(*grams));
    uint32_t count = 0, terms = 0;
    if (!grams)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < question->items_count; i++) {
        if (question->items[i].kind == GS_TOKEN_BREAK)
            continue;
        bool pairs = is_cjk(question, i) && is_cjk(question, i + 1);
        if (is_cjk(question, i) && !pairs && i && is_cjk(question, i - 1))
            continue; // in the bigram before
        gram_range gram = {.from = i, .to = i + (pairs ? 2 : 1)};
        if (count == GS_QUERY_TERMS_MAX)
            return gs_fail(err, GSEARCH_LIMIT, "the question has more than %u grams",
                           GS_QUERY_TERMS_MAX);
        uint32_t same = find_same(question->items, grams, count, gram);
        gram.is_new = same == count;
        gram.term = gram.is_new ? terms++ : grams[same].term;
        grams[count++] = gram;
    }
    *out = grams;
    *out_count = count;
    return GSEARCH_OK;
}

static gsearch_status new_node(gs_arena *arena, gs_node_kind kind, gs_node **out,
                               gsearch_error *err)
{
    *out = gs_arena_calloc(arena, 1, sizeof(**out));
    if (!*out)
        return gs_fail_memory(err);
    (*out)->kind = kind;
    return GSEARCH_OK;
}

static gsearch_status add_phrase(gs_arena *arena, const gs_item *items, gram_range gram,
                                 gs_node *parent, gsearch_error *err)
{
    gs_node *phrase = NULL;
    GS_TRY(new_node(arena, GS_NODE_PHRASE, &phrase, err));
    phrase->items = items + gram.from;
    phrase->items_count = gram.to - gram.from;
    parent->children[parent->children_count++] = phrase;
    return GSEARCH_OK;
}

/* The OR of the grams, then of the different pairs of neighbours. */
static gsearch_status make_alternatives(const gs_question *question, gs_arena *arena,
                                        gram_terms *out, gsearch_error *err)
{
    gram_range *grams = NULL;
    uint32_t count = 0;
    gs_node *node = NULL;
    GS_TRY(cut_grams(question, arena, &grams, &count, err));
    GS_TRY(new_node(arena, GS_NODE_OR, &node, err));
    node->children = gs_arena_alloc(arena, 2 * (size_t)count * sizeof(gs_node *));
    gram_range *pairs = gs_arena_alloc(arena, count * sizeof(*pairs));
    out->pairs = gs_arena_alloc(arena, count * sizeof(*out->pairs));
    if (!node->children || !pairs || !out->pairs)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        if (grams[i].is_new)
            GS_TRY(add_phrase(arena, question->items, grams[i], node, err));
    }
    out->singles = node->children_count;
    uint32_t pairs_count = 0;
    for (uint32_t i = 0; i + 1 < count; i++) {
        if (grams[i + 1].from > grams[i].to)
            continue; // a break lies between
        gram_range pair = {.from = grams[i].from, .to = grams[i + 1].to};
        if (find_same(question->items, pairs, pairs_count, pair) == pairs_count) {
            out->pairs[node->children_count - out->singles] =
                (gram_pair){grams[i].term, grams[i + 1].term};
            GS_TRY(add_phrase(arena, question->items, pair, node, err));
        }
        pairs[pairs_count++] = pair;
    }
    out->node = node;
    return GSEARCH_OK;
}

gsearch_status gs_any_plan(gs_plan *plan, const gs_question *question, gs_plan_node **out,
                           gsearch_error *err)
{
    gs_node *filter = question->filter.root, *both = NULL;
    gram_terms made = {0};
    if (question->items_count)
        GS_TRY(make_alternatives(question, plan->arena, &made, err));
    gs_node *alternatives = made.singles ? made.node : NULL;
    if (!filter && !alternatives)
        return gs_fail(err, GSEARCH_BAD_QUERY, "the question has nothing to look for");
    if (!alternatives)
        return gs_plan_add(plan, filter, out, err);
    GS_TRY(new_node(plan->arena, GS_NODE_AND, &both, err));
    both->children = gs_arena_alloc(plan->arena, 2 * sizeof(gs_node *));
    if (!both->children)
        return gs_fail_memory(err);
    if (filter)
        both->children[both->children_count++] = filter;
    both->children[both->children_count++] = alternatives;
    GS_TRY(gs_plan_add(plan, both, out, err));
    gs_plan_node *terms = (*out)->children[both->children_count - 1];
    for (uint32_t i = made.singles; i < terms->children_count; i++) {
        gram_pair pair = made.pairs[i - made.singles];
        terms->children[i]->weight *= GS_SCORE_TOGETHER;
        terms->children[i]->parts[0] = terms->children[pair.first];
        terms->children[i]->parts[1] = terms->children[pair.second];
    }
    return GSEARCH_OK;
}
