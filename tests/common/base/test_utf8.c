/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/utf8.c against table 3-7 of the Unicode Standard.
 */
#include "common/base/utf8.h"

#include "tests/common/base/utf8table.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static void check_decode(const uint8_t *ptr, size_t len)
{
    bool complete;
    size_t wanted = utf8_reference(ptr, len, &complete);
    uint32_t code_point = 0;
    size_t taken = gs_utf8_decode(ptr, ptr + len, &code_point);
    if (taken != wanted)
        fail_msg("%02x %02x %02x: took %zu, not %zu", ptr[0], len > 1 ? ptr[1] : 0,
                 len > 2 ? ptr[2] : 0, taken, wanted);
    if (!complete) {
        assert_int_equal(code_point, 0xFFFD);
        return;
    }
    uint8_t again[4];
    assert_int_equal(gs_utf8_encode(code_point, again), taken);
    assert_memory_equal(again, ptr, taken);
}

static void every_string_of_one_to_three_bytes_decodes_by_the_table(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1u << 24; i++) {
        uint8_t bytes[3] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        check_decode(bytes, 3);
        if ((i & 0xFF) == 0)
            check_decode(bytes, 2);
        if ((i & 0xFFFF) == 0)
            check_decode(bytes, 1);
    }
}

static void strings_of_four_bytes_decode_by_the_table(void **state)
{
    (void)state;
    uint64_t random = 4;
    for (int round = 0; round < 2000000; round++) {
        uint64_t value = gs_test_random(&random);
        uint8_t bytes[4] = {(uint8_t)(0xEC + value % 12), (uint8_t)(value >> 8),
                            (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
        if (value >> 60)
            bytes[2] = (uint8_t)(0x80 | (bytes[2] & 0x3F));
        check_decode(bytes, 4);
    }
}

static void scalar_values_encode_to_the_bytes_of_the_definition(void **state)
{
    (void)state;
    const struct {
        uint32_t code_point;
        const char *bytes;
    } rows[] = {
        {0x24, "\x24"},           {0x7F, "\x7F"},           {0x80, "\xC2\x80"},
        {0xA3, "\xC2\xA3"},       {0x7FF, "\xDF\xBF"},      {0x800, "\xE0\xA0\x80"},
        {0x20AC, "\xE2\x82\xAC"}, {0xFFFF, "\xEF\xBF\xBF"}, {0x10000, "\xF0\x90\x80\x80"},
        {0x10FFFF, "\xF4\x8F\xBF\xBF"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t out[4];
        size_t len = gs_utf8_encode(rows[i].code_point, out);
        assert_int_equal(len, strlen(rows[i].bytes));
        assert_memory_equal(out, rows[i].bytes, len);
        uint32_t back;
        assert_int_equal(gs_utf8_decode(out, out + len, &back), len);
        assert_int_equal(back, rows[i].code_point);
    }
}

static void repair_replaces_each_maximal_part_once(void **state)
{
    (void)state;
    // the example of the Unicode Standard, table 3-8
    gs_bytes text = gs_bytes_str("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64");
    gs_buf buf;
    gs_buf_init(&buf, NULL, 1000);
    assert_int_equal(gs_utf8_repair(&buf, text), 6);
    gs_buf_u8(&buf, 0);
    assert_string_equal((const char *)buf.data, "a���b�c��d");
    gs_buf_reset(&buf);
    assert_int_equal(gs_utf8_repair(&buf, gs_bytes_str("政�公")), 0);
    assert_true(gs_bytes_equal(gs_buf_view(&buf), gs_bytes_str("政�公")));
    gs_buf_release(&buf);
}

static void repaired_text_is_well_formed_whatever_came_in(void **state)
{
    (void)state;
    uint64_t random = 5;
    gs_buf buf;
    gs_buf_init(&buf, NULL, 10000);
    for (int round = 0; round < 2000; round++) {
        uint8_t bytes[64];
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)gs_test_random(&random);
        gs_bytes text = gs_bytes_of(bytes, sizeof(bytes));
        gs_buf_reset(&buf);
        size_t repaired = gs_utf8_repair(&buf, text);
        assert_int_equal(gs_utf8_valid_prefix(gs_buf_view(&buf)), buf.len);
        assert_int_equal(repaired == 0, gs_utf8_valid_prefix(text) == text.len);
    }
    gs_buf_release(&buf);
}

static void the_valid_prefix_ends_before_the_first_fault(void **state)
{
    (void)state;
    assert_int_equal(gs_utf8_valid_prefix(gs_bytes_str("")), 0);
    assert_int_equal(gs_utf8_valid_prefix(gs_bytes_str("政务")), 6);
    assert_int_equal(gs_utf8_valid_prefix(gs_bytes_of("政务", 5)), 3);
    assert_int_equal(gs_utf8_valid_prefix(gs_bytes_str("ab\xED\xA0\x80")), 2); // a surrogate
    assert_int_equal(gs_utf8_valid_prefix(gs_bytes_str("a\xC0\x80")), 1);      // overlong
    assert_int_equal(gs_utf8_valid_prefix(gs_bytes_of("a\0b", 3)), 3);
}

/* What decoding one by one finds. */
static size_t slow_valid_prefix(gs_bytes text)
{
    size_t done = 0, len;
    for (uint32_t code_point; done < text.len; done += len) {
        len = gs_utf8_decode(text.ptr + done, text.ptr + text.len, &code_point);
        if (code_point == GS_UTF8_REPLACEMENT &&
            (len != 3 || memcmp(text.ptr + done, "\xEF\xBF\xBD", 3) != 0))
            break;
    }
    return done;
}

/* Eight bytes and more are looked at together. */
static void every_three_bytes_are_judged_alike_among_others(void **state)
{
    (void)state;
    uint8_t bytes[] = "政务公开abcdefgh";
    gs_bytes text = gs_bytes_of(bytes, sizeof(bytes) - 1);
    for (size_t at = 3; at < 8; at += 3) {
        for (uint32_t i = 0; i < 1u << 24; i++) {
            bytes[at] = (uint8_t)(i >> 16);
            bytes[at + 1] = (uint8_t)(i >> 8);
            bytes[at + 2] = (uint8_t)i;
            if (gs_utf8_valid_prefix(text) != slow_valid_prefix(text))
                fail_msg("%06X at %zu", i, at);
        }
        memcpy(bytes, "政务公", 9);
    }
}

static void the_valid_prefix_is_found_wherever_the_fault_is(void **state)
{
    (void)state;
    static const char *const pieces[] = {"政", "务", "，", "한", "ก", "é", "𠮷", "a", "abcdefgh",
                                         "\xEF\xBF\xBD", "政务公开"};
    uint64_t random = 9;
    for (int round = 0; round < 200000; round++) {
        uint8_t bytes[64];
        size_t len = 0;
        while (len < 48) {
            const char *piece = pieces[gs_test_random_below(&random, 11)];
            memcpy(bytes + len, piece, strlen(piece));
            len += strlen(piece);
        }
        len -= gs_test_random_below(&random, 8);
        if (round % 4)
            bytes[gs_test_random_below(&random, len)] = (uint8_t)gs_test_random(&random);
        gs_bytes text = gs_bytes_of(bytes, len);
        assert_int_equal(gs_utf8_valid_prefix(text), slow_valid_prefix(text));
    }
}

static void count_and_prefix_go_by_code_points(void **state)
{
    (void)state;
    gs_bytes text = gs_bytes_str("a政é𠀀b"); // 1, 3, 2, 4 and 1 bytes
    const size_t ends[] = {0, 1, 4, 6, 10, 11, 11};
    assert_int_equal(gs_utf8_count(text), 5);
    for (size_t count = 0; count < 7; count++)
        assert_int_equal(gs_utf8_prefix(text, count), ends[count]);
    assert_int_equal(gs_utf8_count(gs_bytes_str("")), 0);
    assert_int_equal(gs_utf8_prefix(gs_bytes_str(""), 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_string_of_one_to_three_bytes_decodes_by_the_table),
        cmocka_unit_test(strings_of_four_bytes_decode_by_the_table),
        cmocka_unit_test(scalar_values_encode_to_the_bytes_of_the_definition),
        cmocka_unit_test(repair_replaces_each_maximal_part_once),
        cmocka_unit_test(repaired_text_is_well_formed_whatever_came_in),
        cmocka_unit_test(the_valid_prefix_ends_before_the_first_fault),
        cmocka_unit_test(every_three_bytes_are_judged_alike_among_others),
        cmocka_unit_test(the_valid_prefix_is_found_wherever_the_fault_is),
        cmocka_unit_test(count_and_prefix_go_by_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
