/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/arena.c.
 */
#include "common/base/arena.h"

#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

static void allocations_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    gs_arena arena;
    gs_arena_init(&arena, NULL, 64u << 20);
    enum { COUNT = 2000 };
    static struct {
        uint8_t *ptr;
        size_t size;
    } given[COUNT];
    uint64_t random = 1;
    for (size_t i = 0; i < COUNT; i++) {
        given[i].size = gs_test_random_below(&random, i % 100 == 0 ? 100000 : 300);
        given[i].ptr = gs_arena_alloc(&arena, given[i].size);
        assert_non_null(given[i].ptr);
        assert_int_equal((uintptr_t)given[i].ptr % 16, 0);
        memset(given[i].ptr, (int)(i % 251), given[i].size);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < given[i].size; k++)
            assert_int_equal(given[i].ptr[k], i % 251);
    }
    gs_arena_release(&arena);
}

static void the_ceiling_holds_and_other_requests_still_fit(void **state)
{
    (void)state;
    gs_arena arena;
    gs_arena_init(&arena, NULL, 1024);
    assert_null(gs_arena_alloc(&arena, 1025));
    assert_null(gs_arena_alloc(&arena, SIZE_MAX));
    assert_non_null(gs_arena_alloc(&arena, 512));
    assert_null(gs_arena_alloc(&arena, 513));
    assert_non_null(gs_arena_alloc(&arena, 512));
    assert_null(gs_arena_alloc(&arena, 1));
    gs_arena_reset(&arena);
    assert_non_null(gs_arena_alloc(&arena, 1024));
    gs_arena_release(&arena);
}

static void calloc_zeroes_used_memory_and_refuses_overflow(void **state)
{
    (void)state;
    gs_arena arena;
    gs_arena_init(&arena, NULL, 4096);
    memset(gs_arena_alloc(&arena, 2048), 0xFF, 2048);
    gs_arena_reset(&arena);
    const uint8_t *ptr = gs_arena_calloc(&arena, 256, 8);
    for (size_t i = 0; i < 2048; i++)
        assert_int_equal(ptr[i], 0);
    assert_null(gs_arena_calloc(&arena, SIZE_MAX / 2, 3));
    gs_arena_release(&arena);
}

static void reset_keeps_the_largest_block_only(void **state)
{
    (void)state;
    gs_flaky flaky;
    gs_flaky_init(&flaky, 0);
    gs_arena arena;
    gs_arena_init(&arena, &flaky.mem, 64u << 20);
    for (size_t i = 0; i < 100; i++)
        assert_non_null(gs_arena_alloc(&arena, 3000));
    assert_true(flaky.live > 1);
    gs_arena_reset(&arena);
    assert_int_equal(flaky.live, 1);
    assert_int_equal(arena.used_bytes, 0);
    size_t calls = flaky.calls;
    assert_non_null(gs_arena_alloc(&arena, 100000));
    assert_int_equal(flaky.calls, calls); // it fits the block that was kept
    gs_arena_release(&arena);
    assert_int_equal(flaky.live, 0);
}

static void shrink_gives_back_the_tail_of_the_newest_only(void **state)
{
    (void)state;
    gs_arena arena;
    gs_arena_init(&arena, NULL, 4096);
    uint8_t *first = gs_arena_alloc(&arena, 100);
    uint8_t *second = gs_arena_alloc(&arena, 1000);
    gs_arena_shrink(&arena, first, 100, 10);
    assert_int_equal(arena.used_bytes, 112 + 1008);
    gs_arena_shrink(&arena, second, 1000, 33);
    assert_int_equal(arena.used_bytes, 112 + 48);
    assert_ptr_equal(gs_arena_alloc(&arena, 1), second + 48);
    gs_arena_release(&arena);
}

static void dup_terminates(void **state)
{
    (void)state;
    gs_arena arena;
    gs_arena_init(&arena, NULL, 4096);
    assert_string_equal(gs_arena_dup(&arena, gs_bytes_of("政务公开", 6)), "政务");
    assert_string_equal(gs_arena_dup(&arena, gs_bytes_of(NULL, 0)), "");
    gs_arena_release(&arena);
}

static void no_memory_is_null_and_leaves_the_arena_usable(void **state)
{
    (void)state;
    gs_flaky flaky;
    gs_flaky_init(&flaky, 1);
    gs_arena arena;
    gs_arena_init(&arena, &flaky.mem, 4096);
    assert_null(gs_arena_alloc(&arena, 10));
    assert_null(gs_arena_dup(&arena, gs_bytes_str("x")));
    flaky.fail_at = 0;
    assert_non_null(gs_arena_alloc(&arena, 10));
    gs_arena_release(&arena);
    gs_arena_release(&arena);
    assert_int_equal(flaky.live, 0);
}

static void sizes_that_no_memory_has_are_refused(void **state)
{
    (void)state;
    gs_arena arena;
    gs_arena_init(&arena, NULL, SIZE_MAX);
    assert_null(gs_arena_alloc(&arena, SIZE_MAX));
    assert_null(gs_arena_alloc(&arena, SIZE_MAX - 15));
    assert_null(gs_arena_alloc(&arena, SIZE_MAX - 16)); // with the head of a block, too many
    assert_null(gs_arena_dup(&arena, gs_bytes_of("", SIZE_MAX)));
    assert_null(gs_arena_dup(&arena, gs_bytes_of("", SIZE_MAX - 1)));
    assert_non_null(gs_arena_alloc(&arena, 0));
    gs_arena_release(&arena);
}

static void blocks_grow_up_to_a_bound_and_the_largest_stays(void **state)
{
    (void)state;
    gs_flaky flaky;
    gs_arena arena;
    gs_flaky_init(&flaky, 0);
    gs_arena_init(&arena, &flaky.mem, SIZE_MAX);
    assert_non_null(gs_arena_alloc(&arena, 20u << 20)); // a block of its own,
    assert_non_null(gs_arena_alloc(&arena, 1));         // and one of 16 MiB
    assert_int_equal(flaky.live, 2);
    gs_arena_reset(&arena);
    assert_int_equal(flaky.live, 1);
    size_t calls = flaky.calls;
    assert_non_null(gs_arena_alloc(&arena, 20u << 20));
    assert_int_equal(flaky.calls, calls);
    gs_arena_release(&arena);
    assert_int_equal(flaky.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_and_do_not_overlap),
        cmocka_unit_test(the_ceiling_holds_and_other_requests_still_fit),
        cmocka_unit_test(calloc_zeroes_used_memory_and_refuses_overflow),
        cmocka_unit_test(reset_keeps_the_largest_block_only),
        cmocka_unit_test(shrink_gives_back_the_tail_of_the_newest_only),
        cmocka_unit_test(dup_terminates),
        cmocka_unit_test(sizes_that_no_memory_has_are_refused),
        cmocka_unit_test(blocks_grow_up_to_a_bound_and_the_largest_stays),
        cmocka_unit_test(no_memory_is_null_and_leaves_the_arena_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
