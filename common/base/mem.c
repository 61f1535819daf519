/* SPDX-License-Identifier: Apache-2.0
 *
 * Overflow-safe arithmetic in front of any allocator.
 */
#include "common/base/mem.h"

#include "common/base/sys.h"

void *gs_mem_resize(const gs_mem *mem, void *ptr, size_t size)
{
    if (size == 0)
        size = 1; // a size of 0 would free
    if (mem && mem->resize)
        return mem->resize(ptr, size, mem->payload);
    return gs_sys_resize(ptr, size);
}

void *gs_mem_alloc(const gs_mem *mem, size_t size)
{
    return gs_mem_resize(mem, NULL, size);
}

void *gs_mem_calloc(const gs_mem *mem, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *ptr = gs_mem_alloc(mem, bytes);
    if (ptr)
        memset(ptr, 0, bytes);
    return ptr;
}

void gs_mem_free(const gs_mem *mem, void *ptr)
{
    if (!ptr)
        return;
    if (mem && mem->resize)
        mem->resize(ptr, 0, mem->payload);
    else
        gs_sys_resize(ptr, 0);
}

char *gs_mem_dup(const gs_mem *mem, gs_bytes bytes)
{
    if (bytes.len == SIZE_MAX)
        return NULL;
    char *text = gs_mem_alloc(mem, bytes.len + 1);
    if (!text)
        return NULL;
    if (bytes.len)
        memcpy(text, bytes.ptr, bytes.len);
    text[bytes.len] = '\0';
    return text;
}

bool gs_mem_grow(const gs_mem *mem, void **array, size_t *capacity, size_t need, size_t max,
                 size_t element_size)
{
    if (need <= *capacity)
        return true;
    if (need > max)
        return false;
    size_t wanted = *capacity > max / 2 ? max : *capacity * 2;
    if (wanted < 8)
        wanted = max < 8 ? max : 8;
    if (wanted < need)
        wanted = need;
    size_t bytes;
    if (__builtin_mul_overflow(wanted, element_size, &bytes))
        return false;
    void *ptr = gs_mem_resize(mem, *array, bytes);
    if (!ptr)
        return false;
    *array = ptr;
    *capacity = wanted;
    return true;
}
