/* SPDX-License-Identifier: Apache-2.0
 *
 * What a prefix could become. Behind a CJK character: one more character, of those that follow it
 * anywhere; behind a word: the words that it begins. The candidates with the highest document
 * frequencies are counted as phrases, so the numbers shown are those that a search would give.
 */
#include "query/search.h"

#include "common/base/json.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "query/expand.h"
#include "query/match.h"

#define CANDIDATES 32u
#define BATCH_TOKENS 64u

/* One way to go on. */
typedef struct ending {
    gs_item item; // replaces the last word, or follows the last character
    uint64_t documents;
    gs_bytes text;
} ending;

typedef struct suggestion {
    gs_snapshot *snapshot;
    gs_workspace *work;
    gs_bytes prefix;
    gs_item *items; // of the prefix, with room for one more
    uint32_t items_count;
    uint32_t last_start;     // byte where the last token begins
    ending best[CANDIDATES]; // by document frequency, falling
    uint32_t best_count;
} suggestion;

static gsearch_status add_item(suggestion *all, const gs_token *token, uint32_t *capacity,
                               gsearch_error *err)
{
    gs_arena *arena = &all->work->arena;
    if (all->items_count + 1 >= *capacity) {
        uint32_t larger = *capacity * 2 + 16;
        gs_item *items = gs_arena_alloc(arena, larger * sizeof(*items));
        if (!items)
            return gs_fail_memory(err);
        if (all->items_count)
            memcpy(items, all->items, all->items_count * sizeof(*items));
        all->items = items;
        *capacity = larger;
    }
    gs_item item = {.kind = token->kind, .code_point = token->code_point};
    if (token->kind == GS_TOKEN_WORD) {
        char *word = gs_arena_dup(arena, token->term);
        if (!word)
            return gs_fail_memory(err);
        item.word = gs_bytes_of(word, token->term.len);
    }
    if (all->items_count || token->kind != GS_TOKEN_BREAK)
        all->items[all->items_count++] = item;
    all->last_start = token->byte_start;
    return GSEARCH_OK;
}

static gsearch_status read_prefix(suggestion *all, gsearch_error *err)
{
    gs_analyzer analyzer;
    gs_token tokens[BATCH_TOKENS];
    uint32_t capacity = 0;
    gs_analyzer_start(&analyzer, all->prefix, 0, 0);
    for (size_t count; (count = gs_analyzer_next(&analyzer, tokens, BATCH_TOKENS));) {
        for (size_t i = 0; i < count; i++)
            GS_TRY(add_item(all, &tokens[i], &capacity, err));
    }
    return GSEARCH_OK;
}

static void keep_best(suggestion *all, const gs_item *item, uint64_t documents)
{
    uint32_t at = all->best_count;
    if (at == CANDIDATES && documents <= all->best[at - 1].documents)
        return;
    at = at == CANDIDATES ? at - 1 : all->best_count++;
    for (; at && all->best[at - 1].documents < documents; at--)
        all->best[at] = all->best[at - 1];
    all->best[at] = (ending){.item = *item, .documents = documents};
}

static gsearch_status consider_word(const gs_completion *completion, const gs_list *lists,
                                    void *payload, gsearch_error *err)
{
    suggestion *all = payload;
    (void)lists;
    char *word = gs_arena_dup(&all->work->arena, completion->word);
    if (!word)
        return gs_fail_memory(err);
    gs_item item = {.kind = GS_TOKEN_WORD, .word = gs_bytes_of(word, completion->word.len)};
    keep_best(all, &item, completion->documents);
    return GSEARCH_OK;
}

/* The next different bigram of all segments; false at the end of those that begin with `first`. */
static gsearch_status next_bigram(const suggestion *all, gs_terms_iterator *iterators, bool *more,
                                  uint32_t first, uint64_t *gram, uint64_t *documents,
                                  gsearch_error *err)
{
    uint32_t segments = all->snapshot->segments_count;
    *gram = UINT64_MAX;
    *documents = 0;
    for (uint32_t i = 0; i < segments; i++) {
        more[i] = more[i] && !iterators[i].is_word && gs_gram_first(iterators[i].gram) == first;
        if (more[i] && iterators[i].gram < *gram)
            *gram = iterators[i].gram;
    }
    for (uint32_t i = 0; i < segments; i++) {
        if (!more[i] || iterators[i].gram != *gram)
            continue;
        *documents += iterators[i].list.documents -
                      gs_deletes_gram_share(all->snapshot->segments[i].deletes, *gram);
        GS_TRY(gs_terms_next(&iterators[i], &more[i], err));
    }
    return GSEARCH_OK;
}

static gsearch_status consider_characters(suggestion *all, uint32_t first, gsearch_error *err)
{
    uint32_t segments = all->snapshot->segments_count;
    gs_arena *arena = &all->work->arena;
    gs_terms_iterator *iterators = gs_arena_calloc(arena, segments, sizeof(*iterators));
    bool *more = gs_arena_calloc(arena, segments, sizeof(*more));
    if (!iterators || !more)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < segments; i++) {
        GS_TRY(gs_terms_seek_gram(&iterators[i], &all->snapshot->segments[i].segment->terms,
                                  gs_gram(first, GS_GRAM_STOP + 1, 0), err));
        GS_TRY(gs_terms_next(&iterators[i], &more[i], err));
    }
    for (;;) {
        uint64_t gram, documents;
        GS_TRY(next_bigram(all, iterators, more, first, &gram, &documents, err));
        if (gram == UINT64_MAX)
            return GSEARCH_OK;
        gs_item item = {.kind = GS_TOKEN_CJK, .code_point = gs_gram_second(gram)};
        if (documents && (gram & GS_GRAM_CODE_POINT_MASK) == 0)
            keep_best(all, &item, documents);
    }
}

/* Documents that hold the prefix with the candidate as its end. */
static gsearch_status count_phrase(suggestion *all, ending *candidate, gs_budget *budget,
                                   gsearch_error *err)
{
    uint32_t last = all->items_count;
    if (candidate->item.kind == GS_TOKEN_WORD)
        last--;
    gs_item replaced = all->items[last];
    all->items[last] = candidate->item;
    gs_node node = {.kind = GS_NODE_PHRASE, .items = all->items, .items_count = last + 1};
    gs_plan plan;
    gs_plan_node *phrase = NULL;
    gs_plan_start(&plan, &all->work->arena, all->snapshot);
    gsearch_status status = gs_plan_add(&plan, &node, &phrase, err);
    candidate->documents = 0;
    for (uint32_t i = 0; i < all->snapshot->segments_count && !status; i++) {
        gs_docset found = {0};
        gs_reader reader = {
            .plan = &plan,
            .segment = i,
            .in = all->snapshot->segments[i].segment,
            .deletes = all->snapshot->segments[i].deletes,
            .work = all->work,
            .kernels = gs_kernels_active(),
            .budget = budget,
        };
        gs_arena_reset(&all->work->batch);
        status = gs_match(&reader, phrase, NULL, &found, err);
        candidate->documents += found.count;
    }
    all->items[last] = replaced;
    return status;
}

/* The prefix as typed, with the candidate as its end. */
static gsearch_status spell(suggestion *all, ending *candidate, gsearch_error *err)
{
    uint8_t character[4];
    bool is_word = candidate->item.kind == GS_TOKEN_WORD;
    gs_bytes end = candidate->item.word;
    if (!is_word)
        end = gs_bytes_of(character, gs_utf8_encode(candidate->item.code_point, character));
    size_t kept = is_word ? all->last_start : all->prefix.len;
    char *text = gs_arena_alloc(&all->work->arena, kept + end.len + 1);
    if (!text)
        return gs_fail_memory(err);
    memcpy(text, all->prefix.ptr, kept);
    memcpy(text + kept, end.ptr, end.len);
    candidate->text = gs_bytes_of(text, kept + end.len);
    return GSEARCH_OK;
}

static bool is_before(const ending *a, const ending *b)
{
    return a->documents != b->documents ? a->documents > b->documents
                                        : gs_bytes_compare(a->text, b->text) < 0;
}

static gsearch_status suggest(suggestion *all, uint64_t limit, gs_buf *out, gsearch_error *err)
{
    GS_TRY(read_prefix(all, err));
    const gs_item *last = all->items_count ? &all->items[all->items_count - 1] : NULL;
    if (!last || last->kind == GS_TOKEN_BREAK)
        return GSEARCH_OK;
    if (last->kind == GS_TOKEN_WORD)
        GS_TRY(
            gs_expand_each(all->snapshot, &all->work->arena, last->word, consider_word, all, err));
    else
        GS_TRY(consider_characters(all, last->code_point, err));
    gs_budget budget;
    gs_budget_start(&budget, NULL);
    for (uint32_t i = 0; i < all->best_count; i++) {
        ending counted = all->best[i];
        GS_TRY(spell(all, &counted, err));
        GS_TRY(count_phrase(all, &counted, &budget, err));
        uint32_t at = i;
        for (; at && is_before(&counted, &all->best[at - 1]); at--)
            all->best[at] = all->best[at - 1];
        all->best[at] = counted;
    }
    for (uint32_t i = 0; i < all->best_count && i < limit && all->best[i].documents; i++) {
        gs_buf_str(out, "{\"text\":");
        gs_json_string(out, all->best[i].text);
        gs_buf_printf(out, ",\"documents\":%llu}\n", (unsigned long long)all->best[i].documents);
    }
    return out->status ? gs_fail_memory(err) : GSEARCH_OK;
}

gsearch_status gs_search_suggest(gs_snapshot *snapshot, gs_bytes prefix, uint64_t limit,
                                 gs_buf *out, gsearch_error *err)
{
    if (prefix.len > GS_REQUEST_LINE_BYTES_MAX || gs_utf8_valid_prefix(prefix) != prefix.len)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the prefix is too long or not UTF-8");
    gs_workspace *work = gs_workspace_take(&snapshot->pool);
    suggestion *all = work ? gs_arena_calloc(&work->arena, 1, sizeof(*all)) : NULL;
    gsearch_status status;
    if (all) {
        *all = (suggestion){.snapshot = snapshot, .work = work, .prefix = prefix};
        status = suggest(all, limit, out, err);
    } else {
        status = gs_fail_memory(err);
    }
    gs_workspace_give(&snapshot->pool, work);
    return gs_snapshot_judge(snapshot, status, err);
}
