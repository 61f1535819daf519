/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions of gsearch.h, manifest.h, query/index.h and query/search.h that the daemon calls.
 */
#include "tests/query/daemon/stubindex.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "query/search.h"

struct gsearch_index {
    uint64_t generation;
};

struct gs_search {
    gsearch_results head;
    gsearch_facet facets[2];
    gsearch_hit hit;
    gsearch_mark mark;
    char title[256];
    uint64_t total;
    uint64_t next;
    uint64_t cut_at; /* 0: nowhere */
};

static gs_stub *stub;

void gs_stub_use(gs_stub *used)
{
    stub = used;
}

gsearch_status gs_index_open_durable(const char *dir, gsearch_index **out, gsearch_error *err)
{
    if (strcmp(dir, "missing") == 0)
        return gs_fail(err, GSEARCH_NO_INDEX, "no index in missing");
    gsearch_index *index = malloc(sizeof(*index));
    index->generation = stub->generation;
    *out = index;
    return GSEARCH_OK;
}

gsearch_status gsearch_index_refresh(gsearch_index *index, bool *changed, gsearch_error *err)
{
    stub->refreshes++;
    if (stub->refuses_refresh)
        return gs_corrupt(err, "manifest-2 is damaged");
    *changed = __atomic_exchange_n(&index->generation, stub->generation, __ATOMIC_SEQ_CST) !=
               stub->generation;
    return GSEARCH_OK;
}

gsearch_status gs_snapshot_scrub(const gs_snapshot *snapshot, gs_scrub *at, gsearch_error *err)
{
    (void)snapshot;
    at->page++;
    return stub->has_changed ? gs_corrupt(err, "seg-1 has changed") : GSEARCH_OK;
}

void gsearch_index_close(gsearch_index *index)
{
    free(index);
}

gs_snapshot *gs_index_snapshot(gsearch_index *index)
{
    gs_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    snapshot->manifest.generation = __atomic_load_n(&index->generation, __ATOMIC_SEQ_CST);
    snapshot->documents = 3;
    snapshot->segments_count = 2;
    return snapshot;
}

void gs_snapshot_unref(gs_snapshot *snapshot)
{
    free(snapshot);
}

void gs_manifest_put_warning(const gs_manifest *manifest, const char *dir, gs_buf *out)
{
    gs_buf_printf(out, "%s: %llu is not the newest", dir, (unsigned long long)manifest->generation);
}

/* N of "WORD N", else 0. */
static uint64_t number_after(const char *query, const char *word)
{
    size_t len = strlen(word);
    unsigned long long number = 0;
    if (strncmp(query, word, len) == 0)
        sscanf(query + len, "%llu", &number);
    return number;
}

/* Waits for the gate, but looks up now and then whether anybody still wants the answer. */
static gsearch_status wait_for_gate(const volatile int *cancel, gsearch_error *err)
{
    sem_post(&stub->blocked);
    for (;;) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 10000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (sem_timedwait(&stub->gate, &until) == 0)
            return GSEARCH_OK;
        if (__atomic_load_n(cancel, __ATOMIC_RELAXED))
            return gs_fail(err, GSEARCH_TIMEOUT, "cancelled");
    }
}

gsearch_status gs_search_open(gs_snapshot *snapshot, const gsearch_request *request,
                              const volatile int *cancel, gs_search **out, gsearch_error *err)
{
    const char *query = request->query;
    if (strncmp(query, "bad", 3) == 0) {
        gsearch_status status = gs_fail(err, GSEARCH_BAD_QUERY, "unbalanced quotation mark");
        err->offset = 3;
        return status;
    }
    if (strncmp(query, "block", 5) == 0)
        GS_TRY(wait_for_gate(cancel, err));
    gs_search *search = calloc(1, sizeof(*search));
    search->cut_at = number_after(query, "cut ");
    uint64_t rows = number_after(query, "rows ");
    search->total = rows ? rows : search->cut_at ? search->cut_at : 1;
    uint64_t wanted = search->total < request->offset ? 0 : search->total - request->offset;
    if (request->limit < wanted)
        wanted = request->limit;
    search->next = request->offset;
    search->head = (gsearch_results){.has_total = request->total,
                                     .total = search->total,
                                     .took_us = 412,
                                     .generation = snapshot->manifest.generation,
                                     .hits_count = wanted};
    search->facets[0] = (gsearch_facet){"2017", 12};
    search->facets[1] = (gsearch_facet){"2016", 3};
    if (request->facet) {
        search->head.facets = search->facets;
        search->head.facets_count = 2;
    }
    if (rows || search->cut_at) {
        snprintf(search->title, sizeof(search->title), "generation %llu %0180d",
                 (unsigned long long)snapshot->manifest.generation, 0);
    } else {
        snprintf(search->title, sizeof(search->title), "%s", query);
    }
    *out = search;
    return GSEARCH_OK;
}

const gsearch_results *gs_search_head(const gs_search *search)
{
    return &search->head;
}

gsearch_status gs_search_next(gs_search *search, const gsearch_hit **hit, gsearch_error *err)
{
    if (search->head.hits_count == 0) {
        *hit = NULL;
        return GSEARCH_OK;
    }
    search->head.hits_count--;
    search->next++;
    __atomic_fetch_add(&stub->rows_made, 1, __ATOMIC_SEQ_CST);
    if (search->next == search->cut_at)
        return gs_corrupt(err, "block 7 is damaged");
    search->mark = (gsearch_mark){0, 2};
    search->hit = (gsearch_hit){.rank = search->next,
                                .score = 1.5,
                                .id = "a",
                                .title = search->title,
                                .snippet = "政务公开",
                                .marks = &search->mark,
                                .marks_count = 1};
    *hit = &search->hit;
    return GSEARCH_OK;
}

uint64_t gs_search_bytes(const gs_search *search)
{
    (void)search;
    return 100;
}

void gs_search_pause(gs_search *search)
{
    (void)search;
    stub->pauses++;
}

void gs_search_close(gs_search *search)
{
    free(search);
}

gsearch_status gs_search_document(gs_snapshot *snapshot, gs_bytes id, gs_buf *out,
                                  gsearch_error *err)
{
    (void)snapshot;
    if (gs_bytes_equal(id, gs_bytes_str("none")))
        return gs_fail(err, GSEARCH_NOT_FOUND, "no document \"none\"");
    gs_buf_str(out, "{\"id\":\"");
    gs_buf_bytes(out, id);
    gs_buf_str(out, "\"}\n");
    if (gs_bytes_equal(id, gs_bytes_str("huge")))
        gs_buf_zero(out, 5u << 20);
    char text[64];
    snprintf(text, sizeof(text), "%.*s", (int)id.len, (const char *)id.ptr);
    gs_buf_zero(out, number_after(text, "pad "));
    return GSEARCH_OK;
}

gsearch_status gs_search_explain(gs_snapshot *snapshot, const gsearch_request *request, gs_buf *out,
                                 gsearch_error *err)
{
    (void)snapshot;
    (void)request;
    (void)err;
    gs_buf_str(out, "{\"step\":1}\n");
    return GSEARCH_OK;
}

gsearch_status gs_search_suggest(gs_snapshot *snapshot, gs_bytes prefix, uint64_t limit,
                                 gs_buf *out, gsearch_error *err)
{
    (void)snapshot;
    (void)err;
    for (uint64_t i = 0; i < limit && i < 3; i++) {
        gs_buf_str(out, "{\"text\":\"");
        gs_buf_bytes(out, prefix);
        gs_buf_decimal(out, i);
        gs_buf_str(out, "\",\"documents\":1}\n");
    }
    return GSEARCH_OK;
}
