/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/gramsort.c against postings that are sorted by comparing.
 */
#include "indexer/gramsort.h"

#include <stdlib.h>

#include "tests/indexer/scratch.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define POSTINGS 60000u /* in two halves, each from a batch of its own */
#define HALF (POSTINGS / 2)

typedef struct posting {
    uint64_t gram;
    uint32_t position;
} posting;

typedef struct fixture {
    gs_test_scratch in;
    gs_bins bins[2];
    posting wanted[POSTINGS];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    gs_test_scratch_open(&f->in);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_test_scratch_close(&f->in);
    free(f);
    return 0;
}

static int compare(const void *a, const void *b)
{
    const posting *x = a, *y = b;
    if (x->gram != y->gram)
        return x->gram < y->gram ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

/* One in three postings is the same gram; the others are of `firsts` first and `seconds` second
 * characters. */
static void fill(fixture *f, uint32_t firsts, uint32_t seconds, uint64_t random)
{
    for (uint32_t i = 0; i < POSTINGS; i++) {
        uint32_t first = 0x4E00, second = 0x5000;
        if (gs_test_random_below(&random, 3)) {
            first += (uint32_t)gs_test_random_below(&random, firsts);
            second += (uint32_t)gs_test_random_below(&random, seconds);
        }
        f->wanted[i] = (posting){.gram = gs_gram(first, second, 0), .position = i};
        gs_bins *bins = &f->bins[i / HALF];
        if (i % HALF == 0)
            assert_ok(gs_bins_init(bins, &f->in.file, NULL, 0, &f->in.error), &f->in.error);
        assert_ok(gs_bins_add(bins, first, second, i % HALF, &f->in.error), &f->in.error);
    }
    for (uint32_t b = 0; b < 2; b++)
        assert_ok(gs_bins_seal(&f->bins[b], &f->in.error), &f->in.error);
    qsort(f->wanted, POSTINGS, sizeof(*f->wanted), compare);
}

/* Documents with titles, many of one length and more than their slots tell apart; one that is
 * longer than all others lets a list stay in one document for a while. */
static void add_documents(fixture *f, gs_segment_writer *writer)
{
    uint64_t random = 5;
    uint32_t at = 0;
    for (uint32_t doc = 0; at < POSTINGS; doc++) {
        uint32_t length = doc % 5 ? 20 : 1 + (uint32_t)gs_test_random_below(&random, 200);
        if (doc == 300)
            length = POSTINGS / 4;
        length = at + length < POSTINGS ? length : POSTINGS - at;
        uint32_t title = (uint32_t)gs_test_random_below(&random, 5);
        gs_doc_record record = {.key = gs_bytes_str("a"),
                                .length = length,
                                .title_positions = title < length ? title : length};
        assert_ok(gs_segment_add_document(writer, &record, &f->in.error), &f->in.error);
        at += record.length + 1;
    }
}

static gs_segment *sort_into_segment(fixture *f, size_t memory_bytes)
{
    gs_segment_options options = {.analyzer = 1, .unicode = "15.0.0"};
    gs_segment_writer *writer;
    assert_ok(gs_segment_create(f->in.dir, NULL, &options, &writer, &f->in.error), &f->in.error);
    assert_ok(gs_segment_add_source(writer, gs_bytes_str(""), &f->in.error), &f->in.error);
    add_documents(f, writer);
    assert_ok(gs_segment_documents_done(writer, &f->in.error), &f->in.error);
    gs_characters characters;
    assert_ok(gs_characters_init(&characters, NULL, &f->in.error), &f->in.error);
    for (uint32_t i = 0; i < POSTINGS; i++)
        characters.documents[gs_gram_second(f->wanted[i].gram)] = 1;
    gs_gram_source sources[] = {{&f->bins[0], 0}, {&f->bins[1], HALF}};
    assert_ok(gs_gramsort(sources, 2, &characters, NULL, memory_bytes, writer, &f->in.error),
              &f->in.error);
    gs_characters_release(&characters);
    assert_ok(gs_segment_lists_done(writer, &f->in.error), &f->in.error);
    gs_container_name name;
    assert_ok(gs_segment_finish(writer, &name, &f->in.error), &f->in.error);
    gs_segment *segment;
    assert_ok(gs_segment_open(f->in.dir, NULL, name.id, name.length, true, &segment, &f->in.error),
              &f->in.error);
    return segment;
}

static void check_segment(fixture *f, const gs_segment *segment)
{
    gs_decoder *decoder = gs_decoder_new(NULL);
    uint32_t *positions = calloc(POSTINGS + GS_BLOCK_POSTINGS, sizeof(*positions)), at = 0;
    gs_terms_iterator terms;
    assert_ok(gs_terms_seek_gram(&terms, &segment->terms, 0, &f->in.error), &f->in.error);
    for (bool more;;) {
        assert_ok(gs_terms_next(&terms, &more, &f->in.error), &f->in.error);
        if (!more)
            break;
        assert_ok(gs_list_read(&segment->postings, decoder, &terms.list, positions, &f->in.error),
                  &f->in.error);
        for (uint32_t i = 0; i < terms.list.count; i++, at++) {
            assert_int_equal(terms.gram, f->wanted[at].gram);
            assert_int_equal(positions[i], f->wanted[at].position);
        }
    }
    assert_int_equal(at, POSTINGS);
    free(positions);
    gs_decoder_free(decoder);
}

/* The same bytes come out whatever the memory: bins that fit, bins that are cut by first or by
 * second characters, and lists that do not fit alone. */
static void memory_does_not_change_the_lists(void **state)
{
    fixture *f = *state;
    static const struct {
        uint32_t firsts, seconds;
    } shapes[] = {{1, 1}, {64, 3}, {1, 5000}, {300, 300}};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
        fill(f, shapes[i].firsts, shapes[i].seconds, 17 + i);
        gs_segment *roomy = sort_into_segment(f, 64 << 20);
        gs_segment *tight = sort_into_segment(f, 0);
        check_segment(f, roomy);
        // counts of documents and bounds, found by position
        assert_ok(gs_segment_verify(roomy, &f->in.error), &f->in.error);
        assert_true(roomy->id.low == tight->id.low && roomy->id.high == tight->id.high);
        gs_segment_unref(roomy);
        gs_segment_unref(tight);
        for (uint32_t b = 0; b < 2; b++)
            gs_bins_release(&f->bins[b]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_does_not_change_the_lists, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
