/* SPDX-License-Identifier: Apache-2.0
 *
 * The hot loops of searching as a table for one instruction level, so that a search picks its level
 * once and calls through the table a block at a time. Every level gives the same results.
 */
#ifndef GS_SIMD_KERNELS_H
#define GS_SIMD_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/simd/bitpack.h"

/* Codes of the gaps of a block whose highest class (FORMAT 3.10) is `high`: sixteen, each for the
 * gaps from its offset on that its width can tell apart. Up to class 15 a code is a class; above,
 * as many of the lowest classes as must share a code two by two. */
typedef struct gs_gap_codes {
    uint32_t offsets[16], masks[16];
    uint32_t widths[16];
} gs_gap_codes;

static inline unsigned gs_gap_pairs(unsigned high)
{
    return high > 15 ? high - 15 : 0;
}

static inline unsigned gs_gap_code(unsigned high, unsigned class)
{
    unsigned pairs = gs_gap_pairs(high);
    return class < 2 * pairs ? class / 2 : class - pairs;
}

static inline gs_gap_codes gs_gap_codes_of(unsigned high)
{
    gs_gap_codes codes;
    unsigned pairs = gs_gap_pairs(high);
    for (unsigned code = 0; code < 16; code++) {
        unsigned class = code < pairs ? 2 * code : code + pairs;
        codes.offsets[code] = 1u << class % 32; // at most 31
        codes.widths[code] = code < pairs ? class + 2 : class;
        codes.masks[code] = (uint32_t)((1ull << codes.widths[code] % 64) - 1);
    }
    return codes;
}

#define GS_GAPS_ROOM 64u /* bytes that `gaps` may read behind the last mantissa */

/* A document with the frequency f reaches a score if
 *     weight · f >= least · (f + constant + slope · length) */
typedef struct gs_reach {
    double weight, least, constant, slope;
} gs_reach;

typedef struct gs_kernels {
    const char *name;

    /* Unpacks gaps packed by gs_bitpack and sums them up from `first` on: out[0] = first + gap 0,
     * and so on, modulo 2^32. Reads gs_bitpack_bytes(256, bits) bytes; bits 0 to 32. */
    void (*unpack)(const uint8_t *in, unsigned bits, uint32_t first,
                   uint32_t out[GS_BITPACK_NUMBERS]);

    /* Whether every number is greater than the one before. */
    bool (*rises)(const uint32_t *numbers, size_t count);

    /* Decodes gaps: gap i is 2^classes[i] (0 to 31) plus as many bits of `mantissas`, read from
     * bit *bit on, lowest first. out[i] is `sum` with all gaps up to i, less 1, modulo 2^32. Gives
     * the last sum and moves *bit behind the last mantissa. */
    uint64_t (*gaps)(const uint8_t *classes, size_t count, const uint8_t *mantissas, uint32_t *bit,
                     uint64_t sum, uint32_t *out);

    /* Decodes `count` gaps: gap i has four bits of `codes`, the lower half of a byte first, and as
     * many of `rests` as its code is wide, from bit *bit on, lowest first. out[i] is `sum` with all
     * gaps up to i, modulo 2^32. Gives the last sum and moves *bit behind the last rest; reads
     * eight bytes behind that. */
    uint64_t (*codes)(const uint8_t *codes, const uint8_t *rests, const gs_gap_codes *table,
                      uint32_t count, uint32_t *bit, uint64_t sum, uint32_t *out);

    /* Keeps, in place and in order, the numbers of `a` for which a[i] + shift stands in `b`, and
     * gives how many are left; what stands behind them is lost. Both rise strictly and no sum goes
     * over 2^32. */
    size_t (*intersect)(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                        size_t b_count);

    /* Groups rising positions by document: docs[k] is the k-th document met and firsts[k] the index
     * of its first position. Both have room for `count`; gives the number of documents. `starts`
     * and `coarse` are a document table's (document d owns starts[d] up to starts[d + 1] - 1;
     * coarse[c] is the document of position c << coarse_shift). */
    size_t (*group)(const uint32_t *starts, const uint32_t *coarse, uint32_t coarse_shift,
                    const uint32_t *positions, size_t count, uint32_t *docs, uint32_t *firsts);

    /* Which documents reach a score: out[k] is the index of the k-th, and `out` has room for all;
     * gives how many. Document d has the length starts[d + 1] - starts[d] - 1. */
    size_t (*reach)(const uint32_t *starts, const uint32_t *docs, const uint32_t *tfs, size_t count,
                    const gs_reach *score, uint32_t *out);
} gs_kernels;

/* The table that searches use: the best that this machine runs, or the one that the environment
 * variable GSEARCH_SIMD names if it runs here. Chosen at the first call; from any thread. */
const gs_kernels *gs_kernels_active(void);

/* The tables that this machine runs, plainest first; NULL behind the last. */
const gs_kernels *gs_kernels_at(size_t level);

#endif
