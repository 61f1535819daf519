/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/fail.c.
 */
#include "common/base/fail.h"

#include <errno.h>
#include <string.h>

#include "tests/support/check.h"

static void fail_fills_the_error_and_returns_the_code(void **state)
{
    (void)state;
    gsearch_error error;
    memset(&error, 0xFF, sizeof(error));
    assert_int_equal(gs_fail(&error, GSEARCH_LIMIT, "limit is %d", 7), GSEARCH_LIMIT);
    assert_int_equal(error.code, GSEARCH_LIMIT);
    assert_int_equal(error.sys_errno, 0);
    assert_true(error.offset == -1);
    assert_string_equal(error.message, "limit is 7");
    assert_int_equal(gs_fail(NULL, GSEARCH_LIMIT, "x"), GSEARCH_LIMIT);
}

static void errno_decides_the_code_and_ends_the_message(void **state)
{
    (void)state;
    const struct {
        int sys_errno;
        gsearch_status code;
    } rows[] = {
        {ENOSPC, GSEARCH_NO_SPACE}, {EDQUOT, GSEARCH_NO_SPACE},  {ENOMEM, GSEARCH_NO_MEMORY},
        {EFBIG, GSEARCH_NO_SPACE},
        {EACCES, GSEARCH_DENIED},   {EPERM, GSEARCH_DENIED},     {ENOENT, GSEARCH_NOT_FOUND},
        {EIO, GSEARCH_IO},          {ENOTDIR, GSEARCH_NOT_FOUND}, {EMFILE, GSEARCH_IO},
        {123456, GSEARCH_IO},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gsearch_error error;
        gsearch_status status = gs_fail_errno(&error, rows[i].sys_errno, "cannot open %s", "f");
        assert_fails(rows[i].code, status, &error);
        assert_int_equal(error.sys_errno, rows[i].sys_errno);
        assert_memory_equal(error.message, "cannot open f: ", 15);
    }
    gsearch_error error;
    gs_fail_errno(&error, ENOSPC, "x");
    assert_string_equal(error.message, "x: No space left on device");
}

static void a_long_name_does_not_push_out_the_reason(void **state)
{
    (void)state;
    char name[1000];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    gsearch_error error;
    gs_fail_errno(&error, ENOSPC, "cannot write %s", name);
    const char *end = ": No space left on device";
    size_t len = strlen(error.message);
    assert_int_equal(len, sizeof(error.message) - 1);
    assert_string_equal(error.message + len - strlen(end), end);
}

static void a_long_message_is_cut_at_a_character_border(void **state)
{
    (void)state;
    // one to four bytes a character, at every alignment of the cut
    const char *characters[] = {"a", "é", "政", "𠀀"};
    for (size_t c = 0; c < 4; c++) {
        for (size_t shift = 0; shift < 5; shift++) {
            char text[600] = "";
            size_t len = shift;
            memset(text, 'x', shift);
            while (len + 4 < sizeof(text)) {
                memcpy(text + len, characters[c], strlen(characters[c]));
                len += strlen(characters[c]);
            }
            gsearch_error error;
            gs_fail(&error, GSEARCH_IO, "%s", text);
            size_t kept = strlen(error.message);
            assert_true(kept > sizeof(error.message) - 5);
            assert_int_equal((kept - shift) % strlen(characters[c]), 0);
            assert_memory_equal(error.message, text, kept);
        }
    }
}

static void control_and_ill_formed_bytes_become_question_marks(void **state)
{
    (void)state;
    gsearch_error error;
    gs_fail(&error, GSEARCH_IO, "%s", "a\nb\x1B[2Jc\x7F\xFF\xE6\x94政�");
    assert_string_equal(error.message, "a?b?[2Jc????政�");
    gs_fail(&error, GSEARCH_IO, "%s", "a\xC2\x9B");
    assert_string_equal(error.message, "a??");
}

static void corrupt_and_memory_have_their_codes(void **state)
{
    (void)state;
    gsearch_error error;
    assert_fails(GSEARCH_CORRUPT, gs_corrupt(&error, "segment %d", 3), &error);
    assert_string_equal(error.message, "segment 3");
    assert_fails(GSEARCH_NO_MEMORY, gs_fail_memory(&error), &error);
    assert_int_equal(gs_corrupt(NULL, "x"), GSEARCH_CORRUPT);
    gs_error_clear(&error);
    assert_int_equal(error.code, GSEARCH_OK);
    assert_string_equal(error.message, "");
    gs_error_clear(NULL);
}

static void a_failure_is_handed_on_as_it_is(void **state)
{
    (void)state;
    gsearch_error fault = {0}, error = {0};
    gs_fail_errno(&fault, ENOSPC, "file");
    assert_int_equal(gs_fail_as(&error, &fault), GSEARCH_NO_SPACE);
    assert_memory_equal(&error, &fault, sizeof(error));
    assert_int_equal(gs_fail_as(NULL, &fault), GSEARCH_NO_SPACE);
}

static void every_status_has_one_word_and_an_exit_code(void **state)
{
    (void)state;
    for (int a = 0; a <= 19; a++) {
        assert_true(gsearch_status_exit((gsearch_status)a) <= 77);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(gsearch_status_word((gsearch_status)a),
                                    gsearch_status_word((gsearch_status)b));
    }
    assert_string_equal(gsearch_status_word((gsearch_status)99), "internal");
    assert_int_equal(gsearch_status_exit((gsearch_status)99), 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_fills_the_error_and_returns_the_code),
        cmocka_unit_test(errno_decides_the_code_and_ends_the_message),
        cmocka_unit_test(a_long_name_does_not_push_out_the_reason),
        cmocka_unit_test(a_long_message_is_cut_at_a_character_border),
        cmocka_unit_test(control_and_ill_formed_bytes_become_question_marks),
        cmocka_unit_test(corrupt_and_memory_have_their_codes),
        cmocka_unit_test(a_failure_is_handed_on_as_it_is),
        cmocka_unit_test(every_status_has_one_word_and_an_exit_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
