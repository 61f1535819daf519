/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/strings.c against plain arrays and the worked bytes of docs/FORMAT.md.
 */
#include "common/segment/strings.h"

#include "tests/common/segment/place.h"

#define COUNT_MAX 200

typedef struct list {
    gs_bytes strings[COUNT_MAX];
    uint8_t room[COUNT_MAX][12];
    uint32_t count;
} list;

static int order(const void *a, const void *b)
{
    return gs_bytes_compare(*(const gs_bytes *)a, *(const gs_bytes *)b);
}

/* Different random strings over a small alphabet, so that they share beginnings. */
static void fill(list *l, uint32_t count, uint64_t seed)
{
    l->count = 0;
    while (l->count < count) {
        uint8_t *room = l->room[l->count];
        size_t len = gs_test_random_below(&seed, 12);
        for (size_t i = 0; i < len; i++)
            room[i] = (uint8_t[]){0, 1, 2, 0xFF, 0xFF, 0xFF}[gs_test_random_below(&seed, 6)];
        gs_bytes string = gs_bytes_of(room, len);
        bool known = false;
        for (uint32_t i = 0; i < l->count; i++)
            known |= gs_bytes_equal(l->strings[i], string);
        if (!known)
            l->strings[l->count++] = string;
    }
}

static void encode(const gs_mem *mem, const list *l, gs_buf *out)
{
    gs_strings_writer writer;
    gs_strings_writer_init(&writer, mem);
    for (uint32_t i = 0; i < l->count; i++)
        gs_strings_writer_add(&writer, l->strings[i]);
    gs_buf_init(out, mem, 1 << 20);
    gs_strings_writer_finish(&writer, out);
    gs_strings_writer_release(&writer);
}

static const uint32_t counts[] = {0, 1, 2, 15, 16, 17, 31, 32, 33, COUNT_MAX};
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

static void the_bytes_are_those_of_the_specification(void **state)
{
    (void)state;
    static const uint8_t expected[] = "\3\0\0\0"
                                      "\0\0\0\0"
                                      "\2ab"
                                      "\2\1c"
                                      "\0\1b";
    list l = {.count = 3};
    l.strings[0] = gs_bytes_str("ab");
    l.strings[1] = gs_bytes_str("abc");
    l.strings[2] = gs_bytes_str("b");
    gs_buf bytes;
    encode(NULL, &l, &bytes);
    assert_int_equal(bytes.status, GSEARCH_OK);
    assert_int_equal(bytes.len, sizeof(expected) - 1);
    assert_memory_equal(bytes.data, expected, bytes.len);
    gs_buf_release(&bytes);
}

static void every_string_comes_back_by_number(void **state)
{
    (void)state;
    gsearch_error error;
    static list l;
    for (size_t n = 0; n < COUNTS; n++) {
        fill(&l, counts[n], n); // in no order
        gs_buf bytes, out;
        encode(NULL, &l, &bytes);
        gs_buf_init(&out, NULL, 100);
        gs_strings strings;
        assert_ok(gs_strings_open(gs_buf_view(&bytes), "test", &strings, &error), &error);
        assert_int_equal(strings.count, counts[n]);
        assert_ok(gs_strings_verify(&strings, NULL, "test", GS_STRINGS_ANY, &error), &error);
        for (uint32_t i = 0; i < l.count; i++) {
            gs_buf_reset(&out);
            gs_buf_str(&out, "before");
            assert_ok(gs_strings_get(&strings, i, &out, &error), &error);
            gs_bytes got = gs_bytes_of(out.data + 6, out.len - 6);
            assert_true(gs_bytes_equal(got, l.strings[i]));
            assert_memory_equal(out.data, "before", 6);
            gs_bytes block = gs_strings_block(&strings, i);
            assert_int_equal(gs_load_u32(gs_strings_offsets(&strings, i).ptr),
                             block.ptr - strings.data.ptr);
            bool is_last = i / GS_STRINGS_BLOCK == (l.count - 1) / GS_STRINGS_BLOCK;
            assert_int_equal(gs_strings_offsets(&strings, i).len, is_last ? 4 : 8);
            assert_true(!is_last || block.ptr + block.len == bytes.data + bytes.len);
        }
        gs_buf_release(&bytes);
        gs_buf_release(&out);
    }
}

static void every_string_is_found_by_value_and_no_other(void **state)
{
    (void)state;
    gsearch_error error;
    static list l, others;
    for (size_t n = 0; n < COUNTS; n++) {
        fill(&l, counts[n], 100 + n);
        qsort(l.strings, l.count, sizeof(l.strings[0]), order);
        fill(&others, COUNT_MAX, 1000 + n);
        gs_buf bytes;
        encode(NULL, &l, &bytes);
        gs_strings strings;
        assert_ok(gs_strings_open(gs_buf_view(&bytes), "test", &strings, &error), &error);
        assert_ok(gs_strings_verify(&strings, NULL, "test", GS_STRINGS_RISING, &error), &error);
        for (uint32_t i = 0; i < l.count + others.count; i++) {
            gs_bytes wanted = i < l.count ? l.strings[i] : others.strings[i - l.count];
            uint32_t expected = 0; // by counting, not by halving
            bool there = false;
            for (uint32_t j = 0; j < l.count; j++) {
                expected += gs_bytes_compare(l.strings[j], wanted) < 0;
                there |= gs_bytes_equal(l.strings[j], wanted);
            }
            uint32_t at = 12345;
            bool found = !there;
            assert_ok(gs_strings_find(&strings, NULL, wanted, &at, &found, &error), &error);
            assert_int_equal(found, there);
            assert_int_equal(at, expected);
        }
        gs_buf_release(&bytes);
    }
}

static void disorder_is_found_where_order_is_asked_for(void **state)
{
    (void)state;
    gsearch_error error;
    static list l;
    fill(&l, 40, 7);
    qsort(l.strings, l.count, sizeof(l.strings[0]), order);
    for (uint32_t i = 0; i + 1 < l.count; i++) {
        gs_bytes kept = l.strings[i];
        l.strings[i] = l.strings[i + 1]; // sorted, but it does not rise
        gs_buf bytes;
        encode(NULL, &l, &bytes);
        gs_strings strings;
        assert_ok(gs_strings_open(gs_buf_view(&bytes), "test", &strings, &error), &error);
        assert_ok(gs_strings_verify(&strings, NULL, "test", GS_STRINGS_SORTED, &error), &error);
        assert_fails(GSEARCH_CORRUPT,
                     gs_strings_verify(&strings, NULL, "test", GS_STRINGS_RISING, &error), &error);
        gs_buf_release(&bytes);
        l.strings[i] = l.strings[(i + l.count - 1) % l.count];
        l.strings[(i + l.count - 1) % l.count] = kept;
        encode(NULL, &l, &bytes);
        assert_ok(gs_strings_open(gs_buf_view(&bytes), "test", &strings, &error), &error);
        assert_ok(gs_strings_verify(&strings, NULL, "test", GS_STRINGS_ANY, &error), &error);
        assert_fails(GSEARCH_CORRUPT,
                     gs_strings_verify(&strings, NULL, "test", GS_STRINGS_SORTED, &error), &error);
        gs_buf_release(&bytes);
        l.strings[(i + l.count - 1) % l.count] = l.strings[i];
        l.strings[i] = kept;
    }
}

/* Reads everything from bytes that may be anything. */
static void read_all(gs_bytes bytes)
{
    gsearch_error error;
    gs_strings strings;
    gsearch_status status = gs_strings_open(bytes, "test", &strings, &error);
    if (status) {
        assert_int_equal(status, GSEARCH_CORRUPT);
        return;
    }
    gs_buf out;
    gs_buf_init(&out, NULL, 1 << 20);
    for (uint32_t i = 0; i < strings.count && i < 64; i++) {
        gs_buf_reset(&out);
        status = gs_strings_get(&strings, i, &out, &error);
        assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
        assert_true(!status || out.len == 0);
    }
    uint32_t at;
    bool found;
    status = gs_strings_find(&strings, NULL, gs_bytes_str("\xFF"), &at, &found, &error);
    assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
    status = gs_strings_verify(&strings, NULL, "test", GS_STRINGS_ANY, &error);
    assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
    gs_buf_release(&out);
}

static void any_bytes_are_read_within_bounds(void **state)
{
    (void)state;
    static list l;
    fill(&l, 40, 3);
    gs_buf bytes;
    encode(NULL, &l, &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        // a copy of the exact size, for tools that watch its ends
        uint8_t *copy = malloc(bytes.len);
        memcpy(copy, bytes.data, bytes.len);
        for (unsigned bit = 0; bit < 8; bit++) {
            copy[i] ^= (uint8_t)(1u << bit);
            read_all(gs_bytes_of(copy, bytes.len));
            copy[i] ^= (uint8_t)(1u << bit);
        }
        free(copy);
        copy = malloc(i + 1);
        memcpy(copy, bytes.data, i);
        read_all(gs_bytes_of(copy, i));
        free(copy);
    }
    gs_buf_release(&bytes);
}

static void a_list_that_is_cut_or_prolonged_does_not_verify(void **state)
{
    (void)state;
    gsearch_error error;
    static list l;
    fill(&l, 20, 5);
    gs_buf bytes;
    encode(NULL, &l, &bytes);
    gs_buf_u8(&bytes, 0);
    for (size_t len = 0; len <= bytes.len; len++) {
        gs_strings strings;
        gsearch_status status =
            gs_strings_open(gs_bytes_of(bytes.data, len), "test", &strings, &error);
        if (!status)
            status = gs_strings_verify(&strings, NULL, "test", GS_STRINGS_ANY, &error);
        assert_int_equal(status, len == bytes.len - 1 ? GSEARCH_OK : GSEARCH_CORRUPT);
    }
    gs_buf_release(&bytes);
}

static void a_list_whose_first_block_begins_late_is_refused(void **state)
{
    (void)state;
    gsearch_error error;
    gs_strings strings;
    static const uint8_t late[] = "\1\0\0\0\1\0\0\0?\1a", empty[] = "\0\0\0\0?";
    assert_fails(GSEARCH_CORRUPT,
                 gs_strings_open(gs_bytes_of(late, sizeof(late) - 1), "test", &strings, &error),
                 &error);
    assert_fails(GSEARCH_CORRUPT,
                 gs_strings_open(gs_bytes_of(empty, sizeof(empty) - 1), "test", &strings, &error),
                 &error);
}

static void a_writer_without_memory_says_so_at_the_end(void **state)
{
    (void)state;
    static list l;
    fill(&l, 40, 9);
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        gs_buf bytes;
        encode(&flaky.mem, &l, &bytes);
        status = bytes.status;
        assert_true(status == GSEARCH_OK || status == GSEARCH_NO_MEMORY);
        gs_buf_release(&bytes);
        assert_int_equal(flaky.live, 0);
        assert_true(fail_at < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_those_of_the_specification),
        cmocka_unit_test(every_string_comes_back_by_number),
        cmocka_unit_test(every_string_is_found_by_value_and_no_other),
        cmocka_unit_test(disorder_is_found_where_order_is_asked_for),
        cmocka_unit_test(any_bytes_are_read_within_bounds),
        cmocka_unit_test(a_list_that_is_cut_or_prolonged_does_not_verify),
        cmocka_unit_test(a_list_whose_first_block_begins_late_is_refused),
        cmocka_unit_test(a_writer_without_memory_says_so_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
