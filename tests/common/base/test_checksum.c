/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/checksum.c. The fixed values are the hashes of nothing
 * that `xxhsum` prints with -H3 and -H2.
 */
#include "common/base/checksum.h"

#include <xxhash.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

static void the_hash_is_xxh3(void **state)
{
    (void)state;
    assert_true(gs_checksum("", 0, 0) == 0x2d06800538d394c2ull);
    gs_checksum_stream *stream = gs_checksum_stream_new(NULL);
    char text[33];
    gs_hash128_text(gs_checksum_stream_result(stream), text);
    assert_string_equal(text, "99aa06d3014798d86001c324468d497f");
    gs_checksum_stream_free(NULL, stream);
}

static void the_seed_changes_the_hash(void **state)
{
    (void)state;
    assert_true(gs_checksum("page", 4, 1) != gs_checksum("page", 4, 2));
}

static void pieces_of_any_size_give_the_hash_of_the_whole(void **state)
{
    (void)state;
    static uint8_t data[100000];
    uint64_t random = 3;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)gs_test_random(&random);
    XXH128_hash_t whole = XXH3_128bits(data, sizeof(data));
    for (int round = 0; round < 20; round++) {
        gs_checksum_stream *stream = gs_checksum_stream_new(NULL);
        size_t at = 0;
        while (at < sizeof(data)) {
            size_t len = gs_test_random_below(&random, (uint64_t)round * 300 + 2);
            if (len > sizeof(data) - at)
                len = sizeof(data) - at;
            gs_checksum_stream_add(stream, data + at, len);
            at += len;
        }
        gs_hash128 hash = gs_checksum_stream_result(stream);
        assert_true(hash.low == whole.low64 && hash.high == whole.high64);
        gs_checksum_stream_free(NULL, stream);
    }
}

static void hex_comes_back_and_everything_else_is_refused(void **state)
{
    (void)state;
    gs_hash128 hash = {.high = 0x0123456789abcdefull, .low = 0xfedcba9876543210ull};
    char text[33];
    gs_hash128_text(hash, text);
    assert_string_equal(text, "0123456789abcdeffedcba9876543210");
    gs_hash128 again = {0, 0};
    assert_true(gs_hash128_parse(gs_bytes_str(text), &again));
    assert_true(again.high == hash.high && again.low == hash.low);
    again = (gs_hash128){.low = 7};
    assert_false(gs_hash128_parse(gs_bytes_of(text, 31), &again));
    assert_false(gs_hash128_parse(gs_bytes_of(text, 33), &again));
    for (int byte = 1; byte < 256; byte++) {
        bool is_digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
        text[17] = (char)byte;
        if (!is_digit)
            assert_false(gs_hash128_parse(gs_bytes_of(text, 32), &again));
    }
    assert_true(again.low == 7);
}

static void a_stream_without_memory_is_null(void **state)
{
    (void)state;
    gs_flaky flaky;
    gs_flaky_init(&flaky, 1);
    assert_null(gs_checksum_stream_new(&flaky.mem));
    gs_flaky_init(&flaky, 0);
    gs_checksum_stream_free(&flaky.mem, gs_checksum_stream_new(&flaky.mem));
    gs_checksum_stream_free(&flaky.mem, NULL);
    assert_int_equal(flaky.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_xxh3),
        cmocka_unit_test(the_seed_changes_the_hash),
        cmocka_unit_test(pieces_of_any_size_give_the_hash_of_the_whole),
        cmocka_unit_test(hex_comes_back_and_everything_else_is_refused),
        cmocka_unit_test(a_stream_without_memory_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
