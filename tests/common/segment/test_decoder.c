/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/decoder.c. What decoders are used for is checked with lists and text.
 */
#include "common/segment/decoder.h"

#include "tests/support/check.h"
#include "tests/support/flaky.h"

static void a_decoder_is_whole_or_not_there(void **state)
{
    (void)state;
    gs_decoder *decoder = NULL;
    for (size_t fail_at = 1; !decoder; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        decoder = gs_decoder_new(&flaky.mem);
        if (decoder) {
            assert_non_null(decoder->zstd);
            assert_false(decoder->text_cached);
        }
        gs_decoder_free(decoder);
        assert_int_equal(flaky.live, 0);
        assert_true(fail_at < 20);
    }
    gs_decoder_free(NULL);
}

static void the_text_of_the_largest_document_has_room(void **state)
{
    (void)state;
    gs_decoder *decoder = gs_decoder_new(NULL);
    assert_non_null(decoder);
    assert_true(decoder->text.max >= (size_t)GS_STORED_BYTES_MAX + GS_TEXT_BLOCK_BYTES_MAX);
    gs_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decoder_is_whole_or_not_there),
        cmocka_unit_test(the_text_of_the_largest_document_has_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
