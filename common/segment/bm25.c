/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 / share is a line over the slope of the norm: 1 + (constant + slope · length) / f. For the best
 * of several documents it is the lowest of their lines, which is concave: between a slope of 0,
 * where it is at least 1, and that of `from` it lies above the chord, and beyond it does not fall.
 */
#include "common/segment/bm25.h"

gs_bm25_norm gs_bm25_norm_of(uint64_t documents, uint64_t total_length)
{
    // an average of 0 is that of documents without a position, which nothing matches
    double average = total_length ? (double)total_length / (double)documents : 1;
    return (gs_bm25_norm){
        .constant = GS_BM25_K1 * (1 - GS_BM25_B),
        .slope = GS_BM25_K1 * GS_BM25_B / average,
    };
}

double gs_impact_share(uint8_t impact, gs_bm25_norm from, gs_bm25_norm to)
{
    double share = impact / (double)GS_IMPACT_MOST;
    if (!impact || to.slope >= from.slope)
        return share;
    double way = to.slope / from.slope;
    return GS_BM25_SLACK / (1 - way + way / share);
}

uint8_t gs_impact_under(uint8_t impact, gs_bm25_norm from, gs_bm25_norm to)
{
    if (to.slope >= from.slope)
        return impact;
    return gs_impact_up(gs_impact_share(impact, from, to) * (GS_IMPACT_MOST * GS_BM25_SLACK));
}
