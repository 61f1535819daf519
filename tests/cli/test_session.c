/* SPDX-License-Identifier: Apache-2.0
 *
 * The words that a command is given, on its line or on standard input.
 */
#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/limits.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

/* What a single `-` gives, with `text` as standard input. */
static gsearch_status read_words(const char *text, size_t len, char **out, gsearch_error *error)
{
    static char dash[] = "-";
    char *words[] = {dash};
    char *dir = gs_test_dir_make();
    gs_test_file_write(dir, "input", text, len);
    char *path = gs_test_path(dir, "input");
    assert_non_null(freopen(path, "rb", stdin));
    gsearch_status status = gs_session_words(words, 1, out, error);
    free(path);
    gs_test_dir_remove(dir);
    return status;
}

static void check(const char *text, const char *wanted)
{
    gsearch_error error;
    char *words;
    assert_ok(read_words(text, strlen(text), &words, &error), &error);
    assert_string_equal(words, wanted);
    gs_mem_free(NULL, words);
}

static void standard_input_loses_its_last_line_end(void **state)
{
    (void)state;
    check("政务\n公开\n", "政务\n公开");
    check("政务", "政务");
    check("", "");
    check("\n", "");
}

static void standard_input_must_be_text_that_fits(void **state)
{
    (void)state;
    gsearch_error error;
    char *words, *text = calloc(1, GS_DOCUMENT_BYTES_MAX + 1u);
    assert_fails(GSEARCH_BAD_ARGUMENT, read_words("a\0b", 3, &words, &error), &error);
    memset(text, 'a', GS_DOCUMENT_BYTES_MAX + 1u);
    assert_fails(GSEARCH_LIMIT, read_words(text, GS_DOCUMENT_BYTES_MAX + 1u, &words, &error),
                 &error);
    free(text);
    static char dash[] = "-";
    char *names[] = {dash};
    assert_non_null(freopen("/", "rb", stdin)); // a folder opens and cannot be read
    assert_fails(GSEARCH_IO, gs_session_words(names, 1, &words, &error), &error);
}

static void words_are_joined_by_a_space(void **state)
{
    (void)state;
    static char one[] = "政务", two[] = "-", three[] = "公开";
    char *list[] = {one, two, three};
    gsearch_error error;
    char *words;
    assert_ok(gs_session_words(list, 3, &words, &error), &error);
    assert_string_equal(words, "政务 - 公开");
    gs_mem_free(NULL, words);
}

static void a_match_is_exact_or_any(void **state)
{
    (void)state;
    gsearch_error error;
    gsearch_match match = GSEARCH_MATCH_ANY;
    assert_ok(gs_session_match(NULL, &match, &error), &error);
    assert_int_equal(match, GSEARCH_MATCH_EXACT);
    assert_ok(gs_session_match("any", &match, &error), &error);
    assert_int_equal(match, GSEARCH_MATCH_ANY);
    assert_ok(gs_session_match("exact", &match, &error), &error);
    assert_int_equal(match, GSEARCH_MATCH_EXACT);
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_session_match("all", &match, &error), &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_input_loses_its_last_line_end),
        cmocka_unit_test(standard_input_must_be_text_that_fits),
        cmocka_unit_test(words_are_joined_by_a_space),
        cmocka_unit_test(a_match_is_exact_or_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
