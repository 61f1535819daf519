/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of query/daemon/resident.c against memory that is taken and given back.
 */
#include "query/daemon/resident.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/check.h"

#define TAKEN_BYTES (64u << 20)
#define SLACK_BYTES (8u << 20) /* that the process takes otherwise */

static void memory_that_is_used_counts(void **state)
{
    (void)state;
    int fd = gs_resident_open();
    assert_true(fd >= 0);
    uint64_t before = gs_resident_bytes(fd);
    assert_true(before > 0);
    void *taken = mmap(NULL, TAKEN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                       0);
    assert_true(taken != MAP_FAILED);
    assert_true(gs_resident_bytes(fd) < before + SLACK_BYTES); // not before it is touched
    memset(taken, 1, TAKEN_BYTES);
    uint64_t during = gs_resident_bytes(fd);
    assert_true(during >= before + TAKEN_BYTES);
    assert_true(during < before + TAKEN_BYTES + SLACK_BYTES);
    assert_int_equal(munmap(taken, TAKEN_BYTES), 0);
    assert_true(gs_resident_bytes(fd) < before + SLACK_BYTES);
    close(fd);
}

static void without_the_file_it_is_0(void **state)
{
    (void)state;
    assert_int_equal(gs_resident_bytes(-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_used_counts),
        cmocka_unit_test(without_the_file_it_is_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
