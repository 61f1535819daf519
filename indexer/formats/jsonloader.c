/* SPDX-License-Identifier: Apache-2.0
 *
 * jansson is not made for want of memory: of a string whose room cannot grow it leaves out a
 * character, calls it no JSON, or ends the process by an assertion. So it is never told. Before it
 * begins, a reserve is there for all that it may ask for; what it makes with the help of that is
 * thrown away.
 */
#include "indexer/formats/jsonloader.h"

#include <pthread.h>

#include "common/base/sabotage.h"

#define ALIGNMENT 16u

typedef struct reserve {
    uint8_t *start, *next, *end; // NULL outside of gs_json_load
    bool is_used;
} reserve;

static _Thread_local reserve kept;

/* More than jansson 2.14 takes for a text: a buffer that doubles until it holds the longest string,
 * a copy of each string, and by kind of value what its struct, its place in an array that doubles
 * or its row of a hash table may come to. */
static size_t reserve_bytes(gs_bytes text)
{
    static const uint16_t costs[256] = {
        ['{'] = 256, ['['] = 128, [':'] = 192, [','] = 96, ['"'] = 64};
    size_t bytes = 4096 + 6 * text.len;
    for (size_t i = 0; i < text.len; i++)
        bytes += costs[text.ptr[i]];
    return bytes;
}

static void *json_alloc(size_t size)
{
    void *ptr = gs_mem_alloc(NULL, size);
    size_t bytes = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (ptr || bytes < size || bytes > (size_t)(kept.end - kept.next))
        return ptr;
    ptr = kept.next;
    kept.next += bytes;
    kept.is_used = true;
    return ptr;
}

static void json_free(void *ptr)
{
    uint8_t *byte = ptr;
    if (!kept.start || byte < kept.start || byte >= kept.end)
        gs_mem_free(NULL, ptr);
}

static void hook_once(void)
{
    json_set_alloc_funcs(json_alloc, json_free);
}

void gs_json_hook(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, hook_once);
}

gsearch_status gs_json_load(gs_bytes text, size_t flags, json_t **out, json_error_t *fault,
                            gsearch_error *err)
{
    size_t bytes = GS_SABOTAGED(json_memory) ? 0 : reserve_bytes(text);
    uint8_t *start = gs_mem_alloc(NULL, bytes);
    if (!start)
        return gs_fail_memory(err);
    gs_json_hook();
    kept = (reserve){.start = start, .next = start, .end = start + bytes};
    json_t *made = json_loadb((const char *)text.ptr, text.len, flags, fault);
    bool is_starved = kept.is_used;
    if (is_starved)
        json_decref(made);
    else
        *out = made;
    kept = (reserve){0};
    gs_mem_free(NULL, start);
    return is_starved ? gs_fail_memory(err) : GSEARCH_OK;
}
