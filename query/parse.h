/* SPDX-License-Identifier: Apache-2.0
 *
 * The query language of docs/QUERY.md: a line of text to a tree in an arena.
 *
 * Parsing is iterative or bounded by GS_QUERY_DEPTH_MAX. Every fault is BAD_QUERY with the byte
 * offset of its cause, or LIMIT; never a guess.
 */
#ifndef GS_QUERY_PARSE_H
#define GS_QUERY_PARSE_H

#include "common/base/arena.h"
#include "common/base/fail.h"
#include "common/text/analyzer.h"

typedef enum gs_node_kind {
    GS_NODE_AND,    /* children */
    GS_NODE_OR,     /* children */
    GS_NODE_NOT,    /* one child */
    GS_NODE_NEAR,   /* children: phrases of one field. A phrase may hang under several NEAR nodes:
                       (a OR b) NEAR/n c is written out as a NEAR/n c OR b NEAR/n c */
    GS_NODE_PHRASE, /* items */
    GS_NODE_DATE,   /* from .. to */
} gs_node_kind;

typedef enum gs_field {
    GS_FIELD_ANY,   /* title and text */
    GS_FIELD_TITLE, /* title alone */
} gs_field;

/* One position of a phrase. */
typedef struct gs_item {
    gs_token_kind kind;
    uint32_t code_point; /* GS_TOKEN_CJK */
    gs_bytes word;       /* GS_TOKEN_WORD, in the arena */
} gs_item;

typedef struct gs_node gs_node;
struct gs_node {
    gs_node_kind kind;
    uint32_t offset; /* byte offset in the query, for messages */

    gs_node **children; /* AND OR NOT NEAR */
    uint32_t children_count;
    uint32_t distance; /* NEAR: at most so many positions between neighbours, summed; the sum of
                          the numbers of a chain */

    gs_field field; /* PHRASE, and the phrases of NEAR */
    const gs_item *items;
    uint32_t items_count; /* breaks at both ends are dropped: at least one CJK or WORD item */
    bool prefix;          /* the last item is a WORD and stands for every word it begins */
    bool exact;           /* `=`: the original text must read `exact_text` */
    gs_bytes exact_text;  /* NFC, nothings taken out; in the arena */

    uint32_t date_from, date_to; /* DATE: yyyymmdd, inclusive; 0 and 99999999 are open ends */
};

/* A whole query. Every AND, and every branch of an OR, has a part that is no NOT; no AND is a child
 * of an AND, no OR of an OR. `leaves` are its PHRASE nodes in query order, those under NOT too. */
typedef struct gs_query {
    gs_node *root;
    gs_node **leaves;
    uint32_t leaves_count;
} gs_query;

/* Parses `text`, borrowed for the call. BAD_QUERY with its offset; LIMIT for GS_QUERY_TERMS_MAX,
 * GS_QUERY_GRAMS_MAX, GS_QUERY_DEPTH_MAX, GS_QUERY_NEAR_DISTANCE_MAX and a text longer than
 * GS_REQUEST_LINE_BYTES_MAX; BAD_ARGUMENT for bytes that are not UTF-8. */
GS_CHECKED gsearch_status gs_query_parse(gs_arena *arena, gs_bytes text, gs_query *out,
                                         gsearch_error *err);

/* match=any: quotes, a leading `-` and fields keep their meaning, all other operators are text. The
 * filter is an AND, be it of one child, over the phrases that must or must not occur and the dates;
 * `items` is the rest, the plain text. One of the two finds something. */
typedef struct gs_question {
    gs_query filter;      /* root NULL if nothing is quoted, negated or has a field */
    const gs_item *items; /* the plain text, one item a position, GS_TOKEN_BREAK between terms */
    uint32_t items_count;
} gs_question;

GS_CHECKED gsearch_status gs_question_parse(gs_arena *arena, gs_bytes text, gs_question *out,
                                            gsearch_error *err);

#endif
