/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels in plain C, correct everywhere: the level that the others are checked against.
 */
#include <string.h>

#include "common/simd/levels.h"
#include "common/simd/plain.inc"

// from this ratio of lengths on, looking each number up beats walking both lists
#define GALLOP_RATIO 16u

static size_t intersect(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                        size_t b_count)
{
    progress start = {0};
    if (b_count / GALLOP_RATIO > a_count)
        return plain_few(start, a, a_count, shift, b, b_count);
    if (a_count / GALLOP_RATIO > b_count)
        return plain_many(start, a, a_count, shift, b, b_count);
    return plain_merge(start, a, a_count, shift, b, b_count);
}

static size_t group(const uint32_t *starts, const uint32_t *coarse, uint32_t coarse_shift,
                    const uint32_t *positions, size_t count, uint32_t *docs, uint32_t *firsts)
{
    return plain_group(starts, coarse, coarse_shift, positions, 0, count, docs, firsts, 0);
}

const gs_kernels gs_kernels_portable = {
    .name = "portable",
    .unpack = gs_bitunpack_sum,
    .rises = rises,
    .gaps = plain_gaps,
    .codes = plain_codes,
    .intersect = intersect,
    .group = group,
    .reach = plain_reach,
};
