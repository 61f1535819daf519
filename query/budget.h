/* SPDX-License-Identifier: Apache-2.0
 *
 * What a search may cost: postings looked at, time, and the caller's patience.
 */
#ifndef GS_QUERY_BUDGET_H
#define GS_QUERY_BUDGET_H

#include "common/base/fail.h"

typedef struct gs_budget {
    uint64_t postings;    /* looked at so far */
    uint64_t blocks;      /* of long lists, decoded so far */
    uint64_t check_at;    /* number of postings at which the clock is next looked at */
    uint64_t deadline_ns; /* of gs_clock_ns */
    const volatile int *cancel;
} gs_budget;

/* Monotonic. */
uint64_t gs_clock_ns(void);

/* A fresh budget of GS_QUERY_COST_MAX postings and GS_QUERY_TIME_MS_MAX from now on. `cancel` may
 * be NULL. */
void gs_budget_start(gs_budget *budget, const volatile int *cancel);

/* Takes `postings` off; call it once a block of work. BUDGET, TIMEOUT. */
GS_CHECKED gsearch_status gs_budget_spend(gs_budget *budget, uint64_t postings, gsearch_error *err);

#endif
