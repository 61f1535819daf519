/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/formats/formats.c: the name of a file says its format.
 */
#include "indexer/formats/formats.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines_go_by_their_suffix),
        cmocka_unit_test(all_else_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
