/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of BM25 that is computed once a term.
 */
#include "query/score.h"

#include <math.h>

double gs_score_idf(uint64_t documents, uint64_t documents_with)
{
    double all = (double)documents, with = (double)documents_with;
    return log1p((all - with + 0.5) / (with + 0.5));
}
