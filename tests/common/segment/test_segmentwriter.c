/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/segmentwriter.c: random documents and lists go in, and what segment.c
 * and its parts read back is compared with the arrays that were written.
 */
#include "common/segment/segmentwriter.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/common/segment/randomsegment.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define DOCS 700u
#define GRAMS 3000u
#define WORDS 500u
#define LISTS (GRAMS + WORDS)

typedef struct fixture {
    char *path;
    gs_dir *dir;
    random_segment *random;
    gsearch_error error;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    assert_ok(gs_dir_open(NULL, f->path, false, &f->dir, &f->error), &f->error);
    f->random = random_segment_new(20171205, DOCS, GRAMS, WORDS);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    random_segment_free(f->random);
    gs_dir_close(f->dir);
    gs_test_dir_remove(f->path);
    free(f);
    return 0;
}

static gs_container_name write_segment(fixture *f, bool small, uint32_t piece)
{
    gs_container_name name;
    assert_ok(random_segment_write(f->random, f->dir, NULL, small, piece, &name, &f->error),
              &f->error);
    return name;
}

static gs_segment *open_segment(fixture *f, const gs_container_name *name)
{
    gs_segment *segment;
    assert_ok(gs_segment_open(f->dir, NULL, name->id, name->length, false, &segment, &f->error),
              &f->error);
    return segment;
}

/* Documents that hold one of the positions, counted by walking over all of them. */
static uint32_t count_documents(const random_segment *m, const random_list *list)
{
    uint32_t documents = 0;
    for (uint32_t doc = 0, i = 0; doc < DOCS; doc++) {
        bool holds = false;
        for (; i < list->count && list->positions[i] < m->starts[doc + 1]; i++)
            holds = true;
        documents += holds;
    }
    return documents;
}

static void check_list(fixture *f, const gs_segment *segment, gs_decoder *decoder,
                       const gs_list *got, const random_list *list)
{
    assert_int_equal(got->count, list->count);
    assert_int_equal(got->documents, count_documents(f->random, list));
    uint32_t *positions = malloc((list->count + GS_BLOCK_POSTINGS) * sizeof(uint32_t));
    assert_ok(gs_list_read(&segment->postings, decoder, got, positions, &f->error), &f->error);
    assert_memory_equal(positions, list->positions, list->count * sizeof(uint32_t));
    free(positions);
}

static void check_lists(fixture *f, const gs_segment *segment)
{
    gs_decoder *decoder = gs_decoder_new(NULL);
    for (uint32_t i = 0; i < LISTS; i++) {
        const random_list *list = &f->random->lists[i];
        gs_list got;
        if (list->word[0])
            assert_ok(gs_terms_find_word(&segment->terms, gs_bytes_str(list->word), &got,
                                         &f->error),
                      &f->error);
        else
            assert_ok(gs_terms_find_gram(&segment->terms, list->gram, &got, &f->error), &f->error);
        if (list->count)
            check_list(f, segment, decoder, &got, list);
        else
            assert_int_equal(got.count, 0);
    }
    gs_decoder_free(decoder);
}

static void every_list_reads_back_as_written(void **state)
{
    fixture *f = *state;
    for (int small = 0; small < 2; small++) {
        gs_container_name name = write_segment(f, small, 1000);
        gs_segment *segment = open_segment(f, &name);
        check_lists(f, segment);
        assert_ok(gs_segment_verify(segment, &f->error), &f->error);
        gs_segment_unref(segment);
    }
}

static void the_bytes_do_not_depend_on_how_positions_are_handed_over(void **state)
{
    fixture *f = *state;
    gs_container_name one = write_segment(f, false, UINT32_MAX / 2);
    for (uint32_t piece = 3; piece < 9000; piece = piece * 7 + 1) {
        gs_container_name other = write_segment(f, false, piece);
        assert_string_equal(other.name, one.name);
    }
}

static void the_dictionary_is_walked_in_order_from_any_place(void **state)
{
    fixture *f = *state;
    gs_container_name name = write_segment(f, false, 1000);
    gs_segment *segment = open_segment(f, &name);
    for (uint32_t from = 0; from < LISTS; from += 97) {
        gs_terms_iterator iterator;
        const random_list *start = &f->random->lists[from];
        if (start->word[0])
            assert_ok(gs_terms_seek_word(&iterator, &segment->terms, gs_bytes_str(start->word),
                                         &f->error),
                      &f->error);
        else
            assert_ok(gs_terms_seek_gram(&iterator, &segment->terms, start->gram, &f->error),
                      &f->error);
        for (uint32_t i = from; i <= LISTS; i++) {
            const random_list *list = &f->random->lists[i];
            if (i < LISTS && list->count == 0)
                continue;
            bool more;
            assert_ok(gs_terms_next(&iterator, &more, &f->error), &f->error);
            assert_int_equal(more, i < LISTS);
            if (!more)
                break;
            assert_int_equal(iterator.is_word, list->word[0] != '\0');
            assert_int_equal(iterator.list.count, list->count);
            if (iterator.is_word)
                assert_true(gs_bytes_equal(iterator.word, gs_bytes_str(list->word)));
            else
                assert_true(iterator.gram == list->gram);
        }
    }
    gs_segment_unref(segment);
}

static void absent_terms_are_not_found(void **state)
{
    fixture *f = *state;
    gs_container_name name = write_segment(f, false, 1000);
    gs_segment *segment = open_segment(f, &name);
    gs_list list;
    for (uint32_t i = 0; i + 1 < GRAMS; i++) {
        uint64_t between = f->random->lists[i].gram + 1;
        if (between == f->random->lists[i + 1].gram)
            continue;
        assert_ok(gs_terms_find_gram(&segment->terms, between, &list, &f->error), &f->error);
        assert_int_equal(list.count, 0);
    }
    const char *words[] = {"", "v", "w00001", "w000000", "w99999", "x"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        assert_ok(gs_terms_find_word(&segment->terms, gs_bytes_str(words[i]), &list, &f->error),
                  &f->error);
        assert_int_equal(list.count, 0);
    }
    assert_int_equal(gs_terms_character(&segment->terms, 0x4e00), 12);
    assert_int_equal(gs_terms_character(&segment->terms, 0x9fa5), 34);
    assert_int_equal(gs_terms_character(&segment->terms, 0x4e01), 0);
    gs_segment_unref(segment);
}

static void a_seek_in_a_long_list_finds_the_block_of_a_position(void **state)
{
    fixture *f = *state;
    gs_container_name name = write_segment(f, false, 1000);
    gs_segment *segment = open_segment(f, &name);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < GRAMS; i++) {
        const random_list *list = &f->random->lists[i];
        gs_list found;
        gs_long_list blocks;
        if (list->count < GS_LONG_MIN_DEFAULT)
            continue;
        seen++;
        assert_ok(gs_terms_find_gram(&segment->terms, list->gram, &found, &f->error), &f->error);
        assert_ok(gs_long_list_open(&segment->postings, &found, &blocks, &f->error), &f->error);
        uint32_t block = 0;
        for (uint32_t at = 0; at < list->count; at += 100) {
            block = gs_long_list_seek(&blocks, block, list->positions[at]);
            assert_int_equal(block, at / GS_BLOCK_POSTINGS);
        }
    }
    assert_true(seen > 5);
    gs_segment_unref(segment);
}

static void impacts_bound_every_document_of_a_block(void **state)
{
    fixture *f = *state;
    const random_segment *m = f->random;
    gs_container_name name = write_segment(f, false, 1000);
    gs_segment *segment = open_segment(f, &name);
    for (uint32_t i = 0; i < GRAMS; i++) {
        const random_list *list = &m->lists[i];
        gs_list found;
        gs_long_list blocks;
        if (list->count < GS_LONG_MIN_DEFAULT)
            continue;
        assert_ok(gs_terms_find_gram(&segment->terms, list->gram, &found, &f->error), &f->error);
        assert_ok(gs_long_list_open(&segment->postings, &found, &blocks, &f->error), &f->error);
        double least[4096] = {0};
        double average = (double)(m->starts[DOCS] - DOCS) / DOCS;
        for (uint32_t doc = 0, at = 0; doc < DOCS; doc++) {
            uint32_t from = at, weighted = 0;
            for (; at < list->count && list->positions[at] < m->starts[doc + 1]; at++)
                weighted += list->positions[at] < m->starts[doc] + m->title[doc] ? 3 : 1;
            uint32_t whole = m->starts[doc + 1] - m->starts[doc] - 1, step = 1;
            while (whole / step >= 16 && whole >= 32) // rounded down to four leading bits
                step *= 2;
            double length = whole / step * step;
            double share = weighted / (weighted + 0.3 + 0.9 * length / average);
            for (uint32_t p = from; p < at; p++)
                least[p / 64] = share > least[p / 64] ? share : least[p / 64];
        }
        assert_true(list->count < 64 * 4096);
        for (uint32_t u = 0; u < 4 * blocks.blocks; u++) {
            assert_true(blocks.impacts[u] >= 255 * least[u]);
            assert_true(blocks.impacts[u] < 255 * least[u] * (1 + 1e-9) + 1);
        }
    }
    gs_segment_unref(segment);
}

static void documents_keys_titles_and_columns_read_back(void **state)
{
    fixture *f = *state;
    const random_segment *m = f->random;
    gs_container_name name = write_segment(f, false, 1000);
    gs_segment *segment = open_segment(f, &name);
    gs_buf text;
    gs_buf_init(&text, NULL, 4096);
    assert_int_equal(segment->docs.count, DOCS);
    assert_int_equal(segment->docs.positions, m->starts[DOCS]);
    assert_int_equal(segment->docs.total_length, m->starts[DOCS] - DOCS);
    assert_int_equal(segment->analyzer, 7);
    assert_string_equal(segment->unicode, "15.0.0");
    for (uint32_t i = 0; i < DOCS; i++) {
        gs_buf_reset(&text);
        assert_ok(gs_segment_key(segment, i, &text, &f->error), &f->error);
        assert_true(gs_bytes_equal(gs_buf_view(&text), gs_bytes_str(m->keys[i])));
        uint32_t doc;
        bool found;
        assert_ok(gs_segment_find_key(segment, gs_bytes_str(m->keys[i]), &doc, &found, &f->error),
                  &f->error);
        assert_true(found);
        assert_int_equal(doc, i);
        char title[32];
        snprintf(title, sizeof(title), "title %u", i);
        gs_buf_reset(&text);
        assert_ok(gs_strings_get(&segment->titles, i, &text, &f->error), &f->error);
        assert_true(gs_bytes_equal(gs_buf_view(&text), gs_bytes_str(title)));
        assert_int_equal(gs_doctable_length(&segment->docs, i),
                         m->starts[i + 1] - m->starts[i] - 1);
        assert_int_equal(gs_doctable_title_end(&segment->docs, i), m->starts[i] + m->title[i]);
        assert_int_equal(gs_column_get(&segment->docs.date, i), i % 5 ? 20000101 + i : 0);
        assert_int_equal(gs_column_get(&segment->docs.flags, i), i % 3 == 0);
        assert_int_equal(gs_segment_source(segment, i), i >= DOCS / 2);
        for (uint32_t p = m->starts[i]; p < m->starts[i + 1]; p++)
            assert_int_equal(gs_doctable_find(&segment->docs, p), i);
    }
    gs_buf_release(&text);
    gs_segment_unref(segment);
}

static void of_equal_keys_the_last_document_is_found(void **state)
{
    fixture *f = *state;
    memcpy(f->random->keys[40], f->random->keys[600], sizeof(f->random->keys[40]));
    memcpy(f->random->keys[41], f->random->keys[600], sizeof(f->random->keys[41]));
    gs_container_name name = write_segment(f, false, 1000);
    gs_segment *segment = open_segment(f, &name);
    uint32_t doc;
    bool found;
    assert_ok(gs_segment_find_key(segment, gs_bytes_str(f->random->keys[600]), &doc, &found,
                                  &f->error),
              &f->error);
    assert_int_equal(doc, 600);
    gs_segment_unref(segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_list_reads_back_as_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_bytes_do_not_depend_on_how_positions_are_handed_over,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_dictionary_is_walked_in_order_from_any_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(absent_terms_are_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_seek_in_a_long_list_finds_the_block_of_a_position, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(impacts_bound_every_document_of_a_block, set_up, tear_down),
        cmocka_unit_test_setup_teardown(documents_keys_titles_and_columns_read_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(of_equal_keys_the_last_document_is_found, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
