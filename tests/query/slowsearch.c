/* SPDX-License-Identifier: Apache-2.0
 *
 * The slow search: docs/QUERY.md read word by word. It shares the parser with the engine and
 * nothing behind it.
 */
#include <math.h>
#include <stdlib.h>

#include "common/text/exact.h"
#include "tests/query/collection.h"
#include "tests/support/check.h"

#define K1 1.2
#define B 0.75
#define TITLE 3.0
#define TOGETHER 0.5
#define NEAR_TERMS 4

typedef struct span {
    uint32_t start, end;
} span;

typedef struct spans {
    span *at;
    size_t count;
} spans;

static void push(spans *list, span added)
{
    list->at = realloc(list->at, (list->count + 1) * sizeof(span));
    list->at[list->count++] = added;
}

/* ---- one document ---- */

static bool item_fits(const gs_item *item, bool prefix, const gs_collection_token *token)
{
    if (token->is_gap || token->kind != item->kind)
        return false;
    if (item->kind == GS_TOKEN_CJK)
        return token->code_point == item->code_point;
    if (item->kind == GS_TOKEN_BREAK)
        return true;
    return (prefix ? token->word.len >= item->word.len : token->word.len == item->word.len) &&
           memcmp(token->word.ptr, item->word.ptr, item->word.len) == 0;
}

static bool is_exact(const gs_node *phrase, const gs_collection_token *first)
{
    const gs_collection_token *last = first + phrase->items_count - 1;
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    gs_text_exact(&text, gs_bytes_of(first->source.ptr + first->byte_start,
                                     last->byte_end - first->byte_start));
    bool same = gs_bytes_equal(gs_buf_view(&text), phrase->exact_text);
    gs_buf_release(&text);
    return same;
}

static spans find_phrase(const gs_collection_document *document, const gs_node *phrase)
{
    spans found = {0};
    for (uint32_t i = 0; i + phrase->items_count <= document->length; i++) {
        bool fits = true;
        for (uint32_t j = 0; j < phrase->items_count && fits; j++)
            fits = item_fits(&phrase->items[j], phrase->prefix && j + 1 == phrase->items_count,
                             &document->tokens[i + j]);
        span match = {i, i + phrase->items_count};
        if (fits && phrase->field == GS_FIELD_TITLE)
            fits = match.end <= document->title_length;
        if (fits && phrase->exact)
            fits = is_exact(phrase, &document->tokens[i]);
        if (fits)
            push(&found, match);
    }
    return found;
}

static bool crosses_fields(const gs_collection_document *document, span window)
{
    return document->document.has_title && window.start < document->title_length &&
           window.end > document->title_length;
}

/* Every choice of one match a term, by recursion; adds their windows. */
static void choose(const gs_collection_document *document, const gs_node *near, const spans *terms,
                   span *chosen, uint32_t term, spans *windows)
{
    if (term < near->children_count) {
        for (size_t i = 0; i < terms[term].count; i++) {
            span match = terms[term].at[i];
            bool free = true;
            for (uint32_t t = 0; t < term; t++)
                free &= match.end <= chosen[t].start || chosen[t].end <= match.start;
            chosen[term] = match;
            if (free)
                choose(document, near, terms, chosen, term + 1, windows);
        }
        return;
    }
    span window = chosen[0];
    uint32_t taken = 0;
    for (uint32_t t = 0; t < near->children_count; t++) {
        window.start = chosen[t].start < window.start ? chosen[t].start : window.start;
        window.end = chosen[t].end > window.end ? chosen[t].end : window.end;
        taken += chosen[t].end - chosen[t].start;
    }
    if (window.end - window.start - taken <= near->distance && !crosses_fields(document, window))
        push(windows, window);
}

static spans find_near(const gs_collection_document *document, const gs_node *near)
{
    spans terms[NEAR_TERMS], windows = {0}, minimal = {0};
    span chosen[NEAR_TERMS];
    assert_true(near->children_count <= NEAR_TERMS);
    for (uint32_t t = 0; t < near->children_count; t++)
        terms[t] = find_phrase(document, near->children[t]);
    choose(document, near, terms, chosen, 0, &windows);
    for (size_t i = 0; i < windows.count; i++) {
        span window = windows.at[i];
        bool keep = true;
        for (size_t j = 0; j < windows.count; j++) {
            span other = windows.at[j];
            bool same = other.start == window.start && other.end == window.end;
            bool inside = other.start >= window.start && other.end <= window.end;
            keep &= same ? j >= i : !inside;
        }
        if (keep)
            push(&minimal, window);
    }
    for (uint32_t t = 0; t < near->children_count; t++)
        free(terms[t].at);
    free(windows.at);
    return minimal;
}

/* ---- the corpus ---- */

typedef struct sums {
    double documents, length;
} sums;

static sums sum_up(const gs_collection *corpus)
{
    sums all = {0};
    for (size_t i = 0; i < corpus->count; i++) {
        if (corpus->documents[i].deleted)
            continue;
        all.documents++;
        all.length += corpus->documents[i].length;
    }
    return all;
}

static double documents_with(const gs_collection *corpus, const gs_item *items, uint32_t count)
{
    gs_node phrase = {.items = items, .items_count = count};
    double documents = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        spans found = {0};
        if (!corpus->documents[i].deleted)
            found = find_phrase(&corpus->documents[i], &phrase);
        documents += found.count > 0;
        free(found.at);
    }
    return documents;
}

/* The frequencies of all different words that begin so, added up. */
static double documents_beginning(const gs_collection *corpus, gs_bytes prefix)
{
    gs_item *seen = calloc(1000, sizeof(*seen));
    size_t seen_count = 0;
    double documents = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        const gs_collection_document *document = &corpus->documents[i];
        for (uint32_t t = 0; t < document->length && !document->deleted; t++) {
            gs_item item = {.kind = GS_TOKEN_WORD, .word = document->tokens[t].word};
            gs_item beginning = {.kind = GS_TOKEN_WORD, .word = prefix};
            bool is_new = item_fits(&beginning, true, &document->tokens[t]);
            for (size_t s = 0; s < seen_count && is_new; s++)
                is_new = !gs_bytes_equal(seen[s].word, item.word);
            if (!is_new)
                continue;
            assert_true(seen_count < 1000);
            seen[seen_count++] = item;
            documents += documents_with(corpus, &item, 1);
        }
    }
    free(seen);
    return documents;
}

static double idf_of(const gs_collection *corpus, const gs_node *phrase)
{
    const gs_item *items = phrase->items;
    uint32_t count = phrase->items_count;
    double all = sum_up(corpus).documents, sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool cjk = items[i].kind == GS_TOKEN_CJK, last = i + 1 == count;
        double with;
        if (items[i].kind == GS_TOKEN_BREAK)
            continue;
        if (cjk && !last && items[i + 1].kind == GS_TOKEN_CJK)
            with = documents_with(corpus, items + i, 2);
        else if (cjk && i && items[i - 1].kind == GS_TOKEN_CJK)
            continue;
        else if (!cjk && last && phrase->prefix)
            with = fmin(documents_beginning(corpus, items[i].word), all);
        else
            with = documents_with(corpus, items + i, 1);
        sum += log(1 + (all - with + 0.5) / (with + 0.5));
    }
    return sum;
}

/* A term with what it weighs and, below a tree, what it found in the document at hand. */
typedef struct term {
    const gs_node *node;
    double weight;
} term;

typedef struct terms {
    term *at;
    size_t count;
} terms;

static void weigh_terms(const gs_collection *corpus, const gs_node *node, terms *out)
{
    double weight = 0;
    if (node->kind == GS_NODE_PHRASE)
        weight = idf_of(corpus, node);
    for (uint32_t i = 0; i < node->children_count; i++) {
        if (node->kind == GS_NODE_NEAR)
            weight += idf_of(corpus, node->children[i]);
        else
            weigh_terms(corpus, node->children[i], out);
    }
    if (node->kind == GS_NODE_PHRASE || node->kind == GS_NODE_NEAR) {
        out->at = realloc(out->at, (out->count + 1) * sizeof(term));
        out->at[out->count++] = (term){node, weight};
    }
}

static double weight_of(const terms *all, const gs_node *node)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->at[i].node == node)
            return all->at[i].weight;
    }
    fail_msg("a term without a weight");
    return 0;
}

static bool score_term(const gs_collection_document *document, spans found, double weight, sums all,
                       double *score)
{
    double tf = 0;
    for (size_t i = 0; i < found.count; i++)
        tf += found.at[i].end <= document->title_length ? TITLE : 1;
    double norm = 1 - B + B * document->length / (all.length / all.documents);
    if (found.count)
        *score += weight * tf * (K1 + 1) / (tf + K1 * norm);
    free(found.at);
    return found.count > 0;
}

/* Whether the tree holds; adds to the score what does. */
static bool score_node(const gs_collection_document *document, const gs_node *node,
                       const terms *weights, sums all, double *score)
{
    double sum = 0;
    bool holds = node->kind == GS_NODE_AND;
    switch (node->kind) {
    case GS_NODE_PHRASE:
        return score_term(document, find_phrase(document, node), weight_of(weights, node), all,
                          score);
    case GS_NODE_NEAR:
        return score_term(document, find_near(document, node), weight_of(weights, node), all,
                          score);
    case GS_NODE_DATE:
        return document->document.date && document->document.date >= node->date_from &&
               document->document.date <= node->date_to;
    case GS_NODE_NOT:
        return !score_node(document, node->children[0], weights, all, &sum);
    default:
        for (uint32_t i = 0; i < node->children_count; i++) {
            bool child = score_node(document, node->children[i], weights, all, &sum);
            holds = node->kind == GS_NODE_AND ? holds && child : holds || child;
        }
        *score += holds ? sum : 0;
        return holds;
    }
}

gs_collection_hit *gs_collection_search(const gs_collection *corpus, const gs_node *root,
                                        size_t *count)
{
    gs_collection_hit *hits = calloc(corpus->count + 1, sizeof(*hits));
    terms weights = {0};
    weigh_terms(corpus, root, &weights);
    *count = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        gs_collection_hit hit = {.document = &corpus->documents[i]};
        if (!hit.document->deleted &&
            score_node(hit.document, root, &weights, sum_up(corpus), &hit.score))
            hits[(*count)++] = hit;
    }
    free(weights.at);
    return hits;
}

/* ---- questions ---- */

static bool same_items(const gs_node *a, const gs_node *b)
{
    bool same = a->items_count == b->items_count;
    for (uint32_t i = 0; i < a->items_count && same; i++)
        same = a->items[i].kind == b->items[i].kind &&
               a->items[i].code_point == b->items[i].code_point &&
               gs_bytes_equal(a->items[i].word, b->items[i].word);
    return same;
}

/* Adds a phrase of the question's items [from, to) if it is not there yet. */
static void add_part(const gs_collection *corpus, const gs_question *question, uint32_t from,
                     uint32_t to, double factor, gs_node *nodes, terms *parts)
{
    gs_node *node = &nodes[parts->count];
    *node = (gs_node){.items = question->items + from, .items_count = to - from};
    node->kind = GS_NODE_PHRASE;
    for (size_t i = 0; i < parts->count; i++) {
        if (same_items(parts->at[i].node, node))
            return;
    }
    parts->at[parts->count++] = (term){node, factor * idf_of(corpus, node)};
}

gs_collection_hit *gs_collection_ask(const gs_collection *corpus, const gs_question *question,
                                     size_t *count)
{
    uint32_t items = question->items_count;
    gs_node *nodes = calloc(2 * items + 1, sizeof(*nodes));
    terms parts = {calloc(2 * items + 1, sizeof(term)), 0};
    span *grams = calloc(items + 1, sizeof(*grams));
    size_t grams_count = 0;
    for (uint32_t i = 0; i < items; i++) {
        bool cjk = question->items[i].kind == GS_TOKEN_CJK;
        bool next = i + 1 < items && question->items[i + 1].kind == GS_TOKEN_CJK;
        bool before = i && question->items[i - 1].kind == GS_TOKEN_CJK;
        if (question->items[i].kind == GS_TOKEN_BREAK || (cjk && !next && before))
            continue;
        grams[grams_count++] = (span){i, i + (cjk && next ? 2 : 1)};
    }
    for (size_t i = 0; i < grams_count; i++)
        add_part(corpus, question, grams[i].start, grams[i].end, 1, nodes, &parts);
    for (size_t i = 0; i + 1 < grams_count; i++) {
        if (grams[i + 1].start <= grams[i].end)
            add_part(corpus, question, grams[i].start, grams[i + 1].end, TOGETHER, nodes, &parts);
    }
    gs_collection_hit *hits = calloc(corpus->count + 1, sizeof(*hits));
    terms weights = {0};
    if (question->filter.root)
        weigh_terms(corpus, question->filter.root, &weights);
    *count = 0;
    for (size_t d = 0; d < corpus->count; d++) {
        gs_collection_hit hit = {.document = &corpus->documents[d]};
        bool holds = !hit.document->deleted, any = false;
        if (holds && question->filter.root)
            holds = score_node(hit.document, question->filter.root, &weights, sum_up(corpus),
                               &hit.score);
        for (size_t p = 0; p < parts.count && holds; p++)
            any |= score_term(hit.document, find_phrase(hit.document, parts.at[p].node),
                              parts.at[p].weight, sum_up(corpus), &hit.score);
        if (holds && (any || !parts.count))
            hits[(*count)++] = hit;
    }
    free(weights.at);
    free(parts.at);
    free(nodes);
    free(grams);
    return hits;
}
