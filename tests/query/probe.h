/* SPDX-License-Identifier: Apache-2.0
 *
 * A look into one segment of an index: a query planned and evaluated there, with what each node
 * gave. For tests of the steps below a search.
 */
#ifndef GS_TESTS_PROBE_H
#define GS_TESTS_PROBE_H

#include "query/match.h"

typedef struct gs_probe {
    gs_snapshot *snapshot;
    gs_workspace *work;
    gs_budget budget;
    gs_plan plan;
    gs_plan_node *root;
    gs_reader reader;
    gs_docset *sets; /* by node; the last evaluation's */
} gs_probe;

/* Plans `query` and points the reader at `segment`. A query that does not plan fails the test. */
void gs_probe_open(gs_probe *probe, gsearch_index *index, uint32_t segment, const char *query);
/* Evaluates it; what the root gave. */
const gs_docset *gs_probe_match(gs_probe *probe, const gs_docset *within);
void gs_probe_close(gs_probe *probe);

/* Opens, evaluates in segment 0 and closes: the weighted frequency of the root, a PHRASE or NEAR,
 * in document `doc`; 0 if it does not match. */
uint32_t gs_probe_tf(gsearch_index *index, const char *query, uint32_t doc);

#endif
