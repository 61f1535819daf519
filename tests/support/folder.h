/* SPDX-License-Identifier: Apache-2.0
 *
 * An empty folder of a test's own, opened: the state of tests that need nothing else.
 */
#ifndef GS_TESTS_FOLDER_H
#define GS_TESTS_FOLDER_H

#include "common/base/file.h"

typedef struct gs_test_folder {
    char *path;
    gs_dir *dir;
    gsearch_error error;
} gs_test_folder;

void gs_test_folder_open(gs_test_folder *folder);
/* Removes it with all it holds. */
void gs_test_folder_close(gs_test_folder *folder);

/* For cmocka: *state is a gs_test_folder. */
int gs_test_folder_set_up(void **state);
int gs_test_folder_tear_down(void **state);

#endif
