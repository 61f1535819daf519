/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces are drawn first. Then every document is analysed once, and each of its tokens is looked up
 * among the first tokens of the pieces. Sets of documents are compared by their number and the sum
 * of the checksums of their ids. The reading uses the analyser and the stored text and nothing else
 * of the engine.
 */
#include "cli/recall.h"

#include "common/base/arena.h"
#include "common/base/checksum.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "common/text/analyzer.h"
#include "query/search.h"

#define PIECE_CODE_POINTS_MAX 12u
#define PIECE_TOKENS_MAX 64u
#define TOKENS_AT_ONCE 256u
#define DRAWS_PER_TITLE 4u  // a title is short, and would else hardly ever be drawn from
#define DRAWS_PER_PIECE 64u // many a place has nothing to search for
#define NO_PIECE UINT32_MAX

/* The documents that a piece is in. */
typedef struct document_set {
    uint64_t count, sum;
} document_set;

typedef struct text_piece {
    const char *text;
    const uint64_t *tokens; // each as a number, see token_number
    uint32_t tokens_count;
    uint32_t next; // with a first token in the same row of the table
    uint64_t seen_in; // number of the document that it was last met in, from 1
    document_set expected;
} text_piece;

typedef struct recall {
    gs_snapshot *snapshot;
    const gs_recall_options *options;
    gs_recall_summary *summary;
    gs_workspace *work;
    gs_arena arena;
    text_piece *pieces;
    uint32_t pieces_count;
    uint32_t *table; // row: first piece, or NO_PIECE
    uint32_t table_mask;
    uint64_t random;
    uint64_t *tokens; // of one field
    size_t tokens_count, tokens_capacity;
    gs_buf key, title;
} recall;

/* splitmix64 */
static uint64_t next_random(recall *self)
{
    uint64_t z = self->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Equal tokens have equal numbers; others, for all that matters, not. Breaks are 0. */
static uint64_t token_number(const gs_token *token)
{
    if (token->kind == GS_TOKEN_CJK)
        return token->code_point;
    return token->kind == GS_TOKEN_BREAK
               ? 0
               : gs_checksum(token->term.ptr, token->term.len, 0) | 1ull << 63;
}

/* The tokens of a text without the breaks at its ends. */
static gsearch_status read_tokens(recall *self, gs_bytes text, gsearch_error *err)
{
    gs_analyzer analyzer;
    gs_token some[TOKENS_AT_ONCE];
    self->tokens_count = 0;
    gs_analyzer_start(&analyzer, text, 0, 0);
    for (size_t count; (count = gs_analyzer_next(&analyzer, some, TOKENS_AT_ONCE)) > 0;) {
        void *tokens = self->tokens;
        if (!gs_mem_grow(NULL, &tokens, &self->tokens_capacity, self->tokens_count + count,
                         SIZE_MAX, sizeof(*self->tokens)))
            return gs_fail_memory(err);
        self->tokens = tokens;
        for (size_t i = 0; i < count; i++)
            if (some[i].kind != GS_TOKEN_BREAK || self->tokens_count)
                self->tokens[self->tokens_count++] = token_number(&some[i]);
    }
    while (self->tokens_count && !self->tokens[self->tokens_count - 1])
        self->tokens_count--;
    return GSEARCH_OK;
}

/* ---- drawing ---- */

/* The text inside the quotation marks of a phrase: marks and control characters match nothing, and
 * a space matches nothing either. */
static char *phrase_of(gs_arena *arena, gs_bytes text)
{
    char *phrase = gs_arena_alloc(arena, text.len + 3);
    if (!phrase)
        return NULL;
    static const char marks[] = "\"“”„‟＂「」『』";
    size_t len = 0;
    phrase[len++] = '"';
    for (const uint8_t *ptr = text.ptr, *end = ptr + text.len; ptr < end;) {
        uint32_t code_point;
        char mark[5] = {0};
        size_t taken = gs_utf8_decode(ptr, end, &code_point);
        memcpy(mark, ptr, taken);
        if (code_point < 0x20 || code_point == 0x7f || strstr(marks, mark)) {
            phrase[len++] = ' ';
        } else {
            memcpy(phrase + len, ptr, taken);
            len += taken;
        }
        ptr += taken;
    }
    phrase[len++] = '"';
    phrase[len] = '\0';
    return phrase;
}

/* Makes a piece of `text` if it has anything to look for. */
static gsearch_status take_piece(recall *self, gs_bytes text, gsearch_error *err)
{
    char *phrase = phrase_of(&self->arena, text);
    if (!phrase)
        return gs_fail_memory(err);
    GS_TRY(read_tokens(self, gs_bytes_of(phrase + 1, strlen(phrase) - 2), err));
    if (!self->tokens_count || self->tokens_count > PIECE_TOKENS_MAX)
        return GSEARCH_OK;
    uint64_t *tokens = gs_arena_alloc(&self->arena, self->tokens_count * sizeof(*tokens));
    if (!tokens)
        return gs_fail_memory(err);
    memcpy(tokens, self->tokens, self->tokens_count * sizeof(*tokens));
    uint32_t *row = &self->table[gs_checksum(tokens, sizeof(*tokens), 0) & self->table_mask];
    self->pieces[self->pieces_count] = (text_piece){
        .text = phrase,
        .tokens = tokens,
        .tokens_count = (uint32_t)self->tokens_count,
        .next = *row,
    };
    *row = self->pieces_count++;
    return GSEARCH_OK;
}

/* Some characters of `text`, from anywhere in it. */
static gsearch_status draw_from(recall *self, gs_bytes text, gsearch_error *err)
{
    if (!text.len)
        return GSEARCH_OK;
    size_t from = next_random(self) % text.len;
    while (from && (text.ptr[from] & 0xc0) == 0x80)
        from--;
    gs_bytes rest = gs_bytes_of(text.ptr + from, text.len - from);
    rest.len = gs_utf8_prefix(rest, 1 + next_random(self) % PIECE_CODE_POINTS_MAX);
    return take_piece(self, rest, err);
}

static gsearch_status draw(recall *self, gsearch_error *err)
{
    const gs_snapshot *snapshot = self->snapshot;
    uint32_t number = (uint32_t)(next_random(self) % snapshot->segments_count);
    const gs_segment *in = snapshot->segments[number].segment;
    uint32_t doc = (uint32_t)(next_random(self) % in->docs.count);
    if (gs_deletes_has(snapshot->segments[number].deletes, doc))
        return GSEARCH_OK;
    bool has_title = gs_column_get(&in->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD;
    if (has_title && next_random(self) % DRAWS_PER_TITLE == 0) {
        gs_buf_reset(&self->title);
        GS_TRY(gs_strings_get(&in->titles, doc, &self->title, err));
        return draw_from(self, gs_buf_view(&self->title), err);
    }
    gs_stored stored;
    GS_TRY(gs_store_read(&in->store, self->work->decoder, doc, 0, UINT32_MAX, &stored, err));
    return draw_from(self, stored.text, err);
}

static gsearch_status draw_all(recall *self, gsearch_error *err)
{
    uint64_t wanted = self->options->samples, rows = 16;
    while (rows < 2 * wanted)
        rows *= 2;
    self->pieces = gs_arena_calloc(&self->arena, wanted + 1, sizeof(*self->pieces));
    self->table = gs_arena_alloc(&self->arena, rows * sizeof(*self->table));
    if (!self->pieces || !self->table)
        return gs_fail_memory(err);
    self->table_mask = (uint32_t)(rows - 1);
    for (uint64_t i = 0; i < rows; i++)
        self->table[i] = NO_PIECE;
    for (uint64_t i = 0; i < wanted * DRAWS_PER_PIECE && self->pieces_count < wanted; i++)
        GS_TRY(draw(self, err));
    return GSEARCH_OK;
}

/* ---- reading ---- */

static void scan_tokens(recall *self, uint64_t checksum)
{
    for (size_t at = 0; at < self->tokens_count; at++) {
        const uint64_t *token = self->tokens + at;
        uint32_t i = self->table[gs_checksum(token, sizeof(*token), 0) & self->table_mask];
        for (; i != NO_PIECE; i = self->pieces[i].next) {
            text_piece *piece = &self->pieces[i];
            if (piece->seen_in == self->summary->documents ||
                piece->tokens_count > self->tokens_count - at ||
                memcmp(piece->tokens, token, piece->tokens_count * sizeof(*token)) != 0)
                continue;
            piece->seen_in = self->summary->documents;
            piece->expected.count++;
            piece->expected.sum += checksum;
        }
    }
}

static gsearch_status scan_document(recall *self, const gs_segment *in, uint32_t doc,
                                    gsearch_error *err)
{
    gs_stored stored;
    gs_buf_reset(&self->key);
    GS_TRY(gs_segment_key(in, doc, &self->key, err));
    uint64_t checksum = gs_checksum(self->key.data, self->key.len, 0);
    self->summary->documents++;
    if (gs_column_get(&in->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD) {
        gs_buf_reset(&self->title);
        GS_TRY(gs_strings_get(&in->titles, doc, &self->title, err));
        GS_TRY(read_tokens(self, gs_buf_view(&self->title), err));
        scan_tokens(self, checksum);
    }
    GS_TRY(gs_store_read(&in->store, self->work->decoder, doc, 0, UINT32_MAX, &stored, err));
    GS_TRY(read_tokens(self, stored.text, err));
    scan_tokens(self, checksum);
    return GSEARCH_OK;
}

static gsearch_status scan_all(recall *self, gsearch_error *err)
{
    for (uint32_t i = 0; i < self->snapshot->segments_count; i++) {
        const gs_snapshot_segment *row = &self->snapshot->segments[i];
        for (uint32_t doc = 0; doc < row->segment->docs.count; doc++)
            if (!gs_deletes_has(row->deletes, doc))
                GS_TRY(scan_document(self, row->segment, doc, err));
    }
    return GSEARCH_OK;
}

/* ---- asking ---- */

static gsearch_status ask(recall *self, const text_piece *piece, document_set *out,
                          gsearch_error *err)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = piece->text;
    request.limit = GSEARCH_LIMIT_ALL;
    request.snippet = false;
    gs_search *search;
    const gsearch_hit *hit = NULL;
    GS_TRY(gs_search_open(self->snapshot, &request, NULL, &search, err));
    gsearch_status status = GSEARCH_OK;
    *out = (document_set){0};
    while (!status && !(status = gs_search_next(search, &hit, err)) && hit) {
        out->count++;
        out->sum += gs_checksum(hit->id, strlen(hit->id), 0);
    }
    gs_search_close(search);
    return status;
}

static gsearch_status ask_all(recall *self, gsearch_error *err)
{
    for (uint32_t i = 0; i < self->pieces_count; i++) {
        const text_piece *piece = &self->pieces[i];
        document_set found;
        gsearch_status status = ask(self, piece, &found, err);
        if (status == GSEARCH_BUDGET || status == GSEARCH_TIMEOUT) {
            self->summary->unanswered++;
            continue;
        }
        if (status)
            return status;
        self->summary->compared++;
        if (found.count == piece->expected.count && found.sum == piece->expected.sum)
            continue;
        self->summary->differences++;
        if (self->options->on_difference)
            self->options->on_difference(piece->text, found.count, piece->expected.count,
                                         self->options->payload);
    }
    return GSEARCH_OK;
}

static gsearch_status run(recall *self, gsearch_error *err)
{
    for (uint32_t i = 0; i < self->snapshot->segments_count; i++)
        if (!self->snapshot->segments[i].segment->has_text)
            return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                           "the index stores no text: there is nothing to compare with");
    if (!self->snapshot->documents)
        return GSEARCH_OK;
    GS_TRY(draw_all(self, err));
    GS_TRY(scan_all(self, err));
    return ask_all(self, err);
}

gsearch_status gs_recall_run(gs_snapshot *snapshot, const gs_recall_options *options,
                             gs_recall_summary *out, gsearch_error *err)
{
    *out = (gs_recall_summary){0};
    recall self = {
        .snapshot = snapshot,
        .options = options,
        .summary = out,
        .random = options->seed,
        .work = gs_workspace_take(&snapshot->pool),
    };
    if (!self.work)
        return gs_fail_memory(err);
    gs_arena_init(&self.arena, NULL, SIZE_MAX / 2);
    gs_buf_init(&self.key, NULL, SIZE_MAX);
    gs_buf_init(&self.title, NULL, SIZE_MAX);
    gsearch_status status = run(&self, err);
    gs_arena_release(&self.arena);
    gs_buf_release(&self.key);
    gs_buf_release(&self.title);
    gs_mem_free(NULL, self.tokens);
    gs_workspace_give(&snapshot->pool, self.work);
    return status;
}
