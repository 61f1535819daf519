/* SPDX-License-Identifier: Apache-2.0
 *
 * NEAR. A choice is one match of each term, in one field, no two overlapping; its window reaches
 * from the first position of the first to the last position of the last. The gaps between them add
 * up to the window less the terms themselves, so the distance bounds the window alone. A window is
 * minimal if no other choice's window lies inside it; the frequency is the number of different
 * minimal windows.
 *
 * Matches are taken by where they end. Row i of a table says, for every subset of the terms, the
 * latest start of a choice of that subset among the matches up to i; a match that starts at s adds
 * its term to the subsets of the last row that ends before s. The full subset gives the smallest
 * window that ends with this match.
 */
#include "query/match.h"

/* One match of one term. Positions count from 1 here, so that 0 is "none". */
typedef struct near_match {
    uint64_t start, end; // [start, end)
    uint32_t term;
} near_match;

typedef struct near_window {
    uint64_t start, end;
} near_window;

/* Room for one document's work, and what it found. */
typedef struct near_state {
    const gs_plan_node *near;
    near_match *events;
    uint32_t events_count;
    near_window *windows;
    uint32_t windows_count;
    uint64_t span_max; // of a window
} near_state;

/* The table of `count` matches: row 0 is empty, row i + 1 knows matches 0 to i. */
static gsearch_status make_table(gs_reader *reader, const gs_plan_node *near,
                                 const near_match *events, uint32_t count, uint64_t **out,
                                 gsearch_error *err)
{
    uint32_t subsets = 1u << near->children_count;
    uint64_t rows = (uint64_t)count + 1;
    GS_TRY(gs_budget_spend(reader->budget, rows * subsets, err));
    uint64_t *table = gs_arena_calloc(&reader->work->scratch, rows * subsets, sizeof(*table));
    if (!table)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        const near_match *event = &events[i];
        uint64_t *row = table + (size_t)(i + 1) * subsets;
        memcpy(row, row - subsets, subsets * sizeof(*row));
        uint32_t before = i; // so many matches end at or before this one's start
        while (before && events[before - 1].end > event->start)
            before--;
        const uint64_t *free = table + (size_t)before * subsets;
        uint32_t bit = 1u << event->term;
        for (uint32_t subset = 0; subset < subsets; subset++) {
            uint64_t start = subset ? free[subset] : event->start;
            if (!(subset & bit) && start > row[subset | bit])
                row[subset | bit] = start;
        }
    }
    *out = table;
    return GSEARCH_OK;
}

/* Adds the minimal windows of events [from, to), all of one field. */
static gsearch_status find_windows(gs_reader *reader, near_state *state, uint32_t from, uint32_t to,
                                   gsearch_error *err)
{
    uint32_t subsets = 1u << state->near->children_count;
    uint64_t *table = NULL, newest = 0; // start of the last minimal window
    GS_TRY(make_table(reader, state->near, state->events + from, to - from, &table, err));
    for (uint32_t i = from; i < to; i++) {
        uint64_t start = table[(size_t)(i - from + 2) * subsets - 1], end = state->events[i].end;
        if (start <= newest) // as good a window ended before
            continue;
        newest = start;
        if (state->windows_count && state->windows[state->windows_count - 1].end == end)
            state->windows_count--; // this one lies inside it
        if (end - start <= state->span_max)
            state->windows[state->windows_count++] = (near_window){start, end};
    }
    return GSEARCH_OK;
}

/* The events of `doc`, by end; those of one end by term. */
static gsearch_status gather_events(gs_reader *reader, near_state *state,
                                    const gs_positions *places, uint32_t *at, uint32_t doc,
                                    gsearch_error *err)
{
    const gs_plan_node *near = state->near;
    uint32_t begin = reader->in->docs.starts[doc], end = reader->in->docs.starts[doc + 1];
    uint32_t next[GS_QUERY_NEAR_TERMS_MAX], stop[GS_QUERY_NEAR_TERMS_MAX];
    uint64_t count = 0;
    for (uint32_t t = 0; t < near->children_count; t++) {
        gs_docset view = {.docs = places[t].at, .count = places[t].count};
        next[t] = gs_docset_seek(&view, at[t], begin);
        at[t] = stop[t] = gs_docset_seek(&view, next[t], end);
        count += stop[t] - next[t];
    }
    state->events = gs_arena_alloc(&reader->work->scratch, (count + 1) * sizeof(near_match));
    state->windows = gs_arena_alloc(&reader->work->scratch, (count + 1) * sizeof(near_window));
    if (!state->events || !state->windows)
        return gs_fail_memory(err);
    state->events_count = state->windows_count = 0;
    while (state->events_count < count) {
        near_match best = {.end = UINT64_MAX};
        for (uint32_t t = 0; t < near->children_count; t++) {
            uint64_t start = next[t] < stop[t] ? places[t].at[next[t]] + 1ull : UINT64_MAX / 2;
            uint64_t term_end = start + near->children[t]->node->items_count;
            if (term_end < best.end)
                best = (near_match){.start = start, .end = term_end, .term = t};
        }
        state->events[state->events_count++] = best;
        next[best.term]++;
    }
    return GSEARCH_OK;
}

/* Fills in state->windows for `doc`: title and text apart where they are fields of their own. */
static gsearch_status search_document(gs_reader *reader, near_state *state,
                                      const gs_positions *places, uint32_t *at, uint32_t doc,
                                      gsearch_error *err)
{
    gs_arena_reset(&reader->work->scratch);
    GS_TRY(gather_events(reader, state, places, at, doc, err));
    const gs_doctable *docs = &reader->in->docs;
    uint32_t in_title = 0;
    if (gs_column_get(&docs->flags, doc) & GS_DOC_TITLE_IS_FIELD) {
        uint64_t title_end = gs_doctable_title_end(docs, doc) + 1ull;
        while (in_title < state->events_count && state->events[in_title].end <= title_end)
            in_title++;
    }
    if (in_title)
        GS_TRY(find_windows(reader, state, 0, in_title, err));
    return find_windows(reader, state, in_title, state->events_count, err);
}

static uint32_t weigh_windows(const gs_reader *reader, const near_state *state, uint32_t doc)
{
    uint64_t title_end = gs_doctable_title_end(&reader->in->docs, doc) + 1ull;
    uint32_t tf = state->windows_count;
    for (uint32_t w = 0; w < state->windows_count && state->windows[w].end <= title_end; w++)
        tf += GS_BM25_TITLE_WEIGHT - 1;
    return tf;
}

/* Whether a choice with this very match has the window: since no choice has a smaller one, whether
 * the window holds a choice at all without the other matches of its term. `others` has room for
 * all events. */
static gsearch_status takes_part(gs_reader *reader, const near_state *state, near_window within,
                                 const near_match *match, near_match *others, bool *out,
                                 gsearch_error *err)
{
    uint32_t subsets = 1u << state->near->children_count, count = 0;
    const near_match *event = match, *stop = state->events + state->events_count;
    uint64_t *table = NULL;
    while (event > state->events && event[-1].end > within.start)
        event--;
    for (; event < stop && event->end <= within.end; event++) {
        if (event->start >= within.start && (event->term != match->term || event == match))
            others[count++] = *event;
    }
    GS_TRY(make_table(reader, state->near, others, count, &table, err));
    *out = table[(size_t)(count + 1) * subsets - 1] != 0;
    gs_arena_shrink(&reader->work->scratch, table, (count + 1) * subsets * sizeof(*table), 0);
    return GSEARCH_OK;
}

/* Puts the matches that take part in a window behind `*count` spans, by position. */
static gsearch_status take_spans(gs_reader *reader, const near_state *state, gs_span *spans,
                                 uint32_t *count, gsearch_error *err)
{
    uint32_t first = *count;
    near_match *others =
        gs_arena_alloc(&reader->work->scratch, state->events_count * sizeof(*others));
    if (!others)
        return gs_fail_memory(err);
    for (uint32_t i = 0, from = 0; i < state->events_count; i++) {
        const near_match *event = &state->events[i];
        const near_window *windows = state->windows;
        bool taken = false;
        while (from < state->windows_count && windows[from].end < event->end)
            from++;
        for (uint32_t w = from;
             w < state->windows_count && windows[w].start <= event->start && !taken; w++)
            GS_TRY(takes_part(reader, state, windows[w], event, others, &taken, err));
        if (!taken)
            continue;
        gs_span span = {.position = (uint32_t)(event->start - 1),
                        .length = (uint32_t)(event->end - event->start)};
        uint32_t place = (*count)++;
        for (; place > first && spans[place - 1].position > span.position; place--)
            spans[place] = spans[place - 1];
        spans[place] = span;
    }
    return GSEARCH_OK;
}

/* Keeps those of `list` that have one of `others` at most `reach` positions away. */
static void keep_near(gs_positions *list, const gs_positions *others, uint64_t reach)
{
    gs_docset view = {.docs = others->at, .count = others->count};
    uint32_t kept = 0, at = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t place = list->at[i];
        at = gs_docset_seek(&view, at, place > reach ? place - (uint32_t)reach : 0);
        if (at == view.count)
            break;
        list->at[kept] = place;
        kept += view.docs[at] <= place + reach;
    }
    list->count = kept;
}

/* The numbers of the terms, the cheapest first. */
static void order_terms(const gs_reader *reader, const gs_plan_node *near,
                        uint32_t order[GS_QUERY_NEAR_TERMS_MAX])
{
    uint64_t costs[GS_QUERY_NEAR_TERMS_MAX];
    for (uint32_t t = 0; t < near->children_count; t++) {
        uint32_t at = t;
        costs[t] = gs_plan_estimate(near->children[t], reader->plan->snapshot, reader->segment);
        for (; at && costs[order[at - 1]] > costs[t]; at--)
            order[at] = order[at - 1];
        order[at] = t;
    }
}

/* The matches of each term that may be part of a window: those near a match of the cheapest term
 * that has all others near. `common` gets the documents of these. */
static gsearch_status match_terms(gs_reader *reader, const gs_plan_node *near,
                                  const gs_docset *within, uint64_t span_max,
                                  gs_positions *places, gs_docset *common, gsearch_error *err)
{
    uint32_t order[GS_QUERY_NEAR_TERMS_MAX] = {0};
    bool spans = reader->keep_spans;
    order_terms(reader, near, order);
    const gs_plan_node *first = near->children[order[0]];
    gs_positions *lead = &places[order[0]];
    GS_TRY(gs_match_phrase(reader, first, within, lead, err));
    reader->keep_spans = false;
    gsearch_status status = gs_match_documents(reader, first, lead, common, err);
    for (uint32_t t = 1; t < near->children_count && lead->count && !status; t++) {
        gs_positions *others = &places[order[t]];
        status = gs_match_phrase(reader, near->children[order[t]], common, others, err);
        keep_near(others, lead, span_max);
        keep_near(lead, others, span_max);
    }
    if (!status)
        status = gs_match_documents(reader, first, lead, common, err);
    reader->keep_spans = spans;
    return status;
}

gsearch_status gs_match_near(gs_reader *reader, const gs_plan_node *near, const gs_docset *within,
                             gs_docset *out, gsearch_error *err)
{
    gs_arena *arena = &reader->work->batch;
    gs_positions places[GS_QUERY_NEAR_TERMS_MAX] = {0};
    uint32_t at[GS_QUERY_NEAR_TERMS_MAX] = {0}, count = 0, spans_count = 0;
    uint64_t matches = 0;
    gs_docset common = {0};
    near_state state = {.near = near, .span_max = near->node->distance};
    for (uint32_t t = 0; t < near->children_count; t++)
        state.span_max += near->children[t]->node->items_count;
    GS_TRY(match_terms(reader, near, within, state.span_max, places, &common, err));
    for (uint32_t t = 0; t < near->children_count; t++)
        matches += places[t].count;
    uint32_t *docs = gs_arena_alloc(arena, ((size_t)common.count + 1) * sizeof(*docs));
    uint32_t *tfs = gs_arena_alloc(arena, ((size_t)common.count + 1) * sizeof(*tfs));
    uint32_t *firsts = gs_arena_alloc(arena, ((size_t)common.count + 1) * sizeof(*firsts));
    size_t room = reader->keep_spans ? matches : 0;
    gs_span *spans = gs_arena_alloc(arena, room * sizeof(*spans));
    if (!docs || !tfs || !firsts || !spans)
        return gs_fail_memory(err);
    for (uint32_t d = 0; d < common.count; d++) {
        GS_TRY(search_document(reader, &state, places, at, common.docs[d], err));
        if (!state.windows_count)
            continue;
        firsts[count] = spans_count;
        if (reader->keep_spans)
            GS_TRY(take_spans(reader, &state, spans, &spans_count, err));
        docs[count] = common.docs[d];
        tfs[count++] = weigh_windows(reader, &state, common.docs[d]);
    }
    firsts[count] = spans_count;
    *out = (gs_docset){.docs = docs, .count = count, .tfs = tfs, .spans = spans, .firsts = firsts};
    return GSEARCH_OK;
}
