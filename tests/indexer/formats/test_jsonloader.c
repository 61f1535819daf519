/* SPDX-License-Identifier: Apache-2.0
 *
 * What is no JSON and what there is no memory for are two things.
 */
#include "indexer/formats/jsonloader.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/sys.h"
#include "tests/support/check.h"

static unsigned allocations, fails_at;
static bool for_good;
static long blocks;

/* In the place of the one in common/base/sys.c. */
void *gs_sys_resize(void *ptr, size_t size)
{
    if (!size) {
        blocks -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    allocations++;
    if (fails_at && (allocations == fails_at || (for_good && allocations > fails_at)))
        return NULL;
    blocks += !ptr;
    return realloc(ptr, size);
}

void gs_sys_trim(void)
{
}

static gsearch_status load(const char *text, json_t **out, gsearch_error *error)
{
    json_error_t fault;
    gsearch_status status = gs_json_load(gs_bytes_str(text), 0, out, &fault, error);
    if (!status && !*out)
        assert_true(fault.text[0] != '\0');
    return status;
}

static void json_is_read_and_all_else_is_not(void **state)
{
    (void)state;
    gsearch_error error;
    json_t *out;
    assert_ok(load("{\"a\":[1,\"甲\"]}", &out, &error), &error);
    assert_string_equal(json_string_value(json_array_get(json_object_get(out, "a"), 1)), "甲");
    json_decref(out);
    assert_ok(load("{\"a\":[1,\"甲\"}", &out, &error), &error);
    assert_null(out);
}

/* From the first failure on jansson lives on the reserve: told of one, it would leave out a
 * character of a string that grows, or end the process. */
static void starve(const char *text)
{
    gsearch_error error;
    json_t *out;
    gsearch_status status;
    fails_at = 0;
    do {
        fails_at++;
        allocations = 0;
        status = load(text, &out, &error);
        if (status)
            assert_fails(GSEARCH_NO_MEMORY, status, &error);
        else
            json_decref(out);
        assert_int_equal(blocks, 0);
    } while (status);
    assert_true(allocations < fails_at && fails_at > 3);
    fails_at = 0;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    gs_buf_str(&text, "{\"title\":\"关于年度报告的通知，关于年度报告的通知\",\"n\":[");
    for (unsigned i = 0; i < 200; i++)
        gs_buf_printf(&text, "{\"k%u\":[%u,[],{},true,\"甲\"]},", i, i);
    gs_buf_str(&text, "0]}");
    gs_buf_u8(&text, 0);
    char *line = strdup((const char *)text.data);
    gs_buf_release(&text);
    static const char *const others[] = {
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
        "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":{}}}}}}}}}}",
        "[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]",
    };
    for (int all = 0; all < 2; all++) {
        for_good = all;
        starve(line);
        for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
            starve(others[i]);
    }
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_read_and_all_else_is_not),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
