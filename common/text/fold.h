/* SPDX-License-Identifier: Apache-2.0
 *
 * Class and folding of every code point, from a table that scripts/gen_text_tables.py writes when
 * the project is built: NFKC with case folding, CJK radicals to their ideographs, traditional to
 * simplified characters. What the neighbours of a code point change is the analyser's business.
 */
#ifndef GS_TEXT_FOLD_H
#define GS_TEXT_FOLD_H

#include "common/base/mem.h"

typedef enum gs_fold_class {
    GS_FOLD_NOTHING,
    GS_FOLD_BREAK,
    GS_FOLD_CJK,      /* folds to one CJK character */
    GS_FOLD_WORD,     /* folds to one letter or digit of another script */
    GS_FOLD_MARK,     /* belongs to the character before it */
    GS_FOLD_SEQUENCE, /* folds to several code points, each of a class of its own */
    GS_FOLD_CONTEXT,  /* . , and line ends; the circles ○ ◯, which then fold to 〇 */
} gs_fold_class;

/* An entry of the table: 21 bits of distance to the folded code point (or the place of its
 * sequence), three bits of class, and properties of the code point itself. */
#define GS_FOLD_TARGET_MASK 0x1FFFFFu
#define GS_FOLD_CLASS_SHIFT 21
#define GS_FOLD_EXTENDS (1u << 24)   /* may join the character before it: marks, Hangul letters */
#define GS_FOLD_HAN (1u << 25)       /* of the script Han */
#define GS_FOLD_DIGIT (1u << 26)     /* a decimal digit */
#define GS_FOLD_SPACE (1u << 27)     /* white space, line ends included */
#define GS_FOLD_IGNORABLE (1u << 28) /* variation selectors, joiners and the like */
#define GS_FOLD_ENCLOSING (1u << 29) /* an enclosing mark */

#define GS_FOLD_BLOCK_BITS 7

extern const char gs_fold_unicode[]; /* the version of the tables, as "15.0.0" */
extern const uint16_t gs_fold_index[];
extern const uint32_t gs_fold_blocks[];
extern const uint32_t gs_fold_sequences[]; /* each: how many, then the code points */

static inline uint32_t gs_fold_entry(uint32_t code_point)
{
    uint32_t block = gs_fold_index[code_point >> GS_FOLD_BLOCK_BITS];
    uint32_t place = code_point & ((1u << GS_FOLD_BLOCK_BITS) - 1);
    return gs_fold_blocks[(block << GS_FOLD_BLOCK_BITS) | place];
}

static inline gs_fold_class gs_fold_class_of(uint32_t entry)
{
    return (gs_fold_class)(entry >> GS_FOLD_CLASS_SHIFT & 7);
}

/* What `code_point` folds to, unless its class is SEQUENCE. */
static inline uint32_t gs_fold_target(uint32_t entry, uint32_t code_point)
{
    return (code_point + entry) & GS_FOLD_TARGET_MASK;
}

/* A base with its marks as it is folded: at most as many code points as fit. */
#define GS_FOLD_CODE_POINTS_MAX 128

typedef struct gs_fold_result {
    uint32_t count;
    uint32_t code_points[GS_FOLD_CODE_POINTS_MAX];
} gs_fold_result;

/* Length in bytes of the character at `ptr` (ptr < end, well-formed UTF-8): the code point, the
 * marks after it, and Hangul letters that join it to a syllable. */
size_t gs_fold_cluster(const uint8_t *ptr, const uint8_t *end);

/* Folds the character of `cluster`. Of marks, the first 30 count. */
void gs_fold_apply(gs_bytes cluster, gs_fold_result *out);

/* NFC of the character of `cluster`, without ignorable code points. Of marks, the first 30 count.*/
void gs_fold_compose(gs_bytes cluster, gs_fold_result *out);

#endif
