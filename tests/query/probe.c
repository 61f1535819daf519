/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a search put together by hand.
 */
#include "tests/query/probe.h"

#include "tests/support/check.h"

void gs_probe_open(gs_probe *probe, gsearch_index *index, uint32_t segment, const char *query)
{
    gsearch_error error;
    gs_query parsed;
    *probe = (gs_probe){.snapshot = gs_index_snapshot(index)};
    probe->work = gs_workspace_take(&probe->snapshot->pool);
    assert_non_null(probe->work);
    gs_budget_start(&probe->budget, NULL);
    gs_plan_start(&probe->plan, &probe->work->arena, probe->snapshot);
    assert_ok(gs_query_parse(&probe->work->arena, gs_bytes_str(query), &parsed, &error), &error);
    assert_ok(gs_plan_add(&probe->plan, parsed.root, &probe->root, &error), &error);
    probe->reader = (gs_reader){
        .plan = &probe->plan,
        .segment = segment,
        .in = probe->snapshot->segments[segment].segment,
        .deletes = probe->snapshot->segments[segment].deletes,
        .work = probe->work,
        .kernels = gs_kernels_active(),
        .budget = &probe->budget,
    };
}

const gs_docset *gs_probe_match(gs_probe *probe, const gs_docset *within)
{
    gsearch_error error;
    probe->sets = gs_arena_calloc(&probe->work->batch, probe->plan.nodes_count, sizeof(gs_docset));
    assert_non_null(probe->sets);
    assert_ok(gs_match(&probe->reader, probe->root, within, probe->sets, &error), &error);
    return &probe->sets[probe->root->id];
}

void gs_probe_close(gs_probe *probe)
{
    gs_workspace_give(&probe->snapshot->pool, probe->work);
    gs_snapshot_unref(probe->snapshot);
}

uint32_t gs_probe_tf(gsearch_index *index, const char *query, uint32_t doc)
{
    gs_probe probe;
    gs_probe_open(&probe, index, 0, query);
    const gs_docset *found = gs_probe_match(&probe, NULL);
    uint32_t at = gs_docset_seek(found, 0, doc);
    uint32_t tf = at < found->count && found->docs[at] == doc ? found->tfs[at] : 0;
    gs_probe_close(&probe);
    return tf;
}
