/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/buf.c.
 */
#include "common/base/buf.h"

#include "tests/support/check.h"
#include "tests/support/flaky.h"

static void fields_are_little_endian_and_in_order(void **state)
{
    (void)state;
    gs_buf buf;
    gs_buf_init(&buf, NULL, 1000);
    gs_buf_u8(&buf, 0x01);
    gs_buf_u16(&buf, 0x0302);
    gs_buf_u32(&buf, 0x07060504);
    gs_buf_u64(&buf, 0x0F0E0D0C0B0A0908);
    gs_buf_zero(&buf, 2);
    gs_buf_str(&buf, "ab");
    gs_buf_bytes(&buf, gs_bytes_of("c\0d", 3));
    gs_buf_varint(&buf, 300);
    const uint8_t wanted[] = {1,  2,  3,  4, 5, 6,   7,   8,   9, 10,  11,   12,
                              13, 14, 15, 0, 0, 'a', 'b', 'c', 0, 'd', 0xAC, 0x02};
    assert_int_equal(buf.status, GSEARCH_OK);
    assert_int_equal(buf.len, sizeof(wanted));
    assert_memory_equal(buf.data, wanted, sizeof(wanted));
    gs_buf_release(&buf);
}

static void decimals_reach_both_ends(void **state)
{
    (void)state;
    gs_buf buf;
    gs_buf_init(&buf, NULL, 100);
    gs_buf_decimal(&buf, 0);
    gs_buf_u8(&buf, ' ');
    gs_buf_decimal(&buf, 1090);
    gs_buf_u8(&buf, ' ');
    gs_buf_decimal(&buf, UINT64_MAX);
    gs_buf_u8(&buf, 0);
    assert_string_equal((const char *)buf.data, "0 1090 18446744073709551615");
    gs_buf_release(&buf);
}

static void the_ceiling_is_exact_and_the_error_sticks(void **state)
{
    (void)state;
    gs_buf buf;
    gs_buf_init(&buf, NULL, 10);
    gs_buf_str(&buf, "0123456789");
    assert_int_equal(buf.status, GSEARCH_OK);
    gs_buf_u8(&buf, 'x');
    assert_int_equal(buf.status, GSEARCH_LIMIT);
    assert_int_equal(buf.len, 10);
    gs_buf_append(&buf, "", 0);
    assert_null(gs_buf_reserve(&buf, 0));
    assert_int_equal(buf.status, GSEARCH_LIMIT);
    gs_buf_reset(&buf);
    gs_buf_str(&buf, "fits");
    assert_int_equal(buf.status, GSEARCH_OK);
    assert_memory_equal(buf.data, "fits", 4);
    gs_buf_release(&buf);
}

static void a_huge_request_does_not_wrap(void **state)
{
    (void)state;
    gs_buf buf;
    gs_buf_init(&buf, NULL, SIZE_MAX);
    gs_buf_str(&buf, "some");
    assert_null(gs_buf_reserve(&buf, SIZE_MAX - 2));
    assert_int_equal(buf.status, GSEARCH_LIMIT);
    gs_buf_release(&buf);
}

static void no_memory_sticks_until_reset(void **state)
{
    (void)state;
    gs_flaky flaky;
    gs_flaky_init(&flaky, 2);
    gs_buf buf;
    gs_buf_init(&buf, &flaky.mem, 1u << 20);
    gs_buf_str(&buf, "kept");
    gs_buf_zero(&buf, 100000);
    gs_buf_str(&buf, "lost");
    assert_int_equal(buf.status, GSEARCH_NO_MEMORY);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.data, "kept", 4);
    gs_buf_release(&buf);
    assert_int_equal(flaky.live, 0);
}

static void printf_appends_without_a_terminator(void **state)
{
    (void)state;
    gs_buf buf;
    gs_buf_init(&buf, NULL, 4096);
    gs_buf_printf(&buf, "%s=%d", "total", -7);
    gs_buf_printf(&buf, "%1000d", 1);
    assert_int_equal(buf.len, 8 + 1000);
    assert_memory_equal(buf.data, "total=-7   ", 11);
    assert_int_equal(buf.data[1007], '1');
    gs_buf_release(&buf);
}

static void printf_may_fill_the_buffer_to_the_last_byte(void **state)
{
    (void)state;
    gs_buf buf;
    gs_buf_init(&buf, NULL, 8);
    gs_buf_printf(&buf, "%s", "12345678");
    assert_int_equal(buf.status, GSEARCH_OK);
    assert_int_equal(buf.len, 8);
    gs_buf_printf(&buf, "%s", "9");
    assert_int_equal(buf.status, GSEARCH_LIMIT);
    gs_buf_release(&buf);
}

static void reserve_gives_room_that_the_caller_fills(void **state)
{
    (void)state;
    gs_buf buf;
    gs_buf_init(&buf, NULL, 100000);
    for (uint8_t i = 0; i < 200; i++) {
        uint8_t *room = gs_buf_reserve(&buf, 300);
        assert_non_null(room);
        memset(room, i, 300);
        buf.len += 300;
    }
    for (size_t i = 0; i < buf.len; i++)
        assert_int_equal(buf.data[i], i / 300);
    assert_int_equal(gs_buf_view(&buf).len, 60000);
    gs_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_little_endian_and_in_order),
        cmocka_unit_test(decimals_reach_both_ends),
        cmocka_unit_test(the_ceiling_is_exact_and_the_error_sticks),
        cmocka_unit_test(a_huge_request_does_not_wrap),
        cmocka_unit_test(no_memory_sticks_until_reset),
        cmocka_unit_test(printf_appends_without_a_terminator),
        cmocka_unit_test(printf_may_fill_the_buffer_to_the_last_byte),
        cmocka_unit_test(reserve_gives_room_that_the_caller_fills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
