/* SPDX-License-Identifier: Apache-2.0
 *
 * BM25. docs/QUERY.md, "Ranking", is the specification.
 *
 *     score(document) = sum over the positive terms of the query, in query order, of
 *                       weight · tf · (k1 + 1) / (tf + k1 · (1 - b + b · length / average length))
 *
 * Everything is double arithmetic in the order written, without fused operations, so that the same
 * integers give the same bits on every machine and however the index is cut into segments. The
 * constants stand in common/segment/bm25.h.
 */
#ifndef GS_QUERY_SCORE_H
#define GS_QUERY_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/segment/bm25.h"
#include "common/simd/kernels.h"

/* match=any: the share of two neighbouring grams' weights that a document earns where they stand
 * together as in the question. */
#define GS_SCORE_TOGETHER 0.5

/* The weight of a gram or word: ln(1 + (N - df + 0.5) / (df + 0.5)); positive for df <= N. */
double gs_score_idf(uint64_t documents, uint64_t documents_with);

/* One term's share of a document's score; `tf` is weighted by field. */
static inline double gs_score_term(gs_bm25_norm norm, double weight, uint32_t tf, uint32_t length)
{
    return weight * tf * (GS_BM25_K1 + 1) / (tf + gs_bm25_at(norm, length));
}

/* Whether the term's share is certainly lower than `least`: only these need no division. A share
 * that equals `least` is never said to be lower. */
static inline bool gs_score_is_below(gs_bm25_norm norm, double weight, uint32_t tf,
                                     uint32_t length, double least)
{
    return weight * tf * (GS_BM25_K1 + 1) * GS_BM25_SLACK <
           least * (tf + gs_bm25_at(norm, length));
}

/* The same for many documents at once: what certainly does not reach `least` is below it. */
static inline gs_reach gs_score_reach(gs_bm25_norm norm, double weight, double least)
{
    return (gs_reach){.weight = weight * (GS_BM25_K1 + 1) * GS_BM25_SLACK,
                      .least = least,
                      .constant = norm.constant,
                      .slope = norm.slope};
}

/* At least the term's share of every document that the impact bounds; `share` is that of the impact
 * under the norm of the query. */
static inline double gs_score_bound(double weight, double share)
{
    return weight * (GS_BM25_K1 + 1) * share * GS_BM25_SLACK;
}

/* At least what a term of this weight adds to any score: its limit for an infinite `tf`. */
static inline double gs_score_most(double weight)
{
    return gs_score_bound(weight, 1);
}

#endif
