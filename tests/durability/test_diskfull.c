/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that has 4 KiB less than a change needs, and 4 KiB less again, down to nothing: NO_SPACE,
 * the old generation, and no file more than before. With enough, the change succeeds.
 */
#include <stdio.h>
#include <string.h>

#include "tests/durability/disk.h"
#include "tests/durability/faultysys.h"
#include "tests/durability/scenario.h"
#include "tests/support/check.h"

#define STEP_BYTES 4096u

static unsigned sizes;

static void check_content(gs_stage *stage, const char *wanted, const char *where)
{
    char *content = gs_stage_content(stage, where);
    if (strcmp(content, wanted) != 0)
        fail_msg("%s: the content is another", where);
    gs_mem_free(NULL, content);
}

/* Tries every size from what is there up to the first that does. */
static void fill(const gs_scenario *scenario)
{
    gs_disk_clear();
    gs_stage stage = gs_stage_begin(scenario, GS_DISK_INDEX);
    gs_disk_image *before = gs_disk_save();
    char *old = gs_stage_content(&stage, scenario->name);
    assert_ok(scenario->run(&stage), &stage.error);
    char *new = gs_stage_content(&stage, scenario->name);
    gsearch_status status = GSEARCH_NO_SPACE;
    for (unsigned step = 0; status; step++) {
        char where[64];
        snprintf(where, sizeof(where), "%s with %u blocks more", scenario->name, step);
        gs_disk_restore(before);
        size_t files = gs_disk_count();
        gs_disk_bound(gs_disk_used() + STEP_BYTES * (uint64_t)step + 1);
        status = scenario->run(&stage);
        gs_disk_bound(0);
        sizes++;
        if (status)
            assert_fails(GSEARCH_NO_SPACE, status, &stage.error);
        check_content(&stage, status ? old : new, where);
        if (!status)
            break;
        size_t len;
        bool has_lock = gs_disk_get("LOCK", &len) && !files;
        if (gs_disk_count() > files + has_lock)
            fail_msg("%s: a file is left", where);
        assert_ok(scenario->run(&stage), &stage.error); // once there is room
        check_content(&stage, new, where);
    }
    gs_disk_clear();
    gs_disk_image_free(before);
    gs_mem_free(NULL, old);
    gs_mem_free(NULL, new);
    gs_stage_end(&stage);
}

static void a_full_disk_harms_nothing(void **state)
{
    (void)state;
    gs_faults_reset();
    for (size_t i = 0; i < GS_SCENARIOS; i++)
        fill(&gs_scenarios[i]);
    printf("# figure: sizes of a disk that is too small: %u, in steps of %u bytes\n", sizes,
           STEP_BYTES);
    assert_true(sizes > 2 * GS_SCENARIOS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
