/* SPDX-License-Identifier: Apache-2.0
 *
 * What one search works with, kept from search to search: a decoder with its warm chunk, and the
 * arenas. A pool belongs to a snapshot, so that nothing in a workspace can outlive its segments.
 */
#ifndef GS_QUERY_WORKSPACE_H
#define GS_QUERY_WORKSPACE_H

#include <pthread.h>

#include "common/base/arena.h"
#include "common/segment/decoder.h"

typedef struct gs_workspace gs_workspace;
struct gs_workspace {
    gs_decoder *decoder;
    gs_arena arena;   /* lives as long as the search: query, plan, ranked hits */
    gs_arena batch;   /* matches of one segment, then rows of one batch */
    gs_arena scratch; /* one match */
    const gs_mem *mem;
    gs_workspace *next; /* in the pool */
};

typedef struct gs_workspace_pool {
    pthread_mutex_t lock;
    gs_workspace *idle;
    uint32_t idle_count;
    const gs_mem *mem;
} gs_workspace_pool;

void gs_workspace_pool_init(gs_workspace_pool *pool, const gs_mem *mem);
/* After the last workspace has come back. */
void gs_workspace_pool_release(gs_workspace_pool *pool);

/* An empty workspace, or NULL when there is no memory. Any thread. */
gs_workspace *gs_workspace_take(gs_workspace_pool *pool);
/* Gives it back; everything in its arenas is forgotten. NULL is fine. */
void gs_workspace_give(gs_workspace_pool *pool, gs_workspace *workspace);

#endif
