/* SPDX-License-Identifier: Apache-2.0
 *
 * From positions back to text: the passage around the densest matches is analysed again, from the
 * nearest place where analysis can resume, and the byte ranges of its tokens give the marks.
 */
#include "query/snippet.h"

#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "common/text/analyzer.h"
#include "common/text/exact.h"

#define LEAD_CODE_POINTS 40u  /* shown before the first match */
#define LEAD_POSITIONS 64u    /* analysed before it: marks of matches that begin there */
#define PASSAGE_BYTES 8192u   /* read at first; more if the match is longer */
#define PASSAGE_MARGIN 64u    /* a token this close to the end of a piece may not be whole */
#define TOKENS_AT_ONCE 64u

/* A piece of a document's text, or its title, and where its tokens stand. */
typedef struct passage {
    gs_bytes text;        /* from `begin` on it can be analysed */
    size_t begin;
    bool has_end;         /* the text ends where this piece does */
    uint32_t position;    /* of the first token after `begin` */
    uint32_t first, last; /* positions wanted; the arrays count from `first` */
    uint32_t *starts, *ends; /* byte ranges; ends 0: no token there */
    uint32_t reached;     /* positions below are known */
} passage;

static uint32_t text_start(const gs_segment *segment, uint32_t doc)
{
    if (gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD)
        return gs_doctable_title_end(&segment->docs, doc) + 1;
    return segment->docs.starts[doc];
}

static void analyze_passage(passage *p)
{
    gs_analyzer analyzer;
    gs_token tokens[TOKENS_AT_ONCE];
    size_t sure = p->has_end ? p->text.len : p->text.len - PASSAGE_MARGIN;
    uint32_t dropped = 0; // a break that opens the text took no position when it was indexed
    size_t count;
    gs_analyzer_start(&analyzer, p->text, p->begin, p->position);
    p->reached = p->position;
    while ((count = gs_analyzer_next(&analyzer, tokens, TOKENS_AT_ONCE)) > 0) {
        for (size_t i = 0; i < count; i++) {
            const gs_token *token = &tokens[i];
            if (token->position == p->position && token->kind == GS_TOKEN_BREAK) {
                dropped = 1;
                continue;
            }
            uint32_t position = token->position - dropped;
            if (token->byte_end > sure || position > p->last)
                return;
            if (position >= p->first) {
                p->starts[position - p->first] = token->byte_start;
                p->ends[position - p->first] = token->byte_end;
            }
            p->reached = position + 1;
        }
    }
    p->reached = p->last + 1;
}

static gsearch_status make_arrays(passage *p, gs_arena *arena, gsearch_error *err)
{
    size_t count = (size_t)p->last - p->first + 1;
    p->starts = gs_arena_calloc(arena, count, sizeof(uint32_t));
    p->ends = gs_arena_calloc(arena, count, sizeof(uint32_t));
    return p->starts && p->ends ? GSEARCH_OK : gs_fail_memory(err);
}

/* Reads the title of a document whose title is a field. */
static gsearch_status read_title(const gs_segment *segment, gs_arena *arena, uint32_t doc,
                                 passage *p, gsearch_error *err)
{
    gs_buf title;
    gs_buf_init(&title, arena->mem, GS_DOCUMENT_BYTES_MAX);
    gsearch_status status = gs_strings_get(&segment->titles, doc, &title, err);
    const char *copy = status ? NULL : gs_arena_dup(arena, gs_buf_view(&title));
    p->text = gs_bytes_of(copy, title.len);
    gs_buf_release(&title);
    if (status)
        return status;
    if (!copy)
        return gs_fail_memory(err);
    p->begin = 0;
    p->has_end = true;
    p->position = segment->docs.starts[doc];
    GS_TRY(make_arrays(p, arena, err));
    analyze_passage(p);
    return GSEARCH_OK;
}

/* Reads the text around [first, last] until those positions are known, or the text ends. */
static gsearch_status read_text(const gs_segment *segment, gs_decoder *decoder, gs_arena *arena,
                                uint32_t doc, passage *p, gsearch_error *err)
{
    gs_checkpoint at =
        gs_store_checkpoint(&segment->store, text_start(segment, doc), p->first);
    p->position = at.position;
    GS_TRY(make_arrays(p, arena, err));
    for (uint64_t want = PASSAGE_BYTES;; want *= 4) {
        uint64_t to = at.byte + want < UINT32_MAX ? at.byte + want : UINT32_MAX - 1;
        gs_stored stored;
        GS_TRY(gs_store_read(&segment->store, decoder, doc, at.byte, (uint32_t)to, &stored, err));
        if (at.byte < stored.text_from || at.byte - stored.text_from > stored.text.len)
            return gs_corrupt(err, "CKPT: a checkpoint lies outside its document");
        p->begin = at.byte - stored.text_from;
        p->has_end = stored.text_from + stored.text.len >= stored.text_len;
        gs_bytes rest = gs_bytes_of(stored.text.ptr + p->begin, stored.text.len - p->begin);
        p->text = gs_bytes_of(stored.text.ptr, p->begin + gs_utf8_valid_prefix(rest));
        if (!p->has_end && p->text.len - p->begin <= PASSAGE_MARGIN)
            return gs_corrupt(err, "TEXT: document %u is not UTF-8", doc);
        analyze_passage(p);
        if (p->has_end || p->reached > p->last)
            return GSEARCH_OK;
    }
}

/* Whether all of the span was analysed; its bytes. */
static bool find_span(const passage *p, gs_span span, size_t *start, size_t *end)
{
    uint32_t last = span.position + span.length - 1;
    if (span.position < p->first || last > p->last || !p->ends[span.position - p->first] ||
        !p->ends[last - p->first])
        return false;
    *start = p->starts[span.position - p->first];
    *end = p->ends[last - p->first];
    return *start < *end;
}

/* ---- choosing the window ------------------------------------------------------------------- */

/* The span from which on the most others follow within the room of a snippet. */
static size_t densest(const gs_span *spans, size_t count)
{
    const uint32_t room = GS_SNIPPET_CODE_POINTS_MAX - LEAD_CODE_POINTS;
    size_t best = 0, best_count = 0;
    for (size_t i = 0, end = 0; i < count; i++) {
        while (end < count && spans[end].position + spans[end].length <= spans[i].position + room)
            end++;
        size_t inside = end > i ? end - i : 1;
        if (inside > best_count) {
            best = i;
            best_count = inside;
        }
    }
    return best;
}

static bool ends_sentence(uint32_t code_point)
{
    return code_point == 0x3002 || code_point == 0xff01 || code_point == 0xff1f ||
           code_point == '\n' || code_point == 0x2029;
}

/* Where the snippet begins: a sentence before the match if one begins near, else a fixed lead. */
static size_t lead_start(const passage *p, size_t match_start, size_t match_end)
{
    size_t match = gs_utf8_count(
        gs_bytes_of(p->text.ptr + match_start, match_end - match_start));
    size_t room = match < GS_SNIPPET_CODE_POINTS_MAX ? GS_SNIPPET_CODE_POINTS_MAX - match : 0;
    size_t lead = room < LEAD_CODE_POINTS ? room : LEAD_CODE_POINTS;
    size_t start = match_start;
    while (lead-- && start > p->begin) {
        size_t before = start - 1;
        while (before > p->begin && (p->text.ptr[before] & 0xc0) == 0x80)
            before--;
        uint32_t code_point;
        gs_utf8_decode(p->text.ptr + before, p->text.ptr + p->text.len, &code_point);
        if (ends_sentence(code_point))
            break;
        start = before;
    }
    return start;
}

/* ---- writing it ---------------------------------------------------------------------------- */

static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
           code_point == 0x2028 || code_point == 0x2029;
}

/* A copy in which each control character or line end is one space; `*bytes` is how much of the
 * text went into it. */
static char *copy_window(gs_arena *arena, gs_bytes text, size_t *bytes)
{
    size_t len = gs_utf8_prefix(text, GS_SNIPPET_CODE_POINTS_MAX);
    char *out = gs_arena_alloc(arena, len + 1);
    size_t to = 0;
    for (size_t from = 0; out && from < len;) {
        uint32_t code_point;
        size_t taken = gs_utf8_decode(text.ptr + from, text.ptr + len, &code_point);
        if (is_control(code_point)) {
            out[to++] = ' ';
        } else {
            memcpy(out + to, text.ptr + from, taken);
            to += taken;
        }
        from += taken;
    }
    if (out)
        out[to] = '\0';
    *bytes = len;
    return out;
}

static int mark_order(gsearch_mark a, gsearch_mark b)
{
    return (a.start > b.start) - (a.start < b.start);
}

/* Puts a mark in its place and joins what overlaps or touches. */
static size_t add_mark(gsearch_mark *marks, size_t count, gsearch_mark mark)
{
    size_t at = count;
    while (at > 0 && mark_order(marks[at - 1], mark) > 0) {
        marks[at] = marks[at - 1];
        at--;
    }
    marks[at] = mark;
    size_t kept = 0;
    for (size_t i = 1; i <= count; i++) {
        uint32_t end = marks[kept].start + marks[kept].length;
        if (marks[i].start <= end) {
            uint32_t other = marks[i].start + marks[i].length;
            marks[kept].length = (other > end ? other : end) - marks[kept].start;
        } else {
            marks[++kept] = marks[i];
        }
    }
    return kept + 1;
}

/* Shows the passage from byte `start` on; the main span is marked even where it is cut. */
static gsearch_status show(const passage *p, gs_arena *arena, size_t start, const gs_span *spans,
                           size_t spans_count, size_t main, gsearch_hit *hit, gsearch_error *err)
{
    size_t window;
    gs_bytes rest = gs_bytes_of(p->text.ptr + start, p->text.len - start);
    char *snippet = copy_window(arena, rest, &window);
    gsearch_mark *marks =
        gs_arena_alloc(arena, (GS_SNIPPET_CODE_POINTS_MAX + 1) * sizeof(*marks));
    if (!snippet || !marks)
        return gs_fail_memory(err);
    size_t count = 0;
    for (size_t i = 0; i < spans_count; i++) {
        size_t from, to;
        if (!find_span(p, spans[i], &from, &to) || from < start)
            continue;
        if (i == main && to > start + window)
            to = start + window;
        if (to > start + window || from >= to)
            continue;
        gsearch_mark mark = {
            .start = (uint32_t)gs_utf8_count(gs_bytes_of(rest.ptr, from - start)),
            .length = (uint32_t)gs_utf8_count(gs_bytes_of(p->text.ptr + from, to - from))};
        count = add_mark(marks, count, mark);
    }
    hit->snippet = snippet;
    hit->marks = marks;
    hit->marks_count = count;
    return GSEARCH_OK;
}

static gsearch_status show_opening(const gs_segment *segment, gs_decoder *decoder, gs_arena *arena,
                                   uint32_t doc, gsearch_hit *hit, gsearch_error *err)
{
    gs_stored stored;
    uint32_t room = 4 * (GS_SNIPPET_CODE_POINTS_MAX + 1);
    GS_TRY(gs_store_read(&segment->store, decoder, doc, 0, room, &stored, err));
    passage p = {.text = gs_bytes_of(stored.text.ptr, gs_utf8_valid_prefix(stored.text))};
    return show(&p, arena, 0, NULL, 0, 0, hit, err);
}

gsearch_status gs_snippet_make(const gs_segment *segment, gs_decoder *decoder, gs_arena *arena,
                               uint32_t doc, const gs_span *spans, size_t spans_count,
                               gsearch_hit *hit, gsearch_error *err)
{
    uint32_t title_end = gs_doctable_title_end(&segment->docs, doc);
    bool title_is_field = gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD;
    size_t in_title = 0;
    while (in_title < spans_count && spans[in_title].position < title_end)
        in_title++;
    bool only_title = in_title == spans_count && spans_count > 0;
    if (!segment->has_text && !(only_title && title_is_field))
        return GSEARCH_OK;
    if (spans_count == 0)
        return show_opening(segment, decoder, arena, doc, hit, err);
    size_t first = only_title ? 0 : in_title;
    size_t main = first + densest(spans + first, spans_count - first);
    uint32_t position = spans[main].position;
    uint32_t begin = only_title && title_is_field ? segment->docs.starts[doc]
                                                  : text_start(segment, doc);
    passage p = {
        .first = position - begin > LEAD_POSITIONS ? position - LEAD_POSITIONS : begin,
        .last = position + spans[main].length + GS_SNIPPET_CODE_POINTS_MAX,
    };
    if (only_title && title_is_field)
        GS_TRY(read_title(segment, arena, doc, &p, err));
    else
        GS_TRY(read_text(segment, decoder, arena, doc, &p, err));
    size_t start, end;
    if (!find_span(&p, spans[main], &start, &end))
        return gs_corrupt(err, "document %u: a match is not in its stored text", doc);
    start = lead_start(&p, start, end);
    return show(&p, arena, start, spans, spans_count, main, hit, err);
}

gsearch_status gs_snippet_are_exact(const gs_segment *segment, gs_decoder *decoder, gs_arena *arena,
                                    const gs_matches *matches, gs_bytes exact, bool *same,
                                    gsearch_error *err)
{
    uint32_t doc = matches->doc, first = matches->positions[0];
    bool title_is_field = gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD;
    passage p = {.first = first, .last = matches->positions[matches->count - 1]};
    p.last += matches->length - 1;
    if (title_is_field && first < gs_doctable_title_end(&segment->docs, doc))
        GS_TRY(read_title(segment, arena, doc, &p, err));
    else if (segment->has_text)
        GS_TRY(read_text(segment, decoder, arena, doc, &p, err));
    else
        return gs_fail(err, GSEARCH_BAD_QUERY, "this index keeps no text, which `=` needs");
    gs_buf original;
    gs_buf_init(&original, arena->mem, GS_DOCUMENT_BYTES_MAX);
    gsearch_status status = GSEARCH_OK;
    for (size_t i = 0; i < matches->count && !status; i++) {
        gs_span span = {.position = matches->positions[i], .length = matches->length};
        size_t start, end;
        if (!find_span(&p, span, &start, &end)) {
            status = gs_corrupt(err, "document %u: a match is not in its stored text", doc);
            break;
        }
        gs_buf_reset(&original);
        gs_text_exact(&original, gs_bytes_of(p.text.ptr + start, end - start));
        status = original.status ? gs_fail_memory(err) : GSEARCH_OK;
        same[i] = gs_bytes_equal(gs_buf_view(&original), exact);
    }
    gs_buf_release(&original);
    return status;
}
