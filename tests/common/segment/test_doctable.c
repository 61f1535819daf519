/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/doctable.c: starts and columns against the arrays they were made from,
 * the bytes of docs/FORMAT.md, and bytes that say what cannot be.
 */
#include "common/segment/doctable.h"

#include <stdlib.h>

#include "common/segment/postings.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define MUTATIONS 20000

static gs_buf encode_starts(const uint32_t *starts, uint32_t count)
{
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gs_doctable_encode(&out, starts, count);
    assert_int_equal(out.status, GSEARCH_OK);
    return out;
}

static gs_buf encode_columns(const uint32_t *rank, const uint32_t *title, const uint32_t *flags,
                             const uint32_t *date, uint32_t count)
{
    const gs_column_source columns[] = {{GS_COLUMN_RANK, rank},
                                        {GS_COLUMN_TITLE, title},
                                        {GS_COLUMN_FLAGS, flags},
                                        {GS_COLUMN_DATE, date}};
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gs_columns_encode(&out, columns, 4, count);
    assert_int_equal(out.status, GSEARCH_OK);
    return out;
}

static void the_bytes_are_those_of_the_description(void **state)
{
    (void)state;
    // FORMAT 3.2: three documents of 1, 0 and 3 positions and their separators
    static const uint8_t expected[] = {3, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0,
                                       0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0};
    const uint32_t starts[] = {0, 2, 3, 7};
    gs_buf out = encode_starts(starts, 3);
    assert_int_equal(out.len, sizeof(expected));
    assert_memory_equal(out.data, expected, sizeof(expected));
    gs_buf_release(&out);
}

/* Every position if they are few, else those around each border and some others. */
static void check_finding(const gs_doctable *docs, const uint32_t *starts, uint32_t count)
{
    uint64_t seed = 1;
    for (uint32_t doc = 0; doc < count; doc++) {
        assert_int_equal(gs_doctable_length(docs, doc), starts[doc + 1] - starts[doc] - 1);
        assert_int_equal(gs_doctable_find(docs, starts[doc]), doc);
        assert_int_equal(gs_doctable_find(docs, starts[doc + 1] - 1), doc);
        uint32_t inside = starts[doc] + (uint32_t)gs_test_random_below(
                                            &seed, starts[doc + 1] - starts[doc]);
        assert_int_equal(gs_doctable_find(docs, inside), doc);
    }
}

static void every_position_is_found_in_its_document(void **state)
{
    (void)state;
    gsearch_error error;
    uint64_t seed = 7;
    for (uint32_t round = 0; round < 60; round++) {
        uint32_t count = (uint32_t)gs_test_random_below(&seed, 300);
        uint32_t starts[301] = {0};
        for (uint32_t i = 0; i < count; i++) // some long, most short
            starts[i + 1] = starts[i] + 1 +
                            (uint32_t)gs_test_random_below(&seed, i % 40 ? 30 : 1u << (round % 24));
        gs_buf out = encode_starts(starts, count);
        gs_doctable docs;
        assert_ok(gs_doctable_view(gs_buf_view(&out), &docs, &error), &error);
        assert_int_equal(docs.count, count);
        assert_int_equal(docs.positions, starts[count]);
        assert_int_equal(docs.total_length, starts[count] - count);
        check_finding(&docs, starts, count);
        gs_buf_release(&out);
    }
}

static void documents_of_rising_positions_are_counted_in_pieces(void **state)
{
    (void)state;
    gsearch_error error;
    uint64_t seed = 17;
    uint32_t starts[201] = {0};
    for (uint32_t i = 0; i < 200; i++)
        starts[i + 1] = starts[i] + 1 + (uint32_t)gs_test_random_below(&seed, 40);
    gs_buf out = encode_starts(starts, 200);
    gs_doctable docs;
    assert_ok(gs_doctable_view(gs_buf_view(&out), &docs, &error), &error);
    for (uint32_t step = 1; step < 200; step = step * 3 / 2 + 1) {
        uint32_t last = GS_DOC_NONE, count = 0, expected = 0, begun = 0;
        for (uint32_t position = step / 2; position < starts[200];) {
            uint32_t piece[7], len = 0;
            for (; len < 7 && position < starts[200]; position += step) {
                uint32_t before = begun;
                while (begun < 200 && starts[begun] <= position)
                    begun++; // documents begun up to here: more than before, or it is the same one
                expected += begun != before;
                piece[len++] = position;
            }
            count += gs_doctable_count(&docs, piece, len, &last);
            assert_int_equal(count, expected);
            assert_int_equal(last, begun - 1);
        }
    }
    gs_buf_release(&out);
}

/* Marks of every `step`-th position, in pieces, against a walk from document to document. */
static void check_marks(const gs_doctable *docs, const uint32_t *titles, uint32_t step)
{
    uint32_t last = GS_DOC_NONE, doc = 0, before = GS_DOC_NONE;
    for (uint32_t position = 0; position < docs->positions;) {
        uint32_t positions[150], len = 0;
        uint16_t marks[150];
        for (; len < 150 && position < docs->positions; position += step)
            positions[len++] = position;
        gs_doctable_mark(docs, positions, len, &last, marks);
        for (uint32_t i = 0; i < len; i++) {
            while (docs->starts[doc + 1] <= positions[i])
                doc++;
            uint32_t length = docs->starts[doc + 1] - docs->starts[doc] - 1;
            bool in_title = positions[i] - docs->starts[doc] < titles[doc];
            assert_int_equal(marks[i] & GS_MARK_LENGTH, gs_length_code(length));
            assert_int_equal((marks[i] & GS_MARK_TITLE) != 0, in_title);
            assert_int_equal((marks[i] & GS_MARK_FIRST) != 0, doc != before);
            before = doc;
        }
        assert_int_equal(last, doc);
    }
}

static void marks_are_the_same_with_rows_and_without(void **state)
{
    (void)state;
    gsearch_error error;
    uint64_t seed = 23;
    uint32_t starts[301] = {0}, titles[300];
    for (uint32_t i = 0; i < 300; i++) {
        // the second has more positions in its title than a row can say
        uint32_t length = (uint32_t)gs_test_random_below(&seed, i % 50 ? 60 : 6000);
        length = i == 1 ? 17u << 20 : length;
        titles[i] = i == 1 ? length - 5 : (uint32_t)gs_test_random_below(&seed, length + 1);
        starts[i + 1] = starts[i] + 1 + length;
    }
    gs_buf out = encode_starts(starts, 300);
    gs_doctable docs;
    uint64_t rows[301];
    assert_ok(gs_doctable_view(gs_buf_view(&out), &docs, &error), &error);
    docs.title = (gs_column){.data = (const uint8_t *)titles, .width = sizeof(*titles)};
    for (uint32_t i = 0; i <= 300; i++)
        rows[i] = gs_doctable_row(&docs, i);
    for (int with_rows = 0; with_rows < 2; with_rows++) {
        docs.rows = with_rows ? rows : NULL;
        check_marks(&docs, titles, 3);
        check_marks(&docs, titles, 31);
    }
    gs_buf_release(&out);
}

static void positions_reach_up_to_the_last_of_32_bits(void **state)
{
    (void)state;
    gsearch_error error;
    static const uint32_t tables[][4] = {
        {0, UINT32_MAX},
        {0, 1, UINT32_MAX - 1, UINT32_MAX},
        {0, 1u << 31, (1u << 31) + 1, UINT32_MAX},
        {0, UINT32_MAX - 2, UINT32_MAX - 1, UINT32_MAX},
    };
    static const uint32_t counts[] = {1, 3, 3, 3};
    for (size_t i = 0; i < 4; i++) {
        gs_buf out = encode_starts(tables[i], counts[i]);
        gs_doctable docs;
        assert_ok(gs_doctable_view(gs_buf_view(&out), &docs, &error), &error);
        assert_int_equal(docs.positions, UINT32_MAX);
        assert_int_equal(docs.total_length, UINT32_MAX - counts[i]);
        check_finding(&docs, tables[i], counts[i]);
        gs_buf_release(&out);
    }
}

static void a_table_of_no_documents_opens(void **state)
{
    (void)state;
    gsearch_error error;
    const uint32_t starts[] = {0};
    gs_buf docs_bytes = encode_starts(starts, 0);
    gs_buf cols = encode_columns(starts, starts, starts, starts, 0);
    gs_doctable docs;
    assert_ok(gs_doctable_open(gs_buf_view(&docs_bytes), gs_buf_view(&cols), &docs, &error),
              &error);
    assert_int_equal(docs.count, 0);
    assert_int_equal(docs.positions, 0);
    gs_buf_release(&docs_bytes);
    gs_buf_release(&cols);
}

static void columns_hold_numbers_of_any_width(void **state)
{
    (void)state;
    gsearch_error error;
    static const uint32_t ranges[] = {0, 1, 0xff, 0x100, 0xffff, 0x10000, 0xffffff, 0x1000000,
                                      UINT32_MAX};
    static const uint8_t widths[] = {0, 1, 1, 2, 2, 3, 3, 4, 4};
    for (size_t r = 0; r < sizeof(ranges) / sizeof(*ranges); r++) {
        const uint32_t starts[] = {0, 2, 4, 6, 9};
        const uint32_t rank[] = {3, 0, 2, 1};
        uint32_t low = UINT32_MAX - ranges[r] < 1000 ? UINT32_MAX - ranges[r] : 1000;
        uint32_t dates[] = {low, low + ranges[r], low + ranges[r] / 2, low + ranges[r] / 3};
        gs_buf docs_bytes = encode_starts(starts, 4);
        gs_buf cols = encode_columns(rank, rank, rank, dates, 4);
        gs_doctable docs;
        assert_ok(gs_doctable_open(gs_buf_view(&docs_bytes), gs_buf_view(&cols), &docs, &error),
                  &error);
        assert_int_equal(docs.date.width, widths[r]);
        assert_int_equal(docs.date.base, low);
        for (uint32_t i = 0; i < 4; i++) {
            assert_int_equal(gs_column_get(&docs.date, i), dates[i]);
            assert_int_equal(gs_column_get(&docs.rank, i), rank[i]);
            assert_int_equal(gs_doctable_title_end(&docs, i), starts[i] + rank[i]);
        }
        // the head is all that says where columns are
        gs_bytes head = gs_columns_head(gs_buf_view(&cols));
        assert_int_equal(head.len, 8 + 4 * 24);
        assert_int_equal(gs_columns_head(gs_bytes_of(head.ptr, 50)).len, 50);
        gs_doctable columns;
        assert_ok(gs_columns_open(gs_buf_view(&cols), 4, &columns, &error), &error);
        assert_ptr_equal(columns.date.data, docs.date.data);
        gs_buf_release(&docs_bytes);
        gs_buf_release(&cols);
    }
}

/* Four documents, four cells. */
typedef struct tables {
    gs_buf docs, cols;
} tables;

static tables make_tables(void)
{
    const uint32_t starts[] = {0, 10, 20, 30, 60};
    const uint32_t rank[] = {3, 0, 2, 1}, title[] = {1, 300, 0, 2}, flags[] = {0, 1, 0, 1};
    const uint32_t date[] = {20171205, 0, 20180101, 20171205};
    return (tables){.docs = encode_starts(starts, 4),
                    .cols = encode_columns(rank, title, flags, date, 4)};
}

static void free_tables(tables *t)
{
    gs_buf_release(&t->docs);
    gs_buf_release(&t->cols);
}

static gsearch_status open_tables(const tables *t, gs_doctable *docs, gsearch_error *error)
{
    return gs_doctable_open(gs_buf_view(&t->docs), gs_buf_view(&t->cols), docs, error);
}

static void starts_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t at, value;
    } changes[] = {
        {0, 0},           // documents
        {0, 3},           {0, 5},  {0, INT32_MAX}, {0, UINT32_MAX},
        {4, 0},           // positions
        {4, 59},          {4, 61}, {4, UINT32_MAX},
        {8, 0},           // shift
        {8, 3},           {8, 5},  {8, 31},        {8, 32},         {8, UINT32_MAX},
        {12, 0},          // cells
        {12, 3},          {12, 5}, {12, UINT32_MAX},
        {16, 1},          // first start
        {20, 0},          // second: equal to the one before, then greater than the one behind
        {20, 20},         {20, 21}, {20, UINT32_MAX},
        {32, 61},         // the end of all
        {32, 30},         {36, 1}, // cells
        {40, 0},          {40, 2}, {44, 4},        {48, 4},         {48, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        tables t = make_tables();
        gs_doctable docs = {.count = 77};
        gsearch_error error;
        gs_store_u32(t.docs.data + changes[i].at, changes[i].value);
        assert_fails(GSEARCH_CORRUPT, open_tables(&t, &docs, &error), &error);
        assert_int_equal(docs.count, 77); // nothing was written
        free_tables(&t);
    }
}

static void a_table_without_cells_for_all_positions_is_refused(void **state)
{
    (void)state;
    // with a shift of 0 the cells would be 2^32, which is 0 in 32 bits
    static const uint32_t words[] = {1, UINT32_MAX, 0, 0, 0, UINT32_MAX};
    gsearch_error error;
    gs_doctable docs;
    assert_fails(GSEARCH_CORRUPT,
                 gs_doctable_view(gs_bytes_of(words, sizeof(words)), &docs, &error), &error);
}

static void tables_cut_short_are_refused(void **state)
{
    (void)state;
    tables t = make_tables();
    gsearch_error error;
    gs_doctable docs;
    for (size_t len = 0; len < t.docs.len; len++) {
        uint8_t *copy = malloc(len ? len : 1); // its end is the end of what may be read
        memcpy(copy, t.docs.data, len);
        assert_fails(GSEARCH_CORRUPT,
                     gs_doctable_open(gs_bytes_of(copy, len), gs_buf_view(&t.cols), &docs, &error),
                     &error);
        free(copy);
    }
    for (size_t len = 0; len < t.cols.len; len++) {
        uint8_t *copy = malloc(len ? len : 1);
        memcpy(copy, t.cols.data, len);
        assert_fails(GSEARCH_CORRUPT,
                     gs_doctable_open(gs_buf_view(&t.docs), gs_bytes_of(copy, len), &docs, &error),
                     &error);
        free(copy);
    }
    free_tables(&t);
}

static void columns_that_are_missing_or_outside_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t at, value;
    } changes[] = {
        {0, 0}, {0, 3},               // columns
        {4, 1},                       // zero
        {8, 0}, {8, GS_COLUMN_TITLE}, // id of the first
        {12, 5}, {12, UINT32_MAX},    // width
        {24, UINT32_MAX}, {28, 1},    // offset, both halves
        {28, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        tables t = make_tables();
        gs_doctable docs;
        gsearch_error error;
        gs_store_u32(t.cols.data + changes[i].at, changes[i].value);
        assert_fails(GSEARCH_CORRUPT, open_tables(&t, &docs, &error), &error);
        free_tables(&t);
    }
}

/* Reads all that can be asked for. */
static uint64_t read_all(const gs_doctable *docs)
{
    uint64_t sum = 0;
    for (uint32_t doc = 0; doc < docs->count; doc++) {
        sum += gs_column_get(&docs->rank, doc) + gs_column_get(&docs->title, doc) +
               gs_column_get(&docs->flags, doc) + gs_column_get(&docs->date, doc) +
               gs_doctable_length(docs, doc) + gs_doctable_title_end(docs, doc);
        sum += gs_doctable_find(docs, docs->starts[doc]);
        sum += gs_doctable_find(docs, docs->starts[doc + 1] - 1);
    }
    return sum;
}

static void damaged_tables_are_refused_or_read_inside_their_bytes(void **state)
{
    (void)state;
    uint64_t seed = 4711;
    uint32_t opened = 0, refused = 0;
    for (uint32_t i = 0; i < MUTATIONS; i++) {
        tables t = make_tables();
        gs_buf *damaged = gs_test_random_below(&seed, 2) ? &t.docs : &t.cols;
        for (uint64_t n = 1 + gs_test_random_below(&seed, 3); n; n--) {
            static const uint8_t values[] = {0, 1, 4, 0x7f, 0x80, 0xff};
            damaged->data[gs_test_random_below(&seed, damaged->len)] =
                values[gs_test_random_below(&seed, sizeof(values))];
        }
        gs_doctable docs;
        gsearch_error error;
        gsearch_status status = open_tables(&t, &docs, &error);
        if (status) {
            assert_int_equal(status, GSEARCH_CORRUPT);
            refused++;
        } else {
            opened++;
            read_all(&docs);
            assert_int_equal(docs.starts[docs.count], docs.positions);
        }
        free_tables(&t);
    }
    assert_true(opened > MUTATIONS / 10); // columns are not judged
    assert_true(refused > MUTATIONS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_those_of_the_description),
        cmocka_unit_test(every_position_is_found_in_its_document),
        cmocka_unit_test(documents_of_rising_positions_are_counted_in_pieces),
        cmocka_unit_test(marks_are_the_same_with_rows_and_without),
        cmocka_unit_test(positions_reach_up_to_the_last_of_32_bits),
        cmocka_unit_test(a_table_of_no_documents_opens),
        cmocka_unit_test(columns_hold_numbers_of_any_width),
        cmocka_unit_test(starts_that_cannot_be_are_refused),
        cmocka_unit_test(a_table_without_cells_for_all_positions_is_refused),
        cmocka_unit_test(tables_cut_short_are_refused),
        cmocka_unit_test(columns_that_are_missing_or_outside_are_refused),
        cmocka_unit_test(damaged_tables_are_refused_or_read_inside_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
