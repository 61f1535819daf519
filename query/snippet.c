/* SPDX-License-Identifier: Apache-2.0
 *
 * From positions back to text: the passage around the densest matches is analysed again, from the
 * nearest place where analysis can resume, and the byte ranges of its tokens give the marks. Start
 * with gs_snippet_make.
 */
#include "query/snippet.h"

#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "common/text/analyzer.h"
#include "common/text/exact.h"

#define LEAD_CODE_POINTS 40u /* shown before a match at most, unless the text ends behind it */
#define LEAD_POSITIONS GS_SNIPPET_CODE_POINTS_MAX /* analysed before it */
#define WINDOW_BYTES_MAX (4 * GS_SNIPPET_CODE_POINTS_MAX)
#define CODE_POINT_POSITIONS_MAX 6u /* that one gives: U+3316 is six Katakana */
#define POSITION_BYTES_GUESSED \
    4u                     /* how much text to read at first: a guess that is mostly enough */
#define PASSAGE_MARGIN 64u /* a token this close to the end of a piece may not be whole */
#define CUT_BYTES_MAX 3u   /* of a character at the end of a piece */
#define TOKENS_AT_ONCE 64u

/* A piece of a document's text, or its title, and where its tokens stand. */
typedef struct passage {
    uint32_t first, last; /* positions wanted; the arrays count from `first` */
    uint32_t match;       /* one of them, and how many bytes are wanted from its start on: what */
    uint32_t reach;       /* lies behind them need not be found */
    uint32_t *starts, *ends; /* byte ranges of tokens */
    uint32_t position;       /* of the first token after `begin` */
    uint32_t known;          /* positions below were found */
    gs_bytes text;
    size_t begin; /* analysis starts here */
    size_t stop;  /* where `reach` ends */
    bool has_end; /* the text ends where this piece does */
} passage;

static uint32_t text_start(const gs_segment *segment, uint32_t doc)
{
    if (gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD)
        return gs_doctable_title_end(&segment->docs, doc) + 1;
    return segment->docs.starts[doc];
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Finds the tokens; false if the piece ended before all that is wanted. */
static bool analyze_passage(passage *p)
{
    gs_analyzer analyzer;
    gs_token tokens[TOKENS_AT_ONCE];
    size_t margin = p->has_end ? 0 : PASSAGE_MARGIN;
    size_t sure = p->text.len > margin ? p->text.len - margin : 0;
    uint32_t dropped = 0; // a break that opens the text took no position when it was indexed
    size_t count;
    p->known = p->position;
    p->stop = SIZE_MAX;
    gs_analyzer_start(&analyzer, p->text, p->begin, p->position);
    while ((count = gs_analyzer_next(&analyzer, tokens, TOKENS_AT_ONCE)) > 0) {
        for (size_t i = 0; i < count; i++) {
            const gs_token *token = &tokens[i];
            if (token->position == p->position && token->kind == GS_TOKEN_BREAK) {
                dropped = 1;
                continue;
            }
            uint32_t position = token->position - dropped;
            if (position > p->last || token->byte_start >= p->stop)
                return true;
            if (token->byte_end > sure)
                return sure >= p->stop;
            if (position >= p->first) {
                p->starts[position - p->first] = token->byte_start;
                p->ends[position - p->first] = token->byte_end;
            }
            if (position == p->match)
                p->stop = (size_t)token->byte_start + p->reach;
            p->known = position + 1;
        }
    }
    return p->has_end || sure >= p->stop;
}

static gsearch_status make_arrays(passage *p, gs_arena *arena, gsearch_error *err)
{
    size_t bytes = ((size_t)p->last - p->first + 1) * sizeof(uint32_t);
    p->starts = gs_arena_alloc(arena, bytes);
    p->ends = gs_arena_alloc(arena, bytes);
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
    if (gs_utf8_valid_prefix(p->text) < p->text.len)
        return gs_corrupt(err, "the title of document %u is not UTF-8", doc);
    p->begin = 0;
    p->has_end = true;
    p->position = segment->docs.starts[doc];
    GS_TRY(make_arrays(p, arena, err));
    analyze_passage(p);
    return GSEARCH_OK;
}

/* Reads the text from the last checkpoint before `first` on until all that is wanted was found, or
 * the text ends. */
static gsearch_status read_text(const gs_segment *segment, gs_decoder *decoder, gs_arena *arena,
                                uint32_t doc, passage *p, gsearch_error *err)
{
    gs_checkpoint at = gs_store_checkpoint(&segment->store, text_start(segment, doc), p->first);
    if (at.position > p->first)
        return gs_corrupt(err, "document %u: a match lies before its text", doc);
    p->position = at.position;
    GS_TRY(make_arrays(p, arena, err));
    uint64_t want = (uint64_t)POSITION_BYTES_GUESSED * (p->match - at.position) + p->reach;
    want += 2 * PASSAGE_MARGIN;
    for (;; want *= 4) {
        uint64_t to = at.byte + want < UINT32_MAX ? at.byte + want : UINT32_MAX - 1;
        gs_stored stored;
        GS_TRY(gs_store_read(&segment->store, decoder, doc, at.byte, (uint32_t)to, &stored, err));
        if (at.byte < stored.text_from || at.byte - stored.text_from > stored.text.len)
            return gs_corrupt(err, "CKPT: a checkpoint lies outside its document");
        p->begin = at.byte - stored.text_from;
        gs_bytes piece = gs_bytes_of(stored.text.ptr + p->begin, stored.text.len - p->begin);
        if (piece.len > want)
            piece.len = (size_t)want;
        p->has_end = (uint64_t)at.byte + piece.len >= stored.text_len;
        size_t valid = gs_utf8_valid_prefix(piece);
        if (valid + (p->has_end ? 0 : CUT_BYTES_MAX) < piece.len)
            return gs_corrupt(err, "TEXT: document %u is not UTF-8", doc);
        p->text = gs_bytes_of(stored.text.ptr, p->begin + valid);
        if (analyze_passage(p))
            return GSEARCH_OK;
    }
}

/* Whether all of the span was found; its bytes. */
static bool find_span(const passage *p, gs_span span, size_t *start, size_t *end)
{
    uint32_t last = span.position + span.length - 1;
    if (span.position < p->first || last >= p->known)
        return false;
    *start = p->starts[span.position - p->first];
    *end = p->ends[last - p->first];
    return *start < *end;
}

/* The same for the match that the passage is about, whose end may lie behind what was wanted. */
static bool find_match(const passage *p, gs_span span, size_t *start, size_t *end)
{
    if (find_span(p, span, start, end))
        return true;
    bool goes_on = p->known > p->last || p->stop <= p->text.len;
    if (p->match >= p->known || !goes_on)
        return false;
    *start = p->starts[p->match - p->first];
    *end = p->stop < p->text.len ? p->stop : p->text.len;
    return true;
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

static uint32_t code_point_at(const passage *p, size_t at, size_t *next)
{
    uint32_t code_point;
    *next = at + gs_utf8_decode(p->text.ptr + at, p->text.ptr + p->text.len, &code_point);
    return code_point;
}

static uint32_t code_point_before(const passage *p, size_t at, size_t *before)
{
    size_t next, start = at - 1;
    while (start > 0 && (p->text.ptr[start] & 0xc0) == 0x80)
        start--;
    *before = start;
    return code_point_at(p, start, &next);
}

static bool ends_line(uint32_t code_point)
{
    return code_point == '\n' || code_point == '\r';
}

static bool ends_sentence(uint32_t code_point)
{
    return ends_line(code_point) || code_point == 0x2028 || code_point == 0x2029 ||
           code_point == 0x3002 || code_point == 0xff01 || code_point == 0xff1f;
}

/* By `count` code points towards the start of what is known, or less far to behind one that
 * `ends`. */
static size_t go_back(const passage *p, size_t from, size_t count, bool (*ends)(uint32_t))
{
    // what stands before the first token of a text is known too
    size_t floor = p->first == p->position ? p->begin : p->starts[0];
    while (count-- && from > floor) {
        size_t before;
        uint32_t code_point = code_point_before(p, from, &before);
        if (ends && ends(code_point))
            break;
        from = before;
    }
    return from;
}

static bool starts_line(const passage *p, size_t at)
{
    size_t before;
    return at == 0 || ends_line(code_point_before(p, at, &before));
}

/* What a snippet need not begin with: white space, breaks, closing brackets and quotes, and what
 * belongs to a character that is not shown. */
static bool is_dangling(uint32_t code_point)
{
    switch (code_point) {
    case 0x2019: // ’
    case 0x201d: // ”
    case 0x300b: // 》
    case 0x300d: // 」
    case 0x300f: // 』
    case 0xff09: // ）
        return true;
    }
    uint32_t entry = gs_fold_entry(code_point);
    return entry & (GS_FOLD_SPACE | GS_FOLD_EXTENDS) || gs_fold_class_of(entry) == GS_FOLD_BREAK;
}

/* The first good place at or behind `at` for a snippet to begin, at most `match`. */
static size_t settle(const passage *p, size_t at, size_t match)
{
    for (uint32_t i = 0; i < p->known - p->first && p->starts[i] < at; i++) {
        if (at < p->ends[i])
            at = p->ends[i];
    }
    for (size_t next; at < match; at = next) {
        if (starts_line(p, at))
            at += gs_title_heading(p->text.ptr + at, p->text.ptr + p->text.len);
        if (!is_dangling(code_point_at(p, at, &next)))
            break;
    }
    return at;
}

/* Where the snippet begins: where the sentence of the match does if that is near, else some way
 * before the match; further, if the text ends soon; at the beginning of a title, if the match can
 * then be shown. */
static size_t window_start(const passage *p, size_t match_start, size_t match_end, bool in_title)
{
    size_t match = gs_utf8_count(gs_bytes_of(p->text.ptr + match_start, match_end - match_start));
    size_t room = match < GS_SNIPPET_CODE_POINTS_MAX ? GS_SNIPPET_CODE_POINTS_MAX - match : 0;
    size_t lead = room < LEAD_CODE_POINTS ? room : LEAD_CODE_POINTS;
    if (in_title && go_back(p, match_start, room, NULL) == 0)
        return settle(p, 0, match_start);
    gs_bytes rest = gs_bytes_of(p->text.ptr + match_end, p->text.len - match_end);
    size_t after = room, from = match_start;
    if (p->has_end)
        after = gs_utf8_count(gs_bytes_of(rest.ptr, gs_utf8_prefix(rest, room)));
    if (room > lead + after)
        from = go_back(p, from, room - lead - after, NULL);
    return settle(p, go_back(p, from, lead, ends_sentence), match_start);
}

/* Where a snippet ends: before a character whose marks would not fit. */
static size_t window_end(const passage *p, size_t start)
{
    gs_bytes rest = gs_bytes_of(p->text.ptr + start, p->text.len - start);
    size_t end = start + gs_utf8_prefix(rest, GS_SNIPPET_CODE_POINTS_MAX);
    size_t at = end, next;
    while (at > start && at < p->text.len &&
           gs_fold_entry(code_point_at(p, at, &next)) & GS_FOLD_EXTENDS)
        code_point_before(p, at, &at);
    return at > start ? at : end;
}

/* ---- writing it ---------------------------------------------------------------------------- */

static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) || code_point == 0x2028 ||
           code_point == 0x2029;
}

/* A copy in which each control character or line end is one space. */
static char *copy_window(gs_arena *arena, const passage *p, size_t start, size_t end)
{
    char *out = gs_arena_alloc(arena, end - start + 1);
    size_t to = 0;
    for (size_t from = start, next; out && from < end; from = next) {
        if (is_control(code_point_at(p, from, &next))) {
            out[to++] = ' ';
        } else {
            memcpy(out + to, p->text.ptr + from, next - from);
            to += next - from;
        }
    }
    if (out)
        out[to] = '\0';
    return out;
}

/* The bytes of the matches in the window, joined where they overlap or touch. */
static size_t find_marks(const passage *p, size_t start, size_t end, const gs_span *spans,
                         size_t spans_count, size_t main, gsearch_mark *marks)
{
    size_t count = 0;
    for (size_t i = 0; i < spans_count && spans[i].position < p->known; i++) {
        size_t from, to;
        bool found =
            i == main ? find_match(p, spans[i], &from, &to) : find_span(p, spans[i], &from, &to);
        if (!found || from < start)
            continue;
        if (i == main && to > end)
            to = end;
        if (to > end)
            continue;
        gsearch_mark *last = count ? &marks[count - 1] : NULL;
        if (!last || from > last->start + last->length)
            marks[count++] = (gsearch_mark){(uint32_t)from, (uint32_t)(to - from)};
        else if (to > last->start + last->length)
            last->length = (uint32_t)to - last->start;
    }
    return count;
}

/* From bytes of the text to code points of the snippet. */
static void count_marks(const passage *p, size_t start, gsearch_mark *marks, size_t count)
{
    size_t at = start, code_points = 0;
    for (size_t i = 0; i < count; i++) {
        gsearch_mark *mark = &marks[i];
        code_points += gs_utf8_count(gs_bytes_of(p->text.ptr + at, mark->start - at));
        size_t length = gs_utf8_count(gs_bytes_of(p->text.ptr + mark->start, mark->length));
        at = mark->start + mark->length;
        *mark = (gsearch_mark){(uint32_t)code_points, (uint32_t)length};
        code_points += length;
    }
}

/* Shows the passage from byte `start` on; the main span is marked even where it is cut. */
static gsearch_status show(const passage *p, gs_arena *arena, size_t start, const gs_span *spans,
                           size_t spans_count, size_t main, gsearch_hit *hit, gsearch_error *err)
{
    size_t end = window_end(p, start);
    char *snippet = copy_window(arena, p, start, end);
    gsearch_mark *marks = gs_arena_alloc(arena, GS_SNIPPET_CODE_POINTS_MAX * sizeof(*marks));
    if (!snippet || !marks)
        return gs_fail_memory(err);
    size_t count = find_marks(p, start, end, spans, spans_count, main, marks);
    count_marks(p, start, marks, count);
    hit->snippet = snippet;
    hit->marks = marks;
    hit->marks_count = count;
    return GSEARCH_OK;
}

static gsearch_status show_opening(const gs_segment *segment, gs_decoder *decoder, gs_arena *arena,
                                   uint32_t doc, gsearch_hit *hit, gsearch_error *err)
{
    gs_stored stored;
    uint32_t room = WINDOW_BYTES_MAX + 4; // the character behind the window too
    GS_TRY(gs_store_read(&segment->store, decoder, doc, 0, room, &stored, err));
    gs_bytes opening = stored.text;
    if (opening.len > room)
        opening.len = room;
    passage p = {.text = gs_bytes_of(opening.ptr, gs_utf8_valid_prefix(opening))};
    if (p.text.len + (opening.len < stored.text_len ? CUT_BYTES_MAX : 0) < opening.len)
        return gs_corrupt(err, "TEXT: document %u is not UTF-8", doc);
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
    bool from_title = only_title && title_is_field;
    if (!segment->has_text && !from_title)
        return GSEARCH_OK;
    if (spans_count == 0)
        return show_opening(segment, decoder, arena, doc, hit, err);
    size_t first = only_title ? 0 : in_title;
    size_t main = first + densest(spans + first, spans_count - first);
    uint32_t position = spans[main].position;
    uint32_t begin = from_title ? segment->docs.starts[doc] : text_start(segment, doc);
    if (position < begin)
        return gs_corrupt(err, "document %u: a match lies before its text", doc);
    uint32_t room = CODE_POINT_POSITIONS_MAX * GS_SNIPPET_CODE_POINTS_MAX;
    uint32_t left = segment->docs.starts[doc + 1] - 1 - position;
    passage p = {
        .first = position - begin > LEAD_POSITIONS ? position - LEAD_POSITIONS : begin,
        .last = position + (left < room ? left : room),
        .match = position,
        .reach = WINDOW_BYTES_MAX + 4, // the character behind the window too
    };
    if (from_title)
        GS_TRY(read_title(segment, arena, doc, &p, err));
    else
        GS_TRY(read_text(segment, decoder, arena, doc, &p, err));
    size_t start, end;
    if (!find_match(&p, spans[main], &start, &end))
        return gs_corrupt(err, "document %u: a match is not in its stored text", doc);
    start = window_start(&p, start, end, only_title);
    return show(&p, arena, start, spans, spans_count, main, hit, err);
}

gsearch_status gs_snippet_are_exact(const gs_segment *segment, gs_decoder *decoder, gs_arena *arena,
                                    const gs_matches *matches, gs_bytes exact, bool *same,
                                    gsearch_error *err)
{
    uint32_t doc = matches->doc, first = matches->positions[0];
    bool title_is_field = gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD;
    uint32_t last = matches->positions[matches->count - 1] + matches->length - 1;
    passage p = {.first = first, .last = last, .match = last};
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
