/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting the cost of a search.
 */
#include "query/budget.h"

#include <stddef.h>
#include <time.h>

#include "common/base/limits.h"
#include "common/base/sabotage.h"

#define CHECK_EVERY 32768u /* postings, some tens of microseconds */

uint64_t gs_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void gs_budget_start(gs_budget *budget, const volatile int *cancel)
{
    *budget = (gs_budget){
        .check_at = CHECK_EVERY,
        .deadline_ns = gs_clock_ns() + GS_QUERY_TIME_MS_MAX * 1000000ull,
        .cancel = cancel,
    };
}

gsearch_status gs_budget_spend(gs_budget *budget, uint64_t postings, gsearch_error *err)
{
    budget->postings += postings;
    if (budget->postings > GS_QUERY_COST_MAX && !GS_SABOTAGED(budget))
        return gs_fail(err, GSEARCH_BUDGET,
                       "the query looks at more than %u postings: use rarer or longer terms",
                       GS_QUERY_COST_MAX);
    if (budget->postings < budget->check_at)
        return GSEARCH_OK;
    budget->check_at = budget->postings + CHECK_EVERY;
    if (budget->cancel && *budget->cancel)
        return gs_fail(err, GSEARCH_TIMEOUT, "the search was cancelled");
    if (gs_clock_ns() > budget->deadline_ns)
        return gs_fail(err, GSEARCH_TIMEOUT,
                       "the search took longer than %u ms: use rarer or longer terms",
                       GS_QUERY_TIME_MS_MAX);
    return GSEARCH_OK;
}
