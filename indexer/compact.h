/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch merge`: all segments into as few as their positions allow.
 */
#ifndef GS_INDEXER_COMPACT_H
#define GS_INDEXER_COMPACT_H

#include <stdbool.h>

#include "common/base/fail.h"
#include "common/base/mem.h"

typedef struct gs_compact_summary {
    uint32_t before, after; /* segments */
    uint64_t bytes;         /* of the segments after it */
    uint64_t generation;    /* the old one if there was nothing to do */
} gs_compact_summary;

/* Merges neighbouring segments, leaving out deleted documents. With `small`, lists take less room
 * and more time. What is one segment of that kind without deleted documents stays as it is.
 * NO_INDEX, LOCKED. */
GS_CHECKED gsearch_status gs_compact_run(const char *path, bool small, const gs_mem *mem,
                                         gs_compact_summary *out, gsearch_error *err);

#endif
