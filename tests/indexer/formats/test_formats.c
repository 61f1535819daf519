/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/formats/formats.c: the name of a file says its format.
 */
#include "indexer/formats/formats.h"

#include "common/base/utf8.h"
#include "tests/support/check.h"

static const gs_format *find(const char *path)
{
    return gs_format_find(gs_bytes_str(path));
}

static void json_lines_go_by_their_suffix(void **state)
{
    (void)state;
    assert_ptr_equal(find("a/b.jsonl"), &gs_format_jsonl);
    assert_ptr_equal(find("b.ndjson"), &gs_format_jsonl);
    assert_ptr_equal(find("B.JSONL"), &gs_format_jsonl);
    assert_ptr_equal(find(".jsonl"), &gs_format_jsonl);
}

static void all_else_is_text(void **state)
{
    (void)state;
    assert_ptr_equal(find("a.txt"), &gs_format_text);
    assert_ptr_equal(find("a.jsonl/b"), &gs_format_text);
    assert_ptr_equal(find("jsonl"), &gs_format_text);
    assert_ptr_equal(find("a.jsonl~"), &gs_format_text);
    assert_ptr_equal(find(""), &gs_format_text);
}

static void all_white_space_of_unicode_is_blank(void **state)
{
    (void)state;
    // White_Space of Unicode 15 (PropList.txt)
    static const uint32_t white[] = {0x09,   0x0d,   0x20,   0x85,   0xa0,   0x1680, 0x2000,
                                     0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000};
    static const uint32_t black[] = {0x08,   0x0e,   0x21,   0x84,   0x9f,   0x167f, 0x1fff,
                                     0x200b, 0x2027, 0x202a, 0x2030, 0x2060, 0x3001};
    uint8_t text[4];
    for (size_t i = 0; i < sizeof(white) / sizeof(*white); i++) {
        assert_true(gs_format_is_blank(gs_bytes_of(text, gs_utf8_encode(white[i], text))));
        assert_false(gs_format_is_blank(gs_bytes_of(text, gs_utf8_encode(black[i], text))));
    }
    assert_true(gs_format_is_blank(gs_bytes_str("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines_go_by_their_suffix),
        cmocka_unit_test(all_else_is_text),
        cmocka_unit_test(all_white_space_of_unicode_is_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
