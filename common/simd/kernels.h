/* SPDX-License-Identifier: Apache-2.0
 *
 * The hot loops of searching as a table for one instruction level, so that a search picks its level
 * once and calls through the table a block at a time. Every level gives the same results.
 */
#ifndef GS_SIMD_KERNELS_H
#define GS_SIMD_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct gs_kernels {
    const char *name;

    /* Keeps, in place and in order, the numbers of `a` for which a[i] + shift stands in `b`, and
     * gives how many are left. Both rise strictly and no sum goes over 2^32. */
    size_t (*intersect)(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                        size_t b_count);

    /* Groups rising positions by document: docs[k] is the k-th document met and firsts[k] the index
     * of its first position. Both have room for `count`; gives the number of documents. `starts`
     * and `coarse` are a document table's (document d owns starts[d] up to starts[d + 1] - 1;
     * coarse[c] is the document of position c << coarse_shift). */
    size_t (*group)(const uint32_t *starts, const uint32_t *coarse, uint32_t coarse_shift,
                    const uint32_t *positions, size_t count, uint32_t *docs, uint32_t *firsts);
} gs_kernels;

extern const gs_kernels gs_kernels_portable;

/* The best table that this machine runs. */
const gs_kernels *gs_kernels_active(void);

#endif
