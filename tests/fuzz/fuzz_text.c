/* SPDX-License-Identifier: Apache-2.0
 *
 * The analyser over any text: its tokens lie in order, stay inside the text and are the same in
 * batches of any size, from every restart point on, and read plainly where that goes. What a title
 * and the exact form of a text must be.
 */
#include "common/text/analyzer.h"

#include "common/base/arena.h"
#include "common/base/utf8.h"
#include "common/text/exact.h"
#include "tests/fuzz/target.h"

#define BATCH 64u

typedef struct tokens {
    gs_token *at;
    size_t count;
} tokens;

static gs_arena arena;

/* Reads with batches of `capacity`; terms are copied. */
static tokens read_from(gs_bytes text, size_t from, uint32_t position, size_t capacity)
{
    gs_analyzer analyzer;
    gs_token found[BATCH];
    // one code point of two bytes and more folds to at most 18
    size_t room = 18 * text.len + BATCH;
    tokens all = {gs_arena_calloc(&arena, room, sizeof(gs_token)), 0};
    assert_non_null(all.at);
    gs_analyzer_start(&analyzer, text, from, position);
    for (size_t len; (len = gs_analyzer_next(&analyzer, found, capacity)) > 0;) {
        assert_true(len <= capacity && all.count + len <= room);
        for (size_t i = 0; i < len; i++) {
            gs_token *token = &all.at[all.count++];
            *token = found[i];
            if (token->kind == GS_TOKEN_WORD)
                token->term.ptr = (const uint8_t *)gs_arena_dup(&arena, token->term);
        }
    }
    return all;
}

static bool is_border(gs_bytes text, size_t at)
{
    return at == text.len || (text.ptr[at] & 0xC0) != 0x80;
}

static void check_token(gs_bytes text, const gs_token *token, const gs_token *before)
{
    assert_true(token->byte_start < token->byte_end && token->byte_end <= text.len);
    assert_true(is_border(text, token->byte_start) && is_border(text, token->byte_end));
    if (before) {
        assert_int_equal(token->position, before->position + 1);
        assert_true(token->byte_start >= before->byte_start);
        assert_false(token->kind == GS_TOKEN_BREAK && before->kind == GS_TOKEN_BREAK);
        // what a character folds to may end one token and begin the next: 1¼ is 11, a break and 4
        assert_true(token->byte_end >= before->byte_end);
    }
    if (token->kind == GS_TOKEN_WORD) {
        assert_in_range(token->term.len, 1, GS_TERM_BYTES_MAX);
        assert_int_equal(gs_utf8_valid_prefix(token->term), token->term.len);
    }
}

static void check_same(const tokens *all, size_t from, const tokens *tail)
{
    assert_int_equal(all->count - from, tail->count);
    for (size_t i = 0; i < tail->count; i++) {
        const gs_token *a = &all->at[from + i], *b = &tail->at[i];
        assert_true(a->kind == b->kind && a->position == b->position);
        assert_true(a->byte_start == b->byte_start && a->byte_end == b->byte_end);
        assert_true(a->kind != GS_TOKEN_CJK || a->code_point == b->code_point);
        assert_true(a->kind != GS_TOKEN_WORD || gs_bytes_equal(a->term, b->term));
        assert_true(i == 0 || a->restart == b->restart);
    }
}

/* Reads with gs_analyzer_plain wherever it goes on. */
static void check_plainly(gs_bytes text, const tokens *all, size_t capacity)
{
    gs_analyzer analyzer;
    gs_token found[GS_ANALYZER_TOKENS_MIN];
    uint32_t codes[BATCH];
    size_t at = 0;
    gs_analyzer_start(&analyzer, text, 0, 0);
    for (;;) {
        size_t plain = gs_analyzer_plain(&analyzer, SIZE_MAX, codes, capacity);
        for (size_t i = 0; i < plain; i++, at++) {
            assert_true(at < all->count && all->at[at].kind != GS_TOKEN_WORD);
            assert_int_equal(codes[i], all->at[at].kind == GS_TOKEN_BREAK ? GS_ANALYZER_BREAK
                                                                          : all->at[at].code_point);
        }
        size_t others = gs_analyzer_next(&analyzer, found, GS_ANALYZER_TOKENS_MIN);
        if (!plain && !others)
            break;
        for (size_t i = 0; i < others; i++, at++) {
            assert_true(at < all->count);
            assert_true(found[i].kind == all->at[at].kind);
            assert_int_equal(found[i].position, all->at[at].position);
            assert_true(found[i].kind != GS_TOKEN_WORD ||
                        gs_bytes_equal(found[i].term, all->at[at].term));
        }
    }
    assert_int_equal(at, all->count);
}

static void check_title(gs_bytes text)
{
    gs_title_range range = gs_title_find(text);
    assert_true(range.byte_start <= range.byte_end && range.byte_end <= text.len);
    gs_bytes title = gs_bytes_of(text.ptr + range.byte_start, range.byte_end - range.byte_start);
    assert_true(is_border(text, range.byte_start) && is_border(text, range.byte_end));
    assert_true(gs_utf8_count(title) <= GS_TITLE_CODE_POINTS_MAX);
    assert_null(title.len ? memchr(title.ptr, '\n', title.len) : NULL);
    assert_null(title.len ? memchr(title.ptr, '\r', title.len) : NULL);
    if (title.len) // the title of a title is itself, unless it looks like a heading
        assert_true(gs_title_heading(title.ptr, title.ptr + title.len) ||
                    gs_title_find(title).byte_end == title.len);
}

/* The exact form is empty where there is nothing to find, and only there. */
static void check_exact(gs_bytes text, const tokens *all)
{
    gs_buf exact;
    bool has_any = false;
    gs_buf_init(&exact, NULL, SIZE_MAX);
    gs_text_exact(&exact, text);
    assert_int_equal(exact.status, GSEARCH_OK);
    assert_int_equal(gs_utf8_valid_prefix(gs_buf_view(&exact)), exact.len);
    for (size_t i = 0; i < all->count; i++)
        has_any |= all->at[i].kind != GS_TOKEN_BREAK;
    assert_int_equal(exact.len > 0, has_any);
    gs_buf_release(&exact);
}

/* The first byte is the size of batches and of the first restart; of the rest, invalid bytes are
 * replaced. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gs_buf repaired;
    if (!repaired.max) {
        gs_buf_init(&repaired, NULL, SIZE_MAX);
        gs_arena_init(&arena, NULL, 1u << 28);
    }
    gs_buf_reset(&repaired);
    gs_arena_reset(&arena);
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(data, size));
    uint8_t head = gs_cursor_u8(&cursor);
    gs_utf8_repair(&repaired, gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor)));
    gs_bytes text = gs_buf_view(&repaired);
    size_t capacity = GS_ANALYZER_TOKENS_MIN + head % (BATCH - GS_ANALYZER_TOKENS_MIN);
    tokens all = read_from(text, 0, 0, BATCH), other = read_from(text, 0, 0, capacity);
    for (size_t i = 0; i < all.count; i++)
        check_token(text, &all.at[i], i ? &all.at[i - 1] : NULL);
    check_same(&all, 0, &other);
    for (size_t i = head % 8; i < all.count; i += 8) {
        if (!all.at[i].restart)
            continue;
        tokens tail = read_from(text, all.at[i].byte_start, all.at[i].position, capacity);
        check_same(&all, i, &tail);
    }
    check_plainly(text, &all, capacity);
    check_title(text);
    check_exact(text, &all);
    return 0;
}
