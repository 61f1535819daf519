/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of query/daemon/token.c.
 */
#include "query/daemon/token.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

static gsearch_status load(const char *dir, const void *data, size_t len, mode_t mode,
                           gs_token *token, gsearch_error *error)
{
    char *path = gs_test_path(dir, "token");
    gs_test_file_write(dir, "token", data, len);
    assert_int_equal(chmod(path, mode), 0);
    gsearch_status status = gs_token_load(path, token, error);
    assert_int_equal(chmod(path, 0600), 0);
    free(path);
    return status;
}

static void the_token_is_the_one_line_of_the_file(void **state)
{
    static const char *const files[] = {"open sesame", "open sesame\n", "open sesame\r\n"};
    for (size_t i = 0; i < 3; i++) {
        gs_token token = {0};
        gsearch_error error;
        assert_ok(load(*state, files[i], strlen(files[i]), 0600, &token, &error), &error);
        assert_true(gs_token_matches(&token, gs_bytes_str("open sesame")));
    }
}

static void only_the_whole_token_matches(void **state)
{
    static const char *const wrong[] = {"",
                                        "o",
                                        "open sesam",
                                        "open sesamf",
                                        "Open sesame",
                                        "open sesame ",
                                        "open sesameopen sesame",
                                        "xpen sesame"};
    gs_token token = {0};
    gsearch_error error;
    assert_ok(load(*state, "open sesame\n", 12, 0400, &token, &error), &error);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(gs_token_matches(&token, gs_bytes_str(wrong[i])));
}

static void a_file_that_others_may_touch_is_denied(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        gs_token token;
        gsearch_error error;
        assert_fails(GSEARCH_DENIED, load(*state, "x\n", 2, modes[i], &token, &error), &error);
    }
}

static void what_fits_no_auth_line_is_refused(void **state)
{
    static const struct {
        const char *data;
        size_t len;
    } files[] = {{"", 0},     {"\n", 1},   {"\r\n", 2}, {"a\nb\n", 4},
                 {"a\0b", 3}, {" a\n", 3}, {"a \n", 3}, {"\xC3\n", 2}};
    gs_token token;
    gsearch_error error;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        assert_fails(GSEARCH_BAD_ARGUMENT,
                     load(*state, files[i].data, files[i].len, 0600, &token, &error), &error);
    char *path = gs_test_path(*state, "none");
    assert_fails(GSEARCH_NOT_FOUND, gs_token_load(path, &token, &error), &error);
    free(path);
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_token_load("/dev/null", &token, &error), &error);
}

static void the_length_of_a_token_is_bounded(void **state)
{
    char data[GS_TOKEN_BYTES_MAX + 1];
    gs_token token;
    gsearch_error error;
    memset(data, 'x', sizeof(data));
    // "AUTH -- " and the token are a line of 512 bytes
    assert_ok(load(*state, data, 504, 0600, &token, &error), &error);
    assert_fails(GSEARCH_LIMIT, load(*state, data, 505, 0600, &token, &error), &error);
    assert_fails(GSEARCH_LIMIT, load(*state, data, sizeof(data), 0600, &token, &error), &error);
}

static int setup(void **state)
{
    *state = gs_test_dir_make();
    return 0;
}

static int teardown(void **state)
{
    gs_test_dir_remove(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_token_is_the_one_line_of_the_file),
        cmocka_unit_test(only_the_whole_token_matches),
        cmocka_unit_test(a_file_that_others_may_touch_is_denied),
        cmocka_unit_test(what_fits_no_auth_line_is_refused),
        cmocka_unit_test(the_length_of_a_token_is_bounded),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
