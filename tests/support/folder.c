/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening the folder takes the calls of common/base/file.h, which have a test of their own.
 */
#include "tests/support/folder.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

void gs_test_folder_open(gs_test_folder *folder)
{
    folder->path = gs_test_dir_make();
    assert_ok(gs_dir_open(NULL, folder->path, false, &folder->dir, &folder->error), &folder->error);
}

void gs_test_folder_close(gs_test_folder *folder)
{
    gs_dir_close(folder->dir);
    gs_test_dir_remove(folder->path);
}

int gs_test_folder_set_up(void **state)
{
    *state = calloc(1, sizeof(gs_test_folder));
    gs_test_folder_open(*state);
    return 0;
}

int gs_test_folder_tear_down(void **state)
{
    gs_test_folder_close(*state);
    free(*state);
    return 0;
}
