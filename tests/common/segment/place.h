/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a test of index files works: an empty folder, open, with memory that is counted. At the
 * end no block may be left.
 */
#ifndef GS_TESTS_PLACE_H
#define GS_TESTS_PLACE_H

#include <stdlib.h>

#include "common/base/file.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

typedef struct place {
    char *path;
    gs_flaky flaky;
    gs_dir *dir;
    gsearch_error error;
} place;

static inline int place_set_up(void **state)
{
    place *p = calloc(1, sizeof(*p));
    p->path = gs_test_dir_make();
    gs_flaky_init(&p->flaky, 0);
    assert_ok(gs_dir_open(&p->flaky.mem, p->path, false, &p->dir, &p->error), &p->error);
    *state = p;
    return 0;
}

static inline int place_tear_down(void **state)
{
    place *p = *state;
    gs_dir_close(p->dir);
    assert_int_equal(p->flaky.live, 0);
    gs_test_dir_remove(p->path);
    free(p);
    return 0;
}

#define PLACE_CASE(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)

#endif
