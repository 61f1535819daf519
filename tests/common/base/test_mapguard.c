/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/mapguard.c, through the maps of common/base/file.c and in processes of
 * their own, since the handler stays.
 */
#include "common/base/mapguard.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/common/segment/place.h"

/* Returns the wait status. */
static int run_apart(int (*body)(place *p), place *p)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGBUS, SIG_DFL); // not a sanitizer's
        _exit(body(p));
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    return result;
}

static uint32_t sum_of(gs_bytes bytes)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.len; i++)
        sum += bytes.ptr[i];
    return sum;
}

static int read_truncated_map(place *p)
{
    gs_map *cut;
    gs_map *whole;
    if (gs_map_guard(NULL) || gs_map_open(p->dir, "cut", 20000, true, &cut, NULL) ||
        gs_map_open(p->dir, "whole", 20000, true, &whole, NULL))
        return 1;
    char *path = gs_test_path(p->path, "cut");
    if (truncate(path, 4096))
        return 2;
    free(path);
    if (sum_of(gs_map_bytes(cut)) != 4096) // what is gone reads as zeros
        return 3;
    if (sum_of(gs_map_bytes(whole)) != 20000)
        return 4;
    if (!gs_map_lost(cut) || gs_map_lost(whole))
        return 5;
    gs_map_close(cut);
    gs_map_close(whole);
    gs_map *again; // its slot starts afresh
    if (gs_map_open(p->dir, "whole", 20000, true, &again, NULL) || gs_map_lost(again))
        return 6;
    gs_map_close(again);
    return 0;
}

static void a_map_cut_short_reads_zeros_and_is_lost(void **state)
{
    place *p = *state;
    uint8_t *ones = malloc(20000);
    memset(ones, 1, 20000);
    gs_test_file_write(p->path, "cut", ones, 20000);
    gs_test_file_write(p->path, "whole", ones, 20000);
    free(ones);
    assert_int_equal(run_apart(read_truncated_map, p), 0);
}

static int fault_outside_maps(place *p)
{
    (void)p;
    FILE *file = tmpfile();
    if (!file || gs_map_guard(NULL))
        return 1;
    const volatile uint8_t *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
    return page[0]; // the file is empty
}

static int send_signal(place *p)
{
    (void)p;
    if (gs_map_guard(NULL))
        return 1;
    raise(SIGBUS);
    return 2;
}

static void any_other_sigbus_ends_the_process(void **state)
{
    place *p = *state;
    int result = run_apart(fault_outside_maps, p);
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGBUS);
    result = run_apart(send_signal, p);
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGBUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_CASE(a_map_cut_short_reads_zeros_and_is_lost),
        PLACE_CASE(any_other_sigbus_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
