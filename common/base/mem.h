/* SPDX-License-Identifier: Apache-2.0
 *
 * The one way to memory. A gs_mem is handed down from the public handle; NULL means that of the
 * system.
 */
#ifndef GS_BASE_MEM_H
#define GS_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

/* Same shape as the public gsearch_allocator. */
typedef struct gs_mem {
    void *(*resize)(void *ptr, size_t size, void *payload);
    void *payload;
} gs_mem;

/* NULL when there is none; size 0 is taken as 1. */
void *gs_mem_alloc(const gs_mem *mem, size_t size);
void *gs_mem_calloc(const gs_mem *mem, size_t count, size_t size);
void *gs_mem_resize(const gs_mem *mem, void *ptr, size_t size);
void gs_mem_free(const gs_mem *mem, void *ptr);

/* A terminated copy; the caller frees it. */
char *gs_mem_dup(const gs_mem *mem, gs_bytes bytes);

/* Makes room for `need` elements in the array `*array` of `*capacity` elements, at least doubling.
 * False, with both unchanged, when there is no memory or `need` is over `max`. */
bool gs_mem_grow(const gs_mem *mem, void **array, size_t *capacity, size_t need, size_t max,
                 size_t element_size);

#endif
