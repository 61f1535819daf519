/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is freed at once: one arena a document, a request, a results object.
 */
#ifndef GS_BASE_ARENA_H
#define GS_BASE_ARENA_H

#include "common/base/mem.h"

typedef struct gs_arena_block gs_arena_block;

typedef struct gs_arena {
    const gs_mem *mem;
    gs_arena_block *blocks;
    uint8_t *next, *end;
    size_t used_bytes;
    size_t max_bytes;
} gs_arena;

/* `max_bytes` bounds the sum of what is handed out. */
void gs_arena_init(gs_arena *arena, const gs_mem *mem, size_t max_bytes);
/* Keeps the largest block and forgets its content. */
void gs_arena_reset(gs_arena *arena);
void gs_arena_release(gs_arena *arena);

/* 16-byte aligned, not zeroed; NULL when there is no memory or the ceiling is reached. */
void *gs_arena_alloc(gs_arena *arena, size_t size);
void *gs_arena_calloc(gs_arena *arena, size_t count, size_t size);
/* A terminated copy. */
char *gs_arena_dup(gs_arena *arena, gs_bytes bytes);

/* Gives back the tail of the newest allocation: it was `old_size`, `new_size` of it stay. */
void gs_arena_shrink(gs_arena *arena, void *ptr, size_t old_size, size_t new_size);

#endif
