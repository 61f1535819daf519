/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder with a scratch file: the state of tests of what spills.
 */
#ifndef GS_TESTS_SCRATCH_H
#define GS_TESTS_SCRATCH_H

#include "indexer/spill.h"

typedef struct gs_test_scratch {
    char *path;
    gs_dir *dir;
    gs_spill_file file;
    gsearch_error error;
} gs_test_scratch;

void gs_test_scratch_open(gs_test_scratch *scratch);
void gs_test_scratch_close(gs_test_scratch *scratch);

/* For cmocka: *state is a gs_test_scratch. */
int gs_test_scratch_set_up(void **state);
int gs_test_scratch_tear_down(void **state);

#endif
