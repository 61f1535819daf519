/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/terms.c: dictionaries of all shapes against the arrays they were made
 * from, bytes against docs/FORMAT.md, and damaged bytes.
 */
#include "common/segment/terms.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

#define ENTRIES_MAX 600u
#define POSITIONS 1000000u
#define POST_BYTES (1u << 24)
#define LONG_MIN 300u
#define MUTATIONS 20000

typedef struct entry {
    bool is_word;
    uint64_t gram;
    uint8_t word[255];
    size_t len;
    gs_list list;
    uint64_t gaps_before;
} entry;

typedef struct dictionary {
    entry entries[ENTRIES_MAX]; /* in order */
    uint32_t grams, words;
    gs_buf chars, gram_bytes, word_bytes;
    gs_postings postings;
    gs_terms terms;
} dictionary;

static gs_bytes word_of(const entry *e)
{
    return gs_bytes_of(e->word, e->len);
}

static int by_word(const void *a, const void *b)
{
    return gs_bytes_compare(word_of(a), word_of(b));
}

static void draw_list(gs_list *list, uint64_t *gaps, uint64_t *seed)
{
    uint64_t kind = gs_test_random_below(seed, 8);
    list->count = kind < 4 ? 1 : 2 + (uint32_t)gs_test_random_below(seed, kind == 7 ? 9000 : 290);
    list->documents = 1 + (uint32_t)gs_test_random_below(seed, list->count);
    list->is_long = list->count >= LONG_MIN;
    if (list->count == 1) {
        list->place = gs_test_random_below(seed, POSITIONS);
    } else if (list->is_long) {
        list->place = 32 * gs_test_random_below(seed, POST_BYTES / 64);
    } else {
        list->place = *gaps;
        *gaps += list->count;
    }
}

/* Few letters and many lengths, so that most words share a beginning; each 16th has 255 bytes. */
static void draw_word(entry *e, uint64_t *seed)
{
    e->is_word = true;
    e->len = 1 + gs_test_random_below(seed, 20);
    if (gs_test_random_below(seed, 16) == 0)
        e->len = sizeof(e->word);
    for (size_t i = 0; i < e->len; i++)
        e->word[i] = (uint8_t)(gs_test_random_below(seed, 9) ? 'a' + gs_test_random_below(seed, 2)
                                                             : gs_test_random_below(seed, 256));
}

static void draw_entries(dictionary *d, uint64_t seed)
{
    uint64_t gram = gs_test_random_below(&seed, 2) ? GS_GRAM_BREAK : gs_gram(0x4e00, 0, 0);
    uint64_t gaps = 0;
    for (uint32_t i = 0; i < d->grams; i++) {
        d->entries[i].gram = gram;
        uint32_t first = gs_gram_first(gram), second = gs_gram_second(gram);
        uint32_t n = 1 + (uint32_t)gs_test_random_below(&seed, 3000);
        switch (gs_test_random_below(&seed, 6)) {
        case 0:
            gram = gs_gram(first + n, 0, 0);
            break;
        case 1:
            gram = gs_gram(first + n, n, n % 3);
            break;
        case 2:
            gram = gs_gram(first, second + n, n);
            break;
        case 3:
            gram += n;
            break;
        default: // every eighth step, where there is room, takes four bytes
            if (second < 1u << 20 && gs_test_random_below(&seed, 8) == 0)
                n += 1u << 19;
            gram = gs_gram(first, second + n, 0);
        }
    }
    entry *words = d->entries + d->grams;
    for (uint32_t i = 0; i < d->words; i++)
        draw_word(&words[i], &seed);
    qsort(words, d->words, sizeof(*words), by_word);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < d->words; i++)
        if (kept == 0 || by_word(&words[kept - 1], &words[i]) != 0)
            words[kept++] = words[i];
    d->words = kept;
    for (uint32_t i = 0; i < d->grams + d->words; i++) {
        d->entries[i].gaps_before = gaps;
        draw_list(&d->entries[i].list, &gaps, &seed);
    }
    d->postings.gaps = gaps;
}

static gsearch_status encode(dictionary *d, const gs_mem *mem)
{
    gs_terms_writer writer;
    gs_terms_writer_init(&writer, mem, LONG_MIN);
    gs_terms_writer_character(&writer, 0x4e00, 3);
    gs_terms_writer_character(&writer, 0x20000, 5);
    for (uint32_t i = 0; i < d->grams; i++)
        gs_terms_writer_gram(&writer, d->entries[i].gram, &d->entries[i].list,
                             d->entries[i].gaps_before);
    for (uint32_t i = d->grams; i < d->grams + d->words; i++)
        gs_terms_writer_word(&writer, word_of(&d->entries[i]), &d->entries[i].list,
                             d->entries[i].gaps_before);
    gs_buf_init(&d->chars, NULL, SIZE_MAX);
    gs_buf_init(&d->gram_bytes, NULL, SIZE_MAX);
    gs_buf_init(&d->word_bytes, NULL, SIZE_MAX);
    gs_buf_bytes(&d->chars, gs_buf_view(&writer.chars));
    gs_terms_writer_grams(&writer, &d->gram_bytes);
    gs_terms_writer_words(&writer, &d->word_bytes);
    gsearch_status status = gs_terms_writer_status(&writer);
    gs_terms_writer_release(&writer);
    return status;
}

/* Without the room to grow, so that a sanitizer sees what is read behind the end. */
static void trim(gs_buf *buf)
{
    void *data = realloc(buf->data, buf->len);
    assert_non_null(data);
    buf->data = data;
    buf->capacity = buf->len;
}

static gsearch_status open_dictionary(dictionary *d, gsearch_error *error)
{
    return gs_terms_open(gs_buf_view(&d->chars), gs_buf_view(&d->gram_bytes),
                         gs_buf_view(&d->word_bytes), &d->postings, &d->terms, error);
}

static dictionary *dictionary_new(uint64_t seed, uint32_t grams, uint32_t words)
{
    gsearch_error error;
    dictionary *d = calloc(1, sizeof(*d));
    d->grams = grams;
    d->words = words;
    draw_entries(d, seed);
    d->postings.positions = POSITIONS;
    d->postings.long_min = LONG_MIN;
    d->postings.post.len = POST_BYTES;
    assert_int_equal(encode(d, NULL), GSEARCH_OK);
    trim(&d->gram_bytes);
    trim(&d->word_bytes);
    assert_ok(open_dictionary(d, &error), &error);
    return d;
}

static void dictionary_free(dictionary *d)
{
    gs_buf_release(&d->chars);
    gs_buf_release(&d->gram_bytes);
    gs_buf_release(&d->word_bytes);
    free(d);
}

static void assert_list(const gs_list *is, const gs_list *should)
{
    assert_int_equal(is->count, should->count);
    assert_int_equal(is->documents, should->documents);
    assert_true(is->place == should->place);
    assert_int_equal(is->is_long, should->is_long);
}

/* The next calls give the entries from `from` on, `most` at most, and then the end. */
static void assert_walk(const dictionary *d, gs_terms_iterator *iterator, uint32_t from,
                        uint32_t most)
{
    gsearch_error error;
    uint32_t all = d->grams + d->words;
    for (uint32_t i = from; i <= all && i - from < most; i++) {
        bool more;
        assert_ok(gs_terms_next(iterator, &more, &error), &error);
        assert_int_equal(more, i < all);
        if (!more)
            continue;
        assert_int_equal(iterator->is_word, d->entries[i].is_word);
        if (iterator->is_word)
            assert_true(gs_bytes_equal(iterator->word, word_of(&d->entries[i])));
        else
            assert_true(iterator->gram == d->entries[i].gram);
        assert_list(&iterator->list, &d->entries[i].list);
    }
}

/* Seeks and finds a gram that may be there or not; `most` entries of the walk are looked at. */
static void check_gram(const dictionary *d, uint64_t gram, uint32_t most)
{
    gsearch_error error;
    gs_terms_iterator iterator;
    gs_list list;
    uint32_t at = 0;
    while (at < d->grams && d->entries[at].gram < gram)
        at++;
    assert_ok(gs_terms_seek_gram(&iterator, &d->terms, gram, &error), &error);
    assert_walk(d, &iterator, at, most);
    assert_ok(gs_terms_find_gram(&d->terms, gram, &list, &error), &error);
    bool found = at < d->grams && d->entries[at].gram == gram;
    assert_list(&list, found ? &d->entries[at].list : &(gs_list){0});
}

/* Finds grams that are there and grams that are not, many more than are looked for side by side. */
static void check_together(const dictionary *d, uint64_t seed)
{
    enum { TOGETHER = 75 };
    uint64_t grams[TOGETHER];
    gs_list lists[TOGETHER];
    gsearch_error error;
    for (uint32_t n = 0; n < TOGETHER; n++) {
        uint64_t at = d->grams ? gs_test_random_below(&seed, d->grams) : 0;
        grams[n] = d->entries[at].gram + gs_test_random_below(&seed, 2);
    }
    assert_ok(gs_terms_find_grams(&d->terms, grams, TOGETHER, lists, &error), &error);
    for (uint32_t n = 0; n < TOGETHER; n++) {
        uint32_t at = 0;
        while (at < d->grams && d->entries[at].gram < grams[n])
            at++;
        bool found = at < d->grams && d->entries[at].gram == grams[n];
        assert_list(&lists[n], found ? &d->entries[at].list : &(gs_list){0});
    }
}

static void check_blocks(const dictionary *d)
{
    gsearch_error error;
    for (uint32_t block = 0, at = 0; block < d->terms.gram_blocks; block++) {
        gs_gram_row rows[GS_GRAMS_BLOCK];
        uint32_t count;
        assert_ok(gs_terms_read_block(&d->terms, block, rows, &count, &error), &error);
        assert_int_equal(count, d->grams - at < GS_GRAMS_BLOCK ? d->grams - at : GS_GRAMS_BLOCK);
        for (uint32_t i = 0; i < count; i++, at++) {
            assert_true(rows[i].gram == d->entries[at].gram);
            assert_list(&rows[i].list, &d->entries[at].list);
        }
    }
}

/* Blocks of a damaged dictionary: grams that rise and lists that fit, or they are refused. */
static void read_blocks(const dictionary *d)
{
    gsearch_error error;
    for (uint32_t block = 0; block < d->terms.gram_blocks; block++) {
        gs_gram_row rows[GS_GRAMS_BLOCK];
        uint32_t count;
        gsearch_status status = gs_terms_read_block(&d->terms, block, rows, &count, &error);
        assert_true(!status || status == GSEARCH_CORRUPT);
        for (uint32_t i = 0; i < count && !status; i++) {
            const gs_list *list = &rows[i].list;
            assert_true(i == 0 || rows[i].gram > rows[i - 1].gram);
            assert_true(list->documents >= 1 && list->documents <= list->count);
            assert_ok(gs_list_check(&d->postings, list, &error), &error);
        }
    }
}

static void check_word(const dictionary *d, gs_bytes word, uint32_t most)
{
    gsearch_error error;
    gs_terms_iterator iterator;
    gs_list list;
    uint32_t at = d->grams, all = d->grams + d->words;
    while (at < all && gs_bytes_compare(word_of(&d->entries[at]), word) < 0)
        at++;
    assert_ok(gs_terms_seek_word(&iterator, &d->terms, word, &error), &error);
    assert_walk(d, &iterator, at, most);
    assert_ok(gs_terms_find_word(&d->terms, word, &list, &error), &error);
    bool found = at < all && gs_bytes_equal(word_of(&d->entries[at]), word);
    assert_list(&list, found ? &d->entries[at].list : &(gs_list){0});
}

static void dictionaries_of_every_size_are_sought_at_and_beside_every_term(void **state)
{
    (void)state;
    static const uint32_t grams[] = {0, 1, 2, 63, 64, 65, 128, 300};
    static const uint32_t words[] = {0, 1, 15, 16, 17, 32, 200};
    for (size_t g = 0; g < sizeof(grams) / sizeof(*grams); g++) {
        for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++) {
            dictionary *d = dictionary_new(g * 100 + w, grams[g], words[w]);
            check_gram(d, 0, UINT32_MAX);
            check_gram(d, UINT64_MAX >> 1, UINT32_MAX);
            check_together(d, g * 100 + w + 1);
            check_blocks(d);
            check_word(d, gs_bytes_of(NULL, 0), UINT32_MAX);
            check_word(d, gs_bytes_str("\xff\xff\xff"), UINT32_MAX);
            for (uint32_t i = 0; i < d->grams; i++) {
                uint64_t gram = d->entries[i].gram;
                check_gram(d, gram, 5);
                check_gram(d, gram + 1, 3);
                check_gram(d, gram ? gram - 1 : 0, 3);
            }
            for (uint32_t i = d->grams; i < d->grams + d->words; i++) {
                entry e = d->entries[i];
                check_word(d, word_of(&e), 5);
                check_word(d, gs_bytes_of(e.word, e.len - 1), 3);
                e.word[e.len - 1]++;
                check_word(d, word_of(&e), 3);
                e.word[e.len - 1] = (uint8_t)(e.word[e.len - 1] - 2);
                check_word(d, word_of(&e), 3);
                if (e.len < sizeof(e.word)) {
                    e = d->entries[i];
                    e.word[e.len++] = 0;
                    check_word(d, word_of(&e), 3);
                }
            }
            dictionary_free(d);
        }
    }
}

static void a_walk_that_is_over_stays_over(void **state)
{
    (void)state;
    gsearch_error error;
    for (uint32_t size = 0; size < 2; size++) {
        dictionary *d = dictionary_new(1, size, size);
        gs_terms_iterator iterator;
        bool more = true;
        assert_ok(gs_terms_seek_gram(&iterator, &d->terms, UINT64_MAX >> 1, &error), &error);
        assert_walk(d, &iterator, size, 2);
        for (uint32_t i = 0; i < 3; i++) {
            assert_ok(gs_terms_next(&iterator, &more, &error), &error);
            assert_false(more);
        }
        dictionary_free(d);
    }
}

static void characters_are_found_with_their_documents(void **state)
{
    (void)state;
    dictionary *d = dictionary_new(1, 1, 1);
    assert_int_equal(gs_terms_character(&d->terms, 0x4e00), 3);
    assert_int_equal(gs_terms_character(&d->terms, 0x20000), 5);
    static const uint32_t absent[] = {0, 0x4dff, 0x4e01, 0x1ffff, 0x20001, UINT32_MAX};
    for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
        assert_int_equal(gs_terms_character(&d->terms, absent[i]), 0);
    dictionary_free(d);
}

static void the_bytes_are_those_of_the_description(void **state)
{
    (void)state;
    // FORMAT 3.8: (公, 0, 0) at 9, (公, 开, 0) at 0 and 4 of one document, (政, 府, 0) in two
    static const uint8_t grams[] = {
        0x03, 0, 0, 0,    0,    0,    0,    0,    1,    0,    0, 0, 0, 0, 0, 0,
        0,    0, 0, 0,    0,    0xb0, 0x45, 0x01, 0,    0,    0, 0, 0, 0, 0, 0,
        0,    0, 0, 0,    0x02, 0x09, 0,    0,    0,    0x80, 0xf0, 0x0b, 0x05, 0x01,
        0x9c, 0xbd, 0x02, 0x9c, 0xbd, 0x01, 0x00, 0x04};
    // FORMAT 3.9, by hand: ab at 7, abc at 1 and 2 of two documents
    static const uint8_t words[] = {2, 0, 0, 0, 0, 0, 0, 0, 1,   0,   0,    0, 0, 0, 0, 0, 4,
                                    0, 0, 0, 0, 0, 0, 0, 0, 0,   0,   0,    0, 2, 'a', 'b', 2, 7,
                                    0, 0, 0, 2, 1, 'c', 4};
    gs_terms_writer writer;
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gs_terms_writer_init(&writer, NULL, 8192);
    gs_terms_writer_gram(&writer, gs_gram(0x516c, 0, 0),
                         &(gs_list){.count = 1, .documents = 1, .place = 9}, 0);
    gs_terms_writer_gram(&writer, gs_gram(0x516c, 0x5f00, 0),
                         &(gs_list){.count = 2, .documents = 1}, 0);
    gs_terms_writer_gram(&writer, gs_gram(0x653f, 0x5e9c, 0),
                         &(gs_list){.count = 2, .documents = 2}, 2);
    gs_terms_writer_word(&writer, gs_bytes_str("ab"),
                         &(gs_list){.count = 1, .documents = 1, .place = 7}, 4);
    gs_terms_writer_word(&writer, gs_bytes_str("abc"), &(gs_list){.count = 2, .documents = 2}, 4);
    gs_terms_writer_grams(&writer, &out);
    assert_int_equal(out.len, sizeof(grams));
    assert_memory_equal(out.data, grams, sizeof(grams));
    gs_buf_reset(&out);
    gs_terms_writer_words(&writer, &out);
    assert_int_equal(out.len, sizeof(words));
    assert_memory_equal(out.data, words, sizeof(words));
    gs_buf_release(&out);
    gs_terms_writer_release(&writer);
}

static void a_count_of_five_bytes_is_passed(void **state)
{
    (void)state;
    gsearch_error error;
    dictionary *d = calloc(1, sizeof(*d));
    d->grams = 3;
    d->postings = (gs_postings){.positions = UINT32_MAX, .gaps = 200, .long_min = LONG_MIN};
    d->postings.post.len = (size_t)1 << 40;
    for (uint32_t i = 0; i < d->grams; i++)
        d->entries[i] = (entry){.gram = gs_gram(0x4e00, i, 0), .list = {.count = 2}};
    d->entries[0].list.documents = d->entries[2].list.documents = 2;
    d->entries[1].list = (gs_list){
        .count = (1u << 28) + 2, .documents = (1u << 28) + 2, .place = 32, .is_long = true};
    d->entries[2].list.place = d->entries[2].gaps_before = 2;
    assert_int_equal(encode(d, NULL), GSEARCH_OK);
    assert_ok(open_dictionary(d, &error), &error);
    for (uint32_t i = 0; i < d->grams; i++)
        check_gram(d, d->entries[i].gram, UINT32_MAX);
    dictionary_free(d);
}

/* ---- damage ---- */

static void a_step_of_seven_bytes_at_the_end_is_refused(void **state)
{
    (void)state;
    // three grams in one block: a list of two, then a step that leaves no room for its position
    static const uint8_t grams[] = {3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0xf9,
                                    0xff, 0xff, 0xff, 0xff, 0xff, 1, 0};
    static const uint8_t words[16];
    const gs_postings postings = {.positions = 1000, .gaps = 200, .long_min = LONG_MIN};
    gs_terms terms;
    gs_list list;
    gsearch_error error;
    assert_ok(gs_terms_open(gs_bytes_of(NULL, 0), gs_bytes_of(grams, sizeof(grams)),
                            gs_bytes_of(words, sizeof(words)), &postings, &terms, &error),
              &error);
    assert_fails(GSEARCH_CORRUPT, gs_terms_find_gram(&terms, UINT64_MAX >> 1, &list, &error),
                 &error);
}

static void heads_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        bool in_words;
        uint32_t at, value;
    } changes[] = {
        {false, 0, 0},   {false, 0, 64},          {false, 0, 129}, {false, 0, UINT32_MAX},
        {false, 4, 1},   {false, 4, UINT32_MAX},  {false, 8, 0},   {false, 8, 1},
        {false, 8, 3},   {false, 8, UINT32_MAX},  {false, 12, 1},
        {false, 48, 1}, // offsets of the two blocks
        {false, 52, 0},  {false, 52, UINT32_MAX},
        {true, 0, 0},    {true, 0, 16},           {true, 0, 33},   {true, 0, UINT32_MAX},
        {true, 4, 1},    {true, 8, 0},            {true, 8, 1},    {true, 8, 3},
        {true, 8, UINT32_MAX}, {true, 12, 1},     {true, 32, 1},   {true, 36, 0},
        {true, 36, UINT32_MAX},
    };
    dictionary *d = dictionary_new(3, 100, 30);
    gsearch_error error;
    assert_int_equal(d->terms.word_blocks, 2);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        uint8_t *at = (changes[i].in_words ? d->word_bytes.data : d->gram_bytes.data) +
                      changes[i].at;
        uint32_t kept = gs_load_u32(at);
        gs_store_u32(at, changes[i].value);
        assert_fails(GSEARCH_CORRUPT, open_dictionary(d, &error), &error);
        gs_store_u32(at, kept);
    }
    d->chars.len--;
    assert_fails(GSEARCH_CORRUPT, open_dictionary(d, &error), &error);
    dictionary_free(d);
}

/* Walks over everything. The last status. */
static gsearch_status walk(const dictionary *d, gsearch_error *error)
{
    gs_terms_iterator iterator;
    uint64_t gram = 0;
    uint8_t word[255] = {0};
    gs_bytes last = gs_bytes_of(word, 0);
    bool more = true, begun = false;
    GS_TRY(gs_terms_seek_gram(&iterator, &d->terms, 0, error));
    for (uint32_t steps = 0; more; steps++) {
        assert_true(steps <= 2 * ENTRIES_MAX);
        GS_TRY(gs_terms_next(&iterator, &more, error));
        if (!more)
            break;
        assert_ok(gs_list_check(&d->postings, &iterator.list, error), error);
        assert_true(iterator.list.documents >= 1);
        assert_true(iterator.list.documents <= iterator.list.count);
        if (iterator.is_word) {
            assert_true(gs_bytes_compare(last, iterator.word) < 0);
            memcpy(word, iterator.word.ptr, iterator.word.len);
            last.len = iterator.word.len;
        } else {
            assert_true(!begun || gram < iterator.gram);
            gram = iterator.gram;
        }
        begun = true;
    }
    return GSEARCH_OK;
}

/* Opens and walks after a change of some bytes of the entries. */
static gsearch_status walk_changed(dictionary *d, gs_buf *in, size_t at, const char *bytes,
                                   size_t len)
{
    gsearch_error error;
    uint8_t kept[32];
    assert_true(len <= sizeof(kept) && at + len <= in->len);
    memcpy(kept, in->data + at, len);
    memcpy(in->data + at, bytes, len);
    gsearch_status status = open_dictionary(d, &error);
    if (!status)
        status = walk(d, &error);
    memcpy(in->data + at, kept, len);
    return status;
}

static void entries_that_cannot_be_are_refused(void **state)
{
    (void)state;
    gsearch_error error;
    dictionary *d = calloc(1, sizeof(*d));
    d->grams = d->words = 2;
    d->postings = (gs_postings){.positions = 1000, .gaps = 200, .long_min = LONG_MIN};
    d->postings.post.len = 1 << 20;
    const gs_list shorts = {.count = 100, .documents = 100};
    d->entries[0] = (entry){.gram = 5, .list = shorts};
    d->entries[1] = (entry){.gram = 9, .list = {.count = 1, .documents = 1, .place = 999}};
    d->entries[2] = (entry){.is_word = true, .word = "ab", .len = 2, .list = shorts};
    d->entries[2].gaps_before = 100;
    d->entries[3] = (entry){.is_word = true, .word = "abc", .len = 3};
    d->entries[3].list = (gs_list){.count = 500, .documents = 9, .place = 32, .is_long = true};
    assert_int_equal(encode(d, NULL), GSEARCH_OK);
    // GRAM: head 16, first 8, gaps 8, offset 4; entries: c8 01 (100 · 2), then 4 · 8 + 3, u32
    // WORD: head 16, gaps 8, offset 4; entries: 0 2 a b c8 01, then 2 1 c e9 07 (500 · 2 + 1) …
    assert_int_equal(d->gram_bytes.len, 36 + 2 + 5);
    assert_int_equal(d->word_bytes.len, 28 + 6 + 3 + 2 + 2 + 1);
    assert_ok(open_dictionary(d, &error), &error);
    static const struct {
        bool in_words;
        size_t at;
        char bytes[8];
        size_t len;
    } changes[] = {
        {false, 36, "\x00\x01", 2},             // not the shortest form
        {false, 36, "\x92\x03", 2},             // 201 of 200 gaps
        {false, 36, "\xff\xff", 2},             // no end
        {false, 36, "\xc9\x01", 2},             // the next byte is documents
        {false, 38, "\x03", 1},                 // no step
        {false, 38, "\x00", 1},
        {false, 38, "\x25", 1},                 // first grows, no room for second and third
        {false, 39, "\xe8\x03\x00\x00", 4},     // position 1000
        {false, 39, "\xff\xff\xff\xff", 4},
        {false, 16 + 8, "\x65", 1},             // gaps before: 101
        {false, 16 + 8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8},
        {false, 16 + 7, "\x80", 1},             // first gram of more than 63 bits
        {true, 28, "\x01", 1},                  // shares with nothing
        {true, 29, "\x00", 1},                  // empty
        {true, 29, "\xff", 1},                  // over the end
        {true, 34, "\x03", 1},                  // shares more than there is
        {true, 35, "\x00", 1},                  // ab again
        {true, 37, "\x00\x00", 2},              // count 0
        {true, 39, "\xff\x07", 2},              // documents: more than none
        {true, 41, "\xff", 1},                  // place without an end
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        gs_buf *in = changes[i].in_words ? &d->word_bytes : &d->gram_bytes;
        assert_int_equal(walk_changed(d, in, changes[i].at, changes[i].bytes, changes[i].len),
                         GSEARCH_CORRUPT);
    }
    assert_int_equal(walk_changed(d, &d->gram_bytes, 0, "", 0), GSEARCH_OK);
    gs_buf *parts[] = {&d->gram_bytes, &d->word_bytes};
    for (size_t i = 0; i < 2; i++) { // a byte behind the last entry
        gs_buf_u8(parts[i], 1);
        assert_int_equal(walk_changed(d, parts[i], 0, "", 0), GSEARCH_CORRUPT);
        parts[i]->len--;
    }
    dictionary_free(d);
}

/* Finds some terms of before the damage: a list that fits, or none, or a refusal. */
static void find_some(const dictionary *d, uint64_t *seed)
{
    for (uint32_t n = 0; n < 16; n++) {
        const entry *e = &d->entries[gs_test_random_below(seed, d->grams + d->words)];
        gsearch_error error;
        gs_list list;
        gsearch_status status = e->is_word
                                    ? gs_terms_find_word(&d->terms, word_of(e), &list, &error)
                                    : gs_terms_find_gram(&d->terms, e->gram, &list, &error);
        if (!status && list.count)
            assert_ok(gs_list_check(&d->postings, &list, &error), &error);
        assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
    }
}

static void damaged_dictionaries_are_refused_or_give_lists_that_fit(void **state)
{
    (void)state;
    uint64_t seed = 8;
    uint32_t refused = 0, walked = 0;
    dictionary *d = dictionary_new(11, 130, 60);
    for (uint32_t n = 0; n < MUTATIONS; n++) {
        gs_buf *in = n % 3 ? &d->gram_bytes : &d->word_bytes;
        size_t at = (size_t)gs_test_random_below(&seed, in->len);
        uint8_t kept = in->data[at];
        in->data[at] = (uint8_t)(n % 2 ? gs_test_random(&seed) : kept ^ 1u << (n / 2 % 8));
        gsearch_error error;
        gsearch_status status = open_dictionary(d, &error);
        if (!status) {
            find_some(d, &seed);
            read_blocks(d);
            status = walk(d, &error);
        }
        assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
        *(status ? &refused : &walked) += 1;
        in->data[at] = kept;
    }
    assert_true(refused > MUTATIONS / 10 && walked > MUTATIONS / 10);
    dictionary_free(d);
}

static void without_memory_the_writer_says_so(void **state)
{
    (void)state;
    dictionary *d = dictionary_new(2, 300, 200);
    gs_flaky flaky;
    bool done = false;
    for (size_t fail_at = 1; !done; fail_at++) {
        gs_buf_release(&d->chars);
        gs_buf_release(&d->gram_bytes);
        gs_buf_release(&d->word_bytes);
        gs_flaky_init(&flaky, fail_at);
        gsearch_status status = encode(d, &flaky.mem);
        assert_int_equal(status, flaky.calls < fail_at ? GSEARCH_OK : GSEARCH_NO_MEMORY);
        assert_int_equal(flaky.live, 0);
        done = status == GSEARCH_OK;
    }
    dictionary_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dictionaries_of_every_size_are_sought_at_and_beside_every_term),
        cmocka_unit_test(a_walk_that_is_over_stays_over),
        cmocka_unit_test(characters_are_found_with_their_documents),
        cmocka_unit_test(the_bytes_are_those_of_the_description),
        cmocka_unit_test(a_count_of_five_bytes_is_passed),
        cmocka_unit_test(a_step_of_seven_bytes_at_the_end_is_refused),
        cmocka_unit_test(heads_that_cannot_be_are_refused),
        cmocka_unit_test(entries_that_cannot_be_are_refused),
        cmocka_unit_test(damaged_dictionaries_are_refused_or_give_lists_that_fit),
        cmocka_unit_test(without_memory_the_writer_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
