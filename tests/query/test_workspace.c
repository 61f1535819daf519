/* SPDX-License-Identifier: Apache-2.0
 *
 * Workspaces come back empty and are used again.
 */
#include "query/workspace.h"

#include "common/base/limits.h"
#include "tests/support/check.h"
#include "tests/support/flaky.h"

static void a_workspace_is_used_again_without_new_memory(void **unused)
{
    (void)unused;
    gs_flaky flaky;
    gs_workspace_pool pool;
    gs_flaky_init(&flaky, 0);
    gs_workspace_pool_init(&pool, &flaky.mem);
    gs_workspace *first = gs_workspace_take(&pool);
    assert_non_null(gs_arena_alloc(&first->arena, 100));
    gs_workspace_give(&pool, first);
    size_t calls = flaky.calls;
    gs_workspace *second = gs_workspace_take(&pool);
    assert_ptr_equal(first, second);
    assert_int_equal(second->arena.used_bytes, 0);
    assert_non_null(gs_arena_alloc(&second->arena, 100));
    assert_int_equal(flaky.calls, calls);
    gs_workspace_give(&pool, second);
    gs_workspace_pool_release(&pool);
    assert_int_equal(flaky.live, 0);
}

static void two_searches_never_share_one(void **unused)
{
    (void)unused;
    gs_workspace_pool pool;
    gs_workspace *taken[40];
    gs_workspace_pool_init(&pool, NULL);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 40; i++) {
            taken[i] = gs_workspace_take(&pool);
            assert_non_null(taken[i]);
            for (size_t j = 0; j < i; j++)
                assert_ptr_not_equal(taken[i], taken[j]);
        }
        for (size_t i = 0; i < 40; i++)
            gs_workspace_give(&pool, taken[i]);
    }
    gs_workspace_pool_release(&pool);
}

static void no_memory_gives_none(void **unused)
{
    (void)unused;
    gs_workspace *taken = NULL;
    for (size_t fail_at = 1; !taken; fail_at++) {
        gs_flaky flaky;
        gs_workspace_pool pool;
        gs_flaky_init(&flaky, fail_at);
        gs_workspace_pool_init(&pool, &flaky.mem);
        taken = gs_workspace_take(&pool);
        gs_workspace_give(&pool, taken);
        gs_workspace_pool_release(&pool);
        assert_int_equal(flaky.live, 0);
        assert_true(fail_at < 100);
    }
}

static void a_search_has_a_gibibyte_at_most_in_each_arena(void **unused)
{
    (void)unused;
    gs_flaky flaky;
    gs_workspace_pool pool;
    gs_flaky_init(&flaky, 0);
    gs_workspace_pool_init(&pool, &flaky.mem);
    gs_workspace *taken = gs_workspace_take(&pool);
    gs_arena *const arenas[] = {&taken->arena, &taken->batch, &taken->scratch};
    for (size_t i = 0; i < 3; i++) {
        size_t calls = flaky.calls;
        assert_null(gs_arena_alloc(arenas[i], GS_QUERY_MEMORY_BYTES_MAX + 1));
        assert_int_equal(flaky.calls, calls); // nobody was asked for it
        flaky.fail_at = calls + 1;
        assert_null(gs_arena_alloc(arenas[i], GS_QUERY_MEMORY_BYTES_MAX));
        assert_int_equal(flaky.calls, calls + 1); // it was asked for
        flaky.fail_at = 0;
    }
    gs_workspace_give(&pool, taken);
    gs_workspace_pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workspace_is_used_again_without_new_memory),
        cmocka_unit_test(two_searches_never_share_one),
        cmocka_unit_test(no_memory_gives_none),
        cmocka_unit_test(a_search_has_a_gibibyte_at_most_in_each_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
