/* SPDX-License-Identifier: Apache-2.0
 *
 * The failing allocator, on top of malloc.
 */
#include "tests/support/flaky.h"

#include <stdlib.h>

static void *flaky_resize(void *ptr, size_t size, void *payload)
{
    gs_flaky *flaky = payload;
    if (size == 0) {
        flaky->live -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    flaky->calls++;
    if (flaky->fail_at && flaky->calls >= flaky->fail_at)
        return NULL;
    void *moved = realloc(ptr, size);
    flaky->live += moved && !ptr;
    return moved;
}

void gs_flaky_init(gs_flaky *flaky, size_t fail_at)
{
    *flaky = (gs_flaky){.fail_at = fail_at};
    flaky->mem = (gs_mem){.resize = flaky_resize, .payload = flaky};
}
