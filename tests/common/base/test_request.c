/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/request.c. Older requests are made in blocks of their own length, so that
 * a sanitizer sees any byte that is read behind them.
 */
#include "common/base/request.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

static gsearch_request full_request(void)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = "政";
    request.limit = 7;
    request.offset = 5;
    request.sort = GSEARCH_SORT_DATE;
    request.facet = "date";
    request.snippet = false;
    request.total = false;
    return request;
}

static void a_request_of_this_version_is_taken_as_it_is(void **state)
{
    (void)state;
    gsearch_request request = full_request(), taken;
    gsearch_error error;
    assert_ok(gs_request_take(&request, &taken, &error), &error);
    assert_string_equal(taken.query, "政");
    assert_true(taken.limit == 7 && taken.offset == 5 && taken.sort == GSEARCH_SORT_DATE);
    assert_string_equal(taken.facet, "date");
    assert_false(taken.snippet);
    assert_false(taken.total);
}

static void what_an_older_request_lacks_is_as_by_default(void **state)
{
    (void)state;
    const size_t sizes[] = {offsetof(gsearch_request, limit), offsetof(gsearch_request, offset),
                            offsetof(gsearch_request, facet), offsetof(gsearch_request, total)};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        gsearch_request request = full_request(), taken, *older = malloc(sizes[i]);
        gsearch_error error;
        request.struct_size = sizes[i];
        memcpy(older, &request, sizes[i]);
        assert_ok(gs_request_take(older, &taken, &error), &error);
        free(older);
        assert_int_equal(taken.struct_size, sizeof(taken));
        assert_string_equal(taken.query, "政");
        assert_int_equal(taken.limit, i >= 1 ? 7 : 10);
        assert_int_equal(taken.offset, i >= 2 ? 5 : 0);
        assert_int_equal(taken.sort, i >= 2 ? GSEARCH_SORT_DATE : GSEARCH_SORT_SCORE);
        assert_int_equal(taken.facet != NULL, i >= 3);
        assert_int_equal(taken.snippet, i < 3);
        assert_true(taken.total);
    }
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    gsearch_request request = full_request(), taken = {.limit = 77};
    gsearch_error error;
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_request_take(NULL, &taken, &error), &error);
    const size_t sizes[] = {0, sizeof(size_t), sizeof(request) + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        request.struct_size = sizes[i];
        assert_fails(GSEARCH_BAD_ARGUMENT, gs_request_take(&request, &taken, &error), &error);
    }
    request = full_request();
    request.query = NULL;
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_request_take(&request, &taken, &error), &error);
    assert_int_equal(taken.limit, 77);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_request_of_this_version_is_taken_as_it_is),
        cmocka_unit_test(what_an_older_request_lacks_is_as_by_default),
        cmocka_unit_test(what_is_no_request_is_refused),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
