/* SPDX-License-Identifier: Apache-2.0
 *
 * What is syntax in a query and what is text. The contract in one paragraph: a bracket or a quote
 * is syntax only at the start of a term, and only if nothing but white space, the end, `|`, `~`,
 * `*` or the bracket of a group follows the closing one; else the pair is text. Operator words
 * stand between white space; `-` and `=` are operators only at the start of a term.
 *
 * The lexer only moves forward, so that a query costs time in proportion to its length.
 */
#ifndef GS_QUERY_LEXER_H
#define GS_QUERY_LEXER_H

#include "common/base/arena.h"
#include "common/base/fail.h"

#define GS_LEXER_QUOTES 5

typedef struct gs_lexer {
    gs_bytes text;
    size_t pos;   /* of the next byte to read */
    size_t end;   /* where reading stops: a group is read with `end` at its closing bracket */
    size_t fresh; /* where white space ended last: there an operator word may stand */
    bool plain;   /* match=any: brackets, `|` and `*` are text */

    uint32_t *partners;              /* of the bracket at each byte: where its partner stands */
    size_t closers[GS_LEXER_QUOTES]; /* of each kind of quote: the next closing mark */
    uint32_t open[GS_LEXER_QUOTES];  /* of each kind: opened as text and not yet closed */
} gs_lexer;

typedef enum gs_operator {
    GS_OPERATOR_NONE,
    GS_OPERATOR_AND,
    GS_OPERATOR_OR, /* the word or `|` */
    GS_OPERATOR_NOT,
    GS_OPERATOR_NEAR,
} gs_operator;

/* An operator, from `offset` to `end` in the query, and the number after `NEAR/`. */
typedef struct gs_operator_word {
    gs_operator kind;
    uint32_t distance;
    size_t offset, end;
} gs_operator_word;

typedef enum gs_field_name {
    GS_FIELD_NAME_NONE,
    GS_FIELD_NAME_TITLE,
    GS_FIELD_NAME_DATE,
    GS_FIELD_NAME_DOCNO,
    GS_FIELD_NAME_AGENCY,
} gs_field_name;

/* A term as it is typed: the text between its quotes, or up to its end. */
typedef struct gs_lexeme {
    size_t offset; /* of its first byte in the query, quotes included */
    gs_bytes text;
    size_t text_offset;
    bool quoted;
    bool starred; /* `*` follows */
    bool near;    /* `~N` follows */
    size_t mark;  /* where the `*` or `~` stands */
    uint32_t distance;
} gs_lexeme;

/* BAD_QUERY with its offset in the query. `reason` is a plain text. */
gsearch_status gs_query_refuse(gsearch_error *err, size_t offset, const char *reason);

/* LIMIT if the text is longer than a request may be, BAD_ARGUMENT if it is not UTF-8. `text` is
 * borrowed as long as the lexer. */
GS_CHECKED gsearch_status gs_lexer_init(gs_lexer *lexer, gs_arena *arena, gs_bytes text, bool plain,
                                        gsearch_error *err);

/* The same for plain text that lies in one that was checked so. */
void gs_lexer_init_part(gs_lexer *lexer, gs_bytes text);

/* The code point at `*at` (< text.len), which moves past it, as ASCII if it is ASCII or the
 * full-width form of ASCII; 0 if neither. */
uint8_t gs_lexer_narrow(gs_bytes text, size_t *at);

void gs_lexer_skip_space(gs_lexer *lexer);

/* At white space, an operator `|`, or the end: no term starts here. */
bool gs_lexer_at_border(const gs_lexer *lexer);

/* Passes over all up to the next border. */
gs_bytes gs_lexer_take_run(gs_lexer *lexer);

/* Passes over `mark`, `-` or `=`, if it or its full-width form is next. */
bool gs_lexer_take(gs_lexer *lexer, char mark);

/* The operator that is next, at the start of a term, without passing over it. BAD_QUERY or LIMIT
 * for the number after `NEAR/`. */
GS_CHECKED gsearch_status gs_lexer_peek_operator(const gs_lexer *lexer, gs_operator_word *out,
                                                 gsearch_error *err);

/* Passes over the name of a field and its colon. */
gs_field_name gs_lexer_take_field(gs_lexer *lexer);

/* Passes over the bracket that opens a group and narrows `end` to the closing one; `*outer_end`
 * is what `end` was. `*found` is false if what is next is text. Not for plain text. BAD_QUERY. */
GS_CHECKED gsearch_status gs_lexer_enter_group(gs_lexer *lexer, size_t *outer_end, bool *found,
                                               gsearch_error *err);

/* At the end of a group: passes over the closing bracket. BAD_QUERY if a `~` or `*` follows. */
GS_CHECKED gsearch_status gs_lexer_leave_group(gs_lexer *lexer, size_t outer_end,
                                               gsearch_error *err);

/* A term, quoted or not, with the `*` or `~N` after it. BAD_QUERY. */
GS_CHECKED gsearch_status gs_lexer_take_term(gs_lexer *lexer, gs_lexeme *out, gsearch_error *err);

#endif
