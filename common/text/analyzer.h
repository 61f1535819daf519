/* SPDX-License-Identifier: Apache-2.0
 *
 * Text to tokens with positions: the same when indexing and when asking. docs/QUERY.md says what
 * matches what; GS_ANALYZER_VERSION stands in every index and changes whenever any text would give
 * other tokens.
 *
 *     text      三  公  ”  经  2017 年 。  ⏎ 营  商
 *     position  0   1      2   3    4  5      6   7
 */
#ifndef GS_TEXT_ANALYZER_H
#define GS_TEXT_ANALYZER_H

#include "common/base/limits.h"
#include "common/text/fold.h"
#include "common/text/title.h"

#define GS_ANALYZER_VERSION 1u

/* The Unicode version of the tables, as "15.0.0"; part of the analyser's identity. */
const char *gs_analyzer_unicode(void);

typedef enum gs_token_kind {
    GS_TOKEN_CJK,   /* one character: `code_point`, folded */
    GS_TOKEN_WORD,  /* letters and digits of other scripts: `term`, folded */
    GS_TOKEN_BREAK, /* a run of breaks, with nothings between */
} gs_token_kind;

typedef struct gs_token {
    gs_token_kind kind;
    uint32_t position;
    uint32_t code_point;
    uint32_t byte_start, byte_end; /* in the original text, marks and all that folded into it */
    gs_bytes term; /* of a word: its folded form, or what stands for it if that is longer than
                      GS_TERM_BYTES_MAX bytes; until the next call on the analyser */
    bool restart; /* an analyser started at byte_start, at this position, gives the same tokens from
                     here on */
} gs_token;

/* The term of a longer word is its beginning, at most so many bytes up to a character border and
 * not fewer than GS_QUERY_PREFIX_BYTES_MAX, and a hash of the whole in hexadecimal digits: equal
 * words have equal terms, and different words different ones. */
#define GS_TERM_HEAD_BYTES_MAX 239u
#define GS_TERM_HASH_DIGITS 16u

#define GS_ANALYZER_TERM_BYTES 2048u
#define GS_ANALYZER_TOKENS_MIN 2u /* what one character can complete and be */

/* What stands for a run of breaks among code points. */
#define GS_ANALYZER_BREAK 0x40000000u

/* Reads one text. About 3 KiB, no memory of its own beyond `text`, which is borrowed until the last
 * call. */
typedef struct gs_analyzer {
    const uint8_t *begin, *next, *end; /* begin: where byte offsets count from */
    uint32_t position;                 /* of the next token */
    /* private state follows, owned by analyzer.c */
    const uint8_t *character;       /* what `folded` comes from, up to `next` */
    uint32_t folded_next;           /* of `folded`, the first that is not yet given out */
    gs_fold_result folded;          /* a character that became several */
    const uint8_t *break_start;     /* of the open run of breaks; NULL without one */
    const uint8_t *break_end;
    const uint8_t *word_start;      /* of the open word; NULL without one */
    const uint8_t *word_end;
    uint32_t word_term;             /* where its term begins in `terms` */
    bool word_hashed;               /* it is longer than a term may be: `terms` has its head */
    uint64_t word_hash;             /* of all of it so far, if so */
    bool word_digit;                /* its last character is a decimal digit */
    bool line_blank;                /* only white space in this line so far */
    bool line_heading;
    const uint8_t *han_end;         /* of the last Han character or 〇 in a circle's shape */
    const uint8_t *circles_end;     /* circles up to here stand between Han characters */
    uint32_t terms_used;
    uint8_t terms[GS_ANALYZER_TERM_BYTES];
} gs_analyzer;

/* `text` is well-formed UTF-8 of at most GS_DOCUMENT_BYTES_MAX bytes. The first token gets
 * `position`. To go on from a restart point, pass the whole text and its byte offset as `from`. */
void gs_analyzer_start(gs_analyzer *analyzer, gs_bytes text, size_t from, uint32_t position);

/* The next tokens into `out`, at most `capacity`, which is GS_ANALYZER_TOKENS_MIN or more; 0 at the
 * end. The terms of one batch are valid until the next call. Breaks at the very start and end of
 * the text are given like others: the caller drops those it does not want. */
size_t gs_analyzer_next(gs_analyzer *analyzer, gs_token *out, size_t capacity);

/* The same tokens, in a fraction of the time, where they are but folded characters and
 * GS_ANALYZER_BREAK. Reads CJK characters without marks, breaks and nothings, and stops before
 * anything else, before the first restart point at the byte `restart` or behind it, or where less
 * than GS_ANALYZER_TOKENS_MIN of `capacity` is left. Where it gives 0, gs_analyzer_next goes on;
 * the two may take turns at will. */
size_t gs_analyzer_plain(gs_analyzer *analyzer, size_t restart, uint32_t *out, size_t capacity);

#endif
