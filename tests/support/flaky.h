/* SPDX-License-Identifier: Apache-2.0
 *
 * An allocator that counts and that fails on demand. The usual loop: run the operation with
 * fail_at = 1, 2, 3, … until it succeeds; after every run `live` must be 0.
 */
#ifndef GS_TESTS_FLAKY_H
#define GS_TESTS_FLAKY_H

#include <stddef.h>

#include "common/base/mem.h"

typedef struct gs_flaky {
    gs_mem mem;     // hand out its address
    size_t calls;   // allocations asked for so far
    size_t fail_at; // the number of the call from which on all fail; 0: none
    size_t live;    // blocks not yet freed
} gs_flaky;

/* `flaky` must stay where it is. For one thread. */
void gs_flaky_init(gs_flaky *flaky, size_t fail_at);

#endif
