/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/trigrams.c against texts that are looked through.
 */
#include "common/segment/trigrams.h"

#include <stdlib.h>
#include <string.h>

#include "common/segment/terms.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

#define CHARACTERS 6u
#define TEXT 150000u

/* A text over few characters, some far more frequent than others. */
static uint32_t *make_text(uint64_t seed)
{
    uint32_t *text = calloc(TEXT + 3, sizeof(*text));
    for (uint32_t i = 0; i < TEXT; i++)
        text[i] = 0x4E00 + (uint32_t)gs_test_random_below(
                               &seed, 1 + gs_test_random_below(&seed, CHARACTERS));
    return text;
}

static uint32_t positions_of(const uint32_t *text, const uint32_t *wanted, uint32_t count,
                             uint32_t *out)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i + count <= TEXT; i++)
        if (memcmp(text + i, wanted, count * sizeof(*wanted)) == 0)
            out[found++] = i;
    return found;
}

/* Gives every bigram, in pieces; and a stop and a seam, which are none. */
static void collect(gs_trigrams *trigrams, const uint32_t *text)
{
    uint32_t *positions = calloc(TEXT, sizeof(*positions));
    for (uint32_t a = 0; a < CHARACTERS; a++) {
        for (uint32_t second = 0; second < 2; second++) {
            for (uint32_t i = 0; i < 5000; i++)
                positions[i] = 3 * i;
            gs_trigrams_add(trigrams, positions, 5000);
            gs_trigrams_end(trigrams, gs_gram(0x4E00 + a, second, 0));
        }
        for (uint32_t b = 0; b < CHARACTERS; b++) {
            uint32_t bigram[] = {0x4E00 + a, 0x4E00 + b};
            uint32_t count = positions_of(text, bigram, 2, positions);
            gs_trigrams_add(trigrams, positions, count / 3);
            gs_trigrams_add(trigrams, positions + count / 3, count - count / 3);
            gs_trigrams_end(trigrams, gs_gram(bigram[0], bigram[1], 0));
        }
    }
    free(positions);
}

typedef struct reader {
    const uint32_t *text;
    uint32_t *wanted;
    uint64_t last;
    uint32_t lists, positions;
} reader;

static gsearch_status check_list(uint64_t gram, const uint32_t *positions, uint32_t count,
                                 void *payload, gsearch_error *err)
{
    (void)err;
    reader *self = payload;
    uint32_t characters[] = {gs_gram_first(gram), gs_gram_second(gram),
                             (uint32_t)(gram & GS_GRAM_CODE_POINT_MASK)};
    assert_true(gram > self->last);
    assert_int_equal(count, positions_of(self->text, characters, 3, self->wanted));
    assert_memory_equal(positions, self->wanted, count * sizeof(*positions));
    self->last = gram;
    self->lists++;
    self->positions += count;
    return GSEARCH_OK;
}

/* How many trigrams of bigrams with at least `least` positions the text has, and where. */
static void count_slowly(const uint32_t *text, uint32_t least, reader *out)
{
    uint32_t *positions = calloc(TEXT, sizeof(*positions));
    for (uint32_t n = 0; n < CHARACTERS * CHARACTERS * CHARACTERS; n++) {
        uint32_t three[] = {0x4E00 + n / CHARACTERS / CHARACTERS,
                            0x4E00 + n / CHARACTERS % CHARACTERS, 0x4E00 + n % CHARACTERS};
        uint32_t left = positions_of(text, three, 2, positions);
        uint32_t right = positions_of(text, three + 1, 2, positions);
        uint32_t count = positions_of(text, three, 3, positions);
        if (count && left >= least && right >= least) {
            out->lists++;
            out->positions += count;
        }
    }
    free(positions);
}

static void the_share_decides_how_frequent_bigrams_must_be(void **unused)
{
    (void)unused;
    uint32_t *text = make_text(3);
    gsearch_error error;
    gs_trigrams trigrams;
    gs_trigrams_init(&trigrams, NULL);
    collect(&trigrams, text);
    const uint64_t postings[] = {0, 100, 400000, 800000, 2000000, 1u << 30};
    uint32_t before = UINT32_MAX;
    for (size_t i = 0; i < sizeof(postings) / sizeof(*postings); i++) {
        uint32_t least;
        assert_ok(gs_trigrams_choose(&trigrams, postings[i], &least, &error), &error);
        reader read = {.text = text, .wanted = calloc(TEXT, sizeof(uint32_t))}, slow = {0};
        if (least) {
            assert_true(least >= GS_TRIGRAM_BIGRAM_MIN && least <= before);
            before = least;
            assert_ok(gs_trigrams_each(&trigrams, least, check_list, &read, &error), &error);
            count_slowly(text, least, &slow);
            // one more kind of bigram would be too much, unless there is none
            reader more = {0};
            count_slowly(text, GS_TRIGRAM_BIGRAM_MIN, &more);
            assert_true(more.positions > postings[i] / GS_TRIGRAM_SHARE ||
                        more.lists == slow.lists);
        }
        assert_int_equal(read.lists, slow.lists);
        assert_int_equal(read.positions, slow.positions);
        assert_true(read.positions <= postings[i] / GS_TRIGRAM_SHARE);
        assert_true(i < 3 || read.lists > 0);
        free(read.wanted);
    }
    gs_trigrams_release(&trigrams);
    free(text);
}

/* One wide gap a block makes all of its gaps wide: few positions take many bytes. */
#define BLOCK_SPAN 16640u
#define BLOCK_BYTES (5 + 15 * 32u)
#define LARGE (GS_TRIGRAM_BYTES_MAX / 4 / BLOCK_BYTES * 256)

static uint32_t wide_position(uint32_t i)
{
    return i / 256 * BLOCK_SPAN + (i % 256 < 255 ? i % 256 : BLOCK_SPAN - 1);
}

static void add_part(gs_trigrams *trigrams, uint32_t *positions, uint32_t count, uint64_t gram)
{
    gs_trigrams_add(trigrams, positions, count);
    gs_trigrams_end(trigrams, gram);
    assert_true(trigrams->bytes.len <= GS_TRIGRAM_BYTES_MAX);
    assert_int_equal(trigrams->status, GSEARCH_OK);
}

static void rare_bigrams_make_room_for_frequent_ones(void **unused)
{
    (void)unused;
    uint32_t *positions = calloc(LARGE, sizeof(*positions));
    for (uint32_t i = 0; i < LARGE; i++)
        positions[i] = wide_position(i);
    gs_trigrams trigrams;
    gs_trigrams_init(&trigrams, NULL);
    for (uint32_t i = 0; i < 4; i++) { // a sixteenth and a quarter of the room in turn
        add_part(&trigrams, positions, LARGE / 4 + i, gs_gram(0x4E00 + i, 0x4E00, 0));
        add_part(&trigrams, positions, LARGE - i, gs_gram(0x4E00 + i, 0x4E01, 0));
    }
    // whatever was dropped is rarer than what is left, and what is kept is not
    assert_true(trigrams.least > LARGE / 4 + 2);
    assert_true(trigrams.parts_count >= 2);
    gs_trigrams_release(&trigrams);
    free(positions);
}

static void a_bigram_that_there_is_no_room_for_is_left_out(void **unused)
{
    (void)unused;
    uint32_t positions[4096];
    gs_trigrams trigrams;
    gs_trigrams_init(&trigrams, NULL);
    for (uint32_t begin = 0; begin < 5 * LARGE; begin += 4096) {
        for (uint32_t i = 0; i < 4096; i++)
            positions[i] = wide_position(begin + i);
        gs_trigrams_add(&trigrams, positions, 4096);
    }
    assert_true(trigrams.bytes.len < GS_TRIGRAM_BYTES_MAX + 2 * BLOCK_BYTES);
    add_part(&trigrams, positions, 0, gs_gram(0x4E00, 0x4E00, 0));
    assert_int_equal(trigrams.parts_count, 0);
    add_part(&trigrams, positions, 4096, gs_gram(0x4E00, 0x4E01, 0));
    assert_int_equal(trigrams.parts_count, 1);
    gs_trigrams_release(&trigrams);
}

static void lack_of_memory_is_told(void **unused)
{
    (void)unused;
    uint32_t *text = make_text(5);
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        gs_trigrams trigrams;
        gsearch_error error;
        uint32_t least;
        gs_trigrams_init(&trigrams, &flaky.mem);
        collect(&trigrams, text);
        status = gs_trigrams_choose(&trigrams, 1u << 20, &least, &error);
        gs_trigrams_release(&trigrams);
        assert_int_equal(flaky.live, 0);
        assert_true(status == GSEARCH_OK || status == GSEARCH_NO_MEMORY);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_decides_how_frequent_bigrams_must_be),
        cmocka_unit_test(rare_bigrams_make_room_for_frequent_ones),
        cmocka_unit_test(a_bigram_that_there_is_no_room_for_is_left_out),
        cmocka_unit_test(lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
