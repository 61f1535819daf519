/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool of workspaces: a list under a mutex, of as many as were lately in use at once.
 */
#include "query/workspace.h"

#include "common/base/limits.h"

#define IDLE_MAX 16u

void gs_workspace_pool_init(gs_workspace_pool *pool, const gs_mem *mem)
{
    *pool = (gs_workspace_pool){.lock = PTHREAD_MUTEX_INITIALIZER, .mem = mem};
}

static void workspace_free(gs_workspace *workspace)
{
    gs_arena_release(&workspace->arena);
    gs_arena_release(&workspace->batch);
    gs_arena_release(&workspace->scratch);
    gs_decoder_free(workspace->decoder);
    gs_mem_free(workspace->mem, workspace);
}

void gs_workspace_pool_release(gs_workspace_pool *pool)
{
    for (gs_workspace *workspace = pool->idle, *next; workspace; workspace = next) {
        next = workspace->next;
        workspace_free(workspace);
    }
    pthread_mutex_destroy(&pool->lock);
}

static gs_workspace *workspace_new(const gs_mem *mem)
{
    gs_workspace *workspace = gs_mem_calloc(mem, 1, sizeof(*workspace));
    if (!workspace)
        return NULL;
    workspace->mem = mem;
    workspace->decoder = gs_decoder_new(mem);
    if (!workspace->decoder) {
        gs_mem_free(mem, workspace);
        return NULL;
    }
    gs_arena_init(&workspace->arena, mem, GS_QUERY_MEMORY_BYTES_MAX);
    gs_arena_init(&workspace->batch, mem, GS_QUERY_MEMORY_BYTES_MAX);
    gs_arena_init(&workspace->scratch, mem, GS_QUERY_MEMORY_BYTES_MAX);
    return workspace;
}

gs_workspace *gs_workspace_take(gs_workspace_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    gs_workspace *workspace = pool->idle;
    if (workspace) {
        pool->idle = workspace->next;
        pool->idle_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    return workspace ? workspace : workspace_new(pool->mem);
}

void gs_workspace_give(gs_workspace_pool *pool, gs_workspace *workspace)
{
    if (!workspace)
        return;
    gs_arena_reset(&workspace->arena);
    gs_arena_reset(&workspace->batch);
    gs_arena_reset(&workspace->scratch);
    pthread_mutex_lock(&pool->lock);
    bool keep = pool->idle_count < IDLE_MAX;
    if (keep) {
        workspace->next = pool->idle;
        pool->idle = workspace;
        pool->idle_count++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!keep)
        workspace_free(workspace);
}
