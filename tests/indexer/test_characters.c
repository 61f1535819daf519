/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/characters.c.
 */
#include "indexer/characters.h"

#include "tests/support/check.h"
#include "tests/support/fixture.h"

static void every_character_is_given_once(void **state)
{
    (void)state;
    gsearch_error error;
    char *path = gs_test_dir_make();
    gs_dir *dir;
    assert_ok(gs_dir_open(NULL, path, false, &dir, &error), &error);
    gs_segment_options options = {.unicode = "15.0.0"};
    gs_segment_writer *writer;
    assert_ok(gs_segment_create(dir, NULL, &options, &writer, &error), &error);
    assert_ok(gs_segment_add_source(writer, gs_bytes_str(""), &error), &error);
    gs_doc_record record = {.key = gs_bytes_str("a"), .length = 3};
    assert_ok(gs_segment_add_document(writer, &record, &error), &error);
    assert_ok(gs_segment_documents_done(writer, &error), &error);

    gs_characters characters;
    assert_ok(gs_characters_init(&characters, NULL, &error), &error);
    const uint32_t code_points[] = {0x4E00, 0x4E01, GS_CHARACTERS_END - 1};
    for (uint32_t i = 0; i < 3; i++)
        characters.documents[code_points[i]] = 1;
    for (uint32_t i = 0; i < 3; i++) {
        // up to the first one twice: it must not be given again
        for (int twice = 0; twice < 2; twice++)
            assert_ok(gs_characters_give(&characters, code_points[i], writer, &error), &error);
        uint64_t gram = gs_gram(code_points[i], 0, 0);
        assert_ok(gs_segment_add_list(writer, false, gram, gs_bytes_of(NULL, 0), &error), &error);
        assert_ok(gs_segment_add_positions(writer, &i, 1, &error), &error);
    }
    assert_ok(gs_segment_lists_done(writer, &error), &error);
    gs_characters_release(&characters);

    gs_container_name name;
    assert_ok(gs_segment_finish(writer, &name, &error), &error);
    gs_segment *segment;
    assert_ok(gs_segment_open(dir, NULL, name.id, name.length, true, &segment, &error), &error);
    assert_int_equal(segment->terms.chars_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(gs_terms_character(&segment->terms, code_points[i]), 1);
    gs_segment_unref(segment);
    gs_dir_close(dir);
    gs_test_dir_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_given_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
