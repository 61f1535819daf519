/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels in plain C, correct everywhere: the level that the others are checked against.
 */
#include "common/simd/kernels.h"

// from this ratio of lengths on, looking each number up beats walking both lists
#define GALLOP_RATIO 16u

/* The first index >= `from` whose number is >= `wanted`; `count` if there is none. */
static size_t gallop(const uint32_t *list, size_t from, size_t count, uint32_t wanted)
{
    size_t step = 1, low = from;
    while (low + step < count && list[low + step] < wanted) {
        low += step;
        step *= 2;
    }
    size_t high = low + step < count ? low + step : count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t intersect_few(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                            size_t b_count)
{
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < a_count; i++) {
        uint32_t wanted = a[i] + shift;
        at = gallop(b, at, b_count, wanted);
        if (at == b_count)
            break;
        a[kept] = a[i];
        kept += b[at] == wanted;
    }
    return kept;
}

static size_t intersect_many(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                             size_t b_count)
{
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < b_count; i++) {
        if (b[i] < shift)
            continue;
        uint32_t wanted = b[i] - shift;
        at = gallop(a, at, a_count, wanted);
        if (at == a_count)
            break;
        if (a[at] == wanted)
            a[kept++] = wanted;
    }
    return kept;
}

static size_t intersect_merge(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                              size_t b_count)
{
    size_t kept = 0, i = 0, j = 0;
    while (i < a_count && j < b_count) { // without branches that data decides
        uint32_t left = a[i] + shift, right = b[j];
        a[kept] = a[i];
        kept += left == right;
        i += left <= right;
        j += left >= right;
    }
    return kept;
}

static size_t intersect(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                        size_t b_count)
{
    if (b_count / GALLOP_RATIO > a_count)
        return intersect_few(a, a_count, shift, b, b_count);
    if (a_count / GALLOP_RATIO > b_count)
        return intersect_many(a, a_count, shift, b, b_count);
    return intersect_merge(a, a_count, shift, b, b_count);
}

static size_t group(const uint32_t *starts, const uint32_t *coarse, uint32_t coarse_shift,
                    const uint32_t *positions, size_t count, uint32_t *docs, uint32_t *firsts)
{
    size_t groups = 0;
    uint32_t end = 0; // of the document met last
    for (size_t i = 0; i < count; i++) {
        if (positions[i] < end)
            continue;
        uint32_t doc = coarse[positions[i] >> coarse_shift];
        while (starts[doc + 1] <= positions[i])
            doc++;
        docs[groups] = doc;
        firsts[groups++] = (uint32_t)i;
        end = starts[doc + 1];
    }
    return groups;
}

const gs_kernels gs_kernels_portable = {
    .name = "portable",
    .intersect = intersect,
    .group = group,
};
