/* SPDX-License-Identifier: Apache-2.0
 *
 * The decoder of UTF-8 and what is built on it, against table 3-7 of the Unicode Standard.
 */
#include "common/base/utf8.h"

#include "tests/common/base/utf8table.h"
#include "tests/fuzz/target.h"

/* What the table makes of a text. */
typedef struct reading {
    gs_buf repaired;
    size_t valid; /* bytes before the first fault */
    size_t faults;
    size_t code_points;
} reading;

/* Takes the character at `ptr` apart by the table, and has the decoder do the same. */
static size_t read_one(reading *out, const uint8_t *ptr, const uint8_t *end)
{
    bool complete;
    size_t len = utf8_reference(ptr, (size_t)(end - ptr), &complete);
    uint32_t code_point;
    uint8_t encoded[4];
    assert_int_equal(gs_utf8_decode(ptr, end, &code_point), len);
    if (complete) {
        assert_int_equal(gs_utf8_encode(code_point, encoded), len);
        assert_memory_equal(encoded, ptr, len);
        gs_buf_append(&out->repaired, ptr, len);
    } else {
        assert_int_equal(code_point, GS_UTF8_REPLACEMENT);
        gs_buf_append(&out->repaired, "\xEF\xBF\xBD", 3);
    }
    out->faults += !complete;
    out->valid += out->faults ? 0 : len;
    out->code_points++;
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static reading wanted;
    static gs_buf repaired;
    if (!repaired.max) {
        gs_buf_init(&wanted.repaired, NULL, SIZE_MAX);
        gs_buf_init(&repaired, NULL, SIZE_MAX);
    }
    gs_bytes text = gs_bytes_of(data, size);
    gs_buf_reset(&repaired);
    gs_buf_reset(&wanted.repaired);
    wanted.valid = wanted.faults = wanted.code_points = 0;
    for (size_t at = 0; at < size;)
        at += read_one(&wanted, data + at, data + size);
    assert_int_equal(gs_utf8_valid_prefix(text), wanted.valid);
    assert_int_equal(gs_utf8_repair(&repaired, text), wanted.faults);
    assert_true(gs_bytes_equal(gs_buf_view(&repaired), gs_buf_view(&wanted.repaired)));
    assert_int_equal(gs_utf8_count(gs_buf_view(&repaired)), wanted.code_points);
    size_t count = size ? data[0] % (wanted.code_points + 2) : 0;
    size_t len = gs_utf8_prefix(gs_buf_view(&repaired), count);
    bool all = count >= wanted.code_points;
    assert_int_equal(gs_utf8_count(gs_bytes_of(repaired.data, len)),
                     all ? wanted.code_points : count);
    assert_true(all ? len == repaired.len
                    : gs_utf8_valid_prefix(gs_bytes_of(repaired.data, len)) == len);
    return 0;
}
