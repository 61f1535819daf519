/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/segmentwriter.c: random documents and lists go in, and what segment.c
 * and its parts read back is compared with the arrays that were written.
 */
#include "common/segment/segmentwriter.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

#define DOCS 700u
#define GRAMS 3000u
#define WORDS 500u

typedef struct model_list {
    uint64_t gram;
    char word[24];
    uint32_t *positions;
    uint32_t count;
} model_list;

/* What goes in, kept in plain arrays. */
typedef struct model {
    uint32_t starts[DOCS + 1];
    uint32_t title[DOCS];
    char keys[DOCS][32];
    model_list lists[GRAMS + WORDS];
    uint32_t lists_count;
} model;

typedef struct fixture {
    char *path;
    gs_dir *dir;
    model *model;
    gsearch_error error;
} fixture;

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void draw_positions(model_list *list, uint32_t want, uint32_t positions, uint64_t *seed)
{
    list->positions = malloc((want + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < want; i++)
        list->positions[i] = (uint32_t)gs_test_random_below(seed, positions);
    qsort(list->positions, want, sizeof(uint32_t), by_value);
    for (uint32_t i = 0; i < want; i++)
        if (list->count == 0 || list->positions[list->count - 1] != list->positions[i])
            list->positions[list->count++] = list->positions[i];
}

static uint32_t draw_count(uint64_t *seed)
{
    switch (gs_test_random_below(seed, 200)) {
    case 0:
        return 8191 + (uint32_t)gs_test_random_below(seed, 600);
    case 1:
        return (uint32_t)gs_test_random_below(seed, 40000);
    case 2:
        return (uint32_t)gs_test_random_below(seed, 5000);
    default:
        return (uint32_t)gs_test_random_below(seed, gs_test_random_below(seed, 60) + 1);
    }
}

static int by_word(const void *a, const void *b)
{
    return strcmp(((const model_list *)a)->word, ((const model_list *)b)->word);
}

static void draw_lists(model *m, uint64_t *seed)
{
    uint64_t gram = GS_GRAM_BREAK;
    for (uint32_t i = 0; i < GRAMS; i++) {
        model_list *list = &m->lists[m->lists_count++];
        list->gram = gram;
        uint32_t first = gs_gram_first(gram), second = gs_gram_second(gram);
        uint32_t third = (uint32_t)(gram & GS_GRAM_CODE_POINT_MASK);
        switch (gs_test_random_below(seed, 8)) {
        case 0: // the next character, with or without its seam list
            gram = gs_gram(first + 1 + (uint32_t)gs_test_random_below(seed, 5000),
                           (uint32_t)gs_test_random_below(seed, 2), 0);
            break;
        case 1:
            gram = gs_gram(first, second, third + 1 + (uint32_t)gs_test_random_below(seed, 99));
            break;
        default:
            gram = gs_gram(first, second + 1 + (uint32_t)gs_test_random_below(seed, 200),
                           gs_test_random_below(seed, 9) ? 0 : 7);
        }
        draw_positions(list, draw_count(seed), m->starts[DOCS], seed);
    }
    for (uint32_t i = 0; i < WORDS; i++) {
        model_list *list = &m->lists[m->lists_count++];
        snprintf(list->word, sizeof(list->word), "w%05u", i * 37 % WORDS * 3);
        draw_positions(list, draw_count(seed), m->starts[DOCS], seed);
    }
    qsort(m->lists + GRAMS, WORDS, sizeof(*m->lists), by_word);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    assert_ok(gs_dir_open(NULL, f->path, false, &f->dir, &f->error), &f->error);
    model *m = f->model = calloc(1, sizeof(*m));
    uint64_t seed = 20171205;
    for (uint32_t i = 0; i < DOCS; i++) {
        uint32_t length = (uint32_t)gs_test_random_below(&seed, i % 50 ? 400 : 9000);
        m->starts[i + 1] = m->starts[i] + length + 1;
        m->title[i] = (uint32_t)gs_test_random_below(&seed, length < 20 ? length + 1 : 20);
        snprintf(m->keys[i], sizeof(m->keys[i]), "doc/%u.txt", (i * 271 + 5) % DOCS);
    }
    draw_lists(m, &seed);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    for (uint32_t i = 0; i < f->model->lists_count; i++)
        free(f->model->lists[i].positions);
    free(f->model);
    gs_dir_close(f->dir);
    gs_test_dir_remove(f->path);
    free(f);
    return 0;
}

static void write_documents(fixture *f, gs_segment_writer *writer)
{
    const model *m = f->model;
    assert_ok(gs_segment_add_source(writer, gs_bytes_str("a.jsonl"), &f->error), &f->error);
    for (uint32_t i = 0; i < DOCS; i++) {
        if (i == 300)
            assert_ok(gs_segment_add_source(writer, gs_bytes_str("b.txt"), &f->error), &f->error);
        char title[32];
        snprintf(title, sizeof(title), "title %u", i);
        gs_doc_record record = {
            .key = gs_bytes_str(m->keys[i]),
            .title = gs_bytes_str(title),
            .length = m->starts[i + 1] - m->starts[i] - 1,
            .title_positions = m->title[i],
            .flags = i % 3 == 0 ? GS_DOC_TITLE_IS_FIELD : 0,
            .date = i % 5 ? 20000101 + i : 0,
            .text_bytes = i,
        };
        assert_ok(gs_segment_add_document(writer, &record, &f->error), &f->error);
        if (i % 10 == 0)
            gs_segment_add_checkpoint(writer, (gs_checkpoint){.position = 3, .byte = 5000});
    }
    assert_ok(gs_segment_documents_done(writer, &f->error), &f->error);
}

/* Positions are handed over in pieces of uneven length. */
static void write_lists(fixture *f, gs_segment_writer *writer, uint32_t piece)
{
    assert_ok(gs_segment_add_character(writer, 0x4e00, 12, &f->error), &f->error);
    assert_ok(gs_segment_add_character(writer, 0x9fa5, 34, &f->error), &f->error);
    for (uint32_t i = 0; i < f->model->lists_count; i++) {
        const model_list *list = &f->model->lists[i];
        assert_ok(gs_segment_add_list(writer, list->word[0] != '\0', list->gram,
                                      gs_bytes_str(list->word), &f->error),
                  &f->error);
        for (uint32_t at = 0; at < list->count; at += piece) {
            uint32_t len = list->count - at < piece ? list->count - at : piece;
            assert_ok(gs_segment_add_positions(writer, list->positions + at, len, &f->error),
                      &f->error);
        }
    }
    assert_ok(gs_segment_lists_done(writer, &f->error), &f->error);
}

static gs_container_name write_segment(fixture *f, const gs_mem *mem, bool small, uint32_t piece)
{
    gs_segment_options options = {
        .analyzer = 7, .unicode = "15.0.0", .has_text = false, .small = small};
    gs_segment_writer *writer;
    gs_container_name name;
    assert_ok(gs_segment_create(f->dir, mem, &options, &writer, &f->error), &f->error);
    write_documents(f, writer);
    write_lists(f, writer, piece);
    assert_ok(gs_segment_finish(writer, &name, &f->error), &f->error);
    return name;
}

static gs_segment *open_segment(fixture *f, const gs_mem *mem, const gs_container_name *name)
{
    gs_segment *segment;
    assert_ok(gs_segment_open(f->dir, mem, name->id, name->length, false, &segment, &f->error),
              &f->error);
    return segment;
}

/* Documents that hold one of the positions, counted by walking over all of them. */
static uint32_t count_documents(const model *m, const model_list *list)
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
                       const gs_list *got, const model_list *list)
{
    assert_int_equal(got->count, list->count);
    assert_int_equal(got->documents, count_documents(f->model, list));
    uint32_t *positions = malloc((list->count + GS_BLOCK_POSTINGS) * sizeof(uint32_t));
    assert_ok(gs_list_read(&segment->postings, decoder, got, positions, &f->error), &f->error);
    assert_memory_equal(positions, list->positions, list->count * sizeof(uint32_t));
    free(positions);
}

static void check_lists(fixture *f, const gs_segment *segment)
{
    gs_decoder *decoder = gs_decoder_new(NULL);
    for (uint32_t i = 0; i < f->model->lists_count; i++) {
        const model_list *list = &f->model->lists[i];
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
        gs_container_name name = write_segment(f, NULL, small, 1000);
        gs_segment *segment = open_segment(f, NULL, &name);
        check_lists(f, segment);
        assert_ok(gs_segment_verify(segment, &f->error), &f->error);
        gs_segment_unref(segment);
    }
}

static void the_bytes_do_not_depend_on_how_positions_are_handed_over(void **state)
{
    fixture *f = *state;
    gs_container_name one = write_segment(f, NULL, false, UINT32_MAX / 2);
    for (uint32_t piece = 3; piece < 9000; piece = piece * 7 + 1) {
        gs_container_name other = write_segment(f, NULL, false, piece);
        assert_string_equal(other.name, one.name);
    }
}

static void the_dictionary_is_walked_in_order_from_any_place(void **state)
{
    fixture *f = *state;
    gs_container_name name = write_segment(f, NULL, false, 1000);
    gs_segment *segment = open_segment(f, NULL, &name);
    for (uint32_t from = 0; from < f->model->lists_count; from += 97) {
        gs_terms_iterator iterator;
        const model_list *start = &f->model->lists[from];
        if (start->word[0])
            assert_ok(gs_terms_seek_word(&iterator, &segment->terms, gs_bytes_str(start->word),
                                         &f->error),
                      &f->error);
        else
            assert_ok(gs_terms_seek_gram(&iterator, &segment->terms, start->gram, &f->error),
                      &f->error);
        for (uint32_t i = from; i <= f->model->lists_count; i++) {
            const model_list *list = &f->model->lists[i];
            if (i < f->model->lists_count && list->count == 0)
                continue;
            bool more;
            assert_ok(gs_terms_next(&iterator, &more, &f->error), &f->error);
            assert_int_equal(more, i < f->model->lists_count);
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
    gs_container_name name = write_segment(f, NULL, false, 1000);
    gs_segment *segment = open_segment(f, NULL, &name);
    gs_list list;
    for (uint32_t i = 0; i + 1 < GRAMS; i++) {
        uint64_t between = f->model->lists[i].gram + 1;
        if (between == f->model->lists[i + 1].gram)
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
    gs_container_name name = write_segment(f, NULL, false, 1000);
    gs_segment *segment = open_segment(f, NULL, &name);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < GRAMS; i++) {
        const model_list *list = &f->model->lists[i];
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
    const model *m = f->model;
    gs_container_name name = write_segment(f, NULL, false, 1000);
    gs_segment *segment = open_segment(f, NULL, &name);
    for (uint32_t i = 0; i < GRAMS; i++) {
        const model_list *list = &m->lists[i];
        gs_list found;
        gs_long_list blocks;
        if (list->count < GS_LONG_MIN_DEFAULT)
            continue;
        assert_ok(gs_terms_find_gram(&segment->terms, list->gram, &found, &f->error), &f->error);
        assert_ok(gs_long_list_open(&segment->postings, &found, &blocks, &f->error), &f->error);
        for (uint32_t doc = 0, at = 0; doc < DOCS; doc++) {
            uint32_t from = at, length = m->starts[doc + 1] - m->starts[doc] - 1;
            while (at < list->count && list->positions[at] < m->starts[doc + 1])
                at++;
            for (uint32_t p = from; p < at; p++) {
                uint32_t b = p / GS_BLOCK_POSTINGS;
                uint32_t most = blocks.tf[b] & 0x7f;
                assert_true(most >= at - from || most == 0x7f);
                assert_true(gs_length_floor(blocks.length[b]) <= length);
                if (list->positions[p] < m->starts[doc] + m->title[doc])
                    assert_true(blocks.tf[b] & 0x80);
            }
        }
    }
    gs_segment_unref(segment);
}

static void documents_keys_titles_and_columns_read_back(void **state)
{
    fixture *f = *state;
    const model *m = f->model;
    gs_container_name name = write_segment(f, NULL, false, 1000);
    gs_segment *segment = open_segment(f, NULL, &name);
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
        assert_int_equal(gs_segment_source(segment, i), i >= 300);
        for (uint32_t p = m->starts[i]; p < m->starts[i + 1]; p++)
            assert_int_equal(gs_doctable_find(&segment->docs, p), i);
    }
    gs_buf_release(&text);
    gs_segment_unref(segment);
}

static void of_equal_keys_the_last_document_is_found(void **state)
{
    fixture *f = *state;
    memcpy(f->model->keys[40], f->model->keys[600], sizeof(f->model->keys[40]));
    memcpy(f->model->keys[41], f->model->keys[600], sizeof(f->model->keys[41]));
    gs_container_name name = write_segment(f, NULL, false, 1000);
    gs_segment *segment = open_segment(f, NULL, &name);
    uint32_t doc;
    bool found;
    assert_ok(gs_segment_find_key(segment, gs_bytes_str(f->model->keys[600]), &doc, &found,
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
