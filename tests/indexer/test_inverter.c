/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/inverter.c against postings that are sorted by comparing.
 */
#include "indexer/inverter.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/segment/terms.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef struct posting {
    bool is_word;
    uint64_t gram;
    char word[16];
    uint32_t position;
} posting;

typedef struct fixture {
    char *path;
    gs_dir *dir;
    gs_spill_file file;
    gs_words words;
    gsearch_error error;
    uint32_t *tokens;
    size_t count;
    uint32_t position;
    posting *wanted, *found;
    size_t wanted_count, found_count;
    size_t runs;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    assert_ok(gs_dir_open(NULL, f->path, false, &f->dir, &f->error), &f->error);
    f->file.dir = f->dir;
    assert_ok(gs_words_init(&f->words, NULL, 16 << 20, &f->error), &f->error);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_words_release(&f->words);
    gs_scratch_close(f->file.scratch);
    gs_dir_close(f->dir);
    gs_test_dir_remove(f->path);
    free(f->tokens);
    free(f->wanted);
    free(f->found);
    free(f);
    return 0;
}

static void make_room(fixture *f, size_t tokens)
{
    f->tokens = calloc(tokens, sizeof(*f->tokens));
    f->wanted = calloc(2 * tokens, sizeof(*f->wanted));
    f->found = calloc(2 * tokens, sizeof(*f->found));
}

static void put_word(fixture *f, const char *word)
{
    uint32_t number;
    assert_true(gs_words_intern(&f->words, gs_bytes_str(word), &number));
    f->tokens[f->count++] = GS_TOKEN_U32_WORD | number;
}

static void want(fixture *f, posting wanted, size_t at)
{
    wanted.position = f->position + (uint32_t)at;
    f->wanted[f->wanted_count++] = wanted;
}

/* The postings of all tokens, between `before` and `after`. */
static void want_all(fixture *f, uint32_t before, uint32_t after)
{
    for (size_t i = 0; i < f->count; i++) {
        uint32_t token = f->tokens[i];
        uint32_t last = i ? f->tokens[i - 1] : before;
        uint32_t next = i + 1 < f->count ? f->tokens[i + 1] : after;
        if (token & GS_TOKEN_U32_WORD) {
            posting wanted = {.is_word = true};
            gs_bytes word = gs_words_get(&f->words, token & ~GS_TOKEN_U32_WORD);
            memcpy(wanted.word, word.ptr, word.len);
            want(f, wanted, i);
        } else if (token == GS_TOKEN_U32_BREAK) {
            if (last >= GS_CHARACTERS_END)
                want(f, (posting){.gram = 0}, i);
        } else if (token != GS_TOKEN_U32_GAP) {
            bool at_word = next & GS_TOKEN_U32_WORD || last & GS_TOKEN_U32_WORD;
            if (at_word || next == GS_TOKEN_U32_GAP)
                want(f, (posting){.gram = gs_gram(token, 0, 0)}, i);
            if (next == GS_TOKEN_U32_BREAK)
                want(f, (posting){.gram = gs_gram(token, 1, 0)}, i);
            if (next < GS_CHARACTERS_END)
                want(f, (posting){.gram = gs_gram(token, next, 0)}, i);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const posting *x = a, *y = b;
    if (x->is_word != y->is_word)
        return x->is_word - y->is_word;
    if (x->gram != y->gram)
        return x->gram < y->gram ? -1 : 1;
    int order = strcmp(x->word, y->word);
    return order ? order : (x->position > y->position) - (x->position < y->position);
}

/* Reads a run; its words and positions must rise. */
static void read_run(fixture *f, const gs_run *run)
{
    gs_run_reader reader;
    assert_ok(gs_run_reader_open(&reader, run, 0, 4096, &f->error), &f->error);
    size_t first = f->found_count;
    for (bool more;;) {
        assert_ok(gs_run_next(&reader, &more, &f->error), &f->error);
        if (!more)
            break;
        while (reader.left) {
            uint32_t position;
            size_t count;
            assert_ok(gs_run_positions(&reader, &position, 1, &count, &f->error), &f->error);
            posting *found = &f->found[f->found_count++];
            *found = (posting){.is_word = true, .position = position};
            memcpy(found->word, reader.word.ptr, reader.word.len);
            assert_true(f->found_count - first < 2 || compare(found - 1, found) < 0);
        }
    }
    gs_run_reader_close(&reader);
}

/* Reads the bins; in each, positions must not fall. */
static void read_bins(fixture *f, const gs_bins *bins)
{
    uint64_t *postings = calloc(GS_BIN_BLOCK_POSTINGS_MAX, sizeof(*postings));
    for (uint32_t bin = 0; bin < GS_BINS; bin++) {
        size_t blocks;
        uint32_t last = 0;
        const gs_bin_block *block = gs_bins_find(bins, bin, &blocks);
        for (size_t b = 0; b < blocks; b++) {
            assert_ok(gs_bins_read(bins, &block[b], postings, &f->error), &f->error);
            for (uint32_t i = 0; i < block[b].count; i++) {
                uint32_t first = bin * GS_BIN_CODE_POINTS + (uint32_t)(postings[i] >> 58);
                uint32_t second = (uint32_t)(postings[i] >> GS_BIN_KEY_SHIFT) & 0x3ffff;
                posting *found = &f->found[f->found_count++];
                *found = (posting){.gram = gs_gram(first, second, 0),
                                   .position = (uint32_t)postings[i]};
                assert_true(found->position >= last);
                last = found->position;
            }
        }
    }
    free(postings);
}

/* Adds the tokens in slices, a run of words to every `slices_a_run`. */
static void invert_all(fixture *f, size_t slice_tokens, size_t slices_a_run, uint32_t before,
                       uint32_t after)
{
    gs_inverter inverter;
    gs_bins bins;
    assert_ok(gs_bins_init(&bins, &f->file, NULL, 0, &f->error), &f->error);
    assert_ok(gs_inverter_init(&inverter, NULL, &bins, slice_tokens * slices_a_run, &f->error),
              &f->error);
    gs_words_rank(&f->words);
    f->found_count = f->runs = 0;
    uint32_t base = f->position;
    for (size_t done = 0; done < f->count; done += slice_tokens) {
        bool is_last = done + slice_tokens >= f->count;
        gs_token_slice slice = {
            .tokens = f->tokens + done,
            .count = is_last ? f->count - done : slice_tokens,
            .before = done ? f->tokens[done - 1] : before,
            .after = is_last ? after : f->tokens[done + slice_tokens],
            .position = f->position + (uint32_t)done,
        };
        assert_ok(gs_inverter_add(&inverter, &slice, &f->error), &f->error);
        if (!is_last && gs_inverter_room(&inverter) >= slice_tokens)
            continue;
        gs_run run;
        gs_spill_init(&run.bytes, &f->file, NULL);
        assert_ok(gs_inverter_run(&inverter, &f->words, base, &run, &f->error), &f->error);
        base = slice.position + (uint32_t)slice.count;
        read_run(f, &run);
        gs_spill_release(&run.bytes);
        f->runs++;
    }
    assert_ok(gs_bins_seal(&bins, &f->error), &f->error);
    read_bins(f, &bins);
    gs_bins_release(&bins);
    gs_inverter_release(&inverter);
}

static void check_found(fixture *f)
{
    qsort(f->wanted, f->wanted_count, sizeof(*f->wanted), compare);
    qsort(f->found, f->found_count, sizeof(*f->found), compare);
    assert_int_equal(f->found_count, f->wanted_count);
    for (size_t i = 0; i < f->found_count; i++)
        assert_int_equal(compare(&f->found[i], &f->wanted[i]), 0);
}

/* Characters among `distinct` ones, words, breaks and gaps. */
static void make_tokens(fixture *f, size_t count, uint32_t distinct, uint64_t random)
{
    char word[16];
    make_room(f, count);
    while (f->count < count) {
        uint64_t kind = gs_test_random_below(&random, 10);
        if (kind < 7) {
            f->tokens[f->count++] = 0x4E00 + (uint32_t)gs_test_random_below(&random, distinct);
        } else if (kind < 8) {
            f->tokens[f->count++] = GS_TOKEN_U32_BREAK;
        } else if (kind < 9) {
            f->tokens[f->count++] = GS_TOKEN_U32_GAP;
        } else {
            snprintf(word, sizeof(word), "w%u", (unsigned)gs_test_random_below(&random, 900));
            put_word(f, word);
        }
    }
}

static void lists_are_those_of_the_tokens(void **state)
{
    fixture *f = *state;
    f->position = 4000000000u;
    make_tokens(f, 20000, 50, 1);
    want_all(f, GS_TOKEN_U32_GAP, GS_TOKEN_U32_GAP);
    invert_all(f, 40000, 1, GS_TOKEN_U32_GAP, GS_TOKEN_U32_GAP);
    assert_int_equal(f->runs, 1);
    check_found(f);
}

static void slices_know_their_neighbours(void **state)
{
    fixture *f = *state;
    make_tokens(f, 1000, 5, 3);
    want_all(f, 0x4E00, GS_TOKEN_U32_BREAK);
    const size_t slices[] = {1, 2, 3, 7, 500};
    for (size_t i = 0; i < 5; i++) {
        invert_all(f, slices[i], 1 + i % 2, 0x4E00, GS_TOKEN_U32_BREAK);
        assert_true(f->runs > 1 || slices[i] == 500);
        check_found(f);
    }
}

static void words_need_more_passes_when_there_are_many(void **state)
{
    fixture *f = *state;
    make_room(f, 70000);
    char word[16];
    for (uint32_t i = 0; i < 70000; i++) {
        snprintf(word, sizeof(word), "w%u", i * 7919 % 69997);
        put_word(f, word);
    }
    want_all(f, GS_TOKEN_U32_WORD, 0x4E00);
    invert_all(f, 70000, 1, GS_TOKEN_U32_WORD, 0x4E00);
    check_found(f);
}

static void every_plane_has_bins(void **state)
{
    fixture *f = *state;
    make_room(f, 150000);
    for (uint32_t i = 0; i < 150000; i++)
        f->tokens[f->count++] = GS_CHARACTERS_END - 1 - i;
    want_all(f, GS_TOKEN_U32_GAP, GS_TOKEN_U32_GAP);
    invert_all(f, 200000, 1, GS_TOKEN_U32_GAP, GS_TOKEN_U32_GAP);
    check_found(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_are_those_of_the_tokens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slices_know_their_neighbours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_need_more_passes_when_there_are_many, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_plane_has_bins, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
