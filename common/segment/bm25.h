/* SPDX-License-Identifier: Apache-2.0
 *
 * What BM25 makes of a frequency and a length, for scores (query/score.h) and for the bounds of
 * scores that stand in lists (FORMAT 3.10). The constants stand here and nowhere else.
 *
 *     share(f, length) = f / (f + k1 · (1 - b + b · length / average length))        0 <= share < 1
 */
#ifndef GS_SEGMENT_BM25_H
#define GS_SEGMENT_BM25_H

#include <stdint.h>

/* k1 and b: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond"
 * (2009), section 3.5: 1.2 < k1 < 2 and 0.5 < b < 0.8 do well in most cases. */
#define GS_BM25_K1 1.2
#define GS_BM25_B 0.75

/* A match in the title counts as so many: a field weight on the frequency, as in S. Robertson,
 * H. Zaragoza, M. Taylor, "Simple BM25 Extension to Multiple Weighted Fields" (2004). */
#define GS_BM25_TITLE_WEIGHT 3u

/* k1 · (1 - b + b · length / average), as `constant` + `slope` · length. */
typedef struct gs_bm25_norm {
    double constant;
    double slope;
} gs_bm25_norm;

gs_bm25_norm gs_bm25_norm_of(uint64_t documents, uint64_t total_length);

/* What a frequency in a document of this length is set against. */
static inline double gs_bm25_at(gs_bm25_norm norm, uint32_t length)
{
    return norm.constant + norm.slope * length;
}

/* Computed shares and scores differ from exact ones by roundings of 2^-53 each: six in a term, and
 * one a term in a sum. Exactly, a share grows with `f` and falls with the length; so what is
 * computed for the extremes, times this, is never below what is computed for something between. */
#define GS_BM25_SLACK (1 + 0x1p-40)

/* ---- impacts: shares in a byte, rounded up, of which 255 stands for 1 ---- */

#define GS_IMPACT_MOST 255u

static inline uint8_t gs_impact_up(double least)
{
    unsigned whole = least < GS_IMPACT_MOST ? (unsigned)least : GS_IMPACT_MOST;
    return (uint8_t)(whole + (whole < GS_IMPACT_MOST && whole < least));
}

/* The impact of a document with this weighted frequency; `norm` is gs_bm25_at its length. */
static inline uint8_t gs_impact_of(uint32_t frequency, double norm)
{
    return gs_impact_up(frequency * (GS_IMPACT_MOST * GS_BM25_SLACK) / (frequency + norm));
}

/* At least the share under `to` of every document whose share under `from` the impact bounds. */
double gs_impact_share(uint8_t impact, gs_bm25_norm from, gs_bm25_norm to);

/* The impact that bounds them under `to`. */
uint8_t gs_impact_under(uint8_t impact, gs_bm25_norm from, gs_bm25_norm to);

#endif
