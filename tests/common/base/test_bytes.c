/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/bytes.h: slices, varints and the bounded reader.
 */
#include "common/base/bytes.h"

#include "tests/support/check.h"
#include "tests/support/fixture.h"

static void order_is_bytewise_and_unsigned(void **state)
{
    (void)state;
    const char *sorted[] = {"", "a", "a\x01", "aa", "b", "\x7F", "\x80", "\xFF"};
    for (size_t i = 0; i < 8; i++) {
        for (size_t k = 0; k < 8; k++) {
            gs_bytes a = gs_bytes_str(sorted[i]);
            gs_bytes b = gs_bytes_str(sorted[k]);
            int order = gs_bytes_compare(a, b);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
            assert_int_equal(gs_bytes_equal(a, b), i == k);
        }
    }
    assert_true(gs_bytes_equal(gs_bytes_of(NULL, 0), gs_bytes_str("")));
}

static void varints_of_every_length_come_back(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        uint64_t top = bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
        for (uint64_t value = top > 2 ? top - 2 : 0; value <= top; value++) {
            uint8_t bytes[10];
            size_t len = gs_store_varint(bytes, value);
            size_t wanted = 1; // seven bits a byte
            for (uint64_t rest = value >> 7; rest; rest >>= 7)
                wanted++;
            assert_int_equal(len, wanted);
            gs_cursor cursor = gs_cursor_of(gs_bytes_of(bytes, len));
            assert_true(gs_cursor_varint(&cursor) == value);
            assert_false(cursor.bad);
            assert_int_equal(gs_cursor_left(&cursor), 0);
            if (value == UINT64_MAX)
                break;
        }
    }
}

static bool varint_is_refused(const char *bytes, size_t len)
{
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(bytes, len));
    uint64_t value = gs_cursor_varint(&cursor);
    return cursor.bad && value == 0 && gs_cursor_left(&cursor) == 0;
}

static void bad_varints_are_refused(void **state)
{
    (void)state;
    assert_true(varint_is_refused("", 0));
    assert_true(varint_is_refused("\x80", 1));     // cut
    assert_true(varint_is_refused("\x80\x00", 2)); // overlong zero
    assert_true(varint_is_refused("\xFF\x80\x00", 3));
    assert_true(varint_is_refused("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 10)); // 65 bits
    assert_true(varint_is_refused("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11));
    assert_false(varint_is_refused("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10));
    assert_false(varint_is_refused("\x00", 1));
}

static void varint32_refuses_what_needs_33_bits(void **state)
{
    (void)state;
    uint8_t bytes[10];
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(bytes, gs_store_varint(bytes, UINT32_MAX)));
    assert_int_equal(gs_cursor_varint32(&cursor), UINT32_MAX);
    assert_false(cursor.bad);
    cursor = gs_cursor_of(gs_bytes_of(bytes, gs_store_varint(bytes, UINT32_MAX + 1ull)));
    assert_int_equal(gs_cursor_varint32(&cursor), 0);
    assert_true(cursor.bad);
}

static void any_bytes_are_an_overlong_fault_or_the_one_form_of_a_value(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[12];
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)(gs_test_random(&random) | (i % 3 ? 0x80 : 0));
        gs_cursor cursor = gs_cursor_of(gs_bytes_of(bytes, sizeof(bytes)));
        uint64_t value = gs_cursor_varint(&cursor);
        if (cursor.bad)
            continue;
        uint8_t again[10];
        size_t len = gs_store_varint(again, value);
        assert_int_equal(len, cursor.ptr - bytes);
        assert_memory_equal(again, bytes, len);
    }
}

static void fields_are_read_in_order(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'x', 'y'};
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(bytes, sizeof(bytes)));
    assert_int_equal(gs_cursor_u8(&cursor), 1);
    assert_int_equal(gs_cursor_u16(&cursor), 0x0302);
    assert_int_equal(gs_cursor_u32(&cursor), 0x07060504);
    assert_true(gs_cursor_u64(&cursor) == 0x0F0E0D0C0B0A0908);
    gs_bytes tail = gs_cursor_bytes(&cursor, 2);
    assert_true(gs_bytes_equal(tail, gs_bytes_str("xy")));
    assert_false(cursor.bad);
    assert_int_equal(gs_cursor_bytes(&cursor, 0).len, 0);
    assert_false(cursor.bad);
}

static void a_fault_sticks_and_reads_zero(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0xFF, 0xFF, 0xFF};
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(bytes, sizeof(bytes)));
    assert_int_equal(gs_cursor_u32(&cursor), 0);
    assert_true(cursor.bad);
    assert_int_equal(gs_cursor_u8(&cursor), 0);
    assert_int_equal(gs_cursor_u16(&cursor), 0);
    assert_true(gs_cursor_u64(&cursor) == 0);
    assert_true(gs_cursor_varint(&cursor) == 0);
    assert_int_equal(gs_cursor_bytes(&cursor, 1).len, 0);
}

static void a_length_of_almost_2_to_the_64_is_a_fault(void **state)
{
    (void)state;
    gs_cursor cursor = gs_cursor_of(gs_bytes_str("abc"));
    assert_int_equal(gs_cursor_bytes(&cursor, UINT64_MAX).len, 0);
    assert_true(cursor.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_bytewise_and_unsigned),
        cmocka_unit_test(varints_of_every_length_come_back),
        cmocka_unit_test(bad_varints_are_refused),
        cmocka_unit_test(varint32_refuses_what_needs_33_bits),
        cmocka_unit_test(any_bytes_are_an_overlong_fault_or_the_one_form_of_a_value),
        cmocka_unit_test(fields_are_read_in_order),
        cmocka_unit_test(a_fault_sticks_and_reads_zero),
        cmocka_unit_test(a_length_of_almost_2_to_the_64_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
