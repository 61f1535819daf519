/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.7 to 3.9: the dictionary. A gram is up to three folded CJK code points in one number,
 *
 *     first << 42 | second << 21 | third        0 in the places that are not used
 *
 * so that (a, b, 0) is a bigram, (c, 0, 0) the seam list of c, (c, 1, 0) its stops, where a break
 * follows it, and 0 the list of breaks that no character goes before. Words are byte strings. Grams
 * come first, by number; words follow bytewise.
 */
#ifndef GS_SEGMENT_TERMS_H
#define GS_SEGMENT_TERMS_H

#include "common/base/limits.h"
#include "common/segment/postings.h"

#define GS_GRAM_BREAK 0ull
#define GS_GRAM_SEAM 0u /* in the place of a second code point */
#define GS_GRAM_STOP 1u
#define GS_GRAM_CODE_POINT_MASK 0x1fffffull

static inline uint64_t gs_gram(uint32_t first, uint32_t second, uint32_t third)
{
    return (uint64_t)first << 42 | (uint64_t)second << 21 | third;
}

static inline uint32_t gs_gram_first(uint64_t gram)
{
    return (uint32_t)(gram >> 42);
}

static inline uint32_t gs_gram_second(uint64_t gram)
{
    return (uint32_t)(gram >> 21 & GS_GRAM_CODE_POINT_MASK);
}

/* ---- writing ---- */

typedef struct gs_terms_writer {
    gs_buf chars;                                           /* 3.7 */
    gs_buf gram_firsts, gram_offsets, gram_gaps, gram_data; /* 3.8 */
    gs_buf word_offsets, word_gaps, word_data;              /* 3.9 */
    uint64_t last_gram;
    uint8_t last_word[GS_TERM_BYTES_MAX];
    size_t last_word_len;
    uint64_t grams, words;
    uint32_t long_min;
} gs_terms_writer;

void gs_terms_writer_init(gs_terms_writer *writer, const gs_mem *mem, uint32_t long_min);
void gs_terms_writer_release(gs_terms_writer *writer);
/* Every CJK character of the segment with its document frequency, rising; before its grams. */
void gs_terms_writer_character(gs_terms_writer *writer, uint32_t code_point, uint32_t documents);
void gs_terms_writer_gram(gs_terms_writer *writer, uint64_t gram, const gs_list *list,
                          uint64_t gaps_before);
/* A word has 1 to GS_TERM_BYTES_MAX bytes. */
void gs_terms_writer_word(gs_terms_writer *writer, gs_bytes word, const gs_list *list,
                          uint64_t gaps_before);
/* NO_MEMORY or LIMIT if a buffer overflowed. */
gsearch_status gs_terms_writer_status(const gs_terms_writer *writer);
/* The parts of the chunks, to be written one after another; errors arrive in `out`. */
void gs_terms_writer_grams(gs_terms_writer *writer, gs_buf *out);
void gs_terms_writer_words(gs_terms_writer *writer, gs_buf *out);

/* ---- reading ---- */

typedef struct gs_terms {
    const gs_postings *postings; /* which the lists lie in */
    const uint8_t *chars; /* 8 bytes each: u32 code point, u32 documents; rising */
    uint32_t chars_count;
    uint64_t grams_count, words_count;
    uint32_t gram_blocks, word_blocks;
    const uint8_t *gram_firsts;  /* u64 a block: its first gram */
    const uint8_t *gram_offsets; /* u32 a block: where it starts in gram_data */
    const uint8_t *gram_gaps;    /* u64 a block: place of its first short list */
    const uint8_t *word_offsets; /* u32 a block */
    const uint8_t *word_gaps;    /* u64 a block */
    gs_bytes gram_data, word_data;
} gs_terms;

/* Views of verified bytes; `postings` must outlive `out`. */
GS_CHECKED gsearch_status gs_terms_open(gs_bytes chars, gs_bytes grams, gs_bytes words,
                                        const gs_postings *postings, gs_terms *out,
                                        gsearch_error *err);

/* Documents that hold the CJK character; 0 if none. */
uint32_t gs_terms_character(const gs_terms *terms, uint32_t code_point);

/* `out->count` is 0 if the term is not there. CORRUPT. */
GS_CHECKED gsearch_status gs_terms_find_gram(const gs_terms *terms, uint64_t gram, gs_list *out,
                                             gsearch_error *err);
/* The same for many at once, which takes much less time than one after the other. */
GS_CHECKED gsearch_status gs_terms_find_grams(const gs_terms *terms, const uint64_t *grams,
                                              size_t count, gs_list *out, gsearch_error *err);
GS_CHECKED gsearch_status gs_terms_find_word(const gs_terms *terms, gs_bytes word, gs_list *out,
                                             gsearch_error *err);

/* Reads a block of grams, of which there are `gram_blocks`; whether they are greater than those of
 * the block before is for the caller to look at. CORRUPT; longer forms of numbers than needed may
 * pass. */
typedef struct gs_gram_row {
    uint64_t gram;
    gs_list list;
} gs_gram_row;
GS_CHECKED gsearch_status gs_terms_read_block(const gs_terms *terms, uint32_t block,
                                              gs_gram_row rows[GS_GRAMS_BLOCK], uint32_t *count,
                                              gsearch_error *err);

/* All terms from a place on, in dictionary order. Not to be moved. */
typedef struct gs_terms_iterator {
    const gs_terms *terms;
    bool is_word;
    uint64_t gram;
    gs_bytes word; /* until the next call */
    gs_list list;
    /* private */
    bool waits; /* a seek has read the next entry already */
    uint32_t block, left;
    gs_cursor cursor;
    uint64_t gap;
    uint8_t term[256];
} gs_terms_iterator;

/* To the first gram >= `gram`; then gs_terms_next gives it. */
GS_CHECKED gsearch_status gs_terms_seek_gram(gs_terms_iterator *iterator, const gs_terms *terms,
                                             uint64_t gram, gsearch_error *err);
/* To the first word >= `word`. */
GS_CHECKED gsearch_status gs_terms_seek_word(gs_terms_iterator *iterator, const gs_terms *terms,
                                             gs_bytes word, gsearch_error *err);
/* Moves on; `more` false at the end. Goes from grams over to words. */
GS_CHECKED gsearch_status gs_terms_next(gs_terms_iterator *iterator, bool *more,
                                        gsearch_error *err);

#endif
