/* SPDX-License-Identifier: Apache-2.0
 *
 * One search from request to rows. Opening it plans the query, evaluates it segment by segment and
 * keeps the best of each; rows are merged from these, and snippets made for a batch of rows at a
 * time, since one look at a list serves all of them.
 */
#include "query/search.h"

#include <stdio.h>

#include "common/base/limits.h"
#include "common/base/request.h"
#include "common/base/sabotage.h"
#include "common/base/utf8.h"
#include "query/any.h"
#include "query/facet.h"
#include "query/prune.h"
#include "query/rank.h"
#include "query/topk.h"

#define BATCH_ROWS 512u
#define EXPECTED_ROWS 16u // whose strings are fetched side by side

typedef struct search_row {
    uint32_t segment;
    gs_ranked hit;
    gs_span *spans; // in work->batch
    size_t spans_count;
} search_row;

/* The ranked matches of one segment, and the next of them to give. */
typedef struct search_part {
    gs_topk best;
    uint64_t next;
    gs_buf id; // of the next; empty: not yet read
} search_part;

struct gs_search {
    gs_snapshot *snapshot;
    gs_workspace *work; // NULL: paused, then
    gs_arena arena;     // is what its arena was, and holds the search itself
    const volatile int *cancel;
    gsearch_request request; // its strings may be gone
    gs_budget budget;
    gs_plan plan;
    gs_plan_node *root;
    search_part *parts; // one a segment
    uint64_t kept;      // hits of all parts
    double least;       // lower scores cannot become rows
    gs_facet_years years;
    gsearch_results head;
    uint64_t rows_given, rows_merged;
    search_row *rows; // the batch, with room for BATCH_ROWS or all rows to come
    uint32_t rows_count, rows_next;
    gs_buf strings; // of the current row
    gsearch_hit hit;
    char date[16];
};

/* ---- asking -------------------------------------------------------------------------------- */

static gsearch_status check_request(const gsearch_request *request, gsearch_error *err)
{
    gs_bytes query = gs_bytes_str(request->query);
    if (query.len > GS_REQUEST_LINE_BYTES_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "the query has %zu bytes, the limit is %u", query.len,
                       GS_REQUEST_LINE_BYTES_MAX);
    bool clean = gs_utf8_valid_prefix(query) == query.len;
    for (size_t i = 0; i < query.len; i++)
        clean &= (query.ptr[i] >= 0x20 || query.ptr[i] == '\t') && query.ptr[i] != 0x7f;
    if (!clean)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                       "the query is not UTF-8 or has control characters");
    if (request->sort > GSEARCH_SORT_DATE_DESC || request->match > GSEARCH_MATCH_ANY)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the request has an unknown sort or match");
    if (request->facet && strcmp(request->facet, "date") != 0)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the only facet of this index is date");
    if (request->limit == GSEARCH_LIMIT_ALL) {
        if (request->offset > GS_RESULT_WINDOW_MAX)
            return gs_fail(err, GSEARCH_LIMIT, "offset is over %u", GS_RESULT_WINDOW_MAX);
        return GSEARCH_OK;
    }
    if (request->limit > GS_RESULT_ROWS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "limit is over %u: use limit=all to stream every row",
                       GS_RESULT_ROWS_MAX);
    if (request->offset > GS_RESULT_WINDOW_MAX - request->limit && !GS_SABOTAGED(result_window))
        return gs_fail(err, GSEARCH_LIMIT, "offset + limit is over %u", GS_RESULT_WINDOW_MAX);
    return GSEARCH_OK;
}

static gsearch_status plan_query(gs_search *search, gsearch_error *err)
{
    gs_arena *arena = &search->work->arena;
    gs_bytes text = gs_bytes_str(search->request.query);
    gs_plan_start(&search->plan, arena, search->snapshot);
    if (search->request.match == GSEARCH_MATCH_ANY) {
        gs_question question;
        GS_TRY(gs_question_parse(arena, text, &question, err));
        return gs_any_plan(&search->plan, &question, &search->root, err);
    }
    gs_query query;
    GS_TRY(gs_query_parse(arena, text, &query, err));
    return gs_plan_add(&search->plan, query.root, &search->root, err);
}

static gs_reader reader_of(gs_search *search, uint32_t segment)
{
    return (gs_reader){
        .plan = &search->plan,
        .segment = segment,
        .in = search->snapshot->segments[segment].segment,
        .deletes = search->snapshot->segments[segment].deletes,
        .work = search->work,
        .kernels = gs_kernels_active(),
        .budget = &search->budget,
    };
}

/* Evaluates the plan in one segment; what it gives is in the batch arena. */
static gsearch_status evaluate(gs_search *search, gs_reader *reader, const gs_docset *within,
                               gs_docset **out, gsearch_error *err)
{
    gs_arena *arena = &search->work->batch;
    gs_docset *sets = gs_arena_calloc(arena, search->plan.nodes_count, sizeof(*sets));
    if (!sets)
        return gs_fail_memory(err);
    if (search->plan.nodes_count > 1)
        GS_TRY(gs_memo_new(reader, err));
    *out = sets;
    return gs_match(reader, search->root, within, sets, err);
}

/* How many of the best hits of a segment may become rows. */
static uint64_t wanted_of(const gsearch_request *request)
{
    if (request->limit == GSEARCH_LIMIT_ALL)
        return UINT64_MAX;
    return request->limit ? request->offset + request->limit : 0;
}

/* Keeps those matches of one segment that may become rows, if that goes without looking at all:
 * where the total is not asked for, or known. */
static gsearch_status prune_segment(gs_search *search, uint32_t segment, gs_reader *reader,
                                    bool *done, gsearch_error *err)
{
    const gsearch_request *request = &search->request;
    uint64_t wanted = wanted_of(request);
    gs_topk *best = &search->parts[segment].best;
    uint64_t total = 0;
    *done = false;
    if ((request->total && !gs_prune_total(reader, search->root, &total)) || request->facet ||
        request->sort != GSEARCH_SORT_SCORE || wanted >= reader->in->docs.count)
        return GSEARCH_OK;
    GS_TRY(gs_topk_init(best, &search->work->arena, wanted, request->sort, &reader->in->docs, err));
    *done = !wanted;
    if (wanted)
        GS_TRY(gs_prune(reader, search->root, search->least, best, done, err));
    if (*done)
        search->head.total += total;
    return GSEARCH_OK;
}

static void finish_part(gs_search *search, uint32_t segment, uint64_t wanted)
{
    gs_topk *best = &search->parts[segment].best;
    gs_topk_finish(best);
    search->kept += best->count;
    if (best->count && best->count == wanted && best->hits[wanted - 1].score > search->least)
        search->least = best->hits[wanted - 1].score;
}

/* Counts the matches of one segment and keeps those that may become rows. */
static gsearch_status search_segment(gs_search *search, uint32_t segment, gs_buf *trace,
                                     gsearch_error *err)
{
    const gsearch_request *request = &search->request;
    gs_reader reader = reader_of(search, segment);
    gs_docset *sets;
    uint64_t wanted = wanted_of(request);
    bool done;
    reader.trace = trace;
    gs_arena_reset(&search->work->batch);
    GS_TRY(prune_segment(search, segment, &reader, &done, err));
    if (done) {
        finish_part(search, segment, wanted);
        return GSEARCH_OK;
    }
    GS_TRY(evaluate(search, &reader, NULL, &sets, err));
    const gs_docset *found = &sets[search->root->id];
    search->head.total += found->count;
    if (search->years.counts)
        gs_facet_count(&search->years, &reader.in->docs, found);
    gs_topk *best = &search->parts[segment].best;
    GS_TRY(gs_topk_init(best, &search->work->arena, wanted < found->count ? wanted : found->count,
                        request->sort, &reader.in->docs, err));
    if (!best->capacity)
        return GSEARCH_OK;
    GS_TRY(gs_rank_best(&reader, search->root, sets, best, err));
    finish_part(search, segment, wanted);
    return GSEARCH_OK;
}

static gsearch_status run(gs_search *search, gs_buf *trace, gsearch_error *err)
{
    gs_arena *arena = &search->work->arena;
    uint32_t segments = search->snapshot->segments_count;
    GS_TRY(plan_query(search, err));
    search->parts = gs_arena_calloc(arena, segments, sizeof(*search->parts));
    if (!search->parts)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < segments; i++)
        gs_buf_init(&search->parts[i].id, search->work->mem, 2 * GS_ID_BYTES_MAX);
    if (search->request.facet)
        GS_TRY(gs_facet_init(&search->years, arena, err));
    for (uint32_t i = 0; i < segments; i++)
        GS_TRY(search_segment(search, i, trace, err));
    gsearch_results *head = &search->head;
    if (search->request.facet)
        GS_TRY(gs_facet_finish(&search->years, arena, &head->facets, &head->facets_count, err));
    uint64_t offset = search->request.offset;
    uint64_t found = search->kept; // all, or enough for the rows
    uint64_t left = found > offset ? found - offset : 0;
    head->hits_count = search->request.limit < left ? search->request.limit : left;
    uint64_t room = head->hits_count < BATCH_ROWS ? head->hits_count : BATCH_ROWS;
    search->rows = gs_arena_alloc(arena, room * sizeof(*search->rows));
    if (!search->rows)
        return gs_fail_memory(err);
    head->has_total = search->request.total;
    if (!head->has_total)
        head->total = 0;
    return GSEARCH_OK;
}

static gsearch_status open_traced(gs_snapshot *snapshot, const gsearch_request *request,
                                  const volatile int *cancel, gs_buf *trace, gs_search **out,
                                  gsearch_error *err)
{
    uint64_t started = gs_clock_ns();
    gsearch_request known;
    GS_TRY(gs_request_take(request, &known, err));
    GS_TRY(check_request(&known, err));
    gs_workspace *work = gs_workspace_take(&snapshot->pool);
    gs_search *search = work ? gs_arena_calloc(&work->arena, 1, sizeof(*search)) : NULL;
    if (!search) {
        gs_workspace_give(&snapshot->pool, work);
        return gs_fail_memory(err);
    }
    search->snapshot = gs_snapshot_ref(snapshot);
    search->work = work;
    search->cancel = cancel;
    search->request = known;
    search->head.generation = snapshot->manifest.generation;
    gs_buf_init(&search->strings, work->mem, SIZE_MAX);
    gs_budget_start(&search->budget, cancel);
    gsearch_status status = gs_snapshot_judge(snapshot, run(search, trace, err), err);
    search->request.query = search->request.facet = NULL;
    search->head.took_us = (gs_clock_ns() - started) / 1000;
    if (status) {
        gs_search_close(search);
        return status;
    }
    *out = search;
    return GSEARCH_OK;
}

gsearch_status gs_search_open(gs_snapshot *snapshot, const gsearch_request *request,
                              const volatile int *cancel, gs_search **out, gsearch_error *err)
{
    return open_traced(snapshot, request, cancel, NULL, out, err);
}

const gsearch_results *gs_search_head(const gs_search *search)
{
    return &search->head;
}

void gs_search_close(gs_search *search)
{
    if (!search)
        return;
    gs_snapshot *snapshot = search->snapshot;
    for (uint32_t i = 0; search->parts && i < snapshot->segments_count; i++)
        gs_buf_release(&search->parts[i].id);
    gs_buf_release(&search->strings);
    gs_arena arena = search->arena;
    gs_workspace_give(&snapshot->pool, search->work); // the search itself lies in its arena
    gs_arena_release(&arena);
    gs_snapshot_unref(snapshot);
}

uint64_t gs_search_bytes(const gs_search *search)
{
    return search->work ? search->work->arena.used_bytes : search->arena.used_bytes;
}

void gs_search_pause(gs_search *search)
{
    gs_workspace *work = search->work;
    if (!work)
        return;
    search->arena = work->arena;
    search->work = NULL;
    gs_arena_init(&work->arena, work->mem, GS_QUERY_MEMORY_BYTES_MAX);
    gs_workspace_give(&search->snapshot->pool, work);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static gs_sort_key next_key(const gs_search *search, const search_part *part)
{
    const gs_ranked *hit = &part->best.hits[part->next];
    uint32_t date = 0;
    if (search->request.sort != GSEARCH_SORT_SCORE)
        date = (uint32_t)gs_column_get(&part->best.docs->date, hit->doc);
    return (gs_sort_key){.score = hit->score, .date = date};
}

/* The id of the part's next hit. */
static gsearch_status next_id(gs_search *search, search_part *part, gsearch_error *err)
{
    if (part->id.len)
        return GSEARCH_OK;
    const gs_segment *in = search->snapshot->segments[part - search->parts].segment;
    GS_TRY(gs_segment_key(in, part->best.hits[part->next].doc, &part->id, err));
    return part->id.status ? gs_fail_memory(err) : GSEARCH_OK;
}

static gsearch_status comes_before(gs_search *search, search_part *a, search_part *b, bool *out,
                                   gsearch_error *err)
{
    int order = gs_sort_compare(search->request.sort, next_key(search, a), next_key(search, b));
    if (order == 0) {
        GS_TRY(next_id(search, a, err));
        GS_TRY(next_id(search, b, err));
        order = gs_bytes_compare(gs_buf_view(&a->id), gs_buf_view(&b->id));
    }
    *out = order < 0;
    return GSEARCH_OK;
}

/* Takes the best hit that is left in any segment. There must be one. */
static gsearch_status merge_next(gs_search *search, search_row *out, gsearch_error *err)
{
    search_part *best = NULL;
    for (uint32_t i = 0; i < search->snapshot->segments_count; i++) {
        search_part *part = &search->parts[i];
        if (part->next == part->best.count)
            continue;
        bool before = true;
        if (best)
            GS_TRY(comes_before(search, part, best, &before, err));
        if (before)
            best = part;
    }
    if (!best)
        return gs_fail(err, GSEARCH_INTERNAL, "fewer rows than counted");
    *out = (search_row){.segment = (uint32_t)(best - search->parts),
                        .hit = best->best.hits[best->next]};
    best->next++;
    gs_buf_reset(&best->id);
    return GSEARCH_OK;
}

/* Puts sorted spans of one more term between those that the row has. */
static gsearch_status merge_spans(gs_arena *arena, search_row *row, const gs_span *more,
                                  size_t count, gsearch_error *err)
{
    gs_span *merged = gs_arena_alloc(arena, (row->spans_count + count) * sizeof(*merged));
    if (!merged)
        return gs_fail_memory(err);
    size_t i = 0, j = 0;
    while (i < row->spans_count || j < count) {
        bool old =
            j == count || (i < row->spans_count && row->spans[i].position <= more[j].position);
        merged[i + j] = old ? row->spans[i] : more[j];
        i += old;
        j += !old;
    }
    row->spans = merged;
    row->spans_count += count;
    return GSEARCH_OK;
}

static gsearch_status collect_spans(gs_reader *reader, const gs_plan_node *term,
                                    const gs_docset *matches, const gs_docset *allowed,
                                    void *payload, gsearch_error *err)
{
    gs_search *search = payload;
    (void)term;
    for (uint32_t r = search->rows_next; r < search->rows_count; r++) {
        search_row *row = &search->rows[r];
        uint32_t doc = row->hit.doc;
        if (row->segment != reader->segment || !matches->count)
            continue;
        uint32_t in = gs_docset_seek(allowed, 0, doc), at = gs_docset_seek(matches, 0, doc);
        if (in == allowed->count || allowed->docs[in] != doc || at == matches->count ||
            matches->docs[at] != doc)
            continue;
        GS_TRY(merge_spans(&search->work->batch, row, matches->spans + matches->firsts[at],
                           matches->firsts[at + 1] - matches->firsts[at], err));
    }
    return GSEARCH_OK;
}

/* The documents of the batch that are in `segment`, rising. */
static gsearch_status batch_documents(gs_search *search, uint32_t segment, gs_docset *out,
                                      gsearch_error *err)
{
    size_t room = search->rows_count * sizeof(uint32_t);
    uint32_t *docs = gs_arena_alloc(&search->work->batch, room), count = 0;
    if (!docs)
        return gs_fail_memory(err);
    for (uint32_t r = search->rows_next; r < search->rows_count; r++) {
        if (search->rows[r].segment != segment)
            continue;
        uint32_t at = count++;
        for (; at && docs[at - 1] > search->rows[r].hit.doc; at--)
            docs[at] = docs[at - 1];
        docs[at] = search->rows[r].hit.doc;
    }
    *out = (gs_docset){.docs = docs, .count = count};
    return GSEARCH_OK;
}

/* Matches again the rows of the batch that are still to be given, for their spans. */
static gsearch_status find_spans(gs_search *search, gsearch_error *err)
{
    if (!search->request.snippet)
        return GSEARCH_OK;
    gs_arena_reset(&search->work->batch);
    gs_budget_start(&search->budget, search->cancel);
    for (uint32_t r = search->rows_next; r < search->rows_count; r++)
        search->rows[r].spans_count = 0;
    for (uint32_t i = 0; i < search->snapshot->segments_count; i++) {
        gs_reader reader = reader_of(search, i);
        gs_docset within, *sets;
        reader.keep_spans = true;
        GS_TRY(batch_documents(search, i, &within, err));
        if (!within.count)
            continue;
        GS_TRY(evaluate(search, &reader, &within, &sets, err));
        GS_TRY(gs_rank_terms(&reader, search->root, sets, collect_spans, search, err));
    }
    return GSEARCH_OK;
}

/* Takes up what a pause has given away. */
static gsearch_status resume(gs_search *search, gsearch_error *err)
{
    if (search->work)
        return GSEARCH_OK;
    gs_workspace *work = gs_workspace_take(&search->snapshot->pool);
    if (!work)
        return gs_fail_memory(err);
    gs_arena_release(&work->arena);
    work->arena = search->arena;
    search->arena = (gs_arena){0};
    search->work = work;
    return find_spans(search, err);
}

static gsearch_status fill_batch(gs_search *search, gsearch_error *err)
{
    uint64_t left = search->head.hits_count - search->rows_given;
    search->rows_next = 0;
    search->rows_count = left < BATCH_ROWS ? (uint32_t)left : BATCH_ROWS;
    for (; search->rows_merged < search->request.offset; search->rows_merged++)
        GS_TRY(merge_next(search, &search->rows[0], err));
    for (uint32_t r = 0; r < search->rows_count; r++, search->rows_merged++)
        GS_TRY(merge_next(search, &search->rows[r], err));
    return find_spans(search, err);
}

/* Has memory fetch the ids and titles of the rows that come next. */
static void expect_strings(const gs_search *search)
{
    uint32_t begin = search->rows_next, end = search->rows_count;
    end = end - begin < EXPECTED_ROWS ? end : begin + EXPECTED_ROWS;
    for (uint32_t i = 0; i < search->snapshot->segments_count; i++) {
        const gs_segment *in = search->snapshot->segments[i].segment;
        uint32_t ranks[EXPECTED_ROWS], docs[EXPECTED_ROWS], count = 0;
        for (uint32_t r = begin; r < end; r++) {
            const gs_ranked *hit = &search->rows[r].hit;
            if (search->rows[r].segment != i || hit->rank >= in->keys.count)
                continue; // a rank of a damaged file: reading the id says so
            ranks[count] = hit->rank;
            docs[count++] = hit->doc;
        }
        gs_strings_expect(&in->keys, ranks, count);
        gs_strings_expect(&in->titles, docs, count);
    }
}

static gsearch_status fill_strings(gs_search *search, const gs_segment *in, uint32_t doc,
                                   gsearch_error *err)
{
    gs_buf *strings = &search->strings;
    gsearch_hit *hit = &search->hit;
    gs_buf_reset(strings);
    GS_TRY(gs_segment_key(in, doc, strings, err));
    gs_buf_u8(strings, 0);
    size_t title = strings->len;
    GS_TRY(gs_strings_get(&in->titles, doc, strings, err));
    bool has_title = strings->len > title;
    gs_buf_u8(strings, 0);
    if (strings->status)
        return gs_fail_memory(err);
    hit->id = (const char *)strings->data;
    if (has_title)
        hit->title = (const char *)strings->data + title;
    uint32_t date = (uint32_t)gs_column_get(&in->docs.date, doc);
    if (date) {
        snprintf(search->date, sizeof(search->date), "%04u-%02u-%02u", date / 10000 % 10000,
                 date / 100 % 100, date % 100);
        hit->date = search->date;
    }
    return GSEARCH_OK;
}

/* The next row, into search->hit. There must be one. */
static gsearch_status next_row(gs_search *search, gsearch_error *err)
{
    GS_TRY(resume(search, err));
    if (search->rows_next == search->rows_count)
        GS_TRY(fill_batch(search, err));
    if (search->rows_next % EXPECTED_ROWS == 0)
        expect_strings(search);
    const search_row *row = &search->rows[search->rows_next++];
    const gs_segment *in = search->snapshot->segments[row->segment].segment;
    gs_arena_reset(&search->work->scratch);
    search->hit = (gsearch_hit){.rank = search->request.offset + ++search->rows_given,
                                .score = row->hit.score};
    GS_TRY(fill_strings(search, in, row->hit.doc, err));
    if (!search->request.snippet)
        return GSEARCH_OK;
    return gs_snippet_make(in, search->work->decoder, &search->work->scratch, row->hit.doc,
                           row->spans, row->spans_count, &search->hit, err);
}

gsearch_status gs_search_next(gs_search *search, const gsearch_hit **hit, gsearch_error *err)
{
    *hit = NULL;
    if (search->rows_given == search->head.hits_count)
        return GSEARCH_OK;
    GS_TRY(gs_snapshot_judge(search->snapshot, next_row(search, err), err));
    *hit = &search->hit;
    return GSEARCH_OK;
}

/* ---- explaining ---------------------------------------------------------------------------- */

gsearch_status gs_search_explain(gs_snapshot *snapshot, const gsearch_request *request, gs_buf *out,
                                 gsearch_error *err)
{
    gs_search *search;
    GS_TRY(open_traced(snapshot, request, NULL, out, &search, err));
    gs_buf_printf(out,
                  "{\"step\":\"end\",\"total\":%llu,\"segments\":%u,\"postings\":%llu,"
                  "\"blocks\":%llu,\"kernels\":\"%s\",\"took_us\":%llu}\n",
                  (unsigned long long)search->head.total, snapshot->segments_count,
                  (unsigned long long)search->budget.postings,
                  (unsigned long long)search->budget.blocks, gs_kernels_active()->name,
                  (unsigned long long)search->head.took_us);
    gs_search_close(search);
    return out->status ? gs_fail_memory(err) : GSEARCH_OK;
}
