/* SPDX-License-Identifier: Apache-2.0
 *
 * The two parts of BM25 that are computed once a query.
 */
#include "query/score.h"

#include <math.h>

double gs_score_idf(uint64_t documents, uint64_t documents_with)
{
    double all = (double)documents, with = (double)documents_with;
    return log1p((all - with + 0.5) / (with + 0.5));
}

gs_score_norm gs_score_norm_of(uint64_t documents, uint64_t total_length)
{
    // an average of 0 is that of documents without a position, which nothing matches
    double average = total_length ? (double)total_length / (double)documents : 1;
    return (gs_score_norm){
        .constant = GS_SCORE_K1 * (1 - GS_SCORE_B),
        .slope = GS_SCORE_K1 * GS_SCORE_B / average,
    };
}
