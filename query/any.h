/* SPDX-License-Identifier: Apache-2.0
 *
 * match=any: a question in plain language as a plan. Every gram of it is a term of its own, any of
 * which may match; every two grams that follow one another are one more term, a phrase, that weighs
 * GS_SCORE_TOGETHER of the sum of both. docs/QUERY.md has the formula.
 */
#ifndef GS_QUERY_ANY_H
#define GS_QUERY_ANY_H

#include "query/plan.h"

/* Adds the plan of `question`; its nodes are in the plan's arena. BAD_QUERY if it asks nothing. */
GS_CHECKED gsearch_status gs_any_plan(gs_plan *plan, const gs_question *question,
                                      gs_plan_node **out, gsearch_error *err);

#endif
