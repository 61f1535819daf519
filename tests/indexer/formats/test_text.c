/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/formats/text.c: the bytes of a file to one document, or a reason why not.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/limits.h"
#include "indexer/formats/formats.h"
#include "tests/support/check.h"

typedef struct record {
    gs_buf text; // of the document
    unsigned documents;
    unsigned skips[GS_SKIPS];
    gs_sink sink;
} record;

static gsearch_status note_document(const gs_document *document, void *payload, gsearch_error *err)
{
    (void)err;
    record *self = payload;
    self->documents++;
    assert_true(gs_bytes_equal(document->id, gs_bytes_str("p")));
    assert_false(document->has_title);
    gs_buf_bytes(&self->text, document->text);
    return GSEARCH_OK;
}

static void note_skip(gs_bytes id, gs_skip why, const char *detail, void *payload)
{
    (void)detail;
    record *self = payload;
    assert_true(gs_bytes_equal(id, gs_bytes_str("p")));
    self->skips[why]++;
}

static void read_bytes(record *self, const void *data, size_t len)
{
    gsearch_error error;
    *self = (record){.sink = {.document = note_document, .skip = note_skip, .payload = self}};
    gs_buf_init(&self->text, NULL, SIZE_MAX);
    gs_piece piece = {.data = gs_bytes_of(data, len), .id = gs_bytes_str("p")};
    assert_ok(gs_format_text.read(&piece, NULL, &self->sink, &error), &error);
}

static void expect_text(const char *data, const char *wanted, uint64_t replacements)
{
    record self;
    read_bytes(&self, data, strlen(data));
    assert_int_equal(self.documents, 1);
    assert_true(gs_bytes_equal(gs_buf_view(&self.text), gs_bytes_str(wanted)));
    assert_int_equal(self.sink.replacements, replacements);
    gs_buf_release(&self.text);
}

static void expect_skip(const void *data, size_t len, gs_skip why)
{
    record self;
    read_bytes(&self, data, len);
    assert_int_equal(self.documents, 0);
    assert_int_equal(self.skips[why], 1);
}

static void well_formed_text_comes_as_it_is(void **state)
{
    (void)state;
    expect_text("# 题\r\n\r\n政务 a\x1b b\n", "# 题\r\n\r\n政务 a\x1b b\n", 0);
}

static void a_byte_order_mark_is_removed_once(void **state)
{
    (void)state;
    expect_text("\xEF\xBB\xBF\xEF\xBB\xBF公", "\xEF\xBB\xBF公", 0);
}

static void invalid_bytes_are_replaced_as_whatwg_says(void **state)
{
    (void)state;
    // Examples of the Unicode Standard, table 3-8, 3-10 and 3-11.
    expect_text("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41",
                "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x41",
                8);
    expect_text("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41",
                "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x41", 4);
}

static void a_nul_makes_a_beginning_binary(void **state)
{
    (void)state;
    assert_true(gs_format_text.is_binary(gs_bytes_of("ab\0", 3)));
    assert_true(gs_format_text.is_binary(gs_bytes_of("\xFF\xFE\x2D\x4E\x0D\x00", 6))); // UTF-16
    assert_false(gs_format_text.is_binary(gs_bytes_of("ab\x01\xFF", 4)));
    assert_false(gs_format_text.is_binary(gs_bytes_of("", 0)));
}

static void white_space_is_no_text(void **state)
{
    (void)state;
    const char *blank = " \t\r\n\v\f\xC2\xA0\xE3\x80\x80\xE2\x80\xA9\xE2\x80\x83";
    expect_skip(blank, strlen(blank), GS_SKIP_EMPTY);
    expect_skip("", 0, GS_SKIP_EMPTY);
    expect_skip("\xEF\xBB\xBF", 3, GS_SKIP_EMPTY);
}

static void text_that_grows_over_the_limit_is_too_large(void **state)
{
    (void)state;
    // Three bytes for each invalid one.
    size_t len = GS_DOCUMENT_BYTES_MAX / 3 + 1;
    char *data = malloc(len);
    memset(data, 0xFF, len);
    expect_skip(data, len, GS_SKIP_TOO_LARGE);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_comes_as_it_is),
        cmocka_unit_test(a_byte_order_mark_is_removed_once),
        cmocka_unit_test(invalid_bytes_are_replaced_as_whatwg_says),
        cmocka_unit_test(a_nul_makes_a_beginning_binary),
        cmocka_unit_test(white_space_is_no_text),
        cmocka_unit_test(text_that_grows_over_the_limit_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
