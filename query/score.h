/* SPDX-License-Identifier: Apache-2.0
 *
 * BM25. docs/QUERY.md, "Ranking", is the specification; the constants stand here and nowhere else.
 *
 *     score(document) = sum over the positive terms of the query, in query order, of
 *                       weight · tf · (k1 + 1) / (tf + k1 · (1 - b + b · length / average length))
 *
 * Everything is double arithmetic in the order written, without fused operations, so that the same
 * integers give the same bits on every machine and however the index is cut into segments.
 */
#ifndef GS_QUERY_SCORE_H
#define GS_QUERY_SCORE_H

#include <stdbool.h>
#include <stdint.h>

/* k1 and b: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond"
 * (2009), section 3.5: 1.2 < k1 < 2 and 0.5 < b < 0.8 do well in most cases. */
#define GS_SCORE_K1 1.2
#define GS_SCORE_B 0.75

/* A match in the title counts as so many: a field weight on the frequency, as in S. Robertson,
 * H. Zaragoza, M. Taylor, "Simple BM25 Extension to Multiple Weighted Fields" (2004). */
#define GS_SCORE_TITLE_WEIGHT 3u

/* match=any: the share of two neighbouring grams' weights that a document earns where they stand
 * together as in the question. */
#define GS_SCORE_TOGETHER 0.5

/* The weight of a gram or word: ln(1 + (N - df + 0.5) / (df + 0.5)); positive for df <= N. */
double gs_score_idf(uint64_t documents, uint64_t documents_with);

/* k1 · (1 - b + b · length / average), as `constant` + `slope` · length. */
typedef struct gs_score_norm {
    double constant;
    double slope;
} gs_score_norm;

gs_score_norm gs_score_norm_of(uint64_t documents, uint64_t total_length);

/* Computed scores differ from exact ones by roundings of 2^-53 each: six in a term, and one a term
 * in a sum of at most 2 · GS_QUERY_TERMS_MAX. Exactly, a term grows with `tf` and falls with
 * `length`; so what is computed for the extremes, times this, is never below what is computed for
 * a document in between. */
#define GS_SCORE_SLACK (1 + 0x1p-40)

/* One term's share of a document's score; `tf` is weighted by field. */
static inline double gs_score_term(gs_score_norm norm, double weight, uint32_t tf, uint32_t length)
{
    return weight * tf * (GS_SCORE_K1 + 1) / (tf + (norm.constant + norm.slope * length));
}

/* Whether the term's share is certainly lower than `least`: only these need no division. A share
 * that equals `least` is never said to be lower. */
static inline bool gs_score_is_below(gs_score_norm norm, double weight, uint32_t tf,
                                     uint32_t length, double least)
{
    return weight * tf * (GS_SCORE_K1 + 1) * GS_SCORE_SLACK <
           least * (tf + (norm.constant + norm.slope * length));
}

/* At least the score of every document with at most this `tf` and at least this `length`. */
static inline double gs_score_bound(gs_score_norm norm, double weight, uint32_t tf, uint32_t length)
{
    return gs_score_term(norm, weight, tf, length) * GS_SCORE_SLACK;
}

/* At least what a term of this weight adds to any score: its limit for an infinite `tf`. */
static inline double gs_score_most(double weight)
{
    return weight * (GS_SCORE_K1 + 1) * GS_SCORE_SLACK;
}

#endif
