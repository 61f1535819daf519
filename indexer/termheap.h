/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of many lists comes next: a heap over sources that each give lists in dictionary order.
 * Grams come before words, equal terms in the order of their sources.
 */
#ifndef GS_INDEXER_TERMHEAP_H
#define GS_INDEXER_TERMHEAP_H

#include "common/base/fail.h"
#include "common/base/mem.h"

typedef struct gs_term_head {
    bool is_word;
    uint32_t source; /* equal terms: the smaller one first */
    uint64_t gram;
    gs_bytes word; /* borrowed while in the heap */
} gs_term_head;

typedef struct gs_term_heap {
    const gs_mem *mem;
    gs_term_head *heads;
    size_t count;
} gs_term_heap;

GS_CHECKED gsearch_status gs_term_heap_init(gs_term_heap *heap, const gs_mem *mem, size_t sources,
                                            gsearch_error *err);
void gs_term_heap_release(gs_term_heap *heap);

/* Adds the first list of a source that is not in the heap. */
void gs_term_heap_push(gs_term_heap *heap, gs_term_head head);
/* The list that comes next; only while `count` is not 0. */
static inline const gs_term_head *gs_term_heap_top(const gs_term_heap *heap)
{
    return heap->heads;
}
/* The source of the top has gone on to `head`. */
void gs_term_heap_replace(gs_term_heap *heap, gs_term_head head);
/* The source of the top is at its end. */
void gs_term_heap_pop(gs_term_heap *heap);

#endif
