/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/mem.c.
 */
#include "common/base/mem.h"

#include "tests/support/check.h"
#include "tests/support/flaky.h"

static void size_zero_gives_memory(void **state)
{
    (void)state;
    void *ptr = gs_mem_alloc(NULL, 0);
    assert_non_null(ptr);
    gs_mem_free(NULL, ptr);
}

static void calloc_gives_zeros_and_refuses_overflow(void **state)
{
    (void)state;
    uint8_t *ptr = gs_mem_calloc(NULL, 100, 7);
    assert_non_null(ptr);
    for (size_t i = 0; i < 700; i++)
        assert_int_equal(ptr[i], 0);
    gs_mem_free(NULL, ptr);
    assert_null(gs_mem_calloc(NULL, SIZE_MAX / 2, 3));
}

static void a_given_allocator_is_used_for_everything(void **state)
{
    (void)state;
    gs_flaky flaky;
    gs_flaky_init(&flaky, 0);
    uint8_t *ptr = gs_mem_alloc(&flaky.mem, 10);
    ptr[9] = 42;
    ptr = gs_mem_resize(&flaky.mem, ptr, 10000);
    assert_int_equal(ptr[9], 42);
    char *copy = gs_mem_dup(&flaky.mem, gs_bytes_str("abc"));
    assert_int_equal(flaky.calls, 3);
    assert_int_equal(flaky.live, 2);
    gs_mem_free(&flaky.mem, ptr);
    gs_mem_free(&flaky.mem, copy);
    gs_mem_free(&flaky.mem, NULL);
    assert_int_equal(flaky.live, 0);
}

static void dup_terminates_and_keeps_inner_zeros(void **state)
{
    (void)state;
    char *copy = gs_mem_dup(NULL, gs_bytes_of("a\0b", 3));
    assert_memory_equal(copy, "a\0b", 4);
    gs_mem_free(NULL, copy);
    copy = gs_mem_dup(NULL, gs_bytes_of(NULL, 0));
    assert_string_equal(copy, "");
    gs_mem_free(NULL, copy);
}

static void grow_doubles_up_to_the_maximum(void **state)
{
    (void)state;
    uint32_t *array = NULL;
    void *ptr = array;
    size_t capacity = 0;
    size_t last = 0;
    for (size_t need = 1; need <= 1000; need++) {
        assert_true(gs_mem_grow(NULL, &ptr, &capacity, need, 1000, sizeof(*array)));
        assert_true(capacity >= need && capacity <= 1000);
        assert_true(capacity == last || capacity >= 2 * last || capacity == 1000);
        last = capacity;
        array = ptr;
        array[need - 1] = (uint32_t)need;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(array[i], i + 1);
    assert_false(gs_mem_grow(NULL, &ptr, &capacity, 1001, 1000, sizeof(*array)));
    assert_ptr_equal(ptr, array);
    assert_int_equal(capacity, 1000);
    gs_mem_free(NULL, ptr);
}

static void grow_leaves_everything_when_memory_is_gone(void **state)
{
    (void)state;
    gs_flaky flaky;
    gs_flaky_init(&flaky, 2);
    void *array = NULL;
    size_t capacity = 0;
    assert_true(gs_mem_grow(&flaky.mem, &array, &capacity, 4, SIZE_MAX, 8));
    void *before = array;
    size_t capacity_before = capacity;
    assert_false(gs_mem_grow(&flaky.mem, &array, &capacity, 1000, SIZE_MAX, 8));
    assert_false(gs_mem_grow(&flaky.mem, &array, &capacity, SIZE_MAX / 4, SIZE_MAX, 8));
    assert_ptr_equal(array, before);
    assert_int_equal(capacity, capacity_before);
    gs_mem_free(&flaky.mem, array);
    assert_int_equal(flaky.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_zero_gives_memory),
        cmocka_unit_test(calloc_gives_zeros_and_refuses_overflow),
        cmocka_unit_test(a_given_allocator_is_used_for_everything),
        cmocka_unit_test(dup_terminates_and_keeps_inner_zeros),
        cmocka_unit_test(grow_doubles_up_to_the_maximum),
        cmocka_unit_test(grow_leaves_everything_when_memory_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
