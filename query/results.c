/* SPDX-License-Identifier: Apache-2.0
 *
 * The public search calls: a cursor drained into results that own all they point to, or into
 * callbacks.
 */
#include "query/search.h"

#include "common/base/limits.h"
#include "common/base/request.h"

/* What gsearch_results_free ends. */
typedef struct owned_results {
    gsearch_results results;
    gs_mem own; // the allocator outlives the index only as a copy
    bool has_mem;
    gs_arena arena;
} owned_results;

static void release_results(gsearch_results *results)
{
    owned_results *owned = (owned_results *)(void *)results;
    gs_mem own = owned->own;
    bool has_mem = owned->has_mem;
    gs_arena_release(&owned->arena);
    gs_mem_free(has_mem ? &own : NULL, owned);
}

static gsearch_status copy_string(gs_arena *arena, const char **string, gsearch_error *err)
{
    if (*string)
        *string = gs_arena_dup(arena, gs_bytes_str(*string));
    return *string ? GSEARCH_OK : gs_fail_memory(err);
}

static gsearch_status copy_hit(gs_arena *arena, gsearch_hit *hit, gsearch_error *err)
{
    const char **strings[] = {&hit->id,    &hit->title,  &hit->date,
                              &hit->docno, &hit->agency, &hit->snippet};
    for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
        if (*strings[i])
            GS_TRY(copy_string(arena, strings[i], err));
    }
    if (hit->marks_count) {
        size_t bytes = hit->marks_count * sizeof(*hit->marks);
        gsearch_mark *marks = gs_arena_alloc(arena, bytes);
        if (!marks)
            return gs_fail_memory(err);
        memcpy(marks, hit->marks, bytes);
        hit->marks = marks;
    } else {
        hit->marks = NULL;
    }
    return GSEARCH_OK;
}

static gsearch_status copy_head(owned_results *owned, const gsearch_results *head,
                                gsearch_error *err)
{
    owned->results = *head;
    owned->results.release = release_results;
    if (!head->facets_count)
        return GSEARCH_OK;
    size_t bytes = head->facets_count * sizeof(*head->facets);
    gsearch_facet *facets = gs_arena_alloc(&owned->arena, bytes);
    if (!facets)
        return gs_fail_memory(err);
    memcpy(facets, head->facets, bytes);
    for (size_t i = 0; i < head->facets_count; i++)
        GS_TRY(copy_string(&owned->arena, &facets[i].value, err));
    owned->results.facets = facets;
    return GSEARCH_OK;
}

static gsearch_status copy_results(owned_results *owned, gs_search *search, gsearch_error *err)
{
    const gsearch_results *head = gs_search_head(search);
    GS_TRY(copy_head(owned, head, err));
    gsearch_hit *hits = gs_arena_alloc(&owned->arena, head->hits_count * sizeof(*hits));
    if (!hits)
        return gs_fail_memory(err);
    for (size_t i = 0; i < head->hits_count; i++) {
        const gsearch_hit *hit;
        GS_TRY(gs_search_next(search, &hit, err));
        if (!hit)
            return gs_fail(err, GSEARCH_INTERNAL, "fewer rows than announced");
        hits[i] = *hit;
        GS_TRY(copy_hit(&owned->arena, &hits[i], err));
    }
    owned->results.hits = hits;
    return GSEARCH_OK;
}

static owned_results *results_new(const gs_mem *mem)
{
    owned_results *owned = gs_mem_calloc(mem, 1, sizeof(*owned));
    if (!owned)
        return NULL;
    if (mem)
        owned->own = *mem;
    owned->has_mem = mem != NULL;
    gs_arena_init(&owned->arena, mem ? &owned->own : NULL, GS_QUERY_MEMORY_BYTES_MAX);
    return owned;
}

gsearch_status gsearch_search(gsearch_index *index, const gsearch_request *request,
                              gsearch_results **out, gsearch_error *error)
{
    gs_error_clear(error);
    if (!index || !request || !out)
        return gs_fail(error, GSEARCH_BAD_ARGUMENT, "gsearch_search: an argument is NULL");
    gsearch_request known;
    GS_TRY(gs_request_take(request, &known, error));
    if (known.limit == GSEARCH_LIMIT_ALL)
        return gs_fail(error, GSEARCH_BAD_ARGUMENT,
                       "GSEARCH_LIMIT_ALL needs gsearch_search_each, which streams");
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gs_search *search = NULL;
    owned_results *owned = NULL;
    gsearch_status status = gs_search_open(snapshot, &known, NULL, &search, error);
    if (status)
        goto out;
    owned = results_new(snapshot->mem);
    status = owned ? copy_results(owned, search, error) : gs_fail_memory(error);
    if (!status)
        *out = &owned->results;
    else if (owned)
        release_results(&owned->results);
out:
    gs_search_close(search);
    gs_snapshot_unref(snapshot);
    return status;
}

gsearch_status gsearch_search_each(gsearch_index *index, const gsearch_request *request,
                                   gsearch_on_head on_head, gsearch_on_hit on_hit, void *payload,
                                   gsearch_error *error)
{
    gs_error_clear(error);
    if (!index || !request)
        return gs_fail(error, GSEARCH_BAD_ARGUMENT, "gsearch_search_each: an argument is NULL");
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gs_search *search;
    gsearch_status status = gs_search_open(snapshot, request, NULL, &search, error);
    gs_snapshot_unref(snapshot);
    if (status)
        return status;
    bool go_on = !on_head || on_head(gs_search_head(search), payload);
    while (go_on && on_hit) {
        const gsearch_hit *hit;
        status = gs_search_next(search, &hit, error);
        go_on = !status && hit && on_hit(hit, payload);
    }
    gs_search_close(search);
    return status;
}
