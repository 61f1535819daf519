/* SPDX-License-Identifier: Apache-2.0
 *
 * The lexer of queries, asked for its parts in any order: it only moves forward, stays inside the
 * query and stands between code points.
 */
#include "query/lexer.h"

#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "tests/fuzz/target.h"

#define GROUPS_MAX 8u

typedef struct walk {
    gs_lexer lexer;
    size_t outer_ends[GROUPS_MAX];
    uint32_t groups;
} walk;

static gsearch_status enter(walk *self, gsearch_error *error)
{
    bool found;
    size_t outer_end;
    if (self->lexer.plain || self->groups == GROUPS_MAX)
        return GSEARCH_OK;
    GS_TRY(gs_lexer_enter_group(&self->lexer, &outer_end, &found, error));
    if (found)
        self->outer_ends[self->groups++] = outer_end;
    return GSEARCH_OK;
}

static gsearch_status peek(walk *self, gsearch_error *error)
{
    gs_operator_word word;
    GS_TRY(gs_lexer_peek_operator(&self->lexer, &word, error));
    assert_true(word.offset <= word.end && word.end <= self->lexer.end);
    assert_int_equal(word.kind == GS_OPERATOR_NONE, word.offset == word.end);
    self->lexer.pos = word.end;
    return GSEARCH_OK;
}

static gsearch_status take_term(walk *self, gsearch_error *error)
{
    gs_lexeme term;
    if (gs_lexer_at_border(&self->lexer))
        return GSEARCH_OK;
    size_t begin = self->lexer.pos;
    GS_TRY(gs_lexer_take_term(&self->lexer, &term, error));
    assert_true(self->lexer.pos > begin);
    assert_int_equal(term.offset, begin);
    assert_ptr_equal(self->lexer.text.ptr + term.text_offset, term.text.ptr);
    assert_true(term.text_offset + term.text.len <= self->lexer.pos);
    return GSEARCH_OK;
}

static gsearch_status step(walk *self, uint8_t part, gsearch_error *error)
{
    gs_lexer *lexer = &self->lexer;
    if (lexer->pos == lexer->end && self->groups)
        return gs_lexer_leave_group(lexer, self->outer_ends[--self->groups], error);
    switch (part % 8) {
    case 0:
        gs_lexer_skip_space(lexer);
        return GSEARCH_OK;
    case 1:
        gs_lexer_take_run(lexer);
        assert_true(gs_lexer_at_border(lexer));
        return GSEARCH_OK;
    case 2:
        gs_lexer_take(lexer, part & 8 ? '-' : '=');
        return GSEARCH_OK;
    case 3:
        gs_lexer_take_field(lexer);
        return GSEARCH_OK;
    case 4:
        return enter(self, error);
    case 5:
        return peek(self, error);
    default:
        return take_term(self, error);
    }
}

/* The first byte says how many parts are asked for, the next ones which; the rest is the query. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gs_arena arena;
    if (!arena.max_bytes)
        gs_arena_init(&arena, NULL, 1u << 20);
    gs_arena_reset(&arena);
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(data, size));
    uint8_t head = gs_cursor_u8(&cursor);
    gs_bytes parts = gs_cursor_bytes(&cursor, head % 32);
    walk self = {0};
    gs_bytes text = gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor));
    gsearch_error error;
    gsearch_status status = gs_lexer_init(&self.lexer, &arena, text, head & 0x80, &error);
    if (status)
        assert_true(status == GSEARCH_BAD_ARGUMENT || text.len > GS_REQUEST_LINE_BYTES_MAX);
    for (size_t i = 0; i < parts.len && !status; i++) {
        size_t before = self.lexer.pos;
        status = step(&self, parts.ptr[i], &error);
        if (!status) {
            assert_true(self.lexer.pos >= before && self.lexer.pos <= self.lexer.end);
            assert_true(self.lexer.end <= text.len);
            size_t left = text.len - self.lexer.pos;
            assert_int_equal(gs_utf8_valid_prefix(gs_bytes_of(text.ptr + self.lexer.pos, left)),
                             left);
        } else if (status == GSEARCH_BAD_QUERY) {
            assert_true(error.offset >= 0 && (size_t)error.offset <= text.len);
        } else {
            assert_int_equal(status, GSEARCH_LIMIT);
        }
    }
    return 0;
}
