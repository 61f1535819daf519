/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/frame.c against zstd itself.
 */
#include "common/segment/frame.h"

#include <zstd.h>

#include "tests/support/check.h"
#include "tests/support/flaky.h"

static void a_frame_is_one_that_zstd_reads_and_back(void **state)
{
    (void)state;
    static uint8_t raw[70000], decoded[70000];
    gsearch_error error;
    for (size_t i = 0; i < sizeof(raw); i++)
        raw[i] = (uint8_t)(i * i >> 9);
    gs_frame_encoder *encoder = gs_frame_encoder_new(NULL, 3);
    gs_frame_decoder *decoder = gs_frame_decoder_new(NULL);
    static const size_t lengths[] = {0, 1, 100, 65536, 70000};
    for (size_t i = 0; i < 5; i++) {
        gs_buf out;
        gs_buf_init(&out, NULL, 1 << 20);
        gs_buf_str(&out, "before");
        gs_bytes source = gs_bytes_of(raw, lengths[i]);
        assert_ok(gs_frame_encode(encoder, source, &out, &error), &error);
        assert_memory_equal(out.data, "before", 6);
        assert_int_equal(gs_frame_length(gs_bytes_of(out.data + 6, out.len - 7)), 0);
        assert_int_equal(gs_frame_length(gs_buf_view(&out)), 0);
        gs_bytes stored = gs_bytes_of(out.data + 6, out.len - 6);
        gs_buf_str(&out, "behind");
        stored.ptr = out.data + 6;
        assert_int_equal(gs_frame_length(gs_bytes_of(stored.ptr, out.len - 6)), stored.len);
        assert_int_equal(ZSTD_getFrameContentSize(stored.ptr, stored.len), lengths[i]);
        assert_int_equal(ZSTD_decompress(decoded, sizeof(decoded), stored.ptr, stored.len),
                         lengths[i]);
        assert_memory_equal(decoded, raw, lengths[i]);
        memset(decoded, 0, sizeof(decoded));
        size_t len = 12345;
        assert_ok(gs_frame_decode(decoder, stored, decoded, lengths[i], &len, &error), &error);
        assert_int_equal(len, lengths[i]);
        assert_memory_equal(decoded, raw, lengths[i]);
        if (lengths[i])
            assert_fails(GSEARCH_CORRUPT,
                         gs_frame_decode(decoder, stored, decoded, lengths[i] - 1, &len, &error),
                         &error);
        gs_buf_release(&out);
    }
    gs_frame_encoder_free(encoder);
    gs_frame_decoder_free(decoder);
}

static void a_frame_cut_or_prolonged_is_refused(void **state)
{
    (void)state;
    uint8_t stored[256], decoded[100];
    gsearch_error error;
    size_t len = ZSTD_compress(stored, sizeof(stored), "hello, hello, hello, hello", 26, 3);
    gs_frame_decoder *decoder = gs_frame_decoder_new(NULL);
    stored[len] = 0;
    for (size_t cut = 0; cut <= len + 1; cut++) {
        size_t raw_len;
        gsearch_status status = gs_frame_decode(decoder, gs_bytes_of(stored, cut), decoded,
                                                sizeof(decoded), &raw_len, &error);
        assert_int_equal(status, cut == len ? GSEARCH_OK : GSEARCH_CORRUPT);
    }
    gs_frame_decoder_free(decoder);
}

static void a_skippable_frame_is_refused_alone_and_behind_another(void **state)
{
    (void)state;
    uint8_t stored[256], decoded[100];
    size_t raw_len;
    gsearch_error error;
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'a', 'b'};
    size_t len = ZSTD_compress(stored, sizeof(stored), "hello", 5, 3);
    memcpy(stored + len, skippable, sizeof(skippable));
    gs_frame_decoder *decoder = gs_frame_decoder_new(NULL);
    gs_bytes both = gs_bytes_of(stored, len + sizeof(skippable));
    assert_fails(GSEARCH_CORRUPT,
                 gs_frame_decode(decoder, both, decoded, sizeof(decoded), &raw_len, &error),
                 &error);
    gs_bytes alone = gs_bytes_of(skippable, sizeof(skippable));
    assert_fails(GSEARCH_CORRUPT,
                 gs_frame_decode(decoder, alone, decoded, sizeof(decoded), &raw_len, &error),
                 &error);
    gs_frame_decoder_free(decoder);
}

static void a_frame_that_needs_a_dictionary_is_refused(void **state)
{
    (void)state;
    // magic, descriptor with a one-byte dictionary id and single segment, id 7, size 1, raw block
    static const uint8_t stored[] = {0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 1, 9, 0, 0, 'a'};
    static const uint8_t without[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 9, 0, 0, 'a'};
    uint8_t decoded[16];
    size_t len;
    gsearch_error error;
    gs_frame_decoder *decoder = gs_frame_decoder_new(NULL);
    gs_bytes frame = gs_bytes_of(without, sizeof(without));
    assert_ok(gs_frame_decode(decoder, frame, decoded, sizeof(decoded), &len, &error), &error);
    frame = gs_bytes_of(stored, sizeof(stored));
    assert_fails(GSEARCH_CORRUPT,
                 gs_frame_decode(decoder, frame, decoded, sizeof(decoded), &len, &error), &error);
    gs_frame_decoder_free(decoder);
}

static void memory_comes_from_the_one_given(void **state)
{
    (void)state;
    gs_flaky flaky;
    gs_flaky_init(&flaky, 0);
    gs_frame_encoder *encoder = gs_frame_encoder_new(&flaky.mem, 3);
    gs_frame_decoder *decoder = gs_frame_decoder_new(&flaky.mem);
    assert_true(flaky.live >= 2);
    gs_frame_encoder_free(encoder);
    gs_frame_decoder_free(decoder);
    assert_int_equal(flaky.live, 0);
    gs_flaky_init(&flaky, 1);
    assert_null(gs_frame_encoder_new(&flaky.mem, 3));
    assert_null(gs_frame_decoder_new(&flaky.mem));
    gs_frame_encoder_free(NULL);
    gs_frame_decoder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_one_that_zstd_reads_and_back),
        cmocka_unit_test(a_frame_cut_or_prolonged_is_refused),
        cmocka_unit_test(a_skippable_frame_is_refused_alone_and_behind_another),
        cmocka_unit_test(a_frame_that_needs_a_dictionary_is_refused),
        cmocka_unit_test(memory_comes_from_the_one_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
