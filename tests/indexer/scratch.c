/* SPDX-License-Identifier: Apache-2.0
 *
 * The scratch file is made by whoever spills first, and goes with the folder.
 */
#include "tests/indexer/scratch.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

void gs_test_scratch_open(gs_test_scratch *scratch)
{
    scratch->path = gs_test_dir_make();
    assert_ok(gs_dir_open(NULL, scratch->path, false, &scratch->dir, &scratch->error),
              &scratch->error);
    scratch->file.dir = scratch->dir;
}

void gs_test_scratch_close(gs_test_scratch *scratch)
{
    gs_scratch_close(scratch->file.scratch);
    gs_dir_close(scratch->dir);
    gs_test_dir_remove(scratch->path);
}

int gs_test_scratch_set_up(void **state)
{
    *state = calloc(1, sizeof(gs_test_scratch));
    gs_test_scratch_open(*state);
    return 0;
}

int gs_test_scratch_tear_down(void **state)
{
    gs_test_scratch_close(*state);
    free(*state);
    return 0;
}
