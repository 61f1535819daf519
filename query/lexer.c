/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks and words of the query language. Start reading at pair_brackets, which is the only look
 * ahead besides the search for closing quotes.
 */
#include "query/lexer.h"

#include "common/base/limits.h"
#include "common/base/utf8.h"

#define NOWHERE UINT32_MAX
#define FULL_WIDTH 0xFEE0u /* from an ASCII mark to its full-width form */

typedef struct quote {
    const char *open, *close;
} quote;

static const quote quotes[GS_LEXER_QUOTES] = {
    {"\"", "\""}, {"＂", "＂"}, {"“", "”"}, {"「", "」"}, {"『", "』"},
};

#define QUOTES_ALIKE 2 /* the first two close with the mark that opens them */

typedef struct field_word {
    const char *word;
    gs_field_name name;
} field_word;

static const field_word field_words[] = {
    {"title", GS_FIELD_NAME_TITLE},   {"标题", GS_FIELD_NAME_TITLE},  {"date", GS_FIELD_NAME_DATE},
    {"日期", GS_FIELD_NAME_DATE},     {"docno", GS_FIELD_NAME_DOCNO}, {"文号", GS_FIELD_NAME_DOCNO},
    {"agency", GS_FIELD_NAME_AGENCY}, {"机关", GS_FIELD_NAME_AGENCY},
};

gsearch_status gs_query_refuse(gsearch_error *err, size_t offset, const char *reason)
{
    gs_fail(err, GSEARCH_BAD_QUERY, "%s", reason);
    if (err)
        err->offset = (int64_t)offset;
    return GSEARCH_BAD_QUERY;
}

static bool is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

static bool is_mark(uint32_t c, char mark)
{
    return c == (uint32_t)mark || c == (uint32_t)mark + FULL_WIDTH;
}

/* The code point at `at`; 0 at the end. */
static uint32_t peek(const gs_lexer *lexer, size_t at)
{
    uint32_t c = 0;
    if (at < lexer->end)
        gs_utf8_decode(lexer->text.ptr + at, lexer->text.ptr + lexer->end, &c);
    return c;
}

static uint32_t next(gs_lexer *lexer)
{
    uint32_t c;
    lexer->pos += gs_utf8_decode(lexer->text.ptr + lexer->pos, lexer->text.ptr + lexer->end, &c);
    return c;
}

static bool starts_with(const gs_lexer *lexer, size_t at, const char *text)
{
    size_t len = strlen(text);
    return len <= lexer->end - at && memcmp(lexer->text.ptr + at, text, len) == 0;
}

static bool is_border(const gs_lexer *lexer, size_t at)
{
    if (at >= lexer->end)
        return true;
    uint32_t c = peek(lexer, at);
    return is_space(c) || (c == '|' && !lexer->plain);
}

/* Whether what follows a closing quote or bracket lets the pair be syntax. */
static bool ends_pair(const gs_lexer *lexer, size_t at)
{
    uint32_t c = peek(lexer, at);
    return is_border(lexer, at) || c == '~' || c == '*' || is_mark(c, ')');
}

/* ---- look ahead ---- */

/* The kind of quote that opens at `pos`; GS_LEXER_QUOTES if none. */
static size_t opening_quote(const gs_lexer *lexer)
{
    size_t kind = 0;
    while (kind < GS_LEXER_QUOTES && !starts_with(lexer, lexer->pos, quotes[kind].open))
        kind++;
    return kind;
}

/* Where the quote of this kind that opens at `pos` is closed; `end` or later if nowhere. `pos`
 * never goes back, so that what was found last time holds until it is passed. */
static size_t closing_quote(gs_lexer *lexer, size_t kind)
{
    size_t from = lexer->pos + strlen(quotes[kind].open);
    size_t *closer = &lexer->closers[kind];
    if (*closer < from) {
        const char *mark = quotes[kind].close;
        const uint8_t *found =
            memmem(lexer->text.ptr + from, lexer->text.len - from, mark, strlen(mark));
        *closer = found ? (size_t)(found - lexer->text.ptr) : lexer->text.len;
    }
    return *closer;
}

/* At a quote that is syntax: passes over it and sets `inside`. */
static bool take_quoted(gs_lexer *lexer, size_t kind, gs_bytes *inside)
{
    size_t from = lexer->pos + strlen(quotes[kind].open);
    size_t close = closing_quote(lexer, kind);
    if (close >= lexer->end || !ends_pair(lexer, close + strlen(quotes[kind].close)))
        return false;
    *inside = gs_bytes_of(lexer->text.ptr + from, close - from);
    lexer->pos = close + strlen(quotes[kind].close);
    return true;
}

/* Gives every bracket outside quoted phrases its partner. Brackets are paired as they nest, in text
 * and around groups alike, so that `(甲（试行） 乙)` is a group. */
static void pair_brackets(gs_lexer *lexer)
{
    uint32_t *partners = lexer->partners;
    uint32_t open = NOWHERE; // the innermost; partners[] of those that are open leads outwards
    for (bool start = true; lexer->pos < lexer->end;) {
        if (start) {
            gs_lexer_take(lexer, '-');
            gs_lexer_take_field(lexer);
            gs_lexer_take(lexer, '=');
            gs_bytes inside;
            size_t kind = opening_quote(lexer);
            start = kind == GS_LEXER_QUOTES || !take_quoted(lexer, kind, &inside);
            if (!start || lexer->pos == lexer->end)
                continue;
        }
        uint32_t at = (uint32_t)lexer->pos;
        uint32_t c = next(lexer);
        if (is_mark(c, '(')) {
            partners[at] = open;
            open = at;
            continue; // after a bracket at the start of a term another term starts
        }
        if (is_mark(c, ')')) {
            partners[at] = open;
            if (open != NOWHERE) {
                uint32_t outer = partners[open];
                partners[open] = at;
                open = outer;
            }
        }
        start = is_space(c) || c == '|';
    }
    while (open != NOWHERE) {
        uint32_t outer = partners[open];
        partners[open] = NOWHERE;
        open = outer;
    }
}

void gs_lexer_init_part(gs_lexer *lexer, gs_bytes text)
{
    *lexer = (gs_lexer){.text = text, .end = text.len, .plain = true};
}

gsearch_status gs_lexer_init(gs_lexer *lexer, gs_arena *arena, gs_bytes text, bool plain,
                             gsearch_error *err)
{
    if (text.len > GS_REQUEST_LINE_BYTES_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "query length: at most %u bytes",
                       GS_REQUEST_LINE_BYTES_MAX);
    size_t valid = gs_utf8_valid_prefix(text);
    if (valid < text.len)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the query is not UTF-8 at byte %zu", valid);
    *lexer = (gs_lexer){.text = text, .end = text.len, .plain = plain};
    if (plain)
        return GSEARCH_OK;
    lexer->partners = gs_arena_calloc(arena, text.len + 1, sizeof(*lexer->partners));
    if (!lexer->partners)
        return gs_fail_memory(err);
    pair_brackets(lexer);
    lexer->pos = 0;
    memset(lexer->closers, 0, sizeof(lexer->closers));
    return GSEARCH_OK;
}

/* ---- small pieces ---- */

gs_bytes gs_lexer_take_run(gs_lexer *lexer)
{
    size_t start = lexer->pos;
    while (!gs_lexer_at_border(lexer))
        next(lexer);
    return gs_bytes_of(lexer->text.ptr + start, lexer->pos - start);
}

uint8_t gs_lexer_narrow(gs_bytes text, size_t *at)
{
    uint32_t c;
    *at += gs_utf8_decode(text.ptr + *at, text.ptr + text.len, &c);
    if (c > FULL_WIDTH)
        c -= FULL_WIDTH;
    return c < 0x7F ? (uint8_t)c : 0;
}

void gs_lexer_skip_space(gs_lexer *lexer)
{
    while (lexer->pos < lexer->end && is_space(peek(lexer, lexer->pos)))
        next(lexer);
    lexer->fresh = lexer->pos;
}

bool gs_lexer_at_border(const gs_lexer *lexer)
{
    return is_border(lexer, lexer->pos);
}

bool gs_lexer_take(gs_lexer *lexer, char mark)
{
    if (lexer->pos >= lexer->end || !is_mark(peek(lexer, lexer->pos), mark))
        return false;
    next(lexer);
    return true;
}

gs_field_name gs_lexer_take_field(gs_lexer *lexer)
{
    size_t start = lexer->pos;
    for (size_t i = 0; i < sizeof(field_words) / sizeof(field_words[0]); i++) {
        if (!starts_with(lexer, start, field_words[i].word))
            continue;
        lexer->pos = start + strlen(field_words[i].word);
        if (gs_lexer_take(lexer, ':'))
            return field_words[i].name;
    }
    lexer->pos = start;
    return GS_FIELD_NAME_NONE;
}

/* ---- operators ---- */

static bool take_word(gs_lexer *lexer, const char *word)
{
    size_t at = lexer->pos;
    gs_bytes text = gs_bytes_of(lexer->text.ptr, lexer->end);
    for (; *word; word++) {
        if (at >= lexer->end || gs_lexer_narrow(text, &at) != (uint8_t)*word)
            return false;
    }
    lexer->pos = at;
    return true;
}

/* The number at the end of `NEAR/` and `~`, up to a border. `offset` is where the operator is. */
static gsearch_status take_distance(gs_lexer *lexer, size_t offset, uint32_t *out,
                                    gsearch_error *err)
{
    gs_bytes text = gs_bytes_of(lexer->text.ptr, lexer->end);
    uint32_t distance = 0;
    bool good = !gs_lexer_at_border(lexer);
    while (good && !gs_lexer_at_border(lexer)) {
        uint8_t c = gs_lexer_narrow(text, &lexer->pos);
        good = c >= '0' && c <= '9';
        if (good && distance <= GS_QUERY_NEAR_DISTANCE_MAX)
            distance = distance * 10 + (uint32_t)(c - '0');
    }
    if (!good)
        return gs_query_refuse(err, offset,
                               "a number of positions belongs here, as in NEAR/5 or \"…\"~5");
    if (distance > GS_QUERY_NEAR_DISTANCE_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "distance of NEAR/n and ~n: at most %u positions",
                       GS_QUERY_NEAR_DISTANCE_MAX);
    *out = distance;
    return GSEARCH_OK;
}

gsearch_status gs_lexer_peek_operator(const gs_lexer *lexer, gs_operator_word *out,
                                      gsearch_error *err)
{
    static const struct {
        const char *word;
        gs_operator kind;
    } words[] = {{"AND", GS_OPERATOR_AND}, {"OR", GS_OPERATOR_OR}, {"NOT", GS_OPERATOR_NOT}};

    *out = (gs_operator_word){.kind = GS_OPERATOR_NONE, .offset = lexer->pos, .end = lexer->pos};
    gs_lexer scan = *lexer;
    if (peek(&scan, scan.pos) == '|') {
        out->kind = GS_OPERATOR_OR;
        out->end++;
        return GSEARCH_OK;
    }
    if (lexer->pos != lexer->fresh)
        return GSEARCH_OK;
    if (take_word(&scan, "NEAR/")) {
        GS_TRY(take_distance(&scan, lexer->pos, &out->distance, err));
        out->kind = GS_OPERATOR_NEAR;
        out->end = scan.pos;
        return GSEARCH_OK;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        scan.pos = lexer->pos;
        if (take_word(&scan, words[i].word) && gs_lexer_at_border(&scan)) {
            out->kind = words[i].kind;
            out->end = scan.pos;
        }
    }
    return GSEARCH_OK;
}

/* ---- groups and terms ---- */

gsearch_status gs_lexer_enter_group(gs_lexer *lexer, size_t *outer_end, bool *found,
                                    gsearch_error *err)
{
    uint32_t open = peek(lexer, lexer->pos);
    *found = false;
    if (!is_mark(open, '('))
        return GSEARCH_OK;
    size_t close = lexer->partners[lexer->pos];
    if (close >= lexer->end)
        return gs_query_refuse(err, lexer->pos, "this bracket is not closed");
    uint32_t closing = peek(lexer, close);
    if (!ends_pair(lexer, close + (closing == ')' ? 1 : strlen("）"))))
        return GSEARCH_OK;
    if (closing != open + 1)
        return gs_query_refuse(err, close, "this bracket closes one of the other width");
    next(lexer);
    *outer_end = lexer->end;
    lexer->end = close;
    *found = true;
    return GSEARCH_OK;
}

gsearch_status gs_lexer_leave_group(gs_lexer *lexer, size_t outer_end, gsearch_error *err)
{
    lexer->end = outer_end;
    next(lexer);
    uint32_t c = peek(lexer, lexer->pos);
    if (c == '~' || c == '*')
        return gs_query_refuse(err, lexer->pos, "this stands after a term or a phrase only");
    return GSEARCH_OK;
}

/* Keeps count of quotes that are text, of the kinds whose closing mark shows what it is. */
static gsearch_status check_text_quote(gs_lexer *lexer, gsearch_error *err)
{
    for (size_t kind = QUOTES_ALIKE; kind < GS_LEXER_QUOTES; kind++) {
        if (starts_with(lexer, lexer->pos, quotes[kind].open))
            lexer->open[kind]++;
        else if (!starts_with(lexer, lexer->pos, quotes[kind].close))
            continue;
        else if (lexer->open[kind] > 0)
            lexer->open[kind]--;
        else
            return gs_query_refuse(err, lexer->pos, "this quote was not opened");
    }
    return GSEARCH_OK;
}

static gsearch_status take_unquoted(gs_lexer *lexer, gs_lexeme *out, gsearch_error *err)
{
    size_t text_end = lexer->pos;
    while (!gs_lexer_at_border(lexer) && !out->starred) {
        size_t at = lexer->pos;
        GS_TRY(check_text_quote(lexer, err));
        uint32_t c = next(lexer);
        if (c == '*' && !lexer->plain) {
            out->starred = true;
            out->mark = at;
            continue;
        }
        if (is_mark(c, ')') && !lexer->plain && lexer->partners[at] == NOWHERE)
            return gs_query_refuse(err, at, "this bracket was not opened");
        text_end = lexer->pos;
    }
    if (!gs_lexer_at_border(lexer))
        return gs_query_refuse(err, out->mark, "* stands at the end of a term only");
    out->text = gs_bytes_of(lexer->text.ptr + out->offset, text_end - out->offset);
    out->text_offset = out->offset;
    return GSEARCH_OK;
}

/* The `*` or `~N` right after a quoted phrase. */
static gsearch_status take_suffix(gs_lexer *lexer, gs_lexeme *out, gsearch_error *err)
{
    uint32_t c = peek(lexer, lexer->pos);
    if (c != '*' && c != '~')
        return GSEARCH_OK;
    out->mark = lexer->pos++;
    if (c == '~') {
        out->near = true;
        return take_distance(lexer, out->mark, &out->distance, err);
    }
    out->starred = true;
    if (!gs_lexer_at_border(lexer))
        return gs_query_refuse(err, out->mark, "* stands at the end of a term only");
    return GSEARCH_OK;
}

gsearch_status gs_lexer_take_term(gs_lexer *lexer, gs_lexeme *out, gsearch_error *err)
{
    *out = (gs_lexeme){.offset = lexer->pos};
    size_t kind = opening_quote(lexer);
    if (kind == GS_LEXER_QUOTES)
        return take_unquoted(lexer, out, err);
    if (closing_quote(lexer, kind) >= lexer->end)
        return gs_query_refuse(err, lexer->pos, "this quote is not closed");
    if (!take_quoted(lexer, kind, &out->text))
        return take_unquoted(lexer, out, err);
    out->quoted = true;
    out->text_offset = (size_t)(out->text.ptr - lexer->text.ptr);
    return lexer->plain ? GSEARCH_OK : take_suffix(lexer, out, err);
}
