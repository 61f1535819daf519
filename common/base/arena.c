/* SPDX-License-Identifier: Apache-2.0
 *
 * A list of blocks, each twice as large as the one before up to 16 MiB; the newest is filled from
 * front to back. Nothing is given back one by one except the tail of the newest allocation.
 */
#include "common/base/arena.h"

#define BLOCK_BYTES_MIN 4096u
#define BLOCK_BYTES_MAX (1u << 24)
#define ALIGNMENT 16u

struct gs_arena_block {
    _Alignas(ALIGNMENT) gs_arena_block *older;
    size_t size; // of what follows the header
};

static uint8_t *block_start(gs_arena_block *block)
{
    return (uint8_t *)(block + 1);
}

static void enter_block(gs_arena *arena, gs_arena_block *block)
{
    arena->next = block_start(block);
    arena->end = arena->next + block->size;
}

void gs_arena_init(gs_arena *arena, const gs_mem *mem, size_t max_bytes)
{
    *arena = (gs_arena){.mem = mem, .max_bytes = max_bytes};
}

void gs_arena_reset(gs_arena *arena)
{
    gs_arena_block *largest = arena->blocks;
    for (gs_arena_block *block = arena->blocks; block; block = block->older) {
        if (block->size > largest->size)
            largest = block;
    }
    for (gs_arena_block *block = arena->blocks, *older; block; block = older) {
        older = block->older;
        if (block != largest)
            gs_mem_free(arena->mem, block);
    }
    arena->blocks = largest;
    arena->used_bytes = 0;
    if (largest) {
        largest->older = NULL;
        enter_block(arena, largest);
    }
}

void gs_arena_release(gs_arena *arena)
{
    for (gs_arena_block *block = arena->blocks, *older; block; block = older) {
        older = block->older;
        gs_mem_free(arena->mem, block);
    }
    gs_arena_init(arena, arena->mem, arena->max_bytes);
}

static bool add_block(gs_arena *arena, size_t need)
{
    size_t size = arena->blocks ? arena->blocks->size : BLOCK_BYTES_MIN / 2;
    size = size > BLOCK_BYTES_MAX / 2 ? BLOCK_BYTES_MAX : size * 2;
    if (size < need)
        size = need;
    size_t bytes;
    if (__builtin_add_overflow(size, sizeof(gs_arena_block), &bytes))
        return false;
    gs_arena_block *block = gs_mem_alloc(arena->mem, bytes);
    if (!block)
        return false;
    *block = (gs_arena_block){.older = arena->blocks, .size = size};
    arena->blocks = block;
    enter_block(arena, block);
    return true;
}

static size_t round_up(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

void *gs_arena_alloc(gs_arena *arena, size_t size)
{
    if (size > arena->max_bytes || size > SIZE_MAX - ALIGNMENT)
        return NULL;
    size_t bytes = round_up(size ? size : 1);
    if (bytes > arena->max_bytes - arena->used_bytes)
        return NULL;
    if (bytes > (size_t)(arena->end - arena->next) && !add_block(arena, bytes))
        return NULL;
    void *ptr = arena->next;
    arena->next += bytes;
    arena->used_bytes += bytes;
    return ptr;
}

void *gs_arena_calloc(gs_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *ptr = gs_arena_alloc(arena, bytes);
    if (ptr)
        memset(ptr, 0, bytes);
    return ptr;
}

char *gs_arena_dup(gs_arena *arena, gs_bytes bytes)
{
    if (bytes.len == SIZE_MAX)
        return NULL;
    char *text = gs_arena_alloc(arena, bytes.len + 1);
    if (!text)
        return NULL;
    if (bytes.len)
        memcpy(text, bytes.ptr, bytes.len);
    text[bytes.len] = '\0';
    return text;
}

void gs_arena_shrink(gs_arena *arena, void *ptr, size_t old_size, size_t new_size)
{
    size_t old_bytes = round_up(old_size ? old_size : 1);
    size_t new_bytes = round_up(new_size ? new_size : 1);
    if ((uint8_t *)ptr + old_bytes != arena->next || new_bytes >= old_bytes)
        return;
    arena->next -= old_bytes - new_bytes;
    arena->used_bytes -= old_bytes - new_bytes;
}
