/* SPDX-License-Identifier: Apache-2.0
 *
 * The dictionary of grams and words. Any bytes are read as one, from its beginning and from
 * anywhere; and what is written of a drawn dictionary reads back, in order and one by one.
 */
#include "common/segment/terms.h"

#include "tests/fuzz/target.h"

#define TERMS_MAX 400u
#define POSITIONS 100000u
#define LONG_MIN 8u

typedef struct term {
    uint64_t gram;
    uint8_t word[8];
    size_t word_len; /* 0: a gram */
    gs_list list;
    uint64_t gaps_before;
} term;

static gs_postings postings_of(uint64_t gaps)
{
    static uint8_t post[4096];
    return (gs_postings){.post = gs_bytes_of(post, sizeof(post)),
                         .gaps = gaps,
                         .long_min = LONG_MIN,
                         .positions = POSITIONS};
}

/* ---- any bytes ---- */

static void walk(const gs_terms *terms, gs_terms_iterator *iterator)
{
    gsearch_error error;
    gs_list list;
    bool more = true;
    for (unsigned i = 0; i < 2 * TERMS_MAX && more; i++) {
        if (gs_terms_next(iterator, &more, &error))
            return;
        if (!more)
            break;
        assert_in_range(iterator->list.count, 1, POSITIONS);
        assert_true(iterator->list.documents <= iterator->list.count);
        gsearch_status status = iterator->is_word
                                    ? gs_terms_find_word(terms, iterator->word, &list, &error)
                                    : gs_terms_find_gram(terms, iterator->gram, &list, &error);
        assert_true(!status || status == GSEARCH_CORRUPT);
    }
}

static void read_hostile(gs_bytes bytes, uint8_t chars_len, uint8_t grams_len, uint64_t gaps)
{
    gs_cursor cursor = gs_cursor_of(bytes);
    size_t left = gs_cursor_left(&cursor);
    gs_bytes chars = gs_cursor_bytes(&cursor, 8u * chars_len < left ? 8u * chars_len : 0);
    left = gs_cursor_left(&cursor);
    gs_bytes grams = gs_cursor_bytes(&cursor, grams_len < left ? grams_len : left);
    gs_bytes words = gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor));
    gs_postings postings = postings_of(gaps);
    gs_terms terms;
    gs_terms_iterator iterator;
    gsearch_error error;
    gsearch_status status = gs_terms_open(chars, grams, words, &postings, &terms, &error);
    assert_true(!status || status == GSEARCH_CORRUPT);
    if (status)
        return;
    gs_terms_character(&terms, 0x653f);
    if (!gs_terms_seek_gram(&iterator, &terms, GS_GRAM_BREAK, &error))
        walk(&terms, &iterator);
    if (!gs_terms_seek_gram(&iterator, &terms, gs_gram(0x653f, 0x52a1, 0), &error))
        walk(&terms, &iterator);
    if (!gs_terms_seek_word(&iterator, &terms, gs_bytes_str(""), &error))
        walk(&terms, &iterator);
    if (!gs_terms_seek_word(&iterator, &terms, gs_bytes_str("pd17"), &error))
        walk(&terms, &iterator);
}

/* ---- a dictionary ---- */

static uint64_t next_gram(uint64_t gram, gs_cursor *cursor)
{
    uint8_t byte = gs_cursor_u8(cursor);
    uint32_t first = gs_gram_first(gram), second = gs_gram_second(gram);
    uint32_t third = (uint32_t)(gram & GS_GRAM_CODE_POINT_MASK);
    switch (byte & 3) {
    case 0:
        return gs_gram(first + 1 + (byte >> 2), byte >> 7, 0);
    case 1:
        return gs_gram(first, second, third + 1 + (byte >> 2));
    default:
        return gs_gram(first, second + 1 + (byte >> 3), byte & 4 ? byte >> 3 : 0);
    }
}

static void draw_list(gs_list *out, gs_cursor *cursor, uint64_t *gaps)
{
    uint8_t byte = gs_cursor_u8(cursor);
    out->count = 1 + byte % 16;
    out->documents = 1 + byte / 16 % out->count;
    out->is_long = out->count >= LONG_MIN;
    out->place = out->is_long ? 32u * (byte / 16) : out->count == 1 ? byte : *gaps;
    if (out->count > 1 && !out->is_long)
        *gaps += out->count;
}

static size_t draw(term *terms, gs_cursor *cursor, uint64_t *gaps)
{
    size_t count = 0;
    uint64_t gram = gs_cursor_u8(cursor) & 1 ? gs_gram(0x4e00, 0, 0) : GS_GRAM_BREAK;
    uint32_t word = 0;
    bool words = false;
    while (gs_cursor_left(cursor) && count < TERMS_MAX) {
        term *added = &terms[count];
        words |= count >= 4 && *cursor->ptr == 0xff; // from here on
        added->gaps_before = *gaps;
        added->gram = gram;
        added->word_len = 0;
        if (words) {
            word += 1 + gs_cursor_u8(cursor);
            for (unsigned i = 0; i < 3; i++) // big-endian, so that they rise
                added->word[i] = (uint8_t)(word >> (16 - 8 * i));
            added->word_len = 3;
        } else {
            gram = next_gram(gram, cursor);
        }
        draw_list(&added->list, cursor, gaps);
        count++;
    }
    return count;
}

static void check_list(const gs_list *a, const gs_list *b)
{
    assert_true(a->count == b->count && a->documents == b->documents && a->place == b->place);
    assert_true(a->is_long == b->is_long || a->count == 1);
}

static void check_terms(const gs_terms *read, const term *terms, size_t count)
{
    gs_terms_iterator iterator;
    gsearch_error error;
    gs_list list;
    bool more;
    assert_ok(gs_terms_seek_gram(&iterator, read, GS_GRAM_BREAK, &error), &error);
    for (size_t i = 0; i < count; i++) {
        gs_bytes word = gs_bytes_of(terms[i].word, terms[i].word_len);
        assert_ok(gs_terms_next(&iterator, &more, &error), &error);
        assert_true(more && iterator.is_word == (word.len > 0));
        assert_true(word.len ? gs_bytes_equal(iterator.word, word)
                             : iterator.gram == terms[i].gram);
        check_list(&iterator.list, &terms[i].list);
        assert_ok(word.len ? gs_terms_find_word(read, word, &list, &error)
                           : gs_terms_find_gram(read, terms[i].gram, &list, &error),
                  &error);
        check_list(&list, &terms[i].list);
    }
    assert_ok(gs_terms_next(&iterator, &more, &error), &error);
    assert_false(more);
}

static void write_and_read(gs_cursor cursor)
{
    static term terms[TERMS_MAX];
    uint64_t gaps = 0;
    size_t count = draw(terms, &cursor, &gaps);
    gs_terms_writer writer;
    gs_buf grams, words;
    gs_terms read;
    gsearch_error error;
    gs_terms_writer_init(&writer, NULL, LONG_MIN);
    for (size_t i = 0; i < count; i++) {
        gs_bytes word = gs_bytes_of(terms[i].word, terms[i].word_len);
        if (word.len)
            gs_terms_writer_word(&writer, word, &terms[i].list, terms[i].gaps_before);
        else
            gs_terms_writer_gram(&writer, terms[i].gram, &terms[i].list, terms[i].gaps_before);
    }
    gs_buf_init(&grams, NULL, SIZE_MAX);
    gs_buf_init(&words, NULL, SIZE_MAX);
    gs_terms_writer_grams(&writer, &grams);
    gs_terms_writer_words(&writer, &words);
    gs_postings postings = postings_of(gaps);
    assert_ok(gs_terms_open(gs_bytes_of(NULL, 0), gs_buf_view(&grams), gs_buf_view(&words),
                            &postings, &read, &error),
              &error);
    check_terms(&read, terms, count);
    gs_terms_writer_release(&writer);
    gs_buf_release(&grams);
    gs_buf_release(&words);
}

/* The first byte: whether the rest is a dictionary as it stands in a file or spells one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(data, size));
    uint8_t head = gs_cursor_u8(&cursor);
    if (head & 1) {
        write_and_read(cursor);
        return 0;
    }
    uint8_t grams = gs_cursor_u8(&cursor);
    uint16_t gaps = gs_cursor_u16(&cursor);
    read_hostile(gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor)), head >> 5, grams, gaps);
    return 0;
}
